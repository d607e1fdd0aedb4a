"""The pictures of one process, each drawn when it is first asked for; and which of them suits a screen."""

from collections.abc import Collection
from typing import Final

from textual.geometry import Size

from process_core.graph import Edge, Node
from tui.graph.fit import NARROW, View, best_fit
from tui.graph.picture import Picture, draw
from tui.graph.shapes import Direction, Zoom

_QUICK: Final = 120
"""Steps up to which a second layout costs nothing that anybody notices."""


class Album:
    """Draws one process in as many ways as are asked for.

    Args:
        nodes: Its steps, nested ones included.
        edges: Its routes, nested ones included.
        ascii_only: Whether nothing but ASCII may be used.
    """

    def __init__(self, nodes: Collection[Node] = (), edges: Collection[Edge] = (), *, ascii_only: bool = False) -> None:
        self.nodes = tuple(nodes)
        self.edges = tuple(edges)
        self.ascii_only = ascii_only
        self.folded: frozenset[str] = frozenset()
        self._pictures: dict[tuple[View, frozenset[str]], Picture] = {}

    def picture(self, view: View) -> Picture:
        """Give the picture for a view, nested processes folded as they are now."""
        key = (view, self.folded)
        picture = self._pictures.get(key)
        if picture is None:
            picture = self._pictures[key] = draw(
                self.nodes,
                self.edges,
                zoom=view.zoom,
                direction=view.direction,
                folded=self.folded,
                label_cells=view.label_cells,
                ascii=self.ascii_only,
            )
        return picture

    def best(self, size: Size) -> View:
        """Choose a view in which as much as possible is seen."""
        return best_fit(self.picture, len(self.nodes), size.width, size.height)

    def wrapped(self, zoom: Zoom, direction: Direction, size: Size) -> View:
        """Give a view whose labels are wrapped if they would make the picture too wide."""
        view = View(zoom, direction)
        if len(self.nodes) > _QUICK or self.picture(view).width > size.width:
            return View(zoom, direction, NARROW)
        return view
