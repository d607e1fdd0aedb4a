"""Events as entries that lead to them."""

from typing import Any

from tui.inspector.items import Item, Piece, Role
from tui.text.safe_text import safe
from tui.timeline.error_text import NOTED, note_of
from tui.timeline.event_styles import Tone, style_of

_ROLES = {
    Tone.OK: Role.OK,
    Tone.EMIT: Role.EMIT,
    Tone.OUTPUT: Role.OK,
    Tone.FAIL: Role.FAIL,
    Tone.STOP: Role.FAIL,
    Tone.WARN: Role.WARN,
    Tone.ASK: Role.ASK,
    Tone.QUIET: Role.QUIET,
    Tone.RULE: Role.QUIET,
}
_NAME = 80


def role_of(event_type: str) -> Role:
    """Give the role of a type of event."""
    return _ROLES.get(style_of(event_type).tone, Role.STRONG)


def place_of(row: Any) -> str:
    """Say where an event happened: its step and function.

    Args:
        row: A row of a run file.

    Returns:
        Safe text, empty where it is about the run.
    """
    path = safe((row.path or "")[-_NAME:], _NAME)
    return f"{path}.{safe(row.function, _NAME)}" if row.function else path


def link(key: str, row: Any, arrow: str, run_file: Any) -> Item:
    """Make an entry that leads to an event.

    Args:
        key: Unique among its siblings.
        row: A row of a run file.
        arrow: Stands before it; may be empty.
        run_file: Its run file.

    Returns:
        The entry.
    """
    kind = style_of(row.type)
    role = role_of(row.type)
    pieces = [
        Piece(f"{arrow} " if arrow else "", Role.QUIET),
        Piece(f"#{row.seq}", Role.LINK),
        Piece(f" {kind.symbol} {safe(kind.word, 20)} ", role),
    ]
    if row.event_id and (row.type == "event_emitted" or not row.path):
        pieces += [
            Piece(safe(row.event_id, _NAME), Role.EMIT),
            Piece(f"  {place_of(row)}" if row.path else "", Role.QUIET),
        ]
    else:
        pieces.append(Piece(place_of(row), Role.TEXT))
    note = note_of(row, run_file) if row.type in NOTED else ""
    text = note or ("" if row.preview in {"None", "{}"} else row.preview)
    if text:
        pieces.append(Piece(f"  {safe(text, _NAME)}", role if note else Role.QUIET))
    return Item(key, tuple(piece for piece in pieces if piece.text), jump=row.seq, copy=lambda: f"#{row.seq}")
