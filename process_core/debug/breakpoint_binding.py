"""Binding: sees what in a process a breakpoint can match, and what was meant where nothing can."""

from collections.abc import Iterator

from process_core.debug.breakpoints import Breakpoint, Candidate, without_index
from process_core.events import WARNING_CODES
from process_core.graph import ERROR_SUFFIX, RESULT_SOURCE, RESULT_SUFFIX, Edge, Graph, Node, SourceKind, StepKind
from process_core.runfile.query.globs import path_pattern
from process_core.suggestions import did_you_mean


def bind(point: Breakpoint, graph: Graph) -> None:
    """Bind a breakpoint to a process.

    Args:
        point: The breakpoint; its `paths`, `bound` and `problem` are set.
        graph: The process.
    """
    nodes, edges = graph.nodes, graph.edges
    if point.step is not None:
        pattern = path_pattern(point.step)
        point.paths = frozenset(node.path for node in nodes if pattern.fullmatch(node.path))
    if point.kind != "event":
        candidates = list(_reports(point, nodes))
    else:
        candidates = list(_messages(point, nodes, edges) if point.when == "before" else _calls(point, nodes, edges))
    point.bound = any(point.fits(candidate) for candidate in candidates)
    point.problem = _doubt(point) if point.bound else _problem(point, nodes, edges, candidates)


def _reports(point: Breakpoint, nodes: tuple[Node, ...]) -> Iterator[Candidate]:
    """Return what can fail or be warned about: every function, and for warnings every step and process as a whole."""
    events = () if point.event is None else (point.event,)  # which events may be warned about is not declared
    for node in nodes:
        path = _indexed(point, node.path)
        for function in node.functions:
            yield Candidate(events, path, function, ())
        if point.kind == "warning":
            yield Candidate(events, path, None, ())
    if point.kind != "error":
        yield Candidate(events, "", None, ())


def _doubt(point: Breakpoint) -> str | None:
    """Return where a code looks misspelt; steps may warn with any code, so the breakpoint counts all the same."""
    if point.kind != "warning" or point.code is None or point.code in WARNING_CODES:
        return None
    hint = did_you_mean(point.code, sorted(WARNING_CODES))
    if hint is None or not hint.startswith("did"):
        return None
    return f"the engine gives no warning {point.code!r} ({hint}); only a step's own can match"


def _messages(point: Breakpoint, nodes: tuple[Node, ...], edges: tuple[Edge, ...]) -> Iterator[Candidate]:
    """Return what can be delivered: something along every route."""
    for edge in edges:
        path = edge.target
        if "[" not in (point.step or "").rpartition("/")[2]:  # a map is delivered to as a whole
            path = _indexed(point, path)
        yield Candidate(_events_of(edge, nodes), path, edge.function, (edge.id, edge.key))


def _calls(point: Breakpoint, nodes: tuple[Node, ...], edges: tuple[Edge, ...]) -> Iterator[Candidate]:
    """Return what can emit or complete: every function."""
    for node in nodes:
        is_process = node.kind is StepKind.PROCESS or any(n.path.startswith(f"{node.path}/") for n in nodes)
        for function in node.functions:
            events = [RESULT_SOURCE if is_process else function + RESULT_SUFFIX]
            routes: list[str] = []
            if point.when == "after":
                for edge in edges:
                    if (edge.target, edge.function) == (node.path, function):
                        events += _events_of(edge, nodes)
                        routes += (edge.id, edge.key)
            elif not is_process and point.event is not None and not point.event.endswith((RESULT_SUFFIX, ERROR_SUFFIX)):
                events.append(point.event)  # what a function may emit is not declared
            elif is_process and point.event is None:
                continue  # its steps emit, it does not
            yield Candidate(events, _indexed(point, node.path), function, routes)


def _events_of(edge: Edge, nodes: tuple[Node, ...]) -> list[str]:
    """Return the events that travel a route; an error route of a process takes the errors of all its functions."""
    events = [edge.event_id]
    if edge.kind is SourceKind.PROCESS_ERROR:
        inside = [node for node in nodes if node.path.rpartition("/")[0] == edge.scope]
        events += [name + ERROR_SUFFIX for node in inside for name in node.functions]
    return events


def _indexed(point: Breakpoint, path: str) -> str:
    """Return the path as the breakpoint has it, where that names an element of a map, which only a run can have."""
    return point.step if point.step is not None and without_index(point.step) == path else path


def _problem(point: Breakpoint, nodes: tuple[Node, ...], edges: tuple[Edge, ...], candidates: list[Candidate]) -> str:
    checks = (
        (
            point.event if point.kind == "event" else None,
            "no route carries {!r}",
            {event for c in candidates for event in c.events},
        ),
        (None if point.paths else point.step, "no step matches {!r}", {node.path for node in nodes}),
        (point.function, "no function {!r}", {name for node in nodes for name in node.functions}),
        (point.route, "no route {!r}", {edge.key for edge in edges}),
    )
    for name, problem, known in checks:
        if name is not None and name not in known and not any(key.endswith(f"/{name}") for key in known):
            hint = did_you_mean(name, sorted(known))
            return problem.format(name) + (f" ({hint})" if hint else "")
    given = (point.event, point.step, point.function, point.route)
    return f"nothing in the process is all of {', '.join(repr(name) for name in given if name is not None)}"
