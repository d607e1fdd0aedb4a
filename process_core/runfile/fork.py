"""A new run file that begins as a copy of an old one up to a checkpoint."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from process_core import safe_files
from process_core.runfile.codec.graphs import dump_metadata
from process_core.runfile.errors import RunFileError
from process_core.runfile.read.connection import Connection
from process_core.runfile.read.history import Checkpoint, checkpoint_at
from process_core.runfile.schema import columns_of, create
from process_core.runfile.write.lock import WriterLock
from process_core.runfile.write.open_for_write import write_run

_COPY = (
    "INSERT INTO main.graphs SELECT * FROM old.graphs WHERE generation = 0 OR seq < :seq",
    "INSERT INTO main.events SELECT * FROM old.events WHERE seq <= :seq",
    "INSERT INTO main.causes SELECT * FROM old.causes WHERE seq <= :seq",
    "INSERT INTO main.tallies SELECT shape, count(*), max(seq) FROM main.events GROUP BY shape",
    "INSERT INTO main.shapes SELECT * FROM old.shapes WHERE id IN (SELECT shape FROM main.tallies)",
    "INSERT INTO main.checkpoints SELECT * FROM ({checkpoints}) WHERE seq <= :seq",
    # The event after the point is not copied, and may hold it.
    """
    INSERT OR IGNORE INTO main.checkpoints
        SELECT :seq, superstep, CAST(data AS TEXT) FROM old.events WHERE seq = :seq + 1 AND typeof(data) = 'blob'
    """,
    "INSERT INTO main.states SELECT * FROM ({states}) WHERE seq <= :seq",
    "INSERT INTO main.steps SELECT * FROM old.steps",
    """
    INSERT INTO main.payloads SELECT * FROM old.payloads WHERE id IN (
        SELECT data FROM main.events WHERE typeof(data) = 'integer'
        UNION SELECT details FROM main.events WHERE typeof(details) = 'integer'
        UNION SELECT state FROM main.states WHERE typeof(state) = 'integer'
        UNION SELECT extra FROM main.checkpoints WHERE typeof(extra) = 'integer'
    )
    """,
)


def fork_run_file(
    source: str | Path,
    into: str | Path,
    *,
    checkpoint: Checkpoint | int,
    run_id: str,
    metadata: Mapping[str, Any] | None = None,
) -> Checkpoint:
    """Make a run file that begins like another one up to a checkpoint; write what follows with `RunFileWriter.resume`.

    What went before is copied, not shared: so each file stands alone, can be moved or sent, and pruning the parent
    takes nothing from the child.

    Args:
        source: The file to begin like; it may be being written.
        into: Where; nothing may be there yet.
        checkpoint: The point, or its id.
        run_id: Id of the new run.
        metadata: What a reader of the new file should know besides; the parent's if left out.

    Returns:
        The checkpoint, which has the same id in the new file.

    Raises:
        RunFileError: The source cannot be read or has no such checkpoint, or nothing can be written there.
    """
    source, into = Path(source), Path(into)
    connection = Connection(source)
    try:
        number = checkpoint if isinstance(checkpoint, int) else checkpoint.id
        point = checkpoint_at(connection, number - 1)
        if point is None or point.id != number:
            raise RunFileError(source, f"there is no checkpoint {number}")
        run = connection.one("SELECT run_id, process, target, started, metadata FROM run")
    finally:
        connection.close()
    try:
        safe_files.make_folder(into.parent)
        lock = WriterLock(into)
    except OSError as error:
        raise RunFileError(into, f"cannot record there: {error.strerror or error}") from error
    try:
        parent, process, target, started, inherited = run
        values = {
            "run_id": run_id,
            "process": process,
            "target": target,
            # Times in the file count from here, and the copied events keep theirs.
            "started": started,
            "parent_run": parent,
            "parent_superstep": point.superstep,
            "parent_seq": point.seq,
            "metadata": inherited if metadata is None else dump_metadata(metadata),
        }
        create(into, lambda child: _fill(child, source, point, values)).close()
    finally:
        lock.release()
    return point


def _fill(child: sqlite3.Connection, source: Path, point: Checkpoint, run: dict[str, Any]) -> None:
    # Attaching is not possible within a transaction, and what is written here is no file yet.
    child.execute("COMMIT")
    safe_files.check_database(source, is_written=False)
    child.execute("ATTACH ? AS old", (f"{(source.parent.resolve() / source.name).as_uri()}?mode=ro",))
    version = int(child.execute("PRAGMA old.user_version").fetchone()[0])
    older = {table: columns_of(table, version, "old") for table in ("checkpoints", "states")}
    child.execute("BEGIN")
    for statement in _COPY:
        child.execute(statement.format_map(older), {"seq": point.seq})
    write_run(child, run)
