"""The page of one event: what it carried, what went wrong, what led to it and what it led to."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from process_core.errors import ProcessError
from process_core.runfile import is_from_outside, walk_back
from tui.inspector.outline import Item, fact, section
from tui.inspector.values import Payload, read_payload, size_text, text_items, value_item
from tui.text.safe_text import BLOCK, MESSAGE, NAME, PREVIEW, safe
from tui.text.spans import Span, Tone
from tui.timeline.columns import since_start
from tui.timeline.error_text import NOTED, note_of
from tui.timeline.event_styles import style_of

_NEAR = 128  # rows after the event that are looked at for its effects at once
_EFFECTS = 50
_CHAIN = 30  # causes that are followed at once
_TITLES: Final[Mapping[str, str]] = {
    "executor_invoked": "Arguments",
    "executor_completed": "Result",
    "executor_failed": "Input",
    "event_emitted": "Payload",
    "request_info": "Question",
    "response": "Answer",
    "output": "Output",
    "log": "Text",
    "operator": "Edit",
}


def event_page(run_file: Any, row: Any, whole: Mapping[str, Payload]) -> list[Item]:
    """Make the page of an event; `whole` holds the payloads that were loaded whole, by section."""
    items = [_title(row), _where(run_file, row)]
    details = whole.get("Details") or (None if row.details is None else read_payload(run_file, row.details))
    if details is not None:
        items += _trouble(row, details.value)
    if row.data is not None:
        title = _TITLES.get(row.type, "Data")
        items.append(payload_section(title, whole.get(title) or read_payload(run_file, row.data)))
    elif row.type == "executor_completed":
        items.append(section("Result", "Result", lambda: [fact("None", "", Tone.WORD)], is_open=False))
    items.append(_causes(run_file, row))
    items.append(_effects(run_file, row))
    items.append(section("Envelope", "Envelope", lambda: _envelope(row), is_open=True))
    if details is not None:
        items.append(payload_section("Details", details, is_open=False))
    return items


def place_of(row: Any) -> str:
    """Return where an event happened, its step and function, as safe text; nothing where it is about the run."""
    path = safe((row.path or "")[-NAME:], NAME)
    return f"{path}.{safe(row.function, NAME)}" if row.function else path


def link(key: str, row: Any, arrow: str, run_file: Any) -> Item:
    """Make an entry that leads to an event; an arrow may stand before it."""
    kind = style_of(row.type)
    tone = style_of(row.type).tone
    spans = [
        Span(f"{arrow} " if arrow else "", Tone.QUIET),
        Span(f"#{row.seq}", Tone.LINK),
        Span(f" {kind.symbol} {safe(kind.word, 20)} ", tone),
    ]
    if row.event_id and (row.type == "event_emitted" or not row.path):
        spans += [
            Span(safe(row.event_id, NAME), Tone.EMIT),
            Span(f"  {place_of(row)}" if row.path else "", Tone.QUIET),
        ]
    else:
        spans.append(Span(place_of(row), Tone.TEXT))
    note = note_of(row, run_file) if row.type in NOTED else ""
    text = note or ("" if row.preview in {"None", "{}"} else row.preview)
    if text:
        spans.append(Span(f"  {safe(text, NAME)}", tone if note else Tone.QUIET))
    return Item(key, tuple(span for span in spans if span.text), jump=row.seq, copy=lambda: f"#{row.seq}")


def payload_section(title: str, payload: Payload, *, is_open: bool = True) -> Item:
    """Make the part of a page that shows a payload, as far as it was read."""
    if payload.problem:
        trouble = (Span(safe(payload.problem, MESSAGE), Tone.FAIL),)
        return section(title, title, lambda: [Item("problem", trouble)])

    def entries() -> Sequence[Item]:
        value = value_item("value", payload.value, label="", is_open=True, is_cut=not payload.is_whole)
        # A container's entries stand directly below the title; a long text does, too.
        items = list(value.below) if value.opens is not None else [value]
        if not payload.is_whole:
            shown = f"{size_text(payload.shown)} of {size_text(payload.size)} are shown; "
            spans = (Span(f"… {shown}", Tone.WARN), Span("Enter loads all", Tone.LINK))
            items.append(Item("load", spans, load=title))
        return items

    value = value_item("value", payload.value, label="", is_cut=not payload.is_whole)
    badge = Span(f"  {size_text(payload.size)}", Tone.QUIET)
    item = section(title, title, entries, badge, is_open=is_open)
    if value.opens is not None:
        item.spans = (*item.spans, Span("  "), *value.spans)
        item.glance = value.glance
    item.copy = value.copy
    return item


def _title(row: Any) -> Item:
    kind = style_of(row.type)
    own_name = row.event_id if row.type == "event_emitted" else row.function
    name = own_name or row.state or row.event_id or row.code or ""
    spans = (
        Span(f"#{row.seq} ", Tone.TITLE),
        Span(f"{kind.symbol} {safe(kind.word, 40)} ", style_of(row.type).tone),
        Span(safe(str(name), NAME), Tone.TITLE),
    )
    text = f"#{row.seq} {row.type} {name}".strip()
    return Item("title", spans, copy=lambda: text)


def _where(run_file: Any, row: Any) -> Item:
    started = _started(run_file)
    parts = [
        place_of(row),
        f"superstep {row.superstep}" if row.superstep else "",
        _since(row.timestamp - started) if started is not None else "",
    ]
    return Item("where", (Span(" · ".join(part for part in parts if part), Tone.QUIET),))


def _trouble(row: Any, details: Any) -> list[Item]:
    if not isinstance(details, dict):
        return []
    tone = Tone.FAIL if style_of(row.type).tone is Tone.FAIL else Tone.WARN
    items: list[Item] = []
    message = details.get("message")
    if isinstance(message, str) and message:
        kind = details.get("type") or row.code or ""
        lead = f"{kind}: " if isinstance(kind, str) and kind else ""
        items.append(Item("message", block=f"{lead}{message}"[:BLOCK], block_tone=tone, copy=lambda: message))
    traceback = details.get("traceback")
    if isinstance(traceback, str) and traceback.strip():
        lines = traceback.rstrip("\n")
        note = Span(f"  {lines.count(chr(10)) + 1} lines", Tone.QUIET)
        item = section("Traceback", "Traceback", partial(text_items, lines), note)
        item.copy = lambda: traceback
        items.append(item)
    return items


def _causes(run_file: Any, row: Any) -> Item:
    if not row.causes:
        words = "none: it came from outside" if is_from_outside(row) else "none recorded"
        return Item("Causes", (Span("Causes", Tone.SECTION), Span(f"  {words}", Tone.QUIET)))
    return section("Causes", "Causes", lambda: _chain(run_file, row.causes), Span(_count(len(row.causes)), Tone.QUIET))


def _chain(run_file: Any, causes: Sequence[int]) -> list[Item]:
    """Follow the causes up to the outside input, the nearest first."""
    try:
        ancestors, further = walk_back(causes, run_file.rows, _CHAIN)
    except ProcessError as error:
        return [Item("problem", (Span(safe(str(error), PREVIEW), Tone.FAIL),))]
    items: list[Item] = []
    for ancestor in ancestors:
        if ancestor.event is None:
            items.append(Item(f"lost {ancestor.seq}", (Span(f"#{ancestor.seq} cannot be read", Tone.FAIL),)))
            continue
        item = link(f"cause {ancestor.seq}", ancestor.event, "↑", run_file)
        if is_from_outside(ancestor.event):
            item.spans = (*item.spans, Span("  from outside", Tone.QUIET))
        items.append(item)
    if further:
        more = (Span("… further up", Tone.LINK),)
        items.append(Item(f"more {max(further)}", more, opens=lambda: _chain(run_file, further), is_splice=True))
    return items


def _effects(run_file: Any, row: Any) -> Item:
    try:
        near = run_file.effects(row.seq, _NEAR, reach=_NEAR)
        is_all = run_file.count() <= row.seq + _NEAR
    except ProcessError as error:
        return Item("Effects", (Span("Effects", Tone.SECTION), Span(f"  {safe(str(error), PREVIEW)}", Tone.FAIL)))
    if not near and is_all:
        return Item("Effects", (Span("Effects", Tone.SECTION), Span("  none so far", Tone.QUIET)))
    opens = partial(_effect_items, run_file, row.seq, near, None if is_all else row.seq + _NEAR)
    return section("Effects", "Effects", opens, Span(_count(len(near)) + ("" if is_all else " near"), Tone.QUIET))


def _effect_items(run_file: Any, seq: int, near: Sequence[Any], last: int | None) -> list[Item]:
    items = [link(f"effect {row.seq}", row, "↓", run_file) for row in near]
    if last is not None:
        more = (Span("… look through the rest of the run", Tone.LINK),)
        items.append(Item("more effects", more, opens=_far_effects(run_file, seq, last), is_splice=True))
    return items


def _far_effects(run_file: Any, seq: int, last: int) -> Callable[[], Sequence[Item]]:
    def entries() -> Sequence[Item]:
        try:
            effects = [row for row in run_file.effects(seq, _EFFECTS + _NEAR) if row.seq > last]
        except ProcessError as error:
            return [Item("problem", (Span(safe(str(error), PREVIEW), Tone.FAIL),))]
        nothing = [Item("nothing", (Span("nothing further on", Tone.QUIET),))]
        return [link(f"effect {row.seq}", row, "↓", run_file) for row in effects[:_EFFECTS]] or nothing

    return entries


def _envelope(row: Any) -> list[Item]:
    when = datetime.fromtimestamp(row.timestamp, UTC).astimezone().isoformat(sep=" ", timespec="milliseconds")
    facts = (
        ("seq", f"{row.seq}"),
        ("type", row.type),
        ("time", when),
        ("superstep", f"{row.superstep}"),
        ("step", row.path),
        ("function", row.function),
        ("event id", row.event_id),
        ("route", row.route),
        ("request id", row.request_id),
        ("response type", row.response_type),
        ("state", row.state),
        ("code", row.code),
        ("causes", ", ".join(f"#{seq}" for seq in row.causes[:50])),
        ("generation", f"{row.generation + 1}" if getattr(row, "generation", 0) else None),
    )
    return [fact(name, safe(str(value), 400), copy=str(value)) for name, value in facts if value]


def _started(run_file: Any) -> float | None:
    try:
        return float(run_file.timestamp(1))
    except (ProcessError, AttributeError):
        return None


def _since(seconds: float) -> str:
    if 1 <= seconds < 100:  # noqa: PLR2004 - shorter than its milliseconds
        return f"+{seconds:.2f} s"
    text = since_start(seconds)
    return f"+{text} ms" if text[-1:].isdigit() and "h" not in text else f"+{text}"


def _count(number: int) -> str:
    return f"  {number:,}"
