"""What a run file has about its run as a whole."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from process_core.events import RunState
from process_core.graph import Edge, Node
from process_core.runfile.codec.decode import to_plain
from process_core.runfile.codec.graphs import load_edges, load_nodes
from process_core.runfile.errors import RunFileError
from process_core.runfile.read.connection import Connection
from process_core.runfile.write.lock import is_live


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
    row = connection.one(f"SELECT {columns} FROM run")  # noqa: S608 - our own words
    run_id, process, target, started, ended, state, parent_run, parent_superstep, parent_seq, metadata = row
    target = os.fsdecode(target) if isinstance(target, bytes) else target  # the name of a file that is not UTF-8
    generation, nodes, edges = read_graph(connection, None)
    events = connection.last_seq()
    texts = isinstance(run_id, str) and isinstance(process, str) and isinstance(target, str | None)
    parents = isinstance(parent_run, str | None) and isinstance(parent_superstep, int | None)
    if not (texts and parents) or not isinstance(ended, float | int | None):
        raise RunFileError(connection.path, "it is damaged: it does not say which run it holds")
    try:
        run_state = RunState(state)
    except ValueError:
        raise RunFileError(connection.path, f"it is damaged: the run's state is {state!r}") from None
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
        metadata=to_plain(connection.decode(metadata)),
    )


def read_graph(connection: Connection, seq: int | None) -> tuple[int, tuple[Node, ...], tuple[Edge, ...]]:
    """Return generation, steps and routes of the graph in force at an event; None for the last one."""
    before = -1 if seq is None else seq
    sql = """
        SELECT generation, nodes, edges FROM graphs WHERE ? < 0 OR seq < ? OR generation = 0
        ORDER BY generation DESC LIMIT 1
    """
    generation, nodes, edges = connection.one(sql, (before, before))
    try:
        return generation, load_nodes(nodes), load_edges(edges)
    except ValueError as error:
        raise RunFileError(connection.path, f"it is damaged: {error}") from error


def size_on_disk(path: Path) -> int:
    """Return the bytes of a run file, the log beside it included; 0 where there is none."""
    total = 0
    for part in (path, path.with_name(path.name + "-wal")):
        try:
            total += part.stat().st_size
        except OSError:
            continue
    return total
