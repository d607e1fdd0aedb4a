"""Breakpoints on errors, on warnings, and on coming to rest; muting and editing."""

import asyncio
import re

import pytest
from debug_steps import (
    Ask,
    Fail,
    Keep,
    Pair,
    Relay,
    Say,
    Typed,
    chain,
    deep,
    ended,
    fan,
    invoked,
    loop,
    of,
    paused,
    pauses,
    saying,
    wrapped,
)  # fmt: skip

from process_core import ProcessBuilder, Step, StepContext, WorkflowEvent, function
from process_core.debug import BreakpointError, Debugger


def failing(*, handled: bool = False, kind: type[Step] = Fail) -> ProcessBuilder:
    process = ProcessBuilder("failing")
    fail = process.add_step(kind, name="F")
    process.on_input_event("go").send_event_to(fail)
    if handled:
        process.on_error().send_event_to(process.add_step(Keep, name="Handler"))
    return process


def half_joined() -> ProcessBuilder:
    process = ProcessBuilder("half")
    pair = process.add_step(Pair)
    process.on_input_event("go").send_event_to(pair, parameter="left")
    process.on_input_event("other").send_event_to(pair, parameter="right")
    return process


class Warns(Step):
    @function
    async def warn(self, context: StepContext, value: int) -> None:
        await context.add_event(WorkflowEvent("warning", "mind this", {"code": "mind"}))


def types_since(debugger, kind: str) -> list[str]:
    types = [event.type for event in debugger.events]
    return types[types.index(kind) + 1 :]


# errors


@pytest.mark.parametrize("handled", [True, False])
async def test_an_error_breakpoint_stops_after_the_failure_and_before_anything_follows_from_it(debug, handled):
    debugger = await debug(failing(handled=handled), {"kind": "error"})
    point = await paused(debugger)
    assert point.path == "F"
    assert debugger.events[point.seq - 1].type == "executor_failed"
    assert types_since(debugger, "executor_failed") == ["breakpoint_hit", "paused"]
    debugger.release("continue")
    assert await ended(debugger) == ("IDLE" if handled else "FAILED")
    assert ("Handler" in invoked(debugger)) is handled


async def test_a_pause_says_what_it_is_about_and_not_what_comes_next(debug):
    process = fan("A", "B", kind=Fail)
    process.on_error().send_event_to(process.add_step(Keep))
    debugger = await debug(process, {"kind": "error"}, {"kind": "quiescence"}, {"function": "keep", "when": "after"})
    said = []
    while await debugger.wait():
        said.append((debugger.paused.path, debugger.paused.function, debugger.paused.about))
        debugger.release("continue")
    assert said == [
        ("A", "fail", "A.fail failed: ValueError: told to: 0"),
        ("B", "fail", "B.fail failed: ValueError: told to: 0"),
        ("Keep", "keep", "Keep.keep completed"),
        ("Keep", "keep", "Keep.keep completed"),
        ("", None, "nothing is pending: the run is about to become idle"),
    ]
    rows = of(debugger, "paused")
    assert [(row.path, row.function, row.event_id) for row in rows[:2]] == [("A", "fail", None), ("B", "fail", None)]
    assert [row.data for row in rows] == [about for _, _, about in said]


async def test_a_warning_pause_quotes_the_warning(debug):
    debugger = await debug(half_joined(), {"kind": "warning"})
    assert (await paused(debugger)).about.startswith("warning missing_input: ")


async def test_a_pause_about_something_stays_so_while_the_queue_is_edited(debug):
    process = ProcessBuilder("unrouted")
    say, relay = process.add_step(Say), process.add_step(Relay)
    process.on_input_event("go").send_event_to(say)
    say.on_event("X").send_event_to(relay)
    debugger = await debug(process, {"kind": "warning"}, data=["X", "Nobody"])
    point = await paused(debugger)
    assert point.message.event_id == "X"
    debugger.editor.hold(point.message.id)
    assert (debugger.paused.about, debugger.paused.seq, debugger.paused.message) == (point.about, point.seq, None)


@pytest.mark.parametrize("is_let_go_at_once", [True, False])
async def test_a_breakpoint_does_not_stop_again_at_a_message_that_was_held_and_comes_back(debug, is_let_go_at_once):
    debugger = await debug(fan("A", "B"), {"event": "ADone"}, {"event": "BDone"})
    message = (await paused(debugger)).message
    debugger.editor.hold(message.id)
    if is_let_go_at_once:
        debugger.editor.let_go(message.id)
        assert await pauses(debugger) == ["ADone -> End", "BDone -> End"]
    else:
        debugger.release("continue")
        assert await pauses(debugger) == ["BDone -> End"]
        debugger.editor.let_go(message.id)
        assert await ended(debugger) == "IDLE"
    assert debugger.breakpoints[0].hit_count == 1
    assert invoked(debugger).count("End") == 2


@pytest.mark.parametrize(
    ("given", "stops"),
    [
        ({"code": "ValueError"}, 1),
        ({"code": "KeyError"}, 0),
        ({"code": "step_failed"}, 1),
        ({"step": "F"}, 1),
        ({"step": "Handler"}, 0),
        ({"function": "fail", "code": "ValueError"}, 1),
        ({"function": "keep"}, 0),
        ({"condition": "arguments.value == 0 and code == 'step_failed'"}, 1),
        ({"condition": "type != 'executor_failed'"}, 0),
        ({"hits": ">=2"}, 0),
    ],
    ids=str,
)
async def test_an_error_breakpoint_can_be_limited_to_some_errors(debug, given, stops):
    debugger = await debug(failing(handled=True), {"kind": "error", **given})
    assert len(await pauses(debugger)) == stops


async def test_a_payload_that_does_not_fit_is_an_error_too(debug):
    debugger = await debug(failing(kind=Typed), {"kind": "error", "code": "payload_mismatch"}, data="no number")
    assert (await paused(debugger)).path == "F"


async def test_an_error_that_comes_out_of_a_nested_process_stops_once(debug):
    debugger = await debug(wrapped(failing()), {"kind": "error"})
    assert await pauses(debugger) == ["end: failing/F"]
    assert [event.path for event in of(debugger, "executor_failed")] == ["failing/F", "failing"]


async def test_an_error_breakpoint_on_a_nested_process_stops_at_what_comes_out_of_it(debug):
    debugger = await debug(wrapped(failing()), {"kind": "error", "step": "failing"})
    assert await pauses(debugger) == ["end: failing"]


async def test_two_errors_in_one_superstep_both_stop(debug):
    process = fan("A", "B", kind=Fail)
    process.on_error().send_event_to(process.add_step(Keep))
    debugger = await debug(process, {"kind": "error"})
    found = []
    while await debugger.wait():
        found.append(debugger.paused.path)
        debugger.release("continue")
    assert found == ["A", "B"]


async def test_an_error_logpoint_says_what_was_given_and_does_not_stop(debug):
    debugger = await debug(
        failing(handled=True), {"kind": "error", "log": "{path} failed on {arguments.value}: {data.message}"}
    )
    assert await ended(debugger) == "IDLE"
    assert [event.data for event in of(debugger, "log")] == ["F failed on 0: told to: 0"]


# warnings


async def test_a_warning_breakpoint_stops_before_the_next_message(debug):
    process = ProcessBuilder("unrouted")
    say, relay = process.add_step(Say), process.add_step(Relay)
    process.on_input_event("go").send_event_to(say)
    say.on_event("X").send_event_to(relay)
    debugger = await debug(process, {"kind": "warning", "code": "unrouted_event"}, data=["X", "Nobody"])
    point = await paused(debugger)
    assert debugger.events[point.seq - 1].details["event"] == "Nobody"
    assert (point.message.event_id, point.message.target) == ("X", "Relay")
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"
    assert invoked(debugger) == ["Say", "Relay"]


async def test_a_warning_that_comes_last_stops_before_the_run_rests(debug):
    debugger = await debug(half_joined(), {"kind": "warning"})
    point = await paused(debugger)
    assert (point.path, debugger.events[point.seq - 1].code) == ("Pair", "missing_input")
    assert of(debugger, "status")[-1].state.value == "IN_PROGRESS"
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"


async def test_a_warning_as_a_process_stops_pauses_before_its_end(debug):
    process = saying("Stop")
    process.on_input_event("more").send_event_to(process.add_step(Relay))
    say = process
    debugger = await debug(say, {"kind": "warning", "code": "unrouted_event"}, data=["Nobody", "Stop"])
    await paused(debugger)
    await debugger.run.send_event("more", 1)
    debugger.release("continue")
    assert await ended(debugger) == "STOPPED"
    assert [event.code for event in of(debugger, "warning")] == ["unrouted_event", "discarded_messages"]


async def test_a_steps_own_warning_stops_by_its_code(debug):
    process = ProcessBuilder("warns")
    process.on_input_event("go").send_event_to(process.add_step(Warns))
    debugger = await debug(process, {"kind": "warning", "code": "mind", "step": "Warns"})
    assert (await paused(debugger)).path == "Warns"
    debugger.release("continue")
    await ended(debugger)


async def test_a_warning_of_another_code_or_step_does_not_stop(debug):
    given = [{"kind": "warning", "code": "unused_input"}, {"kind": "warning", "step": "outer"}]
    debugger = await debug(half_joined(), *given)
    assert await ended(debugger) == "IDLE"


# coming to rest


async def test_a_quiescence_breakpoint_stops_with_all_said_and_the_run_still_in_progress(debug):
    debugger = await debug(half_joined(), {"kind": "quiescence"})
    await paused(debugger)
    assert [event.code for event in of(debugger, "warning")] == ["missing_input"]
    assert [event.state.value for event in of(debugger, "status")] == ["IN_PROGRESS"]
    assert debugger.events[-3].type == "superstep_completed"
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"
    assert [event.state.value for event in of(debugger, "status")] == ["IN_PROGRESS", "IDLE"]


async def test_what_is_brought_in_at_quiescence_goes_on_without_a_rest_between(debug):
    debugger = await debug(half_joined(), {"kind": "quiescence"})
    await paused(debugger)
    await debugger.run.send_event("other", 1)
    debugger.release("continue")
    await paused(debugger)
    assert invoked(debugger) == ["Pair"]
    assert debugger.breakpoints[0].hit_count == 2
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"
    assert [event.state.value for event in of(debugger, "status")] == ["IN_PROGRESS", "IDLE"]


async def test_what_is_brought_in_at_a_last_warning_puts_the_stop_at_rest_off(debug):
    debugger = await debug(half_joined(), {"kind": "warning"}, {"kind": "quiescence", "once": True})
    kinds = {point.id: point.kind for point in debugger.breakpoints}
    await paused(debugger)
    await debugger.run.send_event("other", 1)
    debugger.release("continue")
    assert kinds[(await paused(debugger)).breakpoint] == "quiescence"
    assert invoked(debugger) == ["Pair"]
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"


async def test_a_run_that_waits_for_an_answer_stops_at_each_rest(debug):
    debugger = await debug(chain("A", kind=Ask), {"kind": "quiescence"})
    await paused(debugger)
    debugger.release("continue")
    assert await ended(debugger) == "IDLE_WITH_PENDING_REQUESTS"
    await debugger.run.respond(debugger.run.pending_requests[0].request_id, "hi")
    await paused(debugger)
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"


async def test_a_question_answered_at_quiescence_goes_on(debug):
    debugger = await debug(chain("A", kind=Ask), {"kind": "quiescence", "once": True})
    await paused(debugger)
    await debugger.run.respond(debugger.run.pending_requests[0].request_id, "hi")
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"


async def test_a_run_that_is_stopped_does_not_come_to_rest(debug):
    debugger = await debug(saying("Stop"), {"kind": "quiescence"}, data=["Stop"])
    assert await ended(debugger) == "STOPPED"


async def test_a_nested_process_that_is_done_is_no_rest(debug):
    debugger = await debug(deep(), {"kind": "quiescence"})
    assert await pauses(debugger) == ["end: "]


async def test_cancelling_at_quiescence_ends_the_run(debug):
    debugger = await debug(loop(), {"kind": "quiescence"})
    await paused(debugger)
    debugger.run.cancel()
    assert await ended(debugger) == "CANCELLED"


async def test_closing_at_quiescence_ends_the_run(debug):
    debugger = await debug(loop(), {"kind": "quiescence"})
    await paused(debugger)
    await asyncio.wait_for(debugger.close(), 5)
    assert str(debugger.state) == "CANCELLED"


# order


async def test_breakpoints_of_all_kinds_in_one_superstep_stop_in_the_order_in_which_things_happen(debug):
    process = fan("A", "B", kind=Fail)
    process.on_error().send_event_to(process.add_step(Keep))
    debugger = await debug(process, {"step": "A"}, {"step": "B"}, {"kind": "error"}, {"kind": "quiescence"})
    found = []
    while await debugger.wait():
        found.append((debugger.paused.breakpoint, debugger.paused.path))
        debugger.release("continue")
    assert [place for place in found if place[0] < 3] == [(1, "A"), (2, "B")]
    assert [place for place in found if place[0] == 3] == [(3, "A"), (3, "B")]
    assert found[-1] == (4, "")
    assert len(found) == 5


# what makes no sense


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kind": "eror"}, "'error'"),
        ({"kind": "error", "event": "X"}, "no event"),
        ({"kind": "error", "route": "X"}, "no route"),
        ({"kind": "warning", "route": "X"}, "no route"),
        ({"kind": "quiescence", "step": "X"}, "no step"),
        ({"kind": "quiescence", "code": "X"}, "no code"),
        ({"event": "go", "code": "X"}, "no code"),
        ({"kind": "error", "when": "after"}, "when='after'"),
        ({}, "an event, a step, a function or a route"),
    ],
    ids=str,
)
def test_a_breakpoint_that_makes_no_sense_is_refused(given, told):
    with pytest.raises(BreakpointError, match=re.escape(told)):
        Debugger(loop().build()).add_breakpoint(**given)


@pytest.mark.parametrize(
    ("given", "bound", "hint"),
    [
        ({"kind": "error"}, True, None),
        ({"kind": "error", "code": "Anything"}, True, None),
        ({"kind": "error", "step": "outer/inner/*"}, True, None),
        ({"kind": "error", "step": "outer/iner/X"}, False, "did you mean 'outer/inner/X'?"),
        ({"kind": "error", "function": "relais"}, False, "did you mean 'relay'?"),
        ({"kind": "warning", "step": "outer/inner"}, True, None),
        ({"kind": "warning", "step": "B", "event": "Any"}, True, None),
        ({"kind": "warning", "code": "missing_imput"}, True, "did you mean 'missing_input'?"),
        ({"kind": "warning", "code": "of a step's own"}, True, None),
        ({"kind": "warning", "step": "C"}, False, "no step matches 'C'"),
        ({"kind": "quiescence"}, True, None),
    ],
    ids=str,
)
def test_a_name_that_does_not_exist_is_reported_with_what_was_meant(given, bound, hint):
    point = Debugger(deep().build()).add_breakpoint(**given)
    assert point.bound is bound
    assert hint in point.problem if hint else point.problem is None


# muting and editing


async def test_a_muted_debugger_stops_nowhere_and_counts_nothing(debug):
    debugger = await debug(loop(), {"step": "Count"}, {"step": "Count", "log": "{data}"}, {"kind": "quiescence"})
    assert (await paused(debugger)).message.data == 0
    debugger.muted = True
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"
    assert [point.hit_count for point in debugger.breakpoints] == [1, 1, 0]
    assert len(of(debugger, "log")) == 1
    assert all(point.enabled for point in debugger.breakpoints)


async def test_a_muted_debugger_holds_nothing_up(debug):
    debugger = await debug(loop(), {"step": "Count"}, paused=True)
    await paused(debugger)
    debugger.muted = True
    debugger.release("continue")
    await ended(debugger)
    assert not debugger._attached.controller.holds(debugger.run.record.root.delivered)


async def test_a_debugger_that_is_no_longer_muted_stops_again(debug):
    debugger = await debug(loop(), {"step": "Count"})
    debugger.muted = True
    assert await ended(debugger) == "IDLE"
    debugger.muted = False
    await debugger.run.send_event("go", 4)
    assert await pauses(debugger) == ["go -> Count", "CountDone -> Count"]


async def test_running_to_somewhere_still_ends_there_where_all_is_muted(debug):
    debugger = await debug(loop(), {"step": "Count"}, paused=True)
    await paused(debugger)
    debugger.muted = True
    assert await debugger.run_to(event="CountDone")
    assert debugger.paused.message.event_id == "CountDone"


async def test_what_has_hit_and_was_not_shown_yet_is_not_shown_where_all_is_muted(debug):
    process = fan("A", "B", kind=Fail)
    process.on_error().send_event_to(process.add_step(Keep))
    debugger = await debug(process, {"kind": "error"})
    await paused(debugger)
    debugger.muted = True
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"


async def test_an_edited_breakpoint_keeps_its_number_and_place_and_counts_again(debug):
    debugger = await debug(loop(), {"step": "Count"}, {"event": "never"})
    await paused(debugger)
    first = debugger.breakpoints[0]
    edited = debugger.edit_breakpoint(first.id, step="Count", condition="data >= 4")
    assert edited.hit_count == 0
    assert [point.id for point in debugger.breakpoints] == [1, 2]
    assert debugger.breakpoints[0] is edited
    debugger.release("continue")
    assert (await paused(debugger)).message.data == 4
    assert (first.hit_count, edited.hit_count) == (1, 1)


async def test_editing_the_breakpoint_that_holds_a_message_does_not_hold_it_again(debug):
    debugger = await debug(chain("A", "B"), {"step": "A"})
    await paused(debugger)
    debugger.edit_breakpoint(1, event="go")
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"
    assert debugger.breakpoints[0].hit_count == 0


def test_an_edit_that_makes_no_sense_leaves_the_breakpoint_as_it_was():
    debugger = Debugger(loop().build())
    point = debugger.add_breakpoint(step="Count")
    with pytest.raises(BreakpointError):
        debugger.edit_breakpoint(point.id)
    with pytest.raises(BreakpointError, match="no breakpoint 7"):
        debugger.edit_breakpoint(7, step="Count")
    assert debugger.breakpoints == (point,)
