"""Runs invocations: steps side by side until all are done or parked; the part of a superstep that takes time."""

import asyncio
import contextvars
import sys
from collections import deque
from collections.abc import Awaitable, Coroutine, Iterable, Sequence
from time import monotonic
from typing import Any, Final, Protocol

from process_core.engine.background_tasks import BackgroundTasks
from process_core.engine.event_stream import EventStream
from process_core.engine.instrument import SLICE_SECONDS, TURNS
from process_core.engine.records import UNSET, CallScope, ForcedResult, Invocation, Request, RunRecord, StepInstance
from process_core.engine.request_log import RecordedQuestion, RequestLog
from process_core.errors import PayloadMismatchError
from process_core.payload_check import PayloadCheck, check_annotation

_AT_ONCE: Final = 1e-9
_GRACE_SECONDS: Final = 1.0
"""How long the end of a run waits for cancelled functions to clean up."""


class _RunTask(asyncio.Task[Any]):
    """A task that drives a run, or serves a call of it.

    It notices when its loop closes, for whoever closes one cancels every task first. Calls of the run cannot cancel it,
    but for the one that it serves: a step may cancel all the tasks that it finds.
    """

    __slots__ = ("has_cancelled_itself", "tasks")

    tasks: "RunTasks"
    has_cancelled_itself: bool

    def cancel(self, msg: Any = None) -> bool:
        """Cancel the task; see `asyncio.Task.cancel`."""
        loop = self.get_loop()
        if not loop.is_running():
            self.tasks.is_closing = True
            return super().cancel(msg)
        by = asyncio.current_task(loop)
        if by is self:
            self.has_cancelled_itself = True
        elif by is not None and self.tasks.is_of_another_call(by, self):
            return False
        return super().cancel(msg)

    def end(self) -> None:
        """Cancel the task on behalf of the run."""
        super().cancel()


class RunTasks:
    """The tasks of a run: each has the context variables that the run began with.

    Args:
        run: The run.
        stream: What its events go to, whose reader it must not leave behind.

    Attributes:
        due: When the others of the loop are to have a turn; 0 where they have had one and nothing has run since.
        is_closing: Whether the loop is being closed.
    """

    __slots__ = (
        "_background",
        "_context",
        "_is_turning",
        "_loop",
        "_owner",
        "_stream",
        "_unwinding",
        "due",
        "is_closing",
    )

    def __init__(self, run: RunRecord, stream: EventStream | None = None) -> None:
        self._loop = run.loop
        self._stream = stream
        if stream is not None:
            stream.on_full = self.hurry
        self._context = contextvars.copy_context()
        self._background = BackgroundTasks(run)
        self._background.watch_in(self._context)
        self._owner = asyncio.current_task()
        self._unwinding: set[asyncio.Task[Any]] | None = None
        self._is_turning = False
        self.due = 0.0
        self.is_closing = False

    async def give_turn(self) -> None:
        """Let the others of the loop run where `due` is over (rule 40); of ours, one at a time goes on after it.

        The callers look at `due` themselves: they come by at every hop, and mostly there is nothing to do.
        """
        if self._stream is not None and self._stream.is_full:
            await self._stream.has_room()
        while self.due and monotonic() > self.due:
            if not self._is_turning:
                self._is_turning = True
                self._loop.call_soon(self._turn, TURNS)
            for _ in range(TURNS):
                await asyncio.sleep(0)
        if not self.due:
            self.due = monotonic() + SLICE_SECONDS

    def hurry(self) -> None:
        """Make the next turn due at once."""
        self.due = _AT_ONCE

    def _turn(self, left: int) -> None:
        if left > 1:
            self._loop.call_soon(self._turn, left - 1)
        else:
            self._is_turning = False
            self.due = 0.0

    def spawn_later(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine in a task."""
        task = _RunTask(work, loop=self._loop, context=self._context.copy())
        task.tasks, task.has_cancelled_itself = self, False
        return task

    if sys.version_info >= (3, 12):

        def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
            """Run a coroutine in a task that starts at once, which spares a turn of the loop."""
            task = _RunTask.__new__(_RunTask)  # it may be cancelled before `__init__`, which starts it, has returned
            task.tasks, task.has_cancelled_itself = self, False
            task.__init__(work, loop=self._loop, eager_start=True, context=self._context.copy())  # type: ignore[misc]
            return task

    else:
        spawn = spawn_later

    def is_context_changed(self) -> bool:
        """Whether what ran in this task has set context variables, which are nobody else's business."""
        try:
            return contextvars.copy_context() != self._context
        except BaseException:  # noqa: BLE001 - comparing values is the user's code
            return True

    def release(self, task: asyncio.Task[Any]) -> None:
        """Cancel a task whose work counts no more."""
        if not task.done():
            if self._unwinding is None:
                self._unwinding = set()
            self._unwinding.add(task)
            task.add_done_callback(self._unwinding.discard)
            self.end(task)

    def end(self, task: asyncio.Task[Any]) -> None:
        """Cancel a task on behalf of the run."""
        if isinstance(task, _RunTask):
            task.end()
        else:
            task.cancel()

    def is_of_another_call(self, task: asyncio.Task[Any], served: asyncio.Task[Any]) -> bool:
        """Whether a task belongs to a call of the run other than the one that another task serves."""
        call = self._background.call_of(task)
        return call is not None and call is not self._background.call_of(served)

    def has_cancelled_itself(self, task: "asyncio.Task[Any] | None") -> bool:
        """Whether a function has cancelled the task that it ran in; asked once."""
        if not isinstance(task, _RunTask) or not task.has_cancelled_itself:
            return False
        task.has_cancelled_itself = False
        return True

    async def settle(self) -> None:
        """Let cancelled functions clean up, for a while."""
        if self._unwinding:
            unwinding = {task for task in self._unwinding if task is not asyncio.current_task()}
            if unwinding:
                await asyncio.wait(unwinding, timeout=_GRACE_SECONDS)

    @property
    def is_torn_down(self) -> bool:
        """Whether the loop is being closed, or the task that began the run is being cancelled."""
        return self.is_closing or (self._owner is not None and bool(self._owner.cancelling()))


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
        joining: Futures of calls that go on by themselves, and wait for a batch.
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
        "joining",
        "scope",
        "task",
        "token",
    )

    def __init__(self, scope: CallScope, tasks: RunTasks, owner: RunnerOwner) -> None:
        self.scope = scope
        self.active = 0
        self.joining: Sequence[asyncio.Future[None]] = ()
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

    def start_at_once(self, invocation: Invocation) -> None:
        """Begin an invocation before anything else is decided; a controller gives others their turns itself."""
        if self._take_on(invocation):
            self._spawn(invocation, gives_turn=False)

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
            if ready and monotonic() > self._tasks.due:
                self._inline = None
                await self.give_turn()  # those left get tasks of their own meanwhile
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

    def _spawn(self, invocation: Invocation, *, gives_turn: bool = True) -> None:
        task = self._tasks.spawn(self._serve(invocation.slot, invocation, gives_turn=gives_turn))
        if invocation.task is None:  # a task that starts eagerly has set itself already
            invocation.task = task

    async def until_done(self) -> None:
        """Wait until every step is done or parked."""
        while self.active:
            self._barrier = self._run.loop.create_future()
            await self._barrier
        self._barrier = None

    async def _serve(
        self,
        slot: StepInstance,
        invocation: Invocation,
        task: "asyncio.Task[Any] | None" = None,
        *,
        gives_turn: bool = True,
    ) -> None:
        """Run a step's invocations one after another, until its queue is empty.

        Args:
            slot: The step.
            invocation: The first.
            task: The task this runs in, where the caller knows.
            gives_turn: Whether to look first whether others of the loop are due, where the caller has not.
        """
        if task is None:
            task = asyncio.current_task()
            if gives_turn and monotonic() > self._tasks.due:
                await self.give_turn()
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
                    await self._break_off(invocation, error)
                else:
                    if invocation.questions is not None or invocation.is_parked:
                        await self._come_back(invocation)
                    if not invocation.is_cancelled:
                        scope.complete_call(invocation, result)
            if invocation.is_cancelled:
                return  # whoever did that has freed the step
            self._note_finished(slot, invocation)
            if slot.queue:
                await self.give_turn()
            following = self._next(slot, invocation)

    async def give_turn(self) -> None:
        """Let the others of the loop run where it is time, and obey what they say of the calls still to begin."""
        if monotonic() > self._tasks.due:
            await self._tasks.give_turn()
        if self._run.controller is not None:
            await self._run.controller.opened(self.scope)

    def _note_finished(self, slot: StepInstance, invocation: Invocation) -> None:
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

    async def _break_off(self, invocation: Invocation, error: BaseException) -> None:
        self._check_who_ends(invocation, error)
        if invocation.questions is not None or invocation.is_parked:
            await self._come_back(invocation)
        if not invocation.is_cancelled:
            self.scope.fail_call(invocation, error)

    def _check_who_ends(self, invocation: Invocation, error: BaseException) -> None:
        """Raise where it is the loop that ends, and not the call alone."""
        if invocation.is_cancelled:
            return
        if isinstance(error, GeneratorExit) and not self._run.loop.is_running():
            raise error  # the loop is gone: nothing may be awaited or recorded any more
        if isinstance(error, asyncio.CancelledError):
            self._check_who_cancelled(error)

    def _check_who_cancelled(self, error: asyncio.CancelledError) -> None:
        """Raise where a loop closes, which cancels every task; go on where a function cancelled its own."""
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            if self._tasks.is_torn_down:
                self._run.is_cancelling = True
                raise error
            while task.cancelling():
                task.uncancel()
            self._tasks.has_cancelled_itself(task)

    # Questions, and waiting for answers.

    async def ask(self, invocation: Invocation, prompt: Any, response_type: Any) -> Any:
        """Ask outside on behalf of an invocation; see `StepContext.request_info`."""
        if not self.scope.is_open(invocation):
            raise asyncio.CancelledError
        check_annotation(response_type)
        questions = invocation.questions
        if questions is None:
            questions = invocation.questions = RequestLog()
        name = questions.name(self._run.likeness(prompt, response_type))
        recorded = questions.recorded.pop(name, None)
        if recorded is not None and recorded.is_answered:
            try:
                answer = PayloadCheck(response_type)(recorded.answer)
            except PayloadMismatchError as error:
                text = f"{invocation} asks again, for its code has changed: {error}"
                self.scope.warn("answer_refused", text, invocation)
            else:
                questions.answered[name] = recorded
                return answer
        request_id = recorded.request_id if recorded is not None else None
        request = self._run.open_request(invocation, name, prompt, response_type, request_id)
        questions.open += 1
        if not invocation.is_parked:
            self.park(invocation)
        self._use_early_answer(request)
        try:
            return await request.future
        except BaseException as error:
            if not isinstance(error, GeneratorExit) or self._run.loop.is_running():
                self._go_on_without(request)
            if isinstance(error, asyncio.CancelledError) and not invocation.is_closed:
                await self.join_batch()
            raise

    def _use_early_answer(self, request: Request) -> None:
        """Take the answer that came for a question before a resumed run asked it again."""
        run = self._run
        early = run.take_early_answer(request.id)
        if early is UNSET:
            return
        try:
            answer = PayloadCheck(request.response_type)(early)
        except PayloadMismatchError as error:
            text = f"the answer that came for {request.id!r} before it was asked again does not fit: {error}"
            self.scope.warn("answer_refused", text, request.invocation, request_id=request.id)
            return
        run.withdraw(request)
        run.driver.put("answer", request, answer)

    def _go_on_without(self, request: Request) -> None:
        """Withdraw a question whose function no longer waits for the answer, for instance since its time is up."""
        if not request.is_open or request.invocation.is_closed:
            return
        request.is_open = False
        request.future.cancel()
        self._run.withdraw(request)
        self._run.record_withdrawal(request)
        self._note_settled(request.invocation)

    def deliver_answers(self, answers: Iterable[tuple[Request, Any]]) -> None:
        """Let functions go on with the answers to their questions."""
        for request, value in answers:
            invocation = request.invocation
            if invocation.is_closed or request.future.done():
                self._note_unused(request, value)
                continue
            if type(value) is ForcedResult:
                self._conclude(invocation, value.result)
                continue
            request.is_open = False
            self._run.record_response(request, value)
            assert invocation.questions is not None
            answered = RecordedQuestion(request.id, request.prompt, is_answered=True, answer=value)
            invocation.questions.answered[request.question] = answered
            request.future.set_result(value)
            self._note_settled(invocation)

    def _note_unused(self, request: Request, value: Any) -> None:
        """Warn of an answer that was taken in, and whose function has gone on without it."""
        request.future.cancel()
        if type(value) is not ForcedResult and not request.invocation.is_cancelled:
            text = f"{request.invocation} had gone on when the answer to {str(request.prompt)[:80]!r} reached it"
            self.scope.warn("unused_answer", text, request.invocation, request_id=request.id)

    def _note_settled(self, invocation: Invocation) -> None:
        """Note that one question of an invocation is open no more."""
        questions = invocation.questions
        assert questions is not None
        questions.open -= 1
        if not questions.open and invocation.is_parked:
            self.unpark(invocation)

    # Going on without an answer, which is outside input (rule 37).

    async def join_batch(self) -> None:
        """Wait for the next batch, where a call goes on by itself while there is none."""
        while not self.scope.in_batch and not self._tasks.is_torn_down:
            waiter = self._run.loop.create_future()
            self.joining = (*self.joining, waiter)
            await waiter

    def admit(self) -> None:
        """Let the calls that go on by themselves take part in the batch that has begun."""
        joining, self.joining = self.joining, ()
        for waiter in joining:
            if not waiter.done():
                waiter.set_result(None)

    async def _come_back(self, invocation: Invocation) -> None:
        """Make a call that is about to end part of a batch, and be done with its questions."""
        if invocation.is_cancelled:
            return
        run, questions = self._run, invocation.questions
        if questions is not None:
            for request in [r for r in run.requests.values() if r.invocation is invocation]:
                self._go_on_without(request)
            self._report_unused(invocation, questions)
        if invocation.is_parked:
            self.unpark(invocation)
        while not invocation.is_cancelled and not self.scope.in_batch and not self._tasks.is_torn_down:
            try:
                await self.join_batch()
            except asyncio.CancelledError:  # of the function, which has ended; where it is of the call, that is over
                continue

    def _report_unused(self, invocation: Invocation, questions: RequestLog) -> None:
        run, recorded = self._run, questions.recorded
        questions.recorded = {}
        for question in recorded.values():
            run.awaited -= {question.request_id}
            if run.take_early_answer(question.request_id) is not UNSET or question.is_answered:
                self.scope.warn(
                    "unused_answer",
                    f"{invocation} has not asked {str(question.prompt)[:80]!r} again, so its answer was not used",
                    invocation,
                    request_id=question.request_id,
                )

    # Parking.

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
