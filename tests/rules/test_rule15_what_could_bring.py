"""Rules 15 and 24: a half-filled join says once what it still waits for, what could have brought it, and why not."""

from typing import Any

import pytest

from process_core import ProcessBuilder, Step, StepContext, function


class Relay(Step):
    @function
    async def relay(self, context: StepContext, value: Any) -> Any:
        await context.emit_event(f"{context.step}Done", value)
        return value


class Quiet(Step):
    @function
    async def be(self, value: Any) -> None:
        """Emit nothing."""


class Ask(Step):
    @function
    async def ask(self, context: StepContext, value: Any) -> None:
        await context.request_info("?")


class Pair(Step):
    @function
    async def pair(self, left: Any, right: Any) -> Any:
        return [left, right]


async def the_warning(process: ProcessBuilder, event: str = "go") -> Any:
    async with process.build().start(event, 1) as run:
        await run.idle()
        (found,) = [event for event in run.events if event.code == "missing_input"]
        return found


def half(kind: type[Step], *, started: bool = True) -> ProcessBuilder:
    """`go` brings `left`; `Never` of a step of some kind, which `go` may start, would bring `right`."""
    process = ProcessBuilder("half")
    pair, source = process.add_step(Pair), process.add_step(kind, name="Source")
    process.on_input_event("go").send_event_to(pair, parameter="left")
    process.on_input_event("go" if started else "other").send_event_to(source)
    source.on_event("Never").send_event_to(pair, parameter="right")
    return process


@pytest.mark.parametrize(
    ("process", "why"),
    [
        (half(Quiet), "Source 'Never' (it ran, and nothing of it is on its way)"),
        (half(Quiet, started=False), "Source 'Never' (it has not run)"),
        (half(Ask), "Source 'Never' (it waits for an answer)"),
    ],
    ids=["ran", "not run", "asks"],
)
async def test_a_half_filled_join_says_which_step_could_have_brought_the_rest_and_where_it_stands(process, why):
    warning = await the_warning(process)
    assert warning.details["could_bring"] == (f"right from {why}",)
    assert why in warning.data
    assert not warning.details["deadlock"]


async def test_a_half_filled_join_names_the_outside_event_that_could_have_come():
    process = ProcessBuilder("outside")
    pair = process.add_step(Pair)
    process.on_input_event("go").send_event_to(pair, parameter="left")
    process.on_input_event("other").send_event_to(pair, parameter="right")
    assert "right from 'other' (outside)" in (await the_warning(process)).data


async def test_steps_that_wait_for_each_other_are_reported_as_such():
    process = ProcessBuilder("circle")
    first, second = process.add_step(Pair, name="P"), process.add_step(Pair, name="Q")
    process.on_input_event("go").send_event_to(first, parameter="left").send_event_to(second, parameter="left")
    first.on_function_result().send_event_to(second, parameter="right")
    second.on_function_result().send_event_to(first, parameter="right")
    async with process.build().start("go", 1) as run:
        await run.idle()
        warnings = [event for event in run.events if event.type == "warning"]
    assert [(event.code, event.details["deadlock"]) for event in warnings] == [("missing_input", True)] * 2
    assert all("wait for each other" in event.data for event in warnings)
    assert "it waits for right itself, in pair" in warnings[0].data


async def test_a_join_inside_a_nested_process_names_what_that_is_given():
    inner = ProcessBuilder("inner")
    pair = inner.add_step(Pair)
    inner.on_input_event("one").send_event_to(pair, parameter="left")
    inner.on_input_event("two").send_event_to(pair, parameter="right")
    process = ProcessBuilder("outer")
    nested = process.add_process(inner)
    process.on_input_event("go").send_event_to(nested.where_input_event_is("one"))
    process.on_input_event("more").send_event_to(nested.where_input_event_is("two"))
    assert "right from 'two' (what inner is given)" in (await the_warning(process)).data


async def test_an_explicit_join_names_the_sources_that_have_not_come():
    process = ProcessBuilder("listening")
    first, second, target = (process.add_step(kind, name=n) for kind, n in ((Relay, "A"), (Relay, "B"), (Quiet, "T")))
    process.on_input_event("go").send_event_to(first)
    process.on_input_event("other").send_event_to(second)
    source = first.on_event("ADone")
    process.listen_for(all_of=[source, second.on_event("BDone")]).send_event_to(target, inputs={"value": source})
    assert "from B 'BDone' (it has not run)" in (await the_warning(process)).data
