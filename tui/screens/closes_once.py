"""A page that closes once, however often it is clicked or confirmed."""

from typing import Any

from textual.await_complete import AwaitComplete
from textual.message_pump import MessagePump


class ClosesOnce(MessagePump):
    """What every page that can be dismissed has before Textual's screen among its bases.

    Textual closes whatever page is on top then. The second click of a double click comes to a page that has gone, and
    would close the one below it, at last the screen that everything stands on.
    """

    # No screen itself: of two that are, Textual takes the styles of the first only.

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close this page with a result; do nothing where it has been closed."""
        screens: list[Any] = self.app.screen_stack
        if self not in screens:
            return AwaitComplete()
        closed: AwaitComplete = super().dismiss(result)  # type: ignore[misc]  # the screen's own
        return closed
