"""What an event leads to: the routes that committed emissions, failures and outside events take."""

from collections.abc import Sequence
from typing import Any

from process_core.engine.compiled import CompiledRoute, RouteSet
from process_core.engine.failures import describe
from process_core.engine.records import HAS_NONE, Emission, EventSite, Invocation, Message, ProcessRecord, StepInstance
from process_core.errors import StepFailure
from process_core.events import NO_DATA, ProcessEvent, Visibility, WorkflowEvent
from process_core.graph import type_text
from process_core.safe_repr import error_summary


class ConditionError(Exception):
    """A condition of a route raised; its `__cause__` is what it raised."""


def commit(process: ProcessRecord) -> None:
    """Route what the superstep brought, by order of registration, then of invocation, then of emission."""
    finished = process.finished
    if len(finished) > 1:
        finished.sort(key=_registration)
    for slot in finished:
        for invocation in slot.finished:
            if invocation.failure is not None:
                _hand_to_handler(process, slot, invocation)
            else:
                _commit_invocation(process, slot, invocation)
        slot.finished.clear()


def receive(process: ProcessRecord, event_id: str, data: Any) -> list[Message]:
    """Record an outside event, and return the messages it leads to, in order of declaration."""
    seq = 0
    if process.run.recorder is not None:
        event = WorkflowEvent(
            "event_emitted",
            None if data is NO_DATA else data,
            HAS_NONE if data is None else None,
            event_id=event_id,
            superstep=process.superstep,
        )
        seq = process.run.recorder.pass_on(event)
    return enter(process, process.plan.entries[event_id], event_id, data, seq)


def enter(process: ProcessRecord, routes: RouteSet, event_id: str, data: Any, seq: int) -> list[Message]:
    """Return the messages that an event leads to which comes to a process, in order of declaration."""
    messages: list[Message] = []
    found = matching(process, routes, event_id, data, None)
    if len(found) > 1 and hasattr(type(data), "__next__"):
        _warn_read_once(process, None, event_id, data, seq, found)
    for route in found:
        if route.step is None:
            process.stop_at(route, seq)
        else:
            messages.append(Message(route, data, seq, event_id, ""))
    return messages


def _registration(slot: StepInstance) -> int:
    return slot.plan.index


def _commit_invocation(process: ProcessRecord, slot: StepInstance, invocation: Invocation) -> None:
    for emission in invocation.emissions:
        routes = slot.plan.routes.get(emission.event_id)
        if routes is not None:
            _send(process, slot, routes, emission)
        elif emission.visibility is not Visibility.PUBLIC:
            _warn_unrouted(process, invocation, emission)
        if emission.visibility is Visibility.PUBLIC:
            _publish(process, emission)
        elif process.parent is not None:
            _warn_invisible(process, invocation, emission)
    function = invocation.function
    is_public = function.visibility is Visibility.PUBLIC
    routes = slot.plan.routes.get(function.result_id)
    if routes is not None or is_public:
        emission = Emission(
            function.result_id, invocation.result, function.visibility, invocation.result_seq, slot.path
        )
        if routes is not None:
            _send(process, slot, routes, emission)
        if is_public:
            _publish(process, emission)
    if invocation.outputs:
        if process.parent is None:
            process.run.outputs.extend(invocation.outputs)
        else:
            process.parent.outputs = [*(process.parent.outputs or ()), *invocation.outputs]


def _send(process: ProcessRecord, slot: StepInstance, routes: RouteSet, emission: Emission) -> None:
    pending = process.pending
    found = matching(process, routes, emission.event_id, emission.data, slot, emission.seq)
    if len(found) > 1 and hasattr(type(emission.data), "__next__"):
        _warn_read_once(process, slot, emission.event_id, emission.data, emission.seq, found)
    for route in found:
        if route.step is None:
            process.stop_at(route, emission.seq)
        else:
            pending.append(Message(route, emission.data, emission.seq, emission.event_id, emission.source))


def matching(
    process: ProcessRecord, routes: RouteSet, event_id: str, data: Any, slot: StepInstance | None, seq: int = 0
) -> Sequence[CompiledRoute]:
    """Return the routes an event takes, and say so where it takes none."""
    if not routes.is_conditional:
        return routes.routes
    broken: list[tuple[CompiledRoute, BaseException]] = []
    found = routes.matching(None if data is NO_DATA else data, lambda route, error: broken.append((route, error)))
    for route, error in broken:
        _condition_failed(process, route, error, slot, seq)
    if not found and not broken:
        process.warn(
            "no_condition_matched",
            f"no condition on {routes.routes[0].route.source} held, so {event_id!r} goes nowhere",
            EventSite(slot.path, slot.plan.name, None) if slot else None,
            event_id=event_id,
            causes=(seq,) if seq else (),
            step=slot.path if slot else None,
            routes=[route.id for route in routes.routes],
        )
    return found


def _condition_failed(
    process: ProcessRecord, route: CompiledRoute, error: BaseException, slot: StepInstance | None, seq: int
) -> None:
    where = slot.path if slot is not None else ""
    raised = ConditionError(f"the condition of route {route.id!r} raised {error_summary(error)}")
    raised.__cause__ = error
    failure = describe(raised, step=where, function="", superstep=process.superstep, arguments={})
    targets = process.plan.errors.matching(failure, lambda *_: None) if process.plan.errors is not None else ()
    process.warn("condition_failed", str(raised), route=route.id, step=where, causes=(seq,) if seq else ())
    if not targets:
        process.fail(failure, raised)
    _deliver_failure(process, targets, failure, seq, where)


def _hand_to_handler(process: ProcessRecord, slot: StepInstance, invocation: Invocation) -> None:
    failure = invocation.failure
    assert failure is not None
    targets: Sequence[CompiledRoute] = ()
    broken: list[BaseException] = []
    for routes in (slot.plan.routes.get(invocation.function.error_id), process.plan.errors):
        if routes is not None and not targets:
            targets = routes.matching(failure, lambda _, error: broken.append(error))
    if targets:
        _deliver_failure(process, targets, failure, invocation.result_seq, slot.path, invocation.function.error_id)
    else:
        process.fail(failure, invocation.error or RuntimeError(failure.message), spare=invocation)


def _deliver_failure(
    process: ProcessRecord,
    targets: Sequence[CompiledRoute],
    failure: StepFailure,
    seq: int,
    source: str,
    event_id: str = "OnError",
) -> None:
    for route in targets:
        if route.step is None:
            process.stop_at(route, seq)
        else:
            process.pending.append(Message(route, failure, seq, event_id, source, handles=True))


def _publish(process: ProcessRecord, emission: Emission) -> None:
    """Raise a public event from the enclosing process, as its own; at the root it leaves the run."""
    if process.parent is not None:
        process.parent.emissions.append(
            Emission(emission.event_id, emission.data, Visibility.PUBLIC, emission.seq, process.parent.slot.path)
        )
    else:
        process.run.public_events.append(ProcessEvent(emission.event_id, emission.data, Visibility.PUBLIC))


def _warn_unrouted(process: ProcessRecord, invocation: Invocation, emission: Emission) -> None:
    process.warn(
        "unrouted_event",
        f"{invocation} emitted {emission.event_id!r}, which no route takes",
        invocation,
        event_id=emission.event_id,
        causes=(emission.seq,) if emission.seq else (),
        event=emission.event_id,
    )


def _warn_invisible(process: ProcessRecord, invocation: Invocation, emission: Emission) -> None:
    assert process.parent is not None
    outer = process.parent.slot.plan.routes
    if emission.event_id in outer:
        process.warn(
            "internal_event_not_visible",
            f"internal event {emission.event_id} is not visible to the parent, which routes it by name; emit it with"
            " visibility=Visibility.PUBLIC",
            invocation,
            event_id=emission.event_id,
            causes=(emission.seq,) if emission.seq else (),
            event=emission.event_id,
        )


def _warn_read_once(
    process: ProcessRecord,
    slot: StepInstance | None,
    event_id: str,
    data: Any,
    seq: int,
    routes: Sequence[CompiledRoute],
) -> None:
    names = ", ".join(str(route.route.target) for route in routes if route.route.target is not None)
    process.warn(
        "read_once",
        f"the payload of {event_id!r}, a {type_text(type(data))}, can be read only once and goes to {names}: all but"
        " the first to read it find it empty; send a list",
        EventSite(slot.path, slot.plan.name, None) if slot is not None else None,
        event_id=event_id,
        causes=(seq,) if seq else (),
    )
