"""What is measured, and the bars it is held against."""

from dataclasses import dataclass
from typing import Literal

WORKLOADS = {
    "loop": "2-step loop, nobody observes",
    "chain": "chain of 100 steps, a run each pass",
    "fan": "fan 1-100-1, a run each pass",
    "many": "1,000 runs at once in one loop",
    "stream": "loop, full event stream consumed",
    "nested": "join + nested process",
    "checkpoint": "loop, checkpoint each superstep",
    "idle": "loop beside 500 idle steps",
    "recording": "loop, recorded to a run file",
    "debugging": "recorded loop, 20 breakpoints that never hit",
    "importing": "import, fresh interpreter",
}
"""Name of a module in `workloads` -> what it does, in the order of the report."""


@dataclass(frozen=True)
class Bar:
    """A bar to be met.

    Attributes:
        text: What must hold.
        workload: Which workload.
        subject: Whose figure.
        over: The subject it is divided by; None for the figure itself.
        limit: The bar.
        kind: `times` and `value` must not exceed it; `thousands per second` must reach it.
    """

    text: str
    workload: str
    subject: str
    over: str | None
    limit: float
    kind: Literal["times", "value", "thousands per second"] = "times"

    def measured(self, figures: dict[str, list[float]]) -> list[float]:
        """Return what was measured in each round.

        Args:
            figures: Subject -> its figure in each round.
        """
        mine = figures[self.subject]
        if self.kind == "thousands per second":
            return [1000 / one for one in mine]
        return [one / other for one, other in zip(mine, figures[self.over], strict=True)] if self.over else mine

    def is_met(self, measured: float) -> bool:
        """See whether a figure meets it."""
        return measured >= self.limit if self.kind == "thousands per second" else measured <= self.limit


BARS = (
    Bar("hop, nobody observes: ≤ 1x the router", "loop", "engine", "router", 1),
    Bar("full event stream consumed: ≤ 1x the router with 4 event objects", "stream", "engine", "router", 1),
    Bar("chain of 100 steps: ≤ 1.1x the router", "chain", "engine", "router", 1.1),
    Bar("500 idle steps: independent of process size (≤ 1.1x the loop alone)", "idle", "engine", "loop alone", 1.1),
    Bar("fan 1-100-1: ≤ 2x the router", "fan", "engine", "router", 2),
    Bar("nested: ≤ 2.2x the router", "nested", "engine", "router", 2.2),
    Bar("1,000 runs at once: ≥ 100 k hops/s", "many", "engine", None, 100, "thousands per second"),
    Bar("1,000 runs at once: ≤ 8 KB per run", "many", "weight of engine", None, 8, "value"),
    Bar("checkpoint each superstep: ≤ 2x a bare SQLite insert per hop", "checkpoint", "engine", "router", 2),
    Bar("import of every public name: ≤ 90 ms", "importing", "engine", None, 90, "value"),
    Bar("recording to a run file: ≤ 3.5x the engine without", "recording", "engine", "unobserved", 3.5),
    Bar("debugger, 20 breakpoints on events: ≤ 8 % over recording", "debugging", "engine", "recorded", 1.08),
    Bar("debugger, 20 breakpoints of all kinds: ≤ 8 % over recording", "debugging", "all kinds", "recorded", 1.08),
)
