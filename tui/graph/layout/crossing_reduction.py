"""The order of cells in each layer: many beginnings, swept; then the best is shaken and swept again while effort lasts.

Effort means cells looked at, never the clock, and chance means a fixed sequence of numbers: the same graph always gets
the same order.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Final

from tui.graph.layout.median_sweep import Layers, Order
from tui.graph.layout.neighbours import Neighbours

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


def orders(layers: Sequence[Sequence[int]], channels: Sequence[Sequence[tuple[int, int]]], most: int) -> list[Layers]:
    """Find orders of cells in which few pieces cross; the last ones asked for are kept: every zoom asks for the same.

    Args:
        layers: Cells by layer, in the order of declaration.
        channels: Per pair of layers that follow each other, the pairs of upper and lower cell.
        most: How many to give.

    Returns:
        Orders with equally few crossings, at least one; the likeliest to look well comes first.
    """
    found = _orders(tuple(map(tuple, layers)), tuple(map(tuple, channels)), most)
    return [[list(layer) for layer in order] for order in found]


def forget() -> None:
    """Forget what was asked for: what a benchmark does between two rounds."""
    _orders.cache_clear()


def order(layers: Sequence[Sequence[int]], channels: Sequence[Sequence[tuple[int, int]]]) -> Layers:
    """Order cells so that few pieces cross.

    Args:
        layers: Cells by layer, in the order of declaration.
        channels: Per pair of layers that follow each other, the pairs of upper and lower cell.

    Returns:
        The layers, each in its new order.
    """
    return orders(layers, channels, 1)[0]


def crossings(layers: Sequence[Sequence[int]], channels: Sequence[Sequence[tuple[int, int]]]) -> int:
    """Count how often pieces cross.

    Args:
        layers: Cells by layer, in order.
        channels: Per pair of layers that follow each other, the pairs of upper and lower cell.

    Returns:
        The number of crossings.
    """
    sweeper = Neighbours(layers, channels).sweeper()
    sweeper.load(layers)
    return sweeper.crossings


class _Dice:
    """Numbers that look like chance and are the same every time."""

    def __init__(self) -> None:
        self._state = 1

    def below(self, count: int) -> int:
        """Give a number from 0 on, below a count."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        return (self._state >> 33) % count

    def shuffled(self, cells: Sequence[int]) -> list[int]:
        """Give cells in another order."""
        result = list(cells)
        for last in range(len(result) - 1, 0, -1):
            other = self.below(last + 1)
            result[last], result[other] = result[other], result[last]
        return result


@lru_cache(maxsize=16)
def _orders(
    layers: tuple[tuple[int, ...], ...], channels: tuple[tuple[tuple[int, int], ...], ...], most: int
) -> list[Layers]:
    web = Neighbours(layers, channels)
    sweeper = web.sweeper()
    thin = web.has_thin_layers()
    found = _searched(web.without_thin_layers() if thin else web, most)
    full = [sweeper.swapped(web.filled(order) if thin else order) for order in found]
    sweeper.load(layers)
    fewest = min(order.crossings for order in full)
    if fewest > sweeper.crossings:
        return [[list(layer) for layer in layers]]
    return [order.layers for order in full if order.crossings == fewest]


def _searched(web: Neighbours, most: int) -> list[Layers]:
    """Look for good orders until there are none better, or the effort is spent."""
    sweeper = web.sweeper()
    enough = max(_EFFORT, _EFFORT_PER_CELL * sum(len(layer) for layer in web.layers))
    dice = _Dice()
    found = _Found(most)
    for number, start in enumerate(islice(_starts(web, dice), _STARTS)):
        if sweeper.effort > enough or (number >= _READERS * (most > 1) and not found.fewest):
            break
        found.add(sweeper.improved(start, *_SHORT))
    if found.fewest:
        found.add(sweeper.improved(found.best.layers, *_LONG))
    current = found.best
    while found.fewest and sweeper.effort < enough:
        order = sweeper.improved(_shaken(current.layers, dice), *_SHAKEN, first=dice.below(4))
        found.add(order)
        current = min(current, order)
    return found.layers


class _Found:
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
    def best(self) -> Order:
        """The likeliest to look well."""
        return self._orders[0]

    @property
    def layers(self) -> list[Layers]:
        """All of them, the likeliest to look well first."""
        return [order.layers for order in self._orders]


def _starts(web: Neighbours, dice: _Dice) -> Iterator[Layers]:
    """Give orders to begin with; the first are what a reader would expect, the others are there to get out of a rut."""
    yield web.walked()
    yield [list(layer) for layer in web.layers]
    yield [layer[::-1] for layer in web.walked()]
    yield web.walked(down=False)
    while True:
        yield [dice.shuffled(layer) for layer in web.layers]


def _shaken(layers: Layers, dice: _Dice) -> Layers:
    """Turn round or shuffle some layers that follow each other."""
    begin = dice.below(len(layers))
    end = begin + 2 + dice.below(len(layers))
    shuffles = dice.below(2)
    return [
        (dice.shuffled(layer) if shuffles else layer[::-1]) if begin <= index < end else list(layer)
        for index, layer in enumerate(layers)
    ]
