"""Rule 37: a call that waits for an answer and goes on by itself is outside input, wherever it is nested."""

import asyncio

import pytest
from rules_observing import assert_grammar, of, only, warnings
from rules_steps import Seen

from process_core import ProcessBuilder, RunState, Step, StepContext, StepFailure, Visibility, function
from process_core.errors import UnknownRequestError

BRIEF = 0.002


class Clock:
    """Makes time limits end when a test says so, and says when what came of it has arrived."""

    def __init__(self):
        self.limits = []
        self.arrived = asyncio.Event()

    async def time_is_up(self, run):
        for limit in self.limits:
            limit.reschedule(0)
        self.limits.clear()
        await self.arrived.wait()
        await run.idle()


async def within_a_timeout(context, clock):
    async with asyncio.timeout(None) as limit:
        clock.limits.append(limit)
        return await context.request_info("q?")


async def with_a_pause_after_it(context, clock):
    try:
        return await within_a_timeout(context, clock)
    except TimeoutError:
        await asyncio.sleep(BRIEF)
        raise


async def with_wait_for(context, clock):
    return await asyncio.wait_for(context.request_info("q?"), BRIEF)


async def as_a_race(context, clock):
    question = asyncio.create_task(context.request_info("q?"))
    await asyncio.wait([question], timeout=BRIEF)
    question.cancel()
    raise TimeoutError


async def left_alone(context, clock):
    clock.question = asyncio.create_task(context.request_info("q?"))
    await asyncio.wait([clock.question], timeout=BRIEF)
    raise TimeoutError


WAYS = [within_a_timeout, with_a_pause_after_it, with_wait_for, as_a_race, left_alone]


def patient(clock, way):
    class Patient(Step):
        @function
        async def ask(self, context: StepContext) -> str:
            try:
                return await way(context, clock)
            except TimeoutError:
                context.emit_event("Late", "emitted", Visibility.PUBLIC)
                return "timed out"

    class Sink(Step[Seen]):
        @function
        async def take(self, value: str) -> None:
            self.state.values.append(value)
            clock.arrived.set()

    return Patient, Sink


def simple(clock, way=within_a_timeout):
    kind, sink = patient(clock, way)
    process = ProcessBuilder("P")
    asks, takes = process.add_step(kind, name="Asks"), process.add_step(sink, name="Takes")
    process.on_input_event("Go").send_event_to(asks)
    asks.on_event("Late").send_event_to(takes)
    asks.on_function_result().send_event_to(takes)
    return process.build()


@pytest.fixture
async def clock():
    return Clock()


@pytest.mark.parametrize("way", WAYS)
async def test_rule_37_what_it_emits_and_returns_is_routed_in_supersteps_of_their_own(clock, way):
    async with simple(clock, way).start("Go") as run:
        await run.idle()
        await clock.time_is_up(run)
        assert (run.state, run.pending_requests) == (RunState.IDLE, [])
        assert run.step_states["Takes"].values == ["emitted", "timed out"]
        assert [e.data for e in run.public_events] == ["emitted"]
        assert_grammar(run.events)
        assert only(run.events, "executor_completed", path="Asks").superstep == 2


@pytest.mark.parametrize("way", WAYS)
async def test_rule_37_the_question_is_withdrawn_and_a_late_answer_is_refused(clock, way):
    async with simple(clock, way).start("Go") as run:
        await run.idle()
        asked = only(run.events, "request_info")
        await clock.time_is_up(run)
        withdrawn = only(run.events, "request_withdrawn")
        assert (withdrawn.request_id, withdrawn.causes) == (asked.request_id, (asked.seq,))
        with pytest.raises(UnknownRequestError, match=r"request-1.* was withdrawn: its function went on"):
            await run.respond(asked.request_id, "late")
        assert run.state is RunState.IDLE


async def test_rule_37_an_answer_in_time_leaves_no_trace_of_the_limit(clock):
    async with simple(clock).start("Go") as run:
        await run.idle()
        await run.respond("request-1", "in time")
        await run.idle()
        assert run.step_states["Takes"].values == ["in time"]
        assert of(run.events, "request_withdrawn") == []
        with pytest.raises(UnknownRequestError, match="is closed: it was answered"):
            await run.respond("request-1", "again")


async def test_rule_37_an_answer_that_crosses_with_the_time_limit_is_reported(clock):
    async with simple(clock).start("Go") as run:
        await run.idle()
        clock.limits.pop().reschedule(0)
        await run.respond("request-1", "crossing")
        await clock.arrived.wait()
        await run.idle()
        assert (run.state, run.pending_requests) == (RunState.IDLE, [])
        assert run.step_states["Takes"].values == ["emitted", "timed out"]
        (unused,) = warnings(run.events, "unused_answer")
        assert unused.details["request_id"] == "request-1"
        assert_grammar(run.events)


@pytest.mark.parametrize("answered", [0, 1])
async def test_rule_37_the_first_answer_wins(clock, answered):
    class Two(Step[Seen]):
        @function
        async def ask(self, context: StepContext) -> None:
            questions = [asyncio.create_task(context.request_info(name)) for name in ("left", "right")]
            done, late = await asyncio.wait(questions, return_when=asyncio.FIRST_COMPLETED)
            for question in late:
                question.cancel()
            self.state.values.extend(question.result() for question in done)

    process = ProcessBuilder("P")
    process.on_input_event("Go").send_event_to(process.add_step(Two))
    async with process.build().start("Go") as run:
        await run.idle()
        first, other = run.pending_requests[answered], run.pending_requests[1 - answered]
        await run.respond(first.request_id, "first")
        await run.idle()
        while run.state is RunState.IDLE_WITH_PENDING_REQUESTS:  # the engine cannot know that no second one is wanted
            await asyncio.sleep(0)
            await run.idle()
        assert run.step_states["Two"].values == ["first"]
        assert only(run.events, "request_withdrawn").request_id == other.request_id
        assert_grammar(run.events)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("way", WAYS)
async def test_rule_37_holds_in_nested_processes(clock, way, depth):
    kind, sink = patient(clock, way)
    inner = ProcessBuilder("P0")
    asks, takes = inner.add_step(kind, name="Asks"), inner.add_step(sink, name="Takes")
    inner.on_input_event("Go").send_event_to(asks)
    asks.on_event("Late").send_event_to(takes)
    for level in range(depth):
        outer = ProcessBuilder(f"P{level + 1}")
        nested = outer.add_process(inner, name="in")
        outer.on_input_event("Go").send_event_to(nested.where_input_event_is("Go"))
        inner = outer
    last = outer.add_step(sink, name="Last")
    nested.on_event("Late").send_event_to(last)
    async with outer.build().start("Go") as run:
        await run.idle()
        for rounds in (1, 2):
            await clock.time_is_up(run)
            assert run.state is RunState.IDLE
            assert run.step_states["in/" * depth + "Takes"].values == ["emitted"] * rounds
            assert run.step_states["Last"].values == ["emitted"] * rounds
            clock.arrived.clear()
            if rounds == 1:
                await run.send_event("Go")
                await run.idle()
        assert_grammar(run.events)
        assert_nested_within_parents(run.events)


def assert_nested_within_parents(events):
    """Check that a nested superstep begins and ends within one of its parent."""
    inside = set()
    for event in events:
        if event.type == "superstep_started":
            assert not event.path or event.path.rpartition("/")[0] in inside, (event.seq, event.path)
            inside.add(event.path)
        elif event.type == "superstep_completed":
            inside.discard(event.path)


async def test_rule_37_holds_in_the_elements_of_a_map(clock):
    class Element(Step):
        @function
        async def ask(self, context: StepContext, number: int) -> str:
            try:
                return await within_a_timeout(context, clock)
            except TimeoutError:
                return f"{number} timed out"

    class Takes(Step[Seen]):
        @function
        async def take(self, value: list[str]) -> None:
            self.state.values += value
            clock.arrived.set()

    process = ProcessBuilder("P")
    mapped, takes = process.add_map_step(Element, name="Map"), process.add_step(Takes)
    process.on_input_event("Go").send_event_to(mapped)
    mapped.on_function_result().send_event_to(takes)
    async with process.build().start("Go", [1, 2, 3]) as run:
        await run.idle()
        await run.respond(run.pending_requests[1].request_id, "answered")
        await run.idle()
        del clock.limits[1]
        await clock.time_is_up(run)
        assert run.step_states["Takes"].values == ["1 timed out", "answered", "3 timed out"]
        assert_grammar(run.events)


async def test_rule_37_a_failure_after_the_time_limit_goes_to_the_error_route(clock):
    class Fails(Step):
        @function
        async def ask(self, context: StepContext) -> None:
            await within_a_timeout(context, clock)

    class Handles(Step[Seen]):
        @function
        async def take(self, failure: StepFailure) -> None:
            self.state.values.append(failure.type)
            clock.arrived.set()

    process = ProcessBuilder("P")
    fails, handles = process.add_step(Fails), process.add_step(Handles)
    process.on_input_event("Go").send_event_to(fails)
    process.on_error().send_event_to(handles)
    async with process.build().start("Go") as run:
        await run.idle()
        await clock.time_is_up(run)
        assert run.step_states["Handles"].values == ["TimeoutError"]
        assert_grammar(run.events)


async def test_rule_37_a_message_that_waited_behind_it_is_served(clock):
    async with simple(clock).start("Go") as run:
        await run.idle()
        await run.send_event("Go")
        await run.idle()
        await clock.time_is_up(run)
        assert run.state is RunState.IDLE_WITH_PENDING_REQUESTS
        assert [r.request_id for r in run.pending_requests] == ["request-2"]
        clock.arrived.clear()
        await clock.time_is_up(run)
        assert run.step_states["Takes"].values == ["emitted", "timed out"] * 2
        assert_grammar(run.events)


async def test_rule_37_it_counts_as_outside_input_for_the_limit_of_supersteps(clock):
    class Repeats(Step[Seen]):
        @function
        async def ask(self, context: StepContext) -> None:
            try:
                await with_wait_for(context, clock)
            except TimeoutError:
                self.state.values.append("round")
                context.emit_event("Again" if len(self.state.values) < 6 else "Done")
                if len(self.state.values) == 6:
                    clock.arrived.set()

    process = ProcessBuilder("P")
    repeats = process.add_step(Repeats)
    process.on_input_event("Go").send_event_to(repeats)
    repeats.on_event("Again").send_event_to(repeats)
    async with process.build().start("Go", max_supersteps=2) as run:
        await clock.arrived.wait()
        await run.idle()
        assert run.state is RunState.IDLE
        assert len(run.step_states["Repeats"].values) == 6


async def test_rule_37_other_work_goes_on_and_takes_it_in(clock):
    class Holds(Step):
        @function
        async def hold(self) -> None:
            await clock.release.wait()

    clock.release = asyncio.Event()
    kind, sink = patient(clock, within_a_timeout)
    process = ProcessBuilder("P")
    asks, takes, holds = process.add_step(kind, name="Asks"), process.add_step(sink), process.add_step(Holds)
    process.on_input_event("Go").send_event_to(asks).send_event_to(holds)
    asks.on_event("Late").send_event_to(takes)
    async with process.build().start("Go") as run:
        while not clock.limits:
            await asyncio.sleep(0)
        clock.limits.pop().reschedule(0)
        while run.pending_requests:
            await asyncio.sleep(0)
        clock.release.set()
        await run.idle()
        assert run.step_states["Sink"].values == ["emitted"]
        assert only(run.events, "executor_completed", path="Asks").superstep == 1
        assert_grammar(run.events)


async def test_rule_37_a_run_that_is_cancelled_while_its_call_comes_back_ends_cancelled(clock):
    async with simple(clock).start("Go") as run:
        await run.idle()
        clock.limits.pop().reschedule(0)
        while run.pending_requests:
            await asyncio.sleep(0)
        run.cancel()
        await run.idle()
        assert run.state is RunState.CANCELLED
        assert len(of(run.events, "executor_cancelled")) == 1
        assert_grammar(run.events)


def test_a_loop_that_closes_does_not_wait_for_a_parked_call():
    async def leave():
        run = simple(Clock()).start("Go").begin()
        await run.idle()
        return run

    run = asyncio.run(leave())
    assert run.state is RunState.CANCELLED
    assert warnings(run.events, "background_failure") == []
