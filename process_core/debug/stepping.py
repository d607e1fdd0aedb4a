"""A goal: how far a verb goes, and what has to wait meanwhile."""

from typing import Final, Literal

from process_core.debug.debug_state import Reason
from process_core.engine.records import CallScope, Invocation, ProcessRecord

Verb = Literal["continue", "step", "next", "into", "out"]

_ONE_CALL: Final = ("step", "into")


class SteppingGoal:
    """What a run does between two pauses, other than going on freely.

    Args:
        reason: Why it is to pause: a verb, or `pause` and `start` for before the next message.
        origin: The process, or map, that the verb starts from; None where there is none.

    Attributes:
        reason: As given.
        call: The call of the one message that `step` or `into` delivers, while it runs.
    """

    def __init__(self, reason: Reason, origin: CallScope | None = None) -> None:
        self.reason = reason
        self.call: Invocation | None = None
        self._inner = origin.parent if origin is not None else None
        outer = origin.enclosing() if origin is not None else []
        # A process that is not among them by then is a nested one that has begun since.
        known = origin.run.root.processes() if origin is not None and reason == "next" else outer
        self._batches: dict[CallScope, int] = {process: process.batch_id for process in known}

    @property
    def is_one_call(self) -> bool:
        """Whether it goes as far as one call."""
        return self.reason in _ONE_CALL

    def keeps_waiting(self, scope: CallScope) -> bool:
        """Return whether what a process or map has to begin has to wait, since one call runs alone."""
        return self.call is not None and not scope.is_within(self.call)

    def ends_before(self, scope: CallScope) -> bool:
        """Return whether it ends before the next message of a process, or the next element of a map."""
        if self.reason == "step":
            return self.call is None  # while it runs, what comes here is within it
        if self.reason == "next":
            return isinstance(scope, ProcessRecord) and scope.batch_id > self._batches.get(scope, 0)
        if self.reason == "out":
            return scope in self._batches and (self._inner is None or self._inner.is_closed)
        return True


def stepping_goal(verb: Verb, origin: CallScope) -> SteppingGoal | None:
    """Return the goal of a verb.

    Args:
        verb: The verb.
        origin: The process, or map, that the run is paused in.

    Returns:
        The goal; None goes on freely, as `out` of the root does too.
    """
    if verb == "continue" or (verb == "out" and origin.parent is None):
        return None
    return SteppingGoal(verb, origin)
