"""Explains events and steps: of a run that a debugger holds, and of a recorded one from its file alone."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from process_core.debug.breakpoints import Breakpoint, Candidate
from process_core.debug.debug_state import PendingMessage
from process_core.debug.explain.blockers import Blockers
from process_core.debug.explain.event_history import (
    EFFECTS,
    REACH,
    EventHistory,
    EventRecord,
    InMemoryHistory,
    RunFileHistory,
    bounded,
    effects_of,
    event_text,
)
from process_core.debug.explain.model import (
    ExplainedEvent,
    ExplainedFunction,
    ExplainedInput,
    ExplainedRoute,
    Explanation,
    Question,
)
from process_core.debug.explain.step_history import RunSnapshot, StepActivity, StepHistory, of_live, of_recorded
from process_core.engine.records import RunRecord
from process_core.errors import ProcessError
from process_core.events import WorkflowEvent
from process_core.graph import Edge, Graph, Node
from process_core.runfile import RunFile, walk_back
from process_core.runfile.query.globs import without_index
from process_core.suggestions import did_you_mean

CAUSES: Final = 100
"""Causes that an explanation lists at most, beside the outside input."""
_NEAR: Final = 10
"""Causes of which the answers that led to them are named too."""
_FAR: Final = 20_000
"""Steps back that are taken at most to find the outside input."""
_READ_WITHIN: Final = 1.0
"""Seconds that a question waits at most for what has happened to be in the run file."""


class ExplainError(ProcessError, ValueError):
    """A question that has no answer: there is no such event or step."""


def explain_recorded(
    file: RunFile,
    *,
    seq: int | None = None,
    path: str | None = None,
    function: str | None = None,
    until: int | None = None,
) -> Explanation:
    """Explain an event, or where a step stands, from a run file and the graph in it; no code of the process is needed.

    Args:
        file: The run file.
        seq: Of an event.
        path: Of a step.
        function: Of that step, where one is meant.
        until: The last event that counts for a step, to explain the past; None for the end.

    Returns:
        The answer.

    Raises:
        ExplainError: There is no such event, step or function.
        RunFileError: The file cannot be read.
    """
    _, nodes, edges = file.graph_at(file.count() if until is None else until)
    question = Question(seq, path, function)
    return _explain(RunFileHistory(file, until), lambda: of_recorded(file, until), nodes, edges, question)


def explain_live(
    run: RunRecord,
    events: list[WorkflowEvent],
    pending: Collection[PendingMessage],
    graph: Graph,
    question: Question,
    silent: Mapping[str, Breakpoint],
) -> Explanation:
    """Explain an event, or where a step stands, of a run that a debugger holds; see `Debugger.explain`.

    `silent` has the breakpoints that pause nothing, by where they are in words and why they do not.
    """

    def snapshot() -> RunSnapshot:
        return of_live(run, pending)

    if run.file is not None:
        run.file.flush(_READ_WITHIN)
        with RunFile(run.file.path) as file:
            return _explain(RunFileHistory(file), snapshot, graph.nodes, graph.edges, question, silent)
    if not events:
        raise ProcessError("nothing keeps the events of this run: give run_file=, or leave collect_events on")
    return _explain(InMemoryHistory(events), snapshot, graph.nodes, graph.edges, question, silent)


def _explain(
    history: EventHistory,
    snapshot: Callable[[], RunSnapshot],
    nodes: Collection[Node],
    edges: Collection[Edge],
    question: Question,
    silent: Mapping[str, Breakpoint] = MappingProxyType({}),
) -> Explanation:
    seq, path, function = question
    if (seq is None) is (path is None):
        raise ExplainError("ask why about one thing: an event (seq) or a step (path)")
    if path is None:
        assert seq is not None
        asked = next(iter(history.events((seq,))), None)
        if asked is None:
            raise ExplainError(f"there is no event #{seq}; the last is #{history.last}")
        steps = StepHistory(history, snapshot())
        place = Candidate((asked.event_id or "",), asked.path, asked.function, (asked.route or "",))
        return _with_silent(_Event(steps, Blockers(steps, nodes, edges), asked).explain(), silent, [place])
    node = next((node for node in nodes if node.path == without_index(path)), None)
    if node is None:
        hint = did_you_mean(path, [node.path for node in nodes])
        raise ExplainError(f"no step {path!r}" + (f" ({hint})" if hint else ""))
    if function is not None and function not in node.functions:
        hint = did_you_mean(function, node.functions)
        raise ExplainError(f"{path} has no function {function!r}" + (f" ({hint})" if hint else ""))
    steps = StepHistory(history, snapshot())
    routes = [edge for edge in edges if edge.target == node.path and function in (None, edge.function)]
    about = [Candidate((edge.event_id,), node.path, edge.function, (edge.id, edge.key)) for edge in routes]
    return _with_silent(_Step(steps, Blockers(steps, nodes, edges), node).explain(function), silent, about)


def _with_silent(found: Explanation, silent: Mapping[str, Breakpoint], about: Collection[Candidate]) -> Explanation:
    """Add why the run does not pause where a breakpoint is: somebody may ask because it did not."""
    texts = [f" {why}." for why, point in silent.items() if any(map(point.fits, about))]
    return replace(found, summary=found.summary + "".join(texts)) if texts else found


class _Event:
    """Explains one event."""

    def __init__(self, steps: StepHistory, blockers: Blockers, asked: EventRecord) -> None:
        self._steps = steps
        self._history = steps.history
        self._blockers = blockers
        self._asked = asked

    def explain(self) -> Explanation:
        """Explain what led to it and what it led to."""
        asked, history = self._asked, self._history
        ancestors, further = walk_back(asked.causes, history.events, CAUSES)
        met = [(ancestor.event, ancestor.depth) for ancestor in ancestors if ancestor.event is not None]
        causes = [ExplainedEvent(event.seq, depth, event_text(event)) for event, depth in met]
        origin = self._origin(met[-1][0]) if further and met else None
        if origin is not None:
            causes.append(ExplainedEvent(origin[0].seq, origin[1] + met[-1][1], event_text(origin[0])))
        for event, depth in [(asked, 0), *met[:_NEAR]]:
            causes += self._answers(event, depth)
        causes.sort(key=lambda event: event.seq)
        seqs = effects_of(history, asked.seq)
        effects = tuple(ExplainedEvent(e.seq, seqs[e.seq], event_text(e)) for e in history.events(seqs))
        sentences = [_summary(asked, causes, effects, has_more=bool(further))]
        sentences += [f"{text}." for text in self._blockers.decided(asked)]
        return Explanation(f"why #{asked.seq}?", " ".join(sentences), tuple(causes), effects)

    def _origin(self, oldest: EventRecord) -> tuple[EventRecord, int] | None:
        """Go on back from one cause to the first one, to the event that came from outside."""
        seq, steps = self._history.origin(oldest.seq, _FAR)
        found = self._history.events((seq,))
        return (found[0], steps) if steps and found and not found[0].causes else None

    def _answers(self, event: EventRecord, depth: int) -> list[ExplainedEvent]:
        """Return the answer that the call of an event had received before it, which led to it as much as the call."""
        is_of_call = event.type in ("event_emitted", "executor_completed", "executor_failed", "request_info")
        if not is_of_call or not event.causes or not self._steps.has_answers(without_index(event.path)):
            return []
        history = self._history
        links = history.links(event.causes[-1] + 1, min(event.seq - 1, event.causes[-1] + REACH))
        effects: dict[int, list[int]] = {}
        for seq, cause in links:
            effects.setdefault(cause, []).append(seq)
        asked = effects.get(event.causes[-1], [])
        rows = history.events([seq for question in asked for seq in effects.get(question, ())])
        answers = [row for row in rows if row.type == "response"]
        return [ExplainedEvent(row.seq, depth + 1, event_text(row)) for row in answers[-1:]]


def _summary(
    asked: EventRecord, causes: list[ExplainedEvent], effects: tuple[ExplainedEvent, ...], *, has_more: bool
) -> str:
    what = f"#{asked.seq}: {event_text(asked)}."
    if not causes:
        back = "Nothing led to it: it began a chain." if asked.type == "event_emitted" else "No event led to it."
    else:
        first = causes[0]
        many = f", {len(causes)} events back" if len(causes) > 1 else ""
        back = f"It goes back to #{first.seq}: {first.text}{many}{' and more' if has_more else ''}."
    if not effects:
        forth = "It has led to nothing."
    elif len(effects) == 1:
        forth = f"It led to #{effects[0].seq}: {effects[0].text}."
    else:
        forth = f"It led to {len(effects)} events{' and more' if len(effects) >= EFFECTS else ''}."
    return f"{what} {back} {forth}"


class _Step:
    """Explains one step."""

    def __init__(self, steps: StepHistory, why_not: Blockers, node: Node) -> None:
        self._steps = steps
        self._why_not = why_not
        self._node = node

    def explain(self, function: str | None) -> Explanation:
        """Explain where it stands."""
        names = [function] if function is not None else list(self._node.functions)
        routed = [name for name in names if function or self._why_not.routes_to(self._node.path, name)]
        functions = tuple(self._function(name) for name in routed)
        what = f"{self._node.path}.{function}" if function else self._node.path
        activity = self._steps.activity(self._node.path, function)
        title = f"where does {what} stand?" if activity.runs else f"why has {what} not run?"
        return Explanation(title, self._summary(functions), (), (), functions)

    def _summary(self, functions: tuple[ExplainedFunction, ...]) -> str:
        if not functions:
            return f"No route goes to {self._node.path}: it can never run."
        state = self._steps.snapshot.state
        over = f" The run is over ({self._steps.end_of_run()})." if state.is_ended else ""
        if len(functions) == 1:
            return f"{self._node.path}.{functions[0].function} {functions[0].text}.{over}"
        return " ".join(f"{f.function} {f.text}." for f in functions) + over

    def _function(self, name: str) -> ExplainedFunction:
        activity = self._steps.activity(self._node.path, name)
        inputs = tuple(self._inputs(name))
        text = self._text(activity, inputs, name)
        return ExplainedFunction(name, activity.runs, text, activity.last_seq or None, inputs)

    def _inputs(self, name: str) -> list[ExplainedInput]:
        """Return what a function takes: each parameter that routes feed, and each input of an explicit join."""
        edges = self._why_not.routes_to(self._node.path, name)
        required = self._node.parameters.get(name, ())
        groups: dict[tuple[str, str], list[Edge]] = {}
        for edge in edges:
            groups.setdefault((edge.parameter or "", edge.key if edge.joined else ""), []).append(edge)
        found = []
        for (parameter, join), routes in groups.items():
            arrived = [seq for edge in routes for seq in self._steps.snapshot.arrived.get(edge.key, ())]
            is_required = bool(join) or not parameter or parameter in required
            judged = tuple(self._why_not.judge(edge, (self._node.path,)) for edge in routes)
            found.append(ExplainedInput(parameter, is_required, tuple(sorted(arrived)), judged))
        return found

    def _text(self, activity: StepActivity, inputs: tuple[ExplainedInput, ...], name: str) -> str:
        if activity.question is not None:
            return f"waits for an answer to “{bounded(activity.question)}” (call #{activity.last_run})"
        if activity.is_running:
            if self._steps.snapshot.is_over:
                return f"was running when the run ended (call #{activity.last_run})"
            return f"is running (call #{activity.last_run})"
        ran = {0: "has not run", 1: f"has run once (#{activity.last_run})"}.get(
            activity.runs, f"has run {activity.runs} times (last #{activity.last_run})"
        )
        if activity.last_end == "executor_failed":
            seq, error = self._steps.failure(self._node.path, name)
            ran = f"{ran}, and failed (#{seq}): {error}" if activity.runs else f"failed (#{seq}): {error}"
        arrived = [one for one in inputs if one.arrived]
        missing = [one for one in inputs if one.is_required and not one.arrived]
        if arrived and missing:
            have = ", ".join(f"{_name(one)} (#{one.arrived[0]})" for one in arrived)
            ran += f"; it has {have} and waits for {', '.join(map(_name, missing))}"
        if not activity.runs or arrived:
            reasons = [f"{_name(one)}: {_reason(one.routes)}" for one in missing or inputs if not one.arrived]
            return f"{ran} — {'; '.join(reasons)}" if reasons else ran
        return ran


def _name(given: ExplainedInput) -> str:
    return given.parameter or next((route.event_id for route in given.routes), "a trigger")


def _reason(routes: tuple[ExplainedRoute, ...]) -> str:
    return ", or ".join(dict.fromkeys(route.text for route in routes))
