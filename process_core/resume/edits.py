"""What is changed at the point from which a run is forked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from process_core.errors import ProcessError


class EditError(ProcessError, ValueError):
    """An edit that makes no sense at the point it is made for; says why."""


@dataclass(frozen=True, slots=True)
class Edits:
    """Changes to a point of a run.

    What is on its way is counted from 0: first the messages that are pending at the root, in order of delivery. What
    comes after them (in nested processes, joins, calls that wait) is numbered by the error that refuses it.

    Attributes:
        states: Step path -> new state; checked against the step's state type.
        payloads: Number of a pending message -> new payload.
        drop: Numbers of pending messages that are not delivered; True for all that cannot be made live again.
        inject: Outside events to send besides: id and payload.
    """

    states: Mapping[str, Any] = field(default_factory=dict)
    payloads: Mapping[int, Any] = field(default_factory=dict)
    drop: bool | Sequence[int] = ()
    inject: Sequence[tuple[str, Any]] = ()

    @classmethod
    def of(cls, given: "Edits | Mapping[str, Any] | None") -> "Edits":
        """Take edits as they are, or as a mapping of their fields.

        Args:
            given: `Edits`, `{"states": ..., "payloads": ..., "drop": ..., "inject": ...}`, or None.

        Raises:
            EditError: A field is unknown.
        """
        if given is None or isinstance(given, Edits):
            return given or cls()
        unknown = sorted(set(given) - set(cls.__slots__))
        if unknown:
            raise EditError(f"edits have no {', '.join(map(repr, unknown))}; there is {', '.join(cls.__slots__)}")
        return cls(**given)

    @property
    def dropped(self) -> Sequence[int]:
        """The numbers that `drop` names."""
        return () if isinstance(self.drop, bool) else self.drop

    def dropping(self, numbers: Iterable[int]) -> "Edits":
        """Return the same with these numbers dropped, but for those that are replaced."""
        return replace(self, drop=sorted({*numbers} - self.payloads.keys()))

    def after(self, earlier: "Edits") -> "Edits":
        """Return these choices, and by number those of earlier edits that these do not choose otherwise."""
        payloads = {n: data for n, data in earlier.payloads.items() if n not in self.dropped} | dict(self.payloads)
        return replace(self, payloads=payloads).dropping({*earlier.dropped, *self.dropped} - self.payloads.keys())

    def check_numbers(self, count: int) -> None:
        """Check that there are so many values.

        Raises:
            EditError: A number is out of range.
        """
        for number in (*self.payloads, *self.dropped):
            if not 0 <= number < count:
                raise EditError(f"there is no pending message {number}; there are {count}, counted from 0")
