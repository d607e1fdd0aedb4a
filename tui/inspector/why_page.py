"""The page of an explanation: what led to an event and what it led to, or what each parameter of a step waits for."""

from collections.abc import Sequence
from typing import Final

from process_core.session.protocol.explanation import (
    ExplainedEvent,
    ExplainedFunction,
    ExplainedInput,
    ExplainedRoute,
    Explanation,
)
from tui.inspector.items import Item, Piece, Role, section
from tui.text.safe_text import safe

_TEXT: Final = 300
_MOST: Final = 200
_LONG: Final = 4000
_CAME: Final = frozenset({"arrived", "pending", "held"})
_HOPELESS: Final = frozenset({"stopped", "discarded", "internal_event", "source_failed", "dropped"})


def why_page(explanation: Explanation) -> list[Item]:
    """Make the page of an explanation.

    Args:
        explanation: It.

    Returns:
        The entries of the page.
    """
    items = [Item("title", (Piece(safe(explanation.title, _TEXT), Role.TITLE),), copy=lambda: explanation.title)]
    if explanation.summary:
        items.append(Item("summary", block=explanation.summary[:_LONG], copy=lambda: explanation.summary))
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
            shown.append(Item("more", (Piece(f"… {len(events) - _MOST:,} more", Role.QUIET),)))
        return shown

    return section(title, title, entries, Piece(f"  {len(events):,}, {words}", Role.QUIET))


def _event(event: ExplainedEvent, indent: int) -> Item:
    is_it = event.depth == 0
    pieces = (
        Piece("  " * min(indent, 12)),
        Piece(f"#{event.seq}", Role.LINK),
        Piece(f"  {safe(event.text, _TEXT)}", Role.STRONG if is_it else Role.TEXT),
        Piece("  ← this one" if is_it else "", Role.QUIET),
    )
    return Item(f"#{event.seq}", tuple(piece for piece in pieces if piece.text), jump=event.seq)


def _function(function: ExplainedFunction, summary: str) -> Item:
    times = "once" if function.runs == 1 else f"{function.runs:,} times"
    ran = f"  ran {times}" if function.runs else "  has not run"

    def entries() -> list[Item]:
        is_told = function.text.rstrip(".") in summary
        items = [] if is_told else [Item("text", block=function.text[:_LONG], copy=lambda: function.text)]
        if function.last_seq is not None:
            last = (Piece("last event ", Role.KEY), Piece(f"#{function.last_seq}", Role.LINK))
            items.append(Item("last", last, jump=function.last_seq))
        return [*items, *(_input(one) for one in function.inputs)]

    return section(
        f"function {function.function}",
        safe(function.function, _TEXT),
        entries,
        Piece(ran, Role.OK if function.runs else Role.WARN),
    )


def _input(one: ExplainedInput) -> Item:
    name = safe(one.parameter, _TEXT) or "trigger"
    if one.arrived:
        mark, words, role = "✓", f"{len(one.arrived)} arrived" if len(one.arrived) > 1 else "arrived", Role.OK
    elif one.is_required:
        mark, words, role = "◔", "missing", Role.WARN
    else:
        mark, words, role = "·", "optional, none waits", Role.QUIET

    def entries() -> list[Item]:
        values = [
            Item(f"arrived {seq}", (Piece("a value waits, from ", Role.QUIET), Piece(f"#{seq}", Role.LINK)), jump=seq)
            for seq in one.arrived[:_MOST]
        ]
        return [*values, *(_route(number, route) for number, route in enumerate(one.routes))]

    pieces = (Piece(f"{mark} ", role), Piece(name, Role.KEY), Piece(f"  {words}", role))
    return Item(f"input {one.parameter}", pieces, opens=entries, is_open=True)


def _route(number: int, route: ExplainedRoute) -> Item:
    role = Role.OK if route.code in _CAME else Role.FAIL if route.code in _HOPELESS else Role.WARN
    source = safe(route.source, _TEXT) or "outside"
    pieces = [
        Piece("via ", Role.QUIET),
        Piece(safe(route.event_id, _TEXT), Role.EMIT),
        Piece(f" from {source}", Role.TEXT),
    ]
    if route.seq is not None:
        pieces.append(Piece(f"  #{route.seq}", Role.LINK))
    # A block is wrapped: why it has not come must not be what is cut off.
    text = Item("text", block=route.text[:_LONG], block_role=role, copy=lambda: route.text)
    return Item(f"route {number} {route.route}", tuple(pieces), opens=lambda: [text], is_open=True, jump=route.seq)
