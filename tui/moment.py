"""What is looked at: a run as it stands now, or as it stood at one of its events.

Every panel shows one `Moment`, so none can show another time than the rest. The present of a live run, its past and a
recording differ in nothing but their fields.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from process_core.runfile import Filter, RecordedMessage, Row, RunAtEvent, RunFile, to_plain
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.status import OpenRequest, PendingMessage, Status, WaitingInputs
from process_core.session.protocol.verbs import capabilities
from tui.actions import Group, actions

_PREVIEWED: Final = 1000
"""Messages whose payload is shown; nobody looks through more."""
_PREVIEW: Final = 160
_PROMPT: Final = 500
_HITS: Final = 200
"""Hits that are read back to find each breakpoint's last one."""
_SLICE: Final = 0.008
"""Seconds at most for looking for hits: a long run is gone through a little at a time."""

_PAST: Final = "this is the past: . goes back to the present, u goes on from here as a fork"
_OF_PRESENT: Final = frozenset({"into", "out", "run_to", "answer", "next_request"})
"""What makes sense only where what is seen is what it acts on, beside all that changes a paused run."""
_OF_RUN: Final = frozenset({"continue", "pause", "into", "out", "run_to", "stop", "restart", "reload"})


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
    run_file: RunFile | None, status: Status, messages: Sequence[PendingMessage], *, has_died: bool = False
) -> Moment:
    """Return the moment at the tip of a live run.

    Args:
        run_file: Its run file, if there is one by now.
        status: As its session has it.
        messages: What is pending.
        has_died: Whether the worker is gone.
    """
    run = run_file.at() if run_file is not None else None
    reasons = capabilities(status)
    refused = {action.name: reason for action in actions() if (reason := reasons.get(action.verb))}
    return Moment(run, status, status.written, messages=messages, refused=refused, has_died=has_died)


def past_of(run_file: RunFile, seq: int, now: Status, refused: Mapping[str, str]) -> Moment:
    """Return the moment at an event.

    Args:
        run_file: The run file.
        seq: The event.
        now: How the run stands now: what was never recorded (breakpoints) is taken from there.
        refused: What cannot be done there.

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
    return Moment(run, status, now.written, is_past=True, messages=messages, refused=refused)


def refused_in_past() -> dict[str, str]:
    """Return the actions that cannot be done while the past of a live run is looked at, with the reason."""
    return {
        action.name: _PAST
        for action in actions()
        if action.group in (Group.CHANGE, Group.OTHER) or action.name in _OF_PRESENT
    }


def refused_in_recording(way_on: str) -> dict[str, str]:
    """Return the actions that cannot be done on a recording, with the reason.

    Args:
        way_on: How to go on with the run, safe.
    """
    groups = (Group.BREAKPOINTS, Group.CHANGE, Group.TALK, Group.OTHER)
    return {
        action.name: f"read-only: {way_on}" for action in actions() if action.group in groups or action.name in _OF_RUN
    }


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
        preview=preview[:_PREVIEW],
        next=is_next,
        held=message.is_held or message.is_undeliverable,
        changed=message.is_changed,
    )


def _hit_by(run_file: RunFile, seq: int, specs: Iterable[BreakpointSpec]) -> tuple[BreakpointSpec, ...]:
    """Return the breakpoints with the number of times that they had been hit by then."""
    known = tuple(specs)
    if not any(spec.hit_count for spec in known):
        return known
    counts: dict[int, int] = {}
    view = run_file.view(Filter(types=("breakpoint_hit",)))
    view.advance(_SLICE)
    last = bisect_right(view.seqs, seq)
    for at in reversed(view.seqs[max(0, last - _HITS) : last]):
        details = to_plain(run_file.payload(run_file.row(at).details))
        number, hit = (details.get("breakpoint"), details.get("hit")) if isinstance(details, dict) else (None, None)
        if isinstance(number, int) and isinstance(hit, int):
            counts.setdefault(number, hit)
        if len(counts) >= len(known):
            break
    return tuple(spec.model_copy(update={"hit_count": counts.get(spec.id or 0, 0)}) for spec in known)
