"""Types by name: `module:Qualified.Name`, and lists of such names for what has arguments, as in `Box[list[int]]`.

["module:Box", ["builtins:list", "builtins:int"]]    a generic class with its arguments
["|", "builtins:int", "types:NoneType"]              a union; `typing:Union` before those that `typing` made
["=", "a", 1]                                        a `Literal`
"..."                                                the Ellipsis in `tuple[int, ...]`
"""

import functools
import operator
import sys
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, Union, get_args, get_origin

TypeName = Any
"""A text or a list, as above."""

ARGUMENTS: Final = "__orig_class__"
"""Where `typing` keeps `Box[int]` in an object that was made of it, if the generic class is no model."""

_SHOWN = 200
_ATOMS = (str, int, bool, type(None))
_GENERICS = frozenset({"builtins", "collections", "collections.abc", "typing"})
"""Modules whose generic types may stand around others."""


def full_name(kind: type) -> str:
    """Return `module:Qualified.Name` of a class."""
    module, name = type.__getattribute__(kind, "__module__"), type.__getattribute__(kind, "__qualname__")
    return f"{module}:{name}"[:_SHOWN]


def find_loaded(name: str) -> Any:
    """Return what stands under `module:Qualified.Name` in a module that is loaded, or None; imports nothing."""
    module_name, _, qualified = name.partition(":")
    value: Any = sys.modules.get(module_name)
    for part in qualified.split("."):
        value = getattr(value, part, None)
    return value


def name_of(kind: Any) -> TypeName:
    """Return the name of a type with its arguments; None where they are more than types."""
    try:
        return _name(kind)
    except BaseException:  # noqa: BLE001 - the arguments of a generic class may be anything
        return None


def is_named(kind: Any, name: TypeName) -> bool:
    """Return whether a name leads to a type, and not to another one or to none."""
    try:
        named = find_type(name, find_loaded)
        return named is kind or (type(named) is type(kind) and bool(named == kind))
    except BaseException:  # noqa: BLE001 - likewise
        return False


def find_type(name: TypeName, find: Callable[[str], Any]) -> Any:
    """Return the type of a name.

    Args:
        name: What `name_of` returned.
        find: Finds a class by its name.

    Raises:
        LookupError: There is none.
    """
    if name == "...":
        return ...
    if isinstance(name, str):
        kind = find(name)
        if not isinstance(kind, type):
            raise LookupError(f"class {name.replace(':', '.')} is not loaded")  # noqa: TRY004 - mostly nothing is found
        return kind
    head, *parts = name
    if head == "=":
        return Literal[tuple(parts)]
    arguments = tuple(find_type(part, find) for part in parts)
    if head == "|":
        return functools.reduce(operator.or_, arguments)
    if head == "typing:Union":
        return Union[arguments]  # noqa: UP007 - it may be another object than `|` makes
    origin: Any = getattr(typing, head.removeprefix("typing:"), None) if head.startswith("typing:") else find(head)
    if not is_generic(origin) and head.partition(":")[0] not in _GENERICS:
        raise LookupError(f"class {head.replace(':', '.')} takes no types")
    return origin[arguments]


def is_generic(kind: Any) -> bool:
    """Return whether a class of the user's takes types as arguments."""
    return isinstance(kind, type) and typing.Generic in kind.__mro__


def is_typed_dict(kind: Any) -> bool:
    """Return whether a type is a `TypedDict`, of `typing` or of `typing_extensions`."""
    return type(kind).__name__ == "_TypedDictMeta"


def modules_of(name: TypeName) -> Iterator[str]:
    """Return the modules that a name speaks of."""
    if isinstance(name, str):
        yield name.partition(":")[0]
    else:
        for part in name[1:] if name[0] == "=" else name:
            yield from modules_of(part)


def _name(kind: Any) -> TypeName:
    if kind is ...:
        return "..."
    if kind is type(None) or kind is None:
        return "types:NoneType"
    generic = getattr(kind, "__pydantic_generic_metadata__", None) or {}
    origin = generic.get("origin")
    if origin is not None:
        return [full_name(origin), *map(_name, generic["args"])]
    origin = get_origin(kind)
    if origin is None:
        return full_name(kind)
    if origin is Literal:
        if not all(type(member) in _ATOMS for member in get_args(kind)):
            raise TypeError("a Literal of something else than texts and numbers")
        return ["=", *get_args(kind)]
    if origin is types.UnionType:
        return ["|", *map(_name, get_args(kind))]
    if origin is Union:
        return ["typing:Union", *map(_name, get_args(kind))]
    alias = getattr(kind, "_name", None) if type(kind).__module__ == "typing" else None
    return [f"typing:{alias}" if alias else full_name(origin), *map(_name, get_args(kind))]
