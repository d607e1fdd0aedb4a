"""The debug screen: graph, timeline, inspector, chat, breakpoints and queue of one run, live or recorded.

It pulls: the session sends it counts, and at most thirty times a second it reads what it shows from the run file.
"""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from process_core.events import RunState
from process_core.graph import Edge
from process_core.runfile import RunFile
from process_core.session.client.session import CommandRefused, Update, WorkerDied
from process_core.session.protocol.envelope import Notice
from process_core.session.protocol.status import Reloaded, Status
from tui.actions import ACTIONS, BY_NAME, Action, Panel, action_of, is_function_key, is_untyped
from tui.commands.command_line import CommandLine, LineKind
from tui.commands.parser import CommandSyntaxError, parse
from tui.graph.widget.view import GraphView
from tui.inspector.panel import InspectorPanel
from tui.messages import ActionWanted, AnswerGiven, TargetRefused
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
_BEFORE_LOADED: Final = ("quit", "interrupt", "restart", "help")
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
        self.presenter.show_lines()

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

    @on(AnswerGiven)
    def _answer_given(self, event: AnswerGiven) -> None:
        event.stop()
        self.run_worker(self._answer(event), group="actions", exit_on_error=False)

    async def _answer(self, event: AnswerGiven) -> None:
        await self._run.answer_from_box(event.request, event.text)
        if self.is_mounted:
            self._run_ended()  # it may have ended before its last answer was accepted

    # --- focus --------------------------------------------------------------------------------------------------------

    def on_descendant_focus(self) -> None:
        """The lines show where the focus is."""
        if not self.inserting:
            self.parts.panel_before = self.panel
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
        # Stepping on means looking at the run: letters must not end up in an answer.
        self.parts.focus_owed_to_chat = name == "restart" or (self.parts.focus_owed_to_chat and name in _GO_ON)
        action = action_of(name)
        if name == "filter":
            self._view.ask_filter()
        elif action.needs_argument and name not in self.dispatcher.handlers:
            self.line.open(LineKind.COMMAND, f"{action.word} ")
        else:
            self.perform(action)

    def perform(self, action: Action, argument: str = "") -> None:
        """Do an action; the argument is as after its verb."""
        self.dispatcher.perform(action, argument)

    @on(KeysLine.Chosen)
    def _hint_chosen(self, event: KeysLine.Chosen) -> None:
        self.action_act(event.action)

    @on(ActionWanted)
    def _action_wanted(self, event: ActionWanted) -> None:
        self.perform(action_of(event.action), event.argument)

    @on(CommandLine.Entered)
    def _line_entered(self, event: CommandLine.Entered) -> None:
        event.stop()
        if event.kind is LineKind.COMMAND:
            try:
                parsed = parse(event.text)
            except CommandSyntaxError as error:
                self.line.refuse(str(error))
                return
            action, argument = parsed.action, parsed.argument
        else:
            action = BY_NAME["search" if event.kind is LineKind.SEARCH else "filter"]
            argument = event.text.strip()
        self.line.close()
        if event.kind is LineKind.SEARCH and not argument:
            return
        self.dispatcher.perform(action, argument, report=lambda text: self._refuse_on_line(text, event))

    def _refuse_on_line(self, text: str, entered: CommandLine.Entered) -> None:
        self.line.open(entered.kind, entered.text)
        self.line.refuse(text)

    @on(CommandLine.Closed)
    def _line_closed(self) -> None:
        if self.inserting:
            self.parts.go_to(self.parts.panel_before or Panel.TIMELINE)
