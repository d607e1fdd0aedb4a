"""What each step has done, so far or up to an earlier event; and what would run again from there."""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from process_core.runfile.errors import RunFileError
from process_core.runfile.read.connection import Connection

_COUNTED: Final = {
    "executor_invoked": "invoked",
    "executor_completed": "completed",
    "executor_failed": "failed",
    "executor_cancelled": "cancelled",
}
_STRIDE: Final = 16_384
"""Events from one point at which past counts are kept to the next."""

Tallied = tuple[str, str, int, int]
"""Path, type, number of events, seq of the last; one path and type may come in several parts."""


@dataclass(slots=True)
class StepCount:
    """How often a step did what.

    Attributes:
        invoked: Functions begun.
        completed: Functions that came to their end.
        failed: Functions that raised.
        cancelled: Functions that were cancelled.
        last_seq: Seq of the step's last event of any type.
    """

    invoked: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    last_seq: int = 0

    @property
    def running(self) -> int:
        """Functions that have begun and not ended."""
        return max(0, self.invoked - self.completed - self.failed - self.cancelled)


class EventTotals(NamedTuple):
    """Events that have all their names in common; one combination of names may come in several parts.

    Attributes:
        number: How many there are.
        last: Seq of the last one.
    """

    type: str
    path: str
    function: str | None
    event_id: str | None
    code: str | None
    number: int
    last: int


_TOTALS_TYPES: tuple[Any, ...] = (str, str, str | None, str | None, str | None, int, int)


def read_totals(connection: Connection, until: int | None = None, after: int = 0) -> list[EventTotals]:
    """Count the events by their names, in the order of the last event of each.

    Only the counts up to now (`until` None, `after` 0) are kept in the file; for others the events are gone through.
    """
    counted, values = "tallies t", tuple[int, ...]()
    if until is not None or after:
        where = "WHERE seq > ? AND seq <= ? GROUP BY shape"
        counted = f"(SELECT shape, count(*) number, max(seq) last FROM events {where}) t"  # noqa: S608 - our own words
        values = (after, connection.last_seq() if until is None else until)
    sql = f"""
        SELECT s.type, s.path, s.function, s.event_id, s.code, t.number, t.last
        FROM {counted} JOIN shapes s ON s.id = t.shape ORDER BY t.last
    """  # noqa: S608 - our own words
    rows = connection.rows(sql, values)
    for row in rows:
        # SQLite keeps whatever a file from elsewhere put into its columns.
        if not all(isinstance(value, kind) for value, kind in zip(row, _TOTALS_TYPES, strict=True)):
            raise RunFileError(connection.path, f"it is damaged: the counts of {row[1]!r:.80} cannot be read")
    return [EventTotals(*row) for row in rows]


class StepCounts:
    """Counts the events about each step.

    For now that costs nothing. For the past the events are gone through once, as far as anybody asks, which takes about
    0.2 seconds for a million; after that an answer costs a few milliseconds wherever in the run it is asked for.

    Args:
        connection: Where to read.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._kept: list[dict[int, tuple[int, int]]] = [{}]
        self._names: dict[int, tuple[str, str]] = {}
        self._latest: tuple[int, list[Tallied]] = (0, [])

    def step_counts(self, until: int | None = None) -> dict[str, StepCount]:
        """Return what each step did up to an event, by path; only steps that events are about."""
        counts: dict[str, StepCount] = {}
        for path, kind, number, last in self._tallied(until):
            count = counts.setdefault(path, StepCount())
            count.last_seq = max(count.last_seq, last)
            if kind in _COUNTED:
                setattr(count, _COUNTED[kind], getattr(count, _COUNTED[kind]) + number)
        return counts

    def last_seqs(self, types: Collection[str], until: int | None = None) -> dict[str, dict[str, int]]:
        """Return the last event of each type about each step: path -> type -> seq."""
        by_path: dict[str, dict[str, int]] = {}
        for path, kind, _, last in self._tallied(until):
            if kind in types:
                seqs = by_path.setdefault(path, {})
                seqs[kind] = max(last, seqs.get(kind, 0))
        return by_path

    def prepare(self, seconds: float) -> bool:
        """Go through events for about `seconds`, so that asking for the past costs less; return whether all are."""
        end = time.monotonic() + seconds
        whole = self._connection.last_seq() // _STRIDE
        while len(self._kept) <= whole:
            if time.monotonic() >= end:
                return False
            self._keep()
        return True

    def _tallied(self, until: int | None) -> Iterable[Tallied]:
        if until is None or until >= self._connection.last_seq():
            sql = """
                SELECT s.path, s.type, sum(t.number), max(t.last) FROM tallies t JOIN shapes s ON s.id = t.shape
                GROUP BY s.path, s.type
            """
            return self._sound(self._connection.rows(sql))
        seq, tallied = self._latest
        if seq != until or not tallied:
            counts = self._at(until).items()
            tallied = self._sound([(*self._named(shape), number, last) for shape, (number, last) in counts])
            self._latest = (until, tallied)
        return tallied

    def _sound(self, tallied: list[Any]) -> list[Tallied]:
        """Make sure of the types: SQLite keeps whatever a file from elsewhere put into its columns."""
        for row in tallied:
            if not all(isinstance(value, kind) for value, kind in zip(row, (str, str, int, int), strict=True)):
                raise RunFileError(self._connection.path, f"it is damaged: the counts of {row[0]!r:.80} cannot be read")
        return tallied

    def _at(self, seq: int) -> dict[int, tuple[int, int]]:
        """Return, for each shape, how many events there were and the last of them."""
        whole = max(seq, 0) // _STRIDE
        while len(self._kept) <= whole:
            self._keep()
        return self._with(self._kept[whole], whole * _STRIDE, seq)

    def _keep(self) -> None:
        first = (len(self._kept) - 1) * _STRIDE
        self._kept.append(self._with(self._kept[-1], first, first + _STRIDE))

    def _with(self, before: dict[int, tuple[int, int]], after: int, until: int) -> dict[int, tuple[int, int]]:
        counted = dict(before)
        sql = "SELECT shape, count(*), max(seq) FROM events WHERE seq > ? AND seq <= ? GROUP BY shape"
        for shape, number, last in self._connection.rows(sql, (after, until)):
            counted[shape] = (counted.get(shape, (0, 0))[0] + number, last)
        return counted

    def _named(self, shape: int) -> tuple[str, str]:
        if shape not in self._names:
            rows = self._connection.rows("SELECT id, path, type FROM shapes")
            self._names.update((number, (path, kind)) for number, path, kind in rows)
        return self._names.setdefault(shape, ("", ""))


class RerunPreview(NamedTuple):
    """The calls after a superstep.

    Attributes:
        seq: Seq of the last event that stays.
        calls: Path and number of calls of each step that was called since, or had not ended then.
    """

    seq: int
    calls: tuple[tuple[str, int], ...]
