"""The filter at work: the run file is looked through bit by bit as it grows, and the hits become lines."""

from bisect import bisect_right
from collections.abc import Callable
from time import monotonic

from process_core.errors import ProcessError
from tui.timeline.filter import Query, parse_filter
from tui.timeline.hits import Combined
from tui.timeline.source import TimelineSource
from tui.timeline.window import Window

SLICE: float = 0.01
"""Seconds of looking before keys get their turn."""
_SCREEN = 100
_NEWS = 0.1  # seconds between two reports of what was found in the background
Later = Callable[[Callable[[], None]], object]


class FilterRunner:
    """Keeps a window to the rows that a filter lets through.

    Args:
        later: Calls a function when keys have had their turn.
        changed: Is called after rows were looked at in the background.

    Attributes:
        query: The filter, or None where every row is shown.
        problem: Why it cannot look on, empty where it can.
    """

    def __init__(self, later: Later, changed: Callable[[], None]) -> None:
        self._later = later
        self._changed = changed
        self._source: TimelineSource | None = None
        self._window: Window | None = None
        self._hits: Combined | None = None
        self._taken = 0
        self._is_waiting = False
        self._told = 0.0
        self.looked_at = 0
        self.query: Query | None = None
        self.problem = ""

    @property
    def hidden(self) -> int:
        """Number of rows that were looked at and are not shown."""
        return max(0, self.looked_at - self._window.count) if self._window and self.query else 0

    @property
    def progress(self) -> float:
        """Share of the rows that were looked at, 0 to 1."""
        written = self._window.written if self._window else 0
        return 1.0 if not self.query or not written else min(1.0, self.looked_at / written)

    def attach(self, source: TimelineSource | None, window: Window | None) -> None:
        """Work on other rows from now on, with the same filter."""
        self._source, self._window = source, window
        self._start()

    def set(self, text: str) -> None:
        """Change the filter; the work for the one before is given up.

        Args:
            text: As `parse_filter` reads it; empty shows all.

        Raises:
            FilterError: The text means nothing; nothing has changed.
        """
        self.query = parse_filter(text)
        self._start()

    def grow(self) -> None:
        """Look at rows that were written since."""
        if self.query is not None and not self._is_waiting:
            self._look()

    def _start(self) -> None:
        self._hits, self._taken, self.looked_at, self.problem = None, 0, 0, ""
        if self._window is None or self._source is None:
            return
        if self.query is None:
            self._window.show_all()
        else:
            self._hits = Combined(self._source, self.query)
            self._window.show_hits()
            self.grow()

    def _look(self) -> None:
        hits, window = self._hits, self._window
        if hits is None or window is None or not window.written:
            return
        try:
            is_through = hits.advance(SLICE)
        except ProcessError as error:
            self.problem = str(error)
            return
        until = bisect_right(hits.seqs, window.written)  # the file may be ahead of what the screen was told
        window.add_hits(hits.seqs[self._taken : until])
        self._taken = max(self._taken, until)
        self.looked_at = min(hits.scanned, window.written)
        if not is_through and self.looked_at < window.written:
            self._is_waiting = True
            self._later(self._tick)

    def _tick(self) -> None:
        self._is_waiting = False
        if self.query is None:
            return
        had = self._window.count if self._window is not None else 0
        self._look()
        # The first rows are shown at once; after that a few pictures a second will do.
        now = monotonic()
        if had < _SCREEN or not self._is_waiting or now - self._told > _NEWS:
            self._told = now
            self._changed()
