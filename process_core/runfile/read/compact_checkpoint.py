"""The common checkpoint, written briefly: nothing but messages is pending, and nested processes are at rest.

Written out, each message would say again what its route says: where it comes from and what it carries. Briefly, a
checkpoint is the JSON list `[generation, asked, rest, nested, messages]`. Each message is `[edge, seq, data]`, its edge
the place of its route in the graph of that generation; `nested` gives `[superstep, nested]` by name of nested process;
`rest` holds whatever else stands in the checkpoint. Read, it is the mapping that the engine gives where it writes one
out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from process_core.graph import Edge
from process_core.runfile.errors import RunFileError
from process_core.runfile.graphs import load_edges
from process_core.runfile.read.connection import Connection


def expand(brief: Sequence[Any], superstep: int, edges: Sequence[Edge]) -> dict[str, Any]:
    """Write a brief checkpoint out.

    Args:
        brief: What was decoded.
        superstep: Of the checkpoint.
        edges: The routes of its generation.

    Returns:
        What `freeze` of the engine gives at such a point.

    Raises:
        ValueError: It is no brief checkpoint of that graph.
    """
    try:
        _, asked, rest, nested, messages = brief
        pending = [_message(edges[number], seq, data) for number, seq, data in messages]
        root = {"superstep": superstep, "pending": pending, **({"nested": _nested(nested)} if nested else {})}
        found = {"root": root, "inputs": [], "asked": asked, **rest}
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        raise ValueError(f"a checkpoint cannot be read: {error!r}") from error
    return found


def read_brief(connection: Connection, brief: Sequence[Any], superstep: int) -> dict[str, Any]:
    """Write a brief checkpoint out, with the graph that its file has.

    Args:
        connection: Where to read.
        brief: What was decoded.
        superstep: Of the checkpoint.

    Returns:
        See `expand`.

    Raises:
        RunFileError: The file is damaged.
    """
    generation = brief[0] if brief and isinstance(brief[0], int) else -1
    edges: str = connection.one("SELECT edges FROM graphs WHERE generation = ?", (generation,))[0]
    try:
        return expand(brief, superstep, load_edges(edges))
    except (ValueError, TypeError) as error:
        raise RunFileError(connection.path, f"it is damaged: {error}") from error


def _message(edge: Edge, seq: int, data: Any) -> dict[str, Any]:
    return {"route": edge.id, "data": data, "seq": seq, "event": edge.event_id, "source": edge.source}


def _nested(nested: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (superstep, inner) in nested.items():
        found[name] = {"superstep": superstep, "pending": []}
        if inner:
            found[name]["nested"] = _nested(inner)
    return found
