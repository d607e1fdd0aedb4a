"""The actions that change a paused run: its queue, its payloads and the states of its steps."""

from collections.abc import Awaitable, Callable
from typing import Any

from process_core.session.protocol.status import PendingMessage
from process_core.session.protocol.verbs import Editable
from tui.actions import BY_NAME, Panel
from tui.commands.command_line import LineKind
from tui.commands.parser import read_number
from tui.queue.controller import json_of, number_of
from tui.run_controller import RefusedError
from tui.screens.dispatcher import ActionHandlers
from tui.screens.editor import EditorScreen
from tui.screens.parts import ScreenParts
from tui.screens.presenter import Presenter
from tui.text.safe_text import safe

_NAME = 60


class QueueHandler:
    """Edits what is pending, states, and calls."""

    def __init__(self, parts: ScreenParts, presenter: Presenter) -> None:
        self._parts = parts
        self._presenter = presenter
        self._queue = parts.queue_control
        self._drafts: dict[tuple[object, ...], str] = {}  # typed into an editor and not saved, by what it edits

    @property
    def actions(self) -> ActionHandlers:
        """What it does, by action."""
        return {
            "first": self.first,
            "earlier": self.earlier,
            "later_on": self.later_on,
            "move": self.move,
            "hold_toggle": self.hold_toggle,
            "hold": self.hold,
            "letgo": self.letgo,
            "drop": self.drop,
            "dup": self.dup,
            "edit": self.edit,
            "inject": self.inject,
            "state": self.state,
            "complete": self.complete,
            "undo": self.undo,
        }

    def _done(self, text: str) -> None:
        undo = " · z undoes" if self._parts.status.undo is not None else ""
        self._parts.say(f"{text}{undo}")
        self._presenter.read_queue_again()

    async def _message(self, argument: str) -> tuple[int, str]:
        """Return the message that is meant; the panel may not have been shown yet, so the worker is asked."""
        queue = self._parts.queue
        if not argument and self._parts.panel is Panel.QUEUE and queue.selected_waiting is not None:
            raise RefusedError("this is a call that waits for more inputs, not a message; W says which")
        messages = await self._parts.control.pending()
        number, rest = number_of(argument, messages, queue.selected or _next(messages))
        if not number:
            raise RefusedError("the code has no place for this message; it is delivered once a save brings that back")
        return number, rest

    async def _message_alone(self, argument: str) -> int:
        number, rest = await self._message(argument)
        if rest:
            raise RefusedError(f"{safe(rest, 40)!r} is too much: one message number is enough")
        return number

    async def first(self, argument: str) -> None:
        """Deliver a message first."""
        self._done(await self._queue.move(await self._message_alone(argument), 0))

    async def earlier(self) -> None:
        """Deliver the selected message one place earlier."""
        await self._move_by(-1)

    async def later_on(self) -> None:
        """Deliver the selected message one place later."""
        await self._move_by(1)

    async def _move_by(self, places: int) -> None:
        number, _ = await self._message("")
        order = [message.id for message in self._beside(number)]
        place = order.index(number) + places
        if not 0 <= place < len(order):
            raise RefusedError(f"this message is the {'first' if places < 0 else 'last'} already")
        self._done(await self._queue.move(number, place))

    def _beside(self, number: int) -> list[PendingMessage]:
        """Return the messages of the same process: a message keeps to its own."""
        messages = self._parts.queue.messages
        mine = next((message for message in messages if message.id == number), None)
        if mine is None:
            raise RefusedError("the queue has just changed; look again")
        return [message for message in messages if _scope(message) == _scope(mine)]

    async def move(self, argument: str) -> None:
        """Deliver a message at another place."""
        number, rest = await self._message(argument)
        place = read_number(rest)
        if not place:
            raise RefusedError("move which message where? move NUMBER PLACE, 1 is first")
        self._done(await self._queue.move(number, place - 1))

    async def hold_toggle(self) -> None:
        """Hold the selected message, or let it go."""
        selected = self._parts.queue.selected
        held = selected is None or not selected.held
        self._done(await self._queue.hold(await self._message_alone(""), held=held))

    async def hold(self, argument: str) -> None:
        """Hold a message."""
        self._done(await self._queue.hold(await self._message_alone(argument), held=True))

    async def letgo(self, argument: str) -> None:
        """Let a message go."""
        if argument != "all":
            self._done(await self._queue.hold(await self._message_alone(argument), held=False))
            return
        held = [message.id for message in await self._parts.control.pending() if message.held and message.id]
        if not held:
            raise RefusedError("no message is held")
        for number in held:
            text = await self._queue.hold(number, held=False)
        self._done(text if len(held) == 1 else f"let {len(held)} messages go")

    async def drop(self, argument: str) -> None:
        """Never deliver a message."""
        self._done(await self._queue.drop(await self._message_alone(argument)))

    async def dup(self, argument: str) -> None:
        """Deliver a message once more."""
        self._done(await self._queue.duplicate(await self._message_alone(argument)))

    async def edit(self, argument: str) -> None:
        """Put another payload into a message."""
        number, text = await self._message(argument)
        if text:
            self._done(await self._queue.edit(number, json_of(text)))
            return

        async def save(value: Any) -> str:
            return await self._queue.edit(number, value)

        editable = await self._queue.read_message(number)
        self._open_editor(f"Payload of message {number}", ("message", number), editable, save)

    def inject(self, argument: str) -> Awaitable[None] | None:
        """Bring an event into the run; without one, ask for it on the command line, at once."""
        if argument:
            return self._inject(argument)
        self._parts.line.open(LineKind.COMMAND, f"{BY_NAME['inject'].word} ")
        return None

    async def _inject(self, argument: str) -> None:
        self._done(await self._queue.inject(argument))

    async def state(self, argument: str) -> None:
        """Put another state into a step."""
        path, text = self._queue.split_step(argument) if argument else (self._step_in_sight(), "")
        if text:
            self._done(await self._queue.edit_state(path, json_of(text)))
            return

        async def save(value: Any) -> str:
            return await self._queue.edit_state(path, value)

        editable = await self._queue.read_state(path)
        self._open_editor(f"State of {safe(path, _NAME)}", ("state", path), editable, save)

    def _step_in_sight(self) -> str:
        parts = self._parts
        row = parts.timeline.selected
        in_graph = parts.selected_step if parts.panel is Panel.GRAPH else None
        path = in_graph or self._presenter.inspected_step or (row.path if row is not None else "")
        if path not in parts.control.steps:
            raise RefusedError("select a step in the graph, or name it: state STEP")
        return path

    async def complete(self, argument: str) -> None:
        """End a call as if it had returned."""
        self._done(await self._queue.complete(argument))

    async def undo(self) -> None:
        """Take the last change back."""
        self._done(await self._queue.undo())

    def _open_editor(
        self, title: str, what: tuple[str, object], editable: Editable, save: Callable[[Any], Awaitable[str]]
    ) -> None:
        key = (self._parts.status.run_id, *what)
        page = EditorScreen(title, editable, save, self._drafts.pop(key, ""))

        def closed(done: str | None) -> None:
            if page.draft:
                self._drafts[key] = page.draft
            if done:
                self._done(done)

        self._parts.app.push_screen(page, closed)


def _scope(message: PendingMessage) -> str:
    return (message.target or message.source).rpartition("/")[0]


def _next(messages: list[PendingMessage]) -> PendingMessage | None:
    return next((message for message in messages if message.next), messages[0] if messages else None)
