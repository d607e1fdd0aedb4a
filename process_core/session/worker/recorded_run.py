"""What a session has to know of a recorded run before it goes on with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from process_core.runfile import RunFile, to_plain
from process_core.session.protocol.verbs import Start
from process_core.session.worker.target import LoadedTarget, open_target

_BEGINNING: Final = 50


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A recorded run.

    Attributes:
        path: Its file, absolute.
        target: What was run, or None where the file does not say.
        cwd: The folder that the target started from, or None likewise.
        superstep: The last superstep that it can go on after.
        began_with: The outside event that it began with, or None where nothing had come yet.
    """

    path: Path
    target: str | None
    cwd: Path | None
    superstep: int
    began_with: Start | None

    def is_at(self, path: str) -> bool:
        """Whether a path, which may be empty, leads to its file."""
        return bool(path) and Path(path).resolve() == self.path

    def open(self, cwd: Path) -> tuple[str, LoadedTarget]:
        """Load what was run.

        Args:
            cwd: The folder to start from where that of the recorded run is not known or gone.

        Returns:
            The target as it is to be named from that folder, and what it gives.

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
    """Look at a recorded run.

    Args:
        path: Its file.

    Returns:
        What it says; nothing of the program that was recorded is loaded.

    Raises:
        RunFileError: It cannot be read.
    """
    path = path.resolve()
    with RunFile(path) as file:
        info = file.info
        last = file.checkpoint_at(info.events)
        began_with = None
        for row in file.page(0, _BEGINNING):
            if row.type == "event_emitted" and not row.path:
                has_data = row.data is not None or row.details is not None
                began_with = Start(event=row.event_id, data=to_plain(file.payload(row.data)), has_data=has_data)
                break
        folder = info.metadata.get("cwd")
        cwd = Path(folder) if isinstance(folder, str) else None
        return RecordedRun(path, info.target, cwd, last.superstep if last is not None else 0, began_with)
