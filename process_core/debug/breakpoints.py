"""Breakpoints: where a run is to stop, when, and how often."""

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from process_core.errors import ProcessError, StepFailure
from process_core.predicate import LogTemplate, Predicate, PredicateEvaluationError, compile_predicate
from process_core.runfile.query.globs import as_level, element_pattern, event_pattern, without_index

if TYPE_CHECKING:
    from process_core.debug.occurrence import Occurrence

When = Literal["before", "after", "emit"]
Kind = Literal["event", "error", "warning", "quiescence", "state"]

_HITS: Final = re.compile(r"\s*(==|>=|%)\s*([0-9]{1,18})\s*")
_COMPARE: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "==": operator.eq,
    ">=": operator.ge,
    "%": lambda count, n: count % n == 0,
}
_NAMED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "event": ("event", "step", "function", "route"),
    "error": ("code", "step", "function"),
    "warning": ("code", "event", "step", "function"),
    "quiescence": (),
    "state": ("step", "state"),
}
"""What a breakpoint of each kind can name."""
_NOT_YET: Final[Mapping[str, str]] = {
    "seq": "a call has no number before it begins; write 'cause' for the number of the event that brings it",
    "arguments": "a call has no arguments before it begins; write 'data' for what the message brings",
}
_NO_SEQ: Final[Mapping[str, str]] = {"seq": "the run becoming idle has no number yet; write 'superstep'"}
_OF_FAILURE: Final = tuple(field.name for field in fields(StepFailure))
_GLOB: Final = frozenset("*?[")
_PLACES: Final = ("event", "step", "function", "route", "code", "state")


class BreakpointError(ProcessError, ValueError):
    """A breakpoint that cannot be set; says what is wrong with it."""


class Candidate(NamedTuple):
    """What a breakpoint is held against, or could be.

    Attributes:
        events: Event ids by which it may be named.
        path: Path of the step concerned.
        function: The function concerned.
        routes: Route ids by which it may be named.
        codes: Codes by which it may be named; None where any will do.
    """

    events: Sequence[str]
    path: str
    function: str | None
    routes: Sequence[str]
    codes: Sequence[str] | None = None


class Outcome(Enum):
    """What a breakpoint makes of a occurrence that fits it."""

    PASS = auto()
    HIT = auto()
    BROKEN = auto()
    """Its condition raised, for the first time."""


@dataclass(slots=True, eq=False)
class Breakpoint:
    """Where a run is to stop.

    What is None matches anything; all that is given must match.

    Attributes:
        id: Its number in its debugger.
        event: Event id, or a glob on event ids. `after` completion, the id of an event that invoked the function, or
            of its result.
        step: Glob on the path of the target step (of the step itself for `after` and `emit`): `*` within one level,
            `**` across levels; `Map[3]` is one element of a map, `Map[*]` any, `Map` the map itself and each of them.
        function: Function name.
        route: Route id.
        when: Before delivery, after completion, or on emit.
        condition: Predicate text.
        hits: `==n`, `>=n` or `%n` on the times it matched.
        log: Template to log instead of stopping.
        once: Removed after its first stop, or log.
        enabled: Whether it counts at all.
        hit_count: Times it matched.
        bound: Whether anything in the process can match it.
        problem: Why it is unbound, or what its condition raised last.
        kind: What it is about: a message or a call; a function that fails, handled or not, before anything else follows
            from it; a warning; that the run is about to become idle, with all that is left over reported; or that a
            value in the state of a step has changed.
        code: Type of the error (`ValueError`, `payload_mismatch`), or code of the warning.
        state: With kind `state`, the path of the value in the state (`total`, `orders[0].total`); None is all of it.
        watched: Reads that value.
        paths: The steps that `step` matches, elements of maps taken together; None where it is not given.
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
    kind: Kind = "event"
    code: str | None = None
    state: str | None = None
    watched: Predicate | None = field(default=None, repr=False)
    paths: frozenset[str] | None = field(default=None, repr=False)
    predicate: Predicate | None = field(default=None, repr=False)
    template: LogTemplate | None = field(default=None, repr=False)
    _event_glob: re.Pattern[str] | None = field(default=None, repr=False)
    _element_glob: re.Pattern[str] | None = field(default=None, repr=False)
    _counts: Callable[[int], bool] | None = field(default=None, repr=False)
    _has_raised: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        self._check_kind()
        if self.when not in ("before", "after", "emit"):
            raise BreakpointError(f"when is 'before', 'after' or 'emit', not {self.when!r}")
        if self.when == "emit" and self.route is not None:
            raise BreakpointError("an event takes its route after it was emitted: give a route without when='emit'")
        if self.event is not None and _GLOB.intersection(self.event):
            self._event_glob = event_pattern(self.event)
        if self.step is not None:
            self._element_glob = element_pattern(self.step)
        if self.kind == "state":
            if not _is_path(self.state_path):
                raise BreakpointError(f"{self.state!r} is not a path in a state, such as total or orders[0].total")
            self.watched = compile_predicate(f"data{self.state_path}", names=("data",))
        self._counts = _count_test(self.hits) if self.hits is not None else None
        unknown = unknown_names(self.kind, self.when)
        if self.condition is not None:
            _refuse_old_words(self.condition, self.kind, self.when)
        self.predicate = compile_predicate(self.condition, unknown=unknown) if self.condition is not None else None
        self.template = LogTemplate(self.log, unknown=unknown) if self.log is not None else None

    def _check_kind(self) -> None:
        if self.kind not in _NAMED_BY:
            raise BreakpointError(f"kind is one of {', '.join(map(repr, _NAMED_BY))}, not {self.kind!r}")
        given = [name for name in _PLACES if getattr(self, name) is not None]
        if self.kind == "event" and not given:
            raise BreakpointError("a breakpoint needs an event, a step, a function or a route")
        allowed = _NAMED_BY[self.kind]
        for name in given:
            if name not in allowed:
                names = f"give {' or '.join(allowed)}" if allowed else "give nothing but a condition"
                raise BreakpointError(f"a breakpoint of kind {self.kind!r} has no {name}: {names}")
        if self.kind == "state" and self.step is None:
            raise BreakpointError("a watchpoint needs the step whose state it watches")
        if self.kind != "event" and self.when != "before":
            raise BreakpointError(f"when={self.when!r} says nothing about kind {self.kind!r}: leave it out")

    def fits(self, candidate: Candidate) -> bool:
        """Return whether this breakpoint is about something, whatever its payload.

        Args:
            candidate: What it may be about.
        """
        return self.fits_names(candidate) and self.fits_path(candidate.path)

    def fits_names(self, candidate: Candidate) -> bool:
        """Return whether all but the path fits."""
        return (
            (self.event is None or any(map(self.fits_event, candidate.events)))
            and (self.function is None or self.function == candidate.function)
            and (self.route is None or self.route in candidate.routes)
            and (self.code is None or candidate.codes is None or self.code in candidate.codes)
        )

    def fits_event(self, event_id: str) -> bool:
        """Return whether it may be about events of this id."""
        if self.event is None or self.event == event_id:
            return True
        return self._event_glob is not None and self._event_glob.fullmatch(as_level(event_id)) is not None

    @property
    def state_path(self) -> str:
        """The path of the value it watches as it follows on the state, empty for all of it: `.total`, `[0]`."""
        if not self.state:
            return ""
        return self.state if self.state.startswith("[") else f".{self.state}"

    @property
    def place(self) -> str:
        """Where it is, in words."""
        given = ((name, getattr(self, name)) for name in _PLACES)
        return ", ".join(f"{name} `{value}`" for name, value in given if value is not None)

    @property
    def is_event_glob(self) -> bool:
        """Whether its event stands for many."""
        return self._event_glob is not None

    @property
    def is_of_elements(self) -> bool:
        """Whether it names elements of maps, by number or as `[*]`."""
        return self._element_glob is not None

    def fits_path(self, path: str) -> bool:
        """Return whether its step glob matches.

        Args:
            path: Path of a step.
        """
        if self.paths is None:
            return True
        if self._element_glob is not None:
            return self._element_glob.fullmatch(path) is not None
        return path in self.paths or ("[" in path and without_index(path) in self.paths)

    def judge(self, occurrence: "Occurrence") -> Outcome:
        """See whether this breakpoint counts now, and count.

        Args:
            occurrence: What it is held against.

        Returns:
            Whether it does. A condition that raises is reported once and still counts.
        """
        if self.predicate is not None:
            try:
                if not self.predicate.matches(data=occurrence.data, event=occurrence.facts()):
                    return Outcome.PASS
            except PredicateEvaluationError as error:
                self.problem = f"the condition cannot be decided here: {error.problem}"
                is_first, self._has_raised = not self._has_raised, True
                return Outcome.BROKEN if is_first else Outcome.PASS
        self.hit_count += 1
        return Outcome.HIT if self._counts is None or self._counts(self.hit_count) else Outcome.PASS


def unknown_names(kind: Kind, when: When) -> Mapping[str, str]:
    """Return the names that a condition cannot have since nothing has them yet, each with what to write."""
    if kind == "quiescence":
        return _NO_SEQ
    return _NOT_YET if kind == "event" and when == "before" else {}


def _refuse_old_words(condition: str, kind: Kind, when: When) -> None:
    """Refuse what meant something else in an earlier version, which could only ever be false or undecided now."""
    try:
        parts = list(ast.walk(ast.parse(condition.strip(), mode="eval")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # the predicate says what is wrong
    for part in parts:
        if isinstance(part, ast.Compare) and kind == "event" and when == "before":
            sides = [part.left, *part.comparators]
            is_about_type = any(isinstance(side, ast.Name) and side.id == "type" for side in sides)
            if is_about_type and any(isinstance(side, ast.Constant) and side.value == "message" for side in sides):
                raise BreakpointError("the type of a call is 'executor_invoked', as in the timeline, not 'message'")
        elif kind == "error" and isinstance(part, ast.Attribute) and ast.unparse(part.value) == "data":
            if part.attr in _OF_FAILURE:
                continue
            raise BreakpointError(
                f"'data' of a failure is the failure ({', '.join(_OF_FAILURE)}); write arguments.{part.attr}"
                " for what the function was called with"
            )


def _is_path(path: str) -> bool:
    """See whether a text after a value only names fields and indexes."""
    try:
        node: ast.expr = ast.parse(f"data{path}", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    while isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Constant | ast.UnaryOp):
            return False
        node = node.value
    return isinstance(node, ast.Name) and node.id == "data"


def _count_test(text: str) -> Callable[[int], bool]:
    found = _HITS.fullmatch(text)
    if found is None or int(found[2]) < 1:
        raise BreakpointError(f"hits is '==n', '>=n' or '%n' with n of at least 1, not {text[:80]!r}")
    compare, number = _COMPARE[found[1]], int(found[2])
    return lambda count: compare(count, number)
