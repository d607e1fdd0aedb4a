"""A row of the timeline as cells: pure, exact to the cell, for any width and any text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from zlib import crc32

from rich.cells import cell_len

from tui.text.safe_text import ELLIPSIS, safe
from tui.text.spans import LANES, Span, Tone, fit, fit_end
from tui.timeline.event_styles import STYLES, style_of
from tui.timeline.source import EventRow


class Marks(NamedTuple):
    """What is drawn of a row beyond the event itself.

    Attributes:
        cursor: The cursor is on it.
        paused: The run is paused at it.
        breakpoint: A breakpoint stands on its event id.
        cause: It led to the selected event.
        effect: The selected event led to it.
    """

    cursor: bool = False
    paused: bool = False
    breakpoint: bool = False
    cause: bool = False
    effect: bool = False


PLAIN: Final = Marks()
_GUTTER = 2
_SYMBOL = 2  # the symbol and a space
_WORD = 7
_TIME = 10
_CAUSES = 9
_LONGEST_PATH = 400  # characters of a path looked at: its end, which says most


@dataclass(frozen=True, slots=True)
class Layout:
    """How many cells each column takes, the space after it included; 0 where it is left out.

    Attributes:
        last_seq: The largest sequence number that fits.
        width: Of the whole line.
        gutter: Marks.
        seq: Sequence number.
        time: Time since the start of the run.
        superstep: Superstep.
        step: Path of the step.
        symbol: Symbol of the type.
        word: Short type.
        text: What happened.
        causes: Seqs of the causes.
    """

    last_seq: int
    width: int
    gutter: int
    seq: int
    time: int
    superstep: int
    step: int
    symbol: int
    word: int
    text: int
    causes: int


def layout_for(width: int, last_seq: int) -> Layout:
    """Share a width among the columns: as it shrinks, the least useful go first and what happened stays.

    The columns fill the width exactly; `last_seq` is the largest sequence number to be shown.
    """
    width = max(width, 0)
    digits = max(3, len(str(last_seq)))
    gutter = min(_GUTTER, width)
    left = width - gutter
    symbol = _SYMBOL if left >= _SYMBOL + 6 else 0
    seq = digits + 1 if width >= digits + 25 else 0
    step = min(max(width // 5, 11), 26) if width >= 34 else 0  # noqa: PLR2004 - below, the text needs the room
    superstep = 4 if width >= 56 else 0  # noqa: PLR2004 - comfortable from here
    word = _WORD if width >= 66 else 0  # noqa: PLR2004 - the symbol says the same
    time = _TIME if width >= 78 else 0  # noqa: PLR2004 - comfortable from here
    causes = _CAUSES + max(0, digits - 4) if width >= 112 else 0  # noqa: PLR2004 - a luxury
    text = width - gutter - seq - time - superstep - step - symbol - word - causes
    return Layout(10**digits - 1, width, gutter, seq, time, superstep, step, symbol, word, text, causes)


def lane_of(path: str, lanes: Mapping[str, int]) -> Tone:
    """Return the colour of a step, always the same for a path: by its place, or by its name where that is not known."""
    place = lanes.get(path)
    return LANES[(crc32(path.encode("utf-8", "surrogatepass")) if place is None else place) % len(LANES)]


def since_start(seconds: float) -> str:
    """Write the time since the start of a run in at most nine cells.

    Milliseconds below 100 s (`1234.5`), then minutes (`3m05.2s`), then hours (`12h07m44`); negative where clocks went
    backwards.
    """
    if seconds < 0:
        return "-" + since_start(-seconds)[:8]
    if seconds < 99.99995:  # noqa: PLR2004 - from here on it would round to 100000.0
        return f"{seconds * 1000:.1f}"
    if seconds < 3600:  # noqa: PLR2004 - an hour
        minutes, rest = divmod(int(seconds * 10), 600)
        return f"{minutes}m{rest // 10:02}.{rest % 10}s"
    minutes, rest = divmod(int(min(seconds, 359_999_999)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m{rest:02}" if hours < 1000 else f"{hours}h"  # noqa: PLR2004 - what fits


def cells_of(
    row: EventRow,
    layout: Layout,
    origin: float,
    lanes: Mapping[str, int],
    *,
    marks: Marks = PLAIN,
    note: str = "",
) -> list[Span]:
    """Draw a row as spans whose widths add up to `layout.width`.

    Args:
        row: The event.
        layout: The columns.
        origin: Timestamp of the start of the run.
        lanes: Place of each known step, for its colour.
        marks: What is drawn beyond the event.
        note: What its details say; stands in place of the preview.
    """
    kind = style_of(row.type)
    quiet = kind.tone in {Tone.RULE, Tone.QUIET}
    spans = fit([*_gutter(marks)], layout.gutter)
    if layout.seq:
        number = str(row.seq)[-(layout.seq - 1) :]
        spans.append(Span(f"{number:>{layout.seq - 1}} ", Tone.STRONG if marks.cause or marks.effect else Tone.QUIET))
    if layout.time:
        spans.append(Span(f"{since_start(row.timestamp - origin):>{layout.time - 1}} ", Tone.QUIET))
    if layout.superstep:
        spans.append(Span(f"{_superstep(row.superstep, layout.superstep - 1)} ", Tone.QUIET))
    if kind.tone is Tone.RULE:
        return spans + _rule(row, layout)
    if row.type == "reloaded":
        return spans + _boundary(row, layout, note)
    if layout.step:
        spans += _step(row, layout.step, lanes)
    if layout.symbol:
        spans.append(Span(f"{kind.symbol} ", kind.tone))
    if layout.word:
        spans += [*fit([Span(safe(kind.word, layout.word), kind.tone)], layout.word - 1), Span(" ", Tone.TEXT)]
    spans += fit(summary(row, 2 * layout.text + 1, note, with_type=not layout.word), layout.text)
    if layout.causes:
        spans += fit([Span(_causes(row), Tone.QUIET)], layout.causes, Tone.QUIET if quiet else Tone.TEXT)
    return spans


def summary(row: EventRow, limit: int, note: str = "", *, with_type: bool = True) -> list[Span]:
    """Describe what happened: the name first, then the data, in about `limit` characters.

    A note stands in place of the preview; `with_type` names the type where there is nothing else to show.
    """
    tone = style_of(row.type).tone
    preview = safe(note or row.preview or "", limit)
    name, name_tone = _name(row, limit)
    loud = tone in {Tone.FAIL, Tone.WARN, Tone.ASK, Tone.OUTPUT}
    data_tone = tone if loud else Tone.QUIET if tone in {Tone.QUIET, Tone.CALL} else Tone.TEXT
    if preview in _NOTHING.get(row.type, ()):
        preview = ""
    if name and preview:
        return [Span(name, name_tone), Span("  ", Tone.TEXT), Span(preview, data_tone)]
    if name or preview:
        return [Span(name, name_tone)] if name else [Span(preview, data_tone)]
    return [Span(safe(style_of(row.type).word, limit), tone)] if with_type else []


def header(layout: Layout) -> list[Span]:
    """Draw the titles of the columns."""
    titles = "".join(
        (
            " " * layout.gutter,
            f"{'seq':>{layout.seq - 1}} " if layout.seq else "",
            f"{'ms':>{layout.time - 1}} " if layout.time else "",
            f"{'ss':>{layout.superstep - 1}} " if layout.superstep else "",
            f"{'step':<{layout.step}}" if layout.step else "",
            f"{'event':<{layout.symbol + layout.word + layout.text}}",
            f"{'causes':<{layout.causes}}" if layout.causes else "",
        )
    )
    return fit([Span(titles[: layout.width], Tone.QUIET)], layout.width, Tone.QUIET)


def _gutter(marks: Marks) -> tuple[Span, Span]:
    if marks.paused:
        first = Span("▶", Tone.WARN)
    elif marks.breakpoint:
        first = Span("●", Tone.STOP)
    else:
        first = Span(" ", Tone.TEXT)
    if marks.cursor:
        return first, Span("❯", Tone.STRONG)  # noqa: RUF001 - a pointer, not a comparison
    if marks.cause or marks.effect:
        return first, Span("↑" if marks.cause else "↓", Tone.STRONG)
    return first, Span(" ", Tone.TEXT)


def _superstep(number: int, cells: int) -> str:
    text = str(number) if number else "·"
    return f"{text:>{cells}}" if len(text) <= cells else ELLIPSIS + text[1 - cells :]


def _step(row: EventRow, cells: int, lanes: Mapping[str, int]) -> list[Span]:
    if not row.path:
        return [Span(" " * cells, Tone.TEXT)]
    name = safe(row.path[-_LONGEST_PATH:], _LONGEST_PATH) + ("" if row.step else "/")
    lane = lane_of(row.path, lanes)
    return [Span("▎", lane), *fit([Span(fit_end(name, cells - 2), lane)], cells - 1)]


def _rule(row: EventRow, layout: Layout) -> list[Span]:
    cells = layout.step + layout.symbol + layout.word + layout.text + layout.causes
    where = f"{safe(row.path[-_LONGEST_PATH:], _LONGEST_PATH)} · " if row.path else ""
    if row.type == "superstep_started":
        title = fit_end(f"{where}superstep {row.superstep}", cells - 4)
        line = f"── {title} " if title else ""
        return [Span(line + "─" * (cells - cell_len(line)), Tone.RULE)]
    return fit([Span(fit_end(f"╌╌ {where}end of superstep {row.superstep}", cells), Tone.RULE)], cells, Tone.RULE)


def _boundary(row: EventRow, layout: Layout, note: str) -> list[Span]:
    """Draw a line through all columns: what stands above it ran other code than what stands below."""
    cells = layout.step + layout.symbol + layout.word + layout.text + layout.causes
    kind = style_of(row.type)
    said = safe(note or row.preview or kind.word, 2 * cells + 1)
    drawn = fit([Span(f"══ {kind.symbol} {said} ", kind.tone)], cells, kind.tone)
    return [Span(text.replace(" ", "═") if not text.strip() else text, tone) for text, tone in drawn]


def _causes(row: EventRow) -> str:
    return f"← {','.join(str(seq) for seq in row.causes[-4:])}" if row.causes else ""


def _name(row: EventRow, limit: int) -> tuple[str, Tone]:
    tone = style_of(row.type).tone
    if row.type == "status":
        return safe(str(row.state or ""), limit), _STATE_TONES.get(str(row.state or ""), Tone.STATUS)
    if row.type not in STYLES:
        return safe(row.type, limit), Tone.STRONG
    if row.event_id and (row.type == "event_emitted" or not row.function):
        return safe(row.event_id, limit), tone if row.type == "event_emitted" else Tone.STRONG
    if row.function and row.type not in {"log", "request_info", "response", "output", "warning", "operator"}:
        return safe(row.function, limit), tone if tone is Tone.FAIL else Tone.STRONG
    return "", tone


_NOTHING: Final = {"executor_completed": ("None",), "executor_invoked": ("{}", "None")}
_STATE_TONES: Final = {"FAILED": Tone.FAIL, "CANCELLED": Tone.WARN, "STOPPED": Tone.STOP}
