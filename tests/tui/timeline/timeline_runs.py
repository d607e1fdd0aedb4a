"""Run files with the made-up rows in them, and the text of a screen."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from timeline_fakes import FakeRow

from process_core.events import RunState, WorkflowEvent
from process_core.runfile import RunFile, RunFileWriter
from tui.timeline.view import TimelineView


def write_run(path: Path, rows: Iterable[FakeRow]) -> RunFile:
    writer = RunFileWriter(path, process="P", run_id="r", started=1000.0)
    for row in rows:
        writer.append(
            WorkflowEvent(
                row.type,
                row.preview or None,
                row.details,
                state=RunState(row.state) if row.state else None,
                event_id=row.event_id,
                seq=row.seq,
                timestamp=row.timestamp,
                superstep=row.superstep,
                path=row.path,
                step=row.step,
                function=row.function,
                causes=row.causes,
                route=row.route,
            )
        )
    writer.close()
    return RunFile(path)


class TimelineApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, int, bool]] = []

    def compose(self) -> ComposeResult:
        yield TimelineView()

    @property
    def view(self) -> TimelineView:
        return self.query_one(TimelineView)

    def on_timeline_view_event_selected(self, event: TimelineView.EventSelected) -> None:
        self.told.append(("selected", event.row.seq, event.automatic))

    def on_timeline_view_event_activated(self, event: TimelineView.EventActivated) -> None:
        self.told.append(("activated", event.row.seq, False))


def screen_lines(app: App[None]) -> list[str]:
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


def screen_text(app: App[None]) -> str:
    return "\n".join(screen_lines(app))


def line_of(app: App[None], seq: int) -> str:
    """The line on the screen that shows an event."""
    return next(line for line in screen_lines(app) if line[2:].lstrip().split(" ")[0] == str(seq))


def has_cursor(app: App[None], seq: int) -> bool:
    """Whether the cursor is on an event that is on the screen."""
    return any(line.startswith(" ❯") and line[2:].split()[0] == str(seq) for line in screen_lines(app))


async def until(pilot: Pilot[Any], holds: Callable[[], bool]) -> None:
    """Wait until something holds, however busy the machine is."""
    async with asyncio.timeout(40):
        while not holds():
            await pilot.pause(0.02)
