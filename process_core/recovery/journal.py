"""What was recorded after a checkpoint: outcomes that count though their superstep was never committed."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from process_core.engine.host import StepHost
from process_core.engine.invocation import UNSET, Invocation
from process_core.events import NO_DATA, Visibility, WorkflowEvent
from process_core.recovery.values import restore
from process_core.runfile import Row, RunFile


@dataclass(slots=True)
class Attempt:
    """An invocation as it was recorded.

    Attributes:
        function: Name of its function.
        is_completed: Whether it completed; if not it is run again, with the answers it had.
        result: What it returned.
        emissions: Event id, payload and visibility, in order.
        outputs: What it yielded.
        answers: What it was answered.
        state: Its step's state afterwards, or UNSET.
    """

    function: str
    is_completed: bool = False
    result: Any = None
    emissions: list[tuple[str, Any, Visibility]] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    state: Any = UNSET


class Journal:
    """The attempts recorded after a checkpoint.

    Functions of one step run one after another in an order that the messages settle, so the n-th invocation of a step
    is the n-th attempt recorded for its path; one that was parked at the checkpoint is found by its own seq. Where a
    run was taken up before and cut off again, its second attempts say again what the first ones came to, and go on.

    Attributes:
        inputs: Outside events that were taken in: id and payload, in order.
    """

    def __init__(self, file: RunFile, after: int) -> None:
        self.inputs: list[tuple[str, Any]] = []
        self._file = file
        self._after = after
        self._by_seq: dict[int, Attempt] = {}
        self._by_path: dict[str, list[Attempt]] = {}
        self._asked: dict[int, int] = {}
        self._counts: Counter[str] = Counter()
        self._inputs_seen = 0

    def take(self, invocation: Invocation) -> Attempt | None:
        """Give what was recorded of an invocation, once.

        Args:
            invocation: The invocation that is about to run.
        """
        if invocation.resumes:
            return self._by_seq.pop(invocation.resumes, None)
        attempts = self._by_path.get(invocation.slot.path)
        if not attempts:
            return None
        attempt = attempts.pop(0)
        if attempt.function != invocation.function.name:
            attempts.clear()  # the run goes another way than it did: what follows belongs to the other one
            return None
        return attempt

    def read(self) -> "Journal":
        """Read what the file holds after the checkpoint.

        Returns:
            This journal.
        """
        start, last = self._after, self._file.count()
        while start < last and (rows := self._file.page(start, _PAGE)):
            for row in rows:
                self._add(row)
            start = rows[-1].seq
        return self

    def _add(self, row: Row) -> None:
        if row.type == "resumed" and row.code == RESUMED:
            self._counts.clear()
            self._inputs_seen = 0
        elif row.type == "executor_invoked":
            self._by_seq[row.seq] = self._attempt(row)
        elif row.type == "event_emitted" and not row.path:
            self._inputs_seen += 1
            if self._inputs_seen > len(self.inputs):
                self.inputs.append((row.event_id or "", self._payload(row)))
        elif row.type == "request_info":
            self._asked[row.seq] = row.cause or 0
        elif row.type in _TOLD:
            cause = row.cause or 0
            if row.type == "response":
                cause = self._asked.get(cause) or self._asker(cause)
            attempt = self._by_seq.get(cause)
            if attempt is None:
                attempt = self._by_seq[cause] = self._parked_attempt(row, cause)
            if not attempt.is_completed:
                self._tell(row, attempt)

    def _attempt(self, row: Row) -> Attempt:
        resumes = (self._file.payload(row.details) or {}).get("resumes") if row.details else None
        if resumes:
            attempt = self._by_seq.setdefault(resumes, Attempt(row.function or ""))
        else:
            attempts = self._by_path.setdefault(row.path, [])
            if self._counts[row.path] == len(attempts):
                attempts.append(Attempt(row.function or ""))
            attempt = attempts[self._counts[row.path]]
            self._counts[row.path] += 1
        if not attempt.is_completed:
            attempt.emissions, attempt.outputs = [], []
        return attempt

    def _parked_attempt(self, row: Row, seq: int) -> Attempt:
        """Begin with what an invocation did before the checkpoint, at which it was parked."""
        attempt = Attempt(row.function or "")
        for earlier in self._file.effects(seq):
            if earlier.seq <= self._after and earlier.type in ("event_emitted", "output"):
                self._tell(earlier, attempt)
        return attempt

    def _tell(self, row: Row, attempt: Attempt) -> None:
        if row.type == "event_emitted":
            details = (self._file.payload(row.details) if row.details else None) or {}
            public = details.get("visibility") == Visibility.PUBLIC
            visibility = Visibility.PUBLIC if public else Visibility.INTERNAL
            attempt.emissions.append((row.event_id or "", self._payload(row), visibility))
        elif row.type == "output":
            attempt.outputs.append(self._payload(row))
        elif row.type == "response":
            attempt.answers.append(self._payload(row))
        else:
            attempt.is_completed = True
            attempt.result = self._payload(row)
            states = self._file.state_at(row.seq)
            if row.path in states:
                attempt.state = restore(states[row.path])

    def _payload(self, row: Row) -> Any:
        return NO_DATA if row.data is None and row.type == "event_emitted" else restore(self._file.payload(row.data))

    def _asker(self, request: int) -> int:
        """Give the seq of the invocation that asked a question."""
        return (self._file.row(request).cause or 0) if request else 0


RESUMED = "resumed_from_checkpoint"
"""Code of the `resumed` event with which a run is taken up."""
_PAGE = 1000
_TOLD = frozenset({"event_emitted", "output", "response", "executor_completed"})


class JournalHost:
    """A step host that gives recorded outcomes before it runs anything.

    Attributes:
        inner: The host that runs what was not finished.
        journal: What was recorded.
    """

    def __init__(self, inner: StepHost, journal: Journal) -> None:
        self.inner = inner
        self.journal = journal

    async def invoke(self, invocation: Invocation) -> Any:
        """Run an invocation, or give its recorded outcome; see `StepHost.invoke`."""
        attempt = self.journal.take(invocation)
        if attempt is None:
            return await self.inner.invoke(invocation)
        if not attempt.is_completed:
            invocation.replay = deque([*(invocation.replay or ()), *attempt.answers])
            return await self.inner.invoke(invocation)
        scope = invocation.scope
        for event_id, data, visibility in attempt.emissions:
            scope.emit(invocation, event_id, data, visibility)
        for output in attempt.outputs:
            scope.add(invocation, WorkflowEvent("output", output))
        if attempt.state is not UNSET:
            invocation.slot.restore_state(attempt.state)
        return attempt.result
