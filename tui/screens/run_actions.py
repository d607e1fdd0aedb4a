"""The actions that drive the run: the debugger's verbs, breakpoints, and what is said to the process."""

from textual import on

from process_core.session.connection import CommandRefused
from tui.actions import Panel
from tui.control import RefusedError
from tui.messages import AnswerGiven, TargetRefused
from tui.safe_text import safe
from tui.screens.told import Standing


class RunActions(Standing):
    """Handlers of the groups Run, Breakpoints and Talk of the action registry."""

    async def do_continue(self, _: str = "") -> None:
        """Let the run go on."""
        await self.control.verb("resume")

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
        """Step into the nested process."""
        await self.control.verb("into")

    async def do_out(self, _: str = "") -> None:
        """Step out of the nested process."""
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

    # Breakpoints

    async def do_toggle_break(self, _: str = "") -> None:
        """Break on what is selected, or no longer."""
        if self.panel is Panel.BREAKPOINTS:
            await self.do_delete_break()
            return
        event, step = self.target_under_cursor()
        if event is None and step is None:
            raise RefusedError("select an event, a route or a step, or use :break EVENT_ID")
        self.say(await self.control.toggle(event=event, step=step))

    async def do_break(self, argument: str = "") -> None:
        """Break on the place named."""
        text, bound = await self.control.break_on(argument)
        self.say(text, "information" if bound else "warning")

    async def do_unbreak(self, argument: str = "") -> None:
        """Remove breakpoints."""
        self.say(await self.control.unbreak(argument))

    async def do_enable(self, argument: str = "") -> None:
        """Switch a breakpoint on or off."""
        selected = self.breakpoints.selected
        which = argument or (str(selected.id) if selected is not None else "")
        if not which:
            raise RefusedError("there is no breakpoint to switch")
        self.say(await self.control.switch(which))

    async def do_delete_break(self, _: str = "") -> None:
        """Delete the selected breakpoint."""
        selected = self.breakpoints.selected
        if selected is None:
            raise RefusedError("there is no breakpoint to delete")
        self.say(await self.control.unbreak(str(selected.id)))

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

    def target_under_cursor(self) -> tuple[str | None, str | None]:
        """Give the event id, or else the step path, of what is selected in the panel that has the focus."""
        match self.panel:
            case Panel.GRAPH:
                edge = self.selected_edge
                return (edge.event_id, None) if edge is not None else (None, self.selected_step)
            case Panel.QUEUE:
                message = self.queue.selected
                return (message.event_id if message is not None else None), None
            case _:
                row = self.timeline.selected
                if row is None:
                    return None, None
                return row.event_id, row.path or None

    def place_under_cursor(self) -> str | None:
        """Give the event id or step path of what is selected."""
        event, step = self.target_under_cursor()
        return event or step

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
                return (selected.event or selected.step or "") if selected is not None else ""
            case Panel.QUEUE:
                message = self.queue.selected
                return f"{message.event_id} {message.preview}" if message is not None else ""
            case _:
                return self.timeline.selected_text()
