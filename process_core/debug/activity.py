"""Activity: which steps run, wait for an answer, have failed, or hold half of their inputs."""

from process_core.debug.points import Live, WaitingFunction
from process_core.engine.core import RunCore
from process_core.engine.invocation import Invocation


class Activity:
    """Follows the calls of a run.

    Args:
        core: The run.
    """

    def __init__(self, core: RunCore) -> None:
        self._core = core
        self._running: dict[Invocation, None] = {}
        self._failed: dict[str, None] = {}

    def began(self, invocation: Invocation) -> None:
        """Note that a call began.

        Args:
            invocation: The call.
        """
        self._running[invocation] = None
        if self._failed:
            self._failed.pop(invocation.slot.path, None)

    def ended(self, invocation: Invocation) -> None:
        """Note that a call ended.

        Args:
            invocation: The call.
        """
        self._running.pop(invocation, None)
        if invocation.failure is not None:
            self._failed[invocation.slot.path] = None

    def live(self) -> Live:
        """Give what the steps are doing now."""
        running = dict.fromkeys(i.slot.path for i in self._running if not i.is_parked)
        parked = dict.fromkeys(i.slot.path for i in self._running if i.is_parked)
        waiting = [
            WaitingFunction(slot.path, group.function.name, arrived, missing)
            for scope in self._core.root.scopes()
            for slot, group, arrived, missing in scope.inbox.incomplete()
            if missing
        ]
        return Live(tuple(running), tuple(parked), tuple(self._failed), tuple(waiting))
