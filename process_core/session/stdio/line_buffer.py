"""Takes text apart into lines of bounded length, whatever pieces it arrives in."""

from typing import Final

MAX_LINE: Final = 16_384
"""Characters of a line that are kept; a longer line says how many more it had."""


class LineBuffer:
    """Collects the pieces of one stream and gives back whole lines.

    A line ends at a newline; a carriage return before it belongs to the line break. Everything else, escape codes
    included, is data.
    """

    __slots__ = ("_beyond", "_parts", "_size")

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0
        self._beyond = 0

    def __bool__(self) -> bool:
        return bool(self._parts or self._beyond)

    def feed(self, text: str) -> list[str]:
        """Take the next piece; return the lines that it completes, without their line breaks."""
        *whole, rest = text.split("\n")
        lines = []
        for piece in whole:
            self._add(piece)
            lines.append(self.take().removesuffix("\r"))
        self._add(rest)
        return lines

    def take(self) -> str:
        """Return what there is of the unfinished line, and begin a new one."""
        line = "".join(self._parts)
        if self._beyond:
            line += f"… [{self._beyond} more characters]"
        self._parts = []
        self._size = self._beyond = 0
        return line

    def _add(self, piece: str) -> None:
        if not piece:
            return
        kept = piece[: MAX_LINE - self._size]
        if kept:
            self._parts.append(kept)
            self._size += len(kept)
        self._beyond += len(piece) - len(kept)
