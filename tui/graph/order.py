"""The order of cells in each layer: many beginnings, swept; then the best is shaken and swept again while time lasts.

Layers of labels need no search of their own: a label has one neighbour on one side, and stands where that one does. The
search passes over them; they are put back at the end. Time means cells looked at, never the clock, and chance means a
fixed sequence of numbers: the same graph always gets the same order.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from tui.graph.sweep import Layers, Sweeper

_EFFORT: Final = 36_000
"""Cells to look at, more for a graph so large that this would not do for a few sweeps."""
_EFFORT_PER_CELL: Final = 30
_STARTS: Final = 8
_SHORT: Final = (6, 2)
_LONG: Final = (24, 8)
_SHAKEN: Final = (4, 2)
"""Sweeps at most, and sweeps in a row that may bring nothing: of a beginning, of the best one, after it was shaken."""


def order(layers: Sequence[Sequence[int]], channels: Sequence[Sequence[tuple[int, int]]]) -> Layers:
    """Order cells so that few pieces cross.

    Args:
        layers: Cells by layer, in the order of declaration.
        channels: Per pair of layers that follow each other, the pairs of upper and lower cell.

    Returns:
        The layers, each in its new order.
    """
    web = _Web(layers, channels)
    sweeper = web.sweeper()
    if web.has_thin_layers():
        fewest, best = sweeper.swapped(web.filled(_searched(web.without_thin_layers())))
    else:
        fewest, best = sweeper.swapped(_searched(web))
    sweeper.load(layers)
    return best if fewest <= sweeper.crossings else [list(layer) for layer in layers]


def crossings(layers: Sequence[Sequence[int]], channels: Sequence[Sequence[tuple[int, int]]]) -> int:
    """Count how often pieces cross.

    Args:
        layers: Cells by layer, in order.
        channels: Per pair of layers that follow each other, the pairs of upper and lower cell.

    Returns:
        The number of crossings.
    """
    sweeper = _Web(layers, channels).sweeper()
    sweeper.load(layers)
    return sweeper.crossings


class _Web:
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
        seen: set[int] = set()
        for root in layer_of:
            trail = [root]
            while trail:
                cell = trail.pop()
                if cell not in seen:
                    seen.add(cell)
                    result[layer_of[cell]].append(cell)
                    trail.extend(reversed(far[cell]))
                    trail.extend(reversed(near[cell]))
        return result

    def has_thin_layers(self) -> bool:
        """Say whether every second layer holds nothing but cells that have one neighbour on one side."""
        return all(len(self.up[c]) < 2 or len(self.down[c]) < 2 for layer in self.layers[1::2] for c in layer)  # noqa: PLR2004 - more than one

    def without_thin_layers(self) -> "_Web":
        """Give the web in which what is joined by way of a thin layer is joined directly."""
        web = _Web((), ())
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
            return _mean(above or below), _mean(below or above)

        return [
            sorted(layer, key=key) if index % 2 else layers[index // 2] for index, layer in enumerate(self.layers)
        ]


def _searched(web: _Web) -> Layers:
    """Look for a good order until there is none better, or the effort is spent."""
    sweeper = web.sweeper()
    cells = sum(len(layer) for layer in web.layers)
    enough = max(_EFFORT, _EFFORT_PER_CELL * cells)
    dice = _Dice()
    fewest, best = 0, [list(layer) for layer in web.layers]
    for number, start in enumerate(islice(_starts(web, dice), _STARTS)):
        found, layers = sweeper.improved(start, *_SHORT)
        if not number or found < fewest:
            fewest, best = found, layers
        if not fewest or sweeper.effort > enough:
            return best
    fewest, best = sweeper.improved(best, *_LONG)
    current, now = best, fewest
    while fewest and sweeper.effort < enough:
        found, layers = sweeper.improved(_shaken(current, dice), *_SHAKEN, first=dice.below(4))
        if found <= now:
            current, now = layers, found
        if found < fewest:
            fewest, best = found, layers
    return best


def _starts(web: _Web, dice: "_Dice") -> Iterator[Layers]:
    """Give orders to begin with; the first are what a reader would expect, the others are there to get out of a rut."""
    yield web.walked()
    yield [list(layer) for layer in web.layers]
    yield [layer[::-1] for layer in web.walked()]
    yield web.walked(down=False)
    while True:
        yield [dice.shuffled(layer) for layer in web.layers]


def _shaken(layers: Layers, dice: "_Dice") -> Layers:
    """Turn round or shuffle some layers that follow each other."""
    begin = dice.below(len(layers))
    end = begin + 2 + dice.below(len(layers))
    shuffles = dice.below(2)
    return [
        (dice.shuffled(layer) if shuffles else layer[::-1]) if begin <= index < end else list(layer)
        for index, layer in enumerate(layers)
    ]


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


def _mean(places: Sequence[int]) -> float:
    return sum(places) / len(places) if places else 0.0
