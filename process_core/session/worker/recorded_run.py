"""What a session reads of a recorded run before it resumes it."""

import os
from dataclasses import dataclass
from pathlib import Path

from process_core.runfile import RunFile
from process_core.session.protocol.target_names import code_outside, split_target
from process_core.session.worker.target import LoadedTarget, TargetError, open_target


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
        return bool(path) and Path(path).resolve() == self.path.resolve()

    def open(self, cwd: Path, *, trust: bool = False) -> tuple[str, LoadedTarget]:
        """Load what was run; return the target as it is named from `cwd`, and what it holds.

        Args:
            cwd: The folder of the session, whose code may be run. The target starts from here where the folder of the
                recorded run is unknown or gone.
            trust: Whether code that lies elsewhere may be run too.

        Raises:
            TargetError: It cannot be loaded, or lies elsewhere.
        """
        assert self.target is not None
        folder = self.cwd if self.cwd is not None and os.path.isdir(self.cwd) else cwd  # noqa: PTH112 - of any text
        target = self.target
        if not trust and (code := code_outside(target, folder, cwd)) is not None:
            reason = f"{self.path.name} would run code that lies outside of {cwd}: {code}"
            raise TargetError("foreign_code", f"{reason}; where it is to be trusted, say so, or load it first")
        if folder != cwd:
            where, attribute = split_target(target)
            if os.path.isfile(folder / where):  # noqa: PTH113 - likewise
                target = f"{folder / where}{':' if attribute else ''}{attribute}"
        return target, open_target(target, folder)


def read_recorded_run(path: Path) -> RecordedRun:
    """Read a run file, without loading any of the recorded program."""
    path = path.absolute()  # where it is a link, that shall be seen
    with RunFile(path) as file:
        info = file.info
        folder = info.metadata.get("cwd")
        cwd = Path(folder) if isinstance(folder, str) else None
        return RecordedRun(path, info.target, cwd)
