"""A breakpoint as it travels, and where a project keeps its own."""

from pathlib import Path
from typing import Final, Literal

from process_core.session.protocol.envelope import Message

BREAKPOINTS_FILE: Final = Path(".stepscope/breakpoints.json")
"""Where the breakpoints of a project are, from its folder."""


class BreakpointSpec(Message):
    """Where a run is to pause, and when.

    Attributes:
        id: Assigned by the worker; None in a request for a new one.
        kind: What it is about: a message or a call, an error, a warning, that the run has become idle, or that a value
            in the state of a step has changed.
        code: Code of the warning, or type of the error; None is any.
        state: Path of that value in the state; None is all of it.
        event: Event id, or a glob on event ids.
        step: Glob on step paths; `Map[3]` and `Map[*]` are elements of a map.
        function: Function name.
        route: Route id.
        when: Before delivery, after completion, or on emit.
        condition: Predicate text; the breakpoint counts only where it is true.
        hits: `==n`, `>=n` or `%n` on the number of times it counted.
        log: Template; logs instead of pausing.
        once: Removed after the first pause.
        enabled: Whether it counts at all.
        hit_count: How often it counted (set by the worker).
        bound: Whether anything in the process can ever match it (set by the worker).
        problem: Why it does not work, where it does not (set by the worker).
    """

    id: int | None = None
    kind: Literal["event", "error", "warning", "quiescence", "state"] = "event"
    code: str | None = None
    state: str | None = None
    event: str | None = None
    step: str | None = None
    function: str | None = None
    route: str | None = None
    when: Literal["before", "after", "emit"] = "before"
    condition: str | None = None
    hits: str | None = None
    log: str | None = None
    once: bool = False
    enabled: bool = True
    hit_count: int = 0
    bound: bool = True
    problem: str | None = None
