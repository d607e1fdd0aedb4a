"""A graph compiled for running: every name looked up once, so that a hop is a few attribute reads."""

import copy
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from process_core.concealment import Concealment
from process_core.events import Visibility
from process_core.graph import (
    ERROR_SOURCE,
    ERROR_SUFFIX,
    RESULT_SOURCE,
    RESULT_SUFFIX,
    FunctionSpec,
    Graph,
    Injected,
    Route,
    SourceKind,
    StepKind,
    StepSpec,
    type_text,
)
from process_core.payload_check import PayloadCheck
from process_core.services import MissingServiceError, Services
from process_core.step import Step


class CompiledInputGroup:
    """The inputs that together make one call: the routed parameters of a function, or one `listen_for`.

    Attributes:
        function: The function called.
        parameters: Per input the parameter fed, or None for a mere trigger.
        required: Places of the inputs that must have a value before the function fires.
        is_direct: Whether every delivery is a call of its own, so that nothing ever waits.
    """

    __slots__ = ("function", "is_direct", "parameters", "required")

    def __init__(self, function: "CompiledFunction", parameters: Sequence[str | None], *, is_join: bool) -> None:
        self.function = function
        self.parameters = tuple(parameters)
        specs = [function.spec.parameter(p) if p is not None else None for p in parameters]
        self.required = tuple(i for i, p in enumerate(specs) if is_join or p is None or p.required)
        self.is_direct = len(self.parameters) == 1

    def name(self, position: int) -> str:
        """Return what a person calls an input."""
        return self.parameters[position] or f"input {position + 1}"


class CompiledFunction:
    """A function, ready to be called.

    Attributes:
        spec: The function.
        name: Its name.
        result_id: Id of its automatic result event.
        error_id: Id of its automatic error event.
        is_covered: Whether an error route may let the run go on after it fails.
        context_parameter: The parameter that takes the context, where that is all that is injected.
    """

    __slots__ = ("context_parameter", "error_id", "is_covered", "name", "result_id", "spec", "visibility")

    def __init__(self, spec: FunctionSpec, step: StepSpec) -> None:
        self.spec = spec
        self.name = spec.name
        is_process = step.graph is not None
        self.result_id = RESULT_SOURCE if is_process else spec.name + RESULT_SUFFIX
        self.error_id = ERROR_SOURCE if is_process else spec.name + ERROR_SUFFIX
        self.visibility: Visibility = spec.visibility
        self.is_covered = False
        injections = spec.injections
        is_plain = len(injections) == 1 and injections[0].kind is Injected.CONTEXT
        self.context_parameter = injections[0].parameter if is_plain else None


class CompiledRoute:
    """A route, ready to be travelled by messages.

    Attributes:
        route: The route.
        id: Its id.
        step: The target step, or None for STOP.
        function: The target function.
        group: The inputs it belongs to.
        position: Its place among them.
        parameter: The parameter it feeds, or None.
        required: Whether that parameter is required.
        is_joined: Whether it is an input of an explicit join.
        exact: Types that pass unchecked; None where anything does.
        check: Checks any other payload.
        conceal: Hides the secrets in plain data that comes from outside.
    """

    __slots__ = (
        "check",
        "conceal",
        "exact",
        "function",
        "group",
        "id",
        "is_joined",
        "parameter",
        "position",
        "required",
        "route",
        "step",
    )

    def __init__(
        self, route: Route, step: "CompiledStep | None", group: CompiledInputGroup | None, position: int
    ) -> None:
        self.route = route
        self.id = route.id
        self.step = step
        self.group = group
        self.function = group.function if group else None
        self.position = position
        self.parameter = route.target.parameter if route.target else None
        parameter = self.function.spec.parameter(self.parameter) if self.function and self.parameter else None
        self.required = parameter is not None and parameter.required
        self.is_joined = route.join is not None
        # Elements of a map are checked one by one when they are dealt out, not as the list they come in.
        whole = parameter is None or (step is not None and step.spec.kind is StepKind.MAP)
        self.check = PayloadCheck(Any if whole or parameter is None else parameter.annotation)
        self.exact = self.check.exact
        annotation = Any if parameter is None else parameter.annotation
        self.conceal = Concealment(list[annotation] if whole and parameter is not None else annotation)  # type: ignore[valid-type]  # made at run time

    @property
    def target(self) -> str:
        """The target as a person writes it."""
        return str(self.route.target or "STOP")


class RouteSet:
    """All routes of one source.

    Attributes:
        routes: In order of declaration.
        is_conditional: Whether any of them depends on the payload.
    """

    __slots__ = ("is_conditional", "routes")

    def __init__(self, routes: Sequence[CompiledRoute]) -> None:
        self.routes = tuple(routes)
        self.is_conditional = any(r.route.condition is not None or r.route.otherwise for r in routes)

    def conceal(self, data: Any) -> Any:
        """Return plain data from outside with what any of the routes leads to as a secret hidden in one."""
        for route in self.routes:
            data = route.conceal(data)
        return data

    def matching(self, data: Any, failed: Callable[[CompiledRoute, BaseException], None]) -> Sequence[CompiledRoute]:
        """Return the routes an event takes.

        Returns:
            Those without condition, those whose condition holds, and where none did the `otherwise` ones; in order of
            declaration. Empty where nothing matched.
        """
        if not self.is_conditional:
            return self.routes
        taken: list[CompiledRoute] = []
        for route in self.routes:
            condition = route.route.condition
            if route.route.otherwise:
                continue
            try:
                if condition is None or condition(data):
                    taken.append(route)
            except BaseException as error:  # noqa: BLE001 - the condition is the user's
                failed(route, error)
        return taken or [r for r in self.routes if r.route.otherwise]


class CompiledStep:
    """A step, ready to run.

    Attributes:
        spec: The step.
        index: Place in the order of registration.
        name: Its name.
        functions: By name.
        routes: By event id.
        groups: The groups of inputs of its functions, in the order of the routes and joins that made them.
        inner: The nested plan, for a process and a map over one.
        element: The plan of one element, for a map.
        is_leaf: Whether its functions are methods of an instance.
        is_bare: Whether its instances are put to use and let go of without a call.
        has_state: Whether runs keep a state for it.
        automatic: The ids that only the engine may emit for it; of a nested process, too, since public events become
            its own.
    """

    __slots__ = (
        "automatic",
        "element",
        "functions",
        "groups",
        "has_state",
        "index",
        "inner",
        "is_bare",
        "is_leaf",
        "name",
        "routes",
        "spec",
    )

    def __init__(self, spec: StepSpec) -> None:
        self.spec = spec
        self.index = spec.index
        self.name = spec.name
        self.functions = {name: CompiledFunction(f, spec) for name, f in spec.functions.items()}
        of_functions = (i for f in self.functions.values() for i in (f.result_id, f.error_id))
        self.automatic = frozenset([*of_functions, RESULT_SOURCE, ERROR_SOURCE])
        self.routes: dict[str, RouteSet] = {}
        self.groups: list[CompiledInputGroup] = []
        self.inner = CompiledProcess(spec.graph) if spec.graph is not None else None
        self.is_leaf = spec.kind is StepKind.STEP
        made = spec.step_class if spec.factory is None else None
        self.is_bare = made is not None and (made.activate, made.deactivate) == (Step.activate, Step.deactivate)
        self.has_state = spec.has_state
        self.element: CompiledStep | None = None
        if spec.kind is StepKind.MAP:
            kind = StepKind.STEP if spec.graph is None else StepKind.PROCESS
            self.element = CompiledStep(dataclasses.replace(spec, kind=kind))

    def without_routes(self) -> "CompiledStep":
        """Return the same step where nothing takes what it emits."""
        alone = copy.copy(self)
        alone.routes = {}
        alone.groups = []
        return alone


class CompiledProcess:
    """A whole process, ready to run.

    Attributes:
        graph: What it was compiled from.
        steps: In order of registration.
        entries: Routes by outside event.
        errors: Routes of `on_error`, or None.
        processes: The steps that are nested processes.
        stateful: The steps that have a state, or may have some inside.
        max_supersteps: What its definition allows, or None.
        services: Every service that a function asks for, at any depth: path of the step, name of the function, type.
    """

    __slots__ = ("entries", "errors", "graph", "max_supersteps", "processes", "services", "stateful", "steps")

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.max_supersteps = graph.max_supersteps
        self.steps = [CompiledStep(spec) for spec in graph.steps]
        self.processes = tuple(step for step in self.steps if step.spec.kind is StepKind.PROCESS)
        self.stateful = tuple(step for step in self.steps if step.has_state or step.spec.kind is StepKind.PROCESS)
        self.services = tuple(self._services())
        by_name = {step.name: step for step in self.steps}
        self.entries: dict[str, RouteSet] = {}
        self.errors: RouteSet | None = None
        groups = self._groups(by_name)
        gathered: dict[tuple[str | None, str], list[CompiledRoute]] = {}
        for route in graph.routes:
            gathered.setdefault((route.source.step, route.source.event_id), []).append(
                self._route(route, by_name, groups)
            )
        for (step, event_id), routes in gathered.items():
            if step is not None:
                by_name[step].routes[event_id] = RouteSet(routes)
            elif routes[0].route.source.kind is SourceKind.PROCESS_ERROR:
                self.errors = RouteSet(routes)
            else:
                self.entries[event_id] = RouteSet(routes)
        for plan in self.steps:
            for function in plan.functions.values():
                function.is_covered = self.errors is not None or function.error_id in plan.routes

    def _groups(self, by_name: dict[str, CompiledStep]) -> dict[tuple[str, str, int | None], CompiledInputGroup]:
        fed: dict[tuple[str, str], set[str | None]] = {}
        for route in self.graph.routes:
            if route.target is not None and route.join is None:
                fed.setdefault((route.target.step, route.target.function), set()).add(route.target.parameter)
        groups: dict[tuple[str, str, int | None], CompiledInputGroup] = {}
        for (step, name), parameters in fed.items():
            function = by_name[step].functions[name]
            order: list[str | None] = [p.name for p in function.spec.parameters if p.name in parameters]
            groups[step, name, None] = CompiledInputGroup(function, order or [None], is_join=False)
        for join in self.graph.joins:
            function = by_name[join.step].functions[join.function]
            groups[join.step, join.function, join.index] = CompiledInputGroup(function, join.parameters, is_join=True)
        for (step, _, _), group in groups.items():
            by_name[step].groups.append(group)
        return groups

    @staticmethod
    def _route(
        route: Route, by_name: dict[str, CompiledStep], groups: dict[tuple[str, str, int | None], CompiledInputGroup]
    ) -> CompiledRoute:
        target = route.target
        if target is None:
            return CompiledRoute(route, None, None, 0)
        group = groups[target.step, target.function, route.join]
        position = target.position if target.position is not None else group.parameters.index(target.parameter)
        return CompiledRoute(route, by_name[target.step], group, position)

    def step_named(self, name: str) -> CompiledStep | None:
        """Return a step of this process, or None."""
        return next((step for step in self.steps if step.name == name), None)

    def all_routes(self) -> Iterator[CompiledRoute]:
        """Return every route of this process, not those of nested ones."""
        sets = [*(s for step in self.steps for s in step.routes.values()), *self.entries.values()]
        if self.errors is not None:
            sets.append(self.errors)
        for routes in sets:
            yield from routes.routes

    def check_services(self, services: Services) -> None:
        """Raise MissingServiceError where a step asks for a service that is missing; names step, function and type."""
        missing = [(path, name, kind) for path, name, kind in self.services if kind not in services]
        if missing:
            wanted = "; ".join(f"{path}.{name} asks for {type_text(kind)}" for path, name, kind in missing)
            first = type_text(missing[0][2])
            raise MissingServiceError(
                f"missing service: {wanted} (services.add({first}, ...), then pass services=services)"
            )

    def _services(self) -> Iterator[tuple[str, str, Any]]:
        for step in self.steps:
            for function in step.functions.values():
                for injection in function.spec.injections:
                    if injection.kind is Injected.SERVICE:
                        yield step.name, function.name, injection.service
            if step.inner is not None:
                for path, name, service in step.inner.services:
                    yield f"{step.name}/{path}", name, service
