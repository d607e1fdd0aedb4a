"""From recorded JSON back to values, without running or importing anything the recorded program knew."""

import base64
import collections
import datetime as dt
import decimal
import json
import pathlib
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from process_core.events import NO_DATA

PREVIEW: Final = 160
"""Characters of a one-line preview."""
_PREVIEW_SOURCE = 1000
_MAX_DIGITS = 100_000
_WORDS = {"null": "None", "true": "True", "false": "False"}
_LEADING_TAG = re.compile(r'\{"\$":"([^":]*:)?([^":]*)",?')


@dataclass(slots=True, eq=True, unsafe_hash=False)
class Tagged:
    """A recorded value of a type that JSON does not know and that is not made again when reading.

    Attributes:
        kind: `object` (a model or dataclass), `enum`, `repr` or `cut`.
        type: Where its class came from, `module:Qualified.Name`; empty for `cut`.
        value: For an object its fields as a dict (or what its model writes); for an enum its value; else the text.
        name: Name of the member, for an enum.
    """

    kind: str
    type: str
    value: Any
    name: str = ""

    __hash__ = None  # type: ignore[assignment]  # its value may be a dict

    @property
    def type_name(self) -> str:
        """The class's name without its module."""
        return self.type.rpartition(":")[2].rpartition(".")[2]

    def __str__(self) -> str:
        if self.kind == "object" and isinstance(self.value, dict):
            return f"{self.type_name}({', '.join(f'{name}={_show(part)}' for name, part in self.value.items())})"
        if self.kind == "object":
            return f"{self.type_name}({_show(self.value)})"
        if self.kind == "enum":
            return f"{self.type_name}.{self.name}"
        return str(self.value) if self.kind == "repr" else f"<{self.value}>"

    def __repr__(self) -> str:
        return str(self)


def decode(body: str | bytes) -> Any:
    """Return the value that `encode` wrote; ValueError if it is not JSON.

    Plain values and types of the standard library come back as they were; models, dataclasses, enums and what was
    recorded by its repr come as `Tagged`.
    """
    has_tags = '"$"' in body if isinstance(body, str) else b'"$"' in body
    hook = _untag if has_tags else None
    try:
        return json.loads(body, object_hook=hook)
    except json.JSONDecodeError:
        raise
    except ValueError:  # a number so long that `int` refuses to read it
        return json.loads(body, object_hook=hook, parse_int=_long_int)


def to_plain(value: Any) -> Any:
    """Return a decoded value with each `Tagged` replaced by its value, at any depth: what a model can validate."""
    if isinstance(value, Tagged):
        return to_plain(value.value)
    if type(value) is dict:
        return {key: to_plain(part) for key, part in value.items()}
    if type(value) in (list, tuple, collections.deque):
        return type(value)(to_plain(part) for part in value)
    return value


def is_restorable(body: bytes) -> bool:
    """Return whether recorded JSON holds the whole value, with nothing kept by its repr or cut."""
    return b'{"$":"repr",' not in body and b'{"$":"cut",' not in body


def one_line(text: str, limit: int = PREVIEW) -> str:
    """Return the start of recorded JSON as a person reads it, on one line; it may hold any character but a line end."""
    if not text or text[0] not in '{["':
        return _WORDS.get(text) or text[:limit]
    if len(text) <= _PREVIEW_SOURCE:
        try:
            value = decode(text)
        except (ValueError, RecursionError):
            pass
        else:
            return "" if value is NO_DATA else _cut(value if isinstance(value, str) else _show(value), limit)
    start = text[: limit * 2]
    if start[0] == '"':
        return _cut(start[1:].replace("\\n", " ").replace('\\"', '"'), limit)
    return _cut(_LEADING_TAG.sub(r"\2{", start), limit)


def _cut(text: str, limit: int) -> str:
    line = text if text.isprintable() else " ".join(text[: limit * 2].split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _long_int(digits: str) -> Any:
    if len(digits) > _MAX_DIGITS:
        return Tagged("cut", "", f"a number of {len(digits)} digits")
    return int(decimal.Decimal(digits))


def _show(value: Any) -> str:
    if value is True or value is False or value is None or value is NO_DATA:
        return str(value)
    return repr(value)


def _untag(found: dict[str, Any]) -> Any:
    tag = found.get("$")
    if type(tag) is not str:
        return found
    try:
        if ":" in tag:
            if "$v" in found:
                return Tagged("object", tag, found["$v"])
            return Tagged("object", tag, {name: part for name, part in found.items() if name != "$"})
        make = _MARKS.get(tag)
        if make is not None:
            return make(found)
        return _MAKERS[tag](found["v"])
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return found  # written by another hand: shown as the object it is


def _set_of(make: type[Any]) -> Callable[[Any], Any]:
    def build(items: list[Any]) -> Any:
        try:
            return make(items)
        except TypeError:
            return Tagged("object", f"builtins:{make.__name__}", items)

    return build


def _dict_of(items: list[Any]) -> Any:
    try:
        return dict(items)
    except TypeError:  # a key that has to be made again first
        return Tagged("object", "builtins:dict", items)


def _timedelta(text: str) -> dt.timedelta:
    days, seconds, microseconds = (int(part) for part in text.split(":"))
    return dt.timedelta(days, seconds, microseconds)


_MARKS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no_data": lambda _: NO_DATA,
    "enum": lambda found: Tagged("enum", found["type"], found["v"], found["name"]),
    "json": lambda found: Tagged("object", found["type"], json.loads(found["v"])),
    "repr": lambda found: Tagged("repr", found["type"], found["v"]),
    "cut": lambda found: Tagged("cut", "", found["v"]),
}
_MAKERS: dict[str, Callable[[Any], Any]] = {
    "dict": _dict_of,
    "tuple": tuple,
    "set": _set_of(set),
    "frozenset": _set_of(frozenset),
    "deque": collections.deque,
    "bytes": base64.b64decode,
    "bytearray": lambda text: bytearray(base64.b64decode(text)),
    "float": float,
    "int": lambda text: int(text, 16),
    "decimal": decimal.Decimal,
    "complex": complex,
    "datetime": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
    "timedelta": _timedelta,
    "uuid": uuid.UUID,
    "path": pathlib.PurePosixPath,
    "range": lambda parts: range(*parts),
}
