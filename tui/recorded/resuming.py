"""Resumes a recorded run in a session: loads its target, sets breakpoints, lets it go on."""

from collections.abc import Sequence
from pathlib import Path

from process_core.runfile import RUNS_FOLDER, RunInfo
from process_core.session.client.session import Session
from process_core.session.protocol.status import Loaded
from process_core.session.protocol.verbs import ResumeRun
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
    reset: bool | tuple[str, ...] = (),
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
        reset: Steps that begin with a new state; True for every one whose recorded state does not fit the code.

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
        run_file=str(path), superstep=superstep, paused=paused, max_supersteps=max_supersteps, reset=reset
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
    here = Path.cwd()
    root = path.resolve().parent
    for name in reversed(RUNS_FOLDER.parts):
        if root.name != name:
            return here
        root = root.parent
    file = target.rpartition(":")[0] or target if ".py:" in target else target
    return root if not (here / file).exists() and (root / file).exists() else here
