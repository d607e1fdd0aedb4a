"""Steps that run others: a nested process runs supersteps of its own, a map runs one step per element of a list."""

import asyncio
from collections.abc import Iterable
from typing import Any

from process_core.engine.join_buffer import JoinBuffer
from process_core.engine.records import NONE_HELD, Emission, Invocation, MapRecord, ProcessRecord, Request, StepInstance
from process_core.engine.routing import enter
from process_core.engine.runner import InvocationRunner, RunTasks
from process_core.engine.superstep import SuperstepLoop, pass_answer
from process_core.errors import PayloadMismatchError
from process_core.events import NO_DATA, Visibility
from process_core.graph import ERROR_SUFFIX, RESULT_SUFFIX, StepKind, type_text
from process_core.payload_check import PayloadCheck


def open_composite(slot: StepInstance, tasks: RunTasks) -> ProcessRecord | MapRecord:
    """Make what is inside a step that is a nested process or a map."""
    if slot.plan.spec.kind is StepKind.MAP:
        return MapRunner(slot, tasks).record
    return NestedProcess(slot, tasks).process


class ParentCall:
    """The call of a parent that something runs for; parked while all that runs is parked."""

    __slots__ = ("_scope", "_wake")

    def __init__(self, scope: ProcessRecord | MapRecord) -> None:
        self._scope = scope
        self._wake: asyncio.Future[None] | None = None

    async def park(self) -> None:
        """Park the call until something here works again."""
        call = self._scope.parent
        assert call is not None
        self._wake = self._scope.run.loop.create_future()
        runner = _runner_of(call)
        runner.park(call)
        await self._wake
        await runner.join_batch()

    def wake_up(self) -> None:
        """Work again: the parent's superstep waits for the call once more."""
        call = self._scope.parent
        if call is not None and call.is_parked:
            _runner_of(call).unpark(call)
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)


def _runner_of(call: Invocation) -> InvocationRunner:
    runner = call.scope.runner
    assert isinstance(runner, InvocationRunner)
    return runner


class NestedProcess:
    """Runs a nested process. Its states and half-filled calls last for the run; each message runs it until it is idle.

    Attributes:
        process: Its record.
    """

    __slots__ = ("_call", "_done", "_handed_to", "_loop", "_tasks", "process")

    def __init__(self, slot: StepInstance, tasks: RunTasks) -> None:
        assert slot.plan.inner is not None
        self.process = ProcessRecord(slot.scope.run, slot.plan.inner, JoinBuffer(), slot.path + "/")
        self.process.composite = self
        self._tasks = tasks
        self._loop = SuperstepLoop(self.process, tasks, self)
        self._call = ParentCall(self.process)
        self._done: asyncio.Future[None] | None = None
        self._handed_to: asyncio.Task[Any] | None = None

    async def perform(self, invocation: Invocation) -> Any:
        """Run the process on one message.

        Args:
            invocation: The call; its function is named by the input event.

        Raises:
            NestedFailureError: A step failed, and nothing here handled it.
        """
        process = self.process
        run = process.run
        process.parent = invocation
        process.failed = None
        process.stop_route = None
        process.is_stopped = process.is_dead = False
        process.since_input = 0
        if process.is_resumed:
            process.is_resumed = False
        else:
            event_id = invocation.function.name
            data = invocation.arguments.get("data", NO_DATA)
            process.pending = enter(process, process.plan.entries[event_id], event_id, data, invocation.seq)
        self._done = run.loop.create_future()
        await self._drive()
        await self._done
        if process.failed is not None:
            self._loop.discard_all("the process failed")
            raise process.failed
        return list(invocation.outputs or ())

    async def _drive(self, *, finish_first: bool = False) -> None:
        process = self.process
        while True:
            if not await self._loop.advance(finish_first=finish_first):
                return
            finish_first = False
            if process.failed is not None or process.is_stopped or not (process.parked or process.held):
                if self._done is not None and not self._done.done():
                    self._done.set_result(None)
                return
            await self._call.park()

    def hand_over(self) -> None:
        """Go on driving in a new task, unless this process was cancelled as a whole."""
        if not self.process.is_dead:
            self._handed_to = self._tasks.spawn_later(self._drive(finish_first=True))

    def wake_up(self) -> None:
        """Go on, since something in it has work again."""
        self._call.wake_up()

    def report_idle(self) -> None:
        """Report nothing: what is left over waits for the next call, or is reported with the root's."""

    def cancel(self) -> None:
        """End with the call that it runs for."""
        process = self.process
        if process.failed is None and process.stop_route is None:
            process.is_dead = True
            process.pending = []
            if process.held:
                lost = [str(message) for message in process.held]
                why = f"held back when its process was cancelled; not delivered: {', '.join(lost)}"
                process.warn("discarded_messages", why, messages=lost)
                process.held = NONE_HELD
            if self._done is not None and not self._done.done():
                self._done.cancel()  # or a task that a cancelled call has swallowed would wait for it for ever
            if self._handed_to is not None:
                self._tasks.release(self._handed_to)
        self._loop.runner.cancel_working()
        for slot in process.slots:
            if slot is not None and slot.queue and process.is_dead:
                slot.queue.clear()

    def take_answer(self, request: Request, value: Any) -> None:
        """Take in an answer, and pass it on where the question was asked further in."""
        pass_answer(self.process, request, value)
        self.process.since_input = 0
        self.wake_up()


class MapRunner:
    """Runs the elements of a map side by side; what they emit and return is gathered in the order of the input.

    Attributes:
        record: Its record.
    """

    __slots__ = ("_answers", "_call", "_runner", "record")

    def __init__(self, slot: StepInstance, tasks: RunTasks) -> None:
        self.record = MapRecord(slot.scope.run, slot)
        self.record.composite = self
        self._runner = InvocationRunner(self.record, tasks, self)
        self._call = ParentCall(self.record)
        self._answers: list[tuple[Request, Any]] = []

    async def perform(self, invocation: Invocation) -> list[Any]:
        """Run every element.

        Args:
            invocation: The call, with the list as its data.

        Raises:
            NestedFailureError: An element failed; its path names the index.
            PayloadMismatchError: The data is not a list.
        """
        record, runner = self.record, self._runner
        record.parent = invocation
        record.failed = None
        calls = self._calls(invocation)
        record.calls = calls
        record.elements = [call.slot for call in calls]
        if record.resume_elements is not None:
            record.resume_elements(calls)
            record.resume_elements = None
        self._begin_batch()
        controller = record.run.controller
        if controller is not None and controller.holds_elements(record):
            await controller.dispatch_elements(record, runner.start_at_once)
        else:
            for call in calls:
                if not call.is_closed:
                    runner.start(call)
        while True:
            await runner.until_done()
            if record.failed is not None:
                record.forget_finished(why="the map failed")
                record.let_go()
                raise record.failed
            if not record.parked:
                break
            record.in_batch = False
            await self._call.park()
            self._begin_batch()
            answers, self._answers = self._answers, []
            runner.deliver_answers(answers)
        record.in_batch = False
        record.forget_finished()
        self._gather(invocation, calls)
        record.let_go()
        record.elements = []
        record.calls = []
        return [call.result for call in calls]

    def _begin_batch(self) -> None:
        self.record.in_batch = True
        self._runner.admit()

    def _calls(self, invocation: Invocation) -> list[Invocation]:
        mapped = invocation.function.spec.mapped
        items = invocation.arguments.get(mapped.name)
        path = self.record.slot.path
        if isinstance(items, str | bytes | dict) or not isinstance(items, Iterable):
            raise PayloadMismatchError(f"map step {path} takes a list, got {type_text(type(items))}")
        check = PayloadCheck(mapped.annotation)
        plan = self.record.slot.plan.element
        assert plan is not None
        calls = []
        for index, item in enumerate(items):
            slot = StepInstance(plan, self.record, f"{path}[{index}]")
            arguments = {**invocation.arguments, mapped.name: item}
            call = Invocation(slot, plan.functions[invocation.function.name], arguments, ())
            call.causes = (invocation.seq,)
            try:
                arguments[mapped.name] = check(item)
            except PayloadMismatchError as error:
                call.error = PayloadMismatchError(f"element {index} of map step {path}: {error}")
            calls.append(call)
        return calls

    def _gather(self, invocation: Invocation, calls: list[Invocation]) -> None:
        """Make one event per id out of what the elements emitted; an empty map sends every id that is routed."""
        slot = self.record.slot
        gathered: dict[str, list[Emission]] = {}
        if not calls:
            automatic = (RESULT_SUFFIX, ERROR_SUFFIX)
            gathered = {e: [] for e in slot.plan.routes if not f".{e}".endswith(automatic)}
        for call in calls:
            for emission in call.emissions:
                gathered.setdefault(emission.event_id, []).append(emission)
            if call.outputs:
                invocation.outputs = [*(invocation.outputs or ()), *call.outputs]
        for event_id, emissions in gathered.items():
            data = [None if e.data is NO_DATA else e.data for e in emissions]
            is_public = any(e.visibility is Visibility.PUBLIC for e in emissions)
            seq = emissions[-1].seq if emissions else invocation.seq
            visibility = Visibility.PUBLIC if is_public else Visibility.INTERNAL
            invocation.emissions.append(Emission(event_id, data, visibility, seq, slot.path))

    def hand_over(self) -> None:
        """Fail: elements never run inline, so there is no task to leave."""
        raise AssertionError("an element ran inline")

    def wake_up(self) -> None:
        """Go on, since an element has work again."""
        self._call.wake_up()

    def cancel(self) -> None:
        """End every element with the call of the map."""
        self._runner.cancel_working()

    def take_answer(self, request: Request, value: Any) -> None:
        """Take in an answer for an element, or for something inside one."""
        invocation = request.invocation
        elements = self.record.elements
        if invocation.slot in elements:
            self._answers.append((request, value))
        else:
            while invocation.slot not in elements:
                assert invocation.scope.parent is not None
                invocation = invocation.scope.parent
            child = invocation.slot.child
            if child is not None and child.composite is not None:
                child.composite.take_answer(request, value)
        self.wake_up()
