"""Rules 9, 10, 11, 14, 20, 29 and 34: a process as a step of another."""

import asyncio
from typing import Any

import pytest
from rules_observing import assert_grammar, calls, of, only, said, warnings
from rules_steps import Pair, Say, Seen, Sink, Trigger

from process_core import (
    ProcessBuilder,
    ProcessEvent,
    RunError,
    RunState,
    Step,
    StepContext,
    StepFailedError,
    Visibility,
    WorkflowEvent,
    function,
)

PUBLIC, INTERNAL = Visibility.PUBLIC, Visibility.INTERNAL


def sayer(name="inner"):
    """Build a process that says what it is asked through its input `say`."""
    inner = ProcessBuilder(name)
    inner.on_input_event("say").send_event_to(inner.add_step(Say))
    return inner


def around(inner, *, event="say", name=None):
    """Put a process into another one, whose input `go` goes to `event` of it; give both."""
    outer = ProcessBuilder("outer")
    nested = outer.add_process(inner, name=name)
    outer.on_input_event("go").send_event_to(nested.where_input_event_is(event))
    return outer, nested


async def test_rule_09_a_public_event_is_raised_by_the_enclosing_process():
    outer, nested = around(sayer())
    nested.on_event("Done").send_event_to(outer.add_step(Sink))
    result = await outer.build().run("go", [("Done", 1, PUBLIC)])
    assert result.step_states["Sink"].values == [1]


async def test_rule_09_an_internal_event_stays_in_its_process():
    outer, nested = around(sayer())
    nested.on_event("Done").send_event_to(outer.add_step(Sink))
    result = await outer.build().run("go", [("Done", 1, INTERNAL)])
    assert result.step_states["Sink"].values == []
    assert result.public_events == []


async def test_rule_09_an_internal_event_that_the_parent_routes_by_name_is_reported():
    outer, nested = around(sayer())
    nested.on_event("Done").send_event_to(outer.add_step(Sink))
    result = await outer.build().run("go", [("Done", 1, INTERNAL)])
    (warning,) = warnings(result.events, "internal_event_not_visible")
    assert "Done" in said(warning)


async def test_rule_09_a_public_event_is_also_routed_in_its_own_process():
    inner = ProcessBuilder("inner")
    say, sink = inner.add_step(Say), inner.add_step(Sink)
    inner.on_input_event("say").send_event_to(say)
    say.on_event("Done").send_event_to(sink)
    outer, nested = around(inner)
    nested.on_event("Done").send_event_to(outer.add_step(Sink))
    result = await outer.build().run("go", [("Done", 1, PUBLIC)])
    assert (result.step_states["inner/Sink"].values, result.step_states["Sink"].values) == ([1], [1])


async def test_rule_09_a_public_event_rises_through_any_depth():
    middle, _ = around(sayer())
    outer = ProcessBuilder("top")
    nested = outer.add_process(middle)
    outer.on_input_event("go").send_event_to(nested.where_input_event_is("go"))
    nested.on_event("Done").send_event_to(outer.add_step(Sink))
    result = await outer.build().run("go", [("Done", 1, PUBLIC)])
    assert result.step_states["Sink"].values == [1]
    assert [(e.id, e.data) for e in result.public_events] == [("Done", 1)]


async def test_rule_09_public_events_of_the_root_are_in_the_result_in_order():
    outer, _ = around(sayer())
    result = await outer.build().run("go", [("A", 1, PUBLIC), ("B", 2, INTERNAL), ("C", 3, PUBLIC)])
    assert [(e.id, e.data, e.visibility) for e in result.public_events] == [("A", 1, PUBLIC), ("C", 3, PUBLIC)]


async def test_rule_10_a_nested_process_runs_to_rest_inside_one_superstep_of_its_parent():
    inner = ProcessBuilder("inner")
    say, sink = inner.add_step(Say), inner.add_step(Sink)
    inner.on_input_event("say").send_event_to(say)
    say.on_event("X").send_event_to(sink)
    outer, nested = around(inner)
    nested.on_function_result().send_event_to(outer.add_step(Trigger))
    result = await outer.build().run("go", [("X", 1)])
    assert calls(result.events) == [
        (1, "inner", "say"),
        (1, "inner/Say", "say"),
        (2, "inner/Sink", "take"),
        (2, "Trigger", "fire"),
    ]
    assert_grammar(result.events)


async def test_rule_10_the_events_of_a_nested_process_lie_between_those_of_its_call():
    outer, _ = around(sayer())
    result = await outer.build().run("go", [])
    invoked = only(result.events, "executor_invoked", path="inner")
    completed = only(result.events, "executor_completed", path="inner")
    inside = [e for e in result.events if e.path == "inner/Say" or (e.path == "inner" and e.step is None)]
    assert inside
    assert all(invoked.seq < e.seq < completed.seq for e in inside)


async def test_rule_10_the_events_of_a_nested_process_stream_as_they_happen():
    gate = asyncio.Event()

    class Waits(Step):
        @function
        async def work(self, context: StepContext) -> None:
            await context.add_event(WorkflowEvent("tick"))
            await asyncio.wait_for(gate.wait(), 5)

    inner = ProcessBuilder("inner")
    inner.on_input_event("say").send_event_to(inner.add_step(Waits))
    outer, _ = around(inner)
    async for event in outer.build().run_stream("go"):
        if event.type == "tick":
            assert (event.path, event.step) == ("inner/Waits", "Waits")
            gate.set()
    assert event.state is RunState.IDLE


async def test_rule_10_two_messages_to_a_nested_process_are_served_one_after_the_other():
    class Slow(Step[Seen]):
        @function
        async def work(self, value: Any) -> None:
            self.state.values.append(f"begin {value}")
            await asyncio.sleep(0.001)
            self.state.values.append(f"end {value}")

    inner = ProcessBuilder("inner")
    inner.on_input_event("x").send_event_to(inner.add_step(Slow))
    outer = ProcessBuilder("outer")
    say, nested = outer.add_step(Say), outer.add_process(inner)
    outer.on_input_event("go").send_event_to(say)
    say.on_event("X").send_event_to(nested.where_input_event_is("x"))
    result = await outer.build().run("go", [("X", 1), ("X", 2)])
    assert result.step_states["inner/Slow"].values == ["begin 1", "end 1", "begin 2", "end 2"]
    assert_grammar(result.events)


async def test_rule_10_nested_state_lasts_for_the_run():
    inner = ProcessBuilder("inner")
    inner.on_input_event("x").send_event_to(inner.add_step(Sink))
    outer, _ = around(inner, event="x")
    async with outer.build().start("go", 1) as run:
        await run.idle()
        await run.send_event("go", 2)
        await run.idle()
        assert run.step_states["inner/Sink"].values == [1, 2]


async def test_rule_10_a_half_filled_join_inside_lasts_for_the_run():
    inner = ProcessBuilder("inner")
    pair = inner.add_step(Pair)
    inner.on_input_event("l").send_event_to(pair, parameter="left")
    inner.on_input_event("r").send_event_to(pair, parameter="right")
    outer = ProcessBuilder("outer")
    nested = outer.add_process(inner)
    outer.on_input_event("l").send_event_to(nested.where_input_event_is("l"))
    outer.on_input_event("r").send_event_to(nested.where_input_event_is("r"))
    async with outer.build().start("l", 1) as run:
        await run.idle()
        await run.send_event("r", 2)
        await run.idle()
        assert run.step_states["inner/Pair"].values == [(1, 2)]


async def test_rule_10_a_built_process_can_be_nested_twice_without_sharing():
    inner = ProcessBuilder("inner")
    inner.on_input_event("x").send_event_to(inner.add_step(Sink))
    built = inner.build()
    outer = ProcessBuilder("outer")
    one, two = outer.add_process(built, name="one"), outer.add_process(built, name="two")
    outer.on_input_event("go").send_event_to(one.where_input_event_is("x"))
    outer.on_input_event("too").send_event_to(two.where_input_event_is("x"))
    result = await outer.build().run("go", 1)
    assert (result.step_states["one/Sink"].values, result.step_states["two/Sink"].values) == ([1], [])


async def test_rule_10_siblings_of_a_nested_process_run_beside_it():
    meeting = asyncio.Barrier(2)

    class Meet(Step):
        @function
        async def meet(self) -> None:
            await asyncio.wait_for(meeting.wait(), 5)

    inner = ProcessBuilder("inner")
    inner.on_input_event("x").send_event_to(inner.add_step(Meet))
    outer = ProcessBuilder("outer")
    nested, beside = outer.add_process(inner), outer.add_step(Meet)
    outer.on_input_event("go").send_event_to(nested.where_input_event_is("x")).send_event_to(beside)
    assert (await outer.build().run("go")).state is RunState.IDLE


async def test_rule_11_a_nested_stop_stops_the_nested_process_alone():
    inner = ProcessBuilder("inner")
    say, sink = inner.add_step(Say), inner.add_step(Sink)
    inner.on_input_event("say").send_event_to(say)
    say.on_event("Exit").stop_process()
    say.on_event("X").send_event_to(sink)
    outer, nested = around(inner)
    nested.on_function_result().send_event_to(outer.add_step(Trigger))
    result = await outer.build().run("go", [("X", 1), ("Exit",)])
    assert result.state is RunState.IDLE
    assert result.step_states["inner/Sink"].values == []
    assert result.step_states["Trigger"].values == ["fired"]
    assert_grammar(result.events)


async def test_rule_29_a_nested_process_that_stopped_runs_again_with_its_state():
    inner = ProcessBuilder("inner")
    sink, say = inner.add_step(Sink), inner.add_step(Say)
    inner.on_input_event("say").send_event_to(say).send_event_to(sink)
    say.on_event("Exit").stop_process()
    outer, _ = around(inner)
    async with outer.build().start("go", [("Exit",)]) as run:
        await run.idle()
        await run.send_event("go", [])
        await run.idle()
        assert run.step_states["inner/Sink"].values == [[("Exit",)], []]


async def test_rule_29_public_events_of_a_stopping_nested_process_still_leave_it():
    inner = ProcessBuilder("inner")
    say = inner.add_step(Say)
    inner.on_input_event("say").send_event_to(say)
    say.on_event("Exit").stop_process()
    outer, nested = around(inner)
    nested.on_event("Out").send_event_to(outer.add_step(Sink))
    result = await outer.build().run("go", [("Exit",), ("Out", 1, PUBLIC)])
    assert result.step_states["Sink"].values == [1]


async def test_rule_14_a_nested_process_inherits_the_limit():
    inner = ProcessBuilder("inner")
    say = inner.add_step(Say)
    inner.on_input_event("say").send_event_to(say)
    say.on_event("Again").send_event_to(say)
    outer, _ = around(inner)
    script: list[Any] = []
    script.append(("Again", script))
    async with outer.build().start("go", script, max_supersteps=4) as run:
        await run.idle()
        assert run.state is RunState.FAILED
        assert len(of(run.events, "superstep_started", path="inner")) == 4


async def test_rule_14_a_nested_limit_raises_from_run():
    inner = ProcessBuilder("inner")
    say = inner.add_step(Say)
    inner.on_input_event("say").send_event_to(say)
    say.on_event("Again").send_event_to(say)
    outer, _ = around(inner)
    script: list[Any] = []
    script.append(("Again", script))
    with pytest.raises(RunError):
        await outer.build().run("go", script, max_supersteps=4)


async def test_rule_20_paths_leave_out_the_root_and_name_every_level():
    middle, _ = around(sayer(), name="deep")
    outer = ProcessBuilder("top")
    nested = outer.add_process(middle, name="mid")
    outer.on_input_event("go").send_event_to(nested.where_input_event_is("go"))
    result = await outer.build().run("go", [])
    assert [path for _, path, _ in calls(result.events)] == ["mid", "mid/deep", "mid/deep/Say"]
    assert {e.path for e in of(result.events, "superstep_started")} == {"", "mid", "mid/deep"}
    assert {e.executor_id for e in of(result.events, "executor_completed")} == {"mid", "mid/deep", "mid/deep/Say"}


async def test_rule_20_a_nested_run_has_no_started_and_no_status_of_its_own():
    outer, _ = around(sayer())
    result = await outer.build().run("go", [])
    assert [e.path for e in of(result.events, "started") + of(result.events, "status")] == ["", "", ""]


async def test_rule_34_the_supersteps_of_a_nested_process_count_on_over_the_run():
    outer, _ = around(sayer())
    async with outer.build().start("go", []) as run:
        await run.idle()
        await run.send_event("go", [])
        await run.idle()
        assert [e.superstep for e in of(run.events, "superstep_started", path="inner")] == [1, 2]


async def test_rule_34_the_automatic_result_of_a_nested_process_is_on_result():
    outer, nested = around(sayer())
    nested.on_event("OnResult").send_event_to(outer.add_step(Trigger))
    result = await outer.build().run("go", [])
    assert result.step_states["Trigger"].values == ["fired"]
    assert only(result.events, "executor_completed", path="inner").event_id == "OnResult"


async def test_the_context_of_a_nested_step_knows_its_place():
    class Place(Step[Seen]):
        @function
        async def take(self, context: StepContext) -> None:
            self.state.values.append((context.path, context.superstep, context.run_id))

    inner = ProcessBuilder("inner")
    inner.on_input_event("x").send_event_to(inner.add_step(Place))
    outer, _ = around(inner, event="x")
    result = await outer.build().run("go")
    assert result.step_states["inner/Place"].values == [("inner/Place", 1, result.events[0].run_id)]


async def test_rule_27_no_data_stays_no_data_on_its_way_out_of_a_process_and_into_one():
    class Greets(Step[Seen]):
        @function
        async def greet(self, name: Any = "nobody") -> None:
            self.state.values.append(name)

    listener = ProcessBuilder("listener")
    listener.on_input_event("heard").send_event_to(listener.add_step(Greets))
    outer, nested = around(sayer())
    listening = outer.add_process(listener)
    nested.on_event("E").send_event_to(listening.where_input_event_is("heard"))
    result = await outer.build().run("go", [(ProcessEvent("E", visibility=PUBLIC),)])
    assert result.step_states["listener/Greets"].values == ["nobody"]


async def test_what_a_nested_step_yields_is_an_output_of_the_run():
    class Yields(Step):
        @function
        async def work(self, context: StepContext, value: Any) -> None:
            await context.yield_output(value)

    inner = ProcessBuilder("inner")
    inner.on_input_event("x").send_event_to(inner.add_step(Yields))
    outer, _ = around(inner, event="x")
    assert (await outer.build().run("go", 5)).outputs == [5]


def counting(limit=None):
    """Build a process that goes round as often as it is asked."""

    class Rounds(Step[Seen]):
        @function
        async def turn(self, context: StepContext, left: int) -> None:
            self.state.values.append(left)
            if left > 1:
                context.emit_event("Again", left - 1)

    inner = ProcessBuilder("inner", max_supersteps=limit)
    rounds = inner.add_step(Rounds)
    inner.on_input_event("turn").send_event_to(rounds)
    rounds.on_event("Again").send_event_to(rounds)
    return inner


async def test_rule_14_a_nested_process_counts_its_supersteps_again_for_each_message():
    outer = ProcessBuilder("outer")
    say, nested = outer.add_step(Say), outer.add_process(counting())
    outer.on_input_event("go").send_event_to(say)
    say.on_event("Turn").send_event_to(nested.where_input_event_is("turn"))
    result = await outer.build().run("go", [("Turn", 3), ("Turn", 3)], max_supersteps=3)
    assert result.step_states["inner/Rounds"].values == [3, 2, 1, 3, 2, 1]


async def test_rule_14_a_nested_process_inherits_the_limit_unless_it_says_its_own():
    with pytest.raises(StepFailedError, match="within 4 supersteps"):
        await around(counting(limit=4), event="turn")[0].build().run("go", 9)
    result = await around(counting(limit=9), event="turn")[0].build().run("go", 9, max_supersteps=2)
    assert result.state is RunState.IDLE


async def test_rule_14_an_error_route_of_the_parent_takes_a_nested_limit():
    outer, nested = around(counting(), event="turn")
    nested.on_function_error().send_event_to(outer.add_step(Sink))
    result = await outer.build().run("go", 9, max_supersteps=3)
    (failure,) = result.step_states["Sink"].values
    assert result.state is RunState.IDLE
    assert failure.type.endswith("SuperstepLimitError")
    assert "did not become idle within 3 supersteps" in failure.message


async def test_rule_29_a_value_that_waits_in_a_nested_process_outlives_its_stop():
    inner = ProcessBuilder("inner")
    say, pair = inner.add_step(Say), inner.add_step(Pair)
    inner.on_input_event("say").send_event_to(say)
    say.on_event("Left").send_event_to(pair, parameter="left")
    say.on_event("Right").send_event_to(pair, parameter="right")
    say.on_event("Stop").stop_process()
    outer, _ = around(inner)
    async with outer.build().start("go", [("Left", 1)]) as run:
        for script in ([("Stop",)], [("Right", 2)]):
            await run.idle()
            await run.send_event("go", script)
        await run.idle()
        assert run.step_states["inner/Pair"].values == [(1, 2)]


async def test_rule_34_the_automatic_failure_of_a_nested_process_is_on_error():
    class Fails(Step):
        @function
        async def go(self) -> None:
            raise ValueError("inside")

    inner = ProcessBuilder("inner")
    inner.on_input_event("say").send_event_to(inner.add_step(Fails))
    outer, nested = around(inner)
    nested.on_event("OnError").send_event_to(outer.add_step(Sink))
    result = await outer.build().run("go")
    assert [failure.message for failure in result.step_states["Sink"].values] == ["inside"]
