"""How a run stood at one of its events: what was on its way, and what waited in joins."""

import pytest

from process_core import ProcessBuilder, Step, StepContext, function
from process_core.runfile import RunFile


class Emit(Step):
    @function
    async def go(self, context: StepContext) -> None:
        await context.emit_event("Out", 1)
        await context.emit_event("Out", 2)


class Work(Step):
    @function
    async def work(self, x: int) -> int:
        return x


class Join(Step):
    @function
    async def join(self, left: int, right: int) -> int:
        return left + right


def build():
    process = ProcessBuilder("P")
    inner = ProcessBuilder("inner")
    one, two = inner.add_step(Work, name="One"), inner.add_step(Work, name="Two")
    inner.on_input_event("In").send_event_to(one)
    one.on_function_result().send_event_to(two)
    emit, join, work = process.add_step(Emit), process.add_step(Join), process.add_step(Work)
    nested = process.add_process(inner)
    process.on_input_event("start").send_event_to(emit)
    out = emit.on_event("Out")
    out.send_event_to(work).send_event_to(join, parameter="left").send_event_to(nested.where_input_event_is("In"))
    work.on_function_result().send_event_to(join, parameter="right")
    return process.build()


@pytest.fixture
async def run_file(tmp_path):
    await build().run("start", run_file=tmp_path / "x.run")
    with RunFile(tmp_path / "x.run") as file:
        yield file


def seq_of(file, type, path="", nth=0):
    return [row.seq for row in file.page(0, 1000) if (row.type, row.path) == (type, path)][nth]


def on_the_way(file, seq):
    return [(message.event_id, message.target) for message in file.at(seq).messages]


def test_the_outside_event_is_on_its_way_until_it_is_taken_in(run_file):
    assert on_the_way(run_file, 1) == [("start", "")]
    assert on_the_way(run_file, seq_of(run_file, "event_emitted")) == []


def test_what_a_superstep_brought_is_on_its_way_from_its_end_on(run_file):
    end = seq_of(run_file, "superstep_completed")
    assert on_the_way(run_file, end) == [("Out", target) for _ in range(2) for target in ("Work", "Join", "inner")]
    assert on_the_way(run_file, seq_of(run_file, "executor_completed", "Emit") - 1) == []


def test_a_call_takes_its_message_off(run_file):
    before = seq_of(run_file, "executor_invoked", "Work") - 1
    assert on_the_way(run_file, before).count(("Out", "Work")) == 2
    assert on_the_way(run_file, before + 1).count(("Out", "Work")) == 1


def test_a_value_waits_in_its_join_until_the_call(run_file):
    first = seq_of(run_file, "executor_invoked", "Join")
    brought = [row.seq for row in run_file.page(0, 1000) if row.event_id == "Out" and row.type == "event_emitted"]
    assert [value.seq for value in run_file.at(first - 1).buffered] == brought
    assert [value.seq for value in run_file.at(first).buffered] == brought[1:]
    assert run_file.at(seq_of(run_file, "input_waiting", "Join")).half_filled[0].missing == ("right",)


def test_inside_a_nested_process_its_own_messages_come_first(run_file):
    began = seq_of(run_file, "superstep_started", "inner")
    assert on_the_way(run_file, began)[0] == ("In", "inner/One")
    after = on_the_way(run_file, began + 1)
    assert after[0][0] == "Out"
    assert ("Out", "inner") in after
    assert ("In", "inner/One") not in after
    between = seq_of(run_file, "superstep_completed", "inner")
    assert on_the_way(run_file, between)[0] == ("work.OnResult", "inner/Two")
    after = on_the_way(run_file, seq_of(run_file, "executor_invoked", "inner/Two"))
    assert after[0][0] == "Out"
    assert ("Out", "inner") in after
    assert ("work.OnResult", "inner/Two") not in after


def test_nothing_is_on_its_way_at_the_end(run_file):
    at = run_file.at()
    assert (at.messages, at.buffered, at.state.value) == ((), (), "IDLE")
