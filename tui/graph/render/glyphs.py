"""The characters a picture is drawn with: rounded box drawing, or plain ASCII."""

from dataclasses import dataclass
from typing import Final

from tui.graph.layout.shapes import Side


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
    feeds="→",
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
    feeds="->",
)  # fmt: skip
