"""Checkpoints of a run between two supersteps at which nothing but messages is pending, written without detours."""

import json
from collections.abc import Mapping
from typing import Any

from process_core.engine.compiled import CompiledRoute
from process_core.engine.records import ProcessRecord, RunRecord
from process_core.runfile import encode_plain
from process_core.runfile.codec.compact_checkpoint import CHECKPOINT_START, MESSAGE_START


class CompactCheckpoints:
    """Writes what `process_core.runfile.codec.compact_checkpoint` reads, for one generation of the process.

    Args:
        run: The run.
    """

    def __init__(self, run: RunRecord) -> None:
        self._run = run
        self._processes = run.plan.processes
        # A message of another generation of the process is on none of these routes.
        numbers = {edge.id: (n, edge) for n, edge in enumerate(run.plan.graph.edges) if not edge.scope}
        self._known: dict[CompiledRoute, tuple[str, str, str]] = {}
        for route in run.plan.all_routes():
            if route.id in numbers:
                number, edge = numbers[route.id]
                self._known[route] = (MESSAGE_START % number, edge.event_id, edge.source)
        # Most of a checkpoint is the same as in the one before: only what has changed is written again.
        self._start_of: tuple[int, int, Mapping[str, Any]] = (-1, -1, {})
        self._start = ""

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
        asked = run.asked
        last_generation, last_asked, last_rest = self._start_of
        if rest is not last_rest or asked != last_asked or generation != last_generation or self._processes:
            nested = _supersteps_of_idle(root)
            if nested is None:
                return None
            self._start_of = (generation, asked, rest)
            self._start = CHECKPOINT_START % (generation, asked, json.dumps(rest), json.dumps(nested))
        messages = ""
        containers: list[Any] | None = None
        known = self._known
        for message in root.pending:
            try:
                start, event_id, source = known[message.route]
            except KeyError:
                return None
            if message.handles or message.event_id != event_id or message.source != source:
                return None
            data = message.data
            if type(data) is int and -_SHORT < data < _SHORT:
                text = f"{start}{message.seq},{data}]"
            else:
                written = encode_plain(data)
                if written is None:
                    return None
                if written[0] in "[{":
                    if containers is None:
                        containers = []
                    containers.append(data)
                text = f"{start}{message.seq},{written}]"
            messages = f"{messages},{text}" if messages else text
        if containers is not None and len(containers) > 1 and '{"$":"shared",' in (encode_plain(containers) or ""):
            return None  # each message is written by itself here, and would come back with a part of its own
        return f"{self._start}{messages}]]"


_SHORT = 10**15


def _supersteps_of_idle(process: ProcessRecord) -> dict[str, Any] | None:
    """Return the supersteps of the nested processes that were used; None where one of them is not idle."""
    supersteps: dict[str, Any] = {}
    for step in process.plan.processes:
        slot = process.slots[step.index]
        if slot is None or not isinstance(slot.child, ProcessRecord):
            continue
        child = slot.child
        if child.pending or child.held or child.joins.waiting or child.working:
            return None
        inner = _supersteps_of_idle(child)
        if inner is None:
            return None
        supersteps[step.name] = [child.superstep, inner]
    return supersteps
