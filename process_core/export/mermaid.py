"""A process as a Mermaid flowchart, for READMEs and merge requests."""

import re
from collections.abc import Iterator

from process_core.export.labels import ERROR_KINDS, STOP, Diagram, Drawable
from process_core.graph import Edge, StepKind

# Letters, digits, spaces and what stands between them; everything else is written as an entity. Mermaid would read
# quotes, backticks, `#35;`, HTML, Markdown (`__x__`, `1. x`) and links out of a label.
_PLAIN = re.compile(r"(?<=\w)[._-](?=\w)|[(),/ ]|[^\W_]|[^\x00-\x7f]")


def to_mermaid(graph: Drawable) -> str:
    """Return a process as a Mermaid flowchart; nested processes become subgraphs."""
    return "\n".join(["flowchart TD", *_Writer(graph).lines()]) + "\n"


class _Writer:
    def __init__(self, graph: Drawable) -> None:
        self._diagram = Diagram(graph)

    def lines(self) -> Iterator[str]:
        yield from self._boxes("", "    ")
        for edges in self._diagram.edges.values():
            for edge in edges:
                yield f"    {self._arrow(edge)}"

    def _boxes(self, scope: str, indent: str) -> Iterator[str]:
        """Write every step, entry and end of one process; nested ones inside."""
        diagram = self._diagram
        for name, label in diagram.entries(scope).items():
            yield f"{indent}{name}([{_quoted(label)}])"
        for step, name, label in diagram.steps(scope):
            if diagram.is_nested(step):
                yield f"{indent}subgraph {name} [{_quoted(label)}]"
                yield from self._boxes(step.path, indent + "    ")
                yield f"{indent}end"
            elif step.kind is StepKind.MAP:
                yield f"{indent}{name}[[{_quoted(label)}]]"
            else:
                yield f"{indent}{name}[{_quoted(label)}]"
        if diagram.has_stop(scope):
            yield f"{indent}{diagram.stop(scope)}((({_quoted(STOP)})))"

    def _arrow(self, edge: Edge) -> str:
        shaft = "-.->" if edge.kind in ERROR_KINDS else "==>" if edge.joined else "-->"
        label = self._diagram.label(edge)
        text = f"|{_quoted(label)}|" if label else ""
        return f"{self._diagram.source(edge)} {shaft}{text} {self._diagram.target(edge)}"


def _quoted(text: str) -> str:
    plain = {match.start() for match in _PLAIN.finditer(text)}
    body = "".join(char if at in plain else f"#{ord(char)};" for at, char in enumerate(text))
    return f'"{body or " "}"'
