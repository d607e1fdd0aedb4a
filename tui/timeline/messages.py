"""What the timeline tells the screen."""

from textual.message import Message

from tui.timeline.source import EventRow


class EventSelected(Message, namespace="timeline_view"):
    """The cursor has come to an event.

    Attributes:
        row: The event.
        automatic: Whether the timeline went there by itself, following the tail.
    """

    def __init__(self, row: EventRow, *, automatic: bool = False) -> None:
        self.row = row
        self.automatic = automatic
        super().__init__()

    def can_replace(self, message: Message) -> bool:
        """Let only the last of a burst arrive."""
        return isinstance(message, EventSelected)


class EventActivated(Message, namespace="timeline_view"):
    """The user asks for more about an event (Enter, or a double click).

    Attributes:
        row: The event.
    """

    def __init__(self, row: EventRow) -> None:
        self.row = row
        super().__init__()
