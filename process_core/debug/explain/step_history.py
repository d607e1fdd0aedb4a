"""How a run stands between its events, and where each of its steps does: what waits, what is on its way, who asks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from process_core.debug.explain.event_history import EventHistory, bounded
from process_core.engine.records import RunRecord
from process_core.events import RunState
from process_core.runfile import EventTotals, RunFile
from process_core.runfile.query.globs import without_index

_ENDS: Final = ("executor_completed", "executor_failed", "executor_cancelled")


@dataclass(slots=True)
class RunSnapshot:
    """How a run stands.

    Attributes:
        state: Of the run.
        arrived: Per route (its key), seqs of the events whose values wait in a join.
        pending: Per route, seqs of the events that are still to be delivered by it.
        ahead: Per route and seq of those, how many messages are delivered before it.
        held: Per route, seqs of those that are kept back by hand.
        sent: Ids of the outside events that have been sent and not been taken in.
        questions: Per step path, what its open questions ask.
        is_over: Whether nothing more can come from outside: the run has ended, or is only a recording.
    """

    state: RunState
    arrived: dict[str, list[int]] = field(default_factory=dict)
    pending: dict[str, list[int]] = field(default_factory=dict)
    ahead: dict[tuple[str, int], int] = field(default_factory=dict)
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
    for place, item in enumerate(sorted(pending, key=lambda item: not item.next)):
        if item.route is None and not item.target:
            found.sent.add(item.event_id)
        elif item.route is not None:
            scope_path = without_index(item.target or item.source).rpartition("/")[0]
            prefix = f"{scope_path}/" if scope_path else ""
            _note(found.held if item.held else found.pending, prefix, item.route, item.seq or 0)
            found.ahead.setdefault((prefix + item.route, item.seq or 0), place)
    for scope in core.root.processes():
        for fifos in scope.joins.waiting.values():
            for message in [buffered.message for fifo in fifos for buffered in fifo]:
                key = without_index(scope.prefix) + message.route.id
                if message.seq not in found.pending.get(key, ()):  # a join is filled before its messages are let go
                    _note(found.arrived, scope.prefix, message.route.id, message.seq)
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
    for place, message in enumerate(run.messages):
        if message.route and not message.is_undeliverable:
            kept = snapshot.held if message.is_held else snapshot.pending
            prefix = f"{message.scope}/" if message.scope else ""
            _note(kept, prefix, message.route, message.seq)
            snapshot.ahead.setdefault((prefix + message.route, message.seq), place)
    for scope, route, seq in run.buffered:
        _note(snapshot.arrived, f"{scope}/" if scope else "", route, seq)
    return snapshot


def _note(kept: dict[str, list[int]], prefix: str, route: str, seq: int) -> None:
    kept.setdefault(without_index(prefix) + route, []).append(seq)


@dataclass(frozen=True, slots=True)
class StepActivity:
    """What a step, or one function of it, has done.

    Attributes:
        runs: Times it was invoked.
        last_run: Seq of the last invocation, 0 where there is none.
        last_end: Type of the event that ended the last one that has ended, empty where none has.
        last_seq: Seq of the last event about it.
        is_running: Whether a call has not ended.
        question: What it asks, where it waits for an answer.
    """

    runs: int
    last_run: int
    last_end: str
    last_seq: int
    is_running: bool
    question: str | None = None


class StepHistory:
    """Answers what has happened, from the sums of a run's events.

    Args:
        history: The events.
        snapshot: How the run stands.
    """

    def __init__(self, history: EventHistory, snapshot: RunSnapshot) -> None:
        self.history = history
        self.snapshot = snapshot
        self._facts = history.facts()

    def activity(self, path: str, function: str | None = None) -> StepActivity:
        """Report what a step has done.

        Args:
            path: The step.
            function: One function of it; None takes all together.
        """
        mine = [f for f in self._facts if f.path == path and (function is None or f.function == function)]
        counts = {kind: sum(f.number for f in mine if f.type == kind) for kind in ("executor_invoked", *_ENDS)}
        ends = [f for f in mine if f.type in _ENDS]
        # A payload that does not fit fails without having been invoked.
        unfit = sum(f.number for f in mine if f.type == "executor_failed" and f.code == "payload_mismatch")
        ended = sum(counts[kind] for kind in _ENDS) - unfit
        return StepActivity(
            counts["executor_invoked"],
            _last(f for f in mine if f.type == "executor_invoked"),
            max(ends, key=lambda f: f.last).type if ends else "",
            _last(mine),
            counts["executor_invoked"] > ended,
            self._question(path, function, mine),
        )

    def last(self, kind: str, where: Callable[[EventTotals], bool]) -> int:
        """Return the seq of the last event of a type that fits, 0 where there is none.

        Args:
            kind: The type.
            where: What fits.
        """
        return _last(f for f in self._facts if f.type == kind and where(f))

    def end_of_run(self) -> str:
        """Return how the run ended, and where it failed, why: `FAILED: did not become idle within 1000 supersteps`."""
        state = self.snapshot.state.value
        seq = self.last("failed", lambda _: True) if self.snapshot.state is RunState.FAILED else 0
        for event in self.history.events((seq,)) if seq else ():
            kind = event.details.get("type")
            error = f"{kind}: " if isinstance(kind, str) and event.code == "step_failed" else ""
            return f"{state}: {error}{bounded(event.message, 160)}"
        return state

    def emitted_by(self, path: str, *, inside: bool) -> dict[str, int]:
        """Return the ids of the events that a step has emitted, each with the seq of the last.

        Args:
            path: The step.
            inside: Whether those of the steps in it count too.
        """
        found: dict[str, int] = {}
        for fact in self._facts:
            is_its = fact.path == path or (inside and fact.path.startswith(f"{path}/"))
            if fact.type == "event_emitted" and fact.event_id and is_its:
                found[fact.event_id] = max(fact.last, found.get(fact.event_id, 0))
        return found

    def has_answers(self, path: str) -> bool:
        """Return whether a step has been answered."""
        return any(fact.type == "response" and fact.path == path for fact in self._facts)

    def failure(self, path: str, function: str | None) -> tuple[int, str]:
        """Return the last failure of a step: its seq, and the error in words.

        Args:
            path: The step.
            function: One function of it, or None.
        """
        seq = self.last("executor_failed", lambda f: f.path == path and function in (None, f.function))
        for event in self.history.events((seq,)):
            return seq, f"{event.details.get('type', 'error')}: {bounded(event.message)}"
        return seq, "an error"

    def _question(self, path: str, function: str | None, facts: list[EventTotals]) -> str | None:
        asked = self.snapshot.questions
        if path in asked and (function is None or any(f.type == "request_info" for f in facts)):
            return asked[path]
        inside = [question for other, question in asked.items() if other.startswith(f"{path}/")]
        if inside:
            return inside[0]
        requests = sum(f.number for f in facts if f.type == "request_info")
        settled = sum(f.number for f in facts if f.type in ("response", "request_withdrawn"))
        running = sum(f.number * (1 if f.type == "executor_invoked" else -(f.type in _ENDS)) for f in facts)
        if requests > settled and running > 0 and not asked:
            for event in self.history.events((_last(f for f in facts if f.type == "request_info"),)):
                return event.preview
        return None


def _last(facts: Iterable[EventTotals]) -> int:
    return max((fact.last for fact in facts), default=0)
