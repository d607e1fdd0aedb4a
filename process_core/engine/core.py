"""A run from the inside: the driving task, what comes from outside, and how the run ends."""

import asyncio
import contextvars
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from process_core.engine.compiled import CompiledProcess
from process_core.engine.composite import Composite, NestedScope
from process_core.engine.driving import Driver
from process_core.engine.gate import Gate, Recording
from process_core.engine.host import LocalHost, StepHost, TracksContext
from process_core.engine.invocation import UNSET, Invocation, Message, Request
from process_core.engine.map_step import MapRunner
from process_core.engine.recorder import Recorder
from process_core.engine.root import RootScope
from process_core.engine.scope import Scope
from process_core.engine.step_instance import StepInstance
from process_core.engine.stewardship import Stewardship
from process_core.engine.undeliverable import Undeliverable
from process_core.events import ProcessEvent, WorkflowEvent
from process_core.graph import StepKind, type_text
from process_core.services import Services


class RunCore(Driver):
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
        "_owner",
        "asked",
        "context",
        "forced",
        "gate",
        "generation",
        "host",
        "initial_states",
        "is_answerable",
        "is_dismissed",
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
        "run_id",
        "services",
        "stranded",
        "thread",
        "writer",
    )

    def __init__(
        self,
        plan: CompiledProcess,
        *,
        run_id: str,
        recorder: Recorder | None,
        services: Services,
        max_supersteps: int,
        initial_states: Mapping[str, Any],
        is_answerable: bool,
        host: StepHost | None = None,
    ) -> None:
        super().__init__()
        self.plan = plan
        self.run_id = run_id
        self.recorder = recorder
        self.services = services
        self.max_supersteps = max_supersteps
        self.initial_states = initial_states
        self.is_answerable = is_answerable
        self.host = host or LocalHost()
        self.outputs: list[Any] = []
        self.public_events: list[ProcessEvent] = []
        self.requests: dict[str, Request] = {}
        self.generation = 1
        self.stranded: list[Undeliverable] = []
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
        self.on_state_set: Callable[[StepInstance], None] | None = None
        self.on_altered: Callable[[], None] | None = None
        self.on_batch: Callable[[Scope, list[Message]], list[Message]] | None = None
        self.forced: dict[Message, Any] | None = None
        self.thread = threading.get_ident()
        self.context = contextvars.copy_context()
        self._owner = asyncio.current_task()
        self.root = RootScope(self, plan)
        self.asked = 0
        self.writer: Recording | None = None
        self.is_dismissed = False

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

    def composite(self, slot: StepInstance) -> Composite:
        """Give what stands behind a step that is no class."""
        if slot.child is None:
            if slot.plan.spec.kind is StepKind.MAP:
                slot.child = MapRunner(self, slot)
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

    def record_response(self, request: Request, value: Any, slot: StepInstance, superstep: int) -> None:
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
