"""Why a route has not brought what it could: nobody sent it, its source has not run, its condition was false, ..."""

from collections.abc import Collection, Iterable
from typing import Final

from process_core.debug.explain.event_history import EventRecord, bounded, effects_of
from process_core.debug.explain.model import ExplainedRoute
from process_core.debug.explain.step_history import StepHistory
from process_core.events import RunState
from process_core.graph import RESULT_SOURCE, Edge, Node, SourceKind, StepKind
from process_core.runfile.query.globs import without_index
from process_core.suggestions import nearest

_DEEP: Final = 8
"""Steps that an explanation goes back through in words."""
_REASONS: Final = 2
"""Reasons that it gives for each of them."""


class Blockers:
    """Judges the routes of a process.

    Args:
        steps: What has happened.
        nodes: The steps.
        edges: The routes.
    """

    def __init__(self, steps: StepHistory, nodes: Collection[Node], edges: Collection[Edge]) -> None:
        self._steps = steps
        self._snapshot = steps.snapshot
        self._nodes = {node.path: node for node in nodes}
        self._edges = tuple(edges)

    def routes_to(self, path: str, function: str | None = None) -> list[Edge]:
        """Return the routes to a step.

        Args:
            path: The step.
            function: One function of it, or None.
        """
        return [edge for edge in self._edges if edge.target == path and function in (None, edge.function)]

    def judge(self, edge: Edge, asked: tuple[str, ...] = ()) -> ExplainedRoute:
        """Report what has become of a route.

        Args:
            edge: The route.
            asked: The steps asked about on the way here, so that nothing goes round in a circle.
        """
        code, text, seq = self._verdict(edge, asked)
        return ExplainedRoute(edge.key, edge.source, edge.event_id, code, text, seq or None)

    def because(self, path: str, asked: tuple[str, ...] = ()) -> str:
        """Report in words why a step has not been called, or not again.

        Args:
            path: The step.
            asked: The steps asked about on the way here.
        """
        if path in asked:
            return "which waits for this in turn"
        if len(asked) >= _DEEP:
            return ""
        routes = self.routes_to(path)
        arrived = [edge for edge in routes if self._snapshot.arrived.get(edge.key)]
        missing = [edge for edge in routes if edge not in arrived]
        if arrived:
            names = dict.fromkeys(edge.parameter or edge.event_id for edge in arrived)
            missing = [edge for edge in missing if (edge.parameter or edge.event_id) not in names]
        reasons = list(dict.fromkeys(self.judge(edge, (*asked, path)).text for edge in missing))
        more = f" (and {len(reasons) - _REASONS} more)" if len(reasons) > _REASONS else ""
        return "; ".join(reasons[:_REASONS]) + more

    # What became of it.

    def _verdict(self, edge: Edge, asked: tuple[str, ...]) -> tuple[str, str, int]:
        what, key, snapshot = f"`{edge.event_id}`", edge.key, self._snapshot
        if snapshot.arrived.get(key):
            seq = snapshot.arrived[key][0]
            return "arrived", f"{what} has arrived (#{seq}) and waits for the others", seq
        if snapshot.held.get(key):
            seq = snapshot.held[key][0]
            return "held", f"{what} (#{seq}) is held back by hand until it is let go", seq
        if snapshot.pending.get(key):
            seq = snapshot.pending[key][0]
            if snapshot.is_over:
                return "stopped", f"{what} (#{seq}) was on its way when the run ended ({self._steps.end_of_run()})", seq
            return "pending", f"{what} (#{seq}) is on its way: {_turn(snapshot.ahead.get((key, seq)))}", seq
        if edge.kind is SourceKind.INPUT and not edge.scope and edge.event_id in snapshot.sent:
            return "pending", f"{what} has been sent from outside, and is taken in when the run goes on", 0
        seq = self._emitted(edge)
        found = self._steps.history.events((seq,)) if seq else []
        return self._after_emission(edge, found[0]) if found else self._never_emitted(edge, asked)

    def _emitted(self, edge: Edge) -> int:
        """Return the seq of the last event that could have travelled the route, 0 where there is none."""
        source, event_id, last = edge.source, edge.event_id, self._steps.last
        match edge.kind:
            case SourceKind.INPUT if not edge.scope:
                return last("event_emitted", lambda f: not f.path and f.event_id == event_id)
            case SourceKind.INPUT:
                return last("executor_invoked", lambda f: f.path == edge.scope and f.function == event_id)
            case SourceKind.RESULT:
                function = None if event_id == RESULT_SOURCE else event_id.rpartition(".")[0]
                return last("executor_completed", lambda f: f.path == source and function in (None, f.function))
            case SourceKind.STEP_ERROR:
                return last("executor_failed", lambda f: f.path == source and event_id in (f.event_id, "OnError"))
            case SourceKind.PROCESS_ERROR:
                return last("executor_failed", lambda f: f.path.rpartition("/")[0] == edge.scope)
        inside = f"{source}/" if self._is_composite(source) else ""
        return last(
            "event_emitted",
            lambda f: f.event_id == event_id and (f.path == source or bool(inside and f.path.startswith(inside))),
        )

    def _is_composite(self, path: str) -> bool:
        node = self._nodes.get(path)
        return node is not None and node.kind is not StepKind.STEP

    def _after_emission(self, edge: Edge, event: EventRecord) -> tuple[str, str, int]:
        """Report what became of the last event that could have travelled the route."""
        seq, what = event.seq, f"`{edge.event_id}` (#{event.seq})"
        effects = self._effects(seq)
        for effect in effects:
            is_target = without_index(effect.path) == edge.target and effect.function == edge.function
            if effect.type == "executor_invoked" and is_target:
                return "used", f"the last {what} was used by call #{effect.seq}; there is no newer one", seq
            if effect.code == "payload_mismatch" and is_target:
                return "refused", f"{what} did not fit: {bounded(effect.message, 160)}", effect.seq
        for effect in effects:
            verdict = self._reported_by(effect, edge, what)
            if verdict is not None:
                return verdict
        unfinished = self._unfinished(edge, event, what)
        if unfinished is not None:
            return unfinished
        if edge.kind is SourceKind.EVENT and self._is_composite(edge.source) and not _is_public(event):
            return "internal_event", f"{what} is internal to `{edge.source}`: emit it with Visibility.PUBLIC", seq
        if edge.condition == "otherwise":
            which = self._which_held(edge, effects)
            return "otherwise_not_taken", f"{which} held for {what}, so `otherwise` did not apply", seq
        if edge.condition is not None:
            data = f" (its data: {bounded(event.preview)})" if event.preview else ""
            return "condition_false", f"the condition `{edge.condition}` was false for {what}{data}", seq
        if any(effect.type == "input_waiting" for effect in effects):
            return "discarded", f"{what} arrived, but is no longer there", seq
        if self._snapshot.is_over:
            return "stopped", f"{what} was not delivered: the run has ended ({self._steps.end_of_run()})", seq
        return "pending", f"{what} is on its way: it is delivered in the next superstep", seq

    def _effects(self, seq: int) -> list[EventRecord]:
        """Return what an event led to at once; what an act by hand made of its message counts as its own."""
        history = self._steps.history
        effects = history.events(effects_of(history, seq, depth=1))
        for effect in [e for e in effects if e.type == "operator"]:
            effects += history.events(effects_of(history, effect.seq, depth=1))
        undone = {e.details.get("undoes") for e in effects if e.type == "operator"}
        return [e for e in effects if e.seq not in undone and (e.type != "operator" or e.code == "drop")]

    def _which_held(self, edge: Edge, effects: Iterable[EventRecord]) -> str:
        """Name the condition that kept `otherwise` from being taken."""
        others = [other for other in self._beside(edge) if other.condition not in (None, "otherwise")]
        taken = {effect.route for effect in effects}
        held = [other for other in others if other.id in taken] or others
        named = " or ".join(f"`{other.condition}` (to {other.target or 'the stop'})" for other in held[:_REASONS])
        if len(held) == 1:
            return f"the condition {named}"
        return f"one of the conditions {named}" if held else "a condition"

    def _beside(self, edge: Edge) -> list[Edge]:
        """Return the other routes of a route's source."""
        source = edge.scope, edge.kind, edge.source, edge.event_id
        return [e for e in self._edges if (e.scope, e.kind, e.source, e.event_id) == source and e is not edge]

    # What an event met on its way.

    def decided(self, event: EventRecord) -> list[str]:
        """Report which routes and conditions decided about an event: how a call came about, where an emission went."""
        scope = without_index(event.path).rpartition("/")[0]
        if event.type == "executor_invoked":
            edge = next((e for e in self._edges if e.scope == scope and e.id == event.route), None)
            return [f"It came by the route `{edge.id}`, {_condition(edge)}"] if edge and edge.condition else []
        if event.type not in ("event_emitted", "executor_completed") or not event.event_id:
            return []
        edges = [edge for edge in self._edges if self._carries(edge, event, scope)]
        if not edges:
            return self._unrouted(event)
        effects = self._effects(event.seq)
        texts = []
        for edge in edges:
            target = f"{edge.target}.{edge.function}" if edge.target else "the stop"
            if any(effect.type == "executor_invoked" and effect.route == edge.id for effect in effects):
                if edge.condition:
                    texts.append(f"It went to {target}, {_condition(edge)}")
                continue
            code, text, _ = self._after_emission(edge, event)
            if code not in ("used", "pending", "stopped") or (code == "stopped" and not effects):
                texts.append(f"Not to {target}: {text}")
        return texts

    def _carries(self, edge: Edge, event: EventRecord, scope: str) -> bool:
        if edge.event_id != event.event_id:
            return False
        if event.type == "event_emitted" and not event.path:
            return edge.kind is SourceKind.INPUT and not edge.scope
        path = without_index(event.path)
        is_raised = self._is_composite(edge.source) and path.startswith(f"{edge.source}/")
        return (edge.source == path and edge.scope == scope) or (is_raised and event.type == "event_emitted")

    def _unrouted(self, event: EventRecord) -> list[str]:
        """Report of an event that no route takes it, and which route may have been meant."""
        if event.type != "event_emitted":  # nobody has to route a result
            return []
        path = without_index(event.path)
        emitted = self._steps.emitted_by(path, inside=False)
        missed = [e.event_id for e in self._edges if e.source == path and e.event_id not in emitted]
        close = nearest(event.event_id, [name for name in missed if "." not in name])
        meant = f": a route waits for `{close}`, which was never emitted; is that what was meant?" if close else ""
        return [f"No route takes `{event.event_id}` of {path or 'the input'}{meant}"]

    def _reported_by(self, effect: EventRecord, edge: Edge, what: str) -> tuple[str, str, int] | None:
        """Report what became of an event, where a warning or an operator reports it."""
        if effect.type == "operator" and effect.route == edge.id:
            return "discarded", f"{what} was dropped by hand (#{effect.seq})", effect.seq
        match effect.code:
            case "internal_event_not_visible":
                return (
                    "internal_event",
                    f"{what} is internal to `{edge.source}`: emit it with Visibility.PUBLIC",
                    (effect.seq),
                )
            case "no_condition_matched":
                which = f"the condition `{edge.condition}` was false" if edge.condition else "no condition held"
                return "condition_false", f"{which} for {what}, so it went nowhere", effect.seq
            case "condition_failed" if effect.route == edge.id:
                return "condition_failed", f"{bounded(effect.message, 160)} for {what}", effect.seq
            case "discarded_messages":
                failed = self._snapshot.state is RunState.FAILED
                end = f" ({self._steps.end_of_run()})" if failed else ""
                return "discarded", f"{what} was discarded: {bounded(effect.message, 160)}{end}", effect.seq
        return None

    def _unfinished(self, edge: Edge, event: EventRecord, what: str) -> tuple[str, str, int] | None:
        """Report a call that emitted an event and has not completed: what it emitted does not count yet, or never."""
        if event.type != "event_emitted" or not event.causes:
            return None
        history, call = self._steps.history, event.causes[-1]
        ends = {e.type for e in history.events(effects_of(history, call, depth=1, limit=1000))}
        where = f"`{event.path}.{event.function}`"
        if "executor_failed" in ends or "executor_cancelled" in ends:
            how = "failed" if "executor_failed" in ends else "was cancelled"
            return "source_failed", f"{where} emitted {what}, but {how} afterwards, so it counts for nothing", event.seq
        if "executor_completed" in ends:
            return None
        question = self._steps.activity(edge.source, event.function).question
        if question is not None:
            text = f"{where} has emitted {what}, and waits for an answer to “{bounded(question)}” before it counts"
            return "source_waiting", text, event.seq
        return "source_running", f"{where} has emitted {what} and still runs: it counts when that is done", event.seq

    def _never_emitted(self, edge: Edge, asked: tuple[str, ...]) -> tuple[str, str, int]:
        what = f"`{edge.event_id}`"
        match edge.kind:
            case SourceKind.INPUT if not edge.scope:
                over = self._snapshot.is_over
                hint = "" if over else f" (`:send {edge.event_id}` does)"
                return "not_sent", f"nobody has sent {what} from outside yet{hint}", 0
            case SourceKind.INPUT:
                why = self._of_process(edge.scope, edge.event_id, asked)
                return "source_not_run", f"`{edge.scope}` has not been given {what}{why}", 0
            case SourceKind.PROCESS_ERROR:
                return "no_error", f"no step of {f'`{edge.scope}`' if edge.scope else 'the process'} has failed", 0
            case SourceKind.STEP_ERROR:
                return "no_error", f"`{edge.source}` has not failed", 0
        function = edge.event_id.rpartition(".")[0] if edge.kind is SourceKind.RESULT else None
        return self._of_source(edge, function or None, asked)

    def _of_process(self, scope: str, event_id: str, asked: tuple[str, ...]) -> str:
        if scope in asked or len(asked) >= _DEEP:
            return ""
        texts = [self.judge(edge, (*asked, scope)).text for edge in self.routes_to(scope, event_id)]
        return f", since {'; '.join(dict.fromkeys(texts[:_REASONS]))}" if texts else ""

    def _of_source(self, edge: Edge, function: str | None, asked: tuple[str, ...]) -> tuple[str, str, int]:
        path, what = edge.source, f"`{edge.event_id}`"
        name = f"`{path}.{function}`" if function else f"`{path}`"
        activity = self._steps.activity(path, function)
        if not activity.runs and activity.last_end != "executor_failed":
            why = self.because(path, asked)
            return "source_not_run", f"{name} has not run" + (f", since {why}" if why else ""), 0
        if activity.question is not None:
            text = f"{name} waits for an answer to “{bounded(activity.question)}”"
            return "source_waiting", text, activity.last_run
        if activity.is_running:
            if self._snapshot.is_over:
                return "source_running", f"{name} was still running when the run ended", activity.last_run
            return "source_running", f"{name} is running (since #{activity.last_run})", activity.last_run
        if activity.last_end == "executor_failed":
            seq, error = self._steps.failure(path, function)
            return "source_failed", f"{name} failed (#{seq}): {error}", seq
        if activity.last_end == "executor_cancelled":
            return "source_failed", f"{name} was cancelled", activity.last_seq
        times = "once" if activity.runs == 1 else f"{activity.runs} times"
        inner = " as a public event" if self._is_composite(path) else ""
        last = f"last #{activity.last_run}" if activity.runs > 1 else f"#{activity.last_run}"
        text = f"{name} ran {times} ({last}) and did not emit {what}{inner}{self._like(edge)}"
        return "not_emitted", text, activity.last_run

    def _like(self, edge: Edge) -> str:
        """Name what a source emitted that no route takes and that looks like what a route waits for."""
        routed = {other.event_id for other in self._edges if other.source == edge.source}
        emitted = self._steps.emitted_by(edge.source, inside=self._is_composite(edge.source))
        close = nearest(edge.event_id, [name for name in emitted if name not in routed])
        if close is None:
            return ""
        return f"; it emitted `{close}` (#{emitted[close]}), which no route takes: is that what was meant?"


def _turn(ahead: int | None) -> str:
    if ahead is None:
        return "it is delivered in the next superstep"
    if not ahead:
        return "it is delivered next"
    return f"{ahead} message{'s' * (ahead > 1)} come{'s' * (ahead == 1)} before it"


def _condition(edge: Edge) -> str:
    return "since no condition held" if edge.condition == "otherwise" else f"since `{edge.condition}` held"


def _is_public(event: EventRecord) -> bool:
    return event.details.get("visibility") == "public"
