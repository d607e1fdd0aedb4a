"""The pictures of one process, each drawn when it is first asked for; and which of them suits a screen."""

import threading
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final

from textual.geometry import Size

from process_core.graph import Edge, Node
from tui.graph.render.fit import NARROW, SLACK, FittedView, best_fit
from tui.graph.render.picture import Picture, draw

_LARGE: Final = 80
_QUICK: Final = 120
"""Steps up to which a second layout costs nothing that anybody notices."""


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
        return len(self.nodes) > _LARGE

    def picture(self, view: FittedView) -> Picture:
        """Give the picture for a view."""
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

    def best(self, size: Size) -> FittedView:
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

    def wrapped(self, view: FittedView, size: Size) -> FittedView:
        """Give a view with its labels wrapped if they would make the picture too wide."""
        if len(self.nodes) > _QUICK or self.picture(view).width > size.width:
            return replace(view, label_cells=NARROW)
        return view

    def _fitting(self, size: Size, folded: frozenset[str]) -> FittedView:
        steps = sum(1 for node in self.nodes if not any(node.path.startswith(path + "/") for path in folded))
        view = best_fit(lambda v: self.picture(replace(v, folded=folded)), steps, size.width, size.height)
        return replace(view, folded=folded)

    def _is_seen(self, view: FittedView, size: Size) -> bool:
        picture = self.picture(view)
        return picture.width <= size.width * SLACK and picture.height <= size.height * SLACK

    def _foldings(self) -> Iterator[frozenset[str]]:
        """Give the nested processes that may be folded: the innermost, then more and more of them."""
        holders = {node.path.rpartition("/")[0] for node in self.nodes if "/" in node.path}
        for depth in range(max((path.count("/") for path in holders), default=-1), -1, -1):
            yield frozenset(path for path in holders if path.count("/") >= depth)
