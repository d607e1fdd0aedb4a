"""The step graph: a layered drawing of a process on integer cells (pure), and the widget that shows it."""

from tui.graph.overlay import Mark, Overlay
from tui.graph.picture import Picture, draw
from tui.graph.shapes import Direction, Zoom
from tui.graph.svg import picture_svg
from tui.graph.text import picture_text

__all__ = ["Direction", "Mark", "Overlay", "Picture", "Zoom", "draw", "picture_svg", "picture_text"]
