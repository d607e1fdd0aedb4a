"""Breakpoints as they travel, and the commands about them."""

from typing import Literal

from process_core.session.protocol.envelope import Command, Message


class BreakpointSpec(Message):
    """Where a run is to stop, and when.

    Attributes:
        id: Given by the worker; None while it is being asked for.
        kind: What it is about: a message or a call, an error, a warning, or that the run has come to rest.
        code: Code of the warning, or type of the error; None is any.
        event: Event id.
        step: Glob on step paths.
        function: Function name.
        route: Route id.
        when: Before delivery, after completion, or on emit.
        condition: Predicate text; the breakpoint counts only where it is true.
        hits: `==n`, `>=n` or `%n` on the number of times it counted.
        log: Template; logs instead of stopping.
        once: Removed after the first stop.
        enabled: Whether it counts at all.
        hit_count: How often it counted (told by the worker).
        bound: Whether anything in the process can ever match it (told by the worker).
        problem: Why it does not work, where it does not (told by the worker).
    """

    id: int | None = None
    kind: Literal["event", "error", "warning", "quiescence"] = "event"
    code: str | None = None
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


class AddBreakpoint(Command):
    """Add a breakpoint; answers with the `BreakpointSpec` that holds its id."""

    type: Literal["add_breakpoint"] = "add_breakpoint"
    breakpoint: BreakpointSpec


class RemoveBreakpoint(Command):
    """Remove a breakpoint."""

    type: Literal["remove_breakpoint"] = "remove_breakpoint"
    breakpoint: int


class EditBreakpoint(Command):
    """Put another breakpoint in the place of the one with its id; answers with the `BreakpointSpec`."""

    type: Literal["edit_breakpoint"] = "edit_breakpoint"
    breakpoint: BreakpointSpec


class EnableBreakpoint(Command):
    """Switch a breakpoint on or off."""

    type: Literal["enable_breakpoint"] = "enable_breakpoint"
    breakpoint: int
    enabled: bool


class MuteBreakpoints(Command):
    """Let no breakpoint stop the run, or let them again; each keeps whether it is enabled."""

    type: Literal["mute_breakpoints"] = "mute_breakpoints"
    muted: bool
