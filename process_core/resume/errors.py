"""Why a recorded run cannot be resumed."""

from process_core.errors import ProcessError


class ResumeError(ProcessError):
    """A recorded run cannot be resumed; says why and what can be done."""
