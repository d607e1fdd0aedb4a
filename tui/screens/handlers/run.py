"""The actions that drive the run: the debugger's verbs, and what is said to the process."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from process_core.events import RunState
from process_core.session.client.session import CommandRefused
from process_core.session.protocol.status import OpenRequest
from process_core.session.protocol.verbs import ShowStack
from tui.actions import Panel
from tui.messages import TargetRefused
from tui.run_controller import RefusedError
from tui.screens.confirm import ConfirmScreen
from tui.screens.dispatcher import ActionHandlers
from tui.screens.handlers.travel import TravelHandler
from tui.screens.parts import ScreenParts
from tui.screens.presenter import Presenter
from tui.screens.stack import StackScreen
from tui.status.keys import BUSY
from tui.text.safe_text import safe

STACK_WITHIN: Final = 5.0
"""Seconds in which a worker that can answer at all shows its stack."""


class RunHandler:
    """Drives the run; where the past is looked at, the same keys go through what is recorded."""

    def __init__(self, parts: ScreenParts, presenter: Presenter, travel: TravelHandler) -> None:
        self._parts = parts
        self._presenter = presenter
        self._travel = travel

    @property
    def actions(self) -> ActionHandlers:
        """What it does, by action."""
        return {
            "continue": self.continue_,
            "pause": self.pause,
            "step": self.step,
            "next": self.next_,
            "into": self.into,
            "out": self.out,
            "run_to": self.run_to,
            "stack": self.stack,
            "stop": self.stop,
            "restart": self.restart,
            "answer": self.answer,
            "end_input": self.end_input,
            "send": self.send,
            "next_request": self.next_request,
        }

    async def continue_(self) -> None:
        """Let the run go on; from the past, go to the present first."""
        if self._presenter.moment.is_past:
            self._travel.to_present("this is the present again; c once more lets the run go on")
        else:
            await self._parts.control.verb("continue")

    async def pause(self) -> None:
        """Pause before the next message."""
        await self._parts.control.verb("pause")

    async def step(self) -> None:
        """Deliver one message; in the past, look at the next event."""
        if self._presenter.moment.is_past:
            self._travel.step_on()
        else:
            await self._parts.control.verb("step")

    async def next_(self) -> None:
        """Run one superstep; in the past, look at the end of the next one."""
        if self._presenter.moment.is_past:
            self._travel.next_on()
        else:
            await self._parts.control.verb("next")

    async def into(self) -> None:
        """Step into the nested process that the next message goes to; where it goes to none, deliver the message."""
        paused = self._parts.status.paused
        target = paused.message.target if paused is not None and paused.message is not None else ""
        await self._parts.control.verb("into")
        if target and not any(path.startswith(f"{target}/") for path in self._parts.control.steps):
            self._parts.say(f"{safe(target, 60)} is not a nested process, so its message was delivered")

    async def out(self) -> None:
        """Step out of the nested process."""
        paused = self._parts.status.paused
        if paused is not None and paused.message is not None and "/" not in paused.message.target:
            raise RefusedError("not inside a nested process: c goes on, n ends the superstep")
        await self._parts.control.verb("out")

    async def stack(self) -> None:
        """Show where in Python the target's code is."""
        try:
            text: str = await asyncio.wait_for(self._parts.control.do(ShowStack()), STACK_WITHIN)
        except TimeoutError:
            what = "the worker does not answer: code outside of Python, or another program, holds it up"
            raise RefusedError(f"{what}; wait, or press R to restart") from None
        self._parts.app.push_screen(StackScreen(text))

    def stop(self) -> None:
        """Cancel the run, once the user is sure."""
        reason = self._parts.control.capabilities()["stop"]
        if reason is not None:
            raise RefusedError(reason)
        question = "Stop the run? It is cancelled; what it recorded stays."
        self._once_sure(question, "Stop", lambda: self._parts.control.verb("stop"))

    async def run_to(self, argument: str) -> None:
        """Go on until just before a place."""
        place = argument or self._parts.place_under_cursor()
        if place is None:
            raise RefusedError("select an event or a step to run to, or name it: runto EVENT_ID")
        self._parts.say(await self._parts.control.run_to(place))

    def restart(self) -> Awaitable[None] | None:
        """Load the target again and start with the same input, once the user is sure where that ends a run."""
        status = self._parts.status
        is_stuck = status.blocked_for >= BUSY
        if not self._parts.is_alive or status.state is RunState.IDLE or is_stuck:
            return self.restart_now()
        question = "A run is alive. Restart, and end it? What it recorded stays."
        self._once_sure(question, "Restart", self.restart_now)
        return None

    def _once_sure(self, question: str, yes: str, work: Callable[[], Awaitable[None]]) -> None:
        async def do() -> None:
            try:
                await work()
            except RefusedError as error:
                if str(error):
                    self._parts.say(safe(str(error)), "error")

        page = ConfirmScreen(question, yes, "Go on")
        self._parts.app.push_screen(page, lambda sure: self._parts.later(do, yes) if sure else None)

    async def restart_now(self) -> None:
        """Load the target again and start with the same input."""
        parts, presenter = self._parts, self._presenter
        presenter.leave_past()
        parts.focus_owed_to_chat = True
        presenter.show_waiting("RESTARTING")
        try:
            loaded = await parts.control.restart()
        except RefusedError as refused:
            parts.not_started = safe(str(refused))
            return
        except CommandRefused as refused:
            parts.app.post_message(TargetRefused(parts.control.target, refused.failure))
            return
        finally:
            presenter.show_waiting("")
        parts.not_started = ""
        presenter.show_loaded(loaded)

    # Talk

    def answer(self, argument: str) -> Awaitable[None] | None:
        """Answer the open question, or go to the box it is answered in, at once: what is typed next belongs there."""
        parts = self._parts
        if argument:
            return self._answer(argument)
        parts.workspace.show(Panel.CHAT)
        parts.screen.set_focus(parts.chat.box)
        return None

    async def _answer(self, argument: str) -> None:
        parts = self._parts
        request = parts.chat.request
        if request is None:
            raise RefusedError("nothing is asked now")
        if request.is_secret:
            raise RefusedError("this answer must not be seen: press a, and type it into the box of the chat")
        await parts.control.answer(request.request_id, argument)

    async def end_input(self) -> None:
        """Answer the open question with the end of the input."""
        request = self._parts.chat.request
        if request is None:
            raise RefusedError("nothing is asked now")
        if not request.takes_end:
            raise RefusedError("this question does not take the end of the input: answer it")
        await self.answer_from_box(request, None)

    async def answer_from_box(self, request: OpenRequest, text: str | None) -> bool:
        """Answer a question with what was typed into the chat, which shows why it was refused; return whether not."""
        try:
            await self._parts.control.answer(request.request_id, text)
        except RefusedError as error:
            self._parts.chat.refused(str(error))
            return False
        self._parts.chat.accepted(request, text or "")
        return True

    async def send(self, argument: str) -> None:
        """Send an outside event."""
        self._parts.say(await self._parts.control.send(argument))

    def next_request(self) -> None:
        """Choose the next open question."""
        if not self._parts.chat.next_request():
            raise RefusedError("there is no other question")
