"""The lines of the timeline on the screen: titles, rows with their marks, and what stands under them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from textual.strip import Strip

from process_core.runfile import matches_event
from tui.text.safe_text import safe
from tui.text.spans import Span, Tone, fit, mark_matches
from tui.timeline.columns import Marks, cells_of, header, layout_for
from tui.timeline.error_text import NOTED, note_of
from tui.timeline.search import Outcome
from tui.timeline.window import Window
from tui.widgets.line_painter import LinePainter


@dataclass(slots=True)
class RowMarks:
    """What is drawn of rows beyond the events themselves.

    Attributes:
        cursor: Seq of the row under the cursor; 0 before there is one.
        causes: Seqs of the events that led to it.
        lit: Seqs of further events to light.
        paused: Seq of the event that the run is paused at.
        breakpoints: Event ids, and globs on them, that have a breakpoint.
        moment: Seq of the event of the past that is looked at: later rows are dimmed.
        matches: Words to mark wherever they stand.
        lanes: Place of each step, for its colour.
        origin: Timestamp of the start of the run.
    """

    cursor: int = 0
    causes: frozenset[int] = frozenset()
    lit: frozenset[int] = frozenset()
    paused: int | None = None
    breakpoints: frozenset[str] = frozenset()
    moment: int | None = None
    matches: tuple[str, ...] = ()
    lanes: Mapping[str, int] = field(default_factory=dict)
    origin: float = 0.0


class LineRenderer:
    """Draws lines of a window; a row that looks as it did is not drawn again."""

    def __init__(self, painter: LinePainter) -> None:
        self._painter = painter
        self._columns = layout_for(0, 0)

    def titles(self, written: int, badge: Sequence[Span], width: int) -> Strip:
        """Return the titles of the columns, with a badge at their right end."""
        room = sum(len(span.text) for span in badge)  # drawn in cells of one character each
        titles = fit(header(layout_for(width, written)), max(0, width - room), Tone.QUIET)
        left = self._painter.paint(titles, max(0, width - room), "header")
        return Strip.join([left, self._painter.paint(fit(badge, min(room, width)), min(room, width), "badge")])

    def status_line(self, spans: Sequence[Span], width: int) -> Strip:
        """Return the line under the rows."""
        return self._painter.paint(fit(spans, width, Tone.QUIET), width, "status-line")

    def blank(self, width: int) -> Strip:
        """Return a line without a row."""
        return self._painter.paint([Span(" " * width)], width)

    def row(self, window: Window, index: int, width: int, rows: RowMarks, cursor_ground: str) -> Strip:
        """Return the line of a row, which may be one that cannot be read."""
        seq = window.seq_at(index)
        if self._columns.width != width or self._columns.last_seq < window.written:
            self._columns = layout_for(width, window.written)
        row = window.row_at(index)
        if row is None:
            spans = fit([Span(f"  {seq}  cannot be read: {window.problem or 'not written yet'}", Tone.WARN)], width)
            return self._painter.paint(spans, width)
        marks = Marks(
            cursor=seq == rows.cursor,
            paused=seq == rows.paused,
            breakpoint=any(matches_event(glob, row.event_id or "") for glob in rows.breakpoints),
            cause=seq in rows.causes or seq in rows.lit,
            effect=rows.cursor in row.causes,
        )
        is_later = rows.moment is not None and seq > rows.moment
        ground = cursor_ground if marks.cursor else "later" if is_later else _ground(marks)
        key = (seq, self._columns, marks, ground, rows.matches)
        strip = self._painter.kept(key)
        if strip is None:
            note = note_of(row, window.source) if row.type in NOTED else ""
            spans = cells_of(row, self._columns, rows.origin, rows.lanes, marks=marks, note=note)
            strip = self._painter.paint(mark_matches(spans, rows.matches), width, ground, key)
        return strip


def _ground(marks: Marks) -> str:
    if marks.paused:
        return "paused"
    return "lit" if marks.cause or marks.effect else ""


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
