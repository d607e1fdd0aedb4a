"""One event as one line of plain text, for a terminal's scrollback, a pipe or a log."""

from collections.abc import Mapping
from typing import Any, Final

from process_core.runfile.read.reader import RunFile
from process_core.runfile.read.rows import Row
from tui.text.safe_text import BLOCK, PREVIEW, safe, safe_lines

LINES: Final = 40
"""Most lines of a block."""
_MOST_DETAILS: Final = 1_000_000
"""Bytes of details that are read for a line; a message and a traceback have some thousand."""
_TYPE: Final = max(len("superstep_completed"), len("executor_cancelled"))
_SHOWN_BY_DETAILS: Final = frozenset({"executor_failed", "failed", "executor_cancelled", "warning"})
_CHAT: Final = frozenset({"request_info", "response", "output", "log"})


def event_lines(run_file: RunFile, row: Row) -> list[str]:
    """Return an event as safe lines: one, and below it the whole text of a request, answer, output or failure."""
    lines = [_line(run_file, row)]
    if row.type in _CHAT:
        mark = {"request_info": "? ", "response": "> ", "output": "= "}.get(row.type, "| ")
        lines += _block(_text(run_file, row), mark)
    elif row.type == "executor_failed":
        lines += _block(str(_details(run_file, row).get("traceback", "")), "! ")
    return lines


def _line(run_file: RunFile, row: Row) -> str:
    place = row.path + (f".{row.function}" if row.function else "")
    parts = [f"{row.seq:>6}", f"{row.superstep or '':>4}", f"{row.type:<{_TYPE}}", place]
    if row.event_id and row.type != "executor_failed":
        parts.append(row.event_id)
    if row.state:
        parts.append(row.state)
    elif row.type in _SHOWN_BY_DETAILS:
        parts.append(_details_text(_details(run_file, row), row.preview))
    elif row.type not in _CHAT:
        parts.append(row.preview)
    most = BLOCK if row.type in _SHOWN_BY_DETAILS else PREVIEW
    return safe("  ".join(part for part in parts if part), most).rstrip()


def _details_text(details: Mapping[str, Any], otherwise: str) -> str:
    kind, message = details.get("type"), details.get("message")
    if not isinstance(message, str):
        return otherwise
    code = details.get("code")
    name = kind if isinstance(kind, str) else code
    return f"{name}: {message}" if isinstance(name, str) else message


def _details(run_file: RunFile, row: Row) -> Mapping[str, Any]:
    if row.details is None or run_file.payload_text(row.details, 1)[1] > _MOST_DETAILS:
        return {}
    details = run_file.payload(row.details)
    return details if isinstance(details, Mapping) else {}


def _text(run_file: RunFile, row: Row) -> str:
    if row.size > PREVIEW * LINES * 4:
        return row.preview
    value = run_file.payload(row.data)
    return value if isinstance(value, str) else row.preview


def _block(text: str, mark: str) -> list[str]:
    if not text.strip():
        return []
    return [f"{'':>12}{mark}{line}" for line in safe_lines(text.rstrip("\n"), LINES, PREVIEW)]
