"""The actions that go through what is recorded, event by event and superstep by superstep; none touches the run."""

from tui.control import RefusedError
from tui.recorded.moment import superstep_end
from tui.screens.view_actions import ViewActions


class TravelActions(ViewActions):
    """Handlers of the ways back."""

    def do_step_back(self, _: str = "") -> None:
        """Look at the event before, of those that the filter shows."""
        self.travel_by_event(-1)

    def do_next_back(self, _: str = "") -> None:
        """Look at the end of the superstep before."""
        self.travel_by_superstep(backwards=True)

    def travel_by_event(self, lines: int) -> None:
        """Move the cursor of the timeline.

        Args:
            lines: How far.

        Raises:
            RefusedError: There is nothing further on.
        """
        before = self.timeline.selected
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
        self.timeline.select(seq)
