"""Catches what reaches the descriptors 1 and 2 past Python: C code, child processes, the interpreter itself."""

import codecs
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from process_core.session.stdio.line_buffer import LineBuffer

MAX_WAITING: Final = 50_000
"""Lines held while the event loop does not take them; reading goes on, or the writer would block."""
_CHUNK = 65536
_MOST_READS: Final = 64  # the thread reads on where more is written faster
_HOLD_MS = 100  # an unfinished line is held back so long for the rest of it


class FdCapture:
    """Makes a descriptor a pipe and hands over its lines.

    Args:
        fd: The descriptor, 1 or 2.
        stream: `stdout` or `stderr`.
        wake: Asks the event loop, from any thread, to call `drain` soon.
        read_end: Where to read what is written to `fd`, if somebody else catches it already; None makes a pipe.
    """

    def __init__(self, fd: int, stream: str, wake: Callable[[], object], read_end: int | None = None) -> None:
        self._fd = fd
        self._stream = stream
        self._wake = wake
        self._waiting: deque[str] = deque()
        self._lock = threading.Lock()
        self._dropped = 0
        self._reading = threading.Lock()
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._lines = LineBuffer()
        self._is_over = False
        self._ready = select.poll()
        if read_end is None:
            read_end, write_end = os.pipe()
            os.dup2(write_end, fd, inheritable=True)
            os.close(write_end)
        self._read_end = read_end
        self._ready.register(read_end, select.POLLIN)
        self._thread = threading.Thread(target=self._pump, name=f"capture-{stream}", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def drain(self, log: Callable[[str, str], None]) -> None:
        """Pass on the lines read so far, as stream and line."""
        with self._lock:
            lines, dropped = list(self._waiting), self._dropped
            self._waiting.clear()
            self._dropped = 0
        for line in lines:
            log(self._stream, line)
        if dropped:
            log(self._stream, f"… [{dropped} more lines came faster than they could be taken and are lost]")

    def read_now(self) -> bool:
        """Read what was written up to now, an unfinished line included, without waiting; whether `drain` has any."""
        with self._reading:
            for _ in range(_MOST_READS):
                if not self._ready.poll(0) or not self._read():
                    break
            if self._lines:
                self._put([self._lines.take()], wakes=False)
        return bool(self._waiting)

    def stop(self, grace: float) -> None:
        """Read to the end and stop; wait at most `grace` seconds, for a child process may hold the pipe open."""
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self._fd, inheritable=True)
        os.close(null)
        self._thread.join(grace)

    def _pump(self) -> None:
        waiting = select.poll()
        waiting.register(self._read_end, select.POLLIN)
        while True:
            if not waiting.poll(_HOLD_MS if self._lines else None):
                with self._reading:
                    if self._lines:
                        self._put([self._lines.take()])
                continue
            with self._reading:
                if self._ready.poll(0) and not self._read():
                    break
        os.close(self._read_end)

    def _read(self) -> bool:
        """Read once; False at the end of what will ever be written."""
        if self._is_over:
            return False
        data = os.read(self._read_end, _CHUNK)
        self._put(self._lines.feed(self._decoder.decode(data, final=not data)))
        if not data:
            if self._lines:
                self._put([self._lines.take()])
            self._is_over = True
        return bool(data)

    def _put(self, lines: list[str], *, wakes: bool = True) -> None:
        if not lines:
            return
        with self._lock:
            room = MAX_WAITING - len(self._waiting)
            self._waiting.extend(lines[:room])
            self._dropped += max(0, len(lines) - room)
        if wakes:
            self._wake()
