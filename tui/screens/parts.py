"""What the debug screen is made of, as its handlers hold it: the widgets, what is selected, and how to speak."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from textual.app import App
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input
from textual.worker import Worker

from process_core.graph import Edge, Node
from process_core.session.protocol.status import Loaded, Status
from tui.actions import Panel
from tui.breakpoints.controller import BreakpointController
from tui.breakpoints.panel import BreakpointsPanel
from tui.chat.panel import ChatPanel
from tui.commands.command_line import CommandLine
from tui.commands.completion import BreakpointName, Names
from tui.graph.widget.view import GraphView
from tui.inspector.panel import InspectorPanel
from tui.queue.controller import QueueController
from tui.queue.panel import QueuePanel
from tui.recorded.recorded_session import RecordedSession
from tui.run_controller import RunControl
from tui.screens.workspace import Workspace
from tui.status.bars import Banner, KeysLine, ModeLine
from tui.timeline.view import TimelineView
from tui.widgets.scroll_view import TrueScrollView


class ScreenParts:
    """The widgets of the debug screen, and what is selected in them.

    Args:
        screen: The screen they are on.
        control: Drives the session.

    Attributes:
        panels: The widget of each panel.
        views: What each panel shows most of its content in.
        panel_before: The panel that had the focus before a text box took it.
        focus_owed_to_chat: Whether the chat box gets the focus when the process asks: at the start, and where a pause
            took it from there.
        not_started: Why the last start was refused, safe; empty where it was not.
        waiting_for: What is being waited for before there is a run, safe; empty for nothing.
    """

    def __init__(self, screen: Screen[None], control: RunControl) -> None:
        self.screen = screen
        self.control = control
        self.breakpoint_control = BreakpointController(control)
        self.queue_control = QueueController(control)
        self.graph = GraphView(id="graph")
        self.timeline = TimelineView(id="timeline")
        self.inspector = InspectorPanel(id="inspector")
        self.chat = ChatPanel(id="chat")
        self.breakpoints = BreakpointsPanel(id="breakpoints")
        self.queue = QueuePanel(id="queue")
        self.panels: dict[Panel, Widget] = {
            Panel.GRAPH: self.graph,
            Panel.TIMELINE: self.timeline,
            Panel.INSPECTOR: self.inspector,
            Panel.CHAT: self.chat,
            Panel.BREAKPOINTS: self.breakpoints,
            Panel.QUEUE: self.queue,
        }
        self.views: dict[Panel, TrueScrollView] = {
            Panel.GRAPH: self.graph,
            Panel.TIMELINE: self.timeline,
            Panel.INSPECTOR: self.inspector,
            Panel.CHAT: self.chat.transcript,
            Panel.BREAKPOINTS: self.breakpoints.rows,
            Panel.QUEUE: self.queue.rows,
        }
        self.workspace = Workspace(self.panels, id="workspace")
        self.mode_line = ModeLine()
        self.banner = Banner()
        self.keys_line = KeysLine()
        self.line = CommandLine(self.names)
        self.edges: Sequence[Edge] = ()
        self.panel_before: Panel | None = None
        self.focus_owed_to_chat = True
        self.filter_text = ""
        self.not_started = ""
        self.waiting_for = ""

    @property
    def app(self) -> App[Any]:
        """The app."""
        return self.screen.app

    @property
    def status(self) -> Status:
        """How the session stands now, whatever is looked at."""
        return self.control.status

    @property
    def has_died(self) -> bool:
        """Whether the worker is gone."""
        return self.control.session.died is not None

    @property
    def recording(self) -> RecordedSession | None:
        """The session on a recording; None where the run is our own."""
        session = self.control.session
        return session if isinstance(session, RecordedSession) else None

    @property
    def is_alive(self) -> bool:
        """Whether leaving now would end a run of ours."""
        state = self.status.state
        return state is not None and not state.is_ended and not self.has_died and self.recording is None

    def names(self) -> Names:
        """Return the names that a command's argument may hold."""
        return Names(
            events=self.control.events,
            input_events=self.control.loaded.input_events if self.control.loaded else (),
            steps=self.control.steps,
            functions=self.control.functions,
            routes=tuple(edge.id for edge in self.edges),
            breakpoints=tuple(
                BreakpointName(s.id, self.breakpoint_control.text_of(s), s.condition or "", s.hits or "", s.log or "")
                for s in self.status.breakpoints
                if s.id is not None
            ),
            messages=self.queue.names,
            themes=tuple(name for name in self.app.available_themes if name.startswith("stepscope")),
        )

    def node(self, path: str) -> Node | None:
        """Return a step of the graph."""
        loaded: Loaded | None = self.control.loaded
        return next((node for node in loaded.nodes if node.path == path), None) if loaded is not None else None

    # Where the user is

    @property
    def panel(self) -> Panel | None:
        """The panel that has the focus."""
        widget: Any = self.screen.focused
        owners = {widget: panel for panel, widget in self.panels.items()}
        while widget is not None and widget is not self.screen:
            if widget in owners:
                return owners[widget]
            widget = widget.parent
        return None

    @property
    def inserting(self) -> bool:
        """Whether letters are typed rather than obeyed."""
        return isinstance(self.screen.focused, Input)

    def go_to(self, panel: Panel, *, typing: bool = True) -> None:
        """Bring a panel to the front and give it the focus.

        Args:
            panel: Which.
            typing: Whether the box of the chat gets it while something is asked.
        """
        self.workspace.show(panel)
        if panel is Panel.CHAT:
            asks = typing and self.chat.request is not None
            target: Widget | None = self.chat.box if asks else self.chat.transcript
        else:
            widget = self.panels[panel]
            inside = (child for child in widget.walk_children() if isinstance(child, Widget) and child.focusable)
            target = widget if widget.focusable else next(inside, None)
        if target is not None:
            self.screen.set_focus(target)

    # What is selected

    @property
    def selected_edge(self) -> Edge | None:
        """The route that is selected in the graph."""
        return next((edge for edge in self.edges if edge.key == self.graph.selected), None)

    @property
    def selected_step(self) -> str | None:
        """The path of the step that is selected in the graph."""
        selected = self.graph.selected
        return selected if selected in self.control.steps else None

    def target_under_cursor(self) -> tuple[str | None, str | None]:
        """Return the event id and the step path of what is selected in the panel that has the focus."""
        match self.panel:
            case Panel.GRAPH:
                edge = self.selected_edge
                return (edge.event_id, None) if edge is not None else (None, self.selected_step)
            case Panel.QUEUE:
                message, waiting = self.queue.selected, self.queue.selected_waiting
                if waiting is not None:
                    return None, waiting.path
                return (message.event_id if message is not None else None), None
            case _:
                row = self.timeline.selected
                if row is None:
                    return None, None
                return row.event_id, row.path or None

    def place_under_cursor(self) -> str | None:
        """Return the event id, or else the step path, of what is selected."""
        event, step = self.target_under_cursor()
        return event or step

    def selected_text(self) -> str:
        """Return what is selected as text, for copying."""
        match self.panel:
            case Panel.GRAPH:
                return self.place_under_cursor() or ""
            case Panel.CHAT:
                return self.chat.last_text()
            case Panel.INSPECTOR:
                return self.inspector.selected_text()
            case Panel.BREAKPOINTS:
                selected = self.breakpoints.selected
                return self.breakpoint_control.text_of(selected) if selected is not None else ""
            case Panel.QUEUE:
                message = self.queue.selected
                return f"{message.event_id} {message.preview}" if message is not None else ""
            case _:
                return self.timeline.selected_text()

    # Speaking and waiting

    def say(self, text: str, level: str = "information") -> None:
        """Show a safe text in the last line for a few seconds; its level is `information`, `warning` or `error`."""
        self.keys_line.say(text, level)

    def later(self, work: Callable[[], Coroutine[None, None, None]], name: str) -> None:
        """Do what waits for the worker while the screen goes on; newer work of the same name replaces it."""
        # A function and not its coroutine: work that is replaced before it begins is then never made.
        _: Worker[None] = self.screen.run_worker(work, group=name, exclusive=True, exit_on_error=False)
