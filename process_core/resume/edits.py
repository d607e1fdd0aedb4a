"""What is changed at the point from which a run is forked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from process_core.errors import ProcessError


class EditError(ProcessError, ValueError):
    """An edit that makes no sense at the point it is made for; says why."""


@dataclass(frozen=True, slots=True)
class Edits:
    """Changes to a point of a run.

    Pending messages are counted from 0, in order of delivery at the root.

    Attributes:
        states: Step path -> new state; checked against the step's state type.
        payloads: Number of a pending message -> new payload.
        drop: Numbers of pending messages that are not delivered.
        inject: Outside events to send besides: id and payload.
    """

    states: Mapping[str, Any] = field(default_factory=dict)
    payloads: Mapping[int, Any] = field(default_factory=dict)
    drop: Sequence[int] = ()
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

    def apply(self, pending: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Change pending messages.

        Args:
            pending: The messages of the root, as the checkpoint has them.

        Returns:
            Those left, changed.

        Raises:
            EditError: A number is out of range.
        """
        for number in (*self.payloads, *self.drop):
            if not 0 <= number < len(pending):
                raise EditError(f"there is no pending message {number}; there are {len(pending)}, counted from 0")
        changed = [
            {**message, "data": self.payloads[number]} if number in self.payloads else message
            for number, message in enumerate(pending)
        ]
        return [message for number, message in enumerate(changed) if number not in self.drop]
