"""Faults of stepscope itself: each is noted once, with a report in a file, and what was going on goes on."""

import contextlib
import os
import platform
import time
import traceback
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, NamedTuple

from process_core import safe_files
from process_core.safe_repr import error_text, traceback_text, type_name
from tui.text.safe_text import PREVIEW, safe

FOLDER: Final = Path(safe_files.OWN_FOLDER, "faults")
"""Where the reports go, below the folder that the command runs in."""
MOST_REPORTS: Final = 20
"""Files that one program writes; what goes wrong after that is only said."""
_OURS: Final = str(Path(__file__).resolve().parent.parent)
_PACKAGES: Final = ("stepscope", "textual", "rich", "pydantic")


class Fault(NamedTuple):
    """What went wrong.

    Attributes:
        line: It in a safe line, with the place of the report.
        is_new: Whether it is the first of its kind.
    """

    line: str
    is_new: bool


class Faults:
    """The faults of this program.

    Args:
        folder: Where their reports go.

    Attributes:
        seen: The line of each, by where it came from.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self.seen: dict[tuple[str, str, str], str] = {}

    def note(self, where: str, error: BaseException) -> Fault:
        """Note a fault, and write a report if none like it was seen before; nothing is raised.

        Args:
            where: What failed, as in "a fault of stepscope in ...".
            error: What it raised.
        """
        key = (where, type_name(error), _innermost(error))
        line = self.seen.get(key)
        if line is not None:
            return Fault(line, is_new=False)
        report = self._write(where, error)
        what = f"{type_name(error)}: {error_text(error, PREVIEW)}"
        ending = f"; all else goes on; report: {report}" if report is not None else "; all else goes on"
        self.seen[key] = line = f"a fault of stepscope in {safe(where, PREVIEW)} ({safe(what, PREVIEW)}){safe(ending)}"
        return Fault(line, is_new=True)

    def _write(self, where: str, error: BaseException) -> Path | None:
        if len(self.seen) >= MOST_REPORTS:
            return None
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{len(self.seen) + 1}.txt"
        with contextlib.suppress(OSError):  # a folder that cannot be written to: the line says what is known
            safe_files.make_folder(self._folder)
            safe_files.keep_out_of_version_control(self._folder.parent)
            with os.fdopen(safe_files.create(self._folder / name), "w", encoding="utf-8", errors="replace") as file:
                file.write(report_text(where, error))
            return self._folder / name
        return None


def report_text(where: str, error: BaseException) -> str:
    """Return what somebody who looks for the cause needs to know; of values it has no more than errors say."""
    versions = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    system = f"Python {platform.python_version()} on {platform.platform()}"
    return f"A fault of stepscope in {where}.\n{versions}; {system}\n\n{traceback_text(error)}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"


def _innermost(error: BaseException) -> str:
    """Return the innermost place of our own code."""
    places = [f"{frame.f_code.co_filename}:{line}" for frame, line in traceback.walk_tb(error.__traceback__)]
    return next((place for place in reversed(places) if place.startswith(_OURS)), places[-1] if places else "")
