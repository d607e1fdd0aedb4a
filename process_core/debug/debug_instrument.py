"""What a run calls as each call begins and ends while it is debugged."""

import time
from collections.abc import Callable
from typing import Final

from process_core.debug.activity import Activity
from process_core.debug.pause_controller import PauseController
from process_core.engine.core import RunCore
from process_core.engine.invocation import Invocation

_SAVE_EVERY: Final = 0.05
"""Seconds between two times that a call waits for the run file."""
_FIRST_WORD: Final = 0.01
"""Seconds that the first call of a run leaves to the thread that tells a screen of the run's file."""
_SAVE_WITHIN: Final = 0.05
"""Seconds that it waits at most."""

_CAUGHT_UP: Final = 512
"""Events behind which a file may be for a call to wait. A run at full speed is further ahead always: to wait would cost
it a fifth of its time, and what a sudden end takes from it is what was recorded in the last moment, as of any run."""

Hook = Callable[[Invocation], None]


class CrashFlush:
    """Has on disk what led to a call that may hang or end the process; not each time, for it takes time.

    Attributes:
        due: When a call that begins next has to wait for the run file, in seconds of the monotonic clock.
    """

    __slots__ = ("due",)

    def __init__(self) -> None:
        self.due = 0.0

    def save(self, core: RunCore, *, is_watched: bool) -> None:
        """Wait a while until the file of a run has all that led to here.

        Args:
            core: The run.
            is_watched: Whether a screen looks on, which has to be told of the file first.
        """
        if core.writer is not None and core.writer.behind < _CAUGHT_UP:
            core.writer.flush(_SAVE_WITHIN)
            if is_watched and not self.due:
                time.sleep(_FIRST_WORD)
        self.due = time.monotonic() + _SAVE_EVERY


def hooks(
    core: RunCore,
    activity: Activity,
    gate: PauseController,
    last_words: CrashFlush,
    listener: Callable[[], Callable[[], None] | None],
) -> tuple[Hook, Hook]:
    """Make the hooks; they are on the way of every call, so they do all they can here.

    Args:
        core: The run.
        activity: What steps are doing.
        gate: The hold on the run.
        last_words: What has to be on disk.
        listener: Gives who is told of changes, or None.

    Returns:
        What to call as a call begins, and as it ends.
    """
    running, failed, passed, now = activity.running, activity.failed, gate.ended, time.monotonic

    def on_invoked(invocation: Invocation) -> None:
        running[invocation] = None
        if failed:
            failed.pop(invocation.slot.path, None)
        is_watched = listener() is not None
        if is_watched:
            gate.tell()
        if now() > last_words.due:
            last_words.save(core, is_watched=is_watched)

    def on_ended(invocation: Invocation) -> None:
        running.pop(invocation, None)
        if invocation.failure is not None:
            failed[invocation.slot.path] = None
        passed(invocation)

    return on_invoked, on_ended
