"""A run as its user holds it, and what is left of it at the end."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypedDict, Unpack, runtime_checkable

from process_core.engine.records import RunRecord
from process_core.errors import (
    InvalidResponseError,
    PayloadMismatchError,
    Problem,
    RunEndedError,
    UnknownEventError,
    UnknownRequestError,
)
from process_core.events import NO_DATA, ProcessEvent, RunState, WorkflowEvent, event_name
from process_core.graph import Graph
from process_core.payload_check import PayloadCheck
from process_core.services import Services
from process_core.suggestions import did_you_mean


@runtime_checkable
class Attachable(Protocol):
    """What takes hold of a run, or observes it: a debugger, a recorder."""

    def attach(self, run: RunRecord) -> None:
        """Take hold of a run before its first superstep."""


class RunOptions(TypedDict, total=False):
    """How a run is run.

    Attributes:
        services: What steps receive by type.
        max_supersteps: Supersteps allowed since the last outside input (what the process says, else 1000).
        run_file: Where to record the run.
        initial_states: Step path -> state to start from.
        debugger: Takes hold of the run.
        collect_events: Whether `events` is filled (True).
        run_id: Its id; random where left out.
        clock: Returns seconds since the epoch.
        target: What is run (`path.py:attr`), for the run file.
        cwd: The folder that `target` starts from, likewise.
        reset: For resuming and forking: paths of steps that begin with a new state in place of the recorded one; True
            for every step whose recorded state does not fit the code any more.
    """

    services: Services | None
    max_supersteps: int | None
    run_file: str | Path | None
    initial_states: Mapping[str, Any] | None
    debugger: Attachable | None
    collect_events: bool
    run_id: str | None
    clock: Callable[[], float]
    target: str | None
    cwd: str | None
    reset: bool | Collection[str]


@dataclass(slots=True)
class RunResult:
    """What a run came to.

    Attributes:
        run_id: The run.
        state: How it ended.
        outputs: What steps yielded, in order.
        events: Everything observed; empty with `collect_events=False`.
        step_states: State by path, for steps that have one.
        public_events: Public events that left the root process.
        pending_requests: The `request_info` events that were not answered.
    """

    run_id: str
    state: RunState
    outputs: list[Any] = field(default_factory=list)
    events: list[WorkflowEvent] = field(default_factory=list)
    step_states: dict[str, Any] = field(default_factory=dict)
    public_events: list[ProcessEvent] = field(default_factory=list)
    pending_requests: list[WorkflowEvent] = field(default_factory=list)


class Prepared(Protocol):
    """A run that is checked and has not begun."""

    def open(self) -> tuple[RunRecord, list[WorkflowEvent]]:
        """Make the run, not launched yet; return it, and the list its events go to."""
        ...

    def launch(self, run: RunRecord) -> None:
        """Begin to run in the background of the running event loop."""


class Run:
    """A run under your control; `async with` begins it, and cancels it at the end where it is not idle.

    Made by `Process.start`. Its attributes are those of `RunResult`, live.
    """

    def __init__(self, prepared: Prepared) -> None:
        self._prepared: Prepared | None = prepared
        self._record: RunRecord | None = None
        self._events: list[WorkflowEvent] = []
        self._is_closed = False

    def begin(self) -> Self:
        """Begin to run in the background of the running event loop; `async with` does it for you.

        Returns:
            This run.
        """
        if self._prepared is not None:
            self._record, self._events = self._prepared.open()
            prepared, self._prepared = self._prepared, None  # what it holds is not needed while the run lives
            prepared.launch(self._record)
        return self

    @property
    def record(self) -> RunRecord:
        """The run from the inside, for debuggers."""
        if self._record is None:
            raise RuntimeError("the run has not begun; use `async with process.start(...) as run`")
        return self._record

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.record.run_id

    @property
    def state(self) -> RunState:
        """Where the run stands."""
        return self.record.state

    @property
    def superstep(self) -> int:
        """The root process's superstep, from 1."""
        return self.record.root.superstep

    @property
    def written(self) -> int:
        """Seq of the last event that is safe in the run file; of the last event where there is none."""
        record = self.record
        if record.file is not None:
            return record.file.written
        return record.recorder.seq if record.recorder is not None else 0

    @property
    def outputs(self) -> list[Any]:
        """What steps yielded so far."""
        return self.record.outputs

    @property
    def events(self) -> list[WorkflowEvent]:
        """Everything observed so far."""
        return self._events

    @property
    def public_events(self) -> list[ProcessEvent]:
        """Public events that left the root so far."""
        return self.record.public_events

    @property
    def step_states(self) -> dict[str, Any]:
        """State by path, of every step that has one."""
        return self.record.root.states()

    @property
    def pending_requests(self) -> list[WorkflowEvent]:
        """The `request_info` events that wait for an answer."""
        record = self.record
        return list(record.unanswered) if not record.is_answerable else [r.event for r in record.requests.values()]

    @property
    def error(self) -> BaseException | None:
        """Why the run failed or was cancelled, or None."""
        return self.record.error

    def result(self) -> RunResult:
        """Return what the run came to, as it is now."""
        return RunResult(
            self.run_id,
            self.state,
            self.outputs,
            self.events,
            self.step_states,
            self.public_events,
            self.pending_requests,
        )

    async def send_event(self, event: str | Enum | ProcessEvent, data: Any = NO_DATA) -> None:
        """Send an outside event; it is taken in at the next superstep.

        Args:
            event: The event, or its id.
            data: The payload, where an id is given.

        Raises:
            UnknownEventError: The process takes no such event; nothing has changed.
            RunEndedError: The run is over.
        """
        if isinstance(event, ProcessEvent):
            data = event.data if event.has_data else NO_DATA
            event = event.id
        name = event_name(event)
        record = self.record
        self._check_open(f"event {name!r}")
        if name not in record.plan.entries:
            raise unknown_event(name, record.plan.graph.name, record.plan.graph.input_events)
        record.driver.put("event", name, data)

    async def respond(self, request_id: str, value: Any) -> None:
        """Answer a question; the function that asked goes on in the next superstep.

        Args:
            request_id: Which one.
            value: The answer.

        Raises:
            UnknownRequestError: It is not open, or no more; nothing has changed.
            InvalidResponseError: The answer has the wrong type; the question stays open.
            RunEndedError: The run is over.
        """
        record = self.record
        self._check_open(f"the answer to {request_id!r}")
        request = record.requests.get(request_id)
        if request is None:
            if request_id not in record.awaited:
                raise UnknownRequestError(_why_not_open(record, request_id))
            record.answer_early(request_id, value)  # its type is known when the function asks again
            return
        try:
            answer = PayloadCheck(request.response_type)(value)
        except PayloadMismatchError as error:
            asked = str(request.prompt)[:80]
            raise InvalidResponseError(f"the answer to {asked!r} does not fit: {error}") from error
        record.withdraw(request)
        record.driver.put("answer", request, answer)

    async def idle(self) -> RunState:
        """Wait until the run is idle: nothing to do, waiting for answers, or over.

        Returns:
            The state it came to.
        """
        await self.record.driver.idle()
        return self.state

    def cancel(self) -> None:
        """Cancel the run; does nothing where it is over."""
        self.record.driver.cancel()

    def close(self) -> None:
        """Let go of the run file."""
        if self._record is not None and self._record.file is not None and not self._is_closed:
            self._is_closed = True
            self._record.file.close()

    async def __aenter__(self) -> Self:
        return self.begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        record = self.record
        if not record.driver.is_over and record.state is not RunState.IDLE:
            record.driver.cancel()
            await record.driver.idle()
        record.driver.dismiss()
        await asyncio.sleep(0)
        self.close()

    def _check_open(self, what: str) -> None:
        record = self.record
        if record.state.is_ended or record.is_cancelling:
            raise RunEndedError(f"the run is {record.state}; {what} came too late")


class Runnable(Protocol):
    """What can be started and debugged: our `Process`, or something that another engine runs."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def graph(self) -> Graph:
        """Its steps and routes."""
        ...

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Problems of its definition that it can live with."""
        ...

    @property
    def limits(self) -> Mapping[str, str]:
        """The debugger verbs that its runs do not have, each with the reason."""
        ...

    def start(
        self,
        event: str | Enum | None = None,
        data: Any = NO_DATA,
        *,
        resume_from: str | Path | None = None,
        superstep: int | None = None,
        **options: Unpack[RunOptions],
    ) -> Run:
        """Start a run under your control; see `Process.start`."""
        ...


def _why_not_open(record: RunRecord, request_id: str) -> str:
    hint = did_you_mean(request_id, record.requests) or "nothing is asked"
    if request_id in record.withdrawn:
        why = "was withdrawn: its function went on without an answer"
    elif any(request_id == f"request-{number}" for number in range(1, record.asked + 1)):
        why = "is closed: it was answered, or the call that asked has ended"
    else:
        why = "is not open"
    return f"request {request_id!r} {why} ({hint})"


def unknown_event(name: str, process: str, known: tuple[str, ...]) -> UnknownEventError:
    """Make the error for an outside event that a process does not take.

    Args:
        name: The event.
        process: The process.
        known: The events it takes.
    """
    hint = did_you_mean(name, known) or "it takes none"
    return UnknownEventError(f"{process} has no input event {name!r} ({hint})")
