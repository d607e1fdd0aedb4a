"""The mini-map: a whole picture in a corner, with the part that is on the screen marked."""

from dataclasses import dataclass
from typing import Final

from rich.segment import Segment
from textual.geometry import Offset, Region, Size
from textual.strip import Strip

from tui.graph.layout.shapes import BoxKind
from tui.graph.render.overlay import URGENT
from tui.graph.render.picture import Picture
from tui.graph.render.picture_cache import SLACK
from tui.graph.render.row_painter import RowPainter
from tui.graph.widget.strip_renderer import StripRenderer

WIDTH: Final = 26
HEIGHT: Final = 8
_LEAST_WIDTH: Final = 8
_LEAST_HEIGHT: Final = 3


@dataclass(frozen=True, slots=True)
class MiniMap:
    """A picture at a small scale.

    Attributes:
        width: Columns, without its border.
        height: Rows, without its border.
        cells: Per cell (column, row), paths of the boxes there.
        picture_width: Columns of the picture.
        picture_height: Rows of the picture.
    """

    width: int
    height: int
    cells: dict[tuple[int, int], tuple[str, ...]]
    picture_width: int
    picture_height: int

    def window(self, x: int, y: int, width: int, height: int) -> tuple[int, int, int, int]:
        """Return the part of the map (left, top, right, bottom; the last two not included) that a screen shows."""
        left, top = self.scaled(x, y)
        right, bottom = self.scaled(x + width - 1, y + height - 1)
        return left, top, right + 1, bottom + 1

    def scaled(self, x: int, y: int) -> tuple[int, int]:
        """Return the cell of the map that a cell of the picture falls in."""
        column = min(self.width - 1, x * self.width // max(1, self.picture_width))
        row = min(self.height - 1, y * self.height // max(1, self.picture_height))
        return column, row

    def unscaled(self, column: int, row: int) -> tuple[int, int]:
        """Return the middle of what a cell of the map stands for."""
        x = (2 * column + 1) * self.picture_width // (2 * self.width)
        y = (2 * row + 1) * self.picture_height // (2 * self.height)
        return x, y


def mini_map(picture: Picture, width: int = WIDTH, height: int = HEIGHT) -> MiniMap:
    """Make the map of a picture, no larger than the picture asks for."""
    scale = max(picture.width / width, picture.height / height / 2, 1.0)
    result = MiniMap(
        max(1, min(width, round(picture.width / scale))),
        max(1, min(height, round(picture.height / scale / 2) or 1)),
        {},
        picture.width,
        picture.height,
    )
    paths_in: dict[tuple[int, int], list[str]] = {}
    for box in picture.drawing.boxes:
        if box.kind is BoxKind.FRAME:
            continue
        left, top = result.scaled(box.x, box.y)
        right, bottom = result.scaled(box.x + box.width - 1, box.y + box.height - 1)
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                paths_in.setdefault((column, row), []).append(box.path)
    result.cells.update({spot: tuple(paths) for spot, paths in paths_in.items()})
    return result


class MinimapView:
    """The map of one picture in the lower right corner.

    Args:
        painter: The picture under its overlay.
    """

    def __init__(self, painter: RowPainter) -> None:
        self._painter = painter
        self._map: MiniMap | None = None
        self._regions: dict[Size, Region | None] = {}
        self._rows: dict[tuple[int, int, int], list[Segment]] = {}

    @property
    def painter(self) -> RowPainter:
        """The picture under its overlay."""
        return self._painter

    @painter.setter
    def painter(self, painter: RowPainter) -> None:
        self._painter = painter
        self._rows.clear()

    def forget(self) -> None:
        """Forget what was drawn: the theme has changed."""
        self._rows.clear()

    def region(self, size: Size) -> Region | None:
        """Return where the map is on the screen, border included.

        None where the picture needs no map or there is no room for one.
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

    def place_at(self, at: Offset, size: Size) -> Offset | None:
        """Return the place of the picture that a click on the map means; None where the click was not on it."""
        region = self.region(size)
        if region is None or self._map is None or not region.shrink((1, 1, 1, 1)).contains_point((at.x, at.y)):
            return None
        return Offset(*self._map.unscaled(at.x - region.x - 1, at.y - region.y - 1))

    def laid_over(self, strip: Strip, y: int, window: Region, strips: StripRenderer) -> Strip:
        """Lay the map over line `y` of the screen, which shows the part `window` of the picture."""
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
        for mark in URGENT:
            if mark in states:
                return glyphs.marks[mark.value]
        return glyphs.marks["somewhere"] if paths else " "
