"""What was recorded after a checkpoint: outcomes that count though their superstep was never committed."""

import contextlib
import itertools
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from process_core.engine.request_log import RecordedQuestion
from process_core.events import NO_DATA, Visibility
from process_core.graph import RESULT_SUFFIX, FunctionSpec, Graph, StepKind
from process_core.resume.edits import Edits
from process_core.resume.errors import ResumeError
from process_core.resume.reconstruct import NotRestorableError, Reconstructor
from process_core.resume.state_reader import StateReader
from process_core.runfile import Filter, Row, RunFile, to_plain
from process_core.runfile.codec.decode import is_secret
from process_core.runfile.codec.encode import MAX_BYTES, encode

RESUMED: Final = "resumed_from_checkpoint"
"""Code of the `resumed` event with which a run is resumed."""
NO_STATE: Final[Any] = object()
"""Stands where a step has no state."""
CHOICES: Final = "choices"
"""Name of the detail in which it says which values it goes on without, or with others for."""
_PAGE = 1000
_MANY = 2**31
_FAILURE = "process_core.errors:StepFailure"
_VARYING = ("traceback", "superstep")
_OUTCOMES = frozenset({"event_emitted", "output", "response", "executor_completed"})


@dataclass(frozen=True, slots=True)
class LostValue:
    """Stands where a value does not come back: it cannot be made live again, or was dropped before.

    Attributes:
        number: Its number among the values of the point.
        report: What it is, and why it cannot be made; empty where it could be.
    """

    number: int
    report: str


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
    is_unreadable: bool = False
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
        values: How many values the checkpoint has.
        inputs: How many outside events it has, which are seen again after it.

    Attributes:
        choices: What was chosen before for values that do not fit, when the run was resumed from the same checkpoint.
        only_replaced: Numbers of values without which the run cannot go on.
        only_dropped: Numbers of those for which there can be no other.
        inputs: Outside events that were taken in: id and payload, or a `LostValue`, in order; of those that the
            checkpoint has, no payload.
        asked: The highest number of a question.
        queues: Queues that were changed by hand, as `dump_queue` described them, in order.
        edited: States that were given by hand to steps that had not been called, by path.
        unfit: Why a state does not fit the code, by path.
        resets: Paths of steps whose state the user chose to reset.
    """

    def __init__(
        self,
        file: RunFile,
        after: int,
        graph: Graph,
        reconstructor: Reconstructor,
        states: StateReader,
        *,
        values: int,
        inputs: int,
    ) -> None:
        self.choices = Edits()
        self.only_replaced: set[int] = set()
        self.only_dropped: set[int] = set()
        self.inputs: list[tuple[str, Any]] = []
        self.asked = 0
        self.queues: list[Any] = []
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
        self._values = values
        self._known_inputs = inputs
        self._edits = self.choices
        self._replaced: dict[int, str] = {}

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
        if attempts[0].is_unreadable and any(given in later.given for later in attempts):
            attempts[:] = itertools.dropwhile(lambda attempt: given not in attempt.given, attempts)
        attempt = attempts.pop(0)
        if attempt.is_unreadable and attempt.function == function:
            return attempt
        if attempt.function != function or given not in attempt.given:
            attempts.clear()  # the run goes another way than it did: what follows belongs to the other one
            return None
        return attempt

    def read_choices(self) -> None:
        """Read what was chosen when the run was resumed from the same checkpoint before."""
        if self._file.last_seqs({"resumed"}).get("", {}).get("resumed", 0) <= self._after:
            return
        for row in self._file.page(0, _MANY, Filter(types=("resumed",))):
            chosen = self._details(row).get(CHOICES) if row.seq > self._after and row.code == RESUMED else None
            if isinstance(chosen, dict):
                self.choices = self._chosen(chosen).after(self.choices)

    def _chosen(self, recorded: dict[str, Any]) -> Edits:
        """Return recorded choices; what makes no sense in a file from elsewhere is left out, and so refused again."""
        payloads: dict[int, Any] = {}
        pairs, dropped = (each if isinstance(each, list) else [] for each in map(recorded.get, ("payloads", "drop")))
        for pair in pairs:
            if isinstance(pair, list) and len(pair) == 2 and _is_number(pair[0]):  # noqa: PLR2004 - a pair
                with contextlib.suppress(NotRestorableError):
                    payloads[pair[0]] = self._reconstructor.revive(pair[1])
        return Edits(payloads=payloads, drop=list(filter(_is_number, dropped)))

    def read(self, edits: Edits) -> "Journal":
        """Read what the file holds after the checkpoint.

        Args:
            edits: Which values are dropped or replaced, by number.
        """
        self._edits = edits
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
                what = f"the payload of the outside event {row.event_id}"
                is_known = self._inputs_seen <= self._known_inputs
                self.inputs.append((row.event_id or "", NO_DATA if is_known else self._value(row, what)))
        elif row.type == "operator":
            self._take_edit(row)
        elif row.type in _OUTCOMES:
            self._take_outcome(row)

    def _take_edit(self, row: Row) -> None:
        """Take in what a debugger changed: a queue, or a state after the last call of its step so far."""
        details = self._details(row)
        if details.get("queues"):
            self._take_queues(row, details["queues"])
        saved = self._file.state_of(row.path, row.seq) if details.get("state") else None
        if saved is None:
            return
        state = self._state(row.path, saved)
        count = self._counts[row.path]
        if count:
            self._by_path[row.path][count - 1].state = state
        else:
            self.edited[row.path] = state

    def _take_queues(self, row: Row, queues: Any) -> None:
        number = self._number(row)
        try:
            made = self._reconstructor.revive(queues)
            report = ""
        except NotRestorableError as error:
            report = f"what was changed by hand at event {row.seq}: {error} (it can only be dropped)"
            self.only_dropped.add(number)
        is_lost = report or number in self._edits.dropped
        self.queues += [LostValue(number, report)] if is_lost else made

    def _attempt(self, row: Row) -> Attempt:
        resumes = self._details(row).get("resumes")
        if resumes:
            attempt = self._by_seq.setdefault(resumes, Attempt(row.path, row.function or "", row.seq))
        else:
            attempts = self._by_path.setdefault(row.path, [])
            count = self._counts[row.path]
            self._counts[row.path] = count + 1
            if count == len(attempts):
                attempts.append(Attempt(row.path, row.function or "", row.seq, *self._given(row)))
            elif self.choices.payloads:  # another value may have been put in since the first time
                attempts[count].given |= self._given(row)[0]
            attempt = attempts[count]
        if not attempt.is_completed:
            attempt.seq, attempt.emissions, attempt.outputs = row.seq, [], []
        return attempt

    def _given(self, row: Row) -> tuple[frozenset[str], bool]:
        """Return how the arguments of a call are written, by the classes of then and of now; whether they are lost."""
        text = self._file.payload_text(row.data, MAX_BYTES)[0]
        texts = {comparable(text)}
        if '{"$":' not in text:
            return frozenset(texts), False
        try:
            live = self._reconstructor.revive(self._file.payload(row.data))
        except NotRestorableError:
            return frozenset(texts), True
        texts.add(comparable(encode(live).decode("utf-8", "replace")))
        return frozenset(texts), False

    def _take_outcome(self, row: Row) -> None:
        if row.type == "response":
            if is_secret(self._file.payload(row.data)):
                return  # it is asked again
            asked = self._questions.get(row.cause or 0) or self._file.row(row.cause or 0)
            prompt = self._prompt(asked)
            answer = self._value(row, f"the answer to {row.request_id} of {asked.path}.{asked.function}")
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
            value = self._value(row, f"the event {row.event_id} of {row.path}.{row.function}")
            attempt.emissions.append((row.event_id or "", value, visibility))
        elif row.type == "output":
            attempt.outputs.append(self._value(row, f"an output of {row.path}.{row.function}"))
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
        if not self._uses.result_of(row.path, row.function or ""):
            try:
                return self._payload(row)
            except NotRestorableError:
                return None  # nobody is ever given it
        self.only_replaced.add(self._number(row))
        return self._value(row, f"the result of {row.path}.{row.function}", "(it can only be replaced)")

    def _number(self, row: Row) -> int:
        return self._values + row.seq

    def _value(self, row: Row, what: str, note: str = "") -> Any:
        """Return the payload of a row, another one that was chosen for it, or a `LostValue`."""
        number, edits = self._number(row), self._edits
        report, value = "", None
        try:
            value = self._payload(row)
        except NotRestorableError as error:
            report = f"{what}: {error} {note}".rstrip()
        if number in edits.payloads:
            if report:
                self._replaced[number] = report
            return edits.payloads[number]
        is_dropped = number in edits.dropped and number not in self.only_replaced
        return LostValue(number, report) if report or is_dropped else value

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

    @property
    def unfit_values(self) -> dict[int, str]:
        """What cannot be made live again of all that is needed, by number: what each is, and why."""
        lost = [data for _, data in self.inputs] + list(self.queues)
        for attempt in self._attempts():
            if attempt.is_completed:
                lost += [attempt.result, *attempt.outputs, *(data for _, data, _ in attempt.emissions)]
            else:
                lost += [question.answer for question in attempt.questions.values()]
        reports = {each.number: each.report for each in lost if isinstance(each, LostValue) and each.report}
        return dict(sorted({**reports, **self._replaced}.items()))

    def leave_out(self) -> None:
        """Go on without the values that do not come back: without their messages, with their questions open again."""
        self.queues = [queue for queue in self.queues if not isinstance(queue, LostValue)]
        for attempt in self._attempts():
            attempt.emissions = [each for each in attempt.emissions if not isinstance(each[1], LostValue)]
            attempt.outputs = [each for each in attempt.outputs if not isinstance(each, LostValue)]
            for name, question in attempt.questions.items():
                if isinstance(question.answer, LostValue):
                    attempt.questions[name] = RecordedQuestion(question.request_id, question.prompt)

    def _attempts(self) -> list[Attempt]:
        return [*self._by_seq.values(), *(attempt for some in self._by_path.values() for attempt in some)]

    def open_questions(self) -> set[str]:
        """Return the ids of the questions that were asked and not answered, in calls that are made again."""
        return {
            question.request_id
            for attempt in self._attempts()
            if not attempt.is_completed
            for question in attempt.questions.values()
            if not question.is_answered
        }


def _is_number(value: Any) -> bool:
    return type(value) is int and value >= 0


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
