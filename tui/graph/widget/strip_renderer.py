"""Rows of a painted picture as Textual strips: a row is painted once, whole; a window cuts its piece out of it."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.graph.render.row_painter import Look, RowPainter

BLANK: Final = "graph--blank"
_KEPT: Final = 2000
_WINDOWS: Final = 64
_EMPHASIS: Final = Style(bold=True)
_REVERSED: Final = Style(bold=True, reverse=True)


@dataclass(slots=True)
class _Row:
    """A painted row.

    Attributes:
        painter: Who painted it, or has found that it would look the same.
        state: What its looks depend on.
        starts: First columns of its pieces.
        ends: Columns after its pieces.
        pieces: From left to right; blank cells are left out.
        windows: Strips that were cut out of it, by first column and width.
    """

    painter: RowPainter
    state: tuple[object, ...]
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    pieces: list[Segment] = field(default_factory=list)
    windows: dict[tuple[int, int], Strip] = field(default_factory=dict)


class StripRenderer:
    """Makes strips.

    Args:
        style_of: Gives the style of a component class.
    """

    def __init__(self, style_of: Callable[[str], Style]) -> None:
        self._style_of = style_of
        self._styles: dict[Look | str, Style] = {}
        self._rows: dict[int, _Row] = {}

    def forget(self, *, styles: bool) -> None:
        """Forget strips, and styles too where the theme has changed."""
        self._rows.clear()
        if styles:
            self._styles.clear()

    def style(self, name: str) -> Style:
        """Return the style of a component class."""
        style = self._styles.get(name)
        if style is None:
            style = self._styles[name] = self._style_of(name)
        return style

    def strip(self, painter: RowPainter, row: int, left: int, width: int) -> Strip:
        """Return a part of a row; `left` may be negative, and a row outside the picture is blank."""
        if not 0 <= row < painter.picture.height:
            return Strip.blank(width, self.style(BLANK))
        painted = self._painted(painter, row)
        strip = painted.windows.get((left, width))
        if strip is None:
            if len(painted.windows) > _WINDOWS:
                painted.windows.clear()
            strip = painted.windows[left, width] = self._cut(painted, left, width)
        return strip

    def _painted(self, painter: RowPainter, row: int) -> _Row:
        painted = self._rows.get(row)
        if painted is not None and painted.painter is painter:
            return painted
        state = painter.state(row)
        if painted is not None and painted.state == state:
            painted.painter = painter
            return painted
        if len(self._rows) > _KEPT:
            self._rows.clear()
        painted = self._rows[row] = _Row(painter, state)
        for x, text, look in painter.row(row):
            piece = Segment(text, self._look(look))
            painted.starts.append(x)
            painted.ends.append(x + piece.cell_length)
            painted.pieces.append(piece)
        return painted

    def _cut(self, painted: _Row, left: int, width: int) -> Strip:
        blank = self.style(BLANK)
        right = left + width
        segments: list[Segment] = []
        at = left
        for index in range(bisect_right(painted.ends, left), bisect_left(painted.starts, right)):
            begin, end, piece = painted.starts[index], painted.ends[index], painted.pieces[index]
            if begin < left:
                _, piece = piece.split_cells(left - begin)
                begin = left
            if end > right:
                piece, _ = piece.split_cells(right - begin)
                end = right
            if begin > at:
                segments.append(Segment(" " * (begin - at), blank))
            segments.append(piece)
            at = end
        if at < right:
            segments.append(Segment(" " * (right - at), blank))
        return Strip(segments, width)

    def _look(self, look: Look) -> Style:
        style = self._styles.get(look)
        if style is None:
            style = self.style(look.style)
            if look.chip:
                style += Style(bgcolor=self.style("graph--chip").bgcolor)
            if look.hovered or (look.selected and look.framed):
                style += _EMPHASIS
            elif look.selected:
                style += _REVERSED
            self._styles[look] = style
        return style
