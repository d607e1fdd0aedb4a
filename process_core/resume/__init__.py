"""Resumes a recorded run: from its last checkpoint, or as a fork from any superstep."""

from process_core.resume.edits import EditError, Edits
from process_core.resume.errors import ResumeError, StateMismatchError, ValueMismatchError
from process_core.resume.journal_host import JournalHost
from process_core.resume.output_log import OutputLog
from process_core.resume.resume_point import ResumePoint, fork_path, load_point
from process_core.resume.state_reader import version_of

__all__ = [
    "EditError",
    "Edits",
    "JournalHost",
    "OutputLog",
    "ResumeError",
    "ResumePoint",
    "StateMismatchError",
    "ValueMismatchError",
    "fork_path",
    "load_point",
    "version_of",
]
