"""What a run is: its processes, steps, messages, calls and questions. Nothing here makes it go on; a driver does.

The records also say what happens: a call that begins, emits, asks or ends is reported to its record, which makes the
workflow events and informs the instruments. So whatever drives a run, its events and its debugger are the same.
"""

import asyncio
import copy
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, get_origin

from process_core.engine.compiled import CompiledFunction, CompiledProcess, CompiledRoute, CompiledStep
from process_core.engine.failures import NestedFailureError, describe
from process_core.engine.instrument import HOOKS, RunController, RunInstrument, bound_hooks
from process_core.engine.recorder import Recorder, RunFileLink, exact_copy, snapshot_arguments
from process_core.engine.request_log import RequestLog
from process_core.errors import PayloadMismatchError, ProcessError, StepContextError, StepFailure
from process_core.events import NO_DATA, ProcessEvent, RunState, Visibility, WorkflowEvent
from process_core.graph import type_text
from process_core.object_storage import leads_to_owner
from process_core.safe_repr import error_summary
from process_core.services import Services

if TYPE_CHECKING:
    from process_core.engine.driver import Driver
    from process_core.engine.host import StepHost
    from process_core.engine.hot_swap import Undeliverable
    from process_core.engine.join_buffer import JoinBuffer

_log = logging.getLogger("process_core")

UNSET: Final[Any] = object()
"""Stands where there is no value, not even None."""
UNCOPIED: Final[Any] = object()
"""Stands for a state that cannot be copied, so that nothing can be rolled back."""


class Message:
    """One process event travelling one route.

    Attributes:
        route: The route.
        data: The payload, or NO_DATA.
        seq: Seq of the event that brought it, 0 where nothing records.
        event_id: The event's id.
        source: Path of the step that emitted it, empty for an outside event.
        handles: Whether it brings a failure to a handler.
        id: Number that a debugger gave it, 0 before.
    """

    __slots__ = ("data", "event_id", "handles", "id", "route", "seq", "source")

    def __init__(
        self, route: CompiledRoute, data: Any, seq: int, event_id: str, source: str, handles: bool = False
    ) -> None:
        self.route = route
        self.data = data
        self.seq = seq
        self.event_id = event_id
        self.source = source
        self.handles = handles
        self.id = 0

    def __str__(self) -> str:
        return f"{self.event_id} -> {self.route.target}"


class Emission:
    """One process event, emitted and not yet routed.

    Attributes:
        event_id: Its id.
        data: The payload, or NO_DATA.
        visibility: Who sees it.
        seq: Seq of the workflow event that observed it.
        source: Path of the step that emitted it.
    """

    __slots__ = ("data", "event_id", "seq", "source", "visibility")

    def __init__(self, event_id: str, data: Any, visibility: Visibility, seq: int, source: str) -> None:
        self.event_id = event_id
        self.data = data
        self.visibility = visibility
        self.seq = seq
        self.source = source


class Invocation:
    """One call of a function: what goes out to a step host, and what came back.

    Attributes:
        slot: The step in its run.
        function: The function.
        arguments: Parameter -> value.
        initial_arguments: The same as they were at the call.
        messages: What brought the arguments, in order of parameters.
        causes: Seqs of what brought them.
        seq: Seq of its `executor_invoked`.
        emissions: What it emitted so far.
        outputs: What it yielded so far.
        result: What it returned.
        result_seq: Seq of the event that recorded how it ended.
        failure: How it failed.
        error: The exception it failed with.
        is_closed: Whether it has ended; nothing it does counts any more.
        is_cancelled: Whether it was ended from outside.
        is_started: Whether its function was called.
        is_handler: Whether it handles a failure, so that its own is not handled again.
        is_parked: Whether it waits for answers and its superstep went on without it.
        questions: What it asks; None before the first question, unless an earlier attempt asked.
        resumes: Seq of the `executor_invoked` of the attempt that this one repeats, else 0.
        saved_state: Its step's state before the call, where an error route covers it.
        task: The task it runs in.
    """

    __slots__ = (
        "arguments",
        "causes",
        "emissions",
        "error",
        "failure",
        "function",
        "initial_arguments",
        "is_cancelled",
        "is_closed",
        "is_handler",
        "is_parked",
        "is_started",
        "messages",
        "outputs",
        "questions",
        "result",
        "result_seq",
        "resumes",
        "saved_state",
        "seq",
        "slot",
        "task",
    )

    def __init__(
        self, slot: "StepInstance", function: CompiledFunction, arguments: dict[str, Any], messages: tuple[Message, ...]
    ) -> None:
        self.slot = slot
        self.function = function
        self.arguments = self.initial_arguments = arguments
        self.messages = messages
        self.causes: tuple[int, ...] = ()
        self.seq = 0
        self.emissions: list[Emission] = []
        self.outputs: list[Any] | None = None
        self.result: Any = None
        self.result_seq = 0
        self.failure: StepFailure | None = None
        self.error: BaseException | None = None
        self.is_closed = False
        self.is_cancelled = False
        self.is_parked = False
        self.is_started = False
        self.is_handler = False
        for message in messages:
            if message.handles:
                self.is_handler = True
        self.questions: RequestLog | None = None
        self.resumes = 0
        self.saved_state: Any = UNSET
        self.task: asyncio.Task[Any] | None = None

    @property
    def scope(self) -> "CallScope":
        """Where it runs."""
        return self.slot.scope

    def __str__(self) -> str:
        return f"{self.slot.path}.{self.function.name}"


class ForcedResult:
    """Takes the place of an answer where the call that asked is to end as if it had returned `result`."""

    __slots__ = ("result",)

    def __init__(self, result: Any) -> None:
        self.result = result


class Request:
    """A question that an invocation waits on.

    Attributes:
        id: Unique in the run.
        invocation: Who asks.
        question: Name of the question among those of the invocation.
        prompt: What is asked.
        response_type: The type of the answer.
        future: Resolves to the answer.
        seq: Seq of its `request_info` event.
        event: Its `request_info` event.
        is_open: Whether the function still waits, though an answer may be on its way.
        is_reported: Whether a warning has mentioned it.
    """

    __slots__ = (
        "event",
        "future",
        "id",
        "invocation",
        "is_open",
        "is_reported",
        "prompt",
        "question",
        "response_type",
        "seq",
    )

    def __init__(
        self,
        request_id: str,
        invocation: Invocation,
        question: str,
        prompt: Any,
        response_type: Any,
        future: "asyncio.Future[Any]",
    ) -> None:
        self.id = request_id
        self.invocation = invocation
        self.question = question
        self.prompt = prompt
        self.response_type = response_type
        self.future = future
        self.event = WorkflowEvent("request_info")
        self.seq = 0
        self.is_open = True
        self.is_reported = False


class StepInstance:
    """A step in a run: its instance, its state, and what it is busy with.

    Attributes:
        plan: The step.
        scope: The process it runs in, or the map it is an element of.
        path: Its path from the root.
        instance: The live instance, once the step was used.
        current: The invocation it serves now, or None.
        queue: Invocations that wait for their turn.
        finished: Invocations that ended in this superstep, in order.
        child: What is inside it, for a nested process or a map; see `RunRecord.child_of`.
    """

    __slots__ = ("_state", "child", "current", "finished", "instance", "path", "plan", "queue", "scope")

    def __init__(self, plan: CompiledStep, scope: "CallScope", path: str) -> None:
        self.plan = plan
        self.scope = scope
        self.path = path
        self.instance: Any = None
        self.current: Invocation | None = None
        self.queue: deque[Invocation] | None = None
        self.finished: list[Invocation] = []
        self.child: ProcessRecord | MapRecord | None = None
        self._state: Any = UNSET

    def take_state(self) -> Any:
        """Return the state to put on a new instance."""
        if self._state is UNSET:
            self._state = self.initial_state()
        return self._state

    def initial_state(self) -> Any:
        """Make the state a run starts with: a copy, since runs share nothing."""
        initial = self.scope.run.initial_states.get(self.path, UNSET)
        if initial is UNSET:
            initial = self.plan.spec.initial_state
        try:
            if initial is None:
                return default_state(self.plan.spec.state_type)
            return exact_copy(initial) if self.path in self.scope.run.recorded_states else copy.deepcopy(initial)
        except Exception:
            raise
        except BaseException as error:  # it would end more than the run
            raise ProcessError(f"the initial state of {self.path} cannot be made: {error_summary(error)}") from error

    @property
    def state(self) -> Any:
        """The state now; looking at it activates nothing."""
        if self.instance is not None:
            return self.instance.state
        return self.take_state()

    def restore_state(self, state: Any) -> None:
        """Put back a state saved before a call."""
        if self.instance is not None:
            self.instance.state = state
        self._state = state

    @property
    def is_untouched(self) -> bool:
        """Whether its state is still the definition's, so that another definition may bring another."""
        if self.instance is not None or self.path in self.scope.run.initial_states:
            return False
        try:
            return self._state is UNSET or bool(self._state == self.initial_state())
        except BaseException:  # noqa: BLE001 - comparing states is the user's code
            return False

    def let_go(self) -> None:
        """Be without an instance; one that was activated is ended."""
        instance, self.instance = self.instance, None
        run = self.scope.run
        if instance is not None and run.activated and self in run.activated:
            del run.activated[self]
            run.driver.deactivate(self, instance)

    def replace_instance(self, state: Any) -> None:
        """Make the next call on a new instance with this state; UNSET for the one that a run starts with."""
        self.let_go()
        self._state = state

    def reset(self) -> None:
        """Make the step as it is in a new run."""
        if self.child is not None:
            self.child.reset()
        self.let_go()
        self._state = UNSET

    def save_state(self) -> Any:
        """Copy the state, to be put back if the call fails."""
        if not self.plan.is_leaf:
            return self.scope.run.child_of(self).save()
        return copy_state(self.state) if self.plan.has_state else UNSET

    def undo(self, saved: Any) -> None:
        """Make the step as it was when `save_state` returned this."""
        if saved is UNCOPIED:
            self.scope.warn(
                "not_rolled_back",
                f"the state of {self.path} stays as the failed call has left it, since it cannot be copied"
                " (a lock, a connection or the like in it)",
                EventSite(self.path, self.plan.name, None),
            )
        elif self.child is not None:
            self.child.restore(saved)
        elif saved is not UNSET:
            self.restore_state(saved)


def copy_state(state: Any) -> Any:
    """Copy a state, to be put back if a call fails; `UNCOPIED` where it cannot be copied."""
    try:
        return UNCOPIED if leads_to_owner(state) else copy.deepcopy(state)
    except BaseException:  # noqa: BLE001 - a lock in it, or anything else of the user's; the call is made all the same
        return UNCOPIED


def default_state(state_type: Any) -> Any:
    """Make the state of a step that has no initial one; None for types without a default, such as `int | None`."""
    made = get_origin(state_type) or state_type
    return made() if isinstance(made, type) else None


class EventSite(NamedTuple):
    """What an event is about: a path and, where it is a step's, its name and function."""

    path: str
    step: str | None
    function: str | None


class CallRunner(Protocol):
    """What makes the calls of a scope, as far as its record needs to know."""

    def ask(self, invocation: Invocation, prompt: Any, response_type: Any) -> Awaitable[Any]:
        """Ask outside on behalf of an invocation."""
        ...

    def cancel_working(self, spare: Invocation | None = None) -> None:
        """Cancel every call that has begun and not ended, but one."""


class Composite(Protocol):
    """What runs a nested process or a map."""

    async def perform(self, invocation: Invocation) -> Any:
        """Run an invocation of the step to its end."""

    def cancel(self) -> None:
        """End what runs in it, since the invocation was cancelled."""

    def take_answer(self, request: Request, value: Any) -> None:
        """Take in the answer to a question that was asked in it."""

    def wake_up(self) -> None:
        """Go on, since something in it has work again."""


class CallScope:
    """Where calls are made: a process, or the elements of a map. Its methods record what its calls do.

    Attributes:
        run: The run.
        parent: The call of the nested process or map that it is, or None at the root.
        prefix: What paths in it start with.
        runner: What makes the calls.
        working: What has begun and not ended.
        parked: Number of calls that wait for answers.
        finished: Steps with calls that ended in this batch.
        failed: The failure that ends it, with its exception.
        in_batch: Whether a batch of messages (for us, a superstep) has begun and not ended.
        composite: What runs it, below the root.
    """

    __slots__ = (
        "composite",
        "failed",
        "finished",
        "in_batch",
        "parent",
        "parked",
        "prefix",
        "run",
        "runner",
        "working",
    )

    superstep: int

    def __init__(self, run: "RunRecord", parent: Invocation | None, prefix: str) -> None:
        self.run = run
        self.parent = parent
        self.prefix = prefix
        self.runner: CallRunner
        self.composite: Composite | None = None
        self.working: dict[Invocation, None] = {}
        self.parked = 0
        self.finished: list[StepInstance] = []
        self.failed: NestedFailureError | None = None
        self.in_batch = False

    @property
    def process(self) -> "ProcessRecord":
        """The process itself; for a map, the process that holds it."""
        raise NotImplementedError

    # What a running call does.

    def is_open(self, invocation: Invocation) -> bool:
        """Return whether what an invocation does still counts: not after it was cancelled.

        Raises:
            StepContextError: It has returned: some task or thread it left behind acts for it.
        """
        if not invocation.is_closed:
            return True
        if invocation.is_cancelled:
            return False
        raise StepContextError(
            f"{invocation} has returned, so this has no effect; await what it started before it returns"
        )

    def emit(self, invocation: Invocation, event_id: str, data: Any, visibility: Visibility) -> None:
        """Take in a process event; see `StepContext.emit_event`."""
        if invocation.is_closed:
            try:
                if not self.is_open(invocation):
                    return
            except StepContextError as error:
                self.warn("late_emission", f"{event_id!r}: {error}", invocation, event_id=event_id)
                raise
        run = self.run
        seq = 0
        slot = invocation.slot
        if run.recorder is not None:
            details: Mapping[str, Any] | None = HAS_NONE if data is None else None
            if visibility is Visibility.PUBLIC:
                details = _PUBLIC_NONE if data is None else _PUBLIC
            payload = None if data is NO_DATA else data
            causes = (invocation.seq,)
            seq = run.recorder.record_call(
                "event_emitted", invocation, self.superstep, payload, event_id, causes, None, details
            )
        invocation.emissions.append(Emission(event_id, data, visibility, seq, slot.path))
        if run.event_emitted:
            for hook in run.event_emitted:
                hook(invocation, event_id, data, seq)

    def add(self, invocation: Invocation, event: WorkflowEvent) -> None:
        """Take in an event of the user's own; see `StepContext.add_event`."""
        if not self.is_open(invocation):
            return
        if event.type == "output":
            if invocation.outputs is None:
                invocation.outputs = []
            invocation.outputs.append(event.data)
        recorder = self.run.recorder
        if recorder is not None:
            slot = invocation.slot
            event = copy.copy(event)  # the user may add the same one again
            event.path, event.step, event.function = slot.path, slot.plan.name, invocation.function.name
            event.superstep, event.causes = self.superstep, (invocation.seq,)
            if event.type == "warning" and event.details is None:
                event.details = {"code": "user_warning"}
            recorder.pass_on(event)
            if event.type == "warning":
                for hook in self.run.warning:
                    hook(self, event)

    def warn(self, code: str, message: str, where: "Invocation | EventSite | None" = None, **details: Any) -> int:
        """Record a warning: something that would otherwise be silent.

        Args:
            code: Stable name of the kind of warning.
            message: What happened, and where.
            where: Whose doing it is, or which function is concerned; None for the process.
            details: More about it; `event_id`, `route` and `causes` go into the envelope.

        Returns:
            Seq of the warning, 0 where nothing records.
        """
        recorder = self.run.recorder
        if recorder is None:
            # A question that waits is no surprise: the run's state and `pending_requests` show it anyway.
            _log.log(logging.INFO if code == "pending_request" else logging.WARNING, "%s: %s", code, message)
            return 0
        causes = details.pop("causes", ())
        if isinstance(where, Invocation):
            causes = causes or ((where.seq,) if where.seq else ())
            where = EventSite(where.slot.path, where.slot.plan.name, where.function.name)
        elif where is None:
            where = EventSite(self.prefix.rstrip("/"), None, None)
        event = WorkflowEvent(
            "warning",
            message,
            event_id=details.pop("event_id", None),
            superstep=self.superstep,
            path=where.path,
            step=where.step,
            function=where.function,
            causes=causes,
            route=details.pop("route", None),
            details={"code": code, "message": message, **details},
        )
        recorder.pass_on(event)
        for hook in self.run.warning:
            hook(self, event)
        return event.seq

    # How calls begin and end.

    def begin_call(self, invocation: Invocation) -> None:
        """Record that a call begins."""
        run = self.run
        invocation.is_started = True
        recorder = run.recorder
        if recorder is not None:
            arguments = invocation.initial_arguments = snapshot_arguments(invocation.arguments)
            details = {"resumes": invocation.resumes} if invocation.resumes else None
            event_id, route, causes = None, None, invocation.causes
            messages = invocation.messages
            if messages:
                last = messages[-1]
                event_id, route = last.event_id, last.route.id
                causes = (last.seq,) if len(messages) == 1 else tuple([m.seq for m in messages])
            invocation.seq = recorder.record_call(
                "executor_invoked", invocation, self.superstep, arguments, event_id, causes, route, details
            )
        if run.invocation_started:
            for hook in run.invocation_started:
                hook(invocation)

    def complete_call(self, invocation: Invocation, result: Any) -> None:
        """Record what a call returned."""
        invocation.is_closed = True
        invocation.result = result
        run = self.run
        if run.invocation_completing:
            for hook in run.invocation_completing:
                hook(invocation)
        recorder = run.recorder
        if recorder is not None:
            result_id = invocation.function.result_id
            invocation.result_seq = recorder.record_call(
                "executor_completed", invocation, self.superstep, result, result_id, (invocation.seq,)
            )
        if run.invocation_ended:
            for hook in run.invocation_ended:
                hook(invocation)

    def fail_call(self, invocation: Invocation, error: BaseException) -> None:
        """Record how a call failed; where no error route may handle that, fail as a whole."""
        invocation.is_closed = True
        slot = invocation.slot
        failure = None
        invocation.error = error
        if isinstance(error, NestedFailureError):
            invocation.error, failure = error.error, error.failure
        if failure is None:
            failure = describe(
                invocation.error,
                step=slot.path,
                function=invocation.function.name,
                superstep=self.superstep,
                arguments=invocation.initial_arguments,
            )
        invocation.failure = failure
        self.run.close_requests(invocation)
        self.discard_emissions(invocation)
        self._record_failure(invocation, error, failure)
        self._roll_back(invocation)
        for hook in self.run.invocation_ended:
            hook(invocation)
        if invocation.is_handler or not invocation.function.is_covered:
            self.fail(failure, invocation.error, spare=invocation)

    def _record_failure(self, invocation: Invocation, error: BaseException, failure: StepFailure) -> None:
        recorder = self.run.recorder
        if recorder is None:
            return
        is_refused = isinstance(error, PayloadMismatchError) and not invocation.is_started
        code = "payload_mismatch" if is_refused else "step_failed"
        first = invocation.messages[0] if invocation.messages else None
        invocation.result_seq = recorder.record_call(
            "executor_failed",
            invocation,
            self.superstep,
            invocation.initial_arguments,
            invocation.function.error_id,
            (invocation.seq,) if invocation.is_started else tuple(m.seq for m in invocation.messages),
            first.route.id if first and not invocation.is_started else None,
            {"code": code, "type": failure.type, "message": failure.message, "traceback": failure.traceback},
        )

    def cancel_call(self, invocation: Invocation) -> None:
        """Record that a call was ended from outside; what it still does has no effect."""
        slot = invocation.slot
        self.run.close_requests(invocation)
        self.discard_emissions(invocation)
        recorder = self.run.recorder
        if recorder is not None and invocation.is_started:
            causes = (invocation.seq,)
            recorder.record_call(
                "executor_cancelled", invocation, self.superstep, invocation.initial_arguments, None, causes
            )
        is_in_thread = not invocation.function.spec.is_async and slot.plan.is_leaf
        if is_in_thread and invocation.is_started and not invocation.is_parked:
            self.warn(
                "abandoned_thread",
                f"{invocation} runs in a thread, which cannot be interrupted; what it still does has no effect",
                invocation,
            )
        self._roll_back(invocation)
        slot.current = None
        for hook in self.run.invocation_ended:
            hook(invocation)

    def _roll_back(self, invocation: Invocation) -> None:
        if invocation.saved_state is not UNSET:
            invocation.slot.undo(invocation.saved_state)
        for hook in self.run.invocation_rolled_back:
            hook(invocation)

    def discard_emissions(self, invocation: Invocation, why: str = "it did not complete") -> None:
        """Forget what a call has emitted and yielded, and warn of it."""
        if invocation.emissions or invocation.outputs:
            lost = [e.event_id for e in invocation.emissions] + ["output"] * len(invocation.outputs or ())
            self.warn(
                "discarded_emissions",
                f"what {invocation} emitted goes nowhere, since {why}: {', '.join(lost)}",
                invocation,
                events=lost,
            )
            invocation.emissions = []
            invocation.outputs = None

    def forget_finished(self, why: str = "") -> None:
        """Be done with what ended in this batch.

        Args:
            why: Where it was not committed, the reason, for the warnings that list what is lost.
        """
        for slot in self.finished:
            if why:
                for invocation in slot.finished:
                    self.discard_emissions(invocation, why)
            slot.finished.clear()
        self.finished.clear()

    def fail(self, failure: StepFailure | None, error: BaseException, spare: Invocation | None = None) -> None:
        """End with a failure: the first one counts, and every other call is cancelled."""
        if self.failed is None:
            self.failed = NestedFailureError(failure, error, spare.result_seq if spare is not None else 0)
        self.runner.cancel_working(spare)

    # Where it is.

    def is_within(self, invocation: Invocation) -> bool:
        """Return whether this runs for a call, at any depth."""
        scope = self
        while scope.parent is not None:
            if scope.parent is invocation:
                return True
            scope = scope.parent.slot.scope
        return False

    def enclosing(self) -> "list[ProcessRecord]":
        """Return the processes that this is nested in, from the inside to the root."""
        outer: list[ProcessRecord] = []
        parent = self.parent
        while parent is not None:
            process = parent.scope.process
            outer.append(process)
            parent = process.parent
        return outer


HAS_NONE: Final = {"has_data": True}
"""Details of an `event_emitted` whose payload is None, which is not the same as none."""
_PUBLIC: Final = {"visibility": "public"}
_PUBLIC_NONE: Final = {**_PUBLIC, **HAS_NONE}

NONE_HELD: Final[Mapping[Message, bool]] = MappingProxyType({})
"""What a process holds where nobody has asked it to."""
NO_ANSWERS: Final[Mapping[str, Any]] = MappingProxyType({})
"""The early answers of a run that nobody answered early."""
NO_IDS: Final[frozenset[str]] = frozenset()  # each empty one is an object of 216 bytes


class ProcessRecord(CallScope):
    """A process in a run, at the root or nested.

    What is empty in most runs is an empty tuple, for a thousand runs at once are weighed by the list; it is replaced,
    never changed in place.

    Attributes:
        plan: The process.
        slots: Its steps, made when first used.
        joins: Its half-filled calls.
        pending: Messages for the next superstep, in order of delivery.
        superstep: Number of the current superstep, from 1.
        batch_id: Number of the batch of messages that is being delivered, or was last; no two have the same.
        since_input: Supersteps since the last outside input.
        answers: Answers to deliver in the next superstep.
        stop_route: Id of the stop route that was reached.
        stop_seq: Seq of the event that took it.
        is_stopped: Whether a stop route ended it.
        is_dead: Whether it was cancelled as a whole, with the call that it runs for.
        resumed_calls: Calls of a run that is resumed, to be started again.
        calls: The calls of the current superstep.
        unstarted: Calls of a superstep that ended before they could start.
        delivered: The messages of the current superstep, for a debugger to see.
        absent: Steps that the code has no more, which may come back.
        held: Messages that an operator holds, each with whether a warning has mentioned it; replaced, never changed.
        is_resumed: Whether the next call is one that a resumed run had begun, so that its work is here already.
    """

    __slots__ = (
        "absent",
        "answers",
        "batch_id",
        "calls",
        "delivered",
        "held",
        "is_dead",
        "is_resumed",
        "is_stopped",
        "joins",
        "pending",
        "plan",
        "resumed_calls",
        "since_input",
        "slots",
        "stop_route",
        "stop_seq",
        "superstep",
        "unstarted",
    )

    def __init__(self, run: "RunRecord", plan: CompiledProcess, joins: "JoinBuffer", prefix: str = "") -> None:
        super().__init__(run, None, prefix)
        self.plan = plan
        self.slots: list[StepInstance | None] = [None] * len(plan.steps)
        self.joins = joins
        self.pending: list[Message] = []
        self.superstep = 0
        self.batch_id = 0
        self.since_input = 0
        self.answers: Sequence[tuple[Request, Any]] = ()
        self.stop_route: str | None = None
        self.stop_seq = 0
        self.is_stopped = False
        self.is_dead = False
        self.is_resumed = False
        self.delivered: Sequence[Message] = ()
        self.held: Mapping[Message, bool] = NONE_HELD
        self.absent: Sequence[StepInstance] = ()
        self.resumed_calls: Sequence[Invocation] = ()
        self.calls: Sequence[Invocation] = ()
        self.unstarted: Sequence[Invocation] = ()

    @property
    def process(self) -> "ProcessRecord":
        """The process itself."""
        return self

    def slot_of(self, step: CompiledStep) -> StepInstance:
        """Return a step of this process."""
        slot = self.slots[step.index]
        if slot is None:
            slot = self.slots[step.index] = StepInstance(step, self, self.prefix + step.name)
        return slot

    def stop_at(self, route: CompiledRoute, seq: int) -> None:
        """Note that an event has reached a stop route; the first one in a superstep counts."""
        if self.stop_route is None:
            self.stop_route, self.stop_seq = route.id, seq

    def record_waiting(self, batch: list[Message]) -> None:
        """Record which calls still miss inputs after new messages were filled in."""
        recorder = self.run.recorder
        if recorder is None:
            return
        new = set(batch)
        for slot, group, arrived, missing in self.joins.incomplete():
            fifos = self.joins.waiting[slot, group]
            fresh = [value.message for fifo in fifos for value in fifo if value.message in new]
            if not fresh or not missing:
                continue
            message = max(fresh, key=batch.index)
            event = WorkflowEvent(
                "input_waiting",
                None,
                {"code": "input_waiting", "arrived": arrived, "missing": missing},
                event_id=message.event_id,
                superstep=self.superstep,
                path=slot.path,
                step=slot.plan.name,
                function=group.function.name,
                causes=(message.seq,),
                route=message.route.id,
            )
            recorder.pass_on(event)

    def states(self) -> dict[str, Any]:
        """Return the state of every step, at any depth, by path; a step not used yet has its initial one."""
        states: dict[str, Any] = {}
        for step in self.plan.stateful:
            slot = self.slot_of(step)
            if step.has_state:
                states[slot.path] = slot.state
            else:
                states |= self.run.child_of(slot).states()
        return states

    def processes(self) -> "list[ProcessRecord]":
        """Return this process and all that are nested in it."""
        processes: list[ProcessRecord] = [self]
        for slot in self.slots:
            if slot is not None and slot.child is not None:
                processes += slot.child.processes()
        return processes

    def save(self) -> Any:
        """Copy all states and half-filled calls, to be put back by `restore`."""
        states = [(slot, slot.save_state()) for slot in self.slots if slot is not None]
        return states, self.joins.save()

    def restore(self, saved: Any) -> None:
        """Put states and half-filled calls back; steps first used since then are as in a new run."""
        states, waiting = saved
        before = {id(slot) for slot, _ in states}
        for slot, state in states:
            slot.undo(state)
        for slot in self.slots:
            if slot is not None and id(slot) not in before:
                slot.reset()
        self.joins.restore(waiting)

    def reset(self) -> None:
        """Make all states and half-filled calls as they are in a new run; supersteps go on counting."""
        for slot in self.slots:
            if slot is not None:
                slot.reset()
        self.joins.restore({})


class MapRecord(CallScope):
    """The elements of a map step, while it runs.

    Attributes:
        slot: The map step.
        elements: The steps of its elements.
        calls: Their calls, in input order.
        resume_elements: Puts the elements of a resumed run back where they were, once.
    """

    __slots__ = ("calls", "elements", "resume_elements", "slot")

    def __init__(self, run: "RunRecord", slot: StepInstance) -> None:
        super().__init__(run, None, slot.path)
        self.slot = slot
        self.elements: list[StepInstance] = []
        self.calls: list[Invocation] = []
        self.resume_elements: Callable[[list[Invocation]], None] | None = None

    @property
    def superstep(self) -> int:  # type: ignore[override]  # elements count with the process that holds the map
        """The superstep of the process that holds the map."""
        return self.slot.scope.superstep

    @property
    def process(self) -> ProcessRecord:
        """The process that holds the map."""
        return self.slot.scope.process

    def let_go(self) -> None:
        """Be through with the instances of the elements."""
        if self.run.activated:
            for slot in self.elements:
                slot.reset()

    def states(self) -> dict[str, Any]:
        """Return nothing: elements keep no state after the map."""
        return {}

    def processes(self) -> list[ProcessRecord]:
        """Return the processes inside the elements."""
        return [p for slot in self.elements if slot.child is not None for p in slot.child.processes()]

    def save(self) -> None:
        """Copy nothing: elements keep no state after the map."""

    def restore(self, saved: None) -> None:
        """Do nothing; see `save`."""

    def reset(self) -> None:
        """Do nothing; see `save`."""


class RunRecord:
    """One run, from the inside. What a user holds is a `Run`.

    The names of `RunInstrument`'s methods are attributes too: the bound hooks of the attached instruments.

    Attributes:
        plan: The process.
        run_id: The run.
        state: Where it is.
        root: The root process.
        driver: What makes it go on.
        loop: The event loop that it belongs to.
        thread: The thread of that loop.
        outputs: What steps yielded, committed.
        public_events: Public events that left the root.
        requests: Open questions by id.
        unanswered: The events of the questions that were open when the run was idle last.
        inputs: What came from outside and was not taken in yet: `event`, id, payload, or `answer`, request, value.
        error: Why it failed.
        recorder: Makes the events; None where nobody observes.
        instruments: Who observes it, in order.
        controller: A debugger's hold; None without one.
        edit_batch: Replaces the messages of a superstep, where a run is resumed whose queue was edited; else None.
        forced: What calls are to return without being made, by the message that leads to them; else None.
        asked: Number of questions asked so far.
        awaited: Ids of questions that a resumed run will ask again.
        early_answers: Answers to those, by id.
        withdrawn: Ids of questions whose function went on without an answer.
        fingerprint: Returns the same text for the same prompt, in other runs too; None where nothing is recorded.
        is_cancelling: Whether it was cancelled and has not ended.
        is_answerable: Whether anybody could answer a question.
        is_dismissed: Whether its user has let go of it while it was idle.
        file: The run file it is written to, or None.
        generation: Of the code, from 1.
        activated: The live instances that have to be ended, by step, the first one first; or None.
        ending: What ends instances that were replaced, by step; None where nothing does.
        undeliverable: Messages whose target the code has no more.
        host: Runs the functions.
        recorded_states: Paths of the steps whose first states came from a run file, and are copied exactly.
        services: What steps receive by type.
        wants_progress: Whether anybody waits to hear that a superstep is over; `changed` informs all the same.
    """

    __slots__ = (
        *HOOKS,
        "activated",
        "asked",
        "awaited",
        "controller",
        "driver",
        "early_answers",
        "edit_batch",
        "ending",
        "error",
        "file",
        "fingerprint",
        "forced",
        "generation",
        "host",
        "initial_states",
        "recorded_states",
        "inputs",
        "instruments",
        "is_answerable",
        "is_cancelling",
        "is_dismissed",
        "loop",
        "max_supersteps",
        "outputs",
        "plan",
        "public_events",
        "recorder",
        "requests",
        "root",
        "run_id",
        "services",
        "state",
        "thread",
        "unanswered",
        "undeliverable",
        "wants_progress",
        "withdrawn",
    )

    run_started: tuple[Callable[["RunRecord"], None], ...]
    invocation_started: tuple[Callable[[Invocation], None], ...]
    invocation_completing: tuple[Callable[[Invocation], None], ...]
    invocation_ended: tuple[Callable[[Invocation], None], ...]
    invocation_rolled_back: tuple[Callable[[Invocation], None], ...]
    event_emitted: tuple[Callable[[Invocation, str, Any, int], None], ...]
    warning: tuple[Callable[[CallScope, WorkflowEvent], None], ...]
    superstep_ended: tuple[Callable[[ProcessRecord], None], ...]
    state_replaced: tuple[Callable[[StepInstance], None], ...]
    queue_changed: tuple[Callable[[], None], ...]
    code_reloaded: tuple[Callable[[Mapping[str, str]], None], ...]
    run_changed: tuple[Callable[[], None], ...]

    def __init__(
        self,
        plan: CompiledProcess,
        *,
        run_id: str,
        recorder: Recorder | None,
        services: Services,
        max_supersteps: int,
        initial_states: Mapping[str, Any],
        recorded_states: Collection[str] = (),
        is_answerable: bool,
        host: "StepHost",
    ) -> None:
        self.plan = plan
        self.run_id = run_id
        self.recorder = recorder
        self.services = services
        self.max_supersteps = max_supersteps
        self.initial_states = initial_states
        self.recorded_states = recorded_states
        self.is_answerable = is_answerable
        self.host = host
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self.thread = threading.get_ident()
        self.driver: Driver
        self.root: ProcessRecord
        self.state = RunState.IN_PROGRESS
        self.error: BaseException | None = None
        self.inputs: list[tuple[str, Any, Any]] = []
        self.outputs: list[Any] = []
        self.public_events: list[ProcessEvent] = []
        self.requests: dict[str, Request] = {}
        self.unanswered: Sequence[WorkflowEvent] = ()
        self.asked = 0
        self.awaited = NO_IDS
        self.early_answers: Mapping[str, Any] = NO_ANSWERS
        self.withdrawn: set[str] | frozenset[str] = NO_IDS
        self.fingerprint: Callable[[Any], str] | None = None
        self.generation = 1
        self.undeliverable: Sequence[Undeliverable] = ()
        self.is_cancelling = False
        self.is_dismissed = False
        self.activated: dict[StepInstance, Any] | None = None
        self.ending: dict[StepInstance, asyncio.Task[None]] | None = None
        self.file: RunFileLink | None = None
        self.controller: RunController | None = None
        self.edit_batch: Callable[[ProcessRecord, list[Message]], list[Message]] | None = None
        self.forced: dict[Message, Any] | None = None
        self.instruments: tuple[RunInstrument, ...] = ()
        # One by one: a loop over `HOOKS` cost a short run more than its call.
        self.run_started = self.invocation_started = self.invocation_completing = self.invocation_ended = ()
        self.invocation_rolled_back = self.event_emitted = self.warning = self.superstep_ended = ()
        self.state_replaced = self.queue_changed = self.code_reloaded = self.run_changed = ()
        self.wants_progress = True

    def attach(self, instrument: RunInstrument, *, first: bool = False) -> None:
        """Let an instrument observe the run, after those that do already, or before them."""
        self.instruments = (instrument, *self.instruments) if first else (*self.instruments, instrument)
        for name, hook in bound_hooks(instrument).items():
            hooks = getattr(self, name)
            setattr(self, name, (hook, *hooks) if first else (*hooks, hook))

    def changed(self) -> None:
        """Inform whoever shows the run that something is new."""
        for hook in self.run_changed:
            hook()

    def child_of(self, slot: StepInstance) -> ProcessRecord | MapRecord:
        """Return what is inside a nested process or a map."""
        if slot.child is None:
            slot.child = self.driver.open_child(slot)
        return slot.child

    def step_at(self, path: str) -> StepInstance | None:
        """Return the step of a path, or None; elements of maps have no path that lasts."""
        record = self.root
        *outer, name = path.split("/")
        for outer_name in outer:
            inner = record.plan.step_named(outer_name)
            child = self.child_of(record.slot_of(inner)) if inner is not None and not inner.is_leaf else None
            if not isinstance(child, ProcessRecord):
                return None
            record = child
        step = record.plan.step_named(name)
        return record.slot_of(step) if step is not None else None

    # The run as a whole.

    def begin(self, resumed: WorkflowEvent | None = None) -> None:
        """Record the start.

        Args:
            resumed: The event that says from where a recorded run is resumed.
        """
        for hook in self.run_started:
            hook(self)
        if self.recorder is not None:
            superstep = self.root.superstep
            if resumed is None:
                self.recorder.record_status("started", superstep)
            else:
                self.recorder.pass_on(resumed)
            self.recorder.record_status("status", superstep, state=RunState.IN_PROGRESS)

    def set_state(self, state: RunState, route: str | None = None, cause: int = 0) -> None:
        """Record a new state of the run.

        Args:
            state: The state.
            route: The stop route that led to it.
            cause: Seq of the event that led to it, 0 for none.
        """
        self.state = state
        if self.recorder is not None:
            causes = (cause,) if cause else ()
            event = WorkflowEvent("status", state=state, superstep=self.root.superstep, route=route, causes=causes)
            self.recorder.pass_on(event)
        self.changed()

    # Results by hand.

    def force(self, message: Message, result: Any) -> None:
        """Make the call that a message leads to return something without running its function."""
        self.forced = {**(self.forced or {}), message: result}
        if hasattr(self.host, "track_context"):
            self.host.track_context = True  # such a host looks closer at what it runs

    def forced_result(self, invocation: Invocation) -> Any:
        """Return what a call is to return without being made, once; UNSET where it is to be made."""
        if self.forced:
            for message in invocation.messages:
                if message in self.forced:
                    return self.forced.pop(message)
        return UNSET

    # RequestLog.

    def likeness(self, prompt: Any, response_type: Any) -> str:
        """Return the same text for the same question in another run; one of its own where nothing is recorded."""
        if self.fingerprint is None:
            return str(self.asked)
        return f"{type_text(response_type)}:{self.fingerprint(prompt)}"

    def open_request(
        self, invocation: Invocation, question: str, prompt: Any, response_type: Any, request_id: str | None = None
    ) -> Request:
        """Open a question and record it.

        Args:
            invocation: Who asks.
            question: Name of the question among those of the invocation.
            prompt: What is asked.
            response_type: The type of the answer.
            request_id: The id under which an earlier attempt asked it.
        """
        if request_id is None:
            self.asked += 1
            request_id = f"request-{self.asked}"
        self.awaited -= {request_id}
        request = Request(request_id, invocation, question, prompt, response_type, self.loop.create_future())
        event = self._event_about(request, "request_info", prompt, (invocation.seq,) if invocation.seq else ())
        event.response_type = type_text(response_type)
        event.details = {"question": question} if self.fingerprint is not None else None
        if self.recorder is not None:
            request.seq = self.recorder.pass_on(event)
        request.event = event
        self.requests[request.id] = request
        return request

    def answer_early(self, request_id: str, value: Any) -> None:
        """Keep an answer to a question that the resumed run has still to ask again."""
        self.awaited -= {request_id}
        self.early_answers = {**self.early_answers, request_id: value}

    def take_early_answer(self, request_id: str) -> Any:
        """Return the answer that came for a question before it was asked again, once; UNSET where none did."""
        if request_id not in self.early_answers:
            return UNSET
        answers = dict(self.early_answers)
        answer = answers.pop(request_id)
        self.early_answers = answers
        return answer

    def record_response(self, request: Request, value: Any) -> None:
        """Record that an answer reached its function."""
        if self.recorder is not None:
            self.recorder.pass_on(self._event_about(request, "response", value))

    def record_withdrawal(self, request: Request) -> None:
        """Record that a function went on without the answer to its question."""
        if isinstance(self.withdrawn, set):
            self.withdrawn.add(request.id)
        else:
            self.withdrawn = {request.id}
        if self.recorder is not None:
            text = f"{request.invocation} went on without an answer"
            self.recorder.pass_on(self._event_about(request, "request_withdrawn", text))

    def _event_about(
        self, request: Request, kind: str, data: Any, causes: tuple[int, ...] | None = None
    ) -> WorkflowEvent:
        slot = request.invocation.slot
        if causes is None:
            causes = (request.seq,) if request.seq else ()
        return WorkflowEvent(
            kind,
            data,
            request_id=request.id,
            superstep=slot.scope.superstep,
            path=slot.path,
            step=slot.plan.name,
            function=request.invocation.function.name,
            causes=causes,
        )

    def withdraw(self, request: Request) -> bool:
        """Close a question without an answer; False where it was not open."""
        return self.requests.pop(request.id, None) is not None

    def close_requests(self, invocation: Invocation) -> None:
        """Withdraw the open questions of an invocation that has ended."""
        questions = invocation.questions
        if questions is not None and questions.open:
            for request in [r for r in self.requests.values() if r.invocation is invocation]:
                self.withdraw(request)
                request.is_open = False
                request.future.cancel()
            questions.open = 0


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
        """Add something, with the messages that are lost with it."""
        self.texts.append(text)
        self.seqs.extend(message.seq for message in messages if message.seq)
