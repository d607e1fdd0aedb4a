"""Leaving the app: at once, after a question, or by pressing Ctrl+C twice."""

import time
from collections.abc import Callable
from typing import Final

from process_core.events import RunState
from tui.screens.confirm import ConfirmScreen
from tui.screens.dispatcher import ActionHandlers
from tui.screens.parts import ScreenParts

AGAIN: Final = 2.0
"""Seconds within which the second Ctrl+C leaves."""


class QuitHandler:
    """Ends the app.

    Args:
        parts: The screen's parts.
        pause: Pauses the run.
    """

    def __init__(self, parts: ScreenParts, pause: Callable[[], None]) -> None:
        self._parts = parts
        self._pause = pause
        self._interrupted_at = -AGAIN

    @property
    def actions(self) -> ActionHandlers:
        """What it does, by action."""
        return {
            "quit": self.quit_,
            "leave_now": self.leave_now,
            "interrupt": self.interrupt,
        }

    def quit_(self) -> None:
        """Leave; asks first while a run is alive."""
        if not self._parts.is_alive:
            self.leave_now()
            return
        app = self._parts.app
        question = "A run is alive. Leave and end it? What it recorded stays."
        app.push_screen(ConfirmScreen(question, "Leave", "Stay"), lambda yes: app.exit() if yes else None)

    def leave_now(self) -> None:
        """Leave without asking."""
        self._parts.app.exit()

    def interrupt(self) -> None:
        """Pause the run; where nothing runs, the second time within two seconds leaves."""
        now = time.monotonic()
        again = now - self._interrupted_at < AGAIN
        if self._is_running:
            self._interrupted_at = now
            self._pause()
            self._parts.say("pausing the run; Ctrl+C again leaves")
        elif again:
            self.leave_now()
        else:
            self._interrupted_at = now
            self._parts.say("Ctrl+C again leaves")

    @property
    def _is_running(self) -> bool:
        status = self._parts.status
        is_still = status.paused is not None or status.state is not RunState.IN_PROGRESS or status.blocked_for > 0
        return self._parts.is_alive and not is_still
