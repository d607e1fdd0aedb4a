"""Which rows of a run file stand where in the timeline: an index of the hits and a cache of pages, never all rows."""

from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable

from process_core.errors import ProcessError
from tui.timeline.source import EventRow, TimelineSource

PAGE: int = 128
"""Rows of a page."""
_PAGES = 64


class Window:
    """The rows of a run file as the lines of a list, all of them or the hits of a filter.

    Args:
        source: The run file.

    Attributes:
        source: The run file.
        written: Seq of the last row that is there.
        problem: Why the last page could not be read, empty where it could.
    """

    def __init__(self, source: TimelineSource) -> None:
        self.source = source
        self._hits: array[int] | None = None
        self._pages: OrderedDict[int, list[EventRow | None]] = OrderedDict()
        self.written = 0
        self.problem = ""

    @property
    def count(self) -> int:
        """Number of lines."""
        return self.written if self._hits is None else len(self._hits)

    def grow(self, written: int) -> None:
        """Take note of the seq of the last row that is written."""
        self.written = max(written, self.written)

    def show_all(self) -> None:
        """Make every row a line."""
        self._hits = None
        self._pages.clear()

    def show_hits(self) -> None:
        """Make lines of those rows alone that are added from now on."""
        self._hits = array("Q")
        self._pages.clear()

    def add_hits(self, seqs: Iterable[int]) -> None:
        """Add lines at the end, for rising seqs."""
        if self._hits is None:
            return
        last = self._hits[-1] if self._hits else 0
        self._hits.extend(seq for seq in seqs if seq > last)

    def reveal(self, seq: int) -> None:
        """Make a line of a row that the filter hides."""
        if self._hits is None or not 1 <= seq <= self.written:
            return
        place = bisect_left(self._hits, seq)
        if place == len(self._hits) or self._hits[place] != seq:
            self._hits.insert(place, seq)
            for page in [page for page in self._pages if page >= place // PAGE]:
                del self._pages[page]

    def seq_at(self, index: int) -> int:
        """Return the seq of a line; the line must be there."""
        return index + 1 if self._hits is None else self._hits[index]

    def index_of(self, seq: int) -> int | None:
        """Return the line of a row, or None where it has none."""
        if self._hits is None:
            return seq - 1 if 1 <= seq <= self.written else None
        place = bisect_left(self._hits, seq)
        return place if place < len(self._hits) and self._hits[place] == seq else None

    def index_near(self, seq: int) -> int:
        """Return the line of a row, or of the last one before it that has a line (-1 where there are no lines)."""
        if self._hits is None:
            return min(max(seq, 1), self.written) - 1
        return min(max(bisect_right(self._hits, seq) - 1, 0), len(self._hits) - 1)

    def row_at(self, index: int) -> EventRow | None:
        """Return the row of a line, or None where there is none."""
        if not 0 <= index < self.count:
            return None
        page = self._page(index // PAGE, index % PAGE + 1)
        place = index % PAGE
        return page[place] if place < len(page) else None

    def row(self, seq: int) -> EventRow | None:
        """Return a row by its seq, whether it has a line or not."""
        if not 1 <= seq <= self.written:
            return None
        if self._hits is None:
            return self.row_at(seq - 1)
        try:
            return self.source.row(seq)
        except ProcessError as error:
            self.problem = str(error)
            return None

    def prefetch(self, first: int, last: int) -> None:
        """Read the pages around a part of the list, one page each way."""
        final = (self.count - 1) // PAGE
        for number in range(max(0, first // PAGE - 1), min(final, last // PAGE + 1) + 1):
            self._page(number, 1)

    def _page(self, number: int, needed: int) -> list[EventRow | None]:
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = []
            while len(self._pages) > _PAGES:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(number)
        if len(page) < needed:
            page.extend(self._read(number * PAGE + len(page), min(self.count, (number + 1) * PAGE)))
        return page

    def _read(self, start: int, stop: int) -> list[EventRow | None]:
        try:
            if self._hits is None:
                return list(self.source.page(start, stop - start))
            return [self.source.row(seq) for seq in self._hits[start:stop]]
        except ProcessError as error:
            self.problem = str(error)
            return []
