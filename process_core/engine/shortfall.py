"""What could have brought the inputs that a call still waits for, and where each of them stands."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from process_core.engine.compiled import CompiledInputGroup, CompiledRoute, CompiledStep, RouteSet

if TYPE_CHECKING:
    from process_core.engine.scope import Scope
    from process_core.engine.step_instance import StepInstance


def could_bring(scope: "Scope", group: CompiledInputGroup) -> tuple[str, ...]:
    """Say what could bring the inputs that a call misses, and why each has not, as far as a run at rest can tell.

    Args:
        scope: The process.
        group: The inputs of the call, some of which have not arrived.

    Returns:
        A text for each route.
    """
    slot = next(slot for slot, waiting in scope.inbox.waiting if waiting is group)
    missing = {index for index in group.required if not scope.inbox.waiting[slot, group][index]}
    return tuple(
        f"{group.name(route.slot)} from {_source(scope, step, event_id)}"
        for step, event_id, route in _routes(scope)
        if route.group is group and route.slot in missing
    )


def is_circle(scope: "Scope", slot: "StepInstance") -> bool:
    """Whether a step that waits for inputs waits, through others that wait, for itself.

    Args:
        scope: The process.
        slot: The step.
    """
    feeds: dict[str, set[str]] = {}
    for step, _, route in _routes(scope):
        if step is not None and route.step is not None and route.group is not None:
            fifos = next((f for (s, g), f in scope.inbox.waiting.items() if g is route.group), None)
            if fifos is not None and route.slot in route.group.required and not fifos[route.slot]:
                feeds.setdefault(route.step.name, set()).add(step.name)
    seen: set[str] = set()
    ahead = list(feeds.get(slot.plan.name, ()))
    while ahead:
        name = ahead.pop()
        if name == slot.plan.name:
            return True
        if name not in seen:
            seen.add(name)
            ahead += feeds.get(name, ())
    return False


def _routes(scope: "Scope") -> Iterator[tuple[CompiledStep | None, str, CompiledRoute]]:
    """Give every route of a process, with the step that it starts at, or None."""
    sources: list[tuple[CompiledStep | None, str, RouteSet | None]] = [
        *((None, event_id, routes) for event_id, routes in scope.plan.entries.items()),
        *((step, event_id, routes) for step in scope.plan.steps for event_id, routes in step.routes.items()),
        (None, "OnError", scope.plan.errors),
    ]
    for step, event_id, routes in sources:
        if routes is not None:
            for route in routes.routes:
                yield step, event_id, route


def _source(scope: "Scope", step: CompiledStep | None, event_id: str) -> str:
    if step is None:
        where = "outside" if scope.parent is None else f"what {scope.prefix[:-1]} is given"
        return "a step that fails" if event_id not in scope.plan.entries else f"{event_id!r} ({where})"
    return f"{step.name} {event_id!r} ({_stands(scope, step)})"


def _stands(scope: "Scope", step: CompiledStep) -> str:
    slot = scope.slots[step.index]
    if slot is not None:
        if slot.current is not None:
            return "it waits for an answer" if slot.current.is_parked else "it is running"
        for waiting, group, _, missing in scope.inbox.incomplete():
            if waiting is slot and missing:
                return f"it waits for {', '.join(missing)} itself, in {group.function.name}"
        if slot.instance is not None or slot.child is not None:
            return "it ran, and nothing of it is on its way"
    return "it has not run"
