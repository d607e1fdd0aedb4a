"""The two kinds of event: what a step emits (ProcessEvent) and what is observed of a run (WorkflowEvent)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, Final


class NoData:
    """The type of `NO_DATA`, which says that an event carries nothing; `None` is a value like any other."""

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
    """Where a run stands."""

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
    """Give the text of an event id.

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


# Types of workflow event. User code may emit the first set and any string that is in neither; the rest is the engine's.
USER_TYPES: Final = frozenset({"output", "error", "warning", "data"})
ENGINE_TYPES: Final = frozenset(
    {
        "started", "status", "failed",
        "executor_invoked", "executor_completed", "executor_failed", "executor_cancelled",
        "superstep_started", "superstep_completed",
        "request_info", "response", "event_emitted", "input_waiting", "log",
        "breakpoint_hit", "paused", "resumed", "reloaded", "operator",
    }
)  # fmt: skip


@dataclass(slots=True, eq=False)
class WorkflowEvent:
    """One observation about a run; the timeline shows these.

    User code makes one with a type and data (`WorkflowEvent("progress", data=0.4)`); the engine fills in the rest.

    Attributes:
        type: One of `USER_TYPES`, `ENGINE_TYPES`, or any other string (a custom event).
        data: What it is about: the input of a call (dict parameter -> value), its result, a payload, a prompt.
        details: More about a warning or failure; always with a stable `code` where the engine made it.
        state: The new state of the run, for `status`.
        event_id: The process event concerned.
        request_id: Which request, for `request_info` and `response`.
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
