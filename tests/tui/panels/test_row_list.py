"""A list to choose from."""

from driving import screen_text
from textual.app import App

from tui.text.spans import Span, Tone
from tui.widgets.cursor_list import RowList


class ListApp(App[None]):
    def __init__(self, lines):
        super().__init__()
        self.rows = RowList("nothing here", "second line")
        self.lines = lines
        self.moved = []

    def compose(self):
        yield self.rows

    def on_mount(self):
        self.rows.set_lines(self.lines)
        self.rows.focus()

    def on_row_list_moved(self, event):
        self.moved.append(event.index)


def lines(count):
    return [(Span(f"line {number}"), Span(" [/x] end", Tone.QUIET)) for number in range(count)]


async def test_the_cursor_moves_with_the_keys_and_stays_in_sight():
    app = ListApp(lines(100))
    async with app.run_test(size=(30, 10)) as pilot:
        await pilot.press("down", "j", "pagedown", "end")
        await pilot.pause()
        assert app.rows.cursor == 99
        assert "▌line 99 [/x] end" in screen_text(app)
        await pilot.press("home")
        await pilot.pause()
        assert "▌line 0 [/x] end" in screen_text(app)
        assert app.moved == [1, 2, 11, 99, 0]


async def test_a_line_that_is_too_long_ends_in_an_ellipsis():
    app = ListApp([(Span("x" * 50),)])
    async with app.run_test(size=(20, 5)) as pilot:
        await pilot.pause()
        assert screen_text(app).splitlines()[0] == "▌" + "x" * 18 + "…"


async def test_an_empty_list_says_what_it_is_for():
    app = ListApp([])
    async with app.run_test(size=(20, 5)) as pilot:
        await pilot.press("down", "enter")
        assert screen_text(app).splitlines()[:2] == ["nothing here", "second line"]
        assert app.rows.cursor is None


async def test_the_cursor_stays_on_a_line_that_is_there_when_lines_go():
    app = ListApp(lines(5))
    async with app.run_test(size=(20, 8)) as pilot:
        await pilot.press("end")
        app.rows.set_lines(lines(2))
        await pilot.pause()
        assert app.rows.cursor == 1


async def test_a_click_puts_the_cursor_there():
    app = ListApp(lines(5))
    async with app.run_test(size=(20, 8)) as pilot:
        await pilot.click(app.rows, offset=(2, 3))
        assert app.rows.cursor == 3
