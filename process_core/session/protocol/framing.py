"""How messages lie on a byte stream: four bytes of length, then that much JSON.

The JSON is UTF-8 in which a lone surrogate stands as three bytes of its own: names and texts of users may hold one, and
come back as they were. The decoder does no reading of its own, so a thread with a socket and a coroutine with a stream
share it.
"""

import json
import struct
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import from_json

from process_core.errors import ProcessError

MAX_FRAME: Final = 16 * 1024 * 1024
"""Largest frame either side accepts, in bytes."""
MAX_DIGITS: Final = 4300
"""Digits of the longest integer that a message can hold; Python and pydantic read no longer one."""
MAX_CONTAINERS: Final = 500_000
"""Lists and objects in one message: empty ones take two bytes of it each, and a hundred of memory."""
_HEADER = struct.Struct(">I")
_HOPELESS = 16 * MAX_FRAME  # a length beyond this is not a frame: the stream has lost its place


_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_TOO_LONG = b"0" * (MAX_DIGITS + 1)
_TOO_MANY_BITS = 14_285  # of an integer with more than MAX_DIGITS digits


class FrameTooLargeError(ProcessError, ValueError):
    """A message does not fit into a frame; nothing was sent."""


class UnsendableError(ProcessError, ValueError):
    """A message holds what JSON cannot say; nothing was sent."""


@dataclass(frozen=True, slots=True)
class BadFrame:
    """A frame that was refused.

    Attributes:
        reason: What is wrong with it.
        fatal: Whether the stream cannot be read any further.
    """

    reason: str
    fatal: bool = False


def to_json(message: BaseModel) -> bytes:
    """Return a message as the JSON of a frame.

    Raises:
        UnsendableError: It holds an integer of too many digits, or too many levels.
    """
    try:
        body = message.model_dump_json().encode()
    except ValueError:  # a text that is not Unicode; or what cannot be sent at all
        body = _careful_json(message)
    if len(body) > MAX_DIGITS and _TOO_LONG in body.translate(_ZEROS) and _has_long_integer(message.model_dump()):
        raise UnsendableError(f"an integer of more than {MAX_DIGITS:,} digits cannot be sent")
    return body


def from_frame(frame: bytes) -> Any:
    """Return what the JSON of a frame says.

    Raises:
        ValueError: It is not JSON, or more than is accepted; says why.
    """
    if frame.count(b"[") + frame.count(b"{") > MAX_CONTAINERS and _containers(frame) > MAX_CONTAINERS:
        raise ValueError(f"more than {MAX_CONTAINERS:,} lists and objects in one message")
    try:
        return from_json(frame)
    except ValueError as error:
        try:
            frame.decode()
        except UnicodeDecodeError:
            return _careful_value(frame)
        raise ValueError(str(error)) from None


def _careful_json(message: BaseModel) -> bytes:
    try:
        return json.dumps(message.model_dump(), ensure_ascii=False).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, RecursionError) as error:
        raise UnsendableError(f"it cannot be written as JSON: {str(error)[:200]}") from None


def _careful_value(frame: bytes) -> Any:
    try:
        return json.loads(frame.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 (byte {error.start})") from None
    except RecursionError:
        raise ValueError("too many levels") from None


def _has_long_integer(value: Any) -> bool:
    """Return whether there is an integer of too many digits; a text may hold as many as it likes."""
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            left += part.values()
        elif isinstance(part, list | tuple | set | frozenset):
            left += part
        elif type(part) is int and part.bit_length() >= _TOO_MANY_BITS - 1:
            return True
    return False


def _containers(frame: bytes) -> int:
    """Count the lists and objects; brackets in texts do not count."""
    outside = b"".join(frame.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])
    return outside.count(b"[") + outside.count(b"{")


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
