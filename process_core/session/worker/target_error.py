"""Why a target cannot be loaded, in terms of the user's own code."""

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from process_core.errors import Problem, ProcessDefinitionError, ProcessError
from process_core.predicate.errors import cells_of
from process_core.safe_repr import error_text, traceback_of, type_name

_OURS = str(Path(__file__).resolve().parents[2])
_TEXT_LIMIT = 500
_OWN_LOOP = ("from a running event loop", "loop is already running")
_TRACEBACK_LIMIT = 20_000


class TargetError(ProcessError):
    """A target cannot be loaded.

    Attributes:
        code: Stable name of the kind of failure, e.g. `missing_file`.
        message: What is wrong and what to do about it.
        problems: Every problem of a definition, where that is what failed.
        traceback: Of the user's own code, without frames of ours; None where none of it ran.
    """

    def __init__(self, code: str, message: str, problems: Sequence[Problem] = (), traceback: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.problems = tuple(problems)
        self.traceback = traceback


def from_exception(error: BaseException, doing: str) -> TargetError:
    """Return the target error for what the user's code raised while `doing` (e.g. `loading chatbot.py`)."""
    match error:
        case TargetError():
            return error
        case ProcessDefinitionError():
            count = len(error.problems)
            message = f"the definition of process {error.process!r} has {count} problem{'s' if count != 1 else ''}"
            return TargetError("definition", message, error.problems)
        case SyntaxError():
            return TargetError("syntax_error", _syntax_message(error), traceback=_import_chain(error))
        case SystemExit():
            message = (
                f"{doing} ended with sys.exit({error.code!r}); put what runs it under `if __name__ == '__main__':`"
            )
            return TargetError("import_error", message, traceback=user_traceback(error))
        case ModuleNotFoundError() if error.name:
            message = (
                f"{doing} needs the module {error.name!r}, which {sys.executable} does not have:"
                " install it there, or choose another with --python"
            )
            return TargetError("import_error", message, traceback=user_traceback(error))
        case RuntimeError() if any(text in error_text(error) for text in _OWN_LOOP):
            message = (
                f"{doing} called asyncio.run() or the like, and the process runs on an event loop already;"
                " put what runs it under `if __name__ == '__main__':`"
            )
            return TargetError("import_error", message, traceback=user_traceback(error))
    message = f"{doing} raised {type_name(error)}: {exception_text(error)}"
    return TargetError("import_error", message, traceback=user_traceback(error))


def exception_text(error: BaseException) -> str:
    """Return the text of any exception in bounded length, even where making it fails."""
    return error_text(error, _TEXT_LIMIT).strip() or "(no text)"


def user_traceback(error: BaseException) -> str:
    """Format an exception with the frames of the user's code alone, in bounded length; the end is kept."""
    exception = traceback_of(error)
    _drop_our_frames(exception, set())
    text = "".join(exception.format()).rstrip("\n")
    return text if len(text) <= _TRACEBACK_LIMIT else "…" + text[-_TRACEBACK_LIMIT:]


def _import_chain(error: SyntaxError) -> str | None:
    """Format how a file with a syntax error came to be imported; None where it is the target itself."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_ours(frame.filename)]
    return "".join(traceback.format_list(frames)).rstrip("\n")[-_TRACEBACK_LIMIT:] or None


def _drop_our_frames(exception: traceback.TracebackException, seen: set[int]) -> None:
    if id(exception) in seen:
        return
    seen.add(id(exception))
    kept = [frame for frame in exception.stack if not _is_ours(frame.filename)]
    exception.stack = traceback.StackSummary.from_list(kept)
    for other in (exception.__cause__, exception.__context__, *(exception.exceptions or ())):
        if other is not None:
            _drop_our_frames(other, seen)


def _is_ours(filename: str) -> bool:
    return filename.startswith((_OURS, "<frozen importlib"))


def _syntax_message(error: SyntaxError) -> str:
    name = Path(error.filename).name if error.filename else "the source"
    place = f"{name}, line {error.lineno}" if error.lineno else name
    if error.offset and error.offset > 0:
        place += f", column {error.offset}"
    lines = [f"{place}: {error.msg}"]
    if error.text and error.lineno:
        # What cannot be seen would be shown as something wider, away from the caret.
        text = "".join(c if c.isprintable() else "\ufffd" for c in error.text.rstrip("\n").expandtabs(1))
        indent = len(text) - len(text.lstrip())
        lines.append("    " + text.strip()[:200])
        if error.offset and 0 < error.offset - indent <= 200:  # noqa: PLR2004 - a caret past the cut points nowhere
            before = text[indent : error.offset - 1]
            lines.append("    " + " " * sum(map(cells_of, before)) + "^")
    return "\n".join(lines)
