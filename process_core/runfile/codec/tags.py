"""The careful way of writing a value: one object with the key `$` for each thing that JSON does not know.

{"$": "module:Class", "field": ...}      a pydantic model or dataclass, its fields beside the mark
{"$": "module:Class", "$v": ...}         a model that writes itself as something else than an object
{"$": "json", "type": ..., "v": "..."}   a model whose own JSON has the key `$` somewhere: its JSON as text
{"$": "enum", "type": ..., "name": ..., "v": ...}
{"$": "dict", "v": [[key, value], ...]}  a dict with keys that are no texts, or with the key `$`
{"$": "tuple" | "set" | "frozenset" | "deque", "v": [...]}
{"$": "bytes" | "bytearray", "v": base64}
{"$": "float" | "int" | "decimal" | "complex" | "datetime" | "date" | "time" | "timedelta" | "uuid" | "path", "v": text}
{"$": "range", "v": [start, stop, step]}
{"$": "no_data"}                         the absence of a payload where None would be one
{"$": "repr", "type": ..., "v": text}    what cannot be written, by its (bounded) repr
{"$": "cut", "v": text}                  what was left out, and why: too deep, too large, inside itself
"""

import base64
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import math
import pathlib
import uuid
from collections.abc import Iterable
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any

from process_core.events import NO_DATA
from process_core.runfile.codec.safe_repr import safe_repr, type_name

_SAFE_INT = 10**4000
_SHOWN_TYPE = 200


class Budget:
    """How many more values may be written."""

    __slots__ = ("left",)

    def __init__(self, nodes: int) -> None:
        self.left = nodes

    def take(self, nodes: int) -> bool:
        """Spend some and return True, or spend nothing and return False where not enough is left."""
        if nodes > self.left:
            return False
        self.left -= nodes
        return True


class TaggedWriter:
    """Writes one value as JSON with tags.

    Args:
        max_depth: Levels of containers before the rest is cut.
        max_nodes: Values before the rest is cut.
    """

    __slots__ = ("_above", "_budget", "_max_depth")

    def __init__(self, max_depth: int, max_nodes: int) -> None:
        self._max_depth = max_depth
        self._budget = Budget(max_nodes)
        self._above: set[int] = set()

    def write(self, value: Any) -> bytes:
        """Return a value as JSON; whatever the value raises, it does not get out of here."""
        try:
            return self._any(value).encode()
        except Exception as error:  # noqa: BLE001 - a value may do anything; the recording must not suffer
            return self.write_cut(f"a {type_name(value)} that could not be written: {type_name(error)}")

    def write_cut(self, reason: str) -> bytes:
        """Return the mark of something left out, with the reason."""
        return _tag("cut", _text(reason)).encode()

    def _any(self, value: Any) -> str:
        kind = type(value)
        write = _SCALARS.get(kind)
        if write is not None:
            return str(write(value))
        container = _CONTAINERS.get(kind)
        if container is None and not _is_known(kind):
            container = next((c for base, c in _CONTAINERS.items() if issubclass(kind, base)), None)
            if container is None:
                return self._other(value, kind)
        above = self._above
        key = id(value)
        if key in above:
            return _tag("cut", _text(f"this {type_name(value)} again, inside itself"))
        if len(above) >= self._max_depth:
            return _tag("cut", _text(f"a {type_name(value)} more than {self._max_depth} levels deep"))
        above.add(key)
        try:
            return container(self, value) if container else self._object(value, kind)
        finally:
            above.discard(key)

    def _other(self, value: Any, kind: type) -> str:
        """Write what is no container: subclasses of plain types, and what has no JSON at all."""
        if issubclass(kind, enum.Enum):
            inner = self._any(value.value)
            return f'{{"$":"enum","type":{_text(_full_name(kind))},"name":{_text(str(value.name))},"v":{inner}}}'
        for base in (str, int, float, pathlib.PurePath):
            if issubclass(kind, base):
                return str(_SCALARS[base](str.__str__(value) if base is str else value))
        return f'{{"$":"repr","type":{_text(_full_name(kind))},"v":{_text(safe_repr(value))}}}'

    def _room(self, value: Any, size: int) -> str | None:
        if self._budget.take(size + 1):
            return None
        return _tag("cut", _text(f"a {type_name(value)} of {size} items: too much for one payload"))

    def _dict(self, value: dict[Any, Any]) -> str:
        cut = self._room(value, dict.__len__(value))
        if cut:
            return cut
        items = list(dict.items(value))
        if all(type(k) is str and k != "$" for k, _ in items):
            return "{" + ",".join([f"{_text(k)}:{self._any(v)}" for k, v in items]) + "}"
        return _tag("dict", "[" + ",".join([f"[{self._any(k)},{self._any(v)}]" for k, v in items]) + "]")

    def _list(self, value: list[Any]) -> str:
        return self._sequence(value, list.__len__(value), list.__iter__(value))

    def _tuple(self, value: tuple[Any, ...]) -> str:
        fields = getattr(type(value), "_fields", None)
        if type(fields) is tuple and len(fields) == tuple.__len__(value) and "$" not in fields:
            names = {str(k): v for k, v in zip(fields, tuple.__iter__(value), strict=True)}
            return self._fields(value, names)
        return _tag("tuple", self._sequence(value, tuple.__len__(value), tuple.__iter__(value)))

    def _set(self, value: set[Any]) -> str:
        return _tag("set", self._sorted(value, set.__len__(value), set.__iter__(value)))

    def _frozenset(self, value: frozenset[Any]) -> str:
        return _tag("frozenset", self._sorted(value, frozenset.__len__(value), frozenset.__iter__(value)))

    def _deque(self, value: collections.deque[Any]) -> str:
        items = list(collections.deque.__iter__(value))
        return _tag("deque", self._sequence(value, len(items), items))

    def _sequence(self, value: Any, size: int, items: Iterable[Any]) -> str:
        return self._room(value, size) or "[" + ",".join([self._any(item) for item in items]) + "]"

    def _sorted(self, value: Any, size: int, items: Iterable[Any]) -> str:
        # The order of a set depends on the hash seed; two runs of the same process must give the same bytes.
        return self._room(value, size) or "[" + ",".join(sorted(self._any(item) for item in items)) + "]"

    def _object(self, value: Any, kind: type) -> str:
        """Write a pydantic model or a dataclass."""
        serializer = getattr(kind, "__pydantic_serializer__", None)
        if serializer is not None and hasattr(kind, "model_fields"):
            try:
                return self._model(value, serializer)
            except Exception:  # noqa: BLE001 - a field that pydantic cannot write: go through the fields one by one
                return self._fields(value, {**vars(value), **(getattr(value, "__pydantic_extra__", None) or {})})
        names = [f.name for f in dataclasses.fields(value)]
        return self._fields(value, {name: getattr(value, name) for name in names if hasattr(value, name)})

    def _model(self, value: Any, serializer: Any) -> str:
        body: str = serializer.to_json(value, warnings=False).decode()
        name = _text(_full_name(type(value)))
        if '"$"' in body or "NaN" in body or "Infinity" in body:
            return f'{{"$":"json","type":{name},"v":{_text(body)}}}'
        if not body.startswith("{"):
            return f'{{"$":{name},"$v":{body}}}'
        return f'{{"$":{name}}}' if body == "{}" else f'{{"$":{name},{body[1:]}'

    def _fields(self, value: Any, fields: dict[str, Any]) -> str:
        cut = self._room(value, len(fields))
        if cut:
            return cut
        parts = [f'"$":{_text(_full_name(type(value)))}']
        parts += [f"{_text(name)}:{self._any(part)}" for name, part in fields.items() if name != "$"]
        return "{" + ",".join(parts) + "}"


def _is_known(kind: type) -> bool:
    """Return whether values of a type have fields that are their whole content."""
    return dataclasses.is_dataclass(kind) or (
        hasattr(kind, "__pydantic_serializer__") and hasattr(kind, "model_fields")
    )


def _tag(name: str, body: str) -> str:
    return f'{{"$":"{name}","v":{body}}}'


def _text(text: str) -> str:
    written = encode_basestring(text)
    if not written.isascii():
        try:
            written.encode()
        except UnicodeEncodeError:
            return encode_basestring_ascii(text)
    return written


def _int(value: int) -> str:
    value = int.__add__(value, 0)
    return str(value) if -_SAFE_INT < value < _SAFE_INT else _tag("int", f'"{value:#x}"')


def _float(value: float) -> str:
    value = float.__add__(value, 0.0) if type(value) is not float else value
    return repr(value) if math.isfinite(value) else _tag("float", f'"{value}"')


def _base64(name: str, value: bytes | bytearray | memoryview) -> str:
    return _tag(name, f'"{base64.b64encode(value).decode()}"')


def _full_name(kind: type) -> str:
    module, name = type.__getattribute__(kind, "__module__"), type.__getattribute__(kind, "__qualname__")
    return f"{module}:{name}"[:_SHOWN_TYPE]


_SCALARS: dict[type, Any] = {
    str: _text,
    int: _int,
    float: _float,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
    type(NO_DATA): lambda _: '{"$":"no_data"}',
    bytes: lambda value: _base64("bytes", value),
    bytearray: lambda value: _base64("bytearray", value),
    memoryview: lambda value: _base64("bytes", value.tobytes()),
    complex: lambda value: _tag("complex", _text(str(value))),
    decimal.Decimal: lambda value: _tag("decimal", _text(str(value))),
    dt.datetime: lambda value: _tag("datetime", _text(value.isoformat())),
    dt.date: lambda value: _tag("date", _text(value.isoformat())),
    dt.time: lambda value: _tag("time", _text(value.isoformat())),
    dt.timedelta: lambda value: _tag("timedelta", f'"{value.days}:{value.seconds}:{value.microseconds}"'),
    uuid.UUID: lambda value: _tag("uuid", f'"{value}"'),
    pathlib.PurePath: lambda value: _tag("path", _text(str(value))),
    range: lambda value: _tag("range", f"[{_int(value.start)},{_int(value.stop)},{_int(value.step)}]"),
}
_CONTAINERS: dict[type, Any] = {
    dict: TaggedWriter._dict,  # noqa: SLF001 - its own table
    list: TaggedWriter._list,  # noqa: SLF001
    tuple: TaggedWriter._tuple,  # noqa: SLF001
    set: TaggedWriter._set,  # noqa: SLF001
    frozenset: TaggedWriter._frozenset,  # noqa: SLF001
    collections.deque: TaggedWriter._deque,  # noqa: SLF001
}
