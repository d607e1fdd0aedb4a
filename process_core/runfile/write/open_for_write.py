"""Opening a run file for writing: a new one, or that of a resumed run."""

import os
import platform
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from process_core import safe_files
from process_core.events import RunState
from process_core.runfile.schema import create, open_for_writing, upgrade
from process_core.runfile.write.lock import WriterLock


@dataclass(slots=True)
class OpenedForWriting:
    """A run file open for writing.

    Attributes:
        connection: Used by one thread at a time.
        lock: The right to write, to be released after the connection is closed.
        started: `run.started`.
        last_seq: Seq of the last event in it.
        generation: The last generation of the code in it.
    """

    connection: sqlite3.Connection
    lock: WriterLock
    started: float
    last_seq: int = 0
    generation: int = 0


def open_new(path: Path, run: dict[str, Any], nodes: str, edges: str) -> OpenedForWriting:
    """Make a new run file with a row of `run` and a graph; missing folders are made."""
    safe_files.make_folder(path.parent)
    lock = WriterLock(path)
    try:
        connection = create(path, lambda connection: _fill(connection, run, nodes, edges))
    except BaseException:
        lock.release()
        raise
    return OpenedForWriting(connection, lock, run["started"])


def open_again(path: Path) -> OpenedForWriting:
    """Open the file of an interrupted run, to record what follows."""
    lock = WriterLock(path)
    try:
        connection = open_for_writing(path)
        try:
            upgrade(connection)
            started = float(connection.execute("SELECT started FROM run").fetchone()[0])
            last = int(connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])
            # States are written just before the event that they go with: one without its event never came to be.
            connection.execute("DELETE FROM states WHERE seq > ?", (last,))
            generation = int(connection.execute("SELECT coalesce(max(generation), 0) FROM graphs").fetchone()[0])
            connection.execute("UPDATE run SET pid = ?, host = ?, ended = NULL", (os.getpid(), platform.node()))
        except BaseException:
            connection.close()
            raise
    except BaseException:
        lock.release()
        raise
    return OpenedForWriting(connection, lock, started, last, generation)


def _fill(connection: sqlite3.Connection, run: dict[str, Any], nodes: str, edges: str) -> None:
    write_run(connection, run)
    connection.execute("INSERT INTO graphs VALUES (0, 0, ?, ?, '{}')", (nodes, edges))


def write_run(connection: sqlite3.Connection, run: dict[str, Any]) -> None:
    """Write the row of `run` of a new file; who writes it, and that it is in progress, is filled in."""
    values = {**run, "id": 1, "state": RunState.IN_PROGRESS.value, "pid": os.getpid(), "host": platform.node()}
    names, marks = ", ".join(values), ",".join("?" * len(values))
    connection.execute(f"INSERT INTO run ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608 - our own names
