"""Moving from step to step with the arrow keys: along edges first, then to whatever lies in that direction."""

from collections.abc import Sequence
from typing import Final

from textual.geometry import Region

from process_core.graph import Edge
from tui.graph.layout.shapes import Box, BoxKind
from tui.graph.render.picture import Picture

_WAYS: Final = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


def first_in(picture: Picture, window: Region) -> str | None:
    """Return the step that walking begins with: the first on the screen, else the nearest to it, if any."""
    seen = [box for box in _steps(picture) if window.contains_region(Region(box.x, box.y, box.width, box.height))]
    first = min(seen, key=lambda box: (box.y, box.x), default=None)
    return first.path if first is not None else middle_in(picture, window)


def middle_in(picture: Picture, window: Region) -> str | None:
    """Return the step nearest to the middle of what is seen; None where there is none."""
    x, y = window.center

    def distance(box: Box) -> float:
        return abs(box.x + box.width / 2 - x) + 2 * abs(box.y + box.height / 2 - y)

    nearest = min(_steps(picture), key=distance, default=None)
    return nearest.path if nearest is not None else None


def _steps(picture: Picture) -> list[Box]:
    return [box for box in picture.boxes.values() if box.kind is not BoxKind.FRAME]


def neighbour(picture: Picture, edges: Sequence[Edge], what: str, way: str) -> str | None:
    """Return the step that an arrow key leads to from a step or an edge; None where there is none that way."""
    boxes = picture.boxes
    path = next((edge.target or edge.source for edge in edges if edge.key == what), what)
    if path not in boxes:
        return None
    here = boxes[path]
    joined: set[str] = set()
    for edge in edges:
        if edge.source == path:
            joined.add(edge.target)
        if edge.target == path:
            joined.add(edge.source)
    best: tuple[float, str] | None = None
    for other, box in boxes.items():
        if other == path or _holds(box, here) or _holds(here, box):
            continue
        cost = _cost(here, box, way)
        if cost is None:
            continue
        cost = cost * (0.5 if other in joined else 1.0)
        if best is None or (cost, other) < best:
            best = (cost, other)
    return best[1] if best else None


def _holds(outer: Box, inner: Box) -> bool:
    return outer.kind is BoxKind.FRAME and inner.path.startswith(outer.path + "/")


def _cost(here: Box, there: Box, way: str) -> float | None:
    """Return how far a box is in a direction; None where it is not in it. A row counts like two columns."""
    dx, dy = _WAYS[way]
    across = (there.x + there.width / 2) - (here.x + here.width / 2)
    along = 2 * ((there.y + there.height / 2) - (here.y + here.height / 2))
    ahead = across * dx + along * dy
    aside = abs(along if dx else across)
    if dy and there.x < here.x + here.width and here.x < there.x + there.width:
        aside /= 4
    if dx and there.y < here.y + here.height and here.y < there.y + there.height:
        aside /= 4
    edge = (
        there.x - (here.x + here.width - 1) if dx > 0 else here.x - (there.x + there.width - 1) if dx < 0
        else there.y - (here.y + here.height - 1) if dy > 0 else here.y - (there.y + there.height - 1)
    )  # fmt: skip
    if ahead <= 0 or edge <= 0:
        return None
    return ahead + 2 * aside
