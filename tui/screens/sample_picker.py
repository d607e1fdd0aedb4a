"""The first screen where no target was named: the samples to choose from."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from tui.samples import Sample
from tui.screens.closes_once import ClosesOnce
from tui.text.safe_content import safe_content
from tui.text.safe_text import safe
from tui.text.spans import Span, Tone
from tui.widgets.cursor_list import RowList
from tui.widgets.fault_boundary import FaultBoundary


class SamplePickerScreen(FaultBoundary, ClosesOnce, Screen[Sample]):
    """Offers the samples; gives back the one chosen.

    Args:
        offered: What there is.
    """

    DEFAULT_CSS = """
    SamplePickerScreen { align: center middle; background: $background; }
    SamplePickerScreen > Vertical { width: 90; max-width: 96%; height: auto; max-height: 96%; padding: 1 2; }
    SamplePickerScreen RowList { height: auto; min-height: 4; max-height: 14; margin: 1 0; }
    SamplePickerScreen #about { height: 3; color: $foreground; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", show=False),
        Binding("q,escape,ctrl+c", "app.quit", show=False, priority=True),
    ]

    def __init__(self, offered: Sequence[Sample]) -> None:
        super().__init__()
        self._offered = offered
        self._about = Static(markup=False, id="about")
        self._rows = RowList("no samples are installed; run: stepscope run TARGET")

    def compose(self) -> ComposeResult:
        """Build the screen; Textual calls this."""
        with Vertical():
            title = Content.styled("stepscope", "bold $accent")
            about = Content.styled("  step through event-driven processes in the terminal", "$foreground 80%")
            yield Static(title + about)
            yield self._rows
            yield self._about
            yield Static(
                Content.styled("↑ ↓ choose · Enter opens · q leaves\n", "$foreground 80%")
                + Content.styled("your own:  stepscope run path.py[:attribute]", "$foreground 80%")
            )

    def on_mount(self) -> None:
        """Show what there is."""
        width = max((len(sample.name) for sample in self._offered), default=0) + 2
        self._rows.set_lines(
            [
                (Span(f"{safe(sample.name):<{width}} ", Tone.STRONG), Span(safe(sample.about), Tone.QUIET))
                for sample in self._offered
            ]
        )
        self._rows.focus()
        self._describe()

    @on(RowList.Moved)
    def _describe(self) -> None:
        """Describe the sample under the cursor in full; its line may be too short for it."""
        at = self._rows.cursor
        self._about.update(safe_content(self._offered[at].about) if at is not None else "")

    def action_choose(self) -> None:
        """Open the sample under the cursor."""
        at = self._rows.cursor
        if at is not None:
            self.dismiss(self._offered[at])

    @on(RowList.Clicked)
    def _clicked(self) -> None:
        self.action_choose()
