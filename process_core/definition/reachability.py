"""Find what in a graph can never fire, and what nothing leads to."""

from collections.abc import Iterator

from process_core.errors import Problem
from process_core.graph import Graph, SourceKind


def find_unfed(graph: Graph) -> Iterator[Problem]:
    """Yield a problem for each required parameter that no route feeds: its function can never fire."""
    plain: dict[tuple[str, str], set[str | None]] = {}
    for route in graph.routes:
        if route.target is not None and route.join is None:
            plain.setdefault((route.target.step, route.target.function), set()).add(route.target.parameter)
    groups = list(plain.items())
    groups += [((join.step, join.function), set(join.parameters)) for join in graph.joins]
    for (step, function), fed in groups:
        for parameter in graph.step(step).functions[function].parameters:
            if parameter.required and parameter.name not in fed:
                yield Problem(
                    "unfed_parameter",
                    f"{step}.{function} can never fire: nothing feeds {parameter.name!r}",
                    step,
                    function,
                    f"send_event_to({step}, parameter={parameter.name!r}), or give it a default",
                )


def find_unreachable(graph: Graph) -> Iterator[Problem]:
    """Yield a warning for each step that no outside event can lead to."""
    reached: set[str | None] = {None}
    grew = True
    while grew:
        new = {r.target.step for r in graph.routes if r.target is not None and r.source.step in reached} - reached
        grew = bool(new)
        reached |= new
    for step in graph.steps:
        if step.name in reached:
            continue
        routed = any(r.target is not None and r.target.step == step.name for r in graph.routes)
        why = "only steps that are unreachable themselves lead to it" if routed else "no route leads to it"
        yield Problem("unreachable_step", f"{step.name} never runs: {why}", step.name, None, "route an event to it")
    if not graph.input_events:
        yield Problem("no_input_event", f"process {graph.name!r} takes no outside event, so it can never start", None,
                      None, "process.on_input_event(...).send_event_to(...)")  # fmt: skip
    names = {SourceKind.EVENT, SourceKind.RESULT}
    fed_only_unreached = {
        (r.target.step, r.target.function, r.target.parameter)
        for r in graph.routes
        if r.target is not None and r.source.kind in names and r.source.step not in reached and r.target.step in reached
    }
    for step_name, function, parameter in sorted(fed_only_unreached, key=str):
        feeders = [
            r
            for r in graph.routes
            if r.target is not None
            and (r.target.step, r.target.function, r.target.parameter) == (step_name, function, parameter)
        ]
        if parameter is not None and all(r.source.step not in reached for r in feeders):
            yield Problem("unreachable_step", f"{step_name}.{function} may never fire: only unreachable steps feed"
                          f" {parameter!r}", step_name, function, "route an event to a step that feeds it")  # fmt: skip
