"""A run as its user holds it, and what is left of it at the end."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypedDict, TypeVar, Unpack, runtime_checkable

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

if TYPE_CHECKING:
    from process_core.resume import Edits

T = TypeVar("T")

_LOOK_SECONDS: Final = 0.1
"""How long a thread waits for a value before it looks whether the run's loop still runs."""


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

    Made by `Process.start`. Its attributes are those of `RunResult`, live. It belongs to the event loop that it is
    begun on; all that it has may be used from any thread, and is served on that loop. `cancel` does not wait for it,
    what returns a value or may be refused does.
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
        return self._read(self.record.root.states)

    @property
    def pending_requests(self) -> list[WorkflowEvent]:
        """The `request_info` events that wait for an answer."""
        record = self.record
        return [r.event for r in list(record.requests.values())] if record.is_answerable else list(record.unanswered)

    @property
    def error(self) -> BaseException | None:
        """Why the run failed or was cancelled, or None."""
        return self.record.error

    def result(self) -> RunResult:
        """Return what the run came to, as it is now."""
        return self._read(self._result)

    def _result(self) -> RunResult:
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
            RunEndedError: The run is over, or its event loop has stopped.
        """
        if isinstance(event, ProcessEvent):
            data = event.data if event.has_data else NO_DATA
            event = event.id
        name = event_name(event)
        if self._is_elsewhere(f"event {name!r}"):
            await self._serve(lambda: self._send(name, data))
        else:
            self._send(name, data)

    def _send(self, name: str, data: Any) -> None:
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
            RunEndedError: The run is over, or its event loop has stopped.
        """
        if self._is_elsewhere(f"the answer to {request_id!r}"):
            await self._serve(lambda: self._respond(request_id, value))
        else:
            self._respond(request_id, value)

    def _respond(self, request_id: str, value: Any) -> None:
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
        record = self.record
        if record.driver.is_idle and not record.loop.is_running():
            return self.state
        if self._is_elsewhere("waiting for it"):
            await self._serve(record.driver.idle)
        else:
            await record.driver.idle()
        return self.state

    def cancel(self) -> None:
        """Cancel the run; does nothing where it is over.

        Raises:
            RunEndedError: The run is not over, and its event loop has stopped.
        """
        record = self.record
        if record.state.is_ended:
            return
        if self._is_elsewhere("cancelling it"):
            record.loop.call_soon_threadsafe(record.driver.cancel)
        else:
            record.driver.cancel()

    def close(self) -> None:
        """Let go of the run file."""
        if self._record is not None and self._record.file is not None and not self._is_closed:
            self._is_closed = True
            self._read(self._record.file.close)

    async def __aenter__(self) -> Self:
        return self.begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        record = self.record
        if not record.driver.is_over and record.state is not RunState.IDLE:
            self.cancel()
            await self.idle()
        if self._is_elsewhere("leaving it"):
            await self._serve(record.driver.dismiss)
        else:
            await record.driver.dismiss()
            await asyncio.sleep(0)
        self.close()

    # Other threads.

    def _is_elsewhere(self, what: str) -> bool:
        """Whether the run's loop runs in another thread.

        Raises:
            RunEndedError: It does not run any more, so nothing reaches the run.
        """
        record = self.record
        loop = record.loop
        if not loop.is_closed():
            if threading.get_ident() != record.thread:
                if loop.is_running():
                    return True
            elif asyncio._get_running_loop() in (None, loop):  # noqa: SLF001 - `get_running_loop` raises for none
                return False
        gone = "is closed" if loop.is_closed() else "has stopped"
        raise RunEndedError(
            f"the event loop that the run was begun on {gone}, so nothing reaches it; {what} came too late"
        )

    async def _serve(self, call: Callable[[], Any]) -> None:
        """Make a call on the run's loop, and wait for what it leads to on the one that runs here."""

        async def served() -> None:
            made = call()
            if made is not None:
                await made

        future = asyncio.run_coroutine_threadsafe(served(), self.record.loop)
        try:
            await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not future.cancelled() or (task is not None and task.cancelling()):
                raise
            raise RunEndedError("the event loop that the run was begun on was closed meanwhile") from None

    def _read(self, call: Callable[[], T]) -> T:
        """Make a call on the run's loop and wait for its value, where it runs in another thread."""
        record = self.record
        if threading.get_ident() == record.thread or not record.loop.is_running():
            return call()
        future: concurrent.futures.Future[T] = concurrent.futures.Future()

        def served() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:  # noqa: BLE001 - it is raised where the value is wanted
                    future.set_exception(error)

        try:
            record.loop.call_soon_threadsafe(served)
        except RuntimeError:  # the loop was closed just now: nothing changes the run any more
            return call()
        while not concurrent.futures.wait([future], _LOOK_SECONDS).done:
            if not record.loop.is_running() and future.cancel():
                return call()
        return future.result()

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
        edits: "Edits | Mapping[str, Any] | None" = None,
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
