"""New code that does what the old did changes nothing: random processes, renewed at their pauses and boundaries."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_processes import cases
from real_processes import builder_of
from test_debug_differential import BOUNDED, LIMIT, PATIENCE, assert_same, observed, plain

from process_core import ProcessBuilder, RunState, Step, StepContext, function
from process_core.debug import Debugger, NewCode
from process_core.reload import StateMigrator


def renew(debugger: Debugger, process: Any) -> None:
    """Move a run onto the same process with classes, routes and functions that are all new."""
    made = builder_of(process).build()
    debugger.swap_code(NewCode(made, StateMigrator(made.graph, ()), debugger.services, {}))


async def renewed(process: Any, outside: Any, verbs: list[str], *, at_boundaries: bool) -> tuple[Any, int]:
    """Run a described process that is renewed at every pause, or at the end of every superstep."""
    debugger = Debugger(builder_of(process).build(), max_supersteps=LIMIT)
    count = 0

    def renew_now() -> None:
        nonlocal count
        count += 1
        renew(debugger, process)

    async def rest() -> None:
        turn = 0
        while await debugger.wait():
            renew_now()
            debugger.release(verbs[turn % len(verbs)])
            turn += 1
        if not run.state.is_ended:
            renew_now()

    (event, data), *more = outside
    run = await debugger.start(event, data, paused=not at_boundaries)
    if at_boundaries:
        debugger.at_boundary(renew_now)
    try:
        async with asyncio.timeout(PATIENCE):
            await rest()
            for event, data in more:
                if run.state.is_ended:
                    break
                await run.send_event(event, data)
                await rest()
        return observed(run), count
    finally:
        await debugger.close()


def check(verbs: Any, *, at_boundaries: bool) -> int:
    """Compare random processes, renewed and not; give how often they were renewed."""
    told = {"renewed": 0}

    @BOUNDED
    @given(cases(), verbs)
    def compare(case: Any, chosen: list[str]) -> None:
        async def both() -> None:
            one = await plain(*case)
            other, count = await renewed(*case, chosen, at_boundaries=at_boundaries)
            for event in list(other.events):
                if event.type == "reloaded":
                    assert "held" not in event.details
            assert_same(one, other)
            assert other.state is not RunState.IN_PROGRESS
            told["renewed"] += count

        asyncio.run(both())

    compare()
    return told["renewed"]


def test_renewing_at_every_pause_gives_the_same_run():
    assert check(st.sampled_from([["step"], ["into"], ["next"], ["step", "out"]]), at_boundaries=False) > 50


def test_renewing_at_the_end_of_every_superstep_gives_the_same_run():
    assert check(st.just(["continue"]), at_boundaries=True) > 100


# --- a reload in the middle of a nested process


class Passes(Step):
    @function
    async def run(self, context: StepContext, what: int) -> int:
        context.emit_event("Next", what)
        return what


def nesting(entry="In", first="A", then="B", name="in", event="Go"):
    inner = ProcessBuilder("Inner")
    one, other = inner.add_step(Passes, name=first), inner.add_step(Passes, name=then)
    inner.on_input_event(entry).send_event_to(one)
    one.on_event("Next").send_event_to(other)
    process = ProcessBuilder("Outer")
    nested, last = process.add_process(inner, name=name), process.add_step(Passes, name="Last")
    process.on_input_event(event).send_event_to(nested.where_input_event_is(entry))
    process.on_input_event("Go").send_event_to(last)
    return process.build()


@pytest.mark.parametrize("breakpoints", [["in/A"], ["in/B"], ["in/A", "in/B"], ["Last"]], ids=str)
@pytest.mark.parametrize(
    "changes",
    [
        {"entry": "Enter"},
        {"entry": "Enter", "then": "C"},
        {"first": "A2"},
        {"first": "A2", "entry": "Enter", "then": "C"},
        {"name": "other"},
        {"event": "Another"},
        {"event": "Another", "first": "A2"},
    ],
    ids=str,
)
async def test_a_reload_inside_a_nested_process_lists_each_undeliverable_message_once(breakpoints, changes):
    debugger = Debugger(nesting())
    for step in breakpoints:
        debugger.add_breakpoint(step=step)
    await debugger.start("Go", 1)
    while await debugger.wait():
        new = nesting(**changes)
        code = NewCode(new, StateMigrator(new.graph, ()), debugger.services, {})
        listed = [str(item) for item in debugger.swap_code(code).undeliverable]
        assert len(listed) == len(set(listed))
        pending = [(item.event_id, item.target, item.seq) for item in debugger.pending()]
        assert len(pending) == len(set(pending))
        debugger.release("continue")
    assert debugger.state is RunState.IDLE
    texts = [text for e in debugger.run.events if e.code == "held_messages" for text in e.details["messages"]]
    assert len(texts) == len(set(texts))
    await debugger.close()
