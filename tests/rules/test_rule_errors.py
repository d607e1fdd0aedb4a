"""Rules 12 and 31: what becomes of an exception in a function."""

import asyncio
from typing import Any

import pytest
from rules_observing import assert_grammar, calls, codes, failing, of, only
from rules_steps import Boom, Say, Seen, Sink, Trigger

from process_core import (
    ProcessBuilder,
    ProcessError,
    RunError,
    RunState,
    Step,
    StepFailedError,
    StepFailure,
    function,
)


def booming(*declare, handlers=()):
    """Build: go -> Boom, with sinks named in `handlers` that `declare(process, boom, handler...)` routes."""
    process = ProcessBuilder("P")
    boom = process.add_step(Boom)
    process.on_input_event("go").send_event_to(boom)
    steps = [process.add_step(Sink, name=name) for name in handlers]
    for routing in declare:
        routing(process, boom, *steps)
    return process.build()


async def events_of(process):
    return await failing(process, "go", 1)


async def test_rule_12_an_unhandled_exception_fails_the_run_call():
    with pytest.raises(StepFailedError) as caught:
        await booming().run("go", 1)
    error = caught.value
    assert (error.step, error.function, error.superstep, error.input) == ("Boom", "explode", 1, {"value": 1})
    assert isinstance(error.__cause__, ValueError)
    assert str(error.__cause__) == "boom 1"
    assert isinstance(error, RunError)
    assert isinstance(error, ProcessError)


async def test_rule_12_executor_failed_shows_type_message_traceback_and_input():
    failed = only(await events_of(booming()), "executor_failed")
    assert failed.details is not None
    assert failed.details["type"].endswith("ValueError")
    assert failed.details["message"] == "boom 1"
    assert "in explode" in failed.details["traceback"]
    assert failed.data == {"value": 1}
    assert failed.code
    assert (failed.path, failed.step, failed.function) == ("Boom", "Boom", "explode")
    assert failed.event_id == "explode.OnError"


async def test_rule_12_executor_failed_precedes_failed_precedes_the_status():
    events = await events_of(booming())
    ends = [e.type for e in events if e.type in {"executor_failed", "failed"}]
    assert ends == ["executor_failed", "failed"]
    assert events[-2].type == "failed"
    assert (events[-1].type, events[-1].state) == ("status", RunState.FAILED)
    assert_grammar(events)


async def test_rule_19_a_failing_superstep_is_not_completed():
    assert of(await events_of(booming()), "superstep_completed") == []


async def test_rule_12_siblings_of_the_failing_step_are_cancelled_and_say_so():
    seen = []

    class Hang(Step):
        @function
        async def hang(self) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                seen.append("left")

    class Late(Step):
        @function
        async def fail(self) -> None:
            await asyncio.sleep(0.01)
            raise ValueError("late")

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Hang)).send_event_to(process.add_step(Late))
    events = await events_of(process.build())
    only(events, "executor_cancelled", path="Hang")
    assert seen == ["left"]
    assert_grammar(events)


async def test_rule_12_the_function_error_route_gets_a_step_failure():
    process = booming(lambda _, boom, handler: boom.on_function_error().send_event_to(handler), handlers=["H"])
    result = await process.run("go", 1)
    (failure,) = result.step_states["H"].values
    assert isinstance(failure, StepFailure)
    assert failure.type.endswith("ValueError")
    assert failure.message == "boom 1"
    assert "in explode" in failure.traceback
    assert (failure.step, failure.function, failure.superstep) == ("Boom", "explode", 1)
    assert failure.input == {"value": 1}
    assert result.state is RunState.IDLE


async def test_rule_12_a_handler_may_ask_for_the_step_failure_by_type():
    class Handler(Step[Seen]):
        @function
        async def handle(self, failure: StepFailure) -> None:
            self.state.values.append(failure.message)

    process = ProcessBuilder("P")
    boom, handler = process.add_step(Boom), process.add_step(Handler)
    process.on_input_event("go").send_event_to(boom)
    boom.on_function_error().send_event_to(handler)
    assert (await process.build().run("go", 1)).step_states["Handler"].values == ["boom 1"]


async def test_rule_12_a_handled_failure_is_still_an_executor_failed_and_no_failed():
    process = booming(lambda _, boom, handler: boom.on_function_error().send_event_to(handler), handlers=["H"])
    result = await process.run("go", 1)
    only(result.events, "executor_failed")
    assert of(result.events, "failed") == []
    assert_grammar(result.events)


async def test_rule_12_a_handled_failure_completes_its_superstep_and_the_handler_runs_in_the_next():
    process = booming(lambda _, boom, handler: boom.on_function_error().send_event_to(handler), handlers=["H"])
    result = await process.run("go", 1)
    assert calls(result.events) == [(1, "Boom", "explode"), (2, "H", "take")]


async def test_rule_12_the_process_error_route_takes_what_no_function_route_takes():
    process = booming(lambda process, _, handler: process.on_error().send_event_to(handler), handlers=["H"])
    (failure,) = (await process.run("go", 1)).step_states["H"].values
    assert (failure.step, failure.message) == ("Boom", "boom 1")


async def test_rule_12_the_function_error_route_goes_before_the_process_error_route():
    process = booming(
        lambda process, _, __, general: process.on_error().send_event_to(general),
        lambda _, boom, special, __: boom.on_function_error().send_event_to(special),
        handlers=["Special", "General"],
    )
    result = await process.run("go", 1)
    assert len(result.step_states["Special"].values) == 1
    assert result.step_states["General"].values == []


async def test_rule_12_a_named_function_error_route_takes_only_that_function():
    class Two(Step):
        @function
        async def one(self, value: Any) -> None:
            raise ValueError("one")

        @function
        async def two(self, value: Any) -> None:
            raise ValueError("two")

    process = ProcessBuilder("P")
    two, special, general = (
        process.add_step(Two),
        process.add_step(Sink, name="Special"),
        process.add_step(Sink, name="General"),
    )
    process.on_input_event("go").send_event_to(two, function="one").send_event_to(two, function="two")
    two.on_function_error("two").send_event_to(special)
    process.on_error().send_event_to(general)
    result = await process.build().run("go", 1)
    assert [f.message for f in result.step_states["Special"].values] == ["two"]
    assert [f.message for f in result.step_states["General"].values] == ["one"]


async def test_rule_12_the_automatic_error_event_can_be_routed_by_its_id():
    process = booming(lambda _, boom, handler: boom.on_event("explode.OnError").send_event_to(handler), handlers=["H"])
    (failure,) = (await process.run("go", 1)).step_states["H"].values
    assert failure.message == "boom 1"


async def test_the_automatic_result_event_can_be_routed_by_its_id():
    process = ProcessBuilder("P")
    trigger, sink = process.add_step(Trigger), process.add_step(Sink)
    process.on_input_event("go").send_event_to(trigger)
    trigger.on_event("fire.OnResult").send_event_to(sink)
    assert (await process.build().run("go")).step_states["Sink"].values == [None]


async def test_rule_12_an_error_route_may_stop_the_process():
    process = booming(lambda _, boom: boom.on_function_error().stop_process())
    result = await process.run("go", 1)
    assert result.state is RunState.STOPPED


async def test_rule_31_a_handler_that_fails_is_not_handled_again():
    process = ProcessBuilder("P")
    boom, handler, general = (
        process.add_step(Boom),
        process.add_step(Boom, name="Handler"),
        process.add_step(Sink, name="General"),
    )
    process.on_input_event("go").send_event_to(boom)
    boom.on_function_error().send_event_to(handler)
    process.on_error().send_event_to(general)
    with pytest.raises(StepFailedError) as caught:
        await process.build().run("go", 1)
    assert caught.value.step == "Handler"


async def test_rule_31_a_process_error_handler_that_fails_does_not_call_itself():
    process = ProcessBuilder("P")
    boom, handler = process.add_step(Boom), process.add_step(Boom, name="Handler")
    process.on_input_event("go").send_event_to(boom)
    process.on_error().send_event_to(handler)
    with pytest.raises(StepFailedError) as caught:
        await process.build().run("go", 1)
    assert caught.value.step == "Handler"
    assert caught.value.superstep == 2


async def test_rule_12_a_loop_through_an_error_route_can_try_again():
    class Flaky(Step):
        left = 2

        @function
        async def work(self, value: Any) -> str:
            if type(self).left:
                type(self).left -= 1
                raise ConnectionError("try again")
            return f"done {value}"

    class Retry(Step):
        @function
        async def again(self, failure: StepFailure) -> Any:
            return failure.input["value"]

    process = ProcessBuilder("P")
    flaky, retry, sink = process.add_step(Flaky), process.add_step(Retry), process.add_step(Sink)
    process.on_input_event("go").send_event_to(flaky)
    flaky.on_function_error().send_event_to(retry)
    retry.on_function_result().send_event_to(flaky)
    flaky.on_function_result().send_event_to(sink)
    result = await process.build().run("go", 7)
    assert result.step_states["Sink"].values == ["done 7"]
    assert codes(result.events) == []


@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt,
        SystemExit,
        GeneratorExit,
        StopIteration,
        StopAsyncIteration,
        asyncio.CancelledError,
        BaseException,
    ],
)
@pytest.mark.parametrize("kind", ["async", "plain"])
async def test_rule_12_what_would_end_the_program_fails_only_the_step(error, kind):
    class Hostile(Step):
        if kind == "async":

            @function
            async def work(self) -> None:
                raise error

        else:

            @function
            def work(self) -> None:
                raise error

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Hostile))
    with pytest.raises(StepFailedError) as caught:
        await process.build().run("go")
    assert (caught.value.step, caught.value.function) == ("Hostile", "work")
    assert error.__name__ in str(caught.value)


async def test_rule_12_sys_exit_in_a_step_can_be_handled():
    import sys

    class Exits(Step):
        @function
        async def work(self) -> None:
            sys.exit(3)

    process = ProcessBuilder("P")
    exits, sink = process.add_step(Exits), process.add_step(Sink)
    process.on_input_event("go").send_event_to(exits)
    exits.on_function_error().send_event_to(sink)
    (failure,) = (await process.build().run("go")).step_states["Sink"].values
    assert failure.type.endswith("SystemExit")


async def test_rule_12_two_failing_steps_fail_the_run_once():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Boom, name="A")).send_event_to(
        process.add_step(Boom, name="B")
    )
    events = await events_of(process.build())
    only(events, "failed")
    assert_grammar(events)


async def test_rule_12_both_failures_of_a_superstep_are_handled():
    process = ProcessBuilder("P")
    a, b, handler = process.add_step(Boom, name="A"), process.add_step(Boom, name="B"), process.add_step(Sink)
    process.on_input_event("go").send_event_to(b).send_event_to(a)
    process.on_error().send_event_to(handler)
    result = await process.build().run("go", 1)
    assert [f.step for f in result.step_states["Sink"].values] == ["A", "B"]


async def test_rule_12_messages_queued_behind_a_handled_failure_are_served():
    class Moody(Step[Seen]):
        @function
        async def take(self, value: int) -> None:
            if value == 1:
                raise ValueError(value)
            self.state.values.append(value)

    process = ProcessBuilder("P")
    say, moody, handler = process.add_step(Say), process.add_step(Moody), process.add_step(Sink)
    process.on_input_event("go").send_event_to(say)
    say.on_event("N").send_event_to(moody)
    process.on_error().send_event_to(handler)
    result = await process.build().run("go", [("N", 1), ("N", 2)])
    assert result.step_states["Moody"].values == [2]


async def test_start_never_raises_for_a_failed_run():
    async with booming().start("go", 1) as run:
        await run.idle()
        assert run.state is RunState.FAILED


async def test_a_stream_yields_the_failed_status_before_it_raises():
    stream = booming().run("go", 1, stream=True)
    state = None
    while state is not RunState.FAILED:
        state = (await anext(stream)).state
    with pytest.raises(StepFailedError):
        await anext(stream)


async def test_a_step_that_fails_to_activate_fails_like_a_function():
    class Broken(Step[Seen]):
        async def activate(self, state: Seen) -> None:
            raise ValueError("cannot start")

        @function
        async def take(self, value: Any) -> None:
            self.state.values.append(value)

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Broken))
    with pytest.raises(StepFailedError) as caught:
        await process.build().run("go", 1)
    assert caught.value.step == "Broken"
    assert str(caught.value.__cause__) == "cannot start"
