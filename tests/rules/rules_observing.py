"""Questions that the rule tests ask of recorded events and of refused definitions."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import pytest

from process_core import ProcessDefinitionError, RunError, RunState, WorkflowEvent

REST = {RunState.IDLE, RunState.IDLE_WITH_PENDING_REQUESTS}
CLOSING = {"executor_completed", "executor_failed", "executor_cancelled"}


def of(events: Sequence[WorkflowEvent], kind: str, **fields: Any) -> list[WorkflowEvent]:
    """Return the events of that type whose fields have those values."""
    return [e for e in events if e.type == kind and all(getattr(e, k) == v for k, v in fields.items())]


def only(events: Sequence[WorkflowEvent], kind: str, **fields: Any) -> WorkflowEvent:
    """Return the one event of that type, and fail where there is another number of them."""
    found = of(events, kind, **fields)
    assert len(found) == 1, [(e.type, e.path, e.details) for e in found]
    return found[0]


def calls(events: Sequence[WorkflowEvent]) -> list[tuple[int, str, str | None]]:
    """Return every invocation as (superstep, path, function), in the order they started."""
    return [(e.superstep, e.path, e.function) for e in of(events, "executor_invoked")]


def warnings(events: Sequence[WorkflowEvent], code: str) -> list[WorkflowEvent]:
    """Return the warnings with that code."""
    return [e for e in of(events, "warning") if e.code == code]


def codes(events: Sequence[WorkflowEvent]) -> list[str | None]:
    """Return the codes of all warnings, in order."""
    return [e.code for e in of(events, "warning")]


def said(event: WorkflowEvent) -> str:
    """Return all that an event says in words."""
    return f"{event.path} {event.step} {event.function} {event.event_id} {event.data} {event.details} {event.route}"


async def failing(process: Any, event: str, data: Any = None, **options: Any) -> list[WorkflowEvent]:
    """Stream a run that must fail, and give the events it yielded before it raised."""
    events: list[WorkflowEvent] = []
    try:
        async for observed in process.run_stream(event, data, **options):
            events.append(observed)  # noqa: PERF401 - a comprehension would lose them when the stream raises
    except RunError:
        return events
    pytest.fail("the run did not fail")


def problems_of(builder: Any) -> tuple[Any, ...]:
    """Build, and give the problems of the refusal."""
    with pytest.raises(ProcessDefinitionError) as caught:
        builder.build()
    return caught.value.problems


def problem(builder: Any, code: str) -> Any:
    """Build, and give the first problem with that code."""
    problems = problems_of(builder)
    found = [p for p in problems if p.code == code]
    assert found, [str(p) for p in problems]
    return found[0]


def assert_grammar(events: Sequence[WorkflowEvent]) -> None:
    """Check what rules 13, 19, 20 and 24 say of every run that is at rest or over."""
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    assert len({e.run_id for e in events}) == 1
    _assert_root_brackets(events)
    _assert_nested_brackets(events)
    _assert_calls_are_closed(events)
    for event in events:
        assert all(0 < cause < event.seq for cause in event.causes), (event.seq, event.causes)


def _assert_root_brackets(events: Sequence[WorkflowEvent]) -> None:
    kinds = {"started", "status", "superstep_started", "superstep_completed"}
    assert events[0].type == "started"
    assert events[-1].type == "status"
    assert events[-1].state is not RunState.IN_PROGRESS
    assert len(of(events, "started")) == 1
    inside: int | None = None
    last, state = 0, None
    for event in (e for e in events if e.type in kinds and (e.path == "" or e.type in {"started", "status"})):
        if event.type == "superstep_started":
            assert state is RunState.IN_PROGRESS
            assert inside is None
            assert event.superstep == last + 1
            inside = last = event.superstep
        elif event.type == "superstep_completed":
            assert event.superstep == inside
            inside = None
        elif event.type == "status":
            assert event.state is not None
            assert state is None or not state.is_ended, "nothing follows an end status"
            if event.state is RunState.IN_PROGRESS:
                assert state is None or state in REST
            elif event.state not in {RunState.FAILED, RunState.CANCELLED}:
                assert state is RunState.IN_PROGRESS
                assert inside is None
            state = event.state


def _assert_nested_brackets(events: Sequence[WorkflowEvent]) -> None:
    numbers: dict[str, int] = defaultdict(int)
    for event in of(events, "superstep_started"):
        assert event.step is None
        assert event.superstep == numbers[event.path] + 1
        numbers[event.path] = event.superstep


def _assert_calls_are_closed(events: Sequence[WorkflowEvent]) -> None:
    open_calls: Counter[str] = Counter()
    for event in events:
        if event.type == "executor_invoked":
            assert open_calls[event.path] == 0, f"{event.path} runs one call at a time"
            open_calls[event.path] += 1
        elif event.type in CLOSING and event.code != "payload_mismatch" and open_calls[event.path]:
            open_calls[event.path] -= 1
    if events[-1].state is not RunState.IDLE_WITH_PENDING_REQUESTS:
        assert not +open_calls
