"""Checks a payload against a parameter's annotation: exact type first, then pydantic's lax mode."""

import collections
import collections.abc
import dataclasses
import enum
import types
import typing
from collections.abc import Callable
from typing import Any, Final, get_args, get_origin

from process_core.errors import PayloadMismatchError, SchemaError
from process_core.graph import type_text
from process_core.safe_repr import error_summary, error_text, type_name

_UNIONS = (typing.Union, types.UnionType)


class PayloadCheck:
    """The check for one annotation.

    Attributes:
        exact: Types whose instances pass as they are; None where anything passes.
    """

    __slots__ = ("_adapter", "annotation", "exact")

    def __init__(self, annotation: Any) -> None:
        if isinstance(annotation, typing.TypeVar):
            annotation = _bound_of(annotation)
        self.annotation = annotation
        self.exact = _exact_types(annotation)
        self._adapter: Callable[[Any], Any] | None = None

    def __call__(self, value: Any) -> Any:
        """Return a payload as the annotation wants it: itself if its type is right, else what pydantic makes of it."""
        if self.exact is None or type(value) in self.exact:
            return value
        if self._adapter is None:
            try:
                self._adapter = _validator(self.annotation)
            except SchemaError as error:
                raise PayloadMismatchError(str(error)) from error
        try:
            return self._adapter(value)
        except BaseException as error:
            got = type_text(type(value))
            raise PayloadMismatchError(
                f"expected {type_text(self.annotation)}, got {got}: {first_complaint(error)}"
            ) from error


def first_complaint(error: BaseException) -> str:
    """Return the first thing that a check finds wrong, with its place within the value."""
    if type(error).__module__ == "pydantic_core._pydantic_core" and isinstance(error, ValueError):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]  # type: ignore[attr-defined]  # a ValidationError, which is not imported here
        where = ".".join(str(part) for part in first["loc"])
        return f"{where}: {first['msg']}" if where else str(first["msg"])
    return (error_text(error) or type_name(error)) if isinstance(error, Exception) else error_summary(error)


def _exact_types(annotation: Any) -> frozenset[type[Any]] | None:
    """Return the types that need no look inside; None for annotations that take anything."""
    if annotation is Any or annotation is object:
        return None
    if isinstance(annotation, typing.TypeVar):
        return _exact_types(_bound_of(annotation))
    if annotation is None or annotation is type(None):
        return frozenset({type(None)})
    if get_origin(annotation) in _UNIONS:
        members = [_exact_types(a) for a in get_args(annotation)]
        if any(m is None for m in members):
            return None
        return frozenset().union(*(m for m in members if m is not None))
    if getattr(annotation, "_is_protocol", False) and not getattr(annotation, "_is_runtime_protocol", False):
        return None  # nothing can be asked of it at run time
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return frozenset({annotation})
    return frozenset()


def check_annotation(annotation: Any) -> None:
    """Check that payloads can be checked against an annotation; does not load pydantic for what needs none of it.

    Raises:
        SchemaError: They cannot; says why, and what to do.
    """
    try:
        is_plain = _is_plain(annotation, frozenset())
    except BaseException as error:
        raise _schema_error(annotation, error) from error
    if not is_plain:
        _validator(annotation)


_PLAIN_GENERICS: Final = frozenset(
    {list, dict, set, frozenset, tuple, type, collections.deque, collections.defaultdict, collections.OrderedDict,
     collections.Counter, collections.abc.Sequence, collections.abc.Mapping, collections.abc.Set,
     typing.Union, types.UnionType}
)  # fmt: skip


def _is_plain(annotation: Any, around: frozenset[Any]) -> bool:
    """Return whether an annotation is made of types that pydantic always understands, or takes as they are."""
    if isinstance(annotation, typing.TypeVar):
        annotation = _bound_of(annotation)
    origin = get_origin(annotation)
    if origin is typing.Literal:
        return True
    if origin is not None:
        return origin in _PLAIN_GENERICS and all(_is_plain(a, around) for a in get_args(annotation) if a is not ...)
    if annotation is Any or annotation is None:
        return True
    if not isinstance(annotation, type) or hasattr(annotation, "__get_pydantic_core_schema__"):
        return False
    if annotation in around or annotation.__module__ == "builtins" or issubclass(annotation, enum.Enum):
        return True
    if typing.is_typeddict(annotation) or hasattr(annotation, "_fields"):
        return False
    if dataclasses.is_dataclass(annotation):
        hints = typing.get_type_hints(annotation, include_extras=True)
        return all(_is_plain(hint, around | {annotation}) for hint in hints.values())
    return True


def _bound_of(variable: typing.TypeVar) -> Any:
    """Return what a type variable stands for: its bound or constraints, else anything."""
    if variable.__constraints__:
        return typing.Union[variable.__constraints__]  # noqa: UP007 - made of what is known only now
    return Any if variable.__bound__ is None else variable.__bound__


def _validator(annotation: Any) -> Callable[[Any], Any]:
    """Return pydantic's check; SchemaError where there is none."""
    from pydantic import ConfigDict, TypeAdapter  # noqa: PLC0415 - costs 60 ms, needed only for what is not exact
    from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError  # noqa: PLC0415 - likewise

    first: Exception | None = None
    for config in (None, ConfigDict(arbitrary_types_allowed=True)):
        try:
            adapter = TypeAdapter(annotation, config=config)
            _ = adapter.validator.title  # a class that refers to what is not there is found out only here
        except PydanticSchemaGenerationError as error:
            first = first or error  # of a type that pydantic does not know: an instance is all that it can ask for
        except PydanticUserError as error:
            if first is None or error.code != "type-adapter-config-unused":
                raise _schema_error(annotation, error) from error
        except BaseException as error:  # a hook of the user's may raise anything
            raise _schema_error(annotation, error) from error
        else:
            return adapter.validate_python
    return _instance_check(annotation, first)


def _instance_check(annotation: Any, why: Exception | None) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if isinstance(annotation, type) and isinstance(value, annotation):
            return value
        raise TypeError(f"nothing else can be made one: {str(why).partition('. ')[0]}")

    return check


def _schema_error(annotation: Any, error: BaseException) -> SchemaError:
    reason = error_text(error).partition("\n")[0].strip() or type_name(error)
    code = getattr(error, "code", None)
    if isinstance(error, NameError) or code in ("undefined-annotation", "class-not-fully-defined"):
        advice = "import the name at the top of the module, not only for type checking"
    elif code == "typed-dict-version":
        reason, advice = "pydantic needs the newer TypedDict here", "from typing_extensions import TypedDict"
    elif code is None:
        advice = "correct what makes its schema"
        reason = f"{type_name(error)}: {reason}"
    else:
        advice = "annotate it with a type of its own"
    return SchemaError(f"no payload can be checked against {type_text(annotation)}: {reason}", advice)


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


def unknown_field(kind: Any, value: Any, where: str = "") -> tuple[str, frozenset[str]] | None:
    """Return the path of a field in plain data that its type does not have, and those that it has; None if all fit.

    A model passes over such a field without a word, and takes its defaults in place of what was meant.
    """
    if isinstance(value, dict):
        known = field_names(kind)
        for name in value if known else ():
            if name not in known:
                return f"{where}{name}", known
        types = _field_types(kind) if known else {}
        parts = ((f"{where}{name}.", types.get(name, _item_type(kind)), part) for name, part in value.items())
    elif isinstance(value, list):
        parts = ((f"{where}{place}.", _item_type(kind), part) for place, part in enumerate(value))
    else:
        return None
    if get_origin(kind) in _UNIONS:
        members = [unknown_field(member, value, where) for member in get_args(kind) if member is not type(None)]
        return None if not members or None in members else members[0]
    return next((found for part in parts if (found := unknown_field(part[1], part[2], part[0])) is not None), None)


def _field_types(kind: Any) -> dict[str, Any]:
    fields = getattr(kind, "model_fields", None)
    if isinstance(fields, dict):
        return {name: field.annotation for name, field in fields.items()}
    return {f.name: f.type for f in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else {}


def _item_type(kind: Any) -> Any:
    """Return the type of what a container of a type holds: of the values of a mapping, of the items of a list."""
    arguments = get_args(kind)
    return arguments[-1] if arguments and get_origin(kind) in (list, dict, set, frozenset) else Any
