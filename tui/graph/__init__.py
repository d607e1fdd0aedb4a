"""The step graph: a layered drawing of a process on integer cells (pure), and the widget that shows it."""

from tui.graph.layout.shapes import Direction, Zoom
from tui.graph.render.export import picture_svg, picture_text
from tui.graph.render.overlay import Mark, Overlay
from tui.graph.render.picture import Picture, draw

__all__ = ["Direction", "Mark", "Overlay", "Picture", "Zoom", "draw", "picture_svg", "picture_text"]
