"""Every panel shows the moment that is looked at: queue, joins, chat, timeline, breakpoints and answers to "why"."""

import pytest
from recorded_runs import record, replaying, seq_of
from targets import CHAT
from test_replay_screen import FAN_IN, inspector_text

from process_core.debug.debug_state import PausePoint
from process_core.events import RunState
from process_core.session.protocol.status import Status
from process_core.session.protocol.verbs import Viewpoint, capabilities, verbs
from tui.actions import actions
from tui.moment import present_of, refused_actions


def queue_lines(d):
    messages = [f"{message.event_id} → {message.target}" for message in d.screen.queue.messages]
    return messages + [f"{w.path} misses {', '.join(w.missing)}" for w in d.screen.presenter.moment.status.waiting]


def dimmed(d):
    """Seqs of the rows on the screen that are dimmed."""
    timeline = d.screen.timeline
    later = timeline.get_component_rich_style("ground--later").color
    window, top = timeline._window, timeline.scroll_offset.y
    rows = range(timeline.HEADER, timeline.size.height)
    strips = {y: timeline.render_line(y) for y in rows if top + y - timeline.HEADER < window.count}
    return {
        window.seq_at(top + y - timeline.HEADER)
        for y, strip in strips.items()
        if all(segment.style.color == later for segment in strip if segment.text.strip())
    }


async def test_the_queue_of_a_recording_is_that_of_the_moment(tmp_path):
    path = await record(tmp_path / "x.run", FAN_IN, ())
    async with replaying(path, at=seq_of(path, "superstep_completed")) as d:
        await d.until(lambda: queue_lines(d) == ["go.OnResult → Both", "go.OnResult → Right"])
        await d.press("6")
        await d.until("▸   - go.OnResult → Both(left)")
        d.screen.timeline.select(seq_of(path, "input_waiting"))
        await d.until(lambda: queue_lines(d) == ["go.OnResult → Right", "Both misses right"])
        await d.until("◔ Both.join has left; misses right")
        d.screen.timeline.select(seq_of(path, "executor_invoked", 0, path="Right"))
        await d.until(lambda: queue_lines(d) == ["Both misses right"])
        d.screen.timeline.select(seq_of(path, "executor_invoked", 0, path="Both"))
        await d.until(lambda: queue_lines(d) == [])


async def test_the_queue_of_a_live_run_follows_into_the_past_and_back(debug, process_file):
    async with debug(process_file(FAN_IN), paused=True) as d:
        await d.until("PAUSED")
        for _ in range(3):
            await d.press("s")
            await d.settle()
        now = queue_lines(d)
        assert now
        await d.press("2", "N")
        await d.until("REPLAY @")
        await d.until(lambda: queue_lines(d) != now)
        seq = d.screen.presenter.moment.seq
        assert queue_lines(d)[: len(d.screen.queue.messages)] == [
            f"{message.event_id} → {message.target}" for message in d.screen.run_file.at(seq).messages
        ]
        await d.press("full_stop")
        await d.until(lambda: queue_lines(d) == now)


async def test_the_chat_and_the_timeline_show_what_was_later_no_longer(debug, process_file):
    async with debug(process_file(CHAT), breakpoints=("AssistantResponseGenerated",)) as d:
        await d.until("WAITING FOR YOU")
        await d.answer("hello")
        await d.until("PAUSED")
        await d.press("2")
        assert dimmed(d) == set()
        said = [entry.text for entry in d.screen.chat.transcript.entries]
        await d.command('back-to event_id == "introduce.OnResult"')
        await d.until("REPLAY @")
        seq = d.screen.presenter.moment.seq
        assert [entry.text for entry in d.screen.chat.transcript.entries] == said[:1]
        assert dimmed(d) == {at for at in range(seq + 1, d.status.written + 1) if at in shown(d)}
        await d.press("full_stop")
        await d.until(lambda: [entry.text for entry in d.screen.chat.transcript.entries] == said)
        assert dimmed(d) == set()


def shown(d):
    timeline = d.screen.timeline
    top, window = timeline.scroll_offset.y, timeline._window
    return {window.seq_at(place) for place in range(top, min(window.count, top + timeline.size.height - 1))}


async def test_a_question_of_the_past_is_not_answered_and_the_draft_stays(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("WAITING FOR YOU")
        await d.answer("hello")
        await d.until(lambda: d.status.requests and "you said hello" in d.text)
        await d.type("dra")
        await d.press("escape", "2", "N")
        await d.until("REPLAY @")
        await d.command("answer no")
        await d.until("this is the past")
        await d.press("escape")
        await d.press("full_stop")
        await d.until(lambda: "REPLAY" not in d.text)
        assert d.screen.chat.box.value == "dra"
        assert d.screen.chat.request is not None


async def test_breakpoints_show_the_hits_they_had_by_then(debug, process_file):
    async with debug(process_file(CHAT), breakpoints=("AssistantResponseGenerated",)) as d:
        await d.until("WAITING FOR YOU")
        await d.answer("hello")
        await d.until("PAUSED")
        await d.press("5")
        await d.until(lambda: hits(d) == [1])
        await d.press("2", "N")
        await d.until("REPLAY @")
        await d.press("5")
        await d.until(lambda: hits(d) == [0])
        await d.press("full_stop")
        await d.until(lambda: hits(d) == [1])


def hits(d):
    return [spec.hit_count for spec in d.screen.breakpoints._specs]


async def test_an_open_answer_to_why_follows_the_run(debug, process_file):
    async with debug(process_file(CHAT), breakpoints=("UserInputReceived",)) as d:
        await d.until("WAITING FOR YOU")
        await d.command("why Response")
        await d.until(lambda: "has not run" in inspector_text(d))
        await d.answer("hello")
        await d.until("PAUSED")
        await d.press("3")
        await d.press("c")
        await d.until(lambda: d.status.paused is None and d.status.requests)
        await d.until(lambda: "ran once" in inspector_text(d))


async def test_an_open_answer_to_why_shows_the_moment(tmp_path):
    path = await record(tmp_path / "x.run")
    async with replaying(path) as d:
        await d.until("REPLAY @")
        await d.command("why Response")
        await d.until(lambda: "ran once" in inspector_text(d))
        d.screen.presenter._led_to = 5
        d.screen.timeline.select(5)
        await d.until(lambda: "has not run" in inspector_text(d))


def refused_at(viewpoint, status):
    return refused_actions(capabilities(status, viewpoint, "not from here"), viewpoint, "not from here")


@pytest.mark.parametrize("viewpoint", Viewpoint)
def test_what_cannot_be_done_at_a_moment_is_what_the_verb_table_does_not_reach(viewpoint):
    refused = refused_at(viewpoint, Status(state=RunState.IN_PROGRESS, paused=PausePoint("pause"), undo="an edit"))
    sent = {action.name: verbs()[action.verb] for action in actions() if action.verb}
    assert {name for name, verb in sent.items() if verb.reach < viewpoint} == refused.keys() & sent.keys()
    assert set(refused.values()) <= {"not from here"}


def test_in_the_past_of_a_run_what_acts_on_what_is_seen_is_refused():
    paused = Status(state=RunState.IN_PROGRESS, paused=PausePoint("pause"))
    past = refused_at(Viewpoint.PAST, paused).keys()
    assert {"drop", "state", "into", "out", "run_to", "answer", "next_request", "undo"} <= past
    assert not {"step", "next", "continue", "pause", "toggle_break", "why", "restart", "reload"} & past


def test_in_the_past_of_a_run_that_is_over_only_the_record_is_walked_through():
    past = refused_at(Viewpoint.PAST, Status(state=RunState.STOPPED))
    assert past["pause"] == "the run is over (STOPPED)"
    assert not {"step", "next", "continue", "why"} & past.keys()


def test_on_a_recording_only_what_reads_it_is_left():
    recorded = refused_at(Viewpoint.RECORDING, Status(state=RunState.IDLE)).keys()
    assert {"continue", "pause", "toggle_break", "drop", "restart", "send"} <= recorded
    assert not {"step", "next", "step_back", "why", "resume", "quit", "search"} & recorded


def test_what_is_recorded_can_be_read_when_the_worker_is_out_of_reach():
    reasons = capabilities(Status(state=RunState.IDLE), out_of_reach="the worker died")
    assert (reasons["send_event"], reasons["step"], reasons["explain"]) == ("the worker died", "the worker died", None)
    past = capabilities(Status(state=RunState.IDLE), Viewpoint.PAST, out_of_reach="the worker died")
    assert (past["send_event"], past["step"], past["explain"]) == ("the worker died", None, None)


def test_a_present_moment_refuses_what_the_verb_table_refuses():
    over = present_of(None, Status(state=RunState.STOPPED), ())
    paused = present_of(None, Status(state=RunState.IN_PROGRESS, paused=PausePoint("pause")), ())
    assert over.refused["continue"] == "the run is not paused"
    assert "over" in over.refused["drop"]
    assert {"continue", "step", "drop"}.isdisjoint(paused.refused)
    assert paused.refused["undo"] == "nothing to undo since this pause"
