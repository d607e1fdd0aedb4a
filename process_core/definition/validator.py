"""Checks a whole definition (targets, parameters, joins, what can fire and be reached) and makes it a `Graph`."""

import collections.abc
import inspect
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, get_origin

from process_core.definition.declarations import Condition, JoinDeclaration, RouteDeclaration, SourceDeclaration, Target
from process_core.definition.inspection import resolve_step, step_name
from process_core.engine.limits import MOST_LEVELS
from process_core.errors import Problem
from process_core.events import event_name
from process_core.graph import (
    ERROR_SOURCE,
    ERROR_SUFFIX,
    RESULT_SOURCE,
    RESULT_SUFFIX,
    FunctionSpec,
    Graph,
    Join,
    Route,
    RouteTarget,
    Source,
    SourceKind,
    StepKind,
    StepSpec,
)
from process_core.predicate import PredicateError, compile_predicate
from process_core.suggestions import did_you_mean

if TYPE_CHECKING:
    from process_core.definition.builder import ProcessBuilder, StepHandle

_ANY_TEXT = "otherwise"
_READ_ONCE: Final = (
    collections.abc.Iterable, collections.abc.Iterator, collections.abc.Generator,
    collections.abc.AsyncIterable, collections.abc.AsyncIterator, collections.abc.AsyncGenerator,
)  # fmt: skip


class DefinitionValidator:
    """Turns one definition into a graph and gathers what is wrong with it.

    Attributes:
        problems: Errors; with any of them there is no process.
        warnings: Problems that a process can live with.
    """

    def __init__(self, process: str) -> None:
        self.process = process
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._steps: dict[str, StepSpec] = {}
        self._names: dict[int, str] = {}
        self._ids: Counter[str] = Counter()

    def resolve(self, builder: "ProcessBuilder", enclosing: "tuple[ProcessBuilder, ...]") -> Graph:
        """Check a definition; the graph that is returned is sound only where `problems` is empty."""
        steps = self._resolve_steps(builder, enclosing)
        routes: list[Route] = []
        joins: list[Join] = []
        waiting = list(builder.joins)
        for position, declared in enumerate(builder.routes):
            while waiting and waiting[0].position <= position:
                self._resolve_join(waiting.pop(0), routes, joins)
            self._resolve_route(declared, routes)
        for join in waiting:
            self._resolve_join(join, routes, joins)
        inputs = tuple(dict.fromkeys(r.source.event_id for r in routes if r.source.kind is SourceKind.INPUT))
        graph = Graph(
            str(builder.name), tuple(steps), tuple(routes), tuple(joins), inputs, self._limit(builder.max_supersteps)
        )
        self.problems.extend(_find_unfed(graph))
        self.problems.extend(_find_unwritable_names(graph))
        if not self.problems:
            self.warnings.extend(_find_unreachable(graph))
            self.warnings.extend(_find_read_once(graph))
        return graph

    def _limit(self, limit: Any) -> int | None:
        if limit is None or (isinstance(limit, int) and not isinstance(limit, bool) and limit >= 1):
            return limit
        self._wrong("invalid_limit", f"max_supersteps must be a whole number of at least 1, not {limit!r}", None, None)
        return None

    def _resolve_steps(self, builder: "ProcessBuilder", enclosing: "tuple[ProcessBuilder, ...]") -> list[StepSpec]:
        steps: list[StepSpec] = []
        for handle in builder.steps:
            declaration = handle.declaration
            name = step_name(declaration)
            self._names[id(handle)] = name
            if name in self._steps:
                self._wrong("duplicate_step", f"two steps are named {name!r}", name, None, "give one another name")
                continue
            graph = declaration.inner
            if graph is not None:
                graph = self._inner_graph(graph, declaration.kind, name, (*enclosing, builder))
                if graph is None:
                    continue
            spec = resolve_step(declaration, len(steps), graph, self.problems)
            self._steps[name] = spec
            steps.append(spec)
        return steps

    def _inner_graph(
        self, inner: Any, kind: StepKind, name: str, enclosing: "tuple[ProcessBuilder, ...]"
    ) -> Graph | None:
        """Return the graph inside a step; None where there is a problem with it."""
        graph: Graph | None = inner if isinstance(inner, Graph) else None
        if graph is None:
            if not hasattr(inner, "resolve"):
                self._wrong("invalid_process", f"{inner!r} is not a process", name, None,
                            "pass a ProcessBuilder or a built Process")  # fmt: skip
                return None
            if inner in enclosing:
                self._wrong("recursive_process", f"process {inner.name!r} contains itself", name, None,
                            "a loop is a route back to an earlier step")  # fmt: skip
                return None
            if len(enclosing) <= MOST_LEVELS:
                graph = self._resolve_inner(inner, name, enclosing)
        if graph is None or _levels(graph) <= MOST_LEVELS < _levels(graph) + _level(kind):
            text = f"processes are nested more than {MOST_LEVELS} levels deep (a map of a process counts as two)"
            self._wrong("nested_too_deep", text, name, None, "route between the steps of one process where you can")
            return None
        return graph

    def _resolve_inner(self, inner: "ProcessBuilder", name: str, enclosing: "tuple[ProcessBuilder, ...]") -> Graph:
        graph, resolver = inner.resolve(enclosing)
        for inner_problems, taken in ((resolver.problems, self.problems), (resolver.warnings, self.warnings)):
            for problem in inner_problems:
                step = f"{name}/{problem.step}" if problem.step else name
                taken.append(Problem(problem.code, problem.message, step, problem.function, problem.suggestion))
        return graph

    def _resolve_route(self, declared: RouteDeclaration, routes: list[Route]) -> None:
        source = self._source(declared.source)
        condition = self._condition(declared.condition, declared.source)
        target = None if declared.target is None else self._target(declared.target)
        if source is None or condition is False or target is False:
            return
        routes.append(self._route(source, target or None, condition or None, len(routes), otherwise=declared.otherwise))

    def _resolve_join(self, declared: JoinDeclaration, routes: list[Route], joins: list[Join]) -> None:
        sources = [self._source(source) for source, _ in declared.sources]
        conditions = [self._condition(condition, source) for source, condition in declared.sources]
        function = self._function(declared.target)
        if function is None or None in sources or False in conditions:
            return
        step, spec = function
        if not sources:
            self._wrong("inputs_required", "listen_for needs at least one source", step.name, spec.name)
            return
        parameters = self._join_parameters(declared, step, spec)
        if parameters is None:
            return
        number = len(joins)
        routed = [source for source in sources if source is not None]
        joins.append(Join(number, step.name, spec.name, tuple(parameters), tuple(routed)))
        for position, (source, condition, parameter) in enumerate(zip(routed, conditions, parameters, strict=True)):
            target = RouteTarget(step.name, spec.name, parameter, position)
            routes.append(self._route(source, target, condition or None, len(routes), join=number))

    def _join_parameters(
        self, declared: JoinDeclaration, step: StepSpec, spec: FunctionSpec
    ) -> list[str | None] | None:
        parameters: list[str | None] = [None] * len(declared.sources)
        if declared.inputs is None:
            if spec.parameters:
                names = ", ".join(p.name for p in spec.parameters)
                self._wrong("inputs_required", f"which source feeds which parameter of {step.name}.{spec.name}?",
                            step.name, spec.name, f"inputs={{parameter: source}} for {names}")  # fmt: skip
                return None
            return parameters
        fine = True
        order = [source for source, _ in declared.sources]
        for name, source in declared.inputs:
            if spec.parameter(name) is None:
                self._unknown_parameter(step, spec, name)
                fine = False
            elif source not in order:
                self._wrong("inputs_required", f"the source of {name!r} is not among those listened for", step.name,
                            spec.name, "name it in all_of too")  # fmt: skip
                fine = False
            else:
                free = [slot for slot, each in enumerate(order) if each == source and parameters[slot] is None]
                if free:
                    parameters[free[0]] = name
                else:
                    others = " and ".join(repr(p) for slot, p in enumerate(parameters) if order[slot] == source)
                    self._wrong("inputs_required", f"the source of {name!r} feeds {others} already", step.name,
                                spec.name, "name it in all_of once for each parameter it feeds")  # fmt: skip
                    fine = False
        return parameters if fine else None

    def _source(self, declared: SourceDeclaration) -> Source | None:
        if declared.step is None:
            if declared.kind is SourceKind.PROCESS_ERROR:
                return Source(declared.kind, None, ERROR_SOURCE)
            name = self._event_name(declared.event_id, None)
            return Source(declared.kind, None, name) if name else None
        step = self._step(declared.step)
        if step is None:
            return None
        if declared.kind is SourceKind.EVENT:
            name = self._event_name(declared.event_id, step.name)
            return Source(_kind_of_event(step, name), step.name, name) if name else None
        return self._automatic_source(declared, step)

    def _automatic_source(self, declared: SourceDeclaration, step: StepSpec) -> Source | None:
        is_result = declared.kind is SourceKind.RESULT
        if step.kind is not StepKind.STEP and step.graph is not None:
            return Source(declared.kind, step.name, RESULT_SOURCE if is_result else ERROR_SOURCE)
        function = self._pick_function(step, declared.function)
        if function is None:
            return None
        return Source(declared.kind, step.name, function.name + (RESULT_SUFFIX if is_result else ERROR_SUFFIX))

    def _event_name(self, event_id: Any, step: str | None) -> str | None:
        try:
            return event_name(event_id)
        except TypeError as error:
            self._wrong("invalid_event_id", str(error), step, None, "use a string or an Enum member")
            return None

    def _condition(self, condition: Condition | None, source: SourceDeclaration) -> Any:
        """Return (callable, text), None for no condition, False for a wrong one."""
        if condition is None:
            return None
        name = self._names.get(id(source.step))
        if isinstance(condition, str):
            try:
                return compile_predicate(condition, names=("data",)), condition
            except PredicateError as error:
                self._wrong("invalid_predicate", str(error), name, None, "see the column marked")
                return False
        if inspect.iscoroutinefunction(condition):
            self._wrong("invalid_predicate", f"{condition!r} is async: a condition is decided at once", name, None,
                        "use a plain function; ask before emitting")  # fmt: skip
            return False
        if not callable(condition):
            self._wrong("invalid_predicate", f"{condition!r} is neither a callable nor a predicate text", name)
            return False
        return condition, _callable_text(condition)

    def _target(self, target: Target) -> Any:
        """Return a RouteTarget, or False for a wrong one."""
        resolved = self._function(target)
        if resolved is None:
            return False
        step, spec = resolved
        if target.parameter is not None:
            if spec.parameter(target.parameter) is None:
                self._unknown_parameter(step, spec, target.parameter)
                return False
            return RouteTarget(step.name, spec.name, target.parameter)
        required = [p.name for p in spec.parameters if p.required]
        open_to = required or [p.name for p in spec.parameters]
        if len(open_to) > 1:
            self._wrong("parameter_required", f"{step.name}.{spec.name} takes {', '.join(open_to)}: which one?",
                        step.name, spec.name, f"parameter={open_to[0]!r}")  # fmt: skip
            return False
        return RouteTarget(step.name, spec.name, open_to[0] if open_to else None)

    def _function(self, target: Target) -> tuple[StepSpec, FunctionSpec] | None:
        step = self._step(target.step)
        if step is None:
            return None
        function = self._pick_function(step, target.function)
        return None if function is None else (step, function)

    def _pick_function(self, step: StepSpec, name: str | None) -> FunctionSpec | None:
        if name is None:
            if len(step.functions) == 1:
                return next(iter(step.functions.values()))
            if step.functions:
                how = "where_input_event_is(...)" if step.graph else "function=..."
                self._wrong("function_required", f"{step.name} has {', '.join(step.functions)}: which one?",
                            step.name, None, how)  # fmt: skip
            elif step.graph is not None:
                self._wrong("unknown_input_event", f"process {step.name} takes no input event", step.name)
            return None
        spec = step.functions.get(name)
        if spec is None and (step.functions or step.graph is not None):
            what = "input event" if step.graph else "function"
            self._wrong(f"unknown_{what.replace(' ', '_')}", f"{step.name} has no {what} {name!r}", step.name,
                        name, did_you_mean(name, step.functions))  # fmt: skip
        return spec

    def _step(self, reference: "StepHandle | str") -> StepSpec | None:
        if isinstance(reference, str):
            if reference not in self._steps:
                self._wrong("unknown_step", f"there is no step {reference!r}", reference, None,
                            did_you_mean(reference, self._steps))  # fmt: skip
            return self._steps.get(reference)
        name = self._names.get(id(reference))
        if name is None:
            if hasattr(reference, "declaration"):
                other = step_name(reference.declaration)
                self._wrong("foreign_step", f"step {other!r} belongs to another process", other, None,
                            "add it to this process, or route to the process that holds it")  # fmt: skip
            else:
                self._wrong("unknown_step", f"{reference!r} is not a step", None, None,
                            "pass what add_step returned")  # fmt: skip
            return None
        return self._steps.get(name)

    def _unknown_parameter(self, step: StepSpec, spec: FunctionSpec, name: str) -> None:
        if any(i.parameter == name for i in spec.injections):
            why = f"{name!r} of {step.name}.{spec.name} is injected; no route can feed it"
            self._wrong("unknown_parameter", why, step.name, spec.name, "name a data parameter")
            return
        hint = did_you_mean(name, (p.name for p in spec.parameters))
        self._wrong("unknown_parameter", f"{step.name}.{spec.name} has no data parameter {name!r}", step.name,
                    spec.name, hint)  # fmt: skip

    def _route(
        self,
        source: Source,
        target: RouteTarget | None,
        condition: tuple[Callable[[Any], Any], str] | None,
        index: int,
        *,
        otherwise: bool = False,
        join: int | None = None,
    ) -> Route:
        name = f"{source} -> {target or 'STOP'}"
        self._ids[name] += 1
        if self._ids[name] > 1:
            name = f"{name} #{self._ids[name]}"
        call, text = condition or (None, None)
        return Route(name, index, source, target, call, text, otherwise, join)

    def _wrong(
        self, code: str, message: str, step: str | None, function: str | None = None, suggestion: str | None = None
    ) -> None:
        self.problems.append(Problem(code, message, step, function, suggestion))


def _level(kind: StepKind) -> int:
    return 2 if kind is StepKind.MAP else 1


def _levels(graph: Graph) -> int:
    """Return how deep processes are nested in a graph."""
    return max((_level(step.kind) + _levels(step.graph) for step in graph.steps if step.graph is not None), default=0)


def _kind_of_event(step: StepSpec, name: str) -> SourceKind:
    """An automatic id named in `on_event` starts the same route as `on_function_result` and `on_function_error`."""
    function, _, suffix = name.rpartition(".")
    if function in step.functions or (not function and step.graph is not None):
        if suffix == RESULT_SOURCE:
            return SourceKind.RESULT
        if suffix == ERROR_SOURCE:
            return SourceKind.STEP_ERROR
    return SourceKind.EVENT


def _callable_text(condition: Callable[[Any], Any]) -> str:
    name = getattr(condition, "__name__", type(condition).__name__)
    return "a condition" if name == "<lambda>" else name


def _find_unfed(graph: Graph) -> Iterator[Problem]:
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


def _find_unwritable_names(graph: Graph) -> Iterator[Problem]:
    """Yield a problem for each name that is not Unicode: no run file could hold it as it is."""
    names: list[tuple[str, str, str | None]] = [("process", graph.name, None)]
    names += [("step", step.name, step.name) for step in graph.steps]
    names += [("function", name, step.name) for step in graph.steps for name in step.functions]
    ids = dict.fromkeys((route.source.event_id, route.source.step) for route in graph.routes)
    names += [("event", event_id, step) for event_id, step in ids if event_id is not None]
    for what, name, step in names:
        try:
            str.encode(name)
        except UnicodeEncodeError as error:
            text = f"the name of {what} {name!r} holds a lone surrogate (at character {error.start + 1})"
            yield Problem("unusable_name", text, step, None, "a surrogate is half a character; leave it out")


def _find_unreachable(graph: Graph) -> Iterator[Problem]:
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
    for name, function, parameter in sorted(fed_only_unreached, key=str):
        feeders = [
            r
            for r in graph.routes
            if r.target is not None
            and (r.target.step, r.target.function, r.target.parameter) == (name, function, parameter)
        ]
        if parameter is not None and all(r.source.step not in reached for r in feeders):
            yield Problem("unreachable_step", f"{name}.{function} may never fire: only unreachable steps feed"
                          f" {parameter!r}", name, function, "route an event to a step that feeds it")  # fmt: skip


def _find_read_once(graph: Graph) -> Iterator[Problem]:
    """Find parameters whose value can be read only once, so that the second time it is silently empty."""
    for step in graph.steps:
        for spec in step.functions.values():
            for parameter in spec.parameters:
                kind = get_origin(parameter.annotation) or parameter.annotation
                if kind in _READ_ONCE:
                    yield Problem("read_once", f"{step.name}.{spec.name} takes {parameter.name!r} as"
                                  f" {parameter.type_text}, which can be read only once: read again, or in a resumed"
                                  " run, it is empty", step.name, spec.name,
                                  "annotate a list[...], a Sequence[...] or another collection")  # fmt: skip
