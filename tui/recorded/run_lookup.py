"""Finds the run file that a word on the command line means, and reads what it says of its run."""

import os
from pathlib import Path
from typing import Final

from process_core.runfile import RUNS_FOLDER, RunFile, RunFileError, RunInfo, UnreadableRun, list_runs
from process_core.runfile.schema import SUFFIX
from tui.errors import UsageError
from tui.text.safe_text import safe

LATEST: Final = "last"
"""The word for the latest run of the project."""
_SHOWN: Final = 4


def find_run(word: str, folder: Path | None = None) -> Path:
    """Find a run file.

    Args:
        word: A path; or the name of a file among the recorded runs, or how it begins; or the id of a run; or `last`.
        folder: Where runs are recorded; the project's runs folder if left out.

    Returns:
        The absolute path of what is there.

    Raises:
        UsageError: There is none, or several fit.
    """
    path = Path(word).expanduser()
    try:
        if path.is_dir() and not path.is_symlink():
            raise UsageError(f"{safe(word, 300)} is a folder; name a run file, or `stepscope runs` lists them")
        if os.path.lexists(path):
            return path.absolute()  # whatever it is, whoever opens it says so
    except (OSError, ValueError) as error:  # a name that is too long, or holds a null character
        raise UsageError(f"{safe(word, 300)!r} cannot be a path: {safe(str(error), 300)}") from None
    where = RUNS_FOLDER if folder is None else folder
    try:
        fitting = _fitting(word, where)
    except RunFileError as error:
        raise UsageError(safe(str(error), 500)) from None
    if not fitting:
        hint = f", nor a run in {where}" if where.is_dir() and _is_bare(word) else ""
        raise UsageError(f"there is no file {safe(word, 300)}{hint}; `stepscope runs` lists the recorded runs")
    if len(fitting) > 1:
        names = ", ".join(safe(path.name, 80) for path in fitting[:_SHOWN])
        more = f" and {len(fitting) - _SHOWN} more" if len(fitting) > _SHOWN else ""
        raise UsageError(f"{safe(word, 300)} could be {names}{more}")
    return fitting[0].absolute()


def info_of(path: Path) -> RunInfo:
    """Return what a run file says of its run.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        with RunFile(path) as run_file:
            return run_file.info
    except RunFileError as error:
        raise UsageError(safe(str(error), 500)) from None


def _fitting(word: str, folder: Path) -> list[Path]:
    if not _is_bare(word):
        return []
    for exact in (folder / word, folder / f"{word}{SUFFIX}"):
        if os.path.lexists(exact):
            return [exact]
    if word == LATEST:
        return [run.path for run in list_runs(folder) if not isinstance(run, UnreadableRun)][:1]
    names = [path for path in sorted(folder.glob(f"*{SUFFIX}")) if path.name.startswith(word)]
    if names:
        return names
    return [run.path for run in list_runs(folder) if not isinstance(run, UnreadableRun) and run.run_id == word]


def _is_bare(word: str) -> bool:
    """Whether a word is a name rather than a path."""
    return bool(word) and word not in (".", "..") and "/" not in word
