"""The entries of a page as lines: what is open, where the cursor is, and how long texts wrap."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len, chop_cells

from tui.inspector.items import Item, Piece, Role
from tui.safe_text import safe

Path = tuple[str, ...]
_INDENT = 2
_LONGEST_LINE = 4000  # characters of one line of a block
_MARKERS: Final = {True: "▾ ", False: "▸ "}


class Line(NamedTuple):
    """A line of the page.

    Attributes:
        item: The entry it belongs to.
        path: Keys from the top to the entry.
        indent: Cells before it.
        pieces: What stands there.
        is_first: Whether it is the entry's first line.
    """

    item: Item
    path: Path
    indent: int
    pieces: tuple[Piece, ...]
    is_first: bool


class Outline:
    """The lines of a page at a width.

    Attributes:
        lines: Them.
        cursor: The line with the cursor.
    """

    def __init__(self) -> None:
        self._roots: Sequence[Item] = ()
        self._width = 80
        self._open: dict[Path, bool] = {}
        self.lines: list[Line] = []
        self.cursor = 0

    @property
    def current(self) -> Line | None:
        """The line with the cursor."""
        return self.lines[self.cursor] if 0 <= self.cursor < len(self.lines) else None

    def show(self, roots: Sequence[Item], *, keep: bool) -> None:
        """Show a page.

        Args:
            roots: Its entries.
            keep: Whether it is the same page with newer data: then what is open stays open and the cursor where it is.
        """
        current = self.current if keep else None
        if not keep:
            # What the user closed or opened at the top of a page (the envelope, say) holds for the next page too.
            self._open = {path: is_open for path, is_open in self._open.items() if len(path) == 1}
            self.cursor = 0
        self._roots = roots
        self._lay_out()
        if current is not None:
            self._go_to(current.path)

    def resize(self, width: int) -> None:
        """Lay the page out at another width, in cells."""
        if width != self._width:
            self._width = width
            path = self.current.path if self.current is not None else ()
            self._lay_out()
            self._go_to(path)

    def move(self, lines: int) -> None:
        """Move the cursor, no further than the page goes."""
        self.cursor = min(max(self.cursor + lines, 0), max(0, len(self.lines) - 1))

    def is_open(self, path: Path, item: Item) -> bool:
        """Tell whether an entry is open."""
        return item.opens is not None and self._open.get(path, item.is_open)

    def toggle(self) -> bool:
        """Open or close the entry under the cursor; tells whether there was something to open."""
        line = self.current
        if line is None or line.item.opens is None:
            return False
        return self.set_open(not self.is_open(line.path, line.item))

    def set_open(self, is_open: bool) -> bool:
        """Open or close the entry under the cursor; tells whether that changed anything."""
        line = self.current
        if line is None or line.item.opens is None or self.is_open(line.path, line.item) is is_open:
            return False
        self._open[line.path] = is_open
        self._lay_out()
        if not line.item.is_splice:
            self._go_to(line.path)
        return True

    def go_to_parent(self) -> None:
        """Put the cursor on the entry that holds the one under it."""
        if self.current is not None and len(self.current.path) > 1:
            self._go_to(self.current.path[:-1])

    def _go_to(self, path: Path) -> None:
        """Put the cursor on an entry, or on the nearest one above it that is still there."""
        places = {line.path: place for place, line in reversed(list(enumerate(self.lines))) if line.is_first}
        while path and path not in places:
            path = path[:-1]
        self.cursor = places.get(path, min(self.cursor, max(0, len(self.lines) - 1)))

    def _lay_out(self) -> None:
        lines: list[Line] = []
        # No recursion: a payload may be nested deeper than Python's stack.
        levels: list[tuple[Iterator[Item], Path]] = [(iter(self._roots), ())]
        while levels:
            items, above = levels[-1]
            item = next(items, None)
            if item is None:
                levels.pop()
                continue
            path = (*above, item.key)
            is_open = self.is_open(path, item)
            if item.is_splice and is_open:
                levels.append((iter(item.below), above))
                continue
            self._add(lines, item, path, is_open=is_open)
            if is_open:
                levels.append((iter(item.below), path))
        self.lines = lines
        self.cursor = min(self.cursor, max(0, len(lines) - 1))

    def _add(self, lines: list[Line], item: Item, path: Path, *, is_open: bool) -> None:
        indent = min(_INDENT * (len(path) - 1), self._width // 2)
        if item.block is not None:
            room = max(8, self._width - indent - _INDENT)
            for place, text in enumerate(wrap(item.block, room)):
                lines.append(Line(item, path, indent, (Piece("  "), Piece(text, item.block_role)), place == 0))
            return
        marker = "  " if item.opens is None or item.is_splice else _MARKERS[is_open]
        glance = () if is_open else item.glance
        lines.append(Line(item, path, indent, (Piece(marker, Role.QUIET), *item.pieces, *glance), is_first=True))


def wrap(text: str, width: int) -> list[str]:
    """Break a text into lines, with what goes over hanging below where its line began.

    Args:
        text: Any text; what is unsafe to show is made safe.
        width: The most cells of a line.

    Returns:
        Safe lines, one at least.
    """
    lines: list[str] = []
    for raw in text.split("\n"):
        line = safe(raw.removesuffix("\r").expandtabs(4), _LONGEST_LINE)
        if cell_len(line) <= width:
            lines.append(line)
            continue
        hang = " " * min(len(line) - len(line.lstrip(" ")) + _INDENT, width // 2)
        first, *_ = chop_cells(line, width)
        lines.append(first)
        lines += [hang + rest for rest in chop_cells(line[len(first) :], width - len(hang))]
    return lines
