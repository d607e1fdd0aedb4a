"""What led to what in a run file, and its events summed up: what a question about causes needs."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from process_core.runfile.errors import RunFileError
from process_core.runfile.read.connection import Connection
from process_core.runfile.read.rows import Row, rows_of

_AT_ONCE = 500


class RecordedTotals(NamedTuple):
    """Events that have all their names in common; one combination may come in several parts."""

    type: str
    path: str
    function: str | None
    event_id: str | None
    code: str | None
    number: int
    last: int


class RecordedCauses:
    """Reads what led to what.

    There is no index from cause to effect, for it would cost each event more than its own row does: effects come soon
    after their cause, so they are looked for forwards, in pieces, as far as the asker wants to go.

    Args:
        connection: Where to read.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def sums(self, until: int | None = None, after: int = 0) -> list[RecordedTotals]:
        """Sum up the events.

        Args:
            until: The last event that counts; None for now.
            after: The event after which they count. Where not all count, they are gone through one by one.

        Returns:
            The sums.
        """
        counted, values = "tallies t", tuple[int, ...]()
        if until is not None or after:
            where = "WHERE seq > ? AND seq <= ? GROUP BY shape"
            counted = f"(SELECT shape, count(*) number, max(seq) last FROM events {where}) t"  # noqa: S608 - our own words
            values = (after, self._connection.last_seq() if until is None else until)
        sql = f"""
            SELECT s.type, s.path, s.function, s.event_id, s.code, t.number, t.last
            FROM {counted} JOIN shapes s ON s.id = t.shape ORDER BY t.last
        """  # noqa: S608 - our own words
        rows = self._connection.rows(sql, values)
        for row in rows:
            if not all(isinstance(value, kind) for value, kind in zip(row, _TYPES, strict=True)):
                raise RunFileError(self._connection.path, f"it is damaged: the counts of {row[1]!r:.80} cannot be read")
        return [RecordedTotals(*row) for row in rows]

    def links(self, first: int, last: int) -> list[tuple[int, int]]:
        """Give which events were led to by which.

        Args:
            first: Seq of the first event to look at.
            last: Seq of the last one.

        Returns:
            Pairs of an event and one of its causes, by seq of the event.
        """
        sql = """
            SELECT seq, cause FROM events WHERE seq BETWEEN ? AND ? AND cause IS NOT NULL
            UNION SELECT seq, cause FROM causes WHERE seq BETWEEN ? AND ? ORDER BY seq
        """
        return [(seq, cause) for seq, cause in self._connection.rows(sql, (first, last, first, last))]

    def origin(self, seq: int, limit: int) -> tuple[int, int]:
        """Go back from an event through the last cause of each.

        Args:
            seq: Where to start.
            limit: Steps at most.

        Returns:
            Seq of the event where it ends, and the number of steps.
        """
        sql = """
            WITH RECURSIVE back(seq, steps) AS (
                VALUES (?, 0)
                UNION ALL
                SELECT e.cause, back.steps + 1 FROM back JOIN events e ON e.seq = back.seq
                WHERE e.cause < back.seq AND back.steps < ?
            )
            SELECT seq, steps FROM back ORDER BY steps DESC LIMIT 1
        """
        found, steps = self._connection.rows(sql, (seq, limit))[0]
        return found, steps

    def rows(self, seqs: Iterable[int]) -> list[Row]:
        """Read some rows.

        Args:
            seqs: Which.

        Returns:
            Those that there are, in order of seq.
        """
        wanted = sorted(set(seqs))
        found: list[Row] = []
        for start in range(0, len(wanted), _AT_ONCE):
            found += rows_of(self._connection, wanted[start : start + _AT_ONCE])
        return found


_TYPES: tuple[Any, ...] = (str, str, str | None, str | None, str | None, int, int)
