"""The filter at work: the run file is looked through bit by bit as it grows, and the rows that fit become lines."""

from bisect import bisect_right
from collections.abc import Callable
from time import monotonic

from process_core.errors import ProcessError
from tui.timeline.filter import Query, parse_filter
from tui.timeline.source import TimelineSource
from tui.timeline.window import Window

SLICE: float = 0.01
"""Seconds of looking before keys get their turn."""
_SCREEN = 100
_REPORT_EVERY = 0.1  # seconds, for what is found in the background
Later = Callable[[Callable[[], None]], object]


class FilterRunner:
    """Keeps a window to the rows that a filter lets through.

    Args:
        later: Calls a function when keys have had their turn.
        changed: Is called after rows were looked at in the background.

    Attributes:
        looked_at: Seq of the last row that was looked at.
        query: The filter, or None where every row is shown.
        problem: Why it cannot look on, empty where it can.
    """

    def __init__(self, later: Later, changed: Callable[[], None]) -> None:
        self._later = later
        self._changed = changed
        self._source: TimelineSource | None = None
        self._window: Window | None = None
        self._is_waiting = False
        self._reported = 0.0
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
        """Change the filter; raises `FilterError` and changes nothing where the text means nothing."""
        self.query = parse_filter(text)
        self._start()

    def grow(self) -> None:
        """Look at rows that were written since."""
        if self.query is not None and not self._is_waiting:
            self._look()

    def _start(self) -> None:
        self.looked_at, self.problem = 0, ""
        if self._window is None:
            return
        if self.query is None:
            self._window.show_all()
        else:
            self._window.show_hits()
            self.grow()

    def _look(self) -> None:
        source, window, query = self._source, self._window, self.query
        if source is None or window is None or query is None or not window.written:
            return
        try:
            # Asked for each time: the file keeps few lists, and one that it let go begins at the first row again.
            rows = source.view(query.filter)
            is_through = rows.advance(SLICE)
        except ProcessError as error:
            self.problem = str(error)
            return
        self.problem = _overwork(rows.overworked) if rows.overworked else ""
        # The file may be ahead of what the screen knows to be written.
        first, last = bisect_right(rows.seqs, self.looked_at), bisect_right(rows.seqs, window.written)
        window.add_hits(rows.seqs[first:last])
        self.looked_at = max(self.looked_at, min(rows.scanned, window.written))
        if not is_through and self.looked_at < window.written:
            self._is_waiting = True
            self._later(self._tick)

    def _tick(self) -> None:
        self._is_waiting = False
        if self.query is None:
            return
        before = self._window.count if self._window is not None else 0
        self._look()
        # The first rows are shown at once; after that a few pictures a second will do.
        now = monotonic()
        if before < _SCREEN or not self._is_waiting or now - self._reported > _REPORT_EVERY:
            self._reported = now
            self._changed()


def _overwork(times: int) -> str:
    left_out = "1 event is" if times == 1 else f"{times:,} events are"
    return f"{left_out} left out: the filter would take too much work there"
