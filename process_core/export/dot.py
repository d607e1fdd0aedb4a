"""A process as a Graphviz graph."""

from collections.abc import Iterator

from process_core.export.labels import (
    ERROR_KINDS,
    STOP,
    Drawable,
    Names,
    edge_label,
    entry_label,
    own_edges,
    own_nodes,
    visible,
)
from process_core.graph import Edge, Node, StepKind


def to_dot(graph: Drawable) -> str:
    """Return a process in Graphviz's language; a nested process becomes a cluster around a node that stands for it."""
    return "\n".join(_Writer(graph).lines()) + "\n"


class _Writer:
    def __init__(self, graph: Drawable) -> None:
        self._graph = graph
        self._names = Names()
        self._nodes: dict[str, Node] = {node.path: node for node in graph.nodes}
        self._edges = own_edges(graph)
        self._inside = own_nodes(graph)

    def lines(self) -> Iterator[str]:
        yield f"digraph {_quoted(visible(self._graph.name))} {{"
        yield "    node [shape=box];"
        yield from self._boxes("", "    ")
        for edges in self._edges.values():
            for edge in edges:
                yield f"    {self._arrow(edge)}"
        yield "}"

    def _boxes(self, scope: str, indent: str) -> Iterator[str]:
        """Write every step, entry and end of one process; nested ones in a cluster."""
        edges = self._edges.get(scope, [])
        entries = {self._names.entry(edge): edge for edge in edges if not edge.source}
        for name, edge in entries.items():
            yield f"{indent}{name} [label={_quoted(entry_label(edge))}, shape=oval];"
        for step in self._inside.get(scope, []):
            name, label = self._names.node(step.path), visible(step.name)
            if step.kind is StepKind.MAP:
                label += " (map)"
            if step.path in self._inside:
                yield f"{indent}subgraph cluster_{name} {{"
                yield f"{indent}    label={_quoted(label)};"
                yield f"{indent}    {name} [label={_quoted(label)}, shape=component];"
                yield from self._boxes(step.path, indent + "    ")
                yield f"{indent}}}"
            else:
                shape = ", peripheries=2" if step.kind is StepKind.MAP else ""
                yield f"{indent}{name} [label={_quoted(label)}{shape}];"
        if any(not edge.target for edge in edges):
            yield f"{indent}{self._names.stop(scope)} [label={_quoted(STOP)}, shape=doublecircle];"

    def _arrow(self, edge: Edge) -> str:
        label = edge_label(edge, self._nodes)
        parts = [f"label={_quoted(label)}"] if label else []
        if edge.kind in ERROR_KINDS:
            parts.append("style=dashed")
        elif edge.joined:
            parts.append("style=bold")
        attributes = f" [{', '.join(parts)}]" if parts else ""
        return f"{self._names.source(edge)} -> {self._names.target(edge)}{attributes};"


def _quoted(text: str) -> str:
    r"""Quote a label: backslashes would start Graphviz's own escapes (`\N`), ampersands HTML entities."""
    escaped = text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
