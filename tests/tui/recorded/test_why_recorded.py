"""Why, asked of a recording: no code of the run is needed to answer."""

from recorded_runs import record, replaying
from targets import HOSTILE
from test_hostile_text import assert_harmless


async def test_a_step_of_a_recording_is_explained_as_of_the_moment(tmp_path):
    path = await record(tmp_path / "x.run")
    async with replaying(path) as d:
        await d.until("REPLAY @")
        await d.command("why Response")
        await d.until("ran")
        await d.command("goto 5")
        await d.until("REPLAY @5")
        await d.command("why Response")
        await d.until("has not run")


async def test_an_event_of_a_recording_leads_back_to_the_outside_input(tmp_path):
    path = await record(tmp_path / "x.run")
    async with replaying(path) as d:
        await d.until("REPLAY @")
        await d.press("2", "W")
        await d.until("from the outside input on")


async def test_names_in_an_explanation_are_made_safe(debug, process_file):
    async with debug(process_file(HOSTILE), paused=True) as d:
        await d.until("PAUSED")
        await d.press("n")
        await d.until("WAITING FOR YOU")
        await d.press("1")
        for node in d.screen.control.steps:
            d.screen.graph.select(node)
            await d.press("W")
            await d.until("Inspector")
            assert_harmless(d.app)
            await d.press("1")


async def test_the_answer_stays_while_its_links_are_followed(tmp_path):
    path = await record(tmp_path / "x.run")
    async with replaying(path) as d:
        await d.until("REPLAY @")
        await d.press("2", "W")
        await d.until("from the outside input on")
        before = d.screen.timeline.selected.seq
        while d.screen.inspector.outline.current.item.jump is None:
            await d.press("down")
        await d.press("enter")
        await d.until(lambda: d.screen.timeline.selected.seq != before)
        await d.until("from the outside input on")
