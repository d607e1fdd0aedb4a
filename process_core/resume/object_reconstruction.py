"""Makes an object out of what it stored: a model, a dataclass or a named tuple; its class may have changed since."""

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from process_core.errors import PayloadMismatchError
from process_core.object_storage import (
    ClassShape,
    Form,
    NotRestorableError,
    Stored,
    new_instance,
    shape_of,
    store,
)
from process_core.payload_check import PayloadCheck, first_complaint

_ADVICE = "its fields have changed"


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
    origin, arguments = get_origin(annotation), get_args(annotation)
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
    if isinstance(value, list | tuple | set | frozenset) or type(value).__name__ == "deque":
        return len(arguments) == 1 and all(conforms(part, arguments[0]) for part in value)
    return False


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
    except Exception:  # noqa: BLE001 - annotations may name anything, and are only read
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
    except Exception as error:
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
    except Exception:  # noqa: BLE001 - a validator of the model's may raise anything; the first error says more
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
