"""Renewal: gives a run that stands still the code of a new generation."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from process_core.engine.core import RunCore
from process_core.engine.hot_swap import RESET, PlanSwap, StateToMigrate, SwapResult, carry_results, states_to_migrate
from process_core.engine.invocation import Invocation
from process_core.engine.start import check_services
from process_core.engine.step_instance import StepInstance
from process_core.errors import ProcessError
from process_core.events import WorkflowEvent
from process_core.graph import StepSpec
from process_core.process import Process
from process_core.services import Services


class StateMigration(Protocol):
    """Makes values fit the new code."""

    left: list[str]
    """What could not be carried and keeps its old class."""

    def value(self, value: Any, what: str) -> Any:
        """Make a payload fit."""

    def state(self, path: str, old: StepSpec, new: StepSpec, state: Any) -> Any:
        """Make a state fit."""

    def states(self, wanted: Collection[tuple[str, StepSpec, StepSpec, Any]]) -> dict[str, Any]:
        """Make all states fit, or say of each that does not why."""


@dataclass(frozen=True, slots=True)
class NewCode:
    """A new generation, ready to be put in force.

    Attributes:
        process: The process as it builds it.
        carrier: Makes values fit it.
        services: What steps are given by type.
        digests: Digest of the source by file, of what has changed.
        resets: Paths of steps whose state is to begin anew.
    """

    process: Process
    carrier: StateMigration
    services: Services
    digests: Mapping[str, str]
    resets: frozenset[str] = frozenset()


class CodeSwap:
    """Renews the code of one run.

    Args:
        core: The run.
    """

    def __init__(self, core: RunCore) -> None:
        self._core = core
        self._carrier: StateMigration | None = None
        self._stale: dict[StepInstance, StepSpec] = {}
        self._going: set[Invocation] = set()

    def swap(self, code: NewCode) -> SwapResult:
        """Put a generation in force; every event from here on says that it ran.

        Args:
            code: The generation.

        Returns:
            What came of it.

        Raises:
            ProcessError: A state does not fit, or a service is missing; nothing has changed.
        """
        core, carrier = self._core, code.carrier
        plan = code.process.compiled()
        check_services(plan, code.services)
        wanted = [w for w in states_to_migrate(core, plan, self._stale) if w.path not in code.resets]
        states = carrier.states([(w.path, w.old, w.new, w.state) for w in wanted])
        states |= dict.fromkeys(code.resets, RESET)
        rebinder = PlanSwap(
            core, plan, carry=carrier.value, states=states, stale=self._stale, carry_state=self._or_as_it_is(carrier)
        )
        rebound = rebinder.rebind()
        if self._carrier is None:
            self._follow()
        core.services = code.services
        core.generation += 1
        self._carrier, self._stale, self._going = carrier, rebound.stale, rebound.going
        self._record(code, rebound)
        core.rouse()
        return rebound

    def note_reload(self) -> None:
        """Say that the run goes on with newer code than it was recorded with, as a fork from before a reload does."""
        core = self._core
        core.generation += 1
        if core.on_reloaded is not None:
            core.on_reloaded({})
        if core.recorder is not None:
            details = {"code": "reloaded", "generation": core.generation}
            text = f"generation {core.generation}: goes on with the code that was reloaded since"
            core.recorder.pass_on(WorkflowEvent("reloaded", text, details, superstep=core.root.superstep))

    def ended(self, invocation: Invocation) -> None:
        """Put a step whose last call on old code has ended onto the new code.

        Args:
            invocation: The call.
        """
        if self._carrier is not None and invocation in self._going:
            self._going.discard(invocation)
            carry_results(invocation, self._carrier.value)
        slot = invocation.slot
        old = self._stale.pop(slot, None) if self._stale else None
        if old is None or self._carrier is None:
            return
        new = slot.plan.spec
        try:
            slot.renew(self._carrier.state(slot.path, old, new, slot.state) if new.has_state else None)
        except ProcessError as error:
            self._stale[slot] = old
            self._core.root.warn(
                "state_does_not_fit", f"{slot.path} stays on the old code, since {error}", invocation, step=slot.path
            )

    def _follow(self) -> None:
        """Be told of the end of calls, from the first renewal on: a run that needs none pays nothing for it."""
        core = self._core
        told = core.on_ended

        def ended(invocation: Invocation) -> None:
            self.ended(invocation)
            if told is not None:
                told(invocation)

        core.on_ended = ended

    @staticmethod
    def _or_as_it_is(carrier: StateMigration) -> Callable[[StateToMigrate], Any]:
        def carry(wanted: StateToMigrate) -> Any:
            try:
                return carrier.state(wanted.path, wanted.old, wanted.new, wanted.state)
            except ProcessError:
                return wanted.state

        return carry

    def _record(self, code: NewCode, rebound: SwapResult) -> None:
        core = self._core
        if core.on_reloaded is not None:
            core.on_reloaded(code.digests)
        if core.recorder is None:
            return
        details: dict[str, Any] = {
            "code": "reloaded",
            "generation": core.generation,
            "sources": dict(code.digests),
        }
        told = {
            "on_old_code": rebound.on_old_code,
            "held": [str(item) for item in rebound.held],
            "delivered_again": [str(item) for item in rebound.returned],
            "reset": sorted(code.resets),
            "kept_old_class": list(code.carrier.left),
        }
        details |= {name: value for name, value in told.items() if value}
        text = f"generation {core.generation}: {', '.join(code.digests) or 'code'} reloaded"
        seq = core.recorder.pass_on(WorkflowEvent("reloaded", text, details, superstep=core.root.superstep))
        if rebound.held:
            core.root.warn(
                "held_messages",
                "the new code has no place for what was on its way; it is held until there is one: "
                + ", ".join(str(item) for item in rebound.held),
                causes=(seq,),
                messages=[str(item) for item in rebound.held],
            )
