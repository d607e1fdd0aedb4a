"""One process as vertices and bundles: entries and STOP made explicit, routes of one event drawn as one."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from rich.cells import cell_len

from process_core.graph import Edge, Node, SourceKind, StepKind
from tui.graph.layout.shapes import BoxKind
from tui.text.safe_text import clip, safe

LABEL_CELLS: Final = 40
"""The widest a label gets; what is cut can be read in the inspector."""
LABEL_ROWS: Final = 3
FEEDS: Final = "→"
FEEDS_ASCII: Final = "->"
"""What stands between an event and the parameter it feeds."""
JOINED: Final = "&"
"""What says that a route is one of several that an explicit join waits for."""
_BREAK: Final = re.compile(r" |(?<=[^A-Z\s])(?=[A-Z])|(?<=[._\-/:])(?=\w)")
_TIMES: Final = "\N{MULTIPLICATION SIGN}"
_KINDS: Final = {StepKind.STEP: BoxKind.STEP, StepKind.PROCESS: BoxKind.PROCESS, StepKind.MAP: BoxKind.MAP}


@dataclass(slots=True)
class Vertex:
    """What gets a box: a step, an entry event, the process's error source, or STOP.

    Attributes:
        kind: Which of them.
        name: What is written in it, not yet made safe.
        node: The step.
        edges: Keys of the edges that an entry or STOP stands for.
        joins: Whether it waits for several inputs at once.
    """

    kind: BoxKind
    name: str
    node: Node | None = None
    edges: list[str] = field(default_factory=list)
    joins: bool = False


@dataclass(slots=True)
class Bundle:
    """Routes that leave one vertex under one label; drawn as one line that branches.

    Attributes:
        source: Number of the vertex.
        label: What is written on the line, safe and cut; empty where the source says it already.
        lines: The label in as many lines as its width allows.
        event_id: The event id.
        targets: Per target vertex, the keys of the edges that end there.
    """

    source: int
    label: str
    event_id: str
    targets: dict[int, list[str]] = field(default_factory=dict)
    lines: tuple[str, ...] = ()

    @property
    def cells(self) -> int:
        """Width of the label."""
        return max((cell_len(line) for line in self.lines), default=0)

    @property
    def rows(self) -> int:
        """Height of the label."""
        return len(self.lines)


@dataclass(slots=True)
class GraphModel:
    """One process, ready to be laid out; entries come first, then steps in order of registration, then STOPs."""

    vertices: list[Vertex] = field(default_factory=list)
    bundles: list[Bundle] = field(default_factory=list)


def scope_of(node: Node) -> str:
    """Return the path of the process that a step belongs to."""
    return node.path.removesuffix(node.name).removesuffix("/")


def build_model(
    nodes: Iterable[Node], edges: Sequence[Edge], *, label_cells: int = LABEL_CELLS, ascii_only: bool = False
) -> GraphModel:
    """Turn the steps and routes of one process into vertices and bundles.

    A route that names a step which is not there is left out.
    """
    builder = _ModelBuilder(nodes, edges)
    builder.number_vertices()
    result = GraphModel(builder.vertices)
    for bundle in builder.bundled(ascii_only=ascii_only):
        for part in _split_by_count(bundle, ascii_only=ascii_only):
            part.lines = wrapped(part.label, label_cells, ascii_only=ascii_only) if part.label else ()
            result.bundles.append(part)
    return result


class _ModelBuilder:
    """Numbers vertices, and sorts routes into bundles."""

    def __init__(self, nodes: Iterable[Node], edges: Iterable[Edge]) -> None:
        self.steps = {node.path: node for node in nodes}
        self.edges = [e for e in edges if {e.source, e.target} <= {"", *self.steps}]
        self.vertices: list[Vertex] = []
        self._numbers: dict[tuple[BoxKind, str], int] = {}

    def number_vertices(self) -> None:
        """Number what starts the process first, then steps, then what stops it."""
        joined = {edge.target for edge in self.edges if edge.joined}
        for edge in self.edges:
            if not edge.source:
                self._vertex(*self._source(edge), edge.event_id).edges.append(edge.key)
        for path, node in self.steps.items():
            vertex = self._vertex(BoxKind.STEP, path, node.name, node)
            vertex.kind = _KINDS[node.kind]
            vertex.joins = path in joined or any(len(names) > 1 for names in node.parameters.values())
        for edge in self.edges:
            if not edge.target:
                self._vertex(*self._target(edge), "STOP").edges.append(edge.key)

    def bundled(self, *, ascii_only: bool) -> Iterable[Bundle]:
        """Return the routes, those of one source and label together."""
        bundles: dict[tuple[int, str, str], Bundle] = {}
        for edge in self.edges:
            source, target = self._numbers[self._source(edge)], self._numbers[self._target(edge)]
            label = label_of(edge, self.steps.get(edge.target), ascii_only=ascii_only)
            bundle = bundles.setdefault((source, edge.event_id, label), Bundle(source, label, edge.event_id))
            bundle.targets.setdefault(target, []).append(edge.key)
        return bundles.values()

    def _vertex(self, kind: BoxKind, key: str, name: str, node: Node | None = None) -> Vertex:
        number = self._numbers.setdefault((kind, key), len(self.vertices))
        if number == len(self.vertices):
            self.vertices.append(Vertex(kind, name, node))
        return self.vertices[number]

    def _source(self, edge: Edge) -> tuple[BoxKind, str]:
        if edge.source:
            return BoxKind.STEP, edge.source
        return BoxKind.ERROR if edge.kind is SourceKind.PROCESS_ERROR else BoxKind.ENTRY, edge.event_id

    def _target(self, edge: Edge) -> tuple[BoxKind, str]:
        """Every step has a STOP of its own: one for all would draw long lines to itself."""
        if edge.target:
            return BoxKind.STEP, edge.target
        return BoxKind.STOP, edge.source or f"{edge.kind} {edge.event_id}"


def _split_by_count(bundle: Bundle, *, ascii_only: bool) -> list[Bundle]:
    """Split a bundle by how many equal routes a line stands for, which its label then shows."""
    counts = sorted({len(keys) for keys in bundle.targets.values()})
    parts: list[Bundle] = []
    for count in counts:
        targets = {t: keys for t, keys in bundle.targets.items() if len(keys) == count}
        times = f"{'x' if ascii_only else _TIMES}{count}" if count > 1 else ""
        label = f"{bundle.label} {times}".strip()
        parts.append(Bundle(bundle.source, label, bundle.event_id, targets))
    return parts


def label_of(edge: Edge, target: Node | None, *, ascii_only: bool) -> str:
    """Return what a route holds: event id, parameter where the function has several, `&` in a join, condition.

    The label is safe and cut; it is empty for an entry, whose terminal bears the id already.
    """
    text = shown(edge.event_id, LABEL_CELLS - 10, ascii_only=ascii_only) if edge.source else ""
    if target is not None and edge.parameter and len(target.parameters.get(edge.function or "", ())) > 1:
        text += f" {FEEDS_ASCII if ascii_only else FEEDS} {shown(edge.parameter, 16, ascii_only=ascii_only)}"
    if edge.joined:
        text += f" {JOINED}"
    if edge.condition:
        text += f" [{shown(edge.condition, 20, ascii_only=ascii_only)}]"
    return cut(text.strip(), LABEL_CELLS, ascii_only=ascii_only)


def wrapped(text: str, cells: int, *, ascii_only: bool) -> tuple[str, ...]:
    """Break a label into lines, between words or before the capitals inside a name.

    There are three lines at most, and only the last is ever cut.
    """
    lines = _broken(text, cells, ascii_only=ascii_only)
    if len(lines) > 1:
        for narrower in range(cell_len(text) // len(lines), cells):
            even = _broken(text, narrower, ascii_only=ascii_only)
            if len(even) == len(lines) and all(cell_len(line) <= narrower for line in even):
                return even
    return lines


def _broken(text: str, cells: int, *, ascii_only: bool) -> tuple[str, ...]:
    lines: list[str] = []
    rest = text
    while cell_len(rest) > cells and len(lines) < LABEL_ROWS - 1:
        spots = [
            m.start() for m in _BREAK.finditer(rest) if m.start() and cell_len(rest[: m.start()].rstrip()) <= cells
        ]
        if not spots:
            break
        lines.append(rest[: spots[-1]].rstrip())
        rest = rest[spots[-1] :].lstrip()
    return *lines, cut(rest, max(cells, LABEL_CELLS // 2), ascii_only=ascii_only)


def shown(text: str, cells: int, *, ascii_only: bool) -> str:
    """Return a name as it is drawn: safe, and short enough."""
    text = safe(text, 400)
    if ascii_only:
        text = text.encode("ascii", "backslashreplace").decode("ascii")
    return cut(text, cells, ascii_only=ascii_only)


def cut(text: str, cells: int, *, ascii_only: bool) -> str:
    """Return a safe text, or its beginning with a sign after it where it is too long."""
    if not ascii_only:
        return clip(text, cells)
    return text if len(text) <= cells else text[: cells - 1] + "~"
