"""Resumes a recorded run in a session: loads its target, sets breakpoints, lets it go on."""

import os
from collections.abc import Sequence
from pathlib import Path

from process_core.runfile import RUNS_FOLDER, RunInfo
from process_core.session.client.session import Session
from process_core.session.protocol.status import Loaded
from process_core.session.protocol.target_names import code_outside, split_target
from process_core.session.protocol.verbs import ResumeChoices, ResumeRun
from tui.errors import UsageError
from tui.recorded.describe import command
from tui.run_controller import RunControl, request_resume
from tui.text.safe_text import safe


async def resume_recorded(
    session: Session,
    target: str,
    path: Path,
    *,
    superstep: int | None = None,
    paused: bool = False,
    breakpoints: Sequence[str] = (),
    max_supersteps: int | None = None,
    choices: ResumeChoices,
) -> Loaded:
    """Resume a recorded run.

    Args:
        session: A session with a worker.
        target: What to load.
        path: The run file; absolute, for the worker may run in another folder.
        superstep: After which superstep; an earlier one than the last forks into a new file.
        paused: Pause before the first message.
        breakpoints: Event ids (or step paths) to break on.
        max_supersteps: Supersteps allowed since the last outside input.
        choices: What is done with what does not fit the code.

    Returns:
        What was loaded.

    Raises:
        CommandRefused: The target cannot be loaded, or the run not be resumed; the failure says why.
    """
    await session.load(target)
    control = RunControl(session, target)
    for place in breakpoints:
        await control.break_on(place)
    command = ResumeRun(
        run_file=str(path), superstep=superstep, paused=paused, max_supersteps=max_supersteps, **choices.fields()
    )
    return await request_resume(session, command)


def target_of(info: RunInfo, given: str | None) -> str:
    """Return the target that the user named, else the recorded one.

    Raises:
        UsageError: Neither is known.
    """
    target = given or info.target
    if not target:
        raise UsageError(
            f"{safe(info.path.name, 200)} does not say what was run; name it:"
            f" {command('resume', info.path, '--target PATH.py')}"
        )
    return target


def folder_of(path: Path, target: str) -> Path:
    """Return the folder that a recorded target is relative to.

    It is the current one, or the root of the project that the file was recorded in where only that has the target.
    """
    here, root = Path.cwd(), _root_of(path)
    file, _ = split_target(target)
    # `os.path` takes any text for a path: that there is no such file is all that matters.
    is_there = root is not None and not os.path.exists(here / file) and os.path.exists(root / file)  # noqa: PTH110
    return root if root is not None and is_there else here


def foreign_code(path: Path, target: str) -> Path | None:
    """Return what resuming a run would run outside of the present project; None where there is nothing.

    The project is the current folder, or the root of the one that the file was recorded in where that is further up.
    """
    here, root = Path.cwd(), _root_of(path)
    project = root if root is not None and here.is_relative_to(root) else here
    return code_outside(target, folder_of(path, target), project)


def _root_of(path: Path) -> Path | None:
    """Return the root of the project that a run file was recorded in; None where it lies elsewhere."""
    root = path.resolve().parent
    for name in reversed(RUNS_FOLDER.parts):
        if root.name != name:
            return None
        root = root.parent
    return root
