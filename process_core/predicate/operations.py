"""The operators of the predicate language, on plain values only and with bounded work.

They give what Python gives, with two differences that make live and recorded values agree: a list and a tuple with
equal items are equal, and a model or dataclass equals a dict with equal fields.
"""

import operator
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from process_core.predicate.access import ATOMS, MISSING, a, box_type, check_keys, layout_of, plain, read
from process_core.predicate.errors import Fault

_NUMBERS: Final = frozenset({int, float, bool, Decimal})
_INT_BITS: Final = 8192  # of a product or power: far more than any quantity, far less than work anybody waits for
_TEXT_CHARS: Final = 100_000  # of a sum of texts
_PARTS: Final = 10_000  # values inside two values that are compared
_DEPTH: Final = 50
_ITEMS: Final = 100_000  # looked through by `in`

Operation = Callable[[Any, Any, int], Any]


def equal(left: Any, right: Any, column: int) -> bool:
    """Compare two values without asking them."""
    if type(left) in ATOMS and type(right) in ATOMS:
        return _compare_atoms(left, right, column)
    if left is None or right is None:
        return left is right
    budget = [_PARTS]
    return bool(_settled(left, column, budget, 0) == _settled(right, column, budget, 0))


def unequal(left: Any, right: Any, column: int) -> bool:
    """Compare two values without asking them."""
    return not equal(left, right, column)


def same(left: Any, right: Any, _column: int) -> bool:
    """Return whether two values are the same object; the syntax allows only None, True and False after `is`."""
    return left is right


def other(left: Any, right: Any, _column: int) -> bool:
    """Return whether two values are not the same object."""
    return left is not right


def _ordering(symbol: str, compare: Callable[[Any, Any], bool]) -> Operation:
    def ordered(left: Any, right: Any, column: int) -> bool:
        try:
            if type(left) in ATOMS and type(right) in ATOMS:
                return compare(left, right)
            budget = [_PARTS]
            return bool(compare(_settled(left, column, budget, 0), _settled(right, column, budget, 0)))
        except (TypeError, ArithmeticError):
            raise Fault(f"{symbol!r} does not compare {a(left)} and {a(right)}", column) from None

    return ordered


def contains(item: Any, box: Any, column: int) -> bool:
    """Return whether a text has a part, a container an item, or an object an attribute."""
    if type(box) in (str, bytes):
        if type(item) is not type(box):
            raise Fault(f"{a(item)} cannot be in {a(box)}", column)
        return item in box
    kind: Any = box_type(box)
    if kind in (dict, set, frozenset):
        check_keys(box, item, column)
        return bool(kind.__contains__(box, item))
    if kind is not None:
        if kind.__len__(box) > _ITEMS:
            raise Fault(f"looking through more than {_ITEMS:,} items", column)
        return any(element is item or equal(plain(element), item, column) for element in kind.__iter__(box))
    if type(item) is str and type(box) not in ATOMS:
        return not item.startswith("_") and read(box, item) is not MISSING
    raise Fault(f"nothing can be in {a(box)}", column)


def lacks(item: Any, box: Any, column: int) -> bool:
    """Return the opposite of `contains`."""
    return not contains(item, box, column)


def truth(value: Any, column: int) -> bool:
    """Return whether a value counts as true, without asking it."""
    if type(value) in ATOMS:
        return bool(value)
    kind: Any = box_type(value)
    if kind is not None:
        return bool(kind.__len__(value))
    if layout_of(type(value)).truthy:
        return True
    raise Fault(f"whether {a(value)} is true is computed, and a predicate runs no code of yours", column)


def untruth(value: Any, column: int) -> bool:
    """Return the opposite of `truth`."""
    return not truth(value, column)


def size(value: Any, column: int) -> int:
    """Count the characters of a text, the items of a container, or the fields of a model or dataclass."""
    kind: Any = type(value) if type(value) in (str, bytes) else box_type(value)
    if kind is None:
        names = layout_of(type(value)).fields
        if names is not None:  # a recording has them as a mapping
            return sum(read(value, name) is not MISSING for name in names)
        raise Fault(f"{a(value)} has no length", column)
    return int(kind.__len__(value))


def _arithmetic(symbol: str, compute: Callable[[Any, Any], Any]) -> Operation:
    def computed(left: Any, right: Any, column: int) -> Any:
        if type(left) in _NUMBERS and type(right) in _NUMBERS:
            try:
                return compute(left, right)
            except (ArithmeticError, TypeError) as error:
                raise Fault(_why(symbol, left, right, error), column) from None
        raise Fault(f"{symbol!r} does not take {a(left)} and {a(right)}", column)

    return computed


def _plus(left: Any, right: Any) -> Any:
    return left + right


def _times(left: Any, right: Any) -> Any:
    if type(left) is int and type(right) is int and left.bit_length() + right.bit_length() > _INT_BITS:
        raise OverflowError("the product is too large")
    return left * right


def _to_the(left: Any, right: Any) -> Any:
    if Decimal in (type(left), type(right)):
        raise TypeError("no powers of Decimal")
    if isinstance(left, int) and isinstance(right, int) and right > 0 and left.bit_length() * right > _INT_BITS:
        raise OverflowError("the power is too large")
    power = left**right
    if isinstance(power, complex):
        raise ArithmeticError("the power is not a real number")  # noqa: TRY004 - of a negative number, not of a type
    return power


_add_numbers = _arithmetic("+", _plus)


def add(left: Any, right: Any, column: int) -> Any:
    """Add two numbers, or join two texts."""
    if type(left) is str and type(right) is str:
        if len(left) + len(right) > _TEXT_CHARS:
            raise Fault("the text would be too long", column)
        return left + right
    return _add_numbers(left, right, column)


def negative(value: Any, column: int) -> Any:
    """Negate a number."""
    if type(value) in _NUMBERS:
        return -value
    raise Fault(f"'-' does not take {a(value)}", column)


def positive(value: Any, column: int) -> Any:
    """Return a number as it is."""
    if type(value) in _NUMBERS:
        return +value
    raise Fault(f"'+' does not take {a(value)}", column)


less = _ordering("<", operator.lt)
less_or_equal = _ordering("<=", operator.le)
greater = _ordering(">", operator.gt)
greater_or_equal = _ordering(">=", operator.ge)
subtract = _arithmetic("-", operator.sub)
multiply = _arithmetic("*", _times)
divide = _arithmetic("/", operator.truediv)
floor_divide = _arithmetic("//", operator.floordiv)
modulo = _arithmetic("%", operator.mod)
power = _arithmetic("**", _to_the)


def _compare_atoms(left: Any, right: Any, column: int) -> bool:
    try:
        return bool(left == right)
    except ArithmeticError:  # a signalling NaN
        raise Fault(f"'==' does not compare {a(left)} and {a(right)}", column) from None


def _settled(value: Any, column: int, budget: list[int], depth: int) -> Any:
    """Copy a value so that comparing the copy runs Python's own code only."""
    budget[0] -= 1
    if budget[0] < 0 or depth > _DEPTH:
        raise Fault("the values are too large to compare", column)
    value = plain(value)
    if type(value) in ATOMS:
        return value
    kind: Any = box_type(value)
    if kind in (list, tuple, deque):
        return [_settled(item, column, budget, depth + 1) for item in kind.__iter__(value)]
    if kind is dict:
        pairs = dict.items(value)
        return {_key(key, column): _settled(item, column, budget, depth + 1) for key, item in pairs}
    if kind in (set, frozenset):
        if kind.__len__(value) > budget[0]:
            raise Fault("the values are too large to compare", column)
        return {_key(item, column) for item in kind.__iter__(value)}
    fields = layout_of(type(value)).fields
    if fields is not None:
        stored = {name: read(value, name) for name in fields}
        return {n: _settled(v, column, budget, depth + 1) for n, v in stored.items() if v is not MISSING}
    raise Fault(f"{a(value)} cannot be compared; compare its attributes", column)


def _key(value: Any, column: int) -> Any:
    key = plain(value)
    if type(key) in ATOMS:
        return key
    raise Fault(f"{a(key)} as a key cannot be compared", column)


def _why(symbol: str, left: Any, right: Any, error: Exception) -> str:
    if isinstance(error, ZeroDivisionError):
        return f"{symbol!r} by zero"
    if isinstance(error, TypeError):
        return f"{symbol!r} does not take {a(left)} and {a(right)}"
    return f"{symbol!r}: {error}"
