"""What an object stores, read and put on a new instance without running anything of its class.

Values are written, moved to reloaded code, made again and copied by these facts.
"""

import collections
import dataclasses
import enum
import functools
import re
import sys
import types
import weakref
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from process_core.type_names import TypeName, find_loaded, full_name, is_named, name_of

BASES: Final[tuple[type, ...]] = (
    collections.OrderedDict,
    collections.defaultdict,
    dict,
    list,
    tuple,
    set,
    frozenset,
    collections.deque,
    str,
    bytes,
    bytearray,
    int,
    float,
    complex,
)
"""Types whose subclasses are written as the base's value and what the object has besides."""

OWN_COPY: Final = ("__deepcopy__", "__copy__", "__reduce__", "__reduce_ex__", "__getstate__")
"""Methods by which a class says itself how its objects are copied."""

_ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes})
_IMMUTABLE_TYPE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a `class` statement, or by an extension in a like way
_POINTER = 8
_MODEL_PARTS = ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
_PREFIX = re.compile(r"\b(?:\w+\.)+(?=\w)")


class NotRestorableError(ValueError):
    """A value was not recorded whole, or its class is gone or has changed shape."""


class Form(StrEnum):
    """What kind of storage the objects of a class have."""

    MODEL = "model"
    RECORD = "record"
    """A dataclass or a `SimpleNamespace`."""
    NAMED_TUPLE = "named tuple"
    PLAIN = "plain"
    """One of the `BASES`."""
    SUBCLASS = "subclass"
    """Of one of the `BASES`."""
    ENUM = "enum"
    SECRET = "secret"  # noqa: S105 - a word
    OTHER = "other"


@dataclass(slots=True, eq=False)
class Stored:
    """What an object holds.

    Attributes:
        fields: Its attributes; for a model those in `__dict__` and the extra ones.
        digest: Digest of the fields that its class had; empty where an older program wrote the object.
        own: Names of the attributes that its class does not declare as fields.
        unset: For a model: fields that were never given, which `model_fields_set` leaves out.
        extra: For a model: names of the attributes that are no fields of it.
        private: For a model: its private attributes.
    """

    fields: dict[str, Any]
    digest: str = ""
    own: frozenset[str] = frozenset()
    unset: frozenset[str] = frozenset()
    extra: frozenset[str] = frozenset()
    private: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class ClassShape:
    """The facts about a class.

    Attributes:
        name: `module:Qualified.Name`; for a parametrised generic model that of the generic one.
        form: How its objects are stored.
        base: For a subclass the one of the `BASES`.
        digest: Digest of the names and annotations of its fields.
        arguments: For a parametrised generic model the names of the arguments.
        is_findable: Whether looking its name up gives the class.
        slots: What reads and writes its slots, by name.
        fields: Names of the fields that it declares.
        defaults: Values of fields that are kept in the class.
        is_simple: Whether all that most objects of a model or record store is one value for each field, in `__dict__`.
    """

    name: str
    form: Form
    base: type | None = None
    digest: str = ""
    arguments: tuple[TypeName, ...] = ()
    is_findable: bool = True
    slots: Mapping[str, Any] = field(default_factory=dict)
    fields: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    is_simple: bool = False


def shape_of(kind: type) -> ClassShape:
    """Return the facts about a class; they are found out once."""
    shape = _shapes.get(id(kind))
    return _remember(kind) if shape is None else shape


def _remember(kind: type) -> ClassShape:
    key = id(kind)

    def forget(_: object) -> None:
        del _shapes[key], _alive[key]

    shape = _shape(kind)
    _alive[key] = weakref.ref(kind, forget)
    _shapes[key] = shape
    return shape


def model_parts(value: Any) -> tuple[Any, Any, Any]:
    """Return what a model stores besides its attributes: the names of the fields given, the extra ones, the private."""
    get = object.__getattribute__
    try:
        given, extra = get(value, "__pydantic_fields_set__"), get(value, "__pydantic_extra__")
        return given or frozenset(), extra, get(value, "__pydantic_private__")
    except AttributeError:
        given, extra, private = (_part(value, name) for name in _MODEL_PARTS)
        return given or frozenset(), extra, private


def stored_in(value: Any, shape: ClassShape) -> Stored:
    """Return what an object of a model or record holds, without running anything of its class."""
    fields = attributes_of(value, shape)
    if shape.form is not Form.MODEL:
        missing = {name: part for name, part in shape.defaults.items() if name not in fields}
        fields = {**fields, **missing} if missing else fields
        return Stored(fields, shape.digest, _undeclared(fields, shape))
    own = _undeclared(fields, shape)
    given, extra, private = model_parts(value)
    if extra:
        fields = {**fields, **extra}
    unset = frozenset() if given == fields.keys() else frozenset(fields) - given
    return Stored(fields, shape.digest, own, unset, frozenset(extra or ()), private or {})


def _undeclared(fields: dict[str, Any], shape: ClassShape) -> frozenset[str]:
    return frozenset() if fields.keys() <= shape.fields else frozenset(fields) - shape.fields


def attributes_of(value: Any, shape: ClassShape) -> dict[str, Any]:
    """Return the attributes that an object has of its own, in `__dict__` and in slots; not to be changed."""
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        own = {}
    if not shape.slots:
        return own if type(own) is dict else {}
    fields = {}
    for name, member in shape.slots.items():
        try:
            fields[name] = member.__get__(value)
        except AttributeError:
            continue  # never set
    return {**fields, **own}


def plain_of(value: Any, shape: ClassShape) -> Any:
    """Return what an object of a subclass is as a value of its base, whatever the class has overridden."""
    return _PLAIN[shape.base](value)


def is_root_model(kind: Any) -> bool:
    """Return whether a model is one thing and not a set of fields."""
    return bool(getattr(kind, "__pydantic_root_model__", False))


def new_instance(kind: Any) -> Any:
    """Return an instance of a model or record that has nothing yet; nothing of its class runs."""
    return types.SimpleNamespace() if kind is types.SimpleNamespace else object.__new__(kind)


def store(made: Any, shape: ClassShape, stored: Stored, name: str) -> None:
    """Put what an object stored on a new instance of a model or record; nothing of its class runs.

    Raises:
        NotRestorableError: The class has slots, and none of them for an attribute.
    """
    if shape.form is not Form.MODEL:
        put_attributes(made, shape, stored.fields, name)
        return
    kind: Any = type(made)
    extra = {key: stored.fields[key] for key in stored.fields if key in stored.extra}
    own = {key: part for key, part in stored.fields.items() if key not in stored.extra} if extra else stored.fields
    put_attributes(made, shape, own, name)
    put = functools.partial(object.__setattr__, made)
    put("__pydantic_fields_set__", set(stored.fields) - stored.unset - stored.own)
    if is_root_model(kind):  # it has no extra and no private attributes, and no place for them
        return
    is_open = kind.model_config.get("extra") == "allow"
    put("__pydantic_extra__", extra if is_open or extra else None)
    put("__pydantic_private__", dict(stored.private) if kind.__private_attributes__ else None)


def put_attributes(made: Any, shape: ClassShape, fields: Mapping[str, Any], name: str) -> None:
    """Put attributes where an object stores them, as `pickle` does: no property or `__setattr__` runs.

    Raises:
        NotRestorableError: The class has slots, and none of them for one.
    """
    own = getattr(made, "__dict__", None)
    for key, part in fields.items():
        member = shape.slots.get(key)
        if member is not None:
            member.__set__(made, part)
        elif own is not None:
            own[key] = part
        else:
            raise NotRestorableError(f"{name}: its fields have changed: {key!r} is gone")


def is_filled_later(base: Any) -> bool:
    """Return whether an instance of a subclass of a plain type gets its content after it was made."""
    return base in _FILLERS


def new_subclass_instance(kind: Any, plain: Any) -> Any:
    """Return an instance of a subclass of a plain type; `plain` is its content, None where it `is_filled_later`."""
    base: Any = shape_of(kind).base
    if plain is not None and type(plain) is not base:
        raise NotRestorableError(f"{kind.__qualname__} is another kind of class now")
    if base not in _FILLERS:
        return base.__new__(kind, plain)
    made = base.__new__(kind)
    if plain is not None:
        fill_subclass_instance(made, plain)
    return made


def fill_subclass_instance(made: Any, plain: Any) -> None:
    """Put the content into an instance of a subclass, whatever the class has overridden."""
    _FILLERS[shape_of(type(made)).base](made, plain)


def is_made_by_class_statement(kind: type) -> bool:
    """Return whether a class is Python's, so that no C code keeps something out of sight in its objects."""
    if kind.__flags__ & (_HEAP_TYPE | _IMMUTABLE_TYPE) != _HEAP_TYPE or kind.__base__ is None:
        return False
    slots = sum(isinstance(member, types.MemberDescriptorType) for member in vars(kind).values())
    # `__dict__` and `__weakref__` are a pointer each, as every slot is; an extension's type has room for more.
    return kind.__basicsize__ - kind.__base__.__basicsize__ <= _POINTER * (2 + slots)


def is_only_attributes(kind: type) -> bool:
    """Return whether the objects of a class are nothing but their attributes, and nothing happens when one goes."""
    return all(map(is_made_by_class_statement, kind.__mro__[:-1])) and not owns_something(kind)


def owns_something(kind: type) -> bool:
    """Return whether something happens when an object of a class goes, so that a copy of it would do harm."""
    return any("__del__" in vars(c) for c in kind.__mro__)


def leads_to_owner(value: Any) -> bool:
    """Return whether a deep copy of a value would copy something that owns something; nothing of the user's runs."""
    seen: set[int] = set()
    left = [value]
    while left:
        part = left.pop()
        kind = type(part)
        if kind in _ATOMS or id(part) in seen or issubclass(kind, type):
            continue
        seen.add(id(part))
        if kind in _PARTS:
            left += _PARTS[kind](part)
            continue
        if owns_something(kind):
            return True
        shape = shape_of(kind)
        if shape.form is Form.MODEL:
            left += [*attributes_of(part, shape).values(), *(p for p in model_parts(part)[1:] if p)]
        elif not any(name in vars(c) for c in kind.__mro__[:-1] for name in OWN_COPY):
            left += attributes_of(part, shape).values()
            left += [plain_of(part, shape)] if shape.base in _PARTS and shape.form is not Form.PLAIN else []
    return False


def _plain_defaultdict(value: Any) -> Any:
    factory = vars(collections.defaultdict)["default_factory"].__get__(value)
    return collections.defaultdict(factory, dict(dict.items(value)))


def _plain_deque(value: Any) -> Any:
    return collections.deque(collections.deque.__iter__(value), vars(collections.deque)["maxlen"].__get__(value))


_PLAIN: dict[Any, Callable[[Any], Any]] = {
    collections.OrderedDict: lambda value: collections.OrderedDict(collections.OrderedDict.items(value)),
    collections.defaultdict: _plain_defaultdict,
    dict: lambda value: dict(dict.items(value)),
    list: lambda value: list(list.__iter__(value)),
    tuple: lambda value: tuple(tuple.__iter__(value)),
    set: lambda value: set(set.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
    collections.deque: _plain_deque,
    str: str.__str__,
    bytes: lambda value: bytes.__add__(value, b""),
    bytearray: lambda value: bytearray.__iadd__(bytearray(), value),
    int: int.__int__,
    float: float.__float__,
    complex: complex.__pos__,
}


_PARTS: Final[Mapping[Any, Callable[[Any], Iterable[Any]]]] = {
    **dict.fromkeys((list, tuple, set, frozenset, collections.deque), iter),
    **dict.fromkeys((dict, collections.defaultdict, collections.OrderedDict), lambda value: (*value, *value.values())),
}
"""Plain containers, and what is in one."""


def _fill_defaultdict(made: Any, inner: Any) -> None:
    collections.defaultdict.__init__(made, inner.default_factory, inner)


def _fill_ordered(made: Any, inner: Any) -> None:
    for key, part in inner.items():
        collections.OrderedDict.__setitem__(made, key, part)


_FILLERS: Final[Mapping[Any, Callable[[Any, Any], Any]]] = {
    dict: dict.update,
    list: list.extend,
    set: set.update,
    bytearray: bytearray.extend,
    collections.deque: lambda made, inner: collections.deque.__init__(made, inner, inner.maxlen),
    collections.defaultdict: _fill_defaultdict,
    collections.OrderedDict: _fill_ordered,
}
# By id, since looking a class up in a `WeakKeyDictionary` costs as much as writing a small object.
_shapes: dict[int, ClassShape] = {}
_alive: dict[int, "weakref.ref[type]"] = {}


def _shape(kind: type) -> ClassShape:
    name = full_name(kind)
    mro = kind.__mro__
    if issubclass(kind, enum.Enum):
        return ClassShape(name, Form.ENUM, is_findable=find_loaded(name) is kind)
    if _pydantic("types", "_SecretBase") in mro or _pydantic("types", "SecretStr") in mro:
        return ClassShape(name, Form.SECRET)
    base = next((c for c in mro if c in BASES), None)
    form = Form.OTHER if owns_something(kind) else _form(kind, base)
    shape = ClassShape(name, form, base, is_findable=find_loaded(name) is kind)
    if form is Form.OTHER:
        return shape
    shape.slots = _slots(mro)
    if form is Form.MODEL:
        fields: dict[str, Any] = {name: f.annotation for name, f in kind.model_fields.items()}  # type: ignore[attr-defined]  # a model
        shape.fields = frozenset(fields)
        private = dict.fromkeys(kind.__private_attributes__, "")  # type: ignore[attr-defined]  # likewise
        shape.digest = _digest({**fields, **private})
        _name_generic(shape, kind)
    elif form is Form.RECORD and dataclasses.is_dataclass(kind):
        declared = dataclasses.fields(kind)
        shape.fields = frozenset(f.name for f in declared)
        shape.digest = _digest({f.name: f.type for f in declared})
        shape.defaults = {f.name: f.default for f in declared if _is_in_class(f)}
    is_bare = not shape.slots and not shape.arguments and not shape.defaults and not is_root_model(kind)
    shape.is_simple = is_bare and bool(shape.fields) and not any(name.startswith("$") for name in shape.fields)
    return shape


def _form(kind: type, base: type | None) -> Form:
    if _pydantic("main", "BaseModel") in kind.__mro__:
        return Form.MODEL
    above = kind.__mro__[: kind.__mro__.index(base) if base is not None else -1]
    is_python = all(map(is_made_by_class_statement, above))
    if base is tuple and type(getattr(kind, "_fields", None)) is tuple and is_python:
        return Form.NAMED_TUPLE
    if kind is base:
        return Form.PLAIN
    if base is not None:
        return Form.SUBCLASS if is_python else Form.OTHER
    if kind is types.SimpleNamespace or (dataclasses.is_dataclass(kind) and is_python):
        return Form.RECORD
    return Form.OTHER


def _name_generic(shape: ClassShape, kind: Any) -> None:
    """Name a parametrised model by its origin and arguments: no module has it under a name of its own."""
    generic = getattr(kind, "__pydantic_generic_metadata__", None) or {}
    if generic.get("origin") is None:
        return
    name = name_of(kind)
    shape.is_findable = name is not None and is_named(kind, name)
    if name is not None:
        shape.name, *arguments = name
        shape.arguments = tuple(arguments)


def _slots(mro: tuple[type, ...]) -> dict[str, Any]:
    return {
        name: member
        for c in reversed(mro)
        if is_made_by_class_statement(c)
        for name, member in vars(c).items()
        if isinstance(member, types.MemberDescriptorType) and name not in _MODEL_PARTS
    }


def _is_in_class(declared: "dataclasses.Field[Any]") -> bool:
    """Return whether instances may leave a field to its default in the class."""
    return not declared.init and declared.default is not dataclasses.MISSING


def _digest(annotations: Mapping[str, Any]) -> str:
    # Without modules: a program that was a script has its classes in another module when it goes on.
    said = [f"{name}:{_PREFIX.sub('', _text(annotation))}" for name, annotation in annotations.items()]
    return f"{zlib.crc32(';'.join(sorted(said)).encode('utf-8', 'replace')):08x}"


def _text(annotation: Any) -> str:
    if isinstance(annotation, str):
        return annotation
    if type(annotation) is type:
        return annotation.__qualname__
    try:
        return repr(annotation).replace("<class '", "").replace("'>", "")
    except BaseException:  # noqa: BLE001 - the repr of metadata is the user's
        return type(annotation).__name__


def _part(value: Any, name: str) -> Any:
    try:
        return object.__getattribute__(value, name)
    except AttributeError:
        return None


def _pydantic(module: str, name: str) -> Any:
    return getattr(sys.modules.get(f"pydantic.{module}"), name, object())
