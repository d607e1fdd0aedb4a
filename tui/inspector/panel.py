"""The inspector panel: one event, or one step, and all there is to know of it, as entries that open under a cursor."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar, Final

from textual import events, work
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer

from process_core.graph import Node
from process_core.runfile import RunFile
from process_core.session.protocol.status import Explanation, ReloadInfo
from tui.inspector.event_page import event_page
from tui.inspector.outline import Item, Outline
from tui.inspector.reload_page import reload_page
from tui.inspector.step_page import read_step, state_at_event, step_page
from tui.inspector.values import Payload, read_payload
from tui.inspector.why_page import why_page
from tui.moment import Moment
from tui.text.spans import Span, Tone
from tui.widgets.cursor_list import CursorList

_NOTHING: Final = (Item("nothing", (Span("Select an event or a step.", Tone.QUIET),)),)
_GUTTER = 1  # cells before the entries, where the cursor points
_BEFORE: Final = "Causes"
"""The entry that the state of an event's step stands before."""
_QUICK = 0.005  # seconds that a page may take without another thought
_REST = 8  # times as long as a slow page took, the next one is left to wait


class InspectorPanel(CursorList):
    """Shows one event or one step of a run."""

    DEFAULT_CSS = """
    InspectorPanel { background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "enter", "Open or go there", show=False),
        Binding("right,l", "unfold", "Open", show=False),
        Binding("left,h", "fold", "Close, or go to what holds it", show=False),
    ]

    class JumpTo(Message):
        """The user wants to see another event.

        Attributes:
            seq: The event.
        """

        def __init__(self, seq: int) -> None:
            self.seq = seq
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.outline = Outline()
        self._run_file: Any = None
        self._row: Any = None
        self.node: Node | None = None
        self._shown: tuple[Any, ...] = ()
        self._whole: dict[str, Payload] = {}
        self._rest_until = 0.0
        self._later: Timer | None = None
        self._next: tuple[Moment, Node] | None = None
        self._as_of: tuple[Any, ...] = ()
        self.outline.show(_NOTHING, keep=False)

    def show(self, moment: Moment) -> None:
        """Show what is on the page as of a moment; an answer to "why" has to be asked for again."""
        as_of = _as_of(moment)
        if moment.run is None or as_of == self._as_of:
            return
        if self.node is not None:
            self.show_step(moment, self.node)
        elif self._row is not None and (moment.is_past, id(moment.run.file)) != self._as_of[:2]:
            self.show_event(moment, self._row)

    def show_event(self, moment: Moment, row: Any) -> None:
        """Show an event; in the past, with the state that its step had then."""
        assert moment.run is not None
        run_file = moment.run.file
        self._as_of = _as_of(moment)
        self._show_row(run_file, row, with_state=moment.is_past)

    def _show_row(self, run_file: Any, row: Any, *, with_state: bool) -> None:
        shown = ("event", id(run_file), row.seq, with_state)
        if shown != self._shown:
            self._whole = {}
        self._run_file, self._row, self.node = run_file, row, None
        items = event_page(run_file, row, self._whole)
        state = state_at_event(run_file, row) if with_state else None
        if state is not None:
            place = next((n for n, item in enumerate(items) if item.key == _BEFORE), len(items))
            items.insert(place, state)
        self._show(shown, items)

    def show_step(self, moment: Moment, node: Node) -> None:
        """Show a step, as it stood."""
        run = moment.run
        assert run is not None
        shown = ("step", id(run.file), node.path)
        wait = self._rest_until - monotonic()
        if shown == self._shown and wait > 0 and not moment.is_past:
            # What takes long to read (a state of megabytes) is read the less often: keys come first.
            if self._later is None:
                self._later = self.set_timer(wait, self._show_later)
            self._next = (moment, node)
            return
        self._next = None
        began = monotonic()
        self._as_of = _as_of(moment)
        self._run_file, self._row, self.node = run.file, None, node
        self._show(shown, step_page(run.file, node, moment.status, read_step(run, node.path, moment.seq)))
        cost = monotonic() - began
        self._rest_until = monotonic() + (_REST * cost if cost > _QUICK else 0)

    def show_explanation(self, explanation: Explanation) -> None:
        """Show why something happened, or has not."""
        self._run_file = self._row = self.node = None
        self._show(("why", explanation.title), why_page(explanation))

    @property
    def shows_explanation(self) -> bool:
        """Whether an explanation is on the page."""
        return self._shown[:1] == ("why",)

    def show_reload(self, info: ReloadInfo) -> None:
        """Show what became of a save."""
        self._run_file = self._row = self.node = None
        self._show(("reload", info.state, info.message), reload_page(info))

    @property
    def shows_reload(self) -> bool:
        """Whether that is on the page."""
        return self._shown[:1] == ("reload",)

    def _show_later(self) -> None:
        self._later = None
        if self._next is not None and self.node is self._next[1]:
            self.show_step(*self._next)

    def clear(self) -> None:
        """Show nothing."""
        self._run_file = self._row = self.node = None
        self._show((), list(_NOTHING))

    def selected_text(self) -> str:
        """Return what is copied of the entry under the cursor: a value whole, as text or JSON."""
        line = self.outline.current
        if line is None:
            return ""
        return line.item.copy() if line.item.copy is not None else line.item.line.strip()

    def _follow(self, item: Item) -> None:
        """Go where an entry leads, or load what it offers."""
        if item.jump is not None:
            self.post_message(self.JumpTo(item.jump))
        elif item.load is not None and self._row is not None:
            self._load(item.load, self._run_file, self._row)

    @work(exclusive=True)
    async def _load(self, title: str, run_file: Any, row: Any) -> None:
        """Read a large payload whole, in a thread with a reader of its own, and show it if it is still wanted."""
        ref = row.details if title == "Details" else row.data
        path = getattr(run_file, "path", None)
        payload = await asyncio.to_thread(_read_whole, path, ref) if path else read_payload(run_file, ref, whole=True)
        if self._row is row:
            self._whole[title] = payload
            self._show_row(run_file, row, with_state=self._shown[-1])

    def _show(self, shown: tuple[Any, ...], items: Sequence[Item]) -> None:
        """Show a page; where it is the same page with newer data, what is open, the cursor and the scroll stay."""
        keep = bool(shown) and shown == self._shown
        self._shown = shown
        before, top = self.outline.cursor, self.scroll_offset.y
        self.outline.show(items, keep=keep)
        self._laid_out()
        if not keep:
            self.scroll_rows(0)
        elif self.outline.cursor != before:
            # The cursor stays where it is on the screen, so that nothing jumps while values come and go above it.
            self.scroll_rows(top + self.outline.cursor - before)

    # The cursor, and what opens under it

    @property
    def line_count(self) -> int:
        """How many lines the page has."""
        return len(self.outline.lines)

    @property
    def cursor_line(self) -> int:
        """The line that the cursor is on."""
        return self.outline.cursor

    def move_to(self, index: int) -> None:
        """Put the cursor on a line."""
        self.outline.cursor = index
        self._show_cursor()

    def action_enter(self) -> None:
        """Open or close the entry, or go where it leads."""
        line = self.outline.current
        if line is None:
            return
        if line.item.jump is not None or line.item.load is not None:
            self._follow(line.item)
        elif self.outline.toggle():
            self._laid_out()
            self._show_cursor()

    def action_unfold(self) -> None:
        """Open the entry, or go into it."""
        if self.outline.set_open(True):
            self._laid_out()
        else:
            line = self.outline.current
            if line is not None and line.item.opens is not None:
                self.outline.move(1)
        self._show_cursor()

    def action_fold(self) -> None:
        """Close the entry, or go to the one that holds it."""
        if self.outline.set_open(False):
            self._laid_out()
        else:
            self.outline.go_to_holder()
        self._show_cursor()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; on the line that has it already, do what Enter does."""
        index, offset = self.clicked_line(event), event.get_content_offset(self)
        if index is None or offset is None:
            return
        line = self.outline.lines[index]
        is_marker = offset.x < _GUTTER + line.indent + 2
        is_again = index == self.outline.cursor
        self.move_to(index)
        if is_again or is_marker or line.item.jump is not None:
            self.action_enter()

    def on_resize(self) -> None:
        """Wrap long texts at the new width."""
        self.outline.resize(self.scrollable_content_region.width - _GUTTER)
        self._laid_out()
        self._show_cursor()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen; Textual calls this."""
        index = self.scroll_offset.y + y
        lines = self.outline.lines
        if not 0 <= index < len(lines):
            return self.paint_line([], has_cursor=False)
        line = lines[index]
        has_cursor = index == self.outline.cursor
        pointer = "❯" if has_cursor else " "  # noqa: RUF001 - a pointer; it shows without colour where the cursor is
        first = Span(pointer.ljust(_GUTTER + line.indent), Tone.STRONG)
        return self.paint_line([first, *line.spans], has_cursor=has_cursor)

    def _laid_out(self) -> None:
        self.virtual_size = Size(0, len(self.outline.lines))
        self.refresh()

    def _show_cursor(self) -> None:
        self.show_line(self.outline.cursor)
        self.refresh()


def _as_of(moment: Moment) -> tuple[Any, ...]:
    """Return what a page depends on beside what it is about."""
    file = moment.run.file if moment.run is not None else None
    return moment.is_past, id(file), moment.seq


def _read_whole(path: Path, ref: Any) -> Payload:
    with RunFile(path) as own:
        return read_payload(own, ref, whole=True)
