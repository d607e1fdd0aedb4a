"""The task that drives a run from superstep to superstep, lets it rest, and ends it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from process_core.engine.end_report import end_details, report_leftovers
from process_core.engine.gate import Gate
from process_core.engine.invocation import Request
from process_core.engine.recorder import Recorder
from process_core.engine.root import RootScope
from process_core.engine.scope import DiscardedWork, Scope
from process_core.errors import RunCancelledError, StepFailedError
from process_core.events import RunState, WorkflowEvent

_GRACE_SECONDS: Final = 1.0
"""How long the end of a run waits for cancelled functions to clean up."""


class Driver:
    """Drives a run, from its start over each rest to its end.

    Attributes:
        root: The root process.
        state: Where the run stands.
        error: Why it failed.
        driver: The task that drives.
        inputs: What came from outside and was not taken in yet.
        unanswered: The open questions, when the run came to rest last.
        is_cancelling: Whether it was cancelled and has not ended.
        recorder, gate, on_launch, on_superstep, is_answerable, is_dismissed, requests: See `RunCore`.
    """

    __slots__ = (
        "_at_rest",
        "_has_reported",
        "_is_resting",
        "_unwinding",
        "_wake",
        "driver",
        "error",
        "inputs",
        "is_cancelling",
        "loop",
        "root",
        "state",
        "unanswered",
    )

    recorder: Recorder | None
    gate: Gate | None
    on_launch: Callable[[], None] | None
    on_superstep: Callable[[Scope], None] | None
    is_answerable: bool
    is_dismissed: bool
    requests: dict[str, Request]

    def __init__(self) -> None:
        self.root: RootScope
        self.state = RunState.IN_PROGRESS
        self.error: BaseException | None = None
        self.driver: asyncio.Task[Any] | None = None
        self.inputs: list[tuple[str, Any, Any]] = []
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self.unanswered: list[WorkflowEvent] = []
        self.is_cancelling = False
        self._wake: asyncio.Future[None] | None = None
        self._at_rest: list[asyncio.Future[None]] = []
        self._unwinding: set[asyncio.Task[Any]] | None = None
        self._is_resting = False
        self._has_reported = False

    def spawn_later(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Run a coroutine in a task."""
        raise NotImplementedError

    def changed(self) -> None:
        """Tell a screen that there is something new."""
        raise NotImplementedError

    def stir(self) -> None:
        """Let a run at rest look for work that was given to it by hand."""
        self._is_resting = False
        self.wake()

    def rouse(self) -> None:
        """Go on from rest, where a change of the code has brought work."""
        if self.root.has_work():
            self.stir()

    def wake(self) -> None:
        """Let the driving task look for work."""
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    @property
    def is_resting(self) -> bool:
        """Whether nothing is left to do, or the run has ended."""
        return self._is_resting

    async def rest(self) -> None:
        """Wait until nothing is left to do, or the run has ended."""
        while not self._is_resting:
            waiter = self.loop.create_future()
            self._at_rest.append(waiter)
            await waiter

    def launch(self, taken_up: WorkflowEvent | None = None) -> None:
        """Record the start and begin to drive.

        Args:
            taken_up: The event that says from where a recorded run goes on.
        """
        if self.on_launch is not None:
            self.on_launch()
        if self.recorder is not None:
            superstep = self.root.superstep
            if taken_up is None:
                self.recorder.record_status("started", superstep)
            else:
                self.recorder.pass_on(taken_up)
            self.recorder.record_status("status", superstep, state=RunState.IN_PROGRESS)
        self.hand_over(finish_first=False)

    def hand_over(self, *, finish_first: bool = True) -> None:
        """Drive on in a new task."""
        self.driver = self.spawn_later(self._drive(finish_first=finish_first))

    async def _drive(self, *, finish_first: bool) -> None:
        try:
            await self._drive_on(finish_first=finish_first)
        except asyncio.CancelledError:
            if self.is_dismissed:
                return
            if self.state.is_ended:
                raise
            self.is_cancelling = True
            self.root.discard_all("cancelled from outside")
            self._set_state(RunState.CANCELLED)
            self._release_waiters()
            raise
        except Exception as error:  # noqa: BLE001 - a fault of the engine must end the run, or its user waits for ever
            self.root.failed = None
            self.root.fail(None, error)
            await self._end()

    async def _drive_on(self, *, finish_first: bool) -> None:
        root = self.root
        while True:
            if finish_first or root.has_work():
                if self.state is not RunState.IN_PROGRESS:
                    self._set_state(RunState.IN_PROGRESS)
                if not await root.advance(finish_first=finish_first):
                    return
                finish_first = False
            if self.is_cancelling or root.failed is not None or root.is_stopped:
                await self._end()
                return
            if root.has_work() or await self._is_kept_from_rest():
                continue
            if not await self._rest_until_woken():
                return

    async def _is_kept_from_rest(self) -> bool:
        """Give a debugger the last moment before the run comes to rest; True where the run has to look again."""
        self.report_rest()
        if self.gate is None:
            return False
        await self.gate.rest(self.root, ends=False)
        if not self.is_cancelling and not self.root.has_work():
            return False
        self._has_reported = False
        return True

    async def _rest_until_woken(self) -> bool:
        """Be at rest; False where nothing can come any more."""
        waiting = bool(self.unanswered)
        self._wake = self.loop.create_future()
        self._set_state(RunState.IDLE_WITH_PENDING_REQUESTS if waiting else RunState.IDLE)
        await self._settle()
        self._release_waiters()
        if not self.is_answerable:
            return False
        await self._wake
        self._wake = None
        self._has_reported = False
        return True

    def report_rest(self) -> None:
        """Say what is left over when the run comes to rest; where nobody can answer, end what waits for answers."""
        if self._has_reported:
            return
        self._has_reported = True
        self.unanswered = [request.event for request in self.requests.values()]
        report_leftovers(self.root.run)
        if not self.is_answerable and self.root.parked:
            if self.on_superstep is not None:
                self.on_superstep(self.root)  # taken up from its file, it asks again
            self.root.drop_working(DiscardedWork())

    async def _end(self) -> None:
        root = self.root
        if root.failed is not None and not self.is_cancelling:
            root.discard_all("the run failed")
            report_leftovers(self.root.run)
            await self._last_look()
        elif root.is_stopped and not self.is_cancelling:
            await self._last_look()
        if root.failed is not None and not self.is_cancelling:
            self._fail()
        elif root.is_stopped and not self.is_cancelling:
            self._set_state(RunState.STOPPED, root.stop_route, root.stop_seq)
        else:
            report_leftovers(self.root.run)
            self._set_state(RunState.CANCELLED)
            self.error = RunCancelledError("the run was cancelled")
        await self._settle()
        self._release_waiters()

    async def _last_look(self) -> None:
        """Give a debugger the last moment before the run ends; what comes from outside meanwhile is lost, and told."""
        if self.gate is not None:
            await self.gate.rest(self.root, ends=True)
            if self.inputs and not self.is_cancelling:
                self.root.discard_all("the run was about to end")

    def _fail(self) -> None:
        failed = self.root.failed
        assert failed is not None
        failure, error = failed.failure, failed.error
        if failure is not None:
            raised = StepFailedError(failure)
            raised.__cause__ = error
            self.error = raised
        else:
            self.error = error
        told = self.recorder.pass_on(end_details(self.root.run, failed)) if self.recorder is not None else 0
        self._set_state(RunState.FAILED, cause=told)

    def _set_state(self, state: RunState, route: str | None = None, cause: int = 0) -> None:
        self.state = state
        if self.recorder is not None:
            causes = (cause,) if cause else ()
            event = WorkflowEvent("status", state=state, superstep=self.root.superstep, route=route, causes=causes)
            self.recorder.pass_on(event)
        self.changed()

    async def _settle(self) -> None:
        """Let cancelled functions clean up, for a while."""
        if self._unwinding:
            unwinding = {task for task in self._unwinding if task is not asyncio.current_task()}
            if unwinding:
                await asyncio.wait(unwinding, timeout=_GRACE_SECONDS)

    def _release_waiters(self) -> None:
        if self.inputs and not self.state.is_ended:
            return
        self._is_resting = True
        waiters, self._at_rest = self._at_rest, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        self.changed()
