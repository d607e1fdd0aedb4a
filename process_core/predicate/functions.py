"""The functions a predicate may call; a few may also be written like methods (`data.name.lower()`)."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from process_core.predicate import work
from process_core.predicate.access import MISSING, a, box_type, plain, read
from process_core.predicate.errors import Fault
from process_core.predicate.operations import greater, less, negative, positive, size


class Function(NamedTuple):
    """A function of the language.

    Attributes:
        call: Takes the arguments and the column.
        least: Fewest arguments.
        most: Most arguments.
        method: Whether its first argument may stand before a dot.
        is_bool: Whether it always gives a bool.
    """

    call: Callable[..., Any]
    least: int
    most: int
    method: bool = False
    is_bool: bool = False


def _text(name: str, value: Any, column: int) -> str:
    if type(value) is not str:
        raise Fault(f"{name}() takes text, not {a(value)}", column)
    work.spend(16 * work.weigh(value), column)
    return value


def _lower(value: Any, column: int) -> str:
    return _text("lower", value, column).lower()


def _upper(value: Any, column: int) -> str:
    return _text("upper", value, column).upper()


def _strip(value: Any, column: int) -> str:
    return _text("strip", value, column).strip()


def _startswith(value: Any, prefix: Any, column: int) -> bool:
    return _text("startswith", value, column).startswith(_text("startswith", prefix, column))


def _endswith(value: Any, suffix: Any, column: int) -> bool:
    return _text("endswith", value, column).endswith(_text("endswith", suffix, column))


def _absolute(value: Any, column: int) -> Any:
    found = negative(value, column) if less(value, 0, column) else positive(value, column)
    return 0.0 if type(found) is float and found == 0 else found  # -0.0 is not less than 0


def _least(*values: Any) -> Any:
    *candidates, column = values
    best = candidates[0]
    for value in candidates[1:]:
        best = value if less(value, best, column) else best
    return best


def _greatest(*values: Any) -> Any:
    *candidates, column = values
    best = candidates[0]
    for value in candidates[1:]:
        best = value if greater(value, best, column) else best
    return best


def _get(owner: Any, name: Any, *default_and_column: Any) -> Any:
    column = default_and_column[-1]
    default = default_and_column[0] if len(default_and_column) > 1 else None
    key = _text("get", name, column)
    value = MISSING
    if key[:1] != "_" or box_type(owner) is dict:
        value = read(owner, key, column)
    return default if value is MISSING else plain(value)


FUNCTIONS: Final[Mapping[str, Function]] = {
    "abs": Function(_absolute, 1, 1),
    "endswith": Function(_endswith, 2, 2, method=True, is_bool=True),
    "get": Function(_get, 2, 3, method=True),
    "len": Function(size, 1, 1),
    "lower": Function(_lower, 1, 1, method=True),
    "max": Function(_greatest, 2, 8),
    "min": Function(_least, 2, 8),
    "startswith": Function(_startswith, 2, 2, method=True, is_bool=True),
    "strip": Function(_strip, 1, 1, method=True),
    "upper": Function(_upper, 1, 1, method=True),
}
"""By name; `match` and `search`, whose patterns are settled when the predicate is compiled, are not among them."""

PATTERN_FUNCTIONS: Final = ("match", "search")
