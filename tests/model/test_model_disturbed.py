"""Random processes, disturbed while they run, keep the grammar and lose nothing in silence."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from described import Described, Function
from hypothesis import HealthCheck, Phase, given, settings
from random_processes import disturbed_cases
from real_processes import builder_of
from rules_observing import assert_grammar

from process_core import RunState, WorkflowEvent
from process_core.errors import RunEndedError, UnknownRequestError

QUIET = [HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large]
BOUNDED = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # shrinking takes minutes; the long test does it
    suppress_health_check=QUIET,
)
LONG = settings(max_examples=20_000, deadline=None, database=None, suppress_health_check=QUIET)
LIMIT = 6


async def do(run: Any, kind: str, value: Any) -> None:
    """Do one thing to a run that goes on or rests."""
    if kind == "event":
        await run.send_event(*value)
    elif kind == "answer" and run.pending_requests:
        requests = run.pending_requests
        await run.respond(requests[value % len(requests)].request_id, value)
    elif kind == "tick":
        for _ in range(value):
            await asyncio.sleep(0)
    elif kind == "rest":
        await asyncio.wait_for(run.idle(), 20)
    elif kind == "cancel":
        run.cancel()
    elif kind == "answer all":
        await asyncio.wait_for(run.idle(), 20)
        for _ in range(40):
            if not run.pending_requests:
                break
            await run.respond(run.pending_requests[0].request_id, 1)
            await asyncio.wait_for(run.idle(), 20)
        else:
            run.cancel()


async def disturb(process: Described, doings) -> tuple[RunState, list[WorkflowEvent]]:
    """Run the process and do to it what is drawn; give the state and the events of the end."""
    (_, (event, data)), *rest = doings
    async with builder_of(process).build().start(event, data, max_supersteps=LIMIT) as run:
        for kind, value in rest:
            if run.state.is_ended:
                break
            try:
                await do(run, kind, value)
            except (RunEndedError, UnknownRequestError):
                continue
        await asyncio.wait_for(run.idle(), 20)
        return run.state, list(run.events)


def described_at(process: Described, path: str, name: str) -> tuple[Function, set[str]]:
    """Return the function of the step at that path, and the events of the step that may stop its process."""
    *parents, last = path.split("/")
    for parent in parents:
        process = next(s for s in process.steps if s.name == parent)
    step = next(s for s in process.steps if s.name == last)
    stops = {way.source[1] for way in process.ways if way.source[0] == last and way.target is None}
    return next(f for f in step.functions if f.name == name), stops


def lost_in_silence(process: Described, events: list[WorkflowEvent]) -> list[tuple[int, str, str | None]]:
    """Return the internal events that neither led to anything nor were reported, as (seq, path, id)."""
    led_on = {cause for event in events if event.type != "executor_completed" for cause in event.causes}
    undone = {cause for event in events if event.code == "discarded_emissions" for cause in event.causes}
    emitted_by: Counter[int | None] = Counter()
    lost = []
    for event in (e for e in events if e.type == "event_emitted" and e.step is not None):
        function, stops = described_at(process, event.path, event.function or "")
        _, public = function.emits[emitted_by[event.cause]]
        emitted_by[event.cause] += 1
        accounted_for = event.seq in led_on or event.cause in undone or event.event_id in stops
        if not public and not accounted_for:
            lost.append((event.seq, event.path, event.event_id))
    return lost


def check(profile: settings) -> None:
    states: Counter[RunState] = Counter()

    @profile
    @given(disturbed_cases())
    def disturbed(case) -> None:
        process, doings = case
        state, events = asyncio.run(disturb(process, doings))
        states[state] += 1
        assert state is not RunState.IN_PROGRESS
        assert_grammar(events)
        assert lost_in_silence(process, events) == []

    disturbed()
    assert set(states) >= {RunState.IDLE, RunState.STOPPED, RunState.FAILED, RunState.CANCELLED}


def test_a_disturbed_run_keeps_the_grammar_and_loses_nothing_in_silence():
    check(BOUNDED)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_disturbed_run_keeps_the_grammar_and_loses_nothing_in_silence_for_long():
    check(LONG)
