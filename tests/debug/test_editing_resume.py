"""What was changed by hand survives a run that is cut off while it is paused."""

import contextlib
import sqlite3
from collections import Counter
from typing import Any

import pytest
from debug_steps import Ask, Keep, Pair, Say, chain, ended, paused, wrapped
from pydantic import BaseModel

from process_core import ProcessBuilder, Step, StepContext, function
from process_core.debug import Debugger

RAN: Counter[str] = Counter()


class Total(BaseModel):
    """What was added up."""

    total: int = 0
    seen: list[Any] = []


class Add(Step[Total]):
    """Adds up, and counts each time it really runs."""

    @function
    async def add(self, context: StepContext, value: int) -> int:
        RAN[context.path] += 1
        self.state.total += value
        self.state.seen.append(value)
        return self.state.total


def adding() -> ProcessBuilder:
    """Say emits A to D; A and B go to One, C and D to Two; all results go to End."""
    process = ProcessBuilder("adding")
    say = process.add_step(Say)
    one, two, end = (process.add_step(Add, name=name) for name in ("One", "Two", "End"))
    process.on_input_event("go").send_event_to(say)
    for event_id, step in zip("ABCD", (one, one, two, two), strict=True):
        say.on_event(event_id).send_event_to(step)
    for step in (one, two):
        step.on_function_result().send_event_to(end)
    return process


def joining() -> ProcessBuilder:
    process = ProcessBuilder("joining")
    say, pair, end = process.add_step(Say), process.add_step(Pair), process.add_step(Keep, name="End")
    process.on_input_event("go").send_event_to(say)
    say.on_event("L").send_event_to(pair, parameter="left")
    say.on_event("R").send_event_to(pair, parameter="right")
    pair.on_function_result().send_event_to(end)
    return process


@pytest.fixture(autouse=True)
def _nothing_ran():
    RAN.clear()


@pytest.fixture
def cut_off(tmp_path):
    """Gives a copy of the file of a run that goes on, as if the run had been killed just now."""

    def cut(debugger: Debugger) -> Any:
        writer = debugger.run.record.file
        assert writer.flush(5)
        target = tmp_path / "cut.run"
        target.unlink(missing_ok=True)
        with (
            contextlib.closing(sqlite3.connect(writer.path)) as source,
            contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy,
        ):
            source.backup(copy)
            copy.execute("UPDATE run SET ended = NULL, pid = 1")
        return target

    return cut


def ids(debugger) -> list[int]:
    return [item.id for item in debugger.pending()]


def calls(events, path) -> list[Any]:
    return [event.data for event in events if event.type == "executor_invoked" and event.path == path]


async def both(debugger, cut_off, builder) -> tuple[Any, Any]:
    """Let a paused run go on, and resume what a kill would have left of it; give what both come to."""
    path = cut_off(debugger)
    await debugger.continue_()
    await ended(debugger)
    RAN.clear()
    resumed = await builder.build().resume(path)
    return debugger.run.result(), resumed


async def paused_before(debug, tmp_path, builder, *, data, **point):
    debugger = await debug(builder, {"once": True, **point}, data=data, run_file=tmp_path / "one.run")
    await paused(debugger)
    return debugger


async def test_a_changed_queue_is_delivered_by_the_run_that_is_resumed(debug, tmp_path, cut_off):
    debugger = await paused_before(debug, tmp_path, adding(), data=["A", "B", "C", "D"], event="B")
    b, c, d = ids(debugger)
    debugger.editor.edit(b, 100)
    debugger.editor.drop(c)
    debugger.editor.move(d)
    debugger.editor.duplicate(d)
    one, other = await both(debugger, cut_off, adding())
    assert other.step_states == one.step_states
    assert one.step_states["One"] == Total(total=100, seen=[0, 100])
    assert one.step_states["Two"] == Total(total=6, seen=[3, 3])
    assert RAN["One"] == 1  # what had been delivered before the change had completed
    assert other.state == one.state


async def test_what_was_taken_back_is_not_done_again(debug, tmp_path, cut_off):
    debugger = await paused_before(debug, tmp_path, adding(), data=["A", "B"], event="B")
    debugger.editor.edit(ids(debugger)[0], 100)
    debugger.editor.edit_state("One", {"total": 50})
    debugger.editor.undo()
    debugger.editor.undo()
    one, other = await both(debugger, cut_off, adding())
    assert other.step_states == one.step_states
    assert one.step_states["One"] == Total(total=1, seen=[0, 1])


async def test_an_injected_event_is_brought_in_again(debug, tmp_path, cut_off):
    debugger = await paused_before(debug, tmp_path, adding(), data=["A", "B"], event="B")
    debugger.editor.inject("D", 7, step="Say")
    debugger.editor.inject("go", ["C"])
    one, other = await both(debugger, cut_off, adding())
    assert other.step_states == one.step_states
    assert one.step_states["Two"].seen == [7, 0]


async def test_a_held_message_is_still_held(debug, tmp_path, cut_off):
    debugger = await paused_before(debug, tmp_path, adding(), data=["A", "B"], event="B")
    debugger.editor.hold(ids(debugger)[0])
    path = cut_off(debugger)
    again = Debugger(adding().build())
    await again.start(resume_from=path)
    assert await ended(again) == "IDLE"
    (item,) = again.pending()
    assert (item.event_id, item.held) == ("B", True)
    again.editor.let_go(item.id)
    assert await ended(again) == "IDLE"
    assert again.run.step_states["One"].seen == [0, 1]
    await again.close()


async def test_a_message_held_at_rest_survives_and_so_does_letting_it_go(debug, tmp_path, cut_off):
    debugger = await paused_before(debug, tmp_path, adding(), data=["A", "B"], event="B")
    debugger.editor.hold(ids(debugger)[0])
    await debugger.continue_()
    await ended(debugger)
    debugger.editor.edit(ids(debugger)[0], 8)
    path = cut_off(debugger)
    again = Debugger(adding().build())
    await again.start(resume_from=path)
    await ended(again)
    again.editor.let_go(again.pending()[0].id)
    await ended(again)
    assert again.run.step_states["One"].seen == [0, 8]
    await again.close()


async def test_a_join_whose_message_was_edited_or_dropped_comes_out_the_same(debug, tmp_path, cut_off):
    debugger = await paused_before(debug, tmp_path, joining(), data=["L", "R", "L", "R"], event="R")
    first = ids(debugger)[0]
    debugger.editor.drop(first)
    debugger.editor.edit(ids(debugger)[-1], "edited")
    one, other = await both(debugger, cut_off, joining())
    assert calls(one.events, "Pair") == calls(other.events, "Pair") == [{"left": 0, "right": "edited"}]


async def test_a_nested_queue_is_changed_again(debug, tmp_path, cut_off):
    inner = adding()
    process = wrapped(inner)
    debugger = await paused_before(debug, tmp_path, process, data=["A", "B", "C"], step="adding/Two")
    debugger.editor.edit(ids(debugger)[0], 60)
    debugger.editor.inject("A", 70, step="adding/Say")
    one, other = await both(debugger, cut_off, process)
    assert other.step_states == one.step_states
    assert one.step_states["adding/Two"].seen == [60]
    assert one.step_states["adding/One"].seen == [0, 1, 70]
    assert RAN["adding/One"] == 1


async def test_an_edited_state_is_the_state_of_the_run_that_is_resumed(debug, tmp_path, cut_off):
    debugger = await paused_before(debug, tmp_path, adding(), data=["A", "B", "C"], event="B")
    debugger.editor.edit_state("One", {"total": 1000, "seen": ["set"]})  # it has been called in this superstep
    debugger.editor.edit_state("Two", {"total": 2000})  # it has not
    one, other = await both(debugger, cut_off, adding())
    assert other.step_states == one.step_states
    assert one.step_states["One"] == Total(total=1001, seen=["set", 1])
    assert one.step_states["Two"].total == 2002


async def test_a_state_edited_at_rest_is_kept(debug, tmp_path, cut_off):
    debugger = await debug(chain("A", kind=Ask), run_file=tmp_path / "one.run")
    await ended(debugger)
    await debugger.close()
    debugger = await debug(adding(), data=["A"], run_file=tmp_path / "two.run")
    await ended(debugger)
    debugger.editor.edit_state("One", {"total": 1000})
    path = cut_off(debugger)
    async with adding().build().start(resume_from=path) as run:
        await run.idle()
        assert run.step_states["One"] == Total(total=1000)


async def test_a_call_that_was_to_be_completed_by_hand_is_not_made_again(debug, tmp_path, cut_off):
    debugger = await paused_before(debug, tmp_path, adding(), data=["A", "B", "C"], event="B")
    debugger.editor.force_complete("One", 500)
    one, other = await both(debugger, cut_off, adding())
    assert other.step_states == one.step_states
    assert one.step_states["One"].seen == [0]
    assert one.step_states["End"].seen == [0, 500, 2]
    assert RAN["One"] == 0


async def test_a_call_completed_by_hand_at_rest_is_completed_in_the_run_resumed(debug, tmp_path, cut_off):
    debugger = await debug(chain("A", "B", kind=Ask), run_file=tmp_path / "one.run")
    await ended(debugger)
    debugger.editor.force_complete("A", "mine")
    path = cut_off(debugger)
    async with chain("A", "B", kind=Ask).build().start(resume_from=path) as run:
        assert str(await run.idle()) == "IDLE"
        assert run.pending_requests == []


async def test_a_run_cut_off_twice_still_delivers_the_changed_queue(debug, tmp_path, cut_off):
    debugger = await paused_before(debug, tmp_path, adding(), data=["A", "B", "C"], event="B")
    debugger.editor.edit(ids(debugger)[0], 100)
    first = cut_off(debugger).rename(tmp_path / "first.run")
    again = Debugger(adding().build())
    again.add_breakpoint(event="C", once=True)
    await again.start(resume_from=first)
    await paused(again)
    again.editor.edit(ids(again)[0], 200)
    second = cut_off(again)
    await again.close()
    result = await adding().build().resume(second)
    assert result.step_states["One"].seen == [0, 100]
    assert result.step_states["Two"].seen == [200]


async def test_changes_after_going_on_do_not_leak_into_the_next_superstep(debug, tmp_path, cut_off):
    debugger = await paused_before(debug, tmp_path, adding(), data=["A", "B", "C"], event="B")
    debugger.editor.drop(ids(debugger)[0])
    debugger.add_breakpoint(step="End", once=True)
    await debugger.continue_()
    await paused(debugger)
    one, other = await both(debugger, cut_off, adding())
    assert other.step_states == one.step_states
    assert RAN == {"End": 2}
