"""The debug screen on a recorded run."""

import asyncio
import sys

import pytest
from recorded_runs import PROCESS, built, record, replaying, seq_of, settled
from targets import FAILS, HOSTILE
from test_hostile_text import assert_harmless

from process_core.runfile import RunFile
from tui.graph.render.overlay import Mark

FAN_IN = """
from process_core import ProcessBuilder, Step, StepContext, function


class Left(Step):
    @function
    async def go(self) -> int:
        return 1


class Slow(Step):
    @function
    async def go(self) -> None: ...


class Right(Step):
    @function
    async def go(self) -> int:
        return 2


class Both(Step):
    @function
    async def join(self, left: int, right: int) -> int:
        return left + right


def build():
    process = ProcessBuilder("Join")
    left, slow, right, both = (process.add_step(step) for step in (Left, Slow, Right, Both))
    process.on_input_event("Go").send_event_to(left).send_event_to(slow)
    slow.on_function_result().send_event_to(right)
    left.on_function_result().send_event_to(both, parameter="left")
    right.on_function_result().send_event_to(both, parameter="right")
    return process.build()
"""


@pytest.fixture
async def chat(tmp_path):
    return await record(tmp_path / "x.run")


async def test_the_end_is_shown_first_with_graph_timeline_and_chat(chat):
    async with replaying(chat) as d:
        last = seq_of(chat, "status", -1)
        text = await d.until(f"REPLAY @{last}")
        assert all(part in text for part in ("ended STOPPED", "ChatBot", "UserInputReceived", "you said hello"))


async def test_the_code_of_the_run_is_not_imported(chat, monkeypatch):
    (chat.parent / "target.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(chat.parent)
    monkeypatch.delitem(sys.modules, "target", raising=False)
    async with replaying(chat) as d:
        await d.until("you said hello")
        assert "target" not in sys.modules


async def test_capital_s_and_s_go_from_event_to_event(chat):
    async with replaying(chat, at=20) as d:
        await d.until("REPLAY @20")
        await d.press("S", "S")
        await d.until("REPLAY @18")
        await d.press("s")
        await d.until("REPLAY @19")


async def test_capital_n_and_n_go_from_superstep_to_superstep(chat):
    ends = [seq_of(chat, "superstep_completed", n) for n in range(3)]
    async with replaying(chat, at=ends[1]) as d:
        await d.until(f"REPLAY @{ends[1]}")
        await d.press("n")
        await d.until(f"REPLAY @{ends[2]}")
        await d.press("N", "N")
        await d.until(f"REPLAY @{ends[0]}")
        await d.press("N")
        await d.until("REPLAY @1 ")
        await d.press("N")
        await d.until("this is the first event")


async def test_after_the_last_superstep_comes_the_end(chat):
    async with replaying(chat, at=seq_of(chat, "superstep_completed", -1)) as d:
        await d.press("n")
        await d.until(f"REPLAY @{seq_of(chat, 'status', -1)}")
        await d.press("n")
        await d.until("this is the last event so far")


async def test_the_graph_shows_what_had_run_by_then(chat):
    at = seq_of(chat, "request_info", 0)
    async with replaying(chat, at=at) as d:
        await d.until(f"REPLAY @{at}")
        await d.until(lambda: d.screen.graph.overlay.counts == {"Intro": 1})
        assert d.screen.graph.overlay.states == {"Intro": Mark.DONE, "UserInput": Mark.WAITING}
        await d.press("n", "n", "n")
        await d.until(lambda: d.screen.graph.overlay.counts == {"Intro": 1, "UserInput": 1, "Response": 1})


async def test_a_running_step_is_shown_running(chat):
    at = seq_of(chat, "executor_invoked", 0, path="Response")
    async with replaying(chat, at=at) as d:
        await d.until(lambda: d.screen.graph.overlay.states.get("Response") is Mark.RUNNING)


async def test_a_failed_step_is_shown_failed_from_its_failure_on(tmp_path):
    path = await record(tmp_path / "x.run", FAILS, ())
    async with replaying(path) as d:
        await d.until("ended FAILED")
        await d.until(lambda: d.screen.graph.overlay.states.get("Bad") is Mark.FAILED)
        d.screen.timeline.select(seq_of(path, "executor_invoked"))
        await d.until(lambda: d.screen.graph.overlay.states.get("Bad") is Mark.RUNNING)


async def test_a_half_filled_join_says_what_it_had(tmp_path):
    path = await record(tmp_path / "x.run", FAN_IN, ())
    async with replaying(path, at=seq_of(path, "input_waiting")) as d:
        await d.until(lambda: d.screen.graph.overlay.waiting.get("Both") == "1/2 needs right")
        await d.press("n", "n", "n")
        await d.until(lambda: d.screen.graph.overlay.states.get("Both") is Mark.DONE)


async def test_the_chain_of_causes_of_the_selected_event_is_lit(chat):
    at = seq_of(chat, "executor_invoked", 0, path="Response")
    async with replaying(chat, at=at) as d:
        await d.until(lambda: len(d.screen.graph.overlay.lit) == 3)
        events = {edge.event_id for edge in d.screen.edges if edge.key in d.screen.graph.overlay.lit}
        assert events == {"startProcess", "introduce.OnResult", "UserInputReceived"}


async def test_the_page_of_an_event_shows_its_steps_state_as_it_was(tmp_path):
    path = await record(tmp_path / "x.run", answers=("one", "two", "exit"))
    first, second = (seq_of(path, "executor_completed", n, path="Response") for n in (0, 1))
    async with replaying(path, at=first) as d:
        await d.until(f"REPLAY @{first}")
        await d.press("3")
        text = await d.until("State")
        assert "one" in text.partition("State")[2]
        assert "0: 'two'" not in text
        d.screen.timeline.select(second)
        await d.until(lambda: "two" in inspector_text(d))


async def test_a_step_in_the_inspector_stays_there_and_shows_its_state_then(tmp_path):
    path = await record(tmp_path / "x.run", answers=("one", "two", "exit"))
    async with replaying(path) as d:
        await d.press("1")
        d.screen.graph.select("Response")
        d.screen.presenter.show_step("Response")
        await d.until(lambda: "two" in inspector_text(d))
        while d.screen.presenter.moment.seq > seq_of(path, "executor_completed", 0, path="Response"):
            await d.press("S")
        await d.until(lambda: "one" in inspector_text(d) and "two" not in inspector_text(d))
        assert "Response" in inspector_text(d)


async def test_an_event_of_the_process_shows_the_states_of_all_steps(chat):
    async with replaying(chat, at=seq_of(chat, "superstep_completed", -1)) as d:
        await d.until(lambda: "States" in inspector_text(d) and "Response" in inspector_text(d))


async def test_every_verb_of_a_live_run_is_refused_with_the_way_on(tmp_path):
    path = await record(tmp_path / "seen.run", answers=("hello",))
    async with replaying(path, at=seq_of(path, "event_emitted", -1)) as d:
        await d.until(f"REPLAY @{seq_of(path, 'event_emitted', -1)}")
        await d.press("2")
        for key in "cpirXRabt":
            d.screen.keys_line.hush()
            await d.press(key)
            text = await d.until("read-only: ")
            assert "resume" in text
            assert "seen.run" in text


async def test_what_is_sent_from_the_command_line_is_refused_too(chat):
    async with replaying(chat) as d:
        await d.command("send startProcess")
        await d.until("read-only: it was STOPPED")


async def test_an_interrupted_run_says_so(tmp_path):
    path = await record(tmp_path / "x.run", answers=("hello",), cut_off=tmp_path / "cut.run")
    async with replaying(path) as d:
        await d.until("INTERRUPTED while waiting")
        await d.until("◔ UserInput")


async def test_a_run_that_goes_on_is_followed(tmp_path):
    path = tmp_path / "x.run"
    run = built(PROCESS).start("startProcess", run_file=path)
    async with run:
        await run.idle()
        await settled(path, run)
        async with replaying(path) as d:
            await d.until("LIVE, waiting")
            await d.until("another process runs this")
            await run.respond(run.pending_requests[0].request_id, "hello")
            await d.until("you said hello")
            await d.press("2", "g")
            await d.until("REPLAY @1 ")
            await run.respond(run.pending_requests[0].request_id, "exit")
            await run.idle()
            await d.until(lambda: d.status.written == run.events[-1].seq)
            assert "REPLAY @1 " in d.text
        await asyncio.sleep(0)


async def test_leaving_asks_nothing(chat):
    async with replaying(chat) as d:
        await d.press("q")
        await d.until(lambda: not d.app.is_running or d.app._exit)


async def test_an_event_that_is_not_there_is_reported(chat):
    async with replaying(chat) as d:
        await d.command("goto 9999")
        await d.until("there is no event 9999")


async def test_no_panel_lets_anything_of_a_hostile_run_through(tmp_path):
    path = await record(tmp_path / "x.run", HOSTILE, ("x",), target="\x1b[2J\u202e.py")
    async with replaying(path, at=seq_of(path, "executor_failed")) as d:
        for panel in "123456":
            await d.press(panel)
            assert "[/x]" in d.text
            assert_harmless(d)
        await d.press("u")
        await d.until("That runs the code of")
        assert_harmless(d)


async def test_a_larger_screen_keeps_the_moment(chat):
    async with replaying(chat, size=(120, 30), at=30) as d:
        await d.until("REPLAY @30")
        await d.pilot.resize_terminal(120, 60)
        await d.pilot.pause(0.2)
        assert "REPLAY @30" in d.text


async def test_what_was_said_later_is_not_in_the_chat(chat):
    async with replaying(chat, at=seq_of(chat, "response", 0)) as d:
        await d.until(f"REPLAY @{seq_of(chat, 'response', 0)}")
        transcript = d.screen.chat.transcript
        assert [entry.text for entry in transcript.entries][-1] == "hello"
        said = [line for line in transcript._lines if line.seq <= seq_of(chat, "response", 0)]
        assert len(said) < len(transcript._lines)
        assert transcript.virtual_size.height == len(said)
        assert not transcript.render_line(len(said)).text.strip()
        await d.press("n", "n")
        await d.until(lambda: d.screen.chat.transcript.entries[-1].text == "you said hello")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_screen_is_usable_at_every_size(chat, size):
    async with replaying(chat, size=size) as d:
        text = await d.until("REPLAY @")
        assert "ended STOPPED" in text
        assert "s S event  n N superstep" in text.splitlines()[-1]
        assert "? help" in text.splitlines()[-1]


async def test_a_file_that_is_lost_on_the_way_is_reported_and_the_screen_stays(chat, monkeypatch):
    async with replaying(chat) as d:
        monkeypatch.setattr(RunFile, "last_seqs", _damaged)
        await d.press("S")
        await d.until("it is damaged")
        assert d.app.is_running


def _damaged(*_):
    from process_core.runfile import RunFileError

    raise RunFileError("x.run", "it is damaged")


def inspector_text(d):
    region = d.screen.inspector.region
    return "\n".join(line[region.x : region.right] for line in d.text.splitlines()[region.y : region.bottom])
