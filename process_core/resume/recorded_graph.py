"""The process that a run was recorded from: how another one differs from it, and its graph, made again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from process_core.graph import (
    Edge,
    FunctionSpec,
    Graph,
    Join,
    Node,
    Parameter,
    Route,
    RouteTarget,
    Source,
    SourceKind,
    StepKind,
    StepSpec,
)


def differences(nodes: Iterable[Node], edges: Iterable[Edge], graph: Graph) -> list[str]:
    """Compare what was recorded with what is there now.

    Returns:
        One line per difference that matters for going on; empty where only code has changed.
    """
    then, now = {n.path: n for n in nodes}, {n.path: n for n in graph.nodes}
    routes_then, routes_now = {e.key: e for e in edges}, {e.key: e for e in graph.edges}
    lines = [f"step {path} is gone" for path in then if path not in now]
    lines += [f"step {path} is new" for path in now if path not in then]
    for path in then.keys() & now.keys():
        before, after = _shape(then[path]), _shape(now[path])
        lines += [
            f"step {path}: {what} was {before[what]}, is {after[what]}"
            for what in before
            if before[what] != after[what]
        ]
    lines += [f"route {key} is gone" for key in routes_then if key not in routes_now]
    lines += [f"route {key} is new" for key in routes_now if key not in routes_then]
    for key in routes_then.keys() & routes_now.keys():
        if routes_then[key].condition != routes_now[key].condition:
            lines.append(f"route {key}: its condition was {routes_then[key].condition}, is {routes_now[key].condition}")
    if lines:
        return sorted(lines)
    # What is delivered first follows the order of declaration.
    return _order("steps", list(then), list(now)) + _order("routes", list(routes_then), list(routes_now))


def _shape(node: Node) -> dict[str, str]:
    needs = "; ".join(f"{name}({', '.join(parameters)})" for name, parameters in sorted(node.parameters.items()))
    return {"its kind": str(node.kind), "what it takes": needs}


def _order(what: str, then: list[str], now: list[str]) -> list[str]:
    for before, after in zip(then, now, strict=True):
        if before != after:
            return [f"the {what} stand in another order: where {before} stood, {after} stands now"]
    return []


def needs_swap(nodes: Sequence[Node], edges: Sequence[Edge], graph: Graph) -> bool:
    """Return whether what was recorded of a run has to be moved to fit a process; a condition may be another one."""

    def places(some: Iterable[Edge]) -> list[Any]:
        return [(e.key, e.kind, e.target, e.function, e.parameter, e.joined) for e in some]

    then, now = list(nodes), list(graph.nodes)
    return places(edges) != places(graph.edges) or (
        [(n.path, _shape(n), n.functions) for n in then] != [(n.path, _shape(n), n.functions) for n in now]
    )


def recorded_graph(name: str, nodes: Sequence[Node], edges: Sequence[Edge]) -> Graph:
    """Make the graph of a process as it was recorded: enough to load a checkpoint onto, with no code behind it.

    Args:
        name: The process's name.
        nodes: Its steps.
        edges: Its routes.

    Raises:
        LookupError: A route names a step or function that is not there.
    """
    parts = _Parts()
    for node in nodes:
        parts.nodes.setdefault(node.path.rpartition("/")[0], []).append(node)
    for edge in edges:
        parts.edges.setdefault(edge.scope, []).append(edge)
    return _process(name, "", parts)


@dataclass(slots=True)
class _Parts:
    """Steps and routes by the path of the process that they are in: of each process there is one look at its own."""

    nodes: dict[str, list[Node]] = field(default_factory=dict)
    edges: dict[str, list[Edge]] = field(default_factory=dict)


def _process(name: str, scope: str, parts: _Parts) -> Graph:
    own_edges = parts.edges.get(scope, [])
    fed: dict[tuple[str, str | None], list[str]] = {}
    for edge in own_edges:
        if edge.parameter is not None:
            fed.setdefault((edge.target, edge.function), []).append(edge.parameter)
    steps = [_step(node, index, parts, fed) for index, node in enumerate(parts.nodes.get(scope, []))]
    functions = {step.name: step.functions for step in steps}
    joins: list[list[tuple[Source, RouteTarget]]] = []
    routes = []
    for index, edge in enumerate(own_edges):
        source = Source(edge.kind, _last(edge.source), edge.event_id)
        target = None
        if edge.target:
            target = RouteTarget(_last(edge.target) or "", edge.function or "", edge.parameter)
            if target.function not in functions[target.step]:
                raise LookupError(f"{target.step} has no function {target.function!r}")
        join = None
        if edge.joined and target is not None:
            target = _joined(joins, source, target, follows=index > 0 and own_edges[index - 1].joined)
            join = len(joins) - 1
        routes.append(Route(edge.id, index, source, target, join=join))
    inputs = tuple(dict.fromkeys(edge.event_id for edge in own_edges if edge.kind is SourceKind.INPUT))
    made = tuple(_join(index, inputs_of_one) for index, inputs_of_one in enumerate(joins))
    return Graph(name, tuple(steps), tuple(routes), made, inputs)


def _join(index: int, inputs: list[tuple[Source, RouteTarget]]) -> Join:
    target = inputs[0][1]
    parameters = tuple(each.parameter for _, each in inputs)
    return Join(index, target.step, target.function, parameters, tuple(source for source, _ in inputs))


def _joined(
    joins: list[list[tuple[Source, RouteTarget]]], source: Source, target: RouteTarget, *, follows: bool
) -> RouteTarget:
    """Add an input to the join that it belongs to.

    The file does not say where one join ends and the next into the same function begins: what repeats a parameter or
    follows another function begins one. Where that guess is wrong, what waits there is delivered again.
    """
    open_join = joins[-1] if joins and follows else []
    last = open_join[-1][1] if open_join else None
    is_next = last is None or (last.step, last.function) != (target.step, target.function)
    if is_next or (target.parameter is not None and any(target.parameter == t.parameter for _, t in open_join)):
        open_join = []
        joins.append(open_join)
    placed = RouteTarget(target.step, target.function, target.parameter, len(open_join))
    open_join.append((source, placed))
    return placed


def _step(node: Node, index: int, parts: _Parts, fed: Mapping[tuple[str, str | None], Sequence[str]]) -> StepSpec:
    functions = {}
    for name in node.functions:
        required = node.parameters.get(name, ())
        optional = [each for each in dict.fromkeys(fed.get((node.path, name), ())) if each not in required]
        parameters = [Parameter(each, Any, required=each in required) for each in (*required, *optional)]
        functions[name] = FunctionSpec(name, name, tuple(parameters))
    is_nested = node.kind is StepKind.PROCESS or node.path in parts.nodes
    inner = _process(node.name, node.path, parts) if is_nested else None
    return StepSpec(node.name, index, node.kind, functions, graph=inner)


def _last(path: str) -> str | None:
    return path.rpartition("/")[2] or None
