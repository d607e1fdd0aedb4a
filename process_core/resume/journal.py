"""What was recorded after a checkpoint: outcomes that count though their superstep was never committed."""

import contextlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from process_core.engine.request_log import RecordedQuestion
from process_core.events import NO_DATA, Visibility
from process_core.graph import RESULT_SUFFIX, FunctionSpec, Graph, StepKind
from process_core.resume.errors import ResumeError
from process_core.resume.reconstruct import NotRestorableError, Reconstructor
from process_core.resume.state_reader import StateReader
from process_core.runfile import Row, RunFile, to_plain
from process_core.runfile.codec.decode import is_secret
from process_core.runfile.codec.encode import MAX_BYTES, encode

RESUMED: Final = "resumed_from_checkpoint"
"""Code of the `resumed` event with which a run is resumed."""
NO_STATE: Final[Any] = object()
"""Stands where a step has no state."""
_PAGE = 1000
_MANY = 2**31
_FAILURE = "process_core.errors:StepFailure"
_VARYING = ("traceback", "superstep")
_OUTCOMES = frozenset({"event_emitted", "output", "response", "executor_completed"})


@dataclass(slots=True)
class Attempt:
    """An invocation as it was recorded.

    Attributes:
        path: Its step.
        function: Name of its function.
        seq: Seq of the event that said so.
        given: Its arguments as they were written, and as the code of now writes them, made `comparable`; empty where
            they are known from the checkpoint.
        is_completed: Whether it completed; if not it is run again, with the answers it had.
        result: What it returned.
        emissions: Event id, payload and visibility, in order.
        outputs: What it yielded.
        questions: What it asked, with the answers that it had, by name of the question.
        state: Its step's state afterwards, or what it was set to by hand while it ran; or NO_STATE.
    """

    path: str
    function: str
    seq: int
    given: frozenset[str] = frozenset()
    is_completed: bool = False
    result: Any = None
    emissions: list[tuple[str, Any, Visibility]] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    questions: dict[str, RecordedQuestion] = field(default_factory=dict)
    state: Any = NO_STATE


class Journal:
    """The attempts recorded after a checkpoint, which are those of one superstep of the root.

    Functions of one step run one after another in an order that the messages settle, so the n-th invocation of a step
    is the n-th attempt recorded for its path; one that was parked at the checkpoint is found by its own seq. Where a
    run was resumed before and cut off again, its second attempts say again what the first ones came to, and go on.

    Args:
        file: The run file, open for as long as `read` runs.
        after: Seq of the checkpoint.
        graph: The process.
        reconstructor: Makes payloads live again.
        states: Makes states live again.

    Attributes:
        inputs: Outside events that were taken in: id and payload, in order.
        asked: The highest number of a question.
        queues: Queues that were changed by hand, as `dump_queue` described them, in order.
        edited: States that were given by hand to steps that had not been called, by path.
        unfit: Why a state does not fit the code, by path.
        resets: Paths of steps whose state the user chose to reset.
    """

    def __init__(
        self, file: RunFile, after: int, graph: Graph, reconstructor: Reconstructor, states: StateReader
    ) -> None:
        self.inputs: list[tuple[str, Any]] = []
        self.asked = 0
        self.queues: list[dict[str, Any]] = []
        self.edited: dict[str, Any] = {}
        self.unfit: dict[str, str] = {}
        self.resets: set[str] = set()
        self._file = file
        self._after = after
        self._reconstructor = reconstructor
        self._states = states
        self._uses = _Uses(graph)
        self._by_seq: dict[int, Attempt] = {}
        self._by_path: dict[str, list[Attempt]] = {}
        self._questions: dict[int, Row] = {}
        self._counts: Counter[str] = Counter()
        self._inputs_seen = 0

    def take(self, path: str, function: str, resumes: int, given: str) -> Attempt | None:
        """Return what was recorded of an invocation, once.

        Args:
            path: Its step.
            function: Its function.
            resumes: Seq under which it was parked at the checkpoint, or 0.
            given: Its arguments as they would be written, made `comparable`.
        """
        if resumes:
            return self._by_seq.pop(resumes, None)
        attempts = self._by_path.get(path)
        if not attempts:
            return None
        attempt = attempts.pop(0)
        if attempt.function != function or given not in attempt.given:
            attempts.clear()  # the run goes another way than it did: what follows belongs to the other one
            return None
        return attempt

    def read(self) -> "Journal":
        """Read what the file holds after the checkpoint.

        Raises:
            NotRestorableError: Something that a completed invocation came to was recorded only as text.
        """
        start, last = self._after, self._file.count()
        while start < last and (rows := self._file.page(start, _PAGE)):
            for row in rows:
                self._add(row)
            start = rows[-1].seq
        return self

    def _add(self, row: Row) -> None:
        is_gone = bool(row.path) and self._uses.is_gone(row.path)
        if row.type == "resumed" and row.code == RESUMED:
            self._counts.clear()
            self._inputs_seen = 0
            self._take_resets(row)
        elif row.type == "reloaded":
            self._take_resets(row)
        elif row.type == "request_info":
            number = (row.request_id or "").rpartition("-")[2]
            self.asked = max(self.asked, int(number) if number.isdecimal() else 0)
            if not is_gone:
                self._questions[row.seq] = row
                self._note_question(row, RecordedQuestion(row.request_id or "", self._prompt(row)))
        elif is_gone:
            return  # nobody takes it over, and its classes may be gone too
        elif row.type == "executor_invoked":
            self._by_seq[row.seq] = self._attempt(row)
        elif row.type == "event_emitted" and not row.path:
            self._inputs_seen += 1
            if self._inputs_seen > len(self.inputs):
                self.inputs.append((row.event_id or "", self._payload(row)))
        elif row.type == "operator":
            self._take_edit(row)
        elif row.type in _OUTCOMES:
            self._take_outcome(row)

    def _take_edit(self, row: Row) -> None:
        """Take in what a debugger changed: a queue, or a state after the last call of its step so far."""
        details = self._details(row)
        for queue in details.get("queues", ()):
            self.queues.append(self._reconstructor.revive(queue))
        saved = self._file.state_of(row.path, row.seq) if details.get("state") else None
        if saved is None:
            return
        state = self._state(row.path, saved)
        count = self._counts[row.path]
        if count:
            self._by_path[row.path][count - 1].state = state
        else:
            self.edited[row.path] = state

    def _attempt(self, row: Row) -> Attempt:
        resumes = self._details(row).get("resumes")
        if resumes:
            attempt = self._by_seq.setdefault(resumes, Attempt(row.path, row.function or "", row.seq))
        else:
            attempts = self._by_path.setdefault(row.path, [])
            if self._counts[row.path] == len(attempts):
                attempts.append(Attempt(row.path, row.function or "", row.seq, self._given(row)))
            attempt = attempts[self._counts[row.path]]
            self._counts[row.path] += 1
        if not attempt.is_completed:
            attempt.seq, attempt.emissions, attempt.outputs = row.seq, [], []
        return attempt

    def _given(self, row: Row) -> frozenset[str]:
        """Return how the arguments of a call were written, and how they are with classes that have changed since."""
        text = self._file.payload_text(row.data, MAX_BYTES)[0]
        texts = {comparable(text)}
        if '{"$":' in text:
            with contextlib.suppress(NotRestorableError):
                live = self._reconstructor.revive(self._file.payload(row.data))
                texts.add(comparable(encode(live).decode("utf-8", "replace")))
        return frozenset(texts)

    def _take_outcome(self, row: Row) -> None:
        if row.type == "response":
            if is_secret(self._file.payload(row.data)):
                return  # it is asked again
            asked = self._questions.get(row.cause or 0) or self._file.row(row.cause or 0)
            prompt, answer = self._prompt(asked), self._payload(row)
            answered = RecordedQuestion(row.request_id or "", prompt, is_answered=True, answer=answer)
            self._note_question(asked, answered)
            return
        attempt = self._attempt_at(row, row.cause or 0)
        if not attempt.is_completed:
            self._take(row, attempt)

    def _note_question(self, asked: Row, question: RecordedQuestion) -> None:
        """Note that an invocation asked something, or was answered it; `asked` is the row that asked."""
        attempt = self._attempt_at(asked, asked.cause or 0)
        if not attempt.is_completed:
            attempt.questions[self._details(asked).get("question", "")] = question

    def _attempt_at(self, row: Row, seq: int) -> Attempt:
        """Return the attempt that an `executor_invoked` began, to which a row belongs."""
        attempt = self._by_seq.get(seq)
        if attempt is None:
            attempt = self._by_seq[seq] = self._parked_attempt(row, seq)
        return attempt

    def _parked_attempt(self, row: Row, seq: int) -> Attempt:
        """Begin with what an invocation did before the checkpoint, at which it was parked."""
        attempt = Attempt(row.path, row.function or "", seq)
        for earlier in self._file.effects(seq, _MANY):
            if earlier.seq > self._after:
                break
            if earlier.type in ("event_emitted", "output"):
                self._take(earlier, attempt)
        return attempt

    def _take(self, row: Row, attempt: Attempt) -> None:
        if row.type == "event_emitted":
            public = self._details(row).get("visibility") == Visibility.PUBLIC
            visibility = Visibility.PUBLIC if public else Visibility.INTERNAL
            attempt.emissions.append((row.event_id or "", self._payload(row), visibility))
        elif row.type == "output":
            attempt.outputs.append(self._payload(row))
        else:
            attempt.is_completed = True
            attempt.result = self._result(row)
            saved = self._file.state_of(row.path, row.seq) if self._uses.keeps_state(row.path) else None
            if saved is not None:
                attempt.state = self._state(row.path, saved)

    def _take_resets(self, row: Row) -> None:
        chosen = self._details(row).get("reset")
        for path in chosen if isinstance(chosen, list) else ():
            self.reset(str(path))

    def reset(self, path: str) -> None:
        """Leave aside every state of a step that was recorded so far."""
        self.resets.add(path)
        self.unfit.pop(path, None)
        self.edited.pop(path, None)
        for attempt in (*self._by_path.get(path, ()), *(a for a in self._by_seq.values() if a.path == path)):
            attempt.state = NO_STATE

    def _state(self, path: str, saved: tuple[Any, str]) -> Any:
        try:
            state = self._states.one(path, *saved)
        except ResumeError as error:
            self.unfit[path] = self._states.report(path, str(error), to_plain(saved[0]))
            return NO_STATE
        self.unfit.pop(path, None)
        return state

    def _result(self, row: Row) -> Any:
        try:
            return self._payload(row)
        except NotRestorableError:
            if self._uses.result_of(row.path, row.function or ""):
                raise
            return None  # nobody is ever given it

    def _payload(self, row: Row) -> Any:
        if row.data is None and row.type == "event_emitted" and not self._details(row).get("has_data"):
            return NO_DATA
        return self._reconstructor.revive(self._file.payload(row.data))

    def _details(self, row: Row) -> dict[str, Any]:
        found = self._file.payload(row.details) if row.details is not None else None
        return found if isinstance(found, dict) else {}

    def _prompt(self, row: Row) -> Any:
        try:
            return self._payload(row)
        except NotRestorableError:
            return None  # only shown, where its answer is not used

    def open_questions(self) -> set[str]:
        """Return the ids of the questions that were asked and not answered, in calls that are made again."""
        attempts = [*self._by_seq.values(), *(attempt for some in self._by_path.values() for attempt in some)]
        return {
            question.request_id
            for attempt in attempts
            if not attempt.is_completed
            for question in attempt.questions.values()
            if not question.is_answered
        }


def comparable(given: str) -> str:
    """Leave out of written arguments what a failure says of where and when, which it says otherwise each time.

    Returns:
        Text that is the same for the same arguments.
    """
    if _FAILURE not in given:
        return given

    def strip(found: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in found.items() if k not in _VARYING} if found.get("$") == _FAILURE else found

    return json.dumps(json.loads(given, object_hook=strip))


class _Uses:
    """Who needs what an invocation left.

    Args:
        graph: The process.
    """

    def __init__(self, graph: Graph) -> None:
        self._routed = {(edge.source, edge.event_id) for edge in graph.edges}
        self._functions = dict(_functions(graph, ""))
        self._stateful = {path for path, _ in graph.stateful()}
        self._paths = {node.path for node in graph.nodes}

    def keeps_state(self, path: str) -> bool:
        """Whether the state of a step lasts; steps inside the elements of maps may have one."""
        return path in self._stateful or "[" in path

    def is_gone(self, path: str) -> bool:
        """Whether the code has no such step any more; what is inside the elements of maps counts as there."""
        return "[" not in path and path not in self._paths

    def result_of(self, path: str, function: str) -> bool:
        """Whether anything takes the result of a function."""
        spec = self._functions.get((path, function))
        if spec is None or spec.visibility is Visibility.PUBLIC:
            return True
        return (path, f"{function}{RESULT_SUFFIX}") in self._routed


def _functions(graph: Graph, prefix: str) -> Any:
    for step in graph.steps:
        path = prefix + step.name
        if step.kind is StepKind.STEP:
            specs: dict[str, FunctionSpec] = dict(step.functions)
            yield from (((path, name), spec) for name, spec in specs.items())
        elif step.kind is StepKind.PROCESS and step.graph is not None:
            yield from _functions(step.graph, f"{path}/")
