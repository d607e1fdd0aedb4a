"""The rows that a filter leaves, found a piece at a time so that a screen never waits."""

import time
from array import array
from typing import Any, Final

from process_core.predicate import ENVELOPE, Member, Predicate
from process_core.runfile.codec.decode import to_plain
from process_core.runfile.query.filter_sql import MatchingNames, TextSearch, data_condition
from process_core.runfile.query.filters import Filter
from process_core.runfile.read.connection import DATA_TEXT, LONGEST_VALUE, Connection
from process_core.runfile.read.rows import Row, rows_of

FIRST_CHUNK: Final = 2_000
"""Events looked at in the first piece of work."""
CHUNK: Final = 32_000
"""Events looked at in a later piece."""

_ASKED_AT_ONCE = 200
_LONG_NUMBER = 16
_EVENT_NAMES = {"seq", "superstep"}
_COLUMNS = {name: f"e.{name}" if name in _EVENT_NAMES else f"s.{name}" for name in ENVELOPE}


class FilteredRows:
    """The seqs of the events that a filter leaves, growing as the file is looked through and as the run goes on.

    It finds in order of seq; `advance` looks through as much as there is time for, and once it is through, further
    calls look only at what has been recorded since. Not to be used by two threads at once, save for `cancel`.

    Args:
        connection: Where to read.
        chosen: Which events.
    """

    def __init__(self, connection: Connection, chosen: Filter) -> None:
        self.filter = chosen
        self.seqs = array("q")
        self.scanned = 0
        self._connection = connection
        self._is_cancelled = False
        self._chunk = FIRST_CHUNK
        self._shapes: MatchingNames | None = None
        self._texts = [TextSearch(connection, text) for text in chosen.texts]
        self._without = [TextSearch(connection, text) for text in chosen.without]
        self._rest: Predicate | None = None
        self._source = "events e"
        self._asked: list[str] = []
        self._conditions, self._values = _event_conditions(connection, chosen)
        self._prepare()

    def __len__(self) -> int:
        return len(self.seqs)

    def cancel(self) -> None:
        """End an `advance` that is going on, from any thread; what it has found stays."""
        self._is_cancelled = True

    def advance(self, seconds: float | None = None, *, hits: int | None = None) -> bool:
        """Look on for about `seconds` or until there are `hits`; return whether all that is recorded was looked at."""
        self._is_cancelled = False
        end = None if seconds is None else time.monotonic() + seconds
        last = self._connection.last_seq()
        while self.scanned < last:
            if self._is_cancelled or (hits is not None and len(self.seqs) >= hits):
                return False
            began = time.monotonic()
            if end is not None and began >= end:
                return False
            self._look_at(self.scanned + 1, min(last, self.scanned + self._chunk), end)
            # Pieces grow while they are quick, so that the time asked for is kept whatever the filter costs.
            took = time.monotonic() - began
            self._chunk = min(CHUNK, self._chunk * 2) if took < 0.01 else max(200, self._chunk // 2)  # noqa: PLR2004 - half a screen's frame
        return True

    def page(self, start: int, limit: int) -> list[Row]:
        """Return at most `limit` of the rows found so far, from a place among them."""
        return rows_of(self._connection, self.seqs[max(0, start) : max(0, start) + max(0, limit)])

    def drop(self) -> None:
        """Free what the view holds in the connection; it cannot be advanced any more."""
        for table in (self._shapes, *self._texts, *self._without):
            if table is not None:
                table.drop()

    def _prepare(self) -> None:
        """Settle what SQL decides: on combinations of names where it can, else on each event."""
        test, sql = self.filter.shape_test(), ("1", ())
        where = self.filter.where
        if where is not None:
            condition, values, self._rest = where.sql_prefilter(_COLUMNS)
            if not _EVENT_NAMES.intersection(where.names):
                sql = (condition, tuple(values))
            elif condition != "1":
                self._conditions.append(f"({condition})")
                self._values += values
            if self._rest is not None:
                self._asked = [DATA_TEXT if self._rest.uses_data else "NULL", *(_COLUMNS[n] for n in self._rest.names)]
                about_data = data_condition(self._rest.text)
                if about_data is not None:
                    self._conditions.append(about_data[0])
                    self._values += about_data[1]
            if not _EVENT_NAMES.issuperset(where.names):
                self._source = "events e JOIN shapes s ON s.id = e.shape"
        if test is not None or sql[0] != "1":
            self._shapes = MatchingNames(self._connection, test, sql)

    def matches(self, first: int, last: int) -> list[int]:
        """Return the seqs that the filter leaves between two, both included; the list itself stays as it is."""
        kept = self.seqs, self.scanned
        self.seqs, self._is_cancelled = array("q"), False
        try:
            self._look_at(first, last, None)
            return list(self.seqs)
        finally:
            self.seqs, self.scanned = kept

    def _look_at(self, first: int, last: int, end: float | None) -> None:
        conditions = ["e.seq BETWEEN ? AND ?", *self._conditions]
        values: list[Any] = [first, last, *self._values]
        if self._shapes is not None:
            conditions.append(self._shapes.condition())
        for search in (*self._texts, *self._without):
            condition, more = search.condition(first, last)
            conditions.append(f"NOT {condition}" if search in self._without else condition)
            values += more
        where = f"FROM {self._source} WHERE {' AND '.join(conditions)} ORDER BY e.seq"
        if self._rest is None:
            self.seqs.extend(seq for (seq,) in self._connection.rows(f"SELECT e.seq {where}", values))
        else:
            sql = f"SELECT e.seq, {', '.join(self._asked)} {where}"
            rows = self._connection.each(sql, values, longest=LONGEST_VALUE)
            for number, row in enumerate(rows):
                # Not before the first ones: a piece that takes longer than the time there is would never get done.
                if number and number % _ASKED_AT_ONCE == 0 and self._is_over(end):
                    return
                if self._holds(self._rest, *row):
                    self.seqs.append(row[0])
                self.scanned = row[0]
        self.scanned = last

    def _is_over(self, end: float | None) -> bool:
        return self._is_cancelled or (end is not None and time.monotonic() >= end)

    def _holds(self, predicate: Predicate, _seq: int, data: str | None, *names: Any) -> bool:
        event = dict(zip(predicate.names, names, strict=True))
        if data is not None:
            is_number = data.isdecimal() and data.isascii() and len(data) < _LONG_NUMBER
            event["data"] = int(data) if is_number else to_plain(self._connection.decode(data), Member)
        return predicate.holds(event=event)


def _event_conditions(connection: Connection, chosen: Filter) -> tuple[list[str], list[Any]]:
    """Return the part of a filter that the columns of an event decide, as SQL conditions and their values."""
    conditions: list[str] = []
    values: list[Any] = []
    for value, condition in (
        (chosen.since, "e.ts >= ?"),
        (chosen.until, "e.ts <= ?"),
        (chosen.first_superstep, "e.superstep >= ?"),
        (chosen.last_superstep, "e.superstep <= ?"),
        (chosen.request_id, "e.request_id = ?"),
    ):
        if value is not None:
            conditions.append(condition)
            is_time = condition.startswith("e.ts")
            values.append(connection.to_ts(float(value)) if is_time else value)
    return conditions, values
