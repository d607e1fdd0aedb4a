"""A compiled predicate, to be evaluated on a payload or an event, live or recorded."""

import ast
from collections.abc import Callable, Collection, Mapping
from operator import attrgetter, itemgetter
from types import MappingProxyType
from typing import Any, Final

from process_core.events import NO_DATA
from process_core.predicate import work
from process_core.predicate.access import ATOMS, a, plain
from process_core.predicate.compiler import compile_tree
from process_core.predicate.errors import Fault, PredicateError, PredicateEvaluationError, TooMuchWork
from process_core.predicate.operations import truth
from process_core.predicate.sql import SqlPrefilter, split
from process_core.predicate.syntax import NAMES, Source, parse


class _Unset:
    """The type of `_UNSET`."""


_UNSET: Final = _Unset()
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def compile_predicate(
    text: str, *, names: Collection[str] = NAMES, unknown: Mapping[str, str] = _NOTHING
) -> "Predicate":
    """Compile a predicate.

    Args:
        text: An expression such as `data.total > 10 and event_id == "OrderPlaced"`. `match` and `search` take a pattern
            in RE2's syntax; see `patterns.compile_pattern`.
        names: The names it may use; `("data",)` where there is no event.
        unknown: Names that it may not use, each with what to write in its place.

    Raises:
        PredicateError: The text is not a predicate; the error points at the column.
    """
    return Predicate(text, names=names, unknown=unknown)


class Predicate:
    """A condition on a payload and the envelope of its event.

    It is immutable, may be used from any thread, and is equal to another with the same text.

    Args:
        text: The expression.
        names: The names it may use.
        unknown: Names that it may not use, each with what to write in its place.
        part: A part of the checked expression that is to stand alone; errors go on pointing into the whole.

    Attributes:
        text: The expression.
        names: The envelope names it uses, in the order of `ENVELOPE`.
        uses_data: Whether it looks at the payload; if not, nobody needs to decode one for it.
    """

    __slots__ = ("_function", "_read_attributes", "_read_items", "_source", "_tree", "names", "text", "uses_data")

    def __init__(
        self,
        text: str,
        *,
        names: Collection[str] = NAMES,
        unknown: Mapping[str, str] = _NOTHING,
        part: ast.expr | None = None,
    ) -> None:
        self._source = Source(text)
        self._tree = parse(self._source, names, unknown) if part is None else part
        self.text = text if part is None else ast.unparse(part)
        try:
            self._function, self.names, self.uses_data = compile_tree(self._tree, self._source)
        except (RecursionError, MemoryError):
            raise PredicateError(text, "too many parts within parts", 1) from None
        self._read_attributes = _reader(attrgetter, self.names)
        self._read_items = _reader(itemgetter, self.names)

    def matches(self, data: Any = _UNSET, event: Any = None) -> bool:
        """Return whether the predicate holds.

        Args:
            data: The payload; left out, that of the event.
            event: A `WorkflowEvent`, or anything with attributes or keys of those names (a message, a recorded row).
                What it does not have is None.

        Raises:
            PredicateEvaluationError: It cannot be decided: an attribute is missing, operands do not compare.
        """
        try:
            value = self._evaluate(data, event)
            return value if type(value) is bool else truth(value, 1)
        except Fault as fault:
            raise PredicateEvaluationError(self._source.text, fault.problem, fault.column) from None
        except Exception as error:
            raise self._surprise(error) from error

    def holds(self, data: Any = _UNSET, event: Any = None, overworked: Callable[[], None] | None = None) -> bool:
        """Return whether the predicate holds, False where it cannot be decided: what a filter needs.

        Args:
            data: As for `matches`.
            event: As for `matches`.
            overworked: Called where it takes more work than a predicate may do.
        """
        try:
            value = self._evaluate(data, event)
            return value if type(value) is bool else truth(value, 1)
        except TooMuchWork:
            if overworked is not None:
                overworked()
            return False
        except Exception:  # noqa: BLE001 - a payload that changes while it is read may raise anything
            return False

    def value(self, data: Any = _UNSET, event: Any = None) -> Any:
        """Return what the expression evaluates to, for a logpoint; a container is the payload's own, not a copy."""
        try:
            return self._evaluate(data, event)
        except Fault as fault:
            raise PredicateEvaluationError(self._source.text, fault.problem, fault.column) from None
        except Exception as error:
            raise self._surprise(error) from error

    def __call__(self, data: Any) -> bool:
        """Return whether the predicate holds for a payload: what a route's `.when` needs."""
        return self.matches(data)

    def sql(self, columns: Mapping[str, str]) -> tuple[str, list[Any]] | None:
        """Return a condition for SQLite that is true for exactly the matching rows, with its parameters, or None.

        Args:
            columns: Per envelope name that is in the table, the SQL expression for it: texts as text, `seq` and
                `superstep` as numbers, None as NULL (only `type`, `path`, `seq` and `superstep` are never NULL).
        """
        prefilter = self.sql_prefilter(columns)
        return None if prefilter.residual is not None else (prefilter.sql, prefilter.params)

    def sql_prefilter(self, columns: Mapping[str, str]) -> SqlPrefilter:
        """Split into a condition that every matching row fulfils, and what is left to evaluate on those rows."""
        condition, params, rest = split(self._tree, columns)
        residual = self if rest is self._tree else None if rest is None else Predicate(self._source.text, part=rest)
        return SqlPrefilter(condition, params, residual)

    def _evaluate(self, data: Any, event: Any) -> Any:
        work.begin()
        if event is None:
            if self.names:
                raise Fault(f"{self.names[0]!r} is known only where there is an event", 1)
            payload = None if data is _UNSET or data is NO_DATA else data
            return self._function(payload if type(payload) in ATOMS else plain(payload))
        if data is _UNSET and self.uses_data:
            data = _field(event, "data")
        if type(data) is not dict and type(data) not in ATOMS:
            data = None if data is NO_DATA or data is _UNSET else plain(data)
        if not self.names:
            return self._function(data)
        try:
            values = self._read_items(event) if type(event) is dict else self._read_attributes(event)
        except (AttributeError, KeyError):
            values = tuple(_field(event, name) for name in self.names)
        return self._function(data, *values)

    def _surprise(self, error: Exception) -> PredicateEvaluationError:
        return PredicateEvaluationError(self._source.text, f"{type(error).__name__} while reading {a(error)}", 1)

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, Predicate) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Predicate({self.text!r})"

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[type["Predicate"], tuple[str]]:
        return Predicate, (self.text,)


def _field(event: Any, name: str) -> Any:
    """Read from an event of whatever make; events are the engine's or rows of a recording, never a user's object."""
    if isinstance(event, Mapping):
        return event.get(name)
    value = getattr(event, name, _UNSET)
    if value is not _UNSET:
        return value
    keys = getattr(event, "keys", None)
    return event[name] if keys is not None and name in keys() else None


def _reader(getter: Callable[..., Callable[[Any], Any]], names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    if not names:
        return lambda _: ()
    read = getter(*names)
    return read if len(names) > 1 else lambda event: (read(event),)
