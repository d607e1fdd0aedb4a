"""What the screen asks of a session about breakpoints, in the user's terms; knows nothing of widgets."""

from typing import Any

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
from tui.text.safe_text import NAME, PREVIEW, safe


class BreakpointController:
    """Sets, changes and removes breakpoints."""

    def __init__(self, control: RunControl) -> None:
        self._control = control

    @property
    def specs(self) -> tuple[BreakpointSpec, ...]:
        """All of them."""
        return self._control.status.breakpoints

    def text_of(self, spec: BreakpointSpec) -> str:
        """Return a breakpoint as `:break` takes it; not safe to show as it is."""
        return write_breakpoint(spec, self._control.place_names)

    def find(self, which: str) -> tuple[BreakpointSpec, ...]:
        """Return the breakpoints that a number, event id, step path, whole text form or `all` means; at least one.

        Raises:
            RefusedError: There is none.
        """
        specs = self.specs
        if not specs:
            raise RefusedError("there are no breakpoints; break EVENT_ID sets one")
        if which == "all":
            return specs
        matches = tuple(s for s in specs if which in (str(s.id), s.event, s.step) or which == self.text_of(s))
        if not matches:
            places = [name for spec in specs for name in (spec.event, spec.step) if name]
            numbers = ", ".join(str(spec.id) for spec in specs)
            shown = safe(which, NAME)
            raise RefusedError(f"no breakpoint {shown!r} (there are: {numbers}){suggestion(which, places)}")
        return matches

    async def toggle(self, *, event: str | None = None, step: str | None = None) -> str:
        """Set a breakpoint on an event, or else on a step; remove it where there is one.

        Raises:
            RefusedError: The worker refused it.
        """
        spec = BreakpointSpec(event=event) if event is not None else BreakpointSpec(step=step)
        shown = safe(event or step or "", NAME)
        present = [s for s in self.specs if s.kind == "event" and (s.event, s.step) == (spec.event, spec.step)]
        if present:
            for old in present:
                await self._remove(old)
            numbers = ", ".join(str(old.id) for old in present)
            return f"no breakpoint on {shown} any more (removed {numbers})"
        made: BreakpointSpec = await self._control.ask(AddBreakpoint(breakpoint=spec))
        return f"breakpoint {made.id} on {shown}"

    async def delete(self, which: str) -> str:
        """Remove the breakpoints that `find` returns.

        Raises:
            RefusedError: There is no such breakpoint.
        """
        specs = self.find(which)
        for spec in specs:
            await self._remove(spec)
        if len(specs) == 1:
            return f"removed breakpoint {specs[0].id}, {safe(self.text_of(specs[0]), PREVIEW)}"
        return f"removed {len(specs)} breakpoints"

    async def _remove(self, spec: BreakpointSpec) -> None:
        if spec.id is not None:
            await self._control.ask(RemoveBreakpoint(breakpoint=spec.id))

    async def switch(self, which: str, *, enabled: bool | None = None) -> str:
        """Switch the breakpoints that `find` returns on or off; with None, each to the other.

        Raises:
            RefusedError: There is no such breakpoint.
        """
        specs = self.find(which)
        changes = []
        for spec in specs:
            wanted = not spec.enabled if enabled is None else enabled
            if spec.id is not None:
                await self._control.ask(EnableBreakpoint(breakpoint=spec.id, enabled=wanted))
            changes.append(f"{spec.id} is {'on' if wanted else 'off'}")
        return f"breakpoint {', '.join(changes)}" if len(changes) == 1 else f"breakpoints: {', '.join(changes)}"

    async def change(self, which: str, **fields: Any) -> str:
        """Change fields of the one breakpoint that `find` returns; texts are checked first.

        Raises:
            RefusedError: There is no such breakpoint, several are meant, or a text is wrong.
        """
        specs = self.find(which)
        if len(specs) > 1:
            raise RefusedError(f"{safe(which, NAME)!r} means {len(specs)} breakpoints; name one by its number")
        checks = {"condition": check_condition, "log": check_log, "hits": check_hits}
        try:
            checked = {name: checks[name](text) if text and name in checks else text for name, text in fields.items()}
        except BreakTextError as error:
            raise RefusedError(str(error)) from None
        return await self._put(specs[0].model_copy(update=checked))

    async def rewrite(self, which: str, text: str) -> str:
        """Replace a breakpoint by another, written as for `:break`.

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
        problem = "" if made.bound else f" · {safe(made.problem or 'nothing in this process matches it', NAME)}"
        return f"breakpoint {made.id} is now {safe(self.text_of(made), PREVIEW)}{problem}"

    async def mute(self) -> str:
        """Mute all breakpoints, or unmute them."""
        muted = not self._control.status.muted
        await self._control.ask(MuteBreakpoints(muted=muted))
        if muted:
            return "breakpoints are muted: none pauses the run, each keeps whether it is on"
        return "breakpoints pause the run again"
