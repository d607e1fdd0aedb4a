"""Records a run into a file while it goes on: taken in on the run's thread, written by a thread of its own."""

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Any, Final, Self

from process_core.events import WorkflowEvent
from process_core.graph import Edge, Node
from process_core.runfile.codec.decode import is_restorable
from process_core.runfile.codec.encode import encode
from process_core.runfile.codec.graphs import dump_edges, dump_metadata, dump_nodes
from process_core.runfile.errors import STORAGE_ERRORS, RunFileError, explain
from process_core.runfile.schema import INLINE_LIMIT
from process_core.runfile.write.batch_writer import (
    DIGEST_FROM,
    BatchWriter,
    Captured,
    CheckpointItem,
    GraphItem,
    Item,
    StateItem,
    Unsettled,
)
from process_core.runfile.write.name_table import NameItem, NameTable
from process_core.runfile.write.open_for_write import OpenedForWriting, open_again, open_new
from process_core.runfile.write.write_buffer import BLOCK, FULL, WIDTH, WriteBuffer

GATHER: Final = 0.02
"""Seconds that the writer waits for more events before it commits a batch."""
MAX_QUEUE: Final = 50_000
"""Events that may wait to be written; the next `append` waits until half of them are."""
MAX_QUEUE_BYTES: Final = 64 * 1024 * 1024
"""Bytes of payloads that may wait to be written."""
SHORT_INT: Final = 10**15
"""Whole numbers below this are written as they are, without a look at how long they are."""

_COUNTED_FROM = 4096
_SHORT_TEXT = INLINE_LIMIT - 2
_log = logging.getLogger(__name__)


class RunFileWriter:
    """Records one run into a new file.

    All is called on the thread of the run; `written`, `failed` and `behind` may be read from any. Recording never ends
    a run: when writing fails, `on_error` is called once, what was written before stays, and later calls do nothing.

    Args:
        path: Where; nothing may be there yet, missing folders are made.
        process: Name of the process.
        run_id: Id of the run.
        graph_nodes: The steps, for a reader to draw.
        graph_edges: The routes, for a reader to draw.
        metadata: Anything else that a reader should know, JSON-able.
        started: When the run started, in seconds since the epoch; now if left out.
        target: What was run (`path.py:attr`), for a person and for resuming.
        parent: For a fork: run id, superstep and seq of the point it starts from.
        on_error: Called once, on the writer's thread, with what ended the recording; it shows in `failed` too.
        on_written: Called on the writer's thread with the last seq after each commit.

    Attributes:
        path: The file.
        written: Seq of the last event that is in the file for good; a screen shows none beyond it.
        failed: What ended the recording, or None.
        generation: Generation of the code, stamped on the events appended from now on.
        partial: The encoding of a payload with something that could only be written as its repr, until whoever reports
            it sets this back to None.
        encoded: The encoding of the last payload that was no number or short text, until whoever looks at it sets this
            back to None.
        started: `run.started`, what time is counted from.
        compact: The compact checkpoint that the event `compact_at` is to be written with.
        compact_at: Seq of that event, 0 where none is to be.
        buffer: What waits to be written.
        names: Numbers the combinations of names.
        needs_attention: Whether the writer's thread sleeps or has given up, so that a row needs `after_row`.

    Raises:
        RunFileError: Nothing can be recorded there.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        process: str,
        run_id: str,
        graph_nodes: Iterable[Node] = (),
        graph_edges: Iterable[Edge] = (),
        metadata: Mapping[str, Any] | None = None,
        started: float | None = None,
        target: str | None = None,
        parent: tuple[str, int | None, int] | None = None,
        on_error: Callable[[RunFileError], None] | None = None,
        on_written: Callable[[int], None] | None = None,
    ) -> None:
        def make() -> OpenedForWriting:
            parent_run, parent_superstep, parent_seq = parent or (None, None, None)
            run = {
                "run_id": run_id,
                "process": process,
                "target": target if target is None or target.isascii() else _as_stored(target),
                "started": time.time() if started is None else started,
                "parent_run": parent_run,
                "parent_superstep": parent_superstep,
                "parent_seq": parent_seq,
                "metadata": dump_metadata(metadata or {}),
            }
            return open_new(Path(path), run, dump_nodes(graph_nodes), dump_edges(graph_edges))

        self._begin(Path(path), make, on_error, on_written)

    @classmethod
    def resume(
        cls,
        path: str | Path,
        *,
        on_error: Callable[[RunFileError], None] | None = None,
        on_written: Callable[[int], None] | None = None,
    ) -> Self:
        """Record into the file of an interrupted run, after `written`, the last event in it."""
        writer = cls.__new__(cls)
        writer._begin(Path(path), lambda: open_again(Path(path)), on_error, on_written)  # noqa: SLF001 - of its own class
        return writer

    def _begin(
        self,
        path: Path,
        open_file: Callable[[], OpenedForWriting],
        on_error: Callable[[RunFileError], None] | None,
        on_written: Callable[[int], None] | None,
    ) -> None:
        self.path = path
        self.written = 0
        self.generation = 0
        self.failed: RunFileError | None = None
        self._on_error = on_error
        self._on_written = on_written
        self.partial: bytes | None = None
        self.encoded: bytes | None = None
        self._opened: OpenedForWriting | None = None
        self._batches: BatchWriter | None = None
        self.names = NameTable(1)
        self.started = 0.0
        self._thread: threading.Thread | None = None
        self.buffer = WriteBuffer()
        self._openings: dict[str, str] = {}
        self.compact: bytes | None = None
        self.compact_at = 0
        self._compact_superstep = 0
        # Set while the writer sleeps or has given up: then an append has to do more than put its event into the queue.
        self.needs_attention = False
        self._is_closing = False
        self._done = 0
        # Each counter has one thread that adds to it, so none needs a lock.
        self._taken_bytes = self._done_bytes = 0
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._progress = threading.Condition()
        try:
            with _as_run_file_errors(self.path):
                self._opened = open_file()
                self._batches = BatchWriter(self._opened.connection, self._opened.started)
        except RunFileError:
            self._release()
            raise
        self.names = NameTable(self._batches.next_shape)
        self.started = self._opened.started
        self.written = self._opened.last_seq
        self.generation = self._opened.generation
        # A daemon, so that a program that forgets `close` still ends; what was committed by then is safe.
        self._thread = threading.Thread(target=self._write_all, name="run-file", daemon=True)
        self._thread.start()

    def append(self, event: WorkflowEvent) -> None:
        """Take in an event as it is now; it is written within about 50 milliseconds.

        Waits only while more than `MAX_QUEUE` events, or `MAX_QUEUE_BYTES` of payloads, have not been written yet.
        """
        self.record(
            event.seq,
            event.timestamp,
            event.type,
            event.path,
            event.step,
            event.function,
            event.superstep,
            event.data,
            event.event_id,
            event.causes,
            event.route,
            event.details,
            event.state,
            event.request_id,
            event.response_type,
        )

    def record(
        self,
        seq: int,
        timestamp: float,
        type: str,  # noqa: A002 - what the event calls it, as the rest
        path: str,
        step: str | None,
        function: str | None,
        superstep: int,
        data: Any,
        event_id: str | None,
        causes: tuple[int, ...],
        route: str | None,
        details: Mapping[str, Any] | None,
        state: str | None = None,
        request_id: str | None = None,
        response_type: str | None = None,
    ) -> None:
        """Take in an event of which there is no object; see `append`, and `WorkflowEvent` for the arguments."""
        text, captured = self._capture(data)
        code = written = None
        if details:
            code, written = _details(details)
        names = (type, path, step, function, event_id, route, state, response_type, code, self.generation)
        number, is_new = self.names.number(names)
        if is_new:
            self._put(NameItem(number, names))
        if captured is None and written is None and request_id is None and state is None and len(causes) < 2:  # noqa: PLR2004 - one
            try:
                # The common event becomes a row of the table right here, and the writer has only to pass it on.
                ts = int((timestamp - self.started) * 1e6 + 0.5)
            except (TypeError, ValueError, OverflowError):
                pass
            else:
                value: str | bytes | None = text
                if seq == self.compact_at and type == "superstep_completed" and not path:
                    value, self.compact_at = self.compact, 0
                self.buffer.rows.extend((seq, number, ts, superstep, causes[0] if causes else None, value))
                if self.needs_attention or len(self.buffer.rows) >= FULL:
                    self.after_row()
                return
        captured = text.encode() if text is not None else captured
        run_state = None if path else state
        self._put(Unsettled(seq, timestamp, superstep, number, run_state, causes, request_id, captured, written))
        size = len(captured) if isinstance(captured, str | bytes) else 0
        if size > _COUNTED_FROM:
            self._taken_bytes += size
        if self._taken_bytes - self._done_bytes > MAX_QUEUE_BYTES or len(self.buffer) > MAX_QUEUE:
            self._wait_for_room()

    def after_row(self) -> None:
        """Do what is to be done after a row where `needs_attention` is set or the block is `FULL`."""
        if self.needs_attention:
            self._attend()
        if len(self.buffer.rows) >= FULL:
            self.buffer.next_block()
            if len(self.buffer) > MAX_QUEUE:
                self._wait_for_room()

    def small(self, data: dict[Any, Any]) -> str | None:
        """Return the JSON of the most common payload, one number or short text by name; None for another one."""
        for key, value in data.items():
            kind = type(value)
            if kind is int and -SHORT_INT < value < SHORT_INT:
                written = str(value)
            elif kind is str and len(value) < _SHORT_TEXT // 2 and value.isascii():
                written = encode_basestring_ascii(value)
            else:
                return None
            if type(key) is not str:  # looking one up that is not would run its methods
                return None
            try:
                opening = self._openings[key]
            except KeyError:
                if len(key) > _SHORT_TEXT // 2 or not key.isidentifier():
                    return None
                opening = self._openings[key] = f'{{"{key}":'
            return f"{opening}{written}}}"
        return None

    def _capture(self, data: Any) -> tuple[str | None, Captured]:
        """Return a payload as JSON that stands in the event, or else what the writer's thread is to encode."""
        if data is None:
            return None, None
        kind = type(data)
        if kind is int and -SHORT_INT < data < SHORT_INT:
            return str(data), None
        if kind is str:
            is_short = len(data) <= _SHORT_TEXT and data.isascii()
            return (encode_basestring_ascii(data), None) if is_short else (None, data)
        if kind is dict and len(data) == 1:
            text = self.small(data)
            if text is not None:
                return text, None
        body = self.encoded = encode(data)
        if b'{"$":' in body and not is_restorable(body):
            self.partial = body
        return (body.decode(), None) if len(body) <= INLINE_LIMIT else (None, body)

    def checkpoint(
        self,
        *,
        superstep: int,
        seq: int,
        states: Mapping[str, Any] | None = None,
        versions: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> dict[str, bytes]:
        """Take in what is needed to show the run at this point, and to resume from it.

        Call it after each superstep of the root process, with the states that have changed since the checkpoint before
        (at the first one: all). It takes the place of one that covers the same events.

        Args:
            superstep: The superstep that is over, 0 before the first.
            seq: Seq of the last event that the checkpoint covers; that event must have been appended.
            states: Changed states, step path -> state.
            versions: Of the steps among them whose `Step.version` is not "1", step path -> version.
            extra: A mapping of whatever else the engine needs to resume (messages, counters, joins, parked calls).

        Returns:
            What cannot be made again from the file, because a value in it can only be written as its repr, as it was
            written: by step path, and by `extra`.
        """
        if self.failed is not None:
            return {}
        lost: dict[str, bytes] = {}
        bodies: dict[str, bytes] = {}
        if states:
            for step, state in states.items():
                bodies[step] = body = encode(state)
                if not is_restorable(body):
                    lost[step] = body
        written = None if extra is None else encode(extra)
        if written is not None and not is_restorable(written):
            lost["extra"] = written
        self._put(CheckpointItem(superstep, seq, bodies, dict(versions) if versions else {}, written))
        return lost

    def compact_checkpoint(self, text: str, *, superstep: int, seq: int) -> None:
        """Take in a checkpoint in the compact form, to be written with the event that ends its superstep.

        Args:
            text: The checkpoint.
            superstep: The superstep that is over.
            seq: Seq of the last event that it covers; that event must have been appended.
        """
        if self.compact_at:
            self._put_compact()
        self.compact, self.compact_at, self._compact_superstep = text.encode(), seq + 1, superstep
        if len(text) >= DIGEST_FROM:
            self._put_compact()

    def _put_compact(self) -> None:
        """Write the compact checkpoint by itself: it is large, or another event has come where its own was expected."""
        seq, self.compact_at = self.compact_at - 1, 0
        self._put(CheckpointItem(self._compact_superstep, seq, {}, {}, self.compact))

    def state(self, path: str, state: Any, *, seq: int, version: str | None = None) -> bytes | None:
        """Take in a step's state; return it as it was written, if a value in it can only be written as its repr.

        Call it just before the event `seq` that ends the invocation is appended: then no file holds that event without
        the state that goes with it.
        """
        if self.failed is not None:
            return None
        body = encode(state)
        self._put(StateItem(path, seq, version, body))
        return None if is_restorable(body) else body

    def new_generation(
        self,
        generation: int,
        *,
        seq: int,
        graph_nodes: Iterable[Node],
        graph_edges: Iterable[Edge],
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Take in that the code was reloaded after the event `seq`: events appended from now on have the generation."""
        self.generation = generation
        self.names.new_generation()
        if self.failed is None:
            nodes, edges = dump_nodes(graph_nodes), dump_edges(graph_edges)
            self._put(GraphItem(generation, seq, nodes, edges, dump_metadata(metadata or {})))

    @property
    def behind(self) -> int:
        """How much was taken in that is not in the file yet."""
        return len(self.buffer)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything taken in so far is in the file; return False after an error or `timeout` seconds."""
        target = self.buffer.put_so_far
        self._press_on()
        with self._progress:
            self._progress.wait_for(lambda: self._done >= target or self.failed is not None, timeout)
            return self._done >= target and self.failed is None

    def close(self, state: str | None = None) -> None:
        """Write the rest and leave one file; harmless the second time. Without `state` the last `status` counts."""
        if self._is_closing:
            return
        if self.compact_at:
            self._put_compact()
        self._is_closing = True
        self._press_on()
        if self._thread is not None:
            self._thread.join()
        if self._batches is not None:
            try:
                self._batches.close(None if state is None else str(state), time.time())
            except STORAGE_ERRORS as error:
                self._fail(RunFileError(self.path, f"it could not be closed well: {explain(error)}"))
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _put(self, item: Item) -> None:
        self.buffer.put(item)
        if self.needs_attention:
            self._attend()

    def _attend(self) -> None:
        # Before the look at `failed`, which is set before the flag: so a writer that fails just now is not missed.
        self.needs_attention = False
        if self.failed is not None:
            self.needs_attention = True
            self.buffer.clear()
        else:
            self._wake.set()

    def _press_on(self) -> None:
        self._hurry.set()
        self._wake.set()

    def _wait_for_room(self) -> None:
        self._press_on()
        with self._progress:
            self._progress.wait_for(self._has_room)

    def _has_room(self) -> bool:
        waiting = self._taken_bytes - self._done_bytes
        has_room = len(self.buffer) <= MAX_QUEUE // 2 and waiting <= MAX_QUEUE_BYTES // 2
        return has_room or self.failed is not None

    # What follows runs on the writer's thread.

    def _write_all(self) -> None:
        buffer = self.buffer
        try:
            while True:
                if not buffer:
                    if self._is_closing:
                        return
                    self.needs_attention = True
                    # The flag first, then one more look: an event that came in between has set nothing.
                    if not buffer and not self._is_closing:
                        self._wake.wait()
                    self.needs_attention = False
                    self._wake.clear()
                self._hurry.wait(GATHER)
                self._hurry.clear()
                while buffer:
                    self._write_batch()
                    if not self._is_closing and len(buffer) < BLOCK // 4:
                        break
        except BaseException as error:  # noqa: BLE001 - whatever it was, the run must hear of it and go on
            self._fail(RunFileError(self.path, f"recording stopped after event {self.written}: {explain(error)}"))

    def _write_batch(self) -> None:
        assert self._batches is not None
        rows, items = self.buffer.take()
        last = self._batches.write(rows, items)
        if last:
            self.written = last
        if self._taken_bytes != self._done_bytes:
            self._done_bytes += sum(_counted(item) for item in items)
        with self._progress:
            self._done += len(rows) // WIDTH + len(items)
            self._progress.notify_all()
        if last and self._on_written is not None:
            try:
                self._on_written(last)
            except Exception:  # noqa: BLE001 - a listener's trouble is no reason to lose the recording
                _log.exception("no longer reporting what is written: the listener raised")
                self._on_written = None

    def _fail(self, error: RunFileError) -> None:
        with self._progress:
            is_first = self.failed is None
            self.failed = self.failed or error
            self.needs_attention = True
            self.buffer.clear()
            self._progress.notify_all()
        if is_first and self._on_error is not None:
            with contextlib.suppress(Exception):
                self._on_error(error)

    def _release(self) -> None:
        opened, self._opened = self._opened, None
        self._batches = None
        if opened is not None:
            with contextlib.suppress(sqlite3.Error):
                opened.connection.close()
            opened.lock.release()


def _details(details: Mapping[str, Any]) -> tuple[Any, bytes]:
    """Capture details, which a step may have given and which then may be anything."""
    try:
        return details.get("code"), encode(dict(details))
    except BaseException:  # noqa: BLE001 - no mapping, or one that raises
        return None, encode(details)


def _counted(item: Any) -> int:
    data = item.data if type(item) is Unsettled else None
    return len(data) if isinstance(data, str | bytes) and len(data) > _COUNTED_FROM else 0


@contextlib.contextmanager
def _as_run_file_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (*STORAGE_ERRORS, ValueError, TypeError) as error:
        raise RunFileError(path, f"cannot record there: {explain(error)}") from error


def _as_stored(target: str) -> str | bytes:
    """Return a target as SQLite can hold it; the names of files need not be UTF-8."""
    try:
        target.encode()
    except UnicodeEncodeError:
        return os.fsencode(target)
    return target
