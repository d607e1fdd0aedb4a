"""What makes a run go on: the `Driver` protocol, and the driver that goes from superstep to superstep."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from process_core.engine.composite import open_composite
from process_core.engine.deactivation import deactivate_all, deactivate_later
from process_core.engine.end_report import failed_event, report_leftovers
from process_core.engine.event_stream import EventStream
from process_core.engine.join_buffer import JoinBuffer
from process_core.engine.records import DiscardedWork, ProcessRecord, RunRecord
from process_core.engine.runner import RunTasks
from process_core.engine.superstep import SuperstepLoop
from process_core.errors import RunCancelledError, StepFailedError
from process_core.events import RunState, WorkflowEvent

if TYPE_CHECKING:
    from process_core.engine.records import MapRecord, StepInstance


class Driver(Protocol):
    """Makes a run go on; whoever holds a run commands it through this."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to do, or the run has ended."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether nothing can happen any more: ended, or idle with nobody who could answer."""
        ...

    def launch(self, resumed: WorkflowEvent | None = None) -> None:
        """Record the start and begin to drive; `resumed` says from where a recorded run is resumed."""

    def put(self, kind: str, subject: Any, value: Any) -> None:
        """Take in an outside event (`event`, id, data) or an answer (`answer`, request, value)."""

    def cancel(self) -> None:
        """End the run as CANCELLED; every invocation ends now."""

    async def idle(self) -> None:
        """Wait until nothing is left to do, or the run has ended."""

    async def dismiss(self) -> None:
        """Let go of an idle run; nothing more can come."""

    def has_work(self) -> bool:
        """Whether the root process has anything to do."""
        ...

    def look_again(self, process: ProcessRecord | None = None) -> None:
        """Make an idle run, or a parked nested process, look for work that it received by hand."""

    def open_child(self, slot: "StepInstance") -> "ProcessRecord | MapRecord":
        """Make what is inside a step that is a nested process or a map."""
        ...

    def deactivate(self, slot: "StepInstance", instance: Any) -> None:
        """End an instance that its step no longer uses."""


class SuperstepDriver:
    """Drives a run in supersteps, from its start over each time it is idle to its end.

    Args:
        run: The run; its root process is made here.
        stream: What its events go to, whose reader it must not leave behind.
    """

    __slots__ = ("_has_reported", "_idlers", "_is_idle", "_loop", "_run", "_task", "_tasks", "_wake")

    def __init__(self, run: RunRecord, stream: EventStream | None = None) -> None:
        self._run = run
        self._tasks = RunTasks(run, stream)
        run.driver = self
        run.root = ProcessRecord(run, run.plan, JoinBuffer())
        self._loop = SuperstepLoop(run.root, self._tasks, self)
        self._task: asyncio.Task[Any] | None = None
        self._wake: asyncio.Future[None] | None = None
        self._idlers: Sequence[asyncio.Future[None]] = ()
        self._is_idle = False
        self._has_reported = False

    # What the outside calls.

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to do, or the run has ended."""
        return self._is_idle

    @property
    def is_over(self) -> bool:
        """Whether nothing can happen any more: ended, or idle with nobody who could answer."""
        return self._run.state.is_ended or (self._is_idle and not self._run.is_answerable)

    def launch(self, resumed: WorkflowEvent | None = None) -> None:
        """Record the start and begin to drive; see `Driver.launch`."""
        self._run.begin(resumed)
        self.hand_over(finish_first=False)

    def put(self, kind: str, subject: Any, value: Any) -> None:
        """Take in an outside event or an answer; see `Driver.put`."""
        routes = self._run.plan.entries.get(subject) if kind == "event" else None
        self._run.inputs.append((kind, subject, value if routes is None else routes.conceal(value)))
        self.wake_up()

    def cancel(self) -> None:
        """End the run as CANCELLED; every invocation ends now."""
        run = self._run
        if run.state.is_ended or run.is_cancelling:
            return
        run.is_cancelling = True
        self._loop.discard_all("cancelled")
        if run.controller is not None:
            run.controller.abandon()
        self.wake_up()

    async def idle(self) -> None:
        """Wait until nothing is left to do, or the run has ended."""
        while not self._is_idle:
            waiter = self._run.loop.create_future()
            self._idlers = (*self._idlers, waiter)
            await waiter

    async def dismiss(self) -> None:
        """Let go of an idle run; nothing more can come."""
        self._run.is_dismissed = True
        await deactivate_all(self._run)
        if self._task is not None and not self._task.done():
            self._tasks.end(self._task)

    def has_work(self) -> bool:
        """Whether there is another superstep to run."""
        return self._loop.has_work()

    def look_again(self, process: ProcessRecord | None = None) -> None:
        """Look for work that was put in by hand; see `Driver.look_again`."""
        if process is None or process is self._run.root:
            self.wake_up()
            return
        call, composite = process.parent, process.composite
        has_work_or_is_done = process.pending or not (process.held or process.parked)
        if composite is not None and call is not None and call.is_parked and has_work_or_is_done:
            composite.wake_up()

    def open_child(self, slot: "StepInstance") -> "ProcessRecord | MapRecord":
        """Make what is inside a step that is a nested process or a map."""
        return open_composite(slot, self._tasks)

    def deactivate(self, slot: "StepInstance", instance: Any) -> None:
        """End an instance that its step no longer uses; see `Driver.deactivate`."""
        deactivate_later(slot, instance)

    # What the loop calls.

    def wake_up(self) -> None:
        """Let the driving task look for work."""
        self._is_idle = False
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def hand_over(self, *, finish_first: bool = True) -> None:
        """Drive on in a new task."""
        self._task = self._tasks.spawn_later(self._drive(finish_first=finish_first))

    def report_idle(self) -> None:
        """Report what is left over when the run becomes idle; where nobody can answer, end what waits for answers."""
        if self._has_reported:
            return
        run = self._run
        self._has_reported = True
        run.unanswered = [request.event for request in run.requests.values()]
        report_leftovers(run)
        if not run.is_answerable and run.root.parked:
            for hook in run.superstep_ended:
                hook(run.root)  # resumed from its file, it asks again
            self._loop.drop_working(DiscardedWork())

    # Driving.

    async def _drive(self, *, finish_first: bool) -> None:
        run = self._run
        try:
            await self._drive_on(finish_first=finish_first)
        except asyncio.CancelledError:
            if run.is_dismissed:
                return
            if run.state.is_ended:
                raise
            if self._tasks.has_cancelled_itself(asyncio.current_task()):
                self.hand_over(finish_first=run.root.in_batch)  # a function did so, and returned before it took effect
                return
            run.is_cancelling = True
            self._loop.discard_all("cancelled from outside")
            if run.activated:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(0)  # what worked in this task was cancelled just now, and that comes first
                with contextlib.suppress(asyncio.CancelledError):
                    await deactivate_all(run)
            run.set_state(RunState.CANCELLED)
            self._release_idlers()
            raise
        except GeneratorExit:
            raise
        except BaseException as error:  # a fault of the engine must end the run, or its user waits for ever
            run.root.failed = None
            run.root.fail(None, error)
            await self._end()
            if not isinstance(error, Exception):
                raise  # a signal that came between two calls is the program's business too

    async def _drive_on(self, *, finish_first: bool) -> None:
        run, root, loop = self._run, self._run.root, self._loop
        while True:
            if finish_first or loop.has_work():
                if run.state is not RunState.IN_PROGRESS:
                    run.set_state(RunState.IN_PROGRESS)
                if not await loop.advance(finish_first=finish_first):
                    return
                finish_first = False
            if run.is_cancelling or root.failed is not None or root.is_stopped:
                await self._end()
                return
            if loop.has_work() or await self._is_kept_from_idling():
                continue
            if not await self._idle_until_woken():
                return

    async def _is_kept_from_idling(self) -> bool:
        """Pass the controller the last moment before the run becomes idle; True where the run has to look again."""
        self.report_idle()
        run = self._run
        if run.controller is None:
            return False
        await run.controller.before_idle(run.root, ends=False)
        if not run.is_cancelling and not self._loop.has_work():
            return False
        self._has_reported = False
        return True

    async def _idle_until_woken(self) -> bool:
        """Be idle; False where nothing can come any more."""
        run = self._run
        is_waiting = bool(run.unanswered)
        if not run.is_answerable:
            await self._deactivate()
        self._wake = run.loop.create_future()
        run.set_state(RunState.IDLE_WITH_PENDING_REQUESTS if is_waiting else RunState.IDLE)
        await self._tasks.settle()
        self._release_idlers()
        if not run.is_answerable:
            return False
        await self._wake
        self._wake = None
        self._has_reported = False
        return True

    async def _end(self) -> None:
        run, root = self._run, self._run.root
        if root.failed is not None and not run.is_cancelling:
            self._loop.discard_all("the run failed")
            report_leftovers(run)
            await self._before_end()
        elif root.is_stopped and not run.is_cancelling:
            await self._before_end()
        await self._deactivate()
        if root.failed is not None and not run.is_cancelling:
            self._fail()
        elif root.is_stopped and not run.is_cancelling:
            run.set_state(RunState.STOPPED, root.stop_route, root.stop_seq)
        else:
            report_leftovers(run)
            run.set_state(RunState.CANCELLED)
            run.error = RunCancelledError("the run was cancelled")
        await self._tasks.settle()
        self._release_idlers()

    async def _deactivate(self) -> None:
        """End the instances of the steps, after what cancelled functions do last."""
        if self._run.activated or self._run.ending:
            await self._tasks.settle()
            await deactivate_all(self._run)

    async def _before_end(self) -> None:
        """Pass the controller the last moment before the run ends; what comes from outside meanwhile is lost."""
        run = self._run
        if run.controller is not None:
            await run.controller.before_idle(run.root, ends=True)
            if run.inputs and not run.is_cancelling:
                self._loop.discard_all("the run was about to end")

    def _fail(self) -> None:
        run = self._run
        failed = run.root.failed
        assert failed is not None
        failure, error = failed.failure, failed.error
        if failure is not None:
            raised = StepFailedError(failure)
            raised.__cause__ = error
            run.error = raised
        else:
            run.error = error
        seq = run.recorder.pass_on(failed_event(run, failed)) if run.recorder is not None else 0
        run.set_state(RunState.FAILED, cause=seq)

    def _release_idlers(self) -> None:
        run = self._run
        if run.is_answerable and self._loop.has_work() and not run.state.is_ended:
            return
        self._is_idle = True
        idlers, self._idlers = self._idlers, ()
        for waiter in idlers:
            if not waiter.done():
                waiter.set_result(None)
        run.changed()
