"""The messages between a screen and the worker that holds a run: the only way commands travel.

A client sends commands, each with a number; the worker answers each with a `Reply` of that number. Of its own accord
the worker sends `Status` (counts and where things stand, never events: those are read from the run file) and `Notice`.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from process_core.events import RunState
from process_core.graph import Edge, Node
from process_core.session.protocol.breakpoints import (
    AddBreakpoint,
    BreakpointSpec,
    EditBreakpoint,
    EnableBreakpoint,
    MuteBreakpoints,
    RemoveBreakpoint,
)
from process_core.session.protocol.edits import (
    DropMessage,
    DuplicateMessage,
    EditMessage,
    EditState,
    ForceComplete,
    HoldMessage,
    Inject,
    MoveMessage,
    ReadMessage,
    ReadState,
    Undo,
)
from process_core.session.protocol.envelope import PROTOCOL_VERSION, Command, Message
from process_core.session.protocol.explanation import Explain


class ProblemInfo(Message):
    """One problem or warning of a definition."""

    code: str
    message: str
    step: str | None = None
    function: str | None = None
    suggestion: str | None = None


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


class Notice(Message):
    """Something the user should read once."""

    type: Literal["notice"] = "notice"
    severity: Literal["information", "warning", "error"] = "information"
    text: str = ""


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


class Failure(Message):
    """Why a command was refused; nothing has changed.

    Attributes:
        code: Stable name, e.g. `missing_file`, `syntax_error`, `import_error`, `not_a_process`, `definition`,
            `unknown_event`, `unknown_request`, `invalid_response`, `no_run`, `run_ended`, `bad_command`, `not_paused`,
            and of surgery `unknown_message`, `unknown_step`, `payload_mismatch`, `invalid_state`, `no_state`,
            `step_busy`, `no_route`, `condition_failed`, `not_running`, `held`, `not_held`, `already_used`,
            `nothing_to_complete`, `nothing_to_undo`, `not_taken_in`, `process_ended`, `too_large`.
        message: What is wrong and what to do about it.
        problems: The problems of a definition.
        traceback: Of the user's own code, without frames of ours.
    """

    code: str
    message: str
    problems: tuple[ProblemInfo, ...] = ()
    traceback: str | None = None


class Reply(Message):
    """The answer to the command of the same number."""

    type: Literal["reply"] = "reply"
    id: int
    value: Any = None
    failure: Failure | None = None


class Hello(Command):
    """First command on a connection."""

    type: Literal["hello"] = "hello"
    token: str = ""
    version: int = PROTOCOL_VERSION


class Load(Command):
    """Load the target (`path.py[:attr]` or `package.module[:attr]`); answers with `Loaded`.

    Attributes:
        target: The target.
        watch: Whether edits are taken in as they are saved.
    """

    type: Literal["load"] = "load"
    target: str
    watch: bool = False


class Reload(Command):
    """Take in edits of the code.

    Attributes:
        action: `now`: look for edits; `reset`: take in what waits, with the state of a step begun anew; `keep`: stay
            paused on the old code until the next save; `back`: go on with the old code as if nothing had been saved.
        step: Path of the step to reset; None resets every one that does not fit.
    """

    type: Literal["reload"] = "reload"
    action: Literal["now", "reset", "keep", "back"] = "now"
    step: str | None = None


class Start(Command):
    """Start a run, ending the one before it.

    Attributes:
        event: Input event; None takes the only one, or the first declared.
        data: Its payload.
        has_data: Whether there is one (`None` is a value).
        paused: Pause before the first message.
    """

    type: Literal["start"] = "start"
    event: str | None = None
    data: Any = None
    has_data: bool = False
    paused: bool = False


class Restart(Command):
    """Start again with the input of the last start."""

    type: Literal["restart"] = "restart"


class ResumeRun(Command):
    """Go on with a recorded run, in its own file; answers with `Loaded`.

    Attributes:
        run_file: Path of the run file.
        superstep: After which superstep; an earlier one than the last forks into a new file.
        paused: Pause before the first message.
    """

    type: Literal["resume_run"] = "resume_run"
    run_file: str
    superstep: int | None = None
    paused: bool = False


class SendEvent(Command):
    """Send an outside event to the run."""

    type: Literal["send_event"] = "send_event"
    event: str
    data: Any = None
    has_data: bool = False


class Respond(Command):
    """Answer an open request; text is converted to the type asked for."""

    type: Literal["respond"] = "respond"
    request_id: str
    value: Any


class Control(Command):
    """A verb of the debugger without arguments.

    Attributes:
        verb: `resume`, `pause`, `step` (one message), `next` (one superstep), `into`, `out`, or `stop` (cancel).
    """

    type: Literal["control"] = "control"
    verb: Literal["resume", "pause", "step", "next", "into", "out", "stop"]


class RunTo(Command):
    """Continue until before the event, or before the step, once."""

    type: Literal["run_to"] = "run_to"
    event: str | None = None
    step: str | None = None


class ListPending(Command):
    """Ask for the pending messages, in order of delivery; answers with a list of `PendingMessage`."""

    type: Literal["list_pending"] = "list_pending"


class Quit(Command):
    """End the run and the worker."""

    type: Literal["quit"] = "quit"


AnyCommand = Annotated[
    Hello
    | Load
    | Reload
    | Start
    | Restart
    | ResumeRun
    | SendEvent
    | Respond
    | AddBreakpoint
    | RemoveBreakpoint
    | EditBreakpoint
    | EnableBreakpoint
    | MuteBreakpoints
    | Control
    | RunTo
    | ListPending
    | Explain
    | MoveMessage
    | HoldMessage
    | DropMessage
    | DuplicateMessage
    | ReadMessage
    | EditMessage
    | Inject
    | ReadState
    | EditState
    | ForceComplete
    | Undo
    | Quit,
    Field(discriminator="type"),
]
AnyAnswer = Annotated[Reply | Status | Notice | Reloaded, Field(discriminator="type")]

commands: TypeAdapter[AnyCommand] = TypeAdapter(AnyCommand)
answers: TypeAdapter[AnyAnswer] = TypeAdapter(AnyAnswer)
