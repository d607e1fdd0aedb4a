"""What each step has done so far, from the counts that the writer keeps."""

from collections.abc import Iterable

from process_core.runfile.connection import Connection
from process_core.runfile.info import StepCount

_COUNTED = {
    "executor_invoked": "invoked",
    "executor_completed": "completed",
    "executor_failed": "failed",
    "executor_cancelled": "cancelled",
}
_TALLIES = "FROM tallies t JOIN shapes s ON s.id = t.shape"


def read_step_counts(connection: Connection) -> dict[str, StepCount]:
    """Count what each step did, as of now.

    Args:
        connection: Where to read.

    Returns:
        Step path -> counts; only steps that events are about.
    """
    counts: dict[str, StepCount] = {}
    sql = f"SELECT s.path, s.type, sum(t.number), max(t.last) {_TALLIES} GROUP BY s.path, s.type"
    for path, kind, number, last in connection.rows(sql):
        count = counts.setdefault(path, StepCount())
        count.last_seq = max(count.last_seq, last)
        if kind in _COUNTED:
            setattr(count, _COUNTED[kind], number)
    return counts


def read_last_seqs(connection: Connection, path: str, types: Iterable[str]) -> list[int]:
    """Find the last events about a step.

    Args:
        connection: Where to read.
        path: The step.
        types: Types of event.

    Returns:
        The last seq of each type that there is.
    """
    sql = f"SELECT s.type, max(t.last) {_TALLIES} WHERE s.path = ? GROUP BY s.type"
    last = dict(connection.rows(sql, (path,)))
    return [last[kind] for kind in types if kind in last]
