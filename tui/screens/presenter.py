"""Shows one moment in every panel: the present, or the event of the past under the timeline's cursor."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar

from textual.timer import Timer

from process_core.events import RunState
from process_core.runfile import Row, RunFile, RunFileError
from process_core.session.protocol.status import Loaded, PausePoint, PendingMessage, Status
from process_core.session.protocol.verbs import Viewpoint
from tui.actions import Panel
from tui.inspector.reload_page import banner_text
from tui.moment import IN_PAST, Moment, past_of, present_of, refused_actions
from tui.recorded.describe import end_words, how_on
from tui.run_controller import RefusedError
from tui.screens.graph_overlay import (
    Linked,
    chain,
    cut_off,
    failure_seq,
    forced_edges,
    lit_edges,
    nearest_step,
    overlay_of,
    paused_edge,
)
from tui.screens.panel_borders import Badge
from tui.screens.parts import ScreenParts
from tui.status.keys import BUSY
from tui.status.mode import ModeState, reason_text, state_word, where_text
from tui.status.running_calls import RunningCalls
from tui.text.safe_text import LABEL, safe
from tui.timeline.view import TimelineView
from tui.widgets.fault_boundary import note_fault

T = TypeVar("T")
_SLICE: Final = 0.008
_PAUSE: Final = 0.04
_EFFECTS: Final = 100
_REACH: Final = 4096
"""Events after an event among which the routes that carried it on are looked for."""


class Presenter:
    """Keeps what is looked at, and brings every panel up to date with it.

    Args:
        parts: The widgets.
        first: The event of a recording to look at first; None is its last one.

    Attributes:
        run_file: The run that is shown; None before anything is recorded.
        moment: What is looked at.
        inspected_step: Path of the step in the inspector, or None where something else is there.
        on_changed: Called when another moment is looked at, or the run pauses, goes on or ends.
    """

    def __init__(self, parts: ScreenParts, first: int | None = None) -> None:
        self.parts = parts
        self.run_file: RunFile | None = None
        self.moment = Moment()
        self.inspected_step: str | None = None
        self._first = first
        self._past: int | None = None
        self._keeps_step = False
        self._led_to = 0
        self.running_calls = RunningCalls()
        self._chain: list[Linked] = []
        self._lit_for: tuple[Any, ...] = ()
        self._lit: frozenset[str] = frozenset()
        self._forced: frozenset[str] = frozenset()
        self._generation: int | None = None
        self._past_key: tuple[Any, ...] = ()
        self._past_moment = Moment()
        self._as_of: tuple[Any, ...] = ()
        self._problem = ""
        self.on_changed: Callable[[], None] = lambda: None
        self._messages: Sequence[PendingMessage] = ()
        self._queue_key: tuple[Any, ...] = ()
        self._shown_pause: PausePoint | None = None
        self._problems: dict[int, str] = {}
        self._failed_in = ""
        self._died_in = ""
        self._preparing: Timer | None = None

    # --- the run ------------------------------------------------------------------------------------------------------

    def show_loaded(self, loaded: Loaded) -> None:
        """Show the graph of what was loaded."""
        parts = self.parts
        parts.edges = loaded.edges
        self._generation = None
        parts.graph.set_graph(loaded.nodes, loaded.edges)
        parts.timeline.set_lanes([node.path for node in loaded.nodes])
        if loaded.warnings:
            first, *others = loaded.warnings
            more = f" (and {len(others)} more)" if others else ""
            parts.say(f"{safe(first.code)}: {safe(first.message)}{more}", "warning")
        self.show_lines()

    def show_waiting(self, text: str) -> None:
        """Show what is being waited for, a safe text; empty for nothing."""
        self.parts.waiting_for = text
        self.show_lines()

    def open_run(self, status: Status) -> None:
        """Open the run file of the session's run, where it is another one.

        Raises:
            RunFileError: It cannot be read.
        """
        path = status.run_file
        is_open = self.run_file is not None and str(self.run_file.path) == path
        if is_open or not path or not status.written:
            return
        opened = RunFile(path)
        self.close()
        self.run_file = opened
        self._past, self._shown_pause, self._queue_key, self._messages = None, None, (), ()
        self._light([])
        self.parts.inspector.clear()
        self.parts.chat.set_note("")
        if self.parts.recording is not None:
            self._past = status.written
            # before the timeline has a size, its cursor would not stay
            self.parts.screen.call_after_refresh(self._arrive)

    def close(self) -> None:
        """Close the run file."""
        if self.run_file is not None:
            self.run_file.close()

    def _arrive(self) -> None:
        self.parts.workspace.show(Panel.INSPECTOR)
        if self._first is not None:
            self.parts.timeline.select(self._first)
        self.prepare_past()

    # --- showing ------------------------------------------------------------------------------------------------------

    def refresh(self) -> bool:
        """Bring everything up to date; what cannot be read is said in the banner.

        Returns:
            Whether all was shown that is recorded; else the conversation is still being read.
        """
        try:
            self.open_run(self.parts.status)
            self._note_running()
            is_complete = self._show()
            self._problem = ""
        except RunFileError as error:
            self._problem = safe(str(error))
            is_complete = True
        self.show_lines()
        return is_complete

    def _note_running(self) -> None:
        status = self.parts.status
        is_still = self.parts.recording is not None or self.parts.has_died or status.paused is not None
        self.running_calls.note(Status() if is_still else status, self.run_file)

    def show_elapsed(self) -> None:
        """Show how time goes by while a call runs that reports nothing."""
        if self.run_file is not None and not self.moment.is_past:
            self._note_running()
            self._bring_up(Panel.GRAPH, self._show_graph)
        self.show_lines()

    @property
    def _busy(self) -> str:
        """For how long the longest call has been running, with its name and the number of the others; safe."""
        calls = self.running_calls.long(self.run_file)
        more = f" and {len(calls) - 1} more" if len(calls) > 1 else ""
        return f"{calls[0].text} in {safe(calls[0].name, LABEL)}{more}" if calls else ""

    def _show(self) -> bool:
        parts = self.parts
        self.moment = moment = self._current()
        self._bring_up(Panel.TIMELINE, lambda: parts.timeline.show(moment))
        is_complete = self._bring_up(Panel.CHAT, lambda: parts.chat.show(moment))
        self._bring_up(Panel.BREAKPOINTS, lambda: parts.breakpoints.show(moment))
        self._bring_up(Panel.QUEUE, lambda: parts.queue.show(moment))
        self._bring_up(Panel.GRAPH, self._show_graph)
        self._bring_up(Panel.INSPECTOR, self._show_in_inspector)
        self._note_changes()
        return is_complete is not False

    def _bring_up(self, panel: Panel, show: Callable[[], T]) -> T | None:
        """Bring one panel up to date; where that fails, the panel says so, and the others are not touched by it."""
        view = self.parts.views[panel]
        try:
            shown = show()
        except RunFileError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a fault of ours, and of this panel alone
            fault = note_fault(view, f"the {panel.heading.lower()} panel", error)
            shown = None
        else:
            fault = ""
        if fault != view.fault:
            view.fault = fault
            view.refresh()
        return shown

    def _show_in_inspector(self) -> None:
        self._show_step()
        self.parts.inspector.show(self.moment)

    def _current(self) -> Moment:
        status = self.parts.status
        if self._past is None or self.run_file is None:
            self._read_queue(status)
            refused = self._refused_at(Viewpoint.PRESENT)
            return present_of(self.run_file, status, self._messages, refused, has_died=self.parts.has_died)
        recording = self.parts.recording
        key = (self.run_file, self._past, status.breakpoints, status.muted)
        if key != self._past_key:
            self._past_key, self._past_moment = key, past_of(self.run_file, self._past, status)
        moment = self._past_moment
        if recording is None:
            refused = self._refused_at(Viewpoint.PAST, IN_PAST)
        else:
            way_on = how_on(recording.info, moment.status.superstep)
            refused = self._refused_at(Viewpoint.RECORDING, f"read-only: {way_on}")
        return replace(moment, written=status.written, refused=refused)

    def _refused_at(self, viewpoint: Viewpoint, elsewhere: str = "") -> Mapping[str, str]:
        return refused_actions(self.parts.control.capabilities(viewpoint, elsewhere), viewpoint, elsewhere)

    def refused(self) -> Mapping[str, str]:
        """Return the actions that the moment on the screen rules out, with the reason.

        None at the present: what is seen may be older than the run by a status, and `RunControl.do` asks when it sends.
        """
        return self.moment.refused if self.moment.is_past else {}

    def _show_graph(self) -> None:
        moment = self.moment
        self._show_generation()
        self._light_again()
        counts = moment.run.step_counts() if moment.run is not None else {}
        lit, forced, edges = self._lit, self._forced, self.parts.edges
        paused = moment.status.paused
        if paused is not None and paused.message is not None and not paused.about:
            edge = paused_edge(paused.message, edges)
            lit = lit | {edge} if edge is not None else lit
        forced = forced | forced_edges((), [message for message in moment.messages if message.changed], edges)
        overlay = overlay_of(moment.status, counts, lit, edges, forced)
        if not moment.is_past:
            calls = self.running_calls.long(self.run_file)
            overlay = replace(overlay, elapsed={call.path: call.short for call in calls})
        self.parts.graph.set_overlay(cut_off(overlay) if moment.has_died else overlay)

    def _show_generation(self) -> None:
        """Show the graph that was in force, where code was reloaded during the run."""
        moment, loaded = self.moment, self.parts.control.loaded
        then = moment.status.generation if moment.is_past else self.parts.status.generation
        wanted = then if then != self.parts.status.generation else None
        if wanted == self._generation or moment.run is None or loaded is None:
            return
        self._generation = wanted
        _, nodes, edges = (0, loaded.nodes, loaded.edges) if wanted is None else moment.run.graph_at(moment.seq)
        self.parts.edges = edges
        self.parts.graph.set_graph(nodes, edges)
        self._light(self._chain)

    def _show_step(self) -> None:
        """Show the step that is looked at as its node is now: a restart or a reload brings another one."""
        node = self.parts.node(self.inspected_step) if self.inspected_step is not None else None
        if node is not None and self.moment.run is not None and self.parts.inspector.node is not node:
            self.parts.inspector.show_step(self.moment, node)

    def _note_changes(self) -> None:
        """Let an answer to "why" be asked for again where it may be another one by now."""
        moment = self.moment
        if moment.is_past:
            as_of: tuple[Any, ...] = (moment.seq,)
        else:
            as_of = (moment.status.run_id, moment.status.state, moment.status.paused)
        if as_of != self._as_of:
            self._as_of = as_of
            self.on_changed()

    def _read_queue(self, status: Status) -> None:
        """Ask for what is pending, where a count says that it may have changed."""
        paused = status.paused
        key = (status.run_id, status.pending, paused, status.waiting, status.undo, status.generation)
        if key == self._queue_key or self.parts.has_died:
            return
        self._queue_key = key
        if paused is not None or Panel.QUEUE in self.parts.workspace.plan.shown:
            self.parts.later(partial(self._fetch_queue, status), "queue")

    async def _fetch_queue(self, status: Status) -> None:
        try:
            self._messages = await self.parts.control.pending() if status.run_id else []
        except RefusedError:
            self._messages = []
        self.refresh()

    def forget_queue(self) -> None:
        """Ask for what is pending at the next refresh, though no count in the status says that it changed."""
        self._queue_key = ()

    def read_queue_again(self) -> None:
        """Ask for what is pending now, though no count in the status says that it changed."""
        self.forget_queue()
        self.refresh()

    # --- going to a moment --------------------------------------------------------------------------------------------

    @property
    def in_past(self) -> bool:
        """Whether the past of a run is looked at whose present there is a way back to."""
        return self._past is not None and self.parts.recording is None

    def enter_past(self) -> None:
        """Show everything as it was at the selected event, from here on wherever the cursor goes."""
        row = self.parts.timeline.selected
        if row is None or self.run_file is None or self._past is not None:
            return
        self.parts.timeline.follow = False
        self.prepare_past()
        self._past = row.seq
        self._light(chain(row, self._row))
        self._show_page(row)

    def leave_past(self) -> None:
        """Show everything as it stands now."""
        if not self.in_past:
            return
        self._past = None
        timeline, status = self.parts.timeline, self.parts.status
        paused = status.paused
        seq = paused.seq if paused is not None and paused.seq is not None else status.written
        if timeline.selected is not None and timeline.selected.seq != seq:
            self.keep_step()
        timeline.select(seq, keep_follow=True)
        timeline.follow = True
        self.refresh()

    def prepare_past(self) -> None:
        """Go through a long run a little at a time, before the user goes far back in it."""
        if self._preparing is None:
            self._preparing = self.parts.screen.set_interval(_PAUSE, self._prepare)

    def _prepare(self) -> None:
        try:
            is_done = self.run_file is None or self.run_file.prepare_past(_SLICE)
        except RunFileError:
            is_done = True
        if is_done and self._preparing is not None:
            self._preparing.stop()
            self._preparing = None

    def keep_step(self) -> None:
        """Keep a step in the inspector over the next move of the cursor, which goes through time only."""
        self._keeps_step = self.inspected_step is not None

    def jump(self, seq: int) -> None:
        """Go to the event that a line of the inspector names; an answer to "why" stays for its other lines."""
        if self.parts.inspector.shows_explanation:
            self._led_to = seq
        if not self.parts.timeline.select(seq):
            self.parts.say(f"event {seq} is not recorded yet", "warning")

    def event_selected(self, event: TimelineView.EventSelected) -> None:
        """Show the event under the timeline's cursor; in the past, everything as it was then."""
        if self.run_file is None:
            return
        row = event.row
        by_user = not event.automatic and row.seq != self._led_to and not self._keeps_step
        self._led_to, self._keeps_step = 0, False
        if by_user:
            self.inspected_step = None
        is_past = self._past is not None
        self._light(chain(row, self._row) if is_past or not event.automatic else [])
        if is_past:
            self._past = row.seq
        inspector = self.parts.inspector
        stays = (inspector.shows_explanation or inspector.shows_reload) and not by_user
        if self.inspected_step is None and not stays:
            self._show_page(row)
        else:
            self.refresh()
        self.parts.graph.look_at(nearest_step(row, self._row), chosen=by_user)

    def _show_page(self, row: Any) -> None:
        self.refresh()
        if self.moment.run is None or self._problem:
            return
        if self.inspected_step is not None:
            self.show_step(self.inspected_step)
            return
        try:
            self.parts.inspector.show_event(self.moment, row)
        except RunFileError as error:
            self._problem = safe(str(error))
            self.show_lines()

    def _light(self, rows: list[Linked]) -> None:
        self._chain, self._lit_for = rows, ()
        self._forced = forced_edges(rows, (), self.parts.edges)
        self._light_again()

    def _light_again(self) -> None:
        """Light the routes of what is selected; those that it takes next may be known only later."""
        emitted = self._chain[0] if self._chain and self._chain[0].type == "event_emitted" else None
        last = min(self.parts.status.written, emitted.seq + _REACH) if emitted is not None else 0
        as_of = (last, self._messages if emitted is not None else ())
        if as_of == self._lit_for:
            return
        self._lit_for = as_of
        effects: list[Row] = []
        if emitted is not None and self.run_file is not None:
            with contextlib.suppress(RunFileError):
                effects = self.run_file.effects(emitted.seq, _EFFECTS, reach=_REACH)
        pending = () if self.moment.is_past else self._messages
        self._lit = lit_edges(self._chain, self.parts.edges, effects, pending)

    def _row(self, seq: int) -> Row | None:
        try:
            return self.run_file.row(seq) if self.run_file is not None else None
        except RunFileError:
            return None

    def show_step(self, path: str) -> None:
        """Show a step in the inspector."""
        node = self.parts.node(path)
        if node is not None and self.moment.run is not None:
            self.inspected_step = path
            self.parts.inspector.show_step(self.moment, node)
        self.show_lines()

    def show_selected(self) -> None:
        """Show the selected event in the inspector again."""
        row = self.parts.timeline.selected
        if row is not None and self.moment.run is not None:
            self.parts.inspector.show_event(self.moment, row)

    # --- what changed in the run --------------------------------------------------------------------------------------

    def pause_changed(self) -> None:
        """Lead to where the run pauses, once."""
        parts, status = self.parts, self.parts.status
        paused = status.paused
        if paused == self._shown_pause or (paused and paused.seq is not None and paused.seq > status.written):
            return
        self._shown_pause = paused
        self.leave_past()  # what is new matters more
        if paused is None:
            parts.chat.set_note("")
            return
        self._show_problem_of(paused.breakpoint)
        where = where_text(paused)
        before = "" if paused.about else "paused before "
        parts.chat.set_note(f"‖ {before}{where} · c goes on" if where else f"‖ {reason_text(paused)} · c goes on")
        if paused.seq is not None:
            self._led_to = paused.seq
            parts.timeline.select(paused.seq, keep_follow=True)
        in_chat = parts.panel is Panel.CHAT
        if (parts.inserting and in_chat and parts.chat.box.value) or parts.line.is_open:
            return
        parts.focus_owed_to_chat = parts.focus_owed_to_chat or in_chat
        if parts.inserting:
            parts.go_to(Panel.TIMELINE)
        if parts.workspace.area(Panel.INSPECTOR).shown is Panel.CHAT:
            parts.workspace.show(Panel.INSPECTOR)

    def _show_problem_of(self, number: int | None) -> None:
        """Show, once, what is wrong with the breakpoint that the run is paused at."""
        spec = next((spec for spec in self.parts.status.breakpoints if spec.id == number), None)
        if number is not None and spec is not None and spec.problem and self._problems.get(number) != spec.problem:
            self._problems[number] = spec.problem
            self.parts.say(f"breakpoint {number} pauses once to report: {safe(spec.problem)}", "warning")

    def show_end(self) -> None:
        """Lead to what went wrong, once: to the call that failed, and where the worker died, out of the pause."""
        parts, status = self.parts, self.parts.status
        path = status.run_file
        if parts.recording is not None:
            is_live = parts.recording.info.is_live
            parts.chat.set_note("▸ another process runs this" if is_live else "‖ a recording, read-only")
        if parts.has_died and self._died_in != path:
            self._died_in = path
            parts.chat.set_note("✗ the worker died · u resumes the run")
        if status.state is not RunState.FAILED or self._failed_in == path or self.run_file is None:
            return
        seq = failure_seq(self.run_file, status.written)
        if seq is None:
            return
        self._failed_in = path
        if parts.timeline.follow:
            parts.timeline.select(seq, keep_follow=True)
            if parts.workspace.area(Panel.INSPECTOR) is parts.workspace.area(Panel.CHAT) and not parts.inserting:
                parts.workspace.show(Panel.INSPECTOR)

    # --- the lines that are always seen -------------------------------------------------------------------------------

    @property
    def mode(self) -> ModeState:
        """What the mode line shows."""
        parts, moment = self.parts, self.moment
        loaded, recording = parts.control.loaded, parts.recording
        mode = ModeState(
            name=loaded.name if loaded is not None else "",
            status=parts.status,
            died=parts.has_died,
            loading=parts.waiting_for,
            insert=parts.inserting,
            held=moment.held if moment.status.pending else 0,
            runs_in=parts.control.session.runs_in,
            busy="" if moment.is_past else self._busy,
        )
        if not moment.is_past:
            return mode
        return replace(
            mode,
            status=moment.status.model_copy(update={"written": parts.status.written}),
            replay=moment.seq,
            recorded=end_words(recording.info) if recording is not None else f"the run: {state_word(parts.status)}",
            is_own=recording is None,
        )

    def show_lines(self) -> None:
        """Bring mode line, footer, banner and headers up to date."""
        mode = self.mode
        self.parts.mode_line.show(mode)
        self.parts.keys_line.show(mode, self.parts.panel, self.moment.refused)
        self._show_banner()
        self._show_badges()

    def _show_banner(self) -> None:
        parts, status = self.parts, self.parts.status
        show = parts.banner.show
        if self._problem:
            show(self._problem)
        elif parts.recording is not None:
            show("")  # how a recorded run ended stands in the mode line
        elif parts.has_died:
            show(self._died_text())
        elif status.blocked_for >= BUSY:
            where = ", ".join(safe(path, 40) for path in status.running) or "the target's code"
            seconds = int(status.blocked_for)
            show(f"worker busy in {where} for {seconds} s — P shows where, R restarts it, or wait", "warning")
        elif status.reload is not None and status.reload.state != "pending":
            show(banner_text(status.reload), "warning" if status.reload.state == "unfit" else "error")
        elif status.state is RunState.FAILED:
            show(f"the run FAILED: {safe(status.error or 'no reason was given')}")
        elif parts.not_started:
            show(f"the run was not started: {parts.not_started} — R tries again")
        else:
            show("")

    def _died_text(self) -> str:
        died = self.parts.control.session.died
        if died is None:
            return ""
        how = "R restarts it, u resumes the run" + (" (Esc first)" if self.parts.inserting else "")
        ran = ", ".join(safe(path, 40) for path in self.parts.status.running)
        return f"{safe(died.reason)}{f' while {ran} ran' if ran else ''} — {how}"

    def _show_badges(self) -> None:
        moment, status = self.moment, self.moment.status
        show = self.parts.workspace.badge
        asks = len(status.requests) if not moment.has_died else 0
        show(Panel.CHAT, Badge(mark="●" if asks else ""))
        muted = "muted" if status.muted else ""
        show(Panel.BREAKPOINTS, Badge(mark=str(len(status.breakpoints)) if status.breakpoints else "", info=muted))
        pending = status.pending if not moment.has_died else 0
        show(Panel.QUEUE, Badge(mark=str(pending) if pending else "", info=self._queue_info() if pending else ""))
        show(Panel.TIMELINE, Badge(info=self._timeline_info()))

    def _queue_info(self) -> str:
        words = [f"{self.moment.held} held"] if self.moment.held else []
        if self.moment.status.undo is not None:
            words.append("z undoes")
        return " · ".join(words)

    def _timeline_info(self) -> str:
        words = [f"filter {safe(self.parts.filter_text, 30)}"] if self.parts.filter_text else []
        words.append("following" if self.parts.timeline.follow else "not following")
        return " · ".join(words)
