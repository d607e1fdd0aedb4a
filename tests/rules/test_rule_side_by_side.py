"""Rules 7, 21 and 13 where several steps of a superstep begin in one task: none of them may hold up another."""

import asyncio

from process_core import ProcessBuilder, RunState, Step, StepContext, function


class Start(Step):
    @function
    async def go(self, context: StepContext) -> None:
        context.emit_event("Go")


class Asks(Step):
    @function
    async def first(self, context: StepContext) -> None:
        context.emit_event("First")

    @function
    async def second(self, context: StepContext) -> None:
        context.yield_output(await context.request_info("?"))


class Waits(Step):
    @function
    async def go(self, gate: asyncio.Event) -> None:
        await gate.wait()


class Opens(Step):
    @function
    async def go(self, gate: asyncio.Event) -> None:
        gate.set()


class Quick(Step):
    @function
    async def go(self, context: StepContext) -> None:
        context.yield_output("quick")


async def test_rule_7_a_step_that_waits_does_not_hold_up_those_behind_it_in_the_superstep():
    process = ProcessBuilder("P")
    waits, opens = process.add_step(Waits), process.add_step(Opens)
    process.on_input_event("go").send_event_to(waits).send_event_to(opens)
    result = await asyncio.wait_for(process.build().run("go", asyncio.Event()), 5)
    assert result.state is RunState.IDLE


async def test_rule_21_a_call_that_parks_after_another_of_its_step_does_not_hold_up_the_superstep():
    process = ProcessBuilder("P")
    start, asks = process.add_step(Start), process.add_step(Asks)
    process.on_input_event("go").send_event_to(start)
    start.on_event("Go").send_event_to(asks, function="first").send_event_to(asks, function="second")
    asks.on_event("First").send_event_to(process.add_step(Quick))
    async with process.build().start("go") as run:
        assert await asyncio.wait_for(run.idle(), 5) is RunState.IDLE_WITH_PENDING_REQUESTS
        assert run.outputs == ["quick"]
        await run.respond(run.pending_requests[0].request_id, "answer")
        await asyncio.wait_for(run.idle(), 5)
        assert run.outputs == ["quick", "answer"]


async def test_rule_13_a_cancelled_run_ends_steps_that_wait_behind_one_another():
    process = ProcessBuilder("P")
    source = process.on_input_event("go")
    for name in "ABC":
        source.send_event_to(process.add_step(Waits, name=name))
    async with process.build().start("go", asyncio.Event()) as run:
        while [event.type for event in run.events].count("executor_invoked") < 3:
            await asyncio.sleep(0)
        run.cancel()
        assert await asyncio.wait_for(run.idle(), 5) is RunState.CANCELLED
        types = [event.type for event in run.events if event.type.startswith("executor")]
    assert types.count("executor_invoked") == types.count("executor_cancelled") == 3
