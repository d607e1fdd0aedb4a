"""What is on its way at a recorded point, value by value: where one does not fit it can be dropped or replaced."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from process_core.resume.edits import Edits
from process_core.resume.reconstruct import NotRestorableError, Reconstructor, losses
from process_core.runfile.codec.decode import is_secret

_NOT_VALUES: Final = frozenset({"root", "inputs", "early_answers", "stranded"})


@dataclass(frozen=True, slots=True)
class RecordedValue:
    """A value at a checkpoint: of a message, a call that waits, an answer.

    Attributes:
        name: What it is, for the user.
        holder: What it stands in.
        key: Where in it.
        drop: Goes on without it: without its message, or without its call, or with its question open again.
        is_answer: Whether it is the answer to a question.
        is_prompt: Whether it is a question, which is asked again in the words of the code.
    """

    name: str
    holder: Any
    key: Any
    drop: Callable[[], Any]
    is_answer: bool = False
    is_prompt: bool = False

    @property
    def data(self) -> Any:
        """The value."""
        return self.holder[self.key]

    def replace(self, data: Any) -> None:
        """Put another value in its place."""
        self.holder[self.key] = data


class RecordedValues:
    """The values of a checkpoint, in a fixed order: those of the messages that are pending at the root come first.

    Args:
        extra: What a checkpoint holds beside states, as the run file has it; it is changed.
        reconstructor: Makes values live again.
    """

    def __init__(self, extra: Any, reconstructor: Reconstructor) -> None:
        self._extra = extra
        self._reconstructor = reconstructor
        self._blob: Any = None
        ask_again(extra)
        self._values = recorded_values(extra)
        for value in self._values:
            if value.is_prompt and (losses(value.data, reconstructor.find) or self._why_not(value.data)):
                value.replace(None)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def inputs(self) -> int:
        """How many outside events had come and were not delivered yet."""
        entries = self._extra.get("inputs") if isinstance(self._extra, dict) else None
        return len(entries) if isinstance(entries, list) else 0

    def unfit(self) -> dict[int, str]:
        """Return those that cannot be made live again, by number: what each is, and why."""
        lost = {
            number: f"{value.name}: {'; '.join(reasons)}"
            for number, value in enumerate(self._values)
            if (reasons := losses(value.data, self._reconstructor.find))
        }
        if not lost and self._fits_as_a_whole():
            return {}
        for number, value in enumerate(self._values):
            if number not in lost and (reason := self._why_not(value.data)):
                lost[number] = f"{value.name}: {reason}"
        return dict(sorted(lost.items()))

    def _fits_as_a_whole(self) -> bool:
        """Whether all can be made live again, as mostly it can; then it need not be made a second time."""
        try:
            self._blob = self._reconstructor.revive(self._extra)
        except NotRestorableError:
            return False
        return True

    def _why_not(self, data: Any) -> str:
        try:
            self._reconstructor.revive(data)
        except NotRestorableError as error:
            return str(error)
        return ""

    def name(self, number: int) -> str:
        """Return what a value is; one that came after the checkpoint has no name here."""
        return self._values[number].name if 0 <= number < len(self) else "what came after the checkpoint"

    def revive(self, edits: Edits) -> Any:
        """Return what the checkpoint holds, live, with the values that were chosen dropped or replaced.

        Args:
            edits: `payloads` and the numbers of `drop` count, as far as they are of values here.

        Raises:
            NotRestorableError: Something else in it cannot be made live again.
        """
        chosen = [number for number in (*edits.payloads, *edits.dropped) if number < len(self)]
        if not chosen and self._blob is not None:
            return self._blob
        for number in chosen:
            self._values[number].replace(None)
        blob = self._reconstructor.revive(self._extra)
        values = recorded_values(blob) if chosen else ()
        for number in sorted(chosen, reverse=True):  # the last first: dropping one moves those behind it
            if number in edits.payloads:
                values[number].replace(edits.payloads[number])
            else:
                values[number].drop()
        return blob


def recorded_values(extra: Any) -> list[RecordedValue]:
    """Return the values that a checkpoint holds beside states; none where it makes no sense, which its user reports."""
    try:
        return list(_values(extra))
    except (AttributeError, LookupError, TypeError, ValueError):
        return []


def lost_values(extra: Any, find: Callable[[str], Any]) -> list[str]:
    """Return what of a checkpoint, beside states, was not recorded exactly, with the message or call it belongs to."""
    ask_again(extra)
    values = [value for value in recorded_values(extra) if not value.is_prompt]
    lost = [f"{value.name}: {loss}" for value in values for loss in losses(value.data, find)]
    others = {name: part for name, part in extra.items() if name not in _NOT_VALUES} if isinstance(extra, dict) else {}
    return [*lost, *losses(others, find)]


def ask_again(extra: Any) -> None:
    """Make questions that were answered in secret open ones again: the answers are not recorded, which is no loss."""
    for value in recorded_values(extra):
        if value.is_answer and is_secret(value.data):
            value.drop()


def _values(extra: Mapping[str, Any]) -> Iterator[RecordedValue]:
    root = extra["root"]
    yield from _messages(root, "pending", "")
    for entry in extra["inputs"]:
        name = f"the payload of the outside event {entry['event']}"
        yield RecordedValue(name, entry, "data", partial(_remove, extra["inputs"], entry))
    yield from _process(root, "")
    answers = extra.get("early_answers", {})
    for request_id in answers:
        drop = partial(answers.pop, request_id, None)
        yield RecordedValue(f"the answer to {request_id}", answers, request_id, drop, is_answer=True)
    for entry in extra.get("stranded", ()):
        name = f"the payload of the undeliverable {entry['event_id']}"
        yield RecordedValue(name, entry, "data", partial(_remove, extra["stranded"], entry))


def _messages(process: Mapping[str, Any], kind: str, prefix: str) -> Iterator[RecordedValue]:
    for entry in process.get(kind, ()):
        name = f"the payload of {prefix}{entry['route']}"
        yield RecordedValue(name, entry, "data", partial(_remove, process[kind], entry))


def _process(process: Mapping[str, Any], prefix: str) -> Iterator[RecordedValue]:
    """Yield the values of a process at a checkpoint, but for its pending messages."""
    yield from _messages(process, "held", prefix)
    for entry in process.get("waiting", ()):
        place = f"{prefix}{entry['step']}.{entry['function']}"
        for parameter, fifo in zip(entry["inputs"], entry["fifos"], strict=True):
            for value in fifo:
                drop = partial(_remove_buffered, process["waiting"], entry, fifo, value)
                yield RecordedValue(f"what waits for {place}({parameter})", value, "data", drop)
    for kind in ("parked", "queued"):
        for entry in process.get(kind, ()):
            yield from _call(entry, f"{prefix}{entry['step']}", partial(_remove, process[kind], entry))
    for name, inner in process.get("nested", {}).items():
        yield from _messages(inner, "pending", f"{prefix}{name}/")
        yield from _process(inner, f"{prefix}{name}/")


def _call(entry: Mapping[str, Any], path: str, drop: Callable[[], Any]) -> Iterator[RecordedValue]:
    """Yield the values of a call that waits, or of the element of a map; `drop` goes on without the whole call."""
    call = f"{path}.{entry['function']}" if "function" in entry else path
    for name in entry.get("arguments", ()):
        yield RecordedValue(f"argument {name} of {call}", entry["arguments"], name, drop)
    for question in entry.get("questions", ()):
        _, request_id, _, is_answered, _ = question
        again = partial(_open_again, question)
        yield RecordedValue(f"the question {request_id} of {call}", question, 2, again, is_prompt=True)
        if is_answered:
            yield RecordedValue(f"the answer to {request_id} of {call}", question, 4, again, is_answer=True)
    if "forced" in entry:
        yield RecordedValue(f"the result forced on {call}", entry["forced"], 0, drop)
    if "result" in entry:
        yield RecordedValue(f"the result of {call}", entry, "result", drop)
    for emission in entry.get("emissions", ()):
        without = partial(_remove, entry["emissions"], emission)
        yield RecordedValue(f"the event {emission[0]} of {call}", emission, 1, without)
    outputs = entry.get("outputs", ())
    for index in range(len(outputs)):
        yield RecordedValue(f"an output of {call}", outputs, index, partial(outputs.pop, index))
    if "process" in entry:
        yield from _messages(entry["process"], "pending", f"{path}/")
        yield from _process(entry["process"], f"{path}/")
    for index, element in enumerate(entry.get("elements", ())):
        yield from _call(element, f"{path}[{index}]", drop)


def _remove(entries: list[Any], entry: Any) -> None:
    entries[:] = [each for each in entries if each is not entry]


def _remove_buffered(waiting: list[Any], join: Mapping[str, Any], fifo: list[Any], value: Any) -> None:
    _remove(fifo, value)
    if not any(join["fifos"]):
        _remove(waiting, join)


def _open_again(question: list[Any]) -> None:
    question[3:] = [False, None]
