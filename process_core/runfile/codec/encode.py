"""From any Python value to JSON bytes, as it is at this moment: never an exception, never without end."""

from collections.abc import Callable
from json.encoder import encode_basestring
from math import isfinite
from typing import Any, Final

from process_core.runfile.codec.decode import is_restorable
from process_core.runfile.codec.tags import Budget, TaggedWriter

ATOMS: Final = frozenset({str, int, float, bool, type(None)})
"""Types whose values cannot change and need no encoding until they are written."""
MAX_DEPTH: Final = 100
"""Levels of containers that are written out; deeper ones are marked as cut."""
MAX_NODES: Final = 500_000
"""Values that are written out of one payload with tags; the rest is marked as cut."""
MAX_PLAIN_NODES: Final = 8_000_000
"""Values of a payload that needs no tags, a container counting as `CONTAINER_COST`; one with more is written with tags,
and cut."""
CONTAINER_COST: Final = 16
MAX_BYTES: Final = 256 * 1024 * 1024
"""Size of the largest payload that is kept; a larger one is marked as too large."""

_TEXT = frozenset({str})
_NUMBERS = frozenset({int, float, bool})
_EASY = frozenset({str, int, bool, type(None)})
_SMALL = 8
_FEW = 1000
_SAFE_INT = 10**4000  # `str` refuses to write much longer numbers
_to_json: Callable[[Any], bytes] | None = None


def encode(value: Any) -> bytes:
    """Return a value as one line of JSON, with tags only where plain JSON would lose what it is.

    Numbers, texts, booleans, None, lists and dicts with text keys stand as they are. Everything else is marked by an
    object with the key `$`: see `process_core.runfile.codec.tags`.
    """
    kind = type(value)
    try:
        if kind is dict or kind is list:
            if _is_easy(value):
                body = (_to_json or _load())(value)
                return body if len(body) <= MAX_BYTES else _clip(body)
            if _is_plain(value, Budget(MAX_PLAIN_NODES), 1):
                return _clip((_to_json or _load())(value))
    except Exception:  # noqa: BLE001, S110 - whatever a value does here, the careful way below copes with it
        pass
    if kind in ATOMS:
        return _clip(encode_atom(value).encode())
    return _clip(TaggedWriter(MAX_DEPTH, MAX_NODES).write(value))


def encode_atom(value: Any) -> str:
    """Return a value of one of the `ATOMS` as JSON that can be stored as UTF-8."""
    kind = type(value)
    if kind is str:
        text: str = encode_basestring(value)
        return text if text.isascii() or _is_encodable(text) else _tagged(value)
    if kind is int and -_SAFE_INT < value < _SAFE_INT:
        return str(value)
    if value is None:
        return "null"
    if kind is float and value - value == 0.0:  # neither infinite nor NaN
        return repr(value)
    if kind is bool:
        return "true" if value else "false"
    return _tagged(value)


def encode_plain(value: Any) -> str | None:
    """Return a value as JSON, or None where a part would be kept by its repr only, or cut."""
    if value.__class__ in ATOMS:
        return encode_atom(value)
    body = encode(value)
    return body.decode() if is_restorable(body) else None


def _tagged(value: Any) -> str:
    return TaggedWriter(MAX_DEPTH, MAX_NODES).write(value).decode()


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_easy(value: Any) -> bool:
    """Return whether a dict or list holds only values that need no second look: the common case, decided fast."""
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


def _is_plain(value: Any, budget: Budget, depth: int) -> bool:
    """Return whether plain JSON loses nothing of a dict or list; one inside itself counts as too deep."""
    budget.left -= len(value) + CONTAINER_COST
    if budget.left < 0 or depth > MAX_DEPTH:
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
            if not _is_plain(part, budget, depth + 1):
                return False
        elif kind not in _EASY and (kind is not float or not isfinite(part)):
            return False
    return True


def _clip(body: bytes) -> bytes:
    if len(body) <= MAX_BYTES:
        return body
    start = body[:1000].decode("utf-8", "replace")
    return TaggedWriter(MAX_DEPTH, MAX_NODES).write_cut(f"{len(body)} bytes are too many to keep; they start: {start}")


def _load() -> Callable[[Any], bytes]:
    global _to_json  # noqa: PLW0603 - loaded once, when first needed: it costs the import of pydantic
    from pydantic_core import to_json  # noqa: PLC0415 - the package must import without pydantic

    _to_json = to_json
    return to_json
