"""A payload or state as JSON that a person can edit, with the schema of what may come back."""

from typing import Any, Final

from process_core.payload_check import PayloadCheck
from process_core.runfile import to_plain
from process_core.runfile.codec.decode import decode
from process_core.runfile.codec.encode import encode
from process_core.session.protocol.verbs import Editable
from process_core.session.worker.bounded import bounded
from process_core.session.worker.command_errors import CommandError

TEXT: Final = 500
"""Characters of the line that says what was done, and of a key."""
VALUE: Final = 4 * 1024 * 1024
"""Bytes of the largest value that is sent to be edited."""


def editable(value: Any, annotation: Any) -> Editable:
    """Make a value ready to be edited as JSON.

    Args:
        value: Any payload or state.
        annotation: What an edited one is checked against.

    Returns:
        The value as plain JSON, whether it comes back as it is, and the schema of what is allowed.

    Raises:
        Refused: It is too large to be sent.
    """
    body = encode(value)
    if len(body) > VALUE:
        raise CommandError(
            "too_large", f"a value of {len(body)} bytes is too large to be edited; at most {VALUE} are sent"
        )
    plain = _json(to_plain(decode(body.decode())))
    return Editable(value=plain, is_exact=_comes_back(value, plain, annotation), schema_=_schema(annotation))


def _comes_back(value: Any, plain: Any, annotation: Any) -> bool:
    """Tell whether what the check makes of the JSON is what it was made from, down to the types within."""
    try:
        return encode(PayloadCheck(annotation)(plain)) == encode(value)
    except Exception:  # noqa: BLE001 - a check runs the user's own validators
        return False


def _schema(annotation: Any) -> dict[str, Any] | None:
    from pydantic import TypeAdapter  # noqa: PLC0415 - loaded where a value is edited

    if annotation is Any or annotation is object:
        return None
    try:
        return TypeAdapter(annotation).json_schema()
    except Exception:  # noqa: BLE001 - many a type has no schema, and says so in many ways
        return None


def _json(value: Any) -> Any:
    """Leave only what JSON can say; anything else becomes a text."""
    if isinstance(value, dict):
        return {bounded(str(key), TEXT): _json(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_json(part) for part in value]
    if isinstance(value, str):
        return bounded(value, VALUE)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and value - value == 0.0:  # neither infinite nor NaN
        return value
    return bounded(str(value), VALUE)
