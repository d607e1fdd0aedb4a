"""Leaving the app: at once, after a question, or by pressing Ctrl+C twice."""

import time
from typing import Final

from process_core.events import RunState
from tui.actions import BY_NAME
from tui.screens.confirm import ConfirmScreen
from tui.screens.resume_actions import ResumeActions

AGAIN: Final = 2.0
"""Seconds within which the second Ctrl+C leaves."""


class LeaveActions(ResumeActions):
    """Handlers of the actions that end the app."""

    _interrupted_at = -AGAIN

    def do_quit(self, _: str = "") -> None:
        """Leave; asks first while a run is alive."""
        self.leave_app(ask=True)

    def do_leave_now(self, _: str = "") -> None:
        """Leave without asking."""
        self.leave_app(ask=False)

    def do_interrupt(self, _: str = "") -> None:
        """Pause the run; where it stands already, the second time within two seconds leaves."""
        now = time.monotonic()
        again = now - self._interrupted_at < AGAIN
        status = self.status
        stands = status.paused is not None or status.state is not RunState.IN_PROGRESS or status.blocked_for > 0
        if (stands or self.control.session.died is not None) and again:
            self.leave_app(ask=False)
            return
        self._interrupted_at = now
        if not stands and self.control.session.died is None:
            self.perform(BY_NAME["pause"])
            self.say("pausing the run; Ctrl+C again leaves")
        else:
            self.say("Ctrl+C again leaves")

    @property
    def is_alive(self) -> bool:
        """Whether leaving now would end a run."""
        state = self.status.state
        return state is not None and not state.is_ended and self.control.session.died is None

    def leave_app(self, *, ask: bool) -> None:
        """Leave the app.

        Args:
            ask: Whether to ask first while a run is alive.
        """
        if not ask or not self.is_alive:
            self.app.exit()
            return
        question = "A run is alive. Leave and end it? What it recorded stays."
        self.app.push_screen(ConfirmScreen(question, "Leave", "Stay"), lambda yes: self.app.exit() if yes else None)
