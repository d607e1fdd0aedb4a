"""Gets a run ready: checks what it receives, and ties together the records, the driver and who observes."""

import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol

from process_core.engine.compiled import CompiledProcess
from process_core.engine.driver import SuperstepDriver
from process_core.engine.event_stream import EventStream
from process_core.engine.host import LocalHost
from process_core.engine.limits import DEFAULT_MAX_SUPERSTEPS
from process_core.engine.recorder import Recorder, Sink
from process_core.engine.records import NO_IDS, RunRecord
from process_core.engine.run import Attachable
from process_core.errors import PayloadMismatchError, ProcessError, UnknownStepError
from process_core.events import WorkflowEvent
from process_core.graph import Graph, type_text
from process_core.payload_check import PayloadCheck
from process_core.services import Services
from process_core.suggestions import did_you_mean


class Continuation(Protocol):
    """A point of a recorded run, at which another run begins."""

    states: dict[str, Any]
    """State by path."""

    @property
    def run_id(self) -> str | None:
        """Id of the run, where it is the recorded run itself that goes further; None for a fork."""

    def resume(self, run: RunRecord) -> None:
        """Make a new run, not launched yet, begin at this point."""

    def event(self) -> WorkflowEvent:
        """Make the event that records from where the run is resumed."""
        ...

    def resumed(self, run: RunRecord) -> None:
        """Report what became of the point, once that event is recorded."""


@dataclass(slots=True)
class RunSettings:
    """The options of a run, checked; see `RunOptions`."""

    services: Services | None = None
    max_supersteps: int | None = None
    run_file: str | Path | None = None
    initial_states: Mapping[str, Any] | None = None
    debugger: Attachable | None = None
    collect_events: bool = True
    run_id: str | None = None
    clock: Callable[[], float] = time.time
    target: str | None = None
    cwd: str | None = None
    reset: bool | Collection[str] = ()

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "RunSettings":
        """Take options by name.

        Raises:
            TypeError: There is no option of that name, or it has the wrong type.
            ValueError: `max_supersteps` is less than 1.
        """
        for name, value in options.items():
            kind = _KINDS.get(name)
            if kind is None:
                raise TypeError(f"there is no run option {name!r} ({did_you_mean(name, _KINDS)})")
            if name == "reset":
                if isinstance(value, str) or not isinstance(value, kind):
                    raise TypeError(f"the run option 'reset' takes True or paths of steps, not {value!r}")
            elif kind is not Any and value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
                raise TypeError(f"the run option {name!r} takes {type_text(kind)}, not {value!r}")
        settings = cls(**options)
        if settings.max_supersteps is not None and settings.max_supersteps < 1:
            raise ValueError(f"max_supersteps must be at least 1, not {settings.max_supersteps}")
        return settings


_KINDS: Final[Mapping[str, Any]] = {
    "services": Services,
    "max_supersteps": int,
    "run_file": str | Path,
    "initial_states": Mapping,
    "debugger": Attachable,
    "collect_events": Any,
    "run_id": str,
    "clock": Callable,
    "target": Any,
    "cwd": Any,
    "reset": bool | Collection,
}
"""What the options must be."""


_NO_STATES: Final[Mapping[str, Any]] = MappingProxyType({})  # shared, for a thousand runs at once are weighed


class PreparedRun:
    """A run that is checked and has not begun.

    Args:
        plan: The process.
        settings: How to run it.
        first: The outside event to begin with: id and payload.
        is_answerable: Whether anybody could answer questions.
        stream: Takes the events as well.
        continuation: Where to go on from.
        attachments: Who observes or holds the run, in the order in which they are informed.

    Raises:
        MissingServiceError: A step asks for a service that is missing.
        UnknownStepError: `initial_states` has a path that is not a step with state.
    """

    __slots__ = (
        "_attachments",
        "_continuation",
        "_first",
        "_is_answerable",
        "_plan",
        "_recorded",
        "_settings",
        "_states",
        "_stream",
    )

    def __init__(
        self,
        plan: CompiledProcess,
        settings: RunSettings,
        first: tuple[str, Any] | None,
        *,
        is_answerable: bool,
        stream: EventStream | None = None,
        continuation: Continuation | None = None,
        attachments: Sequence[Attachable] = (),
    ) -> None:
        plan.check_services(settings.services or Services())
        self._plan = plan
        self._settings = settings
        self._first = first
        self._is_answerable = is_answerable
        self._stream = stream
        self._continuation = continuation
        self._attachments = attachments
        recorded = continuation.states if continuation is not None else {}
        given = _checked_states(plan.graph, settings.initial_states or {})
        self._states: Mapping[str, Any] = {**recorded, **given} if recorded or given else _NO_STATES
        self._recorded = frozenset(recorded.keys() - given.keys()) if recorded else NO_IDS

    def open(self) -> tuple[RunRecord, list[WorkflowEvent]]:
        """Make the run, observed and held but not launched yet; return it, and the list its events go to."""
        settings, continuation = self._settings, self._continuation
        events: list[WorkflowEvent] = []
        sinks: list[Sink] = [events.append] if settings.collect_events else []
        if self._stream is not None:
            sinks.append(self._stream.put)
        run_id = continuation.run_id if continuation is not None else None
        run_id = run_id or settings.run_id or secrets.token_hex(6)
        is_observed = bool(sinks or self._attachments)
        run = RunRecord(
            self._plan,
            run_id=run_id,
            recorder=Recorder(run_id, sinks, copies=bool(sinks), clock=settings.clock) if is_observed else None,
            services=settings.services or Services(),
            max_supersteps=settings.max_supersteps or self._plan.max_supersteps or DEFAULT_MAX_SUPERSTEPS,
            initial_states=self._states,
            recorded_states=self._recorded,
            is_answerable=self._is_answerable,
            host=LocalHost(),
        )
        SuperstepDriver(run, self._stream)
        if continuation is not None:
            continuation.resume(run)
        for attachment in self._attachments:
            attachment.attach(run)
        return run, events

    def launch(self, run: RunRecord) -> None:
        """Begin to run in the background of the running event loop."""
        if self._first is not None:
            run.driver.put("event", *self._first)
        continuation = self._continuation
        run.driver.launch(continuation.event() if continuation is not None else None)
        if continuation is not None:
            continuation.resumed(run)


def _checked_states(graph: Graph, initial: Mapping[str, Any]) -> dict[str, Any]:
    if not initial:
        return {}
    steps = dict(graph.stateful())
    states: dict[str, Any] = {}
    for path, state in initial.items():
        if path not in steps:
            raise UnknownStepError(f"initial_states: no step with state at {path!r} ({did_you_mean(path, steps)})")
        kind = steps[path].state_type
        try:
            states[path] = state if kind is None else PayloadCheck(kind)(state)
        except PayloadMismatchError as error:
            raise ProcessError(f"the state given for {path} does not fit: {error}") from error
    return states
