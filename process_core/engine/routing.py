"""Ends a superstep: routes what completed invocations emitted, and hands failures to their handlers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from process_core.engine.compiled import CompiledRoute, RouteSet
from process_core.engine.failures import describe
from process_core.engine.invocation import Emission, Invocation, Message
from process_core.engine.step_instance import StepInstance
from process_core.engine.stewardship import EventSite
from process_core.errors import StepFailure
from process_core.events import NO_DATA, ProcessEvent, Visibility

if TYPE_CHECKING:
    from process_core.engine.scope import Scope


class ConditionError(Exception):
    """A condition of a route raised; its `__cause__` is what it raised."""


def commit(scope: "Scope") -> None:
    """Route what the superstep brought, by order of registration, then of invocation, then of emission.

    Args:
        scope: The process; its `pending` takes the messages.
    """
    finished = scope.finished
    if len(finished) > 1:
        finished.sort(key=_registration)
    for slot in finished:
        for invocation in slot.finished:
            if invocation.failure is not None:
                _hand_to_handler(scope, slot, invocation)
            else:
                _commit_invocation(scope, slot, invocation)
        slot.finished.clear()


def _registration(slot: StepInstance) -> int:
    return slot.plan.index


def _commit_invocation(scope: "Scope", slot: StepInstance, invocation: Invocation) -> None:
    for emission in invocation.emissions:
        routes = slot.plan.routes.get(emission.event_id)
        if routes is not None:
            _send(scope, slot, routes, emission)
        elif emission.visibility is not Visibility.PUBLIC:
            _tell_unrouted(scope, invocation, emission)
        if emission.visibility is Visibility.PUBLIC:
            _publish(scope, emission)
        elif scope.parent is not None:
            _tell_invisible(scope, invocation, emission)
    function = invocation.function
    is_public = function.visibility is Visibility.PUBLIC
    routes = slot.plan.routes.get(function.result_id)
    if routes is not None or is_public:
        emission = Emission(
            function.result_id, invocation.result, function.visibility, invocation.result_seq, slot.path
        )
        if routes is not None:
            _send(scope, slot, routes, emission)
        if is_public:
            _publish(scope, emission)
    if invocation.outputs:
        if scope.parent is None:
            scope.run.outputs.extend(invocation.outputs)
        else:
            scope.parent.outputs = [*(scope.parent.outputs or ()), *invocation.outputs]


def _send(scope: "Scope", slot: StepInstance, routes: RouteSet, emission: Emission) -> None:
    pending = scope.pending
    for route in matching(scope, routes, emission.event_id, emission.data, slot, emission.seq):
        if route.step is None:
            scope.stop_at(route, emission.seq)
        else:
            pending.append(Message(route, emission.data, emission.seq, emission.event_id, emission.source))


def matching(
    scope: "Scope", routes: RouteSet, event_id: str, data: Any, slot: StepInstance | None, seq: int = 0
) -> Sequence[CompiledRoute]:
    """Give the routes an event takes, and say so where it takes none.

    Args:
        scope: The process.
        routes: The routes of its source.
        event_id: The event.
        data: The payload, or NO_DATA.
        slot: The step that emitted it, or None.
        seq: Seq of what observed it.

    Returns:
        The routes, in order of declaration.
    """
    if not routes.is_conditional:
        return routes.routes
    broken: list[tuple[CompiledRoute, Exception]] = []
    found = routes.matching(None if data is NO_DATA else data, lambda route, error: broken.append((route, error)))
    for route, error in broken:
        _condition_failed(scope, route, error, slot, seq)
    if not found and not broken:
        scope.warn(
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
    scope: "Scope", route: CompiledRoute, error: Exception, slot: StepInstance | None, seq: int
) -> None:
    where = slot.path if slot is not None else ""
    raised = ConditionError(f"the condition of route {route.id!r} raised {type(error).__name__}: {error}")
    raised.__cause__ = error
    failure = describe(raised, step=where, function="", superstep=scope.superstep, arguments={})
    targets = scope.plan.errors.matching(failure, lambda *_: None) if scope.plan.errors is not None else ()
    scope.warn("condition_failed", str(raised), route=route.id, step=where, causes=(seq,) if seq else ())
    if not targets:
        scope.fail(failure, raised)
    _deliver_failure(scope, targets, failure, seq, where)


def _hand_to_handler(scope: "Scope", slot: StepInstance, invocation: Invocation) -> None:
    failure = invocation.failure
    assert failure is not None
    targets: Sequence[CompiledRoute] = ()
    broken: list[Exception] = []
    for routes in (slot.plan.routes.get(invocation.function.error_id), scope.plan.errors):
        if routes is not None and not targets:
            targets = routes.matching(failure, lambda _, error: broken.append(error))
    if targets:
        _deliver_failure(scope, targets, failure, invocation.result_seq, slot.path, invocation.function.error_id)
    else:
        scope.fail(failure, invocation.error or RuntimeError(failure.message), spare=invocation)


def _deliver_failure(
    scope: "Scope",
    targets: Sequence[CompiledRoute],
    failure: StepFailure,
    seq: int,
    source: str,
    event_id: str = "OnError",
) -> None:
    for route in targets:
        if route.step is None:
            scope.stop_at(route, seq)
        else:
            scope.pending.append(Message(route, failure, seq, event_id, source, handles=True))


def _publish(scope: "Scope", emission: Emission) -> None:
    """Raise a public event from the enclosing process, as its own; at the root it leaves the run."""
    if scope.parent is not None:
        scope.parent.emissions.append(
            Emission(emission.event_id, emission.data, Visibility.PUBLIC, emission.seq, scope.parent.slot.path)
        )
    else:
        scope.run.public_events.append(ProcessEvent(emission.event_id, emission.data, Visibility.PUBLIC))


def _tell_unrouted(scope: "Scope", invocation: Invocation, emission: Emission) -> None:
    scope.warn(
        "unrouted_event",
        f"{invocation} emitted {emission.event_id!r}, which no route takes",
        invocation,
        event_id=emission.event_id,
        causes=(emission.seq,) if emission.seq else (),
        event=emission.event_id,
    )


def _tell_invisible(scope: "Scope", invocation: Invocation, emission: Emission) -> None:
    assert scope.parent is not None
    outer = scope.parent.slot.plan.routes
    if emission.event_id in outer:
        scope.warn(
            "internal_event_not_visible",
            f"internal event {emission.event_id} is not visible to the parent, which routes it by name; emit it with"
            " visibility=Visibility.PUBLIC",
            invocation,
            event_id=emission.event_id,
            causes=(emission.seq,) if emission.seq else (),
            event=emission.event_id,
        )
