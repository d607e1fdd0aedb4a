"""Numbers for the combinations of names that events have."""

from dataclasses import dataclass
from typing import Any, Final

STATE: Final = 6
"""Place of the state in a combination."""
CODE: Final = 8
"""Place of the code."""
GENERATION: Final = 9
"""Place of the generation."""
_NONE: Final = (None,) * (GENERATION - STATE)
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
        common: Those of the present generation that have neither state, response type nor code, by their first six
            names. Kept apart since most events are of this kind, and the key is made for each of them. Whoever has
            a shorter key for a combination may add it; it is forgotten with the others.
    """

    def __init__(self, first: int) -> None:
        self.common: dict[tuple[Any, ...], int] = {}
        self._others: dict[Shape, int] = {}
        self._next = first

    def new_generation(self) -> None:
        """Forget the combinations of the code so far; those of the next have numbers of their own."""
        self.common.clear()

    def number(self, shape: Shape) -> tuple[int, bool]:
        """Return the number of a combination, and whether it is new and has to be written."""
        known: dict[tuple[Any, ...], int] = self._others
        key = shape
        if shape[STATE:GENERATION] == _NONE:
            known, key = self.common, shape[:STATE]
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
