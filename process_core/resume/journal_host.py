"""A step host that gives recorded outcomes before it runs anything."""

from typing import Any

from process_core.engine.host import StepHost
from process_core.engine.records import Invocation
from process_core.engine.request_log import RequestLog
from process_core.events import WorkflowEvent
from process_core.resume.journal import NO_STATE, Attempt, Journal, comparable
from process_core.runfile.codec.encode import encode


class JournalHost:
    """Return what the journal holds of an invocation that had completed, and has everything else run.

    Args:
        inner: The host that runs what was not finished.
        journal: What was recorded.

    Attributes:
        inner: See above.
    """

    def __init__(self, inner: StepHost, journal: Journal) -> None:
        self.inner = inner
        self._journal = journal

    @property
    def track_context(self) -> bool:
        """Whether the inner host says which invocation runs; see `LocalHost`."""
        return bool(getattr(self.inner, "track_context", False))

    @track_context.setter
    def track_context(self, wanted: bool) -> None:
        if hasattr(self.inner, "track_context"):
            self.inner.track_context = wanted

    async def invoke(self, invocation: Invocation) -> Any:
        """Run an invocation, or give its recorded outcome; see `StepHost.invoke`."""
        path, function = invocation.slot.path, invocation.function.name
        arguments = comparable(encode(invocation.initial_arguments).decode("utf-8", "replace"))
        attempt = self._journal.take(path, function, invocation.resumes, arguments)
        if attempt is None:
            return await self.inner.invoke(invocation)
        if not attempt.is_completed:
            if attempt.questions:
                if invocation.questions is None:
                    invocation.questions = RequestLog()
                invocation.questions.recorded |= attempt.questions
            if attempt.state is not NO_STATE:
                invocation.slot.restore_state(attempt.state)
            return await self.inner.invoke(invocation)
        return _take_over(invocation, attempt)


def _take_over(invocation: Invocation, attempt: Attempt) -> Any:
    scope = invocation.scope
    scope.add(
        invocation,
        WorkflowEvent(
            "log",
            "completed before the run was cut off; what it came to is taken over",
            {"stream": "engine", "code": "taken_over", "seq": attempt.seq},
        ),
    )
    for event_id, data, visibility in attempt.emissions:
        scope.emit(invocation, event_id, data, visibility)
    for output in attempt.outputs:
        scope.add(invocation, WorkflowEvent("output", output))
    if attempt.state is not NO_STATE:
        invocation.slot.restore_state(attempt.state)
    return attempt.result
