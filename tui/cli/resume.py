"""`stepscope resume`: goes on with a recorded run, in the debugger or without a terminal."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from process_core.events import RunState
from process_core.runfile import RunFile, RunFileError, RunInfo
from process_core.session.client.session import CommandRefused
from process_core.session.client.worker_process import WorkerSession
from process_core.session.protocol.breakpoints import BREAKPOINTS_FILE
from process_core.session.protocol.envelope import Failure
from process_core.session.protocol.verbs import ResumeRun
from tui.errors import UsageError
from tui.recorded.describe import how_on
from tui.recorded.resuming import folder_of, resume_recorded, target_of
from tui.recorded.run_lookup import find_run
from tui.text.safe_text import safe

if TYPE_CHECKING:
    from process_core.session.client.session import Session

_GRACE: Final = 0.6
"""Seconds to load the target in before the screen opens and shows that it is being loaded."""


def do(arguments: argparse.Namespace) -> int:
    """Go on with the run.

    Args:
        arguments: Of the command.

    Returns:
        The exit code.

    Raises:
        UsageError: The run cannot be resumed.
    """
    path = find_run(arguments.run)
    try:
        with RunFile(path) as run_file:
            info = run_file.info
    except RunFileError as error:
        raise UsageError(safe(str(error), 500)) from None
    check(info, arguments.superstep)
    target = target_of(info, arguments.target)
    cwd = Path.cwd() if arguments.target else folder_of(path, target)
    if sys.stdin.isatty() and sys.stdout.isatty():
        return asyncio.run(_open_app(path, target, cwd, arguments))
    from tui.cli.headless import run_headless  # noqa: PLC0415 - only where there is no terminal

    print(f"stepscope: going on with {safe(path.name, 200)}: {safe(target, 200)}", file=sys.stderr)  # noqa: T201 - a command line
    return asyncio.run(
        run_headless(
            target,
            breakpoints=tuple(arguments.breakpoints),
            resume=ResumeRun(run_file=str(path), superstep=arguments.superstep, paused=arguments.paused),
            stdin=sys.stdin,
            stdout=sys.stdout,
            stderr=sys.stderr,
            cwd=cwd,
        )
    )


def check(info: RunInfo, superstep: int | None) -> None:
    """Check whether a run can be resumed, as far as its file alone shows.

    Args:
        info: The run.
        superstep: After which superstep.

    Raises:
        UsageError: It is still going on, or was stopped.
    """
    if info.is_live or (info.state is RunState.STOPPED and superstep is None):
        raise UsageError(f"cannot resume {safe(info.path.name, 200)}: {how_on(info)}")


async def _open_app(path: Path, target: str, cwd: Path, arguments: argparse.Namespace) -> int:
    """Take the run up while the UI is imported, then open the app."""

    async def open_session() -> "Session":
        opened = await WorkerSession.open(cwd=cwd, breakpoints_file=cwd / BREAKPOINTS_FILE)
        opened.watch = True
        return opened

    session: Session | None = await open_session()
    assert session is not None
    taking_up = asyncio.create_task(
        resume_recorded(
            session,
            target,
            path,
            superstep=arguments.superstep,
            paused=arguments.paused,
            breakpoints=arguments.breakpoints,
        )
    )
    try:
        await asyncio.sleep(0)
        app_class, options_class = await asyncio.to_thread(_import_ui)
        done, _ = await asyncio.wait([taking_up], timeout=_GRACE)
        if done and isinstance(error := taking_up.exception(), CommandRefused):
            raise UsageError(_refusal(target, error.failure))
        options = options_class(is_begun=True)
        app = app_class(open_session, target, options, session=session, loading=taking_up)
        try:
            await app.run_async()
        finally:
            session = app.session
        if app.refusal is not None:
            raise UsageError(_refusal(target, app.refusal))
        return int(app.return_code or 0)
    finally:
        if not taking_up.done():
            taking_up.cancel()
        if session is not None:
            await session.close()


def _refusal(target: str, failure: Failure) -> str:
    from tui.screens.load_error import load_error_text  # noqa: PLC0415 - Textual, which has been imported by now

    return load_error_text(target, failure)


def _import_ui() -> tuple[Any, Any]:
    from tui.app import StepscopeApp  # noqa: PLC0415 - the worker starts meanwhile
    from tui.run_controller import StartOptions  # noqa: PLC0415

    return StepscopeApp, StartOptions
