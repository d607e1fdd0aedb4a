"""Rule 40: a worker hears its commands between two calls, whatever the calls do; time passes where a test says so."""

import asyncio
import sys
import types

import pytest
from waiting import until

from process_core.debug import pause_controller
from process_core.engine import runner as engine_runner
from process_core.engine import superstep as engine_superstep
from process_core.events import RunState
from process_core.session.client.in_process import InProcessSession
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.verbs import AddBreakpoint, Pause, Start, Stop

SOURCE = """
from stepscope_test_clock import clock
from process_core import ProcessBuilder, Step, StepContext, function

class Circle(Step):
    @function
    async def turn(self, context: StepContext) -> None:
        clock.compute()
        context.emit_event("Next")

process = ProcessBuilder("Busy", max_supersteps=10**6)
circle = process.add_step(Circle)
process.on_input_event("Go").send_event_to(circle)
circle.on_event("Next").send_event_to(circle)

class One(Step):
    @function
    async def take(self) -> None:
        clock.compute()

for number in range(40):
    process.on_input_event("Fan").send_event_to(process.add_step(One, name=f"One{number}"))
"""


class Clock:
    """Each call takes 0.2 seconds and never suspends; at the third one a command is sent."""

    def __init__(self):
        self.now, self.calls, self.send, self.sent = 1000.0, 0, None, None

    def compute(self):
        self.now += 0.2
        self.calls += 1
        if self.calls == 3:
            self.sent = asyncio.create_task(self.send())


@pytest.fixture
async def busy(tmp_path, monkeypatch):
    clock = Clock()
    module = types.ModuleType("stepscope_test_clock")
    module.clock = clock
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for measuring in (engine_runner, engine_superstep, pause_controller):
        monkeypatch.setattr(measuring, "monotonic", lambda: clock.now)
    (tmp_path / "busy.py").write_text(SOURCE)
    async with await InProcessSession.open(cwd=tmp_path, runs_dir=tmp_path / "runs") as session:
        await session.load("busy.py:process")
        yield session, clock


@pytest.mark.parametrize("command", [Pause(), AddBreakpoint(breakpoint=BreakpointSpec(event="Next"))])
async def test_rule_40_a_run_that_computes_is_paused_within_a_call_of_the_command(busy, command):
    session, clock = busy
    clock.send = lambda: session.request(command)
    await session.request(Start(event="Go"))
    await until(session, lambda status: status.paused)
    assert clock.calls <= 4
    await clock.sent


async def test_rule_40_a_run_that_computes_is_stopped_within_a_call_of_the_command(busy):
    session, clock = busy
    clock.send = lambda: session.request(Stop())
    await session.request(Start(event="Go"))
    await until(session, lambda status: status.state is RunState.CANCELLED)
    assert clock.calls <= 4
    await clock.sent


async def test_rule_40_messages_held_against_breakpoints_leave_the_worker_its_turns(busy):
    session, clock = busy
    await session.request(AddBreakpoint(breakpoint=BreakpointSpec(event="Fan", condition="data == 'never'")))
    clock.send = lambda: session.request(Pause())
    await session.request(Start(event="Fan"))
    await until(session, lambda status: status.paused)
    assert clock.calls <= 4
    await clock.sent
