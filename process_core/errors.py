"""What can go wrong, as exceptions and as data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class ProcessError(Exception):
    """The root of every error of this package."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a definition.

    Attributes:
        code: Stable name of the kind of problem, e.g. `unknown_parameter`.
        message: What is wrong, in a sentence.
        step: Name of the step concerned.
        function: Name of the function concerned.
        suggestion: What to do about it, e.g. `did you mean 'user_message'?`.
    """

    code: str
    message: str
    step: str | None = None
    function: str | None = None
    suggestion: str | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" ({self.suggestion})" if self.suggestion else "")


class ProcessDefinitionError(ProcessError):
    """A process cannot be built.

    Attributes:
        problems: Every problem found, not only the first.
    """

    def __init__(self, process: str, problems: Sequence[Problem]) -> None:
        self.process = process
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = "".join(f"\n  - {problem}" for problem in self.problems)
        super().__init__(f"process {process!r} has {count} problem{'s' if count != 1 else ''}:{lines}")


class SchemaError(ProcessError):
    """No payload can be checked against an annotation.

    Attributes:
        advice: What to do about it.
    """

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(f"{reason} ({advice})")
        self.reason = reason
        self.advice = advice


class UnknownEventError(ProcessError, LookupError):
    """An outside event that is no input event of the process; nothing has changed."""


class UnknownStepError(ProcessError, LookupError):
    """A path at which there is no step with state."""


class UnknownRequestError(ProcessError, LookupError):
    """An answer to a request that is not open; nothing has changed."""


class InvalidResponseError(ProcessError, ValueError):
    """An answer of the wrong type; the request stays open."""


class StepContextError(ProcessError, RuntimeError):
    """A step used its context when or where that has no effect, for instance after its function returned."""


class ReservedEventError(ProcessError, ValueError):
    """A step emitted an automatic id, as if one of its functions had returned or failed."""


class PayloadMismatchError(ProcessError, TypeError):
    """A payload does not fit the parameter that a route takes it to."""


class RunError(ProcessError):
    """A run did not end well."""


class RunEndedError(RunError):
    """Something was sent to a run that has ended."""


class RunCancelledError(RunError):
    """A run was cancelled while something waited for it."""


class SuperstepLimitError(RunError):
    """A run went on for more supersteps since the last outside input than it may.

    Attributes:
        limit: The number of supersteps allowed.
        pending: The messages that were still to be delivered, as text.
    """

    def __init__(self, limit: int, pending: Sequence[str]) -> None:
        self.limit = limit
        self.pending = tuple(pending)
        shown = ", ".join(self.pending[:5]) + (", ..." if len(self.pending) > 5 else "")  # noqa: PLR2004 - a line's worth
        super().__init__(
            f"did not become idle within {limit} supersteps since the last outside input"
            " (an infinite loop? otherwise raise max_supersteps: of the process, of the run, --max-supersteps or"
            f" :max-supersteps); still pending: {shown or 'nothing'}"
        )


@dataclass(frozen=True, slots=True)
class StepFailure:
    """What an error route delivers: one failed invocation.

    Attributes:
        type: Qualified name of the exception's class.
        message: The exception's text.
        traceback: The formatted traceback.
        step: Path of the step.
        function: Name of the function.
        superstep: Superstep of its process, from 1.
        input: The arguments of the call, parameter -> value.
    """

    type: str
    message: str
    traceback: str
    step: str
    function: str
    superstep: int
    input: dict[str, Any]


class StepFailedError(RunError):
    """A step failed and nothing handled it; `__cause__` is the step's own exception.

    Attributes:
        step: Path of the step.
        function: Name of the function.
        superstep: Superstep of its process, from 1.
        input: The arguments of the call, parameter -> value.
    """

    def __init__(self, failure: StepFailure) -> None:
        self.failure = failure
        self.step = failure.step
        self.function = failure.function
        self.superstep = failure.superstep
        self.input = failure.input
        where = f"{failure.step}.{failure.function}" if failure.function else failure.step
        super().__init__(f"{where} failed in superstep {failure.superstep}: {failure.type}: {failure.message}")
