"""Return a run that is paused or between supersteps the code of a new generation."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from process_core.engine.hot_swap import (
    RESET,
    PlanSwap,
    StateToMigrate,
    SwapResult,
    convert_results,
    states_to_migrate,
    warn_undeliverable,
)
from process_core.engine.instrument import RunInstrument
from process_core.engine.records import Invocation, RunRecord, StepInstance
from process_core.errors import ProcessError
from process_core.events import WorkflowEvent
from process_core.graph import StepSpec
from process_core.services import Services

if TYPE_CHECKING:
    from process_core.process import Process


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
        migrator: Makes values fit it.
        services: What steps are given by type.
        digests: Digest of the source by file, of what has changed.
        resets: Paths of steps whose state is to start over.
    """

    process: "Process"
    migrator: StateMigration
    services: Services
    digests: Mapping[str, str]
    resets: frozenset[str] = frozenset()


class CodeSwap(RunInstrument):
    """Return one run new code; observes it from the first time on, to move each step over when its last old call ends.

    Args:
        run: The run.
    """

    def __init__(self, run: RunRecord) -> None:
        self._run = run
        self._migrator: StateMigration | None = None
        self._stale: dict[StepInstance, StepSpec] = {}
        self._going: set[Invocation] = set()

    def swap(self, code: NewCode) -> SwapResult:
        """Put a generation in force; every event from here on says that it ran.

        Raises:
            ProcessError: A state does not fit, or a service is missing; nothing has changed.
        """
        run, migrator = self._run, code.migrator
        plan = code.process.compiled()
        plan.check_services(code.services)
        wanted = [w for w in states_to_migrate(run, plan, self._stale) if w.path not in code.resets]
        states = migrator.states([(w.path, w.old, w.new, w.state) for w in wanted])
        states |= dict.fromkeys(code.resets, RESET)
        swap = PlanSwap(
            run,
            plan,
            convert=migrator.value,
            states=states,
            stale=self._stale,
            convert_state=self._or_as_it_is(migrator),
        )
        result = swap.swap()
        if self._migrator is None:
            run.attach(self, first=True)  # what a call leaves has to be converted before others see it
        run.services = code.services
        run.generation += 1
        self._migrator, self._stale, self._going = migrator, result.stale, result.going
        self._record(code, result)
        if run.driver.has_work():
            run.driver.look_again()
        return result

    def note_reload(self) -> None:
        """Record that the run goes on with newer code than it was recorded with, as a fork from before a reload."""
        run = self._run
        run.generation += 1
        for hook in run.code_reloaded:
            hook({})
        if run.recorder is not None:
            details = {"code": "reloaded", "generation": run.generation}
            text = f"generation {run.generation}: goes on with the code that was reloaded since"
            run.recorder.pass_on(WorkflowEvent("reloaded", text, details, superstep=run.root.superstep))

    def invocation_ended(self, call: Invocation) -> None:
        """Put a step whose last call on old code has ended onto the new code."""
        if self._migrator is not None and call in self._going:
            self._going.discard(call)
            convert_results(call, self._migrator.value)
        slot = call.slot
        old = self._stale.pop(slot, None) if self._stale else None
        if old is None or self._migrator is None:
            return
        new = slot.plan.spec
        try:
            slot.replace_instance(self._migrator.state(slot.path, old, new, slot.state) if new.has_state else None)
        except ProcessError as error:
            self._stale[slot] = old
            self._run.root.warn(
                "state_does_not_fit", f"{slot.path} stays on the old code, since {error}", call, step=slot.path
            )

    @staticmethod
    def _or_as_it_is(migrator: StateMigration) -> Callable[[StateToMigrate], Any]:
        def convert(wanted: StateToMigrate) -> Any:
            try:
                return migrator.state(wanted.path, wanted.old, wanted.new, wanted.state)
            except ProcessError:
                return wanted.state

        return convert

    def _record(self, code: NewCode, result: SwapResult) -> None:
        run = self._run
        for hook in run.code_reloaded:
            hook(code.digests)
        if run.recorder is None:
            return
        details: dict[str, Any] = {
            "code": "reloaded",
            "generation": run.generation,
            "sources": dict(code.digests),
        }
        outcome = {
            "on_old_code": result.on_old_code,
            "held": [str(item) for item in result.undeliverable],
            "delivered_again": [str(item) for item in result.returned],
            "reset": sorted(code.resets),
            "kept_old_class": list(code.migrator.left),
        }
        details |= {name: value for name, value in outcome.items() if value}
        text = f"generation {run.generation}: {', '.join(code.digests) or 'code'} reloaded"
        seq = run.recorder.pass_on(WorkflowEvent("reloaded", text, details, superstep=run.root.superstep))
        warn_undeliverable(run, result.undeliverable, (seq,))
        if not run.root.in_batch:
            for changed in run.queue_changed:
                changed()  # a checkpoint after the event: the states, and what was reset, count from here on
