"""Explains events and steps: of a run that a debugger holds, and of a recorded one from its file alone."""

from collections.abc import Callable, Collection
from typing import Final

from process_core.debug.breakpoints import without_index
from process_core.debug.debug_state import PendingMessage
from process_core.debug.explain.blockers import Blockers
from process_core.debug.explain.causality import explain_event
from process_core.debug.explain.event_history import EventHistory, InMemoryHistory, RunFileHistory
from process_core.debug.explain.event_text import bounded
from process_core.debug.explain.model import ExplainedFunction, ExplainedInput, ExplainedRoute, Explanation
from process_core.debug.explain.run_state import RunSnapshot, of_live, of_recorded
from process_core.debug.explain.step_history import StepActivity, StepHistory
from process_core.engine.records import RunRecord
from process_core.errors import ProcessError
from process_core.events import WorkflowEvent
from process_core.graph import Edge, Graph, Node
from process_core.runfile import RunFile
from process_core.suggestions import did_you_mean

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
    return explain(RunFileHistory(file, until), lambda: of_recorded(file, until), nodes, edges, seq, path, function)


def explain_live(
    core: RunRecord,
    events: list[WorkflowEvent],
    pending: Collection[PendingMessage],
    graph: Graph,
    *,
    seq: int | None = None,
    path: str | None = None,
    function: str | None = None,
) -> Explanation:
    """Explain an event, or where a step stands, of a run that is held by a debugger.

    Args:
        core: The run.
        events: Its events, where they are kept in memory and in no file.
        pending: What is still to be delivered.
        graph: The process.
        seq: Of an event.
        path: Of a step.
        function: Of that step, where one is meant.

    Returns:
        The answer.

    Raises:
        ExplainError: There is no such event, step or function.
        ProcessError: Nothing keeps the events of this run.
    """

    def snapshot() -> RunSnapshot:
        return of_live(core, pending)

    if core.file is not None:
        core.file.flush(_READ_WITHIN)
        with RunFile(core.file.path) as file:
            return explain(RunFileHistory(file), snapshot, graph.nodes, graph.edges, seq, path, function)
    if not events:
        raise ProcessError("nothing keeps the events of this run: give run_file=, or leave collect_events on")
    return explain(InMemoryHistory(events), snapshot, graph.nodes, graph.edges, seq, path, function)


def explain(
    history: EventHistory,
    snapshot: Callable[[], RunSnapshot],
    nodes: Collection[Node],
    edges: Collection[Edge],
    seq: int | None,
    path: str | None,
    function: str | None,
) -> Explanation:
    """Explain an event, or where a step stands.

    Args:
        history: The events of the run.
        snapshot: Gives how it stands.
        nodes: The steps.
        edges: The routes.
        seq: Of an event.
        path: Of a step.
        function: Of that step, where one is meant.

    Returns:
        The answer.

    Raises:
        ExplainError: There is no such event, step or function.
    """
    if (seq is None) is (path is None):
        raise ExplainError("ask why about one thing: an event (seq) or a step (path)")
    if path is None:
        assert seq is not None
        found = explain_event(history, seq)
        if found is None:
            raise ExplainError(f"there is no event #{seq}; the last is #{history.last}")
        return found
    node = next((node for node in nodes if node.path == without_index(path)), None)
    if node is None:
        hint = did_you_mean(path, [node.path for node in nodes])
        raise ExplainError(f"no step {path!r}" + (f" ({hint})" if hint else ""))
    if function is not None and function not in node.functions:
        hint = did_you_mean(function, node.functions)
        raise ExplainError(f"{path} has no function {function!r}" + (f" ({hint})" if hint else ""))
    steps = StepHistory(history, snapshot())
    return _Step(steps, Blockers(steps, nodes, edges), node).explain(function)


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
        over = f" The run is over ({state.value})." if state.is_ended else ""
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
