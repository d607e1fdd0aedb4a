"""Runs the supersteps of one process: deliver its messages, run the calls they lead to, commit what those did."""

import asyncio
from time import monotonic
from typing import Any, Protocol

from process_core.engine.join_buffer import ReadyCall
from process_core.engine.records import NONE_HELD, DiscardedWork, Invocation, ProcessRecord, Request, RunRecord
from process_core.engine.routing import commit, receive
from process_core.engine.runner import InvocationRunner, RunnerOwner, RunTasks
from process_core.errors import SuperstepLimitError


class LoopOwner(RunnerOwner, Protocol):
    """What drives the supersteps of a process."""

    def report_idle(self) -> None:
        """Report what is left over: the superstep that ends leaves the root process nothing to do."""


class SuperstepLoop:
    """Runs supersteps of a process.

    A superstep has three parts: `_begin` takes in messages and returns the calls they lead to, then the functions run,
    then `finish` commits what they did. Only the middle takes time.

    Attributes:
        process: The process.
        runner: Makes its calls.

    Args:
        process: The process.
        tasks: The tasks of its run.
        owner: What drives it.
    """

    __slots__ = ("_is_root", "_owner", "_run", "_tasks", "process", "runner")

    def __init__(self, process: ProcessRecord, tasks: RunTasks, owner: LoopOwner) -> None:
        self.process = process
        self.runner = InvocationRunner(process, tasks, owner)
        self._tasks = tasks
        self._run: RunRecord = process.run
        self._is_root = not process.prefix
        self._owner = owner

    def has_work(self) -> bool:
        """Whether there is another superstep to run."""
        process = self.process
        if process.failed is not None or process.is_stopped or process.is_dead or self._run.is_cancelling:
            return False
        if process.pending or process.answers or self.runner.active or process.resumed_calls:
            return True
        return self._is_root and bool(self._run.inputs)

    async def advance(self, *, finish_first: bool = False) -> bool:
        """Run supersteps until there is nothing to do.

        Args:
            finish_first: Whether this task takes over in the middle of a superstep.

        Returns:
            Whether this task still drives; if not, another one has taken over.
        """
        runner, process, run, tasks = self.runner, self.process, self._run, self._tasks
        runner.task = asyncio.current_task()
        token = runner.token
        if finish_first:
            await runner.until_done()
            self._note_unstarted()
            if run.controller is not None and run.controller.has_to_settle:
                await run.controller.settle(process)
            self.finish()
        while self.has_work():
            ready = self._begin()
            process.calls = calls = [call for _, call in ready]
            if self._may_run_inline():
                if not await runner.run_inline(calls):
                    return False
                if runner.active:
                    await runner.until_done()
            else:
                await self._run_together(ready)
            self._note_unstarted()
            if run.controller is not None and run.controller.has_to_settle:
                await run.controller.settle(process)
            self.finish()
            if monotonic() > tasks.due:
                await tasks.give_turn()
            if runner.token is not token:
                return False
        return True

    async def _run_together(self, ready: list[ReadyCall]) -> None:
        process, controller = self.process, self._run.controller
        if controller is not None and process.failed is None and controller.holds(process.delivered):
            controller.take(process, process.delivered)
            await controller.dispatch(process, ready, self.runner.start_at_once)
        else:
            for _, invocation in ready:
                if process.failed is None:  # an eager task may have failed already
                    self.runner.start(invocation)
        await self.runner.until_done()

    def _note_unstarted(self) -> None:
        process = self.process
        if process.failed is not None or self._run.is_cancelling or process.is_dead:
            process.unstarted = [call for call in process.calls if not call.is_started and call.failure is None]

    def _may_run_inline(self) -> bool:
        """Whether the calls of this superstep may begin in this task."""
        process = self.process
        if not process.calls or self.runner.active or process.failed is not None:  # what was resumed may have failed
            return False
        for call in process.calls:
            slot = call.slot
            if slot.current is not None or not slot.plan.is_leaf:
                return False
        controller = self._run.controller
        return controller is None or not controller.holds(process.delivered)

    def _begin(self) -> list[ReadyCall]:
        """Begin a superstep; return the calls to make, each with the message that completed it."""
        process, run = self.process, self._run
        takes_inputs = self._is_root and bool(run.inputs)
        joining = self.runner.joining
        if takes_inputs or joining:
            process.since_input = 0
        limit = run.max_supersteps if self._is_root else process.plan.max_supersteps or run.max_supersteps
        if process.since_input >= limit:
            process.fail(None, SuperstepLimitError(limit, [str(message) for message in process.pending]))
            return []
        process.superstep += 1
        process.batch_id += 1
        process.since_input += 1
        process.in_batch = True
        recorder = run.recorder
        if recorder is not None:
            recorder.record_superstep("superstep_started", process.prefix[:-1], process.superstep)
        if takes_inputs:
            self._take_inputs()
        if process.answers:
            answers, process.answers = process.answers, ()
            self.runner.deliver_answers(answers)
        if joining:
            self.runner.admit()
        if process.resumed_calls:
            resumed, process.resumed_calls = process.resumed_calls, ()
            for invocation in resumed:
                self.runner.start(invocation)
        batch, process.pending = process.pending, []
        if run.edit_batch is not None:
            batch = run.edit_batch(process, batch)
        ready = process.joins.deliver(process, batch)
        if process.joins.waiting:
            process.record_waiting(batch)
        process.delivered = batch
        return ready

    def _take_inputs(self) -> None:
        """Take in outside events, which go first, and answers."""
        messages = []
        inputs, self._run.inputs = self._run.inputs, []
        for kind, subject, value in inputs:
            if kind == "answer":
                pass_answer(self.process, subject, value)
            else:
                messages += receive(self.process, subject, value)
        self.process.pending[:0] = messages

    def finish(self) -> None:
        """End the superstep: commit what completed, see whether this is the end, and record it."""
        process, run = self.process, self._run
        if not process.in_batch:
            return
        if run.is_cancelling or process.is_dead:
            process.in_batch = False
            process.forget_finished(why="its superstep was cancelled")
            return
        if process.failed is None:
            commit(process)
        if process.failed is None and process.stop_route is not None and not process.is_stopped:
            self._stop()
        process.in_batch = False
        if process.failed is not None:
            process.forget_finished(why="its superstep failed")
            return
        if self._is_root and not self.has_work():
            self._owner.report_idle()
        if run.superstep_ended:
            for hook in run.superstep_ended:
                hook(process)
        process.forget_finished()
        if run.recorder is not None:
            run.recorder.record_superstep("superstep_completed", process.prefix[:-1], process.superstep)
        if run.run_changed and run.wants_progress:
            for changed in run.run_changed:
                changed()

    # What is lost.

    def _stop(self) -> None:
        """Discard what was still to be delivered, and cancel what is parked; warn of it."""
        process = self.process
        process.is_stopped = True
        causes = (process.stop_seq,) if process.stop_seq else ()
        self.discard_all(f"stopped by {process.stop_route}", process.stop_route, causes)

    def discard_all(self, why: str, route: str | None = None, causes: tuple[int, ...] = ()) -> None:
        """Cancel what works, forget what waits, and warn of what will never be delivered.

        Args:
            why: The reason, for the warning.
            route: The route that stopped the process, if one did.
            causes: Seqs of what led to it.
        """
        process = self.process
        lost = DiscardedWork()
        for message in process.pending:
            lost.add(str(message), (message,))
        for message in process.held:
            lost.add(f"{message} (held back)", (message,))
        process.pending, process.held = [], NONE_HELD
        self.drop_working(lost)
        if self._is_root:
            self._lose_inputs(lost)
        if lost.texts:
            process.warn(
                "discarded_messages",
                f"{why}; not delivered: {', '.join(lost.texts)}",
                route=route,
                causes=tuple(dict.fromkeys([*lost.seqs, *causes])),
                messages=lost.texts,
            )

    def _lose_inputs(self, lost: DiscardedWork) -> None:
        """Forget what came from outside and was not taken in."""
        run = self._run
        for kind, subject, _ in run.inputs:
            if kind == "event":
                lost.add(str(subject))
        run.inputs.clear()
        for item in run.undeliverable:
            lost.add(f"{item} (undeliverable: nothing takes it)")
            if item.seq:
                lost.seqs.append(item.seq)
        run.undeliverable = ()

    def drop_working(self, lost: DiscardedWork) -> None:
        """Cancel what was invoked and forget what waits for its turn."""
        process = self.process
        for invocation in process.working:
            if invocation.is_parked:
                lost.add(f"{invocation} (waiting for an answer)", invocation.messages)
        self.runner.cancel_working()
        waiting: dict[Invocation, str] = dict.fromkeys(process.unstarted, "not started")
        process.unstarted = ()
        for slot in process.slots:
            if slot is not None and slot.queue:
                waiting |= dict.fromkeys(slot.queue, "queued")
                slot.queue.clear()
        for invocation, how in waiting.items():
            event = invocation.messages[-1].event_id if invocation.messages else "?"
            lost.add(f"{event} -> {invocation} ({how})", invocation.messages)


def pass_answer(process: ProcessRecord, request: Request, value: Any) -> None:
    """Bring an answer to the process in which the question was asked, from one around it."""
    invocation: Invocation | None = request.invocation
    chain = []
    while invocation is not None and invocation.scope is not process:
        invocation = invocation.scope.parent
        chain.append(invocation)
    if not chain:
        process.answers = (*process.answers, (request, value))
        return
    inner = chain[-1]
    child = inner.slot.child if inner is not None else None
    if child is not None and child.composite is not None:
        child.composite.take_answer(request, value)
