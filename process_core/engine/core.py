"""A run from the inside: the driving task, what comes from outside, and how the run ends."""

import asyncio
import contextvars
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from process_core.engine.endings import end_details, report_leftovers
from process_core.engine.gate import Gate, Recording
from process_core.engine.host import LocalHost, StepHost, TracksContext
from process_core.engine.invocation import UNSET, Invocation, Message, Request
from process_core.engine.mapping import MapCrew
from process_core.engine.nested import Composite, NestedScope
from process_core.engine.plan import Plan
from process_core.engine.recording import Recorder
from process_core.engine.root import RootScope
from process_core.engine.scope import Lost, Scope
from process_core.engine.slot import StepSlot
from process_core.engine.stewardship import Stewardship
from process_core.engine.stranded import Stranded
from process_core.errors import RunCancelledError, StepFailedError
from process_core.events import ProcessEvent, RunState, WorkflowEvent
from process_core.graph import StepKind, type_text
from process_core.services import Services

_GRACE_SECONDS = 1.0
"""How long the end of a run waits for cancelled functions to clean up."""


class RunCore:
    """One run, from the inside. What a user holds is a `Run`.

    Attributes:
        plan: The process.
        run_id: The run.
        state: Where it stands.
        root: The root process.
        outputs: What steps yielded, committed.
        public_events: Public events that left the root.
        requests: Open questions by id.
        error: Why it failed.
        recorder: Makes the events; None where nobody observes.
        gate: A debugger's hold; None without one.
        on_invoked, on_ended, on_emitted, on_warned, on_change: Hooks of a debugger; None without one.
        on_launch, on_completing, on_broken_off, on_superstep, on_reloaded: Hooks of a run file; None without one.
        on_state_set, on_altered: More of them, for what a debugger changes: a step's state, a run at rest.
        on_batch: Gives a superstep other messages, where a run is taken up whose queue was changed; else None.
        forced: What calls are to return that are not to be made, by a message that leads to them; else None.
        asked: Number of questions asked so far.
        is_cancelling: Whether it was cancelled and has not ended.
        is_answerable: Whether anybody could answer a question.
        writer: Where the run is written to, or None.
        generation: Of the code, from 1.
        stranded: Messages whose target the code has no more.
        is_dismissed: Whether its user has let go of it while it was at rest.
        context: The context variables that every call begins with.
    """

    __slots__ = (
        "_at_rest",
        "_has_reported",
        "_is_resting",
        "_owner",
        "_unwinding",
        "_wake",
        "asked",
        "context",
        "driver",
        "error",
        "forced",
        "gate",
        "generation",
        "host",
        "initial_states",
        "inputs",
        "is_answerable",
        "is_cancelling",
        "is_dismissed",
        "loop",
        "max_supersteps",
        "on_altered",
        "on_batch",
        "on_broken_off",
        "on_change",
        "on_completing",
        "on_emitted",
        "on_ended",
        "on_invoked",
        "on_launch",
        "on_reloaded",
        "on_state_set",
        "on_superstep",
        "on_warned",
        "outputs",
        "plan",
        "public_events",
        "recorder",
        "requests",
        "root",
        "run_id",
        "services",
        "state",
        "stranded",
        "thread",
        "unanswered",
        "writer",
    )

    def __init__(
        self,
        plan: Plan,
        *,
        run_id: str,
        recorder: Recorder | None,
        services: Services,
        max_supersteps: int,
        initial_states: Mapping[str, Any],
        is_answerable: bool,
        host: StepHost | None = None,
    ) -> None:
        self.plan = plan
        self.run_id = run_id
        self.recorder = recorder
        self.services = services
        self.max_supersteps = max_supersteps
        self.initial_states = initial_states
        self.is_answerable = is_answerable
        self.host = host or LocalHost()
        self.state = RunState.IN_PROGRESS
        self.outputs: list[Any] = []
        self.public_events: list[ProcessEvent] = []
        self.requests: dict[str, Request] = {}
        self.unanswered: list[WorkflowEvent] = []
        self.generation = 1
        self.stranded: list[Stranded] = []
        self.error: BaseException | None = None
        self.gate: Gate | None = None
        self.on_invoked: Callable[[Invocation], None] | None = None
        self.on_ended: Callable[[Invocation], None] | None = None
        self.on_emitted: Callable[[Invocation, str, Any, int], None] | None = None
        self.on_change: Callable[[], None] | None = None
        self.on_warned: Callable[[Stewardship, WorkflowEvent], None] | None = None
        self.on_completing: Callable[[Invocation], None] | None = None
        self.on_launch: Callable[[], None] | None = None
        self.on_broken_off: Callable[[Invocation], None] | None = None
        self.on_reloaded: Callable[[Mapping[str, str]], None] | None = None
        self.on_superstep: Callable[[Scope], None] | None = None
        self.on_state_set: Callable[[StepSlot], None] | None = None
        self.on_altered: Callable[[], None] | None = None
        self.on_batch: Callable[[Scope, list[Message]], list[Message]] | None = None
        self.forced: dict[Message, Any] | None = None
        self.is_cancelling = False
        self.inputs: list[tuple[str, Any, Any]] = []
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self.thread = threading.get_ident()
        self.context = contextvars.copy_context()
        self.driver: asyncio.Task[Any] | None = None
        self._owner = asyncio.current_task()
        self.root = RootScope(self, plan)
        self.asked = 0
        self._wake: asyncio.Future[None] | None = None
        self._at_rest: list[asyncio.Future[None]] = []
        self.writer: Recording | None = None
        self.is_dismissed = False
        self._unwinding: set[asyncio.Task[Any]] | None = None
        self._is_resting = False
        self._has_reported = False

    # What crews ask for.

    def spawn_later(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine in a task, with the context variables that the run began with."""
        return self.loop.create_task(work, context=self.context.copy())

    if sys.version_info >= (3, 12):

        def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
            """The same in a task that starts at once, which spares a turn of the loop."""
            return asyncio.Task(work, loop=self.loop, eager_start=True, context=self.context.copy())

    else:
        spawn = spawn_later

    def is_context_changed(self) -> bool:
        """Whether what ran in this task has set context variables, which are nobody else's business."""
        try:
            return contextvars.copy_context() != self.context
        except Exception:  # noqa: BLE001 - comparing values is the user's code
            return True

    def new_queue(self) -> "deque[Invocation]":
        """Make a queue for the invocations of a busy step."""
        return deque()

    def release(self, task: asyncio.Task[Any]) -> None:
        """Cancel a task whose work counts no more."""
        if not task.done():
            if self._unwinding is None:
                self._unwinding = set()
            self._unwinding.add(task)
            task.add_done_callback(self._unwinding.discard)
            task.cancel()

    def composite(self, slot: StepSlot) -> Composite:
        """Give what stands behind a step that is no class."""
        if slot.child is None:
            if slot.plan.spec.kind is StepKind.MAP:
                slot.child = MapCrew(self, slot)
            else:
                assert slot.plan.inner is not None
                slot.child = NestedScope(self, slot.plan.inner, slot.path + "/")
        return slot.child

    def perform(self, invocation: Invocation) -> Awaitable[Any]:
        """Run an invocation of a step that is no class."""
        if self.forced is not None and (result := self.forced_result(invocation)) is not UNSET:
            return asyncio.sleep(0, result)
        return self.composite(invocation.slot).perform(invocation)

    def changed(self) -> None:
        """Tell a screen that there is something new."""
        if self.on_change is not None:
            self.on_change()

    def abort(self) -> None:
        """Note that a task was cancelled from outside the run, as a closing loop does."""
        self.is_cancelling = True

    # Questions.

    def open_request(self, invocation: Invocation, prompt: Any, response_type: Any) -> Request:
        """Open a question and record it."""
        self.asked += 1
        request = Request(f"request-{self.asked}", invocation, prompt, response_type, self.loop.create_future())
        slot = invocation.slot
        event = WorkflowEvent(
            "request_info",
            prompt,
            request_id=request.id,
            response_type=type_text(response_type),
            details={"number": request.number} if request.number else None,
            superstep=slot.scope.superstep,
            path=slot.path,
            step=slot.plan.name,
            function=invocation.function.name,
            causes=(invocation.seq,) if invocation.seq else (),
        )
        if self.recorder is not None:
            request.seq = self.recorder.pass_on(event)
        request.event = event
        self.requests[request.id] = request
        return request

    def record_response(self, request: Request, value: Any, slot: StepSlot, superstep: int) -> None:
        """Record that an answer reached its function."""
        if self.recorder is not None:
            self.recorder.pass_on(
                WorkflowEvent(
                    "response",
                    value,
                    request_id=request.id,
                    superstep=superstep,
                    path=slot.path,
                    step=slot.plan.name,
                    function=request.invocation.function.name,
                    causes=(request.seq,) if request.seq else (),
                )
            )

    def withdraw(self, request: Request) -> bool:
        """Close a question without an answer; False where it was not open."""
        return self.requests.pop(request.id, None) is not None

    # What comes from outside.

    def put(self, kind: str, subject: Any, value: Any) -> None:
        """Take in an outside event (`event`, id, data) or an answer (`answer`, request, value)."""
        self.inputs.append((kind, subject, value))
        self._is_resting = False
        self.wake()

    def stir(self) -> None:
        """Let a run at rest look for work that was given to it by hand."""
        self._is_resting = False
        self.wake()

    def rouse(self) -> None:
        """Go on from rest, where a change of the code has brought work."""
        if self.root.has_work():
            self.stir()

    def force(self, message: Message, result: Any) -> None:
        """Have the call that a message leads to return something without being made."""
        self.forced = {**(self.forced or {}), message: result}
        if isinstance(self.host, TracksContext):
            self.host.track_context = True  # such a host looks closer at what it runs

    def forced_result(self, invocation: Invocation) -> Any:
        """Give what a call is to return that is not to be made, once; UNSET where it is to be made."""
        if self.forced:
            for message in invocation.messages:
                if message in self.forced:
                    return self.forced.pop(message)
        return UNSET

    def wake(self) -> None:
        """Let the driving task look for work."""
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def cancel(self) -> None:
        """End the run as CANCELLED; every invocation ends now."""
        if self.state.is_ended or self.is_cancelling:
            return
        self.is_cancelling = True
        self._is_resting = False
        self.root.discard_all("cancelled")
        if self.gate is not None:
            self.gate.abandon()
        self.wake()

    @property
    def is_resting(self) -> bool:
        """Whether nothing is left to do, or the run has ended."""
        return self._is_resting

    @property
    def is_over(self) -> bool:
        """Whether nothing can happen any more: ended, or at rest with nobody who could answer."""
        return self.state.is_ended or (self._is_resting and not self.is_answerable)

    @property
    def is_torn_down(self) -> bool:
        """Whether the task that began the run is gone or going, as when its loop closes."""
        return self._owner is None or self._owner.done() or bool(self._owner.cancelling())

    def dismiss(self) -> None:
        """Let go of a run at rest; nothing more can come."""
        self.is_dismissed = True
        if self.driver is not None and not self.driver.done():
            self.driver.cancel()

    async def rest(self) -> None:
        """Wait until nothing is left to do, or the run has ended."""
        while not self._is_resting:
            waiter = self.loop.create_future()
            self._at_rest.append(waiter)
            await waiter

    # Driving.

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
        report_leftovers(self)
        if not self.is_answerable and self.root.parked:
            if self.on_superstep is not None:
                self.on_superstep(self.root)  # taken up from its file, it asks again
            self.root.drop_working(Lost())

    async def _end(self) -> None:
        root = self.root
        if root.failed is not None and not self.is_cancelling:
            root.discard_all("the run failed")
            report_leftovers(self)
            await self._last_look()
        elif root.is_stopped and not self.is_cancelling:
            await self._last_look()
        if root.failed is not None and not self.is_cancelling:
            self._fail()
        elif root.is_stopped and not self.is_cancelling:
            self._set_state(RunState.STOPPED, root.stop_route, root.stop_seq)
        else:
            report_leftovers(self)
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
            self.error = StepFailedError(failure)
            self.error.__cause__ = error
        else:
            self.error = error
        told = self.recorder.pass_on(end_details(self, failed)) if self.recorder is not None else 0
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
