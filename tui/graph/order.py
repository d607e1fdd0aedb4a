"""The order of cells in each layer: median sweeps down and up, then transposition, keeping the best seen."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

_SWEEPS: Final = 16
_PATIENCE: Final = 3
_PASSES: Final = 4
_TINY: Final = 250
_SMALL: Final = 1500
"""Cells up to which a graph is swept from several starts, and in full; larger ones get less, for the time it takes."""


def order(layers: Sequence[Sequence[int]], channels: Sequence[Sequence[tuple[int, int]]]) -> list[list[int]]:
    """Order cells so that few pieces cross.

    Args:
        layers: Cells by layer, in the order of declaration.
        channels: Per pair of layers that follow each other, the pairs of upper and lower cell.

    Returns:
        The layers, each in its new order.
    """
    count = sum(len(layer) for layer in layers)
    if not count:
        return [list(layer) for layer in layers]
    up: list[list[int]] = [[] for _ in range(count)]
    down: list[list[int]] = [[] for _ in range(count)]
    for channel in channels:
        for upper, lower in channel:
            down[upper].append(lower)
            up[lower].append(upper)
    if count > _SMALL:
        return _swept(_walked(layers, up, down), up, down, sweeps=4, transpose=False)[1]
    best: tuple[int, list[list[int]]] | None = None
    starts = 4 if count <= _TINY else 2
    for start in islice(_starts(layers, up, down), starts):
        found = _swept(start, up, down, sweeps=_SWEEPS, transpose=True)
        if best is None or found[0] < best[0]:
            best = found
        if not best[0]:
            break
    assert best is not None
    return best[1]


def _starts(layers: Sequence[Sequence[int]], up: list[list[int]], down: list[list[int]]) -> Iterator[list[list[int]]]:
    """Give orders to begin with; the first are what a reader would expect, the others are there to get out of a rut."""
    yield _walked(layers, up, down)
    yield [list(layer) for layer in layers]
    yield [layer[::-1] for layer in _walked(layers, up, down)]
    yield _walked(layers, down, up)


def _swept(
    current: list[list[int]], up: list[list[int]], down: list[list[int]], *, sweeps: int, transpose: bool
) -> tuple[int, list[list[int]]]:
    """Sweep down and up; give the fewest crossings seen, and the order that has them."""
    place = [0] * len(up)
    for layer in current:
        _number(layer, place)
    best, fewest = [list(layer) for layer in current], _crossings(current, down, place)
    idle = 0
    for sweep in range(sweeps):
        if not fewest or idle > _PATIENCE:
            break
        flip = sweep % 4 >= 2  # noqa: PLR2004 - a down sweep and an up sweep each way
        if sweep % 2 == 0:
            for layer in current[1:]:
                _sort(layer, up, place, flip=flip)
        else:
            for layer in reversed(current[:-1]):
                _sort(layer, down, place, flip=flip)
        if transpose:
            _transpose(current, up, down, place)
        now = _crossings(current, down, place)
        idle += 1
        if now < fewest:
            best, fewest, idle = [list(layer) for layer in current], now, 0
    return fewest, best


def crossings(layers: Sequence[Sequence[int]], channels: Sequence[Sequence[tuple[int, int]]]) -> int:
    """Count how often pieces cross.

    Args:
        layers: Cells by layer, in order.
        channels: Per pair of layers that follow each other, the pairs of upper and lower cell.

    Returns:
        The number of crossings.
    """
    count = sum(len(layer) for layer in layers)
    down: list[list[int]] = [[] for _ in range(count)]
    for channel in channels:
        for upper, lower in channel:
            down[upper].append(lower)
    place = [0] * count
    for layer in layers:
        _number(layer, place)
    return _crossings(layers, down, place)


def _walked(layers: Sequence[Sequence[int]], up: list[list[int]], down: list[list[int]]) -> list[list[int]]:
    """Order by a depth-first walk: what hangs together starts together."""
    result: list[list[int]] = [[] for _ in layers]
    layer_of = {cell: index for index, layer in enumerate(layers) for cell in layer}
    seen = [False] * len(layer_of)
    for root in (cell for layer in layers for cell in layer):
        if seen[root]:
            continue
        seen[root] = True
        trail = [root]
        while trail:
            cell = trail.pop()
            result[layer_of[cell]].append(cell)
            for near in (*reversed(up[cell]), *reversed(down[cell])):
                if not seen[near]:
                    seen[near] = True
                    trail.append(near)
    return result


def _number(layer: Sequence[int], place: list[int]) -> None:
    for index, cell in enumerate(layer):
        place[cell] = index


def _sort(layer: list[int], near: list[list[int]], place: list[int], *, flip: bool) -> None:
    """Sort by the weighted median of the neighbours; cells without any keep their places, equal ones may change."""
    keyed: list[tuple[float, int, int]] = []
    free: list[tuple[int, int]] = []
    for index, cell in enumerate(layer):
        around = near[cell]
        if not around:
            free.append((index, cell))
        elif len(around) == 1:
            keyed.append((place[around[0]], -index if flip else index, cell))
        else:
            keyed.append((_median(sorted([place[n] for n in around])), -index if flip else index, cell))
    keyed.sort()
    layer[:] = [cell for _, _, cell in keyed]
    for index, cell in free:
        layer.insert(index, cell)
    _number(layer, place)


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


def _crossings(layers: Sequence[Sequence[int]], down: list[list[int]], place: list[int]) -> int:
    total = 0
    for layer in layers:
        seen: list[int] = []
        for cell in layer:
            ends = sorted([place[lower] for lower in down[cell]])
            for end in ends:
                total += len(seen) - bisect_left(seen, end + 1)
            for end in ends:
                insort(seen, end)
    return total


def _pair(left: list[int], right: list[int]) -> int:
    """Count crossings of the pieces of two cells that stand side by side; both lists are sorted."""
    if not left or not right or left[-1] <= right[0]:
        return 0
    return sum([len(left) - bisect_left(left, end + 1) for end in right])


def _transpose(layers: list[list[int]], up: list[list[int]], down: list[list[int]], place: list[int]) -> None:
    """Swap neighbours while that removes crossings; a layer is looked at again when it or one beside it has changed."""
    dirty = {index for index, layer in enumerate(layers) if len(layer) > 1}
    for _ in range(_PASSES):
        changed: set[int] = set()
        for index in sorted(dirty):
            layer = layers[index]
            above = [_sorted_places(up[cell], place) for cell in layer]
            below = [_sorted_places(down[cell], place) for cell in layer]
            moved = False
            for i in range(len(layer) - 1):
                now = _pair(above[i], above[i + 1]) + _pair(below[i], below[i + 1])
                if now and now > _pair(above[i + 1], above[i]) + _pair(below[i + 1], below[i]):
                    layer[i], layer[i + 1] = layer[i + 1], layer[i]
                    above[i], above[i + 1] = above[i + 1], above[i]
                    below[i], below[i + 1] = below[i + 1], below[i]
                    moved = True
            if moved:
                _number(layer, place)
                changed.update(n for n in (index - 1, index, index + 1) if 0 <= n < len(layers) and len(layers[n]) > 1)
        if not changed:
            return
        dirty = changed


def _sorted_places(cells: list[int], place: list[int]) -> list[int]:
    if len(cells) == 1:
        return [place[cells[0]]]
    return sorted([place[cell] for cell in cells])
