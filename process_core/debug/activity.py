"""Activity: which steps run, wait for an answer, have failed, or hold half of their inputs."""

from process_core.debug.debug_state import LiveSteps, WaitingFunction
from process_core.engine.core import RunCore
from process_core.engine.invocation import Invocation


class Activity:
    """Follows the calls of a run.

    Args:
        core: The run.

    Attributes:
        running: The calls that have begun and not ended.
        failed: Paths of the steps whose last call failed.
    """

    def __init__(self, core: RunCore) -> None:
        self._core = core
        self.running: dict[Invocation, None] = {}
        self.failed: dict[str, None] = {}

    def live(self) -> LiveSteps:
        """Give what the steps are doing now."""
        running = dict.fromkeys(i.slot.path for i in self.running if not i.is_parked)
        parked = dict.fromkeys(i.slot.path for i in self.running if i.is_parked)
        waiting = [
            WaitingFunction(slot.path, group.function.name, arrived, missing)
            for scope in self._core.root.scopes()
            for slot, group, arrived, missing in scope.inbox.incomplete()
            if missing
        ]
        return LiveSteps(tuple(running), tuple(parked), tuple(self.failed), tuple(waiting))
