"""The records a superstep deals in: messages, the calls they make, and what those emit."""

import asyncio
from typing import TYPE_CHECKING, Any, Final

from process_core.engine.compiled import CompiledFunction, CompiledRoute
from process_core.errors import StepFailure
from process_core.events import Visibility, WorkflowEvent

if TYPE_CHECKING:
    from process_core.engine.scope import Scope
    from process_core.engine.step_instance import StepInstance


UNSET: Final[Any] = object()
"""Stands where there is no value, not even None."""


class Message:
    """One process event travelling one route.

    Attributes:
        route: The route.
        data: The payload, or NO_DATA.
        seq: Seq of the event that brought it, 0 where nothing records.
        event_id: The event's id.
        source: Path of the step that emitted it, empty for an outside event.
        handles: Whether it carries a failure to a handler.
        id: Number that a debugger gave it, 0 before.
    """

    __slots__ = ("data", "event_id", "handles", "id", "route", "seq", "source")

    def __init__(
        self,
        route: CompiledRoute,
        data: Any,
        seq: int,
        event_id: str,
        source: str,
        handles: bool = False,
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
        given: The same as they were at the call.
        messages: What brought the arguments, in order of parameters.
        causes: Seqs of what brought them.
        seq: Seq of its `executor_invoked`.
        emissions: What it emitted so far.
        outputs: What it yielded so far.
        result: What it returned.
        result_seq: Seq of the event that said how it ended.
        failure: How it failed.
        error: The exception it failed with.
        is_closed: Whether it has ended; nothing it does counts any more.
        is_cancelled: Whether it was ended from outside.
        is_started: Whether its function was called.
        is_handler: Whether it handles a failure, so that its own is not handled again.
        is_parked: Whether it waits for answers and its superstep went on without it.
        requests: Number of its open requests.
        asked: Number of questions it has asked so far.
        answers: The answers it was given so far, by number of the question; None before the first.
        replay: Answers recorded by an earlier attempt, to be given without asking again; likewise.
        resumes: Seq of the `executor_invoked` of the attempt that this one takes up, else 0.
        saved_state: Its step's state before the call, where an error route covers it.
        task: The task it runs in.
    """

    __slots__ = (
        "answers",
        "arguments",
        "asked",
        "causes",
        "emissions",
        "error",
        "failure",
        "function",
        "given",
        "is_cancelled",
        "is_closed",
        "is_handler",
        "is_parked",
        "is_started",
        "messages",
        "outputs",
        "replay",
        "requests",
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
        self.arguments = self.given = arguments
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
        self.requests = 0
        self.asked = 0
        self.answers: dict[int, Any] | None = None
        self.replay: dict[int, Any] | None = None
        self.resumes = 0
        self.saved_state: Any = UNSET
        self.task: asyncio.Task[Any] | None = None

    @property
    def scope(self) -> "Scope":
        """The process it runs in."""
        return self.slot.scope

    def __str__(self) -> str:
        return f"{self.slot.path}.{self.function.name}"


class ForcedResult:
    """Stands for the answer to a question where the call that asked is to end as if it had returned.

    Attributes:
        result: What it is to return.
    """

    __slots__ = ("result",)

    def __init__(self, result: Any) -> None:
        self.result = result


class Request:
    """A question that an invocation waits on.

    Attributes:
        id: Unique in the run.
        invocation: Who asks.
        number: Which of the invocation's questions it is, from 0.
        prompt: What is asked.
        response_type: The type of the answer.
        future: Resolves to the answer.
        seq: Seq of its `request_info` event.
        event: Its `request_info` event.
        is_reported: Whether a warning has told of it.
    """

    __slots__ = ("event", "future", "id", "invocation", "is_reported", "number", "prompt", "response_type", "seq")

    def __init__(
        self, request_id: str, invocation: Invocation, prompt: Any, response_type: Any, future: "asyncio.Future[Any]"
    ) -> None:
        self.id = request_id
        self.invocation = invocation
        self.number = invocation.asked - 1
        self.prompt = prompt
        self.response_type = response_type
        self.future = future
        self.event = WorkflowEvent("request_info")
        self.seq = 0
        self.is_reported = False
