"""What a failure or a warning says, from its details: the one thing of a row that its preview does not hold."""

import json
import re
from typing import Any, Final

from process_core.errors import ProcessError
from tui.timeline.source import EventRow, TimelineSource

NOTED: Final = frozenset(
    {"executor_failed", "failed", "error", "warning", "executor_cancelled", "input_waiting", "operator"}
)
"""Types of event whose details are worth a read for the list."""
_ENOUGH = 16_384  # bytes of details in which a message stands, traceback and all

_TEXT: Final = re.compile(r'"text":\s*("(?:[^"\\]|\\.)*")')


def note_of(row: EventRow, source: TimelineSource) -> str:
    """Say in one line what went wrong.

    Args:
        row: The event.
        source: Its run file.

    Returns:
        The message, after the name of the exception or the code; empty where there is none. Not safe to show as it is.
    """
    if row.details is None:
        return row.code or ""
    if row.type == "operator":
        return _deed(row, source)
    try:
        text, size = source.payload_text(row.details, _ENOUGH)
        details: Any = json.loads(text) if size <= _ENOUGH else {}
    except (ProcessError, ValueError, RecursionError):
        return row.code or ""
    if not isinstance(details, dict):
        return row.code or ""
    if row.type == "input_waiting":
        return _inputs(details)
    message = next((details[name] for name in ("message", "reason", "error", "text") if details.get(name)), "")
    lead = details.get("type") or row.code or ""
    lead = lead.rpartition(".")[2] if isinstance(lead, str) else ""
    if not isinstance(message, str):
        message = ""
    return f"{lead}: {message}" if lead and message else message or lead


def _inputs(details: dict[str, Any]) -> str:
    """Say which inputs have come and which have not."""
    has, misses = (", ".join(map(str, _items(details.get(name)))) for name in ("arrived", "missing"))
    return f"has {has or 'nothing'}; misses {misses or 'nothing'}"


def _items(written: Any) -> list[Any]:
    """Give what a list or a tuple holds; the file marks the latter (`{"$": "tuple", "v": [...]}`)."""
    held = written.get("v") if isinstance(written, dict) else written
    return held if isinstance(held, list) else []


def _deed(row: EventRow, source: TimelineSource) -> str:
    """Give what was done by hand; it stands at the beginning of details that may hold a whole queue."""
    try:
        text, _ = source.payload_text(row.details, _ENOUGH)
        found = _TEXT.search(text)
        return json.loads(found[1]) if found is not None else row.code or ""
    except (ProcessError, ValueError):
        return row.code or ""
