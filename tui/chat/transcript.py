"""The conversation as lines that scroll; stays at its end while it is there."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import ClassVar, Final

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.strip import Strip

from tui.chat.conversation import Entry, Line, Voice, lines_of
from tui.widgets.scroll_view import TrueScrollView

KEPT: Final = 2000
"""Entries that are kept; the timeline has them all."""


class Transcript(TrueScrollView, can_focus=True):
    """What was said, wrapped to the width."""

    DEFAULT_CSS = """
    Transcript {
        height: 1fr; background: transparent; scrollbar-size-vertical: 1; overflow-x: hidden; scrollbar-gutter: stable;
    }
    Transcript > .said--asked { color: $primary; }
    Transcript > .said--answered { color: $accent; text-style: bold; }
    Transcript > .said--output { color: $foreground; }
    Transcript > .said--log { color: $foreground 65%; }
    Transcript > .said--wrong { color: $error; text-style: bold; }
    Transcript > .said--note { color: $secondary; text-style: bold; }
    Transcript > .said--who { color: $secondary; text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {*(f"said--{voice}" for voice in Voice), "said--who"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", show=False),
        Binding("down,j", "scroll_down", show=False),
        Binding("home", "scroll_home", show=False),
        Binding("end", "scroll_end", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._entries: list[Entry] = []
        self._lines: list[Line] = []
        self._width = 0
        self._dropped = 0
        self._skipped = 0
        self._until: int | None = None
        self._follows = True

    @property
    def entries(self) -> Sequence[Entry]:
        """What is kept and was said by the event that is looked at, from the oldest."""
        if self._until is None:
            return self._entries
        return self._entries[: bisect_right(self._entries, self._until, key=lambda entry: entry.seq)]

    def clear(self) -> None:
        """Begin another conversation."""
        self._entries.clear()
        self._lines.clear()
        self._dropped = self._skipped = 0
        self._follows = True
        self._resized()

    def add(self, entries: Sequence[Entry], *, skipped: int = 0) -> None:
        """Add what was said since; `skipped` counts what was left out before, in all."""
        if not entries:
            return
        self._skipped = skipped
        self._entries += entries
        over = len(self._entries) - KEPT
        if over > 0 or skipped:
            over = max(over, 0)
            del self._entries[:over]
            self._dropped += over
            self._wrap_all()
        else:
            for entry in entries:
                self._lines += lines_of(entry, self._room)
        self._resized()

    def follow(self) -> None:
        """Go to the end and stay there."""
        self._follows = True
        self._to_end()

    def show_until(self, seq: int | None) -> None:
        """Show the conversation as far as an event, from its end; None shows all of it."""
        if seq != self._until:
            self._until = seq
            self._follows = True
            self._resized()

    @property
    def _height(self) -> int:
        """Number of lines that had been said by the event that is looked at."""
        if self._until is None:
            return len(self._lines)
        return bisect_right(self._lines, self._until, key=lambda line: line.seq)

    @property
    def _room(self) -> int:
        # Behind another tab it has no width: what is said meanwhile is wrapped as the rest was.
        return max(self.scrollable_content_region.width or self._width, 8)

    def _wrap_all(self) -> None:
        self._lines = [line for entry in self._entries for line in lines_of(entry, self._room)]
        earlier = self._dropped + self._skipped
        if earlier:
            note = Entry(0, Voice.NOTE, "", f"{earlier:,} earlier entries are in the timeline")
            self._lines[:0] = lines_of(note, self._room)

    def _resized(self) -> None:
        self.virtual_size = Size(self._room, self._height)
        self.refresh()
        if self._follows:
            # How far there is to scroll is known only after the next layout.
            self.call_after_refresh(self._to_end)

    def _to_end(self) -> None:
        if self._follows:
            self.scroll_end(animate=False, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Stay at the end until somebody scrolls back, and again once they have returned to it."""
        super().watch_scroll_y(old_value, new_value)
        if new_value >= self.max_scroll_y:
            self._follows = True
        elif new_value < old_value:
            self._follows = False

    def on_resize(self) -> None:
        """Wrap to the new width."""
        if self._room != self._width:
            self._width = self._room
            self._wrap_all()
        self._resized()

    def render_line(self, y: int) -> Strip:
        """Draw one line; Textual calls this."""
        width = self.size.width
        index = y + self.scroll_offset.y
        if index >= self._height:
            return Strip.blank(width, self.rich_style)
        line = self._lines[index]
        base = self.rich_style
        voice = self.get_component_rich_style(f"said--{line.voice}")
        pieces = [Segment(f"{line.mark or ' '} ", voice)]
        if line.who:
            pieces.append(Segment(f"{line.who} ", self.get_component_rich_style("said--who")))
        pieces.append(Segment(line.text, voice))
        return Strip(pieces).adjust_cell_length(width, base)
