"""The rows that a filter leaves, put together from the lists that the run file makes, bit by bit."""

import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from tui.timeline.filter import Query
from tui.timeline.source import Hits, TimelineSource

_MOST_PATIENCE = 64
_LEAST = 0.001  # seconds that each list has in any case


class Combined:
    """The seqs of the rows that are in every chosen list and in no refused one.

    Args:
        source: The run file.
        query: Which lists.

    Attributes:
        seqs: Those found so far, rising.
        scanned: Seq of the last row looked at.
    """

    def __init__(self, source: TimelineSource, query: Query) -> None:
        self._source = source
        self._query = query
        self.seqs: array[int] = array("q")
        self.scanned = 0
        self._patience = 1
        self._before = 0

    def advance(self, seconds: float) -> bool:
        """Look on.

        Args:
            seconds: For how long.

        Returns:
            Whether everything recorded by now was looked at.

        Raises:
            ProcessError: The file cannot be read.
        """
        filters = (*self._query.chosen, *self._query.refused)
        # Asked for each time: the file keeps few lists, and one that it let go begins anew.
        lists = [self._source.view(chosen) for chosen in filters]
        end = time.monotonic() + seconds * self._patience
        is_through = True
        # The one that is furthest behind has all the time there is: a list gets on best in large pieces.
        for found in sorted(lists, key=lambda found: found.scanned):
            if not found.advance(max(end - time.monotonic(), _LEAST)):
                is_through = False
                break
        place = sum(found.scanned for found in lists)
        self._take(lists[: len(self._query.chosen)], lists[len(self._query.chosen) :])
        # A list that cannot get through its smallest piece in the time it has would never get anywhere.
        has_moved = is_through or place > self._before
        self._before = place
        self._patience = 1 if has_moved else min(2 * self._patience, _MOST_PATIENCE)
        return is_through

    def after(self, seq: int) -> int | None:
        """Give the next hit found so far."""
        place = bisect_right(self.seqs, seq)
        return self.seqs[place] if place < len(self.seqs) else None

    def before(self, seq: int) -> int | None:
        """Give the hit before, of those found so far."""
        place = bisect_left(self.seqs, seq)
        return self.seqs[place - 1] if place else None

    def _take(self, chosen: Sequence[Hits], refused: Sequence[Hits]) -> None:
        until = min(found.scanned for found in (*chosen, *refused))
        if until <= self.scanned:
            return
        parts = [_between(found, self.scanned, until) for found in chosen]
        first, *others = sorted(parts, key=len)
        if others or refused:
            common = set(first).intersection(*others)
            common.difference_update(*(_between(found, self.scanned, until) for found in refused))
            self.seqs.extend(sorted(common))
        else:
            self.seqs.extend(first)
        self.scanned = until


def _between(found: Hits, after: int, until: int) -> Sequence[int]:
    seqs = found.seqs
    return seqs[bisect_right(seqs, after) : bisect_right(seqs, until)]
