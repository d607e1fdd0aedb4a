"""The one-line box that everything typed goes into, and what was typed in it before; shows nothing that acts."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Final

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from tui.text.safe_text import safe
from tui.widgets.fault_boundary import FaultBoundary

_STAND_IN: Final = "·"
_PATIENCE: Final = 2.0
"""Seconds that the next key waits for a box that does not answer."""


class TextBox(FaultBoundary, Input):
    """An input whose text may come from anywhere: names completed from a process, a paste, an answer kept.

    Line breaks of a paste are kept (and seen as `⏎`) instead of all but the first line being lost. The app passes on no
    key before the box has dealt with the one before, so that Enter takes exactly what was typed before it.

    Args:
        entered: Takes what was typed, at Enter; at Ctrl+D in the empty box None, for that nothing more comes.
        placeholder: What the empty box shows.
    """

    DEFAULT_CSS = """
    TextBox, TextBox:focus { border: none; height: 1; padding: 0; background: transparent; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+d", "end_input", show=False)]

    def __init__(self, entered: Callable[[str | None], None], placeholder: str = "") -> None:
        super().__init__(placeholder=placeholder, select_on_focus=False)
        self._entered = entered

    async def caught_up(self) -> None:
        """Wait until the box has dealt with every key so far; one that is closing is not waited for."""
        is_done = asyncio.Event()
        if self.post_message(events.Callback(callback=is_done.set)):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(is_done.wait(), _PATIENCE)

    async def action_submit(self) -> None:
        """Enter what was typed; Textual's own sends a message, which comes after the keys that were typed next."""
        self._entered(self.value)

    def action_end_input(self) -> None:
        """End the input, as in a terminal; where there is text, delete the character after the cursor."""
        if self.value:
            self.action_delete_right()
        else:
            self._entered(None)

    def _on_hide(self, event: events.Hide) -> None:
        """Keep the focus where the box is seen again by now; Textual takes it from whatever was hidden."""
        if all(node.display for node in self.ancestors_with_self if isinstance(node, Widget)):
            event.prevent_default()

    @property
    def _value(self) -> Text:
        """What the box shows: cell for character the same length as its value, and harmless."""
        value = self.value if not self.password else "•" * len(self.value)
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


@dataclass(slots=True)
class History:
    """What was typed before; `older` and `newer` walk through it.

    Attributes:
        lines: From the oldest to the latest.
        limit: How many are kept.
    """

    lines: list[str] = field(default_factory=list)
    limit: int = 200
    _at: int | None = None
    _draft: str = ""

    def add(self, line: str) -> None:
        """Keep a line; the same one twice in a row is kept once."""
        self._at = None
        if line.strip() and self.lines[-1:] != [line]:
            self.lines.append(line)
            del self.lines[: -self.limit]

    def older(self, draft: str) -> str | None:
        """Return the line before, or None at the oldest; `draft` is what `newer` comes back to."""
        if self._at is None:
            self._draft, self._at = draft, len(self.lines)
        if self._at == 0:
            return None
        self._at -= 1
        return self.lines[self._at]

    def newer(self) -> str | None:
        """Return the line after, at last the draft; None where no walk began."""
        if self._at is None:
            return None
        self._at += 1
        if self._at >= len(self.lines):
            self._at = None
            return self._draft
        return self.lines[self._at]
