"""What the worker sends of its own accord: how things are in the session, and that new code is in force.

A status has counts and never events: those are read from the run file.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from process_core.events import RunState
from process_core.graph import Edge, Node
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.envelope import Message, Notice, ProblemInfo, Reply


class PendingMessage(Message):
    """A message that is still to be delivered.

    Attributes:
        id: Unique in the run.
        event_id: The event.
        seq: Seq of the event that brought it, or None.
        source: Path of the step that emitted it, empty for outside events.
        target: Path of the step it goes to, empty for STOP.
        function: Target function.
        parameter: Target parameter.
        route: Route id.
        preview: The payload in one bounded line.
        next: Whether it is the one to be delivered next.
        held: Whether it is kept back until it is let go.
        changed: Whether it was edited, injected or duplicated by hand.
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


class OpenRequest(Message):
    """A question that a step waits on."""

    request_id: str
    path: str
    function: str | None
    prompt: str
    response_type: str
    seq: int


class PausedAt(Message):
    """Where a run is paused.

    Attributes:
        reason: Why: a breakpoint, a step verb, the pause key, or at the start.
        message: The message that is next, or None where the pause is not before a message.
        seq: Seq of the event the screen should highlight (the event that brought the message).
        path: Path of the step concerned.
        breakpoint: Id of the breakpoint that was hit.
    """

    reason: Literal["breakpoint", "step", "next", "pause", "start", "into", "out", "run_to"]
    message: PendingMessage | None = None
    seq: int | None = None
    path: str = ""
    breakpoint: int | None = None


class WaitingInputs(Message):
    """A function that holds some of its inputs and misses others."""

    path: str
    function: str
    arrived: tuple[str, ...]
    missing: tuple[str, ...]


class ReloadInfo(Message):
    """What has become of the last edit that is not in force.

    Attributes:
        state: `pending`: loaded, waits for the end of a superstep; `failed`: cannot be loaded; `unfit`: the state of
            a step does not fit it, so that somebody has to choose.
        message: What is wrong, in a few lines.
        problems: The problems of the definition, where those are what is wrong.
        traceback: Of the user's own code, without frames of ours.
        unfit: Why not, by path of the step.
    """

    state: Literal["pending", "failed", "unfit"]
    message: str = ""
    problems: tuple[ProblemInfo, ...] = ()
    traceback: str | None = None
    unfit: dict[str, str] = Field(default_factory=dict)


class Status(Message):
    """Where the session stands; sent when it changes, at most 30 times a second.

    Attributes:
        run_id: Of the current run; empty before the first.
        run_file: Path of the current run's file; every event up to `written` can be read there.
        state: Of the run; None before it is started.
        written: Seq of the last event in the run file.
        superstep: Of the root process.
        paused: Where the run is paused, or None.
        pausing: Whether a pause was asked for and has not come yet: it waits for the next message.
        running: Paths of steps whose function runs now.
        parked: Paths of steps that wait for an answer.
        failed: Paths of steps that failed.
        waiting: Functions that hold part of their inputs.
        requests: Open questions.
        pending: Number of messages still to be delivered.
        breakpoints: All of them.
        muted: Whether no breakpoint stops the run.
        undo: What `Undo` would take back, in one line; None where there is nothing.
        generation: Code generation, from 1.
        reload: What has become of an edit that is not in force, or None.
        blocked_for: Seconds for which the worker's event loop has not answered (a step that hangs), else 0.
        error: Why the run failed, in one line.
    """

    type: Literal["status"] = "status"
    run_id: str = ""
    run_file: str = ""
    state: RunState | None = None
    written: int = 0
    superstep: int = 0
    paused: PausedAt | None = None
    pausing: bool = False
    running: tuple[str, ...] = ()
    parked: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    waiting: tuple[WaitingInputs, ...] = ()
    requests: tuple[OpenRequest, ...] = ()
    pending: int = 0
    breakpoints: tuple[BreakpointSpec, ...] = ()
    muted: bool = False
    undo: str | None = None
    generation: int = 1
    reload: ReloadInfo | None = None
    blocked_for: float = 0.0
    error: str | None = None


class Loaded(Message):
    """What `Load` found; the value of its reply."""

    target: str
    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    input_events: tuple[str, ...]
    warnings: tuple[ProblemInfo, ...] = ()


class Reloaded(Message):
    """New code is in force.

    Attributes:
        loaded: What the target holds now.
        generation: Of the code.
        on_old_code: Paths of steps that finish on the code they began with.
        held: Messages that the new code has no place for.
    """

    type: Literal["reloaded"] = "reloaded"
    loaded: Loaded
    generation: int
    on_old_code: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


AnyAnswer = Annotated[Reply | Status | Notice | Reloaded, Field(discriminator="type")]

answers: TypeAdapter[AnyAnswer] = TypeAdapter(AnyAnswer)
