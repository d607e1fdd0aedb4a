"""Rules 7, 8, 14 and 16: the order of a run, its limit and its independence."""

import asyncio
import threading
from typing import Any

import pytest
from rules_observing import assert_grammar, calls, of, only, said
from rules_steps import Double, Pair, Say, Seen, Sink

from process_core import (
    ProcessBuilder,
    ProcessDefinitionError,
    RunState,
    Step,
    StepContext,
    SuperstepLimitError,
    Visibility,
    function,
)


class Sleepy(Step):
    """Sleeps for as long as it is asked by its name, then emits twice and returns."""

    @function
    async def work(self, context: StepContext, value: Any) -> str:
        await asyncio.sleep(0.02 if context.path == "Slow" else 0)
        await context.emit_event("Out", f"{context.path} 1")
        await context.emit_event("Out", f"{context.path} 2")
        return f"{context.path} result"


class Loop(Step[Seen]):
    """Goes on until its number is down to nothing."""

    @function
    async def turn(self, context: StepContext, left: int) -> None:
        self.state.values.append(left)
        if left > 0:
            await context.emit_event("Again", left - 1)


def looping(limit=None):
    process = ProcessBuilder("P", max_supersteps=limit)
    loop = process.add_step(Loop)
    process.on_input_event("go").send_event_to(loop)
    loop.on_event("Again").send_event_to(loop)
    return process.build()


async def test_rule_07_messages_follow_source_registration_then_emission_then_route_order():
    process = ProcessBuilder("P")
    slow, fast, sink = (
        process.add_step(Sleepy, name="Slow"),
        process.add_step(Sleepy, name="Fast"),
        process.add_step(Sink),
    )
    process.on_input_event("go").send_event_to(fast).send_event_to(slow)
    for step in (fast, slow):
        step.on_event("Out").send_event_to(sink)
        step.on_function_result().send_event_to(sink)
    result = await process.build().run("go", 0)
    expected = [f"{step} {what}" for step in ("Slow", "Fast") for what in ("1", "2", "result")]
    assert result.step_states["Sink"].values == expected


async def test_rule_07_one_event_goes_through_its_routes_in_order_before_the_next_event():
    process = ProcessBuilder("P")
    say, one, two = process.add_step(Say), process.add_step(Sink, name="One"), process.add_step(Sink, name="Two")
    process.on_input_event("go").send_event_to(say)
    say.on_event("A").send_event_to(two).send_event_to(one)
    say.on_event("B").send_event_to(one).send_event_to(two)
    result = await process.build().run("go", [("B", "b"), ("A", "a")])
    first_calls = dict.fromkeys(path for superstep, path, _ in calls(result.events) if superstep == 2)
    assert list(first_calls) == ["One", "Two"]
    assert result.step_states["One"].values == result.step_states["Two"].values == ["b", "a"]


async def test_rule_07_steps_of_a_superstep_run_in_parallel():
    meeting = asyncio.Barrier(2)

    class Meet(Step):
        @function
        async def meet(self) -> None:
            await asyncio.wait_for(meeting.wait(), 5)

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Meet, name="A")).send_event_to(
        process.add_step(Meet, name="B")
    )
    assert (await process.build().run("go")).state is RunState.IDLE


async def test_rule_07_plain_functions_of_a_superstep_run_in_parallel():
    meeting = threading.Barrier(2, timeout=30)

    class Meet(Step):
        @function
        def meet(self) -> None:
            meeting.wait()

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Meet, name="A")).send_event_to(
        process.add_step(Meet, name="B")
    )
    assert (await process.build().run("go")).state is RunState.IDLE


async def test_rule_07_one_steps_invocations_run_one_after_another():
    class Busy(Step[Seen]):
        @function
        async def work(self, value: Any) -> None:
            self.state.values.append(f"begin {value}")
            await asyncio.sleep(0.001)
            self.state.values.append(f"end {value}")

        @function
        async def other(self, value: Any) -> None:
            self.state.values.append(f"begin {value}")
            await asyncio.sleep(0)
            self.state.values.append(f"end {value}")

    process = ProcessBuilder("P")
    say, busy = process.add_step(Say), process.add_step(Busy)
    process.on_input_event("go").send_event_to(say)
    say.on_event("W").send_event_to(busy, function="work")
    say.on_event("O").send_event_to(busy, function="other")
    result = await process.build().run("go", [("W", 1), ("O", 2), ("W", 3)])
    expected = [f"{what} {n}" for n in (1, 2, 3) for what in ("begin", "end")]
    assert result.step_states["Busy"].values == expected
    assert_grammar(result.events)


async def test_rule_08_emitted_events_come_before_the_automatic_result():
    process = ProcessBuilder("P")
    fast, sink = process.add_step(Sleepy, name="Fast"), process.add_step(Sink)
    process.on_input_event("go").send_event_to(fast)
    fast.on_function_result().send_event_to(sink)
    fast.on_event("Out").send_event_to(sink)
    result = await process.build().run("go", 0)
    assert result.step_states["Sink"].values == ["Fast 1", "Fast 2", "Fast result"]


async def test_rule_08_consumers_run_in_a_later_superstep():
    process = ProcessBuilder("P")
    say, sink = process.add_step(Say), process.add_step(Sink)
    process.on_input_event("go").send_event_to(say)
    say.on_event("A").send_event_to(sink)
    result = await process.build().run("go", [("A", 1)])
    assert calls(result.events) == [(1, "Say", "say"), (2, "Sink", "take")]


async def test_rule_08_a_function_result_is_internal():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Double))
    assert (await process.build().run("go", 1)).public_events == []


async def test_rule_08_a_function_result_is_public_where_it_says_so():
    class Open(Step):
        @function(visibility=Visibility.PUBLIC)
        async def answer(self) -> int:
            return 42

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Open))
    (event,) = (await process.build().run("go")).public_events
    assert (event.id, event.data, event.visibility) == ("answer.OnResult", 42, Visibility.PUBLIC)


async def test_rule_14_a_runaway_loop_hits_the_limit_and_lists_what_was_pending():
    with pytest.raises(SuperstepLimitError) as caught:
        await looping().run("go", 1000, max_supersteps=5)
    assert caught.value.limit == 5
    assert len(caught.value.pending) == 1
    assert "Loop" in caught.value.pending[0]


async def test_rule_14_as_many_supersteps_run_as_the_limit_says():
    run = looping().start("go", 1000, max_supersteps=5)
    async with run:
        await run.idle()
        assert run.state is RunState.FAILED
        assert len(of(run.events, "superstep_started", path="")) == 5
        assert run.events[-1].state is RunState.FAILED
        failed = only(run.events, "failed")
        assert failed.code
        assert "Again" in said(failed) or "Loop" in said(failed)


async def test_rule_14_a_run_that_rests_exactly_at_the_limit_is_well():
    assert (await looping().run("go", 4, max_supersteps=5)).state is RunState.IDLE


async def test_rule_14_the_default_limit_is_a_thousand():
    with pytest.raises(SuperstepLimitError) as caught:
        await looping().run("go", 5000)
    assert caught.value.limit == 1000


async def test_rule_14_a_process_may_say_its_limit_and_a_run_go_beyond_it():
    with pytest.raises(SuperstepLimitError) as caught:
        await looping(limit=5).run("go", 1000)
    assert caught.value.limit == 5
    assert (await looping(limit=5).run("go", 20, max_supersteps=30)).state is RunState.IDLE


@pytest.mark.parametrize("limit", [0, -1, "10", True, 2.5])
def test_rule_14_a_limit_of_a_process_is_a_positive_whole_number(limit):
    with pytest.raises(ProcessDefinitionError, match=r"max_supersteps must be a whole number of at least 1"):
        looping(limit=limit)


async def test_rule_14_the_limit_that_ends_a_run_says_how_to_raise_it():
    with pytest.raises(SuperstepLimitError, match=r"raise max_supersteps: .*--max-supersteps or :max-supersteps"):
        await looping(limit=5).run("go", 1000)


async def test_rule_14_the_count_begins_again_with_each_outside_event():
    async with looping().start("go", 3, max_supersteps=4) as run:
        for _ in range(5):
            await run.idle()
            await run.send_event("go", 3)
        await run.idle()
        assert run.state is RunState.IDLE


async def test_rule_14_the_count_begins_again_with_each_answer():
    class Chat(Step):
        @function
        async def ask(self, context: StepContext) -> None:
            await context.request_info("You", response_type=str)
            await context.emit_event("Again")

    process = ProcessBuilder("P")
    chat = process.add_step(Chat)
    process.on_input_event("go").send_event_to(chat)
    chat.on_event("Again").send_event_to(chat)
    async with process.build().start("go", max_supersteps=3) as run:
        for _ in range(10):
            await run.idle()
            (request,) = run.pending_requests
            await run.respond(request.request_id, "on")
        await run.idle()
        assert run.state is RunState.IDLE_WITH_PENDING_REQUESTS


async def test_rule_16_runs_of_one_process_share_nothing():
    process = looping()
    first, second = await process.run("go", 1), await process.run("go", 2)
    assert (first.step_states["Loop"].values, second.step_states["Loop"].values) == ([1, 0], [2, 1, 0])
    assert first.events[0].run_id != second.events[0].run_id


async def test_rule_16_runs_at_the_same_time_share_nothing():
    process = looping()
    results = await asyncio.gather(*(process.run("go", n) for n in range(20)))
    assert [r.step_states["Loop"].values for r in results] == [list(range(n, -1, -1)) for n in range(20)]


async def test_rule_16_a_given_initial_state_is_not_changed_by_a_run():
    mine = Seen([0])
    process = ProcessBuilder("P")
    sink = process.add_step(Sink, initial_state=mine)
    process.on_input_event("go").send_event_to(sink)
    built = process.build()
    result = await built.run("go", 1)
    assert result.step_states["Sink"].values == [0, 1]
    assert mine.values == [0]
    assert (await built.run("go", 2)).step_states["Sink"].values == [0, 2]


async def test_rule_16_a_half_filled_join_does_not_leak_into_the_next_run():
    process = ProcessBuilder("P")
    say, pair = process.add_step(Say), process.add_step(Pair)
    process.on_input_event("go").send_event_to(say)
    say.on_event("L").send_event_to(pair, parameter="left")
    say.on_event("R").send_event_to(pair, parameter="right")
    built = process.build()
    await built.run("go", [("L", 1)])
    assert (await built.run("go", [("R", 2)])).step_states["Pair"].values == []


async def test_rule_16_changing_the_builder_leaves_a_built_process_as_it_was():
    process = ProcessBuilder("P")
    first = process.add_step(Sink, name="First")
    process.on_input_event("go").send_event_to(first)
    built = process.build()
    process.on_input_event("go").send_event_to(process.add_step(Sink, name="Second"))
    result = await built.run("go", 1)
    assert calls(result.events) == [(1, "First", "take")]
    assert list(result.step_states) == ["First"]


async def test_rule_16_a_process_can_not_be_changed():
    process = looping()
    with pytest.raises(AttributeError):
        process.graph.name = "other"
    with pytest.raises(AttributeError):
        process.graph = None


async def test_rule_16_reading_state_never_activates_a_step():
    class Active(Step[Seen]):
        async def activate(self, state: Seen) -> None:
            state.values.append("activated")

        @function
        async def take(self, value: Any) -> None:
            self.state.values.append(value)

    process = ProcessBuilder("P")
    used, idle = process.add_step(Active, name="Used"), process.add_step(Active, name="Idle")
    process.on_input_event("go").send_event_to(used)
    process.on_input_event("other").send_event_to(idle)
    async with process.build().start("go", 1) as run:
        await run.idle()
        assert run.step_states["Idle"].values == []
        assert run.step_states["Used"].values == ["activated", 1]


async def test_a_plain_function_runs_off_the_event_loop():
    class Where(Step[Seen]):
        @function
        def take(self) -> None:
            self.state.values.append(threading.get_ident())

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Where))
    result = await process.build().run("go")
    assert result.step_states["Where"].values != [threading.get_ident()]


async def test_a_plain_function_emits_without_await():
    class Plain(Step):
        @function
        def work(self, context: StepContext, value: int) -> int:
            context.emit_event("A", value + 1)
            return value + 2

    process = ProcessBuilder("P")
    plain, sink = process.add_step(Plain), process.add_step(Sink)
    process.on_input_event("go").send_event_to(plain)
    plain.on_event("A").send_event_to(sink)
    plain.on_function_result().send_event_to(sink)
    assert (await process.build().run("go", 1)).step_states["Sink"].values == [2, 3]


async def test_emit_event_takes_a_process_event_or_an_id_with_data():
    from process_core import ProcessEvent

    process = ProcessBuilder("P")
    say, sink = process.add_step(Say), process.add_step(Sink)
    process.on_input_event("go").send_event_to(say)
    say.on_event("A").send_event_to(sink)
    result = await process.build().run("go", [(ProcessEvent("A", 1),), ("A", 2)])
    assert result.step_states["Sink"].values == [1, 2]
