"""From spans to strips: the styles of the timeline, worked out once per theme and kept, and the strips themselves."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tui.timeline.event_styles import Tone
from tui.timeline.spans import Span

GROUNDS: Final = ("cursor", "cursor-away", "paused", "lit", "header", "badge", "status-line")
"""What a line may stand on, beside nothing."""
COMPONENTS: Final = frozenset(f"timeline--{name}" for name in (*Tone, *GROUNDS))
_FAINT = frozenset({Tone.QUIET, Tone.RULE})  # would be hard to read under the cursor
_STRIPS = 4096


class Painter:
    """Turns spans into strips in the colours of a widget.

    Args:
        widget: The widget; its component classes are `COMPONENTS`.
    """

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._styles: dict[tuple[Tone, str], Style] = {}
        self._strips: OrderedDict[Hashable, Strip] = OrderedDict()

    def forget(self) -> None:
        """Work out everything anew: the theme has changed, or the rows are others."""
        self._styles.clear()
        self._strips.clear()

    def kept(self, key: Hashable) -> Strip | None:
        """Give a strip that was painted before, if it is still there."""
        strip = self._strips.get(key)
        if strip is not None:
            self._strips.move_to_end(key)
        return strip

    def paint(self, spans: Sequence[Span], width: int, ground: str = "", key: Hashable = None) -> Strip:
        """Turn spans into a strip.

        Args:
            spans: Safe texts that are as wide as the line.
            width: Cells of the line.
            ground: What the line stands on: one of `GROUNDS`, or nothing.
            key: Under which to keep the strip: everything that it depends on; None keeps it not.

        Returns:
            The strip.
        """
        strip = Strip([Segment(text, self.style(tone, ground)) for text, tone in spans], width)
        if key is not None:
            self._strips[key] = strip
            if len(self._strips) > _STRIPS:
                self._strips.popitem(last=False)
        return strip

    def style(self, tone: Tone, ground: str = "") -> Style:
        """Give the style of a tone on a ground."""
        style = self._styles.get((tone, ground))
        if style is None:
            clear = Tone.CALL if ground.startswith("cursor") and tone in _FAINT else tone
            style = self._widget.get_component_rich_style(f"timeline--{clear}")
            if ground:
                under = self._widget.get_component_rich_style(f"timeline--{ground}")
                own = Style(color=under.color, bold=under.bold) if ground == "badge" else Style()
                if tone is not Tone.MATCH:
                    own += Style(bgcolor=under.bgcolor)
                style += own
            self._styles[tone, ground] = style
        return style
