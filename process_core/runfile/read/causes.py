"""What led to what: one walk back over causes and one forward over effects, for a run file and for events in memory."""

import heapq
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from process_core.runfile.read.connection import Connection

REACH: Final = 100_000
"""Events after an event among which its effects are looked for, if the caller does not say."""

_OUTSIDE_TYPES = frozenset({"started", "response"})
# Effects mostly follow soon: the first pieces are small, and the later ones large enough that their number is.
_FIRST_PIECE = 256
_LARGEST_PIECE = 65_536
_BLOCK = 4096
"""Events whose earliest cause is kept: 250 blocks in a million events."""


class HasCauses(Protocol):
    """An event as far as its causes go: a `Row`, an `EventRecord` or a `WorkflowEvent`."""

    @property
    def seq(self) -> int:
        """Place in the run, from 1."""

    @property
    def type(self) -> str:
        """Type of the event."""

    @property
    def path(self) -> str:
        """Path of what it is about."""

    @property
    def causes(self) -> tuple[int, ...]:
        """Seqs of the events that led to it."""


E = TypeVar("E", bound=HasCauses)


class Ancestor(NamedTuple, Generic[E]):
    """An event that led to another.

    Attributes:
        seq: Its place in the run.
        depth: Steps back to it, by the shortest way.
        event: The event, or None if the run does not have it.
    """

    seq: int
    depth: int
    event: E | None


def walk_back(
    causes: Iterable[int],
    read: Callable[[Collection[int]], Iterable[E]],
    limit: int,
    *,
    ends_at: Collection[str] = (),
) -> tuple[list[Ancestor[E]], tuple[int, ...]]:
    """Follow causes back to the outside input, the nearest event first and each once.

    Args:
        causes: Where to begin: the causes of the event in question, or what an earlier walk left.
        read: Returns the events of some seqs; those that do not exist are left out.
        limit: How many ancestors to return at most.
        ends_at: Types of events whose own causes are not followed.

    Returns:
        The ancestors by falling seq, and where to go on if the limit cut the walk.
    """
    # A cause comes before its effects, so when an event is the latest of those waiting, all of its effects have been
    # seen: its depth is final and it is read once.
    depths = dict.fromkeys(causes, 1)
    waiting = [-seq for seq in depths]
    heapq.heapify(waiting)
    events: dict[int, E | None] = {}
    ancestors: list[Ancestor[E]] = []
    while waiting and len(ancestors) < limit:
        seq = -waiting[0]
        if seq not in events:
            nearest = [-number for number in heapq.nsmallest(limit - len(ancestors), waiting)]
            wanted = [number for number in nearest if number not in events]
            events.update(dict.fromkeys(wanted))
            events.update((event.seq, event) for event in read(wanted))
        heapq.heappop(waiting)
        event = events[seq]
        ancestors.append(Ancestor(seq, depths[seq], event))
        for cause in event.causes if event is not None and event.type not in ends_at else ():
            if cause not in depths and cause < seq:
                heapq.heappush(waiting, -cause)
            depths[cause] = min(depths.get(cause, depths[seq] + 1), depths[seq] + 1)
    return ancestors, tuple(sorted(-number for number in waiting))


def walk_forward(
    seq: int,
    links: Callable[[int, int], Iterable[tuple[int, int]]],
    last: int,
    *,
    limit: int,
    depth: int | None = None,
    reach: int = REACH,
) -> dict[int, int]:
    """Return what an event led to, seq -> steps away; since causes come first, one look forward finds all of it.

    Args:
        seq: The event.
        links: Returns pairs of an event and one of its causes, for the events between two seqs, in order.
        last: The last event that counts.
        limit: How many effects to return at most.
        depth: Steps away at most; None for any.
        reach: How many events after it to look at.
    """
    depths = {seq: 0}
    for first, end in _pieces(seq + 1, min(last, seq + reach)):
        for effect, cause in links(first, end):
            away = depths.get(cause)
            if away is None or effect in depths or (depth is not None and away >= depth):
                continue
            depths[effect] = away + 1
            if len(depths) > limit:
                break
        if len(depths) > limit:
            break
    del depths[seq]
    return depths


def is_from_outside(event: HasCauses) -> bool:
    """Return whether an event is outside input: it has no cause, and is not about the run as a whole."""
    return not event.causes and (event.type in _OUTSIDE_TYPES or (event.type == "event_emitted" and not event.path))


def read_links(connection: Connection, first: int, last: int) -> list[tuple[int, int]]:
    """Return pairs of an event and one of its causes, for the events between two seqs, in order."""
    sql = """
        SELECT seq, cause FROM events WHERE seq BETWEEN ? AND ? AND cause IS NOT NULL
        UNION SELECT seq, cause FROM causes WHERE seq BETWEEN ? AND ? ORDER BY seq
    """
    return [(seq, cause) for seq, cause in connection.rows(sql, (first, last, first, last))]


class Effects:
    """Finds what events led to.

    An index from cause to effect would cost each event more than its own row does, so effects are looked for forwards.
    Causes are mostly recent, so that a block of events has none from before it but a few: the earliest cause of each
    block that was looked through is kept, and a block whose earliest cause is later than an event has no effect of it.

    Args:
        connection: To the run file.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._earliest: dict[int, int] = {}

    def of(self, seq: int, limit: int, reach: int | None = None) -> Sequence[int]:
        """Return the seqs of the direct effects of an event, `limit` at most, among the `reach` events after it."""
        written = self._connection.last_seq()
        last = written if reach is None else min(written, seq + reach)
        effects: list[int] = []
        first = seq + 1
        while first <= last and len(effects) < limit:
            block = first // _BLOCK
            end = min(last, (block + 1) * _BLOCK - 1)
            # The block that an event is in has causes from before it, and may still grow.
            if first > block * _BLOCK or end < (block + 1) * _BLOCK - 1 or self._earliest_cause(block) <= seq:
                effects += self._between(first, end, seq, limit - len(effects))
            first = end + 1
        return effects

    def _between(self, first: int, last: int, seq: int, limit: int) -> list[int]:
        sql = """
            SELECT seq FROM events WHERE seq BETWEEN ? AND ? AND cause = ?
            UNION SELECT seq FROM causes WHERE seq BETWEEN ? AND ? AND cause = ? ORDER BY seq LIMIT ?
        """
        effects: list[int] = []
        for start, end in _pieces(first, last):
            rows = self._connection.rows(sql, (start, end, seq, start, end, seq, limit - len(effects)))
            effects += [effect for (effect,) in rows]
            if len(effects) >= limit:
                break
        return effects

    def _earliest_cause(self, block: int) -> int:
        """Return the earliest cause of the events of a whole block, which is then kept: events never change."""
        earliest = self._earliest.get(block)
        if earliest is None:
            sql = """
                SELECT min(cause) FROM (
                    SELECT min(cause) AS cause FROM events WHERE seq BETWEEN ? AND ?
                    UNION ALL SELECT min(cause) FROM causes WHERE seq BETWEEN ? AND ?
                )
            """
            first, last = block * _BLOCK, (block + 1) * _BLOCK - 1
            cause = self._connection.rows(sql, (first, last, first, last))[0][0]
            earliest = self._earliest[block] = cause if isinstance(cause, int) else last
        return earliest


def read_origin(connection: Connection, seq: int, limit: int) -> tuple[int, int]:
    """Go back through the last cause of each event, `limit` steps at most; return where that ends and the steps."""
    sql = """
        WITH RECURSIVE back(seq, steps) AS (
            VALUES (?, 0)
            UNION ALL
            SELECT e.cause, back.steps + 1 FROM back JOIN events e ON e.seq = back.seq
            WHERE e.cause < back.seq AND back.steps < ?
        )
        SELECT seq, steps FROM back ORDER BY steps DESC LIMIT 1
    """
    origin, steps = connection.rows(sql, (seq, limit))[0]
    return origin, steps


def _pieces(first: int, last: int) -> Iterable[tuple[int, int]]:
    size = _FIRST_PIECE
    while first <= last:
        end = min(last, first + size - 1)
        yield first, end
        first, size = end + 1, min(size * 4, _LARGEST_PIECE)
