"""The timeline: a list of a run's events that costs the same whether it holds a hundred or a million."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from process_core.errors import ProcessError
from process_core.runfile import is_from_outside, walk_back
from tui.moment import Moment
from tui.text.spans import Span
from tui.timeline.filter import FilterError
from tui.timeline.filter_runner import FilterRunner
from tui.timeline.line_renderer import LineRenderer, RowMarks, badge, status_line
from tui.timeline.search import Search
from tui.timeline.source import EventRow, TimelineSource
from tui.timeline.window import Window
from tui.widgets.cursor_list import CursorList

_PAUSE = 0.002  # seconds in which keys have their turn between two slices of looking
_JUMPS = 100  # jumps that can be taken back
_ANCESTORS = 64  # causes that are lit; a screen shows no more


class TimelineView(CursorList):
    """The events of one run, read from its run file as they are shown.

    The cursor stays on its event; the tail is followed for as long as the user wants.

    Attributes:
        follow: Whether the newest event is kept in sight; a matter of the view alone, capture never depends on it.
    """

    DEFAULT_CSS = """
    TimelineView { background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "cause", "To the cause", show=False),
        Binding("right,l", "effect", "To the effect", show=False),
        Binding("backspace", "back", "Back from a jump", show=False),
        Binding("enter", "activate", "Open", show=False),
    ]
    HEADER = 1

    follow: reactive[bool] = reactive(True)

    class EventSelected(Message):
        """The cursor has come to an event; `automatic` where the timeline went there itself, following the tail."""

        def __init__(self, row: EventRow, *, automatic: bool = False) -> None:
            self.row = row
            self.automatic = automatic
            super().__init__()

        def can_replace(self, message: Message) -> bool:
            """Let only the last of a burst arrive."""
            return isinstance(message, TimelineView.EventSelected)

    class EventActivated(Message):
        """The user asks for more about an event (Enter, or a double click)."""

        def __init__(self, row: EventRow) -> None:
            self.row = row
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._source: TimelineSource | None = None
        self._window: Window | None = None
        self._marks = RowMarks()
        self._lines = LineRenderer(self.painter)
        self._filter = FilterRunner(self._later, self._hits_changed)
        self._search = Search(self._later, self._searched)
        self._jumps: list[int] = []
        self._wanted = 0  # seq of the row the user chose, which a filter may hide
        self._seen = 0  # seq of the last row when following ended
        self._note = ""
        self._badge: Sequence[Span] = ()
        self._status: Sequence[Span] = ()
        self._scrolls_itself = False
        self._prefetch_asked = False

    # What the screen asks of it

    def show(self, moment: Moment) -> None:
        """Show the rows there are; those after the event of the past that is looked at are dimmed."""
        run_file = moment.run.file if moment.run is not None else None
        if run_file is not self._source:
            self.set_source(run_file)
        self.poll(moment.written)
        specs, paused = moment.status.breakpoints, moment.status.paused
        self.set_marks(
            paused.seq if paused else None,
            (spec.event for spec in specs if spec.event is not None and spec.enabled),
            moment=moment.seq if moment.is_past else None,
        )

    def set_source(self, source: TimelineSource | None) -> None:
        """Show another run, or with None nothing; `poll` says how far its run file is written."""
        self._source = source
        self._window = Window(source) if source is not None else None
        self._marks = RowMarks(breakpoints=self._marks.breakpoints, lanes=self._marks.lanes)
        self._wanted = self._seen = 0
        self._jumps.clear()
        self._note = ""
        self._search.clear()
        self._filter.attach(source, self._window)
        self.painter.forget()
        self.follow = True
        self._update_edges()
        self.refresh()

    def poll(self, written: int) -> None:
        """Take note of the seq of the last row in the run file; costs nothing where no row is new."""
        window = self._window
        if window is None or written <= window.written:
            return
        before = window.count
        first_time = not window.written
        window.grow(written)
        if first_time:
            first = window.row(1)
            self._marks.origin = first.timestamp if first is not None else 0.0
        self._filter.grow()
        self._lines_added(before)

    def set_marks(
        self,
        paused_seq: int | None = None,
        breakpoint_ids: Iterable[str] = (),
        lit_seqs: Iterable[int] = (),
        moment: int | None = None,
    ) -> None:
        """Mark the event the run is paused at, event ids that have a breakpoint, and further events to light.

        Rows after the event of the past that is looked at, its moment, are dimmed.
        """
        marks = replace(
            self._marks,
            paused=paused_seq,
            breakpoints=frozenset(breakpoint_ids),
            lit=frozenset(lit_seqs),
            moment=moment,
        )
        if marks != self._marks:
            self._marks = marks
            self.refresh()

    def set_lanes(self, paths: Iterable[str]) -> None:
        """Colour the steps by their order in the graph; without this each gets a colour from its name."""
        self._marks.lanes = {path: place for place, path in enumerate(paths)}
        self.painter.forget()
        self.refresh()

    def set_filter(self, text: str) -> str | None:
        """Show only the rows that a filter fits, or all; return what is wrong with the text, or None."""
        try:
            self._filter.set(text)
        except FilterError as error:
            return str(error)
        self._note = ""
        self._hits_changed()
        self.show_cursor(centre=True)
        return None

    def select(self, seq: int, *, keep_follow: bool = False) -> bool:
        """Put the cursor on an event, shown by the filter or not; return whether there is such an event.

        With `keep_follow`, the tail is followed again when the next rows come.
        """
        window = self._window
        if window is None or not 1 <= seq <= window.written:
            return False
        if window.index_of(seq) is None:
            window.reveal(seq)
            self._update_edges()
            self.refresh()
        if not keep_follow:
            self.follow = False
        self._put_cursor(seq)
        self.show_cursor(centre=True)
        return True

    def next_match(self, text: str | None = None, *, backwards: bool = False) -> str | None:
        """Put the cursor on the next row, of those shown, that fits; goes on round the end.

        None looks for the same once more. Returns what is wrong with the text, or None.
        """
        text = self._search.text if text is None else text
        if self._source is None or self._window is None:
            return None
        try:
            seq = self._search.start(text, self._source, self._window, self._marks.cursor, backwards=backwards)
        except FilterError as error:
            return str(error)
        self._searched(seq)
        return None

    def clear_search(self) -> None:
        """Take the marks of the last search away."""
        self._search.clear()
        self._marks.matches = ()
        self._update_edges()
        self.refresh()

    # What the screen asks it

    @property
    def selected(self) -> EventRow | None:
        """The event under the cursor."""
        return self._window.row(self._marks.cursor) if self._window and self._marks.cursor else None

    @property
    def hidden(self) -> int:
        """Number of events that the filter hides."""
        return self._filter.hidden

    @property
    def progress(self) -> float:
        """Share of the events that the filter has looked at, 0 to 1."""
        return self._filter.progress

    @property
    def new_rows(self) -> int:
        """Number of lines that came since following ended."""
        if self.follow or self._window is None:
            return 0
        return self._window.count - 1 - self._window.index_near(self._seen)

    def selected_text(self) -> str:
        """Return the selected event as one line, for copying."""
        row = self.selected
        if row is None:
            return ""
        parts = (f"#{row.seq}", row.type, row.path, row.function, row.event_id, row.preview)
        return "  ".join(part for part in parts if part)

    # The cursor

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        return self._window.count if self._window is not None else 0

    @property
    def cursor_line(self) -> int:
        """The line that the cursor is on, or the nearest before where its event has none."""
        return self._window.index_near(self._marks.cursor) if self._window is not None else 0

    def move_to(self, index: int) -> None:
        """Put the cursor on a line; the tail is followed no longer from another line than the last."""
        if self._window is not None:
            if index < self._window.count - 1:
                self.follow = False
            self._put_cursor(self._window.seq_at(index))
            self.show_cursor()

    def action_move_end(self) -> None:
        """Move the cursor to the last event and follow."""
        if self.line_count:
            self.move_to(self.line_count - 1)
            self.follow = True

    def show_cursor(self, *, centre: bool = False) -> None:
        """Scroll no further than it takes to see the cursor; `centre` then puts it in the middle."""
        if self.line_count:
            self.show_line(self.cursor_line, centre=centre)

    def _put_cursor(self, seq: int, *, automatic: bool = False, is_stand_in: bool = False) -> None:
        """Put the cursor on an event; a stand-in is there for the event the user chose, which a filter hides."""
        if not is_stand_in:
            self._wanted = seq
        window = self._window
        if seq == self._marks.cursor or window is None:
            return
        row = window.row(seq)
        self._marks.cursor = seq
        self._marks.causes = _ancestors(row, window) if row is not None else frozenset()
        if self._note:
            self._note = ""
            self._update_edges()
        self.refresh()
        if row is not None:
            self.post_message(self.EventSelected(row, automatic=automatic))

    # Causes and effects

    def action_cause(self) -> None:
        """Go to the event that led to the selected one."""
        self.cause()

    def action_effect(self) -> None:
        """Go to the first event that the selected one led to."""
        self.effect()

    def cause(self) -> str:
        """Go to the event that led to the selected one; return why there is none, or an empty text."""
        row = self.selected
        if row is None:
            return "there is no event yet"
        outside = is_from_outside(row)
        words = "this event came from outside" if outside else "no other event is known to have led to this one"
        return self._jump(max(row.causes, default=None), words)

    def effect(self) -> str:
        """Go to the first event that the selected one led to; return why there is none, or an empty text."""
        row = self.selected
        if row is None or self._source is None:
            return "there is no event yet"
        try:
            effects = self._source.effects(row.seq, 1)
        except ProcessError as error:
            return self._jump(None, str(error))
        return self._jump(effects[0].seq if effects else None, "this event led to nothing so far")

    def action_back(self) -> None:
        """Go back to where the last jump began."""
        self.back()

    def back(self) -> bool:
        """Go back to where the last jump began; return whether there was a jump."""
        if self._jumps:
            self.select(self._jumps.pop())
            return True
        return False

    def action_activate(self) -> None:
        """Ask for more about the selected event."""
        row = self.selected
        if row is not None:
            self.post_message(self.EventActivated(row))

    def _jump(self, seq: int | None, otherwise: str) -> str:
        origin = self._marks.cursor
        if seq is None or not self.select(seq):
            self._note = otherwise
            self._update_edges()
            self.refresh()
            return otherwise
        self._jumps.append(origin)
        del self._jumps[:-_JUMPS]
        return ""

    # What changes without the user

    def _lines_added(self, before: int) -> None:
        window = self._window
        assert window is not None
        if self.follow and window.count:
            if self._marks.paused is None or not self._marks.cursor:
                self._put_cursor(window.seq_at(window.count - 1), automatic=True)
            self._update_edges()
            self.scroll_rows(self.max_scroll_y)
            if window.count != before:
                self.refresh()
            return
        if before < self.scroll_offset.y + self.body:
            self.refresh()
        self._update_edges()

    def _hits_changed(self) -> None:
        self._update_edges()
        window = self._window
        if window is not None and window.count:
            near = window.seq_at(window.count - 1 if self.follow else window.index_near(self._wanted))
            if self.follow or near == self._wanted or self._filter.looked_at >= self._wanted:
                self._put_cursor(near, automatic=True, is_stand_in=True)
        if self.follow:
            self.scroll_rows(self.max_scroll_y)
        self.refresh()

    def _searched(self, seq: int | None) -> None:
        self._marks.matches = self._search.words
        if seq is not None:
            self.select(seq)
        self._update_edges()
        self.refresh()

    def _later(self, call: Callable[[], None]) -> None:
        self.set_timer(_PAUSE, call)

    # Scrolling

    def scroll_rows(self, first: int) -> None:
        """Show the lines from one on; it is not the user who scrolls."""
        self._scrolls_itself = True
        super().scroll_rows(first)
        self._scrolls_itself = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow where the user scrolls to the end, and no longer where they scroll away from it."""
        super().watch_scroll_y(old_value, new_value)
        if not self._scrolls_itself and round(old_value) != round(new_value):
            self.follow = new_value >= self.max_scroll_y

    def _size_updated(self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True) -> bool:
        # Textual's own hook: where a larger size leaves less to scroll, it is not the user who scrolls to the end.
        before, self._scrolls_itself = self._scrolls_itself, True
        try:
            return super()._size_updated(size, virtual_size, container_size, layout)
        finally:
            self._scrolls_itself = before

    def watch_follow(self, follow: bool) -> None:
        """Go to the end, or remember what was seen."""
        window = self._window
        if window is None:
            return
        self._seen = window.written
        self._update_edges()
        if follow and window.count:
            self._put_cursor(window.seq_at(window.count - 1), automatic=True)
            self.scroll_rows(self.max_scroll_y)

    def on_resize(self) -> None:
        """Keep the tail, or the cursor, in sight."""
        if self.follow:
            self.scroll_rows(self.max_scroll_y)
        else:
            self.show_cursor()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; twice asks for more. The badge in the titles goes to the end."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y < self.HEADER:
            self.follow = self.follow or bool(self._badge)
            return
        index = self.clicked_line(event)
        if index is not None:
            self.move_to(index)
            if event.chain > 1:
                self.action_activate()

    # Drawing

    @property
    def body(self) -> int:
        """How many lines there is room for on the screen."""
        return max(0, super().body - bool(self._status))

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen; Textual calls this."""
        width, height = self.scrollable_content_region.size
        window = self._window
        if y < self.HEADER:
            return self._lines.titles(window.written if window is not None else 0, self._badge, width)
        if self._status and y == height - 1:
            return self._lines.status_line(self._status, width)
        index = self.scroll_offset.y + y - self.HEADER
        if window is None or not 0 <= index < window.count:
            return self._lines.blank(width)
        if not self._prefetch_asked:
            self._prefetch_asked = True
            self.call_later(self._prefetch)
        return self._lines.row(window, index, width, self._marks, self.cursor_ground)

    def _prefetch(self) -> None:
        self._prefetch_asked = False
        if self._window is not None:
            top = self.scroll_offset.y
            self._window.prefetch(top, top + self.body)

    def _update_edges(self) -> None:
        """Update what stands above and under the rows, and how long the list is."""
        query, window = self._filter.query, self._window
        problem = self._filter.problem or (window.problem if window is not None else "")
        status = status_line(
            text=query.text if query is not None else None,
            shown=self.line_count,
            hidden=self.hidden,
            progress=self.progress,
            search=self._search.text,
            outcome=self._search.outcome,
            note=problem or self._note,
        )
        new = badge(follow=self.follow, new_rows=self.new_rows)
        if tuple(new) != tuple(self._badge):
            self._badge = new
            self._refresh_screen_lines(0, self.HEADER)
        if tuple(status) != tuple(self._status):
            if bool(status) != bool(self._status):
                self.refresh()
            self._status = status
            self._refresh_screen_lines(self.scrollable_content_region.height - 1, 1)
        count = self.line_count
        self.virtual_size = Size(0, count + self.HEADER + bool(status) if count else 0)

    def _refresh_screen_lines(self, y: int, count: int) -> None:
        self.refresh_lines(y + self.scroll_offset.y, count)


def _ancestors(row: EventRow, window: Window) -> frozenset[int]:
    """Return the nearest events that led to one."""

    def read(seqs: Iterable[int]) -> list[EventRow]:
        return [above for above in map(window.row, seqs) if above is not None]

    ancestors, _ = walk_back(row.causes, read, _ANCESTORS)
    return frozenset(ancestor.seq for ancestor in ancestors)
