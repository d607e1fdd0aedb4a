"""A recorded run as it stood at one of its events."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from process_core.events import RunState
from process_core.graph import Edge, Node
from process_core.runfile import Checkpoint, Row, RunFile, RunFileError, StepCount, to_plain
from process_core.session.protocol.status import OpenRequest, Status, WaitingInputs

_MOST: Final = 50
"""Steps whose questions and missing inputs are read."""
_PROMPT: Final = 500
_ASKING: Final = ("request_info", "response")
_ENDING: Final = ("executor_invoked", "executor_completed", "executor_failed", "executor_cancelled")
_TYPES: Final = frozenset({*_ASKING, *_ENDING, "input_waiting", "superstep_started", "status", "failed"})


class RunAtEvent:
    """A run file as if its run had gone no further than to one event; what the inspector reads is read as of then.

    Args:
        run_file: The run file.
        seq: The event.

    Attributes:
        seq: The event; may be changed.
    """

    def __init__(self, run_file: RunFile, seq: int = 0) -> None:
        self._run_file = run_file
        self.seq = seq

    @property
    def whole(self) -> RunFile:
        """The run file with all there is in it."""
        return self._run_file

    def __getattr__(self, name: str) -> Any:
        """Give what does not depend on the moment."""
        return getattr(self._run_file, name)

    def checkpoint_at(self, seq: int, path: str = "") -> Checkpoint | None:
        """Find the last checkpoint at or before an event, as `RunFile.checkpoint_at`."""
        return self._run_file.checkpoint_at(min(seq, self.seq), path)

    def state_history(self, path: str, limit: int = 100) -> list[tuple[int, Any]]:
        """Give the last values that a step's state had by then, as `RunFile.state_history`."""
        return self._run_file.state_history(path, limit, self.seq)

    def last_rows(self, path: str, types: Collection[str]) -> dict[str, Row]:
        """Read the last event of each type about a step by then, as `RunFile.last_rows`."""
        return self._run_file.last_rows(path, types, self.seq)

    def step_counts(self) -> dict[str, StepCount]:
        """Count what each step had done by then, as `RunFile.step_counts`."""
        return self._run_file.step_counts(self.seq)

    def graph_at(self, seq: int) -> tuple[int, tuple[Node, ...], tuple[Edge, ...]]:
        """Give the graph that was in force, as `RunFile.graph_at`."""
        return self._run_file.graph_at(min(seq, self.seq))


def status_at(run_file: RunFile, row: Row) -> Status:
    """Say how a run stood at an event, as a session would have said it then.

    Args:
        run_file: The run file.
        row: The event.

    Returns:
        The status; it has no breakpoints, for nobody recorded them.
    """
    last = run_file.last_seqs(_TYPES, row.seq)
    begun = [path for path, seqs in last.items() if path and _is_busy(seqs)]
    asking = [path for path in begun if _is_after(last[path], "request_info", "response")]
    root = last.get("", {})
    state = _row(run_file, root.get("status"))
    superstep = _row(run_file, root.get("superstep_started"))
    return Status(
        run_file=str(run_file.path),
        state=_state(state),
        written=row.seq,
        superstep=superstep.superstep if superstep is not None else 0,
        running=tuple(path for path in begun if path not in asking),
        parked=tuple(asking),
        failed=tuple(path for path, seqs in last.items() if path and _has_failed(seqs)),
        waiting=_waiting(run_file, last),
        requests=_requests(run_file, [last[path]["request_info"] for path in asking[:_MOST]]),
        generation=row.generation + 1,
    )


def _is_busy(last: Mapping[str, int]) -> bool:
    """Whether a step had begun a function and not ended it; a step does one after the other."""
    begun, *ended = (last.get(kind, 0) for kind in _ENDING)
    return begun > max(ended)


def _is_after(last: Mapping[str, int], kind: str, other: str) -> bool:
    return last.get(kind, 0) > last.get(other, 0)


def _has_failed(last: Mapping[str, int]) -> bool:
    failed = last.get("executor_failed", 0)
    return failed > 0 and all(failed >= last.get(kind, 0) for kind in _ENDING)


def _state(row: Row | None) -> RunState:
    try:
        return RunState(row.state or "") if row is not None else RunState.IN_PROGRESS
    except ValueError:
        return RunState.IN_PROGRESS


def _row(run_file: RunFile, seq: int | None) -> Row | None:
    return None if seq is None else run_file.row(seq)


def _waiting(run_file: RunFile, last: Mapping[str, Mapping[str, int]]) -> tuple[WaitingInputs, ...]:
    """Give the calls that held some of their inputs and had not begun."""
    seqs = [seqs["input_waiting"] for seqs in last.values() if _is_after(seqs, "input_waiting", "executor_invoked")]
    found = []
    for seq in sorted(seqs)[:_MOST]:
        row = run_file.row(seq)
        details = to_plain(run_file.payload(row.details)) if row.details is not None else None
        if isinstance(details, dict):
            arrived, missing = _names(details.get("arrived")), _names(details.get("missing"))
            found.append(WaitingInputs(path=row.path, function=row.function or "", arrived=arrived, missing=missing))
    return tuple(found)


def _names(value: Any) -> tuple[str, ...]:
    return tuple(name for name in value if isinstance(name, str)) if isinstance(value, list | tuple) else ()


def _requests(run_file: RunFile, seqs: list[int]) -> tuple[OpenRequest, ...]:
    found = []
    for seq in seqs:
        row = run_file.row(seq)
        found.append(
            OpenRequest(
                request_id=row.request_id or str(seq),
                path=row.path,
                function=row.function,
                prompt=row.preview[:_PROMPT],
                response_type=row.response_type or "",
                seq=seq,
            )
        )
    return tuple(found)


def superstep_end(run_file: RunFile, seq: int, *, backwards: bool) -> int | None:
    """Find the event at which a superstep of the root process was over.

    Args:
        run_file: The run file.
        seq: The event to start from, which is not looked at.
        backwards: Look at earlier events, not later ones.

    Returns:
        Its seq; None where there is none in that direction.
    """
    found = run_file.checkpoint_at(seq - 2) if backwards else run_file.checkpoint_after(seq - 1)
    if found is None:
        return None
    try:
        after = run_file.row(found.seq + 1)
    except RunFileError:  # the run was cut off between the two
        return found.seq if found.seq and found.seq != seq else None
    return after.seq if after.type == "superstep_completed" and not after.path else max(found.seq, 1)
