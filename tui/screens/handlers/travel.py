"""The ways back: through what is recorded, event by event and superstep by superstep; none touches the run."""

import asyncio
from pathlib import Path

from process_core.predicate import PredicateError
from process_core.runfile import RunFile, RunFileError, superstep_end
from tui.actions import Panel
from tui.recorded.reverse_search import Wanted, find_back, wanted_by, wanted_of
from tui.run_controller import RefusedError
from tui.screens.dispatcher import ActionHandlers
from tui.screens.parts import ScreenParts
from tui.screens.presenter import Presenter
from tui.text.safe_text import safe


class TravelHandler:
    """Moves the moment that is looked at."""

    def __init__(self, parts: ScreenParts, presenter: Presenter) -> None:
        self._parts = parts
        self._presenter = presenter

    @property
    def actions(self) -> ActionHandlers:
        """What it does, by action."""
        return {
            "step_back": self.step_back,
            "next_back": self.next_back,
            "reverse": self.reverse,
            "goto_paused": self.goto_paused,
        }

    def step_back(self) -> None:
        """Look at the event before, of those that the filter shows."""
        self._by_event(-1)
        self._presenter.enter_past()

    def next_back(self) -> None:
        """Look at the end of the superstep before."""
        self._by_superstep(backwards=True)
        self._presenter.enter_past()

    def step_on(self) -> None:
        """Look at the next event, of those that the filter shows."""
        self._forward(supersteps=False)

    def next_on(self) -> None:
        """Look at the end of the next superstep."""
        self._forward(supersteps=True)

    async def reverse(self, argument: str) -> None:
        """Look at the last event before that a breakpoint or a predicate matches."""
        selected, run_file = self._parts.timeline.selected, self._presenter.run_file
        if selected is None or run_file is None:
            raise RefusedError("nothing is recorded yet")
        wanted, what = self._wanted(argument)
        try:
            seq = await asyncio.to_thread(_find_back, run_file.path, selected.seq, wanted)
        except RunFileError as error:
            raise RefusedError(str(error)) from None
        if seq is None:
            raise RefusedError(f"no earlier event {what}")
        self._parts.timeline.select(seq)
        self._presenter.enter_past()
        self._parts.say(f"event {seq}, the last before {what}")

    def _wanted(self, argument: str) -> tuple[list[Wanted], str]:
        if argument:
            try:
                return [wanted_by(argument)], f"where {safe(argument, 60)}"
            except PredicateError as error:
                raise RefusedError(f"{error.problem} (column {error.column})") from None
        specs = self._parts.breakpoint_control.specs
        wanted = [wanted for wanted in map(wanted_of, specs) if wanted is not None]
        if not wanted:
            raise RefusedError("no breakpoint is on; back-to PREDICATE goes back to where a predicate holds")
        return wanted, "that a breakpoint matches"

    def goto_paused(self) -> None:
        """Select the event at which the run is paused; from the past, go back to the present."""
        if self._presenter.in_past:
            self._presenter.leave_past()
            return
        paused = self._parts.status.paused
        if paused is None or paused.seq is None:
            raise RefusedError("the run is not paused")
        self._parts.timeline.select(paused.seq, keep_follow=True)
        self._parts.go_to(Panel.TIMELINE)

    def _forward(self, *, supersteps: bool) -> None:
        try:
            if supersteps:
                self._by_superstep(backwards=False)
            else:
                self._by_event(1)
        except RefusedError:
            if not self._presenter.in_past:
                raise
            self.to_present("this is the present again")
            return
        row = self._parts.timeline.selected
        if self._presenter.in_past and row is not None and row.seq >= self._parts.status.written:
            self.to_present("this is the present again")

    def to_present(self, text: str) -> None:
        """Go back to the present, and say so."""
        self._presenter.leave_past()
        self._parts.say(text)

    def _by_event(self, lines: int) -> None:
        timeline = self._parts.timeline
        before = timeline.selected
        timeline.action_move(lines)
        now = timeline.selected
        if before is None or now is None or before.seq == now.seq:
            raise RefusedError("this is the first event" if lines < 0 else "this is the last event so far")
        self._presenter.keep_step()

    def _by_superstep(self, *, backwards: bool) -> None:
        selected, run_file = self._parts.timeline.selected, self._presenter.run_file
        if selected is None or run_file is None:
            raise RefusedError("nothing is recorded yet")
        seq = superstep_end(run_file, selected.seq, backwards=backwards) or (1 if backwards else run_file.count())
        if seq == selected.seq:
            raise RefusedError("this is the first event" if backwards else "this is the last event so far")
        self._presenter.keep_step()
        self._parts.timeline.select(seq)


def _find_back(path: Path, seq: int, wanted: list[Wanted]) -> int | None:
    """Look back with a reader of its own, so that the screen goes on meanwhile."""
    with RunFile(path) as own:
        return find_back(own, seq, wanted)
