"""Shapes onto rows of cells, one row at a time: which character stands in a cell, and who owns it."""

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rich.cells import cell_len

from tui.graph.layout.graph_model import FEEDS, FEEDS_ASCII
from tui.graph.layout.shapes import LEVEL, UPRIGHT, Box, BoxKind, Drawing, Joint, Line, Port, Side, SlotKind


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of characters, each one cell wide.

    Attributes:
        line: By sides, what a cell of a route looks like.
        back: The same for routes against the flow, where it differs.
        head: By the side the route comes from, its arrow.
        step: Border of a step: corners from the upper left clockwise, then horizontal and vertical.
        process: Border of a nested process.
        tail: By the side on which a route leaves a step, the cell of its border.
        process_tail: The same for a nested process.
        marks: What the overlay writes, by name of the mark.
        feeds: What stands between an event and the parameter it feeds.
    """

    line: dict[Side, str]
    back: dict[Side, str]
    head: dict[Side, str]
    step: str
    process: str
    tail: dict[Side, str]
    process_tail: dict[Side, str]
    marks: dict[str, str]
    feeds: str


U, D, L, R = Side.UP, Side.DOWN, Side.LEFT, Side.RIGHT

UNICODE: Final = Glyphs(
    line={
        U | D: "│", L | R: "─", D | R: "╭", D | L: "╮", U | R: "╰", U | L: "╯",
        U | D | R: "├", U | D | L: "┤", D | L | R: "┬", U | L | R: "┴", U | D | L | R: "┼",
    },
    back={U | D: "┊", L | R: "┈"},
    head={U: "▼", D: "▲", L: "▶", R: "◀"},
    step="╭╮╯╰─│",
    process="╔╗╝╚═║",
    tail={D: "┬", U: "┴", R: "├", L: "┤"},
    process_tail={D: "╤", U: "╧", R: "╟", L: "╢"},
    marks={
        "running": "▶", "waiting": "◔", "paused": "‖", "failed": "✗", "done": "✓", "cancelled": "⊘",
        "breakpoint": "●", "arrived": "✓", "missing": "·", "somewhere": "▪",
    },
    feeds=FEEDS,
)  # fmt: skip

ASCII: Final = Glyphs(
    line={
        U | D: "|", L | R: "-", D | R: ".", D | L: ".", U | R: "'", U | L: "'",
        U | D | R: "+", U | D | L: "+", D | L | R: "+", U | L | R: "+", U | D | L | R: "+",
    },
    back={U | D: ":", L | R: "~"},
    head={U: "v", D: "^", L: ">", R: "<"},
    step="++++-|",
    process="####=#",
    tail={D: "+", U: "+", R: "+", L: "+"},
    process_tail={D: "#", U: "#", R: "#", L: "#"},
    marks={
        "running": ">", "waiting": "~", "paused": '"', "failed": "x", "done": "+", "cancelled": "/",
        "breakpoint": "*", "arrived": "+", "missing": ".", "somewhere": "#",
    },
    feeds=FEEDS_ASCII,
)  # fmt: skip


def can_draw(encoding: str | None) -> bool:
    """Return whether the encoding of a terminal, which the locale decides, has box drawing."""
    try:
        "│─╭▶◔".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


class OwnerKind(StrEnum):
    """What kind of thing a cell belongs to."""

    NOTHING = "nothing"
    BOX = "box"
    EDGE = "edge"
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class Owner:
    """The box, route or label that a cell belongs to.

    Attributes:
        kind: Whether it is a box, a route or a label.
        box: Index of the box in the drawing, or -1.
        edges: Keys of the edges; several where routes of one source share the cell.
        event_id: The event id, for a label.
        back: Whether the edges go against the flow.
    """

    kind: OwnerKind
    box: int = -1
    edges: tuple[str, ...] = ()
    event_id: str = ""
    back: bool = False


_DOUBLE: Final = (BoxKind.PROCESS, BoxKind.FRAME)
Run = tuple[int, str, int]
"""A piece of a row: its first column, its text, and the number of its owner."""


class Canvas:
    """Renders rows of a drawing when they are asked for, and keeps them.

    Args:
        drawing: The shapes.
        glyphs: The characters to use.
    """

    def __init__(self, drawing: Drawing, glyphs: Glyphs) -> None:
        self.drawing = drawing
        self.glyphs = glyphs
        self.owners: list[Owner] = [Owner(OwnerKind.NOTHING)]
        self._numbers: dict[Owner, int] = {self.owners[0]: 0}
        self._across: dict[int, list[Line]] = defaultdict(list)
        self._along: dict[int, list[Line]] = defaultdict(list)
        self._joints: dict[int, list[Joint]] = defaultdict(list)
        self._ports: dict[int, list[Port]] = defaultdict(list)
        self._boxes: dict[int, list[int]] = defaultdict(list)
        self._labels: dict[int, list[int]] = defaultdict(list)
        self._rows: dict[int, tuple[Run, ...]] = {}
        self._double = {box.path for box in drawing.boxes if box.kind in _DOUBLE}
        self._box_owners = [self._own(Owner(OwnerKind.BOX, i, box.edges)) for i, box in enumerate(drawing.boxes)]
        self._sort_in()

    def _own(self, owner: Owner) -> int:
        number = self._numbers.get(owner)
        if number is None:
            number = self._numbers[owner] = len(self.owners)
            self.owners.append(owner)
        return number

    def _sort_in(self) -> None:
        drawing = self.drawing
        for line in drawing.lines:
            if not line.upright:
                self._across[line.y0].append(line)
            else:
                for block in range(line.y0 >> 3, (line.y1 >> 3) + 1):
                    self._along[block].append(line)
        for joint in drawing.joints:
            self._joints[joint.y].append(joint)
        for port in drawing.ports:
            self._ports[port.y].append(port)
        for index, box in enumerate(drawing.boxes):
            for y in range(box.y, box.y + box.height):
                self._boxes[y].append(index)
        for index, label in enumerate(drawing.labels):
            self._labels[label.y].append(index)

    def row(self, y: int) -> tuple[Run, ...]:
        """Return the pieces of a row from left to right, none overlapping, blank cells left out."""
        row = self._rows.get(y)
        if row is None:
            row = self._rows[y] = tuple(self._render(y))
        return row

    def _render(self, y: int) -> list[Run]:
        cells: dict[int, tuple[str, int]] = {}
        self._draw_lines(y, cells)
        for index in self._boxes.get(y, ()):
            self._draw_box(y, index, cells)
        for port in self._ports.get(y, ()):
            cells[port.x] = (self._port_glyph(port), self._edge_owner(port))
        for index in self._labels.get(y, ()):
            label = self.drawing.labels[index]
            owner = self._own(Owner(OwnerKind.LABEL, -1, label.edges, label.event_id, label.back))
            if not label.part:
                cells[label.dot] = (" ", owner)
            cells[label.x] = (label.text, owner)
        return _joined(cells)

    def _edge_owner(self, shape: Line | Joint | Port) -> int:
        return self._own(Owner(OwnerKind.EDGE, -1, shape.edges, "", shape.back))

    def _draw_lines(self, y: int, cells: dict[int, tuple[str, int]]) -> None:
        glyphs = self.glyphs
        for line in self._across.get(y, ()):
            glyph = glyphs.back[LEVEL] if line.back else glyphs.line[LEVEL]
            what = (glyph, self._edge_owner(line))
            for x in range(line.x0, line.x1 + 1):
                cells[x] = what
        sides: dict[tuple[int, int], Side] = {}
        for joint in self._joints.get(y, ()):
            spot = (joint.x, joint.net)
            sides[spot] = sides.get(spot, Side.NONE) | joint.sides
            cells[joint.x] = (glyphs.line[sides[spot]], self._edge_owner(joint))
        for line in self._along.get(y >> 3, ()):
            if line.y0 <= y <= line.y1:
                glyph = glyphs.back[UPRIGHT] if line.back else glyphs.line[UPRIGHT]
                cells[line.x0] = (glyph, self._edge_owner(line))

    def _draw_box(self, y: int, index: int, cells: dict[int, tuple[str, int]]) -> None:
        box = self.drawing.boxes[index]
        owner = self._box_owners[index]
        right = box.x + box.width - 1
        if box.bordered:
            corners = self.glyphs.step if box.kind not in _DOUBLE else self.glyphs.process
            if y in (box.y, box.y + box.height - 1):
                first, last = (corners[0], corners[1]) if y == box.y else (corners[3], corners[2])
                cells.update((x, (corners[4], owner)) for x in range(box.x + 1, right))
                cells[box.x], cells[right] = (first, owner), (last, owner)
                return
            if box.kind is not BoxKind.FRAME:
                cells.update((x, (" ", owner)) for x in range(box.x + 1, right))
            cells[box.x] = cells[right] = (corners[5], owner)
        else:
            cells.update((x, (" ", owner)) for x in range(box.x, right + 1))
        self._fill_box(y, box, owner, cells)

    def _fill_box(self, y: int, box: Box, owner: int, cells: dict[int, tuple[str, int]]) -> None:
        for text in box.texts:
            if text.y == y:
                for x in range(text.x, text.x + cell_len(text.text)):
                    cells.pop(x, None)
                cells[text.x] = (text.text, owner)
        for slot in box.slots:
            if slot.y == y:
                blank = self.glyphs.marks["missing"] if slot.kind is SlotKind.INPUT else " "
                cells.update((x, (blank, owner)) for x in range(slot.x, slot.x + slot.width))

    def _port_glyph(self, port: Port) -> str:
        glyphs = self.glyphs
        if port.head:
            return glyphs.head[port.side]
        return (glyphs.process_tail if port.path in self._double else glyphs.tail)[port.side]


def _joined(cells: dict[int, tuple[str, int]]) -> list[Run]:
    """Join cells that touch and belong to the same owner."""
    runs: list[Run] = []
    start, text, owner, end = 0, "", -1, -1
    for x in sorted(cells):
        glyph, whose = cells[x]
        if whose == owner and x == end:
            text += glyph
        else:
            if text:
                runs.append((start, text, owner))
            start, text, owner = x, glyph, whose
        end = x + (1 if len(glyph) == 1 and glyph.isascii() else cell_len(glyph))
    if text:
        runs.append((start, text, owner))
    return runs
