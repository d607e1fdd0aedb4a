"""Defines a process: steps, routes and entry events, checked as a whole when it is built."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

from process_core.definition.declarations import (
    Condition,
    JoinDeclaration,
    RouteDeclaration,
    SourceDeclaration,
    StepDeclaration,
    Target,
)
from process_core.definition.validator import DefinitionValidator
from process_core.errors import ProcessDefinitionError
from process_core.graph import Graph, SourceKind, StepKind
from process_core.process import Process


class EventSource:
    """The start of routes: an event of a step or of the process.

    `send_event_to` and `stop_process` chain; each adds a target, in order. `when` and `otherwise` hold for the targets
    chained after them.
    """

    __slots__ = ("_builder", "_condition", "_declaration", "_otherwise")

    def __init__(self, builder: "ProcessBuilder", declaration: SourceDeclaration) -> None:
        self._builder = builder
        self._declaration = declaration
        self._condition: Condition | None = None
        self._otherwise = False

    def send_event_to(
        self, target: "StepHandle | Target | str", function: str | None = None, parameter: str | None = None
    ) -> "EventSource":
        """Send the event to a function of a step.

        Args:
            target: The step, its name, or a `Target`.
            function: The function; needed where the step has several.
            parameter: The parameter that takes the data; needed where the function leaves it open.

        Returns:
            This source, for the next target.
        """
        self._builder.declare_route(
            self._declaration, as_target(target, function, parameter), self._condition, self._otherwise
        )
        return self

    def stop_process(self) -> "EventSource":
        """Stop the process when the event is emitted.

        Returns:
            This source, for the next target.
        """
        self._builder.declare_route(self._declaration, None, self._condition, self._otherwise)
        return self

    def when(self, predicate: Condition) -> "EventSource":
        """Make the targets that follow conditional.

        Args:
            predicate: A callable on the event's data, or a predicate text such as `data.total > 10`.

        Returns:
            This source; a later `when` replaces this one.
        """
        self._condition, self._otherwise = predicate, False
        return self

    def otherwise(self) -> "EventSource":
        """Make the targets that follow those taken where no `when` of this source matched.

        Returns:
            This source.
        """
        self._condition, self._otherwise = None, True
        return self

    @property
    def declaration(self) -> SourceDeclaration:
        """What was declared."""
        return self._declaration

    @property
    def condition(self) -> Condition | None:
        """The condition that targets chained now would get."""
        return self._condition


class JoinSource:
    """Several sources that fire together, once each has an event."""

    __slots__ = ("_builder", "_sources")

    def __init__(self, builder: "ProcessBuilder", sources: Sequence[EventSource]) -> None:
        self._builder = builder
        self._sources = tuple(sources)

    def send_event_to(
        self,
        target: "StepHandle | Target | str",
        function: str | None = None,
        *,
        inputs: Mapping[str, EventSource] | None = None,
    ) -> "JoinSource":
        """Send the joined events to a function.

        Args:
            target: The step, its name, or a `Target`.
            function: The function; needed where the step has several.
            inputs: Parameter -> the source that feeds it; may be left out for a function without data parameters.

        Returns:
            This join, for the next target.
        """
        self._builder.declare_join(self._sources, as_target(target, function, None), inputs)
        return self


class StepHandle:
    """A step of the process being built."""

    __slots__ = ("builder", "declaration")

    def __init__(self, builder: "ProcessBuilder", declaration: StepDeclaration) -> None:
        self.builder = builder
        self.declaration = declaration

    def on_event(self, event_id: str | Enum) -> EventSource:
        """Start routes at an event that the step emits.

        Args:
            event_id: The event id; automatic ones (`respond.OnResult`) may be used too.
        """
        return self._source(SourceKind.EVENT, event_id=event_id)

    def on_function_result(self, function: str | None = None) -> EventSource:
        """Start routes at the result of a function.

        Args:
            function: The function; may be left out where the step has one.
        """
        return self._source(SourceKind.RESULT, function=function)

    def on_function_error(self, function: str | None = None) -> EventSource:
        """Start routes at the failure of a function; the target receives a `StepFailure`.

        Args:
            function: The function; may be left out where the step has one.
        """
        return self._source(SourceKind.STEP_ERROR, function=function)

    def where_input_event_is(self, event_id: str | Enum) -> Target:
        """Target a nested process through one of its input events.

        Args:
            event_id: The input event of the nested process.
        """
        return Target(self, function=event_id if isinstance(event_id, str) else str(event_id.value))

    def _source(self, kind: SourceKind, event_id: str | Enum | None = None, function: str | None = None) -> EventSource:
        return EventSource(self.builder, SourceDeclaration(kind, self, event_id, function))

    def __repr__(self) -> str:
        return f"<step {self.declaration.name or getattr(self.declaration.step_class, '__name__', '?')!r}>"


class ProcessBuilder:
    """Collects the definition of a process; nothing is checked before `build`.

    Args:
        name: The process's name.
        max_supersteps: Supersteps that its runs may take since the last outside input; a run's own option goes before
            it. Left out: 1000, or for a nested process what its parent may.
    """

    def __init__(self, name: str, max_supersteps: int | None = None) -> None:
        self.name = name
        self.max_supersteps = max_supersteps
        self.steps: list[StepHandle] = []
        self.routes: list[RouteDeclaration] = []
        self.joins: list[JoinDeclaration] = []

    def add_step(
        self,
        step_class: type[Any],
        name: str | None = None,
        initial_state: Any = None,
        factory: Callable[[], Any] | None = None,
    ) -> StepHandle:
        """Add a step.

        Args:
            step_class: A subclass of `Step`.
            name: Its name; by default the class's.
            initial_state: The state a run starts from; each run gets a copy.
            factory: Makes the instance; by default the class is called.

        Returns:
            The handle that routes start from and go to.
        """
        return self._add(StepDeclaration(name, StepKind.STEP, step_class, None, factory, initial_state))

    def add_process(self, process: "ProcessBuilder | Process", name: str | None = None) -> StepHandle:
        """Add a nested process, which is a step of this one.

        Args:
            process: A builder (built with this one) or a built process.
            name: Its name; by default the process's.
        """
        inner = process.graph if isinstance(process, Process) else process
        return self._add(StepDeclaration(name, StepKind.PROCESS, inner=inner))

    def add_map_step(
        self,
        step: "type[Any] | ProcessBuilder | Process",
        name: str | None = None,
        initial_state: Any = None,
        factory: Callable[[], Any] | None = None,
    ) -> StepHandle:
        """Add a step that maps a step, or a process, over a list; results come in input order.

        Args:
            step: A subclass of `Step`, a builder or a process.
            name: Its name; by default that of the class or process.
            initial_state: The state each element starts from.
            factory: Makes the instance of each element.
        """
        if isinstance(step, ProcessBuilder | Process):
            inner = step.graph if isinstance(step, Process) else step
            return self._add(StepDeclaration(name, StepKind.MAP, inner=inner))
        return self._add(StepDeclaration(name, StepKind.MAP, step, None, factory, initial_state))

    def on_input_event(self, event_id: str | Enum) -> EventSource:
        """Start routes at an outside event.

        Args:
            event_id: The event id.
        """
        return EventSource(self, SourceDeclaration(SourceKind.INPUT, None, event_id))

    def on_error(self) -> EventSource:
        """Start routes at any failure that its step does not handle; the target receives a `StepFailure`."""
        return EventSource(self, SourceDeclaration(SourceKind.PROCESS_ERROR))

    def listen_for(self, *, all_of: Sequence[EventSource]) -> JoinSource:
        """Join events: the target fires each time every source has one.

        Args:
            all_of: The sources.
        """
        return JoinSource(self, all_of)

    def build(self) -> Process:
        """Check everything and make the process.

        Returns:
            The process; problems that are only warnings stand in its `warnings`.

        Raises:
            ProcessDefinitionError: With every problem at once.
        """
        graph, resolver = self.resolve(())
        if resolver.problems:
            raise ProcessDefinitionError(str(self.name), resolver.problems)
        return Process(graph, tuple(resolver.warnings))

    def resolve(self, enclosing: "tuple[ProcessBuilder, ...]") -> "tuple[Graph, DefinitionValidator]":
        """Check this definition as part of others.

        Args:
            enclosing: The builders this one is nested in, outermost first.

        Returns:
            The graph, sound only where the resolver has no problems, and the resolver.
        """
        resolver = DefinitionValidator(self.name)
        graph = resolver.resolve(self, enclosing)
        return graph, resolver

    def declare_route(
        self, source: SourceDeclaration, target: Target | None, condition: Condition | None, otherwise: bool
    ) -> None:
        """Add a route; what `EventSource` does for its user."""
        self.routes.append(RouteDeclaration(source, target, condition, otherwise))

    def declare_join(
        self, sources: Sequence[EventSource], target: Target, inputs: Mapping[str, EventSource] | None
    ) -> None:
        """Add a join; what `JoinSource` does for its user."""
        pairs = None if inputs is None else tuple((name, source.declaration) for name, source in inputs.items())
        declared = tuple((source.declaration, source.condition) for source in sources)
        self.joins.append(JoinDeclaration(declared, target, pairs, len(self.routes)))

    def _add(self, declaration: StepDeclaration) -> StepHandle:
        handle = StepHandle(self, declaration)
        self.steps.append(handle)
        return handle

    def __repr__(self) -> str:
        return f"<ProcessBuilder {self.name!r}: {len(self.steps)} steps, {len(self.routes)} routes>"


def as_target(step: "StepHandle | Target | str", function: str | None, parameter: str | None) -> Target:
    """Return the target that the arguments of `send_event_to` mean; they go before those of a `Target`."""
    if isinstance(step, Target):
        return Target(step.step, function or step.function, parameter or step.parameter)
    return Target(step, function, parameter)
