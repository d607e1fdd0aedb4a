"""The breakpoints of a session: they outlive the runs, and keep their ids over them."""

from process_core.debug import Breakpoint, Debugger
from process_core.session.breakpoint_commands import BreakpointSpec
from process_core.session.refusal import Refused
from process_core.session.snapshot import breakpoint_spec


class BreakpointTable:
    """Maps the session's ids to the breakpoints of the debugger that is current."""

    def __init__(self) -> None:
        self._points: dict[int, Breakpoint] = {}
        self._spent: dict[int, Breakpoint] = {}  # removed by the debugger, but a pause may still be about one
        self._next = 1

    def add(self, debugger: Debugger, spec: BreakpointSpec) -> BreakpointSpec:
        """Add a breakpoint.

        Args:
            debugger: The current debugger.
            spec: What is asked for.

        Returns:
            The same with its id and how it fares.
        """
        point = _place(debugger, spec)
        number = self._next
        self._next += 1
        self._points[number] = point
        return breakpoint_spec(point).model_copy(update={"id": number})

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
        self._points = {number: _place(debugger, breakpoint_spec(point)) for number, point in self._points.items()}

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
            raise Refused("unknown_breakpoint", f"there is no breakpoint {number} (there are: {known})")
        return self._points[number]


def _place(debugger: Debugger, spec: BreakpointSpec) -> Breakpoint:
    point = debugger.add_breakpoint(
        event=spec.event,
        step=spec.step,
        function=spec.function,
        route=spec.route,
        when=spec.when,
        condition=spec.condition,
        hits=spec.hits,
        log=spec.log,
        once=spec.once,
    )
    point.enabled = spec.enabled
    return point
