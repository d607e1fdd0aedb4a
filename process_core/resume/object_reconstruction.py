"""Makes an object out of its recorded fields: a pydantic model, a dataclass or a named tuple."""

import dataclasses
import functools
import json
import typing
from collections.abc import Mapping
from typing import Any

from process_core.errors import PayloadMismatchError
from process_core.payload_check import PayloadCheck, first_complaint

_ADVICE = "its fields have changed"


class NotRestorableError(ValueError):
    """A value was recorded by its repr, or its class is gone or has changed shape."""


def rebuild(kind: Any, fields: Any, name: str) -> Any:
    """Make an object.

    Args:
        kind: Its class.
        fields: What was recorded of it, parts live again: a dict of fields, or what a model writes itself as.
        name: What to call it in errors.

    Returns:
        The object; nothing of its own runs but the validation of models.

    Raises:
        NotRestorableError: It does not fit the class any more, or something would be lost.
    """
    if hasattr(kind, "model_fields") and hasattr(kind, "__pydantic_validator__"):
        return _model(kind, fields, name)
    if not isinstance(fields, dict):
        return _checked(kind, fields, name)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, fields, name)
    names = getattr(kind, "_fields", None)
    if isinstance(kind, type) and issubclass(kind, tuple) and names is not None:
        if set(names) != set(fields):
            raise NotRestorableError(f"{name}: {_difference(fields, names)}")
        return kind(**fields)
    return _checked(kind, fields, name)


def _dataclass(kind: Any, fields: Mapping[str, Any], name: str) -> Any:
    """Put the fields on a new instance, as `pickle` does: `__post_init__` has had its effect already."""
    known = {field.name: field for field in dataclasses.fields(kind)}
    if not fields.keys() <= known.keys():
        raise NotRestorableError(f"{name}: {_difference(fields, known)}")
    try:
        hints = typing.get_type_hints(kind)
    except Exception:  # noqa: BLE001 - annotations may name anything, and are only read
        hints = {}
    made = object.__new__(kind)
    for field in known.values():
        if field.name in fields:
            value = _checked(hints.get(field.name, Any), fields[field.name], f"{name}.{field.name}")
        elif field.default is not dataclasses.MISSING:
            value = field.default
        elif field.default_factory is not dataclasses.MISSING:
            value = field.default_factory()
        else:
            raise NotRestorableError(f"{name}: {_difference(fields, known)}")
        object.__setattr__(made, field.name, value)
    return made


def _model(kind: Any, fields: Any, name: str) -> Any:
    if isinstance(fields, dict) and not kind.__pydantic_decorators__.model_serializers:
        known = {*kind.model_fields, *kind.model_computed_fields}
        is_open = kind.model_config.get("extra") == "allow"
        if not is_open and not fields.keys() <= known:
            raise NotRestorableError(f"{name}: {_difference(fields, known)}")
        fields = {key: part for key, part in fields.items() if key not in kind.model_computed_fields}
    options = _names_count()
    try:
        return kind.__pydantic_validator__.validate_python(fields, **options)
    except Exception as error:  # noqa: BLE001 - a validator of the model's may raise anything
        reason = error
    try:  # what a model wrote as JSON, a strict one takes only as JSON
        return kind.__pydantic_validator__.validate_json(json.dumps(fields), **options)
    except Exception:  # noqa: BLE001 - likewise; the first error says more
        raise NotRestorableError(f"{name}: {first_complaint(reason)}") from reason


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
