"""The terms of a filter that look at names, said to the run file in the shape of a predicate."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from process_core.predicate import Predicate, SqlPrefilter
from tui.timeline.event_styles import KINDS

NAMES: Final[Mapping[str, str]] = {
    "type": "type",
    "step": "path",
    "event": "event_id",
    "function": "function",
    "route": "route",
    "code": "code",
    "state": "state",
    "superstep": "superstep",
}
"""What a term may look at -> its name in the envelope."""

_Sql = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Term:
    """One condition on one name of an event.

    Attributes:
        field: A key of `NAMES`.
        value: What must stand there, or the whole of it where it has `*` or `?`.
        is_negated: Whether it must not.
        last: For supersteps, the end of the range that begins with `value`.
    """

    field: str
    value: str
    is_negated: bool = False
    last: int = 0

    def sql(self, column: str) -> _Sql:
        """Say it in SQL.

        Args:
            column: SQL expression for the name.

        Returns:
            A condition that is never NULL, and its values.
        """
        values: tuple[Any, ...]
        if self.field == "superstep":
            condition, values = f"{column} BETWEEN ? AND ?", (int(self.value), self.last)
        else:
            condition, values = f"coalesce({column}, '') LIKE ? ESCAPE '\\'", (self._pattern(),)
        if self.field == "type":
            short = self._types()
            condition, values = f"{condition} OR {column} IN ({','.join('?' * len(short))})", (*values, *short)
        return f"{'NOT ' if self.is_negated else ''}({condition})", values

    def _is_whole(self) -> bool:
        return "*" in self.value or "?" in self.value

    def _pattern(self) -> str:
        escaped = re.sub(r"([\\%_])", r"\\\1", self.value)
        return escaped.replace("*", "%").replace("?", "_") if self._is_whole() else f"%{escaped}%"

    def _types(self) -> tuple[str, ...]:
        """Give the types whose short word, as the timeline shows it, fits."""
        pattern = re.escape(self.value).replace(r"\*", ".*").replace(r"\?", ".")
        compiled = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        fits = compiled.fullmatch if self._is_whole() else compiled.search
        return tuple(kind for kind, look in KINDS.items() if fits(look.word))


class NameTerms(Predicate):
    """Terms on names, and a predicate of the user's besides.

    A run file asks a predicate first what SQL can decide, once for each combination of names; a million rows are then
    sorted out in a fraction of a second. That is what the terms are for, and all that they are.

    Args:
        terms: The terms; all must hold.
        also: What must hold as well.
    """

    __slots__ = ("also", "terms")

    def __init__(self, terms: Sequence[Term], also: Predicate | None) -> None:
        super().__init__("True")
        self.terms = tuple(terms)
        self.also = also
        names = {NAMES[term.field] for term in terms} | set(also.names if also is not None else ())
        self.names = tuple(sorted(names))
        self.text = f"{self.terms!r} and {also.text if also is not None else True!r}"

    def sql_prefilter(self, columns: Mapping[str, str]) -> SqlPrefilter:
        """Say the terms, and as much of the predicate as can be, in SQL.

        Args:
            columns: SQL expression per name.

        Returns:
            The condition, and what is left of the predicate.
        """
        parts = [term.sql(columns[NAMES[term.field]]) for term in self.terms]
        residual = None
        if self.also is not None:
            condition, params, residual = self.also.sql_prefilter(columns)
            parts.append((f"({condition})", tuple(params)))
        values = [value for _, given in parts for value in given]
        return SqlPrefilter(" AND ".join(part for part, _ in parts) or "1", values, residual)
