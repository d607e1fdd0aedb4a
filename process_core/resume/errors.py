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


class ValueMismatchError(ResumeError):
    """Values that were on their way and cannot be made live again; each can be dropped or replaced.

    Attributes:
        reports: By number of the value: what it is, and why not.
        summary: What cannot be done, without the values.

    Args:
        reports: See above.
        before: What the message begins with.
    """

    def __init__(self, reports: Mapping[int, str], before: str) -> None:
        lost = "; ".join(f"number {number}, {report}" for number, report in reports.items())
        numbers, first = ", ".join(map(str, reports)), next(iter(reports), 0)
        super().__init__(
            f"{before}: {lost} (edits={{'drop': [{numbers}]}} goes on without, edits={{'payloads': {{{first}: ...}}}}"
            " with another value; or fork from an earlier superstep)"
        )
        self.reports = dict(reports)
        self.summary = f"{before}: {len(reports)} of the values on their way cannot be made again"
