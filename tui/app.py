"""The app: one session, its screens, and the colours."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual import events
from textual.app import App
from textual.binding import BindingType
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import Monochrome, NoColor
from textual.message import Message
from textual.worker import Worker, WorkerFailed, WorkerState

from process_core.session.client.session import CommandRefused, Session
from process_core.session.protocol.envelope import Failure
from process_core.session.protocol.status import Loaded
from tui.faults import Faults
from tui.messages import ResumeWanted, TargetRefused
from tui.palette import ActionProvider, Palette
from tui.recorded.resuming import resume_recorded
from tui.run_controller import RunControl, StartOptions
from tui.samples import Sample, samples
from tui.screens.debug_screen import DebugScreen
from tui.screens.handlers.resume import mismatch_question
from tui.screens.held_keys import HeldKeys
from tui.screens.load_error import LoadErrorScreen
from tui.screens.sample_picker import SamplePickerScreen
from tui.terminal import TerminalDriver
from tui.text.safe_text import LABEL, safe
from tui.themes import DEFAULT_THEME, PLAIN_THEME, THEMES, MonochromeFilter
from tui.widgets.fault_boundary import FaultBoundary, guarded_dispatch
from tui.widgets.text_box import TextBox

OpenSession = Callable[[], Awaitable[Session]]
"""Opens a session; asked when the first target is known."""


class StepscopeApp(App[int]):
    """The terminal UI.

    Args:
        open_session: Opens the session.
        target: What to debug; None offers the samples.
        options: How to begin the run.
        session: A session that is open already, perhaps with the target loaded, or on a recording.
        loading: The loading of the target, where it has begun.
        first_event: The event of a recording to look at first.
    """

    COMMANDS: ClassVar[set[Any]] = {ActionProvider}
    BINDINGS: ClassVar[list[BindingType]] = []
    TITLE = "stepscope"
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        open_session: OpenSession,
        target: str | None = None,
        options: StartOptions | None = None,
        *,
        session: Session | None = None,
        loading: "asyncio.Task[Loaded] | None" = None,
        first_event: int | None = None,
    ) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self._plain = MonochromeFilter(enabled=False)
        self._filters = [kept for kept in self._filters if not isinstance(kept, Monochrome | NoColor)]
        self._filters.append(self._plain)
        chosen = PLAIN_THEME if self.no_color else os.environ.get("TEXTUAL_THEME", DEFAULT_THEME)
        self.theme = DEFAULT_THEME  # what the environment names was not registered when Textual looked for it
        self.theme = chosen if chosen in self.available_themes else DEFAULT_THEME
        self._open_session = open_session
        self.session = session
        self.target = target
        self.options = options or StartOptions()
        self.refusal: Failure | None = None
        self._loading = loading
        self._first_event = first_event
        self.faults = Faults()

    def get_driver_class(self) -> type[Driver]:
        """Return what draws: on a terminal our own, else what the environment asks for, such as a browser's."""
        driver = super().get_driver_class()
        return TerminalDriver if driver is LinuxDriver else driver

    async def on_event(self, event: events.Event) -> None:
        """Deal with an event; Textual calls this. Keys apply in order, each before the next is looked at."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
        elif not isinstance(self.screen, DebugScreen) or not self.screen.held.take(event):
            await self._pass_on(event)

    async def pass_on_held(self, held: HeldKeys) -> None:
        """Pass on the keys that waited, until one makes the others wait again."""
        while (event := held.next()) is not None:
            await self._pass_on(event)

    async def _pass_on(self, event: events.Event) -> None:
        box = self.focused
        if not isinstance(box, TextBox):
            await super().on_event(event)
        elif isinstance(event, events.Key) and not box.check_consume_key(event.key, event.character):
            # Textual's way is to send it to the box and up from there, to come back here after the keys typed since.
            if not await self._check_bindings(event.key, priority=True):
                await self._check_bindings(event.key)
        else:
            await super().on_event(event)
            await box.caught_up()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the variables that themes of others lack; Textual asks for them."""
        return {"rule": "#808080", "pill-text": "#101010"}

    def action_command_palette(self) -> None:
        """Open the palette; Textual calls this."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def watch_theme(self, theme: str) -> None:
        """Take the colours out, or put them back."""
        self._plain.enabled = theme == PLAIN_THEME
        for screen in self.screen_stack if self.is_running else ():
            screen.refresh()

    # Faults of our own

    async def _dispatch_message(self, message: Message) -> None:
        await guarded_dispatch(self, super()._dispatch_message, message)

    def note_fault(self, where: str, error: BaseException) -> str:
        """Note a fault of stepscope, and show it where it is new; return its line."""
        fault = self.faults.note(where, error)
        if fault.is_new:
            self.call_later(self._show_fault, fault.line)
        return fault.line

    def _show_fault(self, line: str) -> None:
        screen = next((screen for screen in reversed(self.screen_stack) if isinstance(screen, DebugScreen)), None)
        if screen is not None:
            screen.parts.say(line, "error")

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Note what broke off work beside the screen; Textual posts this."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.note_fault(f"the app, {event.worker.name or 'work'}", event.worker.error)

    def _handle_exception(self, error: Exception) -> None:
        """Note what a timer, or a widget of Textual's own, raised; only without a screen there is no way to go on."""
        cause = error.error if isinstance(error, WorkerFailed) else error
        line = self.note_fault("the screen", cause)
        if not any(isinstance(screen, FaultBoundary) and screen.is_mounted for screen in self.screen_stack):
            self.exit(1, return_code=1, message=Text(f"stepscope: {line}"))
        elif not isinstance(self.screen, FaultBoundary):
            self.call_later(self.pop_screen)  # a page of Textual's own, which hears no keys any more

    def _fatal_error(self) -> None:
        """End without the traceback of Textual's, which prints the values of all variables."""
        error = sys.exc_info()[1]
        line = self.faults.note("the app", error or RuntimeError("unknown")).line
        self.exit(1, return_code=1, message=Text(f"stepscope: {line}"))

    async def on_mount(self) -> None:
        """Show the first screen."""
        if self.target is not None:
            await self._debug(self.target)
        else:
            self.push_screen(SamplePickerScreen(samples()), self._chosen)

    def _chosen(self, sample: Sample | None) -> None:
        if sample is None:
            self.exit()
            return
        self.run_worker(self._debug(_shown_path(sample.path)), exit_on_error=True)

    async def _debug(self, target: str) -> None:
        self.target = target
        if self.session is None:
            self.session = await self._open_session()
        control = RunControl(self.session, target, self.options, self._loading)
        await self.push_screen(DebugScreen(control, self._first_event))

    def on_target_refused(self, event: TargetRefused) -> None:
        """Show why a target cannot be loaded or resumed; of what the app was opened for, that ends it with code 2."""
        event.stop()
        screen = self.screen
        if not isinstance(screen, DebugScreen):
            return
        if event.is_first:
            self.refusal = event.failure
            self.exit(2, return_code=2)
            return
        died = screen.control.session.died is not None
        shown = LoadErrorScreen(event.target, event.failure, goes_on=not died and screen.is_alive)
        self.push_screen(shown, lambda again: screen.restart() if again else None)

    def on_resume_wanted(self, event: ResumeWanted) -> None:
        """Resume the recorded run that is looked at."""
        event.stop()
        screen = self.screen
        if isinstance(screen, DebugScreen):
            self.run_worker(self._resume(screen, event), exclusive=True, exit_on_error=False)

    def _resume_again(self, wanted: ResumeWanted) -> None:
        self.post_message(wanted)

    async def _resume(self, screen: DebugScreen, wanted: ResumeWanted) -> None:
        target = wanted.info.target or ""
        screen.presenter.show_waiting(f"RESUMING {safe(target, LABEL)}")
        session: Session | None = None
        try:
            session = await self._open_session()
            await resume_recorded(session, target, wanted.info.path, superstep=wanted.superstep, choices=wanted.choices)
        except CommandRefused as refused:
            if session is not None:
                await session.close()
            question = mismatch_question(refused.failure, wanted.choices)
            if question is not None:
                again = ResumeWanted(wanted.info, wanted.superstep, question.choices)
                self.push_screen(question.page(), lambda yes: self._resume_again(again) if yes else None)
            else:
                self.push_screen(LoadErrorScreen(target, refused.failure, goes_on=False))
            return
        except BaseException:
            if session is not None:
                await session.close()
            raise
        finally:
            screen.presenter.show_waiting("")
        recorded, self.session, self.target = self.session, session, target
        await self.switch_screen(DebugScreen(RunControl(session, target, StartOptions(is_begun=True))))
        if recorded is not None:
            await recorded.close()


def _shown_path(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
