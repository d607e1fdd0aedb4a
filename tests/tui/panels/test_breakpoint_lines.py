"""Breakpoints and pending messages, a line each."""

from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.status import PendingMessage, WaitingInputs
from tui.breakpoints.panel import line_of
from tui.queue.panel import line_of as message_line
from tui.queue.panel import waiting_line

NASTY = "\x1b]52;c;x\x07[/x]\u202e"


def text(cells):
    return "".join(piece for piece, _ in cells)


def test_a_breakpoint_shows_its_number_place_and_count():
    assert text(line_of(BreakpointSpec(id=1, event="Exit", hit_count=2), hit=False)) == " ●  1 Exit  hit 2 times"


def test_the_breakpoint_the_run_is_paused_at_is_marked():
    assert text(line_of(BreakpointSpec(id=1, event="Exit", hit_count=1), hit=True)).startswith("▸")


def test_a_breakpoint_that_is_off_says_so():
    assert text(line_of(BreakpointSpec(id=1, event="Exit", enabled=False), hit=False)).startswith(" ○  1 off · Exit")


def test_a_breakpoint_that_matches_nothing_says_so():
    assert "matches nothing" in text(line_of(BreakpointSpec(id=1, event="Exti", bound=False), hit=False))


def test_a_breakpoint_shows_every_condition():
    spec = BreakpointSpec(
        id=3, step="a/*", function="f", when="after", condition="data > 1", hits=">=2", log="x={data}", once=True
    )
    line = text(line_of(spec, hit=False))
    assert all(
        part in line for part in ("step a/*", "function f", "after", "if data > 1", "hits >=2", "logs x=", "once")
    )


def test_a_message_shows_event_target_and_payload():
    message = PendingMessage(id=1, event_id="Go", target="A", function="f", parameter="x", preview="1", next=True)
    assert text(message_line(message)) == "▸  1 Go → A.f(x)  1"


def test_a_message_to_stop_says_so():
    assert "→ STOP" in text(message_line(PendingMessage(id=1, event_id="Exit")))


def test_a_half_filled_call_shows_what_it_misses():
    waiting = WaitingInputs(path="Join", function="f", arrived=("a",), missing=("b",))
    assert text(waiting_line(waiting)) == "◔ Join.f has a; misses b"


def test_names_and_payloads_are_made_safe():
    message = PendingMessage(id=1, event_id=NASTY, target=NASTY, function=NASTY, parameter=NASTY, preview=NASTY)
    spec = BreakpointSpec(id=1, event=NASTY, step=NASTY, function=NASTY, route=NASTY, condition=NASTY, problem=NASTY)
    waiting = WaitingInputs(path=NASTY, function=NASTY, arrived=(NASTY,), missing=(NASTY,))
    for cells in (message_line(message), line_of(spec, hit=False), waiting_line(waiting)):
        assert "\x1b" not in text(cells)
        assert "\u202e" not in text(cells)
