"""What a run file has about its run as a whole."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from process_core.events import RunState
from process_core.graph import Edge, Node
from process_core.runfile.codec.decode import to_plain
from process_core.runfile.codec.graphs import MAX_GRAPH_TEXT, load_graph
from process_core.runfile.errors import RunFileError
from process_core.runfile.read.connection import Connection, size_on_disk
from process_core.runfile.write.lock import is_live

_LONGEST: Final = 4 * MAX_GRAPH_TEXT
_NAME: Final = 10_000
"""Characters of the name of a run, a process or a target; a path has fewer."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run at a glance.

    Attributes:
        path: The file.
        run_id: Id of the run.
        process: Name of the process.
        target: What was run (`path.py:attr`).
        started: Seconds since the epoch.
        ended: Seconds since the epoch, or None.
        state: The state it was last in.
        is_live: Whether a process is writing the file now.
        events: Seq of the last event.
        last_timestamp: When that happened, or None.
        size: Bytes on disk, the log included.
        parent_run: For a fork, the id of the run it came from.
        parent_superstep: For a fork, the superstep it starts after.
        parent_seq: For a fork, the last event that it shares with its parent.
        nodes: The steps, of the last generation.
        edges: The routes, of the last generation.
        generation: The last generation of the code.
        metadata: What the writer was given besides.
    """

    path: Path
    run_id: str
    process: str
    target: str | None
    started: float
    ended: float | None
    state: RunState
    is_live: bool
    events: int
    last_timestamp: float | None
    size: int
    parent_run: str | None = None
    parent_superstep: int | None = None
    parent_seq: int | None = None
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    generation: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_interrupted(self) -> bool:
        """Whether the run was cut off: nobody writes it any more, and how it ended was not recorded."""
        return not self.is_live and self.ended is None


def read_info(connection: Connection) -> RunInfo:
    """Return the run at a glance, as it is now."""
    columns = "run_id, process, target, started, ended, state, parent_run, parent_superstep, parent_seq, metadata"
    row = connection.one(f"SELECT {columns} FROM run", longest=_LONGEST)  # noqa: S608 - our own words
    run_id, process, target, started, ended, state, parent_run, parent_superstep, parent_seq, written = row
    target = os.fsdecode(target) if isinstance(target, bytes) else target  # the name of a file that is not UTF-8
    names = (run_id, process, target or "", parent_run or "")
    numbers = isinstance(parent_superstep, int | None) and isinstance(parent_seq, int | None)
    if not all(isinstance(name, str) and len(name) <= _NAME for name in names) or not (
        numbers and isinstance(ended, float | int | None) and isinstance(written, str)
    ):
        raise RunFileError(connection.path, "it is damaged: it does not say which run it holds")
    metadata = to_plain(connection.decode(written))
    if not isinstance(metadata, dict):
        raise RunFileError(connection.path, f"it is damaged: the run's metadata is {written!r:.80}")
    generation, nodes, edges = read_graph(connection, None)
    events = connection.last_seq()
    try:
        run_state = RunState(state)
    except ValueError:
        raise RunFileError(connection.path, f"it is damaged: the run's state is {state!r:.80}") from None
    return RunInfo(
        path=connection.path,
        run_id=run_id,
        process=process,
        target=target,
        started=started,
        ended=ended,
        state=run_state,
        is_live=is_live(connection.path),
        events=events,
        last_timestamp=connection.time_of(connection.ts_of(events)) if events else None,
        size=size_on_disk(connection.path),
        parent_run=parent_run,
        parent_superstep=parent_superstep,
        parent_seq=parent_seq,
        nodes=nodes,
        edges=edges,
        generation=generation,
        metadata=metadata,
    )


def read_graph(connection: Connection, seq: int | None) -> tuple[int, tuple[Node, ...], tuple[Edge, ...]]:
    """Return generation, steps and routes of the graph in force at an event; None for the last one."""
    before = -1 if seq is None else seq
    sql = """
        SELECT generation, nodes, edges FROM graphs WHERE ? < 0 OR seq < ? OR generation = 0
        ORDER BY generation DESC LIMIT 1
    """
    generation, nodes, edges = connection.one(sql, (before, before), longest=_LONGEST)
    try:
        return generation, *load_graph(nodes, edges)
    except (ValueError, TypeError) as error:
        raise RunFileError(connection.path, f"it is damaged: {error}") from error
