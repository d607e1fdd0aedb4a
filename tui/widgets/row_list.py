"""A list to choose from: one line each, a cursor, and nothing in it is ever parsed."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tui.text.safe_text import ELLIPSIS, clip
from tui.widgets.scroll_view import TrueScrollView

Cells = tuple[tuple[str, str], ...]
"""A line as pieces of safe text, each with a tone: `text`, `strong`, `quiet`, `accent`, `good`, `bad` or `warn`."""


class RowList(TrueScrollView, can_focus=True):
    """Lines with a cursor.

    Args:
        empty: Lines that are shown while there are none.
        id: Of the widget.
    """

    DEFAULT_CSS = """
    RowList { height: 1fr; background: transparent; scrollbar-size-vertical: 1; }
    RowList > .rows--text { color: $foreground; }
    RowList > .rows--strong { color: $foreground; text-style: bold; }
    RowList > .rows--quiet { color: $foreground 65%; }
    RowList > .rows--accent { color: $accent; text-style: bold; }
    RowList > .rows--good { color: $success; }
    RowList > .rows--bad { color: $error; text-style: bold; }
    RowList > .rows--warn { color: $warning; text-style: bold; }
    RowList > .rows--cursor { background: $panel; text-style: bold; }
    RowList:focus > .rows--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"rows--{tone}" for tone in ("text", "strong", "quiet", "accent", "good", "bad", "warn", "cursor")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "end(-1)", show=False),
        Binding("end", "end(1)", show=False),
    ]

    class Moved(Message):
        """The cursor moved.

        Attributes:
            rows: The list.
            index: Where it is.
        """

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
        self._lines: Sequence[Cells] = ()
        self._cursor = 0

    @property
    def cursor(self) -> int | None:
        """The line the cursor is on, or None where there are no lines."""
        return self._cursor if self._lines else None

    def set_lines(self, lines: Sequence[Cells]) -> None:
        """Show other lines; the cursor stays where it is as far as there are lines.

        Args:
            lines: Pieces of safe text, per line.
        """
        if lines == self._lines:
            return
        self._lines = lines
        self._cursor = max(0, min(self._cursor, len(lines) - 1))
        self.virtual_size = Size(self.size.width, len(lines))
        self.refresh()

    def move_to(self, index: int) -> None:
        """Put the cursor on a line.

        Args:
            index: Which; taken to the nearest there is.
        """
        index = max(0, min(index, len(self._lines) - 1))
        if self._lines and index != self._cursor:
            self._cursor = index
            self.post_message(self.Moved(self, index))
            self.refresh()
        self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, immediate=True)
        elif self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False, immediate=True)

    def action_move(self, by: int) -> None:
        """Move the cursor by lines."""
        self.move_to(self._cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by pages."""
        self.move_to(self._cursor + by * max(self.size.height - 1, 1))

    def action_end(self, end: int) -> None:
        """Move the cursor to the first or the last line."""
        self.move_to(0 if end < 0 else len(self._lines) - 1)

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there; a second one chooses."""
        index = event.y + self.scroll_offset.y
        if index < len(self._lines):
            self.move_to(index)
            if event.chain == 2:  # noqa: PLR2004 - a double click
                self.post_message(self.Clicked(self, index))

    def render_line(self, y: int) -> Strip:
        """Draw one line; Textual calls this."""
        width = self.size.width
        index = y + self.scroll_offset.y
        base = self.rich_style
        if not self._lines:
            text = clip(self._empty[y], width) if y < len(self._empty) else ""
            style = self._style("quiet", base, plain=False)
            return Strip([Segment(text, style)]).adjust_cell_length(width, base)
        if index >= len(self._lines):
            return Strip.blank(width, base)
        here = index == self._cursor
        line = base + self.get_component_rich_style("rows--cursor", partial=True) if here else base
        plain = here and self.has_focus
        pieces = [Segment(text, self._style(tone, line, plain=plain)) for text, tone in self._lines[index]]
        strip = Strip([Segment("▌" if here else " ", line), *pieces])
        if strip.cell_length > width:
            strip = Strip.join([strip.crop(0, width - 1), Strip([Segment(ELLIPSIS, line)])])
        return strip.adjust_cell_length(width, line)

    def _style(self, tone: str, line: Style, *, plain: bool) -> Style:
        if plain:
            return line
        full = self.get_component_rich_style(f"rows--{tone}")  # the whole style: a partial one knows no faint colours
        return line + Style(color=full.color, bold=full.bold)
