"""What is still to be delivered: every pending message in order, and below them the calls that wait for more inputs."""

from collections.abc import Callable, Sequence
from typing import Final, overload

from textual.app import ComposeResult
from textual.containers import Vertical

from process_core.session.protocol.status import PendingMessage, WaitingInputs
from tui.moment import Moment
from tui.text.safe_text import NAME, PREVIEW, safe
from tui.text.spans import Span, Spans, Tone
from tui.widgets.cursor_list import RowList
from tui.widgets.fault_boundary import FaultBoundary

_TIGHT: Final = 50
_WIDE: Final = 66
_EMPTY: Final = ("nothing is pending", "while the run is paused,", ":inject EVENT brings something")
_NOTHING_TO_DO: Final = ("nothing is pending",)
_EMPTY_THEN: Final = ("nothing was pending",)


def line_of(message: PendingMessage, digits: int = 0, room: int = 200) -> Spans:
    """Write a pending message as one line: its marks, number, event, where it comes from and goes, and its value.

    Args:
        message: The message.
        digits: Cells for its number; 0 for as many as it takes.
        room: Cells for the line; where they are few, where it comes from is left out, then the function.
    """
    is_tight = room < _TIGHT
    target = safe(message.target, NAME) or "STOP"
    if is_tight and "/" in target:
        target = f"…/{target.rpartition('/')[2]}"
    function = f".{safe(message.function, NAME)}" if message.function and message.target and not is_tight else ""
    parameter = f"({safe(message.parameter, NAME)})" if message.parameter else ""
    source = f"{safe(message.source, NAME)} " if message.source and room >= _WIDE else ""
    state = Span("‖", Tone.WARN) if message.held else Span("▸", Tone.ACCENT) if message.next else Span(" ")
    held = "held" if message.id else "undeliverable: the code has no place for it"
    words = [word for word, holds in ((held, message.held), ("changed", message.changed)) if holds]
    spans = (
        state,
        Span("✎ " if message.changed else "  ", Tone.WARN),
        Span(f"{message.id if message.id > 0 else '-':>{digits}} ", Tone.QUIET),
        Span(safe(message.event_id, NAME), Tone.QUIET if message.held else Tone.STRONG),
        Span(f" {source}→ {target}{function}{parameter}", Tone.QUIET if message.held else Tone.TEXT),
        Span(f" · {', '.join(words)}" if words and not is_tight else "", Tone.WARN),
        Span(f"  {safe(message.preview, PREVIEW)}", Tone.QUIET),
    )
    return tuple(span for span in spans if span.text)


def summary_of(message: PendingMessage) -> str:
    """Write a pending message in a few words; not safe to show as they are."""
    state = " (held)" if message.held else " (next)" if message.next else ""
    return f"{message.event_id[:NAME]} → {message.target[-NAME:] or 'STOP'}{state}  {message.preview[:NAME]}"


def waiting_line(waiting: WaitingInputs) -> Spans:
    """Write a half-filled call as one line: the step, what arrived and what is missing."""
    arrived = ", ".join(safe(name, NAME) for name in waiting.arrived)
    missing = ", ".join(safe(name, NAME) for name in waiting.missing)
    return (
        Span("◔ ", Tone.WARN),
        Span(f"{safe(waiting.path, NAME)}.{safe(waiting.function, NAME)}", Tone.STRONG),
        Span(f" has {arrived or 'nothing'}; misses {missing}"),
    )


class _Lines(Sequence[Spans]):
    """The lines of the queue, written when they are drawn: ten thousand messages cost what is on the screen."""

    def __init__(
        self, messages: Sequence[PendingMessage], waiting: Sequence[WaitingInputs], room: Callable[[], int]
    ) -> None:
        self._room = room
        self._messages = messages
        self._waiting = waiting
        self._digits = len(str(max((message.id for message in messages), default=0)))

    def __len__(self) -> int:
        return len(self._messages) + len(self._waiting)

    @overload
    def __getitem__(self, index: int) -> Spans: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Spans]: ...
    def __getitem__(self, index: int | slice) -> Spans | Sequence[Spans]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        if index < len(self._messages):
            return line_of(self._messages[index], self._digits, self._room())
        return waiting_line(self._waiting[index - len(self._messages)])


class QueuePanel(FaultBoundary, Vertical):
    """The list of pending messages, and the calls that wait for more inputs."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.messages: Sequence[PendingMessage] = ()
        self._waiting: Sequence[WaitingInputs] = ()
        self._names: tuple[tuple[int, str], ...] | None = None
        self.rows = RowList(*_EMPTY)

    def compose(self) -> ComposeResult:
        """Build the parts; Textual calls this."""
        yield self.rows

    def show(self, moment: Moment) -> None:
        """Show what is pending and the joins that wait; the cursor stays on its message, wherever that is now."""
        messages, waiting = moment.messages, moment.status.waiting
        is_over = moment.has_died or (moment.status.state is not None and moment.status.state.is_ended)
        self.rows.set_empty(_EMPTY_THEN if moment.is_past else _NOTHING_TO_DO if is_over else _EMPTY)
        if (messages, waiting) == (self.messages, self._waiting):
            return
        before = self.selected
        self.messages, self._waiting, self._names = messages, waiting, None
        self.rows.set_lines(_Lines(messages, waiting, lambda: self.rows.size.width))
        if before is not None:
            at = next((at for at, message in enumerate(messages) if message.id == before.id), None)
            if at is not None:
                self.rows.move_to(at)

    @property
    def names(self) -> tuple[tuple[int, str], ...]:
        """Number and description of each message; not safe to show as they are."""
        if self._names is None:
            self._names = tuple((message.id, summary_of(message)) for message in self.messages)
        return self._names

    @property
    def held(self) -> int:
        """Number of held messages."""
        return sum(message.held for message in self.messages)

    @property
    def selected(self) -> PendingMessage | None:
        """The message under the cursor."""
        at = self.rows.cursor
        return self.messages[at] if at is not None and at < len(self.messages) else None

    @property
    def selected_waiting(self) -> WaitingInputs | None:
        """The half-filled call under the cursor."""
        at = self.rows.cursor
        place = at - len(self.messages) if at is not None else -1
        return self._waiting[place] if 0 <= place < len(self._waiting) else None
