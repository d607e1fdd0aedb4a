"""Reading payloads without running a line of their code: no property, no `__getattr__`, no `__eq__` is ever called.

A value is *plain* when nothing of the user's can hide in it: an exact `int`, `str`, ... Reading makes values plain the
way a recording would (an Enum member is its value, a date its ISO text), so that a predicate decides
the same on a live message and on a recorded one.
"""

import datetime as dt
import sys
import weakref
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from functools import partial
from itertools import islice
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any, Final, NamedTuple

from process_core.events import NoData
from process_core.predicate import work
from process_core.predicate.errors import Fault
from process_core.suggestions import nearest

ATOMS: Final = frozenset({int, float, bool, str, bytes, type(None), Decimal})
"""Types whose operations are Python's own."""
_BOXES: Final = (dict, list, tuple, set, frozenset, deque)
_BOX_TYPES: Final = frozenset(_BOXES)
_PATHS: Final = ("PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath")
_STDLIB_TEXT: Final = frozenset(
    {
        ("uuid", "UUID"),
        *((module, name) for module in ("pathlib", "pathlib._local") for name in _PATHS),  # the latter is 3.13's
    }
)
_POSITIONS: Final = frozenset({int, bool, slice})
_DATES: Final = frozenset({dt.datetime, dt.date, dt.time})
_FEW_KEYS: Final = 16
_KEYS_PER_UNIT: Final = 8  # they are only asked for their type
INT_BITS: Final = 8192
"""Of a product or power, or beside a Decimal: far more than any quantity, far less than work anybody waits for."""
_DECIMAL_BYTES: Final = 8192  # some 17,000 digits
_SHOWN = 40
_SUGGESTED = 50  # names looked at for a suggestion

_class_dict: Final[Callable[[type], Any]] = type.__dict__["__dict__"].__get__
_class_mro: Final[Callable[[type], tuple[type, ...]]] = type.__dict__["__mro__"].__get__
_class_name: Final[Callable[[type], str]] = type.__dict__["__name__"].__get__


class _Pair(NamedTuple):
    first: int


_NamedTupleGetter: Final = type(_class_dict(_Pair)["first"])  # the descriptor behind a named tuple's attributes
_DESCRIPTORS: Final = frozenset({GetSetDescriptorType, MemberDescriptorType, _NamedTupleGetter})


class _Missing:
    """The type of `MISSING`, which no payload can hold."""


MISSING: Final = _Missing()


class Member(NamedTuple):
    """A member of an Enum as a recording has it: what a predicate reads is its value, as it does live."""

    name: str
    value: Any


def plain(value: Any) -> Any:
    """Return an exact atom for subclasses of atoms, Enum members, dates, UUIDs and paths; everything else unchanged."""
    kind = type(value)
    if kind in ATOMS or kind in _BOX_TYPES:
        return value
    if kind is Member:
        return plain(value.value)
    if issubclass(kind, Enum):
        inner = read(value, "_value_")
        return value if inner is MISSING else plain(inner)
    if issubclass(kind, str):
        return str.__str__(value)
    if issubclass(kind, int):
        return int.__int__(value)
    if issubclass(kind, float):
        return float.__float__(value)
    if issubclass(kind, bytes):
        return bytes.__getitem__(value, slice(None))
    if kind in _DATES:
        return value.isoformat().removesuffix("+00:00") + ("Z" if value.isoformat().endswith("+00:00") else "")
    if kind is NoData:
        return None
    module = _class_dict(kind).get("__module__")
    if type(module) is str and (module, _class_name(kind)) in _STDLIB_TEXT:
        return str(value) if getattr(sys.modules.get(module), _class_name(kind), None) is kind else value
    return value


def box_type(value: Any) -> type[Any] | None:
    """Return the builtin container that a value is, or is a subclass of; None for everything else."""
    kind = type(value)
    if kind in _BOX_TYPES:
        return kind
    return next((box for box in _BOXES if issubclass(kind, box)), None)


def get(owner: Any, name: str, column: int) -> Any:
    """Read a mapping's key, a model's field, an instance's own attribute or a slot; Fault if it is missing."""
    value = look_up(owner, name, column) if type(owner) is dict else read(owner, name, column)
    if type(value) in ATOMS:
        return value
    if value is not MISSING:
        return plain(value)
    if name == "value" and type(owner) in ATOMS and owner is not None:
        return owner  # `.value` of an Enum member, which was read as its value, live or recorded
    raise Fault(partial(_no_attribute, owner, name), column)


def name_in(owner: Any, attribute: str, column: int) -> Any:
    """Read `.name` of what an attribute holds: of an Enum member its name, which is lost once its value was read."""
    held = look_up(owner, attribute, column) if type(owner) is dict else read(owner, attribute, column)
    if type(held) is Member:
        return held.name
    if issubclass(type(held), Enum):
        return plain(read(held, "_name_"))
    return get(get(owner, attribute, column), "name", column)


def index(owner: Any, key: Any, column: int) -> Any:
    """Read an item: by key of a mapping, by position of a sequence, by name of an object; Fault if missing."""
    box: Any = type(owner) if type(owner) in (str, bytes) else box_type(owner)
    if box is dict:
        value = look_up(owner, key, column)
        if value is MISSING:
            raise Fault(f"there is no key {shown(key)}", column)
        return plain(value)
    if box in (list, tuple, str, bytes, deque) and type(key) in _POSITIONS:
        try:
            return plain(box.__getitem__(owner, key))
        except (IndexError, TypeError) as error:
            raise Fault(f"[{shown(key)}]: {error}", column) from None
    if type(key) is str and not key.startswith("_"):
        return get(owner, key, column)
    if box in (list, tuple, str, bytes, deque):
        raise Fault(f"a position is a number, not {a(key)}", column)
    raise Fault(f"{a(owner)} has no items", column)


def look_up(mapping: Any, key: Any, column: int = 1) -> Any:
    """Return the value of a key, or `MISSING`; no key is asked whether it is equal, not even one with the same hash.

    Raises:
        Fault: The key is none, or a key in the mapping cannot be compared.
    """
    if type(key) is str and dict.__len__(mapping) <= _FEW_KEYS:
        for other in dict.__iter__(mapping):
            if type(other) is not str:
                break
        else:
            return dict.get(mapping, key, MISSING)
    if _has_plain_keys(dict, mapping, key, column):
        return dict.get(mapping, key, MISSING)
    return next((value for other, value in dict.items(mapping) if _is_key(other, key, column)), MISSING)


def has_item(box: Any, item: Any, column: int) -> bool:
    """Return whether a mapping has a key, or a set an item; see `look_up`."""
    base: Any = box_type(box)
    if _has_plain_keys(base, box, item, column):
        return bool(base.__contains__(box, item))
    return any(_is_key(other, item, column) for other in base.__iter__(box))


def _has_plain_keys(base: Any, box: Any, key: Any, column: int) -> bool:
    """Return whether Python may look a key up, since all are atoms; else they are compared one by one."""
    if type(key) not in ATOMS:
        raise Fault(f"{a(key)} cannot be a key", column)
    if type(key) is int and key.bit_length() > INT_BITS:
        raise Fault("a huge int cannot be a key", column)
    count = base.__len__(box)
    if count > _FEW_KEYS:
        work.spend(count // _KEYS_PER_UNIT, column)
    kinds = set(map(type, base.__iter__(box)))
    if kinds <= ATOMS:
        return True
    work.spend(count * 4, column)
    return False


def _is_key(other: Any, key: Any, column: int) -> bool:
    simple = plain(other)
    if type(simple) not in ATOMS:
        raise Fault(f"a key is {a(other)}, which cannot be compared", column)
    return same_atoms(simple, key, column)


def same_atoms(left: Any, right: Any, column: int) -> bool:
    """Return whether two atoms are equal, in bounded time."""
    if type(left) is not type(right):
        check_numbers(left, right, column)
    try:
        return bool(left == right)
    except ArithmeticError:  # a signalling NaN
        raise Fault(f"'==' does not compare {a(left)} and {a(right)}", column) from None


def check_numbers(left: Any, right: Any, column: int) -> None:
    """Raise Fault where a Decimal meets an integer that takes long to be turned into one, or takes long itself."""
    for one, other in ((left, right), (right, left)):
        if type(one) is Decimal:
            if type(other) is int and other.bit_length() > INT_BITS:
                raise Fault("a huge int does not go with a Decimal", column)
            if Decimal.__sizeof__(one) > _DECIMAL_BYTES:
                raise Fault("a Decimal of too many digits", column)


def read(owner: Any, name: str, column: int = 1) -> Any:
    """Return an object's own data as it is stored, or `MISSING`."""
    kind = type(owner)
    if issubclass(kind, dict):
        return look_up(owner, name, column)
    layout = layout_of(kind)
    if layout.own is not None:
        own = _stored(owner, "__dict__", layout.own)
        value = look_up(own, name, column) if type(own) is dict else MISSING
        if value is not MISSING:
            return value
    base = layout.members.get(name)
    if base is not None:
        return _stored(owner, name, base)
    base = layout.members.get("__pydantic_extra__")
    if base is not None:
        extra = _stored(owner, "__pydantic_extra__", base)
        return look_up(extra, name, column) if type(extra) is dict else MISSING
    return MISSING


class Layout(NamedTuple):
    """Where instances of a class keep their data; it refers to no class, so that a reloaded one is free to go.

    Attributes:
        own: Which base (by its place in the method resolution order) gives the instance's `__dict__`, if any.
        members: Its slots, and a named tuple's fields, by name: which base describes them.
        fields: The fields of a pydantic model or dataclass, or None for other classes.
        truthy: Whether instances are true because the class does not say otherwise.
    """

    own: int | None
    members: dict[str, int]
    fields: tuple[str, ...] | None
    truthy: bool


_layouts: dict[int, tuple["weakref.ref[type]", Layout]] = {}  # by the id of the class


def layout_of(kind: type) -> Layout:
    """Find out, once per class, where its instances keep their data; nothing of the class is called."""
    kept = _layouts.get(id(kind))
    if kept is not None and kept[0]() is kind:
        return kept[1]
    key = id(kind)
    seen: dict[str, tuple[int, Any]] = {}
    for place, base in enumerate(_class_mro(kind)):
        for name, value in _class_dict(base).items():
            seen.setdefault(name, (place, value))
    absent = (0, None)
    place, own = seen.get("__dict__", absent)
    fields = seen.get("__pydantic_fields__", seen.get("__dataclass_fields__", absent))[1]
    layout = Layout(
        own=place if type(own) in (GetSetDescriptorType, MemberDescriptorType) else None,
        members={n: p for n, (p, v) in seen.items() if type(v) in (MemberDescriptorType, _NamedTupleGetter)},
        fields=tuple(fields) if type(fields) is dict else None,
        truthy="__bool__" not in seen and "__len__" not in seen,
    )
    _layouts[key] = (weakref.ref(kind, lambda _: _layouts.pop(key, None)), layout)
    return layout


def a(value: Any) -> str:
    """Name the kind of a value in a sentence (`an int`, `None`)."""
    if value is None:
        return "None"
    name = _class_name(type(value))
    return f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} {name}"


def shown(value: Any) -> str:
    """Quote an atom in a sentence, cut to a readable length."""
    if type(value) in (str, bytes) and len(value) > _SHOWN:
        return f"{value[:_SHOWN]!r}..."
    if type(value) is int and value.bit_length() > 4 * _SHOWN:
        return "a huge int"
    return repr(value) if type(value) in ATOMS else a(value)


def _stored(owner: Any, name: str, base: int) -> Any:
    descriptor = _class_dict(_class_mro(type(owner))[base]).get(name)
    if type(descriptor) not in _DESCRIPTORS:  # somebody has put something else in its place
        return MISSING
    try:
        return descriptor.__get__(owner)
    except AttributeError:  # a slot that was never filled
        return MISSING


def _no_attribute(owner: Any, name: str) -> str:
    close = nearest(name, _names(owner))
    also = f" (did you mean {close!r}?)" if close is not None else ""
    if box_type(owner) is dict:
        return f"there is no {name!r}{also}"
    if name in layout_of(type(owner)).members:
        return f"{name!r} of {a(owner)} is not set"
    for base in _class_mro(type(owner)):
        if name in _class_dict(base) and type(owner) not in ATOMS:
            return f"{name!r} of {a(owner)} is computed, and a predicate runs no code of yours"
    return f"{a(owner)} has no {name!r}{also}"


def _names(owner: Any) -> list[str]:
    """Return some names under which an object keeps data, to suggest one."""
    if issubclass(type(owner), dict):
        names = list(islice(dict.keys(owner), _SUGGESTED))
    else:
        layout = layout_of(type(owner))
        own = _stored(owner, "__dict__", layout.own) if layout.own is not None else {}
        names = [*islice(own, _SUGGESTED), *islice(layout.members, _SUGGESTED)] if type(own) is dict else []
    return [name for name in names if type(name) is str and not name.startswith("_")]
