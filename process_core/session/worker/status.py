"""From what the debugger holds to what a screen is told: plain, bounded, sendable."""

from typing import Any, Final

from process_core.debug import Breakpoint, Debugger, PausePoint, PendingItem
from process_core.events import NO_DATA, WorkflowEvent
from process_core.runfile.codec.decode import one_line
from process_core.runfile.codec.tags import TaggedWriter
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.status import OpenRequest, PausedAt, PendingMessage, Status, WaitingInputs

PREVIEW: Final = 160
"""Characters of a payload that a message shows."""
PROMPT: Final = 4000
"""Characters of a prompt that a request shows."""
_DEPTH = 6
_NODES = 200


def status_of(
    debugger: Debugger | None, run_file: str, breakpoints: tuple[BreakpointSpec, ...], *, muted: bool = False
) -> Status:
    """Say where a session stands.

    Args:
        debugger: The current one, or None before anything is loaded.
        run_file: Path of its run file.
        breakpoints: All of them, as specs.
        muted: Whether none of them counts.

    Returns:
        The status to send.
    """
    run = debugger.run if debugger is not None else None
    if debugger is None or run is None:
        return Status(breakpoints=breakpoints, muted=muted)
    live = debugger.live()
    paused = debugger.paused
    undo = debugger.editor.last
    return Status(
        run_id=run.run_id,
        run_file=run_file,
        state=run.state,
        written=run.written,
        superstep=run.superstep,
        paused=paused_at(paused) if paused is not None else None,
        pausing=paused is None and debugger.is_pausing,
        running=tuple(live.running),
        parked=tuple(live.parked),
        failed=tuple(live.failed),
        waiting=tuple(
            WaitingInputs(path=w.path, function=w.function, arrived=tuple(w.arrived), missing=tuple(w.missing))
            for w in live.waiting
        ),
        requests=tuple(open_request(event) for event in run.pending_requests),
        pending=len(debugger.pending()),
        breakpoints=breakpoints,
        muted=muted,
        undo=bounded_status(undo.text, PREVIEW) if undo is not None else None,
        generation=debugger.generation,
        error=bounded_status(str(run.error), PROMPT) if run.error is not None else None,
    )


def paused_at(point: PausePoint) -> PausedAt:
    """Say where a run is paused.

    Args:
        point: As the debugger has it.

    Returns:
        The same for a screen.
    """
    item = point.message
    return PausedAt.model_validate(
        {
            "reason": point.reason,
            "message": pending_message(item) if item is not None else None,
            "seq": point.seq,
            "path": point.path,
            "breakpoint": point.breakpoint.id if point.breakpoint is not None else None,
        }
    )


def pending_message(item: PendingItem) -> PendingMessage:
    """Say what message is still to be delivered.

    Args:
        item: As the debugger has it.

    Returns:
        The same for a screen, with a preview instead of the payload.
    """
    return PendingMessage(
        id=item.id,
        event_id=bounded_status(item.event_id, PREVIEW),
        seq=item.seq,
        source=item.source,
        target=item.target,
        function=item.function,
        parameter=item.parameter,
        route=item.route,
        preview=preview(item.data),
        next=item.next,
        held=item.held,
        changed=item.changed,
    )


def open_request(event: WorkflowEvent) -> OpenRequest:
    """Say what a step waits to be told.

    Args:
        event: The `request_info` event.

    Returns:
        The same for a screen.
    """
    prompt = event.data
    return OpenRequest(
        request_id=event.request_id or "",
        path=event.path,
        function=event.function,
        prompt=bounded_status(prompt, PROMPT) if isinstance(prompt, str) else preview(prompt),
        response_type=event.response_type or "str",
        seq=event.seq,
    )


def breakpoint_spec(point: Breakpoint) -> BreakpointSpec:
    """Say what a breakpoint is and how it fares.

    Args:
        point: As the debugger has it.

    Returns:
        The same for a screen.
    """
    fields = {name: getattr(point, name) for name in BreakpointSpec.model_fields if hasattr(point, name)}
    return BreakpointSpec.model_validate(fields)


def preview(value: Any) -> str:
    """Give a payload as a person reads it, on one bounded line, whatever its class does.

    Args:
        value: The payload.

    Returns:
        At most `PREVIEW` characters; empty where there is no payload.
    """
    if value is NO_DATA:
        return ""
    if type(value) is str:
        return bounded_status(" ".join(value[: PREVIEW * 2].split()) if not value.isprintable() else value, PREVIEW)
    return bounded_status(one_line(TaggedWriter(_DEPTH, _NODES).write(value).decode(), PREVIEW), PREVIEW)


def bounded_status(text: str, limit: int) -> str:
    """Bound a text and make it fit for JSON.

    Args:
        text: Any text, unpaired surrogates included.
        limit: The most characters to keep.

    Returns:
        The text, `…` at the end where it was cut.
    """
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
