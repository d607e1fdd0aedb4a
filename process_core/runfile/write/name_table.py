"""Numbers for the combinations of names that events have."""

from dataclasses import dataclass
from typing import Any, Final

STATE: Final = 6
"""Place of the state in a combination."""
CODE: Final = 8
"""Place of the code."""
_REMEMBERED = 50_000

Shape = tuple[Any, ...]
"""Type, path, step, function, event id, route, state, response type, code, generation of the code."""


@dataclass(slots=True)
class NameItem:
    """A combination on its way into the file."""

    number: int
    shape: Shape


class NameTable:
    """Numbers combinations; used by the run's thread.

    It forgets all of them when there are too many, so that one may have several numbers.

    Args:
        first: The first number to give.

    Attributes:
        common: Those that have neither state nor code: type, path, step, function, event id, route, response type and
            generation -> number.
    """

    def __init__(self, first: int) -> None:
        self.common: dict[tuple[Any, ...], int] = {}
        self._others: dict[Shape, int] = {}
        self._next = first

    def number(self, shape: Shape) -> tuple[int, bool]:
        """Give the number of a combination.

        Args:
            shape: The combination.

        Returns:
            Its number, and whether it is a new one that has to be written.
        """
        known: dict[tuple[Any, ...], int] = self._others
        key = shape
        if shape[STATE] is None and shape[CODE] is None:
            known, key = self.common, (*shape[:STATE], *shape[STATE + 1 : CODE], *shape[CODE + 1 :])
        try:
            number = known.get(key)
        except TypeError:  # a name that is no text and cannot even be hashed
            self._next += 1
            return self._next - 1, True
        if number is not None:
            return number, False
        number, self._next = self._next, self._next + 1
        if len(known) >= _REMEMBERED:
            known.clear()
        known[key] = number
        return number, True
