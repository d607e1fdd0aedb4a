"""Stops: what has hit breakpoints and has not been shown yet, in the order it happened."""

from collections import deque
from collections.abc import Iterable
from typing import Any

from process_core.debug import occurrence as moments
from process_core.debug.breakpoint_index import BreakpointIndex, Hit
from process_core.debug.breakpoints import Breakpoint
from process_core.engine.crew import InvocationRunner
from process_core.engine.invocation import Invocation, Message
from process_core.engine.scope import Scope
from process_core.events import WorkflowEvent

Stop = list[Hit]
"""The breakpoints that one moment has hit."""


class HitQueue:
    """Holds what happens against the breakpoints, and keeps the hits until each has been shown.

    Args:
        watch: The breakpoints.

    Attributes:
        due: The hits, oldest first.
    """

    def __init__(self, watch: BreakpointIndex) -> None:
        self._watch = watch
        self.due: deque[Stop] = deque()

    def clear(self) -> None:
        """Forget all of them."""
        self.due.clear()

    def next(self) -> Stop | None:
        """Give the next one, of breakpoints that are still there and on what can still happen, and forget it."""
        while self.due:
            hits = [hit for hit in self.due.popleft() if self._still_counts(hit)]
            if hits:
                return hits
        return None

    def see_message(self, scope: Scope, message: Message) -> None:
        """Hold a message that could be delivered now against the breakpoints.

        Args:
            scope: The process it is delivered in.
            message: The message.
        """
        points = self._watch.before(message)
        if points:
            self._hold_against(points, moments.from_message(scope, message))

    def see_emission(self, invocation: Invocation, event_id: str, data: Any, seq: int) -> None:
        """Hold an event that has just been emitted against the breakpoints.

        Args:
            invocation: The call that emitted it.
            event_id: The event.
            data: Its payload.
            seq: Seq of its `event_emitted`.
        """
        if self._watch.sees_emissions and (points := self._watch.emitted(event_id)):
            self._hold_against(points, moments.from_emission(invocation, event_id, data, seq))

    def see_completion(self, invocation: Invocation) -> None:
        """Hold a completed call against the breakpoints: itself, its result event, and its events that only stop.

        Args:
            invocation: The call.
        """
        if self._watch.sees_completions and (points := self._watch.completed(invocation.function)):
            self._see_result(points, invocation)
        if self._watch.stop_ids and isinstance(invocation.slot.scope, Scope):  # what a map's element emits goes nowhere
            for emission in invocation.emissions:
                self._see_stop(invocation, emission.event_id, emission.data, emission.seq)
            self._see_stop(invocation, invocation.function.result_id, invocation.result, invocation.result_seq)

    def see_failure(self, invocation: Invocation) -> None:
        """Hold a failed call against the breakpoints; a failure that comes out of a nested process was seen inside.

        Args:
            invocation: The call.
        """
        failure = invocation.failure
        points = self._watch.errors
        if failure is None or not points:
            return
        path = invocation.slot.path
        if failure.step != path:
            points = [point for point in points if point.paths is not None and not point.fits_path(failure.step)]
        if points:
            self._hold_against(points, moments.from_failure(invocation, failure))

    def see_warning(self, crew: InvocationRunner, event: WorkflowEvent) -> None:
        """Hold a warning against the breakpoints.

        Args:
            crew: Where it was given.
            event: The warning.
        """
        if self._watch.warnings:
            self._hold_against(self._watch.warnings, moments.from_warning(crew, event))

    def see_rest(self, root: Scope, seq: int) -> None:
        """Hold against the breakpoints that the run is about to come to rest.

        Args:
            root: Its root process.
            seq: Seq of the last event so far.
        """
        if self._watch.rests:
            self._hold_against(self._watch.rests, moments.from_idle(root, seq))

    def _see_result(self, points: Iterable[Breakpoint], invocation: Invocation) -> None:
        result_id = invocation.function.result_id
        after = [point for point in points if point.when == "after"]
        if after:
            self._hold_against(after, moments.from_completion(invocation))
        emitted = [point for point in points if point.when == "emit"]
        if emitted:
            moment = moments.from_emission(invocation, result_id, invocation.result, invocation.result_seq)
            self._hold_against(emitted, moment)

    def _see_stop(self, invocation: Invocation, event_id: str, data: Any, seq: int) -> None:
        """Hold an event against the breakpoints that does nothing but stop its process: no message will carry it."""
        routes = invocation.slot.plan.routes.get(event_id) if event_id in self._watch.stop_ids else None
        if routes is None:
            return
        if any(route.step is not None or route.route.condition or route.route.otherwise for route in routes.routes):
            return
        moment = moments.from_stop(invocation, routes.routes[0], event_id, data, seq)
        self._hold_against(self._watch.at_stop(), moment)

    def _hold_against(self, points: Iterable[Breakpoint], moment: moments.Occurrence) -> None:
        hits = self._watch.hits(points, moment)
        if hits:
            self.due.append(hits)

    def _still_counts(self, hit: Hit) -> bool:
        point, process = hit.breakpoint, hit.moment.process
        if hit.moment.type == "message" and (process.failed is not None or process.is_dead):
            return False
        if point is self._watch.cursor:
            return True
        return point.enabled and not self._watch.is_muted and (point.once or point in self._watch)
