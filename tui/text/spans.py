"""Styled pieces of a line: safe texts with tones, fitted to a width exactly; and texts broken into lines."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from rich.cells import cell_len, chop_cells

from tui.text.safe_text import ELLIPSIS, clip


class Tone(StrEnum):
    """What a piece of text is; a symbol or a word shows it too, so that no tone depends on colour."""

    TEXT = "text"
    STRONG = "strong"
    QUIET = "quiet"
    ACCENT = "accent"
    RULE = "rule"
    # What happened
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
    # Where a search found something
    MATCH = "match"
    # The parts of a page, and of a value
    TITLE = "title"
    SECTION = "section"
    LINK = "link"
    KEY = "key"
    STRING = "string"
    NUMBER = "number"
    WORD = "word"
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    # One for each step, in turn
    LANE_0 = "lane-0"
    LANE_1 = "lane-1"
    LANE_2 = "lane-2"
    LANE_3 = "lane-3"
    LANE_4 = "lane-4"
    LANE_5 = "lane-5"
    LANE_6 = "lane-6"
    LANE_7 = "lane-7"


LANES: Final = tuple(tone for tone in Tone if tone.startswith("lane-"))


class Span(NamedTuple):
    """A piece of a line: safe text and what it is."""

    text: str
    tone: Tone = Tone.TEXT


Spans = tuple[Span, ...]
_MOST_PER_CELL: Final = 4
"""Characters looked at per cell of a line: combining marks take none."""


def text_of(spans: Iterable[Span]) -> str:
    """Return a line as plain text."""
    return "".join(span.text for span in spans)


def fit_end(text: str, cells: int) -> str:
    """Cut a safe path to a width by leaving out its first levels, so that its name is seen.

    Returns the text, or as many of its last levels as fit after `…`, or the beginning of its name.
    """
    if cells <= 0:
        return ""
    if cell_len(text) <= cells:
        return text
    start = text.find("/")
    while 0 <= start < len(text) - 1:
        if cell_len(text[start:]) < cells:
            return ELLIPSIS + text[start:]
        start = text.find("/", start + 1)
    return clip(text.rstrip("/").rpartition("/")[2], cells)


def fit(spans: Sequence[Span], cells: int, filler: Tone = Tone.TEXT) -> list[Span]:
    """Make a line exactly as wide as asked: cut with `…`, or filled up with spaces in the tone `filler`."""
    fitted: list[Span] = []
    left = cells
    for index, span in enumerate(spans):
        width = cell_len(span.text)
        if width > left or (width == left and any(later.text for later in spans[index + 1 :])):
            text = clip(span.text, left) if width > left else clip(span.text, left - 1) + ELLIPSIS
            if text.endswith(ELLIPSIS * 2):
                text = text[:-1]
            fitted.append(Span(text, span.tone))
            left -= cell_len(text)
            break
        fitted.append(span)
        left -= width
    if left > 0:
        fitted.append(Span(" " * left, filler))
    return [span for span in fitted if span.text]


def mark_matches(spans: Sequence[Span], words: Iterable[str]) -> list[Span]:
    """Return the same line with the tone of a match wherever one of the words stands, in any case."""
    marked = list(spans)
    for word in words:
        marked = _mark(marked, word.casefold()) if word else marked
    return marked


def _mark(spans: Sequence[Span], needle: str) -> list[Span]:
    marked: list[Span] = []
    for text, tone in spans:
        folded = text.casefold()
        if len(folded) != len(text) or needle not in folded:
            marked.append(Span(text, tone))  # folding that changes lengths would mark the wrong cells
            continue
        start = 0
        while (place := folded.find(needle, start)) >= 0:
            marked += [Span(text[start:place], tone), Span(text[place : place + len(needle)], Tone.MATCH)]
            start = place + len(needle)
        marked.append(Span(text[start:], tone))
    return [span for span in marked if span.text]


def wrap(text: str, width: int, first_width: int | None = None, *, hang: int = 0) -> list[str]:
    """Break one line of safe text at spaces, or within a word that would leave half a line empty.

    Args:
        text: The text.
        width: The most cells of a line.
        first_width: The same for the first line; as `width` where left out.
        hang: Spaces before every line but the first, which count as part of it.

    Returns:
        At least one line.
    """
    lines: list[str] = []
    indent = ""
    room = max(width if first_width is None else first_width, 2)
    while cell_len(text) > room:
        head = chop_cells(text[: _MOST_PER_CELL * room], room)[0]
        space = head.rfind(" ")
        if text[len(head)] != " " and space > len(head) // 2:
            head = head[: space + 1]
        lines.append(indent + head.rstrip(" "))
        text = text[len(head) :].lstrip(" ")  # a break takes the spaces it stands at
        indent = " " * hang
        room = max(width - hang, 2)
    return [*lines, indent + text] if text or not lines else lines
