"""Resuming what is recorded: at the end of a run that broke off, or from its past, as a fork."""

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from typing import Any, Final

from process_core.events import RunState
from process_core.runfile import RerunPreview
from process_core.session.client.session import CommandRefused
from process_core.session.protocol.envelope import Failure
from process_core.session.protocol.verbs import ResumeChoices
from tui.messages import ResumeWanted, TargetRefused
from tui.recorded.describe import how_on, mismatch_lines
from tui.recorded.recorded_session import RecordedSession
from tui.recorded.resuming import foreign_code
from tui.run_controller import RefusedError
from tui.screens.confirm import ConfirmScreen
from tui.screens.dispatcher import ActionHandlers
from tui.screens.parts import ScreenParts
from tui.screens.presenter import Presenter
from tui.text.safe_text import safe
from tui.typed_json import TypedJsonError, read_json

_LINES: Final = 8
_MOST_LINES: Final = 24
_WIDTH: Final = 100
_DIGITS: Final = 15


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
        superstep, choices = resume_arguments(argument)
        if parts.recording is not None:
            self._ask_to_resume(parts.recording, superstep, choices)
            return
        if superstep is None and self._presenter.moment.is_past:
            superstep = self._superstep_before()
        if superstep is not None and not parts.has_died and not parts.status.blocked_for:
            self._ask_to_fork(superstep, choices)
            return
        await self._resume(superstep, choices)

    async def _resume(self, superstep: int | None, choices: ResumeChoices) -> None:
        parts, presenter = self._parts, self._presenter
        presenter.leave_past()
        parts.focus_owed_to_chat = True
        presenter.show_waiting("RESUMING")
        try:
            loaded = await parts.control.resume(superstep, choices=choices)
        except CommandRefused as refused:
            if not self._asks_about(refused.failure, choices, partial(self._resume, superstep)):
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

    def _asks_about(
        self, failure: Failure, choices: ResumeChoices, again: Callable[[ResumeChoices], Coroutine[None, None, None]]
    ) -> bool:
        """Offer what can be done where something does not fit, or to keep all as it is; return whether there is any."""
        question = mismatch_question(failure, choices)
        if question is None:
            return False

        def answered(yes: bool | None) -> None:
            if yes:
                self._parts.later(partial(again, question.choices), "resume")

        self._parts.app.push_screen(question.page(), answered)
        return True

    # A recording

    def _ask_to_resume(self, recording: RecordedSession, superstep: int | None, choices: ResumeChoices) -> None:
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
        wanted = ResumeWanted(info, superstep, choices)

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

    def _ask_to_fork(self, superstep: int, choices: ResumeChoices) -> None:
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
                self._parts.later(partial(self._fork if is_live else self._resume, superstep, choices), "fork")

        self._parts.app.push_screen(page, answered)

    async def _fork(self, superstep: int, choices: ResumeChoices) -> None:
        parts, presenter = self._parts, self._presenter
        presenter.show_waiting("FORKING")
        try:
            loaded = await parts.control.fork(superstep, choices=choices)
        except CommandRefused as refused:
            if not self._asks_about(refused.failure, choices, partial(self._fork, superstep)):
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


@dataclass(frozen=True, slots=True)
class MismatchQuestion:
    """What is asked where something recorded does not fit the code.

    Attributes:
        text: The question, a safe text.
        yes: The word for it.
        choices: With what the run is resumed then.
    """

    text: str
    yes: str
    choices: ResumeChoices

    def page(self) -> ConfirmScreen:
        """Make the page that asks it."""
        return ConfirmScreen(self.text, self.yes, "Keep")


def mismatch_question(failure: Failure, choices: ResumeChoices) -> MismatchQuestion | None:
    """Return what is asked where a run was refused because something recorded does not fit; None where nothing helps.

    Args:
        failure: Why it was refused.
        choices: With which choices it was.
    """
    lines = [line for line, _ in mismatch_lines(failure, _LINES, _WIDTH)]
    more = len(lines) - _MOST_LINES
    lines = [*lines[:_MOST_LINES], *([f"and {more} more lines"] if more > 0 else []), ""]
    if failure.unfit:
        them = "these steps" if len(failure.unfit) > 1 else "this step"
        lines.append(f"Reset {them}, to go on with a new state? What is recorded of the old one stays in the file.")
        return MismatchQuestion("\n".join(lines), "Reset", replace(choices, reset=True))
    if failure.lost and choices.drop is not True:
        them = "these values" if len(failure.lost) > 1 else "this value"
        lines.append(
            f"Go on without {them}? What was sent with it is not delivered. Or choose one by one, after Keep:"
            " :resume drop NUMBER, or :resume replace NUMBER JSON."
        )
        return MismatchQuestion("\n".join(lines), "Drop", replace(choices, drop=True))
    return None


def resume_arguments(argument: str) -> tuple[int | None, ResumeChoices]:
    """Read the arguments of the verb: the superstep or None, and what is done with what does not fit.

    They are `[SUPERSTEP] [reset [STEP]] [drop [NUMBER ...]] [replace NUMBER JSON]`.
    """
    words = argument.split()
    superstep = int(words.pop(0)) if words and _is_number(words[0]) else None
    choices = ResumeChoices()
    while words:
        word = words.pop(0)
        if word == "reset":
            step = " ".join(_until(words, ("drop", "replace")))
            choices = replace(choices, reset=(step,) if step else True)
        elif word == "drop":
            numbers = _until(words, ("reset", "replace"))
            if not all(map(_is_number, numbers)):
                raise RefusedError("drop takes the numbers of values, or none for all that cannot be made again")
            choices = replace(choices, drop=tuple(map(int, numbers)) or True)
        elif word == "replace":
            return superstep, replace(choices, replace=_replacement(argument))
        else:
            raise RefusedError(
                f"{safe(word, 40)!r} is not a superstep; resume alone resumes the run at its end, reset [STEP] after it"
                " begins steps with a new state, drop [NUMBER] and replace NUMBER JSON go on without values, or with"
                " others"
            )
    return superstep, choices


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= _DIGITS


def _until(words: list[str], ends: tuple[str, ...]) -> list[str]:
    """Take off the words before one of those."""
    taken = list(takewhile(lambda word: word not in ends, words))
    del words[: len(taken)]
    return taken


def _replacement(argument: str) -> dict[int, Any]:
    found = re.search(r"(?:^|\s)replace\s+([0-9]{1,15})\s+(\S.*)$", argument, re.DOTALL)
    if found is None:
        raise RefusedError("replace takes the number of a value, and JSON")
    try:
        return {int(found[1]): read_json(found[2])}
    except TypedJsonError as error:
        raise RefusedError(f"the value is {error}") from None
