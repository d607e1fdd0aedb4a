"""Takes up a recorded run again: from its last checkpoint, or as a fork from any superstep."""

from process_core.recovery.edits import EditError, Edits
from process_core.recovery.errors import ResumeError
from process_core.recovery.point import ResumePoint, fork_path, load_point, take_up
from process_core.recovery.replay import JournalHost
from process_core.recovery.states import version_of
from process_core.recovery.yields import YieldLog

__all__ = [
    "EditError",
    "Edits",
    "JournalHost",
    "ResumeError",
    "ResumePoint",
    "YieldLog",
    "fork_path",
    "load_point",
    "take_up",
    "version_of",
]
