"""All breakpoints of a debugger: which of them an occurrence concerns, and what they have hit and not shown yet."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from process_core.debug.breakpoint_binding import bind
from process_core.debug.breakpoints import Breakpoint, Candidate, Outcome
from process_core.debug.occurrence import (
    Occurrence,
    from_completion,
    from_element,
    from_emission,
    from_failure,
    from_idle,
    from_message,
    from_state,
    from_stop,
    from_warning,
)
from process_core.debug.state_watch import StateWatch
from process_core.engine.compiled import CompiledFunction, CompiledRoute, CompiledStep
from process_core.engine.records import CallScope, Invocation, MapRecord, Message, ProcessRecord, RunRecord
from process_core.events import WorkflowEvent
from process_core.graph import ERROR_SOURCE, RESULT_SOURCE, Graph

Log = Callable[[Breakpoint, str, Occurrence], None]


@dataclass(frozen=True, slots=True)
class Hit:
    """A breakpoint that stops the run.

    Attributes:
        breakpoint: The breakpoint.
        count: How often it had matched.
        occurrence: What it was held against.
    """

    breakpoint: Breakpoint
    count: int
    occurrence: Occurrence


Hits = list[Hit]
"""The breakpoints that one occurrence has hit."""


class BreakpointIndex:
    """Holds the breakpoints against what happens.

    Nearly nothing that happens concerns any breakpoint, so what could is settled once per route, function and event id
    and looked up from then on; only the payload, the count and the path inside a map are left to be seen each time.

    Args:
        graph: The process that breakpoints are bound to.
        log: Writes what logpoints say.

    Attributes:
        errors: Breakpoints on functions that fail.
        warnings: Breakpoints on warnings.
        rests: Breakpoints on becoming idle.
        watches: Watchpoints.
        holds_messages: Whether any breakpoint is about messages before they are delivered.
        sees_emissions: Whether any breakpoint is about events as they are emitted.
        sees_completions: Whether any may be about calls that complete.
        stop_ids: Ids of the events that breakpoints are to stop before, where they stop a process.
        on_arranged: Called when the breakpoints have changed.
        unheld: Routes and event ids whose messages concern no breakpoint, of those that were asked for.
        unconcerned: Functions whose completion concerns none, of those that were asked for.
        unconcerned_ids: Ids of events that concern none as they are emitted, of those that were asked for.
    """

    def __init__(self, graph: Graph, log: Log) -> None:
        self._graph = graph
        self._log = log
        self._points: dict[int, Breakpoint] = {}
        self._cursor: Breakpoint | None = None
        self._is_muted = False
        self.errors: list[Breakpoint] = []
        self.warnings: list[Breakpoint] = []
        self.rests: list[Breakpoint] = []
        self.watches: list[Breakpoint] = []
        self._before: list[Breakpoint] = []
        self._after: list[Breakpoint] = []
        self._emit: list[Breakpoint] = []
        self._automatic: list[Breakpoint] = []
        self._messages: dict[tuple[CompiledRoute, str], tuple[Breakpoint, ...]] = {}
        self._calls: dict[CompiledFunction, tuple[Breakpoint, ...]] = {}
        self._elements: dict[CompiledStep, tuple[Breakpoint, ...]] = {}
        self._events: dict[str, tuple[Breakpoint, ...]] = {}
        self.holds_messages = self.sees_emissions = self.sees_completions = False
        self.stop_ids: frozenset[str] = frozenset()
        self.on_arranged: Callable[[], None] | None = None
        self.unheld: set[tuple[CompiledRoute, str]] = set()
        self.unconcerned: set[CompiledFunction] = set()
        self.unconcerned_ids: set[str] = set()

    def __iter__(self) -> Iterator[Breakpoint]:
        return iter(self._points.values())

    def __contains__(self, point: Breakpoint) -> bool:
        return self._points.get(point.id) is point

    def add(self, point: Breakpoint) -> None:
        """Add a breakpoint and bind it; it takes the place of one with the same id."""
        bind(point, self._graph)
        self._points[point.id] = point
        self._arrange()

    def rebind(self, graph: Graph) -> None:
        """Bind all breakpoints to another definition of the process."""
        self._graph = graph
        for point in (*self, self._cursor):
            if point is not None:
                bind(point, graph)
        self._arrange()

    def remove(self, number: int) -> None:
        """Remove a breakpoint, where it is still there."""
        if self._points.pop(number, None) is not None:
            self._arrange()

    @property
    def is_muted(self) -> bool:
        """Whether no breakpoint counts; the run then goes at full speed. Where `run_to` is to end still counts."""
        return self._is_muted

    @is_muted.setter
    def is_muted(self, muted: bool) -> None:
        self._is_muted = muted
        self._arrange()

    @property
    def cursor(self) -> Breakpoint | None:
        """Where `run_to` is to end; it is none of the breakpoints."""
        return self._cursor

    @cursor.setter
    def cursor(self, point: Breakpoint | None) -> None:
        if point is not self._cursor:
            self._cursor = point
            self._arrange()

    def silent(self) -> dict[str, Breakpoint]:
        """Return the breakpoints that pause nothing, each by where it is and why."""
        why = "breakpoints are muted" if self._is_muted else "it is off"
        points = [point for point in self if point.kind == "event" and (self._is_muted or not point.enabled)]
        return {f"The breakpoint on {point.place} does not count: {why}": point for point in points}

    def _arrange(self) -> None:
        given = () if self._is_muted else tuple(self)
        points = [point for point in (*given, self._cursor) if point is not None and point.bound]
        self.errors = [point for point in points if point.kind == "error"]
        self.warnings = [point for point in points if point.kind == "warning"]
        self.rests = [point for point in points if point.kind == "quiescence"]
        self.watches = [point for point in points if point.kind == "state"]
        points = [point for point in points if point.kind == "event"]
        self._before = [point for point in points if point.when == "before"]
        self._after = [point for point in points if point.when == "after"]
        self._emit = [point for point in points if point.when == "emit"]
        self.holds_messages = bool(self._before)
        self.sees_emissions = bool(self._emit)
        self._automatic = [p for p in self._emit if p.event is not None and _may_be_automatic(p)]
        self.sees_completions = bool(self._after or self._automatic or self.watches)
        self._messages.clear()
        self._calls.clear()
        self._elements.clear()
        self._events.clear()
        self.unheld.clear()
        self.unconcerned.clear()
        self.unconcerned_ids.clear()
        stops = [Candidate((e.event_id,), "", None, (e.id, e.key)) for e in self._graph.edges if not e.target]
        wanted = self.at_stop()
        self.stop_ids = frozenset(stop.events[0] for stop in stops if any(point.fits(stop) for point in wanted))
        if self.on_arranged is not None:
            self.on_arranged()

    # Which breakpoints something may concern.

    def may_hold(self, batch: Iterable[Message]) -> bool:
        """Return whether a message may have to wait for a breakpoint."""
        messages = self._messages
        for message in batch:
            points = messages.get((message.route, message.event_id))
            for point in self.before(message) if points is None else points:
                if point.enabled:
                    return True
        return False

    def before(self, message: Message) -> tuple[Breakpoint, ...]:
        """Return the breakpoints that may concern a message."""
        key = message.route, message.event_id
        found = self._messages.get(key)
        if found is None:
            found = self._messages[key] = tuple(point for point in self._before if _may_concern(point, *key))
            if not found:
                self.unheld.add(key)
        return found

    def before_elements(self, step: CompiledStep) -> tuple[Breakpoint, ...]:
        """Return the breakpoints that may concern an element of a map before it begins."""
        found = self._elements.get(step)
        if found is None:
            found = self._elements[step] = tuple(
                point
                for point in self._before
                if point.event is point.route is None and (point.paths is None or step.name in _names_of(point.paths))
            )
        return found

    def at_stop(self) -> list[Breakpoint]:
        """Return the breakpoints that may concern an event which does nothing but stop its process."""
        return [point for point in self._before if point.step is point.function is None]

    def emitted(self, event_id: str) -> tuple[Breakpoint, ...]:
        """Return the breakpoints that concern an event as it is emitted."""
        found = self._events.get(event_id)
        if found is None:
            found = self._events[event_id] = tuple(p for p in self._emit if p.fits_event(event_id))
            if not found:
                self.unconcerned_ids.add(event_id)
        return found

    def completed(self, function: CompiledFunction) -> tuple[Breakpoint, ...]:
        """Return the breakpoints that may concern the completion of a function; those on emit name its result event."""
        found = self._calls.get(function)
        if found is None:
            named = [p for p in self._automatic if p.fits_event(function.result_id)]
            found = tuple(p for p in (*self._after, *named) if p.function is None or p.function == function.name)
            self._calls[function] = found
            if not found and not self.watches and not self.stop_ids:
                self.unconcerned.add(function)
        return found

    def failed(self, function: CompiledFunction) -> list[Breakpoint]:
        """Return the breakpoints on emit that name the error event of a function."""
        return [p for p in self._automatic if p.fits_event(function.error_id)]

    # Which of them stop the run.

    def hits(self, points: Iterable[Breakpoint], occurrence: Occurrence) -> list[Hit]:
        """Hold breakpoints against an occurrence, and count; logpoints log.

        Returns:
            Those that stop the run, in the order they were added.
        """
        candidate = Candidate(
            occurrence.events, occurrence.path, occurrence.function, occurrence.routes, occurrence.codes
        )
        found = []
        for point in points:
            if not point.enabled or not point.fits(candidate):
                continue
            outcome = point.judge(occurrence)
            if outcome is Outcome.PASS:
                continue
            if point.template is None:
                found.append(Hit(point, point.hit_count, occurrence))
            elif outcome is Outcome.HIT:
                self._log(point, point.template.render(occurrence.data, occurrence.facts()), occurrence)
            else:
                self._log(point, point.problem or "", occurrence)
            if point.once and outcome is Outcome.HIT:
                self.remove(point.id)
        return found


class HitQueue:
    """Holds what happens against the breakpoints, and keeps the hits until each has been shown.

    Args:
        run: The run.
        index: The breakpoints.
        on_due: Called when there is a hit to show.

    Attributes:
        due: The hits, oldest first.
    """

    def __init__(self, run: RunRecord, index: BreakpointIndex, on_due: Callable[[], None]) -> None:
        self._index = index
        self._on_due = on_due
        self._states = StateWatch(run)
        self.note_states()
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

    def note_states(self) -> None:
        """Take what watchpoints look at as it is now, since it was changed by hand, or a watchpoint is new."""
        self._states.note(self._index.watches)

    def see_states(self, process: ProcessRecord) -> None:
        """Hold the states of calls that wait, at the end of a superstep, against the watchpoints."""
        for slot in process.slots:
            if slot is not None and slot.current is not None:
                self.see_state(slot.current)

    def see_state(self, invocation: Invocation) -> None:
        """Hold what a call has made of its step's state against the watchpoints."""
        slot = invocation.slot
        points = [point for point in self._index.watches if point.paths is not None and slot.path in point.paths]
        for change in self._states.changes(points, slot) if points else ():
            self._hold_against((change.breakpoint,), from_state(invocation, change.value, change.words))

    def see_message(self, process: ProcessRecord, message: Message) -> None:
        """Hold a message that could be delivered now against the breakpoints."""
        points = self._index.before(message)
        if points:
            self._hold_against(points, from_message(process, message))

    def see_element(self, record: MapRecord, call: Invocation) -> None:
        """Hold an element of a map that could begin now against the breakpoints."""
        points = self._index.before_elements(call.slot.plan)
        if points:
            self._hold_against(points, from_element(record, call))

    def see_emission(self, call: Invocation, event_id: str, data: Any, seq: int) -> None:
        """Hold an event that has just been emitted against the breakpoints."""
        if event_id not in self._index.unconcerned_ids and (points := self._index.emitted(event_id)):
            self._hold_against(points, from_emission(call, event_id, data, seq))

    def see_completion(self, invocation: Invocation) -> None:
        """Hold a completed call against the breakpoints: the state it left, its result, its events that only stop."""
        if self._index.watches:
            self.see_state(invocation)
        points = self._index.completed(invocation.function)
        if points:
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
        if failure is None:
            return
        emitted = self._index.failed(invocation.function) if self._index.sees_completions else ()
        if self._index.watches:
            self.see_state(invocation)
        if emitted:
            error_id, seq = invocation.function.error_id, invocation.result_seq
            self._hold_against(emitted, from_emission(invocation, error_id, failure, seq))
        points = self._index.errors
        if not points:
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
            self._on_due()

    def _still_counts(self, hit: Hit) -> bool:
        point, scope = hit.breakpoint, hit.occurrence.scope
        is_lost = scope.failed is not None or scope.process.failed is not None or scope.process.is_dead
        if hit.occurrence.type == "message" and is_lost:
            return False
        if point is self._index.cursor:
            return True
        return point.enabled and not self._index.is_muted and (point.once or point in self._index)


def _names_of(paths: Iterable[str]) -> set[str]:
    return {path.rpartition("/")[2] for path in paths}


def _may_be_automatic(point: Breakpoint) -> bool:
    """See whether a breakpoint on emit may be about results or errors, which no step emits itself."""
    return point.is_event_glob or (point.event or "").endswith((RESULT_SOURCE, ERROR_SOURCE))


def _may_concern(point: Breakpoint, route: CompiledRoute, event_id: str) -> bool:
    """See whether a breakpoint may be about messages of a route, wherever in the whole its process stands."""
    if route.step is None or route.function is None:
        return False
    if point.paths is not None and route.step.name not in _names_of(point.paths):
        return False
    return (
        (point.fits_event(event_id) or point.fits_event(route.route.source.event_id))
        and (point.route is None or point.route.endswith(route.id))
        and (point.function is None or point.function == route.function.name)
    )
