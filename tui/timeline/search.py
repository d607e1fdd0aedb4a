"""The search at work: from the cursor onwards to the next row that fits, round the end, bit by bit."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from enum import Enum

from process_core.errors import ProcessError
from tui.timeline.filter import Query, parse_filter
from tui.timeline.filter_runner import SLICE, Later
from tui.timeline.source import Matches, TimelineSource
from tui.timeline.window import Window


class Outcome(Enum):
    """How a search goes."""

    NONE = "none"
    RUNNING = "running"
    FOUND = "found"
    WRAPPED = "wrapped"
    MISSING = "missing"


class Search:
    """Finds the next row among those shown.

    Args:
        later: Calls a function when keys have had their turn.
        found: Is called with the seq when a row was found in the background, with None when none was.

    Attributes:
        text: What is looked for.
        outcome: How the search goes.
    """

    def __init__(self, later: Later, found: Callable[[int | None], None]) -> None:
        self._later = later
        self._found = found
        self._query: Query | None = None
        self._source: TimelineSource | None = None
        self._window: Window | None = None
        self._from = 0
        self._backwards = False
        self._round = 0
        self.text = ""
        self.outcome = Outcome.NONE

    @property
    def words(self) -> tuple[str, ...]:
        """The words to mark in the rows."""
        return self._query.words if self._query is not None and self.outcome is not Outcome.NONE else ()

    def clear(self) -> None:
        """Look for nothing."""
        self.text, self._query, self.outcome = "", None, Outcome.NONE
        self._round += 1

    def start(self, text: str, source: TimelineSource, window: Window, seq: int, *, backwards: bool) -> int | None:
        """Look for the next row that fits, beginning beside the cursor, which is on the event `seq`.

        Returns:
            The seq, where it was found at once; where `outcome` is RUNNING, `found` is called later.

        Raises:
            FilterError: The text means nothing.
        """
        query = parse_filter(text)
        self.clear()
        if query is None:
            return None
        self._query, self.text = query, query.text
        self._source, self._window, self._from, self._backwards = source, window, seq, backwards
        return self._look()

    def _look(self) -> int | None:
        assert self._source is not None
        assert self._query is not None
        self.outcome = Outcome.RUNNING
        try:
            rows = self._source.view(self._query.filter)
            is_through = rows.advance(SLICE)
        except ProcessError:
            self.outcome = Outcome.MISSING
            return None
        hit = self._next(rows, self._from)
        if hit is not None and (not self._backwards or is_through or rows.scanned >= self._from - 1):
            self.outcome = Outcome.FOUND
            return hit
        if is_through:
            hit = self._next(rows, None)
            self.outcome = Outcome.WRAPPED if hit is not None else Outcome.MISSING
            return hit
        this = self._round
        self._later(lambda: self._tick(this))
        return None

    def _next(self, rows: Matches, seq: int | None) -> int | None:
        """Return the next hit that is shown, from a row or, without one, from the end of the list."""
        assert self._window is not None
        seqs = rows.seqs
        if self._backwards:
            end = len(seqs) if seq is None else bisect_left(seqs, seq)
            places = range(end - 1, -1, -1)
        else:
            places = range(0 if seq is None else bisect_right(seqs, seq), len(seqs))
        return next((seqs[place] for place in places if self._window.index_of(seqs[place]) is not None), None)

    def _tick(self, this: int) -> None:
        if self._round != this:
            return  # another search has begun, or none is wanted any more
        hit = self._look()
        if self.outcome is not Outcome.RUNNING:
            self._found(hit)
