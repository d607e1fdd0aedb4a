"""How each type of workflow event looks: a symbol and a word that tell it without colour, and a tone for the colour."""

from enum import StrEnum
from typing import Final, NamedTuple


class Tone(StrEnum):
    """What a piece of text is, so that the widget can colour it; every tone is also told by a symbol or a word."""

    TEXT = "text"
    STRONG = "strong"
    QUIET = "quiet"
    RULE = "rule"
    CALL = "call"
    OK = "ok"
    EMIT = "emit"
    OUTPUT = "output"
    FAIL = "fail"
    WARN = "warn"
    ASK = "ask"
    STATUS = "status"
    STOP = "stop"
    OPERATOR = "operator"
    MATCH = "match"
    LANE_0 = "lane-0"
    LANE_1 = "lane-1"
    LANE_2 = "lane-2"
    LANE_3 = "lane-3"
    LANE_4 = "lane-4"
    LANE_5 = "lane-5"
    LANE_6 = "lane-6"
    LANE_7 = "lane-7"


LANES: Final = tuple(tone for tone in Tone if tone.startswith("lane-"))


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


KINDS: Final[dict[str, EventStyle]] = {
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
    "event_emitted": EventStyle("→", "emit", Tone.EMIT),
    "input_waiting": EventStyle("⋯", "wait", Tone.QUIET),
    "log": EventStyle("·", "log", Tone.QUIET),
    "breakpoint_hit": EventStyle("●", "break", Tone.STOP),
    "paused": EventStyle("‖", "pause", Tone.STOP),
    "resumed": EventStyle("▷", "resume", Tone.STOP),
    "reloaded": EventStyle("↻", "reload", Tone.OPERATOR),
    "operator": EventStyle("✎", "edit", Tone.OPERATOR),
}
_CUSTOM = "○"
SHORT_TYPES: Final[dict[str, tuple[str, ...]]] = {
    word: tuple(type_ for type_, kind in KINDS.items() if kind.word.lower() == word)
    for word in sorted({kind.word.lower() for kind in KINDS.values()})
}
"""Short word -> the full types it stands for."""


def style_of(event_type: str) -> EventStyle:
    """Say how a type of event looks.

    Args:
        event_type: The type, one of the engine's or any other string; not safe to show as it is.

    Returns:
        Its kind; a custom type is its own word.
    """
    return KINDS.get(event_type) or EventStyle(_CUSTOM, event_type, Tone.TEXT)
