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


class Kind(NamedTuple):
    """How one type of event looks.

    Attributes:
        symbol: One cell.
        word: The type, short.
        tone: Of both.
    """

    symbol: str
    word: str
    tone: Tone


KINDS: Final[dict[str, Kind]] = {
    "started": Kind("◇", "start", Tone.STATUS),
    "status": Kind("◆", "status", Tone.STATUS),
    "failed": Kind("✗", "FAILED", Tone.FAIL),
    "output": Kind("⇒", "output", Tone.OUTPUT),
    "data": Kind("○", "data", Tone.TEXT),
    "error": Kind("✗", "error", Tone.FAIL),
    "warning": Kind("▲", "warn", Tone.WARN),
    "executor_invoked": Kind("▸", "call", Tone.CALL),
    "executor_completed": Kind("✓", "done", Tone.OK),
    "executor_failed": Kind("✗", "FAIL", Tone.FAIL),
    "executor_cancelled": Kind("⊘", "cancel", Tone.WARN),
    "superstep_started": Kind("─", "step", Tone.RULE),
    "superstep_completed": Kind("╌", "step", Tone.RULE),
    "request_info": Kind("?", "ask", Tone.ASK),
    "response": Kind("↵", "answer", Tone.ASK),
    "event_emitted": Kind("→", "emit", Tone.EMIT),
    "input_waiting": Kind("⋯", "wait", Tone.QUIET),
    "log": Kind("·", "log", Tone.QUIET),
    "breakpoint_hit": Kind("●", "break", Tone.STOP),
    "paused": Kind("‖", "pause", Tone.STOP),
    "resumed": Kind("▷", "resume", Tone.STOP),
    "reloaded": Kind("↻", "reload", Tone.OPERATOR),
    "operator": Kind("✎", "edit", Tone.OPERATOR),
}
_CUSTOM = "○"
SHORT_TYPES: Final[dict[str, tuple[str, ...]]] = {
    word: tuple(type_ for type_, kind in KINDS.items() if kind.word.lower() == word)
    for word in sorted({kind.word.lower() for kind in KINDS.values()})
}
"""Short word -> the full types it stands for."""


def kind_of(event_type: str) -> Kind:
    """Say how a type of event looks.

    Args:
        event_type: The type, one of the engine's or any other string; not safe to show as it is.

    Returns:
        Its kind; a custom type is its own word.
    """
    return KINDS.get(event_type) or Kind(_CUSTOM, event_type, Tone.TEXT)
