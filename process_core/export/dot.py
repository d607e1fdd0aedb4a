"""A process as a Graphviz graph."""

from collections.abc import Iterator

from process_core.export.labels import ERROR_KINDS, STOP, Diagram, Drawable
from process_core.graph import Edge, StepKind


def to_dot(graph: Drawable) -> str:
    """Return a process in Graphviz's language; a nested process becomes a cluster around a node that stands for it."""
    return "\n".join(_Writer(graph).lines()) + "\n"


class _Writer:
    def __init__(self, graph: Drawable) -> None:
        self._diagram = Diagram(graph)

    def lines(self) -> Iterator[str]:
        yield f"digraph {_quoted(self._diagram.name)} {{"
        yield "    node [shape=box];"
        yield from self._boxes("", "    ")
        for edges in self._diagram.edges.values():
            for edge in edges:
                yield f"    {self._arrow(edge)}"
        yield "}"

    def _boxes(self, scope: str, indent: str) -> Iterator[str]:
        """Write every step, entry and end of one process; nested ones in a cluster."""
        diagram = self._diagram
        for name, label in diagram.entries(scope).items():
            yield f"{indent}{name} [label={_quoted(label)}, shape=oval];"
        for step, name, label in diagram.steps(scope):
            if diagram.is_nested(step):
                yield f"{indent}subgraph cluster_{name} {{"
                yield f"{indent}    label={_quoted(label)};"
                yield f"{indent}    {name} [label={_quoted(label)}, shape=component];"
                yield from self._boxes(step.path, indent + "    ")
                yield f"{indent}}}"
            else:
                shape = ", peripheries=2" if step.kind is StepKind.MAP else ""
                yield f"{indent}{name} [label={_quoted(label)}{shape}];"
        if diagram.has_stop(scope):
            yield f"{indent}{diagram.stop(scope)} [label={_quoted(STOP)}, shape=doublecircle];"

    def _arrow(self, edge: Edge) -> str:
        label = self._diagram.label(edge)
        parts = [f"label={_quoted(label)}"] if label else []
        if edge.kind in ERROR_KINDS:
            parts.append("style=dashed")
        elif edge.joined:
            parts.append("style=bold")
        attributes = f" [{', '.join(parts)}]" if parts else ""
        return f"{self._diagram.source(edge)} -> {self._diagram.target(edge)}{attributes};"


def _quoted(text: str) -> str:
    r"""Quote a label: backslashes would start Graphviz's own escapes (`\N`), ampersands HTML entities."""
    escaped = text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
