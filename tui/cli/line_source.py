"""Reads lines from a file, a pipe or a terminal without holding up the event loop, and can be stopped."""

import asyncio
import contextlib
import io
import os
import select
from typing import Final, TextIO

_CHUNK: Final = 65536


class LineSource:
    """Reads one line after another, each only when asked for.

    Args:
        stream: Where from; one without a file descriptor is assumed to answer at once.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._buffer = bytearray()
        self._is_ended = False
        self._fd = _descriptor(stream)
        self._stop_read, self._stop_write = os.pipe()

    async def next(self) -> str | None:
        """Wait for the next line, without its line break; None at the end of input, or once closed."""
        return await asyncio.to_thread(self._read_line)

    def stop(self) -> None:
        """End a wait that is going on; no more lines come."""
        with contextlib.suppress(OSError):
            os.write(self._stop_write, b"x")

    def close(self) -> None:
        """Close the pipe that ends a wait; none may be going on."""
        for fd in (self._stop_read, self._stop_write):
            with contextlib.suppress(OSError):
                os.close(fd)

    def _read_line(self) -> str | None:
        if self._fd is None:
            line = self._stream.readline()
            return line.rstrip("\r\n") if line else None
        while (end := self._buffer.find(b"\n")) < 0 and not self._is_ended:
            self._read_more(self._fd)
        if end < 0:
            line_bytes = bytes(self._buffer)
            self._buffer.clear()
            return _decoded(line_bytes) if line_bytes else None
        line_bytes = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return _decoded(line_bytes)

    def _read_more(self, fd: int) -> None:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        poll.register(self._stop_read, select.POLLIN)
        ready = [ready_fd for ready_fd, _ in poll.poll()]
        try:
            data = os.read(fd, _CHUNK) if self._stop_read not in ready else b""
        except OSError:  # a terminal that went away ends the input like any other end
            data = b""
        self._is_ended = not data
        self._buffer += data


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError, io.UnsupportedOperation):
        return None


def _decoded(line: bytes) -> str:
    return line.decode("utf-8", "replace").removesuffix("\r")
