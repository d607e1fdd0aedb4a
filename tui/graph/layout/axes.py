"""Along and across the flow, turned into columns and rows; all that differs between the two directions is here."""

from dataclasses import dataclass

from tui.graph.layout.layers import CellKind
from tui.graph.layout.shapes import Side


@dataclass(frozen=True, slots=True)
class Axes:
    """One direction of flow.

    Attributes:
        down: Whether the process flows from the top down; else it flows from left to right.
    """

    down: bool

    @property
    def sides(self) -> tuple[Side, Side, Side, Side]:
        """The sides that point to earlier layers, to later layers, to lesser and to greater places across."""
        if self.down:
            return Side.UP, Side.DOWN, Side.LEFT, Side.RIGHT
        return Side.LEFT, Side.RIGHT, Side.UP, Side.DOWN

    @property
    def line_gap(self) -> int:
        """How far ports on one side of a box are from each other, at least."""
        return 2 if self.down else 1

    @property
    def loop_gap(self) -> int:
        """How far the two lines of a loop are from each other."""
        return 2 if self.down else 1

    @property
    def spare(self) -> int:
        """How much longer than its ports need a side is made."""
        return 3 if self.down else 2

    @property
    def stretch(self) -> int:
        """How long a side may become so that its labelled lines leave it straight."""
        return 64 if self.down else 24

    @property
    def reach_out(self) -> int:
        """How long a side may become to meet a line that passes beside the box."""
        return 48 if self.down else 9

    @property
    def reach_more(self) -> int:
        """How much longer a side may become for that when it is as long as that already."""
        return 6 if self.down else 2

    @property
    def reach(self) -> int:
        """The least distance from one layer of boxes to the next, so that the arrow between them shows."""
        return 1 if self.down else 3

    def point(self, along: int, across: int) -> tuple[int, int]:
        """Give the column and row of a place."""
        return (across, along) if self.down else (along, across)

    def split(self, width: int, height: int) -> tuple[int, int]:
        """Give how long a box is along the flow, and how wide across."""
        return (height, width) if self.down else (width, height)

    def label_across(self, kind: CellKind, cells: int, rows: int) -> int:
        """Give what a label, a loop or a bend takes across the flow."""
        loop = kind is CellKind.LOOP
        if not self.down:
            return max(1 + loop, rows)
        return 4 + cells if loop else 2 + cells if cells else 1

    def label_along(self, kind: CellKind, cells: int, rows: int) -> int:
        """Give what a label, a loop or a bend takes along the flow."""
        if kind is CellKind.BEND or not (cells or kind is CellKind.LOOP):
            return 0
        return max(1, rows) if self.down else cells + 4

    def gap(self, left: CellKind, right: CellKind) -> int:
        """Give the empty cells between two neighbours of a layer."""
        boxes = (left is CellKind.BOX) + (right is CellKind.BOX)
        return (1, 2, 3)[boxes] if self.down else (0, 0, 1)[boxes]

    def channel(self, tracks: int) -> int:
        """Give the room that a channel with so many tracks takes along the flow."""
        return tracks if self.down else 2 * tracks + (tracks > 0)

    def track(self, number: int) -> int:
        """Give where a track is in its channel."""
        return number if self.down else 2 * number + 1
