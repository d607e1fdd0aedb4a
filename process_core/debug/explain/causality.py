"""Chains of causes and effects: from the outside input to an event, and what it led to."""

from typing import Final

from process_core.debug.explain.event_history import EventHistory, EventRecord
from process_core.debug.explain.event_text import event_text
from process_core.debug.explain.model import ExplainedEvent, Explanation

CAUSES: Final = 100
"""Causes that an explanation lists at most, beside the outside input."""
EFFECTS: Final = 50
"""Effects that it lists at most."""
REACH: Final = 100_000
"""Events after an event among which its effects are looked for."""
_FAR: Final = 20_000
"""Steps back that are taken at most to find the outside input."""
_PIECE: Final = 2_000


def explain_event(history: EventHistory, seq: int) -> Explanation | None:
    """Report what led to an event and what it led to.

    Args:
        history: The events of its run.
        seq: Which event.

    Returns:
        The answer, None where there is no such event.
    """
    asked = next(iter(history.events((seq,))), None)
    if asked is None:
        return None
    found, has_more = _causes(history, asked)
    origin = _origin(history, min(found, key=lambda event: event[0].seq)[0]) if has_more else None
    causes = [ExplainedEvent(event.seq, depth, event_text(event)) for event, depth in found]
    if origin is not None:
        causes.append(
            ExplainedEvent(origin[0].seq, origin[1] + max(depth for _, depth in found), event_text(origin[0]))
        )
    causes.sort(key=lambda event: event.seq)
    seqs = effects_of(history, seq)
    effects = tuple(ExplainedEvent(event.seq, seqs[event.seq], event_text(event)) for event in history.events(seqs))
    return Explanation(f"why #{seq}?", _summary(asked, causes, effects, has_more=has_more), tuple(causes), effects)


def effects_of(
    history: EventHistory, seq: int, *, limit: int = EFFECTS, depth: int | None = None, reach: int = REACH
) -> dict[int, int]:
    """Find what an event led to; a cause comes before its effects, so one look forwards finds all of them.

    Args:
        history: The events.
        seq: Which event.
        limit: How many at most.
        depth: How many steps away at most; None for any.
        reach: Events after it among which to look.

    Returns:
        Seq of each effect -> how many steps away.
    """
    known = {seq: 0}
    end = min(history.last, seq + reach)
    first = seq + 1
    while first <= end:
        last = min(end, first + _PIECE - 1)
        for effect, cause in history.links(first, last):
            away = known.get(cause)
            if away is None or effect in known or (depth is not None and away >= depth):
                continue
            known[effect] = away + 1
            if len(known) > limit:
                del known[seq]
                return known
        first = last + 1
    del known[seq]
    return known


def _causes(history: EventHistory, asked: EventRecord) -> tuple[list[tuple[EventRecord, int]], bool]:
    """Go back through all parents, level by level; report whether there are more."""
    found: list[tuple[EventRecord, int]] = []
    seen = {asked.seq}
    level, depth = [asked], 0
    while level:
        wanted = {cause for event in level for cause in event.causes} - seen
        if not wanted:
            break
        if len(found) + len(wanted) > CAUSES:
            return found or [(asked, 0)], True
        seen |= wanted
        depth += 1
        level = history.events(wanted)
        found += [(event, depth) for event in level]
    return found, False


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
