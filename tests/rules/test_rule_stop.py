"""Rules 11 and 29: a stop route ends the run."""

import asyncio
from typing import Any

import pytest
from rules_observing import assert_grammar, calls, codes, of, only, said, warnings
from rules_steps import Ask, Pair, Say, Seen, Sink

from process_core import (
    ProcessBuilder,
    RunEndedError,
    RunState,
    Step,
    StepContext,
    Visibility,
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


async def test_rule_11_a_run_with_nothing_pending_is_idle():
    result = await stopping().run("go", [("X", 1)])
    assert result.state is RunState.IDLE
    assert result.events[-1].state is RunState.IDLE


@pytest.mark.parametrize("script", [[("Exit",), ("X", 1)], [("X", 1), ("Exit",)]])
async def test_rule_11_stop_means_stop_whatever_else_is_pending(script):
    result = await stopping().run("go", script)
    assert result.state is RunState.STOPPED
    assert calls(result.events) == [(1, "Say", "say")]
    assert result.step_states["Sink"].values == []
    assert_grammar(result.events)


async def test_rule_11_stop_lists_all_pending_messages_in_one_event():
    result = await stopping().run("go", [("X", "first"), ("Exit",), ("X", "second")])
    (warning,) = warnings(result.events, "discarded_messages")
    assert said(warning).count("Sink") >= 2 or said(warning).count("X") >= 2


async def test_rule_11_stop_with_nothing_pending_discards_nothing():
    result = await stopping().run("go", [("Exit",)])
    assert "discarded_messages" not in codes(result.events)


async def test_rule_11_functions_of_the_stopping_superstep_finish():
    class Slow(Step[Seen]):
        @function
        async def work(self) -> None:
            await asyncio.sleep(0.01)
            self.state.values.append("finished")

    process = ProcessBuilder("P")
    say, slow = process.add_step(Say), process.add_step(Slow)
    process.on_input_event("go").send_event_to(say)
    process.on_input_event("go").send_event_to(slow)
    say.on_event("Exit").stop_process()
    result = await process.build().run("go", [("Exit",)])
    assert result.step_states["Slow"].values == ["finished"]
    assert result.state is RunState.STOPPED


async def test_rule_11_a_half_filled_join_of_a_stopped_run_is_not_silent():
    process = ProcessBuilder("P")
    say, pair = process.add_step(Say), process.add_step(Pair)
    process.on_input_event("go").send_event_to(say)
    say.on_event("L").send_event_to(pair, parameter="left")
    say.on_event("R").send_event_to(pair, parameter="right")
    say.on_event("Again").send_event_to(say)
    say.on_event("Exit").stop_process()
    result = await process.build().run("go", [("L", 1), ("Again", [("Exit",)])])
    assert result.state is RunState.STOPPED
    assert any("Pair" in said(e) for e in of(result.events, "warning"))


async def test_rule_34_stop_closes_parked_calls_and_lists_their_queue():
    process = ProcessBuilder("P")
    ask, say = process.add_step(Ask), process.add_step(Say)
    process.on_input_event("ask").send_event_to(ask)
    process.on_input_event("say").send_event_to(say)
    say.on_event("Exit").stop_process()
    async with process.build().start("ask", "?") as run:
        await run.idle()
        await run.send_event("ask", "queued")
        await run.idle()
        await run.send_event("say", [("Exit",)])
        await run.idle()
        assert run.state is RunState.STOPPED
        only(run.events, "executor_cancelled", path="Ask")
        assert any("Ask" in said(e) for e in warnings(run.events, "discarded_messages"))
        assert run.pending_requests == []
        assert_grammar(run.events)


@pytest.mark.parametrize("end", ["stop", "cancel", "fail"])
async def test_after_the_end_nothing_can_be_sent(end):
    class Fails(Step):
        @function
        async def work(self) -> None:
            raise ValueError("end")

    process = ProcessBuilder("P")
    say, fails = process.add_step(Say), process.add_step(Fails)
    process.on_input_event("go").send_event_to(say)
    process.on_input_event("fail").send_event_to(fails)
    say.on_event("Exit").stop_process()
    async with process.build().start("go", []) as run:
        await run.idle()
        if end == "stop":
            await run.send_event("go", [("Exit",)])
        elif end == "fail":
            await run.send_event("fail")
        else:
            run.cancel()
        await run.idle()
        before = len(run.events)
        with pytest.raises(RunEndedError):
            await run.send_event("go", [])
        assert len(run.events) == before


async def test_rule_29_an_invocation_queued_behind_a_busy_step_still_runs_when_the_run_stops():
    class Teller(Step[Seen]):
        @function
        async def take(self, context: StepContext, value: Any) -> None:
            self.state.values.append(value)
            if value == "stop":
                await context.emit_event("Exit")

    process = ProcessBuilder("P")
    say, teller = process.add_step(Say), process.add_step(Teller)
    process.on_input_event("go").send_event_to(say)
    say.on_event("T").send_event_to(teller)
    teller.on_event("Exit").stop_process()
    result = await process.build().run("go", [("T", "stop"), ("T", "after")])
    assert result.step_states["Teller"].values == ["stop", "after"]
    assert result.state is RunState.STOPPED


async def test_rule_29_public_events_of_the_stopping_superstep_are_kept():
    result = await stopping().run("go", [("Exit",), ("Out", 1, Visibility.PUBLIC), ("X", 2)])
    assert [(e.id, e.data) for e in result.public_events] == [("Out", 1)]


async def test_a_run_that_stopped_keeps_its_outputs():
    class Gives(Step):
        @function
        async def give(self, context: StepContext) -> None:
            await context.yield_output("kept")
            await context.emit_event("Exit")

    process = ProcessBuilder("P")
    gives = process.add_step(Gives)
    process.on_input_event("go").send_event_to(gives)
    gives.on_event("Exit").stop_process()
    assert (await process.build().run("go")).outputs == ["kept"]


async def test_an_outside_event_may_be_routed_to_stop():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Sink))
    process.on_input_event("quit").stop_process()
    async with process.build().start("go", 1) as run:
        await run.idle()
        await run.send_event("quit")
        await run.idle()
        assert run.state is RunState.STOPPED
        assert_grammar(run.events)


async def test_rule_20_the_stopped_status_names_the_event_and_the_route_that_stopped_the_run():
    process = stopping()
    result = await process.run("go", [("Exit",)])
    exit_event = next(e for e in result.events if e.type == "event_emitted" and e.event_id == "Exit")
    assert result.events[-1].cause == exit_event.seq
    assert result.events[-1].route == next(r.id for r in process.graph.routes if r.target is None)


async def test_rule_20_the_warning_of_discarded_messages_has_the_discarded_events_among_its_causes():
    result = await stopping().run("go", [("X", "first"), ("Exit",), ("X", "second")])
    (warning,) = warnings(result.events, "discarded_messages")
    discarded = [e.seq for e in result.events if e.type == "event_emitted" and e.event_id == "X"]
    assert set(warning.causes) >= set(discarded)


async def test_rule_20_messages_discarded_from_a_queue_are_causes_too():
    process = ProcessBuilder("P")
    process.on_input_event("ask").send_event_to(process.add_step(Ask))
    async with process.build().start("ask", "first") as run:
        await run.idle()
        await run.send_event("ask", "queued")
        await run.idle()
        run.cancel()
        await run.idle()
        (queued,) = (e.seq for e in run.events if e.type == "event_emitted" and e.data == "queued")
        (warning,) = warnings(run.events, "discarded_messages")
        assert queued in warning.causes
