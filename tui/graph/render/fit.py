"""Which zoom and direction suit a space: as much as can be seen at once, else what overflows least."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tui.graph.layout.graph_model import LABEL_CELLS
from tui.graph.layout.shapes import Direction, Zoom
from tui.graph.render.picture import Picture

NARROW: Final = 16
"""Width at which labels are wrapped where they would not fit otherwise."""
_SOME, _MANY = 40, 120
"""Steps above which full boxes, and above which anything but chips, are not even tried: a layout takes time."""


@dataclass(frozen=True, slots=True)
class FittedView:
    """A way to look at a process.

    Attributes:
        zoom: How much steps show of themselves.
        direction: Which way the process flows.
        label_cells: Width at which labels are wrapped.
        folded: Paths of nested processes that are drawn as one box.
    """

    zoom: Zoom
    direction: Direction
    label_cells: int = LABEL_CELLS
    folded: frozenset[str] = frozenset()


SLACK: Final = 1.15
"""How much larger than the screen a picture must be before it helps to see less of it, or a map of it."""


def best_fit(draw: Callable[[FittedView], Picture], steps: int, width: int, height: int) -> FittedView:
    """Choose a zoom, a direction, and whether to wrap labels.

    Args:
        draw: Draws the process.
        steps: How many steps it has.
        width: Columns there are.
        height: Rows there are.

    Returns:
        The most telling view in which everything is seen; if there is none, that which overflows least.
    """
    best: tuple[float, FittedView] | None = None
    for views in _choices(steps):
        fitting: list[tuple[float, FittedView]] = []
        for view in views:
            picture = draw(view)
            wide, high = picture.width / width, picture.height / height
            over = max(1.0, wide) * max(1.0, high)
            if over <= 1:
                fitting.append((max(wide, high), view))
            if best is None or over < best[0]:
                best = (over, view)
        if fitting:
            return min(fitting, key=lambda f: f[0])[1]
    assert best is not None
    return best[1]


def _choices(steps: int) -> Iterator[list[FittedView]]:
    """Give views, the most telling first; those given together are equally welcome."""
    if steps > _MANY:
        yield [FittedView(Zoom.CHIPS, Direction.DOWN, NARROW)]
        return
    for zoom in (Zoom.FULL, Zoom.BOXES, Zoom.CHIPS):
        if steps > _SOME and zoom is not Zoom.CHIPS:
            continue
        for cells in (LABEL_CELLS, NARROW):
            yield [FittedView(zoom, direction, cells) for direction in Direction]
