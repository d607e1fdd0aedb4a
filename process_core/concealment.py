"""Hides secrets in plain data: what a type calls a secret is made one before anybody writes the data down."""

import dataclasses
import types
import typing
from collections.abc import Iterable
from typing import Any, get_args, get_origin

from process_core.object_storage import Form, is_root_model, shape_of
from process_core.type_names import is_typed_dict

_DEEP = 30
_UNIONS = (typing.Union, types.UnionType)


class Concealment:
    """Hides what one annotation says is secret.

    Args:
        annotation: Of a parameter or a result.
    """

    __slots__ = ("_annotation", "_has_secrets")

    def __init__(self, annotation: Any) -> None:
        self._annotation = annotation
        self._has_secrets: bool | None = None

    def __call__(self, value: Any) -> Any:
        """Return data with its secrets as `SecretStr` and the like; itself where there are none."""
        if self._has_secrets is None:
            self._has_secrets = _mentions_secret(self._annotation, [])
        return _concealed(value, self._annotation, 0) if self._has_secrets else value


def _mentions_secret(annotation: Any, seen: list[Any]) -> bool:
    if annotation in seen:
        return False
    seen.append(annotation)
    if _is_class(annotation):
        if shape_of(annotation).form is Form.SECRET:
            return True
        return any(_mentions_secret(part, seen) for part in _fields(annotation).values())
    return any(_mentions_secret(part, seen) for part in get_args(annotation))


def _concealed(value: Any, annotation: Any, depth: int) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if depth > _DEEP:
        return value
    if origin is typing.Annotated:
        return _concealed(value, arguments[0], depth + 1)
    if origin in _UNIONS:
        members = (_concealed(value, member, depth + 1) for member in arguments)
        return next((hidden for hidden in members if hidden is not value), value)
    if _is_class(annotation):
        if shape_of(annotation).form is Form.SECRET:
            return _secret(value, annotation)
        if is_root_model(annotation):
            return _concealed(value, annotation.model_fields["root"].annotation, depth + 1)
    if type(value) is dict:
        names = {} if arguments else _fields(annotation)
        of_any = arguments[1] if len(arguments) == 2 else Any  # noqa: PLR2004 - of keys and of values
        parts = [_concealed(part, names.get(key, of_any), depth + 1) for key, part in value.items()]
        return value if _are_same(parts, value.values()) else dict(zip(value, parts, strict=True))
    if type(value) is list or type(value) is tuple:
        is_fixed = origin is tuple and ... not in arguments and len(arguments) == len(value)
        kinds = arguments if is_fixed else [arguments[0] if arguments else Any] * len(value)
        parts = [_concealed(part, kind, depth + 1) for part, kind in zip(value, kinds, strict=True)]
        return value if _are_same(parts, value) else type(value)(parts)
    return value


def _secret(value: Any, kind: Any) -> Any:
    if type(value) is not str and type(value) is not bytes:
        return value
    if any(base.__name__ == "SecretBytes" for base in kind.__mro__) and type(value) is str:
        value = value.encode("utf-8", "surrogatepass")
    try:
        return kind(value)
    except BaseException:  # noqa: BLE001 - a class of the user's may want something else
        from pydantic import SecretStr  # noqa: PLC0415 - loaded already where there are secrets

        return SecretStr(str(value))


def _fields(kind: Any) -> dict[Any, Any]:
    """Return the annotations of the fields of a class by name, and by alias."""
    if not isinstance(kind, type):
        return {}
    if shape_of(kind).form is Form.MODEL:
        named: dict[Any, Any] = {}
        for name, field in kind.model_fields.items():  # type: ignore[attr-defined]  # a model
            for alias in (name, field.alias, field.validation_alias):
                if isinstance(alias, str):
                    named[alias] = field.annotation
        return named
    if not dataclasses.is_dataclass(kind) and not is_typed_dict(kind) and not hasattr(kind, "_fields"):
        return {}
    try:
        return typing.get_type_hints(kind)
    except BaseException:  # noqa: BLE001 - annotations may name anything, and are only read
        return {}


def _is_class(annotation: Any) -> bool:
    return isinstance(annotation, type) and get_origin(annotation) is None


def _are_same(parts: Iterable[Any], others: Iterable[Any]) -> bool:
    return all(part is other for part, other in zip(parts, others, strict=True))
