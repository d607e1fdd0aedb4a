"""What a debugger shows of a run: where it is paused, what is pending, what is live."""

from dataclasses import dataclass
from typing import Any, Literal

from process_core.debug.breakpoints import Breakpoint
from process_core.engine.records import Message

Reason = Literal["breakpoint", "step", "next", "pause", "start", "into", "out", "run_to"]


@dataclass(frozen=True, slots=True)
class PendingItem:
    """A message that is still to be delivered.

    Attributes:
        id: Unique in the run; an outside event that no superstep has taken in has one too.
        event_id: The event.
        seq: Seq of the event that brought it, or None.
        source: Path of the step that emitted it, empty for outside events.
        target: Path of the step it goes to.
        function: Target function.
        parameter: Target parameter.
        route: Route id.
        data: The payload, or NO_DATA.
        next: Whether it is the one to be delivered next.
        held: Whether it is kept back until it is let go.
        changed: Whether it was edited, injected, duplicated, or given a result by hand.
    """

    id: int
    event_id: str
    seq: int | None
    source: str
    target: str
    function: str | None
    parameter: str | None
    route: str | None
    data: Any
    next: bool = False
    held: bool = False
    changed: bool = False


@dataclass(frozen=True, slots=True)
class PausePoint:
    """Where a run is paused.

    Attributes:
        reason: Why.
        message: The message that is next, or None where the pause is not before a message.
        breakpoint: The breakpoint that was hit.
        seq: Seq of the event to look at.
        path: Path of the step concerned: the target of the message, or the step that did what was waited for.
    """

    reason: Reason
    message: PendingItem | None = None
    breakpoint: Breakpoint | None = None
    seq: int | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class WaitingFunction:
    """A function that holds some of its inputs and misses others."""

    path: str
    function: str
    arrived: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LiveSteps:
    """What steps are doing now.

    Attributes:
        running: Paths of steps whose function runs.
        parked: Paths of steps that wait for an answer.
        failed: Paths of steps whose last call failed.
        waiting: Functions that hold part of their inputs.
    """

    running: tuple[str, ...] = ()
    parked: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    waiting: tuple[WaitingFunction, ...] = ()


def pending_item(
    message: Message, prefix: str, *, is_next: bool = False, is_held: bool = False, is_changed: bool = False
) -> PendingItem:
    """Describe a message.

    Args:
        message: The message.
        prefix: What the paths of its process start with.
        is_next: Whether it is delivered next.
        is_held: Whether it is kept back.
        is_changed: Whether it was changed by hand.
    """
    route = message.route
    return PendingItem(
        message.id,
        message.event_id,
        message.seq or None,
        message.source,
        prefix + route.step.name if route.step else "",
        route.function.name if route.function else None,
        route.parameter,
        route.id,
        message.data,
        is_next,
        is_held,
        is_changed,
    )
