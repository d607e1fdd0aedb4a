"""The widget that shows an outline: only the lines on the screen are drawn, by keys and mouse it opens and leads on."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tui.inspector import css as look
from tui.inspector.items import Item, Role
from tui.inspector.outline import Outline
from tui.widgets.scroll_view import TrueScrollView

_GUTTER = 1  # cells before the entries, where the cursor points


class OutlineView(TrueScrollView, can_focus=True):
    """Entries that open, under a cursor."""

    DEFAULT_CSS = look.CSS
    COMPONENT_CLASSES: ClassVar[set[str]] = set(look.COMPONENTS)
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "move_page(-1)", "Page up", show=False),
        Binding("pagedown", "move_page(1)", "Page down", show=False),
        Binding("home,g", "move_far(-1)", "Top", show=False),
        Binding("end,G", "move_far(1)", "Bottom", show=False),
        Binding("enter", "enter", "Open or go there", show=False),
        Binding("space", "enter", "Open or go there", show=False),
        Binding("right,l", "unfold", "Open", show=False),
        Binding("left,h", "fold", "Close, or go to what holds it", show=False),
    ]

    class Chosen(Message):
        """The user pressed Enter on an entry that leads somewhere.

        Attributes:
            item: The entry.
        """

        def __init__(self, item: Item) -> None:
            self.item = item
            super().__init__()

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.outline = Outline()
        self._styles_kept: dict[tuple[Role, bool], Style] = {}

    def show_items(self, roots: Sequence[Item], *, keep: bool) -> None:
        """Show a page.

        Args:
            roots: Its entries.
            keep: Whether it is the same page with newer data: what is open, the cursor and the scroll stay.
        """
        before, top = self.outline.cursor, self.scroll_offset.y
        self.outline.show(roots, keep=keep)
        self._laid_out()
        if not keep:
            self._scroll_lines(0)
        elif self.outline.cursor != before:
            # The cursor stays where it is on the screen, so that nothing jumps while values come and go above it.
            self._scroll_lines(top + self.outline.cursor - before)

    def action_move(self, lines: int) -> None:
        """Move the cursor by lines."""
        self.outline.move(lines)
        self._show_cursor()

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by screens."""
        self.action_move(pages * max(1, self._height - 1))

    def action_move_far(self, direction: int) -> None:
        """Move the cursor to the top or the bottom."""
        self.action_move(direction * len(self.outline.lines))

    def action_enter(self) -> None:
        """Open or close the entry, or go where it leads."""
        line = self.outline.current
        if line is None:
            return
        if line.item.jump is not None or line.item.load is not None:
            self.post_message(self.Chosen(line.item))
        elif self.outline.toggle():
            self._laid_out()
            self._show_cursor()

    def action_unfold(self) -> None:
        """Open the entry, or go into it."""
        if self.outline.set_open(True):
            self._laid_out()
        else:
            line = self.outline.current
            if line is not None and line.item.opens is not None:
                self.outline.move(1)
        self._show_cursor()

    def action_fold(self) -> None:
        """Close the entry, or go to the one that holds it."""
        if self.outline.set_open(False):
            self._laid_out()
        else:
            self.outline.go_to_holder()
        self._show_cursor()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; on the line that has it already, do what Enter does."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        place = self.scroll_offset.y + offset.y
        if place >= len(self.outline.lines):
            return
        line = self.outline.lines[place]
        is_marker = offset.x < _GUTTER + line.indent + 2
        is_again = place == self.outline.cursor
        self.outline.cursor = place
        self._show_cursor()
        if is_again or is_marker or line.item.jump is not None:
            self.action_enter()

    def on_resize(self) -> None:
        """Wrap long texts at the new width."""
        self.outline.resize(self.scrollable_content_region.width - _GUTTER)
        self._laid_out()
        self._show_cursor()

    def on_focus(self) -> None:
        """Show the cursor as the keyboard's."""
        self.refresh()

    def on_blur(self) -> None:
        """Show the cursor as not the keyboard's."""
        self.refresh()

    def notify_style_update(self) -> None:
        """Forget the colours of the theme before."""
        super().notify_style_update()
        self._styles_kept.clear()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        width = self.scrollable_content_region.width
        place = self.scroll_offset.y + y
        lines = self.outline.lines
        if not 0 <= place < len(lines):
            return Strip.blank(width, self._style(Role.TEXT, is_cursor=False))
        line = lines[place]
        is_cursor = place == self.outline.cursor
        pointer = "❯" if is_cursor else " "  # noqa: RUF001 - a pointer; it tells without colour where the cursor is
        segments = [Segment(pointer.ljust(_GUTTER + line.indent), self._style(Role.STRONG, is_cursor=is_cursor))]
        segments += [Segment(piece.text, self._style(piece.role, is_cursor=is_cursor)) for piece in line.pieces]
        ground = self._style(Role.TEXT, is_cursor=is_cursor)
        return _cut(segments, width, ground)

    @property
    def _height(self) -> int:
        return self.scrollable_content_region.height

    def _style(self, role: Role, *, is_cursor: bool) -> Style:
        style = self._styles_kept.get((role, is_cursor))
        if style is None:
            style = self.get_component_rich_style(f"outline--{role}")
            self._styles_kept[role, is_cursor] = style
        if is_cursor:
            ground = "outline--cursor" if self.has_focus else "outline--cursor-away"
            clear = (
                self.get_component_rich_style("outline--text").color if role is Role.QUIET and self.has_focus else None
            )
            style += Style(color=clear, bgcolor=self.get_component_rich_style(ground).bgcolor)
        return style

    def _laid_out(self) -> None:
        self.virtual_size = Size(0, len(self.outline.lines))
        self.refresh()

    def _scroll_lines(self, first: int) -> None:
        self.scroll_to(y=max(0, first), animate=False, force=True, immediate=True)

    def _show_cursor(self) -> None:
        top, place = self.scroll_offset.y, self.outline.cursor
        if place < top:
            self._scroll_lines(place)
        elif place >= top + self._height:
            self._scroll_lines(place - self._height + 1)
        self.refresh()


def _cut(segments: Sequence[Segment], width: int, ground: Style) -> Strip:
    strip = Strip(segments)
    if strip.cell_length <= width:
        return strip.extend_cell_length(width, ground)
    cut = strip.crop(0, max(0, width - 1))
    return Strip([*cut, Segment("…", ground)], cut.cell_length + 1).adjust_cell_length(width, ground)
