"""Reads the arguments of a debugger verb from a command line, by the fields of its model.

Fields are given in order, or as `field=value`. Names with spaces are found whole; JSON goes on as far
as it is well-formed.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from process_core.session.protocol.verbs import FieldKind, Verb
from tui.text.safe_text import PREVIEW

_SHOWN: Final = {
    FieldKind.MESSAGE: "NUMBER",
    FieldKind.BREAKPOINT: "NUMBER",
    FieldKind.EVENT: "EVENT",
    FieldKind.INPUT_EVENT: "EVENT",
    FieldKind.STEP: "STEP",
}


class VerbLineError(ValueError):
    """Arguments that a verb cannot be made of; the text says why."""


def fields_of(kind: type[Verb]) -> dict[str, FieldInfo]:
    """Return the fields that are typed, in order; `has_x` is not, for it follows from whether `x` is."""
    fields = kind.arguments()
    return {name: field for name, field in fields.items() if name.removeprefix("has_") == name}


def kind_of(field: FieldInfo) -> FieldKind:
    """Return what a field names."""
    inside = [part for option in get_args(field.annotation) for part in getattr(option, "__metadata__", ())]
    return next((part for part in (*field.metadata, *inside) if isinstance(part, FieldKind)), FieldKind.FREE)


def usage_of(kind: type[Verb]) -> str:
    """Return a verb's arguments as help shows them, e.g. `STEP [JSON]`."""
    words = []
    for name, field in fields_of(kind).items():
        shown = _SHOWN.get(kind_of(field)) or ("JSON" if _is_json(field) else name.upper())
        if get_origin(field.annotation) is Literal:
            shown = "|".join(map(str, get_args(field.annotation)))
        words.append(shown if field.is_required() else f"[{shown}]")
    return " ".join(words)


def read_verb(kind: type[Verb], line: str, names: Mapping[FieldKind, Sequence[str]] | None = None) -> Verb:
    """Return the command for what was typed after a verb's word; names may hold spaces.

    Raises:
        VerbLineError: An argument is missing, one too many, or does not fit its field.
    """
    fields = fields_of(kind)
    values: dict[str, Any] = {}
    rest = line.strip()
    while rest:
        name = _named(rest, fields, values)
        if name is not None:
            rest = rest[len(name) + 1 :]
        else:
            name = next((name for name in fields if name not in values), None)
            if name is None:
                raise VerbLineError(f"{kind.word} takes no more than: {usage_of(kind) or 'nothing'}")
        is_last = all(other in values or other == name for other in fields)
        values[name], rest = _take(fields[name], rest, (names or {}).get(kind_of(fields[name]), ()), is_last=is_last)
    values |= {f"has_{name}": True for name in values if f"has_{name}" in kind.model_fields}
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise VerbLineError(f"{where}: {first['msg']}; {kind.word} {usage_of(kind)}".rstrip()) from None


def field_at(kind: type[Verb], line: str, names: Mapping[FieldKind, Sequence[str]]) -> tuple[str, str, FieldKind]:
    """Return what of a line is settled, what is being typed after it, and what that names."""
    left = list(fields_of(kind).values())
    rest = line
    while left:
        try:
            _, after = _take(left[0], rest, names.get(kind_of(left[0]), ()), is_last=False)
        except (VerbLineError, IndexError):
            break
        if not after and not line.endswith(" "):
            break
        left, rest = left[1:], after
    return line[: len(line) - len(rest)], rest, kind_of(left[0]) if left else FieldKind.FREE


def _named(text: str, fields: Mapping[str, FieldInfo], values: Mapping[str, Any]) -> str | None:
    name, equals, _ = text.partition("=")
    return name if equals and name in fields and name not in values else None


def _take(field: FieldInfo, text: str, names: Sequence[str], *, is_last: bool) -> tuple[Any, str]:
    """Take one value from the beginning: JSON, a quoted name, a known name, a word, or all that is left of a text."""
    if _is_json(field) or text.startswith('"'):
        try:
            value, end = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError) as error:
            raise VerbLineError(f"this is not JSON: {str(error)[:PREVIEW]} (texts need double quotes)") from None
        return value, text[end:].lstrip()
    whole = [name for name in names if text == name or text.startswith(f"{name} ")]
    if is_last and field.annotation is str and not whole:
        return text, ""
    word = max(whole, key=len) if whole else text.split(None, 1)[0]
    return word, text[len(word) :].lstrip()


def _is_json(field: FieldInfo) -> bool:
    """Whether a field takes more than one word can say: any value, a mapping, a list, another model."""
    options = [option for option in get_args(field.annotation) or (field.annotation,) if option is not type(None)]
    if get_origin(field.annotation) is Literal:
        return False
    plain = {get_args(option)[0] if hasattr(option, "__metadata__") else option for option in options}
    return not plain <= {str, int, float, bool}
