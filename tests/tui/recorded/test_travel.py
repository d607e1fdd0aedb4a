"""Going back through what is recorded while the run is one's own."""

from targets import CHAT

from process_core.runfile import list_runs


async def paused_at_the_response(d):
    await d.until("WAITING FOR YOU")
    await d.answer("hello")
    await d.until("PAUSED")
    await d.press("2")


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


async def test_the_past_shows_graph_and_steps_as_they_were_and_a_key_returns(debug, process_file):
    async with debug(process_file(CHAT), breakpoints=("AssistantResponseGenerated",)) as d:
        await paused_at_the_response(d)
        assert d.screen.graph.overlay.counts["Response"] == 1
        await d.command('back-to event_id == "introduce.OnResult"')
        await d.until("REPLAY @")
        assert "Response" not in d.screen.graph.overlay.counts
        assert "the run: PAUSED @" in d.text
        await d.press("full_stop")
        await d.until(lambda: d.text.lstrip().startswith("PAUSED"))
        assert d.screen.graph.overlay.counts["Response"] == 1


async def test_in_the_past_s_and_n_look_on_and_c_only_returns(debug, process_file):
    async with debug(process_file(CHAT), breakpoints=("AssistantResponseGenerated",)) as d:
        await paused_at_the_response(d)
        written = d.status.written
        await d.press("N")
        await d.until("REPLAY @")
        at = d.screen.timeline.selected.seq
        await d.press("S", "s", "s")
        await d.until(f"REPLAY @{at + 1}")
        await d.press("c")
        await d.until("c once more lets the run go on")
        assert d.status.paused is not None
        assert d.status.written == written


async def test_capital_c_goes_back_to_where_a_breakpoint_would_have_stopped(debug, process_file):
    async with debug(process_file(CHAT), breakpoints=("AssistantResponseGenerated",)) as d:
        await paused_at_the_response(d)
        await d.command('break UserInput if data == "Hello"')
        await d.until(lambda: len(d.status.breakpoints) == 2)
        await d.press("C")
        await d.until("REPLAY @")
        row = d.screen.timeline.selected
        assert (row.type, row.path, row.superstep) == ("executor_invoked", "UserInput", 2)
        await d.press("C")
        await d.until("no earlier event that a breakpoint matches")


async def test_nothing_is_changed_while_the_past_is_looked_at(debug, process_file):
    async with debug(process_file(CHAT), breakpoints=("AssistantResponseGenerated",)) as d:
        await paused_at_the_response(d)
        await d.press("N")
        await d.until("REPLAY @")
        for line in ("drop", "state Response {}", "runto Exit", "into"):
            await d.command(line)
            await d.until("this is the past")
            await d.press("escape")
            await d.press("N") if not d.screen.presenter.in_past else None
        assert d.status.undo is None


async def test_going_on_from_the_past_names_what_runs_again_and_forks(debug, process_file, tmp_path):
    async with debug(process_file(CHAT), breakpoints=("AssistantResponseGenerated",)) as d:
        await paused_at_the_response(d)
        before = d.status.run_file
        await d.press("N", "N")
        await d.until("REPLAY @")
        superstep = d.screen.timeline.selected.superstep
        await d.press("u")
        await d.until(f"Fork this run after superstep {superstep}?")
        await d.until("Response  1x")
        await d.press("y")
        await d.until(lambda: d.status.run_file not in ("", before))
        await d.until("forked after superstep")
        assert len(list_runs(tmp_path / "runs")) == 2


async def test_a_refused_fork_leaves_the_run_as_it_is(debug, process_file):
    async with debug(process_file(CHAT), breakpoints=("AssistantResponseGenerated",)) as d:
        await paused_at_the_response(d)
        await d.command("resume 99")
        await d.until("superstep 99 was not finished")
        assert d.status.paused is not None


async def test_the_past_is_explained_as_of_then(debug, process_file):
    async with debug(process_file(CHAT), breakpoints=("AssistantResponseGenerated",)) as d:
        await paused_at_the_response(d)
        await d.command("why Response")
        await d.until("ran once")
        await d.press("2")
        await d.command('back-to event_id == "introduce.OnResult"')
        await d.until("REPLAY @")
        await d.command("why Response")
        await d.until("has not run")
