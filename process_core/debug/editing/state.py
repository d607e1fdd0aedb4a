"""Finds a step by its path, and gives it another state, where its model agrees."""

from collections.abc import Iterator
from typing import Any

from process_core.debug.editing.history import EditingError, Restore
from process_core.engine.compiled import CompiledProcess
from process_core.engine.records import UNSET, RunRecord, StepInstance, copy_state
from process_core.errors import PayloadMismatchError
from process_core.payload_check import PayloadCheck, unknown_field
from process_core.suggestions import did_you_mean


class StateEditor:
    """Edits the states of steps.

    Args:
        run: The run.
    """

    def __init__(self, run: RunRecord) -> None:
        self._run = run

    def find(self, path: str) -> StepInstance:
        """Find a step that has state.

        Raises:
            EditingError: There is none, or it has no state.
        """
        slot = step_at(self._run, path)
        if slot.plan.spec.has_state:
            return slot
        what = "has no state" if slot.plan.is_leaf else "has no state of its own: its steps have theirs"
        raise EditingError("no_state", f"{path} {what}")

    def prepare(self, path: str, state: Any) -> tuple[StepInstance, Any]:
        """Check a new state.

        Returns:
            The step, and the state as its model wants it.

        Raises:
            EditingError: There is no such step, it is busy, or the state does not fit.
        """
        slot = self.find(path)
        if slot.current is not None and not slot.current.is_parked:
            raise EditingError("step_busy", f"{slot.current} is running; wait until it has ended")
        wanted = slot.plan.spec.state_type
        if wanted is None:
            return slot, state
        check_names("invalid_state", f"the state of {path}", wanted, state)
        try:
            return slot, PayloadCheck(wanted)(state)
        except PayloadMismatchError as error:
            raise EditingError("invalid_state", f"this is not a state of {path}: {error}") from error

    def put(self, slot: StepInstance, state: Any) -> Restore:
        """Return a step its new state, for its next call to see."""
        old, call = slot.state, slot.current
        saved = call.saved_state if call is not None else UNSET

        def put_back() -> None:
            if call is not None and slot.current is call:
                call.saved_state = saved
            self._set(slot, old)

        if call is not None and saved is not UNSET:  # if it fails, the state goes back to what it is given here
            call.saved_state = copy_state(state)
        self._set(slot, state)
        return put_back

    def _set(self, slot: StepInstance, state: Any) -> None:
        slot.restore_state(state)
        for hook in self._run.state_replaced:
            hook(slot)


def step_at(run: RunRecord, path: str) -> StepInstance:
    """Find a step by its path; not that of an element of a map.

    Raises:
        EditingError: There is none (`unknown_step`).
    """
    found = run.step_at(path)
    if found is None:
        hint = did_you_mean(path, _paths(run.plan, "")) or "it has none"
        raise EditingError("unknown_step", f"there is no step {path!r} ({hint})")
    return found


def _paths(plan: CompiledProcess, prefix: str) -> Iterator[str]:
    for step in plan.steps:
        yield prefix + step.name
        if step.inner is not None and step.element is None:
            yield from _paths(step.inner, f"{prefix}{step.name}/")


def check_names(code: str, what: str, wanted: Any, value: Any) -> None:
    """Refuse fields that a model would pass over without a word.

    Raises:
        EditingError: There is one, with this code.
    """
    unknown = unknown_field(wanted, value)
    if unknown is not None:
        path, known = unknown
        hint = did_you_mean(path.rpartition(".")[2], sorted(known))
        raise EditingError(code, f"{what} has no field {path!r} ({hint})")
