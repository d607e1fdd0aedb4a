"""What led to an event, a bounded way up, and what it led to first."""

from collections.abc import Callable
from typing import Final

from tui.timeline.source import EventRow, TimelineSource

REACH: Final = 64
"""Ancestors that are looked up; a screen shows no more."""
_INPUTS = frozenset({"started", "response"})
_AHEAD = (64, 512)


def ancestors(row: EventRow, look_up: Callable[[int], EventRow | None], reach: int = REACH) -> frozenset[int]:
    """Give the events that led to one, the nearest first.

    Args:
        row: The event.
        look_up: Gives a row by its seq.
        reach: The most ancestors to give.

    Returns:
        Their seqs, without the event's own.
    """
    found: dict[int, None] = {}
    waiting = list(row.causes)
    while waiting and len(found) < reach:
        seq = max(waiting)
        waiting.remove(seq)
        if seq in found or seq == row.seq:
            continue
        found[seq] = None
        above = look_up(seq)
        if above is not None:
            waiting += [cause for cause in above.causes[:reach] if cause not in found]
    return frozenset(found)


def is_from_outside(row: EventRow) -> bool:
    """Tell whether an event without causes is outside input, and not one that is about the run as a whole."""
    return not row.causes and (row.type in _INPUTS or (row.type == "event_emitted" and not row.path))


def first_effect(row: EventRow, source: TimelineSource) -> int | None:
    """Give the first event that one led to.

    Args:
        row: The event.
        source: Its run file.

    Returns:
        Its seq, or None where there is none yet.

    Raises:
        ProcessError: The run file cannot be read.
    """
    # Nearly always it is near; only then is the rest of the file looked through, which takes a while.
    at = row.seq
    for many in _AHEAD:
        for later in source.page(at, many):
            if row.seq in later.causes:
                return later.seq
        at += many
    found = source.effects(row.seq, 1)
    return found[0].seq if found else None
