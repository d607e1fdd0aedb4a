"""The one list with a cursor: moves it by keys, keeps it in sight, and draws only the lines on the screen."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.css.styles import RenderStyles
from textual.dom import DOMNode
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tui.text.spans import Span, Spans, Tone, fit
from tui.widgets.line_painter import COMPONENTS, LinePainter, tones_css
from tui.widgets.scroll_view import TrueScrollView


class CursorList(TrueScrollView, can_focus=True):
    """Lines under a cursor; what the lines are, and what the cursor is on when they change, is each list's own."""

    DEFAULT_CSS = f"""
    CursorList {{ overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }}
    {tones_css("CursorList")}
    """
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "move_page(-1)", "Page up", show=False),
        Binding("pagedown", "move_page(1)", "Page down", show=False),
        Binding("home,g", "move_home", "First line", show=False),
        Binding("end,G", "move_end", "Last line", show=False),
    ]
    HEADER: ClassVar[int] = 0
    """Lines above the first one that do not scroll."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.painter = LinePainter(self)

    @property
    @abstractmethod
    def line_count(self) -> int:
        """How many lines there are."""

    @property
    @abstractmethod
    def cursor_line(self) -> int:
        """The line that the cursor is on; means nothing where there are no lines."""

    @abstractmethod
    def move_to(self, index: int) -> None:
        """Put the cursor on a line that there is, and show it."""

    @property
    def body(self) -> int:
        """How many lines there is room for on the screen."""
        return max(0, self.scrollable_content_region.height - self.HEADER)

    def action_move(self, lines: int) -> None:
        """Move the cursor by lines."""
        if self.line_count:
            self.move_to(min(max(self.cursor_line + lines, 0), self.line_count - 1))

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by screens."""
        self.action_move(pages * max(1, self.body - 1))

    def action_move_home(self) -> None:
        """Move the cursor to the first line."""
        self.action_move(-self.line_count)

    def action_move_end(self) -> None:
        """Move the cursor to the last line."""
        self.action_move(self.line_count)

    def scroll_rows(self, first: int) -> None:
        """Show the lines from one on, or the nearest that can be, at once."""
        self.scroll_to(y=max(0, first), animate=False, force=True, immediate=True)

    def show_line(self, index: int, *, centre: bool = False) -> None:
        """Scroll no further than it takes to see a line; `centre` then puts it in the middle."""
        top, body = self.scroll_offset.y, self.body
        if top <= index < top + body:
            return
        if centre:
            self.scroll_rows(index - body // 2)
        else:
            self.scroll_rows(index if index < top else index - body + 1)

    def clicked_line(self, event: events.Click) -> int | None:
        """Return the line under the mouse, or None where there is none."""
        offset = event.get_content_offset(self)
        if offset is None or not self.HEADER <= offset.y < self.HEADER + self.body:
            return None
        index = self.scroll_offset.y + offset.y - self.HEADER
        return index if index < self.line_count else None

    @property
    def cursor_ground(self) -> str:
        """What the line with the cursor stands on: the keyboard's cursor stands out more."""
        return "cursor" if self.has_focus else "cursor-away"

    def paint_line(self, spans: list[Span], *, has_cursor: bool) -> Strip:
        """Return a line of the list, cut or filled to the width there is."""
        width = self.scrollable_content_region.width
        return self.painter.paint(fit(spans, width), width, self.cursor_ground if has_cursor else "")

    def on_focus(self) -> None:
        """Show the cursor as the keyboard's."""
        self.refresh()

    def on_blur(self) -> None:
        """Show the cursor as not the keyboard's."""
        self.refresh()

    def get_component_styles(self, *names: str) -> RenderStyles:
        """Work out the look of a component when it is first drawn.

        Were they `COMPONENT_CLASSES`, every change of focus would work out all 42, for 13 ms; some ten are seen.
        """
        for name in COMPONENTS.intersection(names).difference(self._component_styles):
            node = DOMNode(classes=name)
            node._attach(self)  # noqa: SLF001 - as Textual does for a component class
            self.app.stylesheet.apply(node)
            self._component_styles[name] = node.styles
        return super().get_component_styles(*names)

    def notify_style_update(self) -> None:
        """Forget the colours of the theme before."""
        super().notify_style_update()
        self._component_styles.clear()
        self.painter.forget()


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
        self._empty: Sequence[str] = empty
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

    def set_empty(self, lines: Sequence[str]) -> None:
        """Show other lines while there are none to choose from."""
        if lines != self._empty:
            self._empty = lines
            self.refresh()

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
