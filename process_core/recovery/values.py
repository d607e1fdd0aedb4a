"""From recorded values back to those of the running program, whose classes are loaded by now."""

import sys
from typing import Any

from process_core.errors import PayloadMismatchError
from process_core.payload_check import PayloadCheck
from process_core.runfile import Tagged, to_plain


class NotRestorableError(ValueError):
    """A value was recorded by its repr, or its class is gone or has changed shape."""


def restore(value: Any) -> Any:
    """Make a recorded value live again.

    Args:
        value: What the run file gives; models, dataclasses and enums come as `Tagged`.

    Returns:
        The value; classes are looked up among the modules that are loaded, nothing is imported.

    Raises:
        NotRestorableError: It cannot be made; says why.
    """
    if isinstance(value, Tagged):
        return _restore_tagged(value)
    kind = type(value)
    if kind is dict:
        return {key: restore(part) for key, part in value.items()}
    if kind in (list, tuple, set, frozenset):
        return kind(restore(part) for part in value)
    return value


def _restore_tagged(value: Tagged) -> Any:
    if value.kind not in ("object", "enum"):
        raise NotRestorableError(f"a {value.type_name or 'value'} was recorded only as {str(value)[:80]}")
    found = _find_class(value.type)
    if found is None:
        raise NotRestorableError(f"class {value.type} is not loaded")
    if value.kind == "enum":
        try:
            return found[value.name]
        except (KeyError, TypeError):
            raise NotRestorableError(f"{value.type} has no member {value.name!r} any more") from None
    try:
        return PayloadCheck(found)(to_plain(value))
    except PayloadMismatchError as error:
        raise NotRestorableError(f"{value.type_name} has changed shape: {error}") from error


def _find_class(name: str) -> Any:
    module_name, _, qualified = name.partition(":")
    found: Any = sys.modules.get(module_name)
    for part in qualified.split("."):
        if part == "<locals>":
            return None
        found = getattr(found, part, None)
        if found is None:
            return None
    return found
