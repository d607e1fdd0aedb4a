"""The colours: dark, light, or none at all (what stood out is in reverse then, what was faint is dim)."""

from dataclasses import replace
from functools import lru_cache
from typing import Final

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

_DARK: Final = Theme(
    name="stepscope-dark",
    primary="#6cb6ff",
    secondary="#8fa1b8",
    accent="#f5b55f",
    success="#74cf8b",
    warning="#f2cc60",
    error="#ff7b80",
    foreground="#d9dfe8",
    background="#10141b",
    surface="#151b24",
    panel="#21262c",
    dark=True,
    variables={
        "pill-text": "#0c1016",
        "rule": "#3c4a5c",
        "border": "#6cb6ff",
        "border-blurred": "#3c4a5c",
        "input-cursor-background": "#f5b55f",
        "input-cursor-foreground": "#0c1016",
        "input-selection-background": "#6cb6ff 35%",
        "block-cursor-background": "#f5b55f",
        "block-cursor-foreground": "#0c1016",
        "block-cursor-text-style": "bold",
        "scrollbar": "#3c4a5c",
        "scrollbar-hover": "#6cb6ff",
        "scrollbar-active": "#6cb6ff",
        "scrollbar-background": "#151b24",
        "scrollbar-background-hover": "#151b24",
        "scrollbar-background-active": "#151b24",
        "scrollbar-corner-color": "#151b24",
    },
)

_LIGHT: Final = Theme(
    name="stepscope-light",
    primary="#0a58b0",
    secondary="#56616e",
    accent="#9a4a00",
    success="#12692c",
    warning="#7d5600",
    error="#b3211a",
    foreground="#20262e",
    background="#fbfaf6",
    surface="#f4f2ec",
    panel="#e7e3d8",
    dark=False,
    variables={
        "pill-text": "#ffffff",
        "rule": "#b4ae9f",
        "border": "#0a58b0",
        "border-blurred": "#b4ae9f",
        "input-cursor-background": "#9a4a00",
        "input-cursor-foreground": "#ffffff",
        "input-selection-background": "#0a58b0 25%",
        "block-cursor-background": "#9a4a00",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "bold",
        "scrollbar": "#b4ae9f",
        "scrollbar-hover": "#0a58b0",
        "scrollbar-active": "#0a58b0",
        "scrollbar-background": "#f4f2ec",
        "scrollbar-background-hover": "#f4f2ec",
        "scrollbar-background-active": "#f4f2ec",
        "scrollbar-corner-color": "#f4f2ec",
    },
)

_PLAIN: Final = replace(_DARK, name="stepscope-plain")

THEMES: Final = (_DARK, _LIGHT, _PLAIN)
PLAIN_THEME: Final = _PLAIN.name
"""Drawn through `MonochromeFilter`, so that only its contrasts count."""
DEFAULT_THEME: Final = _DARK.name


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
