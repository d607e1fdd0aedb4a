"""The command line at the foot of the screen: commands, searches and filters are typed into it."""

from collections.abc import Callable
from enum import StrEnum
from textwrap import wrap
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.commands.completion import Names
from tui.commands.parser import Completion, complete
from tui.text.safe_text import clip, safe
from tui.widgets.fault_boundary import FaultBoundary
from tui.widgets.text_box import History, TextBox


class LineKind(StrEnum):
    """What is being typed."""

    COMMAND = ":"
    SEARCH = "/"
    FILTER = "filter"


_ROWS: Final = 8
_PROBLEM: Final = 4
_COLUMN: Final = 34
_CHOSEN: Final = "bold $block-cursor-foreground on $block-cursor-background"
_HELP: Final = {
    LineKind.COMMAND: "Tab completes · ↑ ↓ recall · Enter runs · Esc closes",
    LineKind.SEARCH: "Enter finds the next match (words, or step:Name type:emit ...) · > < find again",
    LineKind.FILTER: "Enter filters (words, or step:Name type:emit -event:X ...) · empty shows all again · Esc closes",
}


class Suggestions(FaultBoundary, Widget):
    """The ways a line can go on, or what is wrong with it."""

    DEFAULT_CSS = """
    Suggestions { height: auto; background: $panel; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.completions: list[Completion] = []
        self.chosen: int | None = None
        self.problem = ""
        self.advice = ""

    def render(self) -> Content:
        """Draw the list; Textual calls this."""
        lines: list[Content] = []
        width = max(self.size.width, 10)
        if self.problem:
            lines_of_problem = wrap(self.problem, width - 2, max_lines=_PROBLEM, placeholder=" …") or [""]
            lines += [
                Content.styled(f"{'✗ ' if not at else '  '}{clip(text, width - 2)}", "bold $error")
                for at, text in enumerate(lines_of_problem)
            ]
        first = max(0, (self.chosen or 0) - _ROWS + 1)
        for place, completion in list(enumerate(self.completions))[first : first + _ROWS]:
            name = clip(completion.shown, min(_COLUMN, width))
            chosen = place == self.chosen
            line = Content.styled(f"{'▸' if chosen else ' '} {name:<{_COLUMN}} ", _CHOSEN if chosen else "")
            lines.append(line + Content.styled(clip(completion.hint, max(width - _COLUMN - 3, 0)), "$foreground 70%"))
        more = len(self.completions) - first - _ROWS
        if more > 0:
            lines.append(Content.styled(f"  … {more} more", "$foreground 70%"))
        lines.append(Content.styled(clip(self.advice, width), "$foreground 70%"))
        return Content("\n").join(lines)


class CommandLine(FaultBoundary, Vertical):
    """A line with a prompt, completions above it, and a memory of what was typed.

    It changes at once, without messages: one that came late would undo what was done since.

    Args:
        names: Returns the names that an argument may hold.

    Attributes:
        on_entered: Takes what was entered; the line stays open until it is closed.
        on_left: Gives the focus back to where it was.
        opened: How often it was opened, so that what was typed before can be distinguished.
    """

    DEFAULT_CSS = """
    CommandLine { dock: bottom; layer: above; height: auto; background: $panel; }
    CommandLine Horizontal { height: 1; }
    CommandLine #prompt { width: auto; color: $accent; text-style: bold; padding: 0 1; }
    CommandLine TextBox { width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete(1)", show=False),
        Binding("shift+tab", "complete(-1)", show=False),
        Binding("up", "recall(-1)", show=False),
        Binding("down", "recall(1)", show=False),
        Binding("escape", "close", show=False),
    ]

    def __init__(self, names: Callable[[], Names]) -> None:
        super().__init__()
        self.display = False
        self.on_entered: Callable[[LineKind, str], None] = lambda _kind, _text: None
        self.on_left: Callable[[], None] = lambda: None
        self.opened = 0
        self._problem_of = ""
        self._names = names
        self._histories = {kind: History() for kind in LineKind}
        self._kind = LineKind.COMMAND
        self._typed = ""
        self._completing = False
        self._suggestions = Suggestions()
        self._prompt = Static(id="prompt", markup=False)
        self._box = TextBox(self._entered)

    def compose(self) -> ComposeResult:
        """Build the parts; Textual calls this."""
        yield self._suggestions
        with Horizontal():
            yield self._prompt
            yield self._box

    @property
    def is_open(self) -> bool:
        """Whether something is typed into it; no longer once it is entered."""
        return bool(self.display) and self.screen.focused is self._box

    def open(self, kind: LineKind, text: str = "") -> None:
        """Open the line, with a text on it, and focus it."""
        self.opened += 1
        self._kind = kind
        self._prompt.update(kind.value)
        self.display = True
        self._box.value = text
        self._box.cursor_position = len(text)
        self._suggestions.problem = self._problem_of = ""
        self._suggest(text)
        self.screen.set_focus(self._box)

    def close(self) -> None:
        """Close the line; what was typed and not entered is forgotten."""
        if self.display:
            self.leave()
            self.display = False

    def leave(self) -> None:
        """Leave the box, while what was entered is done; the line is still seen."""
        if self.is_open:
            self.on_left()

    def refuse(self, problem: str) -> None:
        """Show what is wrong with the line, which stays as it is and is typed into."""
        self._problem_of = self._box.value
        self._suggestions.problem = safe(problem)
        self._redraw()
        self.screen.set_focus(self._box)

    def action_close(self) -> None:
        """Close the line, from its key."""
        self.close()

    def action_complete(self, step: int) -> None:
        """Put the next completion on the line, or the one before."""
        completions = self._suggestions.completions
        if not completions:
            return
        chosen = self._suggestions.chosen
        place = (0 if step > 0 else len(completions) - 1) if chosen is None else (chosen + step) % len(completions)
        self._suggestions.chosen = place
        self._completing = True
        self._box.value = completions[place].line
        self._box.cursor_position = len(self._box.value)
        if len(completions) == 1:
            self._suggest(self._box.value)
        self._redraw()

    def action_recall(self, step: int) -> None:
        """Put an older or newer line of the memory on the line."""
        history = self._histories[self._kind]
        line = history.older(self._box.value) if step < 0 else history.newer()
        if line is not None:
            self._box.value = line
            self._box.cursor_position = len(line)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._completing:
            self._completing = False
            return
        if event.value != self._box.value:
            return  # there is a newer text by now
        if event.value != self._problem_of:
            self._suggestions.problem = ""
        self._suggest(event.value)

    def _entered(self, text: str | None) -> None:
        if text is None:  # Ctrl+D
            self.close()
            return
        self._histories[self._kind].add(text)
        self.on_entered(self._kind, text)

    def _suggest(self, text: str) -> None:
        self._suggestions.completions = complete(text, self._names()) if self._kind is LineKind.COMMAND else []
        self._suggestions.chosen = None
        self._suggestions.advice = _HELP[self._kind]
        self._redraw()

    def _redraw(self) -> None:
        self._suggestions.refresh(layout=True)
