"""What the screen asks of a session about breakpoints, in the user's terms; knows nothing of widgets."""

from typing import Any, Final

from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.verbs import (
    AddBreakpoint,
    EditBreakpoint,
    EnableBreakpoint,
    MuteBreakpoints,
    RemoveBreakpoint,
)
from process_core.suggestions import suggestion
from tui.breakpoints.text import (
    BreakTextError,
    check_condition,
    check_hits,
    check_log,
    read_breakpoint,
    write_breakpoint,
)
from tui.run_controller import RefusedError, RunControl
from tui.text.safe_text import safe

_NAME: Final = 80
_TEXT: Final = 200


class BreakpointController:
    """Sets, changes and removes breakpoints.

    Args:
        control: Drives the session.
    """

    def __init__(self, control: RunControl) -> None:
        self._control = control

    @property
    def specs(self) -> tuple[BreakpointSpec, ...]:
        """All of them."""
        return self._control.status.breakpoints

    def text_of(self, spec: BreakpointSpec) -> str:
        """Write a breakpoint the way `:break` takes it.

        Args:
            spec: Which.

        Returns:
            The text; not safe to show as it is.
        """
        return write_breakpoint(spec, self._control.place_names)

    def find(self, which: str) -> tuple[BreakpointSpec, ...]:
        """Find the breakpoints that are meant.

        Args:
            which: A number, an event id, a step path, a whole text form, or `all`.

        Returns:
            One at least.

        Raises:
            RefusedError: There is none.
        """
        specs = self.specs
        if not specs:
            raise RefusedError("there are no breakpoints; break EVENT_ID sets one")
        if which == "all":
            return specs
        found = tuple(s for s in specs if which in (str(s.id), s.event, s.step) or which == self.text_of(s))
        if not found:
            known = [name for spec in specs for name in (spec.event, spec.step) if name]
            numbers = ", ".join(str(spec.id) for spec in specs)
            shown = safe(which, _NAME)
            raise RefusedError(f"no breakpoint {shown!r} (there are: {numbers}){suggestion(which, known)}")
        return found

    async def toggle(self, *, event: str | None = None, step: str | None = None) -> str:
        """Break on an event or a step, or no longer.

        Args:
            event: Event id.
            step: Step path; looked at where there is no event.

        Returns:
            What was done.

        Raises:
            RefusedError: The worker refused it.
        """
        spec = BreakpointSpec(event=event) if event is not None else BreakpointSpec(step=step)
        shown = safe(event or step or "", _NAME)
        found = [s for s in self.specs if s.kind == "event" and (s.event, s.step) == (spec.event, spec.step)]
        if found:
            for one in found:
                await self._remove(one)
            numbers = ", ".join(str(one.id) for one in found)
            return f"no breakpoint on {shown} any more (removed {numbers})"
        made: BreakpointSpec = await self._control.ask(AddBreakpoint(breakpoint=spec))
        return f"breakpoint {made.id} on {shown}"

    async def delete(self, which: str) -> str:
        """Remove breakpoints.

        Args:
            which: As for `find`.

        Returns:
            What was removed.

        Raises:
            RefusedError: There is no such breakpoint.
        """
        found = self.find(which)
        for spec in found:
            await self._remove(spec)
        if len(found) == 1:
            return f"removed breakpoint {found[0].id}, {safe(self.text_of(found[0]), _TEXT)}"
        return f"removed {len(found)} breakpoints"

    async def _remove(self, spec: BreakpointSpec) -> None:
        if spec.id is not None:
            await self._control.ask(RemoveBreakpoint(breakpoint=spec.id))

    async def switch(self, which: str, *, enabled: bool | None = None) -> str:
        """Switch breakpoints on or off.

        Args:
            which: As for `find`.
            enabled: Whether they are to count; None changes each to the other.

        Returns:
            What was done.

        Raises:
            RefusedError: There is no such breakpoint.
        """
        found = self.find(which)
        changes = []
        for spec in found:
            wanted = not spec.enabled if enabled is None else enabled
            if spec.id is not None:
                await self._control.ask(EnableBreakpoint(breakpoint=spec.id, enabled=wanted))
            changes.append(f"{spec.id} is {'on' if wanted else 'off'}")
        return f"breakpoint {', '.join(changes)}" if len(changes) == 1 else f"breakpoints: {', '.join(changes)}"

    async def change(self, which: str, **fields: Any) -> str:
        """Put other fields into one breakpoint.

        Args:
            which: As for `find`.
            fields: Of `BreakpointSpec`; texts are checked first.

        Returns:
            What it is now.

        Raises:
            RefusedError: There is no such breakpoint, several are meant, or a text is wrong.
        """
        found = self.find(which)
        if len(found) > 1:
            raise RefusedError(f"{safe(which, _NAME)!r} means {len(found)} breakpoints; name one by its number")
        checks = {"condition": check_condition, "log": check_log, "hits": check_hits}
        try:
            checked = {name: checks[name](text) if text and name in checks else text for name, text in fields.items()}
        except BreakTextError as error:
            raise RefusedError(str(error)) from None
        return await self._put(found[0].model_copy(update=checked))

    async def rewrite(self, which: str, text: str) -> str:
        """Put another breakpoint in the place of one.

        Args:
            which: Its number.
            text: As `:break` takes it.

        Returns:
            What it is now.

        Raises:
            RefusedError: There is no such breakpoint, or the text is wrong.
        """
        old = self.find(which)[0]
        try:
            spec = read_breakpoint(text, self._control.place_names)
        except BreakTextError as error:
            raise RefusedError(str(error)) from None
        return await self._put(spec.model_copy(update={"id": old.id, "enabled": old.enabled}))

    async def _put(self, spec: BreakpointSpec) -> str:
        fresh = spec.model_copy(update={"hit_count": 0, "bound": True, "problem": None})
        made: BreakpointSpec = await self._control.ask(EditBreakpoint(breakpoint=fresh))
        problem = "" if made.bound else f" · {safe(made.problem or 'nothing in this process matches it', _NAME)}"
        return f"breakpoint {made.id} is now {safe(self.text_of(made), _TEXT)}{problem}"

    async def mute(self) -> str:
        """Let no breakpoint stop the run, or let them again.

        Returns:
            What was done.
        """
        muted = not self._control.status.muted
        await self._control.ask(MuteBreakpoints(muted=muted))
        if muted:
            return "breakpoints are muted: none stops the run, each keeps whether it is on"
        return "breakpoints stop the run again"
