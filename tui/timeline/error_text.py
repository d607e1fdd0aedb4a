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
_ENOUGH: Final = 16_384
"""Bytes of details in which a message stands, traceback and all."""
_MESSAGES: Final = ("message", "reason", "error", "text")


def note_of(row: EventRow, source: TimelineSource) -> str:
    """Return in one line what went wrong, after the name of the exception or the code; not safe to show as it is."""
    code = row.code or ""
    if row.details is None:
        return code
    try:
        text, size = source.payload_text(row.details, _ENOUGH)
        if row.type == "operator":  # its text stands at the beginning of details that may hold a whole queue
            return _string_in(text, "text") or code
        details: Any = (
            json.loads(text) if size <= _ENOUGH else {name: _string_in(text, name) for name in ("type", *_MESSAGES)}
        )
    except (ProcessError, ValueError, RecursionError):
        return code
    if not isinstance(details, dict):
        return code
    if row.type == "input_waiting":
        return _inputs(details)
    message = next((details[name] for name in _MESSAGES if details.get(name)), "")
    lead = details.get("type") or code
    lead = lead.rpartition(".")[2] if isinstance(lead, str) else ""
    if not isinstance(message, str):
        message = ""
    return f"{lead}: {message}" if lead and message else message or lead


def _string_in(text: str, name: str) -> str:
    """Return the first string of a name in JSON that may break off."""
    match = re.search(rf'"{name}":\s*("(?:[^"\\]|\\.)*")', text)
    return str(json.loads(match[1])) if match is not None else ""


def _inputs(details: dict[str, Any]) -> str:
    """Return which inputs have come and which have not."""
    has, misses = (", ".join(map(str, _items(details.get(name)))) for name in ("arrived", "missing"))
    return f"has {has or 'nothing'}; misses {misses or 'nothing'}"


def _items(written: Any) -> list[Any]:
    """Return what a list or a tuple holds; the file marks the latter (`{"$": "tuple", "v": [...]}`)."""
    items = written.get("v") if isinstance(written, dict) else written
    return items if isinstance(items, list) else []
