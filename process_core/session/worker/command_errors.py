"""Refusing a command: every mistake of a client or of user code becomes one `Failure`, and nothing has changed."""

from collections.abc import Iterable
from typing import Any, Final

from pydantic import ValidationError

from process_core.debug import BreakpointError, EditingError, ExplainError
from process_core.errors import (
    InvalidResponseError,
    Problem,
    ProcessError,
    RunEndedError,
    UnknownEventError,
    UnknownRequestError,
)
from process_core.predicate import PredicateError
from process_core.resume import EditError, ResumeError, StateMismatchError, ValueMismatchError
from process_core.runfile.errors import RunFileError
from process_core.safe_repr import type_name
from process_core.services import MissingServiceError
from process_core.session.protocol.envelope import Failure, ProblemInfo, bounded
from process_core.session.protocol.framing import from_frame
from process_core.session.worker.target_error import TargetError, exception_text, user_traceback

_LIMIT: Final = 4000
_TRACEBACK: Final = 20_000
_SHOWN_ERRORS: Final = 5
_CODES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (UnknownEventError, "unknown_event"),
    (UnknownRequestError, "unknown_request"),
    (InvalidResponseError, "invalid_response"),
    (RunEndedError, "run_ended"),
    (RunFileError, "run_file"),
    (ResumeError, "cannot_resume"),
    (EditError, "cannot_resume"),
    (MissingServiceError, "missing_service"),
    (BreakpointError, "bad_breakpoint"),
    (ExplainError, "no_such_thing"),
    (PredicateError, "bad_breakpoint"),
    (ProcessError, "refused"),
)


class CommandError(Exception):
    """A command cannot be carried out; nothing has changed.

    Attributes:
        failure: Why, for the reply.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.failure = Failure(code=code, message=bounded(message, _LIMIT))


def failure_of(error: BaseException) -> Failure:
    """Return the failure to reply with where a command raised an error."""
    match error:
        case CommandError():
            return error.failure
        case EditingError():
            return Failure(code=error.code, message=bounded(str(error), _LIMIT))
        case TargetError():
            return Failure(
                code=error.code,
                message=bounded(error.message, _LIMIT),
                problems=problem_infos(error.problems),
                traceback=bounded(error.traceback, _TRACEBACK) if error.traceback else None,
            )
        case StateMismatchError():
            unfit = {path: bounded(report, _LIMIT) for path, report in error.reports.items()}
            return Failure(code="cannot_resume", message=bounded(str(error), _LIMIT), unfit=unfit)
        case ValueMismatchError():
            lost = {number: bounded(report, _LIMIT) for number, report in error.reports.items()}
            return Failure(code="cannot_resume", message=bounded(error.summary, _LIMIT), lost=lost)
    for kind, code in _CODES:
        if isinstance(error, kind):
            return Failure(code=code, message=bounded(exception_text(error), _LIMIT))
    message = f"{type_name(error)}: {exception_text(error)}"
    text = user_traceback(error)
    return Failure(code="error", message=bounded(message, _LIMIT), traceback=bounded(text, _TRACEBACK))


def bad_command(body: bytes, error: ValueError) -> tuple[int, Failure]:
    """Return the number to reply to (0 where the frame has none), and what is wrong with a frame without a command."""
    number, kind = 0, None
    try:
        fields: Any = from_frame(body)
    except ValueError:
        fields = None
    if isinstance(fields, dict):
        kind = fields.get("type")
        if type(fields.get("id")) is int:
            number = fields["id"]
    if isinstance(error, ValidationError):
        items = error.errors(include_url=False, include_input=False, include_context=False)[:_SHOWN_ERRORS]
        reasons = [": ".join(filter(None, [".".join(map(str, item["loc"])), item["msg"]])) for item in items]
    else:
        reasons = [str(error)]
    what = f"command {kind!r}" if isinstance(kind, str) else "command"
    return number, Failure(code="bad_command", message=bounded(f"bad {what}: {'; '.join(reasons)}", _LIMIT))


def problem_infos(problems: Iterable[Problem]) -> tuple[ProblemInfo, ...]:
    """Return the problems of a definition, bounded, as they are sent."""
    return tuple(
        ProblemInfo(
            code=problem.code,
            message=bounded(problem.message, _LIMIT),
            step=problem.step,
            function=problem.function,
            suggestion=problem.suggestion,
        )
        for problem in problems
    )
