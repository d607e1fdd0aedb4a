"""The breakpoints of a session: they outlive its runs, keep their ids, and are saved in a file."""

from pathlib import Path
from typing import Any, Final

from process_core.debug import Breakpoint, Debugger
from process_core.errors import ProcessError
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.worker.breakpoint_file import BreakpointFile, Notify
from process_core.session.worker.command_errors import CommandError

_ASKED: Final = (
    "event",
    "step",
    "function",
    "route",
    "when",
    "condition",
    "hits",
    "log",
    "once",
    "kind",
    "code",
    "state",
)
_PLAIN: Final = ("event", "step", "function", "route", "state")
_SET_BY_WORKER: Final = {"id": None, "enabled": True, "hit_count": 0, "bound": True, "problem": None}
_OF_ONE_RUN: Final = {"hit_count": 0, "bound": True, "problem": None}


class SessionBreakpoints:
    """Maps the session's ids to the breakpoints of the current debugger.

    Args:
        path: The file they are kept in from one session to the next; None keeps them nowhere.
        notice: Shows the user something once: severity and text.

    Attributes:
        is_muted: Whether no breakpoint counts.
    """

    def __init__(self, path: Path | None, notice: Notify) -> None:
        self.is_muted = False
        self._file = BreakpointFile(path, notice) if path is not None else None
        self._target = ""
        self._written: tuple[BreakpointSpec, ...] = ()
        self._points: dict[int, Breakpoint] = {}
        self._spent: dict[int, Breakpoint] = {}  # removed by the debugger, but a pause may still be about one
        self._next = 1

    def switch_target(self, target: str, debugger: Debugger) -> None:
        """Read the breakpoints that are kept for a target (its key in the file), where it is another than before."""
        if self._file is None or target == self._target:
            return
        for number in list(self._points):
            self.remove(debugger, number)
        self._target = target
        refused = []
        for spec in self._file.read(target):
            try:
                self.add(debugger, spec)
            except ProcessError as error:
                refused.append(str(error))
        if refused:
            self._file.keep_aside(f"{len(refused)} of its breakpoints on {target} cannot be set ({refused[0]})")
        self._written = tuple(map(_to_keep, self._specs(debugger)))

    def move(self, old: Debugger | None, new: Debugger) -> None:
        """Set all of them again in a debugger that replaces another."""
        self.specs(old)
        self._spent = {}
        for number, point in self._points.items():
            spec = breakpoint_spec(point)
            moved = self._points[number] = new.add_breakpoint(**_asked(spec))
            moved.enabled = spec.enabled
        new.muted = self.is_muted

    def specs(self, debugger: Debugger | None) -> tuple[BreakpointSpec, ...]:
        """Return all of them in the order they were set, and write them to the file where they have changed."""
        specs = self._specs(debugger)
        if self._file is not None and self._target:
            kept = tuple(map(_to_keep, specs))
            if kept != self._written:
                self._written = kept
                self._file.write(self._target, kept)
        return specs

    def number_of(self, point: int | None) -> int | None:
        """Return the session's id of the debugger's breakpoint of that id; None for one that is gone."""
        points = (*self._points.items(), *self._spent.items())
        return next((number for number, other in points if other.id == point), None)

    def add(self, debugger: Debugger, spec: BreakpointSpec) -> BreakpointSpec:
        """Add a breakpoint; where there is the same already, switch that one on."""
        self._forget_removed(debugger)
        for number, point in self._points.items():
            if any(getattr(point, name) != getattr(spec, name) for name in _PLAIN):
                continue  # to compare specs takes long where there are hundreds
            present = breakpoint_spec(point)
            if present.model_copy(update=_SET_BY_WORKER) == spec.model_copy(update=_SET_BY_WORKER):
                self.enable(number, enabled=spec.enabled)
                return present.model_copy(update={"id": number, "enabled": spec.enabled})
        point = debugger.add_breakpoint(**_asked(spec))
        point.enabled = spec.enabled
        number = self._next
        self._next += 1
        self._points[number] = point
        return breakpoint_spec(point).model_copy(update={"id": number})

    def edit(self, debugger: Debugger, spec: BreakpointSpec) -> BreakpointSpec:
        """Replace the breakpoint of the same id; its hit count starts again."""
        if spec.id is None:
            raise CommandError("bad_command", "which breakpoint is to be edited?")
        old = self._get(spec.id)
        point = debugger.edit_breakpoint(old.id, **_asked(spec))
        point.enabled = spec.enabled
        self._spent[spec.id] = old
        self._points[spec.id] = point
        return breakpoint_spec(point).model_copy(update={"id": spec.id})

    def remove(self, debugger: Debugger, number: int) -> None:
        """Remove a breakpoint."""
        point = self._get(number)
        del self._points[number]
        debugger.remove_breakpoint(point.id)

    def enable(self, number: int, *, enabled: bool) -> None:
        """Switch a breakpoint on or off."""
        self._get(number).enabled = enabled

    def mute(self, debugger: Debugger, *, muted: bool) -> None:
        """Let no breakpoint count, or let them again."""
        debugger.muted = self.is_muted = muted

    def _specs(self, debugger: Debugger | None) -> tuple[BreakpointSpec, ...]:
        if debugger is not None:
            self._forget_removed(debugger)
        return tuple(breakpoint_spec(point).model_copy(update={"id": number}) for number, point in self._points.items())

    def _forget_removed(self, debugger: Debugger) -> None:
        """Forget what the debugger has removed by itself (`once`)."""
        present = {id(point) for point in debugger.breakpoints}
        if len(present) < len(self._points) or any(id(point) not in present for point in self._points.values()):
            self._spent |= {number: point for number, point in self._points.items() if id(point) not in present}
            self._points = {number: point for number, point in self._points.items() if id(point) in present}

    def _get(self, number: int) -> Breakpoint:
        if number not in self._points:
            numbers = ", ".join(map(str, self._points)) or "none"
            raise CommandError("unknown_breakpoint", f"there is no breakpoint {number} (there are: {numbers})")
        return self._points[number]


def _asked(spec: BreakpointSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in _ASKED}


def _to_keep(spec: BreakpointSpec) -> BreakpointSpec:
    return spec.model_copy(update=_OF_ONE_RUN)


def breakpoint_spec(point: Breakpoint) -> BreakpointSpec:
    """Return a breakpoint as it travels, with the debugger's id."""
    fields = {name: getattr(point, name) for name in BreakpointSpec.model_fields if hasattr(point, name)}
    return BreakpointSpec.model_validate(fields)
