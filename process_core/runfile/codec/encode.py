"""From any Python value to JSON bytes, as it is at this moment: never an exception, never without end.

An object with the key `$` stands for each thing that JSON does not know:

{"$": "module:Class", "field": ..., "$m": digest}   an object: its attributes as they are stored, and a digest of the
                                         fields that its class had; a name that begins with `$` has one more `$`.
                                         Attributes that are no fields are named by "$own". One of a generic class with
                                         arguments has "$args" (see `process_core.type_names`). A model also has
                                         "$unset", "$extra" (names) and "$private" (values)
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
import secrets
import uuid
import zoneinfo
from collections.abc import Callable
from itertools import chain, repeat
from json.encoder import encode_basestring, encode_basestring_ascii
from operator import eq
from typing import Any, Final

from process_core.events import NO_DATA
from process_core.object_storage import (
    ClassShape,
    Form,
    attributes_of,
    is_root_model,
    model_parts,
    plain_of,
    shape_of,
    stored_in,
)
from process_core.runfile.codec.decode import is_restorable
from process_core.runfile.codec.plain import MAX_DEPTH, is_easy, is_plain, to_json
from process_core.safe_repr import Unsnapshotable, safe_repr, type_name
from process_core.type_names import ARGUMENTS, full_name, is_named, name_of

Tree = Any
"""None, booleans, numbers, texts, lists, tuples and dicts with texts as keys."""

_SAFE_INT = 10**4000  # `str` refuses to write much longer numbers
MAX_NODES: Final = 500_000
"""Values that are written out of one payload with tags; what remains is marked as cut."""
MAX_BYTES: Final = 256 * 1024 * 1024
"""Size of the largest payload that is kept; a larger one is marked as too large."""

ATOMS: Final[frozenset[type]] = frozenset({str, int, float, bool, type(None)})
"""Types of what stands in a tree as it is, unless it is one of the rare values that JSON cannot say."""
_CAREFUL_ATOMS: frozenset[type] = frozenset({bool, type(None)})
"""Types of what stands in a tree as it is where there are such values."""
_TEXT = frozenset({str})
_FACTORIES = frozenset(
    {list, dict, set, frozenset, tuple, int, float, complex, str, bytes, bytearray, bool, collections.deque,
     collections.Counter, collections.OrderedDict}
)  # fmt: skip
_MASK = "**********"
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
"""Two lone surrogates that JSON would make one character of."""
_TOO_MUCH = "a part that is there more than once: too much for one payload"
_MANY: Final = 8
"""Parts of one kind from which on they are written at once."""
_STAND_IN = f"stands for what is written already {secrets.token_hex()} "


def encode(value: Any) -> bytes:
    """Return a value as one line of JSON, with tags only where plain JSON would lose what it is.

    Numbers, texts, booleans, None, lists and dicts with text keys stand as they are. Everything else is marked by an
    object with the key `$`, as above.
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
    except BaseException:  # noqa: BLE001, S110 - whatever a value does here, the careful way below copes with it
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
    if type(value) in ATOMS:
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


def finite_json(tree: Tree) -> bytes:
    """Return a tree as JSON; ValueError where it may hold a number that JSON does not know."""
    body = to_json(tree)
    # A byte is found much faster than a word, and most values have no such letter.
    if (b"N" in body and b"NaN" in body) or (b"I" in body and b"Infinity" in body):
        raise ValueError("not a number")
    return body


def object_of_atoms(value: Any, shape: ClassShape) -> dict[str, Tree] | None:
    """Return the tree of a model or record that holds nothing but atoms: the common case; None for any other."""
    fields: dict[str, Any] = object.__getattribute__(value, "__dict__")
    if fields.keys() != shape.fields or not ATOMS.issuperset(map(type, fields.values())):
        return None
    if shape.form is Form.MODEL:
        given, extra, private = model_parts(value)
        if extra or private:
            return None
        unset = [name for name in fields if name not in given] if given != shape.fields else None
        if unset:
            return {"$": shape.name, **fields, "$m": shape.digest, "$unset": unset}
    return {"$": shape.name, **fields, "$m": shape.digest}


class TaggedWriter:
    """Writes one value as JSON with tags.

    Args:
        max_depth: Levels of containers before what lies deeper is cut.
        max_nodes: Values before what remains is cut.
    """

    __slots__ = (
        "_atoms",
        "_depth",
        "_left",
        "_max_depth",
        "_max_nodes",
        "_numbers",
        "_open",
        "_seen",
        "_sizes",
        "_twice",
        "_written",
    )

    def __init__(self, max_depth: int, max_nodes: int) -> None:
        self._max_depth = max_depth
        self._max_nodes = max_nodes

    def write(self, value: Any) -> bytes:
        """Write a value as UTF-8 bytes of one JSON value; nothing that the value does gets out of here."""
        try:
            body = finite_json(self._tree(value, ATOMS))
            return self._filled_in(body) if self._written else body
        except BaseException:  # noqa: BLE001, S110 - a text or number that JSON cannot say, or levels too many for C
            pass
        try:
            return _dump(self._tree(value, _CAREFUL_ATOMS)).encode()
        except BaseException as error:  # noqa: BLE001 - a value may do anything; the recording must not suffer
            return self.write_cut(f"a {type_name(value)} that could not be written: {type_name(error)}")

    def write_cut(self, reason: str) -> bytes:
        """Write the mark of something left out."""
        return _dump(_tag("cut", reason)).encode()

    def _tree(self, value: Any, atoms: frozenset[type]) -> Tree:
        self._atoms = atoms
        self._begin({})
        tree = self._any(value)
        if self._twice:
            # Most values hold nothing twice, so that is found out by writing them. Everything seen is kept until
            # the end: an id says nothing once its object is gone.
            seen = self._seen
            self._begin({key: number for number, key in enumerate(self._twice, 1)})
            tree = self._any(value)
            del seen
        return tree

    def _begin(self, numbers: dict[int, int]) -> None:
        self._numbers = numbers
        self._seen: dict[int, Any] = {}
        self._twice: dict[int, None] = {}
        self._written: list[bytes] = []
        self._left = self._max_nodes
        self._depth = 0
        if numbers:
            self._sizes: dict[int, int] = {}
            self._open: set[int] = set()

    def _any(self, value: Any) -> Tree:
        kind = type(value)
        if kind in self._atoms:
            return value
        write = _SCALARS.get(kind)
        if write is not None:
            return write(value)
        container = _CONTAINERS.get(kind)
        shape = None
        if container is None:
            shape = shape_of(kind)
            container = _FORMS.get(shape.form)
            if container is None:
                return self._other(value, shape)
        if self._depth >= self._max_depth:
            return _tag("cut", f"a {type_name(value)} more than {self._max_depth} levels deep")
        if kind in _UNCHANGING and ATOMS.issuperset(map(type, value)):
            # Nothing in it can change, so nothing need be known of where else it is.
            return container(self, value, shape)
        key = id(value)
        if self._numbers:
            number = self._numbers.get(key)
            if number is not None:
                return self._shared(number, container, value, shape)
        elif key in self._seen:
            self._twice[key] = None
            return 0  # it is all written a second time, with references
        else:
            self._seen[key] = value
        return self._inside(container, value, shape)

    def _inside(self, write: Any, value: Any, shape: ClassShape | None) -> Tree:
        self._depth += 1
        try:
            tree = write(self, value, shape)
        except RecursionError:
            raise
        except BaseException:
            if shape is None:
                raise
            return _repr(value)  # an object may do anything; what is around it is written all the same
        finally:
            self._depth -= 1
        return tree if shape is None or shape.is_findable else _tag("local", tree)

    def _shared(self, number: int, write: Any, value: Any, shape: ClassShape | None) -> Tree:
        size = self._sizes.get(number)
        if number in self._open and shape_of(type(value)).base in _UNCHANGING:
            return _tag("cut", f"this {type_name(value)} again, inside itself")
        if size is not None:  # for whoever reads it, it is there each time
            return {"$": "ref", "n": number} if self._take(size) else _tag("cut", _TOO_MUCH)
        self._sizes[number] = 1
        self._open.add(number)
        left = self._left
        tree = self._inside(write, value, shape)
        self._open.discard(number)
        self._sizes[number] += left - self._left
        return {"$": "shared", "n": number, "v": tree}

    def _other(self, value: Any, shape: ClassShape) -> Tree:
        """Write what is neither a container nor an object with attributes that are its whole content."""
        if shape.form is Form.SECRET:
            return {"$": "secret", "type": shape.name, "v": _MASK}
        if shape.form is Form.ENUM:
            tree = self._enum(value, shape)
            return tree if shape.is_findable else _tag("local", tree)
        standard = _STANDARD.get(type(value))
        if standard is not None and standard(value) is not _NOTHING:
            return {"$": "std", "type": shape.name, "v": self._any(standard(value))}
        if type(value) is memoryview:
            return _near(value, _base64("bytes", value.tobytes()))
        if shape.base in _SCALARS:
            return _near(value, self._any(plain_of(value, shape)))
        if type(value) is Unsnapshotable:
            return {"$": "repr", "type": value.type, "v": value.text}
        return _repr(value)

    def _enum(self, value: enum.Enum, shape: ClassShape) -> Tree:
        plain = value._value_
        inner = self._any(plain) if type(plain) in ATOMS else safe_repr(plain)
        return {"$": "enum", "type": shape.name, "name": str(value._name_), "v": inner}

    def _take(self, nodes: int) -> bool:
        """Spend some of the nodes, and return whether there were enough left; if not, nothing is spent."""
        if nodes > self._left:
            return False
        self._left -= nodes
        return True

    def _room(self, value: Any, size: int) -> Tree:
        if size < self._left:
            self._left -= size + 1
            return None
        return _tag("cut", f"a {type_name(value)} of {size} items: too much for one payload")

    def _dict(self, value: dict[Any, Any], _: object) -> Tree:
        cut = self._room(value, len(value))
        if cut:
            return cut
        atoms = self._atoms
        if not _TEXT.issuperset(map(type, value)) or "$" in value or not self._are_names(value):
            return _tag("dict", self._pairs(value))
        if atoms.issuperset(map(type, value.values())):
            return value
        return {key: part if type(part) in atoms else self._any(part) for key, part in list(value.items())}

    def _are_names(self, value: dict[str, Any]) -> bool:
        return self._atoms is ATOMS or all(map(_is_text_in_json, value))

    def _pairs(self, value: dict[Any, Any]) -> list[Tree]:
        return [[self._any(key), self._any(part)] for key, part in list(value.items())]

    def _ordered(self, value: "collections.OrderedDict[Any, Any]", _: object) -> Tree:
        return self._room(value, len(value)) or _tag("odict", self._pairs(value))

    def _defaultdict(self, value: "collections.defaultdict[Any, Any]", _: object) -> Tree:
        body = self._dict(dict(value), None)
        factory = value.default_factory
        if factory is None:
            return {"$": "defaultdict", "f": None, "v": body}
        if factory in _FACTORIES or (isinstance(factory, type) and _can_be_made(shape_of(factory))):
            return {"$": "defaultdict", "f": full_name(factory), "v": body}
        return _near(value, body)

    def _list(self, value: list[Any], _: object) -> Tree:
        return self._room(value, len(value)) or self._items(value)

    def _tuple(self, value: tuple[Any, ...], _: object) -> Tree:
        return self._room(value, len(value)) or _tag("tuple", self._items(value))

    def _set(self, value: set[Any], _: object) -> Tree:
        return self._room(value, len(value)) or _tag("set", self._sorted(value))

    def _frozenset(self, value: frozenset[Any], _: object) -> Tree:
        return self._room(value, len(value)) or _tag("frozenset", self._sorted(value))

    def _deque(self, value: "collections.deque[Any]", _: object) -> Tree:
        cut = self._room(value, len(value))
        body = cut or self._items(list(value))
        return _tag("deque", body) if value.maxlen is None else {"$": "deque", "v": body, "max": value.maxlen}

    def _bytearray(self, value: bytearray, _: object) -> Tree:
        return _base64("bytearray", value)

    def _items(self, value: Any) -> Tree:
        """Write what is in a list or tuple."""
        kinds = set(map(type, value))
        if kinds <= self._atoms:
            return value
        if len(kinds) == 1 and len(value) >= _MANY and self._depth < self._max_depth and self._atoms is ATOMS:
            tree = self._many(value, *kinds)
            if tree is not None:
                return tree
        return [self._any(part) for part in value]

    def _many(self, value: Any, kind: type) -> Tree | None:
        """Write many parts of one type that hold nothing but atoms, as is common in states; None for any others."""
        if kind is tuple:
            return self._many_tuples(value)
        shape = None if kind is list or kind is dict else shape_of(kind)
        if shape is not None and not (shape.is_simple and shape.is_findable):
            return None
        seen = dict(zip(map(id, value), value, strict=True))
        if len(seen) < len(value) or not (self._numbers or self._seen).keys().isdisjoint(seen):
            return None
        tree = self._many_plain(value, kind) if shape is None else self._many_objects(value, shape)
        if tree is not None:
            self._seen |= seen
        return tree

    def _many_tuples(self, value: Any) -> str | None:
        parts = list(chain.from_iterable(value))
        if not ATOMS.issuperset(map(type, parts)):
            return None
        return self._at_once(value, b"],[", b'{"$":"tuple","v":[', b"]}", len(value) + len(parts))

    def _many_plain(self, value: Any, kind: type) -> Any | None:
        parts = chain.from_iterable(map(dict.values, value) if kind is dict else value)
        if not ATOMS.issuperset(map(type, parts)):
            return None
        if kind is dict:
            names = list(chain.from_iterable(value))
            if not _TEXT.issuperset(map(type, names)) or "$" in names:
                return None
        return value if self._take(len(value) + sum(map(len, value))) else None

    def _many_objects(self, value: Any, shape: ClassShape) -> str | None:
        get, given = object.__getattribute__, shape.fields
        try:
            stored: list[dict[str, Any]] = list(map(get, value, repeat("__dict__")))
            if shape.form is Form.MODEL:
                extra, private = repeat("__pydantic_extra__"), repeat("__pydantic_private__")
                if any(map(get, value, extra)) or any(map(get, value, private)):
                    return None
                given = get(value[0], "__pydantic_fields_set__")
                if not all(map(eq, map(get, value, repeat("__pydantic_fields_set__")), repeat(given))):
                    return None
        except AttributeError:
            return None
        names = shape.fields
        if not all(map(eq, map(dict.keys, stored), repeat(names))):
            return None
        if not ATOMS.issuperset(map(type, chain.from_iterable(map(dict.values, stored)))):
            return None
        unset = [name for name in stored[0] if name not in given]
        about = {"$m": shape.digest, "$unset": unset} if unset else {"$m": shape.digest}
        opening, closing = f'{{"$":{_text(shape.name)},'.encode(), b"," + to_json(about)[1:]
        return self._at_once(stored, b"},{", opening, closing, len(value) * (len(names) + 1))

    def _at_once(self, parts: Any, between: bytes, opening: bytes, closing: bytes, nodes: int) -> str | None:
        """Write many parts as JSON at once, which C does, and each in its object; return what stands for them.

        Args:
            parts: Tuples or dicts of atoms.
            between: What is between two of them in JSON.
            opening: Beginning of the object around each.
            closing: End of the object around each.
            nodes: What they cost.
        """
        try:
            body = finite_json(parts)
        except BaseException:  # noqa: BLE001 - one by one, then
            return None
        if body.count(between) != len(parts) - 1 or not self._take(nodes):  # a text looks like it
            return None
        self._written.append(b"[%b%b%b]" % (opening, body[2:-2].replace(between, closing + b"," + opening), closing))
        return f"{_STAND_IN}{len(self._written) - 1}"

    def _filled_in(self, body: bytes) -> bytes:
        """Put what was written at once where something stands for it."""
        before, *others = body.split(b'"' + _STAND_IN.encode())
        filled = [before]
        for part in others:
            number, _, after = part.partition(b'"')
            filled += (self._written[int(number)], after)
        return b"".join(filled)

    def _sorted(self, value: Any) -> Tree:
        # The order of a set depends on the hash seed; two runs of the same process must give the same bytes.
        if not self._numbers:
            return sorted(map(self._any, value), key=self._text_of)
        plain = [(TaggedWriter(self._max_depth, self._max_nodes).write(item), n, item) for n, item in enumerate(value)]
        # What is written once and referred to later must stand first, so here the order comes before the text.
        return [self._any(item) for _, _, item in sorted(plain, key=lambda entry: entry[:2])]

    def _text_of(self, tree: Tree) -> bytes:
        body = to_json(tree) if self._atoms is ATOMS else _dump(tree).encode()
        return self._filled_in(body) if self._written else body

    def _object(self, value: Any, shape: ClassShape) -> Tree:
        """Write what a model or a record stores; nothing of its class runs."""
        tree = self._simple_object(value, shape) if shape.is_simple else None
        if tree is not None:
            return tree
        stored = stored_in(value, shape)
        fields, own, arguments = stored.fields, stored.own, shape.arguments
        if ARGUMENTS in own:
            name = name_of(fields[ARGUMENTS])
            if type(name) is list and name[0] == shape.name and is_named(fields[ARGUMENTS], name):
                arguments, own = tuple(name[1:]), own - {ARGUMENTS}
                fields = {key: part for key, part in fields.items() if key != ARGUMENTS}
        cut = self._room(value, len(fields))
        if cut:
            return cut
        tree = {"$": shape.name}
        if shape.form is Form.MODEL and len(fields) == 1 and "root" in fields and is_root_model(type(value)):
            tree["$v"] = self._any(fields["root"])
        else:
            for name, part in fields.items():
                tree[_escaped(name)] = self._any(part)
        tree["$m"] = stored.digest
        for mark, names in (("$own", own), ("$unset", stored.unset), ("$extra", stored.extra)):
            if names:
                tree[mark] = [name for name in fields if name in names]
        if stored.private:
            tree["$private"] = self._any(dict(stored.private))
        if arguments:
            tree["$args"] = list(arguments)
        return tree

    def _simple_object(self, value: Any, shape: ClassShape) -> Tree | None:
        """Write an object that has its fields and nothing besides, fast; None for any other."""
        if self._left <= len(shape.fields):
            return None
        atoms = self._atoms
        tree = object_of_atoms(value, shape) if atoms is ATOMS else None
        if tree is not None:
            self._left -= len(shape.fields) + 1
            return tree
        fields: dict[str, Any] = object.__getattribute__(value, "__dict__")
        if fields.keys() != shape.fields:
            return None
        given: Any = shape.fields
        if shape.form is Form.MODEL:
            given, extra, private = model_parts(value)
            if extra or private:
                return None
        self._left -= len(fields) + 1
        tree = {"$": shape.name}
        for name, part in list(fields.items()):
            tree[name] = part if type(part) in atoms else self._any(part)
        tree["$m"] = shape.digest
        unset = [name for name in fields if name not in given] if given != shape.fields else None
        if unset:
            tree["$unset"] = unset
        return tree

    def _named_tuple(self, value: Any, shape: ClassShape) -> Tree:
        names = type(value)._fields
        if len(names) != tuple.__len__(value) or "$" in names or attributes_of(value, shape):
            return self._subclass(value, shape)
        cut = self._room(value, len(names))
        if cut:
            return cut
        tree = {"$": shape.name}
        for name, part in zip(names, tuple.__iter__(value), strict=True):
            tree[str(name)] = self._any(part)
        return tree

    def _subclass(self, value: Any, shape: ClassShape) -> Tree:
        assert shape.base is not None
        container = _CONTAINERS.get(shape.base)
        plain = plain_of(value, shape)
        tree = {
            "$": "sub",
            "type": shape.name,
            "v": _SCALARS[shape.base](plain) if container is None else container(self, plain, None),
        }
        own = attributes_of(value, shape)
        if own:
            tree["d"] = self._any(dict(own))
        return tree


def _can_be_made(shape: ClassShape) -> bool:
    return shape.is_findable and shape.form in (Form.MODEL, Form.RECORD, Form.SUBCLASS)


def _dump(tree: Tree) -> str:
    """Return a tree as JSON, also where it has texts with lone surrogates, or very many levels."""
    kind = type(tree)
    if kind is str:
        return _text(tree)
    if kind is dict:
        return "{" + ",".join([f"{_text(key)}:{_dump(part)}" for key, part in tree.items()]) + "}"
    if kind is list or kind is tuple:
        return "[" + ",".join(map(_dump, tree)) + "]"
    if kind is bool:
        return "true" if tree else "false"
    return "null" if tree is None else repr(tree)


def _escaped(name: Any) -> str:
    name = str(name)
    return f"${name}" if name.startswith("$") else name


def _tag(name: str, body: Tree) -> Tree:
    return {"$": name, "v": body}


def _repr(value: Any) -> Tree:
    return {"$": "repr", "type": full_name(type(value)), "v": safe_repr(value)}


def _near(value: Any, body: Tree) -> Tree:
    return {"$": "near", "type": full_name(type(value)), "v": body}


def _is_text_in_json(text: str) -> bool:
    return text.isascii() or _PAIR.search(text) is None


def _str(value: str) -> Tree:
    if _is_text_in_json(value):
        return value
    return _tag("text", base64.b64encode(value.encode("utf-8", "surrogatepass")).decode())


def _text(text: str) -> str:
    written = encode_basestring(text)
    if not written.isascii():
        try:
            written.encode()
        except UnicodeEncodeError:
            return encode_basestring_ascii(text)
    return written


def _int(value: int) -> Tree:
    return value if -_SAFE_INT < value < _SAFE_INT else _tag("int", f"{value:#x}")


def _float(value: float) -> Tree:
    return value if math.isfinite(value) else _tag("float", str(value))


def _base64(name: str, value: bytes | bytearray | memoryview) -> Tree:
    return _tag(name, base64.b64encode(value).decode())


def _timed(name: str) -> Callable[[Any], Tree]:
    def write(value: dt.datetime | dt.time) -> Tree:
        zone = value.tzinfo
        tree: dict[str, Tree] = {"$": name, "v": value.isoformat()}
        if value.fold:
            tree["fold"] = 1
        if zone is None:
            return tree
        kind = type(zone)
        if kind is dt.timezone:
            label, offset = zone.tzname(None), zone.utcoffset(None) or dt.timedelta()
            if offset.microseconds:  # Python reads less than a second as none
                return _near(value, tree)
            if label != dt.timezone(offset).tzname(None):
                tree["name"] = str(label)
        elif kind is zoneinfo.ZoneInfo and zone.key is not None:  # type: ignore[attr-defined]  # a ZoneInfo
            tree["zone"] = zone.key  # type: ignore[attr-defined]  # likewise
        elif kind.__module__ == "pydantic_core._pydantic_core":
            tree["tz"] = "pydantic"
        else:
            return _near(value, tree)
        return tree

    def write_safely(value: Any) -> Tree:
        try:
            return write(value)
        except BaseException:  # noqa: BLE001 - a time zone of somebody's own may do anything
            return _repr(value)

    return write_safely


_NOTHING: Any = object()
_UNCHANGING = frozenset({tuple, frozenset})
"""Types that have their content from the beginning, so that none can be made that holds itself."""
_SCALARS: dict[Any, Callable[[Any], Tree]] = {
    str: _str,
    int: _int,
    float: _float,
    bool: lambda value: value,
    type(None): lambda _: None,
    type(NO_DATA): lambda _: {"$": "no_data"},
    bytes: lambda value: _base64("bytes", value),
    complex: lambda value: _tag("complex", str(value)),
    decimal.Decimal: lambda value: _tag("decimal", str(value)),
    dt.datetime: _timed("datetime"),
    dt.date: lambda value: _tag("date", value.isoformat()),
    dt.time: _timed("time"),
    dt.timedelta: lambda value: _tag("timedelta", f"{value.days}:{value.seconds}:{value.microseconds}"),
    uuid.UUID: lambda value: _tag("uuid", str(value)),
    type(pathlib.Path()): lambda value: _tag("path", _str(str(value))),
    range: lambda value: _tag("range", [_int(value.start), _int(value.stop), _int(value.step)]),
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
