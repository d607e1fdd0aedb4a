"""A run between two supersteps as plain data, and back: what a checkpoint holds beside the states."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from process_core.engine.compiled import CompiledInputGroup, CompiledProcess, CompiledRoute, CompiledStep
from process_core.engine.hot_swap import PlanSwap, SwapResult, Undeliverable, warn_undeliverable
from process_core.engine.join_buffer import BufferedValue, Waiting
from process_core.engine.records import (
    UNCOPIED,
    UNSET,
    Emission,
    ForcedResult,
    Invocation,
    MapRecord,
    Message,
    ProcessRecord,
    RunRecord,
    StepInstance,
)
from process_core.engine.request_log import RecordedQuestion, RequestLog
from process_core.errors import PayloadMismatchError
from process_core.events import NO_DATA, Visibility
from process_core.graph import StepKind

Blob = dict[str, Any]
"""Plain containers around payloads, which stay as they are."""
MapElementStates = dict[str, dict[str, Any]]
"""States inside the elements of maps: path of the element -> path of the step within it -> state."""
_NONE: Final[Mapping[str, Any]] = {}


def dump_checkpoint(run: RunRecord, kept: Mapping[str, Mapping[str, Any]] = _NONE) -> Blob:
    """Describe a run that is between two supersteps of its root.

    Args:
        run: The run.
        kept: States inside the elements of maps (see `MapElementStates`), as the last completed invocations left them.
    """
    questions: dict[Invocation, dict[str, RecordedQuestion]] = {}
    forced: dict[Invocation, Any] = {}
    inputs: list[Blob] = []
    for request in run.requests.values():
        asked = RecordedQuestion(request.id, request.prompt)
        questions.setdefault(request.invocation, {})[request.question] = asked
    for kind, subject, value in run.inputs:
        if kind == "event":
            inputs.append({"event": subject, "data": value})
        elif type(value) is ForcedResult:
            forced[subject.invocation] = value.result
        else:
            answered = RecordedQuestion(subject.id, subject.prompt, is_answered=True, answer=value)
            questions.setdefault(subject.invocation, {})[subject.question] = answered
    root = _CheckpointDumper(questions, forced, kept).process(run.root)
    if run.root.is_stopped:
        root["stopped"] = [run.root.stop_route, run.root.stop_seq]
    blob = {"root": root, "inputs": inputs, "asked": run.asked}
    if run.early_answers:
        blob["early_answers"] = dict(run.early_answers)
    if run.undeliverable:
        blob["stranded"] = [item.fields() for item in run.undeliverable]
    return blob


def dump_queue(process: ProcessRecord, batch: Sequence[Message], forced: Mapping[Message, Any]) -> Blob:
    """Describe what the messages of a superstep that goes on have been changed to.

    Args:
        process: The process.
        batch: The messages of its superstep: those delivered, then those to be delivered, in order.
        forced: What calls that are not to be made are to return, by message.
    """
    return {
        "path": process.prefix[:-1],
        "superstep": process.superstep,
        "came": [message.route.id for message in process.delivered],
        "batch": [_message(m) for m in batch],
        "pending": [_message(m) for m in process.pending],
        "held": [_message(m) for m in process.held],
        "stop": [process.stop_route, process.stop_seq] if process.stop_route is not None else None,
        "forced": [[place, forced[m]] for place, m in enumerate(batch) if m in forced],
    }


def kept_states(blob: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the states inside the elements of maps, which a run that goes on has to keep again."""
    for entry in blob.get("parked", ()):
        path = prefix + entry["step"]
        if "process" in entry:
            yield from kept_states(entry["process"], f"{path}/")
        for index, element in enumerate(entry.get("elements", ())):
            if "process" in element:
                yield f"{path}[{index}]", dict(element["process"].get("states", _NONE))
                yield from kept_states(element["process"], f"{path}[{index}]/")


class _CheckpointDumper:
    """Describes processes.

    Args:
        questions: RequestLog that are open, or whose answers have come and not been delivered, by invocation and name.
        forced: What calls are to return that were ended by hand and have not noticed.
        kept: As for `dump_checkpoint`.
    """

    def __init__(
        self,
        questions: Mapping[Invocation, Mapping[str, RecordedQuestion]],
        forced: Mapping[Invocation, Any],
        kept: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._questions = questions
        self._forced = forced
        self._kept = kept

    def process(self, process: ProcessRecord) -> Blob:
        # `process_core.recording.compact_checkpoint` has to know of all that can stand here beside messages.
        blob: Blob = {"superstep": process.superstep, "pending": [_message(m) for m in process.pending]}
        if process.held:
            blob["held"] = [_message(m) for m in process.held]
        if process.joins.waiting:
            blob["waiting"] = _waiting(process.joins.waiting)
        busy: set[StepInstance] = set()
        if process.working:
            open_ones = [invocation for invocation in process.working if not invocation.is_closed]
            busy.update(invocation.slot for invocation in open_ones)
            queued = [behind for invocation in open_ones for behind in invocation.slot.queue or ()]
            blob["parked"] = [self._invocation(invocation) for invocation in open_ones]
            if queued:
                blob["queued"] = [self._invocation(invocation) for invocation in queued]
        if process.plan.processes:
            nested = {}
            for step in process.plan.processes:
                slot = process.slots[step.index]
                if slot is not None and slot not in busy and isinstance(slot.child, ProcessRecord):
                    nested[step.name] = self.process(slot.child)
            if nested:
                blob["nested"] = nested
        return blob

    def _invocation(self, invocation: Invocation) -> Blob:
        # Its arguments are those it was given: what it has done to them since will be done again.
        blob: Blob = {
            "step": invocation.slot.plan.name,
            "function": invocation.function.name,
            "arguments": invocation.initial_arguments,
            "messages": [_message(m, with_data=False) for m in invocation.messages],
            "seq": invocation.seq,
        }
        if invocation.error is not None:  # its payload did not fit, which is said when its turn comes
            blob["refused"] = str(invocation.error)
        if invocation in self._forced:
            blob["forced"] = [self._forced[invocation]]
        elif asked := self._asked(invocation):
            blob["questions"] = [[name, *question] for name, question in asked.items()]
        child = invocation.slot.child
        if not invocation.is_started:  # it is queued, and what stands behind its step serves another one
            return blob
        if isinstance(child, ProcessRecord):
            # What its steps have committed so far is its own by now, and they do not run again.
            blob |= _products(invocation)
            blob["process"] = self.process(child)
            if invocation.saved_state is not UNSET:
                blob["saved"] = _saved(child, invocation.saved_state)
        elif isinstance(child, MapRecord):
            blob["elements"] = [self._element(call) for call in child.calls]
        return blob

    def _asked(self, invocation: Invocation) -> dict[str, RecordedQuestion]:
        questions = invocation.questions
        before = {**questions.recorded, **questions.answered} if questions is not None else {}
        return {**before, **self._questions.get(invocation, {})}

    def _element(self, call: Invocation) -> Blob:
        if call.is_closed:
            return {"result": call.result, **_products(call)}
        blob = self._invocation(call)
        if "process" in blob:
            states = self._kept.get(call.slot.path)
            if states:
                blob["process"]["states"] = dict(states)
        return blob


def _products(invocation: Invocation) -> Blob:
    """Describe what an invocation has emitted and yielded."""
    return {
        "outputs": invocation.outputs or [],
        "emissions": [[e.event_id, e.data, e.visibility.value, e.seq] for e in invocation.emissions],
    }


def _message(message: Message, *, with_data: bool = True) -> Blob:
    blob = {
        "route": message.route.id,
        "data": message.data if with_data else None,
        "seq": message.seq,
        "event": message.event_id,
        "source": message.source,
    }
    if message.handles:
        blob["handles"] = True
    return blob


def _waiting(waiting: Waiting) -> list[Blob]:
    return [
        {
            "step": slot.plan.name,
            "function": group.function.name,
            "group": slot.plan.groups.index(group),
            "inputs": list(group.parameters),
            "fifos": [[_buffered(value) for value in fifo] for fifo in fifos],
        }
        for (slot, group), fifos in waiting.items()
    ]


def _buffered(value: BufferedValue) -> Blob:
    return {"data": value.data, "message": _message(value.message, with_data=False), "reported": value.is_reported}


def _saved(process: ProcessRecord, saved: Any) -> Blob:
    """Describe what a nested process goes back to where it fails, steps included that were not in use then."""
    slots, waiting = saved
    known = dict(slots)
    states: Blob = {}
    nested: Blob = {}
    for step in process.plan.steps:
        slot = process.slot_of(step)
        if step.spec.has_state:
            state = known[slot] if slot in known else slot.initial_state()
            states[step.name] = slot.state if state is UNCOPIED else state
        elif step.spec.kind is StepKind.PROCESS:
            child = process.run.child_of(slot)
            assert isinstance(child, ProcessRecord)
            nested[step.name] = _saved(child, known.get(slot, ((), {})))
    return {"states": states, "nested": nested, "waiting": _waiting(waiting)}


# Back from a checkpoint.


def load_checkpoint(
    run: RunRecord, blob: Mapping[str, Any], recorded: CompiledProcess | None = None
) -> SwapResult | None:
    """Make a new run stand where another one stood.

    Args:
        run: The run, not launched yet; its states are those of its own process already.
        blob: What `dump_checkpoint` gave, payloads restored.
        recorded: The process that the other run had, where it is not the same: the checkpoint is loaded onto that one,
            and then put onto the run's own as a hot reload would.

    Returns:
        What came of the swap; None where there was none.

    Raises:
        LookupError: It names a step, a function or a route that the process does not have.
        TypeError: It is no such description.
    """
    plan = run.plan
    if recorded is not None:
        run.plan = recorded
        _stand_on(run.root, recorded)
    run.asked = blob["asked"]
    run.early_answers = dict(blob.get("early_answers", ()))
    for entry in blob["inputs"]:
        run.inputs.append(("event", entry["event"], entry["data"]))
    run.undeliverable = [Undeliverable(**entry) for entry in blob.get("stranded", ())]
    _CheckpointLoader(is_older=recorded is not None).process(run.root, blob["root"])
    if "stopped" in blob["root"]:  # it was cut off just before it could say so
        run.root.stop_route, run.root.stop_seq = blob["root"]["stopped"]
        run.root.is_stopped = True
    return _swap(run, plan, {}).swap() if recorded is not None else None


def _swap(run: RunRecord, plan: CompiledProcess, states: Mapping[str, Any]) -> PlanSwap:
    """Return the swap of what was just loaded: its values are those of the new code already."""

    def convert(value: Any, _: str) -> Any:
        return value

    return PlanSwap(run, plan, convert=convert, states=states, stale={}, convert_state=lambda wanted: wanted.state)


def _stand_on(process: ProcessRecord, plan: CompiledProcess) -> None:
    """Make a process that has not begun one of another plan."""
    process.plan = plan
    process.slots = [None] * len(plan.steps)


def load_queue(process: ProcessRecord, blob: Mapping[str, Any]) -> list[Message]:
    """Make the messages of a superstep what they were changed to.

    Args:
        process: The process, at the beginning of that superstep.
        blob: What `dump_queue` gave, payloads restored.

    Raises:
        LookupError: It names a route that the process does not have.
        TypeError: It is no such description.
    """
    loader = _CheckpointLoader()

    def messages(name: str) -> list[Message]:
        return [loader.message(process, entry) for entry in blob[name]]

    batch, pending, held = messages("batch"), messages("pending"), messages("held")
    forced = {batch[place]: result for place, result in blob["forced"]}
    process.pending = pending
    process.held = dict.fromkeys(held, False)
    if blob["stop"] is not None:
        process.stop_route, process.stop_seq = blob["stop"]
    for message, result in forced.items():
        process.run.force(message, result)
    return batch


class _CheckpointLoader:
    """Loads processes.

    Args:
        is_older: Whether they are loaded onto the plan of older code, and put onto the newer one afterwards.
    """

    def __init__(self, *, is_older: bool = False) -> None:
        self._is_older = is_older
        self._routes: dict[CompiledProcess, dict[str, CompiledRoute]] = {}

    def process(self, process: ProcessRecord, blob: Mapping[str, Any]) -> None:
        process.superstep = blob["superstep"]
        process.pending = [self.message(process, entry) for entry in blob["pending"]]
        if "held" in blob:
            process.held = dict.fromkeys((self.message(process, entry) for entry in blob["held"]), False)
        process.joins.waiting = self._waiting(process, blob.get("waiting", ()))
        for entry in (*blob.get("parked", ()), *blob.get("queued", ())):
            slot = _slot(process, entry["step"])
            messages = tuple(self.message(process, message) for message in entry["messages"])
            function = slot.plan.functions[entry["function"]]
            invocation = Invocation(slot, function, dict(entry["arguments"]), messages)
            for message in messages:  # which were recorded without their payloads, the same as the arguments
                message.data = invocation.arguments.get(message.route.parameter or "", NO_DATA)
            self._resume(invocation, entry)
            process.resumed_calls = (*process.resumed_calls, invocation)
        for name, inner in blob.get("nested", {}).items():
            self.process(_nested(_slot(process, name)), inner)
        for path, state in blob.get("states", {}).items():
            _put_state(process, path, state)

    def _resume(self, invocation: Invocation, entry: Mapping[str, Any]) -> None:
        slot = invocation.slot
        invocation.resumes = entry["seq"]
        if "questions" in entry:
            invocation.questions = RequestLog()
            recorded = {name: RecordedQuestion(*question) for name, *question in entry["questions"]}
            invocation.questions.recorded = recorded
            awaited = {question.request_id for question in recorded.values() if not question.is_answered}
            run = invocation.scope.run
            run.awaited |= awaited - set(run.early_answers)
        if "refused" in entry:
            invocation.error = PayloadMismatchError(entry["refused"])
        if "forced" in entry and invocation.messages:
            invocation.scope.run.force(invocation.messages[0], entry["forced"][0])
        if "process" in entry:
            child = _nested(slot)
            _put_products(invocation, entry)
            self.process(child, entry["process"])
            child.is_resumed = True
            if "saved" in entry:
                invocation.saved_state = self._saved(child, entry["saved"])
        elif "elements" in entry:
            record = None if slot.plan.is_leaf else slot.scope.run.child_of(slot)
            if not isinstance(record, MapRecord):
                raise TypeError(f"{slot.path} is not a map")
            inner = slot.plan.inner if self._is_older else None
            record.resume_elements = lambda calls: self._elements(calls, entry["elements"], inner)

    def _elements(
        self, calls: list[Invocation], entries: list[Mapping[str, Any]], older: CompiledProcess | None
    ) -> None:
        for call, entry in zip(calls, entries, strict=True):
            if "result" not in entry:
                self._resume_element(call, entry, older)
                continue
            call.is_closed = True
            call.result = entry["result"]
            _put_products(call, entry)

    def _resume_element(self, call: Invocation, entry: Mapping[str, Any], older: CompiledProcess | None) -> None:
        """Put an element back where it was; the process inside it, where it has another plan now, as a reload would."""
        if older is None or "process" not in entry:
            self._resume(call, entry)
            return
        child, run = _nested(call.slot), call.scope.run
        plan = child.plan
        _stand_on(child, older)
        self._resume(call, entry)
        states = {child.prefix + path: state for path, state in entry["process"].get("states", {}).items()}
        result = _swap(run, run.plan, states).put_element(call, child, plan)
        warn_undeliverable(run, result.undeliverable)

    def message(self, process: ProcessRecord, entry: Mapping[str, Any]) -> Message:
        route = self._route(process.plan, entry["route"])
        handles = entry.get("handles", False)
        return Message(route, entry["data"], entry["seq"], entry["event"], entry["source"], handles=handles)

    def _route(self, plan: CompiledProcess, route_id: str) -> CompiledRoute:
        routes = self._routes.get(plan)
        if routes is None:
            routes = self._routes[plan] = {route.id: route for route in plan.all_routes()}
        return routes[route_id]

    def _waiting(self, process: ProcessRecord, entries: Any) -> Waiting:
        waiting: Waiting = {}
        for entry in entries:
            slot = _slot(process, entry["step"])
            group = _group(slot.plan, entry)
            if group is None and not self._is_older:
                raise LookupError(f"{slot.path}.{entry['function']} takes no {', '.join(map(str, entry['inputs']))}")
            if group is None:  # the recorded graph has not all joins apart: they fill up again
                again = [self._buffered(process, value) for fifo in entry["fifos"] for value in fifo]
                for value in again:
                    value.message.data = value.data
                process.pending += [value.message for value in again]
                continue
            fifos = [deque(self._buffered(process, value) for value in fifo) for fifo in entry["fifos"]]
            if tuple(entry["inputs"]) != group.parameters:  # the function lists its parameters in another order now
                fifos = [fifos[entry["inputs"].index(name)] for name in group.parameters]
            waiting[slot, group] = fifos
        return waiting

    def _buffered(self, process: ProcessRecord, entry: Mapping[str, Any]) -> BufferedValue:
        value = BufferedValue(entry["data"], self.message(process, entry["message"]), process.joins.next_ordinal())
        value.is_reported = entry["reported"]
        return value

    def _saved(self, process: ProcessRecord, entry: Mapping[str, Any]) -> Any:
        states: list[tuple[StepInstance, Any]] = [
            (_slot(process, name), state) for name, state in entry["states"].items()
        ]
        for name, inner in entry["nested"].items():
            slot = _slot(process, name)
            states.append((slot, self._saved(_nested(slot), inner)))
        return states, self._waiting(process, entry["waiting"])


def _put_products(invocation: Invocation, entry: Mapping[str, Any]) -> None:
    invocation.outputs = list(entry["outputs"]) or None
    invocation.emissions = [
        Emission(event_id, data, Visibility(visibility), seq, invocation.slot.path)
        for event_id, data, visibility, seq in entry["emissions"]
    ]


def _slot(process: ProcessRecord, name: str) -> StepInstance:
    for step in process.plan.steps:
        if step.name == name:
            return process.slot_of(step)
    raise LookupError(f"there is no step {name!r}")


def _nested(slot: StepInstance) -> ProcessRecord:
    child = None if slot.plan.is_leaf else slot.scope.run.child_of(slot)
    if not isinstance(child, ProcessRecord):
        raise TypeError(f"{slot.path} is not a nested process")
    return child


def _put_state(process: ProcessRecord, path: str, state: Any) -> None:
    *outer, name = path.split("/")
    inner = process
    for step in outer:
        inner = _nested(_slot(inner, step))
    _slot(inner, name).restore_state(state)


def _group(plan: CompiledStep, entry: Mapping[str, Any]) -> CompiledInputGroup | None:
    groups: list[CompiledInputGroup] = plan.groups
    inputs = sorted(map(str, entry["inputs"]))

    def fits(group: CompiledInputGroup) -> bool:
        return group.function.name == entry["function"] and sorted(map(str, group.parameters)) == inputs

    number: int = entry["group"]
    if number < len(groups) and fits(groups[number]):
        return groups[number]
    return next((group for group in groups if fits(group)), None)
