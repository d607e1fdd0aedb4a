"""How a run stands, as marks and colours laid over a picture when its rows are rendered; never a reason to lay out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Mark(StrEnum):
    """How a step stands."""

    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    FAILED = "failed"
    DONE = "done"
    CANCELLED = "cancelled"


URGENT: Final = (Mark.FAILED, Mark.PAUSED, Mark.RUNNING, Mark.WAITING)
"""The states that are shown for a whole group of steps, the most urgent first."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """Everything about a run that a picture shows.

    Attributes:
        states: Per path, how the step stands; steps that have not run are left out.
        counts: Per path, how often it has completed.
        waiting: Per path, what it waits for: `1/2`, or `1/2 needs right`; boxes show the first word.
        elapsed: Per path of a step whose call takes long, for how long, in four cells: `12s`.
        arrived: Per path, names of the parameters whose value has arrived (full boxes show them).
        came: Keys of the edges into a waiting step whose value has arrived.
        awaited: Keys of the edges into a waiting step whose value is still missing.
        breakpoints: Event ids and paths that have a breakpoint.
        lit: Keys of the edges that led to what is selected.
        forced: Keys of the edges along which something was injected or edited by hand.
        selected: Path of a step, or key of an edge.
    """

    states: Mapping[str, Mark] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, str] = field(default_factory=dict)
    elapsed: Mapping[str, str] = field(default_factory=dict)
    arrived: Mapping[str, frozenset[str]] = field(default_factory=dict)
    came: frozenset[str] = frozenset()
    awaited: frozenset[str] = frozenset()
    breakpoints: frozenset[str] = frozenset()
    lit: frozenset[str] = frozenset()
    forced: frozenset[str] = frozenset()
    selected: str | None = None


def count_text(count: int, cells: int, mark: str) -> str:
    """Write a count in a few cells, after a mark: `✓7`, `✓12k`; nothing for none."""
    if not count:
        return ""
    for size, unit in ((1, ""), (1000, "k"), (1_000_000, "M")):
        text = f"{mark}{count // size}{unit}"
        if len(text) <= cells:
            return text
    return f"{mark}>"
