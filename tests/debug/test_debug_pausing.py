"""Pausing on request and at the start, questions while paused, and what a paused run shows."""

import asyncio

import pytest
from debug_steps import (
    Ask,
    EmitAndAsk,
    Hold,
    Keep,
    Pair,
    Relay,
    chain,
    ended,
    fan,
    invoked,
    loop,
    paused,
    pauses,
    shown,
    turns,
    wrapped,
)  # fmt: skip

from process_core import ProcessBuilder, RunEndedError, UnknownEventError
from process_core.debug import Debugger
from process_core.errors import ProcessError, UnknownRequestError
from process_core.events import NO_DATA


def holding(opened: asyncio.Event) -> ProcessBuilder:
    """`go` to A, which runs until it is opened, then to B."""
    process = ProcessBuilder("holding")
    first = process.add_step(Hold, name="A", factory=lambda: Hold(opened))
    second = process.add_step(Relay, name="B")
    process.on_input_event("go").send_event_to(first)
    first.on_event("ADone").send_event_to(second)
    return process


async def answer(debugger, text="yes"):
    (request,) = debugger.run.pending_requests
    await debugger.run.respond(request.request_id, text)


# on request, and at the start


async def test_a_paused_start_pauses_before_the_first_message(debug):
    debugger = await debug(chain("A", "B"), paused=True)
    point = await paused(debugger)
    assert (shown(point), point.reason, point.breakpoint) == ("go -> A", "start", None)
    assert invoked(debugger) == []


async def test_a_pause_comes_before_the_next_message(debug):
    opened = asyncio.Event()
    debugger = await debug(holding(opened))
    await turns()
    debugger.request_pause()
    await turns()
    assert debugger.paused is None
    opened.set()
    point = await paused(debugger)
    assert (shown(point), point.reason) == ("ADone -> B", "pause")
    assert invoked(debugger) == ["A"]


async def test_a_pause_asked_for_at_rest_comes_before_the_first_message_of_the_next_event(debug):
    debugger = await debug(chain("A"))
    assert await ended(debugger) == "IDLE"
    debugger.request_pause()
    assert await ended(debugger) == "IDLE"
    await debugger.run.send_event("go", 5)
    assert shown(await paused(debugger)) == "go -> A"


async def test_a_pause_asked_for_while_paused_changes_nothing(debug):
    debugger = await debug(chain("A"), paused=True)
    point = await paused(debugger)
    debugger.request_pause()
    assert debugger.paused is point
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"


async def test_continue_right_after_a_paused_start_goes_on_from_there(debug):
    debugger = await debug(chain("A", "B"), paused=True)
    await debugger.continue_()
    assert await ended(debugger) == "IDLE"
    assert invoked(debugger) == ["A", "B"]


async def test_a_pause_of_a_run_that_is_over_is_refused(debug):
    debugger = await debug(chain("A"))
    debugger.run.cancel()
    await ended(debugger)
    with pytest.raises(RunEndedError):
        debugger.request_pause()


# questions


async def test_an_answer_arrives_while_paused_and_counts_when_the_run_goes_on(debug):
    process = ProcessBuilder("asking")
    ask, other = process.add_step(Ask, name="A"), process.add_step(Relay, name="B")
    process.on_input_event("go").send_event_to(ask).send_event_to(other)
    ask.on_event("ADone").send_event_to(process.add_step(Keep))
    debugger = await debug(process, {"step": "B"})
    await paused(debugger)
    assert debugger.live().parked == ("A",)
    await answer(debugger)
    await turns()
    assert shown(debugger.paused) == "go -> B"
    assert debugger.run.pending_requests == []
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"
    assert invoked(debugger) == ["A", "B", "Keep"]


async def test_what_an_answered_function_emits_pauses_where_a_breakpoint_says(debug):
    debugger = await debug(chain("A", "B", kind=Ask), {"event": "ADone"})
    assert await ended(debugger) == "IDLE_WITH_PENDING_REQUESTS"
    await answer(debugger, "yes")
    point = await paused(debugger)
    assert (shown(point), point.message.data) == ("ADone -> B", "yes")


async def test_what_an_answered_function_emits_pauses_where_a_pause_was_asked_for(debug):
    debugger = await debug(chain("A", "B", kind=Ask))
    await ended(debugger)
    debugger.request_pause()
    await answer(debugger)
    assert shown(await paused(debugger)) == "ADone -> B"


async def test_a_nested_function_that_is_answered_pauses_where_expected(debug):
    debugger = await debug(wrapped(chain("A", "B", kind=Ask, name="inner")), {"step": "inner/B"})
    assert await ended(debugger) == "IDLE_WITH_PENDING_REQUESTS"
    await answer(debugger)
    assert shown(await paused(debugger)) == "ADone -> inner/B"


async def test_an_answer_to_a_question_that_is_not_open_is_refused_while_paused(debug):
    debugger = await debug(chain("A"), paused=True)
    await paused(debugger)
    with pytest.raises(UnknownRequestError):
        await debugger.run.respond("request-9", "yes")
    assert debugger.paused.reason == "start"


async def test_an_outside_event_arrives_while_paused_and_is_taken_in_when_the_run_goes_on(debug):
    debugger = await debug(chain("A", "B"), {"step": "B"})
    await paused(debugger)
    await debugger.run.send_event("go", 7)
    assert [(item.target, item.event_id, item.data) for item in debugger.pending()[1:]] == [("", "go", 7)]
    assert await pauses(debugger) == ["ADone -> B", "ADone -> B"]


@pytest.mark.parametrize("step", ["A", "inner/A"])
async def test_a_breakpoint_on_emit_stops_where_the_function_asks_after_it(debug, step):
    process = ProcessBuilder("inner")
    process.on_input_event("go").send_event_to(process.add_step(EmitAndAsk, name="A"))
    whole = wrapped(process) if "/" in step else process
    debugger = await debug(whole, {"event": "Before", "when": "emit"})
    assert (await paused(debugger)).path == step
    debugger.release("continue")
    assert await ended(debugger) == "IDLE_WITH_PENDING_REQUESTS"


# wait


async def test_wait_distinguishes_a_pause_from_idle_and_from_an_end(debug):
    debugger = await debug(chain("A", kind=Ask), paused=True)
    assert await debugger.wait()
    assert await debugger.wait()
    debugger.release("continue")
    assert not await debugger.wait()
    assert debugger.state == "IDLE_WITH_PENDING_REQUESTS"
    debugger.run.cancel()
    assert not await debugger.wait()
    assert debugger.state == "CANCELLED"


async def test_several_may_wait_at_once(debug):
    debugger = await debug(chain("A"), paused=True)
    assert await asyncio.gather(debugger.wait(), debugger.wait()) == [True, True]


async def test_a_wait_that_is_given_up_leaves_the_others_waiting(debug):
    opened = asyncio.Event()
    debugger = await debug(holding(opened), {"step": "B"})
    given_up, other = asyncio.create_task(debugger.wait()), asyncio.create_task(debugger.wait())
    await turns()
    given_up.cancel()
    await turns()
    opened.set()
    assert await asyncio.wait_for(other, 5)


# what a paused run shows


async def test_pending_lists_the_messages_in_the_order_of_delivery_and_marks_the_next(debug):
    debugger = await debug(fan("A", "B", "C"), {"step": "B"})
    await paused(debugger)
    assert [(item.target, item.next) for item in debugger.pending()] == [("B", True), ("C", False)]


async def test_pending_keeps_the_ids_of_messages(debug):
    debugger = await debug(fan("A", "B", "C"), paused=True)
    await paused(debugger)
    before = {item.target: item.id for item in debugger.pending()}
    assert len(set(before.values())) == 3
    await debugger.step()
    assert {item.target: item.id for item in debugger.pending()} == {"B": before["B"], "C": before["C"]}


async def test_pending_describes_a_message(debug):
    debugger = await debug(chain("A", "B"), {"step": "B"})
    point = await paused(debugger)
    (item,) = debugger.pending()
    assert item == point.message
    assert (item.event_id, item.source, item.target, item.function) == ("ADone", "A", "B", "relay")
    assert (item.parameter, item.data, item.next) == ("value", 1, True)
    assert debugger.events[item.seq - 1].event_id == "ADone"
    assert item.route == next(e.id for e in debugger.process.graph.edges if e.event_id == "ADone")


async def test_pending_lists_what_is_nested_before_what_waits_around_it(debug):
    process = wrapped(chain("A", name="one"), chain("B", name="two"))
    process.on_input_event("go").send_event_to(process.add_step(Relay, name="Beside"))
    debugger = await debug(process, paused=True)
    await paused(debugger)
    await debugger.into()
    assert [item.target for item in debugger.pending()] == ["one/A", "two", "Beside"]


async def test_pending_is_the_order_in_which_stepping_delivers(debug):
    process = wrapped(chain("A", name="one"), chain("B", name="two"))
    process.on_input_event("go").send_event_to(process.add_step(Relay, name="Beside"))
    debugger = await debug(process, {"step": "one/A"})
    await paused(debugger)
    expected = [item.target for item in debugger.pending()]
    assert expected[0] == "one/A"
    delivered = [debugger.paused.message.target]
    while len(delivered) < len(expected):
        await debugger.step()
        delivered.append(debugger.paused.message.target)
    assert delivered == expected


async def test_nothing_is_pending_at_rest_and_before_the_start(debug):
    assert Debugger(chain("A").build()).pending() == []
    debugger = await debug(chain("A"))
    await ended(debugger)
    assert debugger.pending() == []


async def test_live_shows_running_parked_failed_and_waiting(debug):
    opened, process = asyncio.Event(), ProcessBuilder("lively")
    go = process.on_input_event("go")
    go.send_event_to(process.add_step(Hold, name="Running", factory=lambda: Hold(opened)))
    go.send_event_to(process.add_step(Ask, name="Parked"))
    failing = process.add_step(Hold, name="Failed", factory=lambda: Hold(asyncio.Event(), ValueError("told to")))
    pair = process.add_step(Pair)
    go.send_event_to(failing).send_event_to(pair, parameter="left")
    process.on_input_event("other").send_event_to(pair, parameter="right")
    process.on_error().send_event_to(process.add_step(Keep))
    debugger = await debug(process)
    await turns()
    live = debugger.live()
    assert (set(live.running), live.parked, live.failed) == ({"Running", "Failed"}, ("Parked",), ())
    (waiting,) = live.waiting
    assert (waiting.path, waiting.function, waiting.arrived, waiting.missing) == ("Pair", "pair", ("left",), ("right",))
    opened.set()


async def test_live_forgets_a_failure_when_the_step_runs_again(debug):
    process = ProcessBuilder("failing")
    fail = process.add_step(Relay, name="A")
    process.on_input_event("go").send_event_to(fail)
    process.on_error().send_event_to(process.add_step(Keep))
    debugger = await debug(process, data=["not a number"])
    await ended(debugger)
    assert debugger.live().failed == ("A",)
    await debugger.run.send_event("go", 1)
    await ended(debugger)
    assert debugger.live() == type(debugger.live())()


async def test_nothing_is_live_before_the_start():
    live = Debugger(chain("A").build()).live()
    assert (live.running, live.parked, live.failed, live.waiting) == ((), (), (), ())


# starting


async def test_an_unknown_event_is_refused_and_the_debugger_may_start_again(debug):
    debugger = Debugger(chain("A").build())
    with pytest.raises(UnknownEventError):
        await debugger.start("og")
    assert debugger.run is None
    await debugger.start("go", 1)
    assert await ended(debugger) == "IDLE"
    await debugger.close()


async def test_a_start_without_an_event_takes_the_first(debug):
    debugger = await debug(chain("A"), event=None)
    await ended(debugger)
    assert invoked(debugger) == ["A"]


async def test_a_second_start_is_refused_while_the_run_goes_on(debug):
    debugger = await debug(chain("A"), paused=True)
    await paused(debugger)
    with pytest.raises(ProcessError, match="under way"):
        await debugger.start("go", 1)
    assert shown(debugger.paused) == "go -> A"


async def test_a_debugger_may_start_again_when_its_run_has_ended(debug):
    debugger = await debug(chain("A", "B"), {"step": "B"})
    first = debugger.run
    await paused(debugger)
    first.cancel()
    await ended(debugger)
    await debugger.start("go", 5)
    assert debugger.run is not first
    assert (await paused(debugger)).message.data == 6
    assert debugger.breakpoints[0].hit_count == 2


async def test_verbs_and_questions_before_the_start_are_refused():
    debugger = Debugger(chain("A").build())
    assert debugger.paused is None
    assert debugger.state is None
    with pytest.raises(ProcessError, match="no run"):
        await debugger.wait()
    with pytest.raises(ProcessError, match="no run"):
        debugger.release("continue")
    with pytest.raises(ProcessError, match="no run"):
        debugger.request_pause()
    await debugger.close()


async def test_a_debugger_may_be_handed_to_a_run_of_the_process():
    process = loop().build()
    debugger = Debugger(process)
    debugger.add_breakpoint(event="CountDone", hits="==2")
    async with process.start("go", 0, debugger=debugger) as run:
        assert (await paused(debugger)).message.data == 2
        debugger.release("continue")
        assert str(await run.idle()) == "IDLE"


async def test_no_data_is_pending_as_no_data(debug):
    process = ProcessBuilder("mere")
    process.on_input_event("go").send_event_to(process.add_step(Keep))
    debugger = await debug(process, paused=True, data=NO_DATA)
    assert (await paused(debugger)).message.data is NO_DATA
