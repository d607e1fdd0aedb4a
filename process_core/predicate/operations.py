"""The operators of the predicate language, on plain values only and with bounded work.

They give what Python gives, with two differences that make live and recorded values agree: a list and a tuple with
equal items are equal, and a model or dataclass equals a dict with equal fields.
"""

import operator
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any, Final

from process_core.predicate import work
from process_core.predicate.access import (
    ATOMS,
    INT_BITS,
    MISSING,
    a,
    box_type,
    check_numbers,
    has_item,
    layout_of,
    plain,
    read,
    same_atoms,
)
from process_core.predicate.errors import Fault

_LONG: Final = frozenset({str, bytes, Decimal})
_NUMBERS: Final = frozenset({int, float, bool, Decimal})
_BIG_BITS: Final = 65_536  # of the operands of a sum, quotient or remainder
_TEXT_CHARS: Final = 100_000  # of a sum of texts
_HASHED_BITS: Final = 61  # of an integer that is its own hash; crafted larger ones all fall together
_COLLISION: Final = 1_000  # units for a key that may
_DEPTH: Final = 50
_DECIMALS: Final = Context(prec=28, traps=[InvalidOperation, DivisionByZero, Overflow])
"""Decimals are computed with the precision that Python begins with, whatever a program has set."""

Operation = Callable[[Any, Any, int], Any]


def equal(left: Any, right: Any, column: int) -> bool:
    """Compare two values without asking them."""
    if type(left) in ATOMS and type(right) in ATOMS:
        return _compare_atoms(left, right, column)
    if left is None or right is None:
        return left is right
    return bool(_settled(left, column, 0) == _settled(right, column, 0))


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
                if type(left) is Decimal or type(right) is Decimal:
                    check_numbers(left, right, column)
                return compare(left, right)
            return bool(compare(_settled(left, column, 0), _settled(right, column, 0)))
        except (TypeError, ArithmeticError):
            raise Fault(f"{symbol!r} does not compare {a(left)} and {a(right)}", column) from None

    return ordered


def contains(item: Any, box: Any, column: int) -> bool:
    """Return whether a text has a part, a container an item, or an object an attribute."""
    if type(box) in (str, bytes):
        if type(item) is not type(box):
            raise Fault(f"{a(item)} cannot be in {a(box)}", column)
        work.spend(4 * work.weigh(box), column)
        return item in box
    kind: Any = box_type(box)
    if kind in (dict, set, frozenset):
        return has_item(box, item, column)
    if kind is not None:
        return _is_among(item, kind.__iter__(box), column)
    if type(item) is str and type(box) not in ATOMS:
        return not item.startswith("_") and read(box, item, column) is not MISSING
    raise Fault(f"nothing can be in {a(box)}", column)


def _is_among(item: Any, elements: Iterable[Any], column: int) -> bool:
    settled = MISSING
    for element in elements:
        work.spend(1, column)
        if element is item:
            return True
        simple = plain(element)
        if type(item) in ATOMS and type(simple) in ATOMS:
            if _compare_atoms(simple, item, column):
                return True
        elif item is not None and simple is not None:
            if settled is MISSING:
                settled = _settled(item, column, 0)
            if _settled(simple, column, 0) == settled:
                return True
    return False


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
                if type(left) is Decimal or type(right) is Decimal:
                    check_numbers(left, right, column)
                    return _of_decimals(symbol, left, right)
                return compute(left, right)
            except (ArithmeticError, TypeError) as error:
                raise Fault(_why(symbol, left, right, error), column) from None
        raise Fault(f"{symbol!r} does not take {a(left)} and {a(right)}", column)

    return computed


def _of_decimals(symbol: str, left: Any, right: Any) -> Any:
    operation = _OF_DECIMALS.get(symbol)
    if operation is None or float in (type(left), type(right)):
        raise TypeError(f"no {symbol} of these")
    return operation(_DECIMALS, left, right)


_OF_DECIMALS: Final[Mapping[str, Callable[[Context, Any, Any], Decimal]]] = {
    "+": Context.add,
    "-": Context.subtract,
    "*": Context.multiply,
    "/": Context.divide,
    "//": Context.divide_int,
    "%": Context.remainder,
}


def _bounded(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Compute with integers of bounded size only; what comes of it is not larger by much."""

    def computed(left: Any, right: Any) -> Any:
        if (type(left) is int and left.bit_length() > _BIG_BITS) or (
            type(right) is int and right.bit_length() > _BIG_BITS
        ):
            raise OverflowError("an integer is too large")
        return compute(left, right)

    return computed


def _times(left: Any, right: Any) -> Any:
    if type(left) is int and type(right) is int and left.bit_length() + right.bit_length() > INT_BITS:
        raise OverflowError("the product is too large")
    return left * right


def _to_the(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int) and right > 0 and left.bit_length() * right > INT_BITS:
        raise OverflowError("the power is too large")
    power = left**right
    if isinstance(power, complex):
        raise ArithmeticError("the power is not a real number")  # noqa: TRY004 - of a negative number, not of a type
    return power


_add_numbers = _arithmetic("+", _bounded(operator.add))


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
        check_numbers(value, 0, column)
        return _DECIMALS.minus(value) if type(value) is Decimal else -value
    raise Fault(f"'-' does not take {a(value)}", column)


def positive(value: Any, column: int) -> Any:
    """Return a number as it is."""
    if type(value) in _NUMBERS:
        check_numbers(value, 0, column)
        return _DECIMALS.plus(value) if type(value) is Decimal else +value
    raise Fault(f"'+' does not take {a(value)}", column)


less = _ordering("<", operator.lt)
less_or_equal = _ordering("<=", operator.le)
greater = _ordering(">", operator.gt)
greater_or_equal = _ordering(">=", operator.ge)
subtract = _arithmetic("-", _bounded(operator.sub))
multiply = _arithmetic("*", _times)
divide = _arithmetic("/", _bounded(operator.truediv))
floor_divide = _arithmetic("//", _bounded(operator.floordiv))
modulo = _arithmetic("%", _bounded(operator.mod))
power = _arithmetic("**", _to_the)


def _compare_atoms(left: Any, right: Any, column: int) -> bool:
    if type(left) is type(right) and type(left) in _LONG:
        if type(left) is not Decimal and len(left) != len(right):
            return False
        work.spend(work.weigh(left), column)
    return same_atoms(left, right, column)


def _settled(value: Any, column: int, depth: int) -> Any:
    """Copy a value so that comparing the copy runs Python's own code only."""
    work.spend(4, column)
    if depth > _DEPTH:
        raise Fault("the values are too large to compare", column)
    value = plain(value)
    if type(value) in ATOMS:
        work.spend(work.weigh(value), column)
        return _simple(value, column)
    kind: Any = box_type(value)
    if kind in (list, tuple, deque):
        return [_settled(item, column, depth + 1) for item in kind.__iter__(value)]
    if kind is dict:
        pairs = dict.items(value)
        return {_key(key, column): _settled(item, column, depth + 1) for key, item in pairs}
    if kind in (set, frozenset):
        return {_key(item, column) for item in kind.__iter__(value)}
    fields = layout_of(type(value)).fields
    if fields is not None:
        stored = {name: read(value, name, column) for name in fields}
        return {n: _settled(v, column, depth + 1) for n, v in stored.items() if v is not MISSING}
    raise Fault(f"{a(value)} cannot be compared; compare its attributes", column)


def _simple(value: Any, column: int) -> Any:
    """Return an atom that compares with any other one in bounded time."""
    check_numbers(value, value, column)
    if type(value) is int and value.bit_length() > _BIG_BITS:
        raise Fault("an integer is too large to compare", column)
    if type(value) is Decimal and value.is_snan():
        raise Fault("a signalling NaN cannot be compared", column)
    return value


def _key(value: Any, column: int) -> Any:
    work.spend(4, column)
    key = plain(value)
    if type(key) not in ATOMS:
        raise Fault(f"{a(key)} as a key cannot be compared", column)
    if type(key) is Decimal or (type(key) is int and key.bit_length() > _HASHED_BITS):
        work.spend(_COLLISION, column)
    work.spend(work.weigh(key), column)
    return _simple(key, column)


def _why(symbol: str, left: Any, right: Any, error: Exception) -> str:
    if isinstance(error, ZeroDivisionError):
        return f"{symbol!r} by zero"
    if isinstance(error, TypeError):
        return f"{symbol!r} does not take {a(left)} and {a(right)}"
    return f"{symbol!r}: {error}"
