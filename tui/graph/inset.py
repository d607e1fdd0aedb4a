"""The mini-map on the screen: where it stands, what its cells show, and which of them was clicked."""

from typing import Final

from rich.segment import Segment
from textual.geometry import Offset, Region, Size
from textual.strip import Strip

from tui.graph.minimap import MiniMap, mini_map
from tui.graph.overlay import Mark
from tui.graph.paint import Painter
from tui.graph.strips import StripMaker

_SLACK: Final = 1.15
"""How much larger than the screen a picture must be before a map of it helps."""
_URGENT: Final = (Mark.FAILED, Mark.PAUSED, Mark.RUNNING, Mark.WAITING)


class Inset:
    """The map of one picture in the lower right corner.

    Args:
        painter: The picture under its overlay.
    """

    def __init__(self, painter: Painter) -> None:
        self.painter = painter
        self._map: MiniMap | None = None

    def region(self, size: Size) -> Region | None:
        """Say where the map is.

        Args:
            size: Of the screen's part that shows the picture.

        Returns:
            Its place on the screen, border included; None where the picture needs no map or there is no room for one.
        """
        picture = self.painter.picture
        if picture.width <= size.width * _SLACK and picture.height <= size.height * _SLACK:
            return None
        if self._map is None:
            self._map = mini_map(picture)
        width, height = self._map.width + 2, self._map.height + 2
        if size.width < 2 * width or size.height < 2 * height:
            return None
        return Region(size.width - width, size.height - height, width, height)

    def spot(self, at: Offset, size: Size) -> Offset | None:
        """Say which place of the picture a click on the map means.

        Args:
            at: Where the click was, on the screen.
            size: As for `region`.

        Returns:
            A place in the picture, or None where the click was not on the map.
        """
        region = self.region(size)
        if region is None or self._map is None or not region.shrink((1, 1, 1, 1)).contains_point((at.x, at.y)):
            return None
        return Offset(*self._map.unscaled(at.x - region.x - 1, at.y - region.y - 1))

    def laid_over(self, strip: Strip, y: int, window: Region, strips: StripMaker) -> Strip:
        """Lay the map over a line of the screen.

        Args:
            strip: The line.
            y: Which it is, from the top.
            window: The part of the picture that is on the screen.
            strips: Gives the styles.

        Returns:
            The line with its part of the map.
        """
        region = self.region(window.size)
        if region is None or self._map is None or not region.y <= y < region.bottom:
            return strip
        frame, inside = strips.style("graph--map"), strips.style("graph--window")
        corners = self.painter.picture.glyphs.step
        row = y - region.y - 1
        if row in (-1, self._map.height):
            first, last = (corners[0], corners[1]) if row < 0 else (corners[3], corners[2])
            drawn = [Segment(first + corners[4] * self._map.width + last, frame)]
        else:
            left, top, right, bottom = self._map.window(*window)
            drawn = [Segment(corners[5], frame)]
            for column in range(self._map.width):
                shown = left <= column < right and top <= row < bottom
                drawn.append(Segment(self._glyph(column, row), inside if shown else frame))
            drawn.append(Segment(corners[5], frame))
        rest = strip.crop(region.right, window.width)
        return Strip([*strip.crop(0, region.x), *Strip(drawn).simplify(), *rest], window.width)

    def _glyph(self, column: int, row: int) -> str:
        """Draw a cell of the map: the most urgent state of the steps there."""
        assert self._map is not None
        paths = self._map.cells.get((column, row), ())
        glyphs = self.painter.picture.glyphs
        states = {self.painter.overlay.states.get(path) for path in paths}
        for mark in _URGENT:
            if mark in states:
                return glyphs.marks[mark.value]
        return glyphs.marks["somewhere"] if paths else " "
