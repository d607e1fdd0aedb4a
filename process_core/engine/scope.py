"""One process in a run: the superstep loop."""

import asyncio
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from process_core.engine import routing as commit
from process_core.engine.compiled import CompiledProcess, CompiledRoute, CompiledStep, RouteSet
from process_core.engine.crew import InvocationRunner
from process_core.engine.invocation import Invocation, Message, Request
from process_core.engine.join_buffer import JoinBuffer, ReadyCall
from process_core.engine.step_instance import StepInstance
from process_core.errors import SuperstepLimitError

if TYPE_CHECKING:
    from process_core.engine.core import RunCore

_FAIRNESS = 64
"""Supersteps after which other tasks of the loop get a turn; inline calls may never suspend by themselves."""


NONE_HELD: Final[Mapping[Message, bool]] = MappingProxyType({})
"""What a process holds back where nobody has asked it to."""


class DiscardedWork:
    """What will never be delivered.

    Attributes:
        texts: Each as a person reads it.
        seqs: Seqs of the events that are lost with it.
    """

    __slots__ = ("seqs", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.seqs: list[int] = []

    def add(self, text: str, messages: Iterable[Message] = ()) -> None:
        """Add something.

        Args:
            text: What it is.
            messages: The messages that are lost with it.
        """
        self.texts.append(text)
        self.seqs.extend(message.seq for message in messages if message.seq)


class Scope(InvocationRunner):
    """A process in a run, at the root or nested.

    A superstep has three parts: `begin` takes in messages and says what fires, then the functions run, then `finish`
    commits what they did. Only the middle takes time.

    Attributes:
        plan: The process.
        slots: Its steps, made when first used.
        inbox: Its half-filled calls.
        pending: Messages for the next superstep, in order of delivery.
        superstep: Number of the current superstep, from 1.
        since_input: Supersteps since the last outside input.
        answers: Answers to deliver in the next superstep.
        stop_route: Id of the stop route that was reached.
        stop_seq: Seq of the event that took it.
        is_stopped: Whether a stop route ended it.
        restored: Invocations of a run that is resumed, to be started again.
        calls: The calls of the current superstep.
        unstarted: Calls of a superstep that ended before they could start.
        delivered: The messages of the current superstep, for a debugger to see.
        absent: Steps that the code has no more, which may come back.
        held: Messages that a debugger keeps back, each with whether a warning has told of it; replaced, never changed.
    """

    __slots__ = (
        "absent",
        "answers",
        "calls",
        "delivered",
        "held",
        "inbox",
        "is_dead",
        "is_stopped",
        "pending",
        "plan",
        "restored",
        "since_input",
        "slots",
        "stop_route",
        "stop_seq",
        "superstep",
        "unstarted",
    )

    def __init__(self, run: "RunCore", plan: CompiledProcess, parent: Invocation | None, prefix: str) -> None:
        super().__init__(run, parent, prefix)
        self.plan = plan
        self.slots: list[StepInstance | None] = [None] * len(plan.steps)
        self.inbox = JoinBuffer()
        self.pending: list[Message] = []
        self.superstep = 0
        self.since_input = 0
        self.answers: list[tuple[Request, Any]] = []
        self.stop_route: str | None = None
        self.stop_seq = 0
        self.is_stopped = False
        self.is_dead = False
        self.delivered: list[Message] = []
        self.held: Mapping[Message, bool] = NONE_HELD
        self.absent: list[StepInstance] = []
        self.restored: list[Invocation] = []
        self.calls: list[Invocation] = []
        self.unstarted: list[Invocation] = []

    def slot_of(self, step: CompiledStep) -> StepInstance:
        """Give a step of this process."""
        slot = self.slots[step.index]
        if slot is None:
            slot = self.slots[step.index] = StepInstance(step, self, self.prefix + step.name)
        return slot

    def is_handled(self, invocation: Invocation) -> bool:
        """Whether an error route of this process may take a failure."""
        return invocation.function.is_covered

    def has_work(self) -> bool:
        """Whether there is another superstep to run."""
        if self.failed is not None or self.is_stopped or self.is_dead or self.run.is_cancelling:
            return False
        return bool(self.pending or self.answers or self.active or self.restored)

    async def advance(self, *, finish_first: bool = False) -> bool:
        """Run supersteps until there is nothing to do.

        Args:
            finish_first: Whether this task takes over in the middle of a superstep.

        Returns:
            Whether this task still drives; if not, another one has taken over.
        """
        self.task = asyncio.current_task()
        token = self.token
        if finish_first:
            await self.until_done()
            self._note_unstarted()
            if self.run.gate is not None and self.run.gate.has_to_settle:
                await self.run.gate.settle(self)
            self.finish()
        while self.has_work():
            firings = self.begin()
            self.calls = [call for _, call in firings]
            if self._may_run_inline():
                if not await self.run_inline(self.calls):
                    return False
                if self.active:
                    await self.until_done()
            else:
                await self._run_together(firings)
            self._note_unstarted()
            if self.run.gate is not None and self.run.gate.has_to_settle:
                await self.run.gate.settle(self)
            self.finish()
            if not self.superstep % _FAIRNESS:
                await asyncio.sleep(0)
            if self.token is not token:
                return False
        return True

    async def _run_together(self, firings: list[ReadyCall]) -> None:
        gate = self.run.gate
        if gate is not None and self.failed is None and gate.holds(self.delivered):
            gate.take(self, self.delivered)
            await gate.dispatch(self, firings)
        else:
            for _, invocation in firings:
                if self.failed is None:  # an eager task may have failed already
                    self.start(invocation)
        await self.until_done()

    def _note_unstarted(self) -> None:
        if self.failed is not None or self.run.is_cancelling or self.is_dead:
            self.unstarted = [call for call in self.calls if not call.is_started and call.failure is None]

    def _may_run_inline(self) -> bool:
        """Whether the calls of this superstep may begin in this task."""
        if not self.calls or self.active or self.failed is not None:  # what is taken up again may have failed by now
            return False
        for call in self.calls:
            slot = call.slot
            if slot.current is not None or not slot.plan.is_leaf:
                return False
        gate = self.run.gate
        return gate is None or not gate.holds(self.delivered)

    def begin(self) -> list[ReadyCall]:
        """Begin a superstep.

        Returns:
            The calls to make, each with the message that completed it.
        """
        self.take_inputs()
        if self.since_input >= self.run.max_supersteps:
            limit = self.run.max_supersteps
            self.fail(None, SuperstepLimitError(limit, [str(message) for message in self.pending]))
            return []
        self.superstep += 1
        self.since_input += 1
        self.in_superstep = True
        recorder = self.run.recorder
        if recorder is not None:
            recorder.record("superstep_started", self.prefix[:-1], None, None, self.superstep)
            self.run.changed()
        self.observe_inputs()
        if self.answers:
            answers, self.answers = self.answers, []
            self.give_answers(answers)
        if self.restored:
            self._start_restored()
        batch, self.pending = self.pending, []
        if self.run.on_batch is not None:
            batch = self.run.on_batch(self, batch)
        firings = self.inbox.deliver(self, batch)
        if recorder is not None and self.inbox.waiting:
            self._tell_waiting(batch)
        self.delivered = batch
        return firings

    def _start_restored(self) -> None:
        restored, self.restored = self.restored, []
        for invocation in restored:
            self.start(invocation)

    def take_inputs(self) -> None:
        """Take in what came from outside; only the root has an outside."""

    def observe_inputs(self) -> None:
        """Record what `take_inputs` took, inside the superstep's brackets."""

    def enter(self, routes: RouteSet, event_id: str, data: Any, seq: int) -> list[Message]:
        """Turn an event that comes to this process into messages.

        Args:
            routes: Where it goes.
            event_id: Its id.
            data: The payload, or NO_DATA.
            seq: Seq of what brought it.

        Returns:
            The messages, in order of declaration.
        """
        messages: list[Message] = []
        for route in commit.matching(self, routes, event_id, data, None):
            if route.step is None:
                self.stop_at(route, seq)
            else:
                messages.append(Message(route, data, seq, event_id, ""))
        return messages

    def _tell_waiting(self, batch: list[Message]) -> None:
        new = set(batch)
        for slot, group, arrived, missing in self.inbox.incomplete():
            fifos = self.inbox.waiting[slot, group]
            fresh = [held.message for fifo in fifos for held in fifo if held.message in new]
            if not fresh or not missing:
                continue
            message = max(fresh, key=batch.index)
            self.run.recorder.record(  # type: ignore[union-attr]  # the caller asked
                "input_waiting",
                slot.path,
                slot.plan.name,
                group.function.name,
                self.superstep,
                None,
                message.event_id,
                (message.seq,),
                message.route.id,
                {"code": "input_waiting", "arrived": arrived, "missing": missing},
            )

    def finish(self) -> None:
        """End the superstep: commit what completed, see whether this is the end, and say so."""
        if not self.in_superstep:
            return
        if self.run.is_cancelling or self.is_dead:
            self.in_superstep = False
            self.forget_finished(why="its superstep was cancelled")
            return
        if self.failed is None:
            commit.commit(self)
        if self.failed is None and self.stop_route is not None and not self.is_stopped:
            self._stop()
        self.in_superstep = False
        if self.failed is not None:
            self.forget_finished(why="its superstep failed")
            return
        self.at_end_of_superstep()
        if self.run.on_superstep is not None:
            self.run.on_superstep(self)
        self.forget_finished()
        if self.run.recorder is not None:
            self.run.recorder.record("superstep_completed", self.prefix[:-1], None, None, self.superstep)
            self.run.changed()

    def at_end_of_superstep(self) -> None:
        """Say what is left over, where the superstep was the last one; only the root knows."""

    def stop_at(self, route: CompiledRoute, seq: int) -> None:
        """Note that a stop route was reached; the first one in a superstep counts.

        Args:
            route: The route.
            seq: Seq of the event that took it.
        """
        if self.stop_route is None:
            self.stop_route, self.stop_seq = route.id, seq

    def _stop(self) -> None:
        """Discard what was still to be delivered, and cancel what is parked; say which."""
        self.is_stopped = True
        self.discard_all(f"stopped by {self.stop_route}", self.stop_route, (self.stop_seq,) if self.stop_seq else ())

    def discard_all(self, why: str, route: str | None = None, causes: tuple[int, ...] = ()) -> None:
        """Cancel what works, forget what waits, and say what will never be delivered.

        Args:
            why: The reason, for the warning.
            route: The route that stopped the process, if one did.
            causes: Seqs of what led to it.
        """
        lost = DiscardedWork()
        for message in self.pending:
            lost.add(str(message), (message,))
        for message in self.held:
            lost.add(f"{message} (held back)", (message,))
        self.pending, self.held = [], NONE_HELD
        self.drop_working(lost)
        self.lose_inputs(lost)
        if lost.texts:
            self.warn(
                "discarded_messages",
                f"{why}; not delivered: {', '.join(lost.texts)}",
                route=route,
                causes=tuple(dict.fromkeys([*lost.seqs, *causes])),
                messages=lost.texts,
            )

    def lose_inputs(self, lost: "DiscardedWork") -> None:
        """Forget what came from outside and was not taken in; only the root has an outside."""

    def drop_working(self, lost: "DiscardedWork") -> None:
        """Cancel what was invoked and forget what waits for its turn.

        Args:
            lost: Takes what is lost.
        """
        for invocation in self.working:
            if invocation.is_parked:
                lost.add(f"{invocation} (waiting for an answer)", invocation.messages)
        self.cancel_working()
        waiting: dict[Invocation, str] = dict.fromkeys(self.unstarted, "not started")
        self.unstarted = []
        for slot in self.slots:
            if slot is not None and slot.queue:
                waiting |= dict.fromkeys(slot.queue, "queued")
                slot.queue.clear()
        for invocation, how in waiting.items():
            event = invocation.messages[-1].event_id if invocation.messages else "?"
            lost.add(f"{event} -> {invocation} ({how})", invocation.messages)

    def states(self) -> dict[str, Any]:
        """Give the state of every step, at any depth, by path; a step not used yet has its initial one."""
        found: dict[str, Any] = {}
        for step in self.plan.stateful:
            slot = self.slot_of(step)
            if step.has_state:
                found[slot.path] = slot.state
            else:
                found |= self.run.composite(slot).states()
        return found

    def scopes(self) -> "list[Scope]":
        """Give this process and all that is nested in it."""
        found: list[Scope] = [self]
        for slot in self.slots:
            if slot is not None and slot.child is not None:
                found += slot.child.scopes()
        return found
