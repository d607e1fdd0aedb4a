"""From any Python value to JSON bytes, as it is at this moment: never an exception, never without end."""

from json.encoder import encode_basestring
from typing import Any, Final

from process_core.object_storage import shape_of
from process_core.runfile.codec.decode import is_restorable
from process_core.runfile.codec.plain import MAX_DEPTH, is_easy, is_plain, to_json
from process_core.runfile.codec.tags import ATOMS, TaggedWriter, finite_json, object_of_atoms

MAX_NODES: Final = 500_000
"""Values that are written out of one payload with tags; what remains is marked as cut."""
MAX_BYTES: Final = 256 * 1024 * 1024
"""Size of the largest payload that is kept; a larger one is marked as too large."""

_SAFE_INT = 10**4000  # `str` refuses to write much longer numbers


def encode(value: Any) -> bytes:
    """Return a value as one line of JSON, with tags only where plain JSON would lose what it is.

    Numbers, texts, booleans, None, lists and dicts with text keys stand as they are. Everything else is marked by an
    object with the key `$`: see `process_core.runfile.codec.tags`.
    """
    kind = type(value)
    try:
        if kind is dict or kind is list:
            if is_easy(value):
                body = to_json(value)
                return body if len(body) <= MAX_BYTES else _clip(body)
            if is_plain(value):
                return _clip(to_json(value))
        elif kind not in ATOMS:
            shape = shape_of(kind)
            tree = object_of_atoms(value, shape) if shape.is_simple and shape.is_findable else None
            if tree is not None:
                return _clip(finite_json(tree))
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
    """Return a value as JSON, or None where a part of it would not be exact."""
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


def _clip(body: bytes) -> bytes:
    if len(body) <= MAX_BYTES:
        return body
    start = body[:1000].decode("utf-8", "replace")
    return TaggedWriter(MAX_DEPTH, MAX_NODES).write_cut(f"{len(body)} bytes are too many to keep; they start: {start}")
