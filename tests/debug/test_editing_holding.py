"""Messages kept back: over supersteps, until they are let go; never lost without a word."""

import asyncio
from typing import Any

import pytest
from debug_steps import Hold, Pair, Relay, Say, chain, ended, invoked, of, paused, wrapped

from process_core import ProcessBuilder
from process_core.debug import EditingError


def serial() -> ProcessBuilder:
    """Say emits A and B; A goes on over three steps, B to Late."""
    process = ProcessBuilder("serial")
    say = process.add_step(Say)
    steps = [process.add_step(Relay, name=name) for name in ("A1", "A2", "A3", "Late")]
    process.on_input_event("go").send_event_to(say)
    say.on_event("A").send_event_to(steps[0])
    say.on_event("B").send_event_to(steps[3])
    steps[0].on_event("A1Done").send_event_to(steps[1])
    steps[1].on_event("A2Done").send_event_to(steps[2])
    return process


def joining() -> ProcessBuilder:
    process = ProcessBuilder("joining")
    say, pair = process.add_step(Say), process.add_step(Pair)
    process.on_input_event("go").send_event_to(say)
    say.on_event("L").send_event_to(pair, parameter="left")
    say.on_event("R").send_event_to(pair, parameter="right")
    return process


def find(debugger, **wanted) -> int:
    (number,) = [item.id for item in debugger.pending() if all(getattr(item, k) == v for k, v in wanted.items())]
    return number


def warned(debugger, code) -> list[Any]:
    return [event for event in of(debugger, "warning") if event.details["code"] == code]


def calls(debugger, path) -> list[Any]:
    return [event.data for event in debugger.events if event.type == "executor_invoked" and event.path == path]


@pytest.fixture
async def held(debug):
    """A run at rest, whose message B was held."""
    debugger = await debug(serial(), {"event": "A"}, data=["A", "B"])
    await paused(debugger)
    debugger.editor.hold(find(debugger, event_id="B"))
    await debugger.continue_()
    assert await ended(debugger) == "IDLE"
    return debugger


async def test_a_held_message_stays_back_over_supersteps(held):
    assert invoked(held) == ["Say", "A1", "A2", "A3"]
    (item,) = held.pending()
    assert (item.event_id, item.held) == ("B", True)


async def test_a_run_at_rest_says_what_is_held(held):
    (warning,) = warned(held, "held_messages")
    assert warning.details["messages"] == ["B -> Late.relay(value)"]
    assert warning.causes == (held.pending()[0].seq,)


async def test_letting_go_at_rest_delivers(held):
    held.editor.let_go(held.pending()[0].id)
    assert await ended(held) == "IDLE"
    assert invoked(held)[-1] == "Late"
    assert held.pending() == []
    assert len(warned(held, "held_messages")) == 1


async def test_what_is_still_held_is_reported_once(held):
    await held.run.send_event("go", [])
    assert await ended(held) == "IDLE"
    assert len(warned(held, "held_messages")) == 1


async def test_a_held_message_is_dropped_and_edited_at_rest(held):
    number = held.pending()[0].id
    held.editor.edit(number, 41)
    assert held.editor.last.code == "edit"
    held.editor.undo()
    held.editor.edit(number, 42)
    held.editor.let_go(number)
    await ended(held)
    assert calls(held, "Late") == [{"value": 42}]


async def test_a_held_message_has_to_be_let_go_before_it_moves(held):
    number = held.pending()[0].id
    for act in (held.editor.move, held.editor.duplicate, held.editor.hold):
        with pytest.raises(EditingError, match="let it go first") as refusal:
            act(number)
        assert refusal.value.code == "held"


async def test_only_what_is_held_is_let_go(debug):
    debugger = await debug(serial(), {"event": "A"}, data=["A", "B"])
    await paused(debugger)
    with pytest.raises(EditingError) as refusal:
        debugger.editor.let_go(find(debugger, event_id="A"))
    assert refusal.value.code == "not_held"


async def test_let_go_in_the_same_pause_it_is_back_in_its_place(debug):
    debugger = await debug(serial(), {"event": "A"}, data=["A", "B", "A"])
    await paused(debugger)
    before = [item.id for item in debugger.pending()]
    debugger.editor.hold(before[1])
    debugger.editor.let_go(before[1])
    assert [item.id for item in debugger.pending()] == before


async def test_a_later_superstep_delivers_first_what_is_let_go_in_it(debug):
    debugger = await debug(serial(), {"event": "A"}, data=["A", "B"])
    await paused(debugger)
    number = find(debugger, event_id="B")
    debugger.editor.hold(number)
    await debugger.next()
    debugger.editor.let_go(number)
    await debugger.continue_()
    await ended(debugger)
    assert invoked(debugger) == ["Say", "A1", "A2", "Late", "A3"]


async def test_cancelling_lists_what_is_held(held):
    held.run.cancel()
    await ended(held)
    (warning,) = warned(held, "discarded_messages")
    assert warning.details["messages"] == ["B -> Late.relay(value) (held back)"]
    assert held.pending() == []


async def test_a_stop_route_lists_what_is_held(debug):
    process = serial()
    process.on_input_event("halt").stop_process()
    debugger = await debug(process, {"event": "A"}, data=["A", "B"])
    await paused(debugger)
    debugger.editor.hold(find(debugger, event_id="B"))
    await debugger.continue_()
    await ended(debugger)
    await debugger.run.send_event("halt")
    assert await ended(debugger) == "STOPPED"
    (warning,) = warned(debugger, "discarded_messages")
    assert warning.details["messages"] == ["B -> Late.relay(value) (held back)"]


async def test_a_held_message_of_a_join_leaves_its_partner_waiting(debug):
    debugger = await debug(joining(), {"event": "R"}, data=["L", "R"])
    await paused(debugger)
    number = find(debugger, event_id="R")
    debugger.editor.hold(number)
    assert [w.arrived for w in debugger.live().waiting] == [("left",)]
    await debugger.continue_()
    assert await ended(debugger) == "IDLE"
    assert calls(debugger, "Pair") == []
    assert len(warned(debugger, "missing_input")) == 1
    debugger.editor.let_go(number)
    assert await ended(debugger) == "IDLE"  # it has hit the breakpoint already
    assert calls(debugger, "Pair") == [{"left": 0, "right": 1}]


@pytest.fixture
async def nested(debug):
    """A run at rest, whose message to the last step of a nested process was held."""
    debugger = await debug(wrapped(chain("X", "Y", name="inner")), {"step": "inner/Y", "once": True})
    await paused(debugger)
    debugger.editor.hold(find(debugger, target="inner/Y"))
    await debugger.continue_()
    assert await ended(debugger) == "IDLE"
    return debugger


async def test_a_nested_process_with_a_held_message_waits_for_it(nested):
    assert "End" not in invoked(nested)
    assert nested.live().parked == ("inner",)
    (warning,) = warned(nested, "held_messages")
    assert warning.path == "inner"


async def test_a_nested_process_goes_on_when_its_message_is_let_go(nested):
    nested.editor.let_go(nested.pending()[0].id)
    assert await ended(nested) == "IDLE"
    assert invoked(nested) == ["inner", "inner/X", "inner/Y", "End"]


async def test_a_nested_process_goes_on_when_its_message_is_dropped(nested):
    nested.editor.drop(nested.pending()[0].id)
    assert await ended(nested) == "IDLE"
    assert invoked(nested) == ["inner", "inner/X", "End"]


async def test_another_message_to_a_nested_process_waits_behind_what_is_held(nested):
    await nested.run.send_event("go", 5)
    assert await ended(nested) == "IDLE"
    assert invoked(nested) == ["inner", "inner/X"]
    nested.editor.let_go(nested.pending()[0].id)
    assert await ended(nested) == "IDLE"
    assert [len(calls(nested, path)) for path in ("inner/Y", "End")] == [2, 2]


async def test_cancelling_lists_what_is_held_in_a_nested_process(nested):
    nested.run.cancel()
    assert await ended(nested) == "CANCELLED"
    assert [e.details["messages"] for e in warned(nested, "discarded_messages") if e.path == "inner"] == [
        ["XDone -> Y.relay(value)"]
    ]


async def test_letting_go_while_paused_elsewhere_delivers_when_the_run_goes_on(debug):
    debugger = await debug(wrapped(chain("X", "Y", name="inner")), {"step": "inner/Y", "once": True})
    await paused(debugger)
    number = find(debugger, target="inner/Y")
    debugger.editor.hold(number)
    await debugger.continue_()
    await ended(debugger)
    debugger.add_breakpoint(event="go", once=True)
    await debugger.run.send_event("go", 7)
    await paused(debugger)
    debugger.editor.let_go(number)
    debugger.editor.undo()
    debugger.editor.let_go(number)
    await asyncio.sleep(0)
    assert "inner/Y" not in invoked(debugger)
    await debugger.continue_()
    assert await ended(debugger) == "IDLE"
    assert len(calls(debugger, "inner/Y")) == 2
    assert invoked(debugger)[-1] == "End"


async def test_what_was_done_in_a_process_that_failed_since_cannot_be_taken_back(debug):
    opened = asyncio.Event()
    failing = ProcessBuilder("failing")
    bad = failing.add_step(Hold, name="Bad", factory=lambda: Hold(opened, ValueError("told to")))
    for step in (bad, failing.add_step(Relay, name="Last"), failing.add_step(Relay, name="VeryLast")):
        failing.on_input_event("go").send_event_to(step)
    process = ProcessBuilder("outer")
    end = process.add_step(Say, name="End")
    for inner in (failing, chain("X", name="other")):
        nested = process.add_process(inner)
        process.on_input_event("go").send_event_to(nested.where_input_event_is("go"))
        nested.on_function_error().send_event_to(end)
    debugger = await debug(process, {"step": "failing/Last"})
    await paused(debugger)
    debugger.editor.drop(find(debugger, target="failing/VeryLast"))
    opened.set()
    async with asyncio.timeout(30):
        while debugger.paused is None or debugger.paused.path != "other/X":  # where the pause moves on to
            await asyncio.sleep(0)
    with pytest.raises(EditingError, match="nested process failing has ended") as refusal:
        debugger.editor.undo()
    assert refusal.value.code == "process_ended"
    assert debugger.editor.last is None
