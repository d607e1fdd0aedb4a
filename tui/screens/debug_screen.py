"""The debug screen: graph, timeline, inspector, chat, breakpoints and queue of one run.

It pulls: the session tells it counts, and at most thirty times a second it reads what it shows from the run file.
"""

import time
from typing import Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer

from process_core.events import RunState
from process_core.runfile import RunFile, RunFileError
from process_core.session.client.session import CommandRefused, Update, WorkerDied
from process_core.session.protocol.envelope import Notice
from process_core.session.protocol.status import PausePoint, Reloaded, Status
from tui.actions import ACTIONS, BY_NAME, Panel, action_of, is_function_key, is_untyped
from tui.commands.command_line import CommandLine, LineKind
from tui.commands.parser import CommandSyntaxError, parse
from tui.graph.widget.view import GraphView
from tui.inspector.panel import InspectorPanel
from tui.messages import ActionWanted, TargetRefused
from tui.recorded.inspector import MomentInspector
from tui.run_controller import RefusedError, RunControl
from tui.screens.graph_overlay import chain, forced_edges, lit_edges, nearest_step
from tui.screens.reload_actions import ReloadActions
from tui.screens.showing import Showing
from tui.screens.workspace import Workspace
from tui.status.bars import KeysLine
from tui.status.mode import reason_text, where_text
from tui.text.safe_text import safe
from tui.timeline.view import TimelineView
from tui.widgets.row_list import RowList

_GO_ON: Final = ("continue", "interrupt", "toggle_break", "grow", "shrink", "theme", "copy")
"""Actions after which the chat box still gets the focus it is owed; who does anything else is busy elsewhere."""
FRAME: Final = 1 / 30
"""Seconds between two readings, at least."""


def _bindings() -> list[BindingType]:
    # All have priority: they are then obeyed before the next key is passed on, so that what is typed after `:` or `a`
    # goes to the box these open, however fast it is typed.
    return [
        Binding(key, f"act('{action.name}', '{key}')", action.title, show=False, priority=True)
        for action in ACTIONS
        if not action.native
        for key in action.keys
    ]


class DebugScreen(ReloadActions, Showing):
    """The screen that people debug on.

    Args:
        control: Drives the session.
        loaded: Whether the target is loaded already.
    """

    CSS_PATH = "debug.tcss"
    BINDINGS: ClassVar[list[BindingType]] = _bindings()
    AUTO_FOCUS = ""
    INSPECTOR: ClassVar[type[InspectorPanel]] = MomentInspector

    def __init__(self, control: RunControl) -> None:
        super().__init__(control)
        self._pull_timer: Timer | None = None
        self._is_pull_asked = False
        self._is_ended = False
        self._pulled_at = 0.0
        self._shown_pause: PausePoint | None = None
        self._led_to = 0
        self._asked_before: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        """Build the screen; Textual calls this."""
        yield self.mode_line
        yield self.banner
        yield self.workspace
        yield self.keys_line
        yield self.line
        yield self.keys_line.long_words

    def on_mount(self) -> None:
        """Begin to listen, and show what is loaded."""
        self._unsubscribe = self.control.session.subscribe(self._told)
        self.workspace.choose(self.workspace.choices.to_front(Panel.CHAT))
        if self.control.loaded is not None:
            self.show_loaded(self.control.loaded)
            self.later(self._begin(), "begin")
        else:
            self.later(self._load_and_begin(), "begin")
        self.set_focus(self.timeline)
        self.pull()

    def on_unmount(self) -> None:
        """Listen no longer."""
        self._unsubscribe()
        if self.run_file is not None:
            self.run_file.close()

    async def _load_and_begin(self) -> None:
        self.say_waiting(f"LOADING {safe(self.control.target, 60)}")
        try:
            loaded = await self.control.load()
        except CommandRefused as refused:
            self.app.post_message(TargetRefused(self.control.target, refused.failure))
            return
        finally:
            self.say_waiting("")
        self.show_loaded(loaded)
        await self._begin()

    async def _begin(self) -> None:
        try:
            for text in await self.control.begin():
                self.say(text, "warning")
        except RefusedError as error:
            self.not_started = safe(str(error))
            self.show_lines()

    # Pulling

    def _told(self, update: Update) -> None:
        # Called by the session, outside of Textual's context: timers can only be made once the screen's own turn comes.
        match update:
            case Status() | WorkerDied():
                if not self._is_pull_asked:
                    self._is_pull_asked = True
                    self.call_later(self.pull_soon)
            case Reloaded():
                self.call_later(self.show_loaded, update.loaded)
            case Notice():
                self.call_later(self.say, safe(update.text), update.severity)

    def pull_soon(self) -> None:
        """Read what is new as soon as a frame has passed since the last time."""
        self._is_pull_asked = False
        if self._pull_timer is None:
            wait = max(0.001, FRAME - (time.monotonic() - self._pulled_at))
            self._pull_timer = self.set_timer(wait, self._pull_now)

    def _pull_now(self) -> None:
        self._pull_timer = None
        self.pull()

    def pull(self) -> None:
        """Show where things stand."""
        if not self.is_mounted:
            return
        self._pulled_at = time.monotonic()
        status = self.status
        try:
            self._open_run(status)
            self.timeline.poll(status.written)
            if not self.chat.poll():
                self.pull_soon()
        except RunFileError as error:
            self.banner.show(safe(str(error)))
            return
        died = self.control.session.died is not None
        self.chat.set_requests(() if died else status.requests)
        self._pause_changed(status)
        hit = status.paused.breakpoint if status.paused else None
        self.breakpoints.show(status.breakpoints, hit, muted=status.muted)
        self._show_queue(status)
        self._show_graph(status)
        self._show_inspected(status)
        self.show_save(status)
        self._run_ended(status)
        self._offer_chat(status)
        self.show_lines()

    def _open_run(self, status: Status) -> None:
        if status.run_file == self._run_path or not status.run_file or not status.written:
            return
        opened = RunFile(status.run_file)
        if self.run_file is not None:
            self.run_file.close()
        self.run_file = opened
        self._run_path = status.run_file
        self._shown_pause = None
        self.past = self.until = None
        self._lit = self._forced = frozenset()
        self.chat.set_note("")
        self.timeline.set_source(opened)
        self.chat.set_source(opened)
        self.inspector.clear()

    def _pause_changed(self, status: Status) -> None:
        paused = status.paused
        events = {spec.event for spec in status.breakpoints if spec.event is not None and spec.enabled}
        self.timeline.set_marks(paused.seq if paused else None, events)
        if paused == self._shown_pause:
            return
        if paused is not None and paused.seq is not None and paused.seq > status.written:
            return
        self._shown_pause = paused
        self.leave_past()  # what is new matters more
        if paused is None:
            self.chat.set_note("")
            return
        self.say_problem_of(paused.breakpoint)
        where = where_text(paused)
        self.chat.set_note(f"‖ paused before {where} · c goes on" if where else f"‖ {reason_text(paused)} · c goes on")
        if paused.seq is not None:
            self._led_to = paused.seq
            self.timeline.select(paused.seq, keep_follow=True)
        if not self._in_chat_with_text() and not self.line.is_open:
            self.focus_owed_to_chat = self.focus_owed_to_chat or self.panel is Panel.CHAT
            if self.inserting:
                self.go_to(Panel.TIMELINE)
            if self.workspace.area(Panel.INSPECTOR).shown is Panel.CHAT:
                self.workspace.show(Panel.INSPECTOR)

    def _in_chat_with_text(self) -> bool:
        return self.inserting and self.panel is Panel.CHAT and bool(self.chat.box.value)

    def _run_ended(self, status: Status) -> None:
        """Take the focus out of the chat box once, when there is nobody left to talk to."""
        is_over = status.state is not None and (status.state.is_ended or status.state is RunState.IDLE)
        ended = self.control.session.died is not None or is_over
        if ended and not self._is_ended and self.inserting and self.panel is Panel.CHAT and not self.chat.box.value:
            self.go_to(Panel.TIMELINE)
            self.workspace.show(Panel.CHAT)
        self._is_ended = ended
        self.show_failure(status)

    def _offer_chat(self, status: Status) -> None:
        """Give the focus to the box when the process asks, but take it from nobody who uses it elsewhere."""
        asked = frozenset(request.request_id for request in status.requests)
        fresh = asked - self._asked_before
        self._asked_before &= asked
        if not fresh or status.paused is not None:
            return
        self._asked_before = asked
        if self.focus_owed_to_chat and self.app.screen is self and not self.inserting:
            self.focus_owed_to_chat = False
            self.go_to(Panel.CHAT)

    # Selections

    @on(TimelineView.EventSelected)
    def _event_selected(self, event: TimelineView.EventSelected) -> None:
        if self.run_file is None:
            return
        if self.in_past:
            self._past_selected(event)
            return
        chosen_by_user = not event.automatic and event.row.seq != self._led_to
        if chosen_by_user:
            self.inspected_step = None
        is_linked = (self.inspector.shows_explanation or self.inspector.shows_reload) and not chosen_by_user
        if self.inspected_step is None and not is_linked:
            self.inspector.show_event(self.run_file, event.row)
        self._led_to = 0
        rows = [] if event.automatic else chain(event.row, self._row)
        self._lit, self._forced = lit_edges(rows, self.edges), forced_edges(rows, (), self.edges)
        self._show_graph(self.status)
        self.graph.look_at(nearest_step(event.row, self._row), chosen=chosen_by_user)

    def _past_selected(self, event: TimelineView.EventSelected) -> None:
        """Go to the moment of the event; a step in the inspector stays there, as it was then."""
        assert self.run_file is not None
        if self._led_to != event.row.seq and not self.travels:
            self.inspected_step = None
        self._led_to, self.travels = 0, False
        rows = chain(event.row, self._row)
        self._lit, self._forced = lit_edges(rows, self.edges), forced_edges(rows, (), self.edges)
        self.look_at(self.run_file.row(event.row.seq))
        self.graph.look_at(nearest_step(event.row, self._row), chosen=False)

    @on(TimelineView.EventActivated)
    def _event_activated(self) -> None:
        self.go_to(Panel.INSPECTOR)

    def _row(self, seq: int) -> Any:
        if self.run_file is None:
            return None
        try:
            return self.run_file.row(seq)
        except RunFileError:
            return None

    @on(GraphView.StepSelected)
    def _step_selected(self, event: GraphView.StepSelected) -> None:
        self.show_step(event.path)

    @on(GraphView.EdgeSelected)
    def _edge_selected(self) -> None:
        self.show_lines()

    @on(InspectorPanel.JumpTo)
    def _jump_to(self, event: InspectorPanel.JumpTo) -> None:
        if self.inspector.shows_explanation:
            self._led_to = event.seq  # the answer stays: one goes through its lines
        if not self.timeline.select(event.seq):
            self.say(f"event {event.seq} is not recorded yet", "warning")

    @on(RowList.Clicked)
    def _row_clicked(self) -> None:
        self.do_enter()

    # Focus

    def on_descendant_focus(self) -> None:
        """The lines show where the focus is."""
        if not self.inserting:
            self.panel_before = self.panel
        self.workspace.set_focus_panel(self.panel)
        self.show_lines()

    def on_descendant_blur(self) -> None:
        """The lines show where the focus is."""
        self.show_lines()

    @on(Workspace.PanelChosen)
    def _panel_chosen(self, event: Workspace.PanelChosen) -> None:
        self.go_to(event.panel)

    @on(Workspace.Replanned)
    def _replanned(self) -> None:
        self._queue_known = ()
        if self.focused is None:
            self.go_to(self.workspace.plan.areas[0].shown)
        self.pull()

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Tell Textual which keys work: those of the panel that has the focus, and of every panel."""
        if action != "act":
            return True
        chosen, key = BY_NAME[str(parameters[0])], str(parameters[1])
        if self.inserting:
            in_chat = self.panel is Panel.CHAT
            return chosen.always or (in_chat and is_untyped(key)) or (is_function_key(key) and not chosen.panels)
        return not chosen.panels or self.panel in chosen.panels

    def action_act(self, name: str, _: str = "") -> None:
        """Do an action, from its key."""
        if self.control.loaded is None and name not in ("quit", "interrupt", "restart", "help"):
            self.say("the target is not loaded yet")
            return
        self.keys_line.hush()
        action = action_of(name)
        self._user_acted(name)
        if name == "filter":
            self.do_filter()
        else:
            self.perform(action)

    def _user_acted(self, name: str) -> None:
        # Stepping on means looking at the run: letters must not end up in an answer.
        self.focus_owed_to_chat = name == "restart" or (self.focus_owed_to_chat and name in _GO_ON)

    @on(KeysLine.Chosen)
    def _hint_chosen(self, event: KeysLine.Chosen) -> None:
        self.action_act(event.action)

    @on(ActionWanted)
    def _action_wanted(self, event: ActionWanted) -> None:
        self.perform(action_of(event.action), event.argument)

    @on(CommandLine.Entered)
    def _line_entered(self, event: CommandLine.Entered) -> None:
        event.stop()
        refuse = self._refuse_on_line
        if event.kind is LineKind.COMMAND:
            try:
                parsed = parse(event.text)
            except CommandSyntaxError as error:
                refuse(str(error))
                return
            action, argument = parsed.action, parsed.argument
        else:
            action = BY_NAME["search" if event.kind is LineKind.SEARCH else "filter"]
            argument = event.text.strip()
        self.line.close()
        if event.kind is LineKind.SEARCH and not argument:
            return
        self.perform(action, argument, refused=lambda text: refuse(text, event))

    def _refuse_on_line(self, text: str, entered: CommandLine.Entered | None = None) -> None:
        if entered is not None:
            self.line.open(entered.kind, entered.text)
        self.line.refuse(text)

    @on(CommandLine.Closed)
    def _line_closed(self) -> None:
        if self.inserting:
            self.go_to(self.panel_before or Panel.TIMELINE)
