"""What a run says when it comes to rest or ends: nothing that is left over goes unmentioned."""

import traceback
from typing import TYPE_CHECKING, Any, Final

from process_core.engine.failures import NestedFailureError
from process_core.engine.scope import Scope
from process_core.engine.shortfall import could_bring, is_circle
from process_core.engine.stewardship import EventSite
from process_core.errors import SuperstepLimitError
from process_core.events import WorkflowEvent

if TYPE_CHECKING:
    from process_core.engine.core import RunCore


_SHOWN: Final = 4
"""Routes that a warning names; its details have them all."""


def report_leftovers(run: "RunCore") -> None:
    """Warn of half-filled calls, unused optional values and open questions, each once.

    Args:
        run: The run, which comes to rest or ends.
    """
    for scope in run.root.scopes():
        if scope.inbox.waiting:
            _report_inbox(scope)
        if scope.held:
            _report_held(scope)
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


def _report_inbox(scope: Scope) -> None:
    for slot, group, arrived, missing in scope.inbox.incomplete():
        where = f"{slot.path}.{group.function.name}"
        fifos = scope.inbox.waiting[slot, group]
        for is_required in (True, False):
            mine = [fifo for i, fifo in enumerate(fifos) if (i in group.required) is is_required]
            new = [held for fifo in mine for held in fifo if not held.is_reported]
            if not new:
                continue
            for held in new:
                held.is_reported = True
            have = tuple(dict.fromkeys(group.name(held.message.route.slot) for held in new))
            details: dict[str, Any] = {}
            if is_required:
                text = f"{where} has {', '.join(arrived)} and still waits for {', '.join(missing)}"
                sources, circle = could_bring(scope, group), is_circle(scope, slot)
                details = {"could_bring": sources, "deadlock": circle}
                text += f", which could come as {'; or as '.join(sources[:_SHOWN])}" if sources else ""
                text += ": steps that wait for each other" if circle else ""
            else:
                text = f"{where} was given {', '.join(have)}, which no call used"
            scope.warn(
                "missing_input" if is_required else "unused_input",
                text,
                EventSite(slot.path, slot.plan.name, group.function.name),
                causes=tuple(held.message.seq for held in new if held.message.seq),
                step=slot.path,
                function=group.function.name,
                parameter=(missing if is_required else have)[0],
                arrived=arrived,
                missing=missing,
                **details,
            )


def _report_held(scope: Scope) -> None:
    new = [message for message, is_reported in scope.held.items() if not is_reported]
    if new:
        listed = [str(message) for message in new]
        scope.held = dict.fromkeys(scope.held, True)
        scope.warn(
            "held_messages",
            f"held back by hand, and not delivered before they are let go: {', '.join(listed)}",
            causes=tuple(dict.fromkeys(message.seq for message in new if message.seq)),
            messages=listed,
        )


def end_details(run: "RunCore", failed: NestedFailureError) -> WorkflowEvent:
    """Make the `failed` event.

    Args:
        run: The run.
        failed: What its root failed with.

    Returns:
        The event, not recorded yet.
    """
    superstep = run.root.superstep
    failure, error = failed.failure, failed.error
    causes = (failed.seq,) if failed.seq else ()
    if failure is None:
        code = "superstep_limit" if isinstance(error, SuperstepLimitError) else "engine_error"
        details: dict[str, Any] = {"code": code, "type": type(error).__qualname__, "message": str(error)}
        if code == "engine_error":
            details["traceback"] = "".join(traceback.format_exception(error))
        if isinstance(error, SuperstepLimitError):
            details |= {"limit": error.limit, "pending": error.pending}
        return WorkflowEvent("failed", str(error), details, superstep=superstep, causes=causes)
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
