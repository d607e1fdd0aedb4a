"""Rule 40: others of the loop get a turn in time, whatever the functions do. Time passes where a test says so."""

import asyncio
import itertools

import pytest
from rules_steps import Seen

from process_core import ProcessBuilder, RunState, Step, StepContext, function
from process_core.debug import Debugger
from process_core.engine import runner as engine_runner
from process_core.engine import superstep as engine_superstep

SLOW = 0.2


class Clock:
    """Time that passes in calls only: each takes a while, and none of them ever suspends."""

    def __init__(self):
        self.now = 1000.0
        self.calls = 0
        self.at_call = {}

    def compute(self, seconds):
        self.calls += 1
        self.now += seconds
        for act in self.at_call.pop(self.calls, ()):
            act()


@pytest.fixture
async def clock(monkeypatch):
    clock = Clock()
    for module in (engine_runner, engine_superstep):
        monkeypatch.setattr(module, "monotonic", lambda: clock.now)
    return clock


def computing(clock, seconds):
    """Build a process whose calls compute and never suspend: in a circle, side by side, queued, nested, in a map."""

    class Circle(Step):
        @function
        async def turn(self, context: StepContext, left: int) -> None:
            clock.compute(seconds)
            if left:
                context.emit_event("Next", left - 1)

    class Spread(Step):
        @function
        async def spread(self, context: StepContext, many: int) -> None:
            for number in range(many):
                context.emit_event("One", number)

    class One(Step[Seen]):
        @function
        async def take(self, number: int) -> None:
            clock.compute(seconds)

    inner = ProcessBuilder("Inner")
    circle = inner.add_step(Circle)
    inner.on_input_event("Go").send_event_to(circle)
    circle.on_event("Next").send_event_to(circle)
    process = ProcessBuilder("P")
    circle, spread, nested = process.add_step(Circle), process.add_step(Spread), process.add_process(inner, name="in")
    process.on_input_event("circle").send_event_to(circle)
    circle.on_event("Next").send_event_to(circle)
    process.on_input_event("nested").send_event_to(nested.where_input_event_is("Go"))
    process.on_input_event("queued").send_event_to(spread)
    spread.on_event("One").send_event_to(process.add_step(One))
    process.on_input_event("map").send_event_to(process.add_map_step(One, name="Map"))
    for number in range(40):
        process.on_input_event("side by side").send_event_to(process.add_step(One, name=f"One{number}"))
    return process.build()


SHAPES = [("circle", 40), ("side by side", 40), ("queued", 40), ("nested", 40), ("map", list(range(40)))]


@pytest.mark.parametrize(("event", "data"), SHAPES)
async def test_rule_40_others_get_a_turn_between_two_slow_calls(clock, event, data):
    turns = []

    async def other():
        while True:
            turns.append(clock.calls)
            await asyncio.sleep(0)

    async with computing(clock, SLOW).start(event, data) as run:
        others = asyncio.create_task(other())
        await run.idle()
        others.cancel()
    assert clock.calls >= 40
    gaps = [later - earlier for earlier, later in itertools.pairwise(turns)]
    assert max(gaps) <= 2


@pytest.mark.parametrize(("event", "data"), SHAPES)
async def test_rule_40_quick_calls_run_on_for_their_slice(clock, event, data):
    turns = []

    async def other():
        while True:
            turns.append(clock.calls)
            await asyncio.sleep(0)

    async with computing(clock, 0.001).start(event, data) as run:
        others = asyncio.create_task(other())
        await run.idle()
        others.cancel()
    working = {calls for calls in turns if 0 < calls < clock.calls}
    assert len(working) <= 3  # 40 ms of computing are two or three slices


@pytest.mark.parametrize(("event", "data"), SHAPES)
async def test_rule_40_a_pause_is_obeyed_before_the_next_call(clock, event, data):
    debugger = Debugger(computing(clock, SLOW))
    clock.at_call[3] = [debugger.request_pause]
    await debugger.start(event, data)
    assert await debugger.wait()
    assert clock.calls <= 4
    await debugger.continue_()
    await debugger.wait()
    assert debugger.state is RunState.IDLE
    assert clock.calls >= 40
    await debugger.close()


@pytest.mark.parametrize(("event", "data"), SHAPES)
async def test_rule_40_a_cancel_that_comes_from_a_thread_is_obeyed_at_the_next_turn(clock, event, data):
    async with computing(clock, SLOW).start(event, data) as run:
        loop = asyncio.get_running_loop()
        clock.at_call[3] = [lambda: loop.call_soon_threadsafe(run.cancel)]
        await run.idle()
    assert run.state is RunState.CANCELLED
    assert clock.calls <= 5


async def test_rule_40_a_breakpoint_set_while_the_run_computes_stops_the_next_message(clock):
    debugger = Debugger(computing(clock, SLOW))
    clock.at_call[3] = [lambda: debugger.add_breakpoint(event="Next")]
    await debugger.start("circle", 40)
    assert await debugger.wait()
    assert clock.calls == 3
    await debugger.close()


async def test_rule_40_two_runs_take_turns(clock):
    process = computing(clock, SLOW)
    async with process.start("circle", 40) as first, process.start("circle", 40) as second:
        seen = []
        clock.at_call = {call: [lambda: seen.append((first.superstep, second.superstep))] for call in range(1, 80)}
        await first.idle()
        await second.idle()
    assert max(abs(one - other) for one, other in seen) <= 2


async def test_rule_40_others_that_take_long_do_not_keep_the_run_from_going_on(clock):
    async def other():
        while True:
            clock.now += 1.0
            await asyncio.sleep(0)

    async with computing(clock, SLOW).start("side by side", 0) as run:
        others = asyncio.create_task(other())
        await run.idle()
        others.cancel()
    assert clock.calls == 40


@pytest.mark.parametrize(("event", "data", "path"), [("side by side", 9, "One5"), ("map", list(range(9)), "Map[5]")])
async def test_rule_40_what_was_delivered_before_a_pause_has_begun_however_slow_it_is(clock, event, data, path):
    debugger = Debugger(computing(clock, SLOW))
    debugger.add_breakpoint(step=path)
    await debugger.start(event, data)
    assert await debugger.wait()
    assert clock.calls == 5
    assert len([e for e in debugger.events if e.type == "executor_invoked" and e.path != "Map"]) == 5
    await debugger.close()
