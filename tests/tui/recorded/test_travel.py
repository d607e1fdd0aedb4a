"""Going back through what is recorded while the run is one's own."""

from targets import CHAT


async def test_capital_s_goes_back_an_event_and_leaves_the_run_alone(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("escape", "2")
        last = d.screen.timeline.selected.seq
        await d.press("S", "S")
        await d.until(lambda: d.screen.timeline.selected.seq == last - 2)
        await d.until(f"REPLAY @{last - 2}")
        assert d.status.state.value == "IDLE_WITH_PENDING_REQUESTS"


async def test_capital_n_goes_back_to_the_end_of_the_superstep_before(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("escape", "N")
        await d.until(lambda: d.screen.timeline.selected.type == "superstep_completed")
        last = d.screen.timeline.selected.superstep
        await d.press("N")
        await d.until(lambda: d.screen.timeline.selected.superstep == last - 1)
