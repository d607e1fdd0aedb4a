"""A run as its user holds it, and what is left of it at the end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Any, Self

from process_core.engine.core import RunCore
from process_core.errors import (
    InvalidResponseError,
    PayloadMismatchError,
    RunEndedError,
    UnknownEventError,
    UnknownRequestError,
)
from process_core.events import NO_DATA, ProcessEvent, RunState, WorkflowEvent, event_name
from process_core.payload_check import PayloadCheck
from process_core.suggestions import did_you_mean


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


class Run:
    """A run under your control; `async with` begins it, and cancels it at the end where it is not at rest.

    Made by `Process.start`. Its attributes are those of `RunResult`, live.
    """

    def __init__(
        self,
        make: "Callable[[], tuple[RunCore, list[WorkflowEvent], Callable[[], None]]]",
        first: tuple[str, Any] | None,
        taken_up: WorkflowEvent | None = None,
    ) -> None:
        self._make: Callable[[], tuple[RunCore, list[WorkflowEvent], Callable[[], None]]] | None = make
        self._first = first
        self._taken_up = taken_up
        self._core: RunCore | None = None
        self._events: list[WorkflowEvent] = []
        self._close: Callable[[], None] | None = None

    def begin(self) -> Self:
        """Begin to run in the background of the running event loop; `async with` does it for you.

        Returns:
            This run.
        """
        if self._make is not None:
            self._core, self._events, self._close = self._make()
            self._make = None  # what it holds is not needed while the run lives
            if self._first is not None:
                self._core.put("event", *self._first)
            self._core.launch(self._taken_up)
        return self

    @property
    def core(self) -> RunCore:
        """The run from the inside, for debuggers."""
        if self._core is None:
            raise RuntimeError("the run has not begun; use `async with process.start(...) as run`")
        return self._core

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.core.run_id

    @property
    def state(self) -> RunState:
        """Where the run stands."""
        return self.core.state

    @property
    def superstep(self) -> int:
        """The root process's superstep, from 1."""
        return self.core.root.superstep

    @property
    def written(self) -> int:
        """Seq of the last event that is safe in the run file; of the last event where there is none."""
        core = self.core
        if core.writer is not None:
            return core.writer.written
        return core.recorder.seq if core.recorder is not None else 0

    @property
    def outputs(self) -> list[Any]:
        """What steps yielded so far."""
        return self.core.outputs

    @property
    def events(self) -> list[WorkflowEvent]:
        """Everything observed so far."""
        return self._events

    @property
    def public_events(self) -> list[ProcessEvent]:
        """Public events that left the root so far."""
        return self.core.public_events

    @property
    def step_states(self) -> dict[str, Any]:
        """State by path, of every step that has one."""
        return self.core.root.states()

    @property
    def pending_requests(self) -> list[WorkflowEvent]:
        """The `request_info` events that wait for an answer."""
        core = self.core
        return list(core.unanswered) if not core.is_answerable else [r.event for r in core.requests.values()]

    @property
    def error(self) -> BaseException | None:
        """Why the run failed or was cancelled, or None."""
        return self.core.error

    def result(self) -> RunResult:
        """Give what the run came to, as it is now."""
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
        core = self.core
        self._check_open(f"event {name!r}")
        if name not in core.plan.entries:
            raise unknown_event(name, core.plan.graph.name, core.plan.graph.input_events)
        core.put("event", name, data)

    async def respond(self, request_id: str, value: Any) -> None:
        """Answer a question; the function that asked goes on in the next superstep.

        Args:
            request_id: Which one.
            value: The answer.

        Raises:
            UnknownRequestError: It is not open; nothing has changed.
            InvalidResponseError: The answer has the wrong type; the question stays open.
            RunEndedError: The run is over.
        """
        core = self.core
        self._check_open(f"the answer to {request_id!r}")
        request = core.requests.get(request_id)
        if request is None:
            hint = did_you_mean(request_id, core.requests) or "nothing is asked"
            raise UnknownRequestError(f"request {request_id!r} is not open ({hint})")
        try:
            answer = PayloadCheck(request.response_type)(value)
        except PayloadMismatchError as error:
            asked = str(request.prompt)[:80]
            raise InvalidResponseError(f"the answer to {asked!r} does not fit: {error}") from error
        core.withdraw(request)
        core.put("answer", request, answer)

    async def idle(self) -> RunState:
        """Wait until the run is at rest: nothing to do, waiting for answers, or over.

        Returns:
            The state it came to.
        """
        await self.core.rest()
        return self.state

    def cancel(self) -> None:
        """Cancel the run; does nothing where it is over."""
        self.core.cancel()

    def close(self) -> None:
        """Let go of the run file."""
        if self._close is not None:
            self._close()
            self._close = None

    async def __aenter__(self) -> Self:
        return self.begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        core = self.core
        if not core.is_over and core.state is not RunState.IDLE:
            core.cancel()
            await core.rest()
        core.dismiss()
        await asyncio.sleep(0)
        self.close()

    def _check_open(self, what: str) -> None:
        core = self.core
        if core.state.is_ended or core.is_cancelling:
            raise RunEndedError(f"the run is {core.state}; {what} came too late")


def unknown_event(name: str, process: str, known: tuple[str, ...]) -> UnknownEventError:
    """Make the error for an outside event that a process does not take.

    Args:
        name: The event.
        process: The process.
        known: The events it takes.
    """
    hint = did_you_mean(name, known) or "it takes none"
    return UnknownEventError(f"process {process!r} takes no input event {name!r} ({hint})")
