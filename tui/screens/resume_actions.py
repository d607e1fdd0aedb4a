"""Taking a run up again from what is recorded of it."""

from process_core.session.connection import CommandRefused
from tui.control import RefusedError
from tui.messages import TargetRefused
from tui.safe_text import safe
from tui.screens.travel_actions import TravelActions


class ResumeActions(TravelActions):
    """The handler of the action that goes on with a run whose worker died, or that failed or was cancelled."""

    async def do_resume(self, argument: str = "") -> None:
        """Load the target again and go on where the run was recorded last."""
        superstep = superstep_of(argument)
        self.focus_owed_to_chat = True
        self.say_waiting("TAKING UP")
        try:
            loaded = await self.control.resume(superstep)
        except CommandRefused as refused:
            self.app.post_message(TargetRefused(self.control.target, refused.failure))
            return
        finally:
            self.say_waiting("")
        self.not_started = ""
        self.show_loaded(loaded)


def superstep_of(argument: str) -> int | None:
    """Read the argument of the verb.

    Args:
        argument: As typed.

    Returns:
        The superstep, or None where none was named.

    Raises:
        RefusedError: It is no number.
    """
    if not argument:
        return None
    if not (argument.isascii() and argument.isdigit()):
        raise RefusedError(f"{safe(argument, 40)!r} is no superstep; resume alone takes the run up at its end")
    return int(argument)
