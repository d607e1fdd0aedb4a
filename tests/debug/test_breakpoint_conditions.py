"""Conditions, hit counts, logpoints, one-shot and disabled breakpoints."""

import pytest
from debug_steps import chain, loop, of, paused, pauses, payloads, saying

from process_core.debug import BreakpointError
from process_core.events import NO_DATA
from process_core.predicate import PredicateError


async def data_at_pauses(debugger) -> list:
    found = []
    while await debugger.wait():
        found.append(debugger.paused.message.data)
        debugger.release("continue")
    return found


@pytest.mark.parametrize(
    ("condition", "data"),
    [
        ("data == 3", [3]),
        ("data > 3", [4, 5]),
        ("event_id == 'go'", [0]),
        ("path == 'Count' and superstep == 2", [1]),
        ("function == 'relay' and step == 'Count' and data % 2 == 0", [0, 2, 4]),
        ("type == 'executor_invoked' and cause > 0 and data == 0", [0]),
        ("source is None and target == 'Count'", [0]),
        ("source == path and data > 3", [4, 5]),
        ("route is None", []),
        ("data < 0", []),
    ],
)
async def test_a_condition_decides_by_payload_and_envelope(debug, condition, data):
    debugger = await debug(loop(), {"step": "Count", "condition": condition})
    assert await data_at_pauses(debugger) == data


async def test_a_condition_after_completion_sees_the_result(debug):
    debugger = await debug(loop(), {"step": "Count", "when": "after", "condition": "data == 4"})
    point = await paused(debugger)
    assert debugger.events[point.seq - 1].data == 4


async def test_a_condition_on_emit_sees_what_is_emitted(debug):
    debugger = await debug(loop(), {"step": "Count", "when": "emit", "condition": "data == 4"})
    point = await paused(debugger)
    assert debugger.events[point.seq - 1].event_id == "CountDone"
    assert debugger.events[point.seq - 1].data == 4


async def test_a_condition_without_a_payload_sees_none(debug):
    debugger = await debug(payloads(), {"step": "Keep", "condition": "data is None"}, event="mere", data=NO_DATA)
    assert await pauses(debugger) == ["mere -> Keep"]


async def test_a_condition_that_raises_stops_once_says_so_and_stays_armed(debug):
    given = [{"total": 1}, "no total", 7, {"total": 9}]
    debugger = await debug(payloads(), {"event": "X", "condition": "data.total > 5"}, data=given)
    point = debugger.breakpoints[0]
    assert point.problem is None

    assert (await paused(debugger)).message.data == "no total"
    assert "total" in point.problem
    assert point.hit_count == 0
    assert "total" in of(debugger, "breakpoint_hit")[-1].details["problem"]

    debugger.release("continue")
    assert (await paused(debugger)).message.data == {"total": 9}
    assert point.hit_count == 1
    assert await pauses(debugger) == ["X -> Keep"]


async def test_a_condition_that_raises_stops_whatever_the_hit_count_says(debug):
    debugger = await debug(loop(), {"step": "Count", "condition": "data.total > 5", "hits": "==3"})
    assert await data_at_pauses(debugger) == [0]


async def test_a_condition_that_raises_does_not_use_up_a_breakpoint_that_stops_once(debug):
    given = {"event": "X", "condition": "data.total > 5", "once": True}
    debugger = await debug(payloads(), given, data=["no total", {"total": 9}, {"total": 9}])
    assert await data_at_pauses(debugger) == ["no total", {"total": 9}]


async def test_a_condition_that_no_predicate_allows_is_refused_and_no_breakpoint_is_added(debug):
    debugger = await debug(loop())
    with pytest.raises(PredicateError):
        debugger.add_breakpoint(step="Count", condition="__import__('os')")
    assert debugger.breakpoints == ()


@pytest.mark.parametrize(
    ("hits", "data"),
    [("==3", [2]), (">=4", [3, 4, 5]), ("%2", [1, 3, 5]), (" % 3 ", [2, 5]), ("==1", [0]), ("==9", [])],
)
async def test_hits_decide_on_the_times_it_matched(debug, hits, data):
    debugger = await debug(loop(), {"step": "Count", "hits": hits})
    assert await data_at_pauses(debugger) == data
    assert debugger.breakpoints[0].hit_count == 6


async def test_hits_count_only_what_the_condition_lets_through(debug):
    debugger = await debug(loop(), {"step": "Count", "condition": "data % 2 == 1", "hits": "==2"})
    assert await data_at_pauses(debugger) == [3]


@pytest.mark.parametrize("hits", ["", "3", "==0", "<4", "==-1", "== 1 2", "%"])
async def test_hits_of_another_form_are_refused(debug, hits):
    debugger = await debug(loop())
    with pytest.raises(BreakpointError, match="hits"):
        debugger.add_breakpoint(step="Count", hits=hits)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "an event, a step, a function or a route"),
        ({"event": "X", "when": "later"}, "'before', 'after' or 'emit'"),
        ({"route": "X", "when": "emit"}, "route"),
    ],
)
async def test_a_breakpoint_that_makes_no_sense_is_refused(debug, given, said):
    debugger = await debug(loop())
    with pytest.raises(BreakpointError, match=said):
        debugger.add_breakpoint(**given)
    assert debugger.breakpoints == ()


async def test_a_logpoint_logs_instead_of_stopping(debug):
    given = {"event": "CountDone", "log": "at {superstep}: {data} to {path}", "condition": "data > 3"}
    debugger = await debug(loop(), given)
    assert await pauses(debugger) == []
    logs = of(debugger, "log")
    assert [log.data for log in logs] == ["at 5: 4 to Count", "at 6: 5 to Count"]
    assert {log.details["stream"] for log in logs} == {"logpoint"}
    assert {log.path for log in logs} == {"Count"}
    assert [debugger.events[log.cause - 1].event_id for log in logs] == ["CountDone", "CountDone"]
    assert of(debugger, "paused") == of(debugger, "breakpoint_hit") == []


async def test_a_logpoint_and_a_breakpoint_on_one_message_do_both(debug):
    debugger = await debug(chain("A", "B"), {"step": "B", "log": "here"}, {"step": "B"})
    assert await pauses(debugger) == ["ADone -> B"]
    assert [log.data for log in of(debugger, "log")] == ["here"]


async def test_a_logpoint_whose_condition_raises_logs_why_once(debug):
    debugger = await debug(loop(), {"step": "Count", "condition": "data.total", "log": "here"})
    assert await pauses(debugger) == []
    (log,) = of(debugger, "log")
    assert "total" in log.data


async def test_a_logpoint_may_count_hits_and_go_away_after_its_first_log(debug):
    debugger = await debug(loop(), {"step": "Count", "hits": "==2", "log": "at {data}", "once": True})
    assert await pauses(debugger) == []
    assert [log.data for log in of(debugger, "log")] == ["at 1"]
    assert debugger.breakpoints == ()


@pytest.mark.parametrize("when", ["before", "after", "emit"])
async def test_a_breakpoint_that_stops_once_is_gone_after_it(debug, when):
    debugger = await debug(loop(), {"step": "Count", "when": when, "once": True})
    point = debugger.breakpoints[0]
    assert (await paused(debugger)).breakpoint == point.id
    assert debugger.breakpoints == ()
    debugger.release("continue")
    assert await pauses(debugger) == []


async def test_two_breakpoints_that_stop_once_on_one_message_are_both_gone(debug):
    debugger = await debug(loop(), {"event": "CountDone", "once": True}, {"step": "Count", "hits": "==2", "once": True})
    assert await data_at_pauses(debugger) == [1]
    assert debugger.breakpoints == ()


async def test_a_breakpoint_on_emit_that_stops_once_stops_at_the_first_of_many(debug):
    debugger = await debug(saying(), {"event": "X", "when": "emit", "once": True}, data=["X", "X", "X"])
    assert await pauses(debugger) == ["end: Say"]


async def test_a_disabled_breakpoint_neither_stops_nor_counts(debug):
    debugger = await debug(loop(), {"event": "CountDone"}, paused=True)
    await paused(debugger)
    debugger.breakpoints[0].enabled = False
    debugger.release("continue")
    assert await pauses(debugger) == []
    assert debugger.breakpoints[0].hit_count == 0


async def test_a_breakpoint_that_is_enabled_again_stops(debug):
    debugger = await debug(loop(), {"step": "Count"}, {"step": "Count", "condition": "data == 2"})
    first, _ = debugger.breakpoints
    await paused(debugger)
    first.enabled = False
    debugger.release("continue")
    assert (await paused(debugger)).message.data == 2
    first.enabled = True
    assert await data_at_pauses(debugger) == [2, 3, 4, 5]


async def test_a_breakpoint_added_while_paused_counts_from_there(debug):
    debugger = await debug(loop(), {"step": "Count", "hits": "==3"})
    await paused(debugger)
    debugger.add_breakpoint(step="Count", condition="data == 4")
    assert await data_at_pauses(debugger) == [2, 4]


async def test_a_breakpoint_removed_while_paused_stops_no_more(debug):
    debugger = await debug(loop(), {"step": "Count"})
    await paused(debugger)
    debugger.remove_breakpoint(debugger.breakpoints[0].id)
    assert await data_at_pauses(debugger) == [0]


async def test_hits_that_wait_to_be_shown_are_dropped_with_their_breakpoint(debug):
    debugger = await debug(saying(), {"event": "X", "when": "emit"}, data=["X", "X", "X"])
    await paused(debugger)
    debugger.remove_breakpoint(debugger.breakpoints[0].id)
    assert await pauses(debugger) == ["end: Say"]


async def test_removing_a_breakpoint_that_is_gone_does_nothing(debug):
    debugger = await debug(loop(), {"step": "Count"})
    debugger.remove_breakpoint(99)
    assert len(debugger.breakpoints) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"step": "Count", "condition": "seq > 10"}, "write 'cause'"),
        ({"step": "Count", "log": "event {seq}"}, "write 'cause'"),
        ({"step": "Count", "condition": "arguments.value > 1"}, "write 'data'"),
        ({"step": "Count", "condition": "'message' == type"}, "'executor_invoked'"),
        ({"kind": "quiescence", "condition": "seq > 1"}, "'superstep'"),
        ({"kind": "error", "condition": "data.value > 1"}, "write arguments.value"),
    ],
    ids=str,
)
async def test_a_name_that_nothing_has_there_is_refused_with_what_to_write(debug, given, said):
    debugger = await debug(loop())
    with pytest.raises((PredicateError, BreakpointError), match=said):
        debugger.add_breakpoint(**given)
    assert debugger.breakpoints == ()
