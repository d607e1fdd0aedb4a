"""What a drawing is made of, in screen cells: boxes with their slots, lines, joints, tips and labels."""

from dataclasses import dataclass, field, replace
from enum import IntFlag, StrEnum
from typing import Final


class Zoom(StrEnum):
    """How much a step shows of itself."""

    FULL = "full"
    BOXES = "boxes"
    CHIPS = "chips"


class Direction(StrEnum):
    """Which way the process flows."""

    DOWN = "down"
    RIGHT = "right"


class Side(IntFlag):
    """The four ways out of a cell; a cell of a line is a union of them."""

    NONE = 0
    UP = 1
    DOWN = 2
    LEFT = 4
    RIGHT = 8


LEVEL: Final = Side.LEFT | Side.RIGHT
UPRIGHT: Final = Side.UP | Side.DOWN


class BoxKind(StrEnum):
    """What a box stands for."""

    STEP = "step"
    PROCESS = "process"
    MAP = "map"
    FRAME = "frame"
    ENTRY = "entry"
    ERROR = "error"
    STOP = "stop"


class SlotKind(StrEnum):
    """What a reserved place in a box is for; its text comes from the overlay when the row is rendered."""

    MARK = "mark"
    COUNT = "count"
    BREAKPOINT = "breakpoint"
    STATE = "state"
    INPUT = "input"


@dataclass(frozen=True, slots=True)
class Slot:
    """A reserved place for state.

    Attributes:
        kind: What goes there.
        x: First column, counted from the left edge of the picture.
        y: Row.
        width: Cells.
        name: The parameter, for INPUT; the event id, for the breakpoint of an entry.
    """

    kind: SlotKind
    x: int
    y: int
    width: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text at a place."""

    x: int
    y: int
    text: str


@dataclass(frozen=True, slots=True)
class Box:
    """A step, a frame around a nested process, or a terminal.

    Attributes:
        path: Path of the step; empty for entries and STOP, which are no steps.
        kind: What it stands for.
        x: Left column.
        y: Top row.
        width: Columns.
        height: Rows.
        bordered: Whether a border is drawn around it.
        texts: What is written in it.
        slots: Where state is shown.
        events: Event ids it stands for (an entry), or none.
        edges: Keys of the edges it stands for (entries and STOP).
        depth: How many frames it is in.
    """

    path: str
    kind: BoxKind
    x: int
    y: int
    width: int
    height: int
    bordered: bool
    texts: tuple[Text, ...] = ()
    slots: tuple[Slot, ...] = ()
    events: tuple[str, ...] = ()
    edges: tuple[str, ...] = ()
    depth: int = 0

    def moved(self, dx: int, dy: int) -> "Box":
        """Return the same box elsewhere, one frame deeper."""
        return replace(
            self,
            x=self.x + dx,
            y=self.y + dy,
            texts=tuple(Text(t.x + dx, t.y + dy, t.text) for t in self.texts),
            slots=tuple(replace(s, x=s.x + dx, y=s.y + dy) for s in self.slots),
            depth=self.depth + 1,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A straight piece of a route; every cell of it goes through.

    Attributes:
        x0: Left or only column.
        y0: Upper or only row.
        x1: Right or only column, included.
        y1: Lower or only row, included.
        upright: Whether it runs up and down (a single cell may run either way).
        net: What it is connected to: lines of one net join, others cross.
        edges: Keys of the edges that run here.
        back: Whether they go against the flow.
    """

    x0: int
    y0: int
    x1: int
    y1: int
    upright: bool
    net: int
    edges: tuple[str, ...]
    back: bool = False


@dataclass(frozen=True, slots=True)
class Joint:
    """A corner or branch of a route; several of one net in one cell unite."""

    x: int
    y: int
    sides: Side
    net: int
    edges: tuple[str, ...]
    back: bool = False


@dataclass(frozen=True, slots=True)
class Port:
    """Where a route meets a box.

    Attributes:
        x: Column, on the border of the box or beside a box without one.
        y: Row.
        side: The side of the cell that the route comes from.
        head: Whether the arrow ends here.
        path: Path of the box.
        bordered: Whether the cell belongs to a border.
        edges: Keys of the edges.
        back: Whether they go against the flow.
    """

    x: int
    y: int
    side: Side
    head: bool
    path: str
    bordered: bool
    edges: tuple[str, ...]
    back: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """The event id on a route.

    Attributes:
        x: First column of the text.
        y: Row.
        text: The text, safe and cut.
        width: Cells of the text.
        dot: Column of the cell that is kept for a breakpoint.
        event_id: The event id in full.
        edges: Keys of the edges that it names.
        back: Whether they go against the flow.
        part: Which line of a label in several lines it is, from 0.
    """

    x: int
    y: int
    text: str
    width: int
    dot: int
    event_id: str
    edges: tuple[str, ...]
    back: bool = False
    part: int = 0


@dataclass(slots=True)
class Drawing:
    """All shapes of one process and of what is nested in it.

    Attributes:
        width: Columns used.
        height: Rows used.
        nets: How many nets there are; the next is numbered so.
        steps_left_out: How many steps are not drawn, since there are too many.
        routes_left_out: How many routes are not drawn, likewise.
    """

    width: int = 0
    height: int = 0
    nets: int = 0
    steps_left_out: int = 0
    routes_left_out: int = 0
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    joints: list[Joint] = field(default_factory=list)
    ports: list[Port] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)

    def embed(self, other: "Drawing", dx: int, dy: int) -> None:
        """Take over another drawing's shapes, moved, one frame deeper."""
        nets = self.nets
        self.boxes.extend(box.moved(dx, dy) for box in other.boxes)
        self.lines.extend(
            replace(s, x0=s.x0 + dx, y0=s.y0 + dy, x1=s.x1 + dx, y1=s.y1 + dy, net=s.net + nets) for s in other.lines
        )
        self.joints.extend(replace(s, x=s.x + dx, y=s.y + dy, net=s.net + nets) for s in other.joints)
        self.ports.extend(replace(s, x=s.x + dx, y=s.y + dy) for s in other.ports)
        self.labels.extend(replace(s, x=s.x + dx, y=s.y + dy, dot=s.dot + dx) for s in other.labels)
        self.nets += other.nets
        self.routes_left_out += other.routes_left_out
