"""Where each panel of the debug screen goes: a pure function of the size of the terminal and a few choices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from tui.actions import Panel


class Rect(NamedTuple):
    """Cells, counted from the top left of the work area."""

    x: int
    y: int
    width: int
    height: int


class SizeClass(StrEnum):
    """How much there is room for."""

    ONE = "one"
    COMPACT = "compact"
    COMFORTABLE = "comfortable"
    ROOMY = "roomy"


class Split(StrEnum):
    """A border between panels that a user can move."""

    COLUMNS = "columns"
    LEFT = "left"
    RIGHT = "right"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Area:
    """A place on the screen with a header line, shared by panels as tabs.

    Attributes:
        panels: The panels that share it, in the order of their tabs.
        shown: The one that is seen.
        header: One line, above the body.
        body: What the panel draws in.
        split: The border that makes it larger.
        sign: Which way: 1 where the border moves down or right for it to grow.
    """

    panels: tuple[Panel, ...]
    shown: Panel
    header: Rect
    body: Rect
    split: Split | None = None
    sign: int = 1


@dataclass(frozen=True, slots=True)
class ScreenLayout:
    """The whole work area.

    Attributes:
        size_class: How much there was room for.
        areas: What is seen.
        separator: The vertical line between columns, where there is one.
    """

    size_class: SizeClass
    areas: tuple[Area, ...]
    separator: Rect | None = None

    def area_of(self, panel: Panel) -> Area:
        """Return the area that a panel is in, as the shown one or behind a tab."""
        return next(area for area in self.areas if panel in area.panels)

    @property
    def shown(self) -> tuple[Panel, ...]:
        """The panels that are seen."""
        return tuple(area.shown for area in self.areas)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user, and the state of the run, chose.

    Attributes:
        front: Panels in the order in which they came to the front, the latest last: decides which tab is seen.
        maximised: The panel that fills the work area.
        moved: How far a border was moved, as a share of the room it divides.
    """

    front: tuple[Panel, ...] = ()
    maximised: Panel | None = None
    moved: Mapping[Split, float] = field(default_factory=dict)

    def to_front(self, panel: Panel) -> "Choices":
        """Bring a panel before those that share its place."""
        front = (*(other for other in self.front if other is not panel), panel)
        return Choices(front, self.maximised and panel, self.moved)

    def fill(self, panel: Panel | None) -> "Choices":
        """Let a panel fill the work area, or none."""
        return Choices(self.front, panel, self.moved)

    def move(self, split: Split, by: float) -> "Choices":
        """Move a border by a share of the room it divides."""
        share = min(_MOST, max(-_MOST, self.moved.get(split, 0.0) + by))
        return Choices(self.front, self.maximised, {**self.moved, split: share})


_MOST: Final = 0.45
_COMFORTABLE: Final = (108, 30)
_ROOMY: Final = (160, 46)
_COMPACT: Final = (64, 18)
_SIDE: Final = (Panel.INSPECTOR, Panel.CHAT, Panel.BREAKPOINTS, Panel.QUEUE)
_LEAST_ROWS: Final = 3
_LEAST_COLUMNS: Final = 16


def size_class(width: int, height: int) -> SizeClass:
    """Return how much there is room for in a work area of so many cells."""
    for kind, (least_width, least_height) in (
        (SizeClass.ROOMY, _ROOMY),
        (SizeClass.COMFORTABLE, _COMFORTABLE),
        (SizeClass.COMPACT, _COMPACT),
    ):
        if width >= least_width and height >= least_height:
            return kind
    return SizeClass.ONE


def layout_for(width: int, height: int, choices: Choices | None = None) -> ScreenLayout:
    """Lay out the work area.

    Args:
        width: Its width, in cells.
        height: Its height, in cells.
        choices: What is in front, maximised and moved.

    Returns:
        Areas that do not overlap, and with their headers and the separator cover the whole.
    """
    chosen = choices or Choices()
    kind = size_class(width, height)
    whole = Rect(0, 0, max(width, 1), max(height, 2))
    if chosen.maximised is not None:
        return ScreenLayout(kind, (_area(tuple(Panel), whole, chosen),))
    if kind is SizeClass.ONE:
        return ScreenLayout(kind, (_area(tuple(Panel), whole, chosen),))
    if kind is SizeClass.COMPACT:
        return _compact(whole, chosen)
    return _columns(kind, whole, chosen)


def _compact(whole: Rect, chosen: Choices) -> ScreenLayout:
    top, below = _rows(whole, 0.43, Split.LEFT, chosen)
    left, right = _halves(below, 0.53, chosen)
    areas = (
        _area((Panel.GRAPH,), top, chosen, Split.LEFT),
        _area((Panel.TIMELINE,), left, chosen, Split.COLUMNS),
        _area(_SIDE, right, chosen, Split.COLUMNS, -1),
    )
    return ScreenLayout(SizeClass.COMPACT, areas, Rect(right.x - 1, below.y, 1, below.height))


def _columns(kind: SizeClass, whole: Rect, chosen: Choices) -> ScreenLayout:
    left, right = _halves(whole, 0.65, chosen)
    graph, timeline = _rows(left, 0.46, Split.LEFT, chosen)
    areas = [
        _area((Panel.GRAPH,), graph, chosen, Split.LEFT),
        _area((Panel.TIMELINE,), timeline, chosen, Split.LEFT, -1),
    ]
    if kind is SizeClass.COMFORTABLE:
        upper, lower = _rows(right, 0.46, Split.RIGHT, chosen)
        areas += [
            _area((Panel.INSPECTOR,), upper, chosen, Split.RIGHT),
            _area((Panel.CHAT, Panel.BREAKPOINTS, Panel.QUEUE), lower, chosen, Split.RIGHT, -1),
        ]
    else:
        upper, rest = _rows(right, 0.42, Split.RIGHT, chosen)
        middle, lower = _rows(rest, 0.66, Split.LOWER, chosen)
        areas += [
            _area((Panel.INSPECTOR,), upper, chosen, Split.RIGHT),
            _area((Panel.CHAT,), middle, chosen, Split.LOWER),
            _area((Panel.BREAKPOINTS, Panel.QUEUE), lower, chosen, Split.LOWER, -1),
        ]
    return ScreenLayout(kind, tuple(areas), Rect(right.x - 1, 0, 1, whole.height))


def _area(panels: tuple[Panel, ...], rect: Rect, chosen: Choices, split: Split | None = None, sign: int = 1) -> Area:
    latest = {panel: place for place, panel in enumerate(chosen.front)}
    shown = max(panels, key=lambda panel: latest.get(panel, -1 - panels.index(panel)))
    header = Rect(rect.x, rect.y, rect.width, 1)
    body = Rect(rect.x, rect.y + 1, rect.width, rect.height - 1)
    return Area(panels, shown, header, body, split, sign)


def _rows(rect: Rect, share: float, split: Split, chosen: Choices) -> tuple[Rect, Rect]:
    least = min(_LEAST_ROWS, rect.height // 2)
    rows = round(rect.height * (share + chosen.moved.get(split, 0.0)))
    rows = min(max(rows, least), rect.height - least)
    return Rect(rect.x, rect.y, rect.width, rows), Rect(rect.x, rect.y + rows, rect.width, rect.height - rows)


def _halves(rect: Rect, share: float, chosen: Choices) -> tuple[Rect, Rect]:
    columns = round((rect.width - 1) * (share + chosen.moved.get(Split.COLUMNS, 0.0)))
    columns = min(max(columns, _LEAST_COLUMNS), rect.width - 1 - _LEAST_COLUMNS)
    right = rect.x + columns + 1
    return Rect(rect.x, rect.y, columns, rect.height), Rect(right, rect.y, rect.x + rect.width - right, rect.height)
