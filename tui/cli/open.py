"""`stepscope open`: shows a recorded run, and runs none of its code."""

import argparse
import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from process_core.runfile import RunFile, RunFileError, RunInfo
from tui.cli.event_line import event_lines
from tui.cli.output import GONE, leave_quietly, write
from tui.errors import UsageError
from tui.recorded.describe import how_on, state_words
from tui.recorded.recorded_session import RecordedSession
from tui.recorded.run_lookup import find_run
from tui.text.safe_text import safe

if TYPE_CHECKING:
    from process_core.session.client.session import Session

_PAGE: Final = 500
_LOOK: Final = 0.1
"""Seconds between two looks at a file that is being written."""


def do(arguments: argparse.Namespace) -> int:
    """Show the run; return the exit code.

    Raises:
        UsageError: It cannot be read.
    """
    path = find_run(arguments.run)
    try:
        if sys.stdin.isatty() and sys.stdout.isatty():
            return asyncio.run(_open_app(path, arguments.at, arguments.python))
        return print_run(path, sys.stdout, sys.stderr, first=arguments.at or 1, follow=arguments.follow)
    except RunFileError as error:
        raise UsageError(safe(str(error), 500)) from None


async def _open_app(path: Path, at: int | None, python: str | None) -> int:
    from process_core.session.client.interpreter import find_interpreter  # noqa: PLC0415
    from process_core.session.client.worker_process import WorkerSession  # noqa: PLC0415
    from process_core.session.protocol.breakpoints import BREAKPOINTS_FILE  # noqa: PLC0415 - only where it is shown

    recorded = await RecordedSession.open(path)
    try:
        if at is not None and at > recorded.info.events:
            raise UsageError(f"there is no event {at} in {safe(path.name, 200)}; the last is {recorded.info.events}")
        from tui.app import StepscopeApp  # noqa: PLC0415 - Textual, which bad input need not wait for
        from tui.recorded.resuming import folder_of, foreign_code  # noqa: PLC0415
        from tui.run_controller import StartOptions  # noqa: PLC0415
        from tui.terminal import run_on_terminal  # noqa: PLC0415

        async def open_session() -> "Session":
            target = recorded.info.target or ""
            folder = folder_of(path, target)
            is_foreign = foreign_code(path, target) is not None  # then no Python is looked for beside it
            interpreter = await find_interpreter(None if is_foreign else recorded.info.target, folder, python)
            return await WorkerSession.open(
                cwd=folder, breakpoints_file=folder / BREAKPOINTS_FILE, interpreter=interpreter
            )

        options = StartOptions(is_begun=True)
        app = StepscopeApp(open_session, str(recorded.info.path), options, session=recorded, first_event=at)
        try:
            return await run_on_terminal(app)
        finally:
            if app.session is not None and app.session is not recorded:
                await app.session.close()
    finally:
        await recorded.close()


def print_run(path: Path, out: TextIO, errors: TextIO, *, first: int = 1, follow: bool = False) -> int:
    """Print the events of a run as `run` does without a terminal; return 0, or 1 where the reader went away.

    Args:
        path: The run file.
        out: Where the events go.
        errors: Where the state of the run goes.
        first: The event to begin with.
        follow: Whether to go on while another process writes the file.

    Raises:
        RunFileError: The file cannot be read.
    """
    try:
        with RunFile(path) as run_file:
            printed = first - 1
            while True:
                info = run_file.info
                printed = _print_rows(run_file, printed, info.events, out)
                if not (follow and info.is_live):
                    break
                time.sleep(_LOOK)
            write(_closing(info), errors)
    except BrokenPipeError:
        leave_quietly(out)
        return GONE
    return 0


def _print_rows(run_file: RunFile, printed: int, last: int, out: TextIO) -> int:
    while printed < last:
        rows = run_file.page(printed, _PAGE)
        for row in rows:
            for line in event_lines(run_file, row):
                write(line, out)
        if not rows:
            break
        printed = rows[-1].seq
    out.flush()
    return printed


def _closing(info: RunInfo) -> str:
    more = "--follow prints what comes; " if info.is_live else ""
    return f"stepscope: {safe(info.process, 60)}: {state_words(info)}; {more}{how_on(info)}"
