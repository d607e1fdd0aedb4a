"""Puts a run onto a new plan of its process while it stands still: what hot reload does to the engine.

Steps, messages and half-filled calls keep their identity and are pointed at the new plan's steps, routes and functions
by name. What runs or waits for an answer goes on with the code it began with. What has no place in the new plan is kept
as plain data, and delivered when its place comes back.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from process_core.engine.compiled import CompiledInputGroup, CompiledProcess, CompiledRoute, CompiledStep
from process_core.engine.composite import NestedScope
from process_core.engine.invocation import UNSET, Invocation, Message
from process_core.engine.join_buffer import BufferedValue, Waiting
from process_core.engine.map_step import MapRunner
from process_core.engine.scope import Scope
from process_core.engine.step_instance import StepInstance
from process_core.engine.undeliverable import Undeliverable
from process_core.graph import StepKind, StepSpec

if TYPE_CHECKING:
    from process_core.engine.core import RunCore

RESET: Final[Any] = object()
"""Stands for the state of a step that is to begin anew."""


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
        held: What has no place any more.
        returned: What had none and has one again.
        stale: Steps whose instance is to be replaced when they are through, with what they were.
    """

    going: set[Invocation] = field(default_factory=set)
    held: list[Undeliverable] = field(default_factory=list)
    returned: list[Undeliverable] = field(default_factory=list)
    stale: dict[StepInstance, StepSpec] = field(default_factory=dict)

    @property
    def on_old_code(self) -> list[str]:
        """Paths of the steps of those calls."""
        return sorted({call.slot.path for call in self.going})


def states_to_migrate(
    core: "RunCore", plan: CompiledProcess, stale: Mapping[StepInstance, StepSpec]
) -> list[StateToMigrate]:
    """Give the states of a run that have to fit a new plan; those that no step has touched yet begin anew.

    Args:
        core: The run.
        plan: The new plan.
        stale: Steps that are still on the code of an earlier generation, with what they were in it.
    """
    return list(_states(core, core.root, plan, "", stale))


def _states(
    core: "RunCore", scope: Scope | None, plan: CompiledProcess, prefix: str, stale: Mapping[StepInstance, StepSpec]
) -> Iterator[StateToMigrate]:
    for new in plan.steps:
        path = prefix + new.name
        slot = _slot_before(scope, new)
        if new.spec.kind is StepKind.PROCESS and new.inner is not None:
            child = slot.child if slot is not None and isinstance(slot.child, NestedScope) else None
            yield from _states(core, child, new.inner, f"{path}/", stale)
        elif new.spec.has_state and slot is not None and slot.plan.spec.has_state:
            if not slot.is_untouched:
                yield StateToMigrate(path, stale.get(slot, slot.plan.spec), new.spec, slot.state)
        elif new.spec.has_state and path in core.initial_states:
            old = dict(core.plan.graph.stateful()).get(path, new.spec)
            yield StateToMigrate(path, old, new.spec, core.initial_states[path])


def _slot_before(scope: Scope | None, new: CompiledStep) -> StepInstance | None:
    if scope is None:
        return None
    for slot in (*scope.slots, *scope.absent):
        if slot is not None and slot.plan.name == new.name and slot.plan.spec.kind is new.spec.kind:
            return slot
    return None


class PlanSwap:
    """Puts a run onto a new plan.

    Args:
        core: The run; no function of it is called meanwhile.
        plan: The new plan.
        carry: Makes a payload fit the new code; given the payload and what to call it.
        states: State by path for the new code; `RESET` for a step that begins anew.
        stale: Steps that are still on the code of an earlier generation, with what they were in it.
        carry_state: Makes a saved state fit, or gives it back as it is.
    """

    def __init__(
        self,
        core: "RunCore",
        plan: CompiledProcess,
        *,
        carry: Callable[[Any, str], Any],
        states: Mapping[str, Any],
        stale: Mapping[StepInstance, StepSpec],
        carry_state: Callable[[StateToMigrate], Any],
    ) -> None:
        self._core = core
        self._plan = plan
        self._carry = carry
        self._states = states
        self._stale = stale
        self._carry_state = carry_state
        self._was: dict[StepInstance, StepSpec] = {}
        self._routes: dict[str, CompiledRoute] = {}
        self._rebound = SwapResult()

    def rebind(self) -> SwapResult:
        """Do it; cannot fail half-way, since nothing here calls the user's code but `carry`.

        Returns:
            What came of it.
        """
        core = self._core
        stranded, core.stranded = core.stranded, []
        core.initial_states = {
            path: self._states.get(path, state)
            for path, state in core.initial_states.items()
            if self._states.get(path) is not RESET
        }
        self._scope(core.root, self._plan)
        core.plan = self._plan
        self._inputs()
        for item in stranded:
            self._return(item)
        return self._rebound

    # A process and what is nested in it.

    def _scope(self, scope: Scope, plan: CompiledProcess) -> None:
        known = {step.name: step for step in plan.steps}
        before = [slot for slot in (*scope.slots, *scope.absent) if slot is not None]
        scope.plan = plan
        scope.slots = [None] * len(plan.steps)
        scope.absent = []
        for slot in before:
            new = known.get(slot.plan.name)
            if new is None or new.spec.kind is not slot.plan.spec.kind:
                slot.plan = slot.plan.without_routes()
                scope.absent.append(slot)
            else:
                scope.slots[new.index] = slot
                self._slot(slot, new)
        present = {slot for slot in scope.slots if slot is not None}
        routes = {route.id: route for route in plan.all_routes()}
        pending, scope.pending = scope.pending, []
        self._waiting(scope, routes, present)
        self._held_back(scope, routes)
        for message in pending:
            self._put(scope, routes, message)
        scope.restored = [call for call in scope.restored if self._call(scope, routes, present, call)]
        queued: set[Invocation] = set()
        for slot in before:
            if slot.queue:
                queued.update(slot.queue)
                slot.queue = deque(call for call in slot.queue if self._call(scope, routes, present, call))
        for call in tuple(scope.calls):
            is_ahead = not (call.is_started or call.is_closed or call in scope.working or call in queued)
            if is_ahead and not self._call(scope, routes, present, call):
                scope.calls.remove(call)
        for call in scope.working:
            self._going(call, routes, present)
        for slot in scope.finished:
            for call in slot.finished:
                carry_results(call, self._carry)

    def _slot(self, slot: StepInstance, new: CompiledStep) -> None:
        old = self._was[slot] = self._stale.get(slot, slot.plan.spec)
        untouched = slot.is_untouched
        slot.plan = new
        if not new.is_leaf:
            if isinstance(slot.child, NestedScope) and new.inner is not None:
                self._scope(slot.child, new.inner)
            return
        is_same = old.step_class is new.spec.step_class and old.factory is new.spec.factory
        state = self._states.get(slot.path, UNSET)
        call = slot.current
        if call is not None and call.is_started and not call.is_closed and state is not RESET:
            if not is_same:
                self._rebound.stale[slot] = old
        elif state is RESET or untouched:
            slot.renew(UNSET)
        elif not is_same:
            slot.renew(state)
        elif state is not UNSET:
            slot.restore_state(state)

    def _going(self, call: Invocation, routes: Mapping[str, CompiledRoute], present: set[StepInstance]) -> None:
        """Let a call that has begun go on; what it was brought by is told by the new routes where they are there."""
        slot = call.slot
        if slot in present and not call.is_started:
            call.function = slot.plan.functions.get(call.function.name, call.function)
        kept = [message for message in call.messages if self._find(routes, message) is not None]
        if len(kept) < len(call.messages):
            call.causes = tuple(message.seq for message in call.messages if message.seq)
        for message in kept:
            found = self._find(routes, message)
            assert found is not None
            message.route = found
        call.messages = tuple(kept)
        carry_results(call, self._carry)
        if call.is_closed:
            return
        if slot.plan.is_leaf and (slot not in present or slot in self._rebound.stale):
            self._rebound.going.add(call)
        elif isinstance(slot.child, MapRunner):
            self._rebound.going.update(inner for inner in slot.child.working if not inner.is_closed)
        if call.saved_state is not UNSET and isinstance(slot.child, NestedScope) and slot in present:
            call.saved_state = self._saved(slot.child, call.saved_state)

    def _saved(self, scope: NestedScope, saved: Any) -> Any:
        states, waiting = saved
        kept = []
        for slot, state in states:
            if isinstance(slot.child, NestedScope):
                kept.append((slot, self._saved(slot.child, state)))
            elif state is UNSET or slot not in self._was:
                kept.append((slot, state))
            else:
                wanted = StateToMigrate(slot.path, self._was[slot], slot.plan.spec, state)
                kept.append((slot, self._carry_state(wanted)))
        routes = {route.id: route for route in scope.plan.all_routes()}
        fits: Waiting = {}
        for (slot, group), fifos in waiting.items():
            found = _same_group(slot.plan, group)
            if found is not None and all(self._find(routes, held.message) for fifo in fifos for held in fifo):
                fits[slot, found] = _reordered(group, found, fifos)
        return kept, fits

    # Messages.

    def _find(self, routes: Mapping[str, CompiledRoute], message: Message) -> CompiledRoute | None:
        """Give the route that a message travels now: its own, or another one to the same place."""
        route = routes.get(message.route.id)
        if route is not None and route.step is not None:
            return route
        target = message.route.route.target
        for other in routes.values():
            if target is not None and other.route.target == target and other.route.join is None:
                return other
        return None

    def _has_place(self, scope: Scope, routes: Mapping[str, CompiledRoute], message: Message) -> bool:
        """Carry a message over to its new route; one that has none is stranded."""
        found = self._find(routes, message)
        message.data = self._carry(message.data, f"the payload of {message}")
        if found is None:
            self._strand(Undeliverable.of(message, scope.prefix))
            return False
        message.route = found
        return True

    def _put(self, scope: Scope, routes: Mapping[str, CompiledRoute], message: Message) -> None:
        if self._has_place(scope, routes, message):
            scope.pending.append(message)

    def _waiting(self, scope: Scope, routes: Mapping[str, CompiledRoute], present: set[StepInstance]) -> None:
        waiting, scope.inbox.waiting = scope.inbox.waiting, {}
        again: list[BufferedValue] = []
        for (slot, group), fifos in waiting.items():
            found = _same_group(slot.plan, group) if slot in present else None
            kept: list[deque[BufferedValue]] = [deque() for _ in fifos]
            for fifo, left in zip(fifos, kept, strict=True):
                for held in fifo:
                    route = self._find(routes, held.message)
                    held.data = self._carry(held.data, f"the payload of {held.message}")
                    if found is None or route is None or route.group is not found:
                        again.append(held)
                    else:
                        held.message.route = route
                        left.append(held)
            if found is not None and any(kept):
                scope.inbox.waiting[slot, found] = _reordered(group, found, kept)
        for held in sorted(again, key=lambda h: h.ordinal):
            held.message.data = held.data
            self._put(scope, routes, held.message)

    def _held_back(self, scope: Scope, routes: Mapping[str, CompiledRoute]) -> None:
        """Go on holding what a debugger keeps back, as long as there is a place for it."""
        kept = {message: told for message, told in scope.held.items() if self._has_place(scope, routes, message)}
        if len(kept) < len(scope.held):
            scope.held = kept

    def _call(
        self, scope: Scope, routes: Mapping[str, CompiledRoute], present: set[StepInstance], call: Invocation
    ) -> bool:
        """Point a call that has not begun at the new code; where it cannot be made, its messages are sent on again."""
        function = call.slot.plan.functions.get(call.function.name) if call.slot in present else None
        if function is not None:
            names = {parameter.name for parameter in function.spec.parameters}
            needed = {parameter.name for parameter in function.spec.parameters if parameter.required}
            fits = call.arguments.keys() <= names and (call.error is not None or needed <= call.arguments.keys())
            if fits and all(self._find(routes, each) is not None for each in call.messages):
                call.function = function
                call.arguments = call.given = {
                    name: self._carry(value, f"argument {name} of {call}") for name, value in call.arguments.items()
                }
                for each in call.messages:
                    each.data = self._carry(each.data, f"the payload of {each}")
                    each.route = self._find(routes, each) or each.route
                return True
        call.is_closed = True
        for each in call.messages:
            self._put(scope, routes, each)
        return False

    # What has no place.

    def _inputs(self) -> None:
        core, kept = self._core, []
        for kind, subject, value in core.inputs:
            if kind != "event":
                kept.append((kind, subject, value))
            elif subject in self._plan.entries:
                kept.append((kind, subject, self._carry(value, f"the payload of {subject}")))
            else:
                self._strand(Undeliverable(event_id=subject, data=self._carry(value, f"the payload of {subject}")))
        core.inputs = kept

    def _strand(self, item: Undeliverable) -> None:
        self._core.stranded.append(item)
        self._rebound.held.append(item)

    def _return(self, item: Undeliverable) -> None:
        core = self._core
        item = item.with_data(self._carry(item.data, f"the payload of {item}"))
        if item.route is None:
            if item.event_id in self._plan.entries:
                core.inputs.append(("event", item.event_id, item.data))
                self._rebound.returned.append(item)
            else:
                core.stranded.append(item)
            return
        for scope in core.root.scopes():
            if scope.prefix == item.prefix and (scope is core.root or _is_active(scope)):
                routes = {route.id: route for route in scope.plan.all_routes()}
                route = item.find(routes)
                if route is not None:
                    scope.pending.append(item.message(route))
                    self._rebound.returned.append(item)
                    return
        core.stranded.append(item)


def carry_results(call: Invocation, carry: Callable[[Any, str], Any]) -> None:
    """Make what a call has emitted and returned fit the new code.

    Args:
        call: The call.
        carry: As for `PlanSwap`.
    """
    for emission in call.emissions:
        emission.data = carry(emission.data, f"the payload of {emission.event_id} from {call}")
    if call.result is not None:
        call.result = carry(call.result, f"the result of {call}")


def _is_active(scope: Scope) -> bool:
    return scope.parent is not None and not scope.parent.is_closed


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
