"""Follows the calls of a run for its debugger: what steps are doing, and what has to be on disk before a crash."""

from time import monotonic, sleep
from typing import Final

from process_core.debug.debug_state import LiveSteps, WaitingInputs
from process_core.debug.pause_controller import ChangeListener, PauseController
from process_core.engine.instrument import RunInstrument
from process_core.engine.records import Invocation, RunRecord, StepInstance

_FLUSH_EVERY: Final = 0.05
"""Seconds between two times that a call waits for the run file."""
_FLUSH_WITHIN: Final = 0.05
"""Seconds that it waits at most."""
_FIRST_WITHIN: Final = 1.0
"""Seconds that the first call of a run waits at most: before it nothing of the run may be in the file."""
_FIRST_DELAY: Final = 0.01
"""Seconds that the first call of a run leaves to the thread that informs a screen of the run's file."""
_CAUGHT_UP: Final = 512
"""Events behind which a file may be for a call to wait. A run at full speed is further ahead always: to wait would cost
it a fifth of its time, and what a sudden end takes from it is what was recorded just before, as of any run."""


class CrashFlush:
    """Has on disk what led to a call that may hang or end the process; not each time, for it takes time.

    Attributes:
        due: When a call that begins next has to wait for the run file, in seconds of the monotonic clock.
    """

    __slots__ = ("due",)

    def __init__(self) -> None:
        self.due = 0.0

    def flush(self, run: RunRecord, *, is_watched: bool) -> None:
        """Wait a while until the file of a run has all that led to here.

        Args:
            run: The run.
            is_watched: Whether a screen looks on, which has to hear of the file first.
        """
        if run.file is not None and run.file.behind < _CAUGHT_UP:
            run.file.flush(_FLUSH_WITHIN if self.due else _FIRST_WITHIN)
            if is_watched and not self.due:
                sleep(_FIRST_DELAY)
        self.due = monotonic() + _FLUSH_EVERY


class DebugInstrument(RunInstrument):
    """Observes a run for its debugger; on the way of every call, so it does as little as it can.

    Args:
        run: The run.
        controller: The hold on the run.
        crash_flush: What has to be on disk.
        listener: Who is informed of changes.
    """

    def __init__(
        self,
        run: RunRecord,
        controller: PauseController,
        crash_flush: CrashFlush,
        listener: ChangeListener,
    ) -> None:
        self._run = run
        self._controller = controller
        self._crash_flush = crash_flush
        self._listener = listener
        self._running: dict[Invocation, None] = {}
        self._failed: dict[str, None] = {}
        self._unconcerned = controller.unconcerned
        # Bound here and not passed on by methods of our own: each call less counts in every superstep.
        self.warning = controller.warned  # type: ignore[method-assign]
        self.run_changed = controller.notify  # type: ignore[method-assign]

    def invocation_started(self, call: Invocation) -> None:
        """Note that a call runs, and flush what led to it where that is due."""
        self._running[call] = None
        if self._failed:
            self._failed.pop(call.slot.path, None)
        if self._run.wants_progress:
            self._controller.notify()
        if monotonic() > self._crash_flush.due:
            self._crash_flush.flush(self._run, is_watched=self._listener.call is not None)

    def invocation_ended(self, call: Invocation) -> None:
        """Note that a call has ended, and hold it against the breakpoints."""
        self._running.pop(call, None)
        controller = self._controller
        if (  # without another call, for most calls end like this
            call.function in self._unconcerned
            and call.failure is None
            and not call.is_cancelled
            and not self._run.wants_progress
        ):
            return
        if call.failure is not None:
            self._failed[call.slot.path] = None
        controller.ended(call)

    def state_replaced(self, _: StepInstance) -> None:
        """Let no watchpoint count what was done by hand."""
        self._controller.note_states()

    def live(self) -> LiveSteps:
        """Return what the steps are doing now."""
        running = dict.fromkeys(call.slot.path for call in self._running if not call.is_parked)
        parked = dict.fromkeys(call.slot.path for call in self._running if call.is_parked)
        waiting = [
            WaitingInputs(slot.path, group.function.name, arrived, missing)
            for process in self._run.root.processes()
            for slot, group, arrived, missing in process.joins.incomplete()
            if missing
        ]
        return LiveSteps(tuple(running), tuple(parked), tuple(self._failed), tuple(waiting))
