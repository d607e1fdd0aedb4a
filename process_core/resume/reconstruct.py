"""From recorded values back to those of the running program, whose classes are loaded by now."""

import collections
import dataclasses
import datetime as dt
import enum
import fractions
import functools
import ipaddress
import json
import pathlib
import re
import sys
import types
import typing
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, get_args, get_origin

from process_core.errors import PayloadMismatchError
from process_core.graph import Graph, StepKind
from process_core.object_storage import (
    ClassShape,
    Form,
    NotRestorableError,
    Stored,
    fill_subclass_instance,
    is_filled_later,
    is_root_model,
    new_instance,
    new_subclass_instance,
    put_attributes,
    shape_of,
    store,
)
from process_core.payload_check import PayloadCheck, first_complaint
from process_core.runfile import Tagged
from process_core.safe_repr import error_summary, error_text
from process_core.type_names import ARGUMENTS, find_loaded, find_type, is_generic, is_typed_dict

__all__ = ["NotRestorableError", "Reconstructor", "conforms", "fill", "losses", "rebuild_named_tuple"]

_PLAIN_SETS: Final = {"builtins:set": set, "builtins:frozenset": frozenset}
_FACTORIES: Final[dict[str, Any]] = {
    f"{kind.__module__}:{kind.__qualname__}": kind
    for kind in (list, dict, set, frozenset, tuple, int, float, complex, str, bytes, bytearray, bool,
                 collections.deque, collections.Counter, collections.OrderedDict)
}  # fmt: skip
_STANDARD: Final[dict[str, Callable[[Any], Any]]] = {
    "pathlib:PurePosixPath": pathlib.PurePosixPath,
    "pathlib:PureWindowsPath": pathlib.PureWindowsPath,
    "fractions:Fraction": fractions.Fraction,
    "ipaddress:IPv4Address": ipaddress.IPv4Address,
    "ipaddress:IPv6Address": ipaddress.IPv6Address,
    "ipaddress:IPv4Network": ipaddress.IPv4Network,
    "ipaddress:IPv6Network": ipaddress.IPv6Network,
    "ipaddress:IPv4Interface": ipaddress.IPv4Interface,
    "ipaddress:IPv6Interface": ipaddress.IPv6Interface,
    "re:Pattern": lambda parts: re.compile(*parts),
    "builtins:slice": lambda parts: slice(*parts),
    "builtins:ellipsis": lambda _: ...,
    "zoneinfo:ZoneInfo": zoneinfo.ZoneInfo,
    "datetime:timezone": lambda parts: _timezone(*parts),
}
_MOST_LOSSES = 5
_SHOWN = 80
_NAMED_DEEP = 8
_ADVICE = "its fields have changed"


class Reconstructor:
    """Makes recorded values live again, for one process.

    Classes are looked up among those that its steps name, then among the modules that are loaded, then in the modules
    of its steps: a program that was recorded as `__main__` goes on under another name. Nothing is imported.

    Args:
        graph: The process.
    """

    def __init__(self, graph: Graph) -> None:
        self._named: dict[str, type[Any]] = {}
        self._homes: dict[str, types.ModuleType] = {}
        for kind in _classes(graph):
            self._named.setdefault(f"{kind.__module__}:{kind.__qualname__}", kind)
            module = sys.modules.get(kind.__module__)
            if module is not None and kind.__module__ != "builtins":
                self._homes.setdefault(kind.__module__, module)

    def revive(self, value: Any) -> Any:
        """Make a recorded value live again; what is there more than once is one object again.

        Args:
            value: What the run file gives.

        Raises:
            NotRestorableError: It was not recorded whole, or its class is gone or has changed shape.
        """
        return _safely(lambda: _Revival(self).value(value))

    def build(self, kind: Any, value: Tagged) -> Any:
        """Make an object of a class out of a recorded one, whatever class that had.

        Raises:
            NotRestorableError: The class has another shape, or a part of it cannot be made.
        """
        return _safely(lambda: _Revival(self).build(kind, value))

    def find(self, name: str) -> Any:
        """Find a class by `module:Qualified.Name`; None where there is none."""
        named = self._named.get(name)
        if named is not None:
            return named
        module_name, _, qualified = name.partition(":")
        for home in (module_name, *self._homes):
            kind = find_loaded(f"{home}:{qualified}")
            if isinstance(kind, type):
                return kind
        return None


def _safely(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except NotRestorableError:
        raise
    except BaseException as error:  # a file may make no sense, and a class that has changed may raise anything
        raise NotRestorableError(f"a value cannot be made: {error_summary(error)}") from error


class _Revival:
    """Makes one value live: an object for each that there was."""

    def __init__(self, reconstructor: Reconstructor) -> None:
        self._reconstructor = reconstructor
        self._made: dict[int, Any] = {}
        self._open: dict[str, Any] = {}

    def value(self, value: Any, number: str = "") -> Any:
        """Make a value live.

        Args:
            value: What was recorded.
            number: Where parts of it refer back to it, how they call it.
        """
        kind = type(value)
        if kind is not Tagged and kind not in _PARTS:
            return pathlib.Path(value) if kind is pathlib.PurePosixPath else value
        key = id(value)
        if key in self._made:
            return self._made[key]
        made = self._tagged(value, number) if kind is Tagged else self._container(value, number)
        self._made[key] = made
        return made

    def build(self, kind: Any, value: Tagged, number: str = "") -> Any:
        """Make an object of a class."""
        about = value.about
        alias, kind = kind, get_origin(kind) or kind
        form = shape_of(kind).form
        if form is Form.NAMED_TUPLE and isinstance(value.value, dict):
            return rebuild_named_tuple(kind, self._dict(value.value), value.type_name)
        if "m" not in about:
            return rebuild_older(kind, self.value(value.value), value.type_name)
        if kind is dict and not about.get("private"):  # a state whose type was a model
            return self._dict(value.value)
        if form not in (Form.MODEL, Form.RECORD):
            raise NotRestorableError(f"{value.type.replace(':', '.')} is neither a model nor a dataclass any more")
        made = new_instance(kind)
        self._open[number] = made
        is_root = is_root_model(kind)
        fields = {"root": self.value(value.value)} if is_root else self._dict(value.value)
        private = self.value(about.get("private") or {})
        own, unset, extra = (frozenset(map(str, about.get(part) or ())) for part in ("own", "unset", "extra"))
        if alias is not kind:
            fields[ARGUMENTS] = alias
            own |= {ARGUMENTS}
        fill(made, Stored(fields, about["m"], own, unset, extra, private), value.type_name)
        return made

    def _dict(self, fields: Any) -> dict[str, Any]:
        if not isinstance(fields, dict):
            raise NotRestorableError("the fields of an object were recorded as something else")
        return {key: self.value(part) for key, part in fields.items()}

    def _container(self, value: Any, number: str) -> Any:
        kind = type(value)
        if kind is dict:
            made: Any = {}
            self._open[number] = made
            for key, part in value.items():
                made[key if type(key) is str else self.value(key)] = self.value(part)
            return made
        if kind is list:
            made = []
            self._open[number] = made
            made.extend(self.value(part) for part in value)
            return made
        if kind is collections.deque:
            made = collections.deque(maxlen=value.maxlen)
            self._open[number] = made
            made.extend(self.value(part) for part in value)
            return made
        return kind(self.value(part) for part in value)

    def _tagged(self, value: Tagged, number: str) -> Any:
        make = _KINDS.get(value.kind)
        if make is None:
            raise NotRestorableError(next(iter(losses(value)), str(value)))
        return make(self, value, number)

    def _shared(self, value: Tagged, _: str) -> Any:
        return self.value(value.value, value.name)

    def _ref(self, value: Tagged, _: str) -> Any:
        if value.name not in self._open:
            raise NotRestorableError("a value holds itself in a way that it cannot be made")
        return self._open[value.name]

    def _object(self, value: Tagged, number: str) -> Any:
        if value.type == "builtins:dict":
            made: dict[Any, Any] = {}
            self._open[number] = made
            for key, part in value.value:
                made[self.value(key)] = self.value(part)
            return made
        if value.type in _PLAIN_SETS:
            return _PLAIN_SETS[value.type](self.value(part) for part in value.value)
        kind = self._class(value.type)
        arguments = value.about.get("args")
        if arguments:
            try:
                kind = find_type([value.type, *arguments], self._reconstructor.find)
            except LookupError as error:
                raise NotRestorableError(str(error)) from error
        return self.build(kind, value, number)

    def _enum(self, value: Tagged, _: str) -> Any:
        kind = self._class(value.type)
        if issubclass(kind, enum.Enum):
            member = kind.__members__.get(value.name)
            if member is None and issubclass(kind, enum.Flag) and type(value.value) is int:
                try:
                    member = kind(value.value)
                except ValueError:
                    member = None
            if member is not None:
                return member
        raise NotRestorableError(f"{value.type} has no member {value.name!r} any more")

    def _subclass(self, value: Tagged, number: str) -> Any:
        kind = self._class(value.type)
        shape = shape_of(kind)
        base: Any = shape.base
        is_fit = shape.form is Form.SUBCLASS or (shape.form is Form.NAMED_TUPLE and base is tuple)
        inner = value.value
        if not is_fit or base is not _base_of(inner):
            raise NotRestorableError(f"{value.type.replace(':', '.')} is another kind of class now")
        made = new_subclass_instance(kind, None if is_filled_later(base) else self.value(inner))
        if is_filled_later(base):
            self._open[number] = made
            fill_subclass_instance(made, self.value(inner))
        own = value.about.get("d")
        if own:
            put_attributes(made, shape, self._dict(own), value.type_name)
        return made

    def _defaultdict(self, value: Tagged, number: str) -> Any:
        factory = None
        if value.name:
            factory = _FACTORIES.get(value.name) or self._class(value.name)
            if value.name not in _FACTORIES and shape_of(factory).form not in (Form.MODEL, Form.RECORD, Form.SUBCLASS):
                raise NotRestorableError(f"{value.name.replace(':', '.')} makes no defaults")
        made: collections.defaultdict[Any, Any] = collections.defaultdict(factory)
        self._open[number] = made
        made.update(self.value(value.value))
        return made

    def _ordered(self, value: Tagged, number: str) -> Any:
        made: collections.OrderedDict[Any, Any] = collections.OrderedDict()
        self._open[number] = made
        for key, part in value.value:
            made[self.value(key)] = self.value(part)
        return made

    def _standard(self, value: Tagged, _: str) -> Any:
        try:
            return _STANDARD[value.type](self.value(value.value))
        except (KeyError, TypeError, ValueError, re.error) as error:
            raise NotRestorableError(f"{value.type.replace(':', '.')} cannot be made: {error_text(error)}") from error

    def _class(self, name: str) -> Any:
        kind = self._reconstructor.find(name)
        if kind is None:
            raise NotRestorableError(f"class {name.replace(':', '.')} is not loaded")
        return kind


_PARTS: Final = frozenset({dict, list, tuple, set, frozenset, collections.deque})
_KINDS: Final[dict[str, Callable[[_Revival, Tagged, str], Any]]] = {
    "object": _Revival._object,  # noqa: SLF001 - its own table
    "enum": _Revival._enum,  # noqa: SLF001
    "sub": _Revival._subclass,  # noqa: SLF001
    "defaultdict": _Revival._defaultdict,  # noqa: SLF001
    "odict": _Revival._ordered,  # noqa: SLF001
    "std": _Revival._standard,  # noqa: SLF001
    "shared": _Revival._shared,  # noqa: SLF001
    "ref": _Revival._ref,  # noqa: SLF001
}


_BASES: Final[dict[str, type]] = {
    "builtins:dict": dict,
    "builtins:set": set,
    "builtins:frozenset": frozenset,
    "collections:defaultdict": collections.defaultdict,
    "collections:OrderedDict": collections.OrderedDict,
}


def _base_of(inner: Any) -> Any:
    return _BASES.get(inner.type) if isinstance(inner, Tagged) else type(inner)


def losses(value: Any, find: Callable[[str], Any] = find_loaded) -> list[str]:
    """Return what of a recorded value is not exact, each with its path within the value; a few of them.

    Args:
        value: What the run file gives.
        find: Finds a class that no module has under its name.
    """
    lost: list[str] = []
    _find_losses(value, "", find, lost)
    return lost


def _find_losses(value: Any, path: str, find: Callable[[str], Any], lost: list[str]) -> None:
    if len(lost) >= _MOST_LOSSES:
        return
    if isinstance(value, Tagged):
        reason = _loss(value, find)
        if reason:
            lost.append(f"{path.removeprefix('.') or 'it'} {reason}")
        elif value.kind in ("object", "sub", "defaultdict", "odict", "shared"):
            is_named = value.kind == "object" and isinstance(value.value, dict)
            _losses_within(value.value, path, find, lost, is_named=is_named)
            for part in ("private", "d"):
                _losses_within(value.about.get(part), path, find, lost, is_named=True)
    else:
        _losses_within(value, path, find, lost, is_named=False)


def _losses_within(value: Any, path: str, find: Callable[[str], Any], lost: list[str], *, is_named: bool) -> None:
    if isinstance(value, Tagged):
        _find_losses(value, path, find, lost)
    elif isinstance(value, dict):
        for key, part in value.items():
            _find_losses(part, f"{path}.{key}" if is_named else f"{path}[{_key(key)}]", find, lost)
            if not isinstance(key, str):
                _find_losses(key, path, find, lost)
    elif isinstance(value, list | tuple | set | frozenset | collections.deque):
        for index, part in enumerate(value):
            _find_losses(part, f"{path}[{index}]", find, lost)


def _key(key: Any) -> str:
    try:
        return repr(key)[:_SHOWN]
    except ValueError:  # an integer that `str` refuses to write
        return "..."


def _loss(value: Tagged, find: Callable[[str], Any]) -> str:
    if value.kind == "repr":
        return f"was recorded only as text: {str(value)[:_SHOWN]}"
    if value.kind == "cut":
        return f"was left out: {str(value.value)[:_SHOWN]}"
    if value.kind == "secret":
        return f"is a secret ({value.type_name}), which is never recorded"
    if value.kind == "near":
        return f"is a {value.type.replace(':', '.')}, recorded only as {str(value.value)[:_SHOWN]}"
    if value.about.get("local") and find(value.type) is None:
        return f"is a {value.type.replace(':', '.')}, a class that no module has under this name"
    return ""


def _timezone(offset: Any, name: str) -> dt.timezone:
    plain = dt.timezone(offset)
    return plain if plain.tzname(None) == name else dt.timezone(offset, name)


def _classes(graph: Graph) -> Iterator[type[Any]]:
    """Return the classes that the steps of a process name, those of nested processes included."""
    seen: set[type[Any]] = set()
    for step in graph.steps:
        yield from _named_in(step.state_type, seen)
        if step.initial_state is not None:
            yield from _named_in(type(step.initial_state), seen)
        for function in step.functions.values():
            for parameter in function.parameters:
                yield from _named_in(parameter.annotation, seen)
        if step.step_class is not None:
            yield step.step_class
        if step.kind is not StepKind.STEP and step.graph is not None:
            yield from _classes(step.graph)


def _named_in(annotation: Any, seen: set[type[Any]], depth: int = 0) -> Iterator[type[Any]]:
    """Return the classes in an annotation, and those that the fields of these name."""
    if depth > _NAMED_DEEP:
        return
    arguments = get_args(annotation)
    if isinstance(annotation, type) and not arguments and annotation not in seen:
        seen.add(annotation)
        yield annotation
        for part in _field_annotations(annotation):
            yield from _named_in(part, seen, depth + 1)
    for argument in arguments:
        yield from _named_in(argument, seen, depth + 1)


def _field_annotations(kind: Any) -> list[Any]:
    form = shape_of(kind).form
    if form is Form.MODEL:
        generic = kind.__pydantic_generic_metadata__
        named = [generic["origin"], *generic["args"]] if generic["origin"] is not None else []
        return [*named, *(field.annotation for field in kind.model_fields.values())]
    if form is Form.RECORD and dataclasses.is_dataclass(kind):
        return [field.type for field in dataclasses.fields(kind)]
    return list(vars(kind).get("__annotations__", {}).values()) if form is Form.NAMED_TUPLE else []


# Objects of classes that may have changed since: a model, a dataclass or a named tuple, made out of what it stored.


def fill(made: Any, stored: Stored, name: str) -> None:
    """Put what was stored on a new instance; nothing of the user's runs unless the class has changed.

    Args:
        made: What `new_instance` gave.
        stored: What to put, live.
        name: What to call it in errors.

    Raises:
        NotRestorableError: It does not fit the class any more, or something would be lost.
    """
    kind = type(made)
    shape = shape_of(kind)
    if shape.digest != stored.digest:
        stored = _refitted(kind, shape, stored, name)
    store(made, shape, stored, name)


def rebuild_named_tuple(kind: Any, fields: Mapping[str, Any], name: str) -> Any:
    """Make a named tuple.

    Raises:
        NotRestorableError: It has other fields now.
    """
    names = kind._fields
    if set(names) != set(fields):
        raise NotRestorableError(f"{name}: {_difference(fields, names)}")
    return tuple.__new__(kind, [fields[key] for key in names])


def rebuild_older(kind: Any, fields: Any, name: str) -> Any:
    """Make an object from what an older version recorded: a model as it wrote itself, or a dataclass by its fields.

    Raises:
        NotRestorableError: It does not fit the class any more, or something would be lost.
    """
    form = shape_of(kind).form
    if form is Form.MODEL:
        return _older_model(kind, fields, name)
    if form is Form.RECORD and isinstance(fields, dict):
        made = new_instance(kind)
        fill(made, Stored(fields, "older"), name)
        return made
    if isinstance(fields, dict) and form is not Form.OTHER:
        raise NotRestorableError(f"{name}: {_ADVICE}")
    return _checked(kind, fields, name)


def conforms(value: Any, annotation: Any) -> bool:
    """Return whether a value is of a type by its shape alone; False too where only a validator could say so."""
    if annotation is Any or annotation is object or isinstance(annotation, typing.TypeVar):
        return True
    if annotation is None:
        return value is None
    named = getattr(annotation, "__supertype__", None) or getattr(annotation, "__value__", None)
    if named is not None and not isinstance(annotation, type):  # a `NewType`, or what `type X = ...` names
        return conforms(value, named)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if is_typed_dict(annotation):
        return _is_typed_dict(value, annotation)
    if origin is None:
        if annotation is float:
            return isinstance(value, float | int)
        try:
            return isinstance(annotation, type) and isinstance(value, annotation)
        except TypeError:  # a TypedDict, or a protocol that cannot be asked
            return False
    if origin is typing.Annotated:
        return conforms(value, arguments[0])
    if origin in (typing.Union, types.UnionType):
        return any(conforms(value, member) for member in arguments)
    if origin is typing.Literal:
        return any(type(value) is type(member) and value == member for member in arguments)
    return isinstance(origin, type) and isinstance(value, origin) and _parts_conform(value, origin, arguments)


def _is_typed_dict(value: Any, annotation: Any) -> bool:
    try:
        hints = typing.get_type_hints(annotation)
    except BaseException:  # noqa: BLE001 - annotations may name anything, and are only read
        return False
    if type(value) is not dict or not annotation.__required_keys__ <= value.keys() <= hints.keys():
        return False
    return all(conforms(part, hints[key]) for key, part in value.items())


def _parts_conform(value: Any, origin: type, arguments: tuple[Any, ...]) -> bool:
    if isinstance(value, tuple) and issubclass(origin, tuple):
        if len(arguments) == 2 and arguments[1] is ...:  # noqa: PLR2004 - `tuple[X, ...]`
            return all(conforms(part, arguments[0]) for part in value)
        return len(arguments) == len(value) and all(map(conforms, value, arguments))
    if isinstance(value, dict):
        if len(arguments) == 1:  # a Counter
            return all(conforms(key, arguments[0]) for key in value)
        return len(arguments) == 2 and all(  # noqa: PLR2004 - of keys and of values
            conforms(key, arguments[0]) and conforms(part, arguments[1]) for key, part in dict.items(value)
        )
    if isinstance(value, list | tuple | set | frozenset | collections.deque):
        return len(arguments) == 1 and all(conforms(part, arguments[0]) for part in value)
    return is_generic(origin)


def _refitted(kind: Any, shape: ClassShape, stored: Stored, name: str) -> Stored:
    """Make what was stored fit a class that has changed: fields that are as they were stay, the others are made."""
    if shape.form is not Form.MODEL:
        return _refitted_record(kind, shape, stored, name)
    is_open = kind.model_config.get("extra") == "allow"
    own = {key for key in stored.own if key not in kind.model_fields}
    kept = {key: part for key, part in stored.fields.items() if key not in own}
    gone = [key for key in kept if key not in kind.model_fields and not (is_open and key in stored.extra)]
    if gone:
        raise NotRestorableError(f"{name}: {_difference(kept, {*kind.model_fields, *stored.extra})}")
    lost = [key for key in stored.private if key not in kind.__private_attributes__]
    if lost:
        raise NotRestorableError(f"{name}: {_ADVICE}: {', '.join(f'{key!r} is gone' for key in lost)}")
    changed = [key for key, f in kind.model_fields.items() if key in kept and not conforms(kept[key], f.annotation)]
    missing = [key for key in kind.model_fields if key not in kept]
    if changed or not all(_has_plain_default(kind.model_fields[key]) for key in missing):
        made = _validated(kind, kept, name)
        kept |= {key: getattr(made, key) for key in (*changed, *missing)}
    else:
        kept |= {key: kind.model_fields[key].get_default() for key in missing}
    defaults = {key: part.get_default() for key, part in kind.__private_attributes__.items()}
    private = {key: part for key, part in defaults.items() if type(part).__name__ != "PydanticUndefinedType"}
    extra = frozenset(key for key in stored.extra if key not in kind.model_fields)
    unset = (stored.unset & kept.keys()) | frozenset(missing)
    return Stored(kept, shape.digest, frozenset(), unset, extra, {**private, **stored.private})


def _has_plain_default(field: Any) -> bool:
    return not field.is_required() and field.default_factory is None


def _refitted_record(kind: Any, shape: ClassShape, stored: Stored, name: str) -> Stored:
    declared = {field.name: field for field in dataclasses.fields(kind)}
    fields = dict(stored.fields)
    if not fields.keys() - stored.own <= declared.keys():
        raise NotRestorableError(f"{name}: {_difference(fields, declared)}")
    try:
        hints = typing.get_type_hints(kind)
    except BaseException:  # noqa: BLE001 - annotations may name anything, and are only read
        hints = {}
    for key, field in declared.items():
        if key in fields:
            annotation = hints.get(key, Any)
            if not conforms(fields[key], annotation):
                fields[key] = _checked(annotation, fields[key], f"{name}.{key}")
        elif field.default is not dataclasses.MISSING:
            fields[key] = field.default
        elif field.default_factory is not dataclasses.MISSING:
            fields[key] = field.default_factory()
        elif field.init:
            raise NotRestorableError(f"{name}: {_difference(stored.fields, declared)}")
    return Stored(fields, shape.digest, stored.own)


def _validated(kind: Any, fields: Any, name: str) -> Any:
    try:
        return kind.__pydantic_validator__.validate_python(fields, **_names_count())
    except BaseException as error:
        raise NotRestorableError(f"{name}: {first_complaint(error)}") from error


def _older_model(kind: Any, fields: Any, name: str) -> Any:
    if isinstance(fields, dict) and not kind.__pydantic_decorators__.model_serializers:
        known = {*kind.model_fields, *kind.model_computed_fields}
        is_open = kind.model_config.get("extra") == "allow"
        if not is_open and not fields.keys() <= known:
            raise NotRestorableError(f"{name}: {_difference(fields, known)}")
        fields = {key: part for key, part in fields.items() if key not in kind.model_computed_fields}
    try:
        return _validated(kind, fields, name)
    except NotRestorableError as error:
        reason = error
    try:  # what a model wrote as JSON, a strict one takes only as JSON
        return kind.__pydantic_validator__.validate_json(json.dumps(fields), **_names_count())
    except BaseException:  # noqa: BLE001 - a validator of the model's may raise anything; the first error says more
        raise reason from None


@functools.cache
def _names_count() -> dict[str, bool]:
    """Return the options by which a field with an alias is taken under its own name, where pydantic has them."""
    from pydantic import VERSION  # noqa: PLC0415 - loaded already where there are models, not needed where there are none

    major, minor, *_ = VERSION.split(".")
    return {"by_alias": True, "by_name": True} if (int(major), int(minor)) >= (2, 11) else {}


def _checked(annotation: Any, value: Any, name: str) -> Any:
    try:
        if isinstance(annotation, type) and annotation is not Any and isinstance(value, annotation):
            return value
        return PayloadCheck(annotation)(value)
    except (PayloadMismatchError, TypeError) as error:
        raise NotRestorableError(f"{name}: {error}") from error


def _difference(recorded: Mapping[str, Any], known: Any) -> str:
    gone = [f"{field!r} is gone" for field in recorded if field not in known]
    new = [f"{field!r} is new" for field in known if field not in recorded]
    return f"{_ADVICE}: {', '.join([*gone, *new])}"
