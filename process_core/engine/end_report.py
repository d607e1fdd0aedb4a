"""What a run reports when it becomes idle or ends: why it ended, and all that is left over."""

from collections.abc import Iterator
from typing import Any, Final

from process_core.engine.compiled import CompiledInputGroup, CompiledRoute, CompiledStep, RouteSet
from process_core.engine.failures import NestedFailureError
from process_core.engine.records import EventSite, ProcessRecord, RunRecord, StepInstance
from process_core.errors import SuperstepLimitError
from process_core.events import WorkflowEvent
from process_core.safe_repr import error_text, traceback_text

_SHOWN: Final = 4
"""Routes that a warning names; its details have them all."""


def report_leftovers(run: RunRecord) -> None:
    """Warn of half-filled calls, unused optional values and open questions, each once."""
    for process in run.root.processes():
        if process.joins.waiting:
            _report_joins(process)
        if process.held:
            _report_held(process)
    for request in run.requests.values():
        if not request.is_reported:
            request.is_reported = True
            invocation = request.invocation
            invocation.scope.warn(
                "pending_request",
                f"{invocation} waits for an answer to {str(request.prompt)[:200]!r}",
                invocation,
                request_id=request.id,
                prompt=str(request.prompt)[:200],
            )


def _report_joins(process: ProcessRecord) -> None:
    for slot, group, arrived, missing in process.joins.incomplete():
        where = f"{slot.path}.{group.function.name}"
        fifos = process.joins.waiting[slot, group]
        for is_required in (True, False):
            mine = [fifo for i, fifo in enumerate(fifos) if (i in group.required) is is_required]
            new = [value for fifo in mine for value in fifo if not value.is_reported]
            if not new:
                continue
            for value in new:
                value.is_reported = True
            have = tuple(dict.fromkeys(group.name(value.message.route.position) for value in new))
            details: dict[str, Any] = {}
            if is_required:
                text = f"{where} has {', '.join(arrived)} and still waits for {', '.join(missing)}"
                sources, circle = _could_bring(process, group), _is_circle(process, slot)
                details = {"could_bring": sources, "deadlock": circle}
                text += f", which could come as {'; or as '.join(sources[:_SHOWN])}" if sources else ""
                text += ": steps that wait for each other" if circle else ""
            else:
                text = f"{where} was given {', '.join(have)}, which no call used"
            process.warn(
                "missing_input" if is_required else "unused_input",
                text,
                EventSite(slot.path, slot.plan.name, group.function.name),
                causes=tuple(value.message.seq for value in new if value.message.seq),
                step=slot.path,
                function=group.function.name,
                parameter=(missing if is_required else have)[0],
                arrived=arrived,
                missing=missing,
                **details,
            )


def _report_held(process: ProcessRecord) -> None:
    new = [message for message, is_reported in process.held.items() if not is_reported]
    if new:
        listed = [str(message) for message in new]
        process.held = dict.fromkeys(process.held, True)
        process.warn(
            "held_messages",
            f"held back by hand, and not delivered before they are let go: {', '.join(listed)}",
            causes=tuple(dict.fromkeys(message.seq for message in new if message.seq)),
            messages=listed,
        )


def failed_event(run: RunRecord, failed: NestedFailureError) -> WorkflowEvent:
    """Make the `failed` event."""
    superstep = run.root.superstep
    failure, error = failed.failure, failed.error
    causes = (failed.seq,) if failed.seq else ()
    if failure is None:
        code = "superstep_limit" if isinstance(error, SuperstepLimitError) else "engine_error"
        details: dict[str, Any] = {"code": code, "type": type(error).__qualname__, "message": error_text(error)}
        if code == "engine_error":
            details["traceback"] = traceback_text(error)
        if isinstance(error, SuperstepLimitError):
            details |= {"limit": error.limit, "pending": error.pending}
        return WorkflowEvent("failed", error_text(error), details, superstep=superstep, causes=causes)
    return WorkflowEvent(
        "failed",
        f"{failure.type}: {failure.message}",
        {
            "code": "step_failed",
            "type": failure.type,
            "message": failure.message,
            "traceback": failure.traceback,
            "step": failure.step,
            "function": failure.function,
        },
        superstep=superstep,
        path=failure.step,
        step=failure.step.rpartition("/")[2] or None,
        function=failure.function or None,
        causes=causes,
    )


# What a half-filled call waits for.


def _could_bring(process: ProcessRecord, group: CompiledInputGroup) -> tuple[str, ...]:
    """Return what could bring the inputs that a call misses, and why each has not, as far as an idle run shows.

    Args:
        process: The process.
        group: The inputs of the call, some of which have not arrived.
    """
    slot = next(slot for slot, waiting in process.joins.waiting if waiting is group)
    missing = {index for index in group.required if not process.joins.waiting[slot, group][index]}
    return tuple(
        f"{group.name(route.position)} from {_source(process, step, event_id)}"
        for step, event_id, route in _routes(process)
        if route.group is group and route.position in missing
    )


def _is_circle(process: ProcessRecord, slot: StepInstance) -> bool:
    """Whether a step that waits for inputs waits, through others that wait, for itself."""
    feeds: dict[str, set[str]] = {}
    for step, _, route in _routes(process):
        if step is not None and route.step is not None and route.group is not None:
            fifos = next((f for (s, g), f in process.joins.waiting.items() if g is route.group), None)
            if fifos is not None and route.position in route.group.required and not fifos[route.position]:
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


def _routes(process: ProcessRecord) -> Iterator[tuple[CompiledStep | None, str, CompiledRoute]]:
    """Return every route of a process, with the step that it starts at, or None."""
    sources: list[tuple[CompiledStep | None, str, RouteSet | None]] = [
        *((None, event_id, routes) for event_id, routes in process.plan.entries.items()),
        *((step, event_id, routes) for step in process.plan.steps for event_id, routes in step.routes.items()),
        (None, "OnError", process.plan.errors),
    ]
    for step, event_id, routes in sources:
        if routes is not None:
            for route in routes.routes:
                yield step, event_id, route


def _source(process: ProcessRecord, step: CompiledStep | None, event_id: str) -> str:
    if step is None:
        where = "outside" if process.parent is None else f"what {process.prefix[:-1]} is given"
        return "a step that fails" if event_id not in process.plan.entries else f"{event_id!r} ({where})"
    return f"{step.name} {event_id!r} ({_stands(process, step)})"


def _stands(process: ProcessRecord, step: CompiledStep) -> str:
    slot = process.slots[step.index]
    if slot is not None:
        if slot.current is not None:
            return "it waits for an answer" if slot.current.is_parked else "it is running"
        for waiting, group, _, missing in process.joins.incomplete():
            if waiting is slot and missing:
                return f"it waits for {', '.join(missing)} itself, in {group.function.name}"
        if slot.instance is not None or slot.child is not None:
            return "it ran, and nothing of it is on its way"
    return "it has not run"
