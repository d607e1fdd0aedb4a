"""How a process differs from the one that a run was recorded from."""

from collections.abc import Iterable

from process_core.graph import Edge, Graph, Node


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
