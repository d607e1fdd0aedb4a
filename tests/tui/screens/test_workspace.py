"""The work area under keys and mouse."""

from targets import CHAT

from tui.actions import Panel


def column_of(d):
    return d.screen.workspace.plan.separator.x


async def test_a_click_on_a_tab_shows_its_panel(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        line = next(y for y, row in enumerate(d.text.splitlines()) if "6 Queue" in row)
        x = d.text.splitlines()[line].index("6 Queue") + 2
        await d.pilot.click(offset=(x, line))
        await d.until("nothing is pending")
        assert d.screen.panel is Panel.QUEUE


async def test_the_border_between_columns_follows_the_mouse(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        before = column_of(d)
        await d.pilot.mouse_down(offset=(before, 10))
        await d.pilot.hover(offset=(before - 10, 10))
        await d.pilot.mouse_up(offset=(before - 10, 10))
        await d.until(lambda: column_of(d) < before)


async def test_plus_and_underscore_move_the_border_of_the_panel_with_the_focus(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("escape", "1")
        before = d.screen.graph.size.height
        await d.press("plus")
        await d.until(lambda: d.screen.graph.size.height > before)
        await d.press("underscore", "underscore")
        await d.until(lambda: d.screen.graph.size.height < before)


async def test_tab_goes_round_the_panels_that_are_seen(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("escape", "1")
        seen = []
        for _ in range(4):
            seen.append(d.screen.panel)
            await d.press("tab")
        assert seen == [Panel.GRAPH, Panel.TIMELINE, Panel.INSPECTOR, Panel.CHAT]


async def test_brackets_change_the_tab(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("escape", "5", "right_square_bracket")
        assert d.screen.panel is Panel.QUEUE
        await d.press("right_square_bracket", "right_square_bracket")
        assert d.screen.panel is Panel.BREAKPOINTS
        await d.press("left_square_bracket")
        assert d.screen.panel is Panel.CHAT
