"""What the mode line says, and what it leaves out when there is little room."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from process_core.events import RunState
from process_core.session.protocol.status import PausePoint, PendingMessage, Status
from tui.status.mode import ModeState, Part, Role, fit, length, parts

MESSAGE = PendingMessage(id=1, event_id="UserInputReceived", target="Response", route="r")
PAUSED = Status(
    state=RunState.IN_PROGRESS,
    written=4711,
    superstep=12,
    generation=2,
    pending=3,
    paused=PausePoint(reason="breakpoint", message=MESSAGE, seq=4711, breakpoint=1),
)


def text(view: ModeState, width: int = 200) -> str:
    return "  ".join(part.text for part in fit(parts(view), width))


def test_a_paused_run_says_where():
    assert "PAUSED @4711 UserInputReceived" in text(ModeState(status=PAUSED))


def test_a_run_that_paused_because_of_something_says_that_and_not_what_comes_next():
    about = "Stock.reserve failed: KeyError: 'pen'"
    point = replace(PAUSED.paused, about=about, path="Stock", function="reserve")
    view = ModeState(status=PAUSED.model_copy(update={"paused": point}))
    assert f"PAUSED @4711 {about}" in text(view)
    assert "UserInputReceived" not in text(view)
    assert "PAUSED @4711 Stock.reserve failed" in text(view, 60)


def test_a_call_that_takes_long_is_named_with_its_time():
    running = ModeState(status=Status(state=RunState.IN_PROGRESS, running=("Bad",)), busy="12.3 s in Bad.spin")
    assert "RUN 12.3 s in Bad.spin" in text(running)
    assert "Bad.spin" not in text(ModeState(status=PAUSED, busy="12.3 s in Bad.spin"))


def test_kept_and_dropped_superstep_and_generation_are_reported():
    line = text(ModeState(status=PAUSED))
    assert all(part in line for part in ("4,711 events · 0 dropped", "superstep 12", "gen 2"))


def test_rule_41_a_run_that_is_no_longer_recorded_says_so_at_any_width():
    view = ModeState(status=replace_status(PAUSED, recording_failed="x.run: the disk is full"), name="Chat")
    assert "NOT RECORDED after 4,711 events" in text(view)
    assert "dropped" not in text(view)
    assert "NOT RECORDED" in text(view, 60)


def replace_status(status: Status, **changes: object) -> Status:
    return status.model_copy(update=changes)


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (RunState.IN_PROGRESS, "RUN"),
        (RunState.IDLE, "IDLE"),
        (RunState.IDLE_WITH_PENDING_REQUESTS, "WAITING FOR YOU"),
        (RunState.STOPPED, "STOPPED"),
        (RunState.FAILED, "FAILED"),
        (RunState.CANCELLED, "CANCELLED"),
    ],
)
def test_every_state_of_a_run_has_a_word(state, word):
    assert text(ModeState(status=Status(state=state))).startswith(word)


def test_a_text_box_with_the_focus_says_insert_beside_the_state():
    assert text(ModeState(status=PAUSED, insert=True)).startswith("INSERT  PAUSED @4711")


def test_the_python_of_the_target_is_shown_where_it_is_not_the_one_of_the_screen():
    interpreter = "/shop/.venv/bin/python (Python 3.12.1, from the .venv in /shop)"
    assert interpreter in text(ModeState(status=PAUSED, runs_in=interpreter))
    assert "  Python 3.12.1" in text(ModeState(status=PAUSED, runs_in=interpreter), 125)
    assert "ython" not in text(ModeState(status=PAUSED))


def test_a_dead_worker_comes_before_the_state_it_left():
    assert text(ModeState(status=PAUSED, died=True)).startswith("WORKER DIED")


def test_nothing_unprintable_of_a_process_reaches_the_line():
    hostile = "\x1b]52;c;x\x07[/x]\u202e"
    message = replace(MESSAGE, event_id=hostile)
    status = PAUSED.model_copy(update={"paused": PausePoint(reason="step", message=message, seq=1)})
    assert text(ModeState(name=hostile, status=status)).isprintable()


@given(st.integers(1, 250), st.booleans(), st.text(max_size=60))
def test_the_line_never_gets_wider_than_the_screen(width, insert, name):
    view = ModeState(name=name, status=PAUSED, insert=insert)
    shown = fit(parts(view), width)
    least = [Part("INSERT", Role.INSERT, 0)] * insert + [Part("…", Role.PAUSED, 0)]
    assert length(shown) <= max(width, length(least))
    assert [part.role for part in shown][: len(least)] == [part.role for part in least]


def test_at_eighty_columns_the_place_and_the_counts_stay():
    line = text(ModeState(name="ChatBot", status=PAUSED, insert=True), 80)
    assert "PAUSED @4711 UserInputReceived" in line
    assert "4,711 ev · 0 drop" in line
