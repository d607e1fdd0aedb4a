"""Pieces of a line: safe texts with tones, fitted to a width exactly."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from tui.text.safe_text import ELLIPSIS, clip
from tui.timeline.event_styles import Tone


class Span(NamedTuple):
    """A piece of a line: safe text and what it is."""

    text: str
    tone: Tone


def fit_end(text: str, cells: int) -> str:
    """Cut a safe path to a width by leaving out its first levels, so that its name is seen.

    Args:
        text: A text that is safe already.
        cells: The most cells it may take.

    Returns:
        The text, or as many of its last levels as fit after `…`, or the beginning of its name.
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
    """Make a line of spans exactly as wide as asked.

    Args:
        spans: Safe texts.
        cells: The width to fill.
        filler: Tone of the spaces that fill up.

    Returns:
        Spans whose widths add up to `cells`.
    """
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
    """Show where words stand in a line.

    Args:
        spans: The line.
        words: The words looked for, in any case.

    Returns:
        The same text, with the places found in the tone of a match.
    """
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
        while (found := folded.find(needle, start)) >= 0:
            marked += [Span(text[start:found], tone), Span(text[found : found + len(needle)], Tone.MATCH)]
            start = found + len(needle)
        marked.append(Span(text[start:], tone))
    return [span for span in marked if span.text]
