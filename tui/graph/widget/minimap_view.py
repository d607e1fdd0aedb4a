"""The mini-map on the screen: where it stands, what its cells show, and which of them was clicked."""

from typing import Final

from rich.segment import Segment
from textual.geometry import Offset, Region, Size
from textual.strip import Strip

from tui.graph.render.fit import SLACK
from tui.graph.render.minimap import HEIGHT, WIDTH, MiniMap, mini_map
from tui.graph.render.overlay import Mark
from tui.graph.render.row_painter import Painter
from tui.graph.widget.strip_renderer import StripRenderer

_LEAST_WIDTH: Final = 8
_LEAST_HEIGHT: Final = 3
_URGENT: Final = (Mark.FAILED, Mark.PAUSED, Mark.RUNNING, Mark.WAITING)


class MinimapView:
    """The map of one picture in the lower right corner.

    Args:
        painter: The picture under its overlay.
    """

    def __init__(self, painter: Painter) -> None:
        self._painter = painter
        self._map: MiniMap | None = None
        self._regions: dict[Size, Region | None] = {}
        self._rows: dict[tuple[int, int, int], list[Segment]] = {}

    @property
    def painter(self) -> Painter:
        """The picture under its overlay."""
        return self._painter

    @painter.setter
    def painter(self, painter: Painter) -> None:
        self._painter = painter
        self._rows.clear()

    def forget(self) -> None:
        """Forget what was drawn: the theme has changed."""
        self._rows.clear()

    def region(self, size: Size) -> Region | None:
        """Say where the map is.

        Args:
            size: Of the screen's part that shows the picture.

        Returns:
            Its place on the screen, border included; None where the picture needs no map or there is no room for one.
        """
        if size not in self._regions:
            self._regions = {size: self._placed(size)}
        return self._regions[size]

    def _placed(self, size: Size) -> Region | None:
        picture = self._painter.picture
        if picture.width <= size.width * SLACK and picture.height <= size.height * SLACK:
            return None
        most = min(WIDTH, size.width // 2 - 2), min(HEIGHT, size.height // 2 - 2)
        if most[0] < _LEAST_WIDTH or most[1] < _LEAST_HEIGHT:
            return None
        self._map = mini_map(picture, *most)
        self._rows.clear()
        width, height = self._map.width + 2, self._map.height + 2
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

    def laid_over(self, strip: Strip, y: int, window: Region, strips: StripRenderer) -> Strip:
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
        row = y - region.y - 1
        left, top, right, bottom = self._map.window(*window)
        shown = (left, right) if top <= row < bottom else (0, 0)
        drawn = self._rows.get((row, *shown))
        if drawn is None:
            drawn = self._rows[row, *shown] = self._drawn(row, *shown, strips)
        rest = strip.crop(region.right, window.width)
        return Strip([*strip.crop(0, region.x), *drawn, *rest], window.width)

    def _drawn(self, row: int, left: int, right: int, strips: StripRenderer) -> list[Segment]:
        """Draw a row of the map, marked from one column to before another."""
        assert self._map is not None
        frame, inside = strips.style("graph--map"), strips.style("graph--window")
        corners, width = self._painter.picture.glyphs.step, self._map.width
        if row in (-1, self._map.height):
            first, last = (corners[0], corners[1]) if row < 0 else (corners[3], corners[2])
            return [Segment(first + corners[4] * width + last, frame)]
        cells = "".join(self._glyph(column, row) for column in range(width))
        parts = ((corners[5] + cells[:left], frame), (cells[left:right], inside), (cells[right:] + corners[5], frame))
        return [Segment(text, style) for text, style in parts if text]

    def _glyph(self, column: int, row: int) -> str:
        """Draw a cell of the map: the most urgent state of the steps there."""
        assert self._map is not None
        paths = self._map.cells.get((column, row), ())
        glyphs = self._painter.picture.glyphs
        states = {self._painter.overlay.states.get(path) for path in paths}
        for mark in _URGENT:
            if mark in states:
                return glyphs.marks[mark.value]
        return glyphs.marks["somewhere"] if paths else " "
