"""The work area: places the panels by the plan and draws the lines and tabs between them."""

from collections.abc import Mapping
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Offset, Region, Size, Spacing
from textual.layout import Layout, WidgetPlacement
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.actions import Panel
from tui.screens.layout import Area, Choices, Rect, Split, layout_for
from tui.screens.panel_borders import Badge, Piece, pieces
from tui.widgets.fault_boundary import FaultBoundary

_NO_MARGIN = Spacing(0, 0, 0, 0)


class PlanLayout(Layout):
    """Puts each panel where the plan says."""

    name = "plan"

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> list[WidgetPlacement]:  # noqa: ARG002 - the base class's signature
        """Place the children; Textual calls this when the size changes."""
        assert isinstance(parent, Workspace)
        return parent.place(children, size)


class Workspace(FaultBoundary, Widget):
    """The panels of the debug screen, and what is between them.

    Args:
        panels: The widget of each panel.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "workspace--line", "workspace--tab", "workspace--shown", "workspace--focused", "workspace--mark",
        "workspace--info",
    }  # fmt: skip

    class PanelChosen(Message):
        """A tab was clicked.

        Attributes:
            panel: Whose.
        """

        def __init__(self, panel: Panel) -> None:
            self.panel = panel
            super().__init__()

    class Replanned(Message):
        """Other panels are seen than before."""

    def __init__(self, panels: Mapping[Panel, Widget], *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(*panels.values(), id=id)
        self.panels = dict(panels)
        self.choices = Choices()
        self.plan = layout_for(80, 22, self.choices)
        self._badges: dict[Panel, Badge] = {}
        self._pieces: list[Piece] | None = None
        self._focus: Panel | None = None
        self._dragged: Split | None = None
        self._drag_from = Offset(0, 0)
        self._by_plan = PlanLayout()

    @property
    def layout(self) -> Layout:
        """How the children are placed; Textual asks for it."""
        return self._by_plan

    def place(self, children: list[Widget], size: Size) -> list[WidgetPlacement]:
        """Return the places of the panels that are seen."""
        self.plan = layout_for(size.width, size.height, self.choices)
        self._pieces = None
        where = {self.panels[area.shown]: area.body for area in self.plan.areas}
        return [
            WidgetPlacement(Region(*where[child]), Offset(0, 0), _NO_MARGIN, child)
            for child in children
            if child in where
        ]

    def choose(self, choices: Choices) -> None:
        """Lay out by other choices: what is in front, maximised and moved."""
        if choices == self.choices:
            return
        self.choices = choices
        self._replan()

    def show(self, panel: Panel) -> None:
        """Bring a panel to the front of its place, whatever has the focus."""
        self.choose(self.choices.to_front(panel))

    def badge(self, panel: Panel, badge: Badge) -> None:
        """Change what a panel's header shows; the texts are safe."""
        if self._badges.get(panel) != badge:
            self._badges[panel] = badge
            self._pieces = None
            self.refresh()

    def set_focus_panel(self, panel: Panel | None) -> None:
        """Show in the headers which panel has the focus."""
        if panel is not self._focus:
            self._focus = panel
            self._pieces = None
            self.refresh()

    def area(self, panel: Panel) -> Area:
        """Return the area a panel is in."""
        return self.plan.area_of(panel)

    def _replan(self) -> None:
        width, height = self.size
        self.plan = layout_for(width, height, self.choices)
        self._pieces = None
        self._show_planned()
        for widget in self.panels.values():  # Textual keeps the arrangement until a child asks for another
            widget.refresh(layout=True)
        self.refresh(layout=True)

    def _show_planned(self) -> None:
        shown = set(self.plan.shown)
        changed = False
        for panel, widget in self.panels.items():
            if widget.display != (panel in shown):
                widget.display = panel in shown
                changed = True
        if changed:
            self.post_message(self.Replanned())

    def on_resize(self) -> None:
        """A new size may have room for more panels, or fewer."""
        self._replan()

    def _drawn(self) -> list[Piece]:
        if self._pieces is None:
            self._pieces = pieces(self.plan, self._badges, self._focus)
        return self._pieces

    def render_line(self, y: int) -> Strip:
        """Draw one line; panels are drawn over it by Textual."""
        width = self.size.width
        blank = self.rich_style
        strip = Strip([Segment(" " * width, blank)], width)
        for piece in self._drawn():
            if piece.y != y or piece.x >= width:
                continue
            style = self.get_component_rich_style(f"workspace--{piece.role}")
            part = Strip([Segment(piece.text, style)]).crop(0, width - piece.x)
            end = piece.x + part.cell_length
            strip = Strip.join([strip.crop(0, piece.x), part, strip.crop(end, width)])
        return strip

    def _piece_at(self, x: int, y: int) -> Piece | None:
        hits = [p for p in self._drawn() if p.y == y and p.panel is not None and p.x <= x < p.x + len(p.text)]
        return hits[-1] if hits else None

    def on_click(self, event: events.Click) -> None:
        """A click on a tab brings its panel to the front."""
        piece = self._piece_at(event.x, event.y)
        if piece is not None and piece.panel is not None:
            self.post_message(self.PanelChosen(piece.panel))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A border follows the mouse while the button is down."""
        if self._piece_at(event.x, event.y) is None:
            self._dragged = self._border_at(event.x, event.y)
            if self._dragged is not None:
                self._drag_from = event.screen_offset
                self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Move the dragged border."""
        if self._dragged is None:
            return
        moved, self._drag_from = event.screen_offset - self._drag_from, event.screen_offset
        along, room = (moved.x, self.size.width) if self._dragged is Split.COLUMNS else (moved.y, self.size.height)
        if along:
            self.choose(self.choices.move(self._dragged, along / max(room, 1)))

    def on_mouse_up(self) -> None:
        """Let the border go."""
        if self._dragged is not None:
            self._dragged = None
            self.release_mouse()

    def _border_at(self, x: int, y: int) -> Split | None:
        separator = self.plan.separator
        if separator is not None and x == separator.x and separator.y <= y < separator.y + separator.height:
            return Split.COLUMNS
        for above in self.plan.areas:
            bottom = Rect(above.header.x, above.body.y + above.body.height, above.header.width, 1)
            if above.split in (None, Split.COLUMNS) or above.sign != 1:
                continue
            if y == bottom.y and bottom.x <= x < bottom.x + bottom.width:
                return above.split
        return None
