"""The timeline: a list of a run's events that costs the same whether it holds a hundred or a million."""

from collections.abc import Callable, Iterable
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType

from process_core.errors import ProcessError
from tui.timeline import messages
from tui.timeline.causality import first_effect, is_from_outside
from tui.timeline.cursor_list import CursorList
from tui.timeline.event_list import HEADER
from tui.timeline.filter import FilterError
from tui.timeline.filter_runner import FilterRunner
from tui.timeline.search import Search
from tui.timeline.source import EventRow, TimelineSource
from tui.timeline.status import badge, status_line
from tui.timeline.window import Window

_PAUSE = 0.002  # seconds in which keys have their turn between two slices of looking
_JUMPS = 100  # jumps that can be taken back


class TimelineView(CursorList):
    """The events of one run, read from its run file as they are shown.

    Attributes:
        follow: Whether the newest event is kept in sight; a matter of the view alone, capture never depends on it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "cause", "To the cause", show=False),
        Binding("right,l", "effect", "To the effect", show=False),
        Binding("backspace", "back", "Back from a jump", show=False),
        Binding("enter", "activate", "Open", show=False),
    ]

    EventSelected: Final = messages.EventSelected
    EventActivated: Final = messages.EventActivated

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._source: TimelineSource | None = None
        self._jumps: list[int] = []
        self._sieve = FilterRunner(self._later, self._hits_changed)
        self._search = Search(self._later, self._searched)

    # What the screen tells it

    def set_source(self, source: TimelineSource | None) -> None:
        """Show another run.

        Args:
            source: Its run file, or None to show nothing; `poll` says how far it is written.
        """
        self._source = source
        self._window = Window(source) if source is not None else None
        self._cursor = self._wanted = self._seen = 0
        self._jumps.clear()
        self._causes = self._lit = frozenset()
        self._marked = ()
        self._paused, self._note = None, ""
        self._origin = 0.0
        self._search.clear()
        self._sieve.attach(source, self._window)
        self._painter.forget()
        self.follow = True
        self.restate()
        self.refresh()

    def poll(self, written: int) -> None:
        """Take note of rows that were written; costs nothing where there are none.

        Args:
            written: Seq of the last row in the run file.
        """
        window = self._window
        if window is None or written <= window.written:
            return
        before = window.count
        first_time = not window.written
        window.grow(written)
        if first_time:
            first = window.row(1)
            self._origin = first.timestamp if first is not None else 0.0
        self._sieve.grow()
        self._lines_added(before)

    def set_marks(
        self,
        paused_seq: int | None = None,
        breakpoint_ids: Iterable[str] = (),
        lit_seqs: Iterable[int] = (),
    ) -> None:
        """Say what to mark.

        Args:
            paused_seq: The event that the run is paused at.
            breakpoint_ids: Event ids that have a breakpoint.
            lit_seqs: Further events to light.
        """
        marks = (paused_seq, frozenset(breakpoint_ids), frozenset(lit_seqs))
        if marks != (self._paused, self._breakpoints, self._lit):
            self._paused, self._breakpoints, self._lit = marks
            self.refresh()

    def set_lanes(self, paths: Iterable[str]) -> None:
        """Give the steps colours in their order; without this each gets one from its name.

        Args:
            paths: Paths of the steps, in the order of the graph.
        """
        self._lanes = {path: place for place, path in enumerate(paths)}
        self._painter.forget()
        self.refresh()

    def set_filter(self, text: str) -> str | None:
        """Show only some rows; how many are hidden is always told.

        Args:
            text: As `tui.timeline.filter.parse_filter` reads it; empty shows all.

        Returns:
            What is wrong with the text (nothing has changed then), or None.
        """
        try:
            self._sieve.set(text)
        except FilterError as error:
            return str(error)
        self._note = ""
        self._hits_changed()
        self.show_cursor(centre=True)
        return None

    def select(self, seq: int, *, keep_follow: bool = False) -> bool:
        """Put the cursor on an event, shown by the filter or not.

        Args:
            seq: The event.
            keep_follow: Go on following when the next rows come.

        Returns:
            Whether there is such an event.
        """
        window = self._window
        if window is None or not 1 <= seq <= window.written:
            return False
        if window.index_of(seq) is None:
            window.reveal(seq)
            self.restate()
            self.refresh()
        if not keep_follow:
            self.follow = False
        self.put_cursor(seq)
        self.show_cursor(centre=True)
        return True

    def next_match(self, text: str | None = None, *, backwards: bool = False) -> str | None:
        """Put the cursor on the next row, of those shown, that fits; goes on round the end.

        Args:
            text: As the filter reads it; None looks for the same once more.
            backwards: Whether to look towards the beginning.

        Returns:
            What is wrong with the text, or None.
        """
        text = self._search.text if text is None else text
        if self._source is None or self._window is None:
            return None
        try:
            seq = self._search.start(text, self._source, self._window, self._cursor, backwards=backwards)
        except FilterError as error:
            return str(error)
        self._searched(seq)
        return None

    def clear_search(self) -> None:
        """Take the marks of the last search away."""
        self._search.clear()
        self._marked = ()
        self.restate()
        self.refresh()

    # What it tells

    @property
    def selected(self) -> EventRow | None:
        """The event under the cursor."""
        return self._window.row(self._cursor) if self._window and self._cursor else None

    @property
    def hidden(self) -> int:
        """Number of events that the filter hides."""
        return self._sieve.hidden

    def selected_text(self) -> str:
        """Give the selected event as one line, for copying."""
        row = self.selected
        if row is None:
            return ""
        parts = (f"#{row.seq}", row.type, row.path, row.function, row.event_id, row.preview)
        return "  ".join(part for part in parts if part)

    # Moving

    def action_cause(self) -> None:
        """Go to the event that led to the selected one."""
        self.cause()

    def action_effect(self) -> None:
        """Go to the first event that the selected one led to."""
        self.effect()

    def cause(self) -> str:
        """Go to the event that led to the selected one.

        Returns:
            Why there is none; empty where the cursor went there.
        """
        row = self.selected
        if row is None:
            return "there is no event yet"
        outside = is_from_outside(row)
        words = "this event came from outside" if outside else "no other event is known to have led to this one"
        return self._jump(max(row.causes, default=None), words)

    def effect(self) -> str:
        """Go to the first event that the selected one led to.

        Returns:
            Why there is none; empty where the cursor went there.
        """
        row = self.selected
        if row is None:
            return "there is no event yet"
        try:
            seq = first_effect(row, self._source) if self._source is not None else None
        except ProcessError as error:
            return self._jump(None, str(error))
        return self._jump(seq, "this event led to nothing so far")

    def action_back(self) -> None:
        """Go back to where the last jump began."""
        self.back()

    def back(self) -> bool:
        """Go back to where the last jump began.

        Returns:
            Whether there was a jump.
        """
        if self._jumps:
            self.select(self._jumps.pop())
            return True
        return False

    def action_activate(self) -> None:
        """Ask for more about the selected event."""
        row = self.selected
        if row is not None:
            self.post_message(messages.EventActivated(row))

    def _jump(self, seq: int | None, otherwise: str) -> str:
        origin = self._cursor
        if seq is None or not self.select(seq):
            self._note = otherwise
            self.restate()
            self.refresh()
            return otherwise
        self._jumps.append(origin)
        del self._jumps[:-_JUMPS]
        return ""

    # What changes by itself

    def _lines_added(self, before: int) -> None:
        window = self._window
        assert window is not None
        if self.follow and window.count:
            if self._paused is None or not self._cursor:
                self.put_cursor(window.seq_at(window.count - 1), automatic=True)
            self.restate()
            self.scroll_rows(self.max_scroll_y)
            if window.count != before:
                self.refresh()
            return
        if before < self.scroll_offset.y + self.body:
            self.refresh()
        self.restate()

    def _hits_changed(self) -> None:
        self.restate()
        window = self._window
        if window is not None and window.count:
            near = window.seq_at(window.count - 1 if self.follow else window.index_near(self._wanted))
            if self.follow or near == self._wanted or self._sieve.looked_at >= self._wanted:
                self.put_cursor(near, automatic=True, is_stand_in=True)
        if self.follow:
            self.scroll_rows(self.max_scroll_y)
        self.refresh()

    def _searched(self, seq: int | None) -> None:
        self._marked = self._search.words
        if seq is not None:
            self.select(seq)
        self.restate()
        self.refresh()

    def _later(self, call: Callable[[], None]) -> None:
        self.set_timer(_PAUSE, call)

    def restate(self) -> None:
        """Work out anew what stands at the edges, and how long the list is."""
        query, window = self._sieve.query, self._window
        problem = self._sieve.problem or (window.problem if window is not None else "")
        self.resize_list(
            badge(follow=self.follow, new_rows=self.new_rows),
            status_line(
                text=query.text if query is not None else None,
                shown=window.count if window is not None else 0,
                hidden=self.hidden,
                progress=self._sieve.progress,
                search=self._search.text,
                outcome=self._search.outcome,
                note=problem or self._note,
            ),
        )

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; twice asks for more."""
        offset = event.get_content_offset(self)
        if offset is None or self._window is None:
            return
        if offset.y < HEADER:
            self.follow = self.follow or bool(self._badge)
            return
        index = self.scroll_offset.y + offset.y - HEADER
        if offset.y < HEADER + self.body and index < self._window.count:
            self.follow = self.follow and index == self._window.count - 1
            self.move_to(index)
            if event.chain > 1:
                self.action_activate()
