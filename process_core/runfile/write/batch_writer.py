"""The writer thread's part: from captured events to rows, one transaction a batch."""

import contextlib
import functools
import hashlib
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from process_core.runfile.codec.encode import encode_atom
from process_core.runfile.codec.preview import one_line
from process_core.runfile.schema import INLINE_LIMIT
from process_core.runfile.write.name_table import NameItem
from process_core.runfile.write.write_buffer import WIDTH

Captured = bytes | str | float | None
"""A payload on its way: JSON as bytes, or an immutable value still to be encoded (see `payload.ATOMS`)."""

RAW: Final = 0
ZLIB: Final = 1

DIGEST_FROM: Final = 512
"""Payloads of this many bytes or more are kept once in the whole file; smaller ones once among the recent ones."""
_COMPRESS_FROM = 1024
_WORTH_IT = 0.9
_REMEMBERED_PAYLOADS = 10_000
# To prepare such a statement takes SQLite some 9 microseconds a row, to run it 1: larger ones rarely pay.
_ROWS_AT_ONCE = (512, 64, 8, 1)
_EVENTS = "events (seq, shape, ts, superstep, cause, data)"
_CLOSING_PATIENCE = 200  # milliseconds to wait for readers in the middle of a read
_ADD_EXTRAS = "UPDATE events SET request_id = ?, details = ? WHERE seq = ?"
_COUNT_EVENTS = "ON CONFLICT (shape) DO UPDATE SET number = number + excluded.number, last = excluded.last"
_FAR_PAST = -(2**62)


@dataclass(slots=True)
class Unsettled:
    """An event on its way into the file, its payload captured; `state` is the run's where the event changes that."""

    seq: int
    timestamp: float
    superstep: int
    shape: int
    state: str | None
    causes: tuple[int, ...]
    request_id: str | None
    data: Captured
    details: Captured


@dataclass(slots=True)
class CheckpointItem:
    """A checkpoint on its way into the file, everything encoded."""

    superstep: int
    seq: int
    states: dict[str, bytes]
    versions: Mapping[str, str]
    extra: bytes | None


@dataclass(slots=True)
class StateItem:
    """A step's state as an invocation left it, on its way into the file."""

    path: str
    seq: int
    version: str | None
    state: bytes


@dataclass(slots=True)
class GraphItem:
    """The graph of a new generation of the code, on its way into the file."""

    generation: int
    seq: int
    nodes: str
    edges: str
    metadata: str


Item = Unsettled | CheckpointItem | StateItem | GraphItem | NameItem
"""What the buffer holds beside rows."""


class BatchWriter:
    """Writes captured items through one connection; used by one thread.

    Args:
        connection: Open for writing.
        started: `run.started`, what time is counted from.

    Attributes:
        next_shape: The first number that no combination of names in the file has.
    """

    def __init__(self, connection: sqlite3.Connection, started: float) -> None:
        self._connection = connection
        self._started = started
        self._payloads: dict[str | bytes, int] = {}
        self._older_payloads: dict[str | bytes, int] = {}
        self._steps: dict[str, int] = dict(connection.execute("SELECT path, id FROM steps"))
        self.next_shape = self._after("shapes")
        self._next_payload = self._after("payloads")
        self._unwritten: dict[bytes, int] = {}
        self._new_shapes: list[tuple[Any, ...]] = []
        self._new_payloads: list[tuple[Any, ...]] = []
        self._new_checkpoints: list[tuple[Any, ...]] = []
        self._new_states: list[tuple[Any, ...]] = []
        self._state: str | None = None

    def write(self, flat: list[Any], items: Iterable[Any]) -> int:
        """Write a batch in one transaction.

        Args:
            flat: The values of rows of `events`, one after another.
            items: Whatever else is to be written, in order.

        Returns:
            Seq of the last event written, 0 if there was none.
        """
        rows: list[tuple[Any, ...]] = []
        causes: list[tuple[int, int, int]] = []
        extras: list[tuple[Any, ...]] = []
        others: list[Any] = []
        for item in items:
            if type(item) is Unsettled:
                rows.append(self._settle(item, causes, extras))
            else:
                others.append(item)
        ends = [flat[0], flat[-WIDTH]] if flat else []
        if rows:
            ends += (rows[0][0], rows[-1][0])
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            for item in others:
                self._other(item)
            self._insert("checkpoints", self._new_checkpoints, "INSERT OR REPLACE")
            self._insert("states", self._new_states, "INSERT OR REPLACE")
            self._insert("shapes", self._new_shapes)
            self._insert("payloads", self._new_payloads)
            if ends:
                self._insert_flat(_EVENTS, flat, WIDTH)
                self._insert(_EVENTS, rows)
                self._count(flat, rows)
            if extras:
                self._connection.executemany(_ADD_EXTRAS, extras)
            self._insert("causes", causes)
            if self._state is not None:
                execute("UPDATE run SET state = ?", (self._state,))
            execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.rollback()
            raise
        finally:
            self._new_checkpoints.clear()
            self._new_states.clear()
            self._new_shapes.clear()
            self._new_payloads.clear()
            self._unwritten.clear()
            self._state = None
        return max(ends, default=0)

    def close(self, state: str | None, ended: float) -> None:
        """Write how the run ended (None: by its last `status`), and fold the log into the main file."""
        self._connection.execute(
            "UPDATE run SET pid = NULL, state = coalesce(:state, state),"
            " ended = CASE coalesce(:state, state) WHEN 'IN_PROGRESS' THEN NULL ELSE :ended END",
            {"state": state, "ended": ended},
        )
        self._connection.execute(f"PRAGMA busy_timeout = {_CLOSING_PATIENCE}")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # A file in write-ahead mode makes every later reader leave a log and an index beside it; one that is finished
        # needs neither. With a reader there now it has to stay as it is, and that does no harm. The switch itself, one
        # page, is journalled in memory: a journal beside the file is refused by readers, and would stay after a kill.
        with contextlib.suppress(sqlite3.OperationalError):
            self._connection.execute("PRAGMA journal_mode = MEMORY")

    def _count(self, flat: list[Any], rows: list[tuple[Any, ...]]) -> None:
        """Add a batch to the counts of events per shape."""
        # Not by SQL over the rows just written, which took a fifth of the writer's time: these are passes in C. Shapes
        # are few, and the last event of each is near the end.
        shapes = flat[1::WIDTH]
        numbers = Counter(shapes)
        shapes.reverse()
        last = {shape: flat[-WIDTH * (shapes.index(shape) + 1)] for shape in numbers}
        for row in rows:
            numbers[row[1]] += 1
            last[row[1]] = max(row[0], last.get(row[1], 0))
        values = [value for shape, number in numbers.items() for value in (shape, number, last[shape])]
        # Filled up with rows that add nothing, so that it is one statement: see `_insert_flat`.
        values += [values[-3], 0, values[-1]] * (-len(numbers) % 8)
        self._insert_flat("tallies", values, 3, tail=_COUNT_EVENTS)

    def _after(self, table: str) -> int:
        return int(self._connection.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").fetchone()[0])  # noqa: S608 - our own names

    def _insert(self, table: str, rows: Sequence[tuple[Any, ...]], verb: str = "INSERT") -> None:
        if rows:
            self._insert_flat(table, list(chain.from_iterable(rows)), len(rows[0]), verb)

    def _insert_flat(self, table: str, values: list[Any], width: int, verb: str = "INSERT", tail: str = "") -> None:
        # Many rows a statement, not `executemany`: that gives up and takes back the interpreter's lock at every row,
        # and beside a busy event loop each taking back may wait for a whole switch interval. (One JSON text for a
        # batch, read by SQLite without the lock, costs more in all than binding the values.)
        at, end = 0, len(values)
        for size in _ROWS_AT_ONCE:
            step = size * width
            while end - at >= step:
                part = values if end == step else values[at : at + step]
                self._connection.execute(_insert_sql(verb, table, width, size, tail), part)
                at += step

    def _settle(
        self, item: Unsettled, causes: list[tuple[int, int, int]], extras: list[tuple[Any, ...]]
    ) -> tuple[Any, ...]:
        """Make the row of an event that is not of the common kind."""
        seq, came_from = item.seq, item.causes
        if len(came_from) > 1:
            causes.extend((seq, place, one) for place, one in enumerate(came_from))
        try:
            ts = int((item.timestamp - self._started) * 1e6 + 0.5)
        except (TypeError, ValueError, OverflowError):
            ts = _FAR_PAST
        if item.details is not None or item.request_id is not None:
            details = None if item.details is None else self._payload(item.details)
            extras.append((_name(item.request_id), details, seq))
        cause = came_from[-1] if came_from else None
        data = None if item.data is None else self._payload(item.data)
        if item.state is not None:
            self._state = _name(item.state)
        return (seq, item.shape, ts, item.superstep, cause, data)

    def _shape(self, item: NameItem) -> None:
        names = [_name(part) for part in item.shape[:-1]]
        self._new_shapes.append((item.number, names[0] or "", names[1] or "", *names[2:], item.shape[-1]))

    def _payload(self, data: Captured, inline_limit: int = INLINE_LIMIT) -> str | int:
        """Return what stands in the event: the JSON itself, or the number of a row of `payloads`."""
        text = data.decode() if type(data) is bytes else encode_atom(data)
        if len(text) <= inline_limit:
            return text
        if len(text) < DIGEST_FROM:
            return self._remembered(text) or self._store(text, text, None, text.encode())
        body = data if type(data) is bytes else text.encode()
        digest = hashlib.blake2b(body, digest_size=16).digest()
        return self._find(digest) or self._store(digest, text, digest, body)

    def _remembered(self, key: str | bytes) -> int | None:
        number = self._payloads.get(key)
        if number is None:
            number = self._older_payloads.get(key)
            if number is not None:
                self._payloads[key] = number
        return number

    def _find(self, digest: bytes) -> int | None:
        """Find a large payload: among the recent ones, among those of this batch, in the file."""
        number = self._remembered(digest) or self._unwritten.get(digest)
        if number is not None:
            return number
        row = self._connection.execute("SELECT id FROM payloads WHERE digest = ?", (digest,)).fetchone()
        return row[0] if row else None

    def _store(self, key: str | bytes, text: str, digest: bytes | None, body: bytes) -> int:
        number = self._next_payload
        self._next_payload = number + 1
        if len(self._payloads) >= _REMEMBERED_PAYLOADS:
            self._older_payloads, self._payloads = self._payloads, {}
        self._payloads[key] = number
        if digest is not None:
            self._unwritten[digest] = number
        preview = one_line(text) if len(body) >= _COMPRESS_FROM else None
        if len(body) >= _COMPRESS_FROM:
            packed = zlib.compress(body, 1)
            if len(packed) < len(body) * _WORTH_IT:
                self._new_payloads.append((number, digest, ZLIB, len(body), preview, packed))
                return number
        self._new_payloads.append((number, digest, RAW, len(body), preview, text))
        return number

    def _other(self, item: Any) -> None:
        if isinstance(item, NameItem):
            self._shape(item)
            return
        if isinstance(item, StateItem):
            self._put_state(item.path, item.seq, item.version, item.state)
            return
        if isinstance(item, GraphItem):
            values = (item.generation, item.seq, item.nodes, item.edges, item.metadata)
            self._connection.execute("INSERT OR REPLACE INTO graphs VALUES (?,?,?,?,?)", values)
            return
        extra = None if item.extra is None else self._payload(item.extra, DIGEST_FROM)
        self._new_checkpoints.append((item.seq, item.superstep, extra))
        for path, body in item.states.items():
            self._put_state(path, item.seq, item.versions.get(path), body)

    def _put_state(self, path: str, seq: int, version: str | None, body: bytes) -> None:
        step = self._steps.get(path) or self._new_step(path)
        self._new_states.append((step, seq, version, self._payload(body, DIGEST_FROM)))

    def _new_step(self, path: str) -> int:
        cursor = self._connection.execute("INSERT INTO steps (path) VALUES (?)", (_name(path),))
        self._steps[path] = cursor.lastrowid or 0
        return self._steps[path]


@functools.cache
def _insert_sql(verb: str, table: str, width: int, rows: int, tail: str) -> str:
    row = f"({','.join('?' * width)})"
    return f"{verb} INTO {table} VALUES {','.join([row] * rows)} {tail}"


def _name(value: Any) -> str | None:
    """Return a name as text that SQLite can store, whatever was put there."""
    if value is None:
        return None
    try:
        text = value if type(value) is str else str.__str__(value) if isinstance(value, str) else str(value)
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    except BaseException:  # noqa: BLE001 - a name that cannot even be shown must not end the recording
        return f"<{type(value).__name__}>"
    return text
