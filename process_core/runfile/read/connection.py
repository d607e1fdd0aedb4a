"""One reader's connection to a run file: SQL in, values out, and only `RunFileError` as an error."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from process_core.runfile.codec.decode import decode
from process_core.runfile.codec.encode import MAX_BYTES
from process_core.runfile.errors import STORAGE_ERRORS, RunFileError, explain
from process_core.runfile.schema import FORMAT, columns_of, open_for_reading, version_of

_ZLIB = 1
_BODIES_AT_ONCE = 500
_FARTHEST = 2**62
_LATEST: Final = 253_370_764_800
"""The year 9999, in seconds since the epoch: no time of a run is later, and any calendar can write it."""

DATA_TEXT: Final = """
    CASE typeof(e.data) WHEN 'integer' THEN (SELECT unpack(codec, body) FROM payloads WHERE id = e.data)
        WHEN 'text' THEN e.data END
"""
"""SQL for the payload of `events e` as JSON text, NULL for None."""
_DETAILS_TEXT: Final = DATA_TEXT.replace("e.data", "e.details")
_ROWS_VIEW = """
CREATE TEMP VIEW rows AS
SELECT e.seq AS seq, s.type AS type, {started} + e.ts / 1e6 AS timestamp, e.superstep AS superstep, s.path AS path,
    s.step AS step, s.function AS function, s.event_id AS event_id, s.route AS route, s.state AS state,
    e.request_id AS request_id, s.response_type AS response_type, s.code AS code, s.generation AS generation,
    e.cause AS cause,
    {data} AS data, {details} AS details
FROM events e JOIN shapes s ON s.id = e.shape
"""
"""Events whole: the envelope, payload and details as JSON text."""


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
        self._connection = open_for_reading(path)
        try:
            self._connection.create_function("unpack", 2, _unpack_text, deterministic=True)
            self.started = self._read_started()
            version = version_of(self._connection)
            if version < FORMAT:
                self.rows(f"CREATE TEMP VIEW checkpoints AS {columns_of('checkpoints', version)}")
            self.rows(_ROWS_VIEW.format(started=repr(self.started), data=DATA_TEXT, details=_DETAILS_TEXT))
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close it; harmless the second time."""
        self._connection.close()

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run a statement and return all its rows."""
        try:
            return self._connection.execute(sql, values).fetchall()
        except STORAGE_ERRORS as error:
            raise RunFileError(self.path, explain(error)) from error

    def each(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """Run a statement and yield its rows one by one, for rows that together may be large."""
        try:
            yield from self._connection.execute(sql, values)
        except STORAGE_ERRORS as error:
            raise RunFileError(self.path, explain(error)) from error

    def many(self, sql: str, values: Iterable[Sequence[Any]]) -> None:
        """Run a statement on a temporary table once for each row of values."""
        try:
            self._connection.execute("BEGIN")
            self._connection.executemany(sql, values)
            self._connection.execute("COMMIT")
        except STORAGE_ERRORS as error:
            raise RunFileError(self.path, explain(error)) from error

    def last_seq(self) -> int:
        """Return the seq of the last recorded event, which is also the number of events."""
        return int(self.rows("SELECT coalesce(max(seq), 0) FROM events")[0][0])

    def one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Run a statement and return its first row; RunFileError if there is none."""
        rows = self.rows(sql, values)
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
        rows = self.rows("SELECT codec, body FROM payloads WHERE id = ?", (ref,))
        if not rows:
            raise RunFileError(self.path, f"it is damaged: payload {ref} is missing")
        return self._unpacked(*rows[0])

    def start_of(self, number: int, limit: int) -> tuple[bytes, int]:
        """Return the first `limit` bytes of a stored payload's JSON, unpacking no more, and the size of the whole."""
        rows = self.rows("SELECT codec, size FROM payloads WHERE id = ?", (number,))
        if not rows:
            raise RunFileError(self.path, f"it is damaged: payload {number} is missing")
        codec, size = rows[0]
        # Packed text is smaller than plain text but never by more than this; small packed bodies are read whole.
        part = self.rows("SELECT substr(body, 1, ?) FROM payloads WHERE id = ?", (limit + 1024, number))[0][0]
        if not isinstance(size, int) or not isinstance(part, str | bytes):
            raise RunFileError(self.path, f"it is damaged: payload {number} cannot be read")
        if codec != _ZLIB:
            return (part.encode() if isinstance(part, str) else part)[:limit], size
        try:
            return zlib.decompressobj().decompress(part.encode() if isinstance(part, str) else part, limit), size
        except zlib.error as error:
            raise RunFileError(self.path, f"it is damaged: payload {number}: {error}") from error

    def bodies(self, after: int, until: int) -> Iterator[tuple[int, bytes]]:
        """Yield number and JSON of the stored payloads after one number, up to another."""
        sql = "SELECT id, codec, body FROM payloads WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
        while found := self.rows(sql, (after, until, _BODIES_AT_ONCE)):
            for number, codec, body in found:
                yield number, self._unpacked(codec, body)
            after = found[-1][0]

    def decode(self, body: str | bytes) -> Any:
        """Return the value of recorded JSON; RunFileError if it is damaged."""
        try:
            return decode(body)
        except (ValueError, TypeError, RecursionError) as error:
            raise RunFileError(self.path, f"it is damaged: a payload is not JSON: {error}") from error

    def _read_started(self) -> float:
        rows = self.rows("SELECT started FROM run")
        if not rows or not isinstance(rows[0][0], float) or not 0 <= rows[0][0] < _LATEST:
            raise RunFileError(self.path, "it is damaged: it does not say which run it holds")
        return rows[0][0]

    def _unpacked(self, codec: int, body: Any) -> bytes:
        try:
            return _unpack(codec, body)
        except (zlib.error, TypeError, ValueError) as error:
            raise RunFileError(self.path, f"it is damaged: a payload cannot be unpacked: {error}") from error


def _unpack(codec: int, body: Any) -> bytes:
    """Return a payload's JSON; a hostile one, small when packed, must not fill the memory."""
    if codec != _ZLIB:
        return body.encode() if isinstance(body, str) else bytes(memoryview(body))
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(body, MAX_BYTES)
    if not unpacker.eof:
        raise ValueError("it ends too early, or is larger than any payload may be")
    return text


def _unpack_text(codec: int, body: Any) -> Any:
    return _unpack(codec, body).decode() if codec == _ZLIB else body
