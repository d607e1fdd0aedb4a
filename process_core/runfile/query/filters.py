"""What rows a list shall show."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from process_core.predicate import Predicate
from process_core.runfile.query.globs import as_level, event_pattern, path_pattern


class NameTerm(Protocol):
    """A condition on one name of an event, in SQL alone."""

    @property
    def name(self) -> str:
        """The name, one of `predicate.ENVELOPE`."""

    def sql(self, column: str) -> tuple[str, tuple[Any, ...]]:
        """Return an SQL condition on a column, which is never NULL, and its values."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice of rows; a row must satisfy all that is given.

    Attributes:
        types: Types of event, one of them.
        paths: Globs over step paths, one of them (`outer/*/Step`).
        path: Path of one step, or of a nested process; empty for the root.
        steps: Names of steps, one of them.
        functions: Names of functions, one of them.
        event_ids: Ids of process events, one of them; `*` and `?` are wildcards.
        routes: Ids of routes, one of them.
        codes: Codes of warnings and failures, one of them.
        states: States of the run, one of them.
        generation: Generation of the code.
        texts: Texts that all occur in a name, the payload or the details; upper and lower case are the same.
        without: Texts of which none occurs there.
        since: Earliest timestamp.
        until: Latest timestamp.
        first_superstep: Lowest superstep.
        last_superstep: Highest superstep.
        request_id: Which request.
        terms: Conditions on names that must all hold.
        where: A predicate; a row on which it cannot be decided is left out.
    """

    types: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    path: str | None = None
    steps: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    event_ids: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    generation: int | None = None
    texts: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    since: float | None = None
    until: float | None = None
    first_superstep: int | None = None
    last_superstep: int | None = None
    request_id: str | None = None
    terms: tuple[NameTerm, ...] = ()
    where: Predicate | None = None

    @property
    def is_empty(self) -> bool:
        """Whether every row satisfies it."""
        return self == Filter()

    def shape_test(self) -> Callable[[tuple[Any, ...]], bool] | None:
        """Return a test of a row of `shapes` for the names that are given; None if every row passes."""
        names = (self.types, self.paths, self.steps, self.functions, self.event_ids, self.routes)
        if self.path is None and self.generation is None and not any((*names, self.codes, self.states)):
            return None
        paths = [path_pattern(glob) for glob in self.paths]
        event_ids = [event_pattern(glob) for glob in self.event_ids]

        def test(shape: tuple[Any, ...]) -> bool:
            _, kind, path, step, function, event_id, route, state, _, code, generation = shape
            swapped = as_level(event_id or "")
            return (
                (not self.types or kind in self.types)
                and (self.path is None or path == self.path)
                and (not self.steps or step in self.steps)
                and (not self.functions or function in self.functions)
                and (not self.routes or route in self.routes)
                and (not self.codes or code in self.codes)
                and (not self.states or state in self.states)
                and (self.generation is None or generation == self.generation)
                and (not paths or any(pattern.fullmatch(path) for pattern in paths))
                and (
                    not event_ids or (event_id is not None and any(pattern.fullmatch(swapped) for pattern in event_ids))
                )
            )

        return test
