"""A run between two supersteps as plain data, and back: what a checkpoint holds beside the states."""

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from process_core.engine.inbox import Held
from process_core.engine.invocation import Emission, Invocation, Message
from process_core.engine.mapping import MapCrew
from process_core.engine.nested import NestedScope
from process_core.engine.plan import GroupPlan, StepPlan
from process_core.engine.scope import Scope
from process_core.engine.slot import StepSlot
from process_core.events import Visibility

if TYPE_CHECKING:
    from process_core.engine.core import RunCore

Frozen = dict[str, Any]
"""Plain containers around payloads, which stay as they are."""


def freeze(core: "RunCore") -> Frozen:
    """Describe a run that is between two supersteps of its root.

    Args:
        core: The run.

    Returns:
        Everything but the states of steps.
    """
    return {
        "root": _freeze_scope(core.root),
        "inputs": [{"event": subject, "data": data} for kind, subject, data in core.inputs if kind == "event"],
        "asked": core.asked,
    }


def _freeze_scope(scope: Scope) -> Frozen:
    frozen: Frozen = {"superstep": scope.superstep, "pending": [_freeze_message(m) for m in scope.pending]}
    waiting = [
        {
            "step": slot.plan.name,
            "function": group.function.name,
            "group": slot.plan.groups.index(group),
            "fifos": [[_freeze_held(held) for held in fifo] for fifo in fifos],
        }
        for (slot, group), fifos in scope.inbox.waiting.items()
    ]
    parked = [_freeze_invocation(invocation) for invocation in scope.working if not invocation.is_closed]
    slots = [slot for slot in scope.slots if slot is not None]
    queued = [_freeze_invocation(invocation) for slot in slots for invocation in slot.queue or ()]
    busy = {id(invocation.slot) for invocation in scope.working}
    nested = {
        slot.plan.name: _freeze_scope(slot.child)
        for slot in slots
        if isinstance(slot.child, NestedScope) and id(slot) not in busy
    }
    for name, value in (("waiting", waiting), ("parked", parked), ("queued", queued), ("nested", nested)):
        if value:
            frozen[name] = value
    return frozen


def _freeze_message(message: Message) -> Frozen:
    frozen = {
        "route": message.route.id,
        "data": message.data,
        "seq": message.seq,
        "event": message.event_id,
        "source": message.source,
    }
    return {**frozen, "handles": True} if message.handles else frozen


def _freeze_held(held: Held) -> Frozen:
    return {"data": held.data, "message": _freeze_message(held.message), "reported": held.is_reported}


def _freeze_invocation(invocation: Invocation) -> Frozen:
    frozen: Frozen = {
        "step": invocation.slot.plan.name,
        "function": invocation.function.name,
        "arguments": invocation.arguments,
        "messages": [_freeze_message(m) for m in invocation.messages],
        "seq": invocation.seq,
        "answers": list(invocation.answers),
    }
    child = invocation.slot.child
    if isinstance(child, NestedScope):
        frozen["process"] = _freeze_scope(child)
    elif isinstance(child, MapCrew):
        frozen["elements"] = [_freeze_element(call) for call in child.calls]
    return frozen


def _freeze_element(call: Invocation) -> Frozen:
    if not call.is_closed:
        return _freeze_invocation(call)
    return {
        "done": True,
        "arguments": call.arguments,
        "result": call.result,
        "outputs": list(call.outputs or ()),
        "emissions": [[e.event_id, e.data, e.visibility.value, e.seq] for e in call.emissions],
    }


def thaw(core: "RunCore", frozen: Mapping[str, Any]) -> None:
    """Make a new run stand where another one stood.

    Args:
        core: The run, not launched yet; its process has the same steps and routes.
        frozen: What `freeze` gave, payloads restored.
    """
    core.asked = frozen["asked"]
    for entry in frozen["inputs"]:
        core.inputs.append(("event", entry["event"], entry["data"]))
    thaw_scope(core.root, frozen["root"])


def thaw_scope(scope: Scope, frozen: Mapping[str, Any]) -> None:
    """Make a process stand where it stood.

    Args:
        scope: The process, unused so far.
        frozen: Its part of what `freeze` gave.
    """
    scope.superstep = frozen["superstep"]
    scope.pending = [_thaw_message(scope, entry) for entry in frozen["pending"]]
    by_name = {step.name: step for step in scope.plan.steps}
    for entry in frozen.get("waiting", ()):
        slot = scope.slot_of(by_name[entry["step"]])
        group: GroupPlan = slot.plan.groups[entry["group"]]
        fifos = [deque(_thaw_held(scope, held) for held in fifo) for fifo in entry["fifos"]]
        scope.inbox.waiting[slot, group] = fifos
    for entry in frozen.get("parked", ()):
        scope.restored.append(_thaw_invocation(scope, scope.slot_of(by_name[entry["step"]]), entry))
    for entry in frozen.get("queued", ()):
        scope.restored.append(_thaw_invocation(scope, scope.slot_of(by_name[entry["step"]]), entry))
    for name, inner in frozen.get("nested", {}).items():
        child = scope.run.composite(scope.slot_of(by_name[name]))
        assert isinstance(child, NestedScope)
        thaw_scope(child, inner)


def _thaw_message(scope: Scope, entry: Mapping[str, Any]) -> Message:
    route = scope.plan.route(entry["route"])
    return Message(
        route, entry["data"], entry["seq"], entry["event"], entry["source"], handles=entry.get("handles", False)
    )


def _thaw_held(scope: Scope, entry: Mapping[str, Any]) -> Held:
    held = Held(entry["data"], _thaw_message(scope, entry["message"]), scope.inbox.next_ordinal())
    held.is_reported = entry["reported"]
    return held


def _thaw_invocation(scope: Scope, slot: StepSlot, entry: Mapping[str, Any]) -> Invocation:
    messages = tuple(_thaw_message(scope, message) for message in entry["messages"])
    invocation = Invocation(slot, _function(slot.plan, entry["function"]), dict(entry["arguments"]), messages)
    invocation.resumes = entry["seq"]
    invocation.replay = deque(entry["answers"])
    if "process" in entry:
        child = scope.run.composite(slot)
        assert isinstance(child, NestedScope)
        thaw_scope(child, entry["process"])
        child.is_thawed = True
    elif "elements" in entry:
        crew = scope.run.composite(slot)
        assert isinstance(crew, MapCrew)
        crew.thaw = lambda calls: _thaw_elements(calls, entry["elements"])
    return invocation


def _thaw_elements(calls: list[Invocation], entries: list[Mapping[str, Any]]) -> None:
    for call, entry in zip(calls, entries, strict=True):
        if not entry.get("done"):
            call.resumes = entry["seq"]
            call.replay = deque(entry["answers"])
            if "process" in entry:
                child = call.scope.run.composite(call.slot)
                assert isinstance(child, NestedScope)
                thaw_scope(child, entry["process"])
                child.is_thawed = True
            continue
        call.is_closed = True
        call.result = entry["result"]
        call.outputs = entry["outputs"] or None
        call.emissions = [
            Emission(event_id, data, Visibility(visibility), seq, call.slot.path)
            for event_id, data, visibility, seq in entry["emissions"]
        ]


def _function(plan: StepPlan, name: str) -> Any:
    return plan.functions[name]
