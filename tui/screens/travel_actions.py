"""The ways back: through what is recorded, event by event and superstep by superstep; none touches the run.

While the past is looked at, everything is shown as it was then, and the keys that drive the run go through what is
recorded.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Final

from textual.timer import Timer

from process_core.graph import Node
from process_core.predicate import PredicateError
from process_core.runfile import Row, RunFile, RunFileError
from process_core.session.protocol.status import Status
from tui.recorded.reverse_search import Wanted, find_back, wanted_by, wanted_of
from tui.recorded.run_at_event import RunAtEvent, status_at, superstep_end
from tui.run_controller import RefusedError
from tui.screens.view_actions import ViewActions
from tui.status.mode import ModeState, state_word
from tui.text.safe_text import safe

_SLICE: Final = 0.008
_PAUSE: Final = 0.04
_PRESENT: Final = "this is the past: . goes back to the present, u goes on from here as a fork"


class TravelActions(ViewActions):
    """Handlers of the ways back.

    Attributes:
        past: How things stood at the moment that is looked at; None in the present.
        until: The run file as of that moment.
        travels: Whether the cursor moves in time only, so that a step in the inspector stays there.
    """

    past: Status | None = None
    until: RunAtEvent | None = None
    travels = False
    _preparing: Timer | None = None

    # Going

    def do_step_back(self, _: str = "") -> None:
        """Look at the event before, of those that the filter shows."""
        self.travel_by_event(-1)
        self.enter_past()

    def do_next_back(self, _: str = "") -> None:
        """Look at the end of the superstep before."""
        self.travel_by_superstep(backwards=True)
        self.enter_past()

    async def do_reverse(self, argument: str = "") -> None:
        """Look at the last event before that a breakpoint or a predicate matches."""
        selected, run_file = self.timeline.selected, self.run_file
        if selected is None or run_file is None:
            raise RefusedError("nothing is recorded yet")
        if argument:
            try:
                wanted = [wanted_by(argument)]
            except PredicateError as error:
                raise RefusedError(f"{error.problem} (column {error.column})") from None
            what = f"where {safe(argument, 60)}"
        else:
            wanted = [one for one in map(wanted_of, self.stops.specs) if one is not None]
            what = "that a breakpoint matches"
            if not wanted:
                raise RefusedError("no breakpoint is on; back-to PREDICATE goes back to where a predicate holds")
        try:
            seq = await asyncio.to_thread(_find_back, run_file.path, selected.seq, wanted)
        except RunFileError as error:
            raise RefusedError(str(error)) from None
        if seq is None:
            raise RefusedError(f"no earlier event {what}")
        self.timeline.select(seq)
        self.enter_past()
        self.say(f"event {seq}, the last before {what}")

    def travel_by_event(self, lines: int) -> None:
        """Move the cursor of the timeline.

        Args:
            lines: How far.

        Raises:
            RefusedError: There is nothing further on.
        """
        before = self.timeline.selected
        self.travels = self.inspected_step is not None
        self.timeline.action_move(lines)
        now = self.timeline.selected
        if before is None or now is None or before.seq == now.seq:
            raise RefusedError("this is the first event" if lines < 0 else "this is the last event so far")

    def travel_by_superstep(self, *, backwards: bool) -> None:
        """Select the event with which another superstep of the root process was over.

        Args:
            backwards: Whether to go to an earlier one.

        Raises:
            RefusedError: There is nothing further on.
        """
        selected, run_file = self.timeline.selected, self.run_file
        if selected is None or run_file is None:
            raise RefusedError("nothing is recorded yet")
        end = superstep_end(run_file, selected.seq, backwards=backwards)
        seq = end or (1 if backwards else run_file.count())
        if seq == selected.seq:
            raise RefusedError("this is the first event" if backwards else "this is the last event so far")
        self.travels = self.inspected_step is not None
        self.timeline.select(seq)

    # Being there

    @property
    def in_past(self) -> bool:
        """Whether a moment of the past is looked at."""
        return self.past is not None

    @property
    def moment_seq(self) -> int | None:
        """Seq of the event of the past that is looked at; None in the present."""
        return self.past.written if self.past is not None else None

    def enter_past(self) -> None:
        """Show everything as it was at the selected event, from here on wherever the cursor goes."""
        row = self.timeline.selected
        if row is not None and self.run_file is not None:
            self.timeline.follow = False
            self.prepare_past()
            self.look_at(self.run_file.row(row.seq))

    def prepare_past(self) -> None:
        """Go through a long run a little at a time, before the user goes far back in it."""
        if self._preparing is None:
            self._preparing = self.set_interval(_PAUSE, self._prepare)

    def _prepare(self) -> None:
        try:
            is_done = self.run_file is None or self.run_file.prepare_past(_SLICE)
        except RunFileError:
            is_done = True
        if is_done and self._preparing is not None:
            self._preparing.stop()
            self._preparing = None

    def look_at(self, row: Row) -> None:
        """Show everything as it was at an event.

        Args:
            row: Its row in the run file.
        """
        if self.run_file is None:
            return
        try:
            until = self.until if self.until is not None and self.in_past else RunAtEvent(self.run_file)
            until.seq = row.seq
            self.until, self.past = until, status_at(self.run_file, row)
            self.chat.transcript.show_until(row.seq)
            self.show_moment()
        except RunFileError as error:
            self.banner.show(safe(str(error)))

    def view(self) -> ModeState:
        """Give what the mode line shows."""
        view = super().view()
        if self.past is None:
            return view
        status = self.status
        moment = self.past.model_copy(update={"written": status.written})
        told = f"the run: {state_word(status)}"
        return replace(view, status=moment, replay=self.past.written, recorded=told, held=0, is_own=True)

    def show_node(self, node: Node) -> None:
        """Show a step in the inspector, as it was."""
        if self.until is not None and self.past is not None:
            self.inspector.show_step(self.until, node, self.past)
        else:
            super().show_node(node)

    def show_moment(self) -> None:
        """Bring everything up to date with the moment that is looked at; the debug screen knows how."""

    def leave_past(self) -> None:
        """Show everything as it stands now."""
        if not self.in_past:
            return
        self.past = self.until = None
        self.chat.transcript.show_all()
        paused = self.status.paused
        seq = paused.seq if paused is not None and paused.seq is not None else self.status.written
        self.timeline.select(seq, keep_follow=True)
        self.timeline.follow = True
        self.show_moment()

    def check_present(self) -> None:
        """Refuse where what is on the screen is not what would be changed.

        Raises:
            RefusedError: The past is looked at.
        """
        if self.in_past:
            raise RefusedError(_PRESENT)

    # The keys that drive the run

    def _forward(self, *, supersteps: bool) -> None:
        try:
            if supersteps:
                self.travel_by_superstep(backwards=False)
            else:
                self.travel_by_event(1)
        except RefusedError:
            self.leave_past()
            self.say("this is the present again")
            return
        row = self.timeline.selected
        if row is not None and row.seq >= self.status.written:
            self.leave_past()
            self.say("this is the present again")

    async def do_step(self, argument: str = "") -> None:
        """Deliver one message; in the past, look at the next event."""
        if self.in_past:
            self._forward(supersteps=False)
        else:
            await super().do_step(argument)

    async def do_next(self, argument: str = "") -> None:
        """Run one superstep; in the past, look at the end of the next one."""
        if self.in_past:
            self._forward(supersteps=True)
        else:
            await super().do_next(argument)

    async def do_continue(self, argument: str = "") -> None:
        """Let the run go on; in the past, go to the present first."""
        if self.in_past:
            self.leave_past()
            self.say("this is the present again; c once more lets the run go on")
        else:
            await super().do_continue(argument)

    async def do_into(self, argument: str = "") -> None:
        """Step into the nested process."""
        self.check_present()
        await super().do_into(argument)

    async def do_out(self, argument: str = "") -> None:
        """Step out of the nested process."""
        self.check_present()
        await super().do_out(argument)

    async def do_run_to(self, argument: str = "") -> None:
        """Go on until just before a place."""
        self.check_present()
        await super().do_run_to(argument)

    async def do_restart(self, argument: str = "") -> None:
        """Load the target again and start anew."""
        self.leave_past()
        await super().do_restart(argument)

    def do_goto_paused(self, argument: str = "") -> None:
        """Select the event at which the run is paused; from the past, go back to the present."""
        if self.in_past:
            self.leave_past()
        else:
            super().do_goto_paused(argument)

    def do_leave(self, argument: str = "") -> None:
        """Leave the text box, or the past, or the panel that fills the screen."""
        if self.in_past and not self.inserting:
            self.leave_past()
        else:
            super().do_leave(argument)


def _find_back(path: Path, seq: int, wanted: list[Wanted]) -> int | None:
    """Look back with a reader of its own, so that the screen goes on meanwhile."""
    with RunFile(path) as own:
        return find_back(own, seq, wanted)
