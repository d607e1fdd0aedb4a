"""What SQLite may do with a run file that somebody else may have prepared: no code, no endless work, no other file."""

import sqlite3
from collections.abc import Callable
from typing import Final

LONGEST_NAME: Final = 65_536
"""Bytes of a name, a preview or a value that stands in its row; what is longer, no run file of ours has."""

_STEPS_BETWEEN: Final = 20_000
"""Steps of SQLite's machine between two looks at how many there have been."""
_FREE_STEPS: Final = 10_000_000
_STEPS_PER_BYTE: Final = 40
"""A query over the whole of a file takes some steps a byte; pages that point in circles take steps without end."""
_LIMITS: Final = {
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_COLUMN: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 10,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 1000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 20,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 50_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 500_000,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 32_766,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 250_000,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_READING: Final = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_TRANSACTION})
_SHOWING: Final = frozenset({"application_id", "encoding", "user_version"})
_MAKING: Final = frozenset(
    {
        sqlite3.SQLITE_CREATE_TABLE,
        sqlite3.SQLITE_CREATE_TEMP_TABLE,
        sqlite3.SQLITE_CREATE_TEMP_VIEW,
        sqlite3.SQLITE_DROP_TABLE,
        sqlite3.SQLITE_DROP_TEMP_TABLE,
        sqlite3.SQLITE_INSERT,
        sqlite3.SQLITE_UPDATE,
        sqlite3.SQLITE_DELETE,
    }
)


def distrust(connection: sqlite3.Connection) -> None:
    """Guard a connection before its first look at a file: nothing that the file's schema says is run."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA mmap_size = 0")


def allow_only_reading(connection: sqlite3.Connection) -> None:
    """Let a connection do nothing from here on but read its file and write tables of its own in memory."""
    for limit, most in _LIMITS.items():
        connection.setlimit(limit, most)
    connection.set_authorizer(_authorize)


def _authorize(action: int, first: str | None, second: str | None, database: str | None, _: str | None) -> int:
    if action == sqlite3.SQLITE_READ or action in _READING:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if second == "load_extension" else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_OK if first in _SHOWING and second is None else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _MAKING and database == "temp" else sqlite3.SQLITE_DENY


class WorkLimit:
    """Ends a query that takes far more work than the size of its file explains.

    Args:
        connection: Whose queries.
        size: Returns the bytes of the file as it is now.
    """

    def __init__(self, connection: sqlite3.Connection, size: Callable[[], int]) -> None:
        self._size = size
        self._steps = 0
        self._most = _FREE_STEPS
        connection.set_progress_handler(self._is_over, _STEPS_BETWEEN)

    def begin(self) -> None:
        """Begin to count again, for another query."""
        self._steps = 0

    def _is_over(self) -> bool:
        self._steps += _STEPS_BETWEEN
        if self._steps > self._most:
            self._most = _FREE_STEPS + _STEPS_PER_BYTE * self._size()
        return self._steps > self._most
