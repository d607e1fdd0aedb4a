"""Rules 13, 28 and 34: a run that is cancelled."""

import asyncio
import threading
from typing import Any

import pytest
from rules_observing import assert_grammar, of, only, warnings
from rules_steps import Ask, Say, Seen, Sink

from process_core import (
    ProcessBuilder,
    RunState,
    Step,
    StepContext,
    function,
)


def stopping(*, sink_first=False):
    """Build: go -> Say; Exit stops, X goes to a sink."""
    process = ProcessBuilder("P")
    say, sink = process.add_step(Say), process.add_step(Sink)
    process.on_input_event("go").send_event_to(say)
    if sink_first:
        say.on_event("X").send_event_to(sink)
    say.on_event("Exit").stop_process()
    if not sink_first:
        say.on_event("X").send_event_to(sink)
    return process.build()


class Hang(Step[Seen]):
    """Runs until it is cancelled, and says so."""

    @function
    async def hang(self) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.state.values.append("cancelled")
            raise


def hanging():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Hang))
    return process.build()


async def test_rule_13_cancel_ends_the_run_cancelled():
    async with hanging().start("go") as run:
        await asyncio.sleep(0.01)
        run.cancel()
        await run.idle()
        assert run.state is RunState.CANCELLED
        assert run.events[-1].state is RunState.CANCELLED


async def test_rule_13_cancel_closes_every_invocation():
    process = ProcessBuilder("P")
    hang, sink = process.add_step(Hang), process.add_step(Sink)
    process.on_input_event("go").send_event_to(hang).send_event_to(sink)
    async with process.build().start("go") as run:
        await asyncio.sleep(0.01)
        run.cancel()
        await run.idle()
        only(run.events, "executor_cancelled", path="Hang")
        assert_grammar(run.events)


async def test_rule_13_cancel_closes_nested_invocations():
    inner = ProcessBuilder("inner")
    inner.on_input_event("x").send_event_to(inner.add_step(Hang))
    outer = ProcessBuilder("outer")
    nested = outer.add_process(inner)
    outer.on_input_event("go").send_event_to(nested.where_input_event_is("x"))
    async with outer.build().start("go") as run:
        await asyncio.sleep(0.01)
        run.cancel()
        await run.idle()
        assert {e.path for e in of(run.events, "executor_cancelled")} == {"inner/Hang", "inner"}
        assert_grammar(run.events)


async def test_rule_13_cancel_reaches_the_function():
    seen = []

    class Watch(Step):
        @function
        async def watch(self) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                seen.append("left")

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Watch))
    async with process.build().start("go") as run:
        await asyncio.sleep(0.01)
        run.cancel()
        await run.idle()
    assert seen == ["left"]


async def test_rule_13_leaving_the_context_cancels_a_run_that_is_not_at_rest():
    async with hanging().start("go") as run:
        await asyncio.sleep(0.01)
    assert run.state is RunState.CANCELLED
    assert_grammar(run.events)


async def test_rule_13_leaving_the_context_by_an_exception_cancels_too():
    run = hanging().start("go")

    async def leave():
        async with run:
            await asyncio.sleep(0.01)
            raise KeyError("mine")

    with pytest.raises(KeyError):
        await leave()
    assert run.state is RunState.CANCELLED


async def test_leaving_the_context_leaves_a_resting_run_as_it_is():
    async with stopping().start("go", []) as run:
        await run.idle()
    assert run.state is RunState.IDLE


async def test_rule_13_a_cancelled_run_call_cancels_its_steps():
    seen = []
    entered = asyncio.Event()

    class Watch(Step):
        @function
        async def watch(self) -> None:
            try:
                entered.set()
                await asyncio.sleep(60)
            finally:
                seen.append("left")

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Watch))
    running = asyncio.create_task(process.build().run("go"))
    await entered.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert seen == ["left"]


async def test_rule_13_closing_a_stream_early_cancels_its_steps():
    seen = []

    class Watch(Step):
        @function
        async def watch(self) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                seen.append("left")

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Watch))
    stream = process.build().run_stream("go")
    async for event in stream:
        if event.type == "executor_invoked":
            await asyncio.sleep(0.01)
            break
    await stream.aclose()
    assert seen == ["left"]


async def test_rule_13_a_step_that_swallows_its_cancellation_does_not_undo_it():
    class Stubborn(Step):
        @function
        async def hang(self, context: StepContext) -> str:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                await context.emit_event("X", "too late")
            return "as if nothing had been"

    process = ProcessBuilder("P")
    stubborn, sink = process.add_step(Stubborn), process.add_step(Sink)
    process.on_input_event("go").send_event_to(stubborn)
    stubborn.on_event("X").send_event_to(sink)
    async with process.build().start("go") as run:
        await asyncio.sleep(0.01)
        run.cancel()
        await run.idle()
        assert run.state is RunState.CANCELLED
        assert run.step_states["Sink"].values == []
        assert_grammar(run.events)


async def test_rule_34_cancelling_a_resting_run_adds_a_status():
    async with stopping().start("go", []) as run:
        await run.idle()
        run.cancel()
        await run.idle()
        assert [e.state for e in of(run.events, "status")][-2:] == [RunState.IDLE, RunState.CANCELLED]
        assert run.state is RunState.CANCELLED


async def test_rule_34_cancel_closes_parked_calls():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Ask))
    async with process.build().start("go", "?") as run:
        await run.idle()
        run.cancel()
        await run.idle()
        only(run.events, "executor_cancelled", path="Ask")
        assert run.state is RunState.CANCELLED
        assert_grammar(run.events)


async def test_cancel_after_the_end_changes_nothing():
    async with stopping().start("go", [("Exit",)]) as run:
        await run.idle()
        run.cancel()
        await run.idle()
        assert run.state is RunState.STOPPED
        assert_grammar(run.events)


async def test_rule_28_a_plain_function_is_left_behind_on_cancel():
    release = threading.Event()
    begun = threading.Event()

    class Stuck(Step):
        @function
        def work(self, context: StepContext) -> str:
            begun.set()
            release.wait(10)
            try:
                context.emit_event("Late", 1)
            finally:
                release.set()
            return "late"

    process = ProcessBuilder("P")
    stuck, sink = process.add_step(Stuck), process.add_step(Sink)
    process.on_input_event("go").send_event_to(stuck)
    stuck.on_event("Late").send_event_to(sink)
    try:
        async with process.build().start("go") as run:
            await asyncio.to_thread(begun.wait, 5)
            run.cancel()
            await asyncio.wait_for(run.idle(), 5)
            assert run.state is RunState.CANCELLED
            only(run.events, "executor_cancelled", path="Stuck")
            (warning,) = warnings(run.events, "abandoned_thread")
            assert warning.path == "Stuck"
            before = len(run.events)
            release.set()
            await asyncio.sleep(0.05)
            assert len(run.events) == before
            assert_grammar(run.events)
    finally:
        release.set()


# --- a function that cancels itself, and a loop that closes


class CancelsItself(Step):
    @function
    async def cancel(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)


def cancelling_itself(*, beside):
    process = ProcessBuilder("P")
    cancels, handles = process.add_step(CancelsItself), process.add_step(Sink, name="Handles")
    process.on_input_event("go").send_event_to(cancels)
    if beside:
        process.on_input_event("go").send_event_to(process.add_step(Hang))
        process.on_input_event("go").send_event_to(process.add_step(CancelsItself, name="Other"))
    process.on_error().send_event_to(handles)
    return process.build()


@pytest.mark.parametrize("is_owner_gone", [False, True])
@pytest.mark.parametrize("beside", [False, True])
async def test_rule_12_a_function_that_cancels_itself_fails_alone_whoever_began_the_run(is_owner_gone, beside):
    async def begin():
        return cancelling_itself(beside=beside).start().begin()

    run = await (asyncio.create_task(begin()) if is_owner_gone else begin())
    await run.send_event("go")
    while len(of(run.events, "executor_failed")) < 1 + beside:
        await asyncio.sleep(0)
    if not beside:
        await run.idle()
        assert run.state is RunState.IDLE
        assert len(run.step_states["Handles"].values) == 1
        assert_grammar(run.events)
    run.cancel()
    await run.idle()
    assert run.state is RunState.CANCELLED


@pytest.mark.parametrize("is_owner_gone", [False, True])
def test_rule_13_a_loop_that_closes_cancels_the_run(is_owner_gone):
    async def begin():
        return hanging().start("go").begin()

    async def leave():
        run = await (asyncio.create_task(begin()) if is_owner_gone else begin())
        while not of(run.events, "executor_invoked"):
            await asyncio.sleep(0)
        return run

    run = asyncio.run(leave())
    assert run.state is RunState.CANCELLED


# --- a step that cancels every task that it finds


def cancelling_all(*, waits, spare_itself):
    class CancelsAll(Step[Seen]):
        @function
        async def cancel(self) -> None:
            for task in asyncio.all_tasks() - NOT_OURS:
                if task is not asyncio.current_task() or not spare_itself:
                    task.cancel()
            if waits:
                await asyncio.sleep(0)
            self.state.values.append("done")

    return CancelsAll


NOT_OURS: set["asyncio.Task[Any]"] = set()


@pytest.mark.parametrize("others", [0, 1, 2])
@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("spare_itself", [False, True])
async def test_rule_12_a_step_that_cancels_all_tasks_fails_alone(others, waits, spare_itself):
    class Other(Step[Seen]):
        @function
        async def work(self) -> None:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self.state.values.append("done")

    process = ProcessBuilder("P")
    handles = process.add_step(Sink, name="Handles")
    process.on_error().send_event_to(handles)
    for number in range(others):
        process.on_input_event("go").send_event_to(process.add_step(Other, name=f"Other{number}"))
    cancels = process.add_step(cancelling_all(waits=waits, spare_itself=spare_itself), name="Cancels")
    after = process.add_step(Sink, name="After")
    process.on_input_event("go").send_event_to(cancels)
    cancels.on_function_result().send_event_to(after)
    NOT_OURS.clear()
    NOT_OURS.update(asyncio.all_tasks())
    async with process.build().start("go") as run:
        await run.idle()
        assert run.state is RunState.IDLE
        fails = waits and not spare_itself
        failed = [failure.step for failure in run.step_states["Handles"].values]
        assert failed == (["Cancels"] if fails else [])
        assert run.step_states["After"].values == ([] if fails else [None])
        for name in (f"Other{number}" for number in range(others)):
            assert run.step_states[name].values == ["done"]
        await run.send_event("go")
        await run.idle()
        assert run.state is RunState.IDLE
        assert_grammar(run.events)


async def test_a_task_that_a_function_started_may_cancel_it():
    class Watched(Step[Seen]):
        @function
        async def work(self) -> None:
            me = asyncio.current_task()
            assert me is not None

            async def watchdog():
                me.cancel()

            watching = asyncio.create_task(watchdog())
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                me.uncancel()
                self.state.values.append("bitten")
            await watching

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Watched))
    async with process.build().start("go") as run:
        await run.idle()
        assert run.step_states["Watched"].values == ["bitten"]
