"""Drives the app in tests and screenshots: a session on the test's own loop, a fixed clock, fixed run ids."""

# ruff: noqa: E402 - Textual reads the environment when it is imported

import itertools
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

os.environ["TEXTUAL_ANIMATIONS"] = "none"
for name in ("NO_COLOR", "TEXTUAL_THEME"):
    os.environ.pop(name, None)

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from process_core.session.client.in_process import InProcessSession
from tui.app import StepscopeApp
from tui.run_controller import StartOptions

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample_processes"
IDLE_STATES = ("IDLE", "IDLE_WITH_PENDING_REQUESTS", "STOPPED", "FAILED")
PATIENCE = 40.0
"""Seconds after which a test gives up waiting for a screen."""
_ROUNDS = 5
"""How often widgets are waited for after a key; a run that computes keeps them busy for ever."""


def freeze_cursors(patch: Callable[[Any, str, Any], None]) -> None:
    """Keep the cursors of text boxes from blinking."""
    patch(Input, "_toggle_cursor", lambda _: None)
    patch(TextArea, "_toggle_cursor_blink_visible", lambda _: None)


def opener(runs_dir: Path, cwd: Path = ROOT) -> Callable[[], Any]:
    """Return what opens a session that records the same run to the byte every time."""
    ticks = itertools.count()
    runs = itertools.count(1)

    async def open_session() -> InProcessSession:
        return await InProcessSession.open(
            cwd=cwd,
            runs_dir=runs_dir,
            clock=lambda: 1_700_000_000 + next(ticks) * 0.01,
            run_ids=lambda: f"run-{next(runs)}",
        )

    return open_session


def screen_text(app: Any) -> str:
    """Return what a terminal would show, without colours."""
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


class Driver:
    """An app under test."""

    def __init__(self, app: StepscopeApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def text(self) -> str:
        return screen_text(self.app)

    @property
    def screen(self) -> Any:
        return self.app.screen

    @property
    def status(self) -> Any:
        assert self.app.session is not None
        return self.app.session.status

    async def until(self, wanted: str | Callable[[], Any], seconds: float = PATIENCE) -> str | None:
        """Wait until the screen holds a text, and return what it shows then; or until something holds."""
        holds = (lambda: wanted in self.text) if isinstance(wanted, str) else wanted
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                shown = wanted if isinstance(wanted, str) else "what was waited for"
                raise AssertionError(f"{shown!r} did not come; the screen shows:\n{self.text}")
            await self.pilot.pause(0.02)
        await self.pilot.pause()
        return self.text if isinstance(wanted, str) else None

    async def settle(self) -> None:
        """Wait until a run is paused or idle, and the screen shows all of it."""
        await self.until(lambda: self.status.paused is not None or self.status.state in IDLE_STATES)
        before = ""
        while not self._shows_all or before != self.text:
            before = self.text
            await self.pilot.pause()
        await self.pilot.pause()

    @property
    def _shows_all(self) -> bool:
        """Whether nothing is on its way from the session to the screen."""
        screen, written = self.screen, self.status.written
        if screen.run_file is None or screen._is_pull_asked:
            return False
        last = screen.run_file.page(max(0, written - 1), 2)
        return [row.type for row in last] in (["status"], ["paused"]) and not screen.graph.is_laying_out

    async def press(self, *keys: str) -> None:
        await self._send(*(_key(key) for key in keys))
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Put a text into the box that has the focus."""
        await self._send(self._paste(text))
        await self.pilot.pause()

    async def command(self, line: str) -> None:
        """Enter a command on the command line."""
        if self.screen.inserting:
            await self._send(_key("escape"))
        await self._send(_key("colon"))
        await self._send(self._paste(line), _key("enter"))
        await self.pilot.pause()

    async def answer(self, text: str) -> None:
        """Enter an answer into the chat."""
        if self.app.focused is not self.screen.chat.box:
            await self._send(_key("a"))
        await self._send(self._paste(text), _key("enter"))
        await self.pilot.pause()

    def _paste(self, text: str) -> events.Paste:
        """Return a text as one paste; a key for each letter costs two waits and a layout for each letter."""
        assert isinstance(self.app.focused, Input | TextArea), f"no text box has the focus: {self.app.focused}"
        return events.Paste(text)

    async def _send(self, *sent: events.Event) -> None:
        """Send each event as the terminal does, once all widgets have dealt with the one before.

        Pilot waits until the process is idle, twice for each key: 40 ms at least, a second where a run computes.
        """
        assert self.app._driver is not None
        for event in sent:
            self.app._driver.send_message(event)
            for _ in range(_ROUNDS):
                await self.pilot._wait_for_screen()
                if not any(pump.message_queue_size for pump in self.screen.walk_children(with_self=True)):
                    break


def _key(name: str) -> events.Key:
    character = name if len(name) == 1 else None
    return events.Key(_character_to_key(name) if character and not name.isalnum() else name, character)


@asynccontextmanager
async def debugging(
    target: Path | str, runs_dir: Path, *, size: tuple[int, int] = (120, 40), cwd: Path = ROOT, **options: Any
) -> AsyncIterator[Driver]:
    """Open the app on a target."""
    app = StepscopeApp(opener(runs_dir, cwd), str(target), StartOptions(**options))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Driver(app, pilot)
    if app.session is not None:
        await app.session.close()
