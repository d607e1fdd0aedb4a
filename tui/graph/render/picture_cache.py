"""The pictures of one process, each drawn when it is first asked for; and which of them suits a screen.

As much as can be seen at once is best, else what overflows least. Sizes are (columns, rows).
"""

import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

from process_core.graph import Edge, Node
from tui.graph.layout.graph_model import LABEL_CELLS
from tui.graph.layout.shapes import Direction, Zoom
from tui.graph.render.picture import Picture, draw

NARROW: Final = 16
"""Width at which labels are wrapped where they would not fit otherwise."""
_SOME, _MANY = 40, 120
"""Steps above which full boxes, and above which anything but chips, are not even tried: a layout takes time."""
_LARGE: Final = 80
"""Steps above which the screen does not wait for a layout."""
_QUICK: Final = 120
"""Steps up to which a second layout costs nothing that anybody notices."""
ROUTES_A_STEP: Final = 3
"""Routes that cost a layout as much as a step does; a process has hardly more."""
SLACK: Final = 1.15
"""How much larger than the screen a picture must be before it helps to see less of it, or a map of it."""


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


def best_fit(draw: Callable[[FittedView], Picture], steps: int, width: int, height: int) -> FittedView:
    """Choose a zoom, a direction, and whether to wrap labels.

    Returns the view that shows most of the steps while everything is seen, else the one that overflows least.
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
    """Yield views, those that show most first; those of one list are equally welcome."""
    if steps > _MANY:
        yield [FittedView(Zoom.CHIPS, Direction.DOWN, NARROW)]
        return
    for zoom in (Zoom.FULL, Zoom.BOXES, Zoom.CHIPS):
        if steps > _SOME and zoom is not Zoom.CHIPS:
            continue
        for cells in (LABEL_CELLS, NARROW):
            yield [FittedView(zoom, direction, cells) for direction in Direction]


class PictureCache:
    """Draws one process in as many ways as are asked for; it may be asked in a thread.

    Args:
        nodes: Its steps, nested ones included.
        edges: Its routes, nested ones included.
        folded: Paths of nested processes that the reader has folded; None where the reader has not chosen.
        ascii_only: Whether nothing but ASCII may be used.
    """

    def __init__(
        self,
        nodes: Collection[Node] = (),
        edges: Collection[Edge] = (),
        *,
        folded: frozenset[str] | None = None,
        ascii_only: bool = False,
    ) -> None:
        self.nodes = tuple(nodes)
        self.edges = tuple(edges)
        self.ascii_only = ascii_only
        self.folded = folded
        self._pictures: dict[FittedView, Picture] = {}
        self._lock = threading.Lock()

    @property
    def is_large(self) -> bool:
        """Whether a layout takes so long that the screen must not wait for it."""
        return max(len(self.nodes), len(self.edges) // ROUTES_A_STEP) > _LARGE

    def picture(self, view: FittedView) -> Picture:
        """Return the picture for a view."""
        picture = self._pictures.get(view)
        if picture is not None:
            return picture
        with self._lock:  # two threads that want the same one draw it once
            picture = self._pictures.get(view)
            if picture is None:
                picture = self._pictures[view] = draw(
                    self.nodes,
                    self.edges,
                    zoom=view.zoom,
                    direction=view.direction,
                    folded=view.folded,
                    label_cells=view.label_cells,
                    ascii=self.ascii_only,
                )
        return picture

    def best(self, size: tuple[int, int]) -> FittedView:
        """Choose a view in which as much as possible is seen.

        Nested processes are folded, the innermost first, where the whole process can then be seen at once; not where
        the reader has folded or unfolded one.
        """
        if self.folded is not None:
            return self._fitting(size, self.folded)
        first = self._fitting(size, frozenset())
        if self._is_seen(first, size):
            return first
        folded = (self._fitting(size, paths) for paths in self._foldings())
        return next((view for view in folded if self._is_seen(view, size)), first)

    def wrapped(self, view: FittedView, size: tuple[int, int]) -> FittedView:
        """Return a view with its labels wrapped if they would make the picture too wide."""
        if len(self.nodes) > _QUICK or self.picture(view).width > size[0]:
            return replace(view, label_cells=NARROW)
        return view

    def _fitting(self, size: tuple[int, int], folded: frozenset[str]) -> FittedView:
        steps = sum(1 for node in self.nodes if not any(node.path.startswith(path + "/") for path in folded))
        steps = max(steps, len(self.edges) // ROUTES_A_STEP)
        view = best_fit(lambda v: self.picture(replace(v, folded=folded)), steps, *size)
        return replace(view, folded=folded)

    def _is_seen(self, view: FittedView, size: tuple[int, int]) -> bool:
        picture = self.picture(view)
        return picture.width <= size[0] * SLACK and picture.height <= size[1] * SLACK

    def _foldings(self) -> Iterator[frozenset[str]]:
        """Yield the nested processes that may be folded: the innermost, then more and more of them."""
        holders = {node.path.rpartition("/")[0] for node in self.nodes if "/" in node.path}
        for depth in range(max((path.count("/") for path in holders), default=-1), -1, -1):
            yield frozenset(path for path in holders if path.count("/") >= depth)
