"""The actions that drive the run: the debugger's verbs, and what is said to the process."""

from textual import on

from process_core.session.client.session import CommandRefused
from tui.actions import Panel
from tui.messages import AnswerGiven, TargetRefused
from tui.run_controller import RefusedError
from tui.screens.surgery_actions import SurgeryActions
from tui.text.safe_text import safe


class RunActions(SurgeryActions):
    """Handlers of the groups Run and Talk of the action registry."""

    async def do_continue(self, _: str = "") -> None:
        """Let the run go on."""
        await self.control.verb("continue")

    async def do_pause(self, _: str = "") -> None:
        """Pause before the next message."""
        await self.control.verb("pause")

    async def do_step(self, _: str = "") -> None:
        """Deliver one message."""
        await self.control.verb("step")

    async def do_next(self, _: str = "") -> None:
        """Run one superstep."""
        await self.control.verb("next")

    async def do_into(self, _: str = "") -> None:
        """Step into the nested process that the next message goes to; where it goes to none, deliver the message."""
        paused = self.status.paused
        target = paused.message.target if paused is not None and paused.message is not None else ""
        await self.control.verb("into")
        if target and not any(path.startswith(f"{target}/") for path in self.control.steps):
            self.say(f"{safe(target, 60)} is no nested process: delivered its message")

    async def do_out(self, _: str = "") -> None:
        """Step out of the nested process."""
        paused = self.status.paused
        if paused is not None and paused.message is not None and "/" not in paused.message.target:
            raise RefusedError("not inside a nested process: c goes on, n ends the superstep")
        await self.control.verb("out")

    async def do_stop(self, _: str = "") -> None:
        """Cancel the run."""
        await self.control.verb("stop")

    async def do_run_to(self, argument: str = "") -> None:
        """Go on until just before a place."""
        place = argument or self.place_under_cursor()
        if place is None:
            raise RefusedError("select an event or a step to run to, or name it: runto EVENT_ID")
        self.say(await self.control.run_to(place))

    async def do_restart(self, _: str = "") -> None:
        """Load the target again and start anew."""
        self.focus_owed_to_chat = True
        self.say_waiting("RESTARTING")
        try:
            loaded = await self.control.restart()
        except RefusedError as refused:
            self.not_started = safe(str(refused))
            return
        except CommandRefused as refused:
            self.app.post_message(TargetRefused(self.control.target, refused.failure))
            return
        finally:
            self.say_waiting("")
        self.not_started = ""
        self.show_loaded(loaded)

    # Talk

    async def do_answer(self, argument: str = "") -> None:
        """Answer the open question, or go to the box it is answered in."""
        if not argument:
            self.workspace.show(Panel.CHAT)
            self.set_focus(self.chat.box)
            return
        request = self.chat.request
        if request is None:
            raise RefusedError("nothing is asked now")
        await self.control.answer(request.request_id, argument)

    async def do_send(self, argument: str = "") -> None:
        """Send an outside event."""
        self.say(await self.control.send(argument))

    def do_next_request(self, _: str = "") -> None:
        """Choose the next open question."""
        if not self.chat.next_request():
            raise RefusedError("there is no other question")

    @on(AnswerGiven)
    def _answer_given(self, event: AnswerGiven) -> None:
        event.stop()
        self.run_worker(self._answer(event), group="actions", exit_on_error=False)

    async def _answer(self, given: AnswerGiven) -> None:
        try:
            await self.control.answer(given.request.request_id, given.text)
        except RefusedError as error:
            self.chat.refused(str(error))
        else:
            self.chat.accepted(given.request.request_id, given.text)

    # What is selected

    def describe_selection(self) -> str:
        """Give what is selected as text, for copying."""
        match self.panel:
            case Panel.GRAPH:
                return self.place_under_cursor() or ""
            case Panel.CHAT:
                return self.chat.last_text()
            case Panel.INSPECTOR:
                return self.inspector.selected_text()
            case Panel.BREAKPOINTS:
                selected = self.breakpoints.selected
                return self.stops.text_of(selected) if selected is not None else ""
            case Panel.QUEUE:
                message = self.queue.selected
                return f"{message.event_id} {message.preview}" if message is not None else ""
            case _:
                return self.timeline.selected_text()
