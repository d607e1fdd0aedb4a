"""Going on from what is recorded: at the end of a run that broke off, or from its past, as a fork."""

from typing import Final

from process_core.runfile import RerunPreview, RunFileError, runs_again
from process_core.session.client.session import CommandRefused
from tui.messages import TargetRefused
from tui.run_controller import RefusedError
from tui.screens.confirm import ConfirmScreen
from tui.screens.travel_actions import TravelActions
from tui.text.safe_text import safe

_LINES: Final = 8


class ResumeActions(TravelActions):
    """The handler of the action that goes on with a run from what is recorded of it."""

    async def do_resume(self, argument: str = "") -> None:
        """Go on where the run was recorded last; from the past, or after a superstep named, as a fork."""
        superstep = superstep_of(argument)
        if superstep is None and self.in_past:
            superstep = self._superstep_before()
        if superstep is not None and self.control.session.died is None and not self.status.blocked_for:
            self._ask_to_fork(superstep)
            return
        await self._take_up(superstep)

    async def _take_up(self, superstep: int | None) -> None:
        self.leave_past()
        self.focus_owed_to_chat = True
        self.say_waiting("TAKING UP")
        try:
            loaded = await self.control.resume(superstep)
        except CommandRefused as refused:
            self.app.post_message(TargetRefused(self.control.target, refused.failure))
            return
        except RefusedError as error:
            self.say(safe(str(error)), "error")
            return
        finally:
            self.say_waiting("")
        self.not_started = ""
        self.show_loaded(loaded)
        if superstep is not None:
            self._say_forked(superstep)

    # Forks

    def _superstep_before(self) -> int:
        """Give the superstep that was over last at the moment that is looked at."""
        checkpoint = self.until.checkpoint_at(self.until.seq) if self.until is not None else None
        return checkpoint.superstep if checkpoint is not None else 0

    def _ask_to_fork(self, superstep: int) -> None:
        if self.run_file is None:
            raise RefusedError("there is no run yet")
        try:
            again = runs_again(self.run_file, superstep)
        except RunFileError as error:
            raise RefusedError(str(error)) from None
        if again is None:
            raise RefusedError(f"superstep {superstep} was not finished; the last that was is {self._last_superstep()}")
        state = self.status.state
        is_live = state is not None and not state.is_ended
        page = ConfirmScreen(fork_question(superstep, again, is_live=is_live), "Fork", "Stay")

        def answered(yes: bool | None) -> None:
            if yes:
                self.later(self._fork(superstep) if is_live else self._take_up(superstep), "fork")

        self.app.push_screen(page, answered)

    def _last_superstep(self) -> int:
        assert self.run_file is not None
        checkpoint = self.run_file.checkpoint_at(self.status.written)
        return checkpoint.superstep if checkpoint is not None else 0

    async def _fork(self, superstep: int) -> None:
        self.say_waiting("FORKING")
        try:
            loaded = await self.control.fork(superstep)
        except RefusedError as error:
            self.say(safe(str(error)), "error")
            return
        finally:
            self.say_waiting("")
        self.not_started = ""
        self.show_loaded(loaded)
        self.leave_past()
        self._say_forked(superstep)

    def _say_forked(self, superstep: int) -> None:
        self.say(f"forked after superstep {superstep} into a run of its own")


def fork_question(superstep: int, again: RerunPreview, *, is_live: bool) -> str:
    """Write what is asked before a fork.

    Args:
        superstep: After which it begins.
        again: What runs again.
        is_live: Whether the run that is forked goes on until then.

    Returns:
        A safe text.
    """
    where = f"after superstep {superstep}" if superstep else "from its very beginning"
    lines = [f"Fork this run {where}? It becomes a run of its own, paused before its first message."]
    lines.append(
        "The run as it stands is cancelled; its recording stays." if is_live else "The recording of this one stays."
    )
    if again.calls:
        lines += ["", "These steps run again, with all that they do outside of the process:"]
        lines += [f"  {safe(path, 50)}  {times}x" for path, times in again.calls[:_LINES]]
        more = len(again.calls) - _LINES
        lines += [f"  and {more} more"] if more > 0 else []
    else:
        lines += ["", "No step has run since then."]
    return "\n".join(lines)


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
