"""Taking in a run's events on its event loop, and the thread that carries them to disk."""

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Any, Final

from process_core.events import WorkflowEvent
from process_core.runfile.codec.decode import is_restorable
from process_core.runfile.codec.encode import encode
from process_core.runfile.errors import STORAGE_ERRORS, RunFileError, explain
from process_core.runfile.schema import INLINE_LIMIT
from process_core.runfile.write.batch_writer import BatchWriter, Captured, Item, Unsettled
from process_core.runfile.write.name_table import NameItem, NameTable
from process_core.runfile.write.open_for_write import OpenedForWriting
from process_core.runfile.write.write_buffer import BLOCK, FULL, WIDTH, WriteBuffer

GATHER: Final = 0.02
"""Seconds that the writer waits for more events before it commits a batch."""
MAX_QUEUE: Final = 50_000
"""Events that may wait to be written; the next `append` waits until half of them are."""
MAX_QUEUE_BYTES: Final = 64 * 1024 * 1024
"""Bytes of payloads that may wait to be written."""

_COUNTED_FROM = 4096
SHORT_INT: Final = 10**15
"""Whole numbers below this are written as they are, without a thought to how long they are."""
_SHORT_TEXT = INLINE_LIMIT - 2
_log = logging.getLogger(__name__)


class WriteQueue:
    """The queue between a run and its file: filled on the run's thread, emptied by a thread of its own.

    Args:
        path: The run file, for messages.
        open_file: Opens it for writing.
        on_error: Called once with what ended the recording.
        on_written: Called after each commit with the last seq.

    Attributes:
        path: The run file.
        written: Seq of the last event that is in the file for good; a screen is told of none beyond it.
        failed: What ended the recording, or None.
        partial: Whether the payload of an event held something that could only be written as its repr, until whoever
            tells of it sets this back to False.
        generation: Generation of the code, stamped on the events appended from now on.
        started: `run.started`, what time is counted from.
        backlog: What waits to be written.
        shapes: Numbers the combinations of names.
        needs_attention: Whether the writer sleeps or has given up, so that a row needs `after_row`.

    Raises:
        RunFileError: Nothing can be recorded there, and there is no `on_error`.
    """

    def __init__(
        self,
        path: str | Path,
        open_file: Callable[[], OpenedForWriting],
        on_error: Callable[[RunFileError], None] | None = None,
        on_written: Callable[[int], None] | None = None,
    ) -> None:
        self.path = Path(path)
        self.written = 0
        self.generation = 0
        self.failed: RunFileError | None = None
        self._on_error = on_error
        self._on_written = on_written
        self.partial = False
        self._opened: OpenedForWriting | None = None
        self._recording: BatchWriter | None = None
        self.shapes = NameTable(1)
        self.started = 0.0
        self._thread: threading.Thread | None = None
        self.backlog = WriteBuffer()
        self._openings: dict[str, str] = {}
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
                self._recording = BatchWriter(self._opened.connection, self._opened.started)
        except RunFileError as error:
            self._release()
            if on_error is None:
                raise
            self._fail(error)
            return
        self.shapes = NameTable(self._recording.next_shape)
        self.started = self._opened.started
        self.written = self._opened.last_seq
        self.generation = self._opened.generation
        # A daemon, so that a program that forgets `close` still ends; what was committed by then is safe.
        self._thread = threading.Thread(target=self._write_all, name="run-file", daemon=True)
        self._thread.start()

    def append(self, event: WorkflowEvent) -> None:
        """Take in an event as it is now; it is written within about 50 milliseconds.

        Waits only when more than `MAX_QUEUE` events, or `MAX_QUEUE_BYTES` of payloads, have not been written yet.

        Args:
            event: The event, complete; its `seq` is one more than that of the event before.
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
        """Take in an event of which there is no object; see `append`, and `WorkflowEvent` for what it is given."""
        text, captured = self._capture(data)
        code = written = None
        if details:
            code, written = _details(details)
        names = (type, path, step, function, event_id, route, state, response_type, code, self.generation)
        number, is_new = self.shapes.number(names)
        if is_new:
            self._put(NameItem(number, names))
        if captured is None and written is None and request_id is None and state is None and len(causes) < 2:  # noqa: PLR2004 - one
            try:
                # The common event becomes a row of the table right here, and the writer has only to pass it on.
                ts = int((timestamp - self.started) * 1e6 + 0.5)
            except (TypeError, ValueError, OverflowError):
                pass
            else:
                self.backlog.rows.extend((seq, number, ts, superstep, causes[0] if causes else None, text))
                if self.needs_attention or len(self.backlog.rows) >= FULL:
                    self.after_row()
                return
        captured = text.encode() if text is not None else captured
        run_state = None if path else state
        self._put(Unsettled(seq, timestamp, superstep, number, run_state, causes, request_id, captured, written))
        size = len(captured) if isinstance(captured, str | bytes) else 0
        if size > _COUNTED_FROM:
            self._taken_bytes += size
        if self._taken_bytes - self._done_bytes > MAX_QUEUE_BYTES or len(self.backlog) > MAX_QUEUE:
            self._wait_for_room()

    def after_row(self) -> None:
        """Do what is to be done after a row where `needs_attention` is set or the block is `FULL`."""
        if self.needs_attention:
            self._attend()
        if len(self.backlog.rows) >= FULL:
            self.backlog.next_block()
            if len(self.backlog) > MAX_QUEUE:
                self._wait_for_room()

    def small(self, data: dict[Any, Any]) -> str | None:
        """Write the most common payload there is, one number or short text by name; None where it is another one."""
        for key, value in data.items():
            kind = value.__class__
            if kind is int and -SHORT_INT < value < SHORT_INT:
                written = str(value)
            elif kind is str and len(value) < _SHORT_TEXT // 2 and value.isascii():
                written = encode_basestring_ascii(value)
            else:
                return None
            try:
                opening = self._openings[key]
            except (KeyError, TypeError):
                if key.__class__ is not str or len(key) > _SHORT_TEXT // 2 or not key.isidentifier():
                    return None
                opening = self._openings[key] = f'{{"{key}":'
            return f"{opening}{written}}}"
        return None

    def _capture(self, data: Any) -> tuple[str | None, Captured]:
        """Write a payload as JSON text that stands in the event, or else give what the writer is to make of it."""
        if data is None:
            return None, None
        kind = data.__class__
        if kind is int and -SHORT_INT < data < SHORT_INT:
            return str(data), None
        if kind is str:
            is_short = len(data) <= _SHORT_TEXT and data.isascii()
            return (encode_basestring_ascii(data), None) if is_short else (None, data)
        if kind is dict and len(data) == 1:
            text = self.small(data)
            if text is not None:
                return text, None
        body = encode(data)
        if b'{"$":' in body and not is_restorable(body):
            self.partial = True
        return (body.decode(), None) if len(body) <= INLINE_LIMIT else (None, body)

    @property
    def behind(self) -> int:
        """How much was taken in that is not in the file yet."""
        return len(self.backlog)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything taken in so far is in the file.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether it is; False after an error or when the time was up.
        """
        target = self.backlog.put_so_far
        self._press_on()
        with self._progress:
            self._progress.wait_for(lambda: self._done >= target or self.failed is not None, timeout)
            return self._done >= target and self.failed is None

    def close(self, state: str | None = None) -> None:
        """Write the rest and leave one file behind; harmless the second time.

        Args:
            state: How the run ended; None for the state of the last `status` event. A run closed while it is in
                progress counts as interrupted.
        """
        if self._is_closing:
            return
        self._is_closing = True
        self._press_on()
        if self._thread is not None:
            self._thread.join()
        if self._recording is not None:
            try:
                self._recording.close(None if state is None else str(state), time.time())
            except STORAGE_ERRORS as error:
                self._fail(RunFileError(self.path, f"it could not be closed well: {explain(error)}"))
        self._release()

    def _put(self, item: Item) -> None:
        self.backlog.put(item)
        if self.needs_attention:
            self._attend()

    def _attend(self) -> None:
        # Before the look at `failed`, which is set before the flag: so a writer that fails just now is not missed.
        self.needs_attention = False
        if self.failed is not None:
            self.needs_attention = True
            self.backlog.clear()
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
        has_room = len(self.backlog) <= MAX_QUEUE // 2 and waiting <= MAX_QUEUE_BYTES // 2
        return has_room or self.failed is not None

    # What follows runs on the writer's thread.

    def _write_all(self) -> None:
        queue = self.backlog
        try:
            while True:
                if not queue:
                    if self._is_closing:
                        return
                    self.needs_attention = True
                    # The flag first, then one more look: an event that came in between has set nothing.
                    if not queue and not self._is_closing:
                        self._wake.wait()
                    self.needs_attention = False
                    self._wake.clear()
                self._hurry.wait(GATHER)
                self._hurry.clear()
                while queue:
                    self._write_batch()
                    if not self._is_closing and len(queue) < BLOCK // 4:
                        break
        except BaseException as error:  # noqa: BLE001 - whatever it was, the run must hear of it and go on
            self._fail(RunFileError(self.path, f"recording stopped after event {self.written}: {explain(error)}"))

    def _write_batch(self) -> None:
        assert self._recording is not None
        rows, items = self.backlog.take()
        last = self._recording.write(rows, items)
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
                _log.exception("told no more of what is written: the listener raised")
                self._on_written = None

    def _fail(self, error: RunFileError) -> None:
        with self._progress:
            is_first = self.failed is None
            self.failed = self.failed or error
            self.needs_attention = True
            self.backlog.clear()
            self._progress.notify_all()
        if is_first and self._on_error is not None:
            with contextlib.suppress(Exception):
                self._on_error(error)

    def _release(self) -> None:
        opened, self._opened = self._opened, None
        self._recording = None
        if opened is not None:
            with contextlib.suppress(sqlite3.Error):
                opened.connection.close()
            opened.lock.release()


def _details(details: Mapping[str, Any]) -> tuple[Any, bytes]:
    """Capture details, which a step may have given and which then may be anything."""
    try:
        return details.get("code"), encode(dict(details))
    except Exception:  # noqa: BLE001 - no mapping, or one that raises
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
