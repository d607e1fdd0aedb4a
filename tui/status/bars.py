"""The widgets of the lines that are always seen."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from tui.actions import Panel
from tui.status.keys import Hint, fit_hints, hints
from tui.status.mode import ModeState, Role, fit, parts
from tui.text.safe_text import LINE_BREAK, clip
from tui.widgets.fault_boundary import FaultBoundary

_PILLS = frozenset({Role.RUN, Role.PAUSED, Role.IDLE, Role.WAITING, Role.FAILED, Role.INSERT, Role.BUSY, Role.REPLAY})
_STYLES = {
    Role.RUN: "bold $pill-text on $success",
    Role.PAUSED: "bold $pill-text on $warning",
    Role.IDLE: "bold $pill-text on $secondary",
    Role.WAITING: "bold $pill-text on $primary",
    Role.FAILED: "bold $pill-text on $error",
    Role.INSERT: "bold $background on $foreground",
    Role.BUSY: "bold $pill-text on $secondary",
    Role.REPLAY: "bold $pill-text on $primary",
    Role.TEXT: "bold $foreground",
    Role.QUIET: "$foreground 75%",
}


_SAID = {
    "information": ("·", "bold $foreground"),
    "warning": ("▲", "bold $warning"),
    "error": ("✗", "bold $error"),
}
_NEXT_LINE: Final = "\n   "
SAID_FOR: Final = 5.0
"""Seconds for which the last line says something."""


class ModeLine(FaultBoundary, Widget):
    """The first line of the screen: mode, run state and counts."""

    DEFAULT_CSS = "ModeLine { height: 1; background: $panel; }"

    def __init__(self) -> None:
        super().__init__()
        self._view = ModeState()

    def show(self, view: ModeState) -> None:
        """Show the mode."""
        if view != self._view:
            self._view = view
            self.refresh()

    def render(self) -> Content:
        """Draw the line; Textual calls this."""
        built = Content()
        for part in fit(parts(self._view), self.size.width):
            built += Content.styled(f" {part.text} ", _STYLES[part.role])
        return built


class LongWords(FaultBoundary, Static):
    """What is too long for the last line, over the lines above it."""

    DEFAULT_CSS = """
    LongWords { layer: above; dock: bottom; height: auto; max-height: 8; display: none; background: $panel; }
    LongWords.said { display: block; }
    """


class KeysLine(FaultBoundary, Widget):
    """The last line of the screen: the keys that matter now, as many as fit whole."""

    DEFAULT_CSS = "KeysLine { height: 1; background: $panel; }"

    class Chosen(Message):
        """A hint was clicked.

        Attributes:
            action: Name of its action.
        """

        def __init__(self, action: str) -> None:
            self.action = action
            super().__init__()

    def __init__(self) -> None:
        super().__init__()
        self._hints: Sequence[Hint] = ()
        self._said = ""
        self._level = ""
        self._quiet: Timer | None = None
        self.long_words = LongWords(markup=False)

    def say(self, text: str, level: str = "information") -> None:
        """Show a safe text in place of the keys for a few seconds; its level is `information`, `warning` or `error`."""
        self._said, self._level = text, level
        if self._quiet is not None:
            self._quiet.stop()
        is_long = cell_len(text) > self._room
        self._quiet = self.set_timer(SAID_FOR * 2 if is_long else SAID_FOR, self.hush)
        if is_long:
            mark, style = _SAID[level]
            self.long_words.update(Content.styled(f" {mark} {text.replace(LINE_BREAK, _NEXT_LINE)}", style))
        self.long_words.set_class(is_long, "said")
        self.refresh()

    def hush(self) -> None:
        """Show the keys again."""
        if self._said:
            self._said = ""
            self.long_words.set_class(False, "said")
            self.refresh()

    def show(self, view: ModeState, panel: Panel | None, refused: Mapping[str, str]) -> None:
        """Show the keys that matter now, in the panel that has the focus, of what is not refused."""
        shown = hints(view, panel, refused)
        if shown != self._hints:
            self._hints = shown
            self.refresh()

    @property
    def _room(self) -> int:
        return max(self.size.width - 4, 1)

    def _fitted(self) -> list[Hint]:
        return fit_hints(self._hints, self.size.width)

    def render(self) -> Content:
        """Draw the line; Textual calls this."""
        if self._said:
            mark, style = _SAID[self._level]
            return Content.styled(f" {mark} {clip(self._said, self._room)}", style)
        built = Content()
        for hint in self._fitted():
            built += Content.styled(f" {hint.key}", "bold $accent")
            built += Content.styled(f" {hint.label} ", "$foreground 85%")
        return built

    def on_click(self, event: events.Click) -> None:
        """A click on a hint does what it says."""
        if self._said:
            self.hush()
            return
        at = 0
        for hint in self._fitted():
            at += cell_len(hint.key) + cell_len(hint.label) + 3
            if event.x < at:
                if hint.action:
                    self.post_message(self.Chosen(hint.action))
                return


class Banner(FaultBoundary, Widget):
    """A line under the mode line that says what is wrong and what to do; hidden while nothing is."""

    DEFAULT_CSS = """
    Banner { height: 1; display: none; padding: 0 1; }
    Banner.error { display: block; background: $error; color: $pill-text; text-style: bold; }
    Banner.warning { display: block; background: $warning; color: $pill-text; text-style: bold; }
    """
    LEVELS: ClassVar[tuple[str, ...]] = ("error", "warning")

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self._level = ""

    def show(self, text: str, level: str = "error") -> None:
        """Show a safe text, or with an empty one nothing any more; its level is `error` or `warning`."""
        if (text, level) == (self._text, self._level):
            return
        self._text, self._level = text, level
        for name in self.LEVELS:
            self.set_class(bool(text) and name == level, name)
        self.refresh()

    def render(self) -> Content:
        """Draw the line; Textual calls this."""
        mark = "✗ " if self._level == "error" else "▲ "
        return Content(mark + clip(self._text, max(self.size.width - 2, 1)))
