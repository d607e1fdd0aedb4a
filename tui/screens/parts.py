"""What the debug screen is made of: its widgets, and how its actions speak to the user."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ClassVar

from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from process_core.graph import Edge
from process_core.runfile import RunFile
from process_core.session.client.session import RESTARTED, CommandRefused
from process_core.session.protocol.status import Status
from tui.actions import Action, Panel
from tui.breakpoints.controller import BreakpointController
from tui.breakpoints.panel import BreakpointsPanel
from tui.chat.panel import ChatPanel
from tui.commands.command_line import CommandLine
from tui.commands.completion import BreakpointName, Names
from tui.graph.widget.view import GraphView
from tui.inspector.panel import InspectorPanel
from tui.queue.controller import QueueController
from tui.queue.panel import QueuePanel
from tui.run_controller import RefusedError, RunControl
from tui.screens.workspace import Workspace
from tui.status.bars import Banner, KeysLine, ModeLine
from tui.text.safe_text import safe
from tui.timeline.view import TimelineView


class DebugParts(Screen[None]):
    """The widgets of the debug screen.

    Args:
        control: Drives the session.

    Attributes:
        stops: What is asked about breakpoints.
        surgery: What is asked to change a paused run.
        drafts: What was typed into an editor and not saved, by what it edits.
        not_started: Why the last start was refused, safe; empty where it was not.
        inspected_step: Path of the step that the inspector shows, or None where it shows an event.
        focus_owed_to_chat: Whether the chat box gets the focus when the process asks: at the start, and where a pause
            took it from there.
    """

    INSPECTOR: ClassVar[type[InspectorPanel]] = InspectorPanel

    def __init__(self, control: RunControl) -> None:
        super().__init__()
        self.control = control
        self.stops = BreakpointController(control)
        self.surgery = QueueController(control)
        self.drafts: dict[tuple[object, ...], str] = {}
        self.run_file: RunFile | None = None
        self.loading_text = ""
        self.not_started = ""
        self.graph = GraphView(id="graph")
        self.timeline = TimelineView(id="timeline")
        self.inspector = self.INSPECTOR(id="inspector")
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
        self.workspace = Workspace(self.panels, id="workspace")
        self.mode_line = ModeLine()
        self.banner = Banner()
        self.keys_line = KeysLine()
        self.line = CommandLine(self.names)
        self.edges: Sequence[Edge] = ()
        self.panel_before: Panel | None = None
        self.filter_text = ""
        self.inspected_step: str | None = None
        self.focus_owed_to_chat = True

    @property
    def status(self) -> Status:
        """Where the session stands."""
        return self.control.status

    def names(self) -> Names:
        """Give the names that a command's argument may hold."""
        return Names(
            events=self.control.events,
            input_events=self.control.loaded.input_events if self.control.loaded else (),
            steps=self.control.steps,
            functions=self.control.functions,
            routes=tuple(edge.id for edge in self.edges),
            breakpoints=tuple(
                BreakpointName(s.id, self.stops.text_of(s), s.condition or "", s.hits or "", s.log or "")
                for s in self.status.breakpoints
                if s.id is not None
            ),
            messages=self.queue.names,
            themes=tuple(name for name in self.app.available_themes if name.startswith("stepscope")),
        )

    # Where the user is

    @property
    def panel(self) -> Panel | None:
        """The panel that has the focus."""
        widget: Any = self.focused
        owners = {widget: panel for panel, widget in self.panels.items()}
        while widget is not None and widget is not self:
            if widget in owners:
                return owners[widget]
            widget = widget.parent
        return None

    @property
    def inserting(self) -> bool:
        """Whether letters are typed rather than obeyed."""
        return isinstance(self.focused, Input)

    def go_to(self, panel: Panel, *, typing: bool = True) -> None:
        """Bring a panel to the front and give it the focus.

        Args:
            panel: Which.
            typing: Whether the box of the chat gets it while something is asked.
        """
        self.workspace.show(panel)
        self._focus_in(panel, typing=typing)

    def _focus_in(self, panel: Panel, *, typing: bool) -> None:
        if panel is Panel.CHAT:
            asks = typing and self.chat.request is not None
            target: Widget | None = self.chat.box if asks else self.chat.transcript
        else:
            widget = self.panels[panel]
            inside = (child for child in widget.walk_children() if isinstance(child, Widget) and child.focusable)
            target = widget if widget.focusable else next(inside, None)
        if target is not None:
            self.set_focus(target)

    @property
    def selected_edge(self) -> Edge | None:
        """The route that is selected in the graph."""
        return next((edge for edge in self.edges if edge.key == self.graph.selected), None)

    @property
    def selected_step(self) -> str | None:
        """The path of the step that is selected in the graph."""
        selected = self.graph.selected
        return selected if selected in self.control.steps else None

    # Speaking

    def say(self, text: str, level: str = "information") -> None:
        """Tell the user something in the last line, for a few seconds.

        Args:
            text: A safe text.
            level: `information`, `warning` or `error`.
        """
        self.keys_line.say(text, level)

    def perform(self, action: Action, argument: str = "", *, refused: Callable[[str], None] | None = None) -> None:
        """Do an action; what goes wrong is told, and harms nothing.

        Args:
            action: Which.
            argument: As after its verb.
            refused: Told what was wrong instead of the last line.
        """
        handler = getattr(self, action.handler, None)
        try:
            outcome = handler(argument) if handler is not None else self._send_verb(action, argument)
        except RefusedError as error:
            self._refused(str(error), refused)
            return
        except Exception as error:  # noqa: BLE001 - a fault of one action must not end the app and the run with it
            self._broke(action, error)
            return
        if inspect.isawaitable(outcome):
            self.run_worker(self._finish(action, outcome, refused), group="actions", exit_on_error=False)

    async def _send_verb(self, action: Action, argument: str) -> None:
        """Send a verb that needs nothing of this screen but its words."""
        self.say(await self.control.send_verb(action.verb, argument, self.names().by_kind()))

    async def _finish(self, action: Action, outcome: Any, refused: Callable[[str], None] | None) -> None:
        try:
            await outcome
        except RefusedError as error:
            self._refused(str(error), refused)
        except CommandRefused as error:
            self._refused(error.failure.message if error.failure.code != RESTARTED else "", refused)
        except Exception as error:  # noqa: BLE001 - as above
            self._broke(action, error)

    def _broke(self, action: Action, error: Exception) -> None:
        reason = safe(f"{type(error).__name__}: {error}", 200)
        self.say(f"{action.title} failed, which is a fault of stepscope; the run is as it was: {reason}", "error")

    def _refused(self, text: str, refused: Callable[[str], None] | None) -> None:
        if not text:
            return
        if refused is not None:
            refused(text)
        else:
            self.say(safe(text), "error")

    def later(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Do something that waits for the worker, so that the screen goes on; a newer one of the name replaces it.

        Args:
            work: What to do.
            name: Of the kind of work.
        """
        self.run_worker(work, group=name, exclusive=True, exit_on_error=False)

    async def sleep(self, seconds: float) -> None:
        """Wait, while the screen goes on."""
        await asyncio.sleep(seconds)
