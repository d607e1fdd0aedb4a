"""`stepscope resume`: resumes a recorded run, in the debugger or without a terminal."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from process_core.events import RunState
from process_core.runfile import RunInfo
from process_core.session.protocol.verbs import ResumeChoices, ResumeRun
from tui.cli.output import complain, write
from tui.errors import UsageError
from tui.recorded.describe import how_on
from tui.recorded.resuming import folder_of, foreign_code, resume_recorded, target_of
from tui.recorded.run_lookup import find_run, info_of
from tui.run_controller import StartOptions
from tui.text.safe_text import safe

if TYPE_CHECKING:
    from process_core.session.client.session import Session
    from process_core.session.protocol.status import Loaded


def do(arguments: argparse.Namespace) -> int:
    """Resume the run; return the exit code.

    Raises:
        UsageError: The run cannot be resumed.
    """
    path = find_run(arguments.run)
    info = info_of(path)
    check(info, arguments.superstep)
    target = target_of(info, arguments.target)
    cwd = Path.cwd() if arguments.target else folder_of(path, target)
    is_on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    foreign = None if arguments.target else foreign_code(path, target)
    if foreign is not None and not arguments.trust:
        _ask_to_trust(path, foreign, is_on_terminal=is_on_terminal)
    if is_on_terminal:
        return asyncio.run(_open_screen(path, target, cwd, arguments, is_foreign=foreign is not None))
    from tui.cli.headless import run_headless  # noqa: PLC0415 - only where there is no terminal

    complain(f"resuming {safe(path.name, 200)}: {safe(target, 200)}")
    return asyncio.run(
        run_headless(
            target,
            breakpoints=tuple(arguments.breakpoints),
            resume=ResumeRun(
                run_file=str(path),
                superstep=arguments.superstep,
                paused=arguments.paused,
                max_supersteps=arguments.max_supersteps,
                **_choices(arguments).fields(),
            ),
            python=arguments.python,
            is_foreign=foreign is not None,
            stdin=sys.stdin,
            stdout=sys.stdout,
            stderr=sys.stderr,
            cwd=cwd,
        )
    )


def check(info: RunInfo, superstep: int | None) -> None:
    """Check that a run can be resumed after a superstep (None: its last), as far as its file alone shows.

    Raises:
        UsageError: It is still going on, or was stopped.
    """
    if info.is_live or (info.state is RunState.STOPPED and superstep is None):
        raise UsageError(f"cannot resume {safe(info.path.name, 200)}: {how_on(info)}")


def _ask_to_trust(path: Path, code: Path, *, is_on_terminal: bool) -> None:
    """Ask whether code that lies elsewhere may be run.

    Raises:
        UsageError: It may not, or there is nobody to ask.
    """
    reason = f"{safe(path.name, 200)} would run code that lies outside of this project: {safe(str(code), 1000)}"
    if not is_on_terminal:
        raise UsageError(f"{reason}; look at it first, then resume with --trust, or from the folder that it is in")
    write(f"stepscope: {reason}\nRun it? [y/N] ", sys.stderr, end="")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was run")


def _choices(arguments: argparse.Namespace) -> ResumeChoices:
    steps = tuple(each for each in arguments.reset if isinstance(each, str))
    numbers = tuple(each for each in arguments.drop if not isinstance(each, bool))
    return ResumeChoices(
        reset=True if len(steps) < len(arguments.reset) else steps,
        drop=True if len(numbers) < len(arguments.drop) else numbers,
        replace=dict(arguments.replace),
    )


async def _open_screen(path: Path, target: str, cwd: Path, arguments: argparse.Namespace, *, is_foreign: bool) -> int:
    from tui.cli.open_app import open_app  # noqa: PLC0415 - only where there is a terminal

    async def begin(session: "Session") -> "Loaded":
        return await resume_recorded(
            session,
            target,
            path,
            superstep=arguments.superstep,
            paused=arguments.paused,
            breakpoints=arguments.breakpoints,
            max_supersteps=arguments.max_supersteps,
            choices=_choices(arguments),
        )

    options = StartOptions(is_begun=True)
    return await open_app(target, lambda: options, cwd=cwd, python=arguments.python, begin=begin, is_foreign=is_foreign)
