"""The status of a session, and the messages that are pending in it, as they are sent to its client."""

from dataclasses import replace
from typing import Any, Final

from process_core.debug import Debugger
from process_core.events import NO_DATA, WorkflowEvent
from process_core.runfile.codec.encode import TaggedWriter
from process_core.runfile.codec.preview import PREVIEW, one_line
from process_core.session.protocol.envelope import bounded
from process_core.session.protocol.status import OpenRequest, PausePoint, PendingMessage, ReloadInfo, Status
from process_core.session.worker.session_breakpoints import SessionBreakpoints

PROMPT: Final = 4000
"""Characters of a prompt that a request shows."""
_DEPTH: Final = 6
_NODES: Final = 200


def status_of(
    debugger: Debugger | None, run_file: str, breakpoints: SessionBreakpoints, reload: ReloadInfo | None
) -> Status:
    """Return the status of a session.

    Args:
        debugger: The current one, or None before anything is loaded.
        run_file: Path of its run file.
        breakpoints: All of them.
        reload: The state of an edit of the code that is not in force.
    """
    specs, muted = breakpoints.specs(debugger), breakpoints.is_muted
    run = debugger.run if debugger is not None else None
    if debugger is None or run is None:
        return Status(breakpoints=specs, muted=muted, reload=reload)
    file = run.record.file
    unrecorded = file.failed if file is not None else None
    live, paused, undo = debugger.live(), debugger.paused, debugger.editor.last
    return Status(
        run_id=run.run_id,
        run_file=run_file,
        state=run.state,
        written=run.written,
        superstep=run.superstep,
        paused=_paused(paused, breakpoints) if paused is not None else None,
        pausing=paused is None and debugger.is_pausing,
        running=live.running,
        parked=live.parked,
        failed=live.failed,
        waiting=live.waiting,
        requests=tuple(_open_request(event) for event in run.pending_requests),
        pending=debugger.count_pending(),
        breakpoints=specs,
        muted=muted,
        undo=bounded(undo.text, PREVIEW) if undo is not None else None,
        generation=debugger.generation,
        reload=reload,
        error=bounded(str(run.error), PROMPT) if run.error is not None else None,
        recording_failed=bounded(unrecorded, PROMPT) if unrecorded is not None else None,
    )


def pending_message(message: PendingMessage) -> PendingMessage:
    """Return a pending message as it travels: a preview in place of the payload, and all bounded."""
    return replace(message, event_id=bounded(message.event_id, PREVIEW), preview=preview(message.data), data=None)


def _paused(point: PausePoint, breakpoints: SessionBreakpoints) -> PausePoint:
    """Return a pause point as it travels: with the session's id of the breakpoint."""
    return replace(
        point,
        message=pending_message(point.message) if point.message is not None else None,
        breakpoint=breakpoints.number_of(point.breakpoint),
        about=bounded(point.about, PREVIEW),
    )


def _open_request(event: WorkflowEvent) -> OpenRequest:
    prompt = event.data
    return OpenRequest(
        request_id=event.request_id or "",
        path=event.path,
        function=event.function,
        prompt=bounded(prompt, PROMPT) if isinstance(prompt, str) else preview(prompt),
        response_type=event.response_type or "str",
        seq=event.seq,
    )


def preview(value: Any) -> str:
    """Return a payload as a person reads it, on one bounded line, whatever its class does; empty for no payload."""
    if value is NO_DATA:
        return ""
    if type(value) is str:
        return bounded(" ".join(value[: PREVIEW * 2].split()) if not value.isprintable() else value, PREVIEW)
    return bounded(one_line(TaggedWriter(_DEPTH, _NODES).write(value).decode(), PREVIEW), PREVIEW)
