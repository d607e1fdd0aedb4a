"""What is looked at: a run as it stands now, or as it stood at one of its events.

Every panel shows one `Moment`, so none can show another time than the rest. The present of a live run, its past and a
recording differ in nothing but their fields.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from process_core.runfile import Filter, RecordedMessage, Row, RunAtEvent, RunFile, to_plain
from process_core.runfile.codec.preview import PREVIEW
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.status import OpenRequest, PendingMessage, Status, WaitingInputs
from process_core.session.protocol.verbs import Viewpoint, capabilities
from tui.actions import actions

_PREVIEWED: Final = 1000
"""Messages whose payload is shown; nobody looks through more."""
_PROMPT: Final = 500
_HITS: Final = 200
"""Hits that are read back to find each breakpoint's last one."""
_SLICE: Final = 0.008
"""Seconds at most for looking for hits: a long run is gone through a little at a time."""

IN_PAST: Final = "this is the past: . goes back to the present, u goes on from here as a fork"
"""Why what changes a run, or answers it, cannot be done while its past is looked at."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A run at a point of time.

    Attributes:
        run: The run file, bound to the moment; None before anything is recorded.
        status: How the run stood; `written` is the event that is looked at.
        written: Seq of the last event that is recorded by now.
        is_past: Whether it is an event of the past; else what is seen is what commands act on.
        messages: What was still to be delivered, in order.
        refused: For each action that cannot be done here, the reason why not.
        has_died: Whether the worker is gone, so that nothing runs or waits any more.
    """

    run: RunAtEvent | None = None
    status: Status = field(default_factory=Status)
    written: int = 0
    is_past: bool = False
    messages: Sequence[PendingMessage] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    has_died: bool = False

    @property
    def seq(self) -> int:
        """The event that is looked at, or the last one."""
        return self.status.written

    @property
    def held(self) -> int:
        """Number of messages that are held."""
        return sum(message.held for message in self.messages)


def present_of(
    run_file: RunFile | None,
    status: Status,
    messages: Sequence[PendingMessage],
    refused: Mapping[str, str] | None = None,
    *,
    has_died: bool = False,
) -> Moment:
    """Return the moment at the tip of a live run.

    Args:
        run_file: Its run file, if there is one by now.
        status: As its session has it.
        messages: What is pending.
        refused: What cannot be done now; left out, what the status alone rules out.
        has_died: Whether the worker is gone.
    """
    run = run_file.at() if run_file is not None else None
    if refused is None:
        refused = refused_actions(capabilities(status))
    return Moment(run, status, status.written, messages=messages, refused=refused, has_died=has_died)


def past_of(run_file: RunFile, seq: int, now: Status) -> Moment:
    """Return the moment at an event, before anything is ruled out there.

    Args:
        run_file: The run file.
        seq: The event.
        now: How the run stands now: what was never recorded (breakpoints) is taken from there.

    Raises:
        RunFileError: The file is damaged.
    """
    run = run_file.at(seq)
    messages = _messages_of(run)
    status = status_at(run).model_copy(
        update={
            "pending": len(messages),
            "breakpoints": _hit_by(run_file, seq, now.breakpoints),
            "muted": now.muted,
        }
    )
    return Moment(run, status, now.written, is_past=True, messages=messages)


def refused_actions(
    reasons: Mapping[str, str | None], viewpoint: Viewpoint = Viewpoint.PRESENT, elsewhere: str = ""
) -> dict[str, str]:
    """Return the actions that cannot be done, with the reason.

    Args:
        reasons: For each verb, the reason why the verb table rules it out.
        viewpoint: What is looked at.
        elsewhere: The reason for an action that sends no verb, and cannot be done from there.
    """
    refused = {}
    for action in actions():
        reason = reasons.get(action.verb) if action.verb else elsewhere if action.reach < viewpoint else None
        if reason:
            refused[action.name] = reason
    return refused


def status_at(run: RunAtEvent) -> Status:
    """Return the status that a session would have sent at an event; it has no breakpoints, for nobody recorded them.

    Args:
        run: The run as it stood there.
    """
    return Status(
        run_file=str(run.file.path),
        state=run.state,
        written=run.seq,
        superstep=run.superstep,
        running=run.running,
        parked=run.asking,
        failed=run.failed,
        waiting=tuple(WaitingInputs(**call._asdict()) for call in run.half_filled),
        requests=tuple(_request(row) for row in run.requests),
        generation=run.generation + 1,
    )


def _request(row: Row) -> OpenRequest:
    return OpenRequest(
        request_id=row.request_id or str(row.seq),
        path=row.path,
        function=row.function,
        prompt=row.preview[:_PROMPT],
        response_type=row.response_type or "",
        seq=row.seq,
    )


def _messages_of(run: RunAtEvent) -> list[PendingMessage]:
    messages = run.messages
    seqs = [message.seq for message in messages[:_PREVIEWED] if message.seq]
    previews = {row.seq: row.preview for row in run.file.rows(seqs)}
    first = next((place for place, message in enumerate(messages) if not message.is_held), None)
    return [
        _message(message, place, previews.get(message.seq, ""), is_next=place == first)
        for place, message in enumerate(messages)
    ]


def _message(message: RecordedMessage, place: int, preview: str, *, is_next: bool) -> PendingMessage:
    # The numbers that messages had are not recorded; a negative one is not shown, and keeps the cursor at its place.
    return PendingMessage(
        id=0 if message.is_undeliverable else -1 - place,
        event_id=message.event_id,
        seq=message.seq or None,
        source=message.source,
        target=message.target,
        function=message.function,
        parameter=message.parameter,
        route=message.route or None,
        preview=preview[:PREVIEW],
        next=is_next,
        held=message.is_held or message.is_undeliverable,
        changed=message.is_changed,
    )


def _hit_by(run_file: RunFile, seq: int, specs: Iterable[BreakpointSpec]) -> tuple[BreakpointSpec, ...]:
    """Return the breakpoints with the number of times that they had been hit by then."""
    breakpoints = tuple(specs)
    if not any(spec.hit_count for spec in breakpoints):
        return breakpoints
    counts: dict[int, int] = {}
    view = run_file.view(Filter(types=("breakpoint_hit",)))
    view.advance(_SLICE)
    last = bisect_right(view.seqs, seq)
    for at in reversed(view.seqs[max(0, last - _HITS) : last]):
        details = to_plain(run_file.payload(run_file.row(at).details))
        number, hit = (details.get("breakpoint"), details.get("hit")) if isinstance(details, dict) else (None, None)
        if isinstance(number, int) and isinstance(hit, int):
            counts.setdefault(number, hit)
        if len(counts) >= len(breakpoints):
            break
    return tuple(spec.model_copy(update={"hit_count": counts.get(spec.id or 0, 0)}) for spec in breakpoints)
