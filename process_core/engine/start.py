"""Gets a run ready: checks what it is given, and ties together the engine, the observers and the run file."""

import dataclasses
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from process_core.engine.compiled import CompiledProcess
from process_core.engine.core import RunCore
from process_core.engine.event_stream import EventStream
from process_core.engine.recorder import Recorder, Sink
from process_core.engine.run import Run
from process_core.errors import PayloadMismatchError, ProcessError, UnknownStepError
from process_core.events import WorkflowEvent
from process_core.graph import Graph, type_text
from process_core.payload_check import PayloadCheck
from process_core.services import MissingServiceError, Services
from process_core.suggestions import did_you_mean

if TYPE_CHECKING:
    from process_core.resume import ResumePoint

DEFAULT_MAX_SUPERSTEPS = 1000


@runtime_checkable
class Attachable(Protocol):
    """What can hold a run: a debugger."""

    def attach(self, core: RunCore) -> None:
        """Take hold of a run before its first superstep."""


@dataclass(slots=True)
class RunOptions:
    """How a run is run.

    Attributes:
        services: What steps are given by type.
        max_supersteps: Supersteps allowed since the last outside input.
        run_file: Where to record the run.
        initial_states: Step path -> state to start from.
        debugger: Takes hold of the run.
        collect_events: Whether `events` is filled.
        run_id: Its id; random where left out.
        clock: Gives seconds since the epoch.
        target: What is run (`path.py:attr`), for the run file.
        cwd: The folder that `target` starts from, likewise.
    """

    services: Services | None = None
    max_supersteps: int = DEFAULT_MAX_SUPERSTEPS
    run_file: str | Path | None = None
    initial_states: Mapping[str, Any] | None = None
    debugger: Attachable | None = None
    collect_events: bool = True
    run_id: str | None = None
    clock: Callable[[], float] = time.time
    target: str | None = None
    cwd: str | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "RunOptions":
        """Take options by name.

        Args:
            given: Name -> value.

        Raises:
            TypeError: There is no option of that name, or it has the wrong type.
            ValueError: `max_supersteps` is less than 1.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for name in given:
            if name not in known:
                raise TypeError(f"there is no run option {name!r} ({did_you_mean(name, known)})")
        options = cls(**given)
        for name, kind in _KINDS.items():
            value = getattr(options, name)
            if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
                raise TypeError(f"the run option {name!r} takes {type_text(kind)}, not {value!r}")
        if options.max_supersteps < 1:
            raise ValueError(f"max_supersteps must be at least 1, not {options.max_supersteps}")
        return options


_KINDS: Final[Mapping[str, Any]] = {
    "services": Services,
    "max_supersteps": int,
    "run_file": str | Path,
    "initial_states": Mapping,
    "debugger": Attachable,
    "run_id": str,
    "clock": Callable,
}
"""What the options must be, where they are given."""


def prepare(
    plan: CompiledProcess,
    options: RunOptions,
    first: tuple[str, Any] | None,
    *,
    is_answerable: bool,
    stream: EventStream | None = None,
    point: "ResumePoint | None" = None,
) -> Run:
    """Get a run ready; nothing happens before it begins.

    Args:
        plan: The process.
        options: How to run it.
        first: The outside event to begin with: id and payload.
        is_answerable: Whether anybody could answer questions.
        stream: Takes the events as well.
        point: Where to go on from.

    Returns:
        The run.

    Raises:
        MissingServiceError: A step asks for a service that was not given.
        UnknownStepError: `initial_states` has a path that is no step with state.
    """
    services = options.services or Services()
    check_services(plan, services)
    states = {
        **(point.states if point is not None else {}),
        **_checked_states(plan.graph, options.initial_states or {}),
    }

    def make() -> tuple[RunCore, list[WorkflowEvent], Callable[[], None]]:
        events: list[WorkflowEvent] = []
        sinks: list[Sink] = [events.append] if options.collect_events else []
        if stream is not None:
            sinks.append(stream.put)
        continues = point is not None and point.journal is not None
        run_id = point.info.run_id if point is not None and continues else options.run_id or secrets.token_hex(6)
        recorder = Recorder(run_id, sinks, copies=bool(sinks), clock=options.clock)
        is_observed = bool(sinks) or options.run_file is not None or options.debugger is not None
        core = RunCore(
            plan,
            run_id=run_id,
            recorder=recorder if is_observed else None,
            services=services,
            max_supersteps=options.max_supersteps,
            initial_states=states,
            is_answerable=is_answerable,
        )
        close = _nothing
        if point is not None:
            from process_core.resume import resume_run  # noqa: PLC0415 - sqlite3 and pydantic, for recorded runs only

            resume_run(core, point)
        if options.run_file is not None:
            from process_core.recording.run_recorder import RecordedAs, record_run  # noqa: PLC0415 - likewise

            told = RecordedAs(options.target, options.cwd)
            close = record_run(core, recorder, Path(options.run_file), told=told, point=point)
        if options.debugger is not None:
            options.debugger.attach(core)
        return core, events, close

    return Run(make, first, None if point is None else point.event())


def _nothing() -> None:
    return


def check_services(plan: CompiledProcess, services: Services) -> None:
    """See that there is every service that a step asks for.

    Args:
        plan: The process.
        services: What there is.

    Raises:
        MissingServiceError: One is missing; names step, function and type.
    """
    missing = [(path, name, kind) for path, name, kind in plan.services if kind not in services]
    if missing:
        wanted = "; ".join(f"{path}.{name} asks for {type_text(kind)}" for path, name, kind in missing)
        raise MissingServiceError(
            f"missing service: {wanted} (services.add({type_text(missing[0][2])}, ...), then pass services=services)"
        )


def _checked_states(graph: Graph, given: Mapping[str, Any]) -> dict[str, Any]:
    if not given:
        return {}
    known = dict(graph.stateful())
    states: dict[str, Any] = {}
    for path, state in given.items():
        if path not in known:
            raise UnknownStepError(f"initial_states: no step with state at {path!r} ({did_you_mean(path, known)})")
        kind = known[path].state_type
        try:
            states[path] = state if kind is None else PayloadCheck(kind)(state)
        except PayloadMismatchError as error:
            raise ProcessError(f"the state given for {path} does not fit: {error}") from error
    return states
