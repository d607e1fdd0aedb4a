"""Breakpoints: where a run is to stop, when, and how often."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final, Literal

from process_core.errors import ProcessError
from process_core.graph import Graph
from process_core.predicate import LogTemplate, Predicate, PredicateEvaluationError, compile_predicate
from process_core.suggestion import did_you_mean

When = Literal["before", "after", "emit"]

_HITS: Final = re.compile(r"(==|>=|%)\s*(\d+)")
_COMPARE: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "==": operator.eq,
    ">=": operator.ge,
    "%": lambda count, n: count % n == 0,
}
_INDEX: Final = re.compile(r"\[\d+\]")


class BreakpointError(ProcessError, ValueError):
    """A breakpoint that cannot be set; says what is wrong with it."""


@dataclass(slots=True, eq=False)
class Breakpoint:
    """Where a run is to stop.

    What is None matches anything; all that is given must match.

    Attributes:
        id: Its number in its debugger.
        event: Event id.
        step: Glob on the path of the target step (of the step itself for `after` and `emit`).
        function: Function name.
        route: Route id.
        when: Before delivery, after completion, or on emit.
        condition: Predicate text.
        hits: `==n`, `>=n` or `%n` on the times it matched.
        log: Template to log instead of stopping.
        once: Removed after its first stop.
        enabled: Whether it counts at all.
        hit_count: Times it matched.
        bound: Whether anything in the process can match it.
        problem: Why it is unbound, or what its condition raised last.
    """

    id: int
    event: str | None = None
    step: str | None = None
    function: str | None = None
    route: str | None = None
    when: When = "before"
    condition: str | None = None
    hits: str | None = None
    log: str | None = None
    once: bool = False
    enabled: bool = True
    hit_count: int = 0
    bound: bool = True
    problem: str | None = None
    predicate: Predicate | None = field(default=None, repr=False)
    template: LogTemplate | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.event is self.step is self.function is self.route is None:
            raise BreakpointError("a breakpoint needs an event, a step, a function or a route")
        if self.when not in ("before", "after", "emit"):
            raise BreakpointError(f"when is 'before', 'after' or 'emit', not {self.when!r}")
        if self.hits is not None and not _valid_hits(self.hits):
            raise BreakpointError(f"hits is '==n', '>=n' or '%n' with n of at least 1, not {self.hits!r}")
        self.predicate = compile_predicate(self.condition) if self.condition is not None else None
        self.template = LogTemplate(self.log) if self.log is not None else None

    def matches(self, moment: Mapping[str, Any], data: Any) -> bool:
        """See whether this breakpoint counts now, and count.

        Args:
            moment: The envelope: `event_id`, `path`, `function`, `route`, ...
            data: The payload.

        Returns:
            Whether to stop, or to log.
        """
        if not self.enabled or not self._fits(moment):
            return False
        if self.predicate is not None:
            try:
                if not self.predicate.matches(data=data, event=moment):
                    return False
            except PredicateEvaluationError as error:
                if self.problem is not None:
                    return False
                self.problem = f"the condition cannot be decided here: {error.problem}"  # stops once, to say so
        self.hit_count += 1
        return self._counts()

    def _fits(self, moment: Mapping[str, Any]) -> bool:
        return (
            (self.event is None or self.event == moment["event_id"])
            and (self.function is None or self.function == moment["function"])
            and (self.route is None or self.route == moment["route"])
            and (self.step is None or fnmatchcase(_INDEX.sub("", moment["path"]), self.step))
        )

    def _counts(self) -> bool:
        if self.hits is None:
            return True
        found = _HITS.fullmatch(self.hits.strip())
        assert found is not None
        return _COMPARE[found[1]](self.hit_count, int(found[2]))

    def bind(self, graph: Graph) -> None:
        """See whether anything in a process can match.

        Args:
            graph: The process; sets `bound` and `problem`.
        """
        edges, nodes = graph.edges, graph.nodes
        events = {edge.event_id for edge in edges}
        paths = [node.path for node in nodes]
        self.bound, self.problem = True, None
        if self.event is not None and self.event not in events and self.when == "before":
            self._unbind(f"no route carries {self.event!r}", self.event, events)
        elif self.step is not None and not any(fnmatchcase(path, self.step) for path in paths):
            self._unbind(f"no step matches {self.step!r}", self.step, paths)
        elif self.function is not None and not any(self.function in node.functions for node in nodes):
            self._unbind(f"no function {self.function!r}", self.function, {f for n in nodes for f in n.functions})
        elif self.route is not None and self.route not in {edge.id for edge in edges}:
            self._unbind(f"no route {self.route!r}", self.route, {edge.id for edge in edges})

    def _unbind(self, problem: str, name: str, known: Any) -> None:
        self.bound = False
        hint = did_you_mean(name, sorted(known))
        self.problem = f"{problem} ({hint})" if hint else problem


def _valid_hits(text: str) -> bool:
    found = _HITS.fullmatch(text.strip())
    return found is not None and int(found[2]) > 0
