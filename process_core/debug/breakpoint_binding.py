"""Binding: sees what in a process a breakpoint can match, and what was meant where nothing can."""

import re
from collections.abc import Collection, Iterator
from typing import Final

from process_core.debug.breakpoints import Breakpoint, Candidate
from process_core.events import WARNING_CODES
from process_core.graph import (
    ERROR_SOURCE,
    ERROR_SUFFIX,
    RESULT_SOURCE,
    RESULT_SUFFIX,
    Edge,
    Graph,
    Node,
    SourceKind,
    StepKind,
)
from process_core.payload_check import field_names
from process_core.runfile.query.globs import matches_path, path_pattern, without_index
from process_core.suggestions import did_you_mean, nearest

_SHOWN: Final = 3


def bind(point: Breakpoint, graph: Graph) -> None:
    """Bind a breakpoint to a process.

    Args:
        point: The breakpoint; its `paths`, `bound` and `problem` are set. An automatic id with its step in front
            (`Step.function.OnResult`), as a route writes it, becomes the step and the id.
        graph: The process.
    """
    nodes, edges = graph.nodes, graph.edges
    if point.event is not None and point.step is None:
        _split_automatic(point, nodes)
    if point.step is not None:
        point.paths = _paths_of(point, point.step, nodes)
    if point.kind == "state":
        _bind_state(point, graph)
        return
    if point.kind != "event":
        candidates = list(_reports(point, nodes))
    else:
        candidates = list(_messages(point, nodes, edges) if point.when == "before" else _calls(point, nodes, edges))
    fitting = [candidate for candidate in candidates if point.paths is None or candidate.path in point.paths]
    point.bound = any(map(point.fits_names, fitting))
    point.problem = _doubt(point) if point.bound else _problem(point, nodes, edges, candidates)


def _bind_state(point: Breakpoint, graph: Graph) -> None:
    """Bind a watchpoint to the steps that have a state, and where its type is declared, such a field in it."""
    kinds = {path: step.state_type for path, step in graph.stateful()}
    paths, pattern = [node.path for node in graph.nodes], path_pattern(point.step or "")
    matching = [path for path in paths if pattern.fullmatch(path)]
    stateful = [path for path in matching if path in kinds]
    name = re.match(r"\w*", point.state or "")
    field = name[0] if name is not None else ""
    fields = {path: field_names(kinds[path]) for path in stateful}
    fitting = [path for path in stateful if not field or not fields[path] or field in fields[path]]
    point.paths, point.bound, point.problem = frozenset(fitting), bool(fitting), None
    if not matching:
        point.problem = f"no step matches {point.step!r}"
        hint = _step_hint(point.step or "", kinds or paths)
        point.problem += f" ({hint})" if hint else ""
    elif not stateful:
        point.problem = f"{', '.join(map(repr, matching[:_SHOWN]))} has no state of its own"
    elif not fitting:
        known = sorted({name for path in stateful for name in fields[path]})
        hint = did_you_mean(field, known) or "it has none"
        point.problem = f"the state of {', '.join(map(repr, stateful[:_SHOWN]))} has no field {field!r} ({hint})"


def _split_automatic(point: Breakpoint, nodes: tuple[Node, ...]) -> None:
    assert point.event is not None
    if not point.event.endswith((RESULT_SOURCE, ERROR_SOURCE)):
        return
    for node in nodes:
        path, _, automatic = point.event.partition(f"{node.path}.")
        if not path and automatic in _automatic(node, nodes):
            point.step, point.event = node.path, automatic
            return


def _automatic(node: Node, nodes: tuple[Node, ...]) -> Iterator[str]:
    """Return the ids of a step's automatic events."""
    if node.kind is StepKind.PROCESS or _has_inside(node, nodes):
        yield from (RESULT_SOURCE, ERROR_SOURCE)
    else:
        for function in node.functions:
            yield from (function + RESULT_SUFFIX, function + ERROR_SUFFIX)


def _has_inside(node: Node, nodes: tuple[Node, ...]) -> bool:
    return any(other.path.startswith(f"{node.path}/") for other in nodes)


def _paths_of(point: Breakpoint, glob: str, nodes: tuple[Node, ...]) -> frozenset[str]:
    """Return the steps that a glob matches; where it names elements, only those of maps, and what is inside them."""
    pattern = path_pattern(without_index(glob))
    paths = [node.path for node in nodes if pattern.fullmatch(node.path)]
    if point.is_of_elements:
        maps = [node.path for node in nodes if node.kind is StepKind.MAP]
        paths = [path for path in paths if any(path == outer or path.startswith(f"{outer}/") for outer in maps)]
    return frozenset(paths)


def _reports(point: Breakpoint, nodes: tuple[Node, ...]) -> Iterator[Candidate]:
    """Return what can fail or be warned about: every function, and for warnings every step and process as a whole."""
    events = () if point.event is None else (point.event,)  # which events may be warned about is not declared
    for node in nodes:
        for function in node.functions:
            yield Candidate(events, node.path, function, ())
        if point.kind == "warning":
            yield Candidate(events, node.path, None, ())
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
    """Return what can begin: something delivered along every route, and the elements of every map."""
    maps = {node.path for node in nodes if node.kind is StepKind.MAP}
    for edge in edges:
        is_whole = point.is_of_elements and edge.target in maps  # and so concerns none of its elements alone
        path = "" if is_whole else edge.target
        yield Candidate(_events_of(edge, nodes), path, edge.function, (edge.id, edge.key))
    for node in nodes:
        if node.path in maps:
            for function in node.functions:
                yield Candidate((), node.path, function, ())


def _calls(point: Breakpoint, nodes: tuple[Node, ...], edges: tuple[Edge, ...]) -> Iterator[Candidate]:
    """Return what can emit or complete: every function."""
    for node in nodes:
        is_process = node.kind is StepKind.PROCESS or _has_inside(node, nodes)
        for function in node.functions:
            events = [RESULT_SOURCE if is_process else function + RESULT_SUFFIX]
            routes: list[str] = []
            if point.when == "after":
                for edge in edges:
                    if (edge.target, edge.function) == (node.path, function):
                        events += _events_of(edge, nodes)
                        routes += (edge.id, edge.key)
            else:
                events.append(ERROR_SOURCE if is_process else function + ERROR_SUFFIX)
                is_automatic = point.event is not None and point.event.endswith((RESULT_SUFFIX, ERROR_SUFFIX))
                if not is_process and point.event is not None and not is_automatic:
                    events.append(point.event)  # what a function may emit is not declared
                elif is_process and point.event is None:
                    continue  # its steps emit, it does not
            yield Candidate(events, node.path, function, routes)


def _events_of(edge: Edge, nodes: tuple[Node, ...]) -> list[str]:
    """Return the events that travel a route; an error route of a process takes the errors of all its functions."""
    events = [edge.event_id]
    if edge.kind is SourceKind.PROCESS_ERROR:
        inside = [node for node in nodes if node.path.rpartition("/")[0] == edge.scope]
        events += [name + ERROR_SUFFIX for node in inside for name in node.functions]
    return events


def _problem(point: Breakpoint, nodes: tuple[Node, ...], edges: tuple[Edge, ...], candidates: list[Candidate]) -> str:
    events = {event for c in candidates for event in c.events if event != point.event or not point.is_event_glob}
    checks = (
        (point.event if point.kind == "event" else None, "no route carries {!r}", events),
        (None if point.paths else point.step, "no step matches {!r}", {node.path for node in nodes}),
        (point.function, "no function {!r}", {name for node in nodes for name in node.functions}),
        (point.route, "no route {!r}", {edge.key for edge in edges}),
    )
    for name, problem, known in checks:
        if name is None or name in known or any(key.endswith(f"/{name}") for key in known):
            continue
        if name == point.event and any(map(point.fits_event, known)):
            continue
        if name == point.step and point.is_of_elements and (plain := without_index(name)) in known:
            return f"{plain!r} is not a map step, so it has no elements"
        hint = _step_hint(name, known) if name == point.step else did_you_mean(_literal(name), sorted(known))
        return problem.format(name) + (f" ({hint})" if hint else "")
    given = (point.event, point.step, point.function, point.route)
    return f"nothing in the process is all of {', '.join(repr(name) for name in given if name is not None)}"


def _step_hint(glob: str, paths: Collection[str]) -> str | None:
    """Return what a glob was meant to be: a path, or the glob with its last name put right or found further in."""
    plain = _literal(glob)
    if plain == glob and nearest(glob, paths) is not None:
        return did_you_mean(glob, sorted(paths))
    outer, slash, name = glob.rpartition("/")
    close = nearest(_literal(name), {path.rpartition("/")[2] for path in paths})
    for meant in (f"{outer}{slash}{close}", f"**/{close}"):
        if any(matches_path(meant, path) for path in paths):
            return f"did you mean {meant!r}?"
    return did_you_mean(plain, sorted(paths))


def _literal(glob: str) -> str:
    """Return a glob without what stands for anything, to be compared with names."""
    return without_index(glob).replace("**/", "").replace("*/", "").replace("*", "")
