"""From recorded JSON back to values, without running or importing anything the recorded program knew."""

import base64
import collections
import datetime as dt
import decimal
import json
import pathlib
import re
import uuid
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from process_core.events import NO_DATA
from process_core.runfile.codec.json_limits import check_depth
from process_core.runfile.codec.plain import MAX_DIGITS

_SHORT = 1000
_MAX_UNFOLDED = 2_000_000
_MAX_LEVELS = 200
"""Levels of containers of a value that is read: whoever goes through it needs two or three frames of the stack each."""
_INT_DIGITS = 640
"""Digits that `int` reads whatever limit the interpreter was started with."""
_scan = json.JSONDecoder().raw_decode  # `json.loads` looks at more than there is in what we write


@dataclass(slots=True, eq=True, unsafe_hash=False)
class Tagged:
    """A recorded value of a type that JSON does not know and that is not made again when reading.

    Attributes:
        kind: `object` (a model, dataclass or named tuple), `sub` (of a subclass of a plain type), `defaultdict`,
            `odict`, `std` (of another type of the standard library), `enum`, `shared` (holds itself), `ref` (back to
            it); or what is not exact: `repr`, `cut`, `secret`, `near`.
        type: Where its class came from, `module:Qualified.Name`; empty for `cut`, `shared` and `ref`.
        value: For an object its fields as a dict, for a root model its root; for an enum its value; for a subclass, for
            what is shared or near, the plain value; else the text.
        name: Name of the member, for an enum; the number, for what is shared.
        about: What stands beside the fields: `m`, `unset`, `extra`, `private`, `args`, `d` and `local`, as in `tags`.
    """

    kind: str
    type: str
    value: Any
    name: str = ""
    about: dict[str, Any] = field(default_factory=dict)

    __hash__ = None  # type: ignore[assignment]  # its value may be a dict

    @property
    def type_name(self) -> str:
        """The class's name without its module."""
        return self.type.rpartition(":")[2].rpartition(".")[2]

    @property
    def is_exact(self) -> bool:
        """Whether it says all there was, apart from its parts."""
        return self.kind not in _INEXACT

    def __str__(self) -> str:
        if self.kind == "object" and isinstance(self.value, dict):
            return f"{self.type_name}({', '.join(f'{name}={text_of(part)}' for name, part in self.value.items())})"
        if self.kind in _WRAPPED:
            return f"{self.type_name}({text_of(self.value)})"
        if self.kind == "enum":
            return f"{self.type_name}.{self.name}"
        if self.kind == "shared":
            return text_of(self.value)
        return str(self.value) if self.kind in ("repr", "secret") else f"<{self.value}>"

    def __repr__(self) -> str:
        return str(self)


def is_secret(value: Any) -> bool:
    """Return whether a decoded value stands for a secret, which is not recorded."""
    return isinstance(value, Tagged) and value.kind == "secret"


_INEXACT = frozenset({"repr", "cut", "secret", "near"})
_WRAPPED = frozenset({"object", "sub", "defaultdict", "odict", "std", "near"})


def decode(body: str | bytes) -> Any:
    """Return the value that `encode` wrote; ValueError if it is not JSON.

    Plain values and the most common types of the standard library come back as they were, anything else as `Tagged`.
    """
    if isinstance(body, bytes):
        is_deep = check_depth(body)
        text = body.decode("utf-8", "surrogatepass")
    else:
        is_deep = len(body) > _SHORT and check_depth(body.encode("utf-8", "surrogatepass"))
        text = body
    try:
        return _decoded(text, is_deep=is_deep)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def decode_simple(text: str) -> Any:
    """Return the value of short JSON without marks, in a fraction of the time; ValueError where `decode` has to look.

    Nothing in it is `Tagged`, so it is what `to_plain` leaves of it, too.
    """
    if len(text) > _SHORT or '"$"' in text:
        raise ValueError("it is long, or has marks")
    try:
        value, end = _scan(text)
    except RecursionError:
        raise ValueError("it is not simple") from None
    if end != len(text):
        raise ValueError("there is more behind it")
    return value


def _decoded(text: str, *, is_deep: bool) -> Any:
    is_shared = '{"$":"shared",' in text
    if is_shared:
        value = _load(text, lambda: _SharedParts().untag)
    else:
        value = _load(text, lambda: _untag if '"$"' in text else None)
    if is_shared or is_deep:
        size, levels = _unfolded(value, {})
        if levels > _MAX_LEVELS:
            raise ValueError(f"it is nested more than {_MAX_LEVELS} levels deep")
        if size > _MAX_UNFOLDED and is_shared:
            return Tagged("cut", "", "a value that unfolds to too many parts")
    return value


def _load(text: str, hook: Callable[[], Callable[[dict[str, Any]], Any] | None]) -> Any:
    try:
        return json.loads(text, object_hook=hook())
    except json.JSONDecodeError:
        raise
    except ValueError:  # a number so long that `int` refuses to read it
        return json.loads(text, object_hook=hook(), parse_int=_LongIntegers().read)


def _unfolded(value: Any, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Return parts and levels of a value for one who goes through it; what is shared counts each time."""
    if isinstance(value, Tagged):
        size, levels = _unfolded(value.value, known)
        if not value.about:
            return size + 1, levels + 1
        more, deeper = _unfolded(value.about, known)
        return size + more + 1, max(levels, deeper) + 1
    if not isinstance(value, dict | list | tuple | collections.deque):
        return 1, 0
    counted = known.get(id(value))
    if counted is None:
        size, levels = 1, 0
        for part in value.values() if isinstance(value, dict) else value:
            more, deeper = _unfolded(part, known)
            size, levels = size + more, max(levels, deeper)
        counted = known[id(value)] = size, levels + 1
    return counted


def to_plain(value: Any, member: Callable[[str, Any], Any] | None = None) -> Any:
    """Return a decoded value with each `Tagged` replaced by its value, at any depth: what a model can validate.

    Args:
        value: The value.
        member: Makes what stands for a member of an Enum of its name and its value; None takes the value.
    """
    if isinstance(value, Tagged):
        if value.kind == "odict":
            return {_key(key): to_plain(part, member) for key, part in value.value}
        if value.kind == "enum" and member is not None:
            return member(value.name, to_plain(value.value))
        return to_plain(value.value, member)
    if type(value) is dict:
        return {key: to_plain(part, member) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(to_plain(part, member) for part in value)
    if type(value) is collections.deque:
        return collections.deque((to_plain(part, member) for part in value), value.maxlen)
    return value


def is_restorable(body: bytes) -> bool:
    """Return whether recorded JSON holds the whole value, of classes that are found by their names."""
    return _NOT_WHOLE.search(body) is None


def marks_of_losses(body: bytes) -> tuple[bytes, ...]:
    """Return the marks of what recorded JSON does not hold whole: where they are the same, so are the losses."""
    return tuple(found.group() for found in _LOSS.finditer(body))


_LOSS = re.compile(rb'\{"\$":"(?:repr|cut|secret|near|local)",(?:"type":"[^"]*")?')
_NOT_WHOLE = re.compile(rb'\{"\$":"(?:repr|cut|secret|near|local)",')


class _LongIntegers:
    """Reads integers of more digits than `int` takes; it takes time squared, so all of one value have a limit."""

    def __init__(self) -> None:
        self._left = MAX_DIGITS**2

    def read(self, digits: str) -> Any:
        """Return the integer, or what stands for it where it is too long."""
        if len(digits) <= _INT_DIGITS:
            return int(digits)
        work = len(digits) ** 2
        if work > self._left:
            return Tagged("cut", "", f"a number of {len(digits)} digits")
        self._left -= work
        return int(decimal.Decimal(digits))


def text_of(value: Any) -> str:
    """Return the `repr` of a decoded value, also where there is an integer in it that is too long to be written."""
    if value is True or value is False or value is None or value is NO_DATA:
        return str(value)
    try:
        return repr(value)
    except ValueError:  # an integer that `str` refuses to write
        return f"<an integer of {value.bit_length()} bits>" if isinstance(value, int) else f"<{type(value).__name__}>"


def _key(key: Any) -> Any:
    plain = to_plain(key)
    try:
        hash(plain)
    except TypeError:
        return text_of(plain)
    return plain


class _SharedParts:
    """What is there more than once in one value."""

    def __init__(self) -> None:
        self._parts: dict[int, Any] = {}
        self._inside: set[int] = set()

    def untag(self, entry: dict[str, Any]) -> Any:
        """Return what an object of the JSON stands for; inner ones come first."""
        number = entry.get("n")
        if entry.get("$") == "ref":
            if number in self._parts:
                return self._parts[number]
            if type(number) is int:
                self._inside.add(number)
                return Tagged("ref", "", "this again, inside itself", str(number))
        if entry.get("$") == "shared" and type(number) is int and "v" in entry:
            part = entry["v"]
            if number in self._inside:
                part = Tagged("shared", "", part, str(number))
            self._parts[number] = part
            return part
        return _untag(entry)


def _untag(entry: dict[str, Any]) -> Any:
    tag = entry.get("$")
    if type(tag) is not str:
        return entry
    try:
        if ":" in tag:
            return _object(tag, entry)
        make = _MARKS.get(tag)
        if make is not None:
            return make(entry)
        return _MAKERS[tag](entry["v"])
    except (KeyError, TypeError, ValueError, ArithmeticError, OSError):
        return entry  # written by another hand: shown as the object it is


def _object(tag: str, entry: dict[str, Any]) -> Tagged:
    if "$m" not in entry:
        if "$v" in entry:
            return Tagged("object", tag, entry["$v"])
        return Tagged("object", tag, {name: part for name, part in entry.items() if name != "$"})
    fields: dict[str, Any] = {}
    about: dict[str, Any] = {}
    for name, part in entry.items():
        if not name.startswith("$"):
            fields[name] = part
        elif name.startswith("$$"):
            fields[name[1:]] = part
        elif name not in ("$", "$v"):
            about[name[1:]] = part
    return Tagged("object", tag, entry.get("$v", fields), about=about)


def _text(value: Any) -> str:
    """Return a text; TypeError for anything else, which another hand has put there."""
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _inner(text: str) -> Any:
    """Return the value of JSON within JSON, as older versions wrote some models."""
    check_depth(_text(text).encode("utf-8", "surrogatepass"))
    return json.loads(text)


def _local(entry: dict[str, Any]) -> Any:
    inner = entry["v"]
    if isinstance(inner, Tagged):
        inner.about["local"] = True
    return inner


def _subclass(entry: dict[str, Any]) -> Tagged:
    return Tagged("sub", _text(entry["type"]), entry["v"], about={"d": entry["d"]} if "d" in entry else {})


def _datetime(entry: dict[str, Any]) -> Any:
    return _zoned(dt.datetime.fromisoformat(entry["v"]), entry)


def _time(entry: dict[str, Any]) -> Any:
    return _zoned(dt.time.fromisoformat(entry["v"]), entry)


def _zoned(value: Any, entry: dict[str, Any]) -> Any:
    if len(entry) == 2:  # noqa: PLR2004 - the mark and the text
        return value
    zone = value.tzinfo
    if "zone" in entry:
        zone = zoneinfo.ZoneInfo(entry["zone"])
    elif "name" in entry:
        zone = dt.timezone(value.utcoffset(), entry["name"])
    elif "tz" in entry:
        from pydantic_core import TzInfo  # noqa: PLC0415 - the package must import without pydantic

        zone = TzInfo(value.utcoffset().total_seconds())
    return value.replace(tzinfo=zone, fold=int(bool(entry.get("fold"))))


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
    "enum": lambda entry: Tagged("enum", _text(entry["type"]), entry["v"], _text(entry["name"])),
    "sub": _subclass,
    "local": _local,
    "std": lambda entry: Tagged("std", _text(entry["type"]), entry["v"]),
    "odict": lambda entry: Tagged("odict", "collections:OrderedDict", entry["v"]),
    "defaultdict": lambda entry: Tagged("defaultdict", "collections:defaultdict", entry["v"], _text(entry["f"] or "")),
    "deque": lambda entry: collections.deque(entry["v"], entry.get("max")),
    "datetime": _datetime,
    "time": _time,
    "json": lambda entry: Tagged("object", _text(entry["type"]), _inner(entry["v"])),
    "repr": lambda entry: Tagged("repr", _text(entry["type"]), _text(entry["v"])),
    "cut": lambda entry: Tagged("cut", "", _text(entry["v"])),
    "secret": lambda entry: Tagged("secret", _text(entry["type"]), _text(entry["v"])),
    "near": lambda entry: Tagged("near", _text(entry["type"]), entry["v"]),
}
_MAKERS: dict[str, Callable[[Any], Any]] = {
    "dict": _dict_of,
    "tuple": tuple,
    "set": _set_of(set),
    "frozenset": _set_of(frozenset),
    "text": lambda text: base64.b64decode(text).decode("utf-8", "surrogatepass"),
    "bytes": base64.b64decode,
    "bytearray": lambda text: bytearray(base64.b64decode(text)),
    "float": float,
    "int": lambda text: int(text, 16),
    "decimal": decimal.Decimal,
    "complex": complex,
    "date": dt.date.fromisoformat,
    "timedelta": _timedelta,
    "uuid": uuid.UUID,
    "path": pathlib.PurePosixPath,
    "range": lambda parts: range(*parts),
}
