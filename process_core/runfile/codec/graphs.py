"""The graph of a process as JSON text in the run file."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from process_core.graph import Edge, Node, SourceKind, StepKind
from process_core.runfile.codec.encode import encode


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


def load_nodes(text: str) -> tuple[Node, ...]:
    """Return what `dump_nodes` wrote; ValueError if the text is something else."""
    try:
        return tuple(
            Node(
                path=_text(fields["path"]),
                name=_text(fields["name"]),
                kind=StepKind(fields["kind"]),
                functions=tuple(_text(name) for name in fields["functions"]),
                parameters={name: tuple(map(_text, needed)) for name, needed in fields["parameters"].items()},
            )
            for fields in json.loads(text)
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the graph's steps cannot be read: {error!r}") from error


def load_edges(text: str) -> tuple[Edge, ...]:
    """Return what `dump_edges` wrote; ValueError if the text is something else."""
    try:
        return tuple(_edge(fields) for fields in json.loads(text))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the graph's routes cannot be read: {error!r}") from error


def _edge(fields: dict[str, Any]) -> Edge:
    edge = Edge(**{**fields, "kind": SourceKind(fields["kind"])})
    for name in ("id", "scope", "source", "event_id", "target"):
        _text(getattr(edge, name))
    for name in ("function", "parameter", "condition"):
        if getattr(edge, name) is not None:
            _text(getattr(edge, name))
    return edge


def _text(value: Any) -> str:
    """Return a text; TypeError for anything else, since a file from elsewhere may hold anything."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.80} is not text")
    return value
