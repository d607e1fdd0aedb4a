"""Where a picture is shown: its rows on the screen, where it is scrolled to, and how it is replaced by another.

A small process is laid out at once; a large one in a thread, so that keys are obeyed meanwhile.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import ClassVar, Final, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset, Region, Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.worker import Worker, WorkerState

from tui.graph.layout.shapes import Direction, Zoom
from tui.graph.render.fit import FittedView
from tui.graph.render.overlay import Mark, Overlay
from tui.graph.render.picture import Picture
from tui.graph.render.picture_cache import PictureCache
from tui.graph.render.row_painter import Painter
from tui.graph.render.terminal_support import needs_ascii
from tui.graph.widget.css import CLASSES, CSS
from tui.graph.widget.hit_testing import region_of
from tui.graph.widget.minimap_view import MinimapView
from tui.graph.widget.navigation import middle_in
from tui.graph.widget.strip_renderer import BLANK, StripRenderer
from tui.widgets.scroll_view import TrueScrollView

_ACTIVE: Final = (Mark.PAUSED, Mark.FAILED, Mark.RUNNING)
_LAYOUT: Final = "graph-layout"
_MAP_ROWS: Final = 14
"""Rows below which a map would cover too much of the picture, unless it is asked for."""


class _LaidOut(NamedTuple):
    """What a thread has drawn.

    Attributes:
        album: For which process.
        turn: Which request it was; the newest counts.
        view: What was chosen.
        reveal: Whether what is selected is brought into view.
    """

    album: PictureCache
    turn: int
    view: FittedView
    reveal: bool


class PictureView(TrueScrollView, can_focus=True):
    """Shows a picture of a process under an overlay.

    Args:
        ascii_only: Whether to draw with nothing but ASCII; None asks the terminal.
        name: As in Textual.
        id: As in Textual.
        classes: As in Textual.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set(CLASSES)
    DEFAULT_CSS = CSS

    show_map: reactive[bool | None] = reactive[bool | None](None)
    """Whether the map is shown where the picture does not fit; None: where there is room for it."""

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
        self._album = PictureCache(ascii_only=needs_ascii() if ascii_only is None else ascii_only)
        self._view = FittedView(Zoom.BOXES, Direction.DOWN)
        self._painter = Painter(self._album.picture(self._view), self.overlay)
        self._inset = MinimapView(self._painter)
        self._strips = StripRenderer(self._style_named)
        self._hovered: str | None = None
        self._turn = 0
        self._note = ""
        self._owes_sight = False

    # What is shown

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
        return self._album.ascii_only

    @property
    def selected(self) -> str | None:
        """Path of the step, or key of the edge, that is selected."""
        return self.overlay.selected

    @property
    def is_laying_out(self) -> bool:
        """Whether a picture is being drawn that will replace the one on the screen."""
        return bool(self._note)

    @property
    def window(self) -> Region:
        """The part of the picture that is on the screen; scrollbars hide nothing of it."""
        return Region.from_offset(self.scroll_offset, self.scrollable_size)

    @property
    def map_region(self) -> Region | None:
        """Where the map is on the screen; None where there is none."""
        size = self.scrollable_size
        shown = size.height >= _MAP_ROWS if self.show_map is None else self.show_map
        return self._inset.region(size) if shown else None

    @property
    def picture_offset(self) -> Offset:
        """How far the picture is from the upper left corner, so that a small one stands in the middle."""
        return self._offset_in(self.scrollable_size)

    def render_line(self, y: int) -> Strip:
        """Render a line of the screen.

        Args:
            y: The line, from the top of the widget.

        Returns:
            Its cells.
        """
        size, at = self.scrollable_size, self.scroll_offset
        if self._note and y == self._note_line(size):
            return self._noted(size.width)
        left, top = at - self._offset_in(size)
        strip = self._strips.strip(self._painter, y + top, left, size.width)
        if self.map_region is None:
            return strip
        return self._inset.laid_over(strip, y, Region.from_offset(at, size), self._strips)

    def watch_show_map(self) -> None:
        """Show or hide the map."""
        self.refresh()

    def notify_style_update(self) -> None:
        """Forget styles of the old theme."""
        super().notify_style_update()
        self._strips.forget(styles=True)
        self._inset.forget()

    # Another picture

    def lay_out(self, find: Callable[[], FittedView], *, reveal: bool) -> None:
        """Show the process in another view.

        Args:
            find: Chooses the view; it may draw for that, and is called in a thread where that takes long.
            reveal: Whether to bring what is selected, or the step that is followed, into view.
        """
        self._turn += 1
        if not self._album.is_large:
            self._note = ""
            self.take(find(), reveal=reveal)
            return
        if not self.size:
            return  # the first size asks again
        self._note = f" laying out {len(self._album.nodes)} steps ... "
        self.refresh()
        work = partial(_laid_out, self._album, self._turn, find, reveal=reveal)
        self.run_worker(work, group=_LAYOUT, thread=True, exclusive=True, exit_on_error=True)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show what a thread has drawn, if it is what was asked for last."""
        if event.worker.group != _LAYOUT or event.state is not WorkerState.SUCCESS:
            return
        done = event.worker.result
        if isinstance(done, _LaidOut) and done.album is self._album and done.turn == self._turn:
            self._note = ""
            self.take(done.view, reveal=done.reveal or self._owes_sight)
            self._owes_sight = False
            self.refresh()

    def take(self, view: FittedView, *, reveal: bool) -> None:
        """Show the picture of a view that was chosen.

        Args:
            view: The view.
            reveal: Whether to bring what is selected, the step that is followed, or else the one that was in the middle
                into view.
        """
        self._view = view
        picture = self._album.picture(view)
        what = self.selected or self.followed or (middle_in(self.picture, self.window) if reveal else None)
        if picture is not self.picture:
            self._strips.forget(styles=False)
            self._painter = Painter(picture, self.overlay, self._hovered)
            self._inset = MinimapView(self._painter)
            self.virtual_size = Size(picture.width, picture.height)
            self.refresh()
        if reveal and what is not None:
            self.show_in_sight(what)

    # How the run stands

    @property
    def active(self) -> str | None:
        """The step that the reader should see: paused, else failed, else running."""
        states = self.overlay.states
        return next((path for mark in _ACTIVE for path, state in states.items() if state is mark), None)

    @property
    def followed(self) -> str | None:
        """The step that is kept in sight."""
        return self.active

    def select(self, what: str | None) -> None:
        """Select a step or an edge without a message, and bring it into view.

        Args:
            what: Path of a step, key of an edge, or None.
        """
        self.paint(replace(self.overlay, selected=what), self._hovered)
        if what is not None:
            self.show_in_sight(what)

    def paint(self, overlay: Overlay, hovered: str | None) -> None:
        """Put another overlay on, and refresh the rows on the screen that it changes.

        Args:
            overlay: How the run stands.
            hovered: What the mouse is over.
        """
        old = self._painter
        self.overlay, self._hovered = overlay, hovered
        self._painter = self._inset.painter = Painter(self.picture, overlay, hovered)
        left, top, width, height = self.window
        for row in range(top, min(top + height, self.picture.height)):
            if old.state(row, left, left + width) != self._painter.state(row, left, left + width):
                self.refresh_line(row + self.picture_offset.y)
        if (region := self.map_region) is not None:
            self.refresh(region)

    def show_in_sight(self, what: str) -> None:
        """Scroll so that a step or the label of an edge is on the screen and not behind the map.

        Args:
            what: Path of a step or key of an edge.
        """
        self._owes_sight = self._owes_sight or self.is_laying_out
        region = region_of(self.picture, what)
        if region is None or not self.size:
            return
        window = self.window
        covered = self.map_region
        behind = covered is not None and covered.translate(window.offset).overlaps(region)
        if behind or not window.contains_region(region):
            # forced, because scrollbars that a new picture needs are there only after the next layout
            self.scroll_to_region(region, animate=False, immediate=True, center=True, force=True)

    # Inner workings

    def _offset_in(self, size: Size) -> Offset:
        picture = self._painter.picture
        return Offset(max(0, (size.width - picture.width) // 2), max(0, (size.height - picture.height) // 2))

    def _style_named(self, name: str) -> Style:
        return self.rich_style if name == BLANK else self.get_component_rich_style(name)

    def _note_line(self, size: Size) -> int:
        return 0 if self.picture.height else size.height // 2

    def _noted(self, width: int) -> Strip:
        before = max(0, (width - len(self._note)) // 2)
        blank, note = self._strips.style(BLANK), self._strips.style("graph--map")
        strip = Strip([Segment(" " * before, blank), Segment(self._note, note)])
        return strip.adjust_cell_length(width, blank)


def _laid_out(album: PictureCache, turn: int, find: Callable[[], FittedView], *, reveal: bool) -> _LaidOut:
    """Draw what will be shown, in a thread."""
    view = find()
    album.picture(view)
    return _LaidOut(album, turn, view, reveal)
