"""One reader's connection to a run file: SQL in, values out, and only `RunFileError` as an error."""

import contextlib
import json
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from process_core.runfile.codec.decode import decode
from process_core.runfile.codec.encode import MAX_BYTES
from process_core.runfile.codec.json_limits import weight, weight_without_texts
from process_core.runfile.errors import STORAGE_ERRORS, RunFileError, explain
from process_core.runfile.schema import FORMAT, columns_of, open_for_reading, version_of
from process_core.runfile.sqlite_limits import LONGEST_NAME, WorkLimit

_ZLIB = 1
LONGEST_VALUE: Final = MAX_BYTES + 1024
_LIGHT: Final = 65_536
"""Bytes of JSON that are read without asking what memory that takes."""
_FREE_MEMORY: Final = 256 * 1024 * 1024
_MEMORY_PER_BYTE: Final = 30
"""Values that are kept at once may take so much memory, and so much more for each byte of the file: JSON is packed to a
tenth or so, and a small file whose values would fill the machine was prepared for that."""
_FREE_OUTPUT: Final = 64 * 1024 * 1024
_OUTPUT_PER_BYTE: Final = 12
"""An export may take so many bytes, and so many more for each byte of the file: payloads are recorded once and named
often."""
_MOST_AT_ONCE: Final = 32 * 1024 * 1024
"""Bytes of one payload up to which it is written to an export unasked; it is in memory several times meanwhile."""
_FEW_ROWS: Final = 2_000
_LEAST_ROW: Final = 8
"""Bytes of the smallest row there is, index and all."""
_LEAST_EVENT: Final = 8
_KEPT_NAMES: Final = 50_000
_NAMES_AT_ONCE: Final = 100
_UNSIZED: Final = frozenset({int, float, type(None)})
_TEXT: Final = (str, type(None))
_NAME_TYPES: Final[tuple[Any, ...]] = (str, str, _TEXT, _TEXT, _TEXT, _TEXT, _TEXT, _TEXT, _TEXT, int)
"""Of type, path, step, function, event id, route, state, response type, code and generation."""
_FARTHEST = 2**62
_LATEST: Final = 253_370_764_800
"""The year 9999, in seconds since the epoch: no time of a run is later, and any calendar can write it."""

_BODIES: Final = "SELECT codec, size, body FROM payloads"


def payload_text(column: str) -> str:
    """Return SQL for the payload that a column says the place of, as JSON text; NULL for None."""
    stored = f"(SELECT unpack(codec, size, body) FROM payloads WHERE id = {column})"  # noqa: S608 - our own words
    return f"CASE typeof({column}) WHEN 'integer' THEN {stored} WHEN 'text' THEN {column} END"


_ROWS_VIEW = """
CREATE TEMP VIEW rows AS
SELECT e.seq AS seq, s.type AS type, {started} + e.ts / 1e6 AS timestamp, e.superstep AS superstep, s.path AS path,
    s.step AS step, s.function AS function, s.event_id AS event_id, s.route AS route, s.state AS state,
    e.request_id AS request_id, s.response_type AS response_type, s.code AS code, s.generation AS generation,
    e.cause AS cause,
    iif(typeof(e.data) = 'blob', NULL, e.data) AS data, e.details AS details
FROM events e JOIN shapes s ON s.id = e.shape
"""
"""Events whole: the envelope, and where payload and details are."""


class Connection:
    """Reads one run file; by one thread at a time.

    Args:
        path: The file.

    Attributes:
        started: `run.started`, what time is counted from.

    Raises:
        RunFileError: It is missing, damaged, newer than this program, or not a run file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._longest = 0
        self._possible_seq = 0
        self._names: dict[int, tuple[Any, ...]] = {}
        self._names_size = 0
        self._memory = _Memory(path)
        self._connection = open_for_reading(path)
        self._work = WorkLimit(self._connection, self._memory.file_size)
        try:
            self._connection.create_function("unpack", 3, self._memory.unpack_text, deterministic=True)
            self.started = self._read_started()
            version = version_of(self._connection)
            if version < FORMAT:
                self.rows(f"CREATE TEMP VIEW checkpoints AS {columns_of('checkpoints', version)}")
            self.rows(_ROWS_VIEW.format(started=repr(self.started)))
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close it; harmless the second time."""
        self._connection.close()

    def rows(self, sql: str, values: Sequence[Any] = (), *, longest: int = LONGEST_NAME) -> list[Any]:
        """Run a statement and return all its rows; `longest` limits the bytes of each value in them."""
        try:
            cursor = self._execute(sql, values, longest)
            rows = cursor.fetchmany(_FEW_ROWS)
            return rows if len(rows) < _FEW_ROWS else self._all(cursor, rows)
        except STORAGE_ERRORS as error:
            raise RunFileError(self.path, explain(error)) from error

    def each(self, sql: str, values: Sequence[Any] = (), *, longest: int = LONGEST_NAME) -> Iterator[Any]:
        """Run a statement and yield its rows one by one, for rows that together may be large."""
        try:
            for number, row in enumerate(self._execute(sql, values, longest)):
                if number % _FEW_ROWS == 0:
                    self._check_rows(number)
                yield row
        except STORAGE_ERRORS as error:
            raise RunFileError(self.path, explain(error)) from error

    def _execute(self, sql: str, values: Sequence[Any], longest: int) -> sqlite3.Cursor:
        if longest != self._longest:
            self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest)
            self._longest = longest
        self._work.begin()
        return self._connection.execute(sql, values)

    def _all(self, cursor: sqlite3.Cursor, rows: list[Any]) -> list[Any]:
        """Add the rest of many rows; pages of a damaged file may be there more than once, and rows without end."""
        size = 0
        while more := cursor.fetchmany(_FEW_ROWS):
            rows += more
            self._check_rows(len(rows))
            for column in zip(*more, strict=True):
                if not _UNSIZED.issuperset(map(type, column)):
                    size += sum([len(cell) for cell in column if isinstance(cell, str | bytes)])
            self._memory.check(size)
        return rows

    def _check_rows(self, number: int) -> None:
        if number > _FEW_ROWS and number * _LEAST_ROW > self._memory.file_size():
            raise RunFileError(self.path, "it is damaged: a table has more rows than the file has room for")

    def many(self, sql: str, values: Iterable[Sequence[Any]]) -> None:
        """Run a statement on a temporary table once for each row of values."""
        try:
            self._connection.execute("BEGIN")
            self._connection.executemany(sql, values)
            self._connection.execute("COMMIT")
        except STORAGE_ERRORS as error:
            raise RunFileError(self.path, explain(error)) from error

    def define(self, name: str, parameters: int, function: Callable[..., Any]) -> None:
        """Let SQL call a function, which says of equal values the same."""
        self._connection.create_function(name, parameters, function, deterministic=True)

    def last_seq(self) -> int:
        """Return the seq of the last recorded event, which is also the number of events."""
        last: int = self.rows("SELECT coalesce(max(seq), 0) FROM events")[0][0]
        if last > self._possible_seq:
            self._possible_seq = self._memory.file_size() // _LEAST_EVENT
            if last > self._possible_seq:  # whatever goes through the events by number would never come to an end
                raise RunFileError(self.path, f"it is damaged: it says that there is an event {last}")
        return last

    def names(self, shapes: Collection[int]) -> Mapping[int, tuple[Any, ...]]:
        """Return the names that events have by the numbers of their combinations; those never change, and are kept."""
        missing = [number for number in shapes if number not in self._names]
        if missing:
            if len(self._names) > _KEPT_NAMES:
                self._names = {number: self._names[number] for number in shapes if number in self._names}
                self._names_size = 0
            for at in range(0, len(missing), _NAMES_AT_ONCE):
                some = missing[at : at + _NAMES_AT_ONCE]
                sql = f"SELECT * FROM shapes WHERE id IN ({','.join('?' * len(some))})"  # noqa: S608 - question marks
                for number, *names in self.each(sql, some):
                    if not all(map(isinstance, names, _NAME_TYPES)):
                        raise RunFileError(self.path, f"it is damaged: the names {names!r:.80} cannot be read")
                    self._names_size += sum(len(name) for name in names if isinstance(name, str))
                    self._memory.check(self._names_size)
                    self._names[number] = tuple(names)
        return self._names

    def one(self, sql: str, values: Sequence[Any] = (), *, longest: int = LONGEST_NAME) -> Any:
        """Run a statement and return its first row; RunFileError if there is none."""
        rows = self.rows(sql, values, longest=longest)
        if not rows:
            raise RunFileError(self.path, "it is damaged: something is missing that must be there")
        return rows[0]

    def ts_of(self, seq: int) -> int:
        """Return the time of an event as the column `ts` counts it, in microseconds since the run started."""
        rows = self.rows("SELECT ts FROM events WHERE seq = ?", (seq,))
        if not rows:
            raise RunFileError(self.path, f"there is no event {seq}")
        ts = rows[0][0]
        if not isinstance(ts, int):
            raise RunFileError(self.path, f"it is damaged: the time of event {seq} is {ts!r:.80}")
        return ts

    def time_of(self, ts: int) -> float:
        """Return a time of the column `ts` in seconds since the epoch, kept within what a calendar can write."""
        return min(max(self.started + ts / 1e6, 0.0), _LATEST)

    def to_ts(self, timestamp: float) -> int:
        """Return a time in seconds since the epoch as the column `ts` counts it."""
        ts = (timestamp - self.started) * 1e6
        return int(ts + 0.5) if abs(ts) < _FARTHEST else _FARTHEST if ts > 0 else -_FARTHEST

    def body(self, ref: int | str) -> bytes:
        """Return the JSON of a payload, by its number or as it is."""
        if isinstance(ref, str):
            return ref.encode()
        for codec, size, body in self.rows(f"{_BODIES} WHERE id = ?", (ref,), longest=LONGEST_VALUE):
            return self._unpacked(ref, codec, size, body)
        raise RunFileError(self.path, f"it is damaged: payload {ref!r:.40} is missing")

    def start_of(self, number: int, limit: int) -> tuple[bytes, int]:
        """Return the first `limit` bytes of a stored payload's JSON, unpacking no more, and the size of the whole."""
        # Packed text is smaller than plain text but never by more than this; small packed bodies are read whole.
        sql = "SELECT codec, size, substr(body, 1, ?) FROM payloads WHERE id = ?"
        for codec, size, part in self.rows(sql, (limit + 1024, number), longest=LONGEST_VALUE):
            if not isinstance(size, int) or not isinstance(part, str | bytes):
                break
            start = part.encode() if isinstance(part, str) else part
            if codec != _ZLIB:
                return start[:limit], size
            try:
                return zlib.decompressobj().decompress(start, limit), size
            except zlib.error as error:
                raise RunFileError(self.path, f"it is damaged: payload {number}: {error}") from error
        else:
            raise RunFileError(self.path, f"it is damaged: payload {number} is missing")
        raise RunFileError(self.path, f"it is damaged: payload {number} cannot be read")

    def bodies(self, after: int, until: int) -> Iterator[tuple[int, bytes]]:
        """Yield number and JSON of the stored payloads after one number, up to another."""
        sql = "SELECT id, codec, size, body FROM payloads WHERE id > ? AND id <= ? ORDER BY id"
        for number, codec, size, body in self.each(sql, (after, until), longest=LONGEST_VALUE):
            yield number, self._unpacked(number, codec, size, body)

    def decode(self, body: str | bytes) -> Any:
        """Return the value of recorded JSON; RunFileError if it is damaged, or would take too much memory."""
        if len(body) > _LIGHT or self._memory.is_holding:
            self._memory.take(body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body)
        try:
            return decode(body)
        except (ValueError, TypeError, RecursionError) as error:
            raise RunFileError(self.path, f"it is damaged: a payload is not JSON: {str(error)[:200]}") from error

    def json_text(self, ref: int | str, *, any_size: bool = True) -> str:
        """Return the JSON of a payload as text; RunFileError if it is something else, or larger than may be unasked."""
        if not any_size and not isinstance(ref, str):
            size = next(iter(self.rows("SELECT size FROM payloads WHERE id = ?", (ref,))), (0,))[0]
            if isinstance(size, int) and size > _MOST_AT_ONCE:
                large = f"a payload has {size // 10**6:,} MB of text; --any-size writes it all the same"
                raise RunFileError(self.path, large)
        body = self.body(ref)
        if len(body) > _LIGHT:
            self._memory.take(body)
        try:
            text = body.decode()
            del body
            json.loads(text, parse_int=str)
        except (ValueError, RecursionError) as error:
            raise RunFileError(self.path, f"it is damaged: a payload is not JSON: {str(error)[:200]}") from error
        return text

    def check_output(self, size: int) -> None:
        """Raise RunFileError where so many bytes are more than can have been recorded in a file of this size."""
        if size > _FREE_OUTPUT and size > _FREE_OUTPUT + _OUTPUT_PER_BYTE * self._memory.file_size():
            raise RunFileError(
                self.path,
                f"its payloads make more than {size // 10**6:,} MB of text, which few files of its size do; --any-size"
                " writes it whatever it takes",
            )

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Count the memory of all values that are decoded meanwhile together: the caller keeps them all."""
        with self._memory.holding():
            yield

    def _read_started(self) -> float:
        rows = self.rows("SELECT started FROM run LIMIT 2")
        if len(rows) != 1 or not isinstance(rows[0][0], float) or not 0 <= rows[0][0] < _LATEST:
            raise RunFileError(self.path, "it is damaged: it does not say which run it holds")
        return rows[0][0]

    def _unpacked(self, number: int, codec: Any, size: Any, body: Any) -> bytes:
        try:
            return self._memory.unpack(codec, size, body)
        except (zlib.error, TypeError, ValueError) as error:
            raise RunFileError(self.path, f"it is damaged: payload {number} cannot be unpacked: {error}") from error


class _Memory:
    """How much memory the values of a file may take.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: int | None = None

    @property
    def is_holding(self) -> bool:
        """Whether values are counted together."""
        return self._held is not None

    def file_size(self) -> int:
        """Return the bytes of the file and its log as they are now."""
        return size_on_disk(self._path)

    def check(self, needed: int) -> None:
        """Raise RunFileError where so many bytes of memory are more than a file of its size may take."""
        if needed > _FREE_MEMORY and needed > _FREE_MEMORY + _MEMORY_PER_BYTE * self.file_size():
            raise RunFileError(
                self._path,
                f"its values take {needed // 10**6:,} MB and more, which a file of its size may not: do not trust it",
            )

    def take(self, body: bytes) -> None:
        """Count the memory that a value takes once it is read from its JSON."""
        needed, held = weight(body), self._held or 0
        if held + needed > _FREE_MEMORY:
            needed = weight_without_texts(body)
            self.check(held + needed)
        if self._held is not None:
            self._held += needed

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Count the values that are taken meanwhile together."""
        before = self._held
        self._held = before or 0
        try:
            yield
        finally:
            self._held = before

    def unpack(self, codec: Any, size: Any, body: Any) -> bytes:
        """Return a payload's JSON; ValueError if it is not what it says it is."""
        if isinstance(size, int):
            self.check(2 * size)
        return _unpack(codec, size, body)

    def unpack_text(self, codec: Any, size: Any, body: Any) -> Any:
        """Return a payload to SQL as JSON text."""
        if isinstance(size, int):
            self.check(4 * size)  # the bytes, the text, SQLite's copy of it and that of its reader
        return self.unpack(codec, size, body).decode() if codec == _ZLIB else body


def _unpack(codec: Any, size: Any, body: Any) -> bytes:
    """Return a payload's JSON; a hostile one, small when packed, must not fill the memory, whatever it says it is."""
    if not isinstance(size, int) or not 0 <= size <= MAX_BYTES:
        raise ValueError(f"it has {size!r:.40} bytes, and no payload may be larger than {MAX_BYTES}")
    if codec == _ZLIB:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(body, size + 1)
        is_whole = unpacker.eof
    else:
        text, is_whole = body.encode() if isinstance(body, str) else bytes(memoryview(body)), True
    if not is_whole or len(text) != size:
        raise ValueError(f"it does not have the {size} bytes that it should")
    return text


def size_on_disk(path: Path) -> int:
    """Return the bytes of a run file, the log beside it included; 0 where there is none."""
    total = 0
    for part in (path, path.with_name(path.name + "-wal")):
        try:
            total += part.lstat().st_size
        except OSError:
            continue
    return total
