"""Settles where the file of each run goes; a folder that cannot be written costs a warning, not the run."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from process_core import safe_files
from process_core.runfile.errors import RunFileError
from process_core.runfile.runs import new_run_path, runs_folder


class RunPaths:
    """Chooses the paths of new run files.

    Args:
        root: The project: runs go to `.stepscope/runs` below it.
        folder: Where runs go instead; None for there.
        warn: Shows the user once when they must go elsewhere.
    """

    def __init__(self, root: Path, folder: Path | None, warn: Callable[[str], None]) -> None:
        self._root = root
        self._folder = folder
        self._warn = warn
        self._ready: Path | None = None

    def next(self, process: str) -> Path:
        """Return a free path for a new run of a process, in a folder that can be written to."""
        if self._ready is None or not self._ready.is_dir():
            self._ready = self._writable()
        return new_run_path(process, self._ready)

    def _writable(self) -> Path:
        wanted = self._folder
        try:
            if wanted is None:
                wanted = runs_folder(self._root)
            else:
                safe_files.make_folder(wanted)
            safe_files.check_writable(wanted)
        except (RunFileError, OSError) as error:
            reason = error.reason if isinstance(error, RunFileError) else error.strerror or str(error)
            other = Path(tempfile.mkdtemp(prefix="stepscope-runs-"))
            self._warn(f"runs cannot be kept in {wanted or self._root} ({reason}); they go to {other}")
            return other
        return wanted
