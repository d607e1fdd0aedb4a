"""Checkpoints of a run between two supersteps at which nothing but messages is pending, written without detours."""

import json
from collections.abc import Mapping
from typing import Any

from process_core.engine.compiled import CompiledRoute
from process_core.engine.records import ProcessRecord, RunRecord
from process_core.runfile import encode_plain
from process_core.runfile.codec.compact_checkpoint import CHECKPOINT, MESSAGE


class CompactCheckpoints:
    """Writes what `process_core.runfile.codec.compact_checkpoint` reads, for one generation of the process.

    Args:
        run: The run.
    """

    def __init__(self, run: RunRecord) -> None:
        self._run = run
        # A message of another generation of the process is on none of these routes.
        numbers = {edge.id: (n, edge) for n, edge in enumerate(run.plan.graph.edges) if not edge.scope}
        self._rest: Mapping[str, Any] = {}
        self._rest_text = "{}"
        self._known: dict[CompiledRoute, tuple[int, str, str]] = {}
        for route in run.plan.all_routes():
            if route.id in numbers:
                number, edge = numbers[route.id]
                self._known[route] = (number, edge.event_id, edge.source)

    def write(self, generation: int, rest: Mapping[str, Any]) -> str | None:
        """Write where the run stands.

        Args:
            generation: Of the code that the writer stamps.
            rest: What else stands in the checkpoint; a new mapping wherever it is not the same.

        Returns:
            JSON, or None where there is more to say than fits.
        """
        run = self._run
        root = run.root
        if root.joins.waiting or root.working or root.held or run.undeliverable or run.inputs or root.is_stopped:
            return None
        nested: str | None = "{}"
        if root.plan.processes:
            found = _at_rest(root)
            if found is None:
                return None
            nested = json.dumps(found)
        messages = []
        known = self._known
        for message in root.pending:
            route = known.get(message.route)
            if route is None or message.handles or message.event_id != route[1] or message.source != route[2]:
                return None
            data = message.data
            written = str(data) if data.__class__ is int and -_SHORT < data < _SHORT else encode_plain(data)
            if written is None:
                return None
            messages.append(MESSAGE % (route[0], message.seq, written))
        if rest is not self._rest:
            self._rest, self._rest_text = rest, json.dumps(rest)
        return CHECKPOINT % (generation, run.asked, self._rest_text, nested, ",".join(messages))


_SHORT = 10**15


def _at_rest(process: ProcessRecord) -> dict[str, Any] | None:
    """Give the supersteps of the nested processes that were used; None where one of them is not at rest."""
    found: dict[str, Any] = {}
    for step in process.plan.processes:
        slot = process.slots[step.index]
        if slot is None or not isinstance(slot.child, ProcessRecord):
            continue
        child = slot.child
        if child.pending or child.held or child.joins.waiting or child.working:
            return None
        inner = _at_rest(child)
        if inner is None:
            return None
        found[step.name] = [child.superstep, inner]
    return found
