"""The page of an explanation: what led to an event and what it led to, or what each parameter of a step waits for."""

from collections.abc import Sequence
from typing import Final

from process_core.session.protocol.status import (
    ExplainedEvent,
    ExplainedFunction,
    ExplainedInput,
    ExplainedRoute,
    Explanation,
)
from tui.inspector.outline import Item, section
from tui.text.safe_text import BLOCK, MESSAGE, safe
from tui.text.spans import Span, Tone

_MOST: Final = 200
_CAME: Final = frozenset({"arrived", "pending", "held"})
_HOPELESS: Final = frozenset({"stopped", "discarded", "internal_event", "source_failed", "dropped"})


def why_page(explanation: Explanation) -> list[Item]:
    """Make the page of an explanation."""
    items = [Item("title", (Span(safe(explanation.title, MESSAGE), Tone.TITLE),), copy=lambda: explanation.title)]
    if explanation.summary:
        items.append(Item("summary", block=explanation.summary[:BLOCK], copy=lambda: explanation.summary))
    items += [_function(function, explanation.summary) for function in explanation.functions]
    if explanation.causes:
        items.append(_chain("Causes", "from the outside input on", explanation.causes))
    if explanation.effects:
        items.append(_chain("Effects", "what it led to", explanation.effects))
    return items


def _chain(title: str, words: str, events: Sequence[ExplainedEvent]) -> Item:
    least = min(event.depth for event in events)

    def entries() -> list[Item]:
        shown = [_event(event, abs(event.depth - least) if title == "Effects" else 0) for event in events[:_MOST]]
        if len(events) > _MOST:
            shown.append(Item("more", (Span(f"… {len(events) - _MOST:,} more", Tone.QUIET),)))
        return shown

    return section(title, title, entries, Span(f"  {len(events):,}, {words}", Tone.QUIET))


def _event(event: ExplainedEvent, indent: int) -> Item:
    is_it = event.depth == 0
    spans = (
        Span("  " * min(indent, 12)),
        Span(f"#{event.seq}", Tone.LINK),
        Span(f"  {safe(event.text, MESSAGE)}", Tone.STRONG if is_it else Tone.TEXT),
        Span("  ← this one" if is_it else "", Tone.QUIET),
    )
    return Item(f"#{event.seq}", tuple(span for span in spans if span.text), jump=event.seq)


def _function(function: ExplainedFunction, summary: str) -> Item:
    times = "once" if function.runs == 1 else f"{function.runs:,} times"
    ran = f"  ran {times}" if function.runs else "  has not run"

    def entries() -> list[Item]:
        is_repeated = function.text.rstrip(".") in summary
        items = [] if is_repeated else [Item("text", block=function.text[:BLOCK], copy=lambda: function.text)]
        if function.last_seq is not None:
            last = (Span("last event ", Tone.KEY), Span(f"#{function.last_seq}", Tone.LINK))
            items.append(Item("last", last, jump=function.last_seq))
        return [*items, *(_input(needed) for needed in function.inputs)]

    return section(
        f"function {function.function}",
        safe(function.function, MESSAGE),
        entries,
        Span(ran, Tone.OK if function.runs else Tone.WARN),
    )


def _input(needed: ExplainedInput) -> Item:
    name = safe(needed.parameter, MESSAGE) or "trigger"
    if needed.arrived:
        mark, words, tone = "✓", f"{len(needed.arrived)} arrived" if len(needed.arrived) > 1 else "arrived", Tone.OK
    elif needed.is_required:
        mark, words, tone = "◔", "missing", Tone.WARN
    else:
        mark, words, tone = "·", "optional, none waits", Tone.QUIET

    def entries() -> list[Item]:
        values = [
            Item(f"arrived {seq}", (Span("a value waits, from ", Tone.QUIET), Span(f"#{seq}", Tone.LINK)), jump=seq)
            for seq in needed.arrived[:_MOST]
        ]
        return [*values, *(_route(number, route) for number, route in enumerate(needed.routes))]

    spans = (Span(f"{mark} ", tone), Span(name, Tone.KEY), Span(f"  {words}", tone))
    return Item(f"input {needed.parameter}", spans, opens=entries, is_open=True)


def _route(number: int, route: ExplainedRoute) -> Item:
    tone = Tone.OK if route.code in _CAME else Tone.FAIL if route.code in _HOPELESS else Tone.WARN
    source = safe(route.source, MESSAGE) or "outside"
    spans = [
        Span("via ", Tone.QUIET),
        Span(safe(route.event_id, MESSAGE), Tone.EMIT),
        Span(f" from {source}", Tone.TEXT),
    ]
    if route.seq is not None:
        spans.append(Span(f"  #{route.seq}", Tone.LINK))
    # A block is wrapped: why it has not come must not be what is cut off.
    text = Item("text", block=route.text[:BLOCK], block_tone=tone, copy=lambda: route.text)
    return Item(f"route {number} {route.route}", tuple(spans), opens=lambda: [text], is_open=True, jump=route.seq)
