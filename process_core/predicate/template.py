"""Log templates: text with expressions in braces, for breakpoints that log instead of stopping."""

from collections.abc import Iterable, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from process_core.predicate.access import ATOMS, MISSING, a, box_type, layout_of, plain, read
from process_core.predicate.errors import PredicateError, PredicateEvaluationError
from process_core.predicate.predicate import Predicate
from process_core.predicate.syntax import MAX_TEXT

_FIELDS: Final = 20
_CHARS: Final = 500  # of one value
_ITEMS: Final = 10
_DEPTH: Final = 3
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class LogTemplate:
    """A text such as `total is {data.total} in superstep {superstep}`; `{{` and `}}` stand for braces.

    Args:
        text: The template.
        unknown: Names that its expressions may not use, each with what to write in its place.

    Attributes:
        text: The template.
        uses_data: Whether it looks at the payload.

    Raises:
        PredicateError: A brace stands alone, or an expression is wrong; the error points into the template.
    """

    __slots__ = ("_parts", "text", "uses_data")

    def __init__(self, text: str, *, unknown: Mapping[str, str] = _NOTHING) -> None:
        if len(text) > MAX_TEXT:
            raise PredicateError(text, f"a template has at most {MAX_TEXT} characters", MAX_TEXT + 1)
        self.text = text
        self._parts = tuple(_parts(text, unknown))
        self.uses_data = any(isinstance(part, Predicate) and part.uses_data for part in self._parts)

    def render(self, data: Any, event: Any = None) -> str:
        """Fill in a payload and its event; an expression without a value is replaced by the reason, in braces."""
        return "".join(part if isinstance(part, str) else _filled(part, data, event) for part in self._parts)

    def __repr__(self) -> str:
        return f"LogTemplate({self.text!r})"


def describe(value: Any) -> str:
    """Return a value as a line of bounded length, without running a line of its code."""
    value = plain(value)
    text = value if type(value) is str else "".join(_written(value, 0))
    return text if len(text) <= _CHARS else text[: _CHARS - 1] + "…"


def _filled(part: Predicate, data: Any, event: Any) -> str:
    try:
        return describe(part.value(data, event))
    except PredicateEvaluationError as error:
        return f"{{{error.problem}}}"


def _parts(text: str, unknown: Mapping[str, str]) -> Iterable[str | Predicate]:
    at = fields = 0
    while at < len(text):
        brace = text[at]
        if text[at : at + 2] in ("{{", "}}"):
            yield brace
            at += 2
        elif brace == "{":
            fields += 1
            if fields > _FIELDS:
                raise PredicateError(text, f"a template has at most {_FIELDS} expressions", at + 1)
            expression, at = _expression(text, at, unknown)
            yield expression
        elif brace == "}":
            raise PredicateError(text, "a '}' without a '{' (write '}}' for a brace)", at + 1)
        else:
            end = min((found for found in (text.find("{", at), text.find("}", at)) if found >= 0), default=len(text))
            yield text[at:end]
            at = end


def _expression(text: str, start: int, unknown: Mapping[str, str]) -> tuple[Predicate, int]:
    """Compile the expression in the brace at `start`: the shortest that is one, as it may itself hold braces."""
    first_error: PredicateError | None = None
    end = text.find("}", start)
    while end >= 0:
        try:
            return Predicate(text[start + 1 : end], unknown=unknown), end + 1
        except PredicateError as error:
            if first_error is None:
                first_error = PredicateError(text, error.problem, start + 1 + error.column)
        end = text.find("}", end + 1)
    raise first_error or PredicateError(text, "a '{' without a '}' (write '{{' for a brace)", start + 1)


def _written(value: Any, depth: int) -> Iterable[str]:
    kind: Any = box_type(value)
    if type(value) in ATOMS:
        yield _atom(value)
    elif kind is None:
        yield from _object(value, depth)
    elif depth >= _DEPTH:
        yield "…"
    elif kind is dict:
        pairs = (("".join((_short(key), ": ")), item) for key, item in dict.items(value))
        yield from _listed("{", pairs, dict.__len__(value), "}", depth)
    else:
        opening, closing = {tuple: ("(", ")"), set: ("{", "}"), frozenset: ("{", "}")}.get(kind, ("[", "]"))
        yield from _listed(opening, (("", item) for item in kind.__iter__(value)), kind.__len__(value), closing, depth)


def _object(value: Any, depth: int) -> Iterable[str]:
    fields = layout_of(type(value)).fields
    name = a(value).partition(" ")[2]
    if fields is None or depth >= _DEPTH:
        yield f"<{name}>"
        return
    stored = ((f"{field}=", read(value, field)) for field in fields)
    yield from _listed(f"{name}(", (pair for pair in stored if pair[1] is not MISSING), len(fields), ")", depth)


def _listed(opening: str, items: Iterable[tuple[str, Any]], count: int, closing: str, depth: int) -> Iterable[str]:
    yield opening
    for place, (name, item) in enumerate(islice(items, _ITEMS)):
        yield ", " * (place > 0) + name
        yield from _written(plain(item), depth + 1)
    if count > _ITEMS:
        yield f", … {count - _ITEMS} more"
    yield closing


def _short(key: Any) -> str:
    key = plain(key)
    return _atom(key) if type(key) in ATOMS else f"<{a(key)}>"


def _atom(value: Any) -> str:
    if type(value) in (str, bytes) and len(value) > _CHARS:
        return f"{value[:_CHARS]!r}…"
    if type(value) is int and value.bit_length() > _CHARS:
        return "<a huge int>"
    return repr(value)
