"""The graph of a process as JSON text in the run file."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from process_core.graph import Edge, Node, SourceKind, StepKind
from process_core.runfile.codec.encode import encode

MAX_STEPS: Final = 10_000
MAX_ROUTES: Final = 20_000
MAX_NESTING: Final = 64
MAX_GRAPH_TEXT: Final = 20_000_000
"""Characters of the JSON of all steps, or of all routes: some hundred for each."""


def dump_nodes(nodes: Iterable[Node]) -> str:
    """Return the steps as JSON."""
    return json.dumps(
        [
            {
                "path": node.path,
                "name": node.name,
                "kind": str(node.kind),
                "functions": list(node.functions),
                "parameters": {name: list(needed) for name, needed in node.parameters.items()},
            }
            for node in nodes
        ]
    )


def dump_edges(edges: Iterable[Edge]) -> str:
    """Return the routes as JSON."""
    names = Edge.__slots__
    return json.dumps([{name: getattr(edge, name) for name in names} for edge in edges])


def dump_metadata(metadata: Mapping[str, Any]) -> str:
    """Return what a reader should know besides, as JSON."""
    return encode(dict(metadata)).decode()


def load_graph(nodes_text: Any, edges_text: Any) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
    """Return the steps and routes that were dumped; ValueError if it is something else, or no process has it."""
    nodes, edges = load_nodes(nodes_text), load_edges(edges_text)
    paths = {node.path for node in nodes}
    if len(paths) < len(nodes):
        raise ValueError("the graph has a step twice")
    for node in nodes:
        parent = node.path.removesuffix(node.name)
        if not node.name or parent + node.name != node.path or (parent and parent.removesuffix("/") not in paths):
            raise ValueError(f"the graph has a step {node.path!r:.80}, which is inside of nothing that is there")
    for edge in edges:
        for path in (edge.scope, edge.source, edge.target):
            if path and path not in paths:
                raise ValueError(f"the graph has a route to or from {path!r:.80}, and no such step")
    return nodes, edges


def load_nodes(text: Any) -> tuple[Node, ...]:
    """Return what `dump_nodes` wrote; ValueError if the text is something else."""
    try:
        nodes = tuple(
            Node(
                path=_text(fields["path"]),
                name=_text(fields["name"]),
                kind=StepKind(fields["kind"]),
                functions=tuple(_text(name) for name in fields["functions"]),
                parameters={name: tuple(map(_text, needed)) for name, needed in fields["parameters"].items()},
            )
            for fields in _entries(text, MAX_STEPS)
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the graph's steps cannot be read: {error!r:.200}") from error
    if any(node.path.count("/") > MAX_NESTING for node in nodes):
        raise ValueError(f"the graph is nested more than {MAX_NESTING} levels deep")
    return nodes


def load_edges(text: Any) -> tuple[Edge, ...]:
    """Return what `dump_edges` wrote; ValueError if the text is something else."""
    try:
        return tuple(_edge(fields) for fields in _entries(text, MAX_ROUTES))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the graph's routes cannot be read: {error!r:.200}") from error


def _entries(text: Any, most: int) -> list[Any]:
    """Return the objects of a list in JSON; ValueError if it is none, or a graph of that size cannot be shown."""
    if len(_text(text)) > MAX_GRAPH_TEXT:
        raise ValueError(f"the graph takes more than {MAX_GRAPH_TEXT:,} characters")
    try:
        entries = json.loads(text)
    except RecursionError:
        raise ValueError("the graph is nested too deeply") from None
    if not isinstance(entries, list):
        raise TypeError(f"{type(entries).__name__} instead of a list")
    if len(entries) > most:
        raise ValueError(f"the graph has {len(entries):,} parts of a kind, and no more than {most:,} can be read")
    return entries


def _edge(fields: dict[str, Any]) -> Edge:
    edge = Edge(**{**fields, "kind": SourceKind(fields["kind"])})
    for name in ("id", "scope", "source", "event_id", "target"):
        _text(getattr(edge, name))
    for name in ("function", "parameter", "condition"):
        if getattr(edge, name) is not None:
            _text(getattr(edge, name))
    if not isinstance(edge.joined, bool):
        raise TypeError(f"{edge.joined!r:.80} is neither true nor false")
    return edge


def _text(value: Any) -> str:
    """Return a name; TypeError for anything else, since a file from elsewhere may hold anything."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.80} is not text")
    return value
