"""Runs invocations: steps side by side until all are done or parked; the part of a superstep that takes time."""

import asyncio
import contextvars
import sys
from collections import deque
from collections.abc import Awaitable, Coroutine, Iterable
from typing import Any, Final, Protocol

from process_core.engine.records import UNSET, CallScope, ForcedResult, Invocation, Request, RunRecord, StepInstance
from process_core.errors import PayloadMismatchError
from process_core.payload_check import PayloadCheck

_GRACE_SECONDS: Final = 1.0
"""How long the end of a run waits for cancelled functions to clean up."""


class RunTasks:
    """The tasks of a run: each has the context variables that the run began with."""

    __slots__ = ("_context", "_loop", "_owner", "_unwinding")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._context = contextvars.copy_context()
        self._owner = asyncio.current_task()
        self._unwinding: set[asyncio.Task[Any]] | None = None

    def spawn_later(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine in a task."""
        return self._loop.create_task(work, context=self._context.copy())

    if sys.version_info >= (3, 12):

        def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
            """Run a coroutine in a task that starts at once, which spares a turn of the loop."""
            return asyncio.Task(work, loop=self._loop, eager_start=True, context=self._context.copy())

    else:
        spawn = spawn_later

    def is_context_changed(self) -> bool:
        """Whether what ran in this task has set context variables, which are nobody else's business."""
        try:
            return contextvars.copy_context() != self._context
        except Exception:  # noqa: BLE001 - comparing values is the user's code
            return True

    def release(self, task: asyncio.Task[Any]) -> None:
        """Cancel a task whose work counts no more."""
        if not task.done():
            if self._unwinding is None:
                self._unwinding = set()
            self._unwinding.add(task)
            task.add_done_callback(self._unwinding.discard)
            task.cancel()

    async def settle(self) -> None:
        """Let cancelled functions clean up, for a while."""
        if self._unwinding:
            unwinding = {task for task in self._unwinding if task is not asyncio.current_task()}
            if unwinding:
                await asyncio.wait(unwinding, timeout=_GRACE_SECONDS)

    @property
    def is_torn_down(self) -> bool:
        """Whether the task that began the run is gone or going, as when its loop closes."""
        return self._owner is None or self._owner.done() or bool(self._owner.cancelling())


class RunnerOwner(Protocol):
    """What drives the scope whose calls are run."""

    def hand_over(self) -> None:
        """Go on driving in a new task."""

    def wake_up(self) -> None:
        """Go on, since something parked works again outside a superstep."""


class InvocationRunner:
    """Runs the invocations of one scope: steps in parallel, each step serially, with a barrier at the end.

    Invocations run inline, in the task that drives the supersteps, which spares a task per hop. If one parks or is
    cancelled there, or sets context variables, its task stays with it and the driving goes on in a new task: `token`
    shows the old task, when it comes back, that another one drives now.

    Attributes:
        scope: The record of what it runs.
        active: Number of steps that are working.
        token: Changes when another task takes over the driving.
        task: The task that drives.
    """

    __slots__ = (
        "_barrier",
        "_in_turn",
        "_inline",
        "_is_watched",
        "_owner",
        "_run",
        "_tasks",
        "_working",
        "active",
        "scope",
        "task",
        "token",
    )

    def __init__(self, scope: CallScope, tasks: RunTasks, owner: RunnerOwner) -> None:
        self.scope = scope
        self.active = 0
        self.token: object = None
        self.task: asyncio.Task[Any] | None = None
        self._run: RunRecord = scope.run
        self._working = scope.working
        self._tasks = tasks
        self._owner = owner
        self._barrier: asyncio.Future[None] | None = None
        self._inline: Invocation | None = None
        self._in_turn: list[Invocation] | None = None  # the next one last; None before there were several
        self._is_watched = False
        scope.runner = self

    # Starting and finishing.

    def start(self, invocation: Invocation) -> None:
        """Begin an invocation in a task of its own, or queue it behind the step's current one."""
        if self._take_on(invocation):
            self._spawn(invocation)

    async def run_inline(self, invocations: Iterable[Invocation]) -> bool:
        """Run invocations in this task, one after another for as long as none of them suspends.

        The first that suspends keeps the task, and those behind it get tasks of their own on the next turn of the loop.

        Args:
            invocations: The calls; no step of theirs is busy, and all are functions of live instances.
        """
        ready = [invocation for invocation in invocations if self._take_on(invocation)]
        token = self.token
        if len(ready) > 1:
            ready.reverse()
            self._in_turn = ready
            if not self._is_watched:
                self._is_watched = True
                self._run.loop.call_soon(self._start_those_left)
        while ready:
            invocation = ready.pop()
            if invocation.is_cancelled:
                continue
            self._inline = invocation
            await self._serve(invocation.slot, invocation, self.task)
            if self.token is token and self._tasks.is_context_changed():
                self._leave_task()
            if self.token is not token:
                self._start_those_left()
                return False
        self._inline = None
        return True

    def _start_those_left(self) -> None:
        self._is_watched = False
        ready = self._in_turn
        while ready:
            invocation = ready.pop()
            if not invocation.is_cancelled:
                self._spawn(invocation)

    def _take_on(self, invocation: Invocation) -> bool:
        """Make an invocation its step's current one; False where it has to queue behind another."""
        slot = invocation.slot
        if slot.current is not None:
            if slot.queue is None:
                slot.queue = deque()
            slot.queue.append(invocation)
            return False
        slot.current = invocation
        self.active += 1
        self._working[invocation] = None
        return True

    def _spawn(self, invocation: Invocation) -> None:
        task = self._tasks.spawn(self._serve(invocation.slot, invocation))
        if invocation.task is None:  # a task that starts eagerly has set itself already
            invocation.task = task

    async def until_done(self) -> None:
        """Wait until every step is done or parked."""
        while self.active:
            self._barrier = self._run.loop.create_future()
            await self._barrier
        self._barrier = None

    async def _serve(self, slot: StepInstance, invocation: Invocation, task: "asyncio.Task[Any] | None" = None) -> None:
        """Run a step's invocations one after another, until its queue is empty.

        Args:
            slot: The step.
            invocation: The first.
            task: The task this runs in, where the caller knows.
        """
        if task is None:
            task = asyncio.current_task()
        scope = self.scope
        following: Invocation | None = invocation
        while following is not None and not following.is_cancelled:
            invocation = following
            invocation.task = task
            if invocation.error is not None:
                scope.fail_call(invocation, invocation.error)
            else:
                scope.begin_call(invocation)
                try:
                    # This coroutine is the only one around the user's own: each more would cost every hop.
                    result = await self._perform(slot, invocation)
                except BaseException as error:  # noqa: BLE001 - a step may raise anything; it fails the step alone
                    self._break_off(invocation, error)
                else:
                    if not invocation.is_cancelled:
                        scope.complete_call(invocation, result)
            if invocation.is_cancelled:
                return  # whoever did that has freed the step
            self._note_finished(slot, invocation)
            if slot.queue and self._run.controller is not None:
                await self._run.controller.opened()
            following = self._next(slot, invocation)

    def _note_finished(self, slot: StepInstance, invocation: Invocation) -> None:
        if invocation.is_parked:
            self.unpark(invocation)  # it went on by itself, for instance after a timeout of its own
        del self._working[invocation]
        if not slot.finished:
            self.scope.finished.append(slot)
        slot.finished.append(invocation)

    def _next(self, slot: StepInstance, invocation: Invocation) -> Invocation | None:
        """Return the invocation that this task goes on with; without one, it is done with the step."""
        if not slot.queue or self.scope.failed is not None or self._run.is_cancelling:
            slot.current = None
            self._one_less()
            return None
        following = slot.current = slot.queue.popleft()
        self._working[following] = None
        if self._tasks.is_context_changed():
            following.task = self._tasks.spawn_later(self._serve(slot, following))
            return None
        if self._inline is invocation:
            self._inline = following
        return following

    def _one_less(self) -> None:
        self.active -= 1
        if not self.active and self._barrier is not None and not self._barrier.done():
            self._barrier.set_result(None)

    def _perform(self, slot: StepInstance, invocation: Invocation) -> Awaitable[Any]:
        if invocation.function.is_covered and not invocation.is_handler and invocation.saved_state is UNSET:
            invocation.saved_state = slot.save_state()  # the run may go on after this fails
        if slot.plan.is_leaf:
            return self._run.host.invoke(invocation)
        return self._perform_composite(invocation)

    def _perform_composite(self, invocation: Invocation) -> Awaitable[Any]:
        """Run an invocation of a nested process or a map."""
        run = self._run
        if run.forced is not None and (result := run.forced_result(invocation)) is not UNSET:
            return asyncio.sleep(0, result)
        composite = run.child_of(invocation.slot).composite
        assert composite is not None
        return composite.perform(invocation)

    def _break_off(self, invocation: Invocation, error: BaseException) -> None:
        if invocation.is_cancelled:
            return
        if isinstance(error, GeneratorExit) and not self._run.loop.is_running():
            raise error  # the loop is gone: nothing may be awaited or recorded any more
        if isinstance(error, asyncio.CancelledError):
            self._check_who_cancelled(error)
        self.scope.fail_call(invocation, error)

    def _check_who_cancelled(self, error: asyncio.CancelledError) -> None:
        """Raise where a loop closes, which cancels every task; go on where a function cancelled its own."""
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            if self._tasks.is_torn_down:
                self._run.is_cancelling = True
                raise error
            while task.cancelling():
                task.uncancel()

    # Questions, and waiting for answers.

    async def ask(self, invocation: Invocation, prompt: Any, response_type: Any) -> Any:
        """Ask outside on behalf of an invocation; see `StepContext.request_info`."""
        scope = self.scope
        if not scope.is_open(invocation):
            raise asyncio.CancelledError
        number = invocation.asked
        invocation.asked += 1
        if invocation.replay and number in invocation.replay:
            try:
                answer = PayloadCheck(response_type)(invocation.replay.pop(number))
            except PayloadMismatchError as error:
                scope.warn("answer_refused", f"{invocation} asks again, for its code has changed: {error}", invocation)
            else:
                invocation.answers = {**(invocation.answers or {}), number: answer}
                return answer
        request = self._run.open_request(invocation, prompt, response_type)
        invocation.requests += 1
        if not invocation.is_parked:
            self.park(invocation)
        try:
            return await request.future
        finally:
            if self._run.withdraw(request):
                self._answered(invocation)

    def deliver_answers(self, answers: Iterable[tuple[Request, Any]]) -> None:
        """Let functions go on with the answers to their questions."""
        for request, value in answers:
            invocation = request.invocation
            if invocation.is_closed or request.future.done():
                continue
            if type(value) is ForcedResult:
                self._conclude(invocation, value.result)
                continue
            self._run.record_response(request, value)
            invocation.answers = {**(invocation.answers or {}), request.number: value}
            request.future.set_result(value)
            self._answered(invocation)

    def _answered(self, invocation: Invocation) -> None:
        """Note that one question of an invocation is open no more."""
        invocation.requests -= 1
        if not invocation.requests and invocation.is_parked and not invocation.is_closed:
            self.unpark(invocation)

    def park(self, invocation: Invocation) -> None:
        """Let the superstep go on without an invocation."""
        invocation.is_parked = True
        self.scope.parked += 1
        if self._inline is invocation:
            self.active -= 1
            self._leave_task()
        else:
            self._one_less()
        self._run.changed()

    def unpark(self, invocation: Invocation) -> None:
        """Make an invocation part of this superstep, or of the next one."""
        invocation.is_parked = False
        self.scope.parked -= 1
        self.active += 1
        if not self.scope.in_batch:
            self._owner.wake_up()

    def _conclude(self, invocation: Invocation, result: Any) -> None:
        """End a parked call as if it had returned; what its function still does has no effect."""
        slot = invocation.slot
        self._run.close_requests(invocation)
        invocation.is_parked = False
        self.scope.parked -= 1
        self.scope.complete_call(invocation, result)
        invocation.is_cancelled = True
        self._working.pop(invocation, None)
        if not slot.finished:
            self.scope.finished.append(slot)
        slot.finished.append(invocation)
        slot.current = None
        if invocation.task is not None:
            self._tasks.release(invocation.task)
        if slot.queue:
            self.start(slot.queue.popleft())

    def _leave_task(self) -> None:
        self._inline = None
        self.token = object()
        self._owner.hand_over()

    # Cancelling.

    def cancel_working(self, spare: Invocation | None = None) -> None:
        """Cancel every call that has begun and not ended, but one."""
        for invocation in list(self._working):
            if invocation is not spare and not invocation.is_closed:
                self._cancel(invocation)

    def _cancel(self, invocation: Invocation) -> None:
        invocation.is_closed = invocation.is_cancelled = True
        self._working.pop(invocation, None)
        child = invocation.slot.child
        if child is not None and child.composite is not None:
            child.composite.cancel()
        self.scope.cancel_call(invocation)
        if self._inline is invocation:
            self.active -= 1
            self._leave_task()
        elif invocation.is_parked:
            self.scope.parked -= 1
        else:
            self._one_less()
        if invocation.task is not None:
            self._tasks.release(invocation.task)
