"""The widget that shows the graph of a process: zoom, fold, walk, hover, click; a state change renders rows only."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.message import Message
from textual.reactive import reactive

from process_core.graph import Edge, Node
from tui.graph.layout.shapes import Direction, Zoom
from tui.graph.render.canvas import Owner, OwnerKind
from tui.graph.render.fit import FittedView
from tui.graph.render.overlay import Overlay
from tui.graph.render.picture_cache import PictureCache
from tui.graph.widget.hit_testing import foldable, region_of, target_of, words_for
from tui.graph.widget.navigation import first_in, neighbour
from tui.graph.widget.picture_view import PictureView
from tui.text.safe_text import safe_content

_ZOOMS: Final = (Zoom.CHIPS, Zoom.BOXES, Zoom.FULL)
_PAN: Final = {"left": (-8, 0), "right": (8, 0), "up": (0, -4), "down": (0, 4)}


class GraphView(PictureView):
    """Shows the graph of a process and how a run stands in it.

    Args:
        ascii_only: Whether to draw with nothing but ASCII; None asks the terminal.
        name: As in Textual.
        id: As in Textual.
        classes: As in Textual.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(way, f"select_neighbour('{way}')", f"Step {way}", show=False) for way in _PAN),
        *(Binding(f"shift+{way}", f"pan({x}, {y})", f"Pan {way}", show=False) for way, (x, y) in _PAN.items()),
    ]

    zoom: reactive[Zoom] = reactive(Zoom.BOXES, init=False)
    direction: reactive[Direction] = reactive(Direction.DOWN, init=False)
    follow: reactive[bool] = reactive(default=True)

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
        ascii_only: bool | None = None,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(ascii_only=ascii_only, name=name, id=id, classes=classes)
        self._fits = True
        self._drag: Offset | None = None
        self._dragged = False

    # What is shown

    def set_graph(self, nodes: Collection[Node], edges: Collection[Edge]) -> None:
        """Show a process; selection, scroll position and folds are kept where they still mean something.

        Args:
            nodes: Its steps, nested ones included.
            edges: Its routes, nested ones included.
        """
        old = self._album
        if (old.nodes, old.edges) == (tuple(nodes), tuple(edges)):
            return
        self._album = PictureCache(nodes, edges, folded=old.folded, ascii_only=old.ascii_only)
        self.lay_out(self._chosen(), reveal=not old.nodes)

    def set_overlay(self, overlay: Overlay) -> None:
        """Show how the run stands; only rows that look different are rendered again.

        Args:
            overlay: How the run stands. Where it selects nothing, what the reader selected stays selected.
        """
        if overlay.selected is None and self.overlay.selected is not None:
            overlay = replace(overlay, selected=self.overlay.selected)
        if overlay == self.overlay:
            return
        before = self.active
        self.paint(overlay, self._hovered)
        now = self.active
        if self.follow and now is not None and now != before:
            self.show_in_sight(now)

    def look_at(self, path: str, *, chosen: bool) -> None:
        """Bring the step of an event into sight.

        Args:
            path: The step.
            chosen: Whether the reader chose the event; where not, a reader who looks elsewhere is left alone, and the
                step that is active comes first.
        """
        if path and (chosen or (self.follow and self.active is None)):
            self.show_in_sight(path)

    @property
    def followed(self) -> str | None:
        """The step that is kept in sight."""
        return self.active if self.follow else None

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
        self.lay_out(self._chosen(), reveal=True)

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
            self._album.folded = self.folded ^ {path}
            self.paint(replace(self.overlay, selected=path), self._hovered)
            self.lay_out(self._chosen(), reveal=True)

    def action_toggle_map(self) -> None:
        """Show or hide the mini-map."""
        self.show_map = self.map_region is None

    def action_toggle_follow(self) -> None:
        """Follow the active step, or stay."""
        self.follow = not self.follow
        if self.followed is not None:
            self.show_in_sight(self.followed)

    def action_ascii(self) -> None:
        """Draw with nothing but ASCII, or with box drawing again."""
        old = self._album
        self._album = PictureCache(old.nodes, old.edges, folded=old.folded, ascii_only=not old.ascii_only)
        self.lay_out(self._chosen(), reveal=True)

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
        selected = self.selected
        if selected is None or region_of(self.picture, selected) is None:
            path = self.active or first_in(self.picture, self.window)
        else:
            path = neighbour(self.picture, self._album.edges, selected, way)
        if path is None:
            self.action_pan(*_PAN[way])
            return
        self.select(path)
        self.post_message(self.StepSelected(path, self))

    # Reactions

    def watch_zoom(self) -> None:
        """Draw again: another zoom or direction was chosen."""
        view = FittedView(self.zoom, self.direction, folded=self.folded)
        self.lay_out(partial(self._album.wrapped, view, self.size), reveal=True)

    watch_direction = watch_zoom

    def on_resize(self) -> None:
        """Fit again where the reader has not chosen a zoom."""
        if self._fits:
            self.lay_out(self._chosen(), reveal=False)

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
        spot = self._inset.spot(event.offset, self.scrollable_size) if self.map_region is not None else None
        if spot is not None:
            self.action_pan(*(spot - Offset(*map(int, self.window.center))))
            return
        owner = self._under(event.offset)
        target = target_of(self.picture, owner)
        if target is None:
            return
        again = target == self.selected
        self.paint(replace(self.overlay, selected=target), self._hovered)
        if owner.kind is OwnerKind.BOX and self.picture.drawing.boxes[owner.box].path:
            if again and foldable(self._album.nodes, target) == target:
                self.action_fold(target)
            self.post_message(self.StepSelected(target, self))
        else:
            event_id = next((edge.event_id for edge in self._album.edges if edge.key == target), "")
            self.post_message(self.EdgeSelected(target, event_id, self))

    def take(self, view: FittedView, *, reveal: bool) -> None:
        """Show the picture of a view that was chosen.

        Args:
            view: The view.
            reveal: Whether to bring what is selected, or the step that is followed, into view.
        """
        self.set_reactive(GraphView.zoom, view.zoom)
        self.set_reactive(GraphView.direction, view.direction)
        super().take(view, reveal=reveal)

    # Inner workings

    def _chosen(self) -> Callable[[], FittedView]:
        """What chooses the view: as much as possible is to be seen, unless the reader has chosen."""
        if self._fits and self.size:
            return partial(self._album.best, self.size)
        folded = self._album.folded
        view = self._view if folded is None else replace(self._view, folded=folded)
        return lambda: view

    def _set_zoom(self, by: int) -> None:
        self._fits = False
        self.zoom = _ZOOMS[max(0, min(len(_ZOOMS) - 1, _ZOOMS.index(self.zoom) + by))]

    def _under(self, at: Offset) -> Owner:
        left, top = self.scroll_offset - self.picture_offset
        return self.picture.owner_at(at.x + left, at.y + top)

    def _hover(self, owner: Owner) -> None:
        target = target_of(self.picture, owner)
        if target != self._hovered:
            self.paint(self.overlay, target)
            words = words_for(self.picture, self._album.edges, owner) if target else ""
            self.tooltip = safe_content(words, 300) if words else None
