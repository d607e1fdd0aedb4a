"""Catches what reaches the descriptors 1 and 2 past Python: C code, child processes, the interpreter itself."""

import codecs
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from process_core.session.lines import Lines

MAX_WAITING: Final = 50_000
"""Lines held while the event loop does not take them; the reading goes on, or whoever writes would hang."""
_CHUNK = 65536
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
        if read_end is None:
            read_end, write_end = os.pipe()
            os.dup2(write_end, fd, inheritable=True)
            os.close(write_end)
        self._read_end = read_end
        self._thread = threading.Thread(target=self._pump, name=f"capture-{stream}", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def drain(self, log: Callable[[str, str], None]) -> None:
        """Hand over the lines read so far.

        Args:
            log: Takes stream and line.
        """
        with self._lock:
            lines, dropped = list(self._waiting), self._dropped
            self._waiting.clear()
            self._dropped = 0
        for line in lines:
            log(self._stream, line)
        if dropped:
            log(self._stream, f"… [{dropped} more lines came faster than they could be taken and are lost]")

    def stop(self, grace: float) -> None:
        """Read to the end and stop.

        Args:
            grace: Seconds to wait for the end; a child process may hold the pipe open.
        """
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self._fd, inheritable=True)
        os.close(null)
        self._thread.join(grace)

    def _pump(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        lines = Lines()
        poll = select.poll()
        poll.register(self._read_end, select.POLLIN)
        while True:
            if lines and not poll.poll(_HOLD_MS):
                self._put([lines.take()])
            data = os.read(self._read_end, _CHUNK)
            if not data:
                break
            self._put(lines.feed(decoder.decode(data)))
        self._put(lines.feed(decoder.decode(b"", final=True)))
        if lines:
            self._put([lines.take()])
        os.close(self._read_end)

    def _put(self, lines: list[str]) -> None:
        if not lines:
            return
        with self._lock:
            room = MAX_WAITING - len(self._waiting)
            self._waiting.extend(lines[:room])
            self._dropped += max(0, len(lines) - room)
        self._wake()
