"""How each type of workflow event looks: a symbol and a word that show it without colour, and a tone for the colour."""

from typing import Final, NamedTuple

from tui.text.spans import Tone


class EventStyle(NamedTuple):
    """How one type of event looks.

    Attributes:
        symbol: One cell.
        word: The type, short.
        tone: Of both.
    """

    symbol: str
    word: str
    tone: Tone


STYLES: Final[dict[str, EventStyle]] = {
    "started": EventStyle("◇", "start", Tone.STATUS),
    "status": EventStyle("◆", "status", Tone.STATUS),
    "failed": EventStyle("✗", "FAILED", Tone.FAIL),
    "output": EventStyle("⇒", "output", Tone.OUTPUT),
    "data": EventStyle("○", "data", Tone.TEXT),
    "error": EventStyle("✗", "error", Tone.FAIL),
    "warning": EventStyle("▲", "warn", Tone.WARN),
    "executor_invoked": EventStyle("▸", "call", Tone.CALL),
    "executor_completed": EventStyle("✓", "done", Tone.OK),
    "executor_failed": EventStyle("✗", "FAIL", Tone.FAIL),
    "executor_cancelled": EventStyle("⊘", "cancel", Tone.WARN),
    "superstep_started": EventStyle("─", "step", Tone.RULE),
    "superstep_completed": EventStyle("╌", "step", Tone.RULE),
    "request_info": EventStyle("?", "ask", Tone.ASK),
    "response": EventStyle("↵", "answer", Tone.ASK),
    "request_withdrawn": EventStyle("?", "gone", Tone.QUIET),
    "event_emitted": EventStyle("→", "emit", Tone.EMIT),
    "input_waiting": EventStyle("⋯", "wait", Tone.QUIET),
    "log": EventStyle("·", "log", Tone.QUIET),
    "breakpoint_hit": EventStyle("●", "break", Tone.STOP),
    "paused": EventStyle("‖", "pause", Tone.STOP),
    "resumed": EventStyle("▷", "go on", Tone.STOP),
    "reloaded": EventStyle("↻", "reload", Tone.OPERATOR),
    "operator": EventStyle("✎", "edit", Tone.OPERATOR),
}
_CUSTOM = "○"
SHORT_TYPES: Final[dict[str, tuple[str, ...]]] = {
    word: tuple(type_ for type_, style in STYLES.items() if style.word.lower() == word)
    for word in sorted({style.word.lower() for style in STYLES.values()})
}
"""Short word -> the full types it stands for."""


def style_of(event_type: str) -> EventStyle:
    """Return how a type of event looks; a type that the engine does not know is its own word, not safe to show."""
    return STYLES.get(event_type) or EventStyle(_CUSTOM, event_type, Tone.TEXT)
