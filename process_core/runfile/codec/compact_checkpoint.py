"""The compact form of the common checkpoint: nothing but messages is pending, and nested processes are idle.

Written out, each message repeats what its route has: where it comes from and what it holds. Compactly, a checkpoint
is the JSON list `[generation, asked, rest, nested, messages]`. Each message is `[edge, seq, data]`, its edge the place
of its route in the graph of that generation; `nested` maps the name of a nested process to `[superstep, nested]`;
`rest` holds whatever else the checkpoint has. `expand` returns the mapping that the engine dumps where this form does
not fit.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from process_core.graph import Edge

CHECKPOINT_START: Final = "[%d,%d,%s,%s,["
"""Generation, asked, `rest` and `nested` as JSON; the messages follow, joined by commas, and `]]`."""
MESSAGE_START: Final = "[%d,"
"""Place of the edge; seq, data as JSON, and `]` follow."""


def expand(compact: Sequence[Any], superstep: int, edges: Sequence[Edge]) -> dict[str, Any]:
    """Return what the engine's `dump_checkpoint` would have returned; ValueError if it does not fit the edges."""
    try:
        _, asked, rest, nested, messages = compact
        pending = [_message(edges[number], seq, data) for number, seq, data in messages]
        root = {"superstep": superstep, "pending": pending, **({"nested": _nested(nested)} if nested else {})}
        expanded = {"root": root, "inputs": [], "asked": asked, **rest}
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        raise ValueError(f"a checkpoint cannot be read: {error!r}") from error
    return expanded


def _message(edge: Edge, seq: int, data: Any) -> dict[str, Any]:
    return {"route": edge.id, "data": data, "seq": seq, "event": edge.event_id, "source": edge.source}


def _nested(nested: Mapping[str, Any]) -> dict[str, Any]:
    processes: dict[str, Any] = {}
    for name, (superstep, inner) in nested.items():
        processes[name] = {"superstep": superstep, "pending": []}
        if inner:
            processes[name]["nested"] = _nested(inner)
    return processes
