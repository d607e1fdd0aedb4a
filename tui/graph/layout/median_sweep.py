"""Sweeps over layers: cells sorted by the median of their neighbours, then neighbours swapped while that helps.

Crossings are counted by channel, and only where something has moved: what makes it affordable to try many orders.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Final, NamedTuple

_PASSES: Final = 6

Layers = list[list[int]]
"""Cells by layer, in order."""


class Order(NamedTuple):
    """An order that was found; the lesser is the better one.

    Attributes:
        crossings: How often pieces cross.
        stretch: How far they go aside.
        layers: The order.
    """

    crossings: int
    stretch: int
    layers: Layers


class Sweeper:
    """Improves orders of one layered graph.

    Args:
        size: Cells are numbered below this.
        depth: How many layers there are.
        up: Per cell, its neighbours in the layer before.
        down: Per cell, its neighbours in the layer after.

    Attributes:
        layers: The order that is worked on.
        crossings: How often its pieces cross.
        effort: Cells looked at since the beginning: what is spent, whatever the clock says.
    """

    def __init__(self, size: int, depth: int, up: Sequence[list[int]], down: Sequence[list[int]]) -> None:
        self.layers: Layers = [[] for _ in range(depth)]
        self.crossings = 0
        self.effort = 0
        self._up = up
        self._down = down
        self._place = [0] * size
        self._count = [0] * depth
        self._moved: set[int] = set()

    def load(self, layers: Sequence[Sequence[int]]) -> None:
        """Begin with an order."""
        self.layers = [list(layer) for layer in layers]
        for layer in self.layers:
            self._number(layer)
        self._count = [self._crossings_below(index) for index in range(len(self.layers))]
        self.crossings = sum(self._count)

    def improved(self, layers: Sequence[Sequence[int]], sweeps: int, patience: int, first: int = 0) -> "Order":
        """Sweep down and up in turn.

        Args:
            layers: The order to begin with.
            sweeps: The most sweeps.
            patience: How many sweeps in a row may bring nothing.
            first: Which of four kinds of sweep comes first: down, up, and both with ties turned round.

        Returns:
            The best order seen.
        """
        self.load(layers)
        best = self._seen()
        idle = 0
        for number in range(first, first + sweeps):
            if idle > patience:
                break
            self._sweep(down=number % 2 == 0, ties=number % 4 >= 2)  # noqa: PLR2004 - the second half of four kinds
            idle += 1
            if self.crossings < best.crossings:
                idle = 0
            if self.crossings <= best.crossings and (self.crossings, self._stretch()) < best[:2]:
                best = self._seen()
        return best

    def swapped(self, layers: Sequence[Sequence[int]]) -> "Order":
        """Swap neighbours while that removes crossings, and do nothing else.

        Args:
            layers: The order to begin with.

        Returns:
            The order that is left.
        """
        self.load(layers)
        self._moved = set(range(len(self.layers)))
        self._transpose(ties=False)
        self._recount()
        return self._seen()

    def _seen(self) -> "Order":
        return Order(self.crossings, self._stretch(), [list(layer) for layer in self.layers])

    def _stretch(self) -> int:
        """Say how far pieces go aside, by and large: as if layers were centred, and all cells equally wide."""
        place, down = self._place, self._down
        widths = [len(layer) for layer in self.layers]
        self.effort += sum(widths) // 2
        total = 0
        for layer, here, next_ in zip(self.layers, widths, widths[1:], strict=False):
            lean = next_ - here
            for cell in layer:
                at = 2 * place[cell] + lean
                for lower in down[cell]:
                    total += abs(at - 2 * place[lower])
        return total

    def _sweep(self, *, down: bool, ties: bool) -> None:
        self._moved = set()
        if down:
            for index in range(1, len(self.layers)):
                self._sort(index, self._up, ties=ties)
        else:
            for index in range(len(self.layers) - 2, -1, -1):
                self._sort(index, self._down, ties=ties)
        self._transpose(ties=ties)
        self._recount()

    def _recount(self) -> None:
        for index in {near for moved in self._moved for near in (moved - 1, moved) if near >= 0}:
            self.crossings -= self._count[index]
            self._count[index] = self._crossings_below(index)
            self.crossings += self._count[index]

    def _number(self, layer: Sequence[int]) -> None:
        place = self._place
        for index, cell in enumerate(layer):
            place[cell] = index

    def _sort(self, index: int, near: Sequence[list[int]], *, ties: bool) -> None:
        """Sort by the weighted median of the neighbours; cells without any keep their places; ties may turn round."""
        layer, place = self.layers[index], self._place
        if len(layer) < 2:  # noqa: PLR2004 - a cell alone is in order
            return
        self.effort += len(layer)
        keyed: list[tuple[float, int, int]] = []
        free: list[tuple[int, int]] = []
        for at, cell in enumerate(layer):
            around = near[cell]
            if len(around) == 1:
                keyed.append((place[around[0]], -at if ties else at, cell))
            elif around:
                keyed.append((_median(sorted([place[n] for n in around])), -at if ties else at, cell))
            else:
                free.append((at, cell))
        keyed.sort()
        new = [cell for _, _, cell in keyed]
        for at, cell in free:
            new.insert(at, cell)
        if new != layer:
            self.layers[index] = new
            self._number(new)
            self._moved.add(index)

    def _crossings_below(self, index: int) -> int:
        """Count crossings in the channel below a layer."""
        layers, down, place = self.layers, self._down, self._place
        if index + 1 >= len(layers) or len(layers[index]) < 2 or len(layers[index + 1]) < 2:  # noqa: PLR2004 - as above
            return 0
        self.effort += len(layers[index])
        seen: list[int] = []
        total = 0
        for cell in layers[index]:
            lower = down[cell]
            if len(lower) == 1:
                end = place[lower[0]]
                if seen and seen[-1] > end:
                    total += len(seen) - bisect_left(seen, end + 1)
                    insort(seen, end)
                else:
                    seen.append(end)
            elif lower:
                ends = [place[n] for n in lower]
                for end in ends:
                    total += len(seen) - bisect_left(seen, end + 1)
                for end in ends:
                    insort(seen, end)
        return total

    def _transpose(self, *, ties: bool) -> None:
        """Swap neighbours while that removes crossings, near what has moved; with ties, all layers and equal ones."""
        wide = {index for index, layer in enumerate(self.layers) if len(layer) > 1}
        dirty = wide if ties else wide & _around(self._moved)
        for _ in range(_PASSES):
            better = {index for index in sorted(dirty) if self._swap(index, ties=ties)}
            if not better:
                return
            dirty = wide & _around(better)
            ties = False

    def _swap(self, index: int, *, ties: bool) -> bool:
        """Go through a layer once; say whether crossings went."""
        layer = self.layers[index]
        self.effort += 2 * len(layer)
        above = self._places(layer, self._up)
        below = self._places(layer, self._down)
        moved = better = False
        for at in range(len(layer) - 1):
            a, b, c, d = above[at], above[at + 1], below[at], below[at + 1]
            now = _pair(a, b) + _pair(c, d)
            if not now and not ties:
                continue
            then = _pair(b, a) + _pair(d, c)
            if now > then or (ties and now == then):
                layer[at], layer[at + 1] = layer[at + 1], layer[at]
                above[at], above[at + 1] = b, a
                below[at], below[at + 1] = d, c
                moved = True
                better = better or now > then
        if moved:
            self._moved.add(index)
            self._number(layer)
        return better

    def _places(self, layer: Sequence[int], near: Sequence[list[int]]) -> list[list[int]]:
        """Give the sorted places of the neighbours of each cell."""
        place = self._place
        return [
            [place[around[0]]] if len(around) == 1 else sorted([place[n] for n in around])
            for around in [near[cell] for cell in layer]
        ]


def _around(layers: set[int]) -> set[int]:
    return {near for index in layers for near in (index - 1, index, index + 1)}


def _median(at: list[int]) -> float:
    middle = len(at) // 2
    if len(at) % 2:
        return at[middle]
    if len(at) == 2:  # noqa: PLR2004 - the median of two is their mean
        return (at[0] + at[1]) / 2
    left, right = at[middle - 1] - at[0], at[-1] - at[middle]
    if left + right == 0:
        return at[middle]
    return (at[middle - 1] * right + at[middle] * left) / (left + right)


def _pair(left: list[int], right: list[int]) -> int:
    """Count crossings of the pieces of two cells that stand side by side; both lists are sorted."""
    if not left or not right or left[-1] <= right[0]:
        return 0
    return sum([len(left) - bisect_left(left, end + 1) for end in right])
