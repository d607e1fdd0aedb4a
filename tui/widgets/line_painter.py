"""From spans to strips: the one place where a tone gets its colour, for dark and light themes."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tui.text.spans import Span, Tone

_LOOKS: Final = {
    Tone.TEXT: "color: $foreground;",
    Tone.STRONG: "color: $foreground; text-style: bold;",
    Tone.QUIET: "color: $foreground 55%;",
    Tone.ACCENT: "color: $accent; text-style: bold;",
    Tone.RULE: "color: $foreground 35%;",
    Tone.CALL: "color: $foreground 80%;",
    Tone.OK: "color: $text-success;",
    Tone.EMIT: "color: #4fd6ff; text-style: bold;",
    Tone.OUTPUT: "color: $text-success; text-style: bold;",
    Tone.FAIL: "color: $text-error; text-style: bold;",
    Tone.WARN: "color: $text-warning; text-style: bold;",
    Tone.ASK: "color: $text-primary; text-style: bold;",
    Tone.STATUS: "color: $foreground 80%; text-style: bold;",
    Tone.STOP: "color: $text-error; text-style: bold;",
    Tone.OPERATOR: "color: $text-secondary; text-style: bold;",
    Tone.MATCH: "background: $warning; color: $background; text-style: bold;",
    Tone.TITLE: "color: $foreground; text-style: bold;",
    Tone.SECTION: "color: $text-primary; text-style: bold;",
    Tone.LINK: "color: $text-primary; text-style: underline;",
    Tone.KEY: "color: #9cb4d8;",
    Tone.STRING: "color: #a5d6a0;",
    Tone.NUMBER: "color: #e5c07b;",
    Tone.WORD: "color: #d2a8ff;",
    Tone.ADDED: "color: $text-success; text-style: bold;",
    Tone.CHANGED: "color: $text-warning; text-style: bold;",
    Tone.REMOVED: "color: $text-error; text-style: strike;",
    Tone.LANE_0: "color: #6cb6ff;",
    Tone.LANE_1: "color: #d2a8ff;",
    Tone.LANE_2: "color: #56d4c8;",
    Tone.LANE_3: "color: #f29ac4;",
    Tone.LANE_4: "color: #9fd67a;",
    Tone.LANE_5: "color: #a9b4ff;",
    Tone.LANE_6: "color: #d9b38c;",
    Tone.LANE_7: "color: #c3b1a1;",
}
_LIGHT_LOOKS: Final = {
    Tone.EMIT: "color: #005f8f;",
    Tone.KEY: "color: #3a5a8c;",
    Tone.STRING: "color: #2b6a1f;",
    Tone.NUMBER: "color: #8a4600;",
    Tone.WORD: "color: #6639ba;",
    Tone.LANE_0: "color: #0550ae;",
    Tone.LANE_1: "color: #6639ba;",
    Tone.LANE_2: "color: #0b6b63;",
    Tone.LANE_3: "color: #99286e;",
    Tone.LANE_4: "color: #2b6a1f;",
    Tone.LANE_5: "color: #4338ca;",
    Tone.LANE_6: "color: #80501c;",
    Tone.LANE_7: "color: #5e5046;",
}
_GROUNDS: Final = {
    "cursor": "background: $primary 40%;",
    "cursor-away": "background: $foreground 10%;",
    "paused": "background: $warning 22%;",
    "lit": "background: $primary 16%;",
    "header": "background: $foreground 6%;",
    "status-line": "background: $foreground 10%;",
    "later": "color: $foreground 45%;",
    "badge": "background: $accent; color: $background; text-style: bold;",
}
"""What a line may stand on, besides nothing."""
COMPONENTS: Final = frozenset((*(f"tone--{tone}" for tone in Tone), *(f"ground--{ground}" for ground in _GROUNDS)))
_FAINT: Final = frozenset({Tone.QUIET, Tone.RULE})
"""Would be hard to read under the cursor."""
_STRIPS: Final = 4096


def tones_css(widget: str) -> str:
    """Return the style sheet of the tones for a type of widget, whose component classes are `COMPONENTS`."""
    rules = [f"{widget} > .tone--{tone} {{ {look} }}" for tone, look in _LOOKS.items()]
    rules += [f"{widget} > .ground--{ground} {{ {look} }}" for ground, look in _GROUNDS.items()]
    rules += [f"{widget}:light > .tone--{tone} {{ {look} }}" for tone, look in _LIGHT_LOOKS.items()]
    return "\n".join(rules)


class LinePainter:
    """Turns spans into strips in the colours of a widget; styles, and strips that have a key, are kept."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._styles: dict[tuple[Tone, str], Style] = {}
        self._strips: OrderedDict[Hashable, Strip] = OrderedDict()

    def forget(self) -> None:
        """Forget styles and strips: the theme has changed, or the rows are others."""
        self._styles.clear()
        self._strips.clear()

    def kept(self, key: Hashable) -> Strip | None:
        """Return a strip that was painted before, if it is still there."""
        strip = self._strips.get(key)
        if strip is not None:
            self._strips.move_to_end(key)
        return strip

    def paint(self, spans: Iterable[Span], width: int, ground: str = "", key: Hashable = None) -> Strip:
        """Turn spans that are `width` cells wide into a strip; a key stands for everything that it depends on."""
        strip = Strip([Segment(text, self.style(tone, ground)) for text, tone in spans], width)
        if key is not None:
            self._strips[key] = strip
            if len(self._strips) > _STRIPS:
                self._strips.popitem(last=False)
        return strip

    def style(self, tone: Tone, ground: str = "") -> Style:
        """Return the style of a tone on a ground."""
        style = self._styles.get((tone, ground))
        if style is None:
            clear = Tone.CALL if ground.startswith("cursor") and tone in _FAINT else tone
            style = self._widget.get_component_rich_style(f"tone--{clear}")
            if ground:
                under = self._widget.get_component_rich_style(f"ground--{ground}")
                own = Style(color=under.color, bold=under.bold) if ground == "badge" else Style()
                if tone is not Tone.MATCH:
                    own += Style(bgcolor=under.bgcolor)
                    if ground == "later":
                        own += Style(color=under.color, bold=False)
                style += own
            self._styles[tone, ground] = style
        return style
