"""The frozen, validated graph of a process: all that the engine and a screen need to know of it."""

import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from process_core.events import Visibility

RESULT_SUFFIX = ".OnResult"
ERROR_SUFFIX = ".OnError"
ERROR_SOURCE = "OnError"
"""Event id of `process.on_error()`, and of a nested step's own failure."""
RESULT_SOURCE = "OnResult"
"""Event id of a nested step's own result."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A data parameter of a function: one that routes can feed.

    Attributes:
        name: Its name.
        annotation: The resolved annotation; `typing.Any` where there is none.
        required: Whether it has no default.
    """

    name: str
    annotation: Any
    required: bool

    @property
    def type_text(self) -> str:
        """The annotation as a person writes it."""
        return type_text(self.annotation)


class Injected(StrEnum):
    """What an injected parameter is given."""

    CONTEXT = "context"
    SERVICES = "services"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Injection:
    """A parameter that the engine fills in, never a route.

    Attributes:
        parameter: Its name.
        kind: What it is given.
        service: The type asked for, where `kind` is SERVICE.
    """

    parameter: str
    kind: Injected
    service: Any = None


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """A function of a step: what a message can invoke.

    Attributes:
        name: The name routes use.
        method: The name of the method.
        parameters: Data parameters, in order of declaration.
        injections: Parameters that the engine fills in.
        is_async: Whether it is a coroutine function; if not it runs in a worker thread.
        visibility: Of its automatic result event.
    """

    name: str
    method: str
    parameters: tuple[Parameter, ...] = ()
    injections: tuple[Injection, ...] = ()
    is_async: bool = True
    visibility: Visibility = Visibility.INTERNAL

    def parameter(self, name: str) -> Parameter | None:
        """Return the data parameter of that name."""
        return next((p for p in self.parameters if p.name == name), None)

    @property
    def mapped(self) -> Parameter:
        """The parameter over whose list a map runs: the required one, else the first."""
        return next((p for p in self.parameters if p.required), self.parameters[0])


class StepKind(StrEnum):
    """What stands behind a step."""

    STEP = "step"
    PROCESS = "process"
    MAP = "map"


@dataclass(frozen=True, slots=True)
class StepSpec:
    """A step of a process.

    Attributes:
        name: Unique in its process.
        index: Place in the order of registration, from 0.
        kind: A class, a nested process, or a map over a list.
        functions: Functions by name; a nested process has one per input event, named by the event.
        step_class: The class, for a STEP and for a MAP over a class.
        factory: Makes the instance; None calls the class.
        state_type: Type of its state, or None.
        initial_state: The state a run starts from (copied), or None for the default of `state_type`.
        graph: The nested graph, for a PROCESS and for a MAP over a process.
    """

    name: str
    index: int
    kind: StepKind
    functions: Mapping[str, FunctionSpec]
    step_class: type[Any] | None = None
    factory: Callable[[], Any] | None = None
    state_type: Any = None
    initial_state: Any = None
    graph: "Graph | None" = None

    @property
    def has_state(self) -> bool:
        """Whether runs keep a state for it."""
        return self.kind is StepKind.STEP and (self.state_type is not None or self.initial_state is not None)


class SourceKind(StrEnum):
    """Where a route starts."""

    INPUT = "input"
    EVENT = "event"
    RESULT = "result"
    STEP_ERROR = "step_error"
    PROCESS_ERROR = "process_error"


@dataclass(frozen=True, slots=True)
class Source:
    """The start of a route: an event id at a step, or at the process itself.

    Attributes:
        kind: What kind of event.
        step: Name of the step, or None for INPUT and PROCESS_ERROR.
        event_id: The event id, for results and errors the automatic one.
    """

    kind: SourceKind
    step: str | None
    event_id: str

    def __str__(self) -> str:
        return f"{self.step}.{self.event_id}" if self.step else self.event_id


@dataclass(frozen=True, slots=True)
class RouteTarget:
    """The end of a route, settled when the process is built.

    Attributes:
        step: Name of the step.
        function: Name of the function.
        parameter: The parameter that takes the data; None triggers the function and drops the data.
        position: Which input of a join (`listen_for`) the data fills, or None outside joins.
    """

    step: str
    function: str
    parameter: str | None
    position: int | None = None

    def __str__(self) -> str:
        return f"{self.step}.{self.function}" + (f"({self.parameter})" if self.parameter else "")


@dataclass(frozen=True, slots=True)
class Route:
    """Source event -> target, or -> stop.

    Attributes:
        id: Unique in its process, the same at every build of the same definition.
        index: Place in the order of declaration, from 0.
        source: Where it starts.
        target: Where it ends; None stops the process.
        condition: Holds for this route only where it gives true; None always holds.
        condition_text: The condition as a person reads it.
        otherwise: Taken where no conditional route of the source matched.
        join: Number of the `listen_for` it belongs to, or None.
    """

    id: str
    index: int
    source: Source
    target: RouteTarget | None
    condition: Callable[[Any], Any] | None = None
    condition_text: str | None = None
    otherwise: bool = False
    join: int | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """An explicit join: a function fires when every input has a value.

    Attributes:
        index: Its number in the process, from 0.
        step: Target step.
        function: Target function.
        parameters: Per input, the parameter it feeds, or None for a mere trigger.
        sources: Per input, where it comes from.
    """

    index: int
    step: str
    function: str
    parameters: tuple[str | None, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A step as a screen draws it; plain data that crosses process borders.

    Attributes:
        path: Path from the root (`inner/Step`).
        name: Name in its own process.
        kind: A class, a nested process, or a map.
        functions: Names of its functions.
        parameters: Per function, names of the required data parameters it waits for.
    """

    path: str
    name: str
    kind: StepKind
    functions: tuple[str, ...] = ()
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edge:
    """A route as a screen draws it; plain data that crosses process borders.

    Attributes:
        id: Id of the route, unique within `scope`; what `WorkflowEvent.route` says.
        scope: Path of the process it belongs to, empty for the root.
        kind: What kind of event starts it.
        source: Path of the source step; empty where it starts at the process itself (entry, process error).
        event_id: The event id.
        target: Path of the target step; empty where it stops the process.
        function: Target function.
        parameter: Target parameter.
        condition: The condition as text; `otherwise` for the route taken when none matched.
        joined: Whether it is an input of an explicit join.
    """

    id: str
    scope: str
    kind: SourceKind
    source: str
    event_id: str
    target: str
    function: str | None = None
    parameter: str | None = None
    condition: str | None = None
    joined: bool = False

    @property
    def key(self) -> str:
        """An id unique in the whole picture."""
        return f"{self.scope}/{self.id}" if self.scope else self.id


@dataclass(frozen=True, slots=True)
class Graph:
    """A whole process, checked.

    Attributes:
        name: The process's name.
        steps: In order of registration.
        routes: In order of declaration.
        joins: The explicit joins.
        input_events: Ids of the outside events it takes in.
        max_supersteps: Supersteps allowed since the last outside input; None where the definition leaves it open.
    """

    name: str
    steps: tuple[StepSpec, ...]
    routes: tuple[Route, ...]
    joins: tuple[Join, ...]
    input_events: tuple[str, ...]
    max_supersteps: int | None = None

    def step(self, name: str) -> StepSpec:
        """Return the step of that name; KeyError where there is none."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def stateful(self, prefix: str = "") -> Iterator[tuple[str, StepSpec]]:
        """Return every step that keeps state, at any depth."""
        for step in self.steps:
            if step.has_state:
                yield prefix + step.name, step
            if step.kind is StepKind.PROCESS and step.graph is not None:
                yield from step.graph.stateful(f"{prefix}{step.name}/")

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every step, nested ones after the step that holds them."""
        return tuple(_nodes(self, ""))

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Every route, those of nested processes after those of their parent."""
        return tuple(_edges(self, ""))


def _nodes(graph: Graph, prefix: str) -> Iterator[Node]:
    for step in graph.steps:
        path = prefix + step.name
        needs = {f.name: tuple(p.name for p in f.parameters if p.required) for f in step.functions.values()}
        yield Node(path, step.name, step.kind, tuple(step.functions), needs)
        if step.graph is not None:
            yield from _nodes(step.graph, path + "/")


def _edges(graph: Graph, prefix: str) -> Iterator[Edge]:
    for route in graph.routes:
        source, target = route.source, route.target
        yield Edge(
            id=route.id,
            scope=prefix.rstrip("/"),
            kind=source.kind,
            source=prefix + source.step if source.step else "",
            event_id=source.event_id,
            target=prefix + target.step if target else "",
            function=target.function if target else None,
            parameter=target.parameter if target else None,
            condition="otherwise" if route.otherwise else route.condition_text,
            joined=route.join is not None,
        )
    for step in graph.steps:
        if step.graph is not None:
            yield from _edges(step.graph, prefix + step.name + "/")


def type_text(annotation: Any) -> str:
    """Write a type the way a person does (`list[str]`, not `<class 'list'>`)."""
    if annotation is Any:
        return "Any"
    if annotation is None or annotation is type(None):
        return "None"
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return annotation.__qualname__.rpartition("<locals>.")[2]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return " | ".join(map(type_text, typing.get_args(annotation)))
    return str(annotation).replace("typing.", "")
