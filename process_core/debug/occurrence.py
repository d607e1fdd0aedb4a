"""What happens in a run, as breakpoints see it: a message about to be delivered, an emission, a completed call."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from process_core.engine.compiled import CompiledRoute
from process_core.engine.records import CallScope, Invocation, Message, ProcessRecord
from process_core.errors import PayloadMismatchError, StepFailure
from process_core.events import NO_DATA, RunState, WorkflowEvent

_MISMATCH = "payload_mismatch"
_OF_MESSAGE: Final = {"type": "executor_invoked", "seq": None}
_OF_RESULT: Final = {"type": "executor_completed"}
_OF_ERROR: Final = {"type": "executor_failed", "source": None}
_OF_STATE: Final = {"type": "breakpoint_hit", "source": None}


@dataclass(frozen=True, slots=True, eq=False)
class Occurrence:
    """Something that happens in a run.

    Attributes:
        type: `message`, or the type of the workflow event.
        event_id: The process event.
        path: Path of the step concerned: the target of a message, the element of a map, else the step that acts.
        step: Its name.
        function: The function concerned.
        route: Id of the route, where there is one.
        superstep: Of its process.
        seq: Seq of the workflow event to look at, 0 where nothing records.
        data: The payload; None where there is none.
        events: The event ids that a breakpoint may name it by.
        routes: The route ids that a breakpoint may name it by.
        scope: The process it happens in; the map, for an element that is about to begin.
        code: Of a warning or a failure, as recorded.
        codes: The codes that a breakpoint may name it by.
        words: What is to be said of it beyond its names: of an error, a warning, a change of state.
        source: Path of the step that the event comes from, empty for an outside event.
        cause: Seq of the event that led to it, 0 where nothing records.
        arguments: The arguments of the call that it is about, where that has begun.
        row: What its row in a recording says otherwise, by the names of predicates.
    """

    type: str
    event_id: str
    path: str
    step: str
    function: str | None
    route: str | None
    superstep: int
    seq: int
    data: Any
    events: tuple[str, ...]
    routes: tuple[str, ...]
    scope: CallScope
    code: str | None = None
    codes: tuple[str, ...] = ()
    words: str = ""
    source: str = ""
    cause: int = 0
    arguments: Mapping[str, Any] | None = None
    row: Mapping[str, Any] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """Return the values of all names that predicates know but `data`, as its row in a recording has them."""
        return {
            "type": self.type,
            "event_id": self.event_id or None,
            "step": self.step or None,
            "path": self.path,
            "function": self.function,
            "superstep": self.superstep,
            "seq": self.seq or None,
            "route": self.route,
            "state": None,
            "code": self.code,
            "source": self.source or None,
            "target": None,
            "cause": self.cause or None,
            "arguments": self.arguments,
            **self.row,
        }

    def __str__(self) -> str:
        """Return what has happened in one sentence; empty for what is about to begin."""
        who = f"{self.path}.{self.function}" if self.function is not None else self.path
        match self.type:
            case "event_emitted":
                return f"{who} emitted {self.event_id}"
            case "executor_completed":
                return f"{who} completed"
            case "executor_failed":
                return f"{who} failed: {self.words}"
            case "warning":
                return f"warning {self.code}: {self.words}"
            case "status":
                return "nothing is pending: the run is about to become idle"
        return self.words


def from_message(process: ProcessRecord, message: Message) -> Occurrence:
    """Describe a message that is about to be delivered."""
    described = _on_route(process, message.route, message.event_id, message.data, message.seq)
    row = {**_OF_MESSAGE, "target": described.path}
    return replace(described, source=message.source, cause=message.seq, row=row)


def from_element(record: CallScope, call: Invocation) -> Occurrence:
    """Describe an element of a map that is about to begin; its data is the element."""
    parent = record.parent
    return Occurrence(
        "message",
        parent.messages[-1].event_id if parent is not None and parent.messages else "",
        call.slot.path,
        call.slot.plan.name,
        call.function.name,
        None,
        record.superstep,
        parent.seq if parent is not None else 0,
        call.arguments[call.function.spec.mapped.name],
        (),
        (),
        record,
        cause=parent.seq if parent is not None else 0,
        row={**_OF_MESSAGE, "event_id": None, "target": call.slot.path},
    )


def from_stop(invocation: Invocation, route: CompiledRoute, event_id: str, data: Any, seq: int) -> Occurrence:
    """Describe an event that is about to stop its process; no call comes of it, so its row is that of its emission."""
    described = _on_route(invocation.scope.process, route, event_id, data, seq)
    return replace(described, row=from_emission(invocation, event_id, data, seq).facts())


def from_emission(invocation: Invocation, event_id: str, data: Any, seq: int) -> Occurrence:
    """Describe an event that has just been emitted; the row of a result or an error is that of how its call ended."""
    described = _in_call(invocation, "event_emitted", event_id, data, seq, (event_id,), ())
    if event_id == invocation.function.result_id:
        return replace(described, row=_OF_RESULT)
    if event_id == invocation.function.error_id:
        return replace(described, row={**_OF_ERROR, **_row_of_failure(invocation, data)})
    return described


def from_completion(invocation: Invocation) -> Occurrence:
    """Describe a call that has just completed; breakpoints may name it by what invoked it, or by its result event."""
    result_id = invocation.function.result_id
    events = (result_id, *(name for message in invocation.messages for name in _names(message.route, message.event_id)))
    routes = tuple(name for message in invocation.messages for name in _route_names(invocation.scope, message.route))
    return _in_call(
        invocation, "executor_completed", result_id, invocation.result, invocation.result_seq, events, routes
    )


def from_failure(invocation: Invocation, failure: StepFailure) -> Occurrence:
    """Describe a call that has just failed; breakpoints may name it by the type of the error, module or not."""
    row = _row_of_failure(invocation, failure)
    code, slot = row["code"], invocation.slot
    return Occurrence(
        "executor_failed",
        invocation.function.error_id,
        slot.path,
        slot.plan.name,
        invocation.function.name,
        None,
        slot.scope.superstep,
        invocation.result_seq,
        failure,
        (),
        (),
        invocation.scope.process,
        code,
        (failure.type, failure.type.rpartition(".")[2], code),
        f"{failure.type}: {failure.message}" if failure.message else failure.type,
        arguments=invocation.initial_arguments,
        row=row,
    )


def from_state(invocation: Invocation, value: Any, words: str) -> Occurrence:
    """Describe a value in the state of a step that a call has changed."""
    seq = invocation.result_seq or invocation.seq
    described = _in_call(invocation, "state", "", value, seq, (), ())
    return replace(described, words=words, cause=seq, row=_OF_STATE)


def from_warning(scope: CallScope, event: WorkflowEvent) -> Occurrence:
    """Describe a warning that has just been given."""
    code = str((event.details or {}).get("code", "user_warning"))
    return Occurrence(
        "warning",
        event.event_id or "",
        event.path,
        event.step or "",
        event.function,
        event.route,
        event.superstep,
        event.seq,
        event.data,
        (event.event_id,) if event.event_id else (),
        (),
        scope.process,
        code,
        (code,),
        str((event.details or {}).get("message") or event.data or ""),
        cause=event.cause or 0,
    )


def from_idle(root: ProcessRecord, seq: int) -> Occurrence:
    """Describe a run that is about to become idle."""
    state = RunState.IDLE_WITH_PENDING_REQUESTS if root.run.unanswered else RunState.IDLE
    row = {"state": str(state), "seq": None}
    return Occurrence("status", "", "", "", None, None, root.superstep, seq, None, (), (), root, row=row)


def _row_of_failure(invocation: Invocation, failure: StepFailure) -> dict[str, Any]:
    """Return what the row of a failed call says: one that was refused never began, and has its first route."""
    if invocation.is_started:
        return {"code": "step_failed", "route": None, "cause": invocation.seq or None}
    is_refused = failure.type == PayloadMismatchError.__name__
    messages = invocation.messages
    return {
        "code": _MISMATCH if is_refused else "step_failed",
        "route": messages[0].route.id if messages else None,
        "cause": messages[-1].seq or None if messages else None,
    }


def _on_route(process: ProcessRecord, route: CompiledRoute, event_id: str, data: Any, seq: int) -> Occurrence:
    name = route.step.name if route.step is not None else ""
    return Occurrence(
        "message",
        event_id,
        process.prefix + name if name else process.prefix[:-1],
        name,
        route.function.name if route.function is not None else None,
        route.id,
        process.superstep,
        seq,
        None if data is NO_DATA else data,
        _names(route, event_id),
        _route_names(process, route),
        process,
    )


def _in_call(
    invocation: Invocation,
    kind: str,
    event_id: str,
    data: Any,
    seq: int,
    events: tuple[str, ...],
    routes: tuple[str, ...],
) -> Occurrence:
    slot = invocation.slot
    return Occurrence(
        kind,
        event_id,
        slot.path,
        slot.plan.name,
        invocation.function.name,
        None,
        slot.scope.superstep,
        seq,
        None if data is NO_DATA else data,
        events,
        routes,
        invocation.scope.process,
        source=slot.path,
        cause=invocation.seq,
        arguments=invocation.initial_arguments,
    )


def _names(route: CompiledRoute, event_id: str) -> tuple[str, ...]:
    """The id of the event, and that of the source where it is another: `on_error()` takes events of many ids."""
    declared = route.route.source.event_id
    return (event_id,) if declared == event_id else (event_id, declared)


def _route_names(scope: CallScope, route: CompiledRoute) -> tuple[str, ...]:
    """The id of the route in its process, and its id in the whole picture."""
    return (route.id, f"{scope.prefix}{route.id}") if scope.prefix else (route.id,)
