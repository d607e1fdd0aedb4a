"""A payload or state as JSON that a person can edit, with the schema of what may come back, and what comes back."""

import dataclasses
import re
from collections import defaultdict, deque
from typing import Any, Final

from process_core.errors import PayloadMismatchError
from process_core.object_storage import (
    Form,
    NotRestorableError,
    attributes_of,
    is_root_model,
    new_instance,
    new_subclass_instance,
    plain_of,
    put_attributes,
    shape_of,
    stored_in,
)
from process_core.payload_check import PayloadCheck
from process_core.resume.reconstruct import fill
from process_core.runfile import to_plain
from process_core.runfile.codec.decode import decode, is_restorable, text_of
from process_core.runfile.codec.encode import encode
from process_core.session.protocol.envelope import bounded
from process_core.session.protocol.verbs import Editable
from process_core.session.worker.command_errors import CommandError

TEXT: Final = 500
"""Characters of the line that says what was done, and of a key."""
VALUE: Final = 4 * 1024 * 1024
"""Bytes of the largest value that is sent to be edited."""
_BITS: Final = 14_000  # an integer of more is shown as a text, since JSON cannot hold it
_UNSET = re.compile(rb',"\$unset":\[[^]]*\]')
"""Which fields of a model were never given, about which the JSON of a person says nothing."""


def editable(value: Any, annotation: Any) -> Editable:
    """Return a payload or state as JSON to be edited, whether it converts back exactly, and the schema of edits.

    Raises:
        CommandError: It is too large to be sent.
    """
    body = encode(value)
    if len(body) > VALUE:
        raise CommandError(
            "too_large", f"a value of {len(body)} bytes is too large to be edited; at most {VALUE} are sent"
        )
    shown = _json(to_plain(decode(body)))
    is_exact = is_restorable(body) and _comes_back(body, shown, annotation)
    return Editable(value=shown, is_exact=is_exact, schema_=_schema(annotation))


def edited(value: Any, sent: Any, code: str = "invalid_state") -> Any:
    """Return a value as a person has edited it: what was left as `editable` shows it stays what it is.

    Args:
        value: What is there.
        sent: JSON: what `editable` shows of it, changed. Parts that are new are still to be checked.
        code: Of the error.

    Raises:
        CommandError: A field that was changed does not fit.
    """
    try:
        return _edited(value, _shown(value), sent)
    except NotRestorableError as error:
        raise CommandError(code, f"that does not fit: {error}") from error


def _edited(value: Any, shown: Any, sent: Any) -> Any:
    if _is_same(sent, shown):
        return value
    kind = type(value)
    form = shape_of(kind).form
    if isinstance(sent, dict) and isinstance(shown, dict):
        if form in (Form.MODEL, Form.RECORD) and not is_root_model(kind):
            return _edited_object(value, shown, sent)
        if form is Form.NAMED_TUPLE and sent.keys() == shown.keys() == set(kind._fields):
            return tuple.__new__(
                kind, [_edited(getattr(value, name), shown[name], sent[name]) for name in kind._fields]
            )
        if isinstance(value, dict):
            items = dict(dict.items(value))
            keys = {_name(to_plain(decode(encode(key)))): key for key in items}
            if len(keys) < len(items):  # one of them would be lost
                raise NotRestorableError("two of its keys look the same in JSON, so that it cannot be edited here")
            return _like(
                value, {keys.get(n, n): _edited_entry(items, keys, shown, n, part) for n, part in sent.items()}
            )
    if isinstance(sent, list) and isinstance(shown, list) and isinstance(value, list | tuple | deque):
        parts = _edited_items(list(plain_of(value, shape_of(kind)) if form is Form.SUBCLASS else value), shown, sent)
        return _like(value, parts)
    return sent


def _edited_entry(items: dict[Any, Any], keys: dict[str, Any], shown: dict[str, Any], name: str, part: Any) -> Any:
    return _edited(items[keys[name]], shown[name], part) if name in keys and name in shown else part


def _like(value: Any, parts: Any) -> Any:
    """Return a container of the type of another one."""
    kind = type(value)
    if kind is deque:
        return deque(parts, value.maxlen)
    if kind is defaultdict:
        return defaultdict(value.default_factory, parts)
    shape = shape_of(kind)
    if shape.form is not Form.SUBCLASS:
        return kind(parts)
    made = new_subclass_instance(kind, _like(plain_of(value, shape), parts))
    put_attributes(made, shape, attributes_of(value, shape), kind.__name__)
    return made


def _is_same(sent: Any, shown: Any) -> bool:
    """Return whether two values of JSON are the same; `==` takes 1 for true."""
    if type(sent) is not type(shown):
        return False
    if isinstance(sent, dict):
        return sent.keys() == shown.keys() and all(_is_same(part, shown[name]) for name, part in sent.items())
    if isinstance(sent, list):
        return len(sent) == len(shown) and all(map(_is_same, sent, shown))
    return bool(sent == shown)


def _edited_items(items: list[Any], shown: list[Any], sent: list[Any]) -> list[Any]:
    """Return the items of an edited list: those that stayed, wherever they are by now, and those that changed."""
    if len(items) != len(shown):  # it was too long to be shown whole
        return sent
    if len(sent) == len(shown):
        return [_edited(*triple) for triple in zip(items, shown, sent, strict=True)]
    left = list(range(len(shown)))
    parts: list[Any] = []
    for part in sent:
        place = next((n for n in left if _is_same(part, shown[n])), None)
        if place is None:
            parts.append(part)
        else:
            left.remove(place)
            parts.append(items[place])
    return parts


def _edited_object(value: Any, shown: dict[str, Any], sent: dict[str, Any]) -> Any:
    """Return an object of the same class: fields that were changed are validated, the others are moved as they are."""
    kind = type(value)
    shape = shape_of(kind)
    stored = stored_in(value, shape)
    names = {bounded(name, TEXT): name for name in stored.fields}
    is_open = shape.form is Form.MODEL and kind.model_config.get("extra") == "allow"
    if not is_open and not sent.keys() <= {*names, *shape.fields}:
        return sent  # a field that there is not: whoever checks it says so
    fields = {names.get(name, name): part for name, part in sent.items()}
    changed = set()
    for name, part in fields.items():
        if name not in stored.fields:
            changed.add(name)
            continue
        fields[name] = made = _edited(stored.fields[name], shown[bounded(name, TEXT)], part)
        if made is not stored.fields[name]:
            changed.add(name)
    gone = stored.fields.keys() - fields.keys() - stored.own
    kept = {name: part for name, part in stored.fields.items() if name in stored.own}
    new = new_instance(kind)
    checked = _checked(kind, fields, changed | gone) if changed | gone else {}
    fields = {**kept, **fields, **checked}
    fields = {name: fields[name] for name in dict.fromkeys([*stored.fields, *fields]) if name in fields}
    extra = frozenset(fields) - shape.fields - stored.own if is_open else frozenset()
    unset = (stored.unset - changed) | gone
    fill(new, dataclasses.replace(stored, fields=fields, extra=extra, unset=unset), kind.__name__)
    return new


def _checked(kind: Any, fields: dict[str, Any], changed: set[str]) -> dict[str, Any]:
    """Return the fields that were changed as the class has them; a field that is gone takes its default."""
    try:
        made = PayloadCheck(kind)(fields)
    except PayloadMismatchError as error:
        raise NotRestorableError(f"{kind.__name__}: {error}") from error
    stored = stored_in(made, shape_of(kind))
    # What validation made only a copy of, perhaps of a plainer type, stays what it is.
    return {
        name: part
        for name, part in stored.fields.items()
        if name in changed and not (name in fields and _is_same(_shown(part), _shown(fields[name])))
    }


def _shown(value: Any) -> Any:
    return _json(to_plain(decode(encode(value))))


def _comes_back(body: bytes, shown: Any, annotation: Any) -> bool:
    """Return whether what the check makes of the JSON is what it was made from, down to the types within."""
    try:
        return _UNSET.sub(b"", encode(PayloadCheck(annotation)(shown))) == _UNSET.sub(b"", body)
    except BaseException:  # noqa: BLE001 - a check runs the user's own validators
        return False


def _schema(annotation: Any) -> dict[str, Any] | None:
    from pydantic import TypeAdapter  # noqa: PLC0415 - loaded where a value is edited

    if annotation is Any or annotation is object:
        return None
    try:
        return TypeAdapter(annotation).json_schema()
    except BaseException:  # noqa: BLE001 - many a type has no schema, and says so in many ways
        return None


def _json(value: Any) -> Any:
    """Leave only what JSON can say; anything else becomes a text."""
    if isinstance(value, dict):
        return {_name(key): _json(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset | deque):
        return [_json(part) for part in value]
    if isinstance(value, str):
        return bounded(value, VALUE)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value.bit_length() <= _BITS else f"{value:#x}"
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float) and value - value == 0.0:  # neither infinite nor NaN
        return value
    return bounded(text_of(value) if isinstance(value, range) else str(value), VALUE)


def _name(key: Any) -> str:
    """Return what JSON calls a key."""
    if isinstance(key, str):
        return bounded(key, TEXT)
    plain = _json(key)
    return bounded(plain if isinstance(plain, str) else text_of(key), TEXT)
