"""A run between two supersteps as plain data: what a checkpoint holds beside the states."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from process_core.engine.composite import NestedScope
from process_core.engine.invocation import UNSET, ForcedResult, Invocation, Message
from process_core.engine.join_buffer import BufferedValue, Waiting
from process_core.engine.map_step import MapRunner
from process_core.engine.scope import Scope
from process_core.engine.step_instance import StepInstance
from process_core.graph import StepKind

if TYPE_CHECKING:
    from process_core.engine.core import RunCore

Frozen = dict[str, Any]
"""Plain containers around payloads, which stay as they are."""
MapElementStates = dict[str, dict[str, Any]]
"""States inside the elements of maps: path of the element -> path of the step within it -> state."""
_NONE: Final[Mapping[str, Any]] = {}


def dump_checkpoint(core: "RunCore", kept: Mapping[str, Mapping[str, Any]] = _NONE) -> Frozen:
    """Describe a run that is between two supersteps of its root.

    Args:
        core: The run.
        kept: States inside the elements of maps (see `MapElementStates`), as the last completed invocations left them.

    Returns:
        Everything but the states of the other steps.
    """
    answered: dict[Invocation, dict[int, Any]] = {}
    inputs: list[Frozen] = []
    for kind, subject, value in core.inputs:
        if kind == "event":
            inputs.append({"event": subject, "data": value})
        else:
            answered.setdefault(subject.invocation, {})[subject.number] = value
    root = _CheckpointDumper(answered, kept).scope(core.root)
    if core.root.is_stopped:
        root["stopped"] = [core.root.stop_route, core.root.stop_seq]
    frozen = {"root": root, "inputs": inputs, "asked": core.asked}
    if core.stranded:
        frozen["stranded"] = [item.fields() for item in core.stranded]
    return frozen


def dump_queue(scope: Scope, batch: list[Message], forced: Mapping[Message, Any]) -> Frozen:
    """Describe what the messages of a superstep that goes on have been changed to.

    Args:
        scope: The process.
        batch: The messages of its superstep: those delivered, then those to be delivered, in order.
        forced: What calls that are not to be made are to return, by message.

    Returns:
        What `thaw_queue` takes.
    """
    return {
        "path": scope.prefix[:-1],
        "superstep": scope.superstep,
        "came": [message.route.id for message in scope.delivered],
        "batch": [_message(m) for m in batch],
        "pending": [_message(m) for m in scope.pending],
        "held": [_message(m) for m in scope.held],
        "stop": [scope.stop_route, scope.stop_seq] if scope.stop_route is not None else None,
        "forced": [[place, forced[m]] for place, m in enumerate(batch) if m in forced],
    }


def kept_states(frozen: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the states inside the elements of maps, which a run that goes on has to keep again.

    Args:
        frozen: A process as `dump_checkpoint` described it.
        prefix: What paths in it start with.

    Yields:
        Path of the element, and its part of `MapElementStates`.
    """
    for entry in frozen.get("parked", ()):
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
        answered: Answers that have come and not been delivered, by invocation and number of the question.
        kept: As for `dump_checkpoint`.
    """

    def __init__(self, answered: Mapping[Invocation, Mapping[int, Any]], kept: Mapping[str, Mapping[str, Any]]) -> None:
        self._answered = answered
        self._kept = kept

    def scope(self, scope: Scope) -> Frozen:
        # `process_core.recording.compact_checkpoint` has to know of all that can stand here beside messages.
        frozen: Frozen = {"superstep": scope.superstep, "pending": [_message(m) for m in scope.pending]}
        if scope.held:
            frozen["held"] = [_message(m) for m in scope.held]
        if scope.inbox.waiting:
            frozen["waiting"] = _waiting(scope.inbox.waiting)
        busy: set[StepInstance] = set()
        if scope.working:
            open_ones = [invocation for invocation in scope.working if not invocation.is_closed]
            busy.update(invocation.slot for invocation in open_ones)
            queued = [behind for invocation in open_ones for behind in invocation.slot.queue or ()]
            frozen["parked"] = [self._invocation(invocation) for invocation in open_ones]
            if queued:
                frozen["queued"] = [self._invocation(invocation) for invocation in queued]
        if scope.plan.processes:
            nested = {}
            for step in scope.plan.processes:
                slot = scope.slots[step.index]
                if slot is not None and slot not in busy and isinstance(slot.child, NestedScope):
                    nested[step.name] = self.scope(slot.child)
            if nested:
                frozen["nested"] = nested
        return frozen

    def _invocation(self, invocation: Invocation) -> Frozen:
        # Its arguments are those it was given: what it has done to them since will be done again.
        frozen: Frozen = {
            "step": invocation.slot.plan.name,
            "function": invocation.function.name,
            "arguments": invocation.given,
            "messages": [_message(m, with_data=False) for m in invocation.messages],
            "seq": invocation.seq,
        }
        if invocation.error is not None:  # its payload did not fit, which is said when its turn comes
            frozen["refused"] = str(invocation.error)
        answers = {
            **(invocation.replay or {}),
            **(invocation.answers or {}),
            **self._answered.get(invocation, {}),
        }
        forced = [answer.result for answer in answers.values() if type(answer) is ForcedResult]
        if forced:
            frozen["forced"] = forced
        elif answers:
            frozen["answers"] = [[number, answer] for number, answer in answers.items()]
        child = invocation.slot.child
        if not invocation.is_started:  # it is queued, and what stands behind its step serves another one
            return frozen
        if isinstance(child, NestedScope):
            # What its steps have committed so far is its own by now, and they do not run again.
            frozen |= _left(invocation)
            frozen["process"] = self.scope(child)
            if invocation.saved_state is not UNSET:
                frozen["saved"] = _saved(child, invocation.saved_state)
        elif isinstance(child, MapRunner):
            frozen["elements"] = [self._element(call) for call in child.calls]
        return frozen

    def _element(self, call: Invocation) -> Frozen:
        if call.is_closed:
            return {"result": call.result, **_left(call)}
        frozen = self._invocation(call)
        if "process" in frozen:
            states = self._kept.get(call.slot.path)
            if states:
                frozen["process"]["states"] = dict(states)
        return frozen


def _left(invocation: Invocation) -> Frozen:
    """Describe what an invocation has emitted and yielded."""
    return {
        "outputs": invocation.outputs or [],
        "emissions": [[e.event_id, e.data, e.visibility.value, e.seq] for e in invocation.emissions],
    }


def _message(message: Message, *, with_data: bool = True) -> Frozen:
    frozen = {
        "route": message.route.id,
        "data": message.data if with_data else None,
        "seq": message.seq,
        "event": message.event_id,
        "source": message.source,
    }
    if message.handles:
        frozen["handles"] = True
    return frozen


def _waiting(waiting: Waiting) -> list[Frozen]:
    return [
        {
            "step": slot.plan.name,
            "function": group.function.name,
            "group": slot.plan.groups.index(group),
            "inputs": list(group.parameters),
            "fifos": [[_held(held) for held in fifo] for fifo in fifos],
        }
        for (slot, group), fifos in waiting.items()
    ]


def _held(held: BufferedValue) -> Frozen:
    return {"data": held.data, "message": _message(held.message, with_data=False), "reported": held.is_reported}


def _saved(scope: NestedScope, saved: Any) -> Frozen:
    """Describe what a nested process goes back to where it fails, steps included that were not in use then."""
    slots, waiting = saved
    known = dict(slots)
    states: Frozen = {}
    nested: Frozen = {}
    for step in scope.plan.steps:
        slot = scope.slot_of(step)
        if step.spec.has_state:
            states[step.name] = known[slot] if slot in known else slot.initial_state()
        elif step.spec.kind is StepKind.PROCESS:
            child = scope.run.composite(slot)
            assert isinstance(child, NestedScope)
            nested[step.name] = _saved(child, known.get(slot, ((), {})))
    return {"states": states, "nested": nested, "waiting": _waiting(waiting)}
