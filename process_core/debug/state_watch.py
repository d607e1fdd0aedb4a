"""What watchpoints compare: the value at a path of a step's state, and what it was when it was last looked at."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from process_core.debug.breakpoints import Breakpoint
from process_core.engine.records import RunRecord, StepInstance
from process_core.predicate import PredicateEvaluationError, describe
from process_core.runfile.codec.encode import encode

_SHOWN: Final = 60
_NOTHING: Final = b""


class Change(NamedTuple):
    """A value that is another one now.

    Attributes:
        breakpoint: The watchpoint.
        value: The new value; None where there is none any more.
        words: Both of them, for a person.
    """

    breakpoint: Breakpoint
    value: Any
    words: str


class _Seen(NamedTuple):
    body: bytes
    """The value as a recording has it: it changes with the value, also where that is changed in place."""
    shown: str


class StateWatch:
    """Compares what watchpoints look at. No code of the state's classes runs for that.

    Args:
        run: The run.
    """

    def __init__(self, run: RunRecord) -> None:
        self._run = run
        self._seen: dict[tuple[Breakpoint, str], _Seen] = {}

    def note(self, points: Iterable[Breakpoint]) -> None:
        """Take the values as they are now for what the next ones are compared with."""
        self._seen = {}
        for point in points:
            for path in point.paths or ():
                slot = self._run.step_at(path)
                if slot is not None:
                    self._seen[point, path] = _look(point, slot)[1]

    def changes(self, points: Iterable[Breakpoint], slot: StepInstance) -> Iterator[Change]:
        """Return which values of a step have changed since they were last looked at."""
        for point in points:
            key = point, slot.path
            if key not in self._seen:  # an element of a map, whose state ends with it
                continue
            before = self._seen[key]
            value, now = _look(point, slot)
            if now.body != before.body:
                self._seen[key] = now
                what = f"{slot.path}{point.state_path}"
                yield Change(point, value, f"state {what}: {before.shown} → {now.shown}")


def _look(point: Breakpoint, slot: StepInstance) -> tuple[Any, _Seen]:
    assert point.watched is not None
    try:
        value = point.watched.value(slot.state)
    except PredicateEvaluationError:  # there is nothing at that path, for now
        return None, _Seen(_NOTHING, "nothing")
    text = describe(value)
    return value, _Seen(encode(value), text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
