"""The actions that change a paused run: its queue, its payloads and the states of its steps."""

from collections.abc import Awaitable, Callable
from typing import Any

from process_core.session.protocol.status import PendingMessage
from process_core.session.protocol.verbs import Editable
from tui.actions import BY_NAME, Panel
from tui.commands.command_line import LineKind
from tui.queue.controller import json_of, number_of
from tui.run_controller import RefusedError
from tui.screens.editor import EditorScreen
from tui.screens.stop_actions import StopActions
from tui.text.safe_text import safe

_NAME = 60


class SurgeryActions(StopActions):
    """Handlers of the group Change the paused run of the action registry."""

    def _did(self, text: str) -> None:
        undo = " · z undoes" if self.status.undo is not None else ""
        self.say(f"{text}{undo}")
        self.read_queue_again()

    def check_present(self) -> None:
        """Refuse where what is on the screen is not what would be changed.

        Raises:
            RefusedError: The past is looked at.
        """

    def read_queue_again(self) -> None:
        """Have the queue read anew, though no count in the status says that it changed."""

    async def _message(self, argument: str) -> tuple[int, str]:
        """Say which message is meant; what is pending is asked for, since the panel may not have been shown yet."""
        self.check_present()
        if not argument and self.panel is Panel.QUEUE and self.queue.selected_waiting is not None:
            raise RefusedError("this is a call that waits for more, no message; W says what for")
        messages = await self.control.pending()
        number, rest = number_of(argument, messages, self.queue.selected or _next(messages))
        if not number:
            raise RefusedError("the code has no place for this message; it is delivered once a save brings that back")
        return number, rest

    async def _message_alone(self, argument: str) -> int:
        number, rest = await self._message(argument)
        if rest:
            raise RefusedError(f"{safe(rest, 40)!r} is too much: one message number is enough")
        return number

    async def do_first(self, argument: str = "") -> None:
        """Deliver a message first."""
        self._did(await self.surgery.move(await self._message_alone(argument), 0))

    async def do_earlier(self, _: str = "") -> None:
        """Deliver the selected message one place earlier."""
        await self._move_by(-1)

    async def do_later_on(self, _: str = "") -> None:
        """Deliver the selected message one place later."""
        await self._move_by(1)

    async def _move_by(self, places: int) -> None:
        number, _ = await self._message("")
        order = [message.id for message in self._beside(number)]
        place = order.index(number) + places
        if not 0 <= place < len(order):
            raise RefusedError(f"this message is the {'first' if places < 0 else 'last'} already")
        self._did(await self.surgery.move(number, place))

    def _beside(self, number: int) -> list[PendingMessage]:
        """Give the messages of the same process: a message keeps to its own."""
        messages = self.queue.messages
        mine = next((message for message in messages if message.id == number), None)
        if mine is None:
            raise RefusedError("the queue has just changed; look again")
        return [message for message in messages if _scope(message) == _scope(mine)]

    async def do_move(self, argument: str = "") -> None:
        """Deliver a message at another place."""
        number, rest = await self._message(argument)
        if not (rest.isascii() and rest.isdigit() and int(rest)):
            raise RefusedError("move which message where? move NUMBER PLACE, 1 is first")
        self._did(await self.surgery.move(number, int(rest) - 1))

    async def do_hold_toggle(self, _: str = "") -> None:
        """Keep the selected message back, or let it go."""
        selected = self.queue.selected
        held = selected is None or not selected.held
        self._did(await self.surgery.hold(await self._message_alone(""), held=held))

    async def do_hold(self, argument: str = "") -> None:
        """Keep a message back."""
        self._did(await self.surgery.hold(await self._message_alone(argument), held=True))

    async def do_letgo(self, argument: str = "") -> None:
        """Let a message go."""
        if argument != "all":
            self._did(await self.surgery.hold(await self._message_alone(argument), held=False))
            return
        held = [message.id for message in await self.control.pending() if message.held and message.id]
        if not held:
            raise RefusedError("no message is held")
        for number in held:
            text = await self.surgery.hold(number, held=False)
        self._did(text if len(held) == 1 else f"let {len(held)} messages go")

    async def do_drop(self, argument: str = "") -> None:
        """Never deliver a message."""
        self._did(await self.surgery.drop(await self._message_alone(argument)))

    async def do_dup(self, argument: str = "") -> None:
        """Deliver a message once more."""
        self._did(await self.surgery.duplicate(await self._message_alone(argument)))

    async def do_edit(self, argument: str = "") -> None:
        """Give a message another payload."""
        number, text = await self._message(argument)
        if text:
            self._did(await self.surgery.edit(number, json_of(text)))
            return

        async def save(value: Any) -> str:
            return await self.surgery.edit(number, value)

        self._edit(f"Payload of message {number}", ("message", number), await self.surgery.read_message(number), save)

    async def do_inject(self, argument: str = "") -> None:
        """Bring an event into the run."""
        self.check_present()
        if not argument:
            self.line.open(LineKind.COMMAND, f"{BY_NAME['inject'].word} ")
            return
        self._did(await self.surgery.inject(argument))

    async def do_state(self, argument: str = "") -> None:
        """Give a step another state."""
        self.check_present()
        path, text = self.surgery.split_step(argument) if argument else (self._step_in_sight(), "")
        if text:
            self._did(await self.surgery.edit_state(path, json_of(text)))
            return

        async def save(value: Any) -> str:
            return await self.surgery.edit_state(path, value)

        editable = await self.surgery.read_state(path)
        self._edit(f"State of {safe(path, _NAME)}", ("state", path), editable, save)

    def _step_in_sight(self) -> str:
        row = self.timeline.selected
        in_graph = self.selected_step if self.panel is Panel.GRAPH else None
        path = in_graph or self.inspected_step or (row.path if row is not None else "")
        if path not in self.control.steps:
            raise RefusedError("select a step in the graph, or name it: state STEP")
        return path

    async def do_complete(self, argument: str = "") -> None:
        """End a call as if it had returned."""
        self.check_present()
        self._did(await self.surgery.complete(argument))

    async def do_undo(self, _: str = "") -> None:
        """Take the last change back."""
        self.check_present()
        self._did(await self.surgery.undo())

    def _edit(
        self, title: str, what: tuple[str, object], editable: Editable, save: Callable[[Any], Awaitable[str]]
    ) -> None:
        key = (self.status.run_id, *what)
        page = EditorScreen(title, editable, save, self.drafts.pop(key, ""))

        def closed(done: str | None) -> None:
            if page.draft:
                self.drafts[key] = page.draft
            if done:
                self._did(done)

        self.app.push_screen(page, closed)


def _scope(message: PendingMessage) -> str:
    return (message.target or message.source).rpartition("/")[0]


def _next(messages: list[PendingMessage]) -> PendingMessage | None:
    return next((message for message in messages if message.next), messages[0] if messages else None)
