"""The filter of the timeline: from a line of text to what the run file is asked for."""

import re
from dataclasses import dataclass
from typing import Final

from process_core.predicate import Predicate, PredicateError, compile_predicate
from process_core.runfile import Filter
from process_core.suggestions import nearest
from tui.timeline.terms import NAMES, NameTerms, Term

_EXAMPLES: Final = {"type": "emit", "step": "outer/*", "event": "User*", "superstep": "3..5", "state": "FAILED"}
_MAX_WORDS = 4  # each is looked for in every payload
_WHERE = re.compile(r"(?:^|\s)where\s+", re.IGNORECASE)
_COMPARISON = re.compile(r"[=!<>]=|[<>]|\s(?:not\s+)?in\s")
_SUPERSTEPS = re.compile(r"(\d{1,18})(?:\.\.(\d{1,18}))?")


class FilterError(ValueError):
    """A filter text that means nothing; its text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Query:
    """A filter that was understood.

    Attributes:
        text: As it was typed.
        words: Its plain words, to mark in the rows.
        chosen: What a row must be, one list of the run file each.
        refused: What a row must not be.
    """

    text: str
    words: tuple[str, ...]
    chosen: tuple[Filter, ...]
    refused: tuple[Filter, ...]


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
    """Read a filter.

    A word alone is looked for in names, payloads and details. `type:`, `step:`, `event:`, `function:`, `route:`,
    `code:`, `state:` and `superstep:` look at one name; with `*` or `?` the whole of it must fit, else it is enough
    that the word stands in it. A `-` before a word turns it round, quotation marks keep blanks; a to z are the same
    as A to Z. What follows `where`, or a text with a comparison, is a predicate: `where data.total > 10`.

    Args:
        text: What the user typed.

    Returns:
        The filter, or None for an empty text, which shows all.

    Raises:
        FilterError: The text means nothing.
    """
    text = text.strip()
    if not text:
        return None
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
    where = NameTerms(terms, condition) if terms or condition is not None else None
    first = Filter(text=wanted[0] if wanted else "", where=where)
    others = [Filter(text=word) for word in wanted[1:]]
    return Query(text, tuple(wanted), (first, *others), tuple(Filter(text=word) for word in refused))


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
    found = _SUPERSTEPS.fullmatch(value)
    if found is None:
        raise FilterError(f"superstep: takes a number or a range, for instance superstep:3..5, not {value!r}")
    return Term(name, found[1], word.is_negated, int(found[2] or found[1]))
