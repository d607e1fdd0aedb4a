"""From the status of a run to the overlay of its graph: pure functions."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol, TypeVar

from process_core.events import RunState
from process_core.graph import Edge
from process_core.runfile import RunFile, matches_event, matches_path, without_index
from process_core.runfile.read.causes import HasCauses, walk_back
from process_core.session.protocol.status import PausePoint, PendingMessage, Status, WaitingInputs
from tui.graph.render.overlay import Mark, Overlay

_REACH: Final = 200
_NEAR: Final = 20
_OUTSIDE: Final = frozenset({"started", "response"})


class Linked(HasCauses, Protocol):
    """What a chain of causes is made of, with the route that each event took."""

    @property
    def event_id(self) -> str | None:
        """Id of the process event."""

    @property
    def route(self) -> str | None:
        """Id of the route."""

    @property
    def function(self) -> str | None:
        """The function that it is about."""


L = TypeVar("L", bound=Linked)


def chain(row: L, look_up: Callable[[int], L | None]) -> list[L]:
    """Return an event and what led to it, back to the outside input; its own row first, a few hundred at most."""

    def read(seqs: Collection[int]) -> list[L]:
        return [above for seq in seqs if (above := look_up(seq)) is not None]

    ancestors, _ = walk_back(() if row.type in _OUTSIDE else row.causes, read, _REACH - 1, ends_at=_OUTSIDE)
    return [row, *(above.event for above in ancestors if above.event is not None)]


def lit_edges(
    rows: Sequence[Linked],
    edges: Iterable[Edge],
    effects: Iterable[Linked] = (),
    pending: Iterable[PendingMessage] = (),
) -> frozenset[str]:
    """Return the keys of the edges that a chain of events travelled, and that carried its newest event on.

    Args:
        rows: The chain, the newest event first.
        edges: Of the whole graph.
        effects: What the newest event led to.
        pending: The messages that are still to be delivered.
    """
    if not rows:
        return frozenset()
    all_edges, newest = list(edges), rows[0]
    # An event id says nothing of where an event went: conditions choose among its routes.
    after = [row for row in effects if newest.seq in row.causes] if newest.type == "event_emitted" else []
    by_seq = {row.seq: row for row in rows}
    travelled = {(_scope(row.path), row.route) for row in rows if row.route is not None}
    travelled |= {(_scope(row.path), row.route) for row in after if row.route is not None and len(row.causes) == 1}
    travelled |= {(_scope(m.target or m.source), m.route) for m in pending if m.route and m.seq == newest.seq}
    keys = {edge.key for edge in all_edges if (edge.scope, edge.id) in travelled}
    for row in rows:
        if len(row.causes) > 1:
            for seq in row.causes:
                keys |= _into_join(row, by_seq.get(seq), all_edges)
    for row in after:
        if len(row.causes) > 1:
            keys |= _into_join(row, newest, all_edges)
    return frozenset(keys)


def _into_join(row: Linked, cause: Linked | None, edges: Iterable[Edge]) -> set[str]:
    """Return the keys of the edges that carried an event into a call; those of conditions only where there is one.

    A call names the route of its last value only.
    """
    if cause is None:
        return set()
    source = (cause.path, cause.event_id)
    into = [e for e in edges if e.target == row.path and (e.source, e.event_id) == source and _fits(e, row.function)]
    named = {e.key for e in into if e.id == row.route}
    sure = {e.key for e in into if e.condition is None}
    return named or sure or ({into[0].key} if len(into) == 1 else set())


def _fits(edge: Edge, function: str | None) -> bool:
    return function is None or edge.function is None or edge.function == function


def paused_edge(message: PendingMessage, edges: Iterable[Edge]) -> str | None:
    """Return the key of the edge that the next message is to travel, or None where no edge is known for it."""
    scope = _scope(message.target or message.source)
    for edge in edges:
        if edge.id == message.route and edge.scope == scope and edge.target == message.target:
            return edge.key
    return None


def nearest_step(row: Linked, look_up: Callable[[int], Linked | None]) -> str:
    """Return the path of an event's step, or of the last step before an event of the whole process; empty for none."""
    for seq in range(row.seq, max(0, row.seq - _NEAR), -1):
        before = row if seq == row.seq else look_up(seq)
        if before is not None and before.path:
            return before.path
    return ""


def forced_edges(rows: Sequence[Linked], pending: Iterable[PendingMessage], edges: Iterable[Edge]) -> frozenset[str]:
    """Return the keys of the edges along which something goes, or went, only because a person did it by hand."""
    by_hand = {row.seq for row in rows if row.type == "operator"}
    travelled = {
        (_scope(row.path), row.route) for row in rows if row.route is not None and by_hand.intersection(row.causes)
    }
    awaiting = {(_scope(m.target or m.source), m.route) for m in pending if m.changed and m.route is not None}
    return frozenset(edge.key for edge in edges if (edge.scope, edge.id) in travelled | awaiting)


def inputs_of(waiting: Iterable[WaitingInputs], edges: Sequence[Edge]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the keys of the edges whose value has arrived, and of those whose value a half-filled call misses."""
    came: set[str] = set()
    awaited: set[str] = set()
    for call in waiting:
        inputs = [edge for edge in edges if edge.target == call.path and edge.function == call.function]
        joined = [edge for edge in inputs if edge.joined]
        for edge in inputs:
            name = edge.parameter or (f"input {joined.index(edge) + 1}" if edge.joined else "")
            if name in call.arrived:
                came.add(edge.key)
            elif name in call.missing:
                awaited.add(edge.key)
    return frozenset(came), frozenset(awaited)


def failure_seq(run_file: RunFile, written: int) -> int | None:
    """Return the seq of the last call that failed; None before the end of a failed run is written."""
    if run_file.row(written).state != RunState.FAILED:
        return None
    return max((seqs["executor_failed"] for seqs in run_file.last_seqs({"executor_failed"}).values()), default=None)


def cut_off(overlay: Overlay) -> Overlay:
    """Return the overlay of a run whose worker has died: nothing in it runs or waits any more."""
    alive = (Mark.RUNNING, Mark.PAUSED, Mark.WAITING)
    states = {path: Mark.CANCELLED if mark in alive else mark for path, mark in overlay.states.items()}
    return replace(overlay, states=states, waiting={}, elapsed={}, arrived={}, came=frozenset(), awaited=frozenset())


def overlay_of(
    status: Status,
    counts: Mapping[str, Any],
    lit: frozenset[str],
    edges: Sequence[Edge] = (),
    forced: frozenset[str] = frozenset(),
) -> Overlay:
    """Return what the graph is overlaid with.

    Args:
        status: Of the session.
        counts: What each step did so far: path -> `completed`, `failed` and so on.
        lit: Keys of the edges to light.
        edges: Of the whole graph.
        forced: Keys of the edges that something takes by hand.
    """
    states: dict[str, Mark] = {}
    for path, count in counts.items():
        if path and count.completed:
            states[path] = Mark.DONE
    waiting: dict[str, str] = {}
    arrived: dict[str, frozenset[str]] = {}
    for call in status.waiting:
        states[call.path] = Mark.WAITING
        total = len(call.arrived) + len(call.missing)
        waiting[call.path] = f"{len(call.arrived)}/{total} needs {', '.join(call.missing)}"
        arrived[call.path] = arrived.get(call.path, frozenset()) | frozenset(call.arrived)
    for path in status.parked:
        states[path] = Mark.WAITING
        waiting[path] = "asks for an answer"
    states.update(dict.fromkeys(status.running, Mark.RUNNING))
    states.update(dict.fromkeys(status.failed, Mark.FAILED))
    paused = status.paused
    if paused is not None and (at := _paused_step(paused)) and states.get(at) is not Mark.FAILED:
        states[at] = Mark.PAUSED
    came, awaited = inputs_of(status.waiting, edges)
    return Overlay(
        states=states,
        counts={path: count.completed for path, count in counts.items() if path and count.completed},
        waiting=waiting,
        arrived=arrived,
        came=came,
        awaited=awaited,
        breakpoints=_broken_at(status, edges),
        lit=lit,
        forced=forced,
    )


def _paused_step(paused: PausePoint) -> str:
    """Return the step that a pause is about: where something has happened, or where the next message goes."""
    if paused.about:
        return paused.path
    return paused.message.target if paused.message is not None else ""


def _broken_at(status: Status, edges: Sequence[Edge]) -> frozenset[str]:
    """Return the event ids and paths at which a breakpoint pauses the run, globs spelt out."""
    if status.muted:
        return frozenset()
    wanted = [spec for spec in status.breakpoints if spec.enabled and spec.kind == "event"]
    places = {place for spec in wanted for place in (spec.event, spec.step) if place}
    paths = {path for edge in edges for path in (edge.source, edge.target) if path}
    for spec in wanted:
        if spec.step is not None and spec.step not in paths:
            glob = without_index(spec.step)
            places |= {path for path in paths if matches_path(glob, path)}
        if spec.event is not None:
            places |= {edge.event_id for edge in edges if matches_event(spec.event, edge.event_id)}
        if spec.route is not None:
            places |= {edge.event_id for edge in edges if spec.route in (edge.id, edge.key)}
    return frozenset(places)


def _scope(path: str) -> str:
    return path.rpartition("/")[0]
