"""The widget that shows a picture of a process: pan, zoom, select, hover; a state change renders rows, nothing more."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from process_core.graph import Edge, Node
from tui.graph.album import Album
from tui.graph.canvas import Owner, OwnerKind
from tui.graph.fit import View
from tui.graph.inset import Inset
from tui.graph.locate import foldable, region_of, target_of, words_for
from tui.graph.overlay import Mark, Overlay
from tui.graph.paint import Painter
from tui.graph.picture import Picture
from tui.graph.shapes import Direction, Zoom
from tui.graph.strips import BLANK, StripMaker
from tui.graph.theme import CLASSES, CSS
from tui.graph.walk import neighbour
from tui.safe_text import safe_content

_ZOOMS: Final = (Zoom.CHIPS, Zoom.BOXES, Zoom.FULL)
_ACTIVE: Final = (Mark.PAUSED, Mark.FAILED, Mark.RUNNING)
_PAN: Final = {"left": (-8, 0), "right": (8, 0), "up": (0, -4), "down": (0, 4)}


class GraphView(ScrollView, can_focus=True):
    """Shows the graph of a process and how a run stands in it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(way, f"select_neighbour('{way}')", f"Step {way}", show=False) for way in _PAN),
        *(Binding(f"shift+{way}", f"pan({x}, {y})", f"Pan {way}", show=False) for way, (x, y) in _PAN.items()),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = set(CLASSES)
    DEFAULT_CSS = CSS

    zoom: reactive[Zoom] = reactive(Zoom.BOXES, init=False)
    direction: reactive[Direction] = reactive(Direction.DOWN, init=False)
    follow: reactive[bool] = reactive(default=True)
    show_map: reactive[bool] = reactive(default=True)

    @dataclass
    class StepSelected(Message):
        """A step was chosen by click or key.

        Attributes:
            path: Its path.
            view: The widget.
        """

        path: str
        view: "GraphView"

        @property
        def control(self) -> "GraphView":
            """The widget."""
            return self.view

    @dataclass
    class EdgeSelected(Message):
        """A route, or an entry or STOP that stands for one, was chosen.

        Attributes:
            key: Key of the edge.
            event_id: The event id on it.
            view: The widget.
        """

        key: str
        event_id: str
        view: "GraphView"

        @property
        def control(self) -> "GraphView":
            """The widget."""
            return self.view

    def __init__(
        self,
        *,
        ascii_only: bool = False,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.overlay = Overlay()
        self._album = Album(ascii_only=ascii_only)
        self._view = View(Zoom.BOXES, Direction.DOWN)
        self._painter = Painter(self._album.picture(self._view), self.overlay)
        self._inset = Inset(self._painter)
        self._strips = StripMaker(self._style_named)
        self._fits = True
        self._hovered: str | None = None
        self._drag: Offset | None = None
        self._dragged = False

    # What is shown

    @property
    def picture(self) -> Picture:
        """The picture on the screen."""
        return self._painter.picture

    @property
    def folded(self) -> frozenset[str]:
        """Paths of the nested processes that are folded."""
        return self._album.folded

    @property
    def selected(self) -> str | None:
        """Path of the step, or key of the edge, that is selected."""
        return self.overlay.selected

    @property
    def picture_offset(self) -> Offset:
        """How far the picture is from the upper left corner, so that a small one stands in the middle."""
        return self._offset_in(self.size)

    def set_graph(self, nodes: Collection[Node], edges: Collection[Edge]) -> None:
        """Show a process; selection, scroll position and folds are kept where they still mean something.

        Args:
            nodes: Its steps, nested ones included.
            edges: Its routes, nested ones included.
        """
        old = self._album
        if (old.nodes, old.edges) == (tuple(nodes), tuple(edges)):
            return
        self._album = Album(nodes, edges, ascii_only=old.ascii_only)
        self._album.folded = old.folded
        if self._fits:
            self._choose()
        self._redraw(reveal=not old.nodes)

    def set_overlay(self, overlay: Overlay) -> None:
        """Show how the run stands; only rows that look different are rendered again.

        Args:
            overlay: How the run stands. Where it selects nothing, what the reader selected stays selected.
        """
        if overlay.selected is None and self.overlay.selected is not None:
            overlay = replace(overlay, selected=self.overlay.selected)
        if overlay == self.overlay:
            return
        before = self._active()
        self._paint(overlay, self._hovered)
        now = self._active()
        if self.follow and now is not None and now != before:
            self._show(now)

    def select(self, what: str | None) -> None:
        """Select a step or an edge without a message, and bring it into view.

        Args:
            what: Path of a step, key of an edge, or None.
        """
        self._paint(replace(self.overlay, selected=what), self._hovered)
        if what is not None:
            self._show(what)

    # Actions

    def action_zoom_in(self) -> None:
        """Show more of each step."""
        self._set_zoom(1)

    def action_zoom_out(self) -> None:
        """Show less of each step."""
        self._set_zoom(-1)

    def action_fit(self) -> None:
        """Choose zoom and direction so that as much as possible is seen, now and whenever the size changes."""
        self._fits = True
        self._choose()
        self._redraw(reveal=True)

    def action_toggle_direction(self) -> None:
        """Turn the flow: from the top down, or from left to right."""
        self._fits = False
        self.direction = Direction.RIGHT if self.direction is Direction.DOWN else Direction.DOWN

    def action_fold(self, path: str | None = None) -> None:
        """Fold or unfold a nested process.

        Args:
            path: Its path; left out, the one that is selected or that holds what is selected.
        """
        path = path if path is not None else foldable(self._album.nodes, self.selected)
        if path is not None:
            self._album.folded ^= {path}
            self._redraw(reveal=False)
            self.select(path)

    def action_toggle_map(self) -> None:
        """Show or hide the mini-map."""
        self.show_map = not self.show_map

    def action_toggle_follow(self) -> None:
        """Follow the active step, or stay."""
        self.follow = not self.follow
        active = self._active()
        if self.follow and active is not None:
            self._show(active)

    def action_pan(self, columns: int, rows: int) -> None:
        """Move the picture, and follow the active step no longer.

        Args:
            columns: To the right.
            rows: Down.
        """
        self.follow = False
        at = self.scroll_offset
        self.scroll_to(at.x + columns, at.y + rows, animate=False, immediate=True)

    def action_select_neighbour(self, way: str) -> None:
        """Select the next step in a direction; where there is none, move the picture that way.

        Args:
            way: `left`, `right`, `up` or `down`.
        """
        path = neighbour(self.picture, self._album.edges, self.selected, way)
        if path is None:
            self.action_pan(*_PAN[way])
            return
        self.select(path)
        self.post_message(self.StepSelected(path, self))

    # Reactions

    def watch_zoom(self) -> None:
        """Draw again: another zoom or direction was chosen."""
        self._view = self._album.wrapped(self.zoom, self.direction, self.size)
        self._redraw(reveal=True)

    watch_direction = watch_zoom

    def watch_show_map(self) -> None:
        """Show or hide the map."""
        self.refresh()

    def on_resize(self) -> None:
        """Fit again where the reader has not chosen a zoom."""
        if self._fits:
            self._choose()
            self._redraw(reveal=False)

    def notify_style_update(self) -> None:
        """Forget styles of the old theme."""
        super().notify_style_update()
        self._strips.forget(styles=True)
        self._inset.forget()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to drag."""
        self._drag = event.screen_offset
        self._dragged = False
        self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the picture, or say what is under the mouse."""
        if self._drag is None:
            self._hover(self._under(event.offset))
        elif moved := event.screen_offset - self._drag:
            self.action_pan(-moved.x, -moved.y)
            self._drag = event.screen_offset
            self._dragged = True

    def on_mouse_up(self) -> None:
        """End a drag."""
        self._drag = None
        self.release_mouse()

    def on_mouse_scroll_down(self) -> None:
        """Follow the active step no longer: the reader looks elsewhere."""
        self.follow = False

    on_mouse_scroll_up = on_mouse_scroll_down

    def on_leave(self) -> None:
        """Forget what was under the mouse."""
        self._hover(self.picture.owners[0])

    def on_click(self, event: events.Click) -> None:
        """Select what was clicked; a nested process that is selected already folds."""
        if self._dragged:
            return
        spot = self._inset.spot(event.offset, self.size) if self.show_map else None
        if spot is not None:
            middle = self.scroll_offset + Offset(self.size.width // 2, self.size.height // 2)
            self.action_pan(*(spot - middle))
            return
        owner = self._under(event.offset)
        target = target_of(self.picture, owner)
        if target is None:
            return
        again = target == self.selected
        self._paint(replace(self.overlay, selected=target), self._hovered)
        if owner.kind is OwnerKind.BOX and self.picture.drawing.boxes[owner.box].path:
            if again and foldable(self._album.nodes, target) == target:
                self.action_fold(target)
            self.post_message(self.StepSelected(target, self))
        else:
            event_id = next((edge.event_id for edge in self._album.edges if edge.key == target), "")
            self.post_message(self.EdgeSelected(target, event_id, self))

    def render_line(self, y: int) -> Strip:
        """Render a line of the screen.

        Args:
            y: The line, from the top of the widget.

        Returns:
            Its cells.
        """
        size, at = self.size, self.scroll_offset
        left, top = at - self._offset_in(size)
        strip = self._strips.strip(self._painter, y + top, left, size.width)
        if not self.show_map or self._inset.region(size) is None:
            return strip
        return self._inset.laid_over(strip, y, Region.from_offset(at, size), self._strips)

    # Inner workings

    def _offset_in(self, size: Size) -> Offset:
        picture = self._painter.picture
        return Offset(max(0, (size.width - picture.width) // 2), max(0, (size.height - picture.height) // 2))

    def _style_named(self, name: str) -> Style:
        return self.rich_style if name == BLANK else self.get_component_rich_style(name)

    def _choose(self) -> None:
        if self.size:
            self._view = self._album.best(self.size)
            self.set_reactive(GraphView.zoom, self._view.zoom)
            self.set_reactive(GraphView.direction, self._view.direction)

    def _redraw(self, *, reveal: bool) -> None:
        picture = self._album.picture(self._view)
        if picture is self.picture:
            return
        self._strips.forget(styles=False)
        self._painter = Painter(picture, self.overlay, self._hovered)
        self._inset = Inset(self._painter)
        self.virtual_size = Size(picture.width, picture.height)
        what = self.selected or (self._active() if self.follow else None)
        if reveal and what is not None:
            self._show(what)
        self.refresh()

    def _paint(self, overlay: Overlay, hovered: str | None) -> None:
        """Put another overlay on, and refresh the rows on the screen that it changes."""
        old = self._painter
        self.overlay, self._hovered = overlay, hovered
        self._painter = self._inset.painter = Painter(self.picture, overlay, hovered)
        (left, top), (width, height) = self.scroll_offset, self.size
        for row in range(top, min(top + height, self.picture.height)):
            if old.state(row, left, left + width) != self._painter.state(row, left, left + width):
                self.refresh_line(row + self.picture_offset.y)
        region = self._inset.region(self.size) if self.show_map else None
        if region is not None:
            self.refresh(region)

    def _set_zoom(self, by: int) -> None:
        self._fits = False
        self.zoom = _ZOOMS[max(0, min(len(_ZOOMS) - 1, _ZOOMS.index(self.zoom) + by))]

    def _active(self) -> str | None:
        """The step that the reader should see: paused, else failed, else running."""
        states = self.overlay.states
        return next((path for mark in _ACTIVE for path, state in states.items() if state is mark), None)

    def _show(self, what: str) -> None:
        """Scroll so that a step or the label of an edge is on the screen and not behind the map."""
        region = region_of(self.picture, what)
        if region is None or not self.size:
            return
        window = Region.from_offset(self.scroll_offset, self.size)
        covered = self._inset.region(self.size) if self.show_map else None
        behind = covered is not None and covered.translate(self.scroll_offset).overlaps(region)
        if behind or not window.contains_region(region):
            self.scroll_to_region(region, animate=False, immediate=True, center=True)

    def _under(self, at: Offset) -> Owner:
        left, top = self.scroll_offset - self.picture_offset
        return self.picture.owner_at(at.x + left, at.y + top)

    def _hover(self, owner: Owner) -> None:
        target = target_of(self.picture, owner)
        if target != self._hovered:
            self._paint(self.overlay, target)
            words = words_for(self.picture, self._album.edges, owner) if target else ""
            self.tooltip = safe_content(words, 300) if words else None
