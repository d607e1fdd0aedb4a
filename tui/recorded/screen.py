"""The debug screen on a recorded run: everything is shown as it stood at the event under the timeline's cursor."""

import time
from pathlib import Path
from typing import ClassVar, Final

from textual import on

from process_core.events import RunState
from process_core.runfile import RunFileError, RunInfo
from process_core.session.protocol.status import Status
from tui.actions import Panel
from tui.inspector.panel import InspectorPanel
from tui.recorded.control import RecordedControl
from tui.recorded.describe import ending, how_on
from tui.recorded.inspector import RecordedInspector
from tui.recorded.messages import ResumeWanted
from tui.recorded.run_at_event import RunAtEvent, status_at
from tui.run_controller import RefusedError
from tui.screens.confirm import ConfirmScreen
from tui.screens.debug_screen import DebugScreen
from tui.screens.graph_overlay import chain, forced_edges, lit_edges, overlay_of
from tui.screens.leave_actions import AGAIN
from tui.screens.resume_actions import superstep_of
from tui.status.mode import ModeState
from tui.text.safe_text import safe
from tui.timeline.view import TimelineView

_STYLES: Final = str(Path(__file__).parent.parent / "screens" / "debug.tcss")


class ReplayScreen(DebugScreen):
    """Shows a recorded run; nothing of it is imported, and nothing can change it.

    Args:
        control: Of the recorded run.
        at: The event to look at first; None looks at the last.
    """

    CSS_PATH = _STYLES
    INSPECTOR: ClassVar[type[InspectorPanel]] = RecordedInspector

    def __init__(self, control: RecordedControl, at: int | None = None) -> None:
        super().__init__(control)
        self.recorded = control
        self.moment = Status()
        self._until: RunAtEvent | None = None
        self._at = at
        self._has_arrived = False
        self._generation: int | None = None
        self._keeps_step = False
        self._asked_to_leave = -AGAIN

    @property
    def info(self) -> RunInfo:
        """What the file says of its run."""
        return self.recorded.info

    @property
    def is_alive(self) -> bool:
        """Whether leaving now would end a run; it never does."""
        return False

    # Showing

    def pull(self) -> None:
        """Show where things stand."""
        super().pull()
        if self.run_file is not None and not self._has_arrived:
            self._has_arrived = True
            self.call_after_refresh(self._arrive)  # before the timeline has a size, its cursor would not stay
        self.chat.set_note("‖ a recording, read-only" if not self.info.is_live else "▸ another process runs this")

    def _arrive(self) -> None:
        self.workspace.show(Panel.INSPECTOR)
        if self._at is not None:
            self.timeline.select(self._at)
        self.prepare_past()

    def view(self) -> ModeState:
        """Give what the mode line shows."""
        return ModeState(
            name=self.info.process,
            status=self.moment.model_copy(update={"written": self.status.written}),
            loading=self.loading_text,
            insert=self.inserting,
            replay=self.moment.written,
            recorded=ending(self.info),
        )

    @on(TimelineView.EventSelected)
    def _moment_changed(self, event: TimelineView.EventSelected) -> None:
        """Go to the moment; the screen's own handler, which follows, shows the event and asks for the graph."""
        if self.run_file is None:
            return
        row = event.row
        try:
            self._until = self._until or RunAtEvent(self.run_file)
            self._until.seq = row.seq
            self.moment = status_at(self.run_file, self.run_file.row(row.seq))
            self._show_generation(row.seq, self.moment.generation)
        except RunFileError as error:
            self.banner.show(safe(str(error)))
            return
        self.banner.show("")
        self.recorded.superstep = self.moment.superstep
        self.chat.transcript.show_until(row.seq)
        if self._keeps_step:
            self._led_to = row.seq
        self._keeps_step = False
        if self.inspected_step is not None and (event.automatic or self._led_to == row.seq):
            self.show_step(self.inspected_step)
        self.show_lines()

    def _show_generation(self, seq: int, generation: int) -> None:
        """Show the graph that was in force, where code was reloaded during the run."""
        if self.run_file is None or generation == self._generation:
            return
        self._generation = generation
        _, nodes, edges = self.run_file.graph_at(seq)
        self.edges = edges
        self.graph.set_graph(nodes, edges)

    def _show_graph(self, status: Status) -> None:  # noqa: ARG002 - the moment counts, not the end
        if self.run_file is None or self._until is None:
            return
        row = self.timeline.selected
        try:
            counts = self._until.step_counts()
            rows = chain(row, self._row) if row is not None else []
        except RunFileError as error:
            self.banner.show(safe(str(error)))
            return
        lit, forced = lit_edges(rows, self.edges), forced_edges(rows, (), self.edges)
        self.graph.set_overlay(overlay_of(self.moment, counts, lit, self.edges, forced))

    def _show_inspected(self, status: Status) -> None:
        """Nothing to do: what is shown is of the past, and changes with the cursor only."""

    def _show_banner(self, view: ModeState) -> None:
        """Nothing to say: how a recorded run ended stands in the mode line."""

    def show_step(self, path: str) -> None:
        """Show a step in the inspector, as it was.

        Args:
            path: Which.
        """
        loaded = self.control.loaded
        node = next((node for node in loaded.nodes if node.path == path), None) if loaded is not None else None
        if node is not None and self._until is not None:
            self.inspected_step = path
            self.inspector.show_step(self._until, node, self.moment)
        self.show_lines()

    @property
    def moment_seq(self) -> int | None:
        """Seq of the event that is looked at."""
        return self.moment.written

    def enter_past(self) -> None:
        """Nothing to do: all of it is past."""

    # What other keys do here than in a run of our own

    async def do_step(self, _: str = "") -> None:
        """Look at the next event."""
        self.travel_by_event(1)

    async def do_next(self, _: str = "") -> None:
        """Look at the end of the superstep, or of the next one."""
        self.travel_by_superstep(backwards=False)

    def travel_by_event(self, lines: int) -> None:
        """Move the cursor of the timeline; a step in the inspector stays there, as it was then.

        Args:
            lines: How far.

        Raises:
            RefusedError: There is nothing further on.
        """
        super().travel_by_event(lines)
        self._keeps_step = self.inspected_step is not None

    def travel_by_superstep(self, *, backwards: bool) -> None:
        """Go to the end of another superstep; a step in the inspector stays there, as it was then.

        Args:
            backwards: Whether to go to an earlier one.

        Raises:
            RefusedError: There is nothing further on.
        """
        super().travel_by_superstep(backwards=backwards)
        self._keeps_step = self.inspected_step is not None

    async def do_answer(self, argument: str = "") -> None:  # noqa: ARG002 - there is nobody to answer
        """Refuse: there is nobody to answer."""
        await self.control.verb("continue")

    async def do_restart(self, _: str = "") -> None:
        """Refuse: a recording is not begun anew."""
        await self.control.restart()

    async def do_resume(self, argument: str = "") -> None:
        """Go on with the run, or with a fork of it, in a worker of its own."""
        superstep = superstep_of(argument)
        if self.info.is_live or (superstep is None and self.info.state is RunState.STOPPED):
            raise RefusedError(how_on(self.info, self.moment.superstep))
        here = f" (:resume {self.moment.superstep} forks it from what you look at.)" if self._is_past else ""
        what = f"Fork this run after superstep {superstep}" if superstep is not None else "Go on where this run ended"
        question = f"{what}? That runs the code of {safe(self.info.target or 'no known target', 200)}."
        question += here if superstep is None else ""
        wanted = ResumeWanted(self.info, superstep)

        def answered(yes: bool | None) -> None:
            if yes:
                self.app.post_message(wanted)

        self.app.push_screen(ConfirmScreen(question, "Go on", "Stay"), answered)

    @property
    def _is_past(self) -> bool:
        return self.moment.written < self.status.written

    def do_interrupt(self, _: str = "") -> None:
        """Leave, the second time within two seconds."""
        now = time.monotonic()
        if now - self._asked_to_leave < AGAIN:
            self.leave_app(ask=False)
            return
        self._asked_to_leave = now
        self.say("Ctrl+C again leaves")
