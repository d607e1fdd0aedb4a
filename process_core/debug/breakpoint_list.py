"""The breakpoints of a debugger, as its user sets them; they are there before a run is, and outlive it."""

from enum import Enum
from typing import Any

from process_core.debug.breakpoint_index import BreakpointIndex
from process_core.debug.breakpoints import Breakpoint, BreakpointError, Kind, When
from process_core.debug.occurrence import Occurrence
from process_core.events import event_name
from process_core.process import Process


class BreakpointList:
    """Holds breakpoints.

    Args:
        process: The process that they are bound to.

    Attributes:
        process: The process.
    """

    def __init__(self, process: Process) -> None:
        self.process = process
        self._watch = BreakpointIndex(process.graph, self._logpoint)
        self._last_id = 0

    @property
    def breakpoints(self) -> tuple[Breakpoint, ...]:
        """All breakpoints, in the order they were added."""
        return tuple(self._watch)

    def add_breakpoint(
        self,
        event: str | Enum | None = None,
        step: str | None = None,
        function: str | None = None,
        route: str | None = None,
        when: When = "before",
        condition: str | None = None,
        hits: str | None = None,
        log: str | None = None,
        *,
        once: bool = False,
        kind: Kind = "event",
        code: str | None = None,
    ) -> Breakpoint:
        """Add a breakpoint; all that is given must match.

        Args:
            event: Event id.
            step: Glob on step paths.
            function: Function name.
            route: Route id.
            when: Before delivery, after completion, or on emit. Before an event that does nothing but stop its process
                is before the end of its superstep.
            condition: Predicate text; where it cannot be decided for a payload, the breakpoint stops once to say so.
            hits: `==n`, `>=n` or `%n` on the times it matched.
            log: Template to log instead of stopping.
            once: Remove it after its first stop.
            kind: What it is about: `event` (a message or a call), `error` (a function fails, handled or not: before
                anything else follows from it; its data is the input), `warning`, or `quiescence` (before the run comes
                to rest).
            code: Type of the error (`ValueError`), or code of the warning.

        Returns:
            The breakpoint; `bound` tells whether anything can ever match it.

        Raises:
            BreakpointError: It makes no sense.
            PredicateError: The condition or the template does not parse.
        """
        name = event_name(event) if event is not None else None
        added = Breakpoint(
            self._last_id + 1, name, step, function, route, when, condition, hits, log, once, kind=kind, code=code
        )
        self._last_id = added.id
        self._watch.add(added)
        self._changed()
        return added

    def edit_breakpoint(self, number: int, **given: Any) -> Breakpoint:
        """Put another breakpoint in the place of one: it has the same id, and its hit count starts again.

        Args:
            number: The id.
            **given: As for `add_breakpoint`.

        Returns:
            The new breakpoint.

        Raises:
            BreakpointError: It makes no sense, or there is none of that id.
            PredicateError: The condition or the template does not parse.
        """
        if all(point.id != number for point in self._watch):
            raise BreakpointError(f"there is no breakpoint {number}")
        other = Breakpoint(number, **given)
        other.event = event_name(other.event) if other.event is not None else None
        self._watch.add(other)
        self._changed()
        return other

    @property
    def muted(self) -> bool:
        """Whether no breakpoint counts, logpoints included; the run then goes at full speed."""
        return self._watch.is_muted

    @muted.setter
    def muted(self, muted: bool) -> None:
        self._watch.is_muted = muted
        self._changed()

    def remove_breakpoint(self, number: int) -> None:
        """Remove a breakpoint; does nothing where it is gone already."""
        self._watch.remove(number)
        self._changed()

    def _changed(self) -> None:
        """Tell whoever shows them that something has changed."""
        raise NotImplementedError

    def _logpoint(self, point: Breakpoint, text: str, moment: Occurrence) -> None:
        """Record what a logpoint says."""
        raise NotImplementedError
