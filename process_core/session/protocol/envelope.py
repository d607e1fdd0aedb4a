"""What every message of a session has in common: how a command is answered or refused, and how texts are bounded."""

import os
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema

PROTOCOL_VERSION: Final = 2
"""Version 2 has one command for each verb, where version 1 had `control` with a `verb`."""


WIRE: Final = ConfigDict(extra="forbid", frozen=True, defer_build=True, ser_json_inf_nan="constants")
"""How everything that travels is read: a field that nobody knows is refused, and NaN stays what it is."""

_BYTES: Final = "\0"
"""Begins a path that is not UTF-8 and travels as hexadecimal bytes; no path holds it."""


def _from_wire(text: Any) -> str:
    if not isinstance(text, str):
        raise ValueError("a path is a text")  # noqa: TRY004 - what pydantic turns into a problem of the field
    return os.fsdecode(bytes.fromhex(text[1:])) if text.startswith(_BYTES) else text


def _to_wire(path: str) -> str:
    return path if path.isascii() or _is_unicode(path) else _BYTES + os.fsencode(path).hex()


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


PathText = Annotated[
    str, PlainValidator(_from_wire), PlainSerializer(_to_wire, return_type=str), WithJsonSchema({"type": "string"})
]
"""A path, or a target with one: JSON cannot hold the names of files that are not UTF-8."""


class Message(BaseModel):
    """The base of what a worker sends, and of what stands in its messages."""

    model_config = WIRE


class ProblemInfo(Message):
    """One problem or warning of a definition."""

    code: str
    message: str
    step: str | None = None
    function: str | None = None
    suggestion: str | None = None


class Failure(Message):
    """Why a command was refused; nothing has changed.

    Attributes:
        code: Stable name, e.g. `missing_file`, `syntax_error`, `import_error`, `not_a_process`, `definition`,
            `unknown_event`, `unknown_request`, `invalid_response`, `no_run`, `run_ended`, `bad_command`, `not_paused`,
            and of editing `unknown_message`, `unknown_step`, `payload_mismatch`, `invalid_state`, `no_state`,
            `step_busy`, `no_route`, `condition_failed`, `not_running`, `held`, `not_held`, `already_used`,
            `nothing_to_complete`, `nothing_to_undo`, `not_taken_in`, `process_ended`, `too_large`.
        message: What is wrong and what to do about it.
        problems: The problems of a definition.
        traceback: Of the user's own code, without frames of ours.
        unfit: Of a run that cannot be resumed because of them: steps whose state does not fit, each with why; they can
            be reset.
        lost: Likewise values that were on their way and cannot be made again, each by its number with what it is and
            why; they can be dropped or replaced.
    """

    code: str
    message: str
    problems: tuple[ProblemInfo, ...] = ()
    traceback: str | None = None
    unfit: dict[str, str] = Field(default_factory=dict)
    lost: dict[int, str] = Field(default_factory=dict)


class Reply(Message):
    """The answer to the command of the same number."""

    type: Literal["reply"] = "reply"
    id: int
    value: Any = None
    failure: Failure | None = None


class Notice(Message):
    """Something the user should read once."""

    type: Literal["notice"] = "notice"
    severity: Literal["information", "warning", "error"] = "information"
    text: str = ""


def bounded(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters, `…` where it was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
