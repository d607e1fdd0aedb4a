"""The two kinds of event: what a step emits (ProcessEvent) and what is observed of a run (WorkflowEvent)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, Final, NamedTuple


class NoData:
    """The type of `NO_DATA`, which means that an event has no payload; `None` is a value like any other."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NO_DATA"

    def __reduce__(self) -> str:
        return "NO_DATA"

    def __bool__(self) -> bool:
        return False


NO_DATA: Final = NoData()


class Visibility(StrEnum):
    """Who sees a process event: its own process (INTERNAL), or the enclosing process too (PUBLIC)."""

    INTERNAL = "internal"
    PUBLIC = "public"


class RunState(StrEnum):
    """What a run is doing, or how it ended."""

    IN_PROGRESS = "IN_PROGRESS"
    IDLE = "IDLE"
    IDLE_WITH_PENDING_REQUESTS = "IDLE_WITH_PENDING_REQUESTS"
    STOPPED = "STOPPED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_ended(self) -> bool:
        """Whether nothing can be sent to the run any more."""
        return self in _ENDED


_ENDED = frozenset({RunState.STOPPED, RunState.FAILED, RunState.CANCELLED})


def event_name(event_id: str | Enum) -> str:
    """Return the text of an event id.

    Args:
        event_id: A string, or a member of an enumeration (its value where that is a string, else its name).

    Returns:
        The id that routes are matched by.

    Raises:
        TypeError: The id is neither, or is empty.
    """
    if isinstance(event_id, Enum):
        return event_id.value if isinstance(event_id.value, str) else event_id.name
    if isinstance(event_id, str) and event_id:
        return event_id
    raise TypeError(f"an event id is a non-empty string or an Enum member, not {event_id!r}")


class ProcessEvent:
    """What a step emits; its id decides where it goes.

    Args:
        id: The event id, a string or an Enum member.
        data: The payload; left out, the event carries none (which is not the same as carrying None).
        visibility: PUBLIC events are also raised by the enclosing process.

    Attributes:
        id: The event id as text.
        data: The payload, or None where there is none.
        has_data: Whether there is a payload.
        visibility: Who sees the event.
    """

    __slots__ = ("data", "has_data", "id", "visibility")

    def __init__(
        self,
        id: str | Enum,  # noqa: A002 - the field's name
        data: Any = NO_DATA,
        visibility: Visibility = Visibility.INTERNAL,
    ) -> None:
        self.id = event_name(id)
        self.has_data = data is not NO_DATA
        self.data = data if data is not NO_DATA else None
        self.visibility = Visibility(visibility)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ProcessEvent):
            return NotImplemented
        mine = (self.id, self.has_data, self.data, self.visibility)
        return mine == (other.id, other.has_data, other.data, other.visibility)

    __hash__ = None  # type: ignore[assignment]  # payloads need not be hashable

    def __repr__(self) -> str:
        data = f", data={self.data!r}" if self.has_data else ""
        return f"ProcessEvent(id={self.id!r}{data}, visibility={self.visibility.name})"


class EventType(NamedTuple):
    """What a type of workflow event is about, in a line, and whether user code may add events of it."""

    meaning: str
    from_user: bool = False


EVENT_TYPES: Final[dict[str, EventType]] = {
    "started": EventType("a run began, or outside input set it going again"),
    "status": EventType("the run's state changed; `state` has it"),
    "failed": EventType("the run failed; `details` say why"),
    "output": EventType("a step yielded an output", from_user=True),
    "error": EventType("a step reports an error that it lives with", from_user=True),
    "warning": EventType("something that a person should know; `details` have its code", from_user=True),
    "data": EventType("a step shows a value", from_user=True),
    "executor_invoked": EventType("a function was called; `data` has the arguments"),
    "executor_completed": EventType("a function returned; `data` has the result"),
    "executor_failed": EventType("a function raised, or was given what it does not take"),
    "executor_cancelled": EventType("a call was cancelled"),
    "superstep_started": EventType("a superstep of a process began"),
    "superstep_completed": EventType("a superstep of a process is over"),
    "request_info": EventType("a function asks and waits; `data` has the prompt"),
    "response": EventType("an answer came in"),
    "request_withdrawn": EventType("a question is open no more: its function went on without an answer"),
    "event_emitted": EventType("a step emitted a process event, or one came from outside"),
    "input_waiting": EventType("a call waits for arguments that have not come"),
    "log": EventType("a step logged or printed, or a logpoint was reached"),
    "breakpoint_hit": EventType("a breakpoint matched"),
    "paused": EventType("the run was paused"),
    "resumed": EventType("the run goes on from a pause"),
    "reloaded": EventType("new code took over; `details` have the digests of the sources"),
    "operator": EventType("somebody changed the run by hand"),
}
"""The types that the engine knows. Any other string is a custom type, which only user code adds."""

WARNING_CODES: Final[dict[str, str]] = {
    "abandoned_thread": "a cancelled call runs in a thread, which cannot be interrupted",
    "answer_refused": "a recorded answer does not fit the changed code, so the question is asked again",
    "background_failure": "a task that a function started and left has failed",
    "changed_queue_lost": "messages changed by hand before the run was cut off could not be brought back",
    "checkpoint_incomplete": "a value can only be written as text, so the run cannot be resumed from here",
    "condition_failed": "a route's condition raised",
    "deactivate_failed": "a step's `deactivate` raised or took too long",
    "discarded_emissions": "a failed or cancelled call's events go nowhere",
    "discarded_messages": "messages were not delivered, since the process stopped or was cancelled",
    "held_messages": "messages are held and have not been delivered",
    "internal_event_not_visible": "the parent routes an event by name that is internal to the nested process",
    "late_emission": "a call emitted after its function had returned",
    "missing_input": "a call still lacks a required argument at the end",
    "no_condition_matched": "no condition on a source held, and there is no `otherwise`",
    "not_rolled_back": "the state of a step that failed cannot be copied, so it is not as before the call",
    "not_serialisable": "a payload or state holds something that cannot be recorded exactly",
    "payload_changed": "a payload was changed between emission and delivery",
    "pending_request": "a question is unanswered at the end",
    "read_once": "a payload that can be read only once, such as a generator, goes to several functions",
    "recording_failed": "the run file cannot be written any more",
    "reserved_event_type": "user code added an event of a type that is the engine's",
    "state_does_not_fit": "a step stays on its old code, since its state does not fit the new",
    "unrouted_event": "no route takes an event that was emitted",
    "unused_answer": "a question was answered whose function has gone on without it, or did not ask it again",
    "unused_input": "a value for an optional parameter was never used",
    "user_warning": "a step's own warning that names no code",
}
"""The codes of the warnings that the engine gives, and what each means."""


def may_user_add(event_type: str) -> bool:
    """Return whether user code may add events of a type: of a custom one, and of some that the engine knows."""
    kind = EVENT_TYPES.get(event_type)
    return kind is None or kind.from_user


@dataclass(slots=True, eq=False)
class WorkflowEvent:
    """One observation about a run; the timeline shows these.

    User code makes one with a type and data (`WorkflowEvent("progress", data=0.4)`); the engine fills in the rest.

    Attributes:
        type: A key of `EVENT_TYPES`, or any other string (a custom event).
        data: What it is about: the input of a call (dict parameter -> value), its result, a payload, a prompt.
        details: More about a warning or failure; always with a stable `code` where the engine made it.
        state: The new state of the run, for `status`.
        event_id: The process event concerned.
        request_id: Which request, for `request_info`, `response` and `request_withdrawn`.
        response_type: The type asked for, as text, for `request_info`.
        seq: Place in the run, gapless from 1; 0 until recorded.
        run_id: The run.
        timestamp: Seconds since the epoch.
        superstep: Superstep within the process that the event is about, from 1; 0 before the first.
        path: Path of the step (`outer/inner/Step`) or nested process concerned; empty for the root process.
        step: Name of the step, or None where the event is about a process.
        function: Name of the function, where one is concerned.
        causes: Seqs of the events that led to this one; a join has several.
        route: Id of the route that the message travelled.
    """

    type: str
    data: Any = None
    details: Mapping[str, Any] | None = None
    state: RunState | None = None
    event_id: str | None = None
    request_id: str | None = None
    response_type: str | None = None
    seq: int = 0
    run_id: str = ""
    timestamp: float = 0.0
    superstep: int = 0
    path: str = ""
    step: str | None = None
    function: str | None = None
    causes: tuple[int, ...] = field(default=())
    route: str | None = None

    @property
    def cause(self) -> int | None:
        """Seq of the last event that led to this one."""
        return self.causes[-1] if self.causes else None

    @property
    def executor_id(self) -> str:
        """Path of the step."""
        return self.path

    @property
    def code(self) -> str | None:
        """The stable code of a warning or failure."""
        return self.details.get("code") if self.details else None
