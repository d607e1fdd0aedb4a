"""The one-line box that everything typed goes into: keeps what it is given, shows nothing that acts."""

from typing import Final

from rich.text import Text
from textual import events
from textual.widgets import Input

from tui.text.safe_text import safe

_STAND_IN: Final = "·"


class TextBox(Input):
    """An input whose text may come from anywhere: names completed from a process, a paste, an answer kept.

    Line breaks of a paste are kept (and seen as `⏎`) instead of all but the first line being lost.
    """

    DEFAULT_CSS = """
    TextBox, TextBox:focus { border: none; height: 1; padding: 0; background: transparent; }
    """

    @property
    def _value(self) -> Text:
        """What the box shows: cell for character the same length as its value, and harmless."""
        value = self.value
        if not (value.isascii() and value.isprintable()):
            value = "".join(_picture(character) for character in value)
        return Text(value, no_wrap=True, overflow="ignore", end="")

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        text = event.text.replace("\r\n", "\n").rstrip("\n")
        if text:
            self.replace(text, *sorted(self.selection))


def _picture(character: str) -> str:
    shown = safe(character)
    return shown if len(shown) == 1 else _STAND_IN
