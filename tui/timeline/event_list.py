"""The list behind the timeline: draws the lines of a window that are on the screen, and scrolls; knows no keys."""

from collections.abc import Sequence
from typing import ClassVar

from textual.geometry import Size
from textual.strip import Strip

from tui.timeline import css as look
from tui.timeline.columns import Marks, cells_of, header, layout_for
from tui.timeline.error_text import NOTED, note_of
from tui.timeline.event_styles import Tone
from tui.timeline.line_renderer import COMPONENTS, Painter
from tui.timeline.spans import Span, fit, mark_matches
from tui.timeline.window import Window
from tui.widgets.scroll_view import TrueScrollView

HEADER: int = 1
"""Lines above the rows: the titles of the columns."""


class EventList(TrueScrollView):
    """Lines of events under a line of titles, over a line that says what is hidden where there is something to say."""

    DEFAULT_CSS = look.CSS
    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS)
    ALLOW_SELECT = False

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._window: Window | None = None
        self._painter = Painter(self)
        self._columns = layout_for(0, 0)
        self._origin = 0.0
        self._lanes: dict[str, int] = {}
        self._cursor = 0  # seq of the row under the cursor; 0 before there is one
        self._causes: frozenset[int] = frozenset()
        self._lit: frozenset[int] = frozenset()
        self._paused: int | None = None
        self._breakpoints: frozenset[str] = frozenset()
        self._marked: tuple[str, ...] = ()
        self._badge: Sequence[Span] = ()
        self._status: Sequence[Span] = ()
        self._scrolls_itself = False
        self._prefetch_asked = False

    @property
    def body(self) -> int:
        """Number of lines on the screen that rows have."""
        return max(0, self.scrollable_content_region.height - HEADER - bool(self._status))

    def resize_list(self, badge: Sequence[Span], status: Sequence[Span]) -> None:
        """Take note of how many lines there are now, and what stands at the edges.

        Args:
            badge: At the right of the titles.
            status: Under the rows; nothing gives the line to the rows.
        """
        count = self._window.count if self._window is not None else 0
        if tuple(badge) != tuple(self._badge):
            self._badge = badge
            self._refresh_screen_lines(0, HEADER)
        if tuple(status) != tuple(self._status):
            if bool(status) != bool(self._status):
                self.refresh()
            self._status = status
            self._refresh_screen_lines(self.scrollable_content_region.height - 1, 1)
        self.virtual_size = Size(0, count + HEADER + bool(status) if count else 0)

    def scroll_rows(self, first: int) -> None:
        """Show the lines from one on, at once.

        Args:
            first: The line at the top, or the nearest that can be.
        """
        self._scrolls_itself = True
        self.scroll_to(y=first, animate=False, force=True, immediate=True)
        self._scrolls_itself = False

    def show_line(self, index: int, *, centre: bool = False) -> None:
        """Scroll no further than it takes to see a line.

        Args:
            index: The line.
            centre: Where it takes scrolling, put the line in the middle.
        """
        top, body = self.scroll_offset.y, self.body
        if top <= index < top + body:
            return
        if centre:
            self.scroll_rows(index - body // 2)
        else:
            self.scroll_rows(index if index < top else index - body + 1)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        region = self.scrollable_content_region
        width, height = region.size
        if y < HEADER:
            return self._titles(width)
        if self._status and y == height - 1:
            spans = fit(self._status, width, Tone.QUIET)
            return self._painter.paint(spans, width, "status-line")
        index = self.scroll_offset.y + y - HEADER
        if self._window is None or not 0 <= index < self._window.count:
            return self._painter.paint([Span(" " * width, Tone.TEXT)], width)
        return self._row(self._window, index, width)

    def notify_style_update(self) -> None:
        """Forget the colours of the theme before."""
        super().notify_style_update()
        self._painter.forget()

    def _titles(self, width: int) -> Strip:
        last = self._window.written if self._window is not None else 0
        columns = layout_for(width, last)
        room = sum(len(span.text) for span in self._badge)  # drawn in cells of one character each
        titles = fit(header(columns), max(0, width - room), Tone.QUIET)
        left = self._painter.paint(titles, max(0, width - room), "header")
        return Strip.join([left, self._painter.paint(fit(self._badge, min(room, width)), min(room, width), "badge")])

    def _row(self, window: Window, index: int, width: int) -> Strip:
        seq = window.seq_at(index)
        if self._columns.width != width or self._columns.last_seq < window.written:
            self._columns = layout_for(width, window.written)
        row = window.row_at(index)
        if not self._prefetch_asked:
            self._prefetch_asked = True
            self.call_later(self._prefetch)
        if row is None:
            spans = fit([Span(f"  {seq}  cannot be read: {window.problem or 'not written yet'}", Tone.WARN)], width)
            return self._painter.paint(spans, width)
        marks = Marks(
            cursor=seq == self._cursor,
            paused=seq == self._paused,
            breakpoint=row.event_id is not None and row.event_id in self._breakpoints,
            cause=seq in self._causes or seq in self._lit,
            effect=self._cursor in row.causes,
        )
        ground = self._ground(marks)
        key = (seq, self._columns, marks, ground, self._marked)
        strip = self._painter.kept(key)
        if strip is None:
            note = note_of(row, window.source) if row.type in NOTED else ""
            spans = cells_of(row, self._columns, self._origin, self._lanes, marks=marks, note=note)
            strip = self._painter.paint(mark_matches(spans, self._marked), width, ground, key)
        return strip

    def _ground(self, marks: Marks) -> str:
        if marks.cursor:
            return "cursor" if self.has_focus else "cursor-away"
        if marks.paused:
            return "paused"
        return "lit" if marks.cause or marks.effect else ""

    def _prefetch(self) -> None:
        self._prefetch_asked = False
        if self._window is not None:
            top = self.scroll_offset.y
            self._window.prefetch(top, top + self.body)

    def _refresh_screen_lines(self, y: int, count: int) -> None:
        self.refresh_lines(y + self.scroll_offset.y, count)
