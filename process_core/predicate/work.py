"""How much work one evaluation of a predicate may do, counted so that it is the same on every machine.

A unit is a step of a loop over a payload, or some sixty characters that are gone through: less than a microsecond. What
takes less than a few units is not counted; the length of a predicate limits that.
"""

import threading
from decimal import Decimal
from typing import Any, Final

from process_core.predicate.errors import TooMuchWork

LIMIT: Final = 50_000
"""Units that an evaluation may take: some tens of milliseconds."""
_CHARACTERS_PER_UNIT: Final = 64
_BYTES_PER_UNIT: Final = 8


class _Left(threading.local):
    units = LIMIT


_left = _Left()


def begin() -> None:
    """Begin an evaluation in this thread."""
    _left.units = LIMIT


def spend(units: int, column: int) -> None:
    """Count work that is about to be done.

    Raises:
        TooMuchWork: It is more than what is left.
    """
    _left.units -= units
    if _left.units < 0:
        raise TooMuchWork(column)


def weigh(value: Any) -> int:
    """Return the units that going through an atom takes: comparing it, or changing its letters."""
    kind = type(value)
    if kind is str or kind is bytes:
        return len(value) // _CHARACTERS_PER_UNIT
    if kind is int:
        return int(value.bit_length()) // (8 * _BYTES_PER_UNIT)
    return int(Decimal.__sizeof__(value)) // _BYTES_PER_UNIT if kind is Decimal else 0
