"""The layout of one process, and of those nested in it: from a sketch to shapes with places."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final

from process_core.graph import Edge, Node, StepKind
from tui.graph.layout.box_content import BoxContent, content_of
from tui.graph.layout.coordinate_assignment import Axes, BoxPlacement, arrange
from tui.graph.layout.crossing_reduction import orders
from tui.graph.layout.cycle_removal import against_distance, back_links
from tui.graph.layout.graph_model import GraphModel, build_model, scope_of
from tui.graph.layout.layer_assignment import layered, ranks
from tui.graph.layout.shapes import Direction, Drawing, Zoom
from tui.graph.layout.shapes_from_layout import shapes_of

_CHOICES: Final = 6
_CHOOSY: Final = 300
"""Orders that are tried out, of equally few crossings; and cells that are placed for that, so that it takes no time."""
_BEND: Final = 12
"""How many cells that a line goes aside are as bad as a bend."""
_TANGLED: Final = 6000
"""Ranks that links pass together, above which another way to break loops is tried."""

_FEW_LINKS: Final = 150
_MOST_LINKS: Final = 3000
_MOST_ROUTES: Final = 10_000
_MOST_TANGLED: Final = 1_500_000
"""Squares of how many links pass each rank, together: two seconds of work; 1,000 routes at random between 300 steps,
which nobody can follow, have 900,000."""


@dataclass(frozen=True, slots=True)
class Style:
    """What the reader chose."""

    zoom: Zoom
    direction: Direction
    folded: frozenset[str]
    label_cells: int
    ascii_only: bool


def lay_out(nodes: Collection[Node], edges: Collection[Edge], style: Style, scope: str = "") -> Drawing:
    """Lay out the process at a path and all that is nested in it, from column 0 and row 0."""
    mine = [node for node in nodes if scope_of(node) == scope]
    routes = [edge for edge in edges if edge.scope == scope]
    model = build_model(mine, routes[:_MOST_ROUTES], label_cells=style.label_cells, ascii_only=style.ascii_only)
    is_tangled = len(routes) > _MOST_ROUTES or _is_tangled(model)
    if is_tangled:
        model = build_model(mine, (), label_cells=style.label_cells, ascii_only=style.ascii_only)
    contents: list[BoxContent] = []
    for vertex in model.vertices:
        inner = None
        node = vertex.node
        if node is not None and node.kind is not StepKind.STEP and node.path not in style.folded:
            below = [n for n in nodes if n.path.startswith(node.path + "/")]
            if below:
                deeper = [e for e in edges if e.scope == node.path or e.scope.startswith(node.path + "/")]
                inner = lay_out(below, deeper, style, node.path)
        contents.append(content_of(vertex, style.zoom, inner, ascii_only=style.ascii_only))
    drawing = shapes_of(_placed(model, contents, Axes(style.direction is Direction.DOWN)))
    drawing.routes_left_out += len(routes) if is_tangled else 0
    return drawing


def _is_tangled(model: GraphModel) -> bool:
    """Return whether the routes would take seconds to lay out, and make a picture in which nobody can follow them."""
    links = [(b.source, target) for b in model.bundles for target in b.targets]
    if len(links) <= _FEW_LINKS:
        return False
    if len(links) > _MOST_LINKS:
        return True
    count = len(model.vertices)
    ways = (back_links, against_distance)  # those that `_placed` has
    return all(_crowding(_ranked(links, way(count, links), count), links) > _MOST_TANGLED for way in ways)


def _crowding(rank: list[int], links: list[tuple[int, int]]) -> int:
    """Return the squares of how many links pass each rank, together."""
    more = [0] * (max(rank) + 2)
    for source, target in links:
        first, last = sorted((rank[source], rank[target]))
        more[first] += 1
        more[last] -= 1
    return sum(passing * passing for passing in accumulate(more))


def _placed(model: GraphModel, contents: list[BoxContent], axes: Axes) -> BoxPlacement:
    links = [(b.source, target) for b in model.bundles for target in b.targets]
    rank = _ranked(links, back_links(len(contents), links), len(contents))
    if _length(rank, links) > _TANGLED:
        rank = min(
            rank, _ranked(links, against_distance(len(contents), links), len(contents)), key=lambda r: _length(r, links)
        )
    _scatter(rank, links, model)
    graph = layered(rank, model.bundles)
    channels = [[(p.upper, p.lower) for p in channel] for channel in graph.channels]
    most = max(1, min(_CHOICES, _CHOOSY // max(1, len(graph.kind))))
    placements = [
        BoxPlacement(axes, replace(graph, layers=layers), model.bundles, contents)
        for layers in orders(graph.layers, channels, most)
    ]
    for placement in placements:
        _keep_arrows(placement)
        arrange(placement)
    return min(placements, key=_unrest)


def _keep_arrows(placement: BoxPlacement) -> None:
    """Keep a cell for arrows that end at boxes without a border."""
    placement.lead = [0] * len(placement.contents)
    placement.trail = [0] * len(placement.contents)
    for channel in placement.graph.channels:
        for piece in channel:
            if piece.head_down and not placement.contents[piece.lower].bordered:
                placement.lead[piece.lower] = 1
            if piece.head_up and not placement.contents[piece.upper].bordered:
                placement.trail[piece.upper] = 1


def _unrest(placement: BoxPlacement) -> int:
    """Return how much the eye has to follow: bends, and how far lines go aside in them."""
    apart = [abs(top - bottom) for pins in placement.pins for top, bottom in pins]
    return sum(apart) + _BEND * sum(1 for distance in apart if distance)


def _ranked(links: Sequence[tuple[int, int]], back: Collection[int], count: int) -> list[int]:
    """Rank by links that go on, and by those that go back turned round, so that no link joins two of one rank."""
    turned = [(b, a) if index in back else (a, b) for index, (a, b) in enumerate(links) if a != b]
    return ranks(count, turned)


def _length(rank: Sequence[int], links: Sequence[tuple[int, int]]) -> int:
    """Return how many ranks all links together pass."""
    return sum(abs(rank[target] - rank[source]) for source, target in links)


def _scatter(rank: list[int], links: Sequence[tuple[int, int]], model: GraphModel) -> None:
    """Spread steps that nothing joins over the ranks, so that they do not make one long row."""
    joined = {vertex for link in links for vertex in link}
    alone = [v for v in range(len(model.vertices)) if v not in joined]
    rows = max(max(rank, default=0) + 1, round(len(alone) ** 0.5))
    for index, vertex in enumerate(alone):
        rank[vertex] = index % rows
