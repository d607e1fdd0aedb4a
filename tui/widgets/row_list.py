"""A list to choose from: one line each, a cursor, and nothing in it is ever parsed."""

from collections.abc import Sequence

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tui.text.spans import Span, Spans, Tone
from tui.widgets.cursor_list import CursorList


class RowList(CursorList):
    """Lines that are given whole.

    Args:
        empty: Lines that are shown while there are none.
        id: Of the widget.
    """

    DEFAULT_CSS = """
    RowList { height: 1fr; background: transparent; scrollbar-gutter: auto; }
    """

    class Moved(Message):
        """The cursor moved to another line."""

        def __init__(self, rows: "RowList", index: int) -> None:
            self.rows = rows
            self.index = index
            super().__init__()

        @property
        def control(self) -> "RowList":
            """The list."""
            return self.rows

    class Clicked(Moved):
        """A line was clicked twice."""

    def __init__(self, *empty: str, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._empty = empty
        self._lines: Sequence[Spans] = ()
        self._cursor = 0

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    @property
    def cursor_line(self) -> int:
        """The line that the cursor is on."""
        return self._cursor

    @property
    def cursor(self) -> int | None:
        """The line the cursor is on, or None where there are no lines."""
        return self._cursor if self._lines else None

    def set_lines(self, lines: Sequence[Spans]) -> None:
        """Show other lines; the cursor stays where it is as far as there are lines."""
        if lines == self._lines:
            return
        self._lines = lines
        self._cursor = max(0, min(self._cursor, len(lines) - 1))
        self.virtual_size = Size(self.size.width, len(lines))
        self.refresh()

    def move_to(self, index: int) -> None:
        """Put the cursor on a line, or on the nearest that there is."""
        index = max(0, min(index, len(self._lines) - 1))
        if self._lines and index != self._cursor:
            self._cursor = index
            self.post_message(self.Moved(self, index))
            self.refresh()
        self.show_line(self._cursor)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; twice chooses."""
        index = self.clicked_line(event)
        if index is not None:
            self.move_to(index)
            if event.chain == 2:  # noqa: PLR2004 - a double click
                self.post_message(self.Clicked(self, index))

    def render_line(self, y: int) -> Strip:
        """Draw one line; Textual calls this."""
        index = y + self.scroll_offset.y
        if not self._lines:
            text = self._empty[y] if y < len(self._empty) else ""
            return self.paint_line([Span(text, Tone.QUIET)], has_cursor=False)
        if index >= len(self._lines):
            return self.paint_line([], has_cursor=False)
        has_cursor = index == self._cursor
        pointer = Span("▌" if has_cursor else " ", Tone.STRONG)
        return self.paint_line([pointer, *self._lines[index]], has_cursor=has_cursor)
