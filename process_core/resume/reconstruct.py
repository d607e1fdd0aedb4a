"""From recorded values back to those of the running program, whose classes are loaded by now."""

import collections
import dataclasses
import datetime as dt
import enum
import fractions
import ipaddress
import pathlib
import re
import sys
import zoneinfo
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Final, get_args

from process_core.graph import Graph, StepKind
from process_core.object_storage import (
    Form,
    NotRestorableError,
    Stored,
    fill_subclass_instance,
    find_loaded,
    is_filled_later,
    is_root_model,
    new_instance,
    new_subclass_instance,
    put_attributes,
    shape_of,
)
from process_core.resume.object_reconstruction import fill, rebuild_named_tuple, rebuild_older
from process_core.runfile import Tagged

__all__ = ["NotRestorableError", "Reconstructor", "losses"]

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


class Reconstructor:
    """Makes recorded values live again, for one process.

    Classes are looked up among those that its steps name, then among the modules that are loaded, then in the modules
    of its steps: a program that was recorded as `__main__` goes on under another name. Nothing is imported.

    Args:
        graph: The process.
    """

    def __init__(self, graph: Graph) -> None:
        self._named: dict[str, type[Any]] = {}
        self._homes: dict[str, ModuleType] = {}
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
    except Exception as error:  # what a file says may make no sense, and a class that has changed may raise anything
        raise NotRestorableError(f"a value cannot be made: {error!r}") from error


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
        if arguments and shape_of(kind).form is Form.MODEL:
            kind = kind[tuple(self._class(name) for name in arguments)]
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
            raise NotRestorableError(f"{value.type.replace(':', '.')} cannot be made: {error}") from error

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
