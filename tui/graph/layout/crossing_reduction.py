"""The order of cells in each layer: many beginnings, swept; then the best is shaken and swept again while effort lasts.

A sweep sorts cells by the median of their neighbours, then swaps neighbours while that helps. Crossings are counted by
channel, and only where something has moved: what makes it affordable to try many orders.

Effort means cells looked at, never the clock, and chance means a fixed sequence of numbers: the same graph always gets
the same order.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple

_PASSES: Final = 6
_EFFORT: Final = 20_000
"""Cells to look at, more for a graph so large that this would not do for a few sweeps."""
_EFFORT_PER_CELL: Final = 15
_READERS: Final = 4
_STARTS: Final = 9
"""Beginnings that a reader would think of, and all of them."""
_SHORT: Final = (6, 2)
_LONG: Final = (24, 8)
_SHAKEN: Final = (4, 2)
"""Sweeps at most, and sweeps in a row that may bring nothing: of a beginning, of the best one, after it was shaken."""

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

    def improved(self, layers: Sequence[Sequence[int]], sweeps: int, patience: int, first: int = 0) -> Order:
        """Sweep down and up in turn, and return the best order seen.

        Args:
            layers: The order to begin with.
            sweeps: The most sweeps.
            patience: How many sweeps in a row may bring nothing.
            first: Which of four kinds of sweep comes first: down, up, and both with ties turned round.
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

    def swapped(self, layers: Sequence[Sequence[int]]) -> Order:
        """Return an order in which neighbours are swapped while that removes crossings, and nothing else is done."""
        self.load(layers)
        self._moved = set(range(len(self.layers)))
        self._transpose(ties=False)
        self._recount()
        return self._seen()

    def _seen(self) -> Order:
        return Order(self.crossings, self._stretch(), [list(layer) for layer in self.layers])

    def _stretch(self) -> int:
        """Return how far pieces go aside, by and large: as if layers were centred, and all cells equally wide."""
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
        """Return the sorted places of the neighbours of each cell."""
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


class Adjacency:
    """The cells that each cell is joined to, in the layer before and in the layer after.

    A label has one neighbour on one side, and stands where that one does; so layers of labels are passed over, and put
    back when the others are in order.
    """

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
        """Return what improves orders of these cells."""
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
        """Return whether every second layer holds only cells that have one neighbour on one side."""
        return all(len(self.up[c]) < 2 or len(self.down[c]) < 2 for layer in self.layers[1::2] for c in layer)  # noqa: PLR2004 - more than one

    def without_thin_layers(self) -> "Adjacency":
        """Return the adjacency in which what is joined by way of a thin layer is joined directly."""
        adjacency = Adjacency((), ())
        adjacency.layers = self.layers[::2]
        adjacency.size = self.size
        adjacency.up = [[far for near in around for far in self.up[near]] for around in self.up]
        adjacency.down = [[far for near in around for far in self.down[near]] for around in self.down]
        return adjacency

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


def orders(layers: Sequence[Sequence[int]], channels: Sequence[Sequence[tuple[int, int]]], most: int) -> list[Layers]:
    """Find orders of cells in which few pieces cross; the last ones are kept, because every zoom asks for the same.

    Args:
        layers: Cells by layer, in the order of declaration.
        channels: Per pair of layers that follow each other, the pairs of upper and lower cell.
        most: How many orders to return at most.

    Returns:
        Orders with equally few crossings, at least one; the likeliest to look well comes first.
    """
    results = _orders(tuple(map(tuple, layers)), tuple(map(tuple, channels)), most)
    return [[list(layer) for layer in order] for order in results]


def forget() -> None:
    """Forget what was asked for: what a benchmark does between two rounds."""
    _orders.cache_clear()


def order(layers: Sequence[Sequence[int]], channels: Sequence[Sequence[tuple[int, int]]]) -> Layers:
    """Return the likeliest to look well of the orders in which few pieces cross; see `orders`."""
    return orders(layers, channels, 1)[0]


def crossings(layers: Sequence[Sequence[int]], channels: Sequence[Sequence[tuple[int, int]]]) -> int:
    """Count how often pieces cross in an order; the arguments are those of `orders`."""
    sweeper = Adjacency(layers, channels).sweeper()
    sweeper.load(layers)
    return sweeper.crossings


class _Dice:
    """Numbers that look like chance and are the same every time."""

    def __init__(self) -> None:
        self._state = 1

    def below(self, count: int) -> int:
        """Return a number from 0 on, below a count."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        return (self._state >> 33) % count

    def shuffled(self, cells: Sequence[int]) -> list[int]:
        """Return cells in another order."""
        result = list(cells)
        for last in range(len(result) - 1, 0, -1):
            other = self.below(last + 1)
            result[last], result[other] = result[other], result[last]
        return result


@lru_cache(maxsize=16)
def _orders(
    layers: tuple[tuple[int, ...], ...], channels: tuple[tuple[tuple[int, int], ...], ...], most: int
) -> list[Layers]:
    adjacency = Adjacency(layers, channels)
    sweeper = adjacency.sweeper()
    thin = adjacency.has_thin_layers()
    candidates = _searched(adjacency.without_thin_layers() if thin else adjacency, most)
    full = [sweeper.swapped(adjacency.filled(order) if thin else order) for order in candidates]
    sweeper.load(layers)
    fewest = min(order.crossings for order in full)
    if fewest > sweeper.crossings:
        return [[list(layer) for layer in layers]]
    return [order.layers for order in full if order.crossings == fewest]


def _searched(adjacency: Adjacency, most: int) -> list[Layers]:
    """Look for good orders until there are none better, or the effort is spent."""
    sweeper = adjacency.sweeper()
    enough = max(_EFFORT, _EFFORT_PER_CELL * sum(len(layer) for layer in adjacency.layers))
    dice = _Dice()
    best = _BestOrders(most)
    for number, start in enumerate(islice(_starts(adjacency, dice), _STARTS)):
        if sweeper.effort > enough or (number >= _READERS * (most > 1) and not best.fewest):
            break
        best.add(sweeper.improved(start, *_SHORT))
    if best.fewest:
        best.add(sweeper.improved(best.likeliest.layers, *_LONG))
    current = best.likeliest
    while best.fewest and sweeper.effort < enough:
        order = sweeper.improved(_shaken(current.layers, dice), *_SHAKEN, first=dice.below(4))
        best.add(order)
        current = min(current, order)
    return best.layers


class _BestOrders:
    """The best orders found, each once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._orders: list[Order] = []

    def add(self, order: Order) -> None:
        """Keep an order if it is one of the best."""
        if self._orders and order.crossings > self.fewest:
            return
        if self._orders and order.crossings < self.fewest:
            self._orders.clear()
        if order not in self._orders:
            self._orders.append(order)
            self._orders.sort(key=lambda o: o.stretch)
            del self._orders[self._most :]

    @property
    def fewest(self) -> int:
        """Crossings of each of them; some, while there is none."""
        return self._orders[0].crossings if self._orders else 1

    @property
    def likeliest(self) -> Order:
        """The likeliest to look well."""
        return self._orders[0]

    @property
    def layers(self) -> list[Layers]:
        """All of them, the likeliest to look well first."""
        return [order.layers for order in self._orders]


def _starts(adjacency: Adjacency, dice: _Dice) -> Iterator[Layers]:
    """Yield orders to begin with: first what a reader would expect, then others to get out of a rut."""
    yield adjacency.walked()
    yield [list(layer) for layer in adjacency.layers]
    yield [layer[::-1] for layer in adjacency.walked()]
    yield adjacency.walked(down=False)
    while True:
        yield [dice.shuffled(layer) for layer in adjacency.layers]


def _shaken(layers: Layers, dice: _Dice) -> Layers:
    """Turn round or shuffle some layers that follow each other."""
    begin = dice.below(len(layers))
    end = begin + 2 + dice.below(len(layers))
    shuffles = dice.below(2)
    return [
        (dice.shuffled(layer) if shuffles else layer[::-1]) if begin <= index < end else list(layer)
        for index, layer in enumerate(layers)
    ]
