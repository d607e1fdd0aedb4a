"""Turns an exception of a step into data."""

import asyncio
from typing import Any

from process_core.engine.recorder import snapshot_arguments
from process_core.errors import PayloadMismatchError, StepFailure
from process_core.safe_repr import error_text, traceback_text, type_name
from process_core.type_names import full_name

_OURS = ("process_core/engine/", "process_core\\engine\\")


class NestedFailureError(Exception):
    """A nested process failed; carries what failed inside to the step that stands for it.

    Attributes:
        failure: The innermost failure, or None where no step is to blame.
        error: The exception behind it.
        seq: Seq of the event that recorded it, 0 where there is none.
    """

    def __init__(self, failure: StepFailure | None, error: BaseException, seq: int = 0) -> None:
        super().__init__(type(error).__name__)
        self.failure = failure
        self.error = error
        self.seq = seq


def describe(
    error: BaseException, *, step: str, function: str, superstep: int, arguments: dict[str, Any]
) -> StepFailure:
    """Describe the failure of an invocation.

    Returns:
        The failure; its traceback shows the user's frames only, where there are any.
    """
    is_ours = isinstance(error, PayloadMismatchError)
    module, _, name = full_name(type(error)).partition(":")
    return StepFailure(
        type=name if module == "builtins" or is_ours else f"{module}.{name}",
        message=_message(error),
        traceback="" if is_ours else _traceback(error),  # no code of the user's is to blame: the message says it all
        step=step,
        function=function,
        superstep=superstep,
        input=snapshot_arguments(arguments),
    )


def _message(error: BaseException) -> str:
    text = error_text(error)
    if not text and isinstance(error, asyncio.CancelledError):
        return "the function was cancelled by something other than its run"
    return text


def _traceback(error: BaseException) -> str:
    """Format a traceback that starts at the user's own code."""
    frame = error.__traceback__
    while frame is not None and any(part in frame.tb_frame.f_code.co_filename for part in _OURS):
        frame = frame.tb_next
    try:
        return traceback_text(error, frame or error.__traceback__)
    except BaseException as broken:  # noqa: BLE001 - formatting calls into the user's exception
        return f"<a traceback that cannot be formatted: {type_name(broken)}>"
