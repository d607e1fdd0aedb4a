"""Rows of a painted picture as Textual strips, kept by row, window and state."""

from collections.abc import Callable
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.graph.paint import Look, Painter

BLANK: Final = "graph--blank"
_KEPT: Final = 2000
_EMPHASIS: Final = Style(bold=True)
_REVERSED: Final = Style(bold=True, reverse=True)


class StripMaker:
    """Makes strips.

    Args:
        style_of: Gives the style of a component class.
    """

    def __init__(self, style_of: Callable[[str], Style]) -> None:
        self._style_of = style_of
        self._styles: dict[Look | str, Style] = {}
        self._strips: dict[object, Strip] = {}

    def forget(self, *, styles: bool) -> None:
        """Forget strips, and styles too where the theme has changed."""
        self._strips.clear()
        if styles:
            self._styles.clear()

    def style(self, name: str) -> Style:
        """Give the style of a component class."""
        style = self._styles.get(name)
        if style is None:
            style = self._styles[name] = self._style_of(name)
        return style

    def strip(self, painter: Painter, row: int, left: int, width: int) -> Strip:
        """Give a part of a row.

        Args:
            painter: The picture under its overlay.
            row: The row; one outside the picture is blank.
            left: First column; it may be negative.
            width: Columns.

        Returns:
            A strip of just that width.
        """
        if not 0 <= row < painter.picture.height:
            return Strip.blank(width, self.style(BLANK))
        key = (row, left, width, painter.state(row, left, left + width))
        strip = self._strips.get(key)
        if strip is None:
            if len(self._strips) > _KEPT:
                self._strips.clear()
            strip = self._strips[key] = self._make(painter, row, left, width)
        return strip

    def _make(self, painter: Painter, row: int, left: int, width: int) -> Strip:
        blank = self.style(BLANK)
        segments: list[Segment] = []
        at = 0
        for x, text, look in painter.row(row, left, left + width):
            segment = Segment(text, self._look(look))
            begin, end = x - left, x - left + segment.cell_length
            if begin < 0:
                _, segment = segment.split_cells(-begin)
                begin = 0
            if begin > at:
                segments.append(Segment(" " * (begin - at), blank))
            segments.append(segment)
            at = end
        return Strip(segments).adjust_cell_length(width, blank)

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
