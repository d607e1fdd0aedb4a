"""Across the flow: how wide boxes must be for their ports, where boxes and lines stand, where ports end up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from tui.graph.layout.axes import Axes
from tui.graph.layout.box_content import BoxContent
from tui.graph.layout.coordinate_assignment import Placer, Pull
from tui.graph.layout.graph_model import Bundle
from tui.graph.layout.layers import CellKind, Layered, Piece
from tui.graph.layout.ports import settle, spread

_PASSES: Final = 3
_SMALL: Final = 2500
"""Cells up to which boxes and lines are given several chances to meet."""


@dataclass(slots=True)
class BoxPlacement:
    """A process whose cells have places across the flow; the plot adds those along it.

    Attributes:
        axes: The direction.
        graph: Layers in their final order.
        bundles: What the labels and bends belong to.
        faces: Per vertex, its face.
        lead: Per vertex, cells kept before it for arrows.
        trail: Per vertex, cells kept after it for arrows.
        across: Per cell, its place.
        extent: Per cell, what it takes across.
        pins: Per channel and piece, the places of its ends.
    """

    axes: Axes
    graph: Layered
    bundles: list[Bundle]
    faces: list[BoxContent]
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


def arrange(plan: BoxPlacement) -> None:
    """Fill in `across`, `extent` and `pins` of a plan.

    Args:
        plan: A plan with its graph in order.
    """
    _Arranger(plan).run()


class _Arranger:
    def __init__(self, plan: BoxPlacement) -> None:
        self.plan = plan
        self.graph = plan.graph
        self.axes = plan.axes
        self.offsets: list[list[list[int]]] = [[[0, 0] for _ in channel] for channel in self.graph.channels]
        self.sides: list[list[_Side]] = []
        plan.extent = [1] * len(self.graph.kind)
        self._measure_lines()
        self._find_sides()
        for vertex in range(len(plan.faces)):
            self._measure_box(vertex)
        self.placer = Placer(self.graph, plan.extent, self._gap)

    def run(self) -> None:
        plan = self.plan
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
        plan.across = self.placer.cells()
        self._settle_ports()
        if not self.axes.down:
            self._trim()
        plan.pins = [
            [(plan.across[p.upper] + a, plan.across[p.lower] + b) for p, (a, b) in zip(channel, offset, strict=True)]
            for channel, offset in zip(self.graph.channels, self.offsets, strict=True)
        ]

    def _measure_lines(self) -> None:
        graph = self.graph
        for cell, kind in enumerate(graph.kind):
            if kind in (CellKind.LABEL, CellKind.LOOP):
                bundle = self.plan.bundles[graph.owner[cell]]
                self.plan.extent[cell] = self.axes.label_across(kind, bundle.cells, bundle.rows)
        for at, channel in enumerate(graph.channels):
            for index, piece in enumerate(channel):
                if graph.kind[piece.lower] is CellKind.LOOP:
                    self.offsets[at][index][1] = piece.pin * self.axes.loop_gap

    def _find_sides(self) -> None:
        position = [0] * len(self.graph.kind)
        for layer in self.graph.layers:
            for index, cell in enumerate(layer):
                position[cell] = index
        lower: list[list[tuple[int, int, Piece]]] = [[] for _ in self.plan.faces]
        upper: list[list[tuple[int, int, Piece]]] = [[] for _ in self.plan.faces]
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
        """Say how far apart ports must be for the lines from them to run straight beside their labels."""
        gaps: list[int] = []
        for left, right in pairwise(cells):
            if left == right:
                gaps.append(self.axes.loop_gap)
                continue
            loop = self.graph.kind[left] is CellKind.LOOP
            reach = self.plan.extent[left] - (self.axes.loop_gap if loop else 0)
            gaps.append(reach + self.axes.gap(CellKind.LABEL, CellKind.LABEL))
        return gaps

    def _gap(self, left: int, right: int) -> int:
        """Say how many cells are left empty between two neighbours in a layer."""
        kind = self.graph.kind
        terminal = any(kind[cell] is CellKind.BOX and not self.plan.faces[cell].path for cell in (left, right))
        return 0 if terminal and not self.axes.down else self.axes.gap(kind[left], kind[right])

    def _margin(self, vertex: int) -> int:
        """Say how many cells at the ends of a side no port may take."""
        face = self.plan.faces[vertex]
        return int(face.bordered or bool(face.brackets and self.axes.down))

    def _measure_box(self, vertex: int) -> None:
        axes, face = self.axes, self.plan.faces[vertex]
        margin = self._margin(vertex)
        least = axes.split(face.width, face.height)[1]
        for side in self.sides[vertex]:
            if side.gaps:
                wanted = sum(side.gaps) + 2 * margin + axes.spare
                if wanted > axes.stretch:
                    wanted = max(axes.stretch, axes.line_gap * len(side.gaps) + 2 * margin + 1)
                least = max(least, wanted)
        self.plan.extent[vertex] = least

    def _spread_ports(self) -> None:
        """Put all ports where they would be by nature."""
        for vertex, sides in enumerate(self.sides):
            margin = self._margin(vertex)
            for side in sides:
                places = spread(side.gaps, self.plan.extent[vertex], margin)
                for (at, index, _), place in zip(side.pieces, places, strict=True):
                    self.offsets[at][index][side.end] = place

    def _pull(self) -> None:
        """Tell the placer what draws blocks to each other, by the ports as they are now."""
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
                last = self.plan.extent[vertex] - 1 - margin - line_gap * (len(side.pieces) - 1)
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
        placer, extent = self.placer, self.plan.extent
        for vertex, sides in enumerate(self.sides):
            face = self.plan.faces[vertex]
            if not face.bordered and not (face.brackets and self.axes.down):
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
        plan = self.plan
        for vertex, face in enumerate(plan.faces):
            used = [self.offsets[at][index][side.end] for side in self.sides[vertex] for at, index, _ in side.pieces]
            if not used:
                continue
            margin = self._margin(vertex)
            least = max(self.axes.split(face.width, face.height)[1], max(used) - min(used) + 1 + 2 * margin)
            spare = plan.extent[vertex] - least
            before = min(spare, min(used) - margin)
            after = min(spare - before, plan.extent[vertex] - 1 - margin - max(used))
            plan.across[vertex] += before
            plan.extent[vertex] -= before + after
            for side in self.sides[vertex]:
                for at, index, _ in side.pieces:
                    self.offsets[at][index][side.end] -= before
        least = min(plan.across, default=0)
        plan.across = [place - least for place in plan.across]

    def _settle_ports(self) -> None:
        """Move ports to where their lines come from, as far as the side of the box reaches."""
        across = self.plan.across
        for vertex, sides in enumerate(self.sides):
            margin = self._margin(vertex)
            begin = across[vertex]
            first, last = begin + margin, begin + self.plan.extent[vertex] - 1 - margin
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
