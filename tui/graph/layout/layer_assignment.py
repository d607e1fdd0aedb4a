"""Which rank a vertex stands on: longest path from the start, then as near to its neighbours as it can be."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from tui.graph.layout.graph_model import Bundle


def ranks(count: int, links: Sequence[tuple[int, int]]) -> list[int]:
    """Return the rank of each vertex, from 0, so that every link goes at least one rank on; no links may close a loop.

    The layout doubles the ranks, which leaves a layer for labels between two.
    """
    after: list[list[int]] = [[] for _ in range(count)]
    before: list[list[int]] = [[] for _ in range(count)]
    for source, target in links:
        after[source].append(target)
        before[target].append(source)
    missing = [len(b) for b in before]
    sequence = [v for v in range(count) if not missing[v]]
    rank = [0] * count
    for vertex in sequence:  # grows while it is walked
        for target in after[vertex]:
            rank[target] = max(rank[target], rank[vertex] + 1)
            missing[target] -= 1
            if not missing[target]:
                sequence.append(target)
    for vertex in reversed(sequence):
        if after[vertex] and len(after[vertex]) > len(before[vertex]):
            rank[vertex] = min(rank[target] for target in after[vertex]) - 1
    lowest = min(rank, default=0)
    return [r - lowest for r in rank]


class CellKind(IntEnum):
    """What needs room in a layer."""

    BOX = 0
    LABEL = 1
    LOOP = 2
    BEND = 3


@dataclass(slots=True)
class Piece:
    """A part of a route between two layers that follow each other.

    Attributes:
        upper: Cell in the earlier layer.
        lower: Cell in the later layer.
        edges: Keys of the edges that run here.
        back: Whether they go against the flow.
        head_up: Whether the arrow ends at the upper cell.
        head_down: Whether the arrow ends at the lower cell.
        branch_down: Whether pieces that share the upper cell branch from one point (else those that share the lower).
        pin: Which of the two lines of a loop.
    """

    upper: int
    lower: int
    edges: tuple[str, ...]
    back: bool = False
    head_up: bool = False
    head_down: bool = False
    branch_down: bool = True
    pin: int = 0


@dataclass(slots=True)
class LayeredGraph:
    """Cells by layer, and the pieces between; parallel lists, because there may be tens of thousands.

    Attributes:
        layers: Cells of each layer, in drawing order.
        kind: Per cell, what it is.
        layer: Per cell, its layer.
        owner: Per cell, the vertex (BOX) or the bundle (others).
        edges: Per cell, keys of the edges it belongs to.
        back: Per cell, whether those go against the flow.
        channels: Pieces between layer i and layer i + 1.
    """

    layers: list[list[int]] = field(default_factory=list)
    kind: list[CellKind] = field(default_factory=list)
    layer: list[int] = field(default_factory=list)
    owner: list[int] = field(default_factory=list)
    edges: list[tuple[str, ...]] = field(default_factory=list)
    back: list[bool] = field(default_factory=list)
    channels: list[list[Piece]] = field(default_factory=list)

    def add(self, kind: CellKind, layer: int, owner: int, edges: tuple[str, ...] = (), *, back: bool = False) -> int:
        """Add a cell at the end of its layer and give its number."""
        cell = len(self.kind)
        self.kind.append(kind)
        self.layer.append(layer)
        self.owner.append(owner)
        self.edges.append(edges)
        self.back.append(back)
        self.layers[layer].append(cell)
        return cell


def layered(rank: Sequence[int], bundles: Sequence[Bundle]) -> LayeredGraph:
    """Cut the links of a ranked graph into pieces; the cells are in the order in which things were declared.

    Args:
        rank: Rank of each vertex; its layer is twice that. Cell numbers of vertices are their own.
        bundles: What is drawn between them.
    """
    graph = LayeredGraph()
    deepest = max(rank, default=0)
    graph.layers = [[] for _ in range(2 * deepest + 2)]
    graph.channels = [[] for _ in range(2 * deepest + 1)]
    for vertex, r in enumerate(rank):
        graph.add(CellKind.BOX, 2 * r, vertex)
    cutter = _Cutter(graph, rank)
    for number, bundle in enumerate(bundles):
        here = rank[bundle.source]
        forward = {t: tuple(keys) for t, keys in bundle.targets.items() if rank[t] > here}
        loops = bundle.targets.get(bundle.source)
        backward = {t: tuple(keys) for t, keys in bundle.targets.items() if rank[t] < here}
        if forward:
            cutter.forward(number, bundle.source, forward)
        if loops:
            cutter.loop(number, bundle.source, tuple(loops))
        if backward:
            cutter.backward(number, bundle.source, backward)
    while len(graph.layers) > 1 and not graph.layers[-1]:
        graph.layers.pop()
        graph.channels.pop()
    return graph


class _Cutter:
    """Cuts the lines of bundles into pieces, from layer to layer."""

    def __init__(self, graph: LayeredGraph, rank: Sequence[int]) -> None:
        self.graph = graph
        self.rank = rank

    def forward(self, number: int, source: int, targets: dict[int, tuple[str, ...]]) -> None:
        """Cut lines with the flow: the label comes first, then they branch."""
        graph, layer = self.graph, 2 * self.rank[source] + 1
        every = _all_keys(targets)
        label = graph.add(CellKind.LABEL, layer, number, every)
        graph.channels[layer - 1].append(Piece(source, label, every, branch_down=False))
        for target, edges in targets.items():
            upper, last = label, 2 * self.rank[target]
            for at in range(layer + 1, last):
                bend = graph.add(CellKind.BEND, at, number, edges)
                graph.channels[at - 1].append(Piece(upper, bend, edges))
                upper = bend
            graph.channels[last - 1].append(Piece(upper, target, edges, head_down=True))

    def backward(self, number: int, source: int, targets: dict[int, tuple[str, ...]]) -> None:
        """Cut lines against the flow: they leave towards earlier layers, label first, and end below their target."""
        graph, layer = self.graph, 2 * self.rank[source] - 1
        every = _all_keys(targets)
        label = graph.add(CellKind.LABEL, layer, number, every, back=True)
        graph.channels[layer].append(Piece(label, source, every, back=True))
        for target, edges in targets.items():
            lower, first = label, 2 * self.rank[target]
            for at in range(layer - 1, first, -1):
                bend = graph.add(CellKind.BEND, at, number, edges, back=True)
                graph.channels[at].append(Piece(bend, lower, edges, back=True, branch_down=lower != label))
                lower = bend
            end = Piece(target, lower, edges, back=True, head_up=True, branch_down=False)
            graph.channels[first].append(end)

    def loop(self, number: int, source: int, edges: tuple[str, ...]) -> None:
        """Cut a line that comes back to where it starts: it turns in the next layer."""
        graph, layer = self.graph, 2 * self.rank[source] + 1
        turn = graph.add(CellKind.LOOP, layer, number, edges, back=True)
        out = Piece(source, turn, edges, back=True, branch_down=False)
        home = Piece(source, turn, edges, back=True, head_up=True, branch_down=False, pin=1)
        graph.channels[layer - 1].extend((out, home))


def _all_keys(targets: dict[int, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(key for keys in targets.values() for key in keys)
