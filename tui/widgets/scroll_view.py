"""A scroll view whose scrollbars stand where the view is, and whose faults are its own."""

from textual.geometry import Region
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.fault_boundary import guarded_dispatch, guarded_lines


class TrueScrollView(ScrollView):
    """A scroll view; Textual's own leaves a scrollbar that has just appeared at the start, wherever the view is.

    Attributes:
        fault: A safe line that stands over its first one: what it shows could not be brought up to date.
    """

    fault = ""

    async def _dispatch_message(self, message: Message) -> None:
        await guarded_dispatch(self, super()._dispatch_message, message)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw; Textual calls this."""
        return guarded_lines(self, super().render_lines, crop)

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        """Put the scrollbar where the view is scrolled to already."""
        if shown:
            self.vertical_scrollbar.position = self.scroll_y

    def watch_show_horizontal_scrollbar(self, shown: bool) -> None:
        """Put the scrollbar where the view is scrolled to already."""
        if shown:
            self.horizontal_scrollbar.position = self.scroll_x
