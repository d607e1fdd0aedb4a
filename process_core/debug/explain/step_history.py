"""Where each step stands: how often it ran, whether it runs, asks or has failed, and what it has emitted."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from process_core.debug.explain.event_history import EventHistory
from process_core.debug.explain.event_text import bounded
from process_core.debug.explain.run_state import RunSnapshot
from process_core.runfile import EventTotals

_ENDS: Final = ("executor_completed", "executor_failed", "executor_cancelled")


@dataclass(frozen=True, slots=True)
class StepActivity:
    """What a step, or one function of it, has done.

    Attributes:
        runs: Times it was invoked.
        last_run: Seq of the last invocation, 0 where there is none.
        last_end: Type of the event that ended the last one that has ended, empty where none has.
        last_seq: Seq of the last event about it.
        is_running: Whether a call has not ended.
        question: What it asks, where it waits for an answer.
    """

    runs: int
    last_run: int
    last_end: str
    last_seq: int
    is_running: bool
    question: str | None = None


class StepHistory:
    """Answers what has happened, from the sums of a run's events.

    Args:
        history: The events.
        snapshot: How the run stands.
    """

    def __init__(self, history: EventHistory, snapshot: RunSnapshot) -> None:
        self.history = history
        self.snapshot = snapshot
        self._facts = history.facts()

    def activity(self, path: str, function: str | None = None) -> StepActivity:
        """Report what a step has done.

        Args:
            path: The step.
            function: One function of it; None takes all together.
        """
        mine = [f for f in self._facts if f.path == path and (function is None or f.function == function)]
        counts = {kind: sum(f.number for f in mine if f.type == kind) for kind in ("executor_invoked", *_ENDS)}
        ends = [f for f in mine if f.type in _ENDS]
        # A payload that does not fit fails without having been invoked.
        unfit = sum(f.number for f in mine if f.type == "executor_failed" and f.code == "payload_mismatch")
        ended = sum(counts[kind] for kind in _ENDS) - unfit
        return StepActivity(
            counts["executor_invoked"],
            _last(f for f in mine if f.type == "executor_invoked"),
            max(ends, key=lambda f: f.last).type if ends else "",
            _last(mine),
            counts["executor_invoked"] > ended,
            self._question(path, function, mine),
        )

    def last(self, kind: str, where: Callable[[EventTotals], bool]) -> int:
        """Return the seq of the last event of a type that fits, 0 where there is none.

        Args:
            kind: The type.
            where: What fits.
        """
        return _last(f for f in self._facts if f.type == kind and where(f))

    def failure(self, path: str, function: str | None) -> tuple[int, str]:
        """Return the last failure of a step: its seq, and the error in words.

        Args:
            path: The step.
            function: One function of it, or None.
        """
        seq = self.last("executor_failed", lambda f: f.path == path and function in (None, f.function))
        for event in self.history.events((seq,)):
            return seq, f"{event.details.get('type', 'error')}: {bounded(event.message)}"
        return seq, "an error"

    def _question(self, path: str, function: str | None, facts: list[EventTotals]) -> str | None:
        asked = self.snapshot.questions
        if path in asked and (function is None or any(f.type == "request_info" for f in facts)):
            return asked[path]
        inside = [question for other, question in asked.items() if other.startswith(f"{path}/")]
        if inside:
            return inside[0]
        requests, answers = (sum(f.number for f in facts if f.type == kind) for kind in ("request_info", "response"))
        running = sum(f.number * (1 if f.type == "executor_invoked" else -(f.type in _ENDS)) for f in facts)
        if requests > answers and running > 0 and not asked:
            for event in self.history.events((_last(f for f in facts if f.type == "request_info"),)):
                return event.preview
        return None


def _last(facts: Iterable[EventTotals]) -> int:
    return max((fact.last for fact in facts), default=0)
