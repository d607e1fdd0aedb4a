"""Every page can be shown at every size, and closes once however often it is clicked."""

import pytest
from driving import SAMPLES

from process_core.session.protocol.envelope import Failure
from process_core.session.protocol.verbs import Editable
from tui.palette import Palette
from tui.samples import samples
from tui.screens.confirm import ConfirmScreen
from tui.screens.debug_screen import DebugScreen
from tui.screens.editor import EditorScreen
from tui.screens.help import HelpScreen, help_lines
from tui.screens.load_error import LoadErrorScreen
from tui.screens.sample_picker import SamplePickerScreen
from tui.screens.stack import StackScreen

FEW_SIZES = [(1, 1), (12, 20), (200, 2)]
MANY_SIZES = [(width, height) for width in (*range(1, 31), 59, 60, 99, 120) for height in (1, 2, 3, 4, 6, 9, 15, 24)]


async def nothing(_):
    return ""


def editor():
    return EditorScreen("message 1", Editable(value={"text": ["äöü"] * 9}, schema_={"type": "object"}), nothing)


def load_error():
    return LoadErrorScreen("x.py", Failure(code="x", message="no " * 99, traceback="at\n" * 9), goes_on=True)


PAGES = {
    "debug": None,
    "help": HelpScreen,
    "confirm": lambda: ConfirmScreen("Is this a question of some words, one-of-them-long?", "Yes", "No"),
    "editor": editor,
    "load error": load_error,
    "stack": lambda: StackScreen("runs in thread x:\n  /a/long/path.py:1 in Bad.spin\n      while True: pass\x1b[2J"),
    "samples": lambda: SamplePickerScreen(samples()),
    "palette": lambda: Palette(id="--command-palette"),
}


async def try_sizes(debug, sizes):
    """Show each page at each size; that no fault was noted is asserted by a fixture of all tests here."""
    async with debug(SAMPLES / "chatbot.py", paused=True) as d:
        await d.settle()
        for make in PAGES.values():
            if make is not None:
                await d.app.push_screen(make())
            for width, height in sizes:
                await d.pilot.resize_terminal(width, height)
                await d.until(lambda height=height: len(d.text.splitlines()) <= height)
            await d.pilot.resize_terminal(120, 40)
            await d.until(lambda: len(d.text.splitlines()) > 24)
            if make is not None:
                await d.screen.dismiss()


async def test_every_page_can_be_shown_at_any_size(debug):
    await try_sizes(debug, FEW_SIZES)


@pytest.mark.slow
async def test_every_page_can_be_shown_at_every_size(debug):
    await try_sizes(debug, MANY_SIZES)


@pytest.mark.parametrize("width", range(-5, 130))
def test_help_is_written_for_any_width(width):
    assert any(text.strip() for text, _ in help_lines(width))


@pytest.mark.parametrize("times", [2, 3])
async def test_clicks_beside_the_palette_close_the_palette_only(debug, times):
    async with debug(SAMPLES / "chatbot.py") as d:
        await d.settle()
        await d.press("ctrl+p")
        assert isinstance(d.screen, Palette)
        await d.pilot.click(offset=(60, 0), times=times)
        await d.until(lambda: isinstance(d.screen, DebugScreen))
        assert "INSERT" in d.text


async def test_a_command_chosen_twice_in_the_palette_is_done_once(debug, monkeypatch):
    done = []
    async with debug(SAMPLES / "chatbot.py") as d:
        await d.settle()
        monkeypatch.setattr(DebugScreen, "action_act", lambda _, name: done.append(name))
        await d.press("ctrl+p")
        await d.until("Pause")
        row = next(y for y, line in enumerate(d.text.splitlines()) if "Pause" in line)
        await d.pilot.click(offset=(10, row), times=2)
        await d.until(lambda: isinstance(d.screen, DebugScreen) and done)
        await d.pilot.pause()
        assert len(done) == 1
        assert "INSERT" in d.text


async def test_a_page_dismissed_twice_closes_no_other(debug):
    async with debug(SAMPLES / "chatbot.py", paused=True) as d:
        await d.settle()
        for make in PAGES.values():
            if make is not None:
                results = []
                page = make()
                await d.app.push_screen(page, results.append)
                page.dismiss(None)
                page.dismiss(None)
                await d.until(lambda: isinstance(d.screen, DebugScreen))
                assert results == [None]
