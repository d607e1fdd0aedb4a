"""What a session reads of a recorded run before it resumes it."""

from dataclasses import dataclass
from pathlib import Path

from process_core.runfile import RunFile
from process_core.session.worker.target import LoadedTarget, open_target


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A recorded run.

    Attributes:
        path: Its file, absolute.
        target: What was run, or None where the file does not say.
        cwd: The folder that the target started from, or None likewise.
    """

    path: Path
    target: str | None
    cwd: Path | None

    def is_at(self, path: str) -> bool:
        """Whether a path, which may be empty, leads to its file."""
        return bool(path) and Path(path).resolve() == self.path

    def open(self, cwd: Path) -> tuple[str, LoadedTarget]:
        """Load what was run; return the target as it is named from `cwd`, and what it holds.

        Args:
            cwd: The folder to start from where that of the recorded run is unknown or gone.

        Raises:
            TargetError: It cannot be loaded.
        """
        assert self.target is not None
        folder = self.cwd if self.cwd is not None and self.cwd.is_dir() else cwd
        target = self.target
        if folder != cwd:
            where, colon, attribute = target.partition(":")
            if (folder / where).is_file():
                target = f"{folder / where}{colon}{attribute}"
        return target, open_target(target, folder)


def read_recorded_run(path: Path) -> RecordedRun:
    """Read a run file, without loading any of the recorded program."""
    path = path.resolve()
    with RunFile(path) as file:
        info = file.info
        folder = info.metadata.get("cwd")
        cwd = Path(folder) if isinstance(folder, str) else None
        return RecordedRun(path, info.target, cwd)
