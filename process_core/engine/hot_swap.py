"""Puts a run onto a new plan of its process while it stands still: for hot reload, and to resume or fork with new code.

Steps, messages and half-filled calls keep their identity and are pointed at the new plan's steps, routes and functions
by name. What runs or waits for an answer goes on with the code it began with. What has no place in the new plan is kept
as plain data, and delivered when its place comes back.
"""

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from process_core.engine.compiled import CompiledInputGroup, CompiledProcess, CompiledRoute, CompiledStep
from process_core.engine.join_buffer import BufferedValue, Waiting
from process_core.engine.records import (
    UNCOPIED,
    UNSET,
    Invocation,
    MapRecord,
    Message,
    ProcessRecord,
    RunRecord,
    StepInstance,
)
from process_core.events import NO_DATA
from process_core.graph import StepKind, StepSpec


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """A message without a target, or an outside event that the process takes no more.

    Attributes:
        event_id: The event.
        data: The payload, or NO_DATA.
        prefix: What the paths of its process start with.
        route: Id of its route; None for an outside event.
        step: Name of the step it was to reach.
        function: The function.
        parameter: The parameter.
        seq: Seq of the event that brought it.
        source: Path of the step that emitted it.
        handles: Whether it carries a failure to a handler.
    """

    event_id: str
    data: Any = NO_DATA
    prefix: str = ""
    route: str | None = None
    step: str = ""
    function: str | None = None
    parameter: str | None = None
    seq: int = 0
    source: str = ""
    handles: bool = False

    @classmethod
    def from_message(cls, message: Message, prefix: str) -> "Undeliverable":
        """Keep a message.

        Args:
            message: The message.
            prefix: What the paths of its process start with.
        """
        target = message.route.route.target
        return cls(
            message.event_id,
            message.data,
            prefix,
            message.route.id,
            target.step if target is not None else "",
            target.function if target is not None else None,
            target.parameter if target is not None else None,
            message.seq,
            message.source,
            message.handles,
        )

    def __str__(self) -> str:
        if self.route is None:
            return f"input event {self.event_id}"
        where = ".".join(part for part in (self.prefix + self.step, self.function) if part)
        return f"{self.event_id} -> {where}"

    def fields(self) -> dict[str, Any]:
        """Return it as plain data around its payload."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def with_data(self, data: Any) -> "Undeliverable":
        """Return the same with another payload."""
        return self if data is self.data else dataclasses.replace(self, data=data)

    def find(self, routes: Mapping[str, CompiledRoute]) -> CompiledRoute | None:
        """Return the route on which it can be delivered."""
        return _route_to(routes, self.route or "", (self.step, self.function, self.parameter))

    def message(self, route: CompiledRoute) -> Message:
        """Make it a message again."""
        return Message(route, self.data, self.seq, self.event_id, self.source, handles=self.handles)


RESET: Final[Any] = object()
"""Stands for the state of a step that is to start over."""


@dataclass(frozen=True, slots=True)
class StateToMigrate:
    """A state that has to fit the new code.

    Attributes:
        path: The step.
        old: What it was.
        new: What it is now.
        state: Its state.
    """

    path: str
    old: StepSpec
    new: StepSpec
    state: Any


@dataclass(slots=True)
class SwapResult:
    """What came of it.

    Attributes:
        going: Calls that run, or wait for an answer, on the code they began with.
        undeliverable: What has no place any more.
        returned: What had none and has one again.
        stale: Steps whose instance is to be replaced when they are through, with what they were.
    """

    going: set[Invocation] = field(default_factory=set)
    undeliverable: list[Undeliverable] = field(default_factory=list)
    returned: list[Undeliverable] = field(default_factory=list)
    stale: dict[StepInstance, StepSpec] = field(default_factory=dict)

    @property
    def on_old_code(self) -> list[str]:
        """Paths of the steps of those calls."""
        return sorted({call.slot.path for call in self.going})


def states_to_migrate(
    run: RunRecord, plan: CompiledProcess, stale: Mapping[StepInstance, StepSpec]
) -> list[StateToMigrate]:
    """Return the states of a run that have to fit a new plan; those that no step has touched yet start over.

    Args:
        run: The run.
        plan: The new plan.
        stale: Steps that are still on the code of an earlier generation, with what they were in it.
    """
    return list(_states(run, run.root, plan, "", stale))


def _states(
    run: RunRecord,
    process: ProcessRecord | None,
    plan: CompiledProcess,
    prefix: str,
    stale: Mapping[StepInstance, StepSpec],
) -> Iterator[StateToMigrate]:
    for new in plan.steps:
        path = prefix + new.name
        slot = _slot_before(process, new)
        if new.spec.kind is StepKind.PROCESS and new.inner is not None:
            child = slot.child if slot is not None and isinstance(slot.child, ProcessRecord) else None
            yield from _states(run, child, new.inner, f"{path}/", stale)
        elif new.spec.has_state and slot is not None and slot.plan.spec.has_state:
            if not slot.is_untouched:
                yield StateToMigrate(path, stale.get(slot, slot.plan.spec), new.spec, slot.state)
        elif new.spec.has_state and path in run.initial_states:
            old = dict(run.plan.graph.stateful()).get(path, new.spec)
            yield StateToMigrate(path, old, new.spec, run.initial_states[path])


def _slot_before(process: ProcessRecord | None, new: CompiledStep) -> StepInstance | None:
    if process is None:
        return None
    for slot in (*process.slots, *process.absent):
        if slot is not None and slot.plan.name == new.name and slot.plan.spec.kind is new.spec.kind:
            return slot
    return None


class PlanSwap:
    """Puts a run onto a new plan.

    Args:
        run: The run; no function of it is called meanwhile.
        plan: The new plan.
        convert: Makes a payload fit the new code; given the payload and what to call it.
        states: State by path for the new code; `RESET` for a step that starts over.
        stale: Steps that are still on the code of an earlier generation, with what they were in it.
        convert_state: Makes a saved state fit, or gives it back as it is.
    """

    def __init__(
        self,
        run: RunRecord,
        plan: CompiledProcess,
        *,
        convert: Callable[[Any, str], Any],
        states: Mapping[str, Any],
        stale: Mapping[StepInstance, StepSpec],
        convert_state: Callable[[StateToMigrate], Any],
    ) -> None:
        self._run = run
        self._plan = plan
        self._convert = convert
        self._states = states
        self._stale = stale
        self._convert_state = convert_state
        self._was: dict[StepInstance, StepSpec] = {}
        self._routes: dict[str, CompiledRoute] = {}
        self._result = SwapResult()

    def swap(self) -> SwapResult:
        """Do it; cannot fail half-way, since nothing here calls the user's code but `convert`."""
        run = self._run
        undeliverable, run.undeliverable = run.undeliverable, ()
        run.initial_states = {
            path: self._states.get(path, state)
            for path, state in run.initial_states.items()
            if self._states.get(path) is not RESET
        }
        self._scope(run.root, self._plan)
        run.plan = self._plan
        self._inputs()
        for item in undeliverable:
            self._return(item)
        return self._result

    def put_element(self, call: Invocation, process: ProcessRecord, plan: CompiledProcess) -> SwapResult:
        """Put the process inside an element of a map, which a resumed run has just loaded, onto its new plan."""
        self._scope(process, plan)
        if call.saved_state is not UNSET:
            call.saved_state = self._saved(process, call.saved_state)
        return self._result

    # A process and what is nested in it.

    def _scope(self, process: ProcessRecord, plan: CompiledProcess) -> None:
        new_steps = {step.name: step for step in plan.steps}
        before = [slot for slot in (*process.slots, *process.absent) if slot is not None]
        process.plan = plan
        process.slots = [None] * len(plan.steps)
        process.absent = ()
        for slot in before:
            new = new_steps.get(slot.plan.name)
            if new is None or new.spec.kind is not slot.plan.spec.kind:
                slot.plan = slot.plan.without_routes()
                process.absent = (*process.absent, slot)
            else:
                process.slots[new.index] = slot
                self._slot(slot, new)
        present = {slot for slot in process.slots if slot is not None}
        routes = {route.id: route for route in plan.all_routes()}
        pending, process.pending = process.pending, []
        self._waiting(process, routes, present)
        self._held_back(process, routes)
        for message in pending:
            self._put(process, routes, message)
        process.resumed_calls = [call for call in process.resumed_calls if self._call(process, routes, present, call)]
        queued: set[Invocation] = set()
        for slot in before:
            if slot.queue:
                queued.update(slot.queue)
                slot.queue = deque(call for call in slot.queue if self._call(process, routes, present, call))
        process.calls = [
            call
            for call in process.calls
            if call.is_started
            or call.is_closed
            or call in process.working
            or call in queued
            or self._call(process, routes, present, call)
        ]
        for call in process.working:
            self._going(call, routes, present)
        for slot in process.finished:
            for call in slot.finished:
                convert_results(call, self._convert)

    def _slot(self, slot: StepInstance, new: CompiledStep) -> None:
        old = self._was[slot] = self._stale.get(slot, slot.plan.spec)
        untouched = slot.is_untouched
        slot.plan = new
        if not new.is_leaf:
            if isinstance(slot.child, ProcessRecord) and new.inner is not None:
                self._scope(slot.child, new.inner)
            return
        is_same = old.step_class is new.spec.step_class and old.factory is new.spec.factory
        state = self._states.get(slot.path, UNSET)
        call = slot.current
        if call is not None and call.is_started and not call.is_closed and state is not RESET:
            if not is_same:
                self._result.stale[slot] = old
        elif state is RESET or untouched:
            slot.replace_instance(UNSET)
        elif not is_same:
            slot.replace_instance(state)
        elif state is not UNSET:
            slot.restore_state(state)

    def _going(self, call: Invocation, routes: Mapping[str, CompiledRoute], present: set[StepInstance]) -> None:
        """Let a call that has begun go on; its messages are put on the new routes where those exist."""
        slot = call.slot
        if slot in present and not call.is_started:
            call.function = slot.plan.functions.get(call.function.name, call.function)
        kept = [message for message in call.messages if self._find(routes, message) is not None]
        if len(kept) < len(call.messages):
            call.causes = tuple(message.seq for message in call.messages if message.seq)
        for message in kept:
            route = self._find(routes, message)
            assert route is not None
            message.route = route
        call.messages = tuple(kept)
        convert_results(call, self._convert)
        if call.is_closed:
            return
        if slot.plan.is_leaf and (slot not in present or slot in self._result.stale):
            self._result.going.add(call)
        elif isinstance(slot.child, MapRecord):
            self._result.going.update(inner for inner in slot.child.calls if not inner.is_closed)
        if call.saved_state is not UNSET and isinstance(slot.child, ProcessRecord) and slot in present:
            call.saved_state = self._saved(slot.child, call.saved_state)

    def _saved(self, process: ProcessRecord, saved: Any) -> Any:
        states, waiting = saved
        kept = []
        for slot, state in states:
            if isinstance(slot.child, ProcessRecord):
                kept.append((slot, self._saved(slot.child, state)))
            elif state is UNSET or state is UNCOPIED or slot not in self._was:
                kept.append((slot, state))
            else:
                wanted = StateToMigrate(slot.path, self._was[slot], slot.plan.spec, state)
                kept.append((slot, self._convert_state(wanted)))
        routes = {route.id: route for route in process.plan.all_routes()}
        fits: Waiting = {}
        for (slot, group), fifos in waiting.items():
            same = _same_group(slot.plan, group)
            if same is not None and all(self._find(routes, held.message) for fifo in fifos for held in fifo):
                fits[slot, same] = _reordered(group, same, fifos)
        return kept, fits

    # Messages.

    def _find(self, routes: Mapping[str, CompiledRoute], message: Message) -> CompiledRoute | None:
        """Return the route that a message travels now: its own, or another one to the same place."""
        target = message.route.route.target
        place = (target.step, target.function, target.parameter) if target is not None else None
        return _route_to(routes, message.route.id, place)

    def _has_place(self, process: ProcessRecord, routes: Mapping[str, CompiledRoute], message: Message) -> bool:
        """Move a message to its new route; one that has none is undeliverable."""
        route = self._find(routes, message)
        message.data = self._convert(message.data, f"the payload of {message}")
        if route is None:
            self._keep_undeliverable(Undeliverable.from_message(message, process.prefix))
            return False
        message.route = route
        return True

    def _put(self, process: ProcessRecord, routes: Mapping[str, CompiledRoute], message: Message) -> None:
        if self._has_place(process, routes, message):
            process.pending.append(message)

    def _waiting(self, process: ProcessRecord, routes: Mapping[str, CompiledRoute], present: set[StepInstance]) -> None:
        waiting, process.joins.waiting = process.joins.waiting, {}
        again: list[BufferedValue] = []
        for (slot, group), fifos in waiting.items():
            same = _same_group(slot.plan, group) if slot in present else None
            kept: list[deque[BufferedValue]] = [deque() for _ in fifos]
            for fifo, left in zip(fifos, kept, strict=True):
                for held in fifo:
                    route = self._find(routes, held.message)
                    held.data = self._convert(held.data, f"the payload of {held.message}")
                    if same is None or route is None or route.group is not same:
                        again.append(held)
                    else:
                        held.message.route = route
                        left.append(held)
            if same is not None and any(kept):
                process.joins.waiting[slot, same] = _reordered(group, same, kept)
        for held in sorted(again, key=lambda h: h.ordinal):
            held.message.data = held.data
            self._put(process, routes, held.message)

    def _held_back(self, process: ProcessRecord, routes: Mapping[str, CompiledRoute]) -> None:
        """Go on holding what a debugger keeps back, as long as there is a place for it."""
        kept = {
            message: is_reported
            for message, is_reported in process.held.items()
            if self._has_place(process, routes, message)
        }
        if len(kept) < len(process.held):
            process.held = kept

    def _call(
        self, process: ProcessRecord, routes: Mapping[str, CompiledRoute], present: set[StepInstance], call: Invocation
    ) -> bool:
        """Point a call that has not begun at the new code; where it cannot be made, its messages are sent on again."""
        function = call.slot.plan.functions.get(call.function.name) if call.slot in present else None
        if function is not None:
            names = {parameter.name for parameter in function.spec.parameters}
            needed = {parameter.name for parameter in function.spec.parameters if parameter.required}
            fits = call.arguments.keys() <= names and (call.error is not None or needed <= call.arguments.keys())
            if fits and all(self._find(routes, each) is not None for each in call.messages):
                call.function = function
                call.arguments = call.initial_arguments = {
                    name: self._convert(value, f"argument {name} of {call}") for name, value in call.arguments.items()
                }
                for each in call.messages:
                    each.data = self._convert(each.data, f"the payload of {each}")
                    each.route = self._find(routes, each) or each.route
                child = call.slot.child
                if call.saved_state is not UNSET and isinstance(child, ProcessRecord):
                    call.saved_state = self._saved(child, call.saved_state)
                return True
        call.is_closed = True
        self._give_up_inside(call)
        for each in call.messages:
            self._put(process, routes, each)
        return False

    def _give_up_inside(self, call: Invocation) -> None:
        """Keep what is on its way inside a nested process whose call, begun before the run was resumed, is not made."""
        child = call.slot.child
        if not call.resumes or not isinstance(child, ProcessRecord) or not child.is_resumed:
            return
        child.is_resumed = False
        pending, child.pending = child.pending, []
        begun, child.resumed_calls = child.resumed_calls, ()
        for message in (*pending, *(each for inner in begun for each in inner.messages)):
            self._keep_undeliverable(Undeliverable.from_message(message, child.prefix))
        for inner in begun:
            self._give_up_inside(inner)

    # What has no place.

    def _inputs(self) -> None:
        run, kept = self._run, []
        for kind, subject, value in run.inputs:
            if kind != "event":
                kept.append((kind, subject, value))
            elif subject in self._plan.entries:
                kept.append((kind, subject, self._convert(value, f"the payload of {subject}")))
            else:
                self._keep_undeliverable(
                    Undeliverable(event_id=subject, data=self._convert(value, f"the payload of {subject}"))
                )
        run.inputs = kept

    def _keep_undeliverable(self, item: Undeliverable) -> None:
        self._run.undeliverable = (*self._run.undeliverable, item)
        self._result.undeliverable.append(item)

    def _return(self, item: Undeliverable) -> None:
        run = self._run
        item = item.with_data(self._convert(item.data, f"the payload of {item}"))
        if item.route is None:
            if item.event_id in self._plan.entries:
                run.inputs.append(("event", item.event_id, item.data))
                self._result.returned.append(item)
            else:
                run.undeliverable = (*run.undeliverable, item)
            return
        for process in run.root.processes():
            if process.prefix == item.prefix and (process is run.root or _is_active(process)):
                routes = {route.id: route for route in process.plan.all_routes()}
                route = item.find(routes)
                if route is not None:
                    process.pending.append(item.message(route))
                    self._result.returned.append(item)
                    return
        run.undeliverable = (*run.undeliverable, item)


def _route_to(
    routes: Mapping[str, CompiledRoute], route_id: str, place: tuple[str, str | None, str | None] | None
) -> CompiledRoute | None:
    """Return the route of an id, else another one to the same step, function and parameter."""
    route = routes.get(route_id)
    if route is not None and route.step is not None:
        return route
    for other in routes.values():
        target = other.route.target
        if target is None or (target.step, target.function, target.parameter) != place:
            continue
        if not other.is_joined or target.parameter is not None:  # which of a join's inputs, its parameter says
            return other
    return None


def warn_undeliverable(run: RunRecord, items: Sequence[Undeliverable], causes: tuple[int, ...] = ()) -> None:
    """Warn of what new code has no place for."""
    if items:
        texts = [str(item) for item in items]
        run.root.warn(
            "held_messages",
            "the new code has no place for what was on its way; it stays undeliverable until there is one: "
            + ", ".join(texts),
            causes=causes,
            messages=texts,
        )


def convert_results(call: Invocation, convert: Callable[[Any, str], Any]) -> None:
    """Make what a call has emitted and returned fit the new code."""
    for emission in call.emissions:
        emission.data = convert(emission.data, f"the payload of {emission.event_id} from {call}")
    if call.result is not None:
        call.result = convert(call.result, f"the result of {call}")


def _is_active(process: ProcessRecord) -> bool:
    return process.parent is not None and not process.parent.is_closed


def _same_group(plan: CompiledStep, group: CompiledInputGroup) -> CompiledInputGroup | None:
    wanted = sorted(map(str, group.parameters))
    for other in plan.groups:
        if other.function.name == group.function.name and sorted(map(str, other.parameters)) == wanted:
            return other
    return None


def _reordered(
    old: CompiledInputGroup, new: CompiledInputGroup, fifos: list[deque[BufferedValue]]
) -> list[deque[BufferedValue]]:
    if old.parameters == new.parameters:
        return fifos
    return [fifos[old.parameters.index(name)] for name in new.parameters]
