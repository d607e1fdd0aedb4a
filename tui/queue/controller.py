"""What the screen asks of a session to change a paused run, in the user's terms; knows nothing of widgets."""

from collections.abc import Sequence
from typing import Any

from process_core.session.protocol.status import PendingMessage
from process_core.session.protocol.verbs import (
    Command,
    DropMessage,
    DuplicateMessage,
    Editable,
    EditMessage,
    EditResult,
    EditState,
    ForceComplete,
    HoldMessage,
    Inject,
    MoveMessage,
    ReadMessage,
    ReadState,
    Undo,
)
from process_core.suggestions import full_path, suggestion
from tui.commands.parser import read_number, split_event
from tui.run_controller import RefusedError, RunControl
from tui.text.safe_text import MESSAGE, NAME, safe
from tui.typed_json import TypedJsonError, read_json


class QueueController:
    """Moves, holds, drops and edits what is pending, and the states of steps."""

    def __init__(self, control: RunControl) -> None:
        self._control = control

    async def act(self, command: Command) -> str:
        """Send an edit of the run; return what was done, as a safe line.

        Raises:
            RefusedError: The worker refused it.
        """
        done = await self._control.ask(command)
        text = done.text if isinstance(done, EditResult) else str(done or "done")
        return safe(text, MESSAGE)

    async def move(self, message: int, place: int) -> str:
        """Move a message to another place of the queue, counted from 0."""
        return await self.act(MoveMessage(message=message, place=place))

    async def hold(self, message: int, *, held: bool) -> str:
        """Hold a message, or release it."""
        return await self.act(HoldMessage(message=message, held=held))

    async def drop(self, message: int) -> str:
        """Never deliver a message."""
        return await self.act(DropMessage(message=message))

    async def duplicate(self, message: int) -> str:
        """Deliver a message once more."""
        return await self.act(DuplicateMessage(message=message))

    async def edit(self, message: int, data: Any) -> str:
        """Replace the payload of a message."""
        return await self.act(EditMessage(message=message, data=data))

    async def undo(self) -> str:
        """Undo the last change."""
        if self._control.status.undo is None:
            raise RefusedError("there is nothing to undo: changes can be taken back until the run goes on")
        return await self.act(Undo())

    async def read_message(self, message: int) -> Editable:
        """Return the payload of a message, to be edited."""
        payload: Editable = await self._control.ask(ReadMessage(message=message))
        return payload

    async def read_state(self, path: str) -> Editable:
        """Return the state of a step, to be edited."""
        state: Editable = await self._control.ask(ReadState(path=path))
        return state

    async def edit_state(self, path: str, state: Any) -> str:
        """Replace the state of a step."""
        return await self.act(EditState(path=path, state=state))

    async def complete(self, argument: str) -> str:
        """End a call as if it had returned; `argument` is its step, and the result as JSON after it."""
        path, text = self.split_step(argument)
        return await self.act(ForceComplete(path=path, result=json_of(text) if text else None))

    async def inject(self, argument: str) -> str:
        """Inject an event; `argument` is `EVENT_ID [JSON] [from STEP]`.

        Raises:
            RefusedError: It cannot be read, or the worker refused it.
        """
        event, rest = split_event(argument, self._control.events)
        text, step = rest, None
        head, word, tail = f" {rest}".rpartition(" from ")
        if word and _is_json(head.strip()):  # only then is what follows not part of the JSON
            text, step = head.strip(), tail.strip()
            step = full_path(step, self._control.steps)
            if step not in self._control.steps:
                raise RefusedError(f"no step {safe(step, NAME)!r}{suggestion(step, self._control.steps)}")
        loaded = self._control.loaded
        if step is None and loaded is not None and event not in loaded.input_events:
            sources = dict.fromkeys(safe(e.source, NAME) for e in loaded.edges if e.event_id == event and e.source)
            if sources:
                shown = safe(event, NAME)
                raise RefusedError(f"{shown} is not an input event: inject {shown} [JSON] from {' or '.join(sources)}")
        data = json_of(text) if text else None
        return await self.act(Inject(event=event, data=data, has_data=bool(text), step=step))

    def split_step(self, argument: str) -> tuple[str, str]:
        """Split what was typed into a step's path and what follows it.

        Raises:
            RefusedError: There is no such step.
        """
        steps = self._control.steps
        path, rest = split_event(argument, steps)
        path = full_path(path, steps)
        if path not in steps:
            raise RefusedError(f"no step {safe(path, NAME)!r}{suggestion(path, steps)}")
        return path, rest


def number_of(argument: str, messages: Sequence[PendingMessage], selected: PendingMessage | None) -> tuple[int, str]:
    """Return the number of the message that is meant, and what follows it; without a number, the selected message.

    Raises:
        RefusedError: There is no such message.
    """
    word, _, rest = argument.partition(" ")
    number = read_number(word.lstrip("#"))
    if number is not None:
        if all(message.id != number for message in messages):
            numbers = ", ".join(str(message.id) for message in messages[:8]) or "none"
            more = ", ..." if len(messages) > 8 else ""  # noqa: PLR2004 - as many as were listed
            raise RefusedError(f"no message {number} is pending (there are: {numbers}{more})")
        return number, rest.strip()
    if word:
        raise RefusedError(f"{safe(word, NAME)!r} is not a message number; the queue (6) lists them")
    if selected is None:
        wanted = "select a message in the queue (6), or give its number"
        raise RefusedError(wanted if messages else "nothing is pending")
    return selected.id, ""


def json_of(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        RefusedError: It is not JSON; the text says where.
    """
    try:
        return read_json(text)
    except TypedJsonError as error:
        raise RefusedError(f"this is {error}") from None


def _is_json(text: str) -> bool:
    if not text:
        return True
    try:
        read_json(text)
    except TypedJsonError:
        return False
    return True
