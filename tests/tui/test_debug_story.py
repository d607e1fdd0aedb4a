"""The main job, end to end: step through a chatbot."""

import pytest
from targets import CHAT

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
async def test_a_chatbot_is_stepped_through(debug, process_file, size):
    async with debug(process_file(CHAT), size=size) as d:
        await d.until("WAITING FOR YOU")
        await d.until("Welcome!")
        assert "INSERT" in d.text
        assert d.app.focused is d.screen.chat.box

        await d.command("break UserInputReceived")
        await d.until(lambda: d.status.breakpoints)
        await d.answer("hello")
        text = await d.until("PAUSED @")
        paused = d.status.paused
        assert f"PAUSED @{paused.seq} UserInputReceived" in text
        assert d.screen.timeline.selected.seq == paused.seq
        assert d.screen.graph.overlay.states["Response"] == "paused"
        routes = {edge.key for edge in d.screen.edges if edge.event_id == "UserInputReceived"}
        assert routes & d.screen.graph.overlay.lit

        await d.press("s")
        await d.until(lambda: d.status.paused is not None and d.status.paused.seq != paused.seq)
        await d.press("1")
        d.screen.presenter.show_step("Response")
        await d.press("3")
        await d.until("hello")
        await d.press("c")
        await d.until("WAITING FOR YOU")
        await d.answer("exit")
        await d.until("STOPPED")
        assert d.status.state == "STOPPED"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
async def test_no_line_of_the_screen_is_cut_short_of_the_width(debug, process_file, size):
    async with debug(process_file(CHAT), size=size) as d:
        await d.until("WAITING FOR YOU")
        strips = d.screen._compositor.render_strips()
        assert len(strips) == size[1]
        assert {strip.cell_length for strip in strips} == {size[0]}
