"""Turns an event that is brought in by hand into messages, by the routes that it would have taken."""

from dataclasses import dataclass
from typing import Any

from process_core.debug.editing.history import EditingError
from process_core.debug.editing.queue import fitting
from process_core.debug.editing.state import step_at
from process_core.engine.compiled import CompiledRoute, RouteSet
from process_core.engine.records import Message, ProcessRecord, RunRecord
from process_core.engine.run import unknown_event
from process_core.events import NO_DATA
from process_core.suggestions import did_you_mean


@dataclass(frozen=True, slots=True)
class PreparedInjection:
    """An event that may be brought in.

    Attributes:
        process: The process it is brought into.
        event_id: The event.
        data: Its payload, or NO_DATA.
        source: Path of the step that would have emitted it, empty for an outside event.
        routes: The routes it takes.
        handles: Whether it carries a failure to a handler.
        is_for_outside: Whether the run idle takes it in as it takes any outside event.
    """

    process: ProcessRecord
    event_id: str
    data: Any
    source: str
    routes: tuple[CompiledRoute, ...]
    handles: bool
    is_for_outside: bool


class Injection:
    """Brings in events.

    Args:
        run: The run.
    """

    def __init__(self, run: RunRecord) -> None:
        self._run = run

    def prepare(self, event_id: str, data: Any, step: str | None, *, at_rest: bool) -> PreparedInjection:
        """See where an event would go.

        Args:
            event_id: The event.
            data: Its payload, or NO_DATA.
            step: Path of the step that emits it; None for an outside event.
            at_rest: Whether the run is idle.

        Raises:
            EditingError: It goes nowhere, or does not fit where it goes.
        """
        if step is None:
            process = self._run.root
            routes = process.plan.entries.get(event_id)
            if routes is None:
                graph = process.plan.graph
                raise EditingError("unknown_event", str(unknown_event(event_id, graph.name, graph.input_events)))
            handles = False
        else:
            slot = step_at(self._run, step)
            process = slot.scope.process
            routes = slot.plan.routes.get(event_id)
            if routes is None:
                hint = did_you_mean(event_id, slot.plan.routes) or "none of its events has a route"
                raise EditingError("unknown_event", f"no route takes event {event_id!r} of {step} ({hint})")
            handles = any(event_id == function.error_id for function in slot.plan.functions.values())
        data = routes.conceal(data)
        taken = _taken(routes, event_id, data)
        if not self._is_reachable(process, at_rest=at_rest):
            where = process.prefix[:-1]
            if not where:
                raise EditingError("not_running", "the run is about to end, and takes nothing in any more")
            raise EditingError("not_running", f"nested process {where} is not at work: send it one of its input events")
        if (at_rest or not process.in_batch) and step is not None and any(route.step is None for route in taken):
            how = "idle" if at_rest else "between supersteps"
            raise EditingError("not_paused", f"{event_id!r} would stop the process, which is {how}; stop the run")
        is_for_outside = at_rest and step is None
        return PreparedInjection(process, event_id, data, step or "", taken, handles, is_for_outside)

    def _is_reachable(self, process: ProcessRecord, *, at_rest: bool) -> bool:
        """Whether a process will look at what it is given: it is in a superstep, or sleeps in the middle of work."""
        parent = process.parent
        if at_rest:
            return process.prefix == "" or (parent is not None and parent.is_parked and not parent.is_closed)
        # Between supersteps the root looks again before it rests, but not before it ends.
        return process.in_batch or (process is self._run.root and not process.is_stopped and process.failed is None)

    def put(self, prepared: PreparedInjection) -> list[Message]:
        """Put an event's messages where the next superstep takes them."""
        if prepared.is_for_outside:
            return []
        process = prepared.process
        messages = []
        for route in prepared.routes:
            if route.step is None:
                process.stop_at(route, 0)
            else:
                message = Message(route, prepared.data, 0, prepared.event_id, prepared.source, handles=prepared.handles)
                messages.append(message)
        process.pending = [*process.pending, *messages]
        if not prepared.source:
            process.since_input = 0
        return messages


def _taken(routes: RouteSet, event_id: str, data: Any) -> tuple[CompiledRoute, ...]:
    broken: list[str] = []
    taken = routes.matching(
        None if data is NO_DATA else data, lambda route, error: broken.append(f"that of route {route.id!r}: {error!r}")
    )
    if broken:
        raise EditingError("condition_failed", f"a condition cannot be decided for this payload: {broken[0]}")
    if not taken:
        raise EditingError("no_route", f"no condition holds for this payload, so {event_id!r} would go nowhere")
    for route in taken:
        if route.step is not None:
            fitting(route, data)
    return tuple(taken)
