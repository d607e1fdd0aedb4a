"""Checks a payload against a parameter's annotation: exact type first, then pydantic's lax mode."""

import dataclasses
import types
import typing
from collections.abc import Callable
from typing import Any, get_args, get_origin

from process_core.errors import PayloadMismatchError
from process_core.graph import type_text


class PayloadCheck:
    """The check for one annotation.

    Attributes:
        exact: Types whose instances pass as they are; None where anything passes.
    """

    __slots__ = ("_adapter", "annotation", "exact")

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation
        self.exact = _exact_types(annotation)
        self._adapter: Callable[[Any], Any] | None = None

    def __call__(self, value: Any) -> Any:
        """Return a payload as the annotation wants it: itself if its type is right, else what pydantic makes of it."""
        if self.exact is None or type(value) in self.exact:
            return value
        if self._adapter is None:
            self._adapter = _validator(self.annotation)
        try:
            return self._adapter(value)
        except Exception as error:
            got = type_text(type(value))
            raise PayloadMismatchError(
                f"expected {type_text(self.annotation)}, got {got}: {first_complaint(error)}"
            ) from error


def first_complaint(error: Exception) -> str:
    """Return the first thing that a check finds wrong, with its place within the value."""
    errors = getattr(error, "errors", None)
    if callable(errors):
        first = errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{where}: {first['msg']}" if where else str(first["msg"])
    return str(error) or type(error).__name__


def _exact_types(annotation: Any) -> frozenset[type[Any]] | None:
    """Return the types that need no look inside; None for annotations that take anything."""
    if annotation is Any or annotation is object or isinstance(annotation, typing.TypeVar):
        return None
    if annotation is None or annotation is type(None):
        return frozenset({type(None)})
    if get_origin(annotation) in (typing.Union, types.UnionType):
        members = [_exact_types(a) for a in get_args(annotation)]
        if any(m is None for m in members):
            return None
        return frozenset().union(*(m for m in members if m is not None))
    if getattr(annotation, "_is_protocol", False) and not getattr(annotation, "_is_runtime_protocol", False):
        return None  # nothing can be asked of it at run time
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return frozenset({annotation})
    return frozenset()


def _validator(annotation: Any) -> Callable[[Any], Any]:
    from pydantic import ConfigDict, TypeAdapter  # noqa: PLC0415 - costs 60 ms, needed only for what is not exact
    from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError  # noqa: PLC0415 - likewise

    try:
        return TypeAdapter(annotation).validate_python
    except PydanticSchemaGenerationError:
        pass
    try:
        return TypeAdapter(annotation, config=ConfigDict(arbitrary_types_allowed=True)).validate_python
    except PydanticUserError as error:
        raise PayloadMismatchError(f"payloads cannot be checked against {type_text(annotation)}: {error}") from error


def field_names(kind: Any) -> frozenset[str]:
    """Return the names, aliases too, that a value of a type takes; empty where it takes any, or that is not known."""
    if not isinstance(kind, type):
        return frozenset()
    fields = getattr(kind, "model_fields", None)
    if isinstance(fields, dict):
        if getattr(kind, "model_config", {}).get("extra") == "allow":
            return frozenset()
        aliases = {alias for f in fields.values() for alias in (f.alias, f.validation_alias) if isinstance(alias, str)}
        return frozenset({*fields, *aliases})
    return frozenset(f.name for f in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else frozenset()
