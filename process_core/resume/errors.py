"""Why a recorded run cannot be resumed."""

from collections.abc import Mapping

from process_core.errors import ProcessError


class ResumeError(ProcessError):
    """A recorded run cannot be resumed; says why and what can be done."""


class StateMismatchError(ResumeError):
    """States that do not fit the code; the steps named can be reset.

    Attributes:
        reports: By path of the step: why not, and how what is there differs from what is wanted.

    Args:
        reports: See above.
        before: What the message begins with.
    """

    def __init__(self, reports: Mapping[str, str], before: str = "") -> None:
        if before:
            reasons = "; ".join(report.partition("\n")[0] for report in reports.values())
            super().__init__(f"{before}: {reasons}")
        else:
            super().__init__(f"the state of {', '.join(reports)} does not fit the new code")
        self.reports = dict(reports)
