"""What the exports write on boxes and arrows, before each escapes it for its own language."""

import unicodedata
from collections.abc import Iterator
from typing import Protocol

from process_core.graph import Edge, Node, SourceKind, StepKind

ENTRY_KINDS = frozenset({SourceKind.INPUT, SourceKind.PROCESS_ERROR})
"""Edges that start at the process itself, not at a step."""
ERROR_KINDS = frozenset({SourceKind.STEP_ERROR, SourceKind.PROCESS_ERROR})
"""Edges that an error takes."""
STOP = "stop"


class Drawable(Protocol):
    """What can be written as a picture: a graph, or what is known of one elsewhere (a recorded run, a worker)."""

    @property
    def name(self) -> str:
        """The process's name."""

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every step, nested ones after the step that holds them."""

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Every route."""


def visible(text: str) -> str:
    """Spell out the characters that act or cannot be seen (`<U+202E>`), so that a label is one line of plain text."""
    if text.isprintable():
        return text
    return "".join(f"<U+{ord(char):04X}>" if _is_invisible(char) else char for char in text)


def edge_label(edge: Edge, nodes: dict[str, Node]) -> str:
    """Return what travels along an edge, when, and into which function where the target leaves that open.

    One line, such as `OrderPlaced [data.total > 10] to Ship.pack(order)`.
    """
    label = "" if edge.kind in ENTRY_KINDS else edge.event_id
    if edge.condition:
        label += f" [{edge.condition}]"
    node = nodes.get(edge.target)
    if node is not None and edge.function is not None:
        waits_for = node.parameters.get(edge.function, ())
        parameter = f"({edge.parameter})" if edge.parameter and len(waits_for) > 1 else ""
        if len(node.functions) > 1 or parameter:
            label += f" to {edge.function}{parameter}"
    return visible(label.strip())


def entry_label(edge: Edge) -> str:
    """Name the event or error at the process itself that an edge starts from."""
    return visible(edge.event_id if edge.kind is SourceKind.INPUT else "on error")


class Diagram:
    """A graph as any language draws it: its parts by process, and short ids for them.

    The ids, `n0`, `n1` and so on, are safe in any language, in the order in which things are first named.

    Args:
        graph: What is drawn.
    """

    def __init__(self, graph: Drawable) -> None:
        self.name = visible(graph.name)
        self.edges = own_edges(graph)
        self._nodes = {node.path: node for node in graph.nodes}
        self._inside = own_nodes(graph)
        self._ids: dict[tuple[str, ...], str] = {}

    def entries(self, scope: str) -> dict[str, str]:
        """Return the labels of what a process starts from, by id."""
        return {self.entry(edge): entry_label(edge) for edge in self.edges.get(scope, ()) if not edge.source}

    def steps(self, scope: str) -> Iterator[tuple[Node, str, str]]:
        """Yield the steps of a process, each with its id and label."""
        for step in self._inside.get(scope, ()):
            yield step, self.node(step.path), visible(step.name) + (" (map)" if step.kind is StepKind.MAP else "")

    def is_nested(self, step: Node) -> bool:
        """Whether a step has steps of its own."""
        return step.path in self._inside

    def has_stop(self, scope: str) -> bool:
        """Whether a route ends a process."""
        return any(not edge.target for edge in self.edges.get(scope, ()))

    def label(self, edge: Edge) -> str:
        """Return what is written on an arrow."""
        return edge_label(edge, self._nodes)

    def node(self, path: str) -> str:
        """Return the id of a step."""
        return self._give("n", "node", path)

    def entry(self, edge: Edge) -> str:
        """Return the id of what an edge from the process itself starts at."""
        return self._give("e", "entry", edge.scope, edge.kind, edge.event_id)

    def stop(self, scope: str) -> str:
        """Return the id of the end of a process."""
        return self._give("s", "stop", scope)

    def source(self, edge: Edge) -> str:
        """Return the id of where an edge starts."""
        return self.entry(edge) if edge.kind in ENTRY_KINDS or not edge.source else self.node(edge.source)

    def target(self, edge: Edge) -> str:
        """Return the id of where an edge ends."""
        return self.node(edge.target) if edge.target else self.stop(edge.scope)

    def _give(self, letter: str, *key: str) -> str:
        return self._ids.setdefault(key, f"{letter}{len(self._ids)}")


def own_edges(graph: Drawable) -> dict[str, list[Edge]]:
    """Sort the edges of a graph by the path of the process that they belong to."""
    by_process: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        by_process.setdefault(edge.scope, []).append(edge)
    return by_process


def own_nodes(graph: Drawable) -> dict[str, list[Node]]:
    """Sort the steps of a graph by the path of the process that they belong to; empty nested ones are there too."""
    by_process: dict[str, list[Node]] = {}
    for node in graph.nodes:
        scope = node.path.removesuffix(node.name).removesuffix("/")
        if scope == node.path:  # only a damaged recording holds a step without a name; inside itself it has no end
            continue
        by_process.setdefault(scope, []).append(node)
        if node.kind is StepKind.PROCESS:
            by_process.setdefault(node.path, [])
    return by_process


def _is_invisible(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] == "C" or category in ("Zl", "Zp")
