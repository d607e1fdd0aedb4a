"""The debug screen, as far as it shows graph, queue and inspector: of the present, or of a moment before."""

from typing import Any

from process_core.session.protocol.status import Status
from tui.actions import Panel
from tui.run_controller import RefusedError, RunControl
from tui.screens.graph_overlay import cut_off, forced_edges, overlay_of, paused_edge
from tui.screens.leave_actions import LeaveActions


class Showing(LeaveActions):
    """What is shown of how things stand.

    Args:
        control: Drives the session.
    """

    def __init__(self, control: RunControl) -> None:
        super().__init__(control)
        self._queue_known: tuple[Any, ...] = ()
        self._inspected_at = (0, "")
        self._run_path = ""
        self._lit: frozenset[str] = frozenset()
        self._forced: frozenset[str] = frozenset()

    def _show_queue(self, status: Status) -> None:
        paused = status.paused
        known = (status.run_id, status.pending, paused, status.waiting, status.undo, status.generation)
        if known == self._queue_known or self.control.session.died is not None:
            return
        self._queue_known = known
        if paused is None and Panel.QUEUE not in self.workspace.plan.shown:
            return
        self.later(self._read_queue(status), "queue")

    async def _read_queue(self, status: Status) -> None:
        try:
            messages = await self.control.pending() if status.run_id else []
        except RefusedError:
            messages = []
        self.queue.show(messages, status.waiting)
        self._show_graph(self.status)
        self.show_badges()

    def pull_soon(self) -> None:
        """Read what is new soon; the debug screen knows when."""

    def read_queue_again(self) -> None:
        """Have the queue read anew, though no count in the status says that it changed."""
        self._queue_known = ()
        self.pull_soon()

    def show_moment(self) -> None:
        """Bring everything up to date with the moment that is looked at."""
        self._show_graph(self.status)
        if self.inspected_step is not None:
            self.show_step(self.inspected_step)
        elif self.run_file is not None and self.timeline.selected is not None:
            self.inspector.show_event(self.until or self.run_file, self.timeline.selected)
        self.show_lines()

    def _show_graph(self, status: Status) -> None:
        if self.past is not None and self.until is not None:
            counts = self.until.step_counts()
            self.graph.set_overlay(overlay_of(self.past, counts, self._lit, self.edges, self._forced))
            return
        counts = self.run_file.step_counts() if self.run_file is not None else {}
        lit = self._lit
        if status.paused is not None and status.paused.message is not None:
            edge = paused_edge(status.paused.message, self.edges)
            lit = lit | {edge} if edge is not None else lit
        changed = [message for message in self.queue.messages if message.changed]
        forced = self._forced | forced_edges((), changed, self.edges)
        overlay = overlay_of(status, counts, lit, self.edges, forced)
        self.graph.set_overlay(overlay if self.control.session.died is None else cut_off(overlay))

    def _show_inspected(self, status: Status) -> None:
        """Keep the step that is looked at up to date."""
        at = (status.written, self._run_path)
        if self.inspected_step is not None and at != self._inspected_at and not self.in_past:
            self._inspected_at = at
            self.show_step(self.inspected_step)
