"""Values that plain JSON says whole, found and written fast: the common case."""

from collections.abc import Callable
from math import isfinite
from typing import Any, Final

MAX_DEPTH: Final = 100
"""Levels of containers that are written out; deeper ones are marked as cut."""
MAX_PLAIN_NODES: Final = 8_000_000
"""Values of a payload that needs no tags, a container counting as `CONTAINER_COST`; one with more is written with tags,
and cut."""
CONTAINER_COST: Final = 16
MAX_DIGITS: Final = 100_000
"""Digits of an integer that are read; one that has more is written in another way, since reading takes time squared."""

_TEXT = frozenset({str})
_NUMBERS = frozenset({int, float, bool})
_EASY = frozenset({str, int, bool, type(None)})
"""Types whose values need no second look."""
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_TOO_LONG = b"0" * (MAX_DIGITS + 1)
_SMALL = 8
_FEW = 1000
_to_json: Callable[[Any], bytes] | None = None


def to_json(value: Any) -> bytes:
    """Write a value that `is_easy` or `is_plain`; raises for lone surrogates and endless integers."""
    body = (_to_json or _load())(value)
    if len(body) > MAX_DIGITS and _TOO_LONG in body.translate(_ZEROS):
        raise ValueError("an integer of too many digits")
    return body


def is_easy(value: Any) -> bool:
    """Return whether a short dict or list holds only values that need no second look."""
    if len(value) > _SMALL:
        if type(value) is list:
            return len(value) < _FEW and _EASY.issuperset(map(type, value))
        return False
    if type(value) is list:
        for part in value:  # noqa: SIM110 - a generator costs as much as the whole test
            if type(part) not in _EASY:
                return False
        return True
    for key, part in value.items():  # noqa: SIM110 - as above
        if type(part) not in _EASY or type(key) is not str or key == "$":
            return False
    return True


def is_plain(value: Any) -> bool:
    """Return whether plain JSON says all there is to say about a dict or list; not where it holds one value twice."""
    return _is_plain(value, 1, {id(value)}, [MAX_PLAIN_NODES])


def _is_plain(value: Any, depth: int, seen: set[int], left: list[int]) -> bool:
    """Return the same for a part.

    Args:
        value: A dict or list.
        depth: At which level it is.
        seen: The ids of the containers so far, to which its own are added.
        left: How many values may still come; they are taken off.
    """
    left[0] -= len(value) + CONTAINER_COST
    if left[0] < 0 or depth > MAX_DEPTH:
        return False
    parts: Any = value
    if type(value) is dict:
        if "$" in value or not _TEXT.issuperset(map(type, value)):
            return False
        parts = value.values()
    if len(parts) > _SMALL:
        kinds = set(map(type, parts))
        if kinds <= _EASY:
            return True
        if kinds <= _NUMBERS:
            return all(map(isfinite, parts))
    for part in parts:
        kind = type(part)
        if kind is dict or kind is list:
            key = id(part)
            if key in seen:
                return False
            seen.add(key)
            if not _is_plain(part, depth + 1, seen, left):
                return False
        elif kind not in _EASY and (kind is not float or not isfinite(part)):
            return False
    return True


def _load() -> Callable[[Any], bytes]:
    global _to_json  # noqa: PLW0603 - loaded once, when first needed: it costs the import of pydantic
    from pydantic_core import to_json  # noqa: PLC0415 - the package must import without pydantic

    _to_json = to_json
    return to_json
