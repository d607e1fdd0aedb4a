"""The rows that a filter leaves, found a piece at a time so that a screen never waits."""

import time
from array import array
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from process_core.predicate import Predicate
from process_core.runfile.query.event_facts import DECIDED_BY_SQL, EventFacts, Part
from process_core.runfile.query.filter_sql import MatchingNames, TextSearch, payload_condition
from process_core.runfile.query.filters import Filter
from process_core.runfile.read.connection import LONGEST_VALUE, Connection
from process_core.runfile.read.rows import Row, rows_of
from process_core.runfile.sqlite_limits import LONGEST_NAME

FIRST_CHUNK: Final = 2_000
"""Events looked at in the first piece of work."""
CHUNK: Final = 32_000
"""Events looked at in a later piece."""

_ASKED_AT_ONCE = 200


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
        self._names: list[MatchingNames] = []
        self._predicate_names: MatchingNames | None = None
        self._texts = [TextSearch(connection, text) for text in chosen.texts]
        self._without = [TextSearch(connection, text) for text in chosen.without]
        self._facts = EventFacts(connection, chosen.where, (term.name for term in chosen.terms))
        self._rest: Predicate | None = None
        self._asked: dict[Part, list[str]] = {}
        self._about_payload: dict[Part, tuple[list[str], list[Any]]] = {}
        self._conditions, self._values = _event_conditions(connection, chosen)
        self._predicate_conditions: list[str] = []
        self._predicate_values: list[Any] = []
        self._prepare_terms()
        if chosen.where is not None:
            self._prepare(chosen.where)

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

    @property
    def overworked(self) -> int:
        """How often the predicate took more work than it may; such a row is left out."""
        return self._facts.overworked

    def page(self, start: int, limit: int) -> list[Row]:
        """Return at most `limit` of the rows found so far, from a place among them."""
        return rows_of(self._connection, self.seqs[max(0, start) : max(0, start) + max(0, limit)])

    def drop(self) -> None:
        """Free what the view holds in the connection; it cannot be advanced any more."""
        for search in (*self._texts, *self._without):
            search.drop()
        for names in (*self._names, *([self._predicate_names] if self._predicate_names is not None else [])):
            names.drop()
        self._facts.drop()

    def _prepare_terms(self) -> None:
        """Settle which combinations of names all but the predicate leaves."""
        test = self.filter.shape_test()
        parts: list[tuple[str, tuple[Any, ...]]] = [("1", ())]
        for term in self.filter.terms:
            condition, values = term.sql(DECIDED_BY_SQL[term.name])
            if EventFacts(self._connection, None, (term.name,)).is_by_event:
                self._conditions.append(f"({condition})")
                self._values += values
            else:
                parts.append((condition, values))
        if test is not None or len(parts) > 1:
            sql = " AND ".join(f"({condition})" for condition, _ in parts)
            values = tuple(value for _, some in parts for value in some)
            self._names.append(MatchingNames(self._connection, test, (sql, values)))

    def _prepare(self, where: Predicate) -> None:
        """Settle what SQL decides of the predicate: on combinations of names where it can, else on each event."""
        condition, values, self._rest = where.sql_prefilter(DECIDED_BY_SQL)
        if condition != "1" and not self._facts.is_by_event:
            self._predicate_names = MatchingNames(self._connection, None, (condition, tuple(values)))
        elif condition != "1":
            self._predicate_conditions.append(f"({condition})")
            self._predicate_values += values
        for part in self._facts.parts if self._rest is not None else ():
            assert self._rest is not None
            self._asked[part] = self._facts.columns(self._rest, part)
            conditions, more = self._about_payload.setdefault(part, ([], []))
            for root, column in self._facts.payloads(self._rest, part):
                about = payload_condition(self._rest.text, root, column)
                if about is not None:
                    conditions.append(about[0] if part.special == "0" else f"({about[0]} OR {part.special})")
                    more += about[1]

    def matches(self, first: int, last: int) -> list[int]:
        """Return the seqs that the filter leaves between two, both included; the list itself stays as it is."""
        kept = self.seqs, self.scanned
        self.seqs, self.scanned, self._is_cancelled = array("q"), first - 1, False
        try:
            self._look_at(first, last, None)
            return list(self.seqs)
        finally:
            self.seqs, self.scanned = kept

    def _look_at(self, first: int, last: int, end: float | None) -> None:
        where, values = self._own_condition(first, last)
        joins = self._facts.joins(first, last)
        conditions = [where, *self._predicate_conditions]
        if self._predicate_names is not None:
            conditions.append(self._predicate_names.condition())
        self._facts.follow()
        statements: list[str] = []
        asked_with: list[Any] = []
        for part in self._facts.parts:
            about, more = self._about_payload.get(part, ((), ()))
            asked = ", ".join(["e.seq", *self._asked.get(part, ())])
            wanted = " AND ".join([*conditions, part.condition, *about])
            statements.append(f"SELECT {asked} FROM {part.source} WHERE {wanted}")  # noqa: S608 - our own words
            asked_with += [*values, *self._predicate_values, *more]
        longest = LONGEST_VALUE if self._asked else LONGEST_NAME
        # Each part comes in the order of its events, so SQLite merges them as they come.
        rows = self._connection.each(f"{' UNION ALL '.join(statements)} ORDER BY 1", asked_with, longest=longest)
        for number, block in enumerate(_blocks(rows)):
            # Not before the first one: a piece that takes longer than the time there is would never get done.
            if number and self._rest is not None and self._is_over(end):
                return
            until = block[-1][0] if len(block) == _ASKED_AT_ONCE else last
            found, stopped_at = self._decide(block, joins, until, (where, values), end)
            self.seqs.extend(found)
            if stopped_at is not None:
                self.scanned = stopped_at - 1
                return
            self.scanned = until

    def _own_condition(self, first: int, last: int) -> tuple[str, list[Any]]:
        """Return SQL, and its values, for all of the filter but the predicate, on the events between two."""
        conditions = ["e.seq BETWEEN ? AND ?", *self._conditions]
        values: list[Any] = [first, last, *self._values]
        conditions += [names.condition() for names in self._names]
        for search in (*self._texts, *self._without):
            condition, more = search.condition(first, last)
            conditions.append(f"NOT {condition}" if search in self._without else condition)
            values += more
        return " AND ".join(conditions), values

    def _decide(
        self, block: list[Any], joins: frozenset[int], until: int, own: tuple[str, list[Any]], end: float | None
    ) -> tuple[list[int], int | None]:
        """Evaluate the predicate on some rows, and on the joins among what is looked at now.

        Returns:
            The seqs of those for which it holds; and of the row at which there was no more time, or None.
        """
        special = {seq for seq in joins if self.scanned < seq <= until}
        rest, stopped_at = self._rest, None
        held = [row[0] for row in block if row[0] not in special] if rest is None else []
        for place, (seq, is_special, data, *names) in enumerate(block if rest is not None else ()):
            assert rest is not None
            if place and self._is_over(end):
                stopped_at = seq
                break
            if is_special:
                special.add(seq)
            elif seq not in special and self._facts.holds(rest, data, names):
                held.append(seq)
        if special:
            wanted = [seq for seq in special if stopped_at is None or seq < stopped_at]
            more, stopped_there = self._facts.special_holds(wanted, own, lambda: self._is_over(end))
            stopped_at = stopped_there or stopped_at
            held = sorted(seq for seq in (*held, *more) if stopped_at is None or seq < stopped_at)
        return held, stopped_at

    def _is_over(self, end: float | None) -> bool:
        return self._is_cancelled or (end is not None and time.monotonic() >= end)


def _blocks(rows: Iterator[Any]) -> Iterator[list[Any]]:
    """Yield rows some at a time; at least one block, which may be empty, and the last has room for more."""
    while True:
        block = list(islice(rows, _ASKED_AT_ONCE))
        yield block
        if len(block) < _ASKED_AT_ONCE:
            return


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
