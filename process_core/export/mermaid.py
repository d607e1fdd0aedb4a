"""A process as a Mermaid flowchart, for READMEs and merge requests."""

import re
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

# Letters, digits, spaces and what stands between them; everything else is written as an entity. Mermaid would read
# quotes, backticks, `#35;`, HTML, Markdown (`__x__`, `1. x`) and links out of a label.
_PLAIN = re.compile(r"(?<=\w)[._-](?=\w)|[(),/ ]|[^\W_]|[^\x00-\x7f]")


def to_mermaid(graph: Drawable) -> str:
    """Return a process as a Mermaid flowchart; nested processes become subgraphs."""
    return "\n".join(["flowchart TD", *_Writer(graph).lines()]) + "\n"


class _Writer:
    def __init__(self, graph: Drawable) -> None:
        self._graph = graph
        self._names = Names()
        self._nodes: dict[str, Node] = {node.path: node for node in graph.nodes}
        self._edges = own_edges(graph)
        self._inside = own_nodes(graph)

    def lines(self) -> Iterator[str]:
        yield from self._boxes("", "    ")
        for edges in self._edges.values():
            for edge in edges:
                yield f"    {self._arrow(edge)}"

    def _boxes(self, scope: str, indent: str) -> Iterator[str]:
        """Write every step, entry and end of one process; nested ones inside."""
        edges = self._edges.get(scope, [])
        entries = {self._names.entry(edge): edge for edge in edges if not edge.source}
        for name, edge in entries.items():
            yield f"{indent}{name}([{_quoted(entry_label(edge))}])"
        for step in self._inside.get(scope, []):
            name, label = self._names.node(step.path), visible(step.name)
            if step.kind is StepKind.MAP:
                label += " (map)"
            if step.path in self._inside:
                yield f"{indent}subgraph {name} [{_quoted(label)}]"
                yield from self._boxes(step.path, indent + "    ")
                yield f"{indent}end"
            elif step.kind is StepKind.MAP:
                yield f"{indent}{name}[[{_quoted(label)}]]"
            else:
                yield f"{indent}{name}[{_quoted(label)}]"
        if any(not edge.target for edge in edges):
            yield f"{indent}{self._names.stop(scope)}((({_quoted(STOP)})))"

    def _arrow(self, edge: Edge) -> str:
        shaft = "-.->" if edge.kind in ERROR_KINDS else "==>" if edge.joined else "-->"
        label = edge_label(edge, self._nodes)
        text = f"|{_quoted(label)}|" if label else ""
        return f"{self._names.source(edge)} {shaft}{text} {self._names.target(edge)}"


def _quoted(text: str) -> str:
    plain = {match.start() for match in _PLAIN.finditer(text)}
    body = "".join(char if at in plain else f"#{ord(char)};" for at, char in enumerate(text))
    return f'"{body or " "}"'
