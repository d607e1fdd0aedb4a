"""What the worker sends: the status of the session, unasked, that new code is in force, and the debugger's records.

A status has counts and never events: those are read from the run file.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from process_core.debug.debug_state import PausePoint, PendingMessage, WaitingInputs
from process_core.debug.explain.model import (
    ExplainedEvent,
    ExplainedFunction,
    ExplainedInput,
    ExplainedRoute,
    Explanation,
)
from process_core.events import RunState
from process_core.graph import Edge, Node
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.envelope import Failure, Message, Notice, PathText, ProblemInfo, Reply, bounded
from process_core.session.protocol.framing import FrameTooLargeError, encode, from_frame, to_json

__all__ = [
    "AnyAnswer",
    "ExplainedEvent",
    "ExplainedFunction",
    "ExplainedInput",
    "ExplainedRoute",
    "Explanation",
    "Loaded",
    "OpenRequest",
    "PausePoint",
    "PendingMessage",
    "ReloadInfo",
    "Reloaded",
    "Status",
    "WaitingInputs",
    "answer_frame",
    "answers",
    "read_answer",
]


class OpenRequest(Message):
    """A question that a step waits on."""

    request_id: str
    path: str
    function: str | None
    prompt: str
    response_type: str
    seq: int

    @property
    def is_secret(self) -> bool:
        """Whether the answer must not be seen."""
        return "SecretStr" in self.response_type

    @property
    def takes_end(self) -> bool:
        """Whether it can be answered that nothing more comes, with None."""
        return "None" in (part.strip() for part in self.response_type.split("|"))


class ReloadInfo(Message):
    """The state of the last edit, where it is not in force.

    Attributes:
        state: `pending`: loaded, waits for the end of a superstep; `failed`: cannot be loaded; `unfit`: the state of
            a step does not fit it, so that the user has to choose.
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
    """The state of the session; sent when it changes, at most 30 times a second.

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
        muted: Whether no breakpoint pauses the run.
        undo: What `Undo` would undo, in one line; None where there is nothing.
        generation: Code generation, from 1.
        reload: The state of an edit that is not in force, or None.
        blocked_for: Seconds for which the worker's event loop has not answered (a step that hangs), else 0.
        error: Why the run failed, in one line.
        recording_failed: Why the run is no longer recorded, in one line; None while it is.
    """

    type: Literal["status"] = "status"
    run_id: str = ""
    run_file: PathText = ""
    state: RunState | None = None
    written: int = 0
    superstep: int = 0
    paused: PausePoint | None = None
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
    recording_failed: str | None = None


class Loaded(Message):
    """What `Load` found; the value of its reply.

    Attributes:
        limits: The debugger verbs that runs of the target do not have, each with the reason.
    """

    target: PathText
    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    input_events: tuple[str, ...]
    warnings: tuple[ProblemInfo, ...] = ()
    limits: dict[str, str] = Field(default_factory=dict)


class Reloaded(Message):
    """New code is in force.

    Attributes:
        loaded: What the target holds now.
        generation: Of the code.
        on_old_code: Paths of steps that finish on the code they began with.
        held: Messages that are undeliverable in the new code.
    """

    type: Literal["reloaded"] = "reloaded"
    loaded: Loaded
    generation: int
    on_old_code: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


AnyAnswer = Annotated[Reply | Status | Notice | Reloaded, Field(discriminator="type")]

answers: TypeAdapter[AnyAnswer] = TypeAdapter(AnyAnswer)
_REASON = 1000  # characters


def answer_frame(message: AnyAnswer) -> bytes:
    """Return the frame of a message of the worker's; what cannot be sent becomes a refusal that says why."""
    try:
        return encode(to_json(message))
    except ValueError as error:
        reason = bounded(f"the answer cannot be sent: {error}", _REASON)
        if isinstance(message, Reply):
            code = "too_large" if isinstance(error, FrameTooLargeError) else "unsendable"
            return encode(to_json(Reply(id=message.id, failure=Failure(code=code, message=reason))))
        return encode(to_json(Notice(severity="error", text=reason)))


def read_answer(frame: bytes) -> AnyAnswer:
    """Read a message of the worker's from its JSON.

    Raises:
        ValueError: It is none; says why.
    """
    return answers.validate_python(from_frame(frame))
