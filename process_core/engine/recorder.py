"""Makes workflow events and hands them to whoever observes the run."""

import copy
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from process_core.events import RunState, WorkflowEvent

Sink = Callable[[WorkflowEvent], None]

_IMMUTABLE = frozenset({type(None), bool, int, float, complex, str, bytes, type(...)})
_SHOWN = 200


class RunFileLink(Protocol):
    """The run file that a run is written to, as far as the engine needs it."""

    path: Path
    """The file."""

    @property
    def written(self) -> int:
        """Seq of the last event that is safe."""
        ...

    @property
    def behind(self) -> int:
        """How much was taken in that is not safe yet."""
        ...

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything so far is safe, for so many seconds at most."""
        ...

    def close(self) -> None:
        """Write what is left and let go of the file."""


class Unsnapshotable:
    """Stands in an event for a value that cannot be copied.

    Attributes:
        text: Its `repr` at that moment, bounded.
    """

    __slots__ = ("text",)

    def __init__(self, value: Any) -> None:
        try:
            text = repr(value)
        except Exception as error:  # noqa: BLE001 - the repr is the user's
            text = f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"
        self.text = text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."

    def __repr__(self) -> str:
        return self.text


def snapshot(value: Any) -> Any:
    """Return the value as it is now, so that a later change does not show.

    Returns:
        The value itself where it cannot change, else a deep copy, else an `Unsnapshotable`.
    """
    if type(value) in _IMMUTABLE:
        return value
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001 - locks, sockets and hostile classes cannot be copied, for many reasons
        return Unsnapshotable(value)


class Recorder:
    """Return events their place in the run and passes each to every sink.

    Attributes:
        run_id: The run.
        seq: Seq of the last event.
        copies: Whether payloads must be copied; not where every sink encodes them at once.
    """

    __slots__ = ("clock", "copies", "run_id", "seq", "sinks")

    def __init__(self, run_id: str, sinks: list[Sink], *, copies: bool, clock: Callable[[], float] = time.time) -> None:
        self.run_id = run_id
        self.seq = 0
        self.sinks = sinks
        self.copies = copies
        self.clock = clock

    def record(
        self,
        type: str,  # noqa: A002 - the field's name
        path: str,
        step: str | None,
        function: str | None,
        superstep: int,
        data: Any = None,
        event_id: str | None = None,
        causes: tuple[int, ...] = (),
        route: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> int:
        """Record an event.

        Args:
            type: Its type; this and the rest are the fields of `WorkflowEvent`.
            path: Path of the step or process.
            step: Name of the step.
            function: Name of the function.
            superstep: Superstep of its process.
            data: The payload, copied here where it can change.
            event_id: The process event concerned.
            causes: Seqs of what led to it.
            route: The route travelled.
            details: More about it.
        """
        if self.copies and data.__class__ not in _IMMUTABLE and type not in _TAKEN:
            data = snapshot(data)
        self.seq = seq = self.seq + 1
        event = WorkflowEvent(
            type, data, details, None, event_id, None, None,
            seq, self.run_id, self.clock(), superstep, path, step, function, causes, route,
        )  # fmt: skip
        for sink in self.sinks:
            sink(event)
        return seq

    def record_status(self, type: str, superstep: int, *, state: RunState | None = None) -> int:  # noqa: A002 - as above
        """Record an event about the run as a whole."""
        return self.pass_on(WorkflowEvent(type, state=state, superstep=superstep))

    def pass_on(self, event: WorkflowEvent) -> int:
        """Record an event made elsewhere, filling in its place in the run.

        Args:
            event: The event; its data is copied where it can change.
        """
        if self.copies:
            event.data = snapshot(event.data)
        self.seq += 1
        event.seq, event.run_id, event.timestamp = self.seq, self.run_id, self.clock()
        for sink in self.sinks:
            sink(event)
        return self.seq


_TAKEN = frozenset({"executor_invoked", "executor_failed", "executor_cancelled"})
"""Types whose data is a snapshot already, taken when the call was made."""


def snapshot_arguments(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call as they are now."""
    for value in arguments.values():
        if value.__class__ not in _IMMUTABLE:
            return {name: snapshot(value) for name, value in arguments.items()}
    return arguments
