"""What has hit breakpoints and has not been shown yet, in the order it happened."""

from collections import deque
from collections.abc import Iterable
from typing import Any

from process_core.debug.breakpoint_index import BreakpointIndex, Hit
from process_core.debug.breakpoints import Breakpoint
from process_core.debug.occurrence import (
    Occurrence,
    from_completion,
    from_emission,
    from_failure,
    from_idle,
    from_message,
    from_stop,
    from_warning,
)
from process_core.engine.records import CallScope, Invocation, Message, ProcessRecord
from process_core.events import WorkflowEvent

Hits = list[Hit]
"""The breakpoints that one occurrence has hit."""


class HitQueue:
    """Holds what happens against the breakpoints, and keeps the hits until each has been shown.

    Args:
        index: The breakpoints.

    Attributes:
        due: The hits, oldest first.
    """

    def __init__(self, index: BreakpointIndex) -> None:
        self._index = index
        self.due: deque[Hits] = deque()

    def clear(self) -> None:
        """Forget all of them."""
        self.due.clear()

    def next(self) -> Hits | None:
        """Return the next one, of breakpoints that are still there and on what can still happen, and forget it."""
        while self.due:
            hits = [hit for hit in self.due.popleft() if self._still_counts(hit)]
            if hits:
                return hits
        return None

    def see_message(self, process: ProcessRecord, message: Message) -> None:
        """Hold a message that could be delivered now against the breakpoints."""
        points = self._index.before(message)
        if points:
            self._hold_against(points, from_message(process, message))

    def see_emission(self, call: Invocation, event_id: str, data: Any, seq: int) -> None:
        """Hold an event that has just been emitted against the breakpoints."""
        if self._index.sees_emissions and (points := self._index.emitted(event_id)):
            self._hold_against(points, from_emission(call, event_id, data, seq))

    def see_completion(self, invocation: Invocation) -> None:
        """Hold a completed call against the breakpoints: itself, its result event, and its events that only stop."""
        if self._index.sees_completions and (points := self._index.completed(invocation.function)):
            self._see_result(points, invocation)
        if self._index.stop_ids and isinstance(
            invocation.slot.scope, ProcessRecord
        ):  # what a map's element emits goes nowhere
            for emission in invocation.emissions:
                self._see_stop(invocation, emission.event_id, emission.data, emission.seq)
            self._see_stop(invocation, invocation.function.result_id, invocation.result, invocation.result_seq)

    def see_failure(self, invocation: Invocation) -> None:
        """Hold a failed call against the breakpoints; a failure that comes out of a nested process was seen inside."""
        failure = invocation.failure
        points = self._index.errors
        if failure is None or not points:
            return
        path = invocation.slot.path
        if failure.step != path:
            points = [point for point in points if point.paths is not None and not point.fits_path(failure.step)]
        if points:
            self._hold_against(points, from_failure(invocation, failure))

    def see_warning(self, scope: CallScope, event: WorkflowEvent) -> None:
        """Hold a warning against the breakpoints."""
        if self._index.warnings:
            self._hold_against(self._index.warnings, from_warning(scope, event))

    def see_idle(self, root: ProcessRecord, seq: int) -> None:
        """Hold against the breakpoints that the run is about to become idle."""
        if self._index.rests:
            self._hold_against(self._index.rests, from_idle(root, seq))

    def _see_result(self, points: Iterable[Breakpoint], invocation: Invocation) -> None:
        result_id = invocation.function.result_id
        after = [point for point in points if point.when == "after"]
        if after:
            self._hold_against(after, from_completion(invocation))
        emitted = [point for point in points if point.when == "emit"]
        if emitted:
            occurrence = from_emission(invocation, result_id, invocation.result, invocation.result_seq)
            self._hold_against(emitted, occurrence)

    def _see_stop(self, invocation: Invocation, event_id: str, data: Any, seq: int) -> None:
        """Hold an event against the breakpoints that does nothing but stop its process: no message will come of it."""
        routes = invocation.slot.plan.routes.get(event_id) if event_id in self._index.stop_ids else None
        if routes is None:
            return
        if any(route.step is not None or route.route.condition or route.route.otherwise for route in routes.routes):
            return
        occurrence = from_stop(invocation, routes.routes[0], event_id, data, seq)
        self._hold_against(self._index.at_stop(), occurrence)

    def _hold_against(self, points: Iterable[Breakpoint], occurrence: Occurrence) -> None:
        hits = self._index.hits(points, occurrence)
        if hits:
            self.due.append(hits)

    def _still_counts(self, hit: Hit) -> bool:
        point, process = hit.breakpoint, hit.occurrence.process
        if hit.occurrence.type == "message" and (process.failed is not None or process.is_dead):
            return False
        if point is self._index.cursor:
            return True
        return point.enabled and not self._index.is_muted and (point.once or point in self._index)
