"""The actions about breakpoints."""

from collections.abc import Awaitable

from process_core.session.protocol.breakpoints import BreakpointSpec
from tui.actions import BY_NAME, Panel
from tui.commands.command_line import LineKind
from tui.run_controller import RefusedError
from tui.screens.dispatcher import ActionHandlers
from tui.screens.parts import ScreenParts

_NONE = "select an event, a route or a step, or use :break EVENT_ID"


class BreakpointsHandler:
    """Sets, changes and deletes breakpoints."""

    def __init__(self, parts: ScreenParts) -> None:
        self._parts = parts
        self._breakpoints = parts.breakpoint_control

    @property
    def actions(self) -> ActionHandlers:
        """What it does, by action."""
        return {
            "toggle_break": self.toggle_break,
            "break": self.break_,
            "edit_break": self.edit_break,
            "cond": self.cond,
            "hits": self.hits,
            "log": self.log,
            "once": self.once,
            "enable": self.enable,
            "disable": self.disable,
            "switch_break": self.switch_break,
            "delete_break": self.delete_break,
            "mute": self.mute,
        }

    async def toggle_break(self) -> None:
        """Break on what is selected, or no longer."""
        if self._parts.panel is Panel.BREAKPOINTS:
            await self.delete_break("")
            return
        event, step = self._parts.target_under_cursor()
        if event is None and step is None:
            raise RefusedError(_NONE)
        self._parts.say(await self._breakpoints.toggle(event=event, step=step))

    async def break_(self, argument: str) -> None:
        """Break on the place named."""
        text, is_bound = await self._parts.control.break_on(argument)
        self._parts.say(text, "information" if is_bound else "warning")

    def edit_break(self, argument: str) -> Awaitable[None] | None:
        """Put another breakpoint in the place of one, or its text on the command line, at once."""
        if argument:
            number, _, text = argument.partition(" ")
            if text.strip():
                return self._rewrite(number, text.strip())
            spec = self._breakpoints.find(number)[0]
        else:
            spec = self._selected()
        text = self._breakpoints.text_of(spec)
        self._parts.line.open(LineKind.COMMAND, f"{BY_NAME['edit_break'].word} {spec.id} {text}")
        return None

    async def _rewrite(self, number: str, text: str) -> None:
        self._parts.say(await self._breakpoints.rewrite(number, text))

    def _selected(self) -> BreakpointSpec:
        """Return the breakpoint of what is selected, or the one that the run is paused at."""
        parts = self._parts
        if parts.panel is Panel.BREAKPOINTS:
            if parts.breakpoints.selected is None:
                raise RefusedError("there is no breakpoint to edit; :break EVENT_ID sets one")
            return parts.breakpoints.selected
        event, step = parts.target_under_cursor()
        specs = parts.status.breakpoints
        here = [spec for spec in specs if (event and spec.event == event) or (step and spec.step == step)]
        paused = parts.status.paused
        here += [spec for spec in specs if paused is not None and spec.id == paused.breakpoint]
        if not here:
            raise RefusedError("no breakpoint here; b sets one, the panel (5) lists them")
        return here[0]

    async def cond(self, argument: str) -> None:
        """Set a breakpoint's condition, or take it away."""
        await self._change(argument, "condition")

    async def hits(self, argument: str) -> None:
        """Set a breakpoint's hit count, or take it away."""
        await self._change(argument, "hits")

    async def log(self, argument: str) -> None:
        """Let a breakpoint log instead of pausing, or pause again."""
        await self._change(argument, "log")

    async def _change(self, argument: str, field: str) -> None:
        number, _, text = argument.partition(" ")
        self._parts.say(await self._breakpoints.change(number, **{field: text.strip() or None}))

    async def once(self, argument: str) -> None:
        """Let a breakpoint go after its first pause, or stay."""
        spec = self._breakpoints.find(argument)[0]
        self._parts.say(await self._breakpoints.change(str(spec.id), once=not spec.once))

    async def enable(self, argument: str) -> None:
        """Switch breakpoints on."""
        self._parts.say(await self._breakpoints.switch(argument, enabled=True))

    async def disable(self, argument: str) -> None:
        """Switch breakpoints off."""
        self._parts.say(await self._breakpoints.switch(argument, enabled=False))

    async def switch_break(self) -> None:
        """Switch the selected breakpoint on or off."""
        selected = self._parts.breakpoints.selected
        if selected is None:
            raise RefusedError("there is no breakpoint to switch")
        self._parts.say(await self._breakpoints.switch(str(selected.id)))

    async def delete_break(self, argument: str) -> None:
        """Delete breakpoints."""
        selected = self._parts.breakpoints.selected
        which = argument or (str(selected.id) if selected is not None else "")
        if not which:
            raise RefusedError("there is no breakpoint to delete")
        self._parts.say(await self._breakpoints.delete(which))

    async def mute(self) -> None:
        """Let no breakpoint pause the run, or let them again."""
        self._parts.say(await self._breakpoints.mute())
