"""Chains of causes and effects: from the outside input to an event, and what it led to."""

from typing import Final

from process_core.debug.explain.event_history import EventHistory, EventRecord
from process_core.debug.explain.event_text import event_text
from process_core.debug.explain.model import ExplainedEvent, Explanation
from process_core.runfile import walk_back, walk_forward

CAUSES: Final = 100
"""Causes that an explanation lists at most, beside the outside input."""
EFFECTS: Final = 50
"""Effects that it lists at most."""
REACH: Final = 100_000
"""Events after an event among which its effects are looked for."""
_FAR: Final = 20_000
"""Steps back that are taken at most to find the outside input."""


def explain_event(history: EventHistory, seq: int) -> Explanation | None:
    """Return what led to an event and what it led to; None if there is no such event."""
    asked = next(iter(history.events((seq,))), None)
    if asked is None:
        return None
    ancestors, further = walk_back(asked.causes, history.events, CAUSES)
    met = [(ancestor.event, ancestor.depth) for ancestor in ancestors if ancestor.event is not None]
    causes = [ExplainedEvent(event.seq, depth, event_text(event)) for event, depth in met]
    origin = _origin(history, met[-1][0]) if further and met else None
    if origin is not None:
        causes.append(ExplainedEvent(origin[0].seq, origin[1] + met[-1][1], event_text(origin[0])))
    causes.sort(key=lambda event: event.seq)
    seqs = effects_of(history, seq)
    effects = tuple(ExplainedEvent(event.seq, seqs[event.seq], event_text(event)) for event in history.events(seqs))
    return Explanation(f"why #{seq}?", _summary(asked, causes, effects, has_more=bool(further)), tuple(causes), effects)


def effects_of(
    history: EventHistory, seq: int, *, limit: int = EFFECTS, depth: int | None = None, reach: int = REACH
) -> dict[int, int]:
    """Return what an event led to: seq of each effect -> how many steps away."""
    return walk_forward(seq, history.links, history.last, limit=limit, depth=depth, reach=reach)


def _origin(history: EventHistory, oldest: EventRecord) -> tuple[EventRecord, int] | None:
    """Go on back from one cause to the first one, to the event that came from outside."""
    seq, steps = history.origin(oldest.seq, _FAR)
    found = history.events((seq,))
    return (found[0], steps) if steps and found and not found[0].causes else None


def _summary(
    asked: EventRecord, causes: list[ExplainedEvent], effects: tuple[ExplainedEvent, ...], *, has_more: bool
) -> str:
    what = f"#{asked.seq}: {event_text(asked)}."
    if not causes:
        back = "Nothing led to it: it began a chain." if asked.type == "event_emitted" else "No event led to it."
    else:
        first = causes[0]
        many = f", {len(causes)} events back" if len(causes) > 1 else ""
        back = f"It goes back to #{first.seq}: {first.text}{many}{' and more' if has_more else ''}."
    if not effects:
        forth = "It has led to nothing."
    elif len(effects) == 1:
        forth = f"It led to #{effects[0].seq}: {effects[0].text}."
    else:
        forth = f"It led to {len(effects)} events{' and more' if len(effects) >= EFFECTS else ''}."
    return f"{what} {back} {forth}"
