"""For how long the calls that run now have been running, as the screen has seen it."""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from process_core.events import RunState
from process_core.runfile import RunFile, RunFileError
from process_core.session.protocol.status import Status

_MINUTE: Final = 60
_HOUR: Final = 3600
WORTH_SAYING: Final = 1.0
"""Seconds from which a call is said to take long."""


class RunningCall(NamedTuple):
    """A call that takes long.

    Attributes:
        path: Of its step.
        name: Of step and function, not safe to show as it is.
        seconds: For how long it has been running.
    """

    path: str
    name: str
    seconds: float

    @property
    def text(self) -> str:
        """How long that is."""
        whole = int(self.seconds)
        return f"{self.seconds:.1f} s" if whole < _MINUTE else f"{whole // _MINUTE} min {whole % _MINUTE} s"

    @property
    def short(self) -> str:
        """How long that is, in four cells at most for a week."""
        whole = int(self.seconds)
        if whole < 10 * _MINUTE:
            return f"{whole}s"
        return f"{whole // _MINUTE}m" if whole < 10 * _HOUR else f"{whole // _HOUR}h"


class RunningCalls:
    """Remembers since when each call runs.

    The screen's own clock counts, from when a call is seen first: it neither jumps nor stands still with the worker.

    Args:
        clock: Returns seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: dict[str, tuple[int, float]] = {}
        self._names: dict[int, str] = {}

    def note(self, status: Status, run_file: RunFile | None) -> None:
        """Note which calls run now; another call of the same step begins at nought."""
        is_running = status.state is RunState.IN_PROGRESS and run_file is not None
        paths = status.running if is_running else ()
        if not paths or run_file is None:
            self._since, self._names = {}, {}
            return
        now, last = self._clock(), run_file.last_seqs({"executor_invoked"})
        since: dict[str, tuple[int, float]] = {}
        for path in paths:
            seq = last.get(path, {}).get("executor_invoked", 0)
            before = self._since.get(path)
            since[path] = before if before is not None and before[0] == seq else (seq, now)
        self._since = since

    @property
    def is_any(self) -> bool:
        """Whether a call runs, so that time goes by."""
        return bool(self._since)

    def long(self, run_file: RunFile | None) -> list[RunningCall]:
        """Return the calls that take long, the longest first."""
        now = self._clock()
        calls = [(path, seq, now - since) for path, (seq, since) in self._since.items()]
        ages = sorted((call for call in calls if call[2] >= WORTH_SAYING), key=lambda call: -call[2])
        return [RunningCall(path, self._name(path, seq, run_file), seconds) for path, seq, seconds in ages]

    def _name(self, path: str, seq: int, run_file: RunFile | None) -> str:
        if seq not in self._names:
            function = None
            if seq and run_file is not None:
                try:
                    function = run_file.row(seq).function
                except RunFileError:
                    return path
            self._names[seq] = f"{path}.{function}" if function else path
        return self._names[seq]
