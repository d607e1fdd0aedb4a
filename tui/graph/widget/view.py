"""The widget that shows the graph of a process: zoom, fold, walk, hover, click.

A small process is laid out at once; a large one in a thread, so that keys are obeyed meanwhile. A state change never
lays out: it renders the rows that look different.
"""

import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Final, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.worker import Worker, WorkerState

from process_core.graph import Edge, Node
from tui.graph.layout.shapes import Direction, Zoom
from tui.graph.render.canvas import Owner, OwnerKind, can_draw
from tui.graph.render.overlay import Mark, Overlay
from tui.graph.render.picture import Picture
from tui.graph.render.picture_cache import FittedView, PictureCache
from tui.graph.render.row_painter import RowPainter
from tui.graph.widget.hit_testing import describe_owner, foldable, region_of, target_of
from tui.graph.widget.minimap import MinimapView
from tui.graph.widget.navigation import first_in, middle_in, neighbour
from tui.graph.widget.strip_renderer import BLANK, StripRenderer
from tui.text.safe_content import safe_content
from tui.widgets.scroll_view import TrueScrollView

_LOOKS: Final = {
    "step": "color: $text;",
    "process": "color: $text-secondary;",
    "chip": "background: $panel;",
    "entry": "color: $text-success;",
    "stop": "color: $text-error;",
    "edge": "color: $text-muted;",
    "back": "color: $text-muted;",
    "label": "color: $text-accent;",
    "lit": "color: $text-warning; text-style: bold;",
    "forced": "color: $text-error; text-style: bold italic;",
    "running": "color: $text-success; text-style: bold;",
    "waiting": "color: $text-primary; text-style: bold;",
    "paused": "color: $text-warning; text-style: bold;",
    "failed": "color: $text-error; text-style: bold;",
    "cancelled": "color: $text-muted; text-style: strike;",
    "breakpoint": "color: $text-error; text-style: bold;",
    "map": "color: $text-muted; background: $panel;",
    "window": "color: $text; background: $primary-muted; text-style: bold;",
}

CLASSES: Final = tuple(f"graph--{name}" for name in _LOOKS)
"""Component classes of the graph."""
CSS: Final = "\n".join(
    (
        "GraphView {",
        "    background: $surface;",
        "    color: $text;",
        "    scrollbar-size: 1 1;",
        *(f"    .graph--{name} {{ {look} }}" for name, look in _LOOKS.items()),
        "}",
    )
)
"""Default style sheet of the graph."""


_ZOOMS: Final = (Zoom.CHIPS, Zoom.BOXES, Zoom.FULL)
_PAN: Final = {"left": (-8, 0), "right": (8, 0), "up": (0, -4), "down": (0, 4)}
_ACTIVE: Final = (Mark.PAUSED, Mark.FAILED, Mark.RUNNING)
_LAYOUT: Final = "graph-layout"
_MAP_ROWS: Final = 14
"""Rows below which a map would cover too much of the picture, unless it is asked for."""


class _LaidOut(NamedTuple):
    """What a thread has drawn.

    Attributes:
        pictures: For which process.
        turn: Which request it was; the newest counts.
        view: What was chosen.
        reveal: Whether what is selected is brought into view.
    """

    pictures: PictureCache
    turn: int
    view: FittedView
    reveal: bool


class GraphView(TrueScrollView, can_focus=True):
    """The graph of a process under an overlay that shows the state of a run.

    Args:
        ascii_only: Whether to draw with nothing but ASCII; None asks the terminal.
        name: As in Textual.
        id: As in Textual.
        classes: As in Textual.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set(CLASSES)
    DEFAULT_CSS = CSS
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(way, f"select_neighbour('{way}')", f"Step {way}", show=False) for way in _PAN),
        *(Binding(f"shift+{way}", f"pan({x}, {y})", f"Pan {way}", show=False) for way, (x, y) in _PAN.items()),
    ]

    zoom: reactive[Zoom] = reactive(Zoom.BOXES, init=False)
    direction: reactive[Direction] = reactive(Direction.DOWN, init=False)
    follow: reactive[bool] = reactive(default=True)
    show_map: reactive[bool | None] = reactive[bool | None](None)
    """Whether the map is shown where the picture does not fit; None: where there is room for it."""

    @dataclass
    class StepSelected(Message):
        """A step was chosen by click or key."""

        path: str
        view: "GraphView"

        @property
        def control(self) -> "GraphView":
            """The widget."""
            return self.view

    @dataclass
    class EdgeSelected(Message):
        """A route, or an entry or STOP that stands for one, was chosen."""

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
        super().__init__(name=name, id=id, classes=classes)
        self.overlay = Overlay()
        terminal = sys.__stderr__  # where Textual writes
        encoding = terminal.encoding if terminal is not None else "utf-8"
        self._pictures = PictureCache(ascii_only=not can_draw(encoding) if ascii_only is None else ascii_only)
        self._view = FittedView(Zoom.BOXES, Direction.DOWN)
        self._painter = RowPainter(self._pictures.picture(self._view), self.overlay)
        self._minimap = MinimapView(self._painter)
        self._strips = StripRenderer(self._style_named)
        self._hovered: str | None = None
        self._turn = 0
        self._progress = ""
        self._reveal_later = False
        self._fits = True
        self._drag: Offset | None = None
        self._dragged = False

    # What is shown

    def set_graph(self, nodes: Collection[Node], edges: Collection[Edge]) -> None:
        """Show a process; selection, scroll position and folds are kept where they still mean something."""
        old = self._pictures
        if (old.nodes, old.edges) == (tuple(nodes), tuple(edges)):
            return
        self._pictures = PictureCache(nodes, edges, folded=old.folded, ascii_only=old.ascii_only)
        self._lay_out(self._chosen(), reveal=not old.nodes)

    def set_overlay(self, overlay: Overlay) -> None:
        """Show the state of the run; where it selects nothing, what the reader selected stays selected."""
        if overlay.selected is None and self.overlay.selected is not None:
            overlay = replace(overlay, selected=self.overlay.selected)
        if overlay == self.overlay:
            return
        before = self.active
        self._paint(overlay, self._hovered)
        now = self.active
        if self.follow and now is not None and now != before:
            self.show_in_sight(now)

    def look_at(self, path: str, *, chosen: bool) -> None:
        """Bring the step of an event into sight.

        Where the reader did not choose the event (`chosen`), a reader who looks elsewhere is left alone, and the step
        that is active comes first.
        """
        if path and (chosen or (self.follow and self.active is None)):
            self.show_in_sight(path)

    def select(self, what: str | None) -> None:
        """Select a step (by path) or an edge (by key) without a message, and bring it into view."""
        self._paint(replace(self.overlay, selected=what), self._hovered)
        if what is not None:
            self.show_in_sight(what)

    def show_in_sight(self, what: str) -> None:
        """Scroll so that a step or the label of an edge is on the screen and not behind the map."""
        self._reveal_later = self._reveal_later or self.is_laying_out
        region = region_of(self.picture, what)
        if region is None or not self.size:
            return
        window = self.window
        covered = self.map_region
        behind = covered is not None and covered.translate(window.offset).overlaps(region)
        if behind or not window.contains_region(region):
            # forced, because scrollbars that a new picture needs are there only after the next layout
            self.scroll_to_region(region, animate=False, immediate=True, center=True, force=True)

    @property
    def picture(self) -> Picture:
        """The picture on the screen."""
        return self._painter.picture

    @property
    def folded(self) -> frozenset[str]:
        """Paths of the nested processes that are folded."""
        return self._view.folded

    @property
    def ascii_only(self) -> bool:
        """Whether pictures are drawn with nothing but ASCII."""
        return self._pictures.ascii_only

    @property
    def selected(self) -> str | None:
        """Path of the step, or key of the edge, that is selected."""
        return self.overlay.selected

    @property
    def is_laying_out(self) -> bool:
        """Whether a picture is being drawn that will replace the one on the screen."""
        return bool(self._progress)

    @property
    def window(self) -> Region:
        """The part of the picture that is on the screen; scrollbars hide nothing of it."""
        return Region.from_offset(self.scroll_offset, self.scrollable_size)

    @property
    def map_region(self) -> Region | None:
        """Where the map is on the screen; None where there is none."""
        size = self.scrollable_size
        shown = size.height >= _MAP_ROWS if self.show_map is None else self.show_map
        return self._minimap.region(size) if shown else None

    @property
    def picture_offset(self) -> Offset:
        """How far the picture is from the upper left corner, so that a small one stands in the middle."""
        return self._offset_in(self.scrollable_size)

    @property
    def active(self) -> str | None:
        """The step that the reader should see: paused, else failed, else running."""
        states = self.overlay.states
        return next((path for mark in _ACTIVE for path, state in states.items() if state is mark), None)

    @property
    def followed(self) -> str | None:
        """The step that is kept in sight."""
        return self.active if self.follow else None

    # Drawing

    def render_line(self, y: int) -> Strip:
        """Render a line of the screen; Textual calls this."""
        size, at = self.scrollable_size, self.scroll_offset
        if self._progress and y == (0 if self.picture.height else size.height // 2):
            return self._note_line(self._progress, size.width)
        if self.picture.left_out and y == size.height - 1:
            return self._note_line(f" {self.picture.left_out} ", size.width)
        left, top = at - self._offset_in(size)
        strip = self._strips.strip(self._painter, y + top, left, size.width)
        if self.map_region is None:
            return strip
        return self._minimap.laid_over(strip, y, Region.from_offset(at, size), self._strips)

    def notify_style_update(self) -> None:
        """Forget styles of the old theme."""
        super().notify_style_update()
        self._strips.forget(styles=True)
        self._minimap.forget()

    def watch_show_map(self) -> None:
        """Show or hide the map."""
        self.refresh()

    def _paint(self, overlay: Overlay, hovered: str | None) -> None:
        """Put another overlay on, and refresh the rows on the screen that it changes."""
        old = self._painter
        self.overlay, self._hovered = overlay, hovered
        self._painter = self._minimap.painter = RowPainter(self.picture, overlay, hovered)
        left, top, width, height = self.window
        for row in range(top, min(top + height, self.picture.height)):
            if old.state(row, left, left + width) != self._painter.state(row, left, left + width):
                self.refresh_line(row + self.picture_offset.y)
        if (region := self.map_region) is not None:
            self.refresh(region)

    def _offset_in(self, size: Size) -> Offset:
        picture = self._painter.picture
        return Offset(max(0, (size.width - picture.width) // 2), max(0, (size.height - picture.height) // 2))

    def _style_named(self, name: str) -> Style:
        return self.rich_style if name == BLANK else self.get_component_rich_style(name)

    def _note_line(self, text: str, width: int) -> Strip:
        before = max(0, (width - len(text)) // 2)
        blank, style = self._strips.style(BLANK), self._strips.style("graph--map")
        strip = Strip([Segment(" " * before, blank), Segment(text, style)])
        return strip.adjust_cell_length(width, blank)

    # Another picture

    def _chosen(self) -> Callable[[], FittedView]:
        """Return what chooses the view: as much as possible is to be seen, unless the reader has chosen."""
        if self._fits and self.size:
            return partial(self._pictures.best, self.size)
        folded = self._pictures.folded
        view = self._view if folded is None else replace(self._view, folded=folded)
        return lambda: view

    def _lay_out(self, choose: Callable[[], FittedView], *, reveal: bool) -> None:
        """Show the process in another view; `choose` may draw for that, and is called in a thread where it is slow."""
        self._turn += 1
        if not self._pictures.is_large:
            self._progress = ""
            self._take(choose(), reveal=reveal)
            return
        if not self.size:
            return  # the first size asks again
        self._progress = f" laying out {len(self._pictures.nodes)} steps ... "
        self.refresh()
        work = partial(_laid_out, self._pictures, self._turn, choose, reveal=reveal)
        self.run_worker(work, group=_LAYOUT, thread=True, exclusive=True, exit_on_error=True)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show what a thread has drawn, if it is what was asked for last."""
        if event.worker.group != _LAYOUT or event.state is not WorkerState.SUCCESS:
            return
        done = event.worker.result
        if isinstance(done, _LaidOut) and done.pictures is self._pictures and done.turn == self._turn:
            self._progress = ""
            self._take(done.view, reveal=done.reveal or self._reveal_later)
            self._reveal_later = False
            self.refresh()

    def _take(self, view: FittedView, *, reveal: bool) -> None:
        """Show the picture of a view.

        With `reveal`, what is selected, the step that is followed, or else the one that was in the middle is brought
        into view.
        """
        self.set_reactive(GraphView.zoom, view.zoom)
        self.set_reactive(GraphView.direction, view.direction)
        self._view = view
        picture = self._pictures.picture(view)
        what = self.selected or self.followed or (middle_in(self.picture, self.window) if reveal else None)
        if picture is not self.picture:
            self._strips.forget(styles=False)
            self._painter = RowPainter(picture, self.overlay, self._hovered)
            self._minimap = MinimapView(self._painter)
            self.virtual_size = Size(picture.width, picture.height)
            self.refresh()
        if reveal and what is not None:
            self.show_in_sight(what)

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
        self._lay_out(self._chosen(), reveal=True)

    def action_toggle_direction(self) -> None:
        """Turn the flow: from the top down, or from left to right."""
        self._fits = False
        self.direction = Direction.RIGHT if self.direction is Direction.DOWN else Direction.DOWN

    def action_fold(self, path: str | None = None) -> None:
        """Fold or unfold a nested process; without a path, the one that is selected or that holds what is selected."""
        path = path if path is not None else foldable(self._pictures.nodes, self.selected)
        if path is not None:
            self._pictures.folded = self.folded ^ {path}
            self._paint(replace(self.overlay, selected=path), self._hovered)
            self._lay_out(self._chosen(), reveal=True)

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
        old = self._pictures
        self._pictures = PictureCache(old.nodes, old.edges, folded=old.folded, ascii_only=not old.ascii_only)
        self._lay_out(self._chosen(), reveal=True)

    def action_pan(self, columns: int, rows: int) -> None:
        """Move the picture, and follow the active step no longer."""
        self.follow = False
        at = self.scroll_offset
        self.scroll_to(at.x + columns, at.y + rows, animate=False, immediate=True)

    def action_select_neighbour(self, way: str) -> None:
        """Select the next step to the `left`, `right`, `up` or `down`; where there is none, pan that way."""
        selected = self.selected
        if selected is None or region_of(self.picture, selected) is None:
            path = self.active or first_in(self.picture, self.window)
        else:
            path = neighbour(self.picture, self._pictures.edges, selected, way)
        if path is None:
            self.action_pan(*_PAN[way])
            return
        self.select(path)
        self.post_message(self.StepSelected(path, self))

    def _set_zoom(self, by: int) -> None:
        self._fits = False
        self.zoom = _ZOOMS[max(0, min(len(_ZOOMS) - 1, _ZOOMS.index(self.zoom) + by))]

    def watch_zoom(self) -> None:
        """Draw again: another zoom or direction was chosen."""
        view = FittedView(self.zoom, self.direction, folded=self.folded)
        self._lay_out(partial(self._pictures.wrapped, view, self.size), reveal=True)

    watch_direction = watch_zoom

    # Size and mouse

    def on_resize(self) -> None:
        """Fit again where the reader has not chosen a zoom."""
        if self._fits:
            self._lay_out(self._chosen(), reveal=False)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to drag."""
        self._drag = event.screen_offset
        self._dragged = False
        self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the picture, or describe what is under the mouse."""
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
        on_map = self.map_region is not None
        place = self._minimap.place_at(event.offset, self.scrollable_size) if on_map else None
        if place is not None:
            self.action_pan(*(place - Offset(*map(int, self.window.center))))
            return
        owner = self._under(event.offset)
        target = target_of(self.picture, owner)
        if target is None:
            return
        again = target == self.selected
        self._paint(replace(self.overlay, selected=target), self._hovered)
        if owner.kind is OwnerKind.BOX and self.picture.drawing.boxes[owner.box].path:
            if again and foldable(self._pictures.nodes, target) == target:
                self.action_fold(target)
            self.post_message(self.StepSelected(target, self))
        else:
            event_id = next((edge.event_id for edge in self._pictures.edges if edge.key == target), "")
            self.post_message(self.EdgeSelected(target, event_id, self))

    def _under(self, at: Offset) -> Owner:
        left, top = self.scroll_offset - self.picture_offset
        return self.picture.owner_at(at.x + left, at.y + top)

    def _hover(self, owner: Owner) -> None:
        target = target_of(self.picture, owner)
        if target != self._hovered:
            self._paint(self.overlay, target)
            words = describe_owner(self.picture, self._pictures.edges, owner) if target else ""
            self.tooltip = safe_content(words, 300) if words else None


def _laid_out(pictures: PictureCache, turn: int, choose: Callable[[], FittedView], *, reveal: bool) -> _LaidOut:
    """Draw what will be shown, in a thread."""
    view = choose()
    pictures.picture(view)
    return _LaidOut(pictures, turn, view, reveal)
