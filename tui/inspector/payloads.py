"""Reading a payload for the screen: all of a small one, the beginning of a large one, in bounded time."""

import json
from typing import Any, NamedTuple, Protocol

from process_core.runfile import RunFileError
from process_core.runfile.codec.decode import decode

WHOLE: int = 128 * 1024
"""Bytes up to which a payload is read whole at once."""
_START = 48 * 1024


class Payloads(Protocol):
    """Where payloads are read; a run file is one."""

    def payload(self, ref: Any) -> Any:
        """Give a payload."""

    def payload_text(self, ref: Any, limit: int) -> tuple[str, int]:
        """Give the beginning of a payload as JSON text, and the size of the whole in bytes."""


class Payload(NamedTuple):
    """A payload as far as it was read.

    Attributes:
        value: It, or the beginning of it.
        size: Bytes of the whole, as JSON.
        shown: Bytes that were read.
        problem: Why it could not be read, empty where it could.
    """

    value: Any
    size: int
    shown: int
    problem: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return self.shown >= self.size


def read_payload(source: Payloads, ref: Any, *, whole: bool = False) -> Payload:
    """Read a payload, or as much of it as can be read in a moment.

    Args:
        source: The run file.
        ref: Where it is.
        whole: Read all of it, however long that takes.

    Returns:
        It.
    """
    try:
        text, size = source.payload_text(ref, _START)
        if whole or size <= WHOLE:
            return Payload(source.payload(ref), size, size)
        return Payload(_beginning(text), size, len(text.encode()))
    except RunFileError as error:
        return Payload(None, 0, 0, str(error))


def size_text(size: int) -> str:
    """Write a number of bytes for a person.

    Args:
        size: Bytes.

    Returns:
        For instance `812 B`, `1.2 kB`, `10.0 MB`.
    """
    if size < 1000:  # noqa: PLR2004 - a kilobyte
        return f"{size} B"
    value, unit = size / 1000, "kB"
    for larger in ("MB", "GB"):
        if value < 999.95:  # noqa: PLR2004 - would be written as 1000.0
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}"


def _beginning(text: str) -> Any:
    """Make a value of JSON that breaks off; where that cannot be done, the text itself."""
    from pydantic_core import from_json  # noqa: PLC0415 - most payloads are whole and do without it

    try:
        return decode(json.dumps(from_json(text, allow_partial="trailing-strings")))
    except (ValueError, RecursionError):
        return text
