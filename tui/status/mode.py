"""The text of the mode line: pure functions from the state of the session to pieces that fit a width."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from rich.cells import cell_len

from process_core.events import RunState
from process_core.session.protocol.status import PausePoint, Status
from tui.text.safe_text import LABEL, MESSAGE, NAME, clip, safe


class Role(StrEnum):
    """What a piece of the mode line is, which colours it; its words say the same."""

    RUN = "run"
    PAUSED = "paused"
    IDLE = "idle"
    WAITING = "waiting"
    FAILED = "failed"
    INSERT = "insert"
    REPLAY = "replay"
    BUSY = "busy"
    TEXT = "text"
    QUIET = "quiet"


class Part(NamedTuple):
    """A piece of the mode line.

    Attributes:
        text: Safe text.
        role: Which colours it.
        rank: The lower, the longer it stays when there is little room; 0 always stays, cut where it must be.
        short: What stands in for it when there is little room.
    """

    text: str
    role: Role
    rank: int
    short: str = ""


@dataclass(frozen=True, slots=True)
class ModeState:
    """All that the mode line shows.

    Attributes:
        name: The process's name, as the process gave it.
        status: Of the session.
        died: Whether the worker is gone.
        loading: What is being waited for, before there is a run.
        insert: Whether a text box has the focus.
        replay: Seq of the event of a recording that is looked at, or None where the run is our own. The status is then
            that of the moment, save for `written`, which is all that is recorded.
        recorded: The state of the recorded run at its end, safe.
        is_own: Whether the recording that is looked at is the past of our own run.
        held: Number of held messages.
        runs_in: The Python that runs the target, where it is not the one of the screen.
        busy: For how long the longest call has been running and which it is, safe; empty where none takes long.
    """

    name: str = ""
    status: Status = Status()  # noqa: RUF009 - frozen
    died: bool = False
    loading: str = ""
    insert: bool = False
    replay: int | None = None
    recorded: str = ""
    is_own: bool = False
    held: int = 0
    runs_in: str = ""
    busy: str = ""


_PLAIN: Final = {
    RunState.IN_PROGRESS: ("RUN", Role.RUN),
    RunState.IDLE: ("IDLE", Role.IDLE),
    RunState.IDLE_WITH_PENDING_REQUESTS: ("WAITING FOR YOU", Role.WAITING),
    RunState.STOPPED: ("STOPPED", Role.IDLE),
    RunState.FAILED: ("FAILED", Role.FAILED),
    RunState.CANCELLED: ("CANCELLED", Role.IDLE),
}
_SAVES: Final = {
    "pending": ("save pending", Role.TEXT, 1),
    "failed": ("save failed", Role.FAILED, 1),
    "unfit": ("save does not fit", Role.FAILED, 1),
}
_REASONS: Final = {
    "breakpoint": "breakpoint",
    "step": "stepped",
    "next": "superstep done",
    "pause": "paused by you",
    "start": "before the first message",
    "into": "stepped into",
    "out": "stepped out",
    "run_to": "ran to here",
}


def reason_text(paused: PausePoint) -> str:
    """Return why a run is paused, in a few safe words."""
    if paused.reason == "breakpoint" and paused.breakpoint is not None:
        return f"breakpoint {paused.breakpoint}"
    return _REASONS[paused.reason]


def where_text(paused: PausePoint) -> str:
    """Return what a run is paused at: what has happened, or the message that is next as `Event → Step`, or the path."""
    message = paused.message
    if paused.about:
        return safe(paused.about, MESSAGE)
    if message is None:
        return safe(paused.path, LABEL)
    target = safe(message.target, LABEL) or "STOP"
    return f"{safe(message.event_id, LABEL)} → {target}"


def parts(view: ModeState) -> list[Part]:
    """Return the pieces of the mode line from left to right."""
    status = view.status
    line: list[Part] = []
    if view.insert:
        line.append(Part("INSERT", Role.INSERT, 0))
    line += _state(view)
    if status.muted:
        line.append(Part("MUTED", Role.WAITING, 1))
    if view.held:
        line.append(Part(f"{view.held} held", Role.TEXT, 1))
    line.append(Part(safe(view.name, LABEL), Role.TEXT, 3))
    if status.state is not None:
        line.append(Part(f"superstep {status.superstep}", Role.QUIET, 4, f"ss {status.superstep}"))
        if status.recording_failed is None:
            counted = f"{status.written:,} events · 0 dropped"
            line.append(Part(counted, Role.QUIET, 2, f"{status.written:,} ev · 0 drop"))
        else:
            line.append(Part(f"NOT RECORDED after {status.written:,} events", Role.FAILED, 1, "NOT RECORDED"))
        if status.pending:
            line.append(Part(f"{status.pending} pending", Role.QUIET, 7))
    line.append(Part(f"gen {status.generation}", Role.QUIET, 5))
    version = view.runs_in.rpartition("(")[2].partition(",")[0]  # of `PATH (Python 3.12.1, from ...)`
    line.append(Part(safe(view.runs_in, NAME), Role.QUIET, 6, safe(version, NAME)))
    if status.reload is not None:
        line.append(Part(*_SAVES[status.reload.state]))
    return [part for part in line if part.text]


def state_word(status: Status) -> str:
    """Return the state of a run in a word: `PAUSED @12`, `WAITING FOR YOU` and the like."""
    if status.paused is not None:
        return f"PAUSED @{status.paused.seq}" if status.paused.seq is not None else "PAUSED"
    return _PLAIN[status.state][0] if status.state is not None else "READY"


def _state(view: ModeState) -> list[Part]:
    status = view.status
    if view.loading:
        return [Part(view.loading, Role.BUSY, 0)]
    if view.replay is not None:
        return [Part(f"REPLAY @{view.replay}", Role.REPLAY, 0), Part(view.recorded, Role.TEXT, 1)]
    if view.died:
        return [Part("WORKER DIED", Role.FAILED, 0)]
    if status.state is None:
        return [Part("READY", Role.IDLE, 0)]
    if status.paused is not None:
        at = state_word(status)
        paused, message = status.paused, status.paused.message
        why = Part(reason_text(paused), Role.TEXT, 8)
        if paused.about:
            short = safe(paused.about, LABEL)
            return [Part(f"{at} {safe(paused.about, MESSAGE)}", Role.PAUSED, 0, f"{at} {short}"), why]
        event = safe(message.event_id if message else paused.path, LABEL)
        return [Part(f"{at} {event}".rstrip(), Role.PAUSED, 0), why]
    word, role = _PLAIN[status.state]
    pieces = [Part(f"{word} {view.busy}" if view.busy and role is Role.RUN else word, role, 0)]
    if status.pausing:
        busy = ", ".join(safe(path, LABEL) for path in status.running)
        pieces.append(
            Part(f"pausing after {busy}" if busy else "pausing before the next message", Role.TEXT, 1, "pausing")
        )
    return pieces


def fit(line: Sequence[Part], width: int, gap: int = 2) -> list[Part]:
    """Return the pieces that fit a width: first in short forms, then without those that matter least.

    Those of rank 0 are cut rather than left out. `gap`: cells between pieces and at both ends.
    """
    kept = list(line)
    for rank in sorted({part.rank for part in line if part.short}, reverse=True):
        if length(kept, gap) <= width:
            return kept
        kept = [Part(p.short, p.role, p.rank) if p.rank == rank and p.short else p for p in kept]
    for rank in sorted({part.rank for part in line if part.rank}, reverse=True):
        if length(kept, gap) <= width:
            return kept
        kept = [part for part in kept if part.rank != rank]
    over = length(kept, gap) - width
    if over > 0 and kept:
        last = kept[-1]
        kept[-1] = Part(clip(last.text, max(cell_len(last.text) - over, 1)), last.role, last.rank)
    return kept


def length(line: Sequence[Part], gap: int = 2) -> int:
    """Return the cells that pieces take with the gaps between them."""
    return sum(cell_len(part.text) + gap for part in line)
