"""What a worker writes to its error stream, read by the client first, so that a crash's last output is kept."""

import asyncio
import os
import select
from typing import Final

TAIL: Final = 8192
"""Bytes of the error stream that are remembered."""
MAX_BUFFERED: Final = 4 * 1024 * 1024
"""Bytes kept for a worker that does not take them back; more are remembered in the tail only."""
_CHUNK: Final = 65536


class WorkerStderr:
    """Reads the error stream, keeps its end, and sends it back to the worker to be logged.

    Args:
        source: Reading end of the worker's error stream; this object owns it from here on.
        back: Writing end of the pipe on which the worker reads it; this object owns it from here on.
    """

    def __init__(self, source: int, back: int) -> None:
        self._source = source
        self._back = back
        self._loop = asyncio.get_running_loop()
        self._tail = bytearray()
        self._buffer = bytearray()
        os.set_blocking(back, False)
        self._loop.add_reader(source, self._read)

    def close(self) -> str:
        """Read what is left, close both pipes, and return the end of the error stream."""
        self._loop.remove_reader(self._source)
        self._loop.remove_writer(self._back)
        self._remember(_rest(self._source))
        os.close(self._source)
        os.close(self._back)
        return self._tail.decode("utf-8", "backslashreplace")

    def _read(self) -> None:
        data = os.read(self._source, _CHUNK)
        if not data:
            self._loop.remove_reader(self._source)
        self._remember(data)
        if len(self._buffer) < MAX_BUFFERED:
            self._buffer += data
        self._give_back()

    def _remember(self, data: bytes) -> None:
        self._tail += data
        del self._tail[:-TAIL]

    def _give_back(self) -> None:
        try:
            del self._buffer[: os.write(self._back, self._buffer)]
        except BlockingIOError:
            pass
        except OSError:  # the worker is gone
            self._buffer.clear()
        if self._buffer:
            self._loop.add_writer(self._back, self._give_back)
        else:
            self._loop.remove_writer(self._back)


def _rest(fd: int) -> bytes:
    """Read what a pipe still holds, without waiting for others that hold its other end open."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    content = bytearray()
    while poll.poll(0) and (data := os.read(fd, _CHUNK)):
        content += data
    return bytes(content)
