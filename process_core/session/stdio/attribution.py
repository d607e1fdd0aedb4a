"""Finds out which function wrote a line that bypassed Python's streams, such as a child process's output."""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence

from process_core.engine.context import StepContext
from process_core.session.stdio.fd_capture import FdCapture

LogLine = Callable[[str, str], None]


class Attribution:
    """Determines the one function that can have written a line, if there is only one.

    The pipes are emptied as each call begins and ends. So a line that comes in between is from a function that runs,
    and where only one does and no child process of an earlier one is alive, from that one. A line without a name
    is better than one with a wrong name.

    Args:
        log_orphan: Takes stream and line where the function is unknown.
    """

    def __init__(self, log_orphan: LogLine) -> None:
        self._log_orphan = log_orphan
        self._captures: Sequence[FdCapture] = ()
        self._open: dict[int, StepContext] = {}
        self._sole: StepContext | None = None
        self._has_strays = False

    def listen_to(self, captures: Sequence[FdCapture]) -> None:
        """Take lines from captures whose lines come directly: once read, nothing written before is still on its way."""
        self._captures = captures

    def begins(self, context: StepContext) -> None:
        """Note that a call begins."""
        self._take_in()
        self._open[id(context)] = context
        is_alone = len(self._open) == 1 and not self._has_strays and not _has_children()
        self._sole = context if is_alone else None

    def ends(self, context: StepContext) -> None:
        """Note that a call ends; what it wrote is logged before its end is."""
        self._take_in()
        self._open.pop(id(context), None)
        self._sole = None
        if isinstance(sys.exception(), asyncio.CancelledError):
            self._has_strays = True  # a thread cannot be cancelled: it may go on writing

    def drain(self) -> None:
        """Log the lines that were read."""
        for capture in self._captures:
            capture.drain(self._log)

    def _take_in(self) -> None:
        for capture in self._captures:
            if capture.read_now():
                capture.drain(self._log)

    def _log(self, stream: str, line: str) -> None:
        if self._sole is not None and self._sole.is_open:
            self._sole.log(stream, line)
        else:
            self._log_orphan(stream, line)


def _has_children() -> bool:
    """Whether a child process is alive, or has ended and has not been waited for."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
