"""A nested process: a step whose invocation runs supersteps of its own."""

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from process_core.engine.compiled import CompiledProcess
from process_core.engine.invocation import Invocation, Request
from process_core.engine.scope import NONE_HELD, Scope
from process_core.events import NO_DATA

if TYPE_CHECKING:
    from process_core.engine.core import RunCore


class Composite(Protocol):
    """What stands behind a step that is no class: a nested process, or a map."""

    async def perform(self, invocation: Invocation) -> Any:
        """Run an invocation of the step to its end."""

    def cancel_working(self, spare: Invocation | None = None) -> None:
        """Cancel everything that runs in it."""

    def take_answer(self, request: Request, value: Any) -> None:
        """Take in the answer to a question that was asked in it."""

    def save(self) -> Any:
        """Copy its state, to be put back by `restore`."""

    def restore(self, saved: Any) -> None:
        """Make it as it was when `save` gave this."""

    def reset(self) -> None:
        """Make it as it is in a new run."""

    def scopes(self) -> list[Scope]:
        """Give the processes in it."""

    def states(self) -> dict[str, Any]:
        """Give the states in it by path."""


class ParkableProcess:
    """Lets something behind a step be parked in its parent while all that runs in it is parked.

    Attributes:
        parent: The invocation that it runs for.
    """

    parent: Invocation | None
    wake: "asyncio.Future[None] | None" = None

    async def sleep(self, run: "RunCore") -> None:
        """Park the parent's invocation until something here works again."""
        assert self.parent is not None
        self.wake = run.loop.create_future()
        self.parent.scope.park(self.parent)
        await self.wake

    def wake_up(self) -> None:
        """Work again: the parent's superstep waits for it once more."""
        if self.parent is not None and self.parent.is_parked:
            self.parent.scope.unpark(self.parent)
        if self.wake is not None and not self.wake.done():
            self.wake.set_result(None)


class NestedScope(ParkableProcess, Scope):
    """A nested process. Its states and half-filled calls last for the run; each message runs it to quiescence.

    Attributes:
        is_thawed: Whether the next message is one that a resumed run had begun, so that its work is here already.
    """

    __slots__ = (
        "_done",
        "_handed_to",
        "is_thawed",
    )

    def __init__(self, run: "RunCore", plan: CompiledProcess, prefix: str) -> None:
        Scope.__init__(self, run, plan, None, prefix)
        self._done: asyncio.Future[None] | None = None
        self._handed_to: asyncio.Task[Any] | None = None
        self.is_thawed = False

    async def perform(self, invocation: Invocation) -> list[Any]:
        """Run the process on one message.

        Args:
            invocation: The call; its function is named by the input event.

        Returns:
            What its steps yielded.

        Raises:
            NestedFailureError: A step failed, and nothing here handled it.
        """
        self.parent = invocation
        self.failed = None
        self.stop_route = None
        self.is_stopped = self.is_dead = False
        self.since_input = 0
        if self.is_thawed:
            self.is_thawed = False
        else:
            event_id = invocation.function.name
            data = invocation.arguments.get("data", NO_DATA)
            self.pending = self.enter(self.plan.entries[event_id], event_id, data, invocation.seq)
        self._done = self.run.loop.create_future()
        await self._drive()
        await self._done
        if self.failed is not None:
            self.discard_all("the process failed")
            raise self.failed
        return list(invocation.outputs or ())

    async def _drive(self, *, finish_first: bool = False) -> None:
        while True:
            if not await self.advance(finish_first=finish_first):
                return
            finish_first = False
            if self.failed is not None or self.is_stopped or not (self.parked or self.held):
                if self._done is not None and not self._done.done():
                    self._done.set_result(None)
                return
            await self.sleep(self.run)

    def hand_over(self) -> None:
        """Go on driving in a new task, unless this process was cancelled as a whole."""
        if not self.is_dead:
            self._handed_to = self.run.spawn_later(self._drive(finish_first=True))

    def cancel_working(self, spare: Invocation | None = None) -> None:
        """Cancel what runs here; with nothing to spare, this process ends with it."""
        if spare is None and self.failed is None and self.stop_route is None:
            self.is_dead = True
            self.pending = []
            if self.held:
                lost = [str(message) for message in self.held]
                why = f"held back when its process was cancelled; not delivered: {', '.join(lost)}"
                self.warn("discarded_messages", why, messages=lost)
                self.held = NONE_HELD
            if self._done is not None and not self._done.done():
                self._done.cancel()  # or a task that a cancelled call has swallowed would wait for it for ever
            if self._handed_to is not None:
                self.run.release(self._handed_to)
        super().cancel_working(spare)
        for slot in self.slots:
            if slot is not None and slot.queue and self.is_dead:
                slot.queue.clear()

    def take_answer(self, request: Request, value: Any) -> None:
        """Take in an answer, and pass it on where the question was asked further in."""
        deliver_answer(self, request, value)
        self.since_input = 0
        self.wake_up()

    def save(self) -> Any:
        """Copy all states and half-filled calls."""
        states = [(slot, slot.save_state()) for slot in self.slots if slot is not None]
        return states, self.inbox.save()

    def restore(self, saved: Any) -> None:
        """Put states and half-filled calls back; steps first used since then start anew."""
        states, waiting = saved
        known = {id(slot) for slot, _ in states}
        for slot, state in states:
            slot.undo(state)
        for slot in self.slots:
            if slot is not None and id(slot) not in known:
                slot.reset()
        self.inbox.restore(waiting)

    def reset(self) -> None:
        """Make all states and half-filled calls as they are in a new run; supersteps go on counting."""
        for slot in self.slots:
            if slot is not None:
                slot.reset()
        self.inbox.restore({})


def deliver_answer(scope: Scope, request: Request, value: Any) -> None:
    """Bring an answer to the process in which the question was asked.

    Args:
        scope: The process that has the answer now.
        request: The question.
        value: The answer.
    """
    invocation: Invocation | None = request.invocation
    chain = []
    while invocation is not None and invocation.scope is not scope:
        invocation = invocation.scope.parent
        chain.append(invocation)
    if not chain:
        scope.answers.append((request, value))
        return
    inner = chain[-1]
    if inner is not None and inner.slot.child is not None:
        inner.slot.child.take_answer(request, value)
