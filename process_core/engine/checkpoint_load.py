"""From a frozen run back to one that can go on; the other half of `freezing`."""

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from process_core.engine.compiled import CompiledInputGroup, CompiledProcess, CompiledRoute, CompiledStep
from process_core.engine.composite import NestedScope
from process_core.engine.invocation import Emission, Invocation, Message
from process_core.engine.join_buffer import BufferedValue, Waiting
from process_core.engine.map_step import MapRunner
from process_core.engine.scope import Scope
from process_core.engine.step_instance import StepInstance
from process_core.engine.undeliverable import Undeliverable
from process_core.errors import PayloadMismatchError
from process_core.events import Visibility

if TYPE_CHECKING:
    from process_core.engine.core import RunCore


def load_checkpoint(core: "RunCore", frozen: Mapping[str, Any]) -> None:
    """Make a new run stand where another one stood.

    Args:
        core: The run, not launched yet; its process has the same steps and routes.
        frozen: What `freeze` gave, payloads restored.

    Raises:
        LookupError: It names a step, a function or a route that the process does not have.
        TypeError: It is no such description.
    """
    core.asked = frozen["asked"]
    for entry in frozen["inputs"]:
        core.inputs.append(("event", entry["event"], entry["data"]))
    core.stranded = [Undeliverable(**entry) for entry in frozen.get("stranded", ())]
    _CheckpointLoader().scope(core.root, frozen["root"])
    if "stopped" in frozen["root"]:  # it was cut off just before it could say so
        core.root.stop_route, core.root.stop_seq = frozen["root"]["stopped"]
        core.root.is_stopped = True


def load_queue(scope: Scope, frozen: Mapping[str, Any]) -> list[Message]:
    """Make the messages of a superstep what they were changed to.

    Args:
        scope: The process, at the beginning of that superstep.
        frozen: What `freeze_queue` gave, payloads restored.

    Returns:
        The messages to deliver.

    Raises:
        LookupError: It names a route that the process does not have.
        TypeError: It is no such description.
    """
    thawer = _CheckpointLoader()

    def messages(name: str) -> list[Message]:
        return [thawer.message(scope, entry) for entry in frozen[name]]

    batch, pending, held = messages("batch"), messages("pending"), messages("held")
    forced = {batch[place]: result for place, result in frozen["forced"]}
    scope.pending = pending
    scope.held = dict.fromkeys(held, False)
    if frozen["stop"] is not None:
        scope.stop_route, scope.stop_seq = frozen["stop"]
    for message, result in forced.items():
        scope.run.force(message, result)
    return batch


class _CheckpointLoader:
    def __init__(self) -> None:
        self._routes: dict[CompiledProcess, dict[str, CompiledRoute]] = {}

    def scope(self, scope: Scope, frozen: Mapping[str, Any]) -> None:
        scope.superstep = frozen["superstep"]
        scope.pending = [self.message(scope, entry) for entry in frozen["pending"]]
        if "held" in frozen:
            scope.held = dict.fromkeys((self.message(scope, entry) for entry in frozen["held"]), False)
        scope.inbox.waiting = self._waiting(scope, frozen.get("waiting", ()))
        for entry in (*frozen.get("parked", ()), *frozen.get("queued", ())):
            slot = _slot(scope, entry["step"])
            messages = tuple(self.message(scope, message) for message in entry["messages"])
            function = slot.plan.functions[entry["function"]]
            invocation = Invocation(slot, function, dict(entry["arguments"]), messages)
            self._take_up(invocation, entry)
            scope.restored.append(invocation)
        for name, inner in frozen.get("nested", {}).items():
            self.scope(_nested(_slot(scope, name)), inner)
        for path, state in frozen.get("states", {}).items():
            _put_state(scope, path, state)

    def _take_up(self, invocation: Invocation, entry: Mapping[str, Any]) -> None:
        slot = invocation.slot
        invocation.resumes = entry["seq"]
        invocation.replay = dict(entry.get("answers", ()))
        if "refused" in entry:
            invocation.error = PayloadMismatchError(entry["refused"])
        if "forced" in entry and invocation.messages:
            invocation.scope.run.force(invocation.messages[0], entry["forced"][0])
        if "process" in entry:
            child = _nested(slot)
            _put_left(invocation, entry)
            self.scope(child, entry["process"])
            child.is_thawed = True
            if "saved" in entry:
                invocation.saved_state = self._saved(child, entry["saved"])
        elif "elements" in entry:
            crew = None if slot.plan.is_leaf else slot.scope.run.composite(slot)
            if not isinstance(crew, MapRunner):
                raise TypeError(f"{slot.path} is no map")
            crew.thaw = lambda calls: self._elements(calls, entry["elements"])

    def _elements(self, calls: list[Invocation], entries: list[Mapping[str, Any]]) -> None:
        for call, entry in zip(calls, entries, strict=True):
            if "result" not in entry:
                self._take_up(call, entry)
                continue
            call.is_closed = True
            call.result = entry["result"]
            _put_left(call, entry)

    def message(self, scope: Scope, entry: Mapping[str, Any]) -> Message:
        route = self._route(scope.plan, entry["route"])
        handles = entry.get("handles", False)
        return Message(route, entry["data"], entry["seq"], entry["event"], entry["source"], handles=handles)

    def _route(self, plan: CompiledProcess, route_id: str) -> CompiledRoute:
        routes = self._routes.get(plan)
        if routes is None:
            routes = self._routes[plan] = {route.id: route for route in plan.all_routes()}
        return routes[route_id]

    def _waiting(self, scope: Scope, entries: Any) -> Waiting:
        waiting: Waiting = {}
        for entry in entries:
            slot = _slot(scope, entry["step"])
            group = _group(slot.plan, entry)
            fifos = [deque(self._held(scope, held) for held in fifo) for fifo in entry["fifos"]]
            if tuple(entry["inputs"]) != group.parameters:  # the function lists its parameters in another order now
                fifos = [fifos[entry["inputs"].index(name)] for name in group.parameters]
            waiting[slot, group] = fifos
        return waiting

    def _held(self, scope: Scope, entry: Mapping[str, Any]) -> BufferedValue:
        held = BufferedValue(entry["data"], self.message(scope, entry["message"]), scope.inbox.next_ordinal())
        held.is_reported = entry["reported"]
        return held

    def _saved(self, scope: NestedScope, entry: Mapping[str, Any]) -> Any:
        states: list[tuple[StepInstance, Any]] = [
            (_slot(scope, name), state) for name, state in entry["states"].items()
        ]
        for name, inner in entry["nested"].items():
            slot = _slot(scope, name)
            states.append((slot, self._saved(_nested(slot), inner)))
        return states, self._waiting(scope, entry["waiting"])


def _put_left(invocation: Invocation, entry: Mapping[str, Any]) -> None:
    invocation.outputs = list(entry["outputs"]) or None
    invocation.emissions = [
        Emission(event_id, data, Visibility(visibility), seq, invocation.slot.path)
        for event_id, data, visibility, seq in entry["emissions"]
    ]


def _slot(scope: Scope, name: str) -> StepInstance:
    for step in scope.plan.steps:
        if step.name == name:
            return scope.slot_of(step)
    raise LookupError(f"there is no step {name!r}")


def _nested(slot: StepInstance) -> NestedScope:
    child = None if slot.plan.is_leaf else slot.scope.run.composite(slot)
    if not isinstance(child, NestedScope):
        raise TypeError(f"{slot.path} is no nested process")
    return child


def _put_state(scope: Scope, path: str, state: Any) -> None:
    *processes, name = path.split("/")
    for process in processes:
        scope = _nested(_slot(scope, process))
    _slot(scope, name).restore_state(state)


def _group(plan: CompiledStep, entry: Mapping[str, Any]) -> CompiledInputGroup:
    groups: list[CompiledInputGroup] = plan.groups
    inputs = sorted(map(str, entry["inputs"]))

    def fits(group: CompiledInputGroup) -> bool:
        return group.function.name == entry["function"] and sorted(map(str, group.parameters)) == inputs

    number: int = entry["group"]
    if number < len(groups) and fits(groups[number]):
        return groups[number]
    for group in groups:
        if fits(group):
            return group
    raise LookupError(f"{plan.name}.{entry['function']} takes no {', '.join(inputs)}")
