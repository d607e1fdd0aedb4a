"""What a client can ask of a session: one model for each command, and with that the table of debugger verbs.

Defining a subclass of `Verb` is all that registers a verb; `@handles` in the worker says what carries it out. Command
line, completion, help, palette, capabilities and the JSON schema for other clients are made from the table.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cache
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple

from pydantic import BaseModel, Field, TypeAdapter
from pydantic.fields import FieldInfo

from process_core.debug.explain.model import Explanation
from process_core.events import RunState
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.envelope import PROTOCOL_VERSION, WIRE, Message, PathText
from process_core.session.protocol.framing import from_frame
from process_core.session.protocol.status import Loaded, PendingMessage, Status


class Refusal(NamedTuple):
    """Why a command makes no sense now: a stable code, and words for the user."""

    code: str
    reason: str


Condition = Callable[[Status], Refusal | None]


def has_run(status: Status) -> Refusal | None:
    """Need a run, which may be over."""
    return Refusal("no_run", "no run has been started yet") if status.state is None else None


def is_live(status: Status) -> Refusal | None:
    """Need a run that is not over."""
    if status.state is not None and status.state.is_ended:
        return Refusal("run_ended", f"the run is over ({status.state.value})")
    return has_run(status)


def is_paused(status: Status) -> Refusal | None:
    """Need a run that is paused."""
    return Refusal("not_paused", "the run is not paused") if status.paused is None else None


def is_editable(status: Status) -> Refusal | None:
    """Need a run that is paused or idle."""
    if status.state is not None and status.state.is_ended:
        return Refusal("run_ended", "the run is over: there is nothing to change; go back in time, or restart")
    if status.state is RunState.IN_PROGRESS and status.paused is None:
        return Refusal("not_paused", "the run is going on; pause it before you change it")
    return has_run(status)


def has_undo(status: Status) -> Refusal | None:
    """Need an edit that can be undone."""
    return Refusal("nothing_to_undo", "nothing to undo since this pause") if status.undo is None else None


class Viewpoint(IntEnum):
    """What a client looks at; what can be done at one can be done at those before it."""

    PRESENT = 0
    """A live run as it is now."""
    PAST = 1
    """A live run as it was: what changes the run that is seen would change another one."""
    RECORDING = 2
    """A run file that nobody runs."""


class FieldKind(StrEnum):
    """What a field of a verb names, which decides how it is completed."""

    EVENT = "event"
    INPUT_EVENT = "input_event"
    STEP = "step"
    FUNCTION = "function"
    MESSAGE = "message"
    BREAKPOINT = "breakpoint"
    FREE = "free"


EventId = Annotated[str, FieldKind.EVENT, Field(description="Event id.")]
InputEventId = Annotated[str, FieldKind.INPUT_EVENT, Field(description="Id of an input event of the process.")]
StepPath = Annotated[str, FieldKind.STEP, Field(description="Path of a step, e.g. `outer/Step`.")]
FunctionName = Annotated[str, FieldKind.FUNCTION, Field(description="Name of a function of the step.")]
MessageId = Annotated[int, FieldKind.MESSAGE, Field(description="Number of a pending message.")]
BreakpointId = Annotated[int, FieldKind.BREAKPOINT, Field(description="Number of a breakpoint.")]
Limit = Annotated[int, Field(ge=1, description="Number of supersteps.")]

COMMANDS: Final[dict[str, type["Command"]]] = {}
"""Every command by the `type` it has on the wire, in order of definition; verbs are those that are a `Verb`."""


class Command(BaseModel):
    """The base of what a client sends; a subclass registers itself by its `type`.

    Attributes:
        id: Number of the command; its reply has the same.
        name: Its `type` on the wire.
        answer: Type of the value of its reply; plain JSON unless a command says more.
        needs: What must hold in the session; the same reason greys a verb out and refuses it.
    """

    model_config = WIRE

    name: ClassVar[str] = ""
    answer: ClassVar[Any] = Any
    needs: ClassVar[tuple[Condition, ...]] = ()

    id: int = 0

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Register a command that has a `type`."""
        super().__pydantic_init_subclass__(**kwargs)
        kind = cls.model_fields.get("type")
        if kind is not None:
            cls.name = kind.default
            COMMANDS[cls.name] = cls

    @classmethod
    @cache
    def answer_type(cls) -> TypeAdapter[Any]:
        """Return what reads and writes the value of its reply."""
        return TypeAdapter(cls.answer)

    @classmethod
    def refusal(cls, status: Status) -> Refusal | None:
        """Return why it makes no sense now, or None where it does."""
        return next((refusal for need in cls.needs if (refusal := need(status)) is not None), None)

    @classmethod
    def arguments(cls) -> dict[str, FieldInfo]:
        """Return the fields that a user fills in."""
        return {name: field for name, field in cls.model_fields.items() if name not in ("id", "type")}


class EditResult(Message):
    """What was done to a run; the value of the reply to an edit.

    Attributes:
        text: In one line, e.g. `dropped OrderPlaced -> Stock.reserve(order)`.
        seq: Seq of its `operator` event.
    """

    text: str
    seq: int | None = None


class Editable(Message):
    """Something in full, to be edited; the value of the reply to `ReadMessage` and `ReadState`.

    Attributes:
        value: As plain JSON; what JSON has no word for is a text.
        is_exact: Whether `value` is all there is; what it does not show of the parts that are left as they are, stays.
        schema_: JSON schema of what may be sent, where the type is declared.
    """

    value: Any = None
    is_exact: bool = True
    schema_: dict[str, Any] | None = None


class Verb(Command):
    """The base of what a user can ask of a run.

    Attributes:
        word: What is typed on the command line.
        help: What it does, in one sentence: the docstring's first paragraph.
        edits: Whether it changes a paused run. Then it needs one, is answered by an `EditResult` and can be undone,
            unless it says otherwise.
        is_undoable: Whether `Undo` takes it back.
        reach: The last viewpoint at which it can be used.
        walks: Whether it goes through what is recorded, away from the present, whatever the run does meanwhile.
        is_heard_when_busy: Whether a worker whose event loop does not answer carries it out too.
    """

    word: ClassVar[str] = ""
    help: ClassVar[str] = ""
    reach: ClassVar[Viewpoint] = Viewpoint.PRESENT
    walks: ClassVar[bool] = False
    is_heard_when_busy: ClassVar[bool] = False
    edits: ClassVar[bool] = False
    is_undoable: ClassVar[bool] = False

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Fill in what the model says by itself."""
        super().__pydantic_init_subclass__(**kwargs)
        cls.word = cls.__dict__.get("word") or cls.name.replace("_", "-")
        if cls.edits:
            cls.answer = EditResult
            cls.needs = cls.__dict__.get("needs", (is_editable,))
            cls.is_undoable = cls.__dict__.get("is_undoable", True)
        cls.help = " ".join(inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].split())


# The session.


class Hello(Command):
    """Greet the worker; the first command on a connection, answered with the worker's version."""

    type: Literal["hello"] = "hello"
    token: str = ""
    version: int = PROTOCOL_VERSION


class Load(Command):
    """Load the target (`path.py[:attr]` or `package.module[:attr]`).

    Attributes:
        target: The target.
        watch: Whether edits are loaded as they are saved.
    """

    answer = Loaded

    type: Literal["load"] = "load"
    target: PathText
    watch: bool = False


class Start(Command):
    """Start a run, ending the one before it.

    Attributes:
        event: Input event; None takes the only one, or the first declared.
        data: Its payload.
        has_data: Whether there is one (`None` is a value).
        paused: Pause before the first message.
        max_supersteps: Supersteps allowed since the last outside input; None leaves it to the session and the process.
    """

    type: Literal["start"] = "start"
    event: str | None = None
    data: Any = None
    has_data: bool = False
    paused: bool = False
    max_supersteps: Limit | None = None


@dataclass(frozen=True, slots=True)
class ResumeChoices:
    """What is done, where a recorded run is resumed, with what does not fit the code.

    Attributes:
        reset: Steps that begin with a new state; True for every one whose recorded state does not fit.
        drop: Numbers of values on their way without which it goes on; True for all that cannot be made again.
        replace: Number of such a value -> the one that it goes on with.
    """

    reset: bool | tuple[str, ...] = ()
    drop: bool | tuple[int, ...] = ()
    replace: Mapping[int, Any] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """Return them as fields of `ResumeRun`."""
        return {"reset": self.reset, "drop": self.drop, "replace": dict(self.replace)}


class ResumeRun(Command):
    """Go on with a recorded run, in its own file.

    Attributes:
        run_file: Path of the run file.
        superstep: After which superstep; an earlier one than the last forks into a new file.
        paused: Pause before the first message.
        max_supersteps: As for `Start`.
        reset: As for `ResumeChoices`.
        drop: Likewise.
        replace: Likewise.
        fresh: Load edits of the code first; nothing changes where the run is refused.
        trust: Where nothing is loaded, run what the file names even if it lies outside of the session's folder.
    """

    answer = Loaded

    type: Literal["resume_run"] = "resume_run"
    run_file: PathText
    superstep: int | None = None
    paused: bool = False
    max_supersteps: Limit | None = None
    reset: bool | tuple[str, ...] = ()
    drop: bool | tuple[int, ...] = ()
    replace: dict[int, Any] = Field(default_factory=dict)
    fresh: bool = False
    trust: bool = False


class ListPending(Command):
    """List the pending messages, in order of delivery."""

    answer = list[PendingMessage]

    type: Literal["list_pending"] = "list_pending"


class ReadMessage(Command):
    """Read the payload of a pending message, to edit it."""

    answer = Editable
    needs = (has_run,)

    type: Literal["read_message"] = "read_message"
    message: MessageId


class ReadState(Command):
    """Read the state of a step, to edit it."""

    answer = Editable
    needs = (has_run,)

    type: Literal["read_state"] = "read_state"
    path: StepPath


class Quit(Command):
    """End the run and the worker."""

    type: Literal["quit"] = "quit"


# Running.


class Continue(Verb):
    """Go on to the next breakpoint; the run never pauses twice at the same message."""

    needs = (is_paused,)
    reach = Viewpoint.PAST
    walks = True

    type: Literal["continue"] = "continue"


class Pause(Verb):
    """Pause before the next message; functions that run now finish."""

    needs = (is_live,)
    reach = Viewpoint.PAST

    type: Literal["pause"] = "pause"


class StepOnce(Verb):
    """Deliver one message, run its function, and pause again."""

    needs = (is_paused,)
    reach = Viewpoint.RECORDING
    walks = True

    type: Literal["step"] = "step"


class Next(Verb):
    """Run to the next superstep, in this process, one nested in it or one around it, and pause."""

    needs = (is_paused,)
    reach = Viewpoint.RECORDING
    walks = True

    type: Literal["next"] = "next"


class Into(Verb):
    """Step into the nested process that the next message goes to."""

    needs = (is_paused,)

    type: Literal["into"] = "into"


class Out(Verb):
    """Run until the nested process is done, and pause in its parent."""

    needs = (is_paused,)

    type: Literal["out"] = "out"


class RunTo(Verb):
    """Go on until just before the event or the step, once."""

    word = "runto"
    needs = (has_run,)

    type: Literal["run_to"] = "run_to"
    event: EventId | None = None
    step: StepPath | None = None


class LimitSupersteps(Verb):
    """Allow this run and later ones so many supersteps since the last outside input; resuming a run counts from 0."""

    answer = EditResult
    word = "max-supersteps"

    type: Literal["limit_supersteps"] = "limit_supersteps"
    supersteps: Limit


class ShowStack(Verb):
    """Show where in Python the target's code runs or waits, without stopping it; a busy worker does it too."""

    answer = str
    reach = Viewpoint.PAST
    is_heard_when_busy = True

    type: Literal["stack"] = "stack"


class Stop(Verb):
    """Cancel the run; what it recorded stays."""

    needs = (is_live,)
    reach = Viewpoint.PAST

    type: Literal["stop"] = "stop"


class Reload(Verb):
    """Load edits of the code.

    Attributes:
        action: `now`: look for edits; `reset`: load what waits, with the state of a step reset; `keep`: stay paused on
            the old code until the next save; `back`: go on with the old code as if nothing had been saved.
        step: Path of the step to reset; None resets every one that does not fit.
    """

    reach = Viewpoint.PAST

    type: Literal["reload"] = "reload"
    action: Literal["now", "reset", "keep", "back"] = "now"
    step: StepPath | None = None


class SendEvent(Verb):
    """Send an outside event to the run, with JSON as its data."""

    word = "send"
    needs = (is_live,)
    reach = Viewpoint.PAST

    type: Literal["send_event"] = "send_event"
    event: InputEventId
    data: Any = None
    has_data: bool = False


class Respond(Verb):
    """Answer an open question; text is converted to the type asked for."""

    word = "answer"
    needs = (has_run,)

    type: Literal["respond"] = "respond"
    request_id: str
    value: Any


class Explain(Verb):
    """Explain what led to an event and what it led to; or what a step has done, and what it waits for.

    Attributes:
        seq: Of an event.
        path: Of a step.
        function: Of that step, where one is meant.
    """

    word = "why"
    answer = Explanation
    needs = (has_run,)
    reach = Viewpoint.RECORDING

    type: Literal["explain"] = "explain"
    seq: int | None = None
    path: StepPath | None = None
    function: FunctionName | None = None


# Breakpoints.


class AddBreakpoint(Verb):
    """Set a breakpoint at an event, step, route, function, error, warning, quiescence, or a change of state.

    A change of state that is made by hand (`EditState`, `Undo`) does not pause: it is the operator's own act.
    """

    word = "break"
    answer = BreakpointSpec
    reach = Viewpoint.PAST

    type: Literal["add_breakpoint"] = "add_breakpoint"
    breakpoint: BreakpointSpec


class EditBreakpoint(Verb):
    """Replace the breakpoint of the same id; its hit count starts again."""

    word = "change"
    answer = BreakpointSpec
    reach = Viewpoint.PAST

    type: Literal["edit_breakpoint"] = "edit_breakpoint"
    breakpoint: BreakpointSpec


class RemoveBreakpoint(Verb):
    """Remove a breakpoint."""

    word = "delete"
    reach = Viewpoint.PAST

    type: Literal["remove_breakpoint"] = "remove_breakpoint"
    breakpoint: BreakpointId


class EnableBreakpoint(Verb):
    """Switch a breakpoint on or off."""

    word = "enable"
    reach = Viewpoint.PAST

    type: Literal["enable_breakpoint"] = "enable_breakpoint"
    breakpoint: BreakpointId
    enabled: bool


class MuteBreakpoints(Verb):
    """Let no breakpoint pause the run, or let them again; each keeps whether it is enabled."""

    word = "mute"
    reach = Viewpoint.PAST

    type: Literal["mute_breakpoints"] = "mute_breakpoints"
    muted: bool


# Editing a paused run. Each edit is an `operator` event; payloads and states travel as plain JSON.


class MoveMessage(Verb):
    """Deliver a pending message at another place among those of its process; 0 is first."""

    edits = True
    word = "move"

    type: Literal["move_message"] = "move_message"
    message: MessageId
    place: int = 0


class HoldMessage(Verb):
    """Hold a pending message until it is released, or release it."""

    edits = True
    word = "hold"

    type: Literal["hold_message"] = "hold_message"
    message: MessageId
    held: bool = True


class DropMessage(Verb):
    """Never deliver a message."""

    edits = True
    word = "drop"

    type: Literal["drop_message"] = "drop_message"
    message: MessageId


class DuplicateMessage(Verb):
    """Deliver a message once more, right after itself."""

    edits = True
    word = "dup"

    type: Literal["duplicate_message"] = "duplicate_message"
    message: MessageId


class EditMessage(Verb):
    """Replace the payload of a pending message."""

    edits = True
    word = "edit"

    type: Literal["edit_message"] = "edit_message"
    message: MessageId
    data: Any


class Inject(Verb):
    """Bring an event into the paused run, from outside or as if a step had emitted it.

    Attributes:
        event: The event id.
        data: Its payload.
        has_data: Whether there is one.
        step: Path of the step to emit it; None brings it from outside.
    """

    edits = True

    type: Literal["inject"] = "inject"
    event: EventId
    data: Any = None
    has_data: bool = False
    step: StepPath | None = None


class EditState(Verb):
    """Replace the state of a step, checked against its model.

    Attributes:
        path: The step.
        state: The whole state; a partial mapping is refused where a field without default is missing.
    """

    edits = True
    word = "state"

    type: Literal["edit_state"] = "edit_state"
    path: StepPath
    state: Any


class ForceComplete(Verb):
    """End a call that waits for an answer, or the next message's call, as if it had returned that result."""

    edits = True
    word = "complete"

    type: Literal["force_complete"] = "force_complete"
    path: StepPath
    result: Any = None


class Undo(Verb):
    """Undo the last edit of the paused run."""

    edits = True
    needs = (is_editable, has_undo)
    is_undoable = False

    type: Literal["undo"] = "undo"


def verbs() -> dict[str, type[Verb]]:
    """Return the verb table: every verb by its name."""
    return {name: kind for name, kind in COMMANDS.items() if issubclass(kind, Verb)}


def capabilities(
    status: Status,
    viewpoint: Viewpoint = Viewpoint.PRESENT,
    elsewhere: str = "this cannot be done here",
    *,
    out_of_reach: str | None = None,
    is_busy: bool = False,
    limits: Mapping[str, str] | None = None,
) -> Mapping[str, str | None]:
    """Return for each verb, by its name, None where it is allowed now, else the reason why not.

    Args:
        status: How the run stands now; of a recording, how it ended.
        viewpoint: What is looked at.
        elsewhere: The reason for what cannot be done from there.
        out_of_reach: Why no command reaches the run; what the record serves can be done nevertheless.
        is_busy: Whether that is because the worker is busy.
        limits: The verbs that the target does not have, each with the reason.
    """

    def reason(name: str, verb: type[Verb]) -> str | None:
        if limits and name in limits:
            return limits[name]
        if verb.reach < viewpoint:
            return elsewhere
        is_walk = verb.walks and viewpoint is not Viewpoint.PRESENT
        is_read = verb.reach is Viewpoint.RECORDING and not verb.walks
        if out_of_reach is not None and not (is_walk or is_read or (is_busy and verb.is_heard_when_busy)):
            return out_of_reach
        if is_walk:
            return None
        refusal = verb.refusal(status)
        return refusal.reason if refusal is not None else None

    return {name: reason(name, verb) for name, verb in verbs().items()}


class UnknownCommandError(ValueError):
    """A frame that holds no command."""


def read_command(frame: bytes) -> Command:
    """Read a command from its JSON.

    Raises:
        ValidationError: A field is missing, unknown or of the wrong type.
        UnknownCommandError: It is not JSON, or names no command.
    """
    try:
        body = from_frame(frame)
    except ValueError as error:
        raise UnknownCommandError(f"this is not JSON: {error}") from None
    kind = body.get("type") if isinstance(body, dict) else None
    if not isinstance(kind, str):
        raise UnknownCommandError("a command is a JSON object with a `type`")
    if kind not in COMMANDS:
        raise UnknownCommandError(f"there is no command {kind[:80]!r}")
    return COMMANDS[kind].model_validate(body)
