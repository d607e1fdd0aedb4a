"""The help screen: every key and every command, written from the action registry."""

from itertools import groupby
from textwrap import wrap
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.actions import Action, actions, key_text
from tui.screens.closes_once import ClosesOnce
from tui.widgets.fault_boundary import FaultBoundary

_KEYS: Final = 14
_WORD: Final = 26
_NARROW: Final = 92
_INTRO: Final = (
    "The process runs in a worker of its own; this screen shows what is recorded of it.",
    "While it is paused nothing new starts: look around, set breakpoints, then c, s or n.",
    "In a text box letters type (the mode line says INSERT): Esc leaves it.",
)


def help_lines(width: int) -> list[tuple[str, str]]:
    """Return the help for a width in cells, as lines with a tone each: `title`, `text` or `plain`."""
    lines: list[tuple[str, str]] = [(line, "plain") for line in _INTRO]
    for group, members in groupby(actions(), key=lambda action: action.group):
        lines += [("", "plain"), (group.value, "title")]
        lines += [(line, "text") for action in members for line in _action_lines(action, width)]
    return lines


def _action_lines(action: Action, width: int) -> list[str]:
    keys = " ".join(key_text(key) for key in action.keys)
    word = f":{action.word} {action.usage}".rstrip() if action.word else ""
    where = f" ({', '.join(panel.heading for panel in action.panels)})" if action.panels else ""
    if width < _NARROW:
        below = [f"      {line}" for line in wrap(action.help + where, max(width - 6, 1))]
        return [f"  {keys:<{_KEYS}} {word}".rstrip(), *below]
    lead = f"  {keys:<{_KEYS}} {word:<{_WORD}} "
    if len(word) > _WORD or len(keys) > _KEYS:
        indent = " " * (_KEYS + _WORD + 4)
        return [lead.rstrip(), *(indent + line for line in wrap(action.help + where, max(width - len(indent), 20)))]
    lines = wrap(action.help + where, max(width - len(lead), 20))
    return [lead + lines[0], *(" " * len(lead) + line for line in lines[1:])]


class HelpScreen(FaultBoundary, ClosesOnce, ModalScreen[None]):
    """Every key and every command."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll {
        width: 116; max-width: 96%; height: auto; max-height: 94%; padding: 0 1;
        background: $surface; border: round $accent; border-title-color: $accent; scrollbar-size-vertical: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss", show=False),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def compose(self) -> ComposeResult:
        """Build the page; Textual calls this."""
        with VerticalScroll() as page:
            page.border_title = "Help"
            page.border_subtitle = "Esc closes · arrows scroll"
            yield Static(id="help-text", markup=False)

    def on_mount(self) -> None:
        """Write the page for the width there is."""
        self._write()

    def on_resize(self) -> None:
        """Write it again for another width."""
        self._write()

    def _write(self) -> None:
        width = min(116, int(self.app.size.width * 0.96)) - 5
        styles = {"title": "bold $accent", "text": "", "plain": "$foreground 80%"}
        content = Content("\n").join(Content.styled(text, styles[tone]) for text, tone in help_lines(width))
        self.query_one("#help-text", Static).update(content)

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)
