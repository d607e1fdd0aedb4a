"""What can go wrong with a run file, worded so that a person knows what to do."""

import sqlite3
from pathlib import Path
from typing import Final

from process_core.errors import ProcessError
from process_core.safe_files import UnsafeFileError

_FULL = "the disk is full"
_MEANINGS = (
    ("database or disk is full", _FULL),
    ("no space left", _FULL),
    ("file too large", "the file may not grow any more (a size limit of the system)"),
    ("readonly database", "the file or its folder is read-only"),
    ("unable to open", "it cannot be opened (is the folder there, and writable?)"),
    ("file is not a database", "it is not a run file"),
    ("malformed", "it is damaged"),
    ("interrupted", "it is damaged: reading it takes work without end"),
    ("string or blob too big", "it is damaged: a name or value in it is longer than any that is recorded"),
    ("user-defined function raised", "it is damaged: a payload cannot be unpacked"),
    ("not authorized", "it is damaged: reading it would do more than read"),
    ("disk i/o error", "the disk reports an error (full, failing, or the file was cut short)"),
    ("database is locked", "another program holds it locked"),
    ("codec can't decode", "it is damaged"),
    ("could not decode to utf-8", "it is damaged"),
    ("no such table", "it is damaged: a table is missing"),
    ("no such column", "it is damaged: a column is missing"),
)

_LONGEST = 200

STORAGE_ERRORS: Final = (sqlite3.Error, OSError, UnicodeError, OverflowError)
"""What reading and writing may raise; texts of a damaged file need not even be UTF-8."""


class RunFileError(ProcessError):
    """A run file cannot be opened, read or written.

    Attributes:
        path: The file concerned.
        reason: What is wrong, without the path.
    """

    def __init__(self, path: str | Path, reason: str) -> None:
        self.path = Path(path)
        self.reason = reason
        super().__init__(f"{self.path}: {reason}")


def explain(error: BaseException) -> str:
    """Return in one line what an error of the storage means, followed by its own words."""
    if isinstance(error, UnsafeFileError):
        return str(error.strerror)
    own = _short(str(error))
    lowered = own.lower()
    for needle, meaning in _MEANINGS:
        if needle in lowered:
            return f"{meaning} [{own}]"
    if isinstance(error, sqlite3.Error | OSError):
        return own or type(error).__name__
    return f"{type(error).__name__}: {own}"


def _short(text: str) -> str:
    """Return a message on one line; SQLite's may quote all of what it could not read."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
