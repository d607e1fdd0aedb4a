"""Checkpoints and states: what a run had at any point."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from process_core.runfile.codec.compact_checkpoint import expand
from process_core.runfile.codec.graphs import load_edges
from process_core.runfile.errors import RunFileError
from process_core.runfile.read.connection import Connection

_LAST = 2**62
_LATEST = "seq = (SELECT max(seq) FROM states WHERE step = steps.id AND seq <= ?)"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A point at which a run can be shown, and from which it can be resumed or forked.

    Attributes:
        id: Its number in the file, from 1.
        parent: Number of the one before it, None for the first.
        superstep: The superstep that was over, 0 before the first.
        seq: Seq of the last event that it covers.
        path: The process whose superstep it was, empty for the root.
    """

    id: int
    parent: int | None
    superstep: int
    seq: int
    path: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a checkpoint holds, decoded (see `decode`: models come as `Tagged`).

    Attributes:
        checkpoint: Which.
        states: Every step's state, step path -> state.
        versions: Versions of the steps' state where they are not "1", step path -> version.
        pending: The messages to be delivered next, in order.
        joins: The half-filled joins.
        requests: The open requests.
        answers: The answers recorded for invocations that had not finished.
        extra: What else the engine put there.
    """

    checkpoint: Checkpoint
    states: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    pending: list[Any] = field(default_factory=list)
    joins: list[Any] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    extra: Any = None


def checkpoints(path: str | Path) -> list[Checkpoint]:
    """List the checkpoints of a run file, oldest first, those of nested processes included.

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


def read_checkpoints(connection: Connection, where: str = "1", values: tuple[Any, ...] = ()) -> list[Checkpoint]:
    """Return the checkpoints that a condition in SQL chooses, oldest first."""
    sql = f"SELECT id, parent, superstep, seq, path FROM checkpoints WHERE {where} ORDER BY id"  # noqa: S608 - our own words
    checkpoints = [Checkpoint(*row) for row in connection.rows(sql, values)]
    for one in checkpoints:
        numbers = (one.id, one.superstep, one.seq, one.parent or 0)
        if not isinstance(one.path, str) or not all(isinstance(number, int) for number in numbers):
            raise RunFileError(connection.path, "it is damaged: a checkpoint cannot be read")
    return checkpoints


def read_snapshot(connection: Connection, number: int) -> Snapshot:
    """Return all that the checkpoint of a number holds, decoded."""
    checkpoints = read_checkpoints(connection, "id = ?", (number,))
    if not checkpoints:
        raise RunFileError(connection.path, f"there is no checkpoint {number}")
    columns = "pending, joins, requests, answers, extra"
    parts = connection.rows(f"SELECT {columns} FROM checkpoints WHERE id = ?", (number,))[0]  # noqa: S608 - our own words
    pending, joins, requests, answers, extra = (
        None if ref is None else connection.decode(connection.body(ref)) for ref in parts
    )
    if isinstance(extra, list):
        extra = _expanded(connection, extra, checkpoints[0].superstep)
    states, versions = read_states(connection, checkpoints[0].seq)
    return Snapshot(checkpoints[0], states, versions, pending or [], joins or [], requests or [], answers or [], extra)


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
    """Return `extra` of the root's checkpoint whose last event is `seq`, decoded; None where there is none."""
    sql = "SELECT extra, superstep FROM checkpoints WHERE seq = ? AND path = '' ORDER BY id DESC LIMIT 1"
    for ref, superstep in connection.rows(sql, (seq,)):
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
    edges: str = connection.one("SELECT edges FROM graphs WHERE generation = ?", (generation,))[0]
    try:
        return expand(compact, superstep, load_edges(edges))
    except (ValueError, TypeError) as error:
        raise RunFileError(connection.path, f"it is damaged: {error}") from error
