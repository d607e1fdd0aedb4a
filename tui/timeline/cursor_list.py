"""The list with a cursor that stays on its event, and a tail that is followed for as long as the user wants."""

from abc import abstractmethod
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.reactive import reactive

from tui.timeline import messages
from tui.timeline.causality import ancestors
from tui.timeline.event_list import EventList


class CursorList(EventList, can_focus=True):
    """A list of events with a cursor.

    Attributes:
        follow: Whether the newest event is kept in sight; a matter of the view alone, capture never depends on it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Previous event", show=False),
        Binding("down,j", "move(1)", "Next event", show=False),
        Binding("pageup", "move_page(-1)", "Page up", show=False),
        Binding("pagedown", "move_page(1)", "Page down", show=False),
        Binding("home,g", "move_home", "First event", show=False),
        Binding("end,G", "move_end", "Last event, follow", show=False),
    ]

    follow: reactive[bool] = reactive(True)

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._wanted = 0  # seq of the row the user chose, which a filter may hide
        self._seen = 0  # seq of the last row when following ended
        self._note = ""

    @property
    def new_rows(self) -> int:
        """Number of lines that came since following ended."""
        if self.follow or self._window is None:
            return 0
        return self._window.count - 1 - self._window.index_near(self._seen)

    @abstractmethod
    def restate(self) -> None:
        """Work out anew what stands at the edges, and how long the list is."""

    def action_move(self, lines: int) -> None:
        """Move the cursor by lines."""
        if self._window is None or not self._window.count:
            return
        index = self._window.index_near(self._cursor) + lines
        last = self._window.count - 1
        if index < last:
            self.follow = False
        self.move_to(min(max(index, 0), last))

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by screens."""
        self.action_move(pages * max(1, self.body - 1))

    def action_move_home(self) -> None:
        """Move the cursor to the first event."""
        if self._window is not None:
            self.action_move(-self._window.count)

    def action_move_end(self) -> None:
        """Move the cursor to the last event and follow."""
        if self._window is not None and self._window.count:
            self.move_to(self._window.count - 1)
            self.follow = True

    def move_to(self, index: int) -> None:
        """Put the cursor on a line and see to it that it is seen."""
        if self._window is not None:
            self.put_cursor(self._window.seq_at(index))
            self.show_cursor()

    def put_cursor(self, seq: int, *, automatic: bool = False, is_stand_in: bool = False) -> None:
        """Put the cursor on an event.

        Args:
            seq: The event.
            automatic: Whether the user did not ask for it.
            is_stand_in: Whether it stands in for the event the user chose, which a filter hides.
        """
        if not is_stand_in:
            self._wanted = seq
        if seq == self._cursor or self._window is None:
            return
        self._cursor = seq
        row = self._window.row(seq)
        self._causes = ancestors(row, self._window.row) if row is not None else frozenset()
        if self._note:
            self._note = ""
            self.restate()
        self.refresh()
        if row is not None:
            self.post_message(messages.EventSelected(row, automatic=automatic))

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
        self.restate()
        if follow and window.count:
            self.put_cursor(window.seq_at(window.count - 1), automatic=True)
            self.scroll_rows(self.max_scroll_y)

    def on_resize(self) -> None:
        """Keep the tail, or the cursor, in sight."""
        if self.follow:
            self.scroll_rows(self.max_scroll_y)
        else:
            self.show_cursor()

    def show_cursor(self, *, centre: bool = False) -> None:
        """Scroll no further than it takes to see the cursor; `centre` then puts it in the middle."""
        if self._window is not None and self._window.count:
            self.show_line(self._window.index_near(self._cursor), centre=centre)
