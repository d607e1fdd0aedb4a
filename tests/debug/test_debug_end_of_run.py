"""Runs that end while they are paused: stopped, cancelled, failed, closed."""

import asyncio

import pytest
from debug_steps import (
    Ask,
    Fail,
    Hold,
    Keep,
    Relay,
    Typed,
    chain,
    deep,
    ended,
    fan,
    invoked,
    of,
    paused,
    pauses,
    saying,
    shown,
    turns,
    wrapped,
)  # fmt: skip

from process_core import ProcessBuilder, RunEndedError


def failing_beside(opened: asyncio.Event, *, nested: bool, handled: bool) -> ProcessBuilder:
    """`go` to A, which fails when it is opened, and to B; both may be in nested processes of their own."""

    def alone(kind, name, **options):
        inner = ProcessBuilder(name.lower())
        inner.on_input_event("go").send_event_to(inner.add_step(kind, name=name, **options))
        return inner

    process = ProcessBuilder("beside")
    go = process.on_input_event("go")
    options = {"factory": lambda: Hold(opened, ValueError("told to"))}
    if nested:
        for inner in (alone(Hold, "A", **options), alone(Relay, "B")):
            go.send_event_to(process.add_process(inner).where_input_event_is("go"))
    else:
        go.send_event_to(process.add_step(Hold, name="A", **options)).send_event_to(process.add_step(Relay, name="B"))
    if handled:
        process.on_error().send_event_to(process.add_step(Keep))
    return process


def lost(debugger) -> list[str]:
    """Return the messages that were said not to be delivered, as event -> step."""
    warnings = [event for event in of(debugger, "warning") if event.code == "discarded_messages"]
    texts = [text.split(" -> ") for warning in warnings for text in warning.details["messages"]]
    return [f"{event} -> {target.partition('.')[0].rpartition('/')[2]}" for event, target in texts]


# cancelled


@pytest.mark.parametrize("step", ["A", "outer", "outer/inner", "outer/inner/Y", "B"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_cancelling_a_paused_run_ends_it_wherever_it_is_paused(debug, step, when):
    debugger = await debug(deep(), {"step": step, "when": when})
    await paused(debugger)
    debugger.run.cancel()
    assert debugger.paused is None
    assert await ended(debugger) == "CANCELLED"
    assert [event.state for event in of(debugger, "status")] == ["IN_PROGRESS", "CANCELLED"]


async def test_cancelling_a_paused_run_says_what_was_held_back(debug):
    debugger = await debug(fan("A", "B", "C"), {"step": "B"})
    await paused(debugger)
    debugger.run.cancel()
    await ended(debugger)
    assert invoked(debugger) == ["A"]
    assert lost(debugger) == ["go -> B", "go -> C"]
    assert debugger.events[-1].type == "status"


async def test_cancelling_while_paused_in_a_nested_process_says_what_was_held_back(debug):
    debugger = await debug(wrapped(chain("A", name="one"), chain("B", name="two")), {"step": "*/*"})
    await paused(debugger)
    debugger.run.cancel()
    await ended(debugger)
    assert sorted(lost(debugger)) == ["go -> A", "go -> B"]
    assert debugger.events[-1].type == "status"


async def test_cancelling_while_many_processes_wait_ends_them_all(debug):
    debugger = await debug(wrapped(*(chain("X", "Y", name=n) for n in "abcd")), {"step": "*/X"})
    await paused(debugger)
    debugger.run.cancel()
    assert await ended(debugger) == "CANCELLED"
    open_calls = {event.path for event in of(debugger, "executor_invoked")}
    assert {event.path for event in of(debugger, "executor_cancelled")} == open_calls


async def test_cancelling_in_the_middle_of_a_step_ends_the_run(debug):
    process = ProcessBuilder("holding")
    process.on_input_event("go").send_event_to(process.add_step(Hold, factory=lambda: Hold(asyncio.Event())))
    debugger = await debug(process, paused=True)
    await paused(debugger)
    debugger.release("step")
    await turns()
    debugger.run.cancel()
    assert await ended(debugger) == "CANCELLED"


async def test_a_cancelled_run_takes_no_verb(debug):
    debugger = await debug(chain("A"), paused=True)
    await paused(debugger)
    debugger.run.cancel()
    await ended(debugger)
    with pytest.raises(RunEndedError):
        debugger.request_pause()
    assert debugger.pending() == []


async def test_cancelling_right_after_going_on_ends_the_run(debug):
    debugger = await debug(wrapped(chain("A", name="one"), chain("B", name="two")), {"step": "*/*"})
    await paused(debugger)
    debugger.release("continue")
    debugger.run.cancel()
    assert await ended(debugger) == "CANCELLED"
    assert [path for path in invoked(debugger) if "/" in path] == []


# failed


@pytest.mark.parametrize("nested", [False, True])
async def test_a_failure_beside_a_paused_message_ends_the_run(debug, nested):
    opened = asyncio.Event()
    debugger = await debug(failing_beside(opened, nested=nested, handled=False), {"step": "**/B"})
    assert shown(await paused(debugger)).endswith("B")
    opened.set()
    assert await asyncio.wait_for(debugger.run.idle(), 5) == "FAILED"
    assert await ended(debugger) == "FAILED"
    assert debugger.paused is None
    assert lost(debugger) == ["go -> B"]
    assert [event.state for event in of(debugger, "status")] == ["IN_PROGRESS", "FAILED"]


@pytest.mark.parametrize("nested", [False, True])
async def test_a_failure_that_is_handled_leaves_the_run_paused(debug, nested):
    opened = asyncio.Event()
    debugger = await debug(failing_beside(opened, nested=nested, handled=True), {"step": "**/B"})
    point = await paused(debugger)
    opened.set()
    await turns()
    assert debugger.paused is point
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"


async def test_a_failure_inside_the_paused_process_moves_the_pause_to_the_next_message(debug):
    opened = asyncio.Event()
    inner = failing_beside(opened, nested=False, handled=False)
    process = wrapped(inner)
    process.on_error().send_event_to(process.add_step(Keep))
    debugger = await debug(process, {"step": "beside/B"})
    await paused(debugger)
    opened.set()
    await turns(50)
    point = await paused(debugger)
    assert (point.reason, point.message.target) == ("pause", "Keep")
    assert lost(debugger) == ["go -> B"]


async def test_a_step_over_a_function_that_fails_ends_with_the_run(debug):
    process = ProcessBuilder("failing")
    go = process.on_input_event("go")
    go.send_event_to(process.add_step(Fail, name="A")).send_event_to(process.add_step(Relay, name="B"))
    debugger = await debug(process, paused=True)
    await paused(debugger)
    assert not await debugger.step()
    assert debugger.state == "FAILED"
    assert lost(debugger) == ["go -> B"]


async def test_a_step_over_a_function_whose_failure_is_handled_pauses_before_the_handler(debug):
    process = ProcessBuilder("failing")
    process.on_input_event("go").send_event_to(process.add_step(Fail, name="A"))
    process.on_error().send_event_to(process.add_step(Keep))
    debugger = await debug(process, paused=True)
    assert await pauses(debugger, "step") == ["go -> A", "fail.OnError -> Keep"]


async def test_a_payload_that_does_not_fit_is_stepped_over_like_a_failure(debug):
    process = ProcessBuilder("typed")
    typed = process.add_step(Typed)
    process.on_input_event("go").send_event_to(typed).send_event_to(process.add_step(Relay, name="B"))
    process.on_error().send_event_to(process.add_step(Keep))
    debugger = await debug(process, paused=True, data="x")
    assert (await pauses(debugger, "step"))[:2] == ["go -> Typed", "go -> B"]


async def test_the_superstep_limit_counts_as_without_a_debugger(debug):
    process = ProcessBuilder("runaway")
    step = process.add_step(Relay, name="A")
    process.on_input_event("go").send_event_to(step)
    step.on_event("ADone").send_event_to(step)
    debugger = await debug(process, paused=True, max_supersteps=5)
    assert len(await pauses(debugger, "step")) == 5
    assert debugger.state == "FAILED"


# stopped, closed


async def test_a_stop_route_ends_a_stepped_run(debug):
    debugger = await debug(saying("Stop"), paused=True, data=["Stop"])
    assert await pauses(debugger, "step") == ["go -> Say"]
    assert debugger.state == "STOPPED"


@pytest.mark.parametrize(
    "given", [{"step": "A"}, {"step": "outer/inner/Y"}, {"step": "outer/inner/Y", "when": "after"}], ids=str
)
async def test_closing_a_paused_debugger_ends_the_run(debug, given):
    debugger = await debug(deep(), given)
    await paused(debugger)
    await asyncio.wait_for(debugger.close(), 5)
    assert debugger.state == "CANCELLED"
    assert debugger.paused is None


async def test_closing_twice_and_closing_at_rest_do_nothing_more(debug):
    debugger = await debug(chain("A"))
    assert await ended(debugger) == "IDLE"
    await debugger.close()
    events = len(debugger.events)
    await debugger.close()
    assert len(debugger.events) == events


async def test_closing_wakes_whoever_waits(debug):
    process = ProcessBuilder("holding")
    process.on_input_event("go").send_event_to(process.add_step(Hold, factory=lambda: Hold(asyncio.Event())))
    debugger = await debug(process)
    waiting = asyncio.create_task(debugger.wait())
    await turns()
    await debugger.close()
    assert await asyncio.wait_for(waiting, 5) is False


async def test_cancelling_a_run_that_is_paused_beside_an_open_question_ends_both(debug):
    process = ProcessBuilder("asking")
    process.on_input_event("go").send_event_to(process.add_step(Ask, name="A")).send_event_to(
        process.add_step(Relay, name="B")
    )
    debugger = await debug(process, {"step": "B"})
    await paused(debugger)
    debugger.run.cancel()
    assert await ended(debugger) == "CANCELLED"
    assert debugger.run.pending_requests == []
    assert debugger.live().parked == ()


async def test_a_run_cancelled_before_an_element_of_a_map_ends_and_can_be_resumed(debug, tmp_path):
    process = ProcessBuilder("mapping")
    process.on_input_event("go").send_event_to(process.add_map_step(Relay, name="Map"))
    debugger = await debug(process, {"step": "Map[1]"}, data=[1, 2, 3], run_file=tmp_path / "x.run")
    assert (await paused(debugger)).path == "Map[1]"
    debugger.run.cancel()
    assert await ended(debugger) == "CANCELLED"
    await debugger.close()
    again = await process.build().resume(tmp_path / "x.run")
    results = [event.data for event in again.events if (event.type, event.path) == ("executor_completed", "Map")]
    assert (again.state, results) == ("IDLE", [[1, 2, 3]])
