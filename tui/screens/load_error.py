"""Why a target cannot be loaded: what is wrong, every problem of a definition, and the traceback of the user's code."""

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from process_core.session.protocol.envelope import Failure, ProblemInfo
from tui.recorded.describe import mismatch_choices, mismatch_lines
from tui.run_controller import NOT_RESUMED, UNKNOWN_EVENT
from tui.screens.closes_once import ClosesOnce
from tui.text.safe_text import safe, safe_lines
from tui.widgets.fault_boundary import FaultBoundary

_LINES: Final = 400
_WIDTH: Final = 500
_REFUSED: Final = {NOT_RESUMED: "cannot resume the recorded run of", UNKNOWN_EVENT: "cannot start"}


def load_error_lines(target: str, failure: Failure) -> list[tuple[str, str]]:
    """Write down why.

    Args:
        target: Which.
        failure: Why not.

    Returns:
        Safe lines with a tone each: `title`, `text`, `bad` or `quiet`.
    """
    what = _REFUSED.get(failure.code, "cannot load")
    lines = [(f"{what} {safe(target, 200)}", "title"), ("", "text")]
    lines += [(line, "text") for line in safe_lines(failure.message, _LINES, _WIDTH)]
    for number, problem in enumerate(failure.problems, 1):
        lines += [("", "text"), *_problem_lines(number, problem)]
    if unfit := mismatch_lines(failure, _LINES, _WIDTH):
        lines += [("", "text"), *unfit, ("", "text"), *((choice, "text") for choice in mismatch_choices(failure))]
    if failure.traceback:
        lines += [("", "text"), ("Traceback of your code", "title")]
        lines += [(line, "quiet") for line in safe_lines(failure.traceback.rstrip(), _LINES, _WIDTH)]
    return lines


def load_error_text(target: str, failure: Failure) -> str:
    """Write down why, for a stream.

    Args:
        target: Which.
        failure: Why not.

    Returns:
        Safe lines.
    """
    return "\n".join(text for text, _ in load_error_lines(target, failure))


def _problem_lines(number: int, problem: ProblemInfo) -> list[tuple[str, str]]:
    where = ".".join(safe(part, 80) for part in (problem.step, problem.function) if part)
    head = f"{number}. {safe(problem.code, 80)}" + (f" at {where}" if where else "")
    lines = [(head, "bad")]
    lines += [(f"   {line}", "text") for line in safe_lines(problem.message, _LINES, _WIDTH)]
    if problem.suggestion:
        lines.append((f"   {safe(problem.suggestion)}", "quiet"))
    return lines


class LoadErrorScreen(FaultBoundary, ClosesOnce, ModalScreen[bool]):
    """Shows why a target cannot be loaded; gives back whether to try again.

    Args:
        target: Which.
        failure: Why not.
        goes_on: Whether what ran before still does.
    """

    DEFAULT_CSS = """
    LoadErrorScreen { align: center middle; }
    LoadErrorScreen > VerticalScroll {
        width: 100; max-width: 96%; height: auto; max-height: 92%; padding: 1 2;
        background: $surface; border: round $error; scrollbar-size-vertical: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "close(False)", show=False),
        Binding("R,r", "close(True)", show=False),
    ]

    def __init__(self, target: str, failure: Failure, *, goes_on: bool) -> None:
        super().__init__()
        self._target = target
        self._failure = failure
        self._goes_on = goes_on

    def compose(self) -> ComposeResult:
        """Build the page; Textual calls this."""
        with VerticalScroll() as page:
            is_resume = self._failure.code == NOT_RESUMED
            page.border_title = "Not resumed" if is_resume else "Not loaded"
            before = "what ran before goes on · " if self._goes_on else ""
            page.border_subtitle = f"{before}R {'restarts' if is_resume else 'tries again'} · Esc closes"
            yield Static(id="refusal-text", markup=False)

    def on_mount(self) -> None:
        """Write the page."""
        styles = {"title": "bold $accent", "text": "", "bad": "bold $error", "quiet": "$foreground 75%"}
        lines = load_error_lines(self._target, self._failure)
        content = Content("\n").join(Content.styled(text, styles[tone]) for text, tone in lines)
        self.query_one("#refusal-text", Static).update(content)

    def action_close(self, again: bool) -> None:
        """Close, and perhaps try again."""
        self.dismiss(again)
