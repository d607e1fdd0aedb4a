"""A step in a run: its instance, its state, and what it is busy with."""

import copy
from collections import deque
from typing import TYPE_CHECKING, Any

from process_core.engine.compiled import CompiledStep
from process_core.engine.invocation import UNSET, Invocation
from process_core.engine.states import default_state

if TYPE_CHECKING:
    from process_core.engine.composite import Composite
    from process_core.engine.scope import Scope


class StepInstance:
    """A step in a run.

    Attributes:
        plan: The step.
        scope: The process it runs in.
        path: Its path from the root.
        instance: The live instance, once the step was used.
        current: The invocation it serves now, or None.
        queue: Invocations that wait for their turn.
        finished: Invocations that ended in this superstep, in order.
        child: What runs behind it, for a nested process or a map.
    """

    __slots__ = (
        "_state",
        "child",
        "current",
        "finished",
        "instance",
        "path",
        "plan",
        "queue",
        "scope",
    )

    def __init__(self, plan: CompiledStep, scope: "Scope", path: str) -> None:
        self.plan = plan
        self.scope = scope
        self.path = path
        self.instance: Any = None
        self.current: Invocation | None = None
        self.queue: deque[Invocation] | None = None
        self.finished: list[Invocation] = []
        self.child: Composite | None = None
        self._state: Any = UNSET

    def take_state(self) -> Any:
        """Give the state to put on a new instance."""
        if self._state is UNSET:
            self._state = self.initial_state()
        return self._state

    def initial_state(self) -> Any:
        """Make the state a run starts with: a copy, since runs share nothing."""
        given = self.scope.run.initial_states.get(self.path, UNSET)
        if given is UNSET:
            given = self.plan.spec.initial_state
        if given is None:
            return default_state(self.plan.spec.state_type)
        return copy.deepcopy(given)

    @property
    def state(self) -> Any:
        """The state now; looking at it activates nothing."""
        if self.instance is not None:
            return self.instance.state
        return self.take_state()

    def restore_state(self, state: Any) -> None:
        """Put back a state saved before a call."""
        if self.instance is not None:
            self.instance.state = state
        self._state = state

    @property
    def is_untouched(self) -> bool:
        """Whether its state is the one that the process gives it, so that another definition may give another."""
        if self.instance is not None or self.path in self.scope.run.initial_states:
            return False
        try:
            return self._state is UNSET or bool(self._state == self.initial_state())
        except Exception:  # noqa: BLE001 - comparing states is the user's code
            return False

    def renew(self, state: Any) -> None:
        """Have the next call made on a new instance.

        Args:
            state: The state that it is given; UNSET for the one that a run starts with.
        """
        self.instance = None
        self._state = state

    def reset(self) -> None:
        """Make the step as it is in a new run."""
        if self.child is not None:
            self.child.reset()
        self.instance = None
        self._state = UNSET

    def save_state(self) -> Any:
        """Copy the state, to be put back if the call fails."""
        if not self.plan.is_leaf:
            return self.scope.run.composite(self).save()
        return copy.deepcopy(self.state) if self.plan.has_state else UNSET

    def undo(self, saved: Any) -> None:
        """Make the step as it was when `save_state` gave this."""
        if self.child is not None:
            self.child.restore(saved)
        elif saved is not UNSET:
            self.restore_state(saved)
