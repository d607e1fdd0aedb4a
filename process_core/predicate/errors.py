"""What can be wrong with a predicate: its text, or what it meets in a payload."""

import unicodedata
from collections.abc import Callable

from process_core.errors import ProcessError

_SHOWN = 72  # characters of the text that an error shows: a line of a narrow terminal


class PredicateError(ProcessError):
    """A text that is not a predicate.

    Attributes:
        text: The text.
        problem: What is wrong, in a sentence.
        column: Where, from 1.
    """

    def __init__(self, text: str, problem: str, column: int) -> None:
        super().__init__(text, problem, column)
        self.text = text
        self.problem = problem
        self.column = max(1, min(column, len(text) + 1))

    def __str__(self) -> str:
        return f"{self.problem} (column {self.column})\n{self.pointer}"

    @property
    def pointer(self) -> str:
        """The text, or the part that matters, and below it a caret at the column."""
        at = self.column - 1
        start = max(0, min(at - _SHOWN // 2, len(self.text) - _SHOWN))
        before = self._show(start, at)
        after = self._show(at, start + _SHOWN)
        lead, tail = "…" if start else "", "…" if start + _SHOWN < len(self.text) else ""
        width = len(lead) + sum(map(cells_of, before))
        return f"  {lead}{before}{after}{tail}\n  {' ' * width}^"

    def _show(self, start: int, end: int) -> str:
        return "".join(char if char.isprintable() else "\ufffd" for char in self.text[start:end])


class PredicateEvaluationError(PredicateError):
    """A predicate that met something it cannot decide: a missing attribute, operands that do not compare.

    Attributes:
        text: The text of the predicate.
        problem: What is wrong, in a sentence.
        column: Which part of the predicate, from 1.
    """


class Fault(Exception):  # noqa: N818 - a signal between the operations and their predicate, never seen outside
    """An operation that cannot be done on these values.

    Attributes:
        column: Column of the operation in the text, from 1.
    """

    def __init__(self, problem: str | Callable[[], str], column: int) -> None:
        super().__init__(problem, column)
        self._problem = problem
        self.column = column

    @property
    def problem(self) -> str:
        """Why not, in a sentence; worded only when asked, since a filter never asks."""
        return self._problem if isinstance(self._problem, str) else self._problem()


class TooMuchWork(Fault):
    """Operations that together take more work than one evaluation may."""

    def __init__(self, column: int) -> None:
        super().__init__("it takes more work than a predicate may do", column)


def cells_of(char: str) -> int:
    """Return how many cells of a terminal a character takes."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
