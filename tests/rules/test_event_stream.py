"""A reader of `run_stream` is never left behind by more than some thousand events, and may leave at any time."""

import asyncio

import pytest

from process_core import ProcessBuilder, Step, StepContext, StepFailedError, function

MOST = 2100
"""Twice what waits at most, and what a call or superstep adds."""
ROUNDS = 3000


def shapes(made):
    """Build a process that makes thousands of events, in a circle, nested, side by side and by one busy step."""

    class Circle(Step):
        @function
        async def turn(self, context: StepContext, left: int) -> None:
            made.append(left)
            if left == -ROUNDS:
                raise ValueError
            if left:
                context.emit_event("Next", left - 1)

    class Spread(Step):
        @function
        async def spread(self, context: StepContext, many: int) -> None:
            for _ in range(many):
                context.emit_event("One", 0)

    class One(Step):
        @function
        async def take(self, number: int) -> None:
            made.append(number)

    inner = ProcessBuilder("Inner")
    circle = inner.add_step(Circle)
    inner.on_input_event("Go").send_event_to(circle)
    circle.on_event("Next").send_event_to(circle)
    process = ProcessBuilder("P")
    circle, nested, spread = process.add_step(Circle), process.add_process(inner, name="in"), process.add_step(Spread)
    process.on_input_event("circle").send_event_to(circle)
    circle.on_event("Next").send_event_to(circle)
    process.on_input_event("nested").send_event_to(nested.where_input_event_is("Go"))
    process.on_input_event("queued").send_event_to(spread)
    spread.on_event("One").send_event_to(process.add_step(One))
    return process.build()


@pytest.mark.parametrize("shape", ["circle", "nested"])
async def test_a_run_waits_for_a_slow_reader_and_loses_nothing(shape):
    made, most, seqs = [], 0, []
    async for event in shapes(made).run_stream(shape, ROUNDS, max_supersteps=10**6):
        seqs.append(event.seq)
        if event.type == "executor_invoked" and event.path.endswith("Circle"):
            most = max(most, (event.data["left"] - made[-1]) * 5)
        await asyncio.sleep(0)
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(made) == ROUNDS + 1
    assert most <= MOST


async def test_calls_that_wait_behind_a_busy_step_wait_for_the_reader():
    made, read, most = [], 0, 0
    async for event in shapes(made).run_stream("queued", ROUNDS):
        read += event.type == "executor_completed" and event.path == "One"
        most = max(most, len(made) - read)
        await asyncio.sleep(0)
    assert read == len(made) == ROUNDS
    assert most * 2 <= MOST


@pytest.mark.parametrize("shape", ["circle", "nested", "queued"])
async def test_a_reader_that_leaves_ends_a_run_that_waits_for_it(shape):
    made = []
    stream = shapes(made).run_stream(shape, ROUNDS, max_supersteps=10**6)
    async for event in stream:
        if event.seq == 1500:
            break
    await asyncio.sleep(0)
    before = len(made)
    await asyncio.wait_for(stream.aclose(), 30)
    assert len(made) <= before + 1
    assert len(asyncio.all_tasks()) == 1


async def test_a_failure_comes_after_all_that_the_slow_reader_has_still_to_read():
    made, seqs = [], []

    async def read():
        async for event in shapes(made).run_stream("circle", -1, max_supersteps=10**6):
            seqs.append(event.seq)
            await asyncio.sleep(0)

    with pytest.raises(StepFailedError):
        await read()
    assert len(made) == ROUNDS
    assert seqs == list(range(1, len(seqs) + 1))
