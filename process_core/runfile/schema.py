"""The tables of a run file, and how a connection to one is opened.

A run file is an SQLite database. Three choices make an event small and cheap:

- An event's names (type, path, step, function, event id, route, ...) come in few combinations. Each combination is one
  row of `shapes`, and an event holds its number. The writer may write one combination twice (it forgets old ones to
  stay small), so nothing may take a shape's number for its identity.
- A small payload stands in the event itself, as JSON text; a larger one stands once in `payloads`, and the event holds
  its number. The type of the column's value shows which: TEXT or INTEGER. NULL stands for None.
- `seq` is the rowid and gapless from 1, so that place in the run and key are one number and no OFFSET is ever needed.
- A common checkpoint, nothing but messages on their way, stands as a BLOB in the row of the event that ends its
  superstep, in the place of a payload, which such events never have. Any other one is a row of `checkpoints`.
"""

import contextlib
import functools
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from process_core import safe_files
from process_core.runfile.errors import STORAGE_ERRORS, RunFileError, explain
from process_core.runfile.sqlite_limits import allow_only_reading, distrust

APPLICATION_ID: Final = 0x53544550
"""The letters `STEP`, at byte 68 of every run file."""
FORMAT: Final = 4
"""Version of the tables and of how values are written; a file of a higher one is refused.

Format 1 had no compact checkpoints; before 3, models stood as they wrote themselves, and subclasses as their base;
before 4, compact checkpoints stood in `checkpoints`, too.
"""
_ROWS_HOLD_CHECKPOINTS: Final = 4
SUFFIX: Final = ".run"
PAGE_SIZE: Final = 4096
INLINE_LIMIT: Final = 64
"""Payloads up to this many bytes of JSON stand in the event itself."""

_MAGIC = b"SQLite format 3\x00"
_HEADER = 100
_WRITE_AHEAD: Final = b"\x02\x02"
_WRITE_AHEAD_AT: Final = 18
"""Where a database says by which version of the format it is written and read."""
_TAMPERED = "somebody has tampered with it"

_CHECKPOINTS = """CREATE TABLE checkpoints (
    seq INTEGER PRIMARY KEY,
    superstep INTEGER NOT NULL,
    extra
);
"""
_STATES = """CREATE TABLE states (
    step INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    version TEXT,
    state,
    PRIMARY KEY (step, seq)
) WITHOUT ROWID;
"""
_BEFORE_4: Final = {
    _CHECKPOINTS: """CREATE TABLE checkpoints (
    id INTEGER PRIMARY KEY,
    parent INTEGER,
    path TEXT NOT NULL,
    superstep INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    pending,
    joins,
    requests,
    answers,
    extra
);
CREATE INDEX checkpoints_by_seq ON checkpoints (seq);
""",
    _STATES: """CREATE TABLE states (
    step INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    checkpoint INTEGER NOT NULL,
    version TEXT,
    state,
    PRIMARY KEY (step, seq)
) WITHOUT ROWID;
CREATE INDEX states_by_checkpoint ON states (checkpoint);
""",
}
"""What formats 1 to 3 have in their place."""

TABLES: Final = f"""
CREATE TABLE run (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    run_id TEXT NOT NULL,
    process TEXT NOT NULL,
    target TEXT,
    started REAL NOT NULL,
    ended REAL,
    state TEXT NOT NULL,
    parent_run TEXT,
    parent_superstep INTEGER,
    parent_seq INTEGER,
    pid INTEGER,
    host TEXT,
    metadata TEXT NOT NULL
);
CREATE TABLE graphs (
    generation INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    nodes TEXT NOT NULL,
    edges TEXT NOT NULL,
    metadata TEXT NOT NULL
);
CREATE TABLE shapes (
    id INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    path TEXT NOT NULL,
    step TEXT,
    function TEXT,
    event_id TEXT,
    route TEXT,
    state TEXT,
    response_type TEXT,
    code TEXT,
    generation INTEGER NOT NULL
);
CREATE TABLE tallies (
    shape INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    last INTEGER NOT NULL
);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    shape INTEGER NOT NULL,
    ts INTEGER NOT NULL,
    superstep INTEGER NOT NULL,
    cause INTEGER,
    request_id TEXT,
    data,
    details
);
CREATE TABLE causes (
    seq INTEGER NOT NULL,
    place INTEGER NOT NULL,
    cause INTEGER NOT NULL,
    PRIMARY KEY (seq, place)
) WITHOUT ROWID;
CREATE INDEX effects ON causes (cause);
CREATE TABLE payloads (
    id INTEGER PRIMARY KEY,
    digest BLOB,
    codec INTEGER NOT NULL,
    size INTEGER NOT NULL,
    preview TEXT,
    body NOT NULL
);
CREATE UNIQUE INDEX digests ON payloads (digest) WHERE digest IS NOT NULL;
{_CHECKPOINTS}CREATE TABLE steps (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE
);
{_STATES}"""
"""`tallies` counts the events of each shape and names the last, so that nobody goes through them all to count what each
step has done. `causes` holds the causes of events that have several; `events.cause` is always the last. `ts` counts
microseconds from `run.started`. `codec` 0 is the JSON as it is, 1 is zlib; large payloads have a `preview`, small ones
are one."""


def tables_of(version: int) -> str:
    """Return the statements that make the tables of a format."""
    tables = TABLES
    for now, before in _BEFORE_4.items() if version < _ROWS_HOLD_CHECKPOINTS else ():
        tables = tables.replace(now, before)
    return tables


def columns_of(table: str, version: int, database: str = "main") -> str:
    """Return SQL that reads `checkpoints` or `states` of a format with the columns of the present one."""
    if table == "states":
        return f"SELECT step, seq, version, state FROM {database}.states"  # noqa: S608 - our own names
    if version >= _ROWS_HOLD_CHECKPOINTS:
        return f"SELECT seq, superstep, extra FROM {database}.checkpoints"  # noqa: S608 - as above
    # One was written again where an idle run was changed by hand; the later one counts.
    last = f"SELECT max(id) FROM {database}.checkpoints WHERE path = '' GROUP BY seq"  # noqa: S608 - as above
    return f"SELECT seq, superstep, extra FROM {database}.checkpoints WHERE id IN ({last})"  # noqa: S608 - as above


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring an older run file to the present format; what is written from here on, an older program cannot read."""
    version = version_of(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        if version < _ROWS_HOLD_CHECKPOINTS:
            for table, statement in (("checkpoints", _CHECKPOINTS), ("states", _STATES)):
                connection.execute(f"CREATE TEMP TABLE older AS {columns_of(table, version)}")
                connection.execute(f"DROP TABLE main.{table}")
                connection.execute(statement)
                connection.execute(f"INSERT INTO main.{table} SELECT * FROM temp.older")  # noqa: S608 - our own names
                connection.execute("DROP TABLE temp.older")
        connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def version_of(connection: sqlite3.Connection) -> int:
    """Return the format of an open run file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def create(path: Path, fill: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    """Make a new run file, filled by `fill`, and open it in write-ahead mode.

    It is filled under another name and appears under its own when it is complete, so that no reader ever sees half of
    it.
    """
    if os.path.lexists(path):
        raise RunFileError(path, "it exists already; give another name, or remove it")
    try:
        # A log left over from a file that was removed must not be taken for this one's.
        safe_files.remove_left_over(path)
        unfinished, file = safe_files.create_beside(path)
        try:
            try:
                connection = safe_files.connect(unfinished, distrust, read_only=False)
                try:
                    for pragma in ("synchronous = OFF", "journal_mode = OFF", f"page_size = {PAGE_SIZE}"):
                        connection.execute(f"PRAGMA {pragma}")
                    connection.executescript(
                        f"BEGIN;\nPRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {FORMAT};\n{TABLES}"
                    )
                    fill(connection)
                    connection.execute("COMMIT")
                finally:
                    connection.close()
                # Write-ahead from the start: to switch to it, SQLite would need a journal beside the file.
                os.pwrite(file, _WRITE_AHEAD, _WRITE_AHEAD_AT)
            finally:
                os.close(file)
            unfinished.rename(path)
        finally:
            unfinished.unlink(missing_ok=True)
        connection = safe_files.connect(path, distrust, read_only=False)
        try:
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
    except STORAGE_ERRORS as error:
        raise RunFileError(path, f"cannot record there: {explain(error)}") from error
    return connection


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open an existing run file in write-ahead mode."""
    check_header(path)
    try:
        connection = safe_files.connect(path, distrust, read_only=False)
        try:
            check_format(path, connection)
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
    except STORAGE_ERRORS as error:
        raise RunFileError(path, f"cannot record there: {explain(error)}") from error
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a run file read-only, while another process may be writing it."""
    check_header(path)
    try:
        connection = safe_files.connect(path, distrust, read_only=True)
    except sqlite3.OperationalError as error:
        # Reading a write-ahead file needs its index beside it; in a folder that cannot be written there is none,
        # and then the main file alone is the whole truth if no log is left over.
        if _log_size(path):
            raise RunFileError(
                path, "it was not closed and its folder is read-only: copy it, with the files beside it, elsewhere"
            ) from error
        try:
            connection = safe_files.connect(path, distrust, read_only=True, immutable=True)
        except STORAGE_ERRORS:
            raise RunFileError(path, explain(error)) from error
    except STORAGE_ERRORS as error:
        raise RunFileError(path, explain(error)) from error
    try:
        check_format(path, connection)
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -16384")
        allow_only_reading(connection)
    except STORAGE_ERRORS as error:
        connection.close()
        raise RunFileError(path, explain(error)) from error
    except BaseException:
        connection.close()
        raise
    return connection


def check_header(path: Path) -> None:
    """Raise RunFileError if the first bytes of a file are not a run file's, or it was cut short."""
    try:
        with os.fdopen(safe_files.open_to_read(path), "rb") as file:
            header = file.read(_HEADER)
            length = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        raise RunFileError(path, "there is no such file") from None
    except safe_files.UnsafeFileError as error:
        raise RunFileError(path, explain(error)) from error
    except OSError as error:
        raise RunFileError(path, f"it cannot be read: {error.strerror or error}") from error
    if not header:
        raise RunFileError(path, "it is empty")
    if not header.startswith(_MAGIC[: len(header)]):
        raise RunFileError(path, "it is not a run file")
    if len(header) < _HEADER:
        raise RunFileError(path, f"it was cut short: {length} bytes are left")
    page_size = int.from_bytes(header[16:18], "big")
    page_size = 65536 if page_size == 1 else page_size
    pages = int.from_bytes(header[28:32], "big")
    # Bytes 24 and 92 agree where the page count at byte 28 is up to date. A log that is left over may hold the rest.
    is_counted = header[24:28] == header[92:96]
    if is_counted and length < pages * page_size and not _log_size(path):
        raise RunFileError(path, f"it was cut short: {length} of {pages * page_size} bytes are left")


def check_format(path: Path, connection: sqlite3.Connection) -> None:
    """Raise RunFileError if a database is another program's, or newer than this program."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = version_of(connection)
    if application != APPLICATION_ID:
        raise RunFileError(path, "it is an SQLite database of another program, not a run file")
    if version > FORMAT:
        raise RunFileError(
            path, f"a newer version wrote it (format {version}; this one reads up to {FORMAT}): upgrade stepscope"
        )
    if version < 1:
        raise RunFileError(path, f"it has the unknown format {version}")
    check_schema(path, connection, version)


def check_schema(path: Path, connection: sqlite3.Connection, version: int) -> None:
    """Raise RunFileError unless a database holds the tables and indexes of a run file, as they are made, and no others.

    A view, a trigger, a generated column or a virtual table runs when somebody reads or writes, and a run file from
    elsewhere must run nothing. So this knows what may be there, not what may not: the words that made each table.
    """
    own = _own_schema(version)
    encoding = connection.execute("PRAGMA encoding").fetchone()[0]
    if encoding != "UTF-8":
        raise RunFileError(path, f"its texts are written as {encoding}, and those of run files are not: {_TAMPERED}")
    sql = "SELECT type, name, tbl_name, sql, rootpage FROM sqlite_master LIMIT ?"
    there: dict[tuple[str, str], tuple[str, str]] = {}
    pages = set()
    for kind, name, table, text, page in connection.execute(sql, (len(own) + 1,)):
        if own.get((kind, name)) != (table, _words(text)) or (kind, name) in there or page in pages:
            what = "is not as in run files" if (kind, name) in own else "is in no run file"
            raise RunFileError(path, f"its {kind} {name!r:.80} {what}: {_TAMPERED}")
        there[kind, name] = table, _words(text)
        pages.add(page)
    for kind, name in own.keys() - there.keys():
        raise RunFileError(path, f"it is damaged: the {kind} {name} is missing")


@functools.cache
def _own_schema(version: int) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the tables and indexes that SQLite makes of the statements of a format."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(tables_of(version))
        rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
        return {(kind, name): (table, _words(text)) for kind, name, table, text in rows}


def _words(text: object) -> str:
    return " ".join(text.split()) if isinstance(text, str) else repr(text)


def _prepare(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":  # the file of a run that was finished
        # The switch, one page, is journalled in memory: a journal beside the file is refused, and would stay after a
        # kill.
        connection.execute("PRAGMA journal_mode = MEMORY")
    connection.execute("PRAGMA journal_mode = WAL")
    # NORMAL: a commit is one write into the log and waits for no disk. A killed process loses nothing that was
    # committed, for the system holds it; a power cut may lose the last moments but never damages the file. FULL would
    # wait for the disk twenty times a second for a guarantee that a debugger's recording does not need.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    connection.execute("PRAGMA cache_size = -8192")
    connection.execute("PRAGMA temp_store = MEMORY")


def _log_size(path: Path) -> int:
    try:
        return path.with_name(path.name + "-wal").lstat().st_size
    except OSError:
        return 0
