"""From places across the flow to shapes on the screen: tracks are assigned, layers get their rows or columns."""

from collections.abc import Iterable
from itertools import pairwise

from rich.cells import cell_len

from tui.graph.layout.channel_routing import Net, Run, assign_tracks
from tui.graph.layout.coordinate_assignment import BoxPlacement
from tui.graph.layout.graph_model import Bundle
from tui.graph.layout.layer_assignment import CellKind, Piece
from tui.graph.layout.shapes import Drawing, Joint, Label, Line, Port, Side

_Keys = tuple[str, ...]
_Ways = dict[tuple[int, int], _Keys]
_EVERYWHERE = (-(1 << 30), 1 << 30)


def shapes_of(placement: BoxPlacement) -> Drawing:
    """Turn cells with their places across the flow into shapes, from column 0 and row 0."""
    return _ShapeBuilder(placement).run()


class _ShapeBuilder:
    """Draws one process."""

    def __init__(self, placement: BoxPlacement) -> None:
        self.placement = placement
        self.axes = placement.axes
        self.drawing = Drawing()
        self.nets: list[list[tuple[Net, list[int]]]] = [self._nets(i) for i in range(len(placement.graph.channels))]
        self.tracks = [assign_tracks([net for net, _ in nets]) for nets in self.nets]
        self.shift = -min(
            (run.low for nets in self.nets for net, _ in nets for run in net.tracks if run.low < 0), default=0
        )
        self.start: list[int] = []
        self.size: list[int] = []
        self.lead: list[int] = []
        self.trail: list[int] = []
        for index in range(len(placement.graph.layers)):
            self._keep_arrows(index)
        self._measure()

    def run(self) -> Drawing:
        for cell, kind in enumerate(self.placement.graph.kind):
            if kind is CellKind.BOX:
                self._box(cell)
            elif kind is CellKind.LOOP:
                self._loop(cell)
            else:
                self._cell(cell)
        for at in range(len(self.nets)):
            for net, indexes in self.nets[at]:
                self._net(at, net, indexes)
            for index, piece in enumerate(self.placement.graph.channels[at]):
                self._ends(piece, self.placement.pins[at][index])
        self._bounds()
        return self.drawing

    def _nets(self, at: int) -> list[tuple[Net, list[int]]]:
        """Join the pieces of a channel that branch from one point."""
        graph = self.placement.graph
        nets: dict[tuple[bool, int, int], tuple[Net, list[int]]] = {}
        for index, piece in enumerate(graph.channels[at]):
            top, bottom = self.placement.pins[at][index]
            key = (piece.branch_down, piece.upper if piece.branch_down else piece.lower, piece.pin)
            net, pieces = nets.setdefault(key, (Net([], []), []))
            if top not in net.tops:
                net.tops.append(top)
            if bottom not in net.bottoms:
                net.bottoms.append(bottom)
            pieces.append(index)
        return list(nets.values())

    def _keep_arrows(self, index: int) -> None:
        """Decide whether a layer keeps a row for arrows to boxes without a border: straight lines need none."""
        placement = self.placement
        boxes = [cell for cell in placement.graph.layers[index] if placement.graph.kind[cell] is CellKind.BOX]
        mixed = any(placement.contents[cell].bordered for cell in boxes)
        lead, trail = any(placement.lead[c] for c in boxes), any(placement.trail[c] for c in boxes)
        if lead and not mixed and not self.tracks[index - 1]:
            lead = False
        if trail and not self.tracks[index]:
            trail = any(placement.graph.kind[c] is CellKind.LOOP for c in placement.graph.layers[index + 1])
        self.lead.append(int(lead))
        self.trail.append(int(trail))

    def _measure(self) -> None:
        """Allot every layer and every channel its room along the flow."""
        placement, axes = self.placement, self.axes
        at = 0
        last_end = 0
        for index, layer in enumerate(placement.graph.layers):
            if index % 2 == 0 and index:
                at = max(at, last_end + axes.reach)
            size = 0
            for cell in layer:
                kind = placement.graph.kind[cell]
                if kind is CellKind.BOX:
                    content = placement.contents[cell]
                    long = axes.split(content.width, content.height)[0]
                    if not content.bordered:
                        long += self.lead[index] * placement.lead[cell] + self.trail[index] * placement.trail[cell]
                    size = max(size, long)
                else:
                    bundle = placement.bundles[placement.graph.owner[cell]]
                    size = max(size, axes.label_along(kind, bundle.cells, bundle.rows))
            self.start.append(at)
            self.size.append(size)
            at += size
            if index % 2 == 0:
                last_end = at
            if index < len(self.tracks):
                at += axes.channel(self.tracks[index])

    def _through(self, begin: int, end: int, across: int, cell: tuple[int, tuple[str, ...], bool]) -> None:
        """Draw a straight line along the flow, if it has any cells."""
        if end < begin:
            return
        net, edges, back = cell
        x0, y0 = self.axes.point(begin, across + self.shift)
        x1, y1 = self.axes.point(end, across + self.shift)
        self.drawing.lines.append(Line(x0, y0, x1, y1, self.axes.down, net, edges, back))

    def _crosswise(self, along: int, low: int, high: int, cell: tuple[int, tuple[str, ...], bool]) -> None:
        if high < low:
            return
        net, edges, back = cell
        x0, y0 = self.axes.point(along, low + self.shift)
        x1, y1 = self.axes.point(along, high + self.shift)
        self.drawing.lines.append(Line(x0, y0, x1, y1, not self.axes.down, net, edges, back))

    def _joint(self, along: int, across: int, sides: Side, cell: tuple[int, tuple[str, ...], bool]) -> None:
        net, edges, back = cell
        x, y = self.axes.point(along, across + self.shift)
        self.drawing.joints.append(Joint(x, y, sides, net, edges, back))

    def _new_net(self) -> int:
        self.drawing.nets += 1
        return self.drawing.nets - 1

    def _span(self, vertex: int) -> tuple[int, int]:
        """Return where a box begins and ends along the flow, the end included."""
        placement = self.placement
        layer = placement.graph.layer[vertex]
        content = placement.contents[vertex]
        long = self.axes.split(content.width, content.height)[0]
        begin = self.start[layer]
        if not content.bordered:
            if placement.lead[vertex]:
                begin += self.lead[layer]
            else:
                begin += self.size[layer] - long - self.trail[layer] * placement.trail[vertex]
        return begin, begin + long - 1

    def _box(self, vertex: int) -> None:
        content = self.placement.contents[vertex]
        begin, end = self._span(vertex)
        across = self.placement.across[vertex] + self.shift
        x, y = self.axes.point(begin, across)
        wide = self.placement.extent[vertex]
        width, height = (wide, end - begin + 1) if self.axes.down else (end - begin + 1, wide)
        self.drawing.boxes.append(content.placed(x, y, width, height))
        if content.inner is not None:
            inner, dx, dy = content.inner
            self.drawing.embed(inner, x + dx + (width - content.width) // 2, y + dy)

    def _cell(self, cell: int) -> None:
        graph, axes = self.placement.graph, self.axes
        layer = graph.layer[cell]
        begin, end = self.start[layer], self.start[layer] + self.size[layer] - 1
        across = self.placement.across[cell]
        what = (self._new_net(), graph.edges[cell], graph.back[cell])
        bundle = self.placement.bundles[graph.owner[cell]]
        if graph.kind[cell] is CellKind.BEND or not bundle.label:
            self._through(begin, end, across, what)
            return
        if axes.down:
            self._through(begin, end, across, what)
            x, y = across + self.shift + 2, begin
        else:
            x, y = begin + 2, across + self.shift
            self._through(begin, begin, across, what)
            self._through(x + cell_len(bundle.lines[0]) + 1, end, across, what)
        self._label(x, y, bundle, cell)

    def _loop(self, cell: int) -> None:
        graph, axes = self.placement.graph, self.axes
        layer = graph.layer[cell]
        across = self.placement.across[cell]
        what = (self._new_net(), graph.edges[cell], True)
        bundle = self.placement.bundles[graph.owner[cell]]
        back, _, less, more = axes.sides
        turn = self.start[layer] + (0 if axes.down else 1)
        self._through(self.start[layer], turn - 1, across, what)
        self._through(self.start[layer], turn - 1, across + axes.loop_gap, what)
        self._joint(turn, across, back | more, what)
        self._crosswise(turn, across + 1, across + axes.loop_gap - 1, what)
        self._joint(turn, across + axes.loop_gap, back | less, what)
        x, y = axes.point(turn, across + self.shift)
        x += 4 if axes.down else 2
        self._label(x, y, bundle, cell)

    def _label(self, x: int, y: int, bundle: Bundle, cell: int) -> None:
        edges, back = self.placement.graph.edges[cell], self.placement.graph.back[cell]
        for part, text in enumerate(bundle.lines):
            self.drawing.labels.append(
                Label(x, y + part, text, cell_len(text), x - 1, bundle.event_id, edges, back=back, part=part)
            )

    def _net(self, at: int, net: Net, indexes: list[int]) -> None:
        pieces = [self.placement.graph.channels[at][index] for index in indexes]
        begin = self.start[at] + self.size[at]
        end = self.start[at + 1] - 1
        edges = tuple(dict.fromkeys(key for piece in pieces for key in piece.edges))
        number, back = self._new_net(), pieces[0].back
        what = (number, edges, back)
        if net.is_straight:
            self._through(begin, end, net.tops[0], what)
            return
        ways: _Ways = {}
        for index, piece in zip(indexes, pieces, strict=True):
            pins = self.placement.pins[at][index]
            ways[pins] = _joined((ways.get(pins, ()), piece.edges))
        for run in net.tracks:
            track = begin + self.axes.track(run.track)
            self._run(track, run, ways if len(net.tracks) == 1 else {_EVERYWHERE: edges}, what)
            for across in run.ups:
                if across != run.bridge:
                    mine = _joined(keys for (top, _), keys in ways.items() if top == across)
                    self._through(begin, track - 1, across, (number, mine, back))
            for across in run.downs:
                if across != run.bridge:
                    mine = _joined(keys for (_, bottom), keys in ways.items() if bottom == across)
                    self._through(track + 1, end, across, (number, mine, back))
        if len(net.tracks) > 1:
            first, second = (begin + self.axes.track(run.track) for run in net.tracks)
            self._through(first + 1, second - 1, net.tracks[0].downs[0], what)

    def _run(self, track: int, run: Run, ways: _Ways, what: tuple[int, _Keys, bool]) -> None:
        """Draw what lies on one track; each part belongs to the edges that pass there, and lights up with them."""
        up, down, less, more = self.axes.sides
        stops = sorted({*run.ups, *run.downs})
        number, _, back = what
        for across in stops:
            sides = (up if across in run.ups else Side.NONE) | (down if across in run.downs else Side.NONE)
            sides |= (less if across > run.low else Side.NONE) | (more if across < run.high else Side.NONE)
            self._joint(track, across, sides, (number, _passing(ways, across, across), back))
        for low, high in pairwise(stops):
            self._crosswise(track, low + 1, high - 1, (number, _passing(ways, low, high), back))

    def _ends(self, piece: Piece, pins: tuple[int, int]) -> None:
        """Draw the ends of a piece that meet boxes."""
        graph, placement = self.placement.graph, self.placement
        up, down, _, _ = self.axes.sides
        what = (self._new_net(), piece.edges, piece.back)
        if graph.kind[piece.upper] is CellKind.BOX:
            content = placement.contents[piece.upper]
            _, end = self._span(piece.upper)
            layer = graph.layer[piece.upper]
            port = end if content.bordered else end + 1
            if content.bordered or piece.head_up:
                self._port(port, pins[0], down, piece, piece.upper)
                port += 1
            self._through(port, self.start[layer] + self.size[layer] - 1, pins[0], what)
        if graph.kind[piece.lower] is CellKind.BOX:
            content = placement.contents[piece.lower]
            begin, _ = self._span(piece.lower)
            layer = graph.layer[piece.lower]
            port = begin if content.bordered else begin - 1
            if content.bordered or piece.head_down:
                self._port(port, pins[1], up, piece, piece.lower)
                port -= 1
            self._through(self.start[layer], port, pins[1], what)

    def _port(self, along: int, across: int, side: Side, piece: Piece, vertex: int) -> None:
        head = piece.head_down if vertex == piece.lower else piece.head_up
        content = self.placement.contents[vertex]
        x, y = self.axes.point(along, across + self.shift)
        self.drawing.ports.append(Port(x, y, side, head, content.path, content.bordered, piece.edges, piece.back))

    def _bounds(self) -> None:
        drawing = self.drawing
        for box in drawing.boxes:
            drawing.width = max(drawing.width, box.x + box.width)
            drawing.height = max(drawing.height, box.y + box.height)
        for line in drawing.lines:
            drawing.width = max(drawing.width, line.x1 + 1)
            drawing.height = max(drawing.height, line.y1 + 1)
        for joint in drawing.joints:
            drawing.width = max(drawing.width, joint.x + 1)
            drawing.height = max(drawing.height, joint.y + 1)
        for label in drawing.labels:
            drawing.width = max(drawing.width, label.x + label.width)
            drawing.height = max(drawing.height, label.y + 1)


def _joined(parts: Iterable[_Keys]) -> _Keys:
    """Join keys, each once."""
    return tuple(dict.fromkeys(key for keys in parts for key in keys))


def _passing(ways: _Ways, low: int, high: int) -> _Keys:
    """Return the edges that pass a stretch of a track."""
    return _joined(keys for pins, keys in ways.items() if min(pins) <= low and high <= max(pins))
