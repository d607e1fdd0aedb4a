"""What a debugger shows of a run: where it is paused, what is pending, what is live.

These records travel to the clients of a session as they are, so they hold no objects of the engine.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Reason = Literal["breakpoint", "step", "next", "pause", "start", "into", "out", "run_to"]


@dataclass(frozen=True, slots=True)
class PendingMessage:
    """A message that is still to be delivered.

    Attributes:
        id: Unique in the run; an outside event that no superstep has consumed has one too.
        event_id: The event.
        seq: Seq of the event that brought it, or None.
        source: Path of the step that emitted it, empty for outside events.
        target: Path of the step it goes to, empty for STOP.
        function: Target function.
        parameter: Target parameter.
        route: Route id.
        preview: The payload in one bounded line, where it travels.
        next: Whether it is the one to be delivered next.
        held: Whether it is held until it is released.
        changed: Whether it was edited, injected, duplicated, or given a result by hand.
        data: The payload, or NO_DATA; it does not travel.
    """

    id: int
    event_id: str
    seq: int | None = None
    source: str = ""
    target: str = ""
    function: str | None = None
    parameter: str | None = None
    route: str | None = None
    preview: str = ""
    next: bool = False
    held: bool = False
    changed: bool = False
    data: Any = field(default=None, compare=False, metadata={"exclude": True})


@dataclass(frozen=True, slots=True)
class PausePoint:
    """Where a run is paused.

    Attributes:
        reason: Why: a breakpoint, a stepping verb, the pause key, or at the start.
        message: The message that is next, or None where the pause is not before a message.
        seq: Seq of the event to look at: the one that brought the message, or that of what is in `about`.
        path: Path of the step concerned: the target of the message, or the step that did what was waited for.
        breakpoint: Id of the breakpoint that was hit.
        about: What has happened, in words (`Stock.reserve failed: KeyError: 'pen'`), where the pause is because of that
            and not before the message; empty otherwise.
        function: The function concerned.
    """

    reason: Reason
    message: PendingMessage | None = None
    seq: int | None = None
    path: str = ""
    breakpoint: int | None = None
    about: str = ""
    function: str | None = None


@dataclass(frozen=True, slots=True)
class WaitingInputs:
    """A function that has some of its inputs and misses others."""

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
        waiting: Functions that have part of their inputs.
    """

    running: tuple[str, ...] = ()
    parked: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    waiting: tuple[WaitingInputs, ...] = ()
