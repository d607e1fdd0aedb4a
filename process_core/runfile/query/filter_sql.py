"""What a filter becomes in SQL: tables of matching shapes and payloads that follow the file as it grows."""

from collections.abc import Callable
from itertools import count
from json.encoder import encode_basestring
from typing import Any

from process_core.runfile.read.connection import Connection

_numbers = count(1)


class MatchingNames:
    """The numbers of the shapes that pass a test, in a temporary table that follows the file.

    Args:
        connection: Where to read and to keep the table.
        test: Says of a row of `shapes` whether it passes.
        sql: A condition over `shapes s` that it must fulfil too, and the values for its question marks.
    """

    def __init__(
        self,
        connection: Connection,
        test: Callable[[tuple[Any, ...]], bool] | None,
        sql: tuple[str, tuple[Any, ...]] = ("1", ()),
    ) -> None:
        self._connection = connection
        self._test = test
        self._query = f"SELECT * FROM shapes s WHERE s.id > ? AND ({sql[0]}) ORDER BY s.id"  # noqa: S608 - the predicate compiler's own words
        self._values = sql[1]
        self._table = f"temp.shapes_{next(_numbers)}"
        self._seen = 0
        connection.rows(f"CREATE TABLE {self._table} (id INTEGER PRIMARY KEY)")

    def condition(self) -> str:
        """Look at the shapes that are new.

        Returns:
            SQL that is true of the events `e` of the matching shapes.
        """
        newest = self._connection.one("SELECT coalesce(max(id), 0) FROM shapes")[0]
        if newest > self._seen:
            found = self._connection.rows(self._query, (self._seen, *self._values))
            hits = [(shape[0],) for shape in found if self._test is None or self._test(shape)]
            self._connection.many(f"INSERT INTO {self._table} VALUES (?)", hits)  # noqa: S608 - our own name
            # Shapes may have come in between the two statements; they are looked at the next time, and no event that
            # this piece looks at can have one of them.
            self._seen = max(newest, found[-1][0] if found else 0)
        return f"e.shape IN {self._table}"

    def drop(self) -> None:
        """Free the table."""
        self._connection.rows(f"DROP TABLE IF EXISTS {self._table}")


class TextSearch:
    """Where a text occurs: in names, in payloads within events, in stored payloads.

    Args:
        connection: Where to read.
        text: What to look for; upper and lower case of the letters A to Z are the same.
    """

    def __init__(self, connection: Connection, text: str) -> None:
        lowered = text.lower()
        self._connection = connection
        self._shapes = MatchingNames(
            connection, lambda shape: any(lowered in name.lower() for name in shape[1:-1] if isinstance(name, str))
        )
        # In JSON the text may stand as it is or, if a person typed what the screen shows, escaped.
        needles = sorted({text, encode_basestring(text)[1:-1]})
        self._patterns = [f"%{_escaped(needle)}%" for needle in needles]
        self._bytes = [needle.encode("utf-8", "surrogatepass").lower() for needle in needles]
        self._table = f"temp.payloads_{next(_numbers)}"
        self._seen = 0
        connection.rows(f"CREATE TABLE {self._table} (id INTEGER PRIMARY KEY)")

    def condition(self, first: int, last: int) -> tuple[str, list[Any]]:
        """Prepare for looking at some events.

        Args:
            first: Seq of the first.
            last: Seq of the last.

        Returns:
            SQL that is true of those events `e` in which the text occurs, and the values for its question marks.
        """
        self._follow_payloads(first, last)
        inline = " OR ".join(["{column} LIKE ? ESCAPE '\\'"] * len(self._patterns))
        case = f"CASE typeof({{column}}) WHEN 'text' THEN {inline} WHEN 'integer' THEN {{column}} IN {self._table} END"
        parts = [self._shapes.condition(), case.format(column="e.data"), case.format(column="e.details")]
        return f"({' OR '.join(parts)})", self._patterns * 2

    def drop(self) -> None:
        """Free the tables."""
        self._shapes.drop()
        self._connection.rows(f"DROP TABLE IF EXISTS {self._table}")

    def _follow_payloads(self, first: int, last: int) -> None:
        """Search the stored payloads that events of this piece are the first to name."""
        if self._connection.one("SELECT coalesce(max(id), 0) FROM payloads")[0] <= self._seen:
            return
        newest = self._connection.one(
            "SELECT max(CASE typeof(data) WHEN 'integer' THEN data END),"
            " max(CASE typeof(details) WHEN 'integer' THEN details END) FROM events WHERE seq BETWEEN ? AND ?",
            (first, last),
        )
        until = max((number for number in newest if number is not None), default=0)
        if until <= self._seen:
            return
        hits = []
        for number, body in self._connection.bodies(self._seen, until):
            lowered = body.lower()
            if any(needle in lowered for needle in self._bytes):
                hits.append((number,))
        self._connection.many(f"INSERT INTO {self._table} VALUES (?)", hits)  # noqa: S608 - our own name
        self._seen = until


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
