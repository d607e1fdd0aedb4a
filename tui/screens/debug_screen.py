"""The debug screen: graph, timeline, inspector, chat, breakpoints and queue of one run, live or recorded.

It pulls: the session sends it counts, and at most thirty times a second it reads what it shows from the run file.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from process_core.events import RunState
from process_core.graph import Edge
from process_core.runfile import RunFile
from process_core.session.client.session import CommandRefused, Update, WorkerDied
from process_core.session.protocol.envelope import Notice
from process_core.session.protocol.status import OpenRequest, Reloaded, Status
from tui.actions import ACTIONS, BY_NAME, Action, Panel, action_of, is_function_key, is_untyped
from tui.commands.command_line import LineKind
from tui.commands.parser import CommandSyntaxError, parse
from tui.graph.widget.view import GraphView
from tui.inspector.panel import InspectorPanel
from tui.messages import ActionWanted, TargetRefused
from tui.run_controller import RefusedError, RunControl, unknown_event
from tui.screens.dispatcher import Dispatcher
from tui.screens.handlers.breakpoints import BreakpointsHandler
from tui.screens.handlers.explain import ExplainHandler
from tui.screens.handlers.queue import QueueHandler
from tui.screens.handlers.quit import QuitHandler
from tui.screens.handlers.reload import ReloadHandler
from tui.screens.handlers.resume import ResumeHandler
from tui.screens.handlers.run import RunHandler
from tui.screens.handlers.travel import TravelHandler
from tui.screens.handlers.view import ViewHandler
from tui.screens.held_keys import HeldKeys
from tui.screens.parts import ScreenParts
from tui.screens.presenter import Presenter
from tui.screens.workspace import Workspace
from tui.status.bars import KeysLine
from tui.text.safe_text import PREVIEW, safe
from tui.timeline.view import TimelineView
from tui.widgets.cursor_list import RowList
from tui.widgets.fault_boundary import FaultBoundary, note_fault

_GO_ON: Final = ("continue", "interrupt", "toggle_break", "grow", "shrink", "theme", "copy")
"""Actions after which the chat box still gets the focus it is owed; who does anything else is busy elsewhere."""
_READ_ON: Final = 1 / 30
"""Seconds to the next part of a conversation that takes long to read."""
_HELD_FOR: Final = 3.0
"""Seconds that keys wait for the outcome of what was entered before them."""
_TICK: Final = 0.5
"""Seconds between two looks at the time while a call runs."""
_BEFORE_LOADED: Final = ("quit", "interrupt", "restart", "help", "stack")
"""Actions that make sense before the target is loaded."""


def _bindings() -> list[BindingType]:
    # All have priority: they are then obeyed before the next key is passed on, so that what is typed after `:` or `a`
    # goes to the box these open, however fast it is typed.
    return [
        Binding(key, f"act('{action.name}', '{key}')", action.title, show=False, priority=True)
        for action in ACTIONS
        if not action.native
        for key in action.keys
    ]


class DebugScreen(FaultBoundary, Screen[None]):
    """The screen that people debug on.

    Args:
        control: Drives the session.
        at: The event of a recording to look at first; None is its last one.

    Attributes:
        parts: Its widgets.
        presenter: Shows one moment in all of them.
        dispatcher: Does the actions.
    """

    CSS_PATH = "debug.tcss"
    BINDINGS: ClassVar[list[BindingType]] = _bindings()
    AUTO_FOCUS = ""

    def __init__(self, control: RunControl, at: int | None = None) -> None:
        super().__init__()
        self.control = control
        self.parts = parts = ScreenParts(self, control)
        self.presenter = presenter = Presenter(parts, at)
        self.graph, self.timeline, self.inspector = parts.graph, parts.timeline, parts.inspector
        self.chat, self.breakpoints, self.queue = parts.chat, parts.breakpoints, parts.queue
        self.workspace, self.line, self.keys_line = parts.workspace, parts.line, parts.keys_line
        travel = TravelHandler(parts, presenter)
        self._run = RunHandler(parts, presenter, travel)
        self._explain = ExplainHandler(parts, presenter)
        self._reload = ReloadHandler(parts, presenter)
        self._view = ViewHandler(parts, presenter, self.perform)
        handlers = (
            self._run,
            BreakpointsHandler(parts),
            QueueHandler(parts, presenter),
            travel,
            self._view,
            self._explain,
            self._reload,
            ResumeHandler(parts, presenter),
            QuitHandler(parts, lambda: self.perform(BY_NAME["pause"])),
        )
        actions = [handler.actions for handler in handlers]
        self.dispatcher = Dispatcher(parts, actions, presenter.refused)
        presenter.on_changed = self._explain.refresh
        self.held = HeldKeys(self._replay)
        self._entered: _Entered | None = None
        self._is_early = False
        self._accepted_at = -_HELD_FOR
        self._ticking: Timer | None = None
        self.line.on_entered = self._line_entered
        self.line.on_left = lambda: parts.go_to(parts.panel_before or Panel.TIMELINE)
        self.chat.on_answer = self._answered
        self.chat.on_early = self._answered_early
        self._is_pull_asked = False
        self._is_ended = False
        self._asked_before: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        """Build the screen; Textual calls this."""
        yield self.parts.mode_line
        yield self.parts.banner
        yield self.workspace
        yield self.keys_line
        yield self.line
        yield self.keys_line.long_words

    def on_mount(self) -> None:
        """Begin to listen, and show what is loaded."""
        self._unsubscribe = self.control.session.subscribe(self._updated)
        self.workspace.choose(self.workspace.choices.to_front(Panel.CHAT))
        if self.control.loaded is not None and not self.control.is_loading:
            self.presenter.show_loaded(self.control.loaded)
            self.parts.later(self._begin, "begin")
        else:
            self.parts.later(self._load_and_begin, "begin")
        self.set_focus(self.timeline)
        self.pull()

    def on_unmount(self) -> None:
        """Stop listening."""
        self._unsubscribe()
        self.presenter.close()

    async def _load_and_begin(self) -> None:
        self.presenter.show_waiting(f"LOADING {safe(self.control.target, 60)}")
        try:
            loaded = await self.control.load()
        except CommandRefused as refused:
            self.app.post_message(TargetRefused(self.control.target, refused.failure, is_first=True))
            return
        finally:
            self.presenter.show_waiting("")
        unknown = unknown_event(self.control.options.event, loaded)
        if unknown is not None:
            self.app.post_message(TargetRefused(self.control.target, unknown, is_first=True))
            return
        self.presenter.show_loaded(loaded)
        await self._begin()

    async def _begin(self) -> None:
        if self.control.session.runs_in:
            self.parts.say(f"runs in {safe(self.control.session.runs_in, PREVIEW)}")
        try:
            for text in await self.control.begin():
                self.parts.say(text, "warning")
        except RefusedError as error:
            self.parts.not_started = safe(str(error))
            self.presenter.show_lines()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Note what broke off work beside the screen; Textual posts this."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            note_fault(self, f"the debug screen, {event.worker.group}", event.worker.error)

    # --- what others ask of it ----------------------------------------------------------------------------------------

    @property
    def run_file(self) -> RunFile | None:
        """The run that is shown; None before anything is recorded."""
        return self.presenter.run_file

    @property
    def edges(self) -> Sequence[Edge]:
        """The routes of the graph that is shown."""
        return self.parts.edges

    @property
    def panel(self) -> Panel | None:
        """The panel that has the focus."""
        return self.parts.panel

    @property
    def inserting(self) -> bool:
        """Whether letters are typed rather than obeyed."""
        return self.parts.inserting

    @property
    def is_alive(self) -> bool:
        """Whether leaving now would end a run."""
        return self.parts.is_alive

    # --- pulling ------------------------------------------------------------------------------------------------------

    def _updated(self, update: Update) -> None:
        # Called by the session, outside of Textual's context: timers can only be made once the screen's own turn comes.
        match update:
            case Status() | WorkerDied():
                self._pull_later()
            case Reloaded():
                self.call_later(self.presenter.show_loaded, update.loaded)
            case Notice():
                self.call_later(self.parts.say, safe(update.text), update.severity)

    def _pull_later(self) -> None:
        # How often a status comes is for the worker to bound; here several that wait for their turn are shown as one.
        if not self._is_pull_asked:
            self._is_pull_asked = True
            self.call_later(self.pull)

    def pull(self) -> None:
        """Show where things stand."""
        self._is_pull_asked = False
        if not self.is_mounted:
            return
        if not self.presenter.refresh() and not self._is_pull_asked:
            self._is_pull_asked = True
            self.set_timer(_READ_ON, self.pull)
        self.presenter.pause_changed()
        self._reload.show_save()
        self._run_ended()
        self._offer_chat()
        if self._is_early:
            self._settle_early()
        self.presenter.show_lines()
        self._tick_later()

    def _tick_later(self) -> None:
        if self._ticking is None and self.presenter.running_calls.is_any:
            self._ticking = self.set_timer(_TICK, self._tick)

    def _tick(self) -> None:
        self._ticking = None
        if self.is_mounted:
            self.presenter.show_elapsed()
            self._tick_later()

    def _run_ended(self) -> None:
        """Take the focus out of the chat box once, when there is nobody left to talk to."""
        state = self.control.status.state
        is_over = state is not None and (state.is_ended or state is RunState.IDLE)
        ended = self.parts.has_died or is_over
        in_chat = self.inserting and self.panel is Panel.CHAT
        if not ended:
            self._is_ended = False
        elif not self._is_ended and not (in_chat and self.chat.box.value):  # the last answer stays until it is accepted
            self._is_ended = True
            if in_chat:
                self.parts.go_to(Panel.TIMELINE)
                self.workspace.show(Panel.CHAT)
        self.presenter.show_end()

    def _offer_chat(self) -> None:
        """Move the focus to the box when the process asks, but take it from nobody who uses it elsewhere."""
        status = self.control.status
        asked = frozenset(request.request_id for request in status.requests)
        fresh = asked - self._asked_before
        self._asked_before &= asked
        if not fresh or status.paused is not None:
            return
        self._asked_before = asked
        if self.parts.focus_owed_to_chat and self.app.screen is self and not self.inserting:
            self.parts.focus_owed_to_chat = False
            self.parts.go_to(Panel.CHAT)

    # --- selections ---------------------------------------------------------------------------------------------------

    @on(TimelineView.EventSelected)
    def _event_selected(self, event: TimelineView.EventSelected) -> None:
        self.presenter.event_selected(event)

    @on(TimelineView.EventActivated)
    def _event_activated(self) -> None:
        self.parts.go_to(Panel.INSPECTOR)

    @on(GraphView.StepSelected)
    def _step_selected(self, event: GraphView.StepSelected) -> None:
        self.presenter.show_step(event.path)

    @on(GraphView.EdgeSelected)
    def _edge_selected(self) -> None:
        self.presenter.show_lines()

    @on(InspectorPanel.JumpTo)
    def _jump_to(self, event: InspectorPanel.JumpTo) -> None:
        self.presenter.jump(event.seq)

    @on(RowList.Clicked)
    def _row_clicked(self) -> None:
        self._view.enter()

    # --- keys that were typed ahead -----------------------------------------------------------------------------------

    def _replay(self) -> None:
        app: Any = self.app
        app.call_next(app.pass_on_held, self.held)

    def _answered(self, request: OpenRequest, text: str | None) -> None:
        self.held.hold()
        self.run_worker(self._answer(request, text), group="actions", exit_on_error=False)

    async def _answer(self, request: OpenRequest, text: str | None) -> None:
        is_accepted = False
        try:
            is_accepted = await self._run.answer_from_box(request, text)
        finally:
            if is_accepted:
                self._accepted_at = time.monotonic()
                self.held.release()
            elif self.held.drop():
                self.parts.say("what was typed after the answer was dropped with it", "warning")
        if self.is_mounted:
            self._run_ended()  # it may have ended before its last answer was accepted

    def _answered_early(self) -> bool:
        """Let an answer that was typed ahead wait for its question, if one may come soon."""
        if not self._may_ask:
            return False
        self._is_early = True
        self.held.hold()
        self.held.put_first(events.Key("enter", "\r"))
        self._stop_holding = self.set_timer(_HELD_FOR, self._too_early)
        return True

    @property
    def _may_ask(self) -> bool:
        status = self.control.status
        if self.parts.has_died or status.state is None or status.state.is_ended or status.paused is not None:
            return False
        # Of an answer that was just accepted, the status that is known may not yet show what it led to.
        is_fresh = time.monotonic() - self._accepted_at < _HELD_FOR
        return status.state is RunState.IN_PROGRESS or self.chat.is_question_behind or is_fresh

    def _settle_early(self) -> None:
        if self.chat.request is not None:
            self._is_early = False
            self._stop_holding.stop()
            self.held.release()
        elif not self._may_ask:
            self._too_early()

    def _too_early(self) -> None:
        if self._is_early:
            self._is_early = False
            self._stop_holding.stop()
            self.held.drop()
            self.chat.keep_text()

    # --- focus --------------------------------------------------------------------------------------------------------

    def set_focus(self, widget: Widget | None, scroll_visible: bool = True, from_app_focus: bool = False) -> None:
        """Focus a widget; Textual calls this too."""
        if not self.inserting and self.panel is not None:
            self.parts.panel_before = self.panel
        super().set_focus(widget, scroll_visible, from_app_focus)

    def on_descendant_focus(self) -> None:
        """The lines show where the focus is."""
        self.workspace.set_focus_panel(self.panel)
        self.presenter.show_lines()

    def on_descendant_blur(self) -> None:
        """The lines show where the focus is."""
        self.presenter.show_lines()

    @on(Workspace.PanelChosen)
    def _panel_chosen(self, event: Workspace.PanelChosen) -> None:
        self.parts.go_to(event.panel)

    @on(Workspace.Replanned)
    def _replanned(self) -> None:
        if self.focused is None:
            self.parts.go_to(self.workspace.plan.areas[0].shown)
        self.presenter.forget_queue()
        self.pull()

    # --- actions ------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return which keys work: those of the panel that has the focus, and of every panel; Textual asks."""
        if action != "act":
            return True
        chosen, key = BY_NAME[str(parameters[0])], str(parameters[1])
        if self.inserting:
            in_chat = self.panel is Panel.CHAT
            return chosen.always or (in_chat and is_untyped(key)) or (is_function_key(key) and not chosen.panels)
        return not chosen.panels or self.panel in chosen.panels

    def action_act(self, name: str, key: str = "") -> None:  # noqa: ARG002 - `check_action` decides by the key
        """Do an action, from its key."""
        if self.control.loaded is None and name not in _BEFORE_LOADED:
            self.parts.say("the target is not loaded yet")
            return
        self.keys_line.hush()
        if name == "leave" and self._entered is not None:
            self._let_go(self._entered)
            return
        # Stepping on means looking at the run: letters must not end up in an answer.
        self.parts.focus_owed_to_chat = name == "restart" or (self.parts.focus_owed_to_chat and name in _GO_ON)
        action = action_of(name)
        if name == "filter":
            self._view.ask_filter()
        elif action.needs_argument and name not in self.dispatcher.handlers:
            self.line.open(LineKind.COMMAND, f"{action.word} ")
        else:
            self.perform(action)

    def restart(self) -> None:
        """Load the target again, without asking whether that may end a run."""
        self.parts.later(self._run.restart_now, "restart")

    def perform(self, action: Action, argument: str = "") -> None:
        """Do an action; the argument is as after its verb."""
        self.dispatcher.perform(action, argument)

    @on(KeysLine.Chosen)
    def _hint_chosen(self, event: KeysLine.Chosen) -> None:
        self.action_act(event.action)

    @on(ActionWanted)
    def _action_wanted(self, event: ActionWanted) -> None:
        self.perform(action_of(event.action), event.argument)

    def _line_entered(self, kind: LineKind, text: str) -> None:
        if kind is LineKind.COMMAND:
            try:
                parsed = parse(text)
            except CommandSyntaxError as error:
                self.line.refuse(str(error))
                return
            action, argument = parsed.action, parsed.argument
        else:
            action = BY_NAME["search" if kind is LineKind.SEARCH else "filter"]
            argument = text.strip()
        self.line.leave()  # a command is about the panel that it was typed from
        if kind is LineKind.SEARCH and not argument:
            self.line.close()
            return
        self._entered = entered = _Entered(text, self.line.opened, self.focused)
        self.dispatcher.perform(
            action,
            argument,
            report=lambda problem: self._line_refused(entered, problem),
            done=lambda: self._line_done(entered),
        )
        if self._entered is entered:
            self.held.hold()
            entered.timer = self.set_timer(_HELD_FOR, lambda: self._line_is_slow(entered))

    def _line_refused(self, entered: "_Entered", problem: str) -> None:
        """Let the line be typed on, unless the user has done something else since."""
        is_newest = self._entered is entered and self.line.opened == entered.opened
        if is_newest and self.focused is entered.focused and self.app.screen is self:
            self._entered = None
            self.line.refuse(problem)
        else:
            self.parts.say(safe(problem), "error")

    def _line_done(self, entered: "_Entered") -> None:
        if entered.timer is not None:
            entered.timer.stop()
            if not entered.is_let_go:
                self.held.release()
        if self._entered is entered:
            self._entered = None
            if self.line.opened == entered.opened:
                self.line.close()

    def _line_is_slow(self, entered: "_Entered") -> None:
        dropped = self.held.drop()
        self._let_go(entered)
        waits = f"{safe(entered.text, PREVIEW)} is still being done"
        self.parts.say(f"{waits}; keys typed after it were dropped" if dropped else waits, "warning")

    def _let_go(self, entered: "_Entered") -> None:
        """Close the line before the outcome of its command is known; the last line reports that then."""
        entered.is_let_go = True
        self._entered = None
        if self.line.opened == entered.opened:
            self.line.close()


@dataclass(slots=True, eq=False)
class _Entered:
    """A line that was entered and whose command is being done.

    Attributes:
        text: What was typed.
        opened: How often the line had been opened.
        focused: What has had the focus since.
        timer: Ends the waiting, where the outcome has to be waited for.
        is_let_go: Whether it is not waited for any more.
    """

    text: str
    opened: int
    focused: Widget | None
    timer: Timer | None = None
    is_let_go: bool = False
