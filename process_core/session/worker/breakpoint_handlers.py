"""Carries out the commands about breakpoints, and keeps them where the session is told to."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from process_core.debug import Breakpoint, Debugger
from process_core.errors import ProcessError
from process_core.session.protocol.breakpoints import (
    AddBreakpoint,
    BreakpointSpec,
    EditBreakpoint,
    EnableBreakpoint,
    MuteBreakpoints,
    RemoveBreakpoint,
)
from process_core.session.worker.breakpoint_file import BreakpointFile
from process_core.session.worker.breakpoint_table import BreakpointTable

_OF_ONE_RUN: Final = {"hit_count": 0, "bound": True, "problem": None}


class BreakpointHandlers:
    """The breakpoints of a session.

    Args:
        ready: Gives the current debugger, or refuses.
        file: Where they are kept; None keeps them nowhere.
        notice: Tells the user something once: severity and text.

    Attributes:
        verbs: What carries out each command.
    """

    def __init__(self, ready: Callable[[], Debugger], file: Path | None, notice: Callable[[str, str], None]) -> None:
        self._ready = ready
        self._notice = notice
        self._file = BreakpointFile(file, notice) if file is not None else None
        self._table = BreakpointTable()
        self._target = ""
        self._kept: tuple[BreakpointSpec, ...] = ()
        self._is_muted = False
        self.verbs: Mapping[type[Any], Callable[[Any], Awaitable[Any]]] = {
            AddBreakpoint: self._add,
            RemoveBreakpoint: self._remove,
            EditBreakpoint: self._edit,
            EnableBreakpoint: self._enable,
            MuteBreakpoints: self._mute,
        }

    def loaded(self, target: str, debugger: Debugger) -> None:
        """Take over the breakpoints that are kept for a target, where it is another than before.

        Args:
            target: Its key in the file.
            debugger: The current debugger, which has those of before.
        """
        if self._file is None or target == self._target:
            return
        self._table.clear(debugger)
        self._target = target
        refused = []
        for spec in self._file.read(target):
            try:
                self._table.add(debugger, spec)
            except ProcessError as error:
                refused.append(str(error))
        if refused:
            self._file.keep_aside(f"{len(refused)} of its breakpoints on {target} cannot be set ({refused[0]})")
        self._kept = tuple(map(_to_keep, self._table.specs(debugger)))

    def move(self, old: Debugger | None, new: Debugger) -> None:
        """Set all of them again, in a new debugger.

        Args:
            old: The one that was current, or None.
            new: The one that is current from here on.
        """
        self.specs(old)
        self._table.move_to(new)
        new.muted = self._is_muted

    def specs(self, debugger: Debugger | None) -> tuple[BreakpointSpec, ...]:
        """Give all of them, and keep what has changed; the debugger removes some by itself (`once`).

        Args:
            debugger: The current debugger.
        """
        specs = self._table.specs(debugger)
        if self._file is not None and self._target:
            kept = tuple(map(_to_keep, specs))
            if kept != self._kept:
                self._kept = kept
                self._file.write(self._target, kept)
        return specs

    def number_of(self, point: Breakpoint) -> int | None:
        """Give the session's id of a breakpoint, None for one it does not know."""
        return self._table.number_of(point)

    @property
    def is_muted(self) -> bool:
        """Whether no breakpoint counts."""
        return self._is_muted

    async def _add(self, command: AddBreakpoint) -> BreakpointSpec:
        return self._table.add(self._ready(), command.breakpoint)

    async def _remove(self, command: RemoveBreakpoint) -> None:
        self._table.remove(self._ready(), command.breakpoint)

    async def _edit(self, command: EditBreakpoint) -> BreakpointSpec:
        return self._table.edit(self._ready(), command.breakpoint)

    async def _enable(self, command: EnableBreakpoint) -> None:
        self._table.enable(command.breakpoint, enabled=command.enabled)

    async def _mute(self, command: MuteBreakpoints) -> None:
        self._ready().muted = self._is_muted = command.muted


def _to_keep(spec: BreakpointSpec) -> BreakpointSpec:
    return spec.model_copy(update=_OF_ONE_RUN)
