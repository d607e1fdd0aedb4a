"""The watch: all breakpoints of a debugger, and quick answers to which of them a moment concerns."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass

from process_core.debug.binding import bind
from process_core.debug.breakpoints import Breakpoint, Candidate, Outcome, When
from process_core.debug.moments import Moment
from process_core.engine.invocation import Message
from process_core.engine.plan import RoutePlan, RouteSet
from process_core.graph import Graph

Log = Callable[[Breakpoint, str, Moment], None]


@dataclass(frozen=True, slots=True)
class Hit:
    """A breakpoint that stops the run.

    Attributes:
        breakpoint: The breakpoint.
        count: How often it had matched.
        moment: What it was held against.
    """

    breakpoint: Breakpoint
    count: int
    moment: Moment


class Watch:
    """Holds the breakpoints against what happens.

    Nearly nothing that happens concerns any breakpoint, so what could is settled once per route and event id and looked
    up from then on; only the payload, the count and the path inside a map are left to be seen each time.

    Args:
        graph: The process that breakpoints are bound to.
        log: Writes what logpoints say.

    Attributes:
        is_idle: Whether no breakpoint counts before delivery.
    """

    def __init__(self, graph: Graph, log: Log) -> None:
        self._graph = graph
        self._log = log
        self._points: dict[int, Breakpoint] = {}
        self._cursor: Breakpoint | None = None
        self._known: dict[Hashable, tuple[Breakpoint, ...]] = {}
        self._at: dict[When, tuple[Breakpoint, ...]] = {}
        self.is_idle = True
        self._arrange()

    def __iter__(self) -> Iterator[Breakpoint]:
        return iter(self._points.values())

    def __contains__(self, point: Breakpoint) -> bool:
        return point.id in self._points

    def add(self, point: Breakpoint) -> None:
        """Add a breakpoint and bind it.

        Args:
            point: The breakpoint.
        """
        bind(point, self._graph)
        self._points[point.id] = point
        self._arrange()

    def remove(self, number: int) -> None:
        """Remove a breakpoint, where it is still there.

        Args:
            number: Its id.
        """
        if self._points.pop(number, None) is not None:
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

    def _arrange(self) -> None:
        self._known.clear()
        points = [*self, self._cursor] if self._cursor is not None else list(self)
        for when in ("before", "after", "emit"):
            self._at[when] = tuple(point for point in points if point.when == when)
        self.is_idle = not self._at["before"]

    # Which breakpoints something may concern.

    def may_hold(self, batch: Iterable[Message]) -> bool:
        """Tell whether a message may have to wait for a breakpoint.

        Args:
            batch: The messages.
        """
        if self.is_idle:
            return False
        return any(point.enabled for message in batch for point in self.before(message))

    def before(self, message: Message) -> tuple[Breakpoint, ...]:
        """Give the breakpoints that may concern a message.

        Args:
            message: The message.
        """
        route, event_id = message.route, message.event_id
        found = self._known.get((route, event_id))
        if found is None:
            events = (event_id, route.route.source.event_id)
            found = tuple(p for p in self._at["before"] if _may_concern(p, events, route))
            self._known[route, event_id] = found
        return found

    def at_stop(self, routes: RouteSet | None, event_id: str) -> tuple[tuple[Breakpoint, ...], RoutePlan | None]:
        """Give the breakpoints that concern an event which does nothing but stop its process.

        Args:
            routes: Where the event goes.
            event_id: The event.

        Returns:
            The breakpoints, and the stop route; none where a message carries the event, or a condition decides.
        """
        if self.is_idle or routes is None:
            return (), None
        first = routes.routes[0]
        if any(route.step is not None or route.route.condition or route.route.otherwise for route in routes.routes):
            return (), None
        key = (routes, event_id)
        found = self._known.get(key)
        if found is None:
            found = tuple(p for p in self._at["before"] if _may_concern(p, (event_id,), first))
            self._known[key] = found
        return found, first

    def emitted(self, event_id: str, *, by_name: bool = False) -> tuple[Breakpoint, ...]:
        """Give the breakpoints that concern an event as it is emitted.

        Args:
            event_id: The event.
            by_name: Whether only those that name it do, as for automatic results.
        """
        points = self._at["emit"]
        if not points:
            return ()
        return tuple(p for p in points if p.event == event_id or (p.event is None and not by_name))

    @property
    def after(self) -> tuple[Breakpoint, ...]:
        """The breakpoints that count when a call completes."""
        return self._at["after"]

    # Which of them stop the run.

    def hits(self, points: Iterable[Breakpoint], moment: Moment) -> list[Hit]:
        """Hold breakpoints against a moment, and count; logpoints log.

        Args:
            points: Those that may concern it.
            moment: What happens.

        Returns:
            Those that stop the run, in the order they were added.
        """
        candidate = Candidate(moment.events, moment.path, moment.function, moment.routes)
        found = []
        for point in points:
            if not point.enabled or not point.fits(candidate):
                continue
            outcome = point.judge(moment.data, moment)
            if outcome is Outcome.PASS:
                continue
            if point.template is None:
                found.append(Hit(point, point.hit_count, moment))
            elif outcome is Outcome.HIT:
                self._log(point, point.template.render(moment.data, moment), moment)
            else:
                self._log(point, point.problem or "", moment)
            if point.once and outcome is Outcome.HIT:
                self.remove(point.id)
        return found


def _may_concern(point: Breakpoint, events: tuple[str, ...], route: RoutePlan) -> bool:
    if (point.event is not None and point.event not in events) or not (point.route or route.id).endswith(route.id):
        return False
    if route.step is None or route.function is None:
        return point.step is None and point.function is None
    if point.step is not None:
        names = {path.rpartition("/")[2] for path in point.paths or ()}
        if route.step.name not in names and not point.step.endswith(route.step.name):
            return False
    return point.function in (None, route.function.name)
