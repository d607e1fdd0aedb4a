"""Resuming what is recorded: at the end of a run that broke off, or from its past, as a fork."""

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Final

from process_core.events import RunState
from process_core.runfile import RerunPreview
from process_core.session.client.session import CommandRefused
from tui.messages import ResumeWanted, TargetRefused
from tui.recorded.describe import how_on
from tui.recorded.recorded_session import RecordedSession
from tui.recorded.resuming import foreign_code
from tui.run_controller import RefusedError
from tui.screens.confirm import ConfirmScreen
from tui.screens.dispatcher import ActionHandlers
from tui.screens.parts import ScreenParts
from tui.screens.presenter import Presenter
from tui.text.safe_text import safe, safe_lines

Reset = bool | tuple[str, ...]
"""What begins with a new state: the steps named, or True for every one whose recorded state does not fit."""
_LINES: Final = 8


class ResumeHandler:
    """Resumes a run from what is recorded of it."""

    def __init__(self, parts: ScreenParts, presenter: Presenter) -> None:
        self._parts = parts
        self._presenter = presenter

    @property
    def actions(self) -> ActionHandlers:
        """What it does, by action."""
        return {
            "resume": self.resume,
        }

    async def resume(self, argument: str) -> None:
        """Resume where the run was recorded last; from the past, or after a superstep named, as a fork."""
        parts = self._parts
        superstep, reset = resume_arguments(argument)
        if parts.recording is not None:
            self._ask_to_resume(parts.recording, superstep, reset)
            return
        if superstep is None and self._presenter.moment.is_past:
            superstep = self._superstep_before()
        if superstep is not None and not parts.has_died and not parts.status.blocked_for:
            self._ask_to_fork(superstep, reset)
            return
        await self._resume(superstep, reset)

    async def _resume(self, superstep: int | None, reset: Reset) -> None:
        parts, presenter = self._parts, self._presenter
        presenter.leave_past()
        parts.focus_owed_to_chat = True
        presenter.show_waiting("RESUMING")
        try:
            loaded = await parts.control.resume(superstep, reset=reset)
        except CommandRefused as refused:
            if refused.failure.unfit:
                self._ask_to_reset(refused.failure.unfit, partial(self._resume, superstep, reset=True))
            else:
                parts.app.post_message(TargetRefused(parts.control.target, refused.failure))
            return
        except RefusedError as error:
            parts.say(safe(str(error)), "error")
            return
        finally:
            presenter.show_waiting("")
        parts.not_started = ""
        presenter.show_loaded(loaded)
        if superstep is not None:
            self._report_fork(superstep)

    def _ask_to_reset(self, unfit: Mapping[str, str], again: Callable[[], Coroutine[None, None, None]]) -> None:
        """Offer what a reload offers where states do not fit: to keep things as they are, or to reset those steps."""

        def answered(yes: bool | None) -> None:
            if yes:
                self._parts.later(again, "resume")

        self._parts.app.push_screen(ConfirmScreen(reset_question(unfit), "Reset", "Keep"), answered)

    # A recording

    def _ask_to_resume(self, recording: RecordedSession, superstep: int | None, reset: Reset) -> None:
        info, moment = recording.info, self._presenter.moment
        here = moment.status.superstep
        if info.is_live or (superstep is None and info.state is RunState.STOPPED):
            raise RefusedError(how_on(info, here))
        what = f"Fork this run after superstep {superstep}" if superstep is not None else "Go on where this run ended"
        question = f"{what}? That runs the code of {safe(info.target or 'no known target', 200)}."
        foreign = foreign_code(info.path, info.target or "")
        if foreign is not None:
            question += f"\n\nThat lies OUTSIDE of this project: {safe(str(foreign), 1000)}\n\n"
        if superstep is None and moment.seq < moment.written:
            question += f" (:resume {here} forks it from what you look at.)"
        wanted = ResumeWanted(info, superstep, reset)

        def answered(yes: bool | None) -> None:
            if yes:
                self._parts.app.post_message(wanted)

        self._parts.app.push_screen(ConfirmScreen(question, "Go on", "Stay"), answered)

    # Forks

    def _superstep_before(self) -> int:
        """Return the superstep that was over last at the moment that is looked at."""
        moment = self._presenter.moment
        checkpoint = moment.run.checkpoint_at(moment.seq) if moment.run is not None else None
        return checkpoint.superstep if checkpoint is not None else 0

    def _ask_to_fork(self, superstep: int, reset: Reset) -> None:
        run_file = self._presenter.run_file
        if run_file is None:
            raise RefusedError("there is no run yet")
        again = run_file.runs_again(superstep)
        if again is None:
            last = run_file.checkpoint_at(self._parts.status.written)
            over = last.superstep if last is not None else 0
            raise RefusedError(f"superstep {superstep} was not finished; the last that was is {over}")
        state = self._parts.status.state
        is_live = state is not None and not state.is_ended
        page = ConfirmScreen(fork_question(superstep, again, is_live=is_live), "Fork", "Stay")

        def answered(yes: bool | None) -> None:
            if yes:
                self._parts.later(partial(self._fork if is_live else self._resume, superstep, reset), "fork")

        self._parts.app.push_screen(page, answered)

    async def _fork(self, superstep: int, reset: Reset) -> None:
        parts, presenter = self._parts, self._presenter
        presenter.show_waiting("FORKING")
        try:
            loaded = await parts.control.fork(superstep, reset=reset)
        except CommandRefused as refused:
            if refused.failure.unfit:
                self._ask_to_reset(refused.failure.unfit, partial(self._fork, superstep, reset=True))
            else:
                parts.say(safe(refused.failure.message), "error")
            return
        except RefusedError as error:
            parts.say(safe(str(error)), "error")
            return
        finally:
            presenter.show_waiting("")
        parts.not_started = ""
        presenter.show_loaded(loaded)
        presenter.leave_past()
        self._report_fork(superstep)

    def _report_fork(self, superstep: int) -> None:
        self._parts.say(f"forked after superstep {superstep} into a run of its own")


def fork_question(superstep: int, again: RerunPreview, *, is_live: bool) -> str:
    """Return what is asked before a fork, as a safe text.

    Args:
        superstep: After which it begins.
        again: What runs again.
        is_live: Whether the run that is forked goes on until then.
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


def reset_question(unfit: Mapping[str, str]) -> str:
    """Return what is asked where recorded states do not fit the code, as a safe text.

    Args:
        unfit: Why not, by path of the step.
    """
    lines = []
    for path, report in list(unfit.items())[:_LINES]:
        lines += [f"{safe(path, 60)}:", *(f"  {line}" for line in safe_lines(report, _LINES, 100))]
    more = len(unfit) - _LINES
    lines += [f"and {more} more"] if more > 0 else []
    them = "these steps" if len(unfit) > 1 else "this step"
    return "\n".join(
        [*lines, "", f"Reset {them}, to go on with a new state? What is recorded of the old one stays in the file."]
    )


def resume_arguments(argument: str) -> tuple[int | None, Reset]:
    """Read the arguments of the verb, `[SUPERSTEP] [reset [STEP]]`: the superstep or None, and what is reset."""
    first, _, rest = argument.strip().partition(" ")
    superstep = None
    if first.isascii() and first.isdigit():
        superstep = int(first)
        first, _, rest = rest.strip().partition(" ")
    if not first:
        return superstep, ()
    if first != "reset":
        raise RefusedError(
            f"{safe(first, 40)!r} is not a superstep; resume alone resumes the run at its end, reset [STEP] after it"
            " begins steps with a new state"
        )
    return superstep, (rest.strip(),) if rest.strip() else True
