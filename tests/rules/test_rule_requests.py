"""Rules 11, 15, 21 and 24: a function that asks and waits for the answer."""

from typing import Any

import pytest
from pydantic import BaseModel
from rules_observing import assert_grammar, calls, codes, of, only, said, warnings
from rules_steps import Ask, Pair, Say, Seen, Sink, Trigger

from process_core import ProcessBuilder, RunEndedError, RunState, Step, StepContext, function
from process_core.errors import InvalidResponseError, UnknownRequestError


def asking():
    """Build: ask -> Ask -> answers to a sink; other -> another sink."""
    process = ProcessBuilder("P")
    ask, answers, other = (
        process.add_step(Ask),
        process.add_step(Sink, name="Answers"),
        process.add_step(Sink, name="Other"),
    )
    process.on_input_event("ask").send_event_to(ask)
    process.on_input_event("other").send_event_to(other)
    ask.on_event("Answered").send_event_to(answers)
    return process.build()


async def answer(run, text: Any) -> None:
    (request,) = run.pending_requests
    await run.respond(request.request_id, text)
    await run.idle()


async def test_rule_11_a_run_that_waits_for_an_answer_is_idle_with_pending_requests():
    async with asking().start("ask", "who?") as run:
        await run.idle()
        assert run.state is RunState.IDLE_WITH_PENDING_REQUESTS
        assert run.events[-1].state is RunState.IDLE_WITH_PENDING_REQUESTS


async def test_a_request_event_shows_prompt_type_and_id():
    async with asking().start("ask", "who?") as run:
        await run.idle()
        request = only(run.events, "request_info")
        assert request.request_id
        assert (request.data, request.response_type) == ("who?", "str")
        assert (request.path, request.step, request.function, request.superstep) == ("Ask", "Ask", "ask", 1)
        assert [r.request_id for r in run.pending_requests] == [request.request_id]


async def test_an_answer_reaches_the_waiting_function():
    async with asking().start("ask", "who?") as run:
        await run.idle()
        await answer(run, "me")
        assert run.state is RunState.IDLE
        assert run.step_states["Answers"].values == ["me"]
        assert run.pending_requests == []
        assert_grammar(run.events)


async def test_rule_21_a_superstep_completes_without_its_parked_function():
    async with asking().start("ask", "who?") as run:
        await run.idle()
        assert [e.superstep for e in of(run.events, "superstep_completed")] == [1]
        assert of(run.events, "executor_completed") == []


async def test_rule_21_the_function_completes_in_the_superstep_after_the_answer():
    async with asking().start("ask", "who?") as run:
        await run.idle()
        await answer(run, "me")
        assert only(run.events, "executor_completed", path="Ask").superstep == 2
        assert calls(run.events) == [(1, "Ask", "ask"), (3, "Answers", "take")]


async def test_rule_34_the_response_event_has_the_request_id():
    async with asking().start("ask", "who?") as run:
        await run.idle()
        await answer(run, "me")
        request, response = only(run.events, "request_info"), only(run.events, "response")
        assert response.request_id == request.request_id
        assert response.data == "me"
        assert response.seq < only(run.events, "executor_completed", path="Ask").seq


async def test_rule_21_other_work_goes_on_while_a_function_waits():
    async with asking().start("ask", "who?") as run:
        await run.idle()
        await run.send_event("other", 1)
        await run.idle()
        assert run.step_states["Other"].values == [1]
        assert run.state is RunState.IDLE_WITH_PENDING_REQUESTS
        assert len(run.pending_requests) == 1


async def test_rule_21_other_steps_of_the_run_go_on_without_the_parked_one():
    process = ProcessBuilder("P")
    ask, say, sink = process.add_step(Ask), process.add_step(Say), process.add_step(Sink)
    process.on_input_event("go").send_event_to(ask).send_event_to(say)
    say.on_event("X").send_event_to(sink)
    async with process.build().start("go", [("X", 1)]) as run:
        await run.idle()
        assert run.step_states["Sink"].values == [1]


async def test_rule_21_a_busy_step_queues_its_messages():
    async with asking().start("ask", "first") as run:
        await run.idle()
        await run.send_event("ask", "second")
        await run.idle()
        assert [r.data for r in run.pending_requests] == ["first"]
        await answer(run, "1")
        assert [r.data for r in run.pending_requests] == ["second"]
        await answer(run, "2")
        assert run.step_states["Ask"].values == ["1", "2"]
        assert_grammar(run.events)


async def test_rule_21_messages_in_one_superstep_queue_behind_the_parked_function():
    process = ProcessBuilder("P")
    say, ask = process.add_step(Say), process.add_step(Ask)
    process.on_input_event("go").send_event_to(say)
    say.on_event("Q").send_event_to(ask)
    async with process.build().start("go", [("Q", "a"), ("Q", "b")]) as run:
        await run.idle()
        assert [r.data for r in run.pending_requests] == ["a"]
        await answer(run, "1")
        assert [r.data for r in run.pending_requests] == ["b"]


async def test_rule_21_a_function_may_ask_twice():
    class Twice(Step[Seen]):
        @function
        async def ask(self, context: StepContext) -> None:
            self.state.values.append(await context.request_info("one", response_type=str))
            self.state.values.append(await context.request_info("two", response_type=str))

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Twice))
    async with process.build().start("go") as run:
        await run.idle()
        await answer(run, "1")
        assert run.state is RunState.IDLE_WITH_PENDING_REQUESTS
        await answer(run, "2")
        assert run.step_states["Twice"].values == ["1", "2"]
        assert len({e.request_id for e in of(run.events, "request_info")}) == 2
        assert len(of(run.events, "executor_invoked")) == 1
        assert_grammar(run.events)


async def test_two_steps_wait_at_once_and_are_answered_in_any_order():
    process = ProcessBuilder("P")
    a, b = process.add_step(Ask, name="A"), process.add_step(Ask, name="B")
    process.on_input_event("go").send_event_to(a).send_event_to(b)
    async with process.build().start("go", "?") as run:
        await run.idle()
        requests = {r.path: r.request_id for r in run.pending_requests}
        await run.respond(requests["B"], "for b")
        await run.idle()
        assert run.state is RunState.IDLE_WITH_PENDING_REQUESTS
        await run.respond(requests["A"], "for a")
        await run.idle()
        assert (run.step_states["A"].values, run.step_states["B"].values) == (["for a"], ["for b"])
        assert run.state is RunState.IDLE


async def test_rule_21_run_with_nobody_to_answer_returns_what_was_asked_and_cancels_the_parked_call():
    result = await asking().run("ask", "who?")
    assert result.state is RunState.IDLE_WITH_PENDING_REQUESTS
    assert [r.data for r in result.pending_requests] == ["who?"]
    cancelled = only(result.events, "executor_cancelled", path="Ask")
    assert cancelled.seq < result.events[-1].seq
    assert result.events[-1].state is RunState.IDLE_WITH_PENDING_REQUESTS


async def test_rule_21_run_with_nobody_to_answer_ends_the_function():
    seen = []

    class Tidy(Step):
        @function
        async def ask(self, context: StepContext) -> None:
            try:
                await context.request_info("?", response_type=str)
            finally:
                seen.append("left")

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Tidy))
    await process.build().run("go")
    assert seen == ["left"]


async def test_rule_15_an_unanswered_request_is_reported():
    result = await asking().run("ask", "who?")
    (warning,) = warnings(result.events, "pending_request")
    assert warning.path == "Ask"


async def test_rule_24_an_unanswered_request_is_reported_once():
    async with asking().start("ask", "who?") as run:
        await run.idle()
        await run.send_event("other", 1)
        await run.idle()
        await run.send_event("other", 2)
        await run.idle()
        assert codes(run.events) == ["pending_request"]


async def test_an_unknown_request_id_changes_nothing():
    async with asking().start("ask", "who?") as run:
        await run.idle()
        before = len(run.events)
        with pytest.raises(UnknownRequestError):
            await run.respond("no such request", "me")
        assert len(run.events) == before
        assert len(run.pending_requests) == 1


async def test_a_request_can_not_be_answered_twice():
    async with asking().start("ask", "who?") as run:
        await run.idle()
        request_id = run.pending_requests[0].request_id
        await run.respond(request_id, "me")
        await run.idle()
        with pytest.raises(UnknownRequestError):
            await run.respond(request_id, "me again")
        assert run.step_states["Answers"].values == ["me"]


class Order(BaseModel):
    count: int


@pytest.mark.parametrize(
    ("kind", "wrong", "right", "got"),
    [(int, "many", 3, 3), (Order, {"count": "x"}, {"count": 3}, Order(count=3)), (list[str], 5, ["a"], ["a"])],
)
async def test_an_answer_of_the_wrong_type_is_refused_and_the_request_stays_open(kind, wrong, right, got):
    class Typed(Step[Seen]):
        @function
        async def ask(self, context: StepContext) -> None:
            self.state.values.append(await context.request_info("?", response_type=kind))

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Typed))
    async with process.build().start("go") as run:
        await run.idle()
        with pytest.raises(InvalidResponseError):
            await run.respond(run.pending_requests[0].request_id, wrong)
        assert run.state is RunState.IDLE_WITH_PENDING_REQUESTS
        await answer(run, right)
        assert run.step_states["Typed"].values == [got]


async def test_an_answer_after_the_end_is_refused():
    async with asking().start("ask", "who?") as run:
        await run.idle()
        request_id = run.pending_requests[0].request_id
        run.cancel()
        await run.idle()
        with pytest.raises((RunEndedError, UnknownRequestError)):
            await run.respond(request_id, "me")


async def test_rule_24_each_outside_input_begins_and_ends_with_a_status():
    async with asking().start("ask", "who?") as run:
        await run.idle()
        await answer(run, "me")
        await run.send_event("other", 1)
        await run.idle()
        states = [e.state for e in of(run.events, "status")]
        going, waiting, idle = RunState.IN_PROGRESS, RunState.IDLE_WITH_PENDING_REQUESTS, RunState.IDLE
        assert states == [going, waiting, going, idle, going, idle]
        assert_grammar(run.events)


async def test_a_function_that_asked_and_then_fails_is_handled():
    class Late(Step):
        @function
        async def ask(self, context: StepContext) -> None:
            answered = await context.request_info("?", response_type=str)
            raise ValueError(answered)

    process = ProcessBuilder("P")
    late, handler = process.add_step(Late), process.add_step(Sink)
    process.on_input_event("go").send_event_to(late)
    late.on_function_error().send_event_to(handler)
    async with process.build().start("go") as run:
        await run.idle()
        await answer(run, "as told")
        (failure,) = run.step_states["Sink"].values
        assert failure.message == "as told"
        assert run.state is RunState.IDLE


async def test_rule_22_what_a_parked_call_emitted_waits_for_its_completion():
    class Early(Step):
        @function
        async def ask(self, context: StepContext) -> None:
            await context.emit_event("Early", 1)
            await context.request_info("?", response_type=str)

    process = ProcessBuilder("P")
    early, sink = process.add_step(Early), process.add_step(Sink)
    process.on_input_event("go").send_event_to(early)
    early.on_event("Early").send_event_to(sink)
    async with process.build().start("go") as run:
        await run.idle()
        assert run.step_states["Sink"].values == []
        await answer(run, "on")
        assert run.step_states["Sink"].values == [1]


async def test_a_stop_elsewhere_ends_a_waiting_run():
    process = ProcessBuilder("P")
    ask, say = process.add_step(Ask), process.add_step(Say)
    process.on_input_event("go").send_event_to(ask).send_event_to(say)
    say.on_event("Exit").stop_process()
    result = await process.build().run("go", [("Exit",)])
    assert result.state is RunState.STOPPED
    only(result.events, "executor_cancelled", path="Ask")
    assert_grammar(result.events)


async def test_a_failure_elsewhere_cancels_a_waiting_function():
    class Fails(Step):
        @function
        async def work(self) -> None:
            raise ValueError("elsewhere")

    process = ProcessBuilder("P")
    ask, fails = process.add_step(Ask), process.add_step(Fails)
    process.on_input_event("ask").send_event_to(ask)
    process.on_input_event("fail").send_event_to(fails)
    async with process.build().start("ask", "?") as run:
        await run.idle()
        await run.send_event("fail")
        await run.idle()
        assert run.state is RunState.FAILED
        only(run.events, "executor_cancelled", path="Ask")
        assert_grammar(run.events)


async def test_rule_15_a_half_filled_join_is_reported_with_what_is_missing():
    process = ProcessBuilder("P")
    say, pair = process.add_step(Say), process.add_step(Pair)
    process.on_input_event("go").send_event_to(say)
    say.on_event("L").send_event_to(pair, parameter="left")
    say.on_event("R").send_event_to(pair, parameter="right")
    result = await process.build().run("go", [("L", 1)])
    (warning,) = warnings(result.events, "missing_input")
    assert (warning.path, warning.step, warning.function) == ("Pair", "Pair", "pair")
    assert "right" in said(warning)


async def test_rule_24_a_half_filled_join_is_reported_once_and_a_new_one_again():
    process = ProcessBuilder("P")
    say, pair, trigger = process.add_step(Say), process.add_step(Pair), process.add_step(Trigger)
    process.on_input_event("go").send_event_to(say)
    process.on_input_event("other").send_event_to(trigger)
    say.on_event("L").send_event_to(pair, parameter="left")
    say.on_event("R").send_event_to(pair, parameter="right")
    async with process.build().start("go", [("L", 1)]) as run:
        await run.idle()
        await run.send_event("other")
        await run.idle()
        assert codes(run.events) == ["missing_input"]
        await run.send_event("go", [("R", 1)])
        await run.idle()
        assert codes(run.events) == ["missing_input"]
        await run.send_event("go", [("R", 2)])
        await run.idle()
        assert codes(run.events) == ["missing_input", "missing_input"]


async def test_rule_24_leftovers_are_said_before_the_last_superstep_is_completed():
    result = await asking().run("ask", "who?")
    (warning,) = warnings(result.events, "pending_request")
    assert warning.seq < of(result.events, "superstep_completed")[-1].seq
    assert said(warning)
