"""Which keys the footer shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from process_core.events import RunState
from process_core.session.protocol.status import PausePoint, Status
from process_core.session.protocol.verbs import capabilities
from tui.actions import Panel
from tui.moment import refused_actions
from tui.status.keys import fit_hints, hints
from tui.status.mode import ModeState

RUNNING = ModeState(status=Status(state=RunState.IN_PROGRESS))
PAUSED = ModeState(status=Status(state=RunState.IN_PROGRESS, paused=PausePoint(reason="pause")))
WAITING = ModeState(status=Status(state=RunState.IDLE_WITH_PENDING_REQUESTS))
STOPPED = ModeState(status=Status(state=RunState.STOPPED))


def shown(view, panel, width):
    return fit_hints(hints(view, panel, refused_actions(capabilities(view.status))), width)


def labels(view, panel=Panel.TIMELINE, width=80):
    return [f"{hint.key} {hint.label}" for hint in shown(view, panel, width)]


def test_a_paused_run_offers_the_ways_on():
    assert labels(PAUSED)[:3] == ["c continue", "s step", "n next superstep"]


def test_what_is_held_back_can_be_let_go_at_rest_too():
    resting = ModeState(status=Status(state=RunState.IDLE, pending=1), held=1)
    assert labels(resting, Panel.QUEUE)[0] == "h hold"
    assert "h hold" not in labels(resting, Panel.TIMELINE)


def test_a_running_run_offers_to_pause():
    assert labels(RUNNING)[0] == "p pause"


def test_a_run_that_asks_offers_to_answer():
    assert labels(WAITING)[0] == "a answer"


def test_a_run_that_is_over_offers_to_restart():
    assert labels(STOPPED)[0] == "R restart"


def test_a_text_box_offers_the_way_out_of_it():
    assert "Esc leave the text box" in labels(ModeState(insert=True))


def test_a_dead_worker_offers_to_restart_it():
    assert labels(ModeState(died=True))[0] == "R restart"


def test_the_breakpoints_panel_offers_its_own_keys():
    assert labels(PAUSED, Panel.BREAKPOINTS)[:2] == ["B edit", "Space on/off"]


def test_no_key_is_offered_for_what_is_refused():
    assert "s step" in labels(PAUSED)
    offered = hints(PAUSED, Panel.TIMELINE, {"step": "the target has no steps"})
    assert "step" not in {hint.action for hint in offered}


@pytest.mark.parametrize("view", [RUNNING, PAUSED, WAITING, STOPPED])
def test_help_and_command_line_are_offered_at_eighty_columns(view):
    assert {"? help", ": command"} <= set(labels(view))


@given(st.integers(0, 200), st.sampled_from([RUNNING, PAUSED, WAITING, STOPPED]), st.sampled_from(Panel))
def test_no_hint_is_ever_cut_off(width, view, panel):
    assert sum(len(hint.key) + len(hint.label) + 3 for hint in shown(view, panel, width)) <= width


@pytest.mark.parametrize("loading", ["", "LOADING flow.py"])
def test_a_worker_that_hears_nothing_leaves_only_what_works(loading):
    view = ModeState(status=Status(state=RunState.IN_PROGRESS, blocked_for=3.0), loading=loading)
    assert labels(view)[0] == "R restart"
    assert not any("pause" in label for label in labels(view))
