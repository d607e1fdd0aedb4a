"""A scroll view whose scrollbars stand where the view is."""

from textual.scroll_view import ScrollView


class TrueScrollView(ScrollView):
    """A scroll view; Textual's own leaves a scrollbar that has just appeared at the start, wherever the view is."""

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        """Put the scrollbar where the view is scrolled to already."""
        if shown:
            self.vertical_scrollbar.position = self.scroll_y

    def watch_show_horizontal_scrollbar(self, shown: bool) -> None:
        """Put the scrollbar where the view is scrolled to already."""
        if shown:
            self.horizontal_scrollbar.position = self.scroll_x
