"""Nothing a process says acts on the terminal or the app, in any panel."""

from unicodedata import category

from targets import HOSTILE

from tui.actions import Panel

ACTING = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def assert_harmless(d) -> None:
    for strip in d.screen._compositor.render_strips():
        for segment in strip:
            assert not {category(character) for character in segment.text} & ACTING, segment.text
            assert not (segment.style and segment.style.meta.get("@click")), segment.text


async def test_no_panel_lets_anything_through(debug, process_file):
    async with debug(process_file(HOSTILE)) as d:
        await d.until("WAITING FOR YOU")
        for number, panel in enumerate(Panel, 1):
            await d.press("escape", str(number))
            assert d.screen.panel is panel
            assert "[/x]" in d.text, panel
            assert_harmless(d)


async def test_no_panel_lets_anything_through_while_paused(debug, process_file):
    async with debug(process_file(HOSTILE), paused=True) as d:
        await d.until("PAUSED")
        await d.screen.parts.breakpoint_control.toggle(event=d.screen.control.events[0])
        for number, panel in enumerate(Panel, 1):
            await d.press(str(number), "m")
            await d.pilot.pause(0.1)
            assert d.screen.panel is panel
            assert_harmless(d)
            await d.press("m")


async def test_a_failure_whose_text_is_hostile_is_shown_harmlessly(debug, process_file):
    async with debug(process_file(HOSTILE)) as d:
        await d.until("WAITING FOR YOU")
        await d.answer("go")
        await d.until("the run FAILED")
        assert_harmless(d)


async def test_completions_of_hostile_names_are_harmless(debug, process_file):
    async with debug(process_file(HOSTILE)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("escape", "colon")
        await d.type("break ")
        await d.press("tab")
        await d.pilot.pause(0.1)
        assert_harmless(d)


async def test_the_palette_shows_hostile_names_harmlessly(debug, process_file):
    async with debug(process_file(HOSTILE)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("ctrl+p")
        await d.type("Break on")
        await d.pilot.pause(0.5)
        assert_harmless(d)


async def test_a_target_that_cannot_be_loaded_is_reported_harmlessly(debug, process_file):
    async with debug(process_file(HOSTILE)) as d:
        await d.until("WAITING FOR YOU")
        process_file("raise RuntimeError('\\x1b]0;t\\x07 [/x] [@click=app.quit]x[/]')\n")
        await d.press("escape", "R", "y")
        await d.until("cannot load")
        assert_harmless(d)


async def test_a_paste_of_escape_codes_into_the_chat_is_harmless_and_kept(debug, process_file):
    from textual.events import Paste

    async with debug(process_file(HOSTILE)) as d:
        await d.until("WAITING FOR YOU")
        d.app.post_message(Paste("a\x1b[2Jb\nsecond line"))
        await d.until(lambda: d.screen.chat.box.value)
        await d.pilot.pause()
        assert d.screen.chat.box.value == "a\x1b[2Jb\nsecond line"
        assert_harmless(d)
