"""What is still to be delivered: every pending message in order, the next one marked."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from process_core.session.protocol import PendingMessage, WaitingInputs
from tui.rows import Cells, RowList
from tui.safe_text import safe

_NAME = 60
_PREVIEW = 200
_MOST = 500
_EMPTY = "nothing is pending"


def line_of(message: PendingMessage) -> Cells:
    """Write a pending message as one line.

    Args:
        message: Which.

    Returns:
        Its event, where it goes and what it carries.
    """
    target = safe(message.target, _NAME) or "STOP"
    function = f".{safe(message.function, _NAME)}" if message.function and message.target else ""
    parameter = f"({safe(message.parameter, _NAME)})" if message.parameter else ""
    return (
        ("▸ " if message.next else "  ", "accent"),
        (safe(message.event_id, _NAME), "strong"),
        (f" → {target}{function}{parameter}", "text"),
        (f"  {safe(message.preview, _PREVIEW)}", "quiet"),
    )


def waiting_line(waiting: WaitingInputs) -> Cells:
    """Write a half-filled call as one line.

    Args:
        waiting: Which.

    Returns:
        The step, what arrived and what is missing.
    """
    arrived = ", ".join(safe(name, _NAME) for name in waiting.arrived)
    missing = ", ".join(safe(name, _NAME) for name in waiting.missing)
    return (
        ("◔ ", "warn"),
        (f"{safe(waiting.path, _NAME)}.{safe(waiting.function, _NAME)}", "strong"),
        (f" has {arrived}; misses {missing}", "text"),
    )


class QueuePanel(Vertical):
    """The list of pending messages, and the calls that wait for more inputs."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._messages: Sequence[PendingMessage] = ()
        self.rows = RowList(_EMPTY)

    def compose(self) -> ComposeResult:
        """Build the parts; Textual calls this."""
        yield self.rows

    def show(self, messages: Sequence[PendingMessage], waiting: Sequence[WaitingInputs]) -> None:
        """Show what is pending.

        Args:
            messages: In order of delivery.
            waiting: Functions that hold part of their inputs.
        """
        self._messages = messages[:_MOST]
        lines = [line_of(message) for message in self._messages]
        if len(messages) > _MOST:
            lines.append(((f"  … {len(messages) - _MOST:,} more", "quiet"),))
        self.rows.set_lines([*lines, *(waiting_line(one) for one in waiting)])

    @property
    def selected(self) -> PendingMessage | None:
        """The message under the cursor."""
        at = self.rows.cursor
        return self._messages[at] if at is not None and at < len(self._messages) else None
