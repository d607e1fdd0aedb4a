"""What stands at the edges of the timeline: new rows at the top, and at the bottom what is hidden or looked for."""

from collections.abc import Sequence

from tui.text.safe_text import safe
from tui.text.spans import Span, Tone
from tui.timeline.search import Outcome

_LONGEST = 60  # characters of the user's own words that are repeated


def badge(*, follow: bool, new_rows: int) -> Sequence[Span]:
    """Return what shows that there is more below than is seen; nothing where there is not."""
    return () if follow or new_rows <= 0 else (Span(f" +{new_rows:,} new ↓ ", Tone.TEXT),)


def status_line(
    *,
    text: str | None,
    shown: int,
    hidden: int,
    progress: float,
    search: str,
    outcome: Outcome,
    note: str,
) -> Sequence[Span]:
    """Return what is hidden, and how the search goes; nothing where there is nothing to show.

    Args:
        text: The filter as it was typed, or None where there is none.
        shown: Number of rows that it lets through.
        hidden: Number of rows that it hides.
        progress: Share of the rows that it has looked at.
        search: What is looked for.
        outcome: How the search goes.
        note: Something to be read once.
    """
    spans: list[Span] = []
    if note:
        spans += [Span(" ", Tone.TEXT), Span(safe(note, 4 * _LONGEST), Tone.WARN), Span("  ", Tone.TEXT)]
    if text is not None:
        spans += [Span(f" {hidden:,} hidden", Tone.WARN), Span(f" · {shown:,} shown", Tone.TEXT)]
        if progress < 1:
            spans.append(Span(f" · {int(progress * 100)} % looked at", Tone.TEXT))
        spans += [Span(" · filter ", Tone.QUIET), Span(safe(text, _LONGEST), Tone.STRONG), Span("  ", Tone.TEXT)]
    words = _OUTCOMES.get(outcome)
    if words is not None:
        spans += [
            Span(" / ", Tone.QUIET),
            Span(safe(search, _LONGEST), Tone.MATCH),
            Span(f" {words}", Tone.WARN if outcome is Outcome.MISSING else Tone.QUIET),
        ]
    return spans


_OUTCOMES = {
    Outcome.RUNNING: "looking …",
    Outcome.FOUND: "",
    Outcome.WRAPPED: "found past the end",
    Outcome.MISSING: "is in no row shown",
}
