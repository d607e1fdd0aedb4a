"""Why a recorded run cannot be taken up."""

from process_core.errors import ProcessError


class ResumeError(ProcessError):
    """A recorded run cannot be taken up; says why and what can be done."""
