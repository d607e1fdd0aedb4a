"""The pictures of one process, each drawn when it is first asked for; and which of them suits a screen."""

import threading
from collections.abc import Collection
from typing import Final

from textual.geometry import Size

from process_core.graph import Edge, Node
from tui.graph.fit import NARROW, View, best_fit
from tui.graph.picture import Picture, draw
from tui.graph.shapes import Direction, Zoom

_LARGE: Final = 80
_QUICK: Final = 120
"""Steps up to which a second layout costs nothing that anybody notices."""


class Album:
    """Draws one process in as many ways as are asked for; it may be asked in a thread.

    Args:
        nodes: Its steps, nested ones included.
        edges: Its routes, nested ones included.
        folded: Paths of nested processes that are drawn as one box.
        ascii_only: Whether nothing but ASCII may be used.
    """

    def __init__(
        self,
        nodes: Collection[Node] = (),
        edges: Collection[Edge] = (),
        *,
        folded: frozenset[str] = frozenset(),
        ascii_only: bool = False,
    ) -> None:
        self.nodes = tuple(nodes)
        self.edges = tuple(edges)
        self.ascii_only = ascii_only
        self.folded: frozenset[str] = folded
        self._pictures: dict[tuple[View, frozenset[str]], Picture] = {}
        self._lock = threading.Lock()

    @property
    def is_large(self) -> bool:
        """Whether a layout takes so long that the screen must not wait for it."""
        return len(self.nodes) > _LARGE

    def picture(self, view: View) -> Picture:
        """Give the picture for a view, nested processes folded as they are now."""
        key = (view, self.folded)
        picture = self._pictures.get(key)
        if picture is not None:
            return picture
        with self._lock:  # two threads that want the same one draw it once
            picture = self._pictures.get(key)
            if picture is None:
                picture = self._pictures[key] = draw(
                    self.nodes,
                    self.edges,
                    zoom=view.zoom,
                    direction=view.direction,
                    folded=key[1],
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
