"""Where cells stand across the flow: long lines as rigid blocks, drawn to what they join, in order and apart."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from tui.graph.layout.layers import CellKind, Layered

_ROUNDS: Final = 24
_POLISH: Final = 4
_BEND: Final = 12
"""How many cells of distance a bend is worth: a line that can run straight does."""
_SMALL: Final = 2500
"""Cells up to which placing takes its time."""


class Pull(NamedTuple):
    """What draws a block to another.

    Attributes:
        other: The other block.
        low: Least distance to it at which the line between them is straight.
        high: Greatest such distance.
        nominal: The distance at which ports are where they would be by nature.
        above: Whether the other block is in an earlier layer.
    """

    other: int
    low: int
    high: int
    nominal: int
    above: bool


class Placer:
    """Finds a place for every cell.

    Args:
        graph: The layered graph, its layers in their final order.
        extent: Per cell, what it takes across the flow.
        gap: Says how many cells must be empty between two neighbours in a layer.
    """

    def __init__(self, graph: Layered, extent: list[int], gap: Callable[[int, int], int]) -> None:
        self.graph = graph
        self.extent = extent
        self.block = _blocks(graph)
        count = max(self.block, default=-1) + 1
        self.before: list[dict[int, int]] = [{} for _ in range(count)]
        self.after: list[dict[int, int]] = [{} for _ in range(count)]
        block = self.block
        for layer in graph.layers:
            for left, right in pairwise(layer):
                a, b = block[left], block[right]
                apart = extent[left] + gap(left, right)
                if apart > self.after[a].get(b, 0):
                    self.after[a][b] = apart
                    self.before[b][a] = apart
        self.sequence = self._sorted()
        self.pulls: list[list[Pull]] = [[] for _ in range(count)]
        self.is_box = [False] * count
        for cell, what in enumerate(graph.kind):
            if what is CellKind.BOX:
                self.is_box[block[cell]] = True
        self.at = self._packed()

    def cells(self) -> list[int]:
        """Give the place of every cell, the least one 0."""
        least = min(self.at, default=0)
        return [int(self.at[b] - least) for b in self.block]

    def relax(self) -> None:
        """Let blocks move towards what they join; each round is the mean of pushing right and pushing left."""
        for turn in range(_ROUNDS if len(self.block) <= _SMALL else _ROUNDS // 2):
            wanted = self._wanted(boxes=turn % 2 == 0)
            right: list[float] = [0.0] * len(wanted)
            for b in self.sequence:
                x = wanted[b]
                for a, apart in self.before[b].items():
                    if right[a] + apart > x:  # noqa: PLR1730 - max() is three times slower, and this is the inmost loop
                        x = right[a] + apart
                right[b] = x
            left: list[float] = [0.0] * len(wanted)
            for b in reversed(self.sequence):
                x = wanted[b]
                for c, apart in self.after[b].items():
                    if left[c] - apart < x:  # noqa: PLR1730 - as above
                        x = left[c] - apart
                left[b] = x
            self.at = [(r + m) / 2 for r, m in zip(right, left, strict=True)]
        self.at = [float(x // 1) for x in self.at]

    def polish(self) -> None:
        """Move single blocks within the room they have, so that as many lines as possible run straight."""
        for turn in range(_POLISH if len(self.block) <= _SMALL else 1):
            before = list(self.at)
            for b in self.sequence if turn % 2 else reversed(self.sequence):
                self._move(b, hanging=False)
            if self.at == before:
                return

    def hang(self) -> None:
        """Move each block, from the first layer on, to where it hangs best from those above it, bends being equal."""
        seen: set[int] = set()
        for layer in self.graph.layers:
            for cell in layer:
                b = self.block[cell]
                if b not in seen:
                    seen.add(b)
                    self._move(b, hanging=True)

    def _move(self, b: int, *, hanging: bool) -> None:
        pulls, at = self.pulls[b], self.at
        if not pulls:
            return
        low = max([at[a] + apart for a, apart in self.before[b].items()], default=-1e9)
        high = min([at[c] - apart for c, apart in self.after[b].items()], default=1e9)
        if low >= high:
            return
        goals = [(at[p.other] + p.low, at[p.other] + p.high, at[p.other] + p.nominal) for p in pulls]
        near = [g[2] for g, p in zip(goals, pulls, strict=True) if p.above or not hanging] or [g[2] for g in goals]
        spots = {at[b], sum(near) // len(near), *[x for goal in goals for x in goal]}
        self.at[b] = min(sorted({max(low, min(x, high)) for x in spots}), key=lambda x: _cost(x, goals, near))

    def widen(self, cell: int, more_left: int, more_right: int) -> None:
        """Make a box wider, into room that is free.

        Args:
            cell: The box.
            more_left: Cells to the left.
            more_right: Cells to the right.
        """
        b = self.block[cell]
        self.extent[cell] += more_left + more_right
        self.at[b] -= more_left
        for c in self.after[b]:
            self.after[b][c] += more_left + more_right
            self.before[c][b] += more_left + more_right

    def room(self, cell: int, most: int) -> tuple[int, int]:
        """Give how many cells are free to the left and to the right of a cell, `most` at most."""
        b = self.block[cell]
        left = min([int(self.at[b] - self.at[a] - apart) for a, apart in self.before[b].items()], default=most)
        right = min([int(self.at[c] - self.at[b] - apart) for c, apart in self.after[b].items()], default=most)
        return min(left, most), min(right, most)

    def _wanted(self, *, boxes: bool) -> list[float]:
        at = self.at
        result = list(at)
        for b, pulls in enumerate(self.pulls):
            if pulls and self.is_box[b] is boxes:
                result[b] = sum([at[other] + nominal for other, _, _, nominal, _ in pulls]) / len(pulls)
        return result

    def _packed(self) -> list[float]:
        at = [0.0] * len(self.before)
        for b in self.sequence:
            at[b] = max((at[a] + apart for a, apart in self.before[b].items()), default=0.0)
        return at

    def _sorted(self) -> list[int]:
        missing = [len(b) for b in self.before]
        sequence = [b for b, m in enumerate(missing) if not m]
        for b in sequence:  # grows while it is walked
            for c in self.after[b]:
                missing[c] -= 1
                if not missing[c]:
                    sequence.append(c)
        return sequence


def _cost(x: float, goals: Sequence[tuple[float, float, float]], near: Sequence[float]) -> tuple[float, float]:
    """Say how bad a place is: bends and their length first, then how far it is from where it would be by nature."""
    bent = 0.0
    for low, high, _ in goals:
        if x < low:
            bent += _BEND + low - x
        elif x > high:
            bent += _BEND + x - high
    return bent, sum([(x - n) * (x - n) for n in near])


def _blocks(graph: Layered) -> list[int]:
    """Number the blocks: a box, or the bends of a line as far as it can be straight."""
    place = [0] * len(graph.kind)
    for layer in graph.layers:
        for index, cell in enumerate(layer):
            place[cell] = index
    block = list(range(len(graph.kind)))
    for channel in graph.channels:
        downs: dict[int, int] = {}
        ups: dict[int, int] = {}
        for piece in channel:
            downs[piece.upper] = downs.get(piece.upper, 0) + 1
            ups[piece.lower] = ups.get(piece.lower, 0) + 1
        straight = [
            (place[p.upper], place[p.lower], p.upper, p.lower)
            for p in channel
            if graph.kind[p.upper] is not CellKind.BOX
            and graph.kind[p.lower] is not CellKind.BOX
            and downs[p.upper] == ups[p.lower] == 1
        ]
        straight.sort()
        for _, _, upper, lower in _rising(straight):
            block[lower] = block[upper]
    numbers: dict[int, int] = {}
    return [numbers.setdefault(b, len(numbers)) for b in block]


def _rising(pairs: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Give a longest part of the pairs, sorted by their first number, in which the second rises too."""
    tails: list[int] = []
    tail_index: list[int] = []
    previous = [-1] * len(pairs)
    for index, pair in enumerate(pairs):
        spot = bisect_left(tails, pair[1])
        previous[index] = tail_index[spot - 1] if spot else -1
        if spot == len(tails):
            tails.append(pair[1])
            tail_index.append(index)
        else:
            tails[spot] = pair[1]
            tail_index[spot] = index
    chosen: list[tuple[int, int, int, int]] = []
    at = tail_index[-1] if tail_index else -1
    while at >= 0:
        chosen.append(pairs[at])
        at = previous[at]
    return chosen
