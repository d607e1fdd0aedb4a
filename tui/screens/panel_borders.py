"""The lines between panels and the tabs on them, as text with styles: pure, drawn by the work area."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len

from tui.actions import Panel
from tui.screens.layout import Area, ScreenLayout
from tui.text.safe_text import clip

_LOOSE: Final = 3
_TIGHT: Final = 1
_SHORT: Final = {Panel.INSPECTOR: "Inspect", Panel.BREAKPOINTS: "Breaks"}
_SHORTEST: Final = {Panel.INSPECTOR: "Insp", Panel.BREAKPOINTS: "Brk", Panel.QUEUE: "Que"}
_LEVELS: Final = tuple((level, gap) for level in range(5) for gap in (_LOOSE, _TIGHT))


@dataclass(frozen=True, slots=True)
class Badge:
    """What a panel says of itself in its header.

    Attributes:
        mark: A few characters after its name, seen even while it is behind another tab.
        info: A few words at the right end, seen while it is in front. Both are safe texts.
    """

    mark: str = ""
    info: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of cells in one style.

    Attributes:
        x: Column.
        y: Row.
        text: What it shows.
        role: `line`, `tab`, `shown`, `focused`, `mark` or `info`.
        panel: The panel a click on it leads to.
    """

    x: int
    y: int
    text: str
    role: str
    panel: Panel | None = None


def pieces(plan: ScreenLayout, badges: Mapping[Panel, Badge], focus: Panel | None) -> list[Piece]:
    """Draw everything between the panels.

    Args:
        plan: Where things are.
        badges: What panels say of themselves.
        focus: The panel that has the focus.

    Returns:
        Pieces, later ones over earlier ones.
    """
    drawn: list[Piece] = []
    if plan.separator is not None:
        x, y, _, height = plan.separator
        drawn += [Piece(x, row, "│", "line") for row in range(y, y + height)]
    for area in plan.areas:
        drawn += _header(area, badges, focus)
    if plan.separator is not None:
        drawn += _joints(plan)
    return drawn


def _header(area: Area, badges: Mapping[Panel, Badge], focus: Panel | None) -> list[Piece]:
    x, y, width, _ = area.header
    focused = area.shown is focus
    drawn = [Piece(x, y, ("━" if focused else "─") * width, "focused" if focused else "line")]
    tabs = _tabs(area, badges, width)
    at = x + 1
    pad = "" if _width(tabs, _LOOSE) > width else " "
    for panel, name, mark in tabs:
        shown = panel is area.shown
        role = ("focused" if focused else "shown") if shown else "tab"
        text = f"{pad}{name}{pad}"
        drawn.append(Piece(at, y, text, role, panel))
        at += cell_len(text)
        if mark:
            text = f"{mark}{pad}" if pad else f" {mark}"
            drawn.append(Piece(at, y, text, "mark", panel))
            at += cell_len(text)
        at += 1
    info = badges.get(area.shown, Badge()).info
    room = x + width - at - 3
    if info and room > 0:
        text = f" {clip(info, room)} "
        drawn.append(Piece(x + width - 1 - cell_len(text), y, text, "info", area.shown))
    return drawn


def _tabs(area: Area, badges: Mapping[Panel, Badge], width: int) -> list[tuple[Panel, str, str]]:
    """Return the tabs by the longest names that fit."""
    tabs: list[tuple[Panel, str, str]] = []
    for level, gap in _LEVELS:
        tabs = []
        for panel in area.panels:
            full = f"{panel.number} {panel.heading}"
            short = f"{panel.number} {_SHORT.get(panel, panel.heading)}"
            shown = panel is area.shown
            shortest = f"{panel.number} {_SHORTEST.get(panel, panel.heading)}"
            behind = (full, short, short, shortest, str(panel.number))[level]
            name = (full, full, short, short, short)[level] if shown else behind
            tabs.append((panel, name, badges.get(panel, Badge()).mark))
        if _width(tabs, gap) <= width:
            return tabs
    front = area.shown
    return [(front, clip(f"{front.number} {front.heading}", max(width - 3, 0)), "")]


def _width(tabs: list[tuple[Panel, str, str]], gap: int) -> int:
    """Return the cells of a header's tabs, with the line's ends."""
    return 1 + sum(cell_len(name) + gap + (cell_len(mark) + 1 if mark else 0) for _, name, mark in tabs)


def _joints(plan: ScreenLayout) -> list[Piece]:
    separator = plan.separator
    assert separator is not None
    left = {area.header.y for area in plan.areas if area.header.x + area.header.width == separator.x}
    right = {area.header.y for area in plan.areas if area.header.x == separator.x + 1}
    shapes = {(True, True): "┼", (True, False): "┤", (False, True): "├"}
    return [
        Piece(separator.x, row, "┬" if row == separator.y else shapes[row in left, row in right], "line")
        for row in sorted(left | right)
    ]
