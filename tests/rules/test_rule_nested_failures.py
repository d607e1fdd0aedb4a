"""Rules 15, 21, 31 and 34: a nested process that fails, waits, or rests half-way."""

from typing import Any

import pytest
from rules_observing import assert_grammar, of, only, said, warnings
from rules_steps import Ask, Boom, Pair, Say, Seen, Sink, Trigger

from process_core import (
    ProcessBuilder,
    RunState,
    Step,
    StepFailedError,
    StepFailure,
    Visibility,
    function,
)

PUBLIC, INTERNAL = Visibility.PUBLIC, Visibility.INTERNAL


def sayer(name="inner"):
    """Build a process that says what it is asked through its input `say`."""
    inner = ProcessBuilder(name)
    inner.on_input_event("say").send_event_to(inner.add_step(Say))
    return inner


def around(inner, *, event="say", name=None):
    """Put a process into another one, whose input `go` goes to `event` of it; give both."""
    outer = ProcessBuilder("outer")
    nested = outer.add_process(inner, name=name)
    outer.on_input_event("go").send_event_to(nested.where_input_event_is(event))
    return outer, nested


def failing_inside(*, inner_handler=None):
    """Build a nested process that counts, then fails where it is asked to."""

    class Moody(Step[Seen]):
        @function
        async def take(self, value: Any) -> None:
            self.state.values.append(value)
            if value == "bad":
                raise ValueError("inside")

    inner = ProcessBuilder("inner")
    sink, moody = inner.add_step(Sink), inner.add_step(Moody)
    inner.on_input_event("x").send_event_to(sink)
    inner.on_input_event("x").send_event_to(moody)
    if inner_handler is not None:
        handler = inner.add_step(inner_handler, name="InnerHandler")
        inner.on_error().send_event_to(handler)
    outer, nested = around(inner, event="x")
    return outer, nested


async def test_rule_31_an_error_inside_looks_for_a_handler_inside_first():
    outer, nested = failing_inside(inner_handler=Sink)
    nested.on_function_error().send_event_to(outer.add_step(Sink, name="OuterHandler"))
    result = await outer.build().run("go", "bad")
    assert len(result.step_states["inner/InnerHandler"].values) == 1
    assert result.step_states["OuterHandler"].values == []


async def test_rule_31_an_error_nobody_handles_inside_fails_the_nested_step_in_its_parent():
    outer, nested = failing_inside()
    nested.on_function_error().send_event_to(outer.add_step(Sink, name="OuterHandler"))
    result = await outer.build().run("go", "bad")
    assert result.state is RunState.IDLE
    (failure,) = result.step_states["OuterHandler"].values
    assert isinstance(failure, StepFailure)
    assert "inside" in failure.message
    assert [e.path for e in of(result.events, "executor_failed")] == ["inner/Moody", "inner"]
    assert only(result.events, "executor_failed", path="inner").event_id == "OnError"


async def test_rule_31_the_process_error_route_of_the_parent_handles_it_too():
    outer, _ = failing_inside()
    outer.on_error().send_event_to(outer.add_step(Sink, name="OuterHandler"))
    result = await outer.build().run("go", "bad")
    assert len(result.step_states["OuterHandler"].values) == 1


async def test_rule_31_an_error_handled_nowhere_fails_the_run_with_its_own_cause():
    outer, _ = failing_inside()
    with pytest.raises(StepFailedError) as caught:
        await outer.build().run("go", "bad")
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.step.startswith("inner")


async def test_rule_31_a_failing_handler_inside_fails_the_nested_step():
    outer, nested = failing_inside(inner_handler=Boom)
    nested.on_function_error().send_event_to(outer.add_step(Sink, name="OuterHandler"))
    result = await outer.build().run("go", "bad")
    (failure,) = result.step_states["OuterHandler"].values
    assert "boom" in failure.message


async def test_rule_34_a_handled_failure_leaves_all_nested_state_as_before_the_message():
    outer, nested = failing_inside()
    nested.on_function_error().send_event_to(outer.add_step(Trigger))
    async with outer.build().start("go", "good") as run:
        await run.idle()
        await run.send_event("go", "bad")
        await run.idle()
        await run.send_event("go", "fine")
        await run.idle()
        assert run.state is RunState.IDLE
        assert run.step_states["inner/Moody"].values == ["good", "fine"]
        assert run.step_states["inner/Sink"].values == ["good", "fine"]


async def test_rule_34_a_failed_message_raises_no_public_events():
    class LateBoom(Step):
        @function
        async def go_on(self) -> None:
            raise ValueError("late")

    inner = ProcessBuilder("inner")
    say, boom = inner.add_step(Say), inner.add_step(LateBoom)
    inner.on_input_event("say").send_event_to(say)
    say.on_event("Next").send_event_to(boom)
    outer, nested = around(inner)
    nested.on_event("Out").send_event_to(outer.add_step(Sink))
    nested.on_function_error().send_event_to(outer.add_step(Trigger))
    result = await outer.build().run("go", [("Out", 1, PUBLIC), ("Next",)])
    assert result.step_states["Sink"].values == []
    assert result.step_states["Trigger"].values == ["fired"]
    assert result.public_events == []


async def test_rule_21_a_nested_process_with_a_parked_step_is_parked_in_its_parent():
    inner = ProcessBuilder("inner")
    inner.on_input_event("ask").send_event_to(inner.add_step(Ask))
    outer, nested = around(inner, event="ask")
    after, beside = outer.add_step(Trigger, name="After"), outer.add_step(Sink, name="Beside")
    nested.on_function_result().send_event_to(after)
    outer.on_input_event("go").send_event_to(beside)
    async with outer.build().start("go", "who?") as run:
        await run.idle()
        assert run.state is RunState.IDLE_WITH_PENDING_REQUESTS
        assert run.step_states["Beside"].values == ["who?"]
        assert run.step_states["After"].values == []
        assert of(run.events, "executor_completed", path="inner") == []
        (request,) = run.pending_requests
        assert request.path == "inner/Ask"
        await run.respond(request.request_id, "me")
        await run.idle()
        assert run.state is RunState.IDLE
        assert run.step_states["inner/Ask"].values == ["me"]
        assert run.step_states["After"].values == ["fired"]
        assert_grammar(run.events)


async def test_rule_21_messages_to_a_parked_nested_process_queue():
    inner = ProcessBuilder("inner")
    inner.on_input_event("ask").send_event_to(inner.add_step(Ask))
    outer, _ = around(inner, event="ask")
    async with outer.build().start("go", "first") as run:
        await run.idle()
        await run.send_event("go", "second")
        await run.idle()
        assert [r.data for r in run.pending_requests] == ["first"]
        await run.respond(run.pending_requests[0].request_id, "1")
        await run.idle()
        assert [r.data for r in run.pending_requests] == ["second"]
        await run.respond(run.pending_requests[0].request_id, "2")
        await run.idle()
        assert run.step_states["inner/Ask"].values == ["1", "2"]


async def test_rule_15_a_leftover_inside_is_reported_with_its_path():
    inner = ProcessBuilder("inner")
    pair = inner.add_step(Pair)
    inner.on_input_event("l").send_event_to(pair, parameter="left")
    inner.on_input_event("r").send_event_to(pair, parameter="right")
    outer, _ = around(inner, event="l")
    result = await outer.build().run("go", 1)
    (warning,) = warnings(result.events, "missing_input")
    assert warning.path == "inner/Pair"
    assert "right" in said(warning)


async def test_rule_34_a_first_message_that_fails_leaves_the_nested_state_as_it_began():
    outer, nested = failing_inside()
    nested.on_function_error().send_event_to(outer.add_step(Trigger))
    result = await outer.build().run("go", "bad")
    assert result.step_states["inner/Moody"].values == []
    assert result.step_states["inner/Sink"].values == []


async def test_rule_34_calls_queued_behind_a_failed_one_go_with_their_message():
    class Picky(Step[Seen]):
        @function
        async def take(self, value: Any) -> None:
            if value == "bad":
                raise ValueError("inside")
            self.state.values.append(value)

    inner = ProcessBuilder("inner")
    say, picky = inner.add_step(Say), inner.add_step(Picky)
    inner.on_input_event("say").send_event_to(say)
    say.on_event("N").send_event_to(picky)
    outer, nested = around(inner)
    nested.on_function_error().send_event_to(outer.add_step(Trigger))
    async with outer.build().start("go", [("N", "bad"), ("N", "queued")]) as run:
        await run.idle()
        await run.send_event("go", [("N", "next")])
        await run.idle()
        assert run.step_states["inner/Picky"].values == ["next"]


async def test_rule_34_values_that_waited_for_a_partner_are_as_before_a_failed_message():
    inner = ProcessBuilder("inner")
    say, pair, boom = inner.add_step(Say), inner.add_step(Pair), inner.add_step(Boom)
    inner.on_input_event("say").send_event_to(say)
    say.on_event("L").send_event_to(pair, parameter="left")
    say.on_event("R").send_event_to(pair, parameter="right")
    say.on_event("B").send_event_to(boom)
    outer, nested = around(inner)
    nested.on_function_error().send_event_to(outer.add_step(Trigger))
    async with outer.build().start("go", [("L", 1)]) as run:
        await run.idle()
        await run.send_event("go", [("L", "lost"), ("R", "lost"), ("B", 0)])
        await run.idle()
        await run.send_event("go", [("R", 2)])
        await run.idle()
        assert run.step_states["inner/Pair"].values == [(1, 2)]


async def test_rule_34_what_a_step_commits_after_a_failed_message_is_routed_again():
    class Picky(Step[Seen]):
        @function
        async def take(self, value: Any) -> Any:
            if value == "bad":
                raise ValueError("inside")
            return value

    inner = ProcessBuilder("inner")
    picky, sink = inner.add_step(Picky), inner.add_step(Sink)
    inner.on_input_event("x").send_event_to(picky)
    picky.on_function_result().send_event_to(sink)
    outer, nested = around(inner, event="x")
    nested.on_function_error().send_event_to(outer.add_step(Trigger))
    async with outer.build().start("go", "first") as run:
        await run.idle()
        for data in ("bad", "second"):
            await run.send_event("go", data)
            await run.idle()
        assert run.step_states["inner/Sink"].values == ["first", "second"]


async def test_rule_34_what_a_step_commits_after_its_failing_handler_is_routed_again():
    class Handler(Step[Seen]):
        @function
        async def take(self, value: Any) -> Any:
            if isinstance(value, StepFailure):
                raise TypeError("no better")
            return value

    inner = ProcessBuilder("inner")
    boom, handler, sink = inner.add_step(Boom), inner.add_step(Handler), inner.add_step(Sink)
    inner.on_input_event("boom").send_event_to(boom)
    inner.on_input_event("fine").send_event_to(handler)
    inner.on_error().send_event_to(handler)
    handler.on_function_result().send_event_to(sink)
    outer = ProcessBuilder("outer")
    nested = outer.add_process(inner)
    for event in ("boom", "fine"):
        outer.on_input_event(event).send_event_to(nested.where_input_event_is(event))
    nested.on_function_error().send_event_to(outer.add_step(Trigger))
    async with outer.build().start("boom", 1) as run:
        await run.idle()
        await run.send_event("fine", 2)
        await run.idle()
        assert run.step_states["Trigger"].values == ["fired"]
        assert run.step_states["inner/Sink"].values == [2]


async def test_rule_34_supersteps_go_on_counting_after_a_first_message_that_failed():
    innermost = ProcessBuilder("innermost")
    innermost.on_input_event("x").send_event_to(innermost.add_step(Sink))
    middle = ProcessBuilder("middle")
    deep, picky = middle.add_process(innermost), middle.add_step(Boom)
    middle.on_input_event("fine").send_event_to(deep.where_input_event_is("x"))
    middle.on_input_event("bad").send_event_to(deep.where_input_event_is("x"))
    deep.on_function_result().send_event_to(middle.add_step(Trigger))
    middle.on_input_event("bad").send_event_to(picky)
    outer = ProcessBuilder("outer")
    nested = outer.add_process(middle)
    for event in ("bad", "fine"):
        outer.on_input_event(event).send_event_to(nested.where_input_event_is(event))
    nested.on_function_error().send_event_to(outer.add_step(Trigger))
    async with outer.build().start("bad", 1) as run:
        await run.idle()
        await run.send_event("fine", 2)
        await run.idle()
        assert_grammar(run.events)
        assert run.state is RunState.IDLE


async def test_rule_21_a_failure_inside_cancels_what_is_parked_beside_it():
    inner = ProcessBuilder("inner")
    ask, boom = inner.add_step(Ask), inner.add_step(Boom)
    inner.on_input_event("x").send_event_to(ask).send_event_to(boom)
    outer, nested = around(inner, event="x")
    nested.on_function_error().send_event_to(outer.add_step(Trigger))
    async with outer.build().start("go", "?") as run:
        await run.idle()
        assert run.state is RunState.IDLE
        assert run.pending_requests == []
        only(run.events, "executor_cancelled", path="inner/Ask")
        assert_grammar(run.events)


async def test_rule_34_a_stop_inside_cancels_what_is_parked_there_and_lists_it():
    inner = ProcessBuilder("inner")
    ask, say = inner.add_step(Ask), inner.add_step(Say)
    inner.on_input_event("x").send_event_to(ask).send_event_to(say)
    say.on_event("Exit").stop_process()
    outer, nested = around(inner, event="x")
    nested.on_function_result().send_event_to(outer.add_step(Trigger))
    async with outer.build().start("go", [("Exit",)]) as run:
        await run.idle()
        assert run.state is RunState.IDLE
        assert run.pending_requests == []
        assert run.step_states["Trigger"].values == ["fired"]
        only(run.events, "executor_cancelled", path="inner/Ask")
        (warning,) = warnings(run.events, "discarded_messages")
        assert "inner/Ask" in said(warning)
        assert_grammar(run.events)
