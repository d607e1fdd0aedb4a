"""Rules 32 and 34: a step mapped over a list."""

import asyncio
import random
from typing import Any

import pytest
from rules_observing import assert_grammar, calls, of, only
from rules_steps import Ask, Say, Seen, Sink

from process_core import (
    ProcessBuilder,
    RunState,
    Step,
    StepContext,
    StepFailedError,
    StepFailure,
    Visibility,
    function,
)


class Square(Step[Seen]):
    """Squares a number after a nap of random length, and says what it did."""

    @function
    async def square(self, context: StepContext, number: int) -> int:
        self.state.values.append(number)
        await asyncio.sleep(random.random() / 500)
        await context.emit_event("Squared", f"{number}^2")
        if number < 0:
            await context.emit_event("Negative", number)
        if number == 13:
            raise ValueError("unlucky")
        return number * number


def mapped(step=Square, *, routes=("square.OnResult",), build=None):
    """Build: go -> Map, whose events go to sinks named like them."""
    process = ProcessBuilder("P")
    each = process.add_map_step(step, name="Map")
    process.on_input_event("go").send_event_to(each)
    for event in routes:
        each.on_event(event).send_event_to(process.add_step(Sink, name=event))
    if build is not None:
        build(process, each)
    return process.build()


async def test_rule_32_the_results_are_one_list_in_input_order():
    result = await mapped().run("go", [3, 1, 2])
    assert result.step_states["square.OnResult"].values == [[9, 1, 4]]


async def test_rule_32_a_function_result_route_gets_the_list():
    def route(process, each):
        each.on_function_result().send_event_to(process.add_step(Sink))

    result = await mapped(routes=(), build=route).run("go", [2, 3])
    assert result.step_states["Sink"].values == [[4, 9]]


async def test_rule_32_each_event_id_gives_one_event_with_the_list_of_what_was_emitted():
    result = await mapped(routes=("Squared", "Negative")).run("go", [-1, 2, -3])
    assert result.step_states["Squared"].values == [["-1^2", "2^2", "-3^2"]]
    assert result.step_states["Negative"].values == [[-1, -3]]


async def test_rule_32_empty_in_gives_empty_out_on_every_routed_id():
    result = await mapped(routes=("square.OnResult", "Squared")).run("go", [])
    assert result.step_states["square.OnResult"].values == [[]]
    assert result.step_states["Squared"].values == [[]]


async def test_rule_32_element_paths_carry_the_index_from_0():
    result = await mapped().run("go", [5, 6])
    assert {path for superstep, path, _ in calls(result.events) if superstep == 1} >= {"Map[0]", "Map[1]"}
    assert_grammar(result.events)


async def test_rule_32_a_failing_element_fails_the_map_and_names_the_index():
    with pytest.raises(StepFailedError) as caught:
        await mapped().run("go", [1, 13, 2])
    assert isinstance(caught.value.__cause__, ValueError)
    assert "[1]" in str(caught.value)


async def test_rule_32_a_failing_element_is_handled_by_the_error_route_of_the_map():
    def route(process, each):
        each.on_function_error().send_event_to(process.add_step(Sink, name="Handler"))

    result = await mapped(build=route).run("go", [1, 13, 2])
    (failure,) = result.step_states["Handler"].values
    assert isinstance(failure, StepFailure)
    assert "unlucky" in failure.message
    assert result.step_states["square.OnResult"].values == []


async def test_rule_32_the_state_of_elements_is_dropped():
    result = await mapped().run("go", [1, 2])
    assert not any(path.startswith("Map") for path in result.step_states)


async def test_rule_32_elements_do_not_share_state():
    class Counts(Step[Seen]):
        @function
        async def count(self, number: int) -> int:
            self.state.values.append(number)
            return len(self.state.values)

    result = await mapped(Counts, routes=("count.OnResult",)).run("go", [7, 7, 7])
    assert result.step_states["count.OnResult"].values == [[1, 1, 1]]


async def test_rule_32_elements_are_checked_against_the_annotation_of_the_function():
    with pytest.raises(StepFailedError) as caught:
        await mapped().run("go", [1, "two"])
    assert "[1]" in str(caught.value)


async def test_rule_32_what_is_no_list_is_refused():
    with pytest.raises(StepFailedError) as caught:
        await mapped().run("go", 5)
    assert "Map" in caught.value.step


async def test_rule_34_a_collected_event_is_public_if_any_elements_was():
    class Mixed(Step):
        @function
        async def work(self, context: StepContext, number: int) -> None:
            await context.emit_event("Out", number, Visibility.PUBLIC if number == 2 else Visibility.INTERNAL)

    result = await mapped(Mixed, routes=()).run("go", [1, 2, 3])
    assert [(e.id, e.data) for e in result.public_events] == [("Out", [1, 2, 3])]


async def test_rule_32_a_process_can_be_mapped():
    inner = ProcessBuilder("inner")
    say = inner.add_step(Say)
    inner.on_input_event("say").send_event_to(say)
    process = ProcessBuilder("P")
    each, sink = process.add_map_step(inner, name="Map"), process.add_step(Sink)
    process.on_input_event("go").send_event_to(each.where_input_event_is("say"))
    each.on_event("Done").send_event_to(sink)
    script: list[Any] = [[("Done", n, Visibility.PUBLIC)] for n in (3, 1, 2)]
    result = await process.build().run("go", script)
    assert result.step_states["Sink"].values == [[3, 1, 2]]
    assert {e.path for e in of(result.events, "executor_invoked", step="Say")} == {f"Map[{n}]/Say" for n in range(3)}


async def test_rule_34_elements_may_ask():
    process = mapped(Ask, routes=("ask.OnResult",))
    async with process.start("go", ["a", "b"]) as run:
        await run.idle()
        assert run.state is RunState.IDLE_WITH_PENDING_REQUESTS
        by_path = {r.path: r for r in run.pending_requests}
        assert sorted(by_path) == ["Map[0]", "Map[1]"]
        await run.respond(by_path["Map[1]"].request_id, "second")
        await run.idle()
        await run.respond(by_path["Map[0]"].request_id, "first")
        await run.idle()
        assert run.step_states["ask.OnResult"].values == [["first", "second"]]
        assert_grammar(run.events)


async def test_rule_32_a_map_is_one_invocation_of_its_process():
    result = await mapped().run("go", [1, 2, 3])
    only(result.events, "executor_invoked", path="Map")
    only(result.events, "executor_completed", path="Map")


async def test_rule_32_elements_run_in_parallel():
    meeting = asyncio.Barrier(3)

    class Meet(Step):
        @function
        async def meet(self, value: Any) -> None:
            await asyncio.wait_for(meeting.wait(), 5)

    assert (await mapped(Meet, routes=()).run("go", [1, 2, 3])).state is RunState.IDLE


async def test_rule_32_a_failing_element_cancels_the_others():
    class Picky(Step):
        @function
        async def work(self, number: int) -> None:
            await asyncio.sleep(0.005 if number == 1 else 60)
            raise ValueError(number)

    def route(process, each):
        each.on_function_error().send_event_to(process.add_step(Sink, name="Handler"))

    result = await mapped(Picky, routes=(), build=route).run("go", [0, 1, 2])
    assert {e.path for e in of(result.events, "executor_cancelled")} == {"Map[0]", "Map[2]"}
    assert_grammar(result.events)
