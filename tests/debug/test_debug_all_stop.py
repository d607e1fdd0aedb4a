"""All-stop: while a run is paused, running functions finish and nothing new starts, wherever it is."""

import asyncio

import pytest
from debug_steps import Hold, Plain, Relay, Say, chain, deep, ended, invoked, of, paused, pauses, shown, turns, wrapped

from process_core import ProcessBuilder


def side_by_side(count: int = 3, length: int = 3) -> ProcessBuilder:
    """Nested processes in parallel, each a chain: A0..., B0..., C0..."""
    names = "ABCDEFGH"[:count]
    return wrapped(*(chain(*(f"{n}{i}" for i in range(length)), name=n.lower()) for n in names))


def begun_while_paused(debugger) -> list[str]:
    """Return the calls that began between a pause and going on."""
    found, is_paused = [], False
    for event in debugger.events:
        if event.type in {"paused", "resumed"}:
            is_paused = event.type == "paused"
        elif event.type == "executor_invoked" and is_paused:
            found.append(event.path)
    return found


async def test_while_one_nested_process_is_paused_the_others_start_nothing(debug):
    debugger = await debug(side_by_side(), {"step": "b/B1"})
    point = await paused(debugger)
    before = len(debugger.events)
    await turns(50)
    assert debugger.paused is point
    assert "executor_invoked" not in {event.type for event in debugger.events[before:]}


@pytest.mark.parametrize("verb", ["continue", "step", "next", "into", "out"])
async def test_nothing_starts_between_a_pause_and_going_on(debug, verb):
    debugger = await debug(side_by_side(), {"step": "*/*"})
    await pauses(debugger, verb)
    assert begun_while_paused(debugger) == []
    assert len(invoked(debugger)) == 15


async def test_a_function_that_runs_when_the_run_pauses_finishes(debug):
    opened, process = asyncio.Event(), ProcessBuilder("holding")
    first = process.add_step(Hold, name="A", factory=lambda: Hold(opened))
    process.on_input_event("go").send_event_to(first).send_event_to(process.add_step(Relay, name="B"))
    first.on_event("ADone").send_event_to(process.add_step(Relay, name="C"))
    debugger = await debug(process, {"step": "B"})
    await paused(debugger)
    assert debugger.live().running == ("A",)
    opened.set()
    await turns()
    assert debugger.live().running == ()
    assert [event.path for event in of(debugger, "executor_completed")] == ["A"]
    assert shown(debugger.paused) == "go -> B"
    assert invoked(debugger) == ["A"]


async def test_step_in_one_nested_process_moves_no_other(debug):
    debugger = await debug(side_by_side(), {"step": "b/B0"})
    await paused(debugger)
    before = invoked(debugger)
    await debugger.step()
    assert invoked(debugger)[len(before) :] == ["b/B0"]


async def test_step_stays_in_its_nested_process_to_its_end(debug):
    debugger = await debug(side_by_side(2), {"step": "b/B0"})
    stops = await pauses(debugger, "step")
    assert stops[:3] == ["go -> b/B0", "B0Done -> b/B1", "B1Done -> b/B2"]


async def test_step_ends_before_the_function_beside_it_is_let_go(debug):
    opened = asyncio.Event()
    slow = ProcessBuilder("slow")
    slow.on_input_event("go").send_event_to(slow.add_step(Hold, name="S", factory=lambda: Hold(opened)))
    debugger = await debug(wrapped(slow, chain("F", name="fast")), {"step": "*/*"})
    assert shown(await paused(debugger)) == "go -> slow/S"
    debugger.release("step")
    await turns()
    assert debugger.paused is None
    opened.set()
    assert shown(await paused(debugger)) == "go -> fast/F"
    assert next(event.path for event in of(debugger, "executor_completed")) == "slow/S"


async def test_continue_lets_all_nested_processes_go(debug):
    debugger = await debug(side_by_side(), {"step": "b/B0", "once": True})
    await paused(debugger)
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"
    assert len(invoked(debugger)) == 15


async def test_every_breakpoint_in_parallel_processes_stops_once(debug):
    debugger = await debug(side_by_side(4, 4), {"step": "*/*"})
    assert len(await pauses(debugger)) == 16
    assert debugger.breakpoints[0].hit_count == 16


async def test_a_pause_on_request_stops_all_nested_processes(debug):
    opened, inners = asyncio.Event(), []
    for name in "abc":
        inner = ProcessBuilder(name)
        hold, relay = inner.add_step(Hold, factory=lambda: Hold(opened)), inner.add_step(Relay)
        inner.on_input_event("go").send_event_to(hold)
        hold.on_event("HoldDone").send_event_to(relay)
        inners.append(inner)
    debugger = await debug(wrapped(*inners))
    await turns()
    debugger.request_pause()
    opened.set()
    assert shown(await paused(debugger)).startswith("HoldDone -> ")
    await turns(50)
    assert [path for path in invoked(debugger) if path.endswith("Relay")] == []


async def test_a_breakpoint_after_a_nested_function_stops_the_processes_beside_it(debug):
    debugger = await debug(side_by_side(), {"step": "b/B0", "when": "after"})
    point = await paused(debugger)
    assert point.path == "b/B0"
    before = len(invoked(debugger))
    await turns(50)
    assert len(invoked(debugger)) == before
    assert await pauses(debugger) != []
    assert debugger.state == "IDLE"


async def test_next_after_a_hit_in_another_process_goes_by_the_process_that_was_hit(debug):
    debugger = await debug(deep(), {"step": "outer/inner/X", "when": "after"})
    await paused(debugger)
    assert await debugger.next()
    assert shown(debugger.paused) == "XDone -> outer/inner/Y"


async def test_pausing_and_going_on_many_times_delivers_every_message_once(debug):
    debugger = await debug(side_by_side(4, 4), paused=True)
    verbs = iter(["step", "into", "next", "out", "continue"] * 100)
    while await debugger.wait():
        debugger.release(next(verbs))
        if debugger.paused is None:
            debugger.request_pause()
    paths = [path for path in invoked(debugger) if "/" in path]
    assert sorted(paths) == sorted(f"{n}/{n.upper()}{i}" for n in "abcd" for i in range(4))
    assert debugger.state == "IDLE"


async def test_plain_functions_in_threads_are_stepped_like_others(debug):
    process = ProcessBuilder("threads")
    for name in ("A", "B"):
        process.on_input_event("go").send_event_to(process.add_step(Plain, name=name))
    debugger = await debug(process, paused=True)
    await paused(debugger)
    await debugger.step()
    assert [event.path for event in of(debugger, "executor_completed")] == ["A"]
    assert shown(debugger.paused) == "go -> B"


async def test_a_call_that_is_queued_behind_a_busy_step_begins_when_the_run_goes_on(debug):
    process, opened = ProcessBuilder("queueing"), asyncio.Event()
    say, hold = process.add_step(Say), process.add_step(Hold, name="A", factory=lambda: Hold(opened))
    process.on_input_event("go").send_event_to(say)
    say.on_event("X").send_event_to(hold)
    say.on_event("Y").send_event_to(process.add_step(Relay, name="B"))
    debugger = await debug(process, {"step": "B"}, data=["X", "X", "Y"])
    await paused(debugger)
    opened.set()
    await turns()
    assert [event.path for event in of(debugger, "executor_completed")] == ["Say", "A"]
    assert invoked(debugger).count("A") == 1
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"
    assert invoked(debugger).count("A") == 2


async def test_cancelling_ends_a_call_that_waits_behind_a_busy_step_while_the_run_is_paused(debug):
    process, opened = ProcessBuilder("queueing"), asyncio.Event()
    say, hold = process.add_step(Say), process.add_step(Hold, name="A", factory=lambda: Hold(opened))
    process.on_input_event("go").send_event_to(say)
    say.on_event("X").send_event_to(hold)
    say.on_event("Y").send_event_to(process.add_step(Relay, name="B"))
    debugger = await debug(process, {"step": "B"}, data=["X", "X", "Y"])
    await paused(debugger)
    opened.set()
    await turns()
    debugger.run.cancel()
    assert await ended(debugger) == "CANCELLED"
    assert invoked(debugger).count("A") == 1
