"""The commands that change a paused run; each is an `operator` event, and can be undone until the run goes on.

Each answers with an `EditResult`. Payloads and states travel as plain JSON.
"""

from typing import Any, Final, Literal

from process_core.session.protocol.envelope import Command, Message


class EditResult(Message):
    """What was done to a run; the value of the reply.

    Attributes:
        text: In one line, e.g. `dropped OrderPlaced -> Stock.reserve(order)`.
        seq: Seq of its `operator` event.
    """

    text: str
    seq: int | None = None


class Editable(Message):
    """Something in full, to be edited; the value of the reply to `ReadMessage` and `ReadState`.

    Attributes:
        value: As plain JSON; what JSON cannot say is a text.
        is_exact: Whether sending `value` back would change nothing.
        schema_: JSON schema of what may be sent, where the type is known.
    """

    value: Any = None
    is_exact: bool = True
    schema_: dict[str, Any] | None = None


class MoveMessage(Command):
    """Deliver a pending message at another place among those of its process; 0 is first."""

    type: Literal["move_message"] = "move_message"
    message: int
    place: int = 0


class HoldMessage(Command):
    """Keep a pending message back until it is let go, or let it go."""

    type: Literal["hold_message"] = "hold_message"
    message: int
    held: bool = True


class DropMessage(Command):
    """Never deliver a pending message."""

    type: Literal["drop_message"] = "drop_message"
    message: int


class DuplicateMessage(Command):
    """Deliver a pending message once more, right after itself."""

    type: Literal["duplicate_message"] = "duplicate_message"
    message: int


class ReadMessage(Command):
    """Ask for the payload of a pending message; answers with `Editable`."""

    type: Literal["read_message"] = "read_message"
    message: int


class EditMessage(Command):
    """Give a pending message another payload."""

    type: Literal["edit_message"] = "edit_message"
    message: int
    data: Any


class Inject(Command):
    """Bring an event into a paused run.

    Attributes:
        event: The event id.
        data: Its payload.
        has_data: Whether there is one.
        step: Path of the step to emit it; None brings it from outside.
    """

    type: Literal["inject"] = "inject"
    event: str
    data: Any = None
    has_data: bool = False
    step: str | None = None


class ReadState(Command):
    """Ask for the state of a step; answers with `Editable`."""

    type: Literal["read_state"] = "read_state"
    path: str


class EditState(Command):
    """Give a step another state, checked against its model.

    Attributes:
        path: The step.
        state: The whole state; a partial mapping is refused where a field without default is missing.
    """

    type: Literal["edit_state"] = "edit_state"
    path: str
    state: Any


class ForceComplete(Command):
    """End a call that waits for an answer, or the next message's call, as if it had returned.

    Attributes:
        path: The step.
        result: What it is to return.
    """

    type: Literal["force_complete"] = "force_complete"
    path: str
    result: Any = None


class Undo(Command):
    """Take the last act back."""

    type: Literal["undo"] = "undo"


ACTS: Final[tuple[type[Command], ...]] = (
    MoveMessage,
    HoldMessage,
    DropMessage,
    DuplicateMessage,
    EditMessage,
    Inject,
    EditState,
    ForceComplete,
    Undo,
)
"""What answers with an `EditResult`."""
READS: Final[tuple[type[Command], ...]] = (ReadMessage, ReadState)
"""What answers with an `Editable`."""
