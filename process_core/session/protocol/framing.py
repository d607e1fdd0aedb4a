"""How messages lie on a byte stream: four bytes of length, then that much JSON.

The decoder does no reading of its own, so a thread with a socket and a coroutine with a stream share it.
"""

import struct
from dataclasses import dataclass
from typing import Final

from process_core.errors import ProcessError

MAX_FRAME: Final = 16 * 1024 * 1024
"""Largest frame either side accepts, in bytes."""
_HEADER = struct.Struct(">I")
_HOPELESS = 16 * MAX_FRAME  # a length beyond this is not a frame: the stream has lost its place


class FrameTooLargeError(ProcessError, ValueError):
    """A message does not fit into a frame; nothing was sent."""


@dataclass(frozen=True, slots=True)
class BadFrame:
    """A frame that was refused.

    Attributes:
        reason: What is wrong with it.
        fatal: Whether the stream cannot be read any further.
    """

    reason: str
    fatal: bool = False


def encode(body: bytes) -> bytes:
    """Return a frame that holds a message.

    Raises:
        FrameTooLargeError: The message is larger than a frame may be.
    """
    if len(body) > MAX_FRAME:
        raise FrameTooLargeError(
            f"a message of {len(body):,} bytes is larger than a frame may be ({MAX_FRAME:,} bytes)"
        )
    return _HEADER.pack(len(body)) + body


class Decoder:
    """Takes a stream apart into frames, whatever pieces it arrives in.

    A frame that is too large is skipped as it arrives, never held, and reported at its header.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skip = 0
        self._lost = False

    def feed(self, data: bytes) -> list[bytes | BadFrame]:
        """Take the next piece of the stream; return the frames that it completes, and what was refused, in order."""
        frames: list[bytes | BadFrame] = []
        if self._lost:
            return frames
        if self._skip:
            dropped = min(self._skip, len(data))
            self._skip -= dropped
            data = data[dropped:]
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= _HEADER.size:
            (length,) = _HEADER.unpack_from(buffer, start)
            body = start + _HEADER.size
            if length > MAX_FRAME:
                self._lost = length > _HOPELESS
                frames.append(_too_large(length, fatal=self._lost))
                if self._lost:
                    buffer.clear()
                    return frames
                there = min(length, len(buffer) - body)
                self._skip = length - there
                start = body + there
                continue
            if len(buffer) - body < length:
                break
            frames.append(bytes(buffer[body : body + length]) if length else BadFrame("an empty frame"))
            start = body + length
        del buffer[:start]
        return frames

    def end(self) -> BadFrame | None:
        """Return the frame that the end of the stream cut off, or None."""
        if self._buffer or self._skip:
            return BadFrame("the stream ended inside a frame", fatal=True)
        return None


def _too_large(length: int, *, fatal: bool) -> BadFrame:
    reason = f"a frame of {length:,} bytes is larger than the {MAX_FRAME:,} bytes allowed"
    return BadFrame(reason + ("; the stream has lost its place" if fatal else ""), fatal)
