"""The page that shows where in Python the target's code is."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.screens.closes_once import ClosesOnce
from tui.text.safe_content import safe_content
from tui.widgets.fault_boundary import FaultBoundary


class StackScreen(FaultBoundary, ClosesOnce, ModalScreen[None]):
    """Shows stacks, as they were when they were asked for.

    Args:
        text: The stacks, as they come from the worker.
    """

    DEFAULT_CSS = """
    StackScreen { align: center middle; }
    StackScreen > VerticalScroll {
        width: 116; max-width: 96%; height: auto; max-height: 94%; padding: 0 1;
        background: $surface; border: round $accent; border-title-color: $accent; scrollbar-size-vertical: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,P", "dismiss", show=False),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """Build the page; Textual calls this."""
        with VerticalScroll() as page:
            page.border_title = "Python stack"
            page.border_subtitle = "as it was when asked for · Esc closes · arrows scroll"
            lines = [safe_content(line) for line in self._text.split("\n")]
            yield Static(Content("\n").join(lines), markup=False)

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)
