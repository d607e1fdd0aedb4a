"""The mini-map: a whole picture in a corner, with the part that is on the screen marked."""

from dataclasses import dataclass
from typing import Final

from tui.graph.layout.shapes import BoxKind
from tui.graph.render.picture import Picture

WIDTH: Final = 26
HEIGHT: Final = 8


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
        """Give the part of the map (left, top, right, bottom; the last two not included) that a screen shows."""
        left, top = self.scaled(x, y)
        right, bottom = self.scaled(x + width - 1, y + height - 1)
        return left, top, right + 1, bottom + 1

    def scaled(self, x: int, y: int) -> tuple[int, int]:
        """Give the cell of the map that a cell of the picture falls in."""
        column = min(self.width - 1, x * self.width // max(1, self.picture_width))
        row = min(self.height - 1, y * self.height // max(1, self.picture_height))
        return column, row

    def unscaled(self, column: int, row: int) -> tuple[int, int]:
        """Give the middle of what a cell of the map stands for."""
        x = (2 * column + 1) * self.picture_width // (2 * self.width)
        y = (2 * row + 1) * self.picture_height // (2 * self.height)
        return x, y


def mini_map(picture: Picture, width: int = WIDTH, height: int = HEIGHT) -> MiniMap:
    """Make the map of a picture.

    Args:
        picture: The picture.
        width: The most columns.
        height: The most rows.

    Returns:
        The map, no larger than the picture asks for.
    """
    scale = max(picture.width / width, picture.height / height / 2, 1.0)
    result = MiniMap(
        max(1, min(width, round(picture.width / scale))),
        max(1, min(height, round(picture.height / scale / 2) or 1)),
        {},
        picture.width,
        picture.height,
    )
    found: dict[tuple[int, int], list[str]] = {}
    for box in picture.drawing.boxes:
        if box.kind is BoxKind.FRAME:
            continue
        left, top = result.scaled(box.x, box.y)
        right, bottom = result.scaled(box.x + box.width - 1, box.y + box.height - 1)
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                found.setdefault((column, row), []).append(box.path)
    result.cells.update({spot: tuple(paths) for spot, paths in found.items()})
    return result
