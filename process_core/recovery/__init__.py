"""Takes up a recorded run again: from its last checkpoint, or as a fork from any superstep."""

from process_core.recovery.edits import EditError, Edits
from process_core.recovery.point import ResumeError, ResumePoint, fork_path, load_point, take_up

__all__ = ["EditError", "Edits", "ResumeError", "ResumePoint", "fork_path", "load_point", "take_up"]
