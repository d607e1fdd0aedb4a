"""The screen without any colour: what stood out by its background is shown in reverse, what was faint is dim."""

from functools import lru_cache
from typing import Final

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_STANDS_OUT: Final = 1.6
"""Contrast against the screen's background from which a background is shown in reverse."""
_QUIET: Final = 5.0
"""Contrast of a text against its background below which it is shown dim."""
_NONE: Final = Style.from_color(RichColor.default(), RichColor.default())


class MonochromeFilter(LineFilter):
    """Takes the colours out of what is drawn, and keeps what they showed by reverse and dim."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Take the colours out of a line, behind which is `background`; Textual calls this."""
        return [
            Segment(text, style and plain_style(style, background.rgb), control) for text, style, control in segments
        ]


@lru_cache(4096)
def plain_style(style: Style, background: tuple[int, int, int]) -> Style:
    """Return a style in the terminal's own colours; `background` is what is behind the whole screen."""
    behind = _rgb(style.bgcolor) or background
    ink = _rgb(style.color)
    stands_out = _contrast(behind, background) >= _STANDS_OUT
    quiet = ink is not None and not stands_out and _contrast(ink, behind) < _QUIET
    return style + _NONE + Style(reverse=stands_out != bool(style.reverse), dim=quiet or bool(style.dim))


def _rgb(color: RichColor | None) -> tuple[int, int, int] | None:
    triplet = color.triplet if color is not None else None
    return (triplet.red, triplet.green, triplet.blue) if triplet is not None else None


def _contrast(first: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    lighter, darker = sorted((_luminance(first), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(rgb: tuple[int, int, int]) -> float:
    parts = [(part / 255) / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in rgb]  # noqa: PLR2004 - WCAG 2
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
