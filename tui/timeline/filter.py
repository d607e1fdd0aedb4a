"""The filter of the timeline: from a line of text to what the run file is asked for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from process_core.predicate import Predicate, PredicateError, compile_predicate
from process_core.runfile import Filter
from process_core.suggestions import nearest
from tui.timeline.event_styles import STYLES

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
_EXAMPLES: Final = {"type": "emit", "step": "outer/*", "event": "User*", "superstep": "3..5", "state": "FAILED"}
_MOST_CHARACTERS = 4000
_MAX_WORDS = 4  # each is looked for in every payload
_WHERE = re.compile(r"(?:^|\s)where\s+", re.IGNORECASE)
_COMPARISON = re.compile(r"[=!<>]=|[<>]|\s(?:not\s+)?in\s")
_SUPERSTEPS = re.compile(r"(\d{1,18})(?:\.\.(\d{1,18}))?")
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

    @property
    def name(self) -> str:
        """Its name in the envelope."""
        return NAMES[self.field]

    def sql(self, column: str) -> _Sql:
        """Return an SQL condition on a column that is never NULL, and its values."""
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
        """Return the types whose short word, as the timeline shows it, fits."""
        pattern = re.escape(self.value).replace(r"\*", ".*").replace(r"\?", ".")
        compiled = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        fits = compiled.fullmatch if self._is_whole() else compiled.search
        return tuple(kind for kind, look in STYLES.items() if fits(look.word))


class FilterError(ValueError):
    """A filter text that means nothing; its text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Query:
    """A filter that was understood.

    Attributes:
        text: As it was typed.
        words: Its plain words, to mark in the rows.
        filter: What the run file is asked for.
    """

    text: str
    words: tuple[str, ...]
    filter: Filter


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    is_quoted: bool

    @property
    def is_negated(self) -> bool:
        return self.text.startswith("-") and len(self.text) > 1

    @property
    def bare(self) -> str:
        return self.text[1:] if self.is_negated else self.text


def parse_filter(text: str) -> Query | None:
    """Read a filter; return None for an empty text, which shows all.

    A word alone is looked for in names, payloads and details. `type:`, `step:`, `event:`, `function:`, `route:`,
    `code:`, `state:` and `superstep:` look at one name; with `*` or `?` the whole of it must fit, else it is enough
    that the word stands in it. A `-` before a word turns it round, quotation marks keep blanks; a to z are the same
    as A to Z. What follows `where`, or a text with a comparison, is a predicate: `where data.total > 10`.

    Raises:
        FilterError: The text means nothing.
    """
    text = text.strip()
    if not text:
        return None
    if len(text) > _MOST_CHARACTERS:
        raise FilterError(f"at most {_MOST_CHARACTERS:,} characters are looked for, and these are {len(text):,}")
    plain, condition = _split(text)
    terms: list[Term] = []
    wanted: list[str] = []
    refused: list[str] = []
    for word in _words(plain):
        term = _term(word)
        if term is not None:
            terms.append(term)
        else:
            (refused if word.is_negated else wanted).append(word.bare)
    if len(wanted) + len(refused) > _MAX_WORDS:
        raise FilterError(f"at most {_MAX_WORDS} plain words; put quotation marks round words that stand together")
    chosen = Filter(texts=tuple(wanted), without=tuple(refused), terms=tuple(terms), where=condition)
    return Query(text, tuple(wanted), chosen)


def _split(text: str) -> tuple[str, Predicate | None]:
    where = _WHERE.search(text)
    if where is not None:
        words, condition = text[: where.start()], text[where.end() :]
    elif not text.startswith('"') and _COMPARISON.search(text):
        words, condition = "", text
    else:
        return text, None
    try:
        return words, compile_predicate(condition)
    except PredicateError as error:
        raise FilterError(f"{error.problem} (at {error.column} of {condition!r})") from None


def _words(text: str) -> list[_Word]:
    words: list[_Word] = []
    word, is_open, was_quoted = "", False, False
    for character in text:
        if character == '"':
            is_open, was_quoted = not is_open, was_quoted or word in {"", "-"}
        elif character.isspace() and not is_open:
            if word:
                words.append(_Word(word, was_quoted))
            word, was_quoted = "", False
        else:
            word += character
    if is_open:
        raise FilterError('a quotation mark (") stays open')
    return [*words, _Word(word, was_quoted)] if word else words


def _term(word: _Word) -> Term | None:
    name, colon, value = word.bare.partition(":")
    name = name.lower()
    if not colon or word.is_quoted or not name.isalpha():
        return None
    if name not in NAMES:
        close = nearest(name, NAMES)
        if close is not None:
            raise FilterError(f"there is no {name}: to filter by; did you mean {close}:{value} ?")
        return None
    if not value:
        raise FilterError(f"{name}: needs a word after it, for instance {name}:{_EXAMPLES.get(name, 'x*')}")
    if name != "superstep":
        return Term(name, value, word.is_negated)
    match = _SUPERSTEPS.fullmatch(value)
    if match is None:
        raise FilterError(f"superstep: takes a number or a range, for instance superstep:3..5, not {value!r}")
    return Term(name, match[1], word.is_negated, int(match[2] or match[1]))
