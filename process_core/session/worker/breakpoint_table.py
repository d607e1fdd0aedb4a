"""The breakpoints of a session: they outlive the runs, and keep their ids over them."""

from typing import Any, Final

from process_core.debug import Breakpoint, Debugger
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.worker.command_errors import CommandError
from process_core.session.worker.status import breakpoint_spec

_ASKED: Final = ("event", "step", "function", "route", "when", "condition", "hits", "log", "once", "kind", "code")
_TOLD: Final = {"id": None, "enabled": True, "hit_count": 0, "bound": True, "problem": None}


class BreakpointTable:
    """Maps the session's ids to the breakpoints of the debugger that is current."""

    def __init__(self) -> None:
        self._points: dict[int, Breakpoint] = {}
        self._spent: dict[int, Breakpoint] = {}  # removed by the debugger, but a pause may still be about one
        self._next = 1

    def add(self, debugger: Debugger, spec: BreakpointSpec) -> BreakpointSpec:
        """Add a breakpoint; where there is the same already, switch that one on.

        Args:
            debugger: The current debugger.
            spec: What is asked for.

        Returns:
            The same with its id and how it fares.
        """
        for given in self.specs(debugger):
            if given.model_copy(update=_TOLD) == spec.model_copy(update=_TOLD):
                assert given.id is not None
                self.enable(given.id, enabled=spec.enabled)
                return given.model_copy(update={"enabled": spec.enabled})
        point = debugger.add_breakpoint(**_asked(spec))
        point.enabled = spec.enabled
        number = self._next
        self._next += 1
        self._points[number] = point
        return breakpoint_spec(point).model_copy(update={"id": number})

    def edit(self, debugger: Debugger, spec: BreakpointSpec) -> BreakpointSpec:
        """Put another breakpoint in the place of one; it keeps its id, and its hit count starts again.

        Args:
            debugger: The current debugger.
            spec: What is asked for; its id says in whose place.

        Returns:
            The same with how it fares.
        """
        if spec.id is None:
            raise CommandError("bad_command", "which breakpoint is to be edited?")
        old = self._get(spec.id)
        point = debugger.edit_breakpoint(old.id, **_asked(spec))
        point.enabled = spec.enabled
        self._spent[spec.id] = old
        self._points[spec.id] = point
        return breakpoint_spec(point).model_copy(update={"id": spec.id})

    def clear(self, debugger: Debugger) -> None:
        """Remove all of them.

        Args:
            debugger: The current debugger.
        """
        for number in list(self._points):
            self.remove(debugger, number)

    def remove(self, debugger: Debugger, number: int) -> None:
        """Remove a breakpoint.

        Args:
            debugger: The current debugger.
            number: Its id.
        """
        point = self._get(number)
        del self._points[number]
        debugger.remove_breakpoint(point.id)

    def enable(self, number: int, *, enabled: bool) -> None:
        """Switch a breakpoint on or off.

        Args:
            number: Its id.
            enabled: Whether it is to count.
        """
        self._get(number).enabled = enabled

    def move_to(self, debugger: Debugger) -> None:
        """Set all of them again, in a new debugger.

        Args:
            debugger: The one that is current from here on.
        """
        self._spent = {}
        for number, old in self._points.items():
            spec = breakpoint_spec(old)
            point = self._points[number] = debugger.add_breakpoint(**_asked(spec))
            point.enabled = spec.enabled

    def specs(self, debugger: Debugger | None) -> tuple[BreakpointSpec, ...]:
        """Give all of them, in the order they were set; the debugger removes some by itself (`once`).

        Args:
            debugger: The current debugger.
        """
        if debugger is not None:
            there = {id(point) for point in debugger.breakpoints}
            self._spent |= {number: point for number, point in self._points.items() if id(point) not in there}
            self._points = {number: point for number, point in self._points.items() if id(point) in there}
        return tuple(breakpoint_spec(point).model_copy(update={"id": number}) for number, point in self._points.items())

    def number_of(self, point: Breakpoint) -> int | None:
        """Give the session's id of a breakpoint, None for one it does not know (any more)."""
        known = (*self._points.items(), *self._spent.items())
        return next((number for number, other in known if other is point), None)

    def _get(self, number: int) -> Breakpoint:
        if number not in self._points:
            known = ", ".join(map(str, self._points)) or "none"
            raise CommandError("unknown_breakpoint", f"there is no breakpoint {number} (there are: {known})")
        return self._points[number]


def _asked(spec: BreakpointSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in _ASKED}
