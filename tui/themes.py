"""The colours: a dark theme, a light one, and a plain one without any."""

from dataclasses import replace
from typing import Final

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
"""Drawn through `tui.text.monochrome.PlainFilter`, so that only its contrasts count."""
DEFAULT_THEME: Final = _DARK.name
