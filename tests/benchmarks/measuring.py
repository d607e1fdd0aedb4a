"""How one subject is timed, in a process of its own: warmed up, then the best of a few goes."""

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

GOES = 5
WARM_UP = 2


@dataclass(frozen=True)
class Timed:
    """A piece of work that is timed.

    Attributes:
        once: Does it once, and checks that it was done.
        hops: Function calls in it.
    """

    once: Callable[[], Coroutine[Any, Any, None]]
    hops: int


@dataclass(frozen=True)
class Counted:
    """A piece of work that measures itself.

    Attributes:
        once: Gives the figure.
        unit: What it is a figure of.
    """

    once: Callable[[], float]
    unit: str


def figure(work: Timed | Counted, clock: Callable[[], float] = time.perf_counter) -> tuple[float, str]:
    """Return microseconds per hop, or what the work itself measured, with the unit.

    Args:
        work: The work.
        clock: Seconds; `time.process_time` leaves out the time in which others had the processor.
    """
    if isinstance(work, Counted):
        return work.once(), work.unit
    return asyncio.run(_best(work, clock)) / work.hops * 1e6, "µs/hop"


async def _best(work: Timed, clock: Callable[[], float]) -> float:
    for _ in range(WARM_UP):
        await work.once()
    best = float("inf")
    for _ in range(GOES):
        gc.collect()
        began = clock()
        await work.once()
        best = min(best, clock() - began)
    return best
