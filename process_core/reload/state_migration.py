"""Moves values from one generation of the code to the next: what has not changed as it is, into the new classes."""

import dataclasses
import enum
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from process_core.graph import Graph, StepSpec
from process_core.object_storage import (
    ClassShape,
    Form,
    NotRestorableError,
    attributes_of,
    is_only_attributes,
    is_root_model,
    new_instance,
    new_subclass_instance,
    plain_of,
    put_attributes,
    shape_of,
    stored_in,
)
from process_core.resume import ResumeError, StateMismatchError, version_of
from process_core.resume.reconstruct import Reconstructor, fill, rebuild_named_tuple
from process_core.resume.state_reader import ADVICE, StateReader, as_wanted, mismatch_report
from process_core.safe_repr import error_text
from process_core.type_names import find_type, modules_of

_ATOMS: Final = frozenset({type(None), bool, int, float, complex, str, bytes})
_COPIES: Final[Mapping[Any, Callable[[Any], Any]]] = {
    dict: lambda _: {},
    list: lambda _: [],
    set: lambda _: set(),
    deque: lambda value: deque(maxlen=value.maxlen),
    OrderedDict: lambda _: OrderedDict(),
    defaultdict: lambda value: defaultdict(value.default_factory),
    tuple: tuple,
    frozenset: frozenset,
}
"""Plain containers, and what makes an empty one."""
_LOOKED_AT: Final = 200_000
"""Parts of a value that are looked at; what lies beyond keeps its class."""


class StateMigrator:
    """Moves values into a new generation; its modules must be in force.

    What has not changed is moved as it is: nothing is copied that holds no object of a replaced class, and no validator
    of the user's runs but for fields that have changed.

    Attributes:
        left: What had to keep its old class, and why.

    Args:
        graph: The process as the new code builds it.
        replaced: Names of the modules that were replaced.
    """

    def __init__(self, graph: Graph, replaced: Collection[str]) -> None:
        self._reconstructor = Reconstructor(graph)
        self._states = StateReader(graph, self._reconstructor)
        self._replaced = frozenset(replaced)
        self.left: list[str] = []

    def value(self, value: Any, what: str = "a payload") -> Any:
        """Return a payload of the new classes; if it cannot be moved, itself, with `what` and the reason in `left`."""
        if not _holds_replaced(value, self._replaced):
            return value
        try:
            return _Move(self._reconstructor, self._replaced).value(value)
        except BaseException as error:  # noqa: BLE001 - a class of the user's may raise anything when it is made
            self.left.append(f"{what} keeps its old class: {error_text(error)}")
            return value

    def state(self, path: str, old: StepSpec, new: StepSpec, state: Any) -> Any:
        """Return a step's state for the new code; StateMismatchError if it does not fit."""
        was, now = version_of(old), version_of(new)
        if was == now and old.state_type is new.state_type and not _holds_replaced(state, self._replaced):
            return state
        wanted = new.state_type
        try:
            if was != now:
                return self._states.migrated(path, _plain(state), was)
            moved = _Move(self._reconstructor, self._replaced).state(state, wanted)
            return as_wanted(moved, wanted)
        except BaseException as error:  # the defaults and validators of changed fields are the user's
            reason = error_text(error)
            if not isinstance(error, ResumeError):
                reason = f"the state of {path} does not fit the code any more: {reason} ({ADVICE})"
            raise StateMismatchError({path: mismatch_report(reason, _plain(state), new.state_type)}) from error

    def states(self, wanted: Collection[tuple[str, StepSpec, StepSpec, Any]]) -> dict[str, Any]:
        """Return the states for the new code, by path; StateMismatchError reports on each that does not fit."""
        moved: dict[str, Any] = {}
        reports: dict[str, str] = {}
        for path, old, new, state in wanted:
            try:
                moved[path] = self.state(path, old, new, state)
            except StateMismatchError as error:
                reports |= error.reports
        if reports:
            raise StateMismatchError(reports)
        return moved


class _Move:
    """Moves one value: what is there more than once is one object again.

    Args:
        reconstructor: Finds the new classes.
        replaced: Names of the modules that were replaced.
    """

    def __init__(self, reconstructor: Reconstructor, replaced: frozenset[str]) -> None:
        self._reconstructor = reconstructor
        self._replaced = replaced
        self._moved: dict[int, Any] = {}
        self._seen: list[Any] = []
        self._open: set[int] = set()
        self._inside: set[int] = set()

    def state(self, state: Any, wanted: Any) -> Any:
        """Move a state; where its class has another name now, into the one that is wanted."""
        shape = shape_of(type(state))
        is_object = isinstance(wanted, type) and shape_of(wanted).form in (Form.MODEL, Form.RECORD)
        if is_object and shape.form in (Form.MODEL, Form.RECORD):
            kind = self._new_class(type(state))
            if kind is None or not issubclass(kind, wanted):
                return self._object(state, shape, wanted)
        return self.value(state)

    def value(self, value: Any) -> Any:
        kind = type(value)
        if kind in _ATOMS:
            return value
        key = id(value)
        if key in self._moved:
            if key in self._open:
                self._inside.add(key)
            return self._moved[key]
        self._seen.append(value)  # an id says nothing once its object is gone
        self._moved[key] = value
        made = self._container(value) if kind in _COPIES else self._other(value, kind)
        self._moved[key] = made
        return made

    def _container(self, value: Any) -> Any:
        """Move what is in a container of a plain type; the container itself where nothing in it has changed."""
        kind = type(value)
        key = id(value)
        if kind in (tuple, frozenset):
            parts = [self.value(part) for part in value]
            return value if _are_same(parts, value) else kind(parts)
        made = self._moved[key] = _COPIES[kind](value)
        self._open.add(key)
        if isinstance(value, dict):
            pairs = [(self.value(k), self.value(v)) for k, v in value.items()]
            is_same = all(k is a and v is b for (k, v), (a, b) in zip(pairs, value.items(), strict=True))
            made.update(pairs)
        else:
            parts = [self.value(part) for part in value]
            is_same = _are_same(parts, value)
            made.update(parts) if kind is set else made.extend(parts)
        self._open.discard(key)
        return value if is_same and key not in self._inside else made

    def _other(self, value: Any, kind: Any) -> Any:
        shape = shape_of(kind)
        if kind is type or issubclass(kind, type):
            return (self._new_class(value) or value) if value.__module__ in self._replaced else value
        if not _holds_replaced(value, self._replaced):
            return value
        new = self._new_class(kind) if kind.__module__ in self._replaced or shape.arguments else kind
        if new is None:
            raise NotRestorableError(f"class {shape.name.replace(':', '.')} is gone")
        if shape.form is Form.ENUM:
            return _member(value, new)
        if shape.form in (Form.MODEL, Form.RECORD):
            return self._object(value, shape, new)
        if shape.form is Form.NAMED_TUPLE and not attributes_of(value, shape):
            fields = dict(zip(kind._fields, map(self.value, tuple.__iter__(value)), strict=True))
            return rebuild_named_tuple(new, fields, kind.__name__)
        if shape.form in (Form.SUBCLASS, Form.NAMED_TUPLE):
            made = new_subclass_instance(new, self.value(plain_of(value, shape)))
        elif kind is not new and is_only_attributes(kind) and is_only_attributes(new):
            made = self._moved[id(value)] = object.__new__(new)
        else:
            raise NotRestorableError(f"a {shape.name.replace(':', '.')} cannot be made of the new class")
        own = {name: self.value(part) for name, part in attributes_of(value, shape).items()}
        put_attributes(made, shape_of(new), own, kind.__name__)
        return made

    def _object(self, value: Any, shape: ClassShape, new: Any) -> Any:
        made = self._moved[id(value)] = new_instance(new)
        stored = stored_in(value, shape)
        fields = {name: self.value(part) for name, part in stored.fields.items()}
        private = {name: self.value(part) for name, part in stored.private.items()}
        fill(made, dataclasses.replace(stored, fields=fields, private=private), type(value).__name__)
        return made

    def _new_class(self, kind: Any) -> Any:
        shape = shape_of(kind)
        new = self._reconstructor.find(shape.name)
        if new is None or not shape.arguments:
            return new
        try:
            return find_type([shape.name, *shape.arguments], self._reconstructor.find)
        except LookupError:
            return None


def _member(value: Any, new: Any) -> Any:
    member = new.__members__.get(value._name_) if issubclass(new, enum.Enum) else None
    if member is None and issubclass(new, enum.Flag):
        member = new(value._value_)
    if member is None:
        raise NotRestorableError(f"{new.__qualname__} has no member {value._name_!r} any more")
    return member


def _are_same(parts: Any, others: Any) -> bool:
    return all(part is other for part, other in zip(parts, others, strict=True))


def _plain(value: Any, seen: frozenset[int] = frozenset()) -> Any:
    """Return a state as `Step.migrate` takes it in: objects as dicts of their fields, their values as they are."""
    if id(value) in seen:
        return value
    seen |= {id(value)}
    kind = type(value)
    shape = shape_of(kind)
    if shape.form in (Form.MODEL, Form.RECORD):
        stored = stored_in(value, shape)
        if is_root_model(kind):
            return _plain(stored.fields["root"], seen)
        return {name: _plain(part, seen) for name, part in stored.fields.items() if name not in stored.own}
    if shape.form is Form.ENUM:
        return value.value
    if isinstance(value, dict):
        return {_plain(key, seen): _plain(part, seen) for key, part in dict.items(value)}
    if kind in (list, tuple):
        return kind(_plain(part, seen) for part in value)
    return value


def _holds_replaced(value: Any, replaced: frozenset[str]) -> bool:
    """Return whether a value is, or holds, something of a replaced class; looks at a bounded part of it."""
    seen: set[int] = set()
    left = [value]
    while left and len(seen) < _LOOKED_AT:
        part = left.pop()
        kind = type(part)
        if kind in _ATOMS or id(part) in seen:
            continue
        seen.add(id(part))
        if (part if kind is type else kind).__module__ in replaced or _has_replaced_argument(kind, replaced):
            return True
        if isinstance(part, dict):
            left += part.keys()
            left += part.values()
        elif isinstance(part, list | tuple | set | frozenset | deque):
            left += part
        if kind.__module__ != "builtins":
            left += _parts(part, kind)
    return False


def _parts(value: Any, kind: type) -> list[Any]:
    shape = shape_of(kind)
    if shape.form is Form.MODEL:
        stored = stored_in(value, shape)
        return [*stored.fields.values(), *stored.private.values()]
    return [] if shape.form is Form.SECRET else list(attributes_of(value, shape).values())


def _has_replaced_argument(kind: type, replaced: frozenset[str]) -> bool:
    """Return whether a parametrised model is one of a replaced class."""
    return "__pydantic_generic_metadata__" in vars(kind) and any(
        module in replaced for argument in shape_of(kind).arguments for module in modules_of(argument)
    )
