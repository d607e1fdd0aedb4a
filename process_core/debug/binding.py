"""Binding: sees what in a process a breakpoint can match, and what was meant where nothing can."""

from collections.abc import Iterable
from typing import Final

from process_core.debug.breakpoints import Breakpoint, Candidate, without_index
from process_core.graph import ERROR_SUFFIX, RESULT_SOURCE, RESULT_SUFFIX, Edge, Graph, SourceKind, StepKind
from process_core.runfile.globs import path_pattern
from process_core.suggestion import did_you_mean

_PLURAL: Final = {"event": "no route carries {!r}", "step": "no step matches {!r}", "function": "no function {!r}"}


def bind(point: Breakpoint, graph: Graph) -> None:
    """Bind a breakpoint to a process.

    Args:
        point: The breakpoint; its `paths`, `bound` and `problem` are set.
        graph: The process.
    """
    point.paths = _paths(point.step, graph)
    candidates = list(_candidates(point, graph))
    point.bound = any(point.fits(candidate) for candidate in candidates)
    point.problem = None if point.bound else _problem(point, graph, candidates)


def _paths(glob: str | None, graph: Graph) -> frozenset[str] | None:
    if glob is None:
        return None
    pattern = path_pattern(glob)
    return frozenset(node.path for node in graph.nodes if pattern.fullmatch(node.path))


def _candidates(point: Breakpoint, graph: Graph) -> Iterable[Candidate]:
    """Give all that can happen in a process at the time that a breakpoint is about."""
    if point.when == "before":
        return (_of_edge(edge, graph) for edge in graph.edges)
    calls: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for node in graph.nodes:
        is_class = node.kind is StepKind.STEP or not any(n.path.startswith(f"{node.path}/") for n in graph.nodes)
        for function in node.functions:
            result = function + RESULT_SUFFIX if is_class else RESULT_SOURCE
            emitted = [point.event] if point.when == "emit" and point.event is not None and is_class else [result]
            calls[node.path, function] = (emitted, [])
    if point.when == "after":
        for edge in graph.edges:
            if edge.function is not None:
                found = _of_edge(edge, graph)
                events, routes = calls[edge.target, edge.function]
                events += found.events
                routes += found.routes
    return (Candidate(events, _indexed(point, path), name, routes) for (path, name), (events, routes) in calls.items())


def _of_edge(edge: Edge, graph: Graph) -> Candidate:
    events = [edge.event_id]
    if edge.kind is SourceKind.PROCESS_ERROR:
        prefix = f"{edge.scope}/" if edge.scope else ""
        inside = [n for n in graph.nodes if n.path.startswith(prefix) and "/" not in n.path[len(prefix) :]]
        events += [name + ERROR_SUFFIX for node in inside for name in node.functions]
    return Candidate(events, edge.target, edge.function, [edge.id, edge.key])


def _indexed(point: Breakpoint, path: str) -> str:
    """A step given with an index (`Map[3]`) is an element of a map that only a run can have."""
    return point.step if point.step is not None and without_index(point.step) == path else path


def _problem(point: Breakpoint, graph: Graph, candidates: list[Candidate]) -> str:
    functions = {name for node in graph.nodes for name in node.functions}
    told = (
        (point.event, "no route carries {!r}", {event for c in candidates for event in c.events}),
        (point.step, "no step matches {!r}", {node.path for node in graph.nodes}),
        (point.function, "no function {!r}", functions),
        (point.route, "no route {!r}", {edge.key for edge in graph.edges} | {edge.id for edge in graph.edges}),
    )
    for name, problem, known in told:
        is_known = name in known or (name == point.step and bool(point.paths))
        if name is not None and not is_known:
            hint = did_you_mean(name, sorted(known))
            return problem.format(name) + (f" ({hint})" if hint else "")
    given = [repr(name) for name, _, _ in told if name is not None]
    return f"nothing in the process is all of {', '.join(given)}"
