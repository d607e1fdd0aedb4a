"""Rule 44: `Step.deactivate` is called once for every `activate`."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from rules_observing import assert_grammar, codes, said, warnings
from rules_steps import Trigger

from process_core import ProcessBuilder, RunState, Step, StepContext, StepFailedError, function
from process_core.engine import deactivation

DONE: list[str] = []


@pytest.fixture(autouse=True)
def forget() -> None:
    DONE.clear()


class Holds(Step[list[Any]]):
    async def activate(self, state: list[Any]) -> None:
        DONE.append("+")

    @function
    async def work(self, context: StepContext, what: Any = None) -> Any:
        if what == "fail":
            raise ValueError(what)
        if what == "ask":
            await context.request_info("?")
        if what == "stop":
            await context.emit_event("Stop")
        if what == "hang":
            try:
                await asyncio.Event().wait()
            finally:
                DONE.append("unwound")
        return what

    async def deactivate(self) -> None:
        await asyncio.sleep(0)
        DONE.append("-")


class Plain(Holds):
    def deactivate(self) -> None:  # type: ignore[override]  # it may be a plain function
        DONE.append("-")


def build(kind: Any = Holds, *, inner: bool = False, handled: bool = False) -> Any:
    process = ProcessBuilder("P")
    if inner:
        nested = ProcessBuilder("in")
        step = nested.add_step(kind)
        nested.on_input_event("go").send_event_to(step)
        step.on_event("Stop").stop_process()
        process.on_input_event("go").send_event_to(process.add_process(nested).where_input_event_is("go"))
    else:
        step = process.add_step(kind)
        process.on_input_event("go").send_event_to(step)
        step.on_event("Stop").stop_process()
    if handled:
        process.on_error().send_event_to(process.add_step(Trigger))
    return process.build()


@pytest.mark.parametrize("inner", [False, True], ids=["step", "nested"])
@pytest.mark.parametrize("kind", [Holds, Plain])
@pytest.mark.parametrize("what", ["go", "stop", "fail", "ask"])
async def test_rule_44_an_instance_is_ended_however_the_run_ends(kind, what, inner):
    try:
        result = await build(kind, inner=inner).run("go", what)
        assert_grammar(result.events)
    except StepFailedError:
        assert what == "fail"
    assert DONE == ["+", "-"]


async def test_rule_44_it_comes_before_the_last_status():
    stream = build().run_stream("go", "go")
    seen = [(event.state, "-" in DONE) async for event in stream if event.type == "status"]
    assert seen == [(RunState.IN_PROGRESS, False), (RunState.IDLE, True)]


@pytest.mark.parametrize("what", ["hang", "ask", "go"])
async def test_rule_44_an_instance_is_ended_where_the_run_is_left_or_cancelled(what):
    async with build().start("go", what) as run:
        async with asyncio.timeout(30):
            while not DONE:
                await asyncio.sleep(0)
        if what != "hang":
            await run.idle()
            assert DONE == ["+"]
    assert (["+", "unwound", "-"] if what == "hang" else ["+", "-"]) == DONE


async def test_rule_44_a_stream_that_is_left_early_ends_it():
    stream: AsyncIterator[Any] = build().run_stream("go", "hang")
    async for event in stream:
        if event.type == "executor_invoked":
            break
    await stream.aclose()  # type: ignore[attr-defined]  # a generator
    assert DONE[0] == "+"
    assert DONE[-1] == "-"


def test_rule_44_a_loop_that_closes_around_a_run_ends_it():
    async def leave() -> None:
        build().start("go", "hang").begin()
        while not DONE:
            await asyncio.sleep(0)

    asyncio.run(leave())
    assert DONE[-1] == "-"


async def test_rule_44_one_instance_is_ended_once_over_many_messages():
    async with build().start("go", 1) as run:
        for number in range(3):
            await run.idle()
            await run.send_event("go", number)
        await run.idle()
    assert DONE == ["+", "-"]


async def test_rule_44_elements_of_a_map_are_ended_with_the_map():
    class After(Step):
        @function
        async def see(self, what: list[Any]) -> None:
            DONE.append("after")

    process = ProcessBuilder("P")
    each, after = process.add_map_step(Holds), process.add_step(After)
    process.on_input_event("go").send_event_to(each)
    each.on_function_result().send_event_to(after)
    await process.build().run("go", [1, 2, 3])
    assert DONE.count("+") == DONE.count("-") == 3
    await asyncio.sleep(0)


async def test_rule_44_a_nested_instance_that_a_failure_takes_back_is_ended_before_the_next_one():
    async with build(inner=True, handled=True).start("go", "fail") as run:
        await run.idle()
        await run.send_event("go", "fine")
        await run.idle()
    assert DONE == ["+", "-", "+", "-"]


async def test_rule_44_an_instance_that_was_not_activated_is_not_ended():
    class Refuses(Holds):
        async def activate(self, state: list[Any]) -> None:
            raise RuntimeError("no")

    with pytest.raises(StepFailedError):
        await build(Refuses).run("go", 1)
    assert DONE == []


async def test_rule_44_the_last_one_activated_is_the_first_one_ended():
    class Named(Step):
        @function
        async def work(self, context: StepContext) -> None:
            self.name = context.step

        def deactivate(self) -> None:  # type: ignore[override]
            DONE.append(self.name)

    process = ProcessBuilder("P")
    one, two = process.add_step(Named, name="One"), process.add_step(Named, name="Two")
    process.on_input_event("go").send_event_to(one)
    one.on_function_result().send_event_to(two)
    await process.build().run("go")
    assert DONE == ["Two", "One"]


@pytest.mark.parametrize("error", [ValueError("stuck"), SystemExit(3), asyncio.CancelledError()], ids=repr)
async def test_rule_44_what_it_raises_is_a_warning_and_nothing_more(error):
    class Raises(Holds):
        async def deactivate(self) -> None:
            raise error

    result = await build(Raises).run("go", 1)
    assert result.state is RunState.IDLE
    (warning,) = warnings(result.events, "deactivate_failed")
    assert type(error).__name__ in said(warning)
    assert warning.path == "Raises"
    assert_grammar(result.events)


async def test_rule_44_one_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(deactivation, "_MOST_SECONDS", 0.01)

    class Hangs(Holds):
        async def deactivate(self) -> None:
            await asyncio.Event().wait()

    result = await build(Hangs).run("go", 1)
    assert codes(result.events) == ["deactivate_failed"]
    assert "takes longer than 0.01 seconds" in said(result.events[-2])


async def test_rule_44_a_function_of_that_name_is_a_function():
    class Deactivates(Step):
        @function
        async def deactivate(self, what: Any) -> None:  # type: ignore[override]
            DONE.append(what)

    await build(Deactivates).run("go", 1)
    assert DONE == [1]
