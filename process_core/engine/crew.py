"""Steps that work side by side until all are done or parked: the part of a superstep that takes time."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING, Any

from process_core.engine.failures import NestedFailureError, describe
from process_core.engine.invocation import UNSET, Invocation
from process_core.engine.outcomes import Outcomes
from process_core.engine.step_instance import StepInstance

if TYPE_CHECKING:
    from process_core.engine.core import RunCore


class InvocationRunner(Outcomes):
    """Runs invocations: steps in parallel, each step serially, with a barrier at the end.

    Invocations run inline, in the task that drives the supersteps, which spares a task per hop. If one parks or is
    cancelled there, or sets context variables, its task stays with it and the driving goes on in a new task: `token`
    tells the old task, when it comes back, that it drives no more.

    Attributes:
        run: The run.
        parent: The step that this crew stands behind, or None at the root.
        prefix: What paths in it start with.
        active: Number of steps that are working.
        parked: Number of steps that wait for answers.
        in_superstep: Whether a superstep has begun and not ended.
        finished: Steps with invocations that ended in this superstep.
        failed: The failure that ends this crew, with its exception.
        token: Changes when another task takes over the driving.
        task: The task that drives.
        working: What has been invoked and has not ended.
    """

    __slots__ = (
        "_barrier",
        "_in_turn",
        "_inline",
        "_is_watched",
        "active",
        "failed",
        "finished",
        "in_superstep",
        "parent",
        "parked",
        "prefix",
        "run",
        "task",
        "token",
        "working",
    )

    def __init__(self, run: "RunCore", parent: Invocation | None, prefix: str) -> None:
        self.run = run
        self.parent = parent
        self.prefix = prefix
        self.active = 0
        self.parked = 0
        self.in_superstep = False
        self.finished: list[StepInstance] = []
        self.failed: NestedFailureError | None = None
        self.token: object = None
        self.task: asyncio.Task[Any] | None = None
        self.working: dict[Invocation, None] = {}
        self._barrier: asyncio.Future[None] | None = None
        self._inline: Invocation | None = None
        self._in_turn: list[Invocation] = []  # the next one last
        self._is_watched = False

    # What a process and a map do differently.

    def hand_over(self) -> None:
        """Go on driving in a new task."""
        raise NotImplementedError

    def wake_up(self) -> None:
        """Drive on, since something parked works again outside a superstep."""
        raise NotImplementedError

    def is_handled(self, invocation: Invocation) -> bool:
        """Whether an error route may take the failure of an invocation."""
        raise NotImplementedError

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

        Returns:
            Whether this task still drives.
        """
        ready = self._in_turn
        for invocation in invocations:
            if self._take_on(invocation):
                ready.append(invocation)
        ready.reverse()
        token = self.token
        if len(ready) > 1 and not self._is_watched:
            self._is_watched = True
            self.run.loop.call_soon(self._start_those_left)
        while ready:
            invocation = ready.pop()
            if invocation.is_cancelled:
                continue
            self._inline = invocation
            await self.serve(invocation.slot, invocation, self.task)
            if self.token is token and self.run.is_context_changed():
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
                slot.queue = self.run.new_queue()
            slot.queue.append(invocation)
            return False
        slot.current = invocation
        self.active += 1
        self.working[invocation] = None
        return True

    def _spawn(self, invocation: Invocation) -> None:
        task = self.run.spawn(self.serve(invocation.slot, invocation))
        if invocation.task is None:  # a task that starts eagerly has said so itself
            invocation.task = task

    async def until_done(self) -> None:
        """Wait until every step is done or parked."""
        while self.active:
            self._barrier = self.run.loop.create_future()
            await self._barrier
        self._barrier = None

    async def serve(self, slot: StepInstance, invocation: Invocation, task: "asyncio.Task[Any] | None" = None) -> None:
        """Run a step's invocations one after another, until its queue is empty.

        Args:
            slot: The step.
            invocation: The first.
            task: The task this runs in, where the caller knows.
        """
        if task is None:
            task = asyncio.current_task()
        following: Invocation | None = invocation
        while following is not None and not following.is_cancelled:
            invocation = following
            invocation.task = task
            if invocation.error is not None:
                self._fail(invocation, invocation.error)
            else:
                self._announce(slot, invocation)
                try:
                    # This coroutine is the only one around the user's own: each more would cost every hop.
                    result = await self._perform(slot, invocation)
                except BaseException as error:  # noqa: BLE001 - a step may raise anything; it fails the step alone
                    self._break_off(invocation, error)
                else:
                    if not invocation.is_cancelled:
                        self._complete(invocation, result)
            if invocation.is_cancelled:
                return  # whoever did that has freed the step
            self._note_finished(slot, invocation)
            if slot.queue and self.run.gate is not None:
                await self.run.gate.opened()
            following = self._next(slot, invocation)

    def _note_finished(self, slot: StepInstance, invocation: Invocation) -> None:
        if invocation.is_parked:
            self.unpark(invocation)  # it went on by itself, for instance after a timeout of its own
        del self.working[invocation]
        if not slot.finished:
            self.finished.append(slot)
        slot.finished.append(invocation)

    def _next(self, slot: StepInstance, invocation: Invocation) -> Invocation | None:
        """Give the invocation that this task goes on with; without one, it is done with the step."""
        if not slot.queue or self.failed is not None or self.run.is_cancelling:
            slot.current = None
            self._one_less()
            return None
        following = slot.current = slot.queue.popleft()
        self.working[following] = None
        if self.run.is_context_changed():
            following.task = self.run.spawn_later(self.serve(slot, following))
            return None
        if self._inline is invocation:
            self._inline = following
        return following

    def forget_finished(self, why: str = "") -> None:
        """Be done with what ended in this superstep.

        Args:
            why: Where it was not committed, the reason, for the warnings that list what is lost.
        """
        for slot in self.finished:
            if why:
                for invocation in slot.finished:
                    self._discard_emissions(invocation, why)
            slot.finished.clear()
        self.finished.clear()

    def _one_less(self) -> None:
        self.active -= 1
        if not self.active and self._barrier is not None and not self._barrier.done():
            self._barrier.set_result(None)

    def _perform(self, slot: StepInstance, invocation: Invocation) -> Awaitable[Any]:
        if invocation.function.is_covered and not invocation.is_handler and invocation.saved_state is UNSET:
            invocation.saved_state = slot.save_state()  # the run may go on after this fails
        if slot.plan.is_leaf:
            return self.run.host.invoke(invocation)
        return self.run.perform(invocation)

    def _break_off(self, invocation: Invocation, error: BaseException) -> None:
        if invocation.is_cancelled:
            return
        if isinstance(error, GeneratorExit) and not self.run.loop.is_running():
            raise error  # the loop is gone: nothing may be awaited or recorded any more
        if isinstance(error, asyncio.CancelledError):
            self._blame(error)
        self._fail(invocation, error)

    def _blame(self, error: asyncio.CancelledError) -> None:
        """Tell a loop that closes, which cancels every task, from a function that cancelled its own."""
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            if self.run.is_torn_down:
                self.run.abort()
                raise error
            while task.cancelling():
                task.uncancel()

    def _fail(self, invocation: Invocation, error: BaseException) -> None:
        invocation.is_closed = True
        slot = invocation.slot
        if isinstance(error, NestedFailureError):
            invocation.error = error.error
            failure = error.failure
        else:
            invocation.error = error
            failure = None
        if failure is None:
            failure = describe(
                invocation.error,
                step=slot.path,
                function=invocation.function.name,
                superstep=self.superstep,
                arguments=invocation.given,
            )
        invocation.failure = failure
        self.close_requests(invocation)
        self._discard_emissions(invocation)
        self._tell_failed(invocation, error)
        self._undo(invocation)
        if self.run.on_ended is not None:
            self.run.on_ended(invocation)
        if invocation.is_handler or not self.is_handled(invocation):
            self.fail(failure, invocation.error, spare=invocation)

    def fail(self, failure: Any, error: BaseException, spare: Invocation | None = None) -> None:
        """End this crew with a failure: the first one counts, and what else works is cancelled."""
        if self.failed is None:
            self.failed = NestedFailureError(failure, error, spare.result_seq if spare is not None else 0)
        self.cancel_working(spare)

    # Waiting for answers.

    def park(self, invocation: Invocation) -> None:
        """Let the superstep go on without an invocation."""
        invocation.is_parked = True
        self.parked += 1
        if self._inline is invocation:
            self.active -= 1
            self._leave_task()
        else:
            self._one_less()
        self.run.changed()

    def unpark(self, invocation: Invocation) -> None:
        """Make an invocation part of this superstep, or of the next one."""
        invocation.is_parked = False
        self.parked -= 1
        self.active += 1
        if not self.in_superstep:
            self.wake_up()

    def conclude(self, invocation: Invocation, result: Any) -> None:
        """End a parked call as if it had returned; what its function still does has no effect."""
        slot = invocation.slot
        self.close_requests(invocation)
        invocation.is_parked = False
        self.parked -= 1
        self._complete(invocation, result)
        invocation.is_cancelled = True
        self.working.pop(invocation, None)
        if not slot.finished:
            self.finished.append(slot)
        slot.finished.append(invocation)
        slot.current = None
        if invocation.task is not None:
            self.run.release(invocation.task)
        if slot.queue:
            self.start(slot.queue.popleft())

    def _leave_task(self) -> None:
        self._inline = None
        self.token = object()
        self.hand_over()

    # Cancelling.

    def cancel_working(self, spare: Invocation | None = None) -> None:
        """Cancel everything that was invoked and has not ended.

        Args:
            spare: An invocation to leave alone.
        """
        for invocation in list(self.working):
            if invocation is not spare and not invocation.is_closed:
                self.cancel(invocation)

    def cancel(self, invocation: Invocation) -> None:
        """End an invocation now; what it still does has no effect."""
        slot = invocation.slot
        invocation.is_closed = invocation.is_cancelled = True
        self.working.pop(invocation, None)
        if slot.child is not None:
            slot.child.cancel_working()
        self.close_requests(invocation)
        self._discard_emissions(invocation)
        self._tell_cancelled(invocation)
        if not invocation.function.spec.is_async and slot.plan.is_leaf and not invocation.is_parked:
            self.warn(
                "abandoned_thread",
                f"{invocation} runs in a thread, which cannot be interrupted; what it still does has no effect",
                invocation,
            )
        self._undo(invocation)
        slot.current = None
        if self.run.on_ended is not None:
            self.run.on_ended(invocation)
        if self._inline is invocation:
            self.active -= 1
            self._leave_task()
        elif invocation.is_parked:
            self.parked -= 1
        else:
            self._one_less()
        if invocation.task is not None:
            self.run.release(invocation.task)
