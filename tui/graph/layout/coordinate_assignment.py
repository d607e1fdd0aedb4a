"""Across the flow: how wide boxes must be for their ports, where boxes and lines stand, where ports end up.

Long lines are rigid blocks; blocks are drawn to what they join, in order and apart.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

from tui.graph.layout.box_content import BoxContent
from tui.graph.layout.graph_model import Bundle
from tui.graph.layout.layer_assignment import CellKind, LayeredGraph, Piece
from tui.graph.layout.shapes import Side

_ROUNDS: Final = 24
_POLISH: Final = 4
_BEND: Final = 12
"""How many cells of distance a bend is worth: a line that can run straight does."""
_SMALL: Final = 2500
"""Cells up to which placing takes its time."""
_PASSES: Final = 3


@dataclass(frozen=True, slots=True)
class Axes:
    """One direction of flow.

    Attributes:
        down: Whether the process flows from the top down; else it flows from left to right.
    """

    down: bool

    @property
    def sides(self) -> tuple[Side, Side, Side, Side]:
        """The sides that point to earlier layers, to later layers, to lesser and to greater places across."""
        if self.down:
            return Side.UP, Side.DOWN, Side.LEFT, Side.RIGHT
        return Side.LEFT, Side.RIGHT, Side.UP, Side.DOWN

    @property
    def line_gap(self) -> int:
        """How far ports on one side of a box are from each other, at least."""
        return 2 if self.down else 1

    @property
    def loop_gap(self) -> int:
        """How far the two lines of a loop are from each other."""
        return 2 if self.down else 1

    @property
    def spare(self) -> int:
        """How much longer than its ports need a side is made."""
        return 3 if self.down else 2

    @property
    def stretch(self) -> int:
        """How long a side may become so that its labelled lines leave it straight."""
        return 64 if self.down else 24

    @property
    def reach_out(self) -> int:
        """How long a side may become to meet a line that passes beside the box."""
        return 48 if self.down else 9

    @property
    def reach_more(self) -> int:
        """How much longer a side may become for that when it is as long as that already."""
        return 6 if self.down else 2

    @property
    def reach(self) -> int:
        """The least distance from one layer of boxes to the next, so that the arrow between them shows."""
        return 1 if self.down else 3

    def point(self, along: int, across: int) -> tuple[int, int]:
        """Return the column and row of a place."""
        return (across, along) if self.down else (along, across)

    def split(self, width: int, height: int) -> tuple[int, int]:
        """Return how long a box is along the flow, and how wide across."""
        return (height, width) if self.down else (width, height)

    def label_across(self, kind: CellKind, cells: int, rows: int) -> int:
        """Return what a label, a loop or a bend takes across the flow."""
        loop = kind is CellKind.LOOP
        if not self.down:
            return max(1 + loop, rows)
        return 4 + cells if loop else 2 + cells if cells else 1

    def label_along(self, kind: CellKind, cells: int, rows: int) -> int:
        """Return what a label, a loop or a bend takes along the flow."""
        if kind is CellKind.BEND or not (cells or kind is CellKind.LOOP):
            return 0
        return max(1, rows) if self.down else cells + 4

    def gap(self, left: CellKind, right: CellKind) -> int:
        """Return the empty cells between two neighbours of a layer."""
        boxes = (left is CellKind.BOX) + (right is CellKind.BOX)
        return (1, 2, 3)[boxes] if self.down else (0, 0, 1)[boxes]

    def channel(self, tracks: int) -> int:
        """Return the room that a channel with so many tracks takes along the flow."""
        return tracks if self.down else 2 * tracks + (tracks > 0)

    def track(self, number: int) -> int:
        """Return where a track is in its channel."""
        return number if self.down else 2 * number + 1


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

    def __init__(self, graph: LayeredGraph, extent: list[int], gap: Callable[[int, int], int]) -> None:
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
        """Return the place of every cell, the least one 0."""
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
        """Make a box wider by some cells on either side, into room that is free."""
        b = self.block[cell]
        self.extent[cell] += more_left + more_right
        self.at[b] -= more_left
        for c in self.after[b]:
            self.after[b][c] += more_left + more_right
            self.before[c][b] += more_left + more_right

    def room(self, cell: int, most: int) -> tuple[int, int]:
        """Return how many cells are free to the left and to the right of a cell, `most` at most."""
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
    """Return how bad a place is: bends and their length first, then how far it is from where it would be by nature."""
    bent = 0.0
    for low, high, _ in goals:
        if x < low:
            bent += _BEND + low - x
        elif x > high:
            bent += _BEND + x - high
    return bent, sum([(x - n) * (x - n) for n in near])


def _blocks(graph: LayeredGraph) -> list[int]:
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
    """Return a longest part of the pairs, sorted by their first number, in which the second rises too."""
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


def spread(gaps: Sequence[int], length: int, margin: int) -> list[int]:
    """Spread ports over a side, as far apart as asked for if the side is long enough, centred.

    Args:
        gaps: Wanted distance from each port to the next; one less than there are ports.
        length: Cells of the side.
        margin: Cells at either end that no port may take.

    Returns:
        An offset per port, rising.
    """
    room = length - 2 * margin - 1
    wanted = sum(gaps)
    if wanted > room:
        count = len(gaps)
        return [margin + (room * index) // count for index in range(count + 1)]
    at = (length - wanted) // 2
    at = max(margin, min(at, length - margin - 1 - wanted))
    result = [at]
    for gap in gaps:
        at += gap
        result.append(at)
    return result


def settle(wanted: Sequence[int], nominal: Sequence[int], first: int, last: int, gap: int) -> list[int]:
    """Settle ports exactly where the line beyond is if that can be, else where they would be by nature.

    Args:
        wanted: Where the line of each is, in the order the ports have to keep.
        nominal: Where each would be if no line asked for anything.
        first: The first cell a port may take.
        last: The last one.
        gap: The least distance from one to the next; less only where there is no room for it.

    Returns:
        A place per port, rising.
    """
    count = len(wanted)
    if count > 1:
        gap = max(1, min(gap, (last - first) // (count - 1)))
    fixed = _straight(wanted, first, last, gap)
    result: list[int] = []
    for index in range(count):
        low = result[-1] + gap if result else first
        high = last - gap * (count - 1 - index)
        later = next((i for i in range(index, count) if i in fixed), None)
        if later is not None:
            high = min(high, wanted[later] - gap * (later - index))
        want = wanted[index] if index in fixed else nominal[index]
        result.append(max(low, min(want, high)))
    return result


def _straight(wanted: Sequence[int], first: int, last: int, gap: int) -> set[int]:
    """Choose the ports that can be just where their lines are: a longest sequence that leaves room for the others."""
    count = len(wanted)
    length = [0] * count
    previous = [-1] * count
    for index in range(count):
        low, high = first + gap * index, last - gap * (count - 1 - index)
        if not low <= wanted[index] <= high:
            continue
        length[index] = 1
        for earlier in range(index):
            fits = length[earlier] and wanted[index] - wanted[earlier] >= gap * (index - earlier)
            if fits and length[earlier] + 1 > length[index]:
                length[index] = length[earlier] + 1
                previous[index] = earlier
    chosen: set[int] = set()
    at = max(range(count), key=lambda i: length[i], default=-1)
    if at >= 0 and length[at]:
        while at >= 0:
            chosen.add(at)
            at = previous[at]
    return chosen


@dataclass(slots=True)
class BoxPlacement:
    """A process whose cells have places across the flow; `shapes_from_layout` adds those along it.

    Attributes:
        axes: The direction.
        graph: Layers in their final order.
        bundles: What the labels and bends belong to.
        contents: Per vertex, its content.
        lead: Per vertex, cells kept before it for arrows.
        trail: Per vertex, cells kept after it for arrows.
        across: Per cell, its place.
        extent: Per cell, what it takes across.
        pins: Per channel and piece, the places of its ends.
    """

    axes: Axes
    graph: LayeredGraph
    bundles: list[Bundle]
    contents: list[BoxContent]
    lead: list[int] = field(default_factory=list)
    trail: list[int] = field(default_factory=list)
    across: list[int] = field(default_factory=list)
    extent: list[int] = field(default_factory=list)
    pins: list[list[tuple[int, int]]] = field(default_factory=list)


@dataclass(slots=True)
class _Side:
    """One side of one box.

    Attributes:
        pieces: What leaves it: channel, index in the channel, piece; in order across.
        gaps: Wanted distances from port to port.
        end: 0 where the box is the upper end of the pieces, 1 where it is the lower.
    """

    pieces: list[tuple[int, int, Piece]]
    gaps: list[int]
    end: int


def arrange(placement: BoxPlacement) -> None:
    """Fill in `across`, `extent` and `pins` of a placement whose graph is in order."""
    _Arranger(placement).run()


class _Arranger:
    def __init__(self, placement: BoxPlacement) -> None:
        self.placement = placement
        self.graph = placement.graph
        self.axes = placement.axes
        self.offsets: list[list[list[int]]] = [[[0, 0] for _ in channel] for channel in self.graph.channels]
        self.sides: list[list[_Side]] = []
        placement.extent = [1] * len(self.graph.kind)
        self._measure_lines()
        self._find_sides()
        for vertex in range(len(placement.contents)):
            self._measure_box(vertex)
        self.placer = Placer(self.graph, placement.extent, self._gap)

    def run(self) -> None:
        placement = self.placement
        self._spread_ports()
        self._pull()
        self.placer.relax()
        for turn in range(_PASSES if len(self.graph.kind) <= _SMALL else 1):
            self.placer.polish()
            if turn:
                self._widen()
            self._spread_ports()
            self._pull()
        self.placer.polish()
        self.placer.hang()
        placement.across = self.placer.cells()
        self._settle_ports()
        if not self.axes.down:
            self._trim()
        placement.pins = [
            [
                (placement.across[p.upper] + a, placement.across[p.lower] + b)
                for p, (a, b) in zip(channel, offset, strict=True)
            ]
            for channel, offset in zip(self.graph.channels, self.offsets, strict=True)
        ]

    def _measure_lines(self) -> None:
        graph = self.graph
        for cell, kind in enumerate(graph.kind):
            if kind in (CellKind.LABEL, CellKind.LOOP):
                bundle = self.placement.bundles[graph.owner[cell]]
                self.placement.extent[cell] = self.axes.label_across(kind, bundle.cells, bundle.rows)
        for at, channel in enumerate(graph.channels):
            for index, piece in enumerate(channel):
                if graph.kind[piece.lower] is CellKind.LOOP:
                    self.offsets[at][index][1] = piece.pin * self.axes.loop_gap

    def _find_sides(self) -> None:
        position = [0] * len(self.graph.kind)
        for layer in self.graph.layers:
            for index, cell in enumerate(layer):
                position[cell] = index
        lower: list[list[tuple[int, int, Piece]]] = [[] for _ in self.placement.contents]
        upper: list[list[tuple[int, int, Piece]]] = [[] for _ in self.placement.contents]
        for at, channel in enumerate(self.graph.channels):
            for index, piece in enumerate(channel):
                if self.graph.kind[piece.upper] is CellKind.BOX:
                    upper[piece.upper].append((at, index, piece))
                if self.graph.kind[piece.lower] is CellKind.BOX:
                    lower[piece.lower].append((at, index, piece))
        for below, above in zip(upper, lower, strict=True):
            below.sort(key=lambda e: (position[e[2].lower], e[2].pin))
            above.sort(key=lambda e: position[e[2].upper])
            sides = [
                _Side(below, self._gaps([p.lower for _, _, p in below]), 0),
                _Side(above, [self.axes.line_gap] * (len(above) - 1), 1),
            ]
            self.sides.append([side for side in sides if side.pieces])

    def _gaps(self, cells: Sequence[int]) -> list[int]:
        """Return how far apart ports must be for the lines from them to run straight beside their labels."""
        gaps: list[int] = []
        for left, right in pairwise(cells):
            if left == right:
                gaps.append(self.axes.loop_gap)
                continue
            loop = self.graph.kind[left] is CellKind.LOOP
            reach = self.placement.extent[left] - (self.axes.loop_gap if loop else 0)
            gaps.append(reach + self.axes.gap(CellKind.LABEL, CellKind.LABEL))
        return gaps

    def _gap(self, left: int, right: int) -> int:
        """Return how many cells are left empty between two neighbours in a layer."""
        kind = self.graph.kind
        terminal = any(kind[cell] is CellKind.BOX and not self.placement.contents[cell].path for cell in (left, right))
        return 0 if terminal and not self.axes.down else self.axes.gap(kind[left], kind[right])

    def _margin(self, vertex: int) -> int:
        """Return how many cells at the ends of a side no port may take."""
        content = self.placement.contents[vertex]
        return int(content.bordered or bool(content.brackets and self.axes.down))

    def _measure_box(self, vertex: int) -> None:
        axes, content = self.axes, self.placement.contents[vertex]
        margin = self._margin(vertex)
        least = axes.split(content.width, content.height)[1]
        for side in self.sides[vertex]:
            if side.gaps:
                wanted = sum(side.gaps) + 2 * margin + axes.spare
                if wanted > axes.stretch:
                    wanted = max(axes.stretch, axes.line_gap * len(side.gaps) + 2 * margin + 1)
                least = max(least, wanted)
        self.placement.extent[vertex] = least

    def _spread_ports(self) -> None:
        """Put all ports where they would be by nature."""
        for vertex, sides in enumerate(self.sides):
            margin = self._margin(vertex)
            for side in sides:
                places = spread(side.gaps, self.placement.extent[vertex], margin)
                for (at, index, _), place in zip(side.pieces, places, strict=True):
                    self.offsets[at][index][side.end] = place

    def _pull(self) -> None:
        """Set what draws blocks to each other, by the ports as they are now."""
        placer, graph = self.placer, self.graph
        block = placer.block
        pulls: list[list[Pull]] = [[] for _ in placer.pulls]
        for at, channel in enumerate(graph.channels):
            for index, piece in enumerate(channel):
                if CellKind.BOX in (graph.kind[piece.upper], graph.kind[piece.lower]):
                    continue
                a, b = block[piece.upper], block[piece.lower]
                if a != b:
                    apart = self.offsets[at][index][1] - self.offsets[at][index][0]
                    pulls[a].append(Pull(b, apart, apart, apart, above=False))
                    pulls[b].append(Pull(a, -apart, -apart, -apart, above=True))
        line_gap = self.axes.line_gap
        for vertex, sides in enumerate(self.sides):
            margin = self._margin(vertex)
            box = block[vertex]
            for side in sides:
                first = margin
                last = self.placement.extent[vertex] - 1 - margin - line_gap * (len(side.pieces) - 1)
                for at, index, piece in side.pieces:
                    ends = self.offsets[at][index]
                    nominal, line = ends[side.end], ends[1 - side.end]
                    low, high = min(first, nominal), max(last, nominal)
                    other = block[piece.lower if side.end == 0 else piece.upper]
                    above = side.end == 1
                    pulls[box].append(Pull(other, line - high, line - low, line - nominal, above))
                    pulls[other].append(Pull(box, low - line, high - line, nominal - line, not above))
                    first += line_gap
                    last += line_gap
        placer.pulls = pulls

    def _widen(self) -> None:
        """Let boxes reach for lines that pass just beside them, where there is room."""
        placer, extent = self.placer, self.placement.extent
        for vertex, sides in enumerate(self.sides):
            content = self.placement.contents[vertex]
            if not content.bordered and not (content.brackets and self.axes.down):
                continue
            spare = max(self.axes.reach_out - extent[vertex], self.axes.reach_more)
            begin = placer.at[placer.block[vertex]]
            first, last = begin + 1, begin + extent[vertex] - 2
            room_left, room_right = placer.room(vertex, spare)
            left = right = 0
            for side in sides:
                for at, index, piece in side.pieces:
                    other = piece.lower if side.end == 0 else piece.upper
                    line = placer.at[placer.block[other]] + self.offsets[at][index][1 - side.end]
                    if first - room_left <= line < first:
                        left = max(left, int(first - line))
                    elif last < line <= last + room_right:
                        right = max(right, int(line - last))
            if left + right > spare:
                left, right = (left, 0) if left < right else (0, right)
            if left or right:
                placer.widen(vertex, left, right)

    def _trim(self) -> None:
        """Take back the rows that a box was given for its ports and does not need."""
        placement = self.placement
        for vertex, content in enumerate(placement.contents):
            used = [self.offsets[at][index][side.end] for side in self.sides[vertex] for at, index, _ in side.pieces]
            if not used:
                continue
            margin = self._margin(vertex)
            least = max(self.axes.split(content.width, content.height)[1], max(used) - min(used) + 1 + 2 * margin)
            spare = placement.extent[vertex] - least
            before = min(spare, min(used) - margin)
            after = min(spare - before, placement.extent[vertex] - 1 - margin - max(used))
            placement.across[vertex] += before
            placement.extent[vertex] -= before + after
            for side in self.sides[vertex]:
                for at, index, _ in side.pieces:
                    self.offsets[at][index][side.end] -= before
        least = min(placement.across, default=0)
        placement.across = [place - least for place in placement.across]

    def _settle_ports(self) -> None:
        """Move ports to where their lines come from, as far as the side of the box reaches."""
        across = self.placement.across
        for vertex, sides in enumerate(self.sides):
            margin = self._margin(vertex)
            begin = across[vertex]
            first, last = begin + margin, begin + self.placement.extent[vertex] - 1 - margin
            for side in sides:
                wanted: list[int] = []
                nominal: list[int] = []
                for at, index, piece in side.pieces:
                    other = piece.lower if side.end == 0 else piece.upper
                    wanted.append(across[other] + self.offsets[at][index][1 - side.end])
                    nominal.append(begin + self.offsets[at][index][side.end])
                places = settle(wanted, nominal, first, last, self.axes.line_gap)
                for (at, index, _), place in zip(side.pieces, places, strict=True):
                    self.offsets[at][index][side.end] = place - begin
