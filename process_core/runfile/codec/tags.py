"""The careful way of writing a value: one object with the key `$` for each thing that JSON does not know.

{"$": "module:Class", "field": ..., "$m": digest}   an object: its attributes as they are stored, and a digest of the
                                         fields that its class had; a name that begins with `$` has one more `$`.
                                         Attributes that are no fields are named by "$own". A model also has "$unset",
                                         "$extra" (names), "$private" (values) and, where it is a parametrised generic
                                         one, "$args" (names of classes)
{"$": "module:Class", "$v": ...}         a root model; has the same besides
{"$": "module:Class", "field": ...}      a named tuple; in older files also a model as it wrote itself, or a dataclass
{"$": "json", "type": ..., "v": "..."}   only in older files: a model's JSON as text
{"$": "sub", "type": ..., "v": ..., "d": {...}}  of a subclass of a plain type: the plain value, its own attributes
{"$": "enum", "type": ..., "name": ..., "v": ...}
{"$": "dict", "v": [[key, value], ...]}  a dict with keys that are no texts, or with the key `$`
{"$": "odict", "v": [[key, value], ...]} an OrderedDict
{"$": "defaultdict", "f": class or null, "v": {...}}
{"$": "tuple" | "set" | "frozenset" | "deque", "v": [...]}  a deque may have its "max"
{"$": "bytes" | "bytearray", "v": base64}
{"$": "text", "v": base64}               a text with two surrogates in a row
{"$": "float" | "int" | "decimal" | "complex" | "date" | "timedelta" | "uuid" | "path", "v": text}
{"$": "datetime" | "time", "v": text}    may have "fold", and "zone", "name" or "tz" where the text does not say it all
{"$": "std", "type": ..., "v": ...}      another type of the standard library, by what makes it
{"$": "range", "v": [start, stop, step]}
{"$": "no_data"}                         the absence of a payload where None would be one
{"$": "shared", "n": 1, "v": ...}        what is there more than once; the next time it is
{"$": "ref", "n": 1}                     only a reference

Not exact, so that what holds one cannot be made again:

{"$": "repr", "type": ..., "v": text}    what cannot be written, by its (bounded) repr
{"$": "cut", "v": text}                  what was left out, and why: too deep, too large
{"$": "secret", "type": ..., "v": text}  a secret, which is never written
{"$": "near", "type": ..., "v": ...}     a value that is less than the original
{"$": "local", "v": ...}                 an object whose class no module has under its name; a step may name it
"""

import base64
import collections
import datetime as dt
import decimal
import enum
import fractions
import ipaddress
import math
import pathlib
import re
import uuid
import zoneinfo
from collections.abc import Callable, Iterable
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any

from process_core.events import NO_DATA
from process_core.object_storage import (
    ClassShape,
    Form,
    attributes_of,
    full_name,
    is_root_model,
    plain_of,
    shape_of,
    stored_in,
)
from process_core.runfile.codec.plain import (
    CONTAINER_COST,
    EASY,
    Budget,
    are_easy_fields,
    is_easy,
    is_plain_within,
    to_json,
)
from process_core.runfile.codec.safe_repr import safe_repr, type_name

_SAFE_INT = 10**4000
_ATOMS = frozenset({str, int, float, bool, type(None)})
_FACTORIES = frozenset(
    {list, dict, set, frozenset, tuple, int, float, complex, str, bytes, bytearray, bool, collections.deque,
     collections.Counter, collections.OrderedDict}
)  # fmt: skip
_MASK = "**********"
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
"""Two lone surrogates that JSON would make one character of."""
_LOOK_INTO = 2
"""Levels at which a whole dict or list is looked at before it is walked through; at each it would cost too much."""
_TOO_MUCH = "a part that is there more than once: too much for one payload"


class TaggedWriter:
    """Writes one value as JSON with tags.

    Args:
        max_depth: Levels of containers before what lies deeper is cut.
        max_nodes: Values before what remains is cut.
    """

    __slots__ = (
        "_budget",
        "_depth",
        "_ends",
        "_max_depth",
        "_max_nodes",
        "_numbers",
        "_open",
        "_seen",
        "_shapes",
        "_sizes",
        "_twice",
    )

    def __init__(self, max_depth: int, max_nodes: int) -> None:
        self._max_depth = max_depth
        self._max_nodes = max_nodes
        self._shapes: dict[type, ClassShape] = {}
        self._ends: dict[ClassShape, tuple[str, str]] = {}
        self._begin({})

    def write(self, value: Any) -> bytes:
        """Write a value as UTF-8 bytes of one JSON value; nothing that the value does gets out of here."""
        try:
            text = self._any(value)
            if self._twice:
                # Most values hold nothing twice, so that is found out by writing them. Everything seen is kept until
                # the end: an id says nothing once its object is gone.
                seen = self._seen
                self._begin({key: number for number, key in enumerate(self._twice, 1)})
                text = self._any(value)
                del seen
            return text.encode()
        except Exception as error:  # noqa: BLE001 - a value may do anything; the recording must not suffer
            return self.write_cut(f"a {type_name(value)} that could not be written: {type_name(error)}")

    def write_cut(self, reason: str) -> bytes:
        """Write the mark of something left out."""
        return _tag("cut", _text(reason)).encode()

    def _begin(self, numbers: dict[int, int]) -> None:
        self._numbers = numbers
        self._sizes: dict[int, int] = {}
        self._open: set[int] = set()
        self._seen: dict[int, Any] = {}
        self._twice: dict[int, None] = {}
        self._budget = Budget(self._max_nodes)
        self._depth = 0

    def _any(self, value: Any) -> str:
        kind = type(value)
        write = _SCALARS.get(kind)
        if write is not None:
            return str(write(value))
        container = _CONTAINERS.get(kind)
        shape = None
        if container is None:
            shape = self._shapes.get(kind)
            if shape is None:
                shape = self._shapes[kind] = shape_of(kind)
            container = _FORMS.get(shape.form)
            if container is None:
                return self._other(value, shape)
        text = self._at_once(value, kind, shape)
        if text is not None:
            return text
        if self._depth >= self._max_depth:
            return _tag("cut", _text(f"a {type_name(value)} more than {self._max_depth} levels deep"))
        key = id(value)
        if self._numbers:
            number = self._numbers.get(key)
            if number is not None:
                return self._shared(number, container, value, shape)
        elif key not in self._seen:
            self._seen[key] = value
        elif kind not in _UNCHANGING or not _ATOMS.issuperset(map(type, value)):
            self._twice[key] = None
            return "0"  # it is all written a second time, with references
        return self._inside(container, value, shape)

    def _at_once(self, value: Any, kind: type, shape: ClassShape | None) -> str | None:
        """Write the common tuple or model, of nothing but atoms, without a look at each; None for any other."""
        if kind is tuple:
            # Nothing in it can change, so nothing need be known of it where it is there twice.
            if not EASY.issuperset(map(type, value)) or self._depth >= self._max_depth:
                return None
            text = _easy(value)
            return None if text is None else self._room(value, len(value)) or _tag("tuple", text)
        if shape is None or shape.form is not Form.MODEL or id(value) in self._seen or id(value) in self._numbers:
            return None
        text = self._easy_object(value, shape)
        if text is not None:
            self._seen[id(value)] = value
        return text

    def _shared(self, number: int, write: Any, value: Any, shape: ClassShape | None) -> str:
        size = self._sizes.get(number)
        if number in self._open and shape_of(type(value)).base in _MADE_WHOLE:
            return _tag("cut", _text(f"this {type_name(value)} again, inside itself"))
        if size is not None:  # for whoever reads it, it is there each time
            return f'{{"$":"ref","n":{number}}}' if self._budget.take(size) else _tag("cut", _text(_TOO_MUCH))
        self._sizes[number] = 1
        self._open.add(number)
        left = self._budget.left
        text = self._inside(write, value, shape)
        self._open.discard(number)
        self._sizes[number] += left - self._budget.left
        return f'{{"$":"shared","n":{number},"v":{text}}}'

    def _inside(self, write: Any, value: Any, shape: ClassShape | None) -> str:
        self._depth += 1
        try:
            if shape is None:
                return str(write(self, value))
            try:
                text = str(write(self, value, shape))
            except RecursionError:
                raise
            except Exception:  # noqa: BLE001 - an object may do anything; what is around it is written all the same
                return _repr(value)
            return text if shape.is_findable else _tag("local", text)
        finally:
            self._depth -= 1

    def _other(self, value: Any, shape: ClassShape) -> str:
        """Write what is neither a container nor an object with attributes that are its whole content."""
        if shape.form is Form.SECRET:
            return f'{{"$":"secret","type":{_text(shape.name)},"v":"{_MASK}"}}'
        if shape.form is Form.ENUM:
            text = self._enum(value, shape)
            return text if shape.is_findable else _tag("local", text)
        standard = _STANDARD.get(type(value))
        if standard is not None and standard(value) is not _NOTHING:
            return f'{{"$":"std","type":{_text(shape.name)},"v":{self._any(standard(value))}}}'
        if type(value) is memoryview:
            return _near(value, _base64("bytes", value.tobytes()))
        if shape.base in _SCALARS:
            return _near(value, self._any(plain_of(value, shape)))
        return _repr(value)

    def _enum(self, value: enum.Enum, shape: ClassShape) -> str:
        plain = value._value_
        inner = self._any(plain) if type(plain) in _ATOMS else _text(safe_repr(plain))
        return f'{{"$":"enum","type":{_text(shape.name)},"name":{_text(str(value._name_))},"v":{inner}}}'

    def _room(self, value: Any, size: int) -> str | None:
        if self._budget.take(size + 1):
            return None
        return _tag("cut", _text(f"a {type_name(value)} of {size} items: too much for one payload"))

    def _plain(self, value: Any) -> str | None:
        """Write a dict or list in one go where plain JSON says all of it; None where it has to be walked through."""
        if is_easy(value):
            text = _easy(value)
            return None if text is None else self._room(value, len(value)) or text
        if self._numbers or self._depth > _LOOK_INTO:
            return None
        budget, inside = Budget(self._budget.left), {id(value)}
        if not is_plain_within(value, budget, self._depth, inside):
            return None
        inside.discard(id(value))
        text = _easy(value) if self._seen.keys().isdisjoint(inside) else None
        if text is not None:
            self._seen.update(dict.fromkeys(inside, value))
            self._budget.left = budget.left + CONTAINER_COST * (len(inside) + 1)
        return text

    def _dict(self, value: dict[Any, Any]) -> str:
        if type(value) is dict:
            text = self._plain(value)
            if text is not None:
                return text
        return self._pairs(value, dict.__len__(value), dict.items(value), "dict")

    def _pairs(self, value: Any, size: int, pairs: Iterable[tuple[Any, Any]], name: str) -> str:
        cut = self._room(value, size)
        if cut:
            return cut
        items = list(pairs)
        if name == "dict" and all(type(k) is str and k != "$" and _is_text_in_json(k) for k, _ in items):
            return "{" + ",".join([f"{_text(k)}:{self._any(v)}" for k, v in items]) + "}"
        return _tag(name, "[" + ",".join([f"[{self._any(k)},{self._any(v)}]" for k, v in items]) + "]")

    def _ordered(self, value: "collections.OrderedDict[Any, Any]") -> str:
        return self._pairs(value, dict.__len__(value), list(collections.OrderedDict.items(value)), "odict")

    def _defaultdict(self, value: "collections.defaultdict[Any, Any]") -> str:
        body = self._pairs(value, dict.__len__(value), dict.items(value), "dict")
        factory = _DEFAULT_FACTORY.__get__(value)
        if factory is None:
            return f'{{"$":"defaultdict","f":null,"v":{body}}}'
        if factory in _FACTORIES or (isinstance(factory, type) and _can_be_made(shape_of(factory))):
            return f'{{"$":"defaultdict","f":{_text(full_name(factory))},"v":{body}}}'
        return _near(value, body)

    def _list(self, value: list[Any]) -> str:
        if type(value) is list:
            text = self._plain(value)
            if text is not None:
                return text
        return self._sequence(value, list.__len__(value), list.__iter__(value))

    def _tuple(self, value: tuple[Any, ...]) -> str:
        return _tag("tuple", self._sequence(value, tuple.__len__(value), tuple.__iter__(value)))

    def _set(self, value: set[Any]) -> str:
        return _tag("set", self._sorted(value, set.__len__(value), set.__iter__(value)))

    def _frozenset(self, value: frozenset[Any]) -> str:
        return _tag("frozenset", self._sorted(value, frozenset.__len__(value), frozenset.__iter__(value)))

    def _deque(self, value: "collections.deque[Any]") -> str:
        items = list(collections.deque.__iter__(value))
        body = self._sequence(value, len(items), items)
        limit = _MAXLEN.__get__(value)
        return _tag("deque", body) if limit is None else f'{{"$":"deque","v":{body},"max":{limit}}}'

    def _bytearray(self, value: bytearray) -> str:
        return _base64("bytearray", value)

    def _sequence(self, value: Any, size: int, items: Iterable[Any]) -> str:
        return self._room(value, size) or "[" + ",".join([self._any(item) for item in items]) + "]"

    def _sorted(self, value: Any, size: int, items: Iterable[Any]) -> str:
        # The order of a set depends on the hash seed; two runs of the same process must give the same bytes.
        cut = self._room(value, size)
        if cut:
            return cut
        if not self._numbers:
            return "[" + ",".join(sorted(self._any(item) for item in items)) + "]"
        plain = [(TaggedWriter(self._max_depth, self._max_nodes)._any(item), n, item) for n, item in enumerate(items)]  # noqa: SLF001 - its own class
        # What is written once and referred to later must stand first, so here the order comes before the text.
        return "[" + ",".join([self._any(item) for _, _, item in sorted(plain, key=lambda entry: entry[:2])]) + "]"

    def _easy_object(self, value: Any, shape: ClassShape) -> str | None:
        """Write an object whose fields need no second look, and which has nothing besides: the common case, fast."""
        if shape.slots or shape.arguments or not shape.is_findable:
            return None
        if self._budget.left <= len(shape.fields) or self._depth >= self._max_depth:
            return None
        fields = object.__getattribute__(value, "__dict__")
        if fields.keys() != shape.fields or not EASY.issuperset(map(type, fields.values())):
            return None
        if shape.form is Form.MODEL:
            get = object.__getattribute__
            if is_root_model(type(value)) or get(value, "__pydantic_fields_set__") != shape.fields:
                return None
            if get(value, "__pydantic_extra__") or get(value, "__pydantic_private__"):
                return None
        elif shape.form is not Form.RECORD:
            return None
        text = _easy(fields)
        if text is None or not fields:
            return None
        self._budget.left -= len(fields) + 1
        ends = self._ends.get(shape)
        if ends is None:
            ends = self._ends[shape] = f'{{"$":{_text(shape.name)},', f',"$m":"{shape.digest}"}}'
        return f"{ends[0]}{text[1:-1]}{ends[1]}"

    def _object(self, value: Any, shape: ClassShape) -> str:
        """Write what a model or a record stores; nothing of its class runs."""
        stored = stored_in(value, shape)
        fields = stored.fields
        cut = self._room(value, len(fields))
        if cut:
            return cut
        about = f'"$m":"{stored.digest}"'
        if stored.own:
            about += f',"$own":{self._names(n for n in fields if n in stored.own)}'
        if stored.unset:
            about += f',"$unset":{self._names(n for n in fields if n in stored.unset)}'
        if stored.extra:
            about += f',"$extra":{self._names(n for n in fields if n in stored.extra)}'
        if stored.private:
            about += f',"$private":{self._any(dict(stored.private))}'
        if shape.arguments:
            about += f',"$args":{self._names(shape.arguments)}'
        opening = f'{{"$":{_text(shape.name)}'
        if shape.form is Form.MODEL and len(fields) == 1 and "root" in fields and is_root_model(type(value)):
            return f'{opening},"$v":{self._any(fields["root"])},{about}}}'
        if not fields:
            return f"{opening},{about}}}"
        easy = _easy(fields) if are_easy_fields(fields) else None
        if easy is not None:
            return f"{opening},{easy[1:-1]},{about}}}"
        parts = ",".join([f"{_text(_escaped(name))}:{self._any(part)}" for name, part in fields.items()])
        return f"{opening},{parts},{about}}}"

    def _names(self, names: Iterable[str]) -> str:
        return "[" + ",".join(map(_text, names)) + "]"

    def _named_tuple(self, value: Any, shape: ClassShape) -> str:
        names = type(value)._fields
        if len(names) != tuple.__len__(value) or "$" in names or attributes_of(value, shape):
            return self._subclass(value, shape)
        pairs = zip(names, tuple.__iter__(value), strict=True)
        cut = self._room(value, len(names))
        if cut:
            return cut
        parts = ",".join([f"{_text(str(name))}:{self._any(part)}" for name, part in pairs])
        return f'{{"$":{_text(shape.name)},{parts}}}' if parts else f'{{"$":{_text(shape.name)}}}'

    def _subclass(self, value: Any, shape: ClassShape) -> str:
        assert shape.base is not None
        container = _CONTAINERS.get(shape.base)
        inner = str(_SCALARS[shape.base](plain_of(value, shape)) if container is None else container(self, value))
        own = attributes_of(value, shape)
        more = f',"d":{self._any(dict(own))}' if own else ""
        return f'{{"$":"sub","type":{_text(shape.name)},"v":{inner}{more}}}'


def _can_be_made(shape: ClassShape) -> bool:
    return shape.is_findable and shape.form in (Form.MODEL, Form.RECORD, Form.SUBCLASS)


def _easy(value: Any) -> str | None:
    try:
        return to_json(value).decode()
    except Exception:  # noqa: BLE001 - a lone surrogate or a number too long: the careful way has an answer
        return None


def _escaped(name: Any) -> str:
    name = str(name)
    return f"${name}" if name.startswith("$") else name


def _tag(name: str, body: str) -> str:
    return f'{{"$":"{name}","v":{body}}}'


def _repr(value: Any) -> str:
    return f'{{"$":"repr","type":{_text(full_name(type(value)))},"v":{_text(safe_repr(value))}}}'


def _near(value: Any, body: str) -> str:
    return f'{{"$":"near","type":{_text(full_name(type(value)))},"v":{body}}}'


def _is_text_in_json(text: str) -> bool:
    return text.isascii() or _PAIR.search(text) is None


def _str(value: str) -> str:
    if _is_text_in_json(value):
        return _text(value)
    return _tag("text", f'"{base64.b64encode(value.encode("utf-8", "surrogatepass")).decode()}"')


def _text(text: str) -> str:
    written = encode_basestring(text)
    if not written.isascii():
        try:
            written.encode()
        except UnicodeEncodeError:
            return encode_basestring_ascii(text)
    return written


def _int(value: int) -> str:
    return str(value) if -_SAFE_INT < value < _SAFE_INT else _tag("int", f'"{value:#x}"')


def _float(value: float) -> str:
    return repr(value) if math.isfinite(value) else _tag("float", f'"{value}"')


def _base64(name: str, value: bytes | bytearray | memoryview) -> str:
    return _tag(name, f'"{base64.b64encode(value).decode()}"')


def _timed(name: str) -> Callable[[Any], str]:
    def write(value: dt.datetime | dt.time) -> str:
        zone = value.tzinfo
        text, more = _text(value.isoformat()), ',"fold":1' if value.fold else ""
        if zone is None:
            return f'{{"$":"{name}","v":{text}{more}}}'
        kind = type(zone)
        if kind is dt.timezone:
            label = zone.tzname(None)
            if label != dt.timezone(zone.utcoffset(None) or dt.timedelta()).tzname(None):
                more += f',"name":{_text(str(label))}'
        elif kind is zoneinfo.ZoneInfo and zone.key is not None:  # type: ignore[attr-defined]  # a ZoneInfo
            more += f',"zone":{_text(zone.key)}'  # type: ignore[attr-defined]  # likewise
        elif kind.__module__ == "pydantic_core._pydantic_core":
            more += ',"tz":"pydantic"'
        else:
            return _near(value, f'{{"$":"{name}","v":{text}{more}}}')
        return f'{{"$":"{name}","v":{text}{more}}}'

    def write_safely(value: Any) -> str:
        try:
            return write(value)
        except Exception:  # noqa: BLE001 - a time zone of somebody's own may do anything
            return _repr(value)

    return write_safely


_DEFAULT_FACTORY: Any = vars(collections.defaultdict)["default_factory"]
_MAXLEN: Any = vars(collections.deque)["maxlen"]
_MADE_WHOLE = frozenset({tuple, frozenset})
"""Types that have their content from the beginning, so that none can be made that holds itself."""
_NOTHING: Any = object()
_UNCHANGING = frozenset({tuple, frozenset})
_SCALARS: dict[Any, Any] = {
    str: _str,
    int: _int,
    float: _float,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
    type(NO_DATA): lambda _: '{"$":"no_data"}',
    bytes: lambda value: _base64("bytes", value),
    complex: lambda value: _tag("complex", _text(str(value))),
    decimal.Decimal: lambda value: _tag("decimal", _text(str(value))),
    dt.datetime: _timed("datetime"),
    dt.date: lambda value: _tag("date", _text(value.isoformat())),
    dt.time: _timed("time"),
    dt.timedelta: lambda value: _tag("timedelta", f'"{value.days}:{value.seconds}:{value.microseconds}"'),
    uuid.UUID: lambda value: _tag("uuid", f'"{value}"'),
    type(pathlib.Path()): lambda value: _tag("path", _text(str(value))),
    range: lambda value: _tag("range", f"[{_int(value.start)},{_int(value.stop)},{_int(value.step)}]"),
}
_STANDARD: dict[type, Callable[[Any], Any]] = {
    pathlib.PurePosixPath: str,
    pathlib.PureWindowsPath: str,
    fractions.Fraction: str,
    ipaddress.IPv4Address: str,
    ipaddress.IPv6Address: str,
    ipaddress.IPv4Network: str,
    ipaddress.IPv6Network: str,
    ipaddress.IPv4Interface: str,
    ipaddress.IPv6Interface: str,
    re.Pattern: lambda value: [value.pattern, value.flags],
    slice: lambda value: [value.start, value.stop, value.step],
    type(...): lambda _: None,
    zoneinfo.ZoneInfo: lambda value: _NOTHING if value.key is None else value.key,
    dt.timezone: lambda value: [value.utcoffset(None), value.tzname(None)],
}
_CONTAINERS: dict[Any, Any] = {
    dict: TaggedWriter._dict,  # noqa: SLF001 - its own table
    list: TaggedWriter._list,  # noqa: SLF001
    tuple: TaggedWriter._tuple,  # noqa: SLF001
    set: TaggedWriter._set,  # noqa: SLF001
    frozenset: TaggedWriter._frozenset,  # noqa: SLF001
    bytearray: TaggedWriter._bytearray,  # noqa: SLF001
    collections.deque: TaggedWriter._deque,  # noqa: SLF001
    collections.OrderedDict: TaggedWriter._ordered,  # noqa: SLF001
    collections.defaultdict: TaggedWriter._defaultdict,  # noqa: SLF001
}
_FORMS: dict[Form, Any] = {
    Form.MODEL: TaggedWriter._object,  # noqa: SLF001
    Form.RECORD: TaggedWriter._object,  # noqa: SLF001
    Form.NAMED_TUPLE: TaggedWriter._named_tuple,  # noqa: SLF001
    Form.SUBCLASS: TaggedWriter._subclass,  # noqa: SLF001
}
