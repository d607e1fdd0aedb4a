"""A map step: the same step, or process, once for every element of a list."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from process_core.engine.composite import ParkableProcess
from process_core.engine.crew import InvocationRunner
from process_core.engine.invocation import Emission, Invocation, Request
from process_core.engine.scope import Scope
from process_core.engine.step_instance import StepInstance
from process_core.errors import PayloadMismatchError
from process_core.events import NO_DATA, Visibility
from process_core.graph import ERROR_SUFFIX, RESULT_SUFFIX, type_text
from process_core.payload_check import PayloadCheck

if TYPE_CHECKING:
    from process_core.engine.core import RunCore


class MapRunner(ParkableProcess, InvocationRunner):
    """Runs the elements of a map side by side; what they emit and return is gathered in the order of the input.

    Attributes:
        slot: The map step.
        elements: The steps of its elements, while it runs.
        calls: Their invocations, in input order.
        thaw: Puts the elements of a run that is resumed back to where they stood, once.
    """

    def __init__(self, run: "RunCore", slot: StepInstance) -> None:
        InvocationRunner.__init__(self, run, None, slot.path)
        self.slot = slot
        self.elements: list[StepInstance] = []
        self.calls: list[Invocation] = []
        self.thaw: Callable[[list[Invocation]], None] | None = None
        self.answers: list[tuple[Request, Any]] = []

    @property
    def superstep(self) -> int:  # type: ignore[override]  # elements count with the process that holds the map
        """The superstep of the process that holds the map."""
        return self.slot.scope.superstep

    def is_handled(self, invocation: Invocation) -> bool:
        """An element's failure fails the map."""
        del invocation
        return False

    def hand_over(self) -> None:
        """Elements never run inline, so there is no task to leave."""
        raise AssertionError("an element ran inline")

    async def perform(self, invocation: Invocation) -> list[Any]:
        """Run every element.

        Args:
            invocation: The call, with the list as its data.

        Returns:
            The results, in input order.

        Raises:
            NestedFailureError: An element failed; its path names the index.
            PayloadMismatchError: The data is no list.
        """
        self.parent = invocation
        self.failed = None
        calls = self._calls(invocation)
        self.calls = calls
        self.elements = [call.slot for call in calls]
        if self.thaw is not None:
            self.thaw(calls)
            self.thaw = None
        self.in_superstep = True
        for call in calls:
            if not call.is_closed:
                self.start(call)
        while True:
            await self.until_done()
            if self.failed is not None:
                self.forget_finished(why="the map failed")
                raise self.failed
            if not self.parked:
                break
            self.in_superstep = False
            await self.sleep(self.run)
            self.in_superstep = True
            answers, self.answers = self.answers, []
            self.give_answers(answers)
        self.in_superstep = False
        self.forget_finished()
        self._gather(invocation, calls)
        self.elements = []
        self.calls = []
        return [call.result for call in calls]

    def _calls(self, invocation: Invocation) -> list[Invocation]:
        parameters = invocation.function.spec.parameters
        mapped = next((p for p in parameters if p.required), parameters[0])
        given = invocation.arguments.get(mapped.name)
        if isinstance(given, str | bytes | dict) or not isinstance(given, Iterable):
            raise PayloadMismatchError(f"map step {self.slot.path} takes a list, got {type_text(type(given))}")
        check = PayloadCheck(mapped.annotation)
        plan = self.slot.plan.element
        assert plan is not None
        calls = []
        for index, item in enumerate(given):
            slot = StepInstance(plan, self, f"{self.slot.path}[{index}]")  # type: ignore[arg-type]  # a crew is scope enough
            arguments = {**invocation.arguments, mapped.name: item}
            call = Invocation(slot, plan.functions[invocation.function.name], arguments, ())
            call.causes = (invocation.seq,)
            try:
                arguments[mapped.name] = check(item)
            except PayloadMismatchError as error:
                call.error = PayloadMismatchError(f"element {index} of map step {self.slot.path}: {error}")
            calls.append(call)
        return calls

    def _gather(self, invocation: Invocation, calls: list[Invocation]) -> None:
        """Make one event per id out of what the elements emitted; an empty map sends every id that is routed."""
        gathered: dict[str, list[Emission]] = {}
        if not calls:
            automatic = (RESULT_SUFFIX, ERROR_SUFFIX)
            gathered = {e: [] for e in self.slot.plan.routes if not f".{e}".endswith(automatic)}
        for call in calls:
            for emission in call.emissions:
                gathered.setdefault(emission.event_id, []).append(emission)
            if call.outputs:
                invocation.outputs = [*(invocation.outputs or ()), *call.outputs]
        for event_id, emissions in gathered.items():
            data = [None if e.data is NO_DATA else e.data for e in emissions]
            is_public = any(e.visibility is Visibility.PUBLIC for e in emissions)
            seq = emissions[-1].seq if emissions else invocation.seq
            visibility = Visibility.PUBLIC if is_public else Visibility.INTERNAL
            invocation.emissions.append(Emission(event_id, data, visibility, seq, self.slot.path))

    def take_answer(self, request: Request, value: Any) -> None:
        """Take in an answer for an element, or for something inside one."""
        invocation = request.invocation
        if invocation.slot in self.elements:
            self.answers.append((request, value))
        else:
            while invocation.slot not in self.elements:
                assert invocation.scope.parent is not None
                invocation = invocation.scope.parent
            if invocation.slot.child is not None:
                invocation.slot.child.take_answer(request, value)
        self.wake_up()

    def save(self) -> None:
        """Elements keep no state after the map, so there is none to copy."""

    def restore(self, saved: None) -> None:
        """See `save`."""

    def reset(self) -> None:
        """See `save`."""

    def scopes(self) -> list[Scope]:
        """Give the processes behind the elements."""
        return [scope for slot in self.elements if slot.child is not None for scope in slot.child.scopes()]

    def states(self) -> dict[str, Any]:
        """Elements keep no state after the map."""
        return {}
