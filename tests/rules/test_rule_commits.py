"""Rules 22 and 34: an invocation commits when it completes, or not at all."""

import asyncio
import gc
import itertools
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest
from rules_observing import codes, of, only, said, warnings
from rules_steps import Boom, Say, Seen, Sink, Trigger

from process_core import (
    ProcessBuilder,
    Step,
    StepContext,
    function,
)


async def test_rule_22_a_failed_call_commits_nothing_and_its_emissions_are_listed():
    process = ProcessBuilder("P")
    boom, never, handler = (
        process.add_step(Boom),
        process.add_step(Sink, name="Never"),
        process.add_step(Trigger, name="Handler"),
    )
    process.on_input_event("go").send_event_to(boom)
    boom.on_event("Never").send_event_to(never)
    boom.on_function_error().send_event_to(handler)
    result = await process.build().run("go", 1)
    assert result.step_states["Never"].values == []
    assert result.step_states["Handler"].values == ["fired"]
    (warning,) = warnings(result.events, "discarded_emissions")
    assert "Never" in said(warning)


async def test_rule_22_an_emission_is_observed_at_the_call_even_if_the_call_fails_later():
    process = ProcessBuilder("P")
    boom, handler = process.add_step(Boom), process.add_step(Trigger)
    process.on_input_event("go").send_event_to(boom)
    boom.on_function_error().send_event_to(handler)
    result = await process.build().run("go", 1)
    emitted = only(result.events, "event_emitted", event_id="Never")
    failed = only(result.events, "executor_failed")
    assert emitted.seq < failed.seq


async def test_rule_22_a_handled_failure_leaves_the_state_as_before_the_call():
    process = ProcessBuilder("P")
    boom, handler = process.add_step(Boom, initial_state=Seen(["before"])), process.add_step(Trigger)
    process.on_input_event("go").send_event_to(boom)
    boom.on_function_error().send_event_to(handler)
    assert (await process.build().run("go", 1)).step_states["Boom"].values == ["before"]


async def test_rule_22_a_process_error_route_also_brings_the_state_back():
    process = ProcessBuilder("P")
    boom, handler = process.add_step(Boom, initial_state=Seen(["before"])), process.add_step(Trigger)
    process.on_input_event("go").send_event_to(boom)
    process.on_error().send_event_to(handler)
    assert (await process.build().run("go", 1)).step_states["Boom"].values == ["before"]


async def test_rule_22_only_the_failed_call_of_a_step_is_undone():
    class Moody(Step[Seen]):
        @function
        async def take(self, value: int) -> None:
            self.state.values.append(value)
            if value == 2:
                raise ValueError(value)

    process = ProcessBuilder("P")
    say, moody, handler = process.add_step(Say), process.add_step(Moody), process.add_step(Trigger)
    process.on_input_event("go").send_event_to(say)
    say.on_event("N").send_event_to(moody)
    moody.on_function_error().send_event_to(handler)
    result = await process.build().run("go", [("N", 1), ("N", 2), ("N", 3)])
    assert result.step_states["Moody"].values == [1, 3]


async def test_rule_34_outputs_hold_only_what_completed_calls_yielded():
    class Yields(Step):
        @function
        async def take(self, context: StepContext, value: int) -> None:
            await context.yield_output(value)
            if value == 2:
                raise ValueError(value)

    process = ProcessBuilder("P")
    say, yields, handler = process.add_step(Say), process.add_step(Yields), process.add_step(Trigger)
    process.on_input_event("go").send_event_to(say)
    say.on_event("N").send_event_to(yields)
    yields.on_function_error().send_event_to(handler)
    result = await process.build().run("go", [("N", 1), ("N", 2), ("N", 3)])
    assert result.outputs == [1, 3]
    assert [e.data for e in of(result.events, "output")] == [1, 2, 3]


@pytest.mark.parametrize("end", ["fail", "cancel"])
async def test_rule_15_what_completed_calls_of_an_unfinished_superstep_emitted_is_listed(end):
    class Late(Step):
        @function
        async def end(self) -> None:
            await asyncio.sleep(0.01 if end == "fail" else 60)
            raise ValueError("late")

    process = ProcessBuilder("P")
    say, late, sink = process.add_step(Say), process.add_step(Late), process.add_step(Sink)
    process.on_input_event("go").send_event_to(say).send_event_to(late)
    say.on_event("X").send_event_to(sink)
    async with process.build().start("go", [("X", 1)]) as run:
        await asyncio.sleep(0.005)
        if end == "cancel":
            run.cancel()
        await run.idle()
        assert run.state.is_ended
        assert of(run.events, "executor_completed", path="Say")
        assert any("X" in said(e) for e in of(run.events, "warning"))


async def test_rule_22_a_call_that_fails_after_its_answer_is_undone_to_before_it_asked():
    class Late(Step[Seen]):
        @function
        async def ask(self, context: StepContext) -> None:
            self.state.values.append("dirty")
            raise ValueError(await context.request_info("?", response_type=str))

    process = ProcessBuilder("P")
    late = process.add_step(Late)
    process.on_input_event("go").send_event_to(late)
    late.on_function_error().send_event_to(process.add_step(Trigger))
    async with process.build().start("go") as run:
        await run.idle()
        await run.respond(run.pending_requests[0].request_id, "answer")
        await run.idle()
        assert run.step_states["Late"].values == []


@dataclass
class Locked:
    n: int = 0
    lock: Any = field(default_factory=threading.Lock)


class Counts(Step[Locked]):
    @function
    async def count(self, value: int) -> int:
        self.state.n += 1
        if value < 0:
            raise ValueError("negative")
        return value


def counting(inner):
    """Count, inside a process where `inner`, under an error route."""
    process = ProcessBuilder("P")
    if inner:
        nested = ProcessBuilder("in")
        nested.on_input_event("go").send_event_to(nested.add_step(Counts))
        nested.on_input_event("other").send_event_to(nested.add_step(Sink))
        target = process.add_process(nested).where_input_event_is("go")
    else:
        target = process.add_step(Counts)
    process.on_input_event("go").send_event_to(target)
    process.on_error().send_event_to(process.add_step(Trigger, name="Handler"))
    return process.build()


@pytest.mark.parametrize(("inner", "path"), [(False, "Counts"), (True, "in/Counts")], ids=["step", "nested"])
async def test_rule_43_a_state_that_cannot_be_copied_is_not_rolled_back_which_is_reported(inner, path):
    async with counting(inner).start("go", 1) as run:
        await run.idle()
        assert codes(run.events) == []
        await run.send_event("go", -1)
        await run.idle()
        assert run.step_states[path].n == 2
        assert run.step_states["Handler"].values == ["fired"]
        (warning,) = warnings(run.events, "not_rolled_back")
        assert warning.path == path
        assert "cannot be copied" in said(warning)


CLOSED: list[int] = []
NUMBERS = itertools.count()


class Connection:
    """As in many client libraries: closes what it owns when it is collected."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        CLOSED.append(self.number)


class Wrapper:
    def __init__(self, inner: Any) -> None:
        self.inner = inner


@pytest.mark.parametrize(
    "wrap", [lambda c: c, lambda c: [(c,)], lambda c: {"a": Wrapper(Wrapper([c]))}, lambda c: Seen(values=[c])]
)
async def test_rule_43_what_a_state_owns_is_never_copied_to_roll_it_back(wrap):
    class Holds(Step[dict]):
        @function
        async def count(self, value: int) -> None:
            if not self.state:
                self.state["held"] = wrap(Connection(number))
            if value < 0:
                raise ValueError("negative")

    number = next(NUMBERS)
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Holds))
    process.on_error().send_event_to(process.add_step(Trigger, name="Handler"))
    async with process.build().start("go", 1) as run:
        await run.idle()
        await run.send_event("go", -1)
        await run.idle()
        gc.collect()
        assert number not in CLOSED
        assert [w.path for w in warnings(run.events, "not_rolled_back")] == ["Holds"]
