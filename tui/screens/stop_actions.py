"""The actions about breakpoints."""

from process_core.session.protocol.breakpoints import BreakpointSpec
from tui.actions import BY_NAME, Panel
from tui.commands.command_line import LineKind
from tui.run_controller import RefusedError
from tui.screens.told import Standing

_NONE = "select an event, a route or a step, or use :break EVENT_ID"


class StopActions(Standing):
    """Handlers of the group Breakpoints of the action registry."""

    async def do_toggle_break(self, _: str = "") -> None:
        """Break on what is selected, or no longer."""
        if self.panel is Panel.BREAKPOINTS:
            await self.do_delete_break()
            return
        event, step = self.target_under_cursor()
        if event is None and step is None:
            raise RefusedError(_NONE)
        self.say(await self.stops.toggle(event=event, step=step))

    async def do_break(self, argument: str = "") -> None:
        """Break on the place named."""
        text, bound = await self.control.break_on(argument)
        self.say(text, "information" if bound else "warning")

    async def do_edit_break(self, argument: str = "") -> None:
        """Put another breakpoint in the place of one, or its text on the command line."""
        if argument:
            number, _, text = argument.partition(" ")
            if text.strip():
                self.say(await self.stops.rewrite(number, text.strip()))
                return
            spec = self.stops.find(number)[0]
        else:
            spec = self._selected_break()
        self.line.open(LineKind.COMMAND, f"{BY_NAME['edit_break'].word} {spec.id} {self.stops.text_of(spec)}")

    def _selected_break(self) -> BreakpointSpec:
        """Give the breakpoint of what is selected, or the one that the run is paused at."""
        if self.panel is Panel.BREAKPOINTS:
            if self.breakpoints.selected is None:
                raise RefusedError("there is no breakpoint to edit; :break EVENT_ID sets one")
            return self.breakpoints.selected
        event, step = self.target_under_cursor()
        specs = self.status.breakpoints
        here = [spec for spec in specs if (event and spec.event == event) or (step and spec.step == step)]
        paused = self.status.paused
        here += [spec for spec in specs if paused is not None and spec.id == paused.breakpoint]
        if not here:
            raise RefusedError("no breakpoint here; b sets one, the panel (5) lists them")
        return here[0]

    async def do_cond(self, argument: str = "") -> None:
        """Give a breakpoint a condition, or take it away."""
        number, _, text = argument.partition(" ")
        self.say(await self.stops.change(number, condition=text.strip() or None))

    async def do_hits(self, argument: str = "") -> None:
        """Give a breakpoint a hit count, or take it away."""
        number, _, text = argument.partition(" ")
        self.say(await self.stops.change(number, hits=text.strip() or None))

    async def do_log(self, argument: str = "") -> None:
        """Let a breakpoint log instead of stopping, or stop again."""
        number, _, text = argument.partition(" ")
        self.say(await self.stops.change(number, log=text.strip() or None))

    async def do_once(self, argument: str = "") -> None:
        """Let a breakpoint go after its first stop, or stay."""
        spec = self.stops.find(argument)[0]
        self.say(await self.stops.change(str(spec.id), once=not spec.once))

    async def do_enable(self, argument: str = "") -> None:
        """Switch breakpoints on."""
        self.say(await self.stops.switch(argument, enabled=True))

    async def do_disable(self, argument: str = "") -> None:
        """Switch breakpoints off."""
        self.say(await self.stops.switch(argument, enabled=False))

    async def do_switch_break(self, _: str = "") -> None:
        """Switch the selected breakpoint on or off."""
        selected = self.breakpoints.selected
        if selected is None:
            raise RefusedError("there is no breakpoint to switch")
        self.say(await self.stops.switch(str(selected.id)))

    async def do_delete_break(self, argument: str = "") -> None:
        """Delete breakpoints."""
        selected = self.breakpoints.selected
        which = argument or (str(selected.id) if selected is not None else "")
        if not which:
            raise RefusedError("there is no breakpoint to delete")
        self.say(await self.stops.delete(which))

    async def do_mute(self, _: str = "") -> None:
        """Let no breakpoint stop the run, or let them again."""
        self.say(await self.stops.mute())

    # What is selected

    def target_under_cursor(self) -> tuple[str | None, str | None]:
        """Give the event id, or else the step path, of what is selected in the panel that has the focus."""
        match self.panel:
            case Panel.GRAPH:
                edge = self.selected_edge
                return (edge.event_id, None) if edge is not None else (None, self.selected_step)
            case Panel.QUEUE:
                message, waiting = self.queue.selected, self.queue.selected_waiting
                if waiting is not None:
                    return None, waiting.path
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
