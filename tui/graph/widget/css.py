"""What the parts of the graph are called in a style sheet, and how they look where nobody says otherwise.

Every state has a sign besides its colour (see `glyphs`), so that a theme without colours loses nothing.
"""

from typing import Final

_LOOKS: Final = {
    "step": "color: $text;",
    "process": "color: $text-secondary;",
    "chip": "background: $panel;",
    "entry": "color: $text-success;",
    "stop": "color: $text-error;",
    "edge": "color: $text-muted;",
    "back": "color: $text-muted;",
    "label": "color: $text-accent;",
    "lit": "color: $text-warning; text-style: bold;",
    "forced": "color: $text-error; text-style: bold italic;",
    "running": "color: $text-success; text-style: bold;",
    "waiting": "color: $text-primary; text-style: bold;",
    "paused": "color: $text-warning; text-style: bold;",
    "failed": "color: $text-error; text-style: bold;",
    "cancelled": "color: $text-muted; text-style: strike;",
    "breakpoint": "color: $text-error; text-style: bold;",
    "map": "color: $text-muted; background: $panel;",
    "window": "color: $text; background: $primary-muted; text-style: bold;",
}

CLASSES: Final = tuple(f"graph--{name}" for name in _LOOKS)
"""Component classes of the graph."""
CSS: Final = "\n".join(
    (
        "GraphView {",
        "    background: $surface;",
        "    color: $text;",
        "    scrollbar-size: 1 1;",
        *(f"    .graph--{name} {{ {look} }}" for name, look in _LOOKS.items()),
        "}",
    )
)
"""Default style sheet of the graph."""
