"""What a builder collects before anything is checked: plain records."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from process_core.graph import Graph, SourceKind, StepKind

if TYPE_CHECKING:
    from process_core.definition.builder import ProcessBuilder, StepHandle

Condition = Callable[[Any], Any] | str


@dataclass(slots=True)
class StepDeclaration:
    """One `add_step`, `add_process` or `add_map_step`.

    Attributes:
        name: The name given, or None for the default.
        kind: Which of the three.
        step_class: The class, for a step and a map over a class.
        inner: The nested builder or graph.
        factory: Makes the instance.
        initial_state: As given.
    """

    name: Any
    kind: StepKind
    step_class: Any = None
    inner: "ProcessBuilder | Graph | None" = None
    factory: Callable[[], Any] | None = None
    initial_state: Any = None


@dataclass(frozen=True, slots=True)
class Target:
    """The function, and the parameter, that an event goes to.

    Attributes:
        step: A step handle, or a step's name.
        function: The function's name; needed where the step has several.
        parameter: The parameter's name; needed where it is not settled by the function.
    """

    step: "StepHandle | str"
    function: str | None = None
    parameter: str | None = None


@dataclass(frozen=True, slots=True)
class SourceDeclaration:
    """Where a route starts, as declared.

    Attributes:
        kind: What kind of event.
        step: The step's handle, or None where it starts at the process.
        event_id: The event id, for INPUT and EVENT.
        function: The function, for RESULT and STEP_ERROR; None means the only one.
    """

    kind: SourceKind
    step: "StepHandle | None" = None
    event_id: str | Enum | None = None
    function: str | None = None


@dataclass(frozen=True, slots=True)
class RouteDeclaration:
    """One `send_event_to` (with a target) or `stop_process` (without)."""

    source: SourceDeclaration
    target: Target | None
    condition: Condition | None = None
    otherwise: bool = False


@dataclass(frozen=True, slots=True)
class JoinDeclaration:
    """One `listen_for(...).send_event_to(...)`.

    Attributes:
        sources: In the order of `all_of`, each with its condition.
        target: Where the joined values go.
        inputs: Parameter -> source; None where it was left out.
        position: Number of routes declared before it, which fixes its place in the order.
    """

    sources: tuple[tuple[SourceDeclaration, Condition | None], ...]
    target: Target
    inputs: tuple[tuple[str, SourceDeclaration], ...] | None
    position: int
