"""A drawn process: rows of text with an owner for every piece, boxes by path, edges, labels."""

from collections.abc import Collection
from functools import cached_property
from typing import Final

from rich.cells import cell_len

from process_core.graph import Edge, Node
from tui.graph.layout.graph_model import LABEL_CELLS
from tui.graph.layout.layout import Style, lay_out
from tui.graph.layout.shapes import Box, BoxKind, Direction, Drawing, Label, Zoom
from tui.graph.render.canvas import ASCII, UNICODE, Canvas, Glyphs, Owner, OwnerKind, Run

MOST_STEPS: Final = 3000
"""Steps that are drawn: nobody finds anything in a larger picture, and it would take long."""


class Picture:
    """What `draw` gives: a picture that knows what each of its cells belongs to.

    Attributes:
        drawing: The shapes.
        glyphs: The characters it is drawn with.
        zoom: How much steps show of themselves.
        direction: Which way the process flows.
        width: Columns.
        height: Rows.
    """

    def __init__(self, drawing: Drawing, glyphs: Glyphs, zoom: Zoom, direction: Direction) -> None:
        self.drawing = drawing
        self.glyphs = glyphs
        self.zoom = zoom
        self.direction = direction
        self.width = drawing.width
        self.height = drawing.height
        self._canvas = Canvas(drawing, glyphs)

    @property
    def left_out(self) -> str:
        """What is not drawn since there is too much of it; empty where all is."""
        steps, routes = self.drawing.steps_left_out, self.drawing.routes_left_out
        parts = [f"{steps:,} steps"] if steps else []
        parts += [f"{routes:,} routes"] if routes else []
        return f"not drawn, since they are too many: {' and '.join(parts)}" if parts else ""

    @property
    def owners(self) -> list[Owner]:
        """Owners by number; number 0 owns what is empty."""
        return self._canvas.owners

    @property
    def labels(self) -> list[Label]:
        """All labels."""
        return self.drawing.labels

    @cached_property
    def boxes(self) -> dict[str, Box]:
        """Steps and frames by path; entries and STOP have none and are found in `drawing.boxes`."""
        return {box.path: box for box in self.drawing.boxes if box.path}

    def runs(self, y: int) -> tuple[Run, ...]:
        """Return the pieces of a row from left to right, blank cells left out: first column, text, owner."""
        return self._canvas.row(y)

    @property
    def rows(self) -> list[list[tuple[str, int]]]:
        """All rows as (text, owner) pieces that fill them from the first column on."""
        result: list[list[tuple[str, int]]] = []
        for y in range(self.height):
            row: list[tuple[str, int]] = []
            at = 0
            for x, text, owner in self.runs(y):
                if x > at:
                    row.append((" " * (x - at), 0))
                row.append((text, owner))
                at = x + cell_len(text)
            result.append(row)
        return result

    def owner_at(self, x: int, y: int) -> Owner:
        """Return what a cell belongs to: a step, a route, a label, a frame, or nothing."""
        if 0 <= y < self.height:
            for start, text, owner in self.runs(y):
                if start <= x < start + cell_len(text):
                    return self.owners[owner]
            frames = [
                (box.depth, index)
                for index, box in enumerate(self.drawing.boxes)
                if box.kind is BoxKind.FRAME and box.x <= x < box.x + box.width and box.y <= y < box.y + box.height
            ]
            if frames:
                return Owner(OwnerKind.BOX, max(frames)[1])
        return self.owners[0]


def draw(
    nodes: Collection[Node],
    edges: Collection[Edge],
    *,
    zoom: Zoom | str = Zoom.BOXES,
    direction: Direction | str = Direction.DOWN,
    folded: Collection[str] = (),
    label_cells: int = LABEL_CELLS,
    ascii: bool = False,  # noqa: A002 - reads best at the call
) -> Picture:
    """Draw a process; the same picture for the same arguments, to the byte.

    Args:
        nodes: Its steps, nested ones included.
        edges: Its routes, nested ones included.
        zoom: How much steps show of themselves.
        direction: Which way the process flows.
        folded: Paths of nested processes that are drawn as one box.
        label_cells: Width at which labels are wrapped.
        ascii: Whether nothing but ASCII may be used.
    """
    style = Style(Zoom(zoom), Direction(direction), frozenset(folded), label_cells, ascii)
    drawing = lay_out(list(nodes)[:MOST_STEPS], list(edges), style)
    drawing.steps_left_out = max(0, len(nodes) - MOST_STEPS)
    return Picture(drawing, ASCII if ascii else UNICODE, style.zoom, style.direction)
