"""The root process: the one that has an outside."""

from typing import TYPE_CHECKING, Any

from process_core.engine.compiled import CompiledProcess
from process_core.engine.composite import deliver_answer
from process_core.engine.scope import DiscardedWork, Scope
from process_core.engine.stewardship import CARRIES_NONE
from process_core.events import NO_DATA

if TYPE_CHECKING:
    from process_core.engine.core import RunCore


class RootScope(Scope):
    """The root process of a run."""

    __slots__ = ()

    def __init__(self, run: "RunCore", plan: CompiledProcess) -> None:
        super().__init__(run, plan, None, "")

    def has_work(self) -> bool:
        """Whether there is another superstep to run."""
        if self.failed is not None or self.is_stopped or self.run.is_cancelling:
            return False
        return bool(self.pending or self.answers or self.active or self.run.inputs or self.restored)

    def take_inputs(self) -> None:
        """Count supersteps anew where something came from outside."""
        if self.run.inputs:
            self.since_input = 0

    def observe_inputs(self) -> None:
        """Take in outside events, which go first, and answers."""
        inputs = self.run.inputs
        if not inputs:
            return
        taken = []
        self.run.inputs = []
        for kind, subject, value in inputs:
            if kind == "answer":
                deliver_answer(self, subject, value)
            else:
                taken += self._observe(subject, value)
        self.pending[:0] = taken

    def _observe(self, event_id: str, data: Any) -> list[Any]:
        seq = 0
        if self.run.recorder is not None:
            payload = None if data is NO_DATA else data
            details = CARRIES_NONE if data is None else None
            seq = self.run.recorder.record(
                "event_emitted", "", None, None, self.superstep, payload, event_id, details=details
            )
        return self.enter(self.plan.entries[event_id], event_id, data, seq)

    def at_end_of_superstep(self) -> None:
        """Say what is left over, where this was the last superstep."""
        if not self.has_work():
            self.run.report_rest()

    def lose_inputs(self, lost: DiscardedWork) -> None:
        """Forget what came from outside and was not taken in."""
        for kind, subject, _ in self.run.inputs:
            if kind == "event":
                lost.add(str(subject))
        self.run.inputs.clear()
        for item in self.run.stranded:
            lost.add(f"{item} (held: nothing takes it)")
            if item.seq:
                lost.seqs.append(item.seq)
        self.run.stranded.clear()

    def hand_over(self) -> None:
        """Go on driving in a new task."""
        self.run.hand_over()

    def wake_up(self) -> None:
        """Drive on, since something parked works again."""
        self.run.wake()
