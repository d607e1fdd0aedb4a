"""Steps that do what no step should: a clear error that names the step, and a run that ends."""

import asyncio
import threading
import warnings as python_warnings
from typing import Any

import pytest
from rules_observing import assert_grammar, of, only, said
from rules_steps import Double, Say, Seen, Sink, Trigger

from process_core import (
    ProcessBuilder,
    ProcessEvent,
    RunState,
    Step,
    StepContext,
    StepFailedError,
    WorkflowEvent,
    function,
)
from process_core.errors import StepContextError


class Unfriendly:
    """A payload that can be neither copied, compared, shown nor pickled."""

    def __deepcopy__(self, memo: Any) -> Any:
        raise RuntimeError("not to be copied")

    def __copy__(self) -> Any:
        raise RuntimeError("not to be copied")

    def __reduce__(self) -> Any:
        raise RuntimeError("not to be pickled")

    def __repr__(self) -> str:
        raise RuntimeError("not to be shown")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not to be compared")

    __hash__ = None


def one_step(step):
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(step, name="S"))
    return process.build()


@pytest.mark.parametrize(
    "payload", [Unfriendly(), threading.Lock(), lambda: None, (n for n in range(3)), object(), float("nan"), b"\xff"]
)
async def test_any_payload_travels_whether_it_can_be_serialised_or_not(payload):
    process = ProcessBuilder("P")
    say, keep = process.add_step(Say), process.add_step(Keep)
    process.on_input_event("go").send_event_to(say)
    say.on_event("X").send_event_to(keep)
    Keep.kept = None
    result = await process.build().run("go", (("X", payload),))
    assert result.state is RunState.IDLE
    assert type(Keep.kept) is type(payload)
    assert_grammar(result.events)


class Keep(Step):
    kept: Any = None

    @function
    async def keep(self, value: Any) -> None:
        Keep.kept = value


async def test_a_function_may_return_what_can_not_be_serialised():
    class Returns(Step):
        @function
        async def work(self) -> Any:
            return Unfriendly()

    result = await one_step(Returns).run("go")
    assert result.state is RunState.IDLE
    assert_grammar(result.events)


async def test_a_function_that_fails_with_what_can_not_be_shown_still_fails_clearly():
    class UnspeakableError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

        __repr__ = __str__

    class Fails(Step):
        @function
        async def work(self) -> None:
            raise UnspeakableError

    with pytest.raises(StepFailedError) as caught:
        await one_step(Fails).run("go")
    assert caught.value.step == "S"
    assert "UnspeakableError" in str(caught.value)


async def test_a_failing_function_with_input_that_can_not_be_copied_fails_clearly():
    class Fails(Step):
        @function
        async def work(self, value: Any) -> None:
            raise ValueError("as told")

    with pytest.raises(StepFailedError) as caught:
        await one_step(Fails).run("go", Unfriendly())
    assert str(caught.value.__cause__) == "as told"


async def test_state_that_can_not_be_copied_under_an_error_route_does_not_break_the_engine():
    class Holds(Step[Seen]):
        @function
        async def work(self, value: Any) -> None:
            self.state.values.append(Unfriendly())
            if value == "fail":
                raise ValueError("as told")

    process = ProcessBuilder("P")
    holds, handler = process.add_step(Holds), process.add_step(Trigger)
    process.on_input_event("go").send_event_to(holds)
    holds.on_function_error().send_event_to(handler)
    async with process.build().start("go", "fine") as run:
        await run.idle()
        await run.send_event("go", "fail")
        await run.idle()
        assert run.state in {RunState.IDLE, RunState.FAILED}
        assert_grammar(run.events)


async def test_emitting_after_the_function_returned_is_an_error_that_names_step_and_function():
    leaked: list[asyncio.Task[Any]] = []

    class Leaks(Step):
        @function
        async def work(self, context: StepContext) -> None:
            async def later() -> None:
                await asyncio.sleep(0.005)
                await context.emit_event("Late", 1)

            leaked.append(asyncio.create_task(later()))

    class Waits(Step):
        @function
        async def work(self) -> None:
            await asyncio.wait(leaked)

    process = ProcessBuilder("P")
    leaks, waits = process.add_step(Leaks), process.add_step(Waits)
    process.on_input_event("go").send_event_to(leaks)
    leaks.on_function_result().send_event_to(waits)
    result = await process.build().run("go")
    error = leaked[0].exception()
    assert isinstance(error, StepContextError)
    assert "Leaks" in str(error)
    assert "work" in str(error)
    assert of(result.events, "event_emitted", event_id="Late") == []
    assert result.state is RunState.IDLE


@pytest.mark.parametrize("how", ["add_event", "yield_output", "request_info"])
async def test_no_context_call_works_after_the_function_returned(how):
    kept: list[StepContext] = []

    class Keeps(Step):
        @function
        async def work(self, context: StepContext) -> None:
            kept.append(context)

    class Uses(Step):
        @function
        async def work(self) -> None:
            (context,) = kept
            if how == "add_event":
                await context.add_event(WorkflowEvent("note"))
            elif how == "yield_output":
                await context.yield_output(1)
            else:
                await context.request_info("?")

    process = ProcessBuilder("P")
    keeps, uses = process.add_step(Keeps), process.add_step(Uses)
    process.on_input_event("go").send_event_to(keeps)
    keeps.on_function_result().send_event_to(uses)
    with pytest.raises(StepFailedError) as caught:
        await process.build().run("go")
    assert caught.value.step == "Uses"
    assert isinstance(caught.value.__cause__, StepContextError)


async def test_emitting_from_another_thread_works_while_the_function_runs():
    class Threads(Step):
        @function
        async def work(self, context: StepContext) -> None:
            await asyncio.to_thread(lambda: [context.emit_event("X", n) for n in range(100)])

    process = ProcessBuilder("P")
    threads, sink = process.add_step(Threads), process.add_step(Sink)
    process.on_input_event("go").send_event_to(threads)
    threads.on_event("X").send_event_to(sink)
    result = await process.build().run("go")
    assert result.step_states["Sink"].values == list(range(100))
    assert_grammar(result.events)


async def test_emitting_from_several_threads_at_once_keeps_the_sequence_gapless():
    class Threads(Step):
        @function
        async def work(self, context: StepContext) -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(4):
                    group.create_task(asyncio.to_thread(lambda: [context.emit_event("X", n) for n in range(50)]))

    process = ProcessBuilder("P")
    threads, sink = process.add_step(Threads), process.add_step(Sink)
    process.on_input_event("go").send_event_to(threads)
    threads.on_event("X").send_event_to(sink)
    result = await process.build().run("go")
    assert sorted(result.step_states["Sink"].values) == sorted(list(range(50)) * 4)
    assert_grammar(result.events)


@pytest.mark.parametrize("bad", [None, "", 5, 1.5, object(), ["X"]])
async def test_emitting_what_is_no_event_id_fails_the_step(bad):
    class Emits(Step):
        @function
        async def work(self, context: StepContext) -> None:
            await context.emit_event(bad, 1)

    with pytest.raises(StepFailedError) as caught:
        await one_step(Emits).run("go")
    assert (caught.value.step, caught.value.function) == ("S", "work")


@pytest.mark.parametrize("bad", [None, "note", 5, ProcessEvent("X")])
async def test_adding_what_is_no_workflow_event_fails_the_step(bad):
    class Adds(Step):
        @function
        async def work(self, context: StepContext) -> None:
            await context.add_event(bad)

    with pytest.raises(StepFailedError) as caught:
        await one_step(Adds).run("go")
    assert (caught.value.step, caught.value.function) == ("S", "work")


async def test_a_constructor_that_raises_fails_like_a_step():
    class Broken(Step):
        def __init__(self) -> None:
            raise ValueError("cannot be made")

        @function
        async def work(self) -> None: ...

    with pytest.raises(StepFailedError) as caught:
        await one_step(Broken).run("go")
    assert caught.value.step == "S"
    assert str(caught.value.__cause__) == "cannot be made"


async def test_a_factory_that_raises_fails_like_a_step():
    def broken() -> Any:
        raise ValueError("cannot be made")

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Double, factory=broken))
    with pytest.raises(StepFailedError) as caught:
        await process.build().run("go", 1)
    assert caught.value.step == "Double"


async def test_a_factory_that_gives_no_step_fails_clearly():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Double, factory=lambda: "no step"))
    with pytest.raises(StepFailedError) as caught:
        await process.build().run("go", 1)
    assert caught.value.step == "Double"


async def test_a_function_that_cancels_its_own_task_fails_the_step():
    class Cancels(Step):
        @function
        async def work(self) -> None:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)

    async with one_step(Cancels).start("go") as run:
        await asyncio.wait_for(run.idle(), 5)
        assert run.state.is_ended
        assert_grammar(run.events)


async def test_a_function_whose_awaited_task_was_cancelled_fails_the_step():
    class Awaits(Step):
        @function
        async def work(self) -> None:
            task = asyncio.create_task(asyncio.sleep(60))
            await asyncio.sleep(0)
            task.cancel()
            await task

    with pytest.raises(StepFailedError) as caught:
        await asyncio.wait_for(one_step(Awaits).run("go"), 5)
    assert caught.value.step == "S"


async def test_a_function_may_time_out_inside():
    class Times(Step[Seen]):
        @function
        async def work(self) -> None:
            try:
                async with asyncio.timeout(0.001):
                    await asyncio.sleep(60)
            except TimeoutError:
                self.state.values.append("timed out")

    assert (await one_step(Times).run("go")).step_states["S"].values == ["timed out"]


async def test_a_payload_that_contains_itself_travels():
    loop: list[Any] = []
    loop.append(loop)
    result = await one_step(Sink).run("go", loop)
    assert result.state is RunState.IDLE
    assert_grammar(result.events)


async def test_escape_codes_and_odd_text_pass_through_unharmed():
    text = "\x1b[2J\x00\u202e[/nope] \ud800"
    result = await one_step(Sink).run("go", text)
    assert result.step_states["S"].values == [text]


async def test_an_outside_event_of_the_wrong_kind_is_refused():
    process = one_step(Sink)
    for bad in (5, "", 1.5, object()):
        with pytest.raises((TypeError, LookupError)):
            await process.run(bad, 1)


async def test_an_emission_not_awaited_leaves_no_python_warning():
    class Plain(Step):
        @function
        async def work(self, context: StepContext) -> None:
            context.emit_event("X", 1)
            context.add_event(WorkflowEvent("note"))

    process = ProcessBuilder("P")
    plain, sink = process.add_step(Plain), process.add_step(Sink)
    process.on_input_event("go").send_event_to(plain)
    plain.on_event("X").send_event_to(sink)
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("error")
        result = await process.build().run("go")
    assert result.step_states["Sink"].values == [1]
    only(result.events, "note")


async def test_a_thousand_emissions_in_one_call_all_arrive_in_order():
    class Many(Step):
        @function
        async def work(self, context: StepContext) -> None:
            for n in range(1000):
                await context.emit_event("X", n)

    process = ProcessBuilder("P")
    many, sink = process.add_step(Many), process.add_step(Sink)
    process.on_input_event("go").send_event_to(many)
    many.on_event("X").send_event_to(sink)
    assert (await process.build().run("go")).step_states["Sink"].values == list(range(1000))


async def test_a_plain_function_that_returns_a_coroutine_does_not_pass_it_on_in_silence():
    class Wrapped(Step[Seen]):
        @function
        def work(self) -> Any:
            return self.really()

        async def really(self) -> str:
            self.state.values.append("awaited")
            return "done"

    async with one_step(Wrapped).start("go") as run:
        await run.idle()
        completed = of(run.events, "executor_completed")
        assert run.state is RunState.FAILED or [e.data for e in completed] == ["done"], said(run.events[-1])
