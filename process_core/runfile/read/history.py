"""Checkpoints and states: what a run had at any point."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from process_core.runfile.codec.compact_checkpoint import expand
from process_core.runfile.codec.graphs import MAX_GRAPH_TEXT, load_edges
from process_core.runfile.errors import RunFileError
from process_core.runfile.read.connection import LONGEST_VALUE, Connection

_LAST = 2**62
_HOLDS_ONE = """
    typeof(data) = 'blob' AND shape IN (SELECT id FROM shapes WHERE type = 'superstep_completed' AND path = '')
"""
"""The rows of `events` that hold a compact checkpoint; it covers what comes before them."""
_LATEST = "seq = (SELECT max(seq) FROM states WHERE step = steps.id AND seq <= ?)"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A point at which a run can be shown, and from which it can be resumed or forked.

    Attributes:
        id: Its number in the file: the seq of the event after the last one that it covers.
        parent: Number of the one before it, None for the first.
        superstep: The superstep of the root process that was over, 0 before the first.
        seq: Seq of the last event that it covers.
    """

    id: int
    parent: int | None
    superstep: int
    seq: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a checkpoint holds, decoded (see `decode`: models come as `Tagged`).

    Attributes:
        checkpoint: Which.
        states: Every step's state, step path -> state.
        versions: Versions of the steps' state where they are not "1", step path -> version.
        extra: What else the engine put there.
    """

    checkpoint: Checkpoint
    states: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    extra: Any = None


def checkpoints(path: str | Path) -> list[Checkpoint]:
    """List the checkpoints of a run file, oldest first.

    Args:
        path: The file.

    Raises:
        RunFileError: It is missing, damaged, newer than this program, or not a run file.
    """
    connection = Connection(Path(path))
    try:
        return read_checkpoints(connection)
    finally:
        connection.close()


def read_checkpoints(connection: Connection) -> list[Checkpoint]:
    """Return the checkpoints, oldest first."""
    sql = f"""
        SELECT seq, superstep FROM checkpoints
        UNION SELECT seq - 1, superstep FROM events WHERE {_HOLDS_ONE} ORDER BY 1
    """  # noqa: S608 - our own words
    checkpoints: list[Checkpoint] = []
    for seq, superstep in connection.rows(sql):
        parent = checkpoints[-1].id if checkpoints else None
        checkpoints.append(_checkpoint(connection, seq, superstep, parent))
    return checkpoints


def checkpoint_at(connection: Connection, seq: int) -> Checkpoint | None:
    """Return the last checkpoint at or before an event."""
    last = _last_until(connection, seq)
    if last is None:
        return None
    before = _last_until(connection, last[0] - 1)
    return _checkpoint(connection, *last, before[0] + 1 if before is not None else None)


def checkpoint_after(connection: Connection, seq: int) -> Checkpoint | None:
    """Return the first checkpoint after an event."""
    row = next(iter(connection.rows("SELECT seq FROM checkpoints WHERE seq > ? ORDER BY seq LIMIT 1", (seq,))), None)
    end = _LAST if row is None else row[0]
    sql = f"SELECT seq - 1 FROM events WHERE seq > ? + 1 AND seq <= ? AND {_HOLDS_ONE} ORDER BY seq LIMIT 1"  # noqa: S608 - our own words
    row = next(iter(connection.rows(sql, (seq, end))), row)
    return None if row is None else checkpoint_at(connection, row[0])


def _last_until(connection: Connection, seq: int) -> tuple[int, int] | None:
    """Return what the last checkpoint at or before an event covers, and its superstep."""
    sql = "SELECT seq, superstep FROM checkpoints WHERE seq <= ? ORDER BY seq DESC LIMIT 1"
    last: tuple[int, int] | None = next(iter(connection.rows(sql, (seq,))), None)
    # There is no index of the rows that hold one: they are as far apart as the events of one superstep.
    sql = f"SELECT seq - 1, superstep FROM events WHERE seq BETWEEN ? AND ? + 1 AND {_HOLDS_ONE} ORDER BY seq DESC LIMIT 1"  # noqa: S608, E501 - our own words
    return next(iter(connection.rows(sql, (0 if last is None else last[0] + 2, seq))), last)


def _checkpoint(connection: Connection, seq: Any, superstep: Any, parent: int | None) -> Checkpoint:
    if not isinstance(seq, int) or not isinstance(superstep, int):
        raise RunFileError(connection.path, "it is damaged: a checkpoint cannot be read")
    return Checkpoint(seq + 1, parent, superstep, seq)


def read_snapshot(connection: Connection, number: int) -> Snapshot:
    """Return all that the checkpoint of a number holds, decoded."""
    checkpoint = checkpoint_at(connection, number - 1)
    if checkpoint is None or checkpoint.id != number:
        raise RunFileError(connection.path, f"there is no checkpoint {number}")
    states, versions = read_states(connection, checkpoint.seq)
    return Snapshot(checkpoint, states, versions, read_extra(connection, checkpoint.seq))


def read_states(connection: Connection, seq: int) -> tuple[dict[str, Any], dict[str, str]]:
    """Return every step's state at an event, decoded, and the versions that are not "1"."""
    sql = f"""
        SELECT steps.path, states.version, states.state FROM steps
        JOIN states ON states.step = steps.id AND states.{_LATEST}
        ORDER BY steps.id
    """  # noqa: S608 - our own words
    states: dict[str, Any] = {}
    versions: dict[str, str] = {}
    for path, version, ref in connection.rows(sql, (seq,)):
        states[path] = None if ref is None else connection.decode(connection.body(ref))
        if version is not None:
            versions[path] = version
    return states, versions


def read_state(connection: Connection, path: str, seq: int) -> tuple[Any, str] | None:
    """Return one step's state at an event, decoded, and its version; None where none had been saved."""
    sql = f"""
        SELECT states.version, states.state FROM steps
        JOIN states ON states.step = steps.id AND states.{_LATEST}
        WHERE steps.path = ?
    """  # noqa: S608 - our own words
    for version, ref in connection.rows(sql, (seq, path)):
        return None if ref is None else connection.decode(connection.body(ref)), version or "1"
    return None


def read_extra(connection: Connection, seq: int) -> Any:
    """Return `extra` of the checkpoint whose last event is `seq`, decoded; None where there is none."""
    for sql in (
        "SELECT extra, superstep FROM checkpoints WHERE seq = ?",
        f"SELECT CAST(data AS TEXT), superstep FROM events WHERE seq = ? + 1 AND {_HOLDS_ONE}",  # noqa: S608 - our own words
    ):
        for ref, superstep in connection.rows(sql, (seq,), longest=LONGEST_VALUE):
            extra = None if ref is None else connection.decode(connection.body(ref))
            return _expanded(connection, extra, superstep) if isinstance(extra, list) else extra
    return None


def read_state_history(
    connection: Connection, path: str, limit: int, until: int | None = None
) -> list[tuple[int, Any]]:
    """Return the last values of a step's state, with their seqs, oldest first."""
    sql = """
        SELECT seq, state FROM states WHERE step = (SELECT id FROM steps WHERE path = ?) AND seq <= ?
        ORDER BY seq DESC LIMIT ?
    """
    states = connection.rows(sql, (path, _LAST if until is None else until, limit))
    return [(seq, None if ref is None else connection.decode(connection.body(ref))) for seq, ref in reversed(states)]


def _expanded(connection: Connection, compact: Sequence[Any], superstep: int) -> dict[str, Any]:
    generation = compact[0] if compact and isinstance(compact[0], int) else -1
    edges: str = connection.one(
        "SELECT edges FROM graphs WHERE generation = ?", (generation,), longest=4 * MAX_GRAPH_TEXT
    )[0]
    try:
        return expand(compact, superstep, load_edges(edges))
    except (ValueError, TypeError) as error:
        raise RunFileError(connection.path, f"it is damaged: {error}") from error
