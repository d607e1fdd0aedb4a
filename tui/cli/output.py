"""All that the command line writes to a terminal or a pipe: nothing in it acts there, and nothing hides.

Nothing else in the command line prints. What is written need not be safe: names, paths, arguments and what others
raised pass through here once more, whoever has made them safe before.
"""

import argparse
import contextlib
import io
import os
import re
import sys
from typing import Any, Final, TextIO

from tui.text.safe_text import visible

GONE: Final = 1
"""Exit code where whoever read the output went away."""
_COLOURS: Final = re.compile("(\x1b\\[[0-9;]*m)")
"""What our own drawings colour with; it moves and hides nothing."""


class UnwritableError(Exception):
    """A stream takes nothing any more, for instance because the disk is full; the text says why."""


def write(text: str = "", stream: TextIO | None = None, *, end: str = "\n") -> None:
    """Write lines to a stream, by default standard output, whatever its encoding.

    Raises:
        BrokenPipeError: Whoever read the stream has gone.
        UnwritableError: It takes nothing any more.
    """
    _put("\n".join(map(visible, text.split("\n"))) + end, stream or sys.stdout)


def write_drawing(text: str, stream: TextIO | None = None) -> None:
    """Write lines that may be coloured by us; see `write`."""
    parts = _COLOURS.split(text)
    parts[::2] = ["\n".join(map(visible, part.split("\n"))) for part in parts[::2]]
    _put("".join(parts), stream or sys.stdout)


def complain(text: str, stream: TextIO | None = None) -> None:
    """Write lines to the error stream, as what the command has to say; see `write`."""
    write(f"stepscope: {text}", stream or sys.stderr)


class Shown(io.StringIO):
    """A file whose content goes to a terminal, with all in it made visible."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text; see `write`."""
        write(text, self._stream, end="")
        return len(text)


def leave_quietly(*streams: TextIO) -> None:
    """Let the interpreter's last flush of streams that take nothing any more go nowhere instead of failing."""
    for stream in streams or (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, stream.fileno())
                os.close(null)


class SafeParser(argparse.ArgumentParser):
    """A parser whose help and errors, which repeat what was typed, are written safely."""

    def _print_message(self, message: str, file: Any = None) -> None:
        if message:
            write(message, file or sys.stderr, end="")


def _put(text: str, stream: TextIO) -> None:
    try:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UnwritableError(error.strerror or str(error)) from error
