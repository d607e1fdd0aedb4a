"""Reads the text that a user typed as the type of answer that a question asks for."""

import json
import re
from typing import Any, Final

from process_core.engine.run import Run
from process_core.errors import InvalidResponseError

_TAKES_TEXT: Final = frozenset({"str", "SecretStr", "Any", "object", ""})
"""Types of an answer that typed text is, as it is."""


async def answer(run: Run, request_id: str, response_type: str, value: Any) -> None:
    """Answer a request, reading typed text as the type asked for.

    Text answers a question for text unchanged. For any other type it is read as JSON, and where that does not fit,
    tried unchanged (`yes` for a bool, `red` for an enumeration).

    Raises:
        UnknownRequestError: The request is not open.
        InvalidResponseError: No reading of the text fits; the request stays open.
    """
    if not isinstance(value, str) or _takes_text(response_type):
        await run.respond(request_id, value)
        return
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        await run.respond(request_id, value)
        return
    try:
        await run.respond(request_id, read)
    except InvalidResponseError as refused:
        try:
            await run.respond(request_id, value)
        except InvalidResponseError:
            raise refused from None


def _takes_text(response_type: str) -> bool:
    outside = re.sub(r"\[.*\]", "", response_type)
    return not _TAKES_TEXT.isdisjoint(part.strip() for part in outside.split("|"))
