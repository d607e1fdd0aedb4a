"""How a run stands between its events: what waits in joins, what is on its way, what is held, and who asks."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from process_core.debug.breakpoints import without_index
from process_core.engine.records import RunRecord
from process_core.events import RunState
from process_core.runfile import RunFile


@dataclass(slots=True)
class RunSnapshot:
    """How a run stands.

    Attributes:
        state: Of the run.
        arrived: Per route (its key), seqs of the events whose values wait in a join.
        pending: Per route, seqs of the events that are still to be delivered by it.
        held: Per route, seqs of those that are kept back by hand.
        sent: Ids of the outside events that have been sent and not been taken in.
        questions: Per step path, what its open questions ask.
        is_over: Whether nothing more can come from outside: the run has ended, or is only a recording.
    """

    state: RunState
    arrived: dict[str, list[int]] = field(default_factory=dict)
    pending: dict[str, list[int]] = field(default_factory=dict)
    held: dict[str, list[int]] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    questions: dict[str, str] = field(default_factory=dict)
    is_over: bool = False


def of_live(core: RunRecord, pending: Iterable[Any]) -> RunSnapshot:
    """See how a run stands now.

    Args:
        core: The run.
        pending: What its debugger lists as pending.
    """
    found = RunSnapshot(core.state, is_over=core.state.is_ended)
    for scope in core.root.processes():
        for fifos in scope.joins.waiting.values():
            for fifo in fifos:
                for held in fifo:
                    _note(found.arrived, scope.prefix, held.message.route.id, held.message.seq)
    for item in pending:
        if item.route is None and not item.target:
            found.sent.add(item.event_id)
        elif item.route is not None:
            scope_path = without_index(item.target).rpartition("/")[0]
            kept = found.held if getattr(item, "held", False) else found.pending
            _note(kept, f"{scope_path}/" if scope_path else "", item.route, item.seq or 0)
    for request in core.requests.values():
        found.questions[without_index(request.invocation.slot.path)] = str(request.prompt)
    return found


def of_recorded(file: RunFile, until: int | None = None) -> RunSnapshot:
    """Return how a recorded run stood at an event.

    Args:
        file: The run file.
        until: The last event that counts; None for the end.
    """
    info, run = file.info, file.at(until)
    is_past = run.seq < info.events
    snapshot = RunSnapshot(
        RunState.IN_PROGRESS if is_past or info.state is None else info.state, is_over=not info.is_live
    )
    for message in run.messages:
        if message.route and not message.is_undeliverable:
            kept = snapshot.held if message.is_held else snapshot.pending
            _note(kept, f"{message.scope}/" if message.scope else "", message.route, message.seq)
    for scope, route, seq in run.buffered:
        _note(snapshot.arrived, f"{scope}/" if scope else "", route, seq)
    return snapshot


def _note(kept: dict[str, list[int]], prefix: str, route: str, seq: int) -> None:
    kept.setdefault(without_index(prefix) + route, []).append(seq)
