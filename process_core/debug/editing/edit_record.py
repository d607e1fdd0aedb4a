"""What an operator does to a run: the record of one act, and the reasons for refusing one."""

from collections.abc import Callable
from dataclasses import dataclass

from process_core.errors import ProcessError


class EditingError(ProcessError):
    """An act makes no sense now; nothing has changed.

    Attributes:
        code: Stable name of the reason.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class EditRecord:
    """What was done to a run by hand.

    Attributes:
        code: Which act, e.g. `drop`.
        text: In one line, for a person.
        seq: Seq of its `operator` event, None where nothing records.
    """

    code: str
    text: str
    seq: int | None


Restore = Callable[[], None]
"""Puts back what an act has changed."""
