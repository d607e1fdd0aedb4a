"""Cells of a layered graph and what each is joined to, with the layers that need no search of their own left out.

A label has one neighbour on one side, and stands where that one does; so layers of labels are passed over, and put back
when the others are in order.
"""

import math
from collections.abc import Sequence

from tui.graph.layout.median_sweep import Layers, Sweeper


class Neighbours:
    """Cells and their neighbours."""

    def __init__(self, layers: Sequence[Sequence[int]], channels: Sequence[Sequence[tuple[int, int]]]) -> None:
        self.layers = layers
        self.size = sum(len(layer) for layer in layers)
        self.up: list[list[int]] = [[] for _ in range(self.size)]
        self.down: list[list[int]] = [[] for _ in range(self.size)]
        for channel in channels:
            for upper, lower in channel:
                self.down[upper].append(lower)
                self.up[lower].append(upper)

    def sweeper(self) -> Sweeper:
        """Give what improves orders of this web."""
        return Sweeper(self.size, len(self.layers), self.up, self.down)

    def walked(self, *, down: bool = True) -> Layers:
        """Order by a depth-first walk: what hangs together starts together."""
        near, far = (self.up, self.down) if down else (self.down, self.up)
        result: Layers = [[] for _ in self.layers]
        layer_of = {cell: index for index, layer in enumerate(self.layers) for cell in layer}
        seen = [False] * self.size
        for root in layer_of:
            if seen[root]:
                continue
            seen[root] = True
            trail = [root]
            while trail:
                cell = trail.pop()
                result[layer_of[cell]].append(cell)
                for beside in (*reversed(near[cell]), *reversed(far[cell])):
                    if not seen[beside]:
                        seen[beside] = True
                        trail.append(beside)
        return result

    def has_thin_layers(self) -> bool:
        """Say whether every second layer holds nothing but cells that have one neighbour on one side."""
        return all(len(self.up[c]) < 2 or len(self.down[c]) < 2 for layer in self.layers[1::2] for c in layer)  # noqa: PLR2004 - more than one

    def without_thin_layers(self) -> "Neighbours":
        """Give the web in which what is joined by way of a thin layer is joined directly."""
        web = Neighbours((), ())
        web.layers = self.layers[::2]
        web.size = self.size
        web.up = [[far for near in around for far in self.up[near]] for around in self.up]
        web.down = [[far for near in around for far in self.down[near]] for around in self.down]
        return web

    def filled(self, layers: Layers) -> Layers:
        """Put the thin layers back, each cell where its neighbours are."""
        place = {cell: at for layer in layers for at, cell in enumerate(layer)}

        def key(cell: int) -> tuple[float, float]:
            above = [place[n] for n in self.up[cell]]
            below = [place[n] for n in self.down[cell]]
            return _mean(above or below), _mean(below) if below else math.inf

        return [sorted(layer, key=key) if index % 2 else layers[index // 2] for index, layer in enumerate(self.layers)]


def _mean(places: Sequence[int]) -> float:
    return sum(places) / len(places) if places else 0.0
