import ctypes
import os
import sqlite3
import sys
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from runfile_cases import STARTED, event, loop_events, record, writer

from process_core.events import RunState
from process_core.graph import Edge, Node, SourceKind, StepKind
from process_core.runfile import RunFile, RunFileWriter
from process_core.runfile.write import writer as writing
from process_core.runfile.write.write_buffer import BLOCK


def rows_of(path):
    with RunFile(path) as run:
        return run.page(0, 10_000)


def test_every_field_of_an_event_comes_back(tmp_path):
    one = event(
        1,
        "executor_failed",
        data={"a": 1},
        details={"code": "boom", "more": [1]},
        state=RunState.FAILED,
        event_id="Go",
        request_id="q1",
        response_type="str",
        superstep=7,
        path="outer/Step",
        step="Step",
        function="run",
        causes=(5, 3),
        route="r1",
    )
    path = record(tmp_path / "x.run", [one])
    with RunFile(path) as run:
        row = run.row(1)
        assert run.payload(row.data) == {"a": 1}
        assert run.payload(row.details) == {"code": "boom", "more": [1]}
    assert (row.seq, row.type, row.superstep, row.path, row.step) == (1, "executor_failed", 7, "outer/Step", "Step")
    assert (row.function, row.event_id, row.route, row.state) == ("run", "Go", "r1", "FAILED")
    assert (row.request_id, row.response_type, row.code, row.generation) == ("q1", "str", "boom", 0)
    assert (row.causes, row.cause) == ((5, 3), 3)
    assert row.timestamp == pytest.approx(one.timestamp, abs=1e-6)


names = st.none() | st.text(max_size=6)
drafts = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["log", "data", "warning"]) | st.text(max_size=5),
        "data": st.none() | st.integers() | st.text() | st.lists(st.integers()) | st.text(min_size=500, max_size=3000),
        "path": st.text(max_size=6),
        "step": names,
        "function": names,
        "event_id": names,
        "route": names,
        "superstep": st.integers(0, 2**40),
        "causes": st.lists(st.integers(1, 100), max_size=3).map(tuple),
    }
)


@given(st.lists(drafts, max_size=30))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_recorded_is_read_again(tmp_path, found):
    path = tmp_path / f"{time.monotonic_ns()}.run"
    record(path, [event(seq, **fields) for seq, fields in enumerate(found, 1)])
    with RunFile(path) as run:
        rows = run.page(0, 100)
        assert len(rows) == len(found)
        for row, fields in zip(rows, found, strict=True):
            assert run.payload(row.data) == fields["data"]
            for name in ("type", "path", "step", "function", "event_id", "route", "superstep", "causes"):
                assert getattr(row, name) == fields[name]


def test_a_payload_is_recorded_as_it_was_when_the_event_was_taken_in(tmp_path):
    payload, nested = {"a": 1}, [[1]]
    with writer(tmp_path / "x.run") as out:
        out.append(event(1, data=payload))
        out.append(event(2, data=nested))
        payload["a"] = 2
        nested[0].append(2)
    with RunFile(tmp_path / "x.run") as run:
        assert [run.payload(row.data) for row in run.page(0, 2)] == [{"a": 1}, [[1]]]


def test_the_same_event_object_may_be_used_again(tmp_path):
    with writer(tmp_path / "x.run") as out:
        one = event(1, "progress")
        for seq in range(1, 4):
            one.seq, one.data = seq, seq * 10
            out.append(one)
    assert [row.preview for row in rows_of(tmp_path / "x.run")] == ["10", "20", "30"]


def test_an_event_is_in_the_file_within_the_promised_time(tmp_path):
    with writer(tmp_path / "x.run") as out:
        out.append(event(1))
        deadline = time.monotonic() + 5
        while out.written < 1 and time.monotonic() < deadline:
            time.sleep(0.001)
        with RunFile(tmp_path / "x.run") as run:
            assert run.count() == 1


def test_written_never_runs_ahead_of_the_file(tmp_path):
    seen = []
    path = tmp_path / "x.run"
    with writer(path, on_written=seen.append) as out, RunFile(path) as run:
        for one in loop_events(5000):
            out.append(one)
            if one.seq % 100 == 0:
                written = out.written
                assert run.count() >= written
        out.flush()
    assert seen == sorted(seen)
    assert seen[-1] == 5000


def test_flush_waits_until_everything_is_in_the_file(tmp_path):
    with writer(tmp_path / "x.run") as out:
        for one in loop_events(3000):
            out.append(one)
        assert out.flush(10)
        assert out.written == 3000
        with RunFile(tmp_path / "x.run") as run:
            assert run.count() == 3000


def test_a_closed_run_is_one_file(tmp_path):
    out = writer(tmp_path / "x.run")
    out.append(event(1))
    out.close(RunState.IDLE)
    assert len(rows_of(tmp_path / "x.run")) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["x.run"]


@pytest.mark.skipif(sys.platform != "linux", reason="inotify tells of files that come and go at once")
def test_no_journal_is_ever_beside_a_run(tmp_path):
    libc = ctypes.CDLL(None)
    created = 0x100
    made = libc.inotify_init1(os.O_NONBLOCK)
    libc.inotify_add_watch(made, os.fsencode(tmp_path), created)
    with writer(tmp_path / "x.run") as out:
        for each in loop_events(3):
            out.append(each)
    RunFileWriter.resume(tmp_path / "x.run").close()
    names = os.read(made, 65536)
    os.close(made)
    assert names.count(b".run-wal") == 2
    assert b"-journal" not in names


def test_a_run_closed_while_it_is_read_goes_on_being_readable(tmp_path):
    out = writer(tmp_path / "x.run")
    for one in loop_events(100):
        out.append(one)
    out.flush()
    with RunFile(tmp_path / "x.run") as run:
        before = run.page(0, 100)
        out.close(RunState.IDLE)
        assert run.page(0, 100) == before
        assert run.info.state is RunState.IDLE


def test_closing_twice_does_no_harm(tmp_path):
    out = writer(tmp_path / "x.run")
    out.close(RunState.STOPPED)
    out.close(RunState.FAILED)
    with RunFile(tmp_path / "x.run") as run:
        assert run.info.state is RunState.STOPPED


def test_an_event_after_closing_is_ignored(tmp_path):
    out = writer(tmp_path / "x.run")
    out.close()
    out.append(event(1))
    assert rows_of(tmp_path / "x.run") == []


def test_no_thread_is_left_behind(tmp_path):
    before = threading.active_count()
    record(tmp_path / "x.run", loop_events(10))
    assert threading.active_count() == before


def test_a_full_queue_makes_append_wait_and_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "MAX_QUEUE", 5000)
    longest = 0
    with writer(tmp_path / "x.run") as out:
        for one in loop_events(30_000):
            out.append(one)
            longest = max(longest, len(out.buffer))
    assert longest <= 5000 + BLOCK
    with RunFile(tmp_path / "x.run") as run:
        assert run.count() == 30_000


def test_many_large_payloads_make_append_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "MAX_QUEUE_BYTES", 100_000)
    with writer(tmp_path / "x.run") as out:
        for seq in range(1, 101):
            out.append(event(seq, data=f"{seq}" * 10_000))
            assert out._taken_bytes - out._done_bytes <= 130_000
    assert len(rows_of(tmp_path / "x.run")) == 100


def test_equal_large_payloads_are_stored_once(tmp_path):
    path = record(tmp_path / "x.run", [event(seq, data=["large"] * 10_000) for seq in range(1, 101)])
    assert path.stat().st_size < 200_000
    with RunFile(path) as run:
        assert len({row.data for row in run.page(0, 100)}) == 1


def test_equal_large_payloads_are_stored_once_even_long_apart(tmp_path, monkeypatch):
    monkeypatch.setattr("process_core.runfile.write.batch_writer._REMEMBERED_PAYLOADS", 10)
    same = {"text": "x" * 5000}
    events = [event(seq, data=same if seq in (1, 200) else f"{seq:0>100}") for seq in range(1, 201)]
    path = record(tmp_path / "x.run", events)
    with RunFile(path) as run:
        assert run.row(1).data == run.row(200).data


def test_names_seen_too_long_ago_may_be_written_again_and_still_read(tmp_path, monkeypatch):
    monkeypatch.setattr("process_core.runfile.write.name_table._REMEMBERED", 3)
    path = record(tmp_path / "x.run", [event(seq, event_id=f"e{seq % 7}") for seq in range(1, 101)])
    assert [row.event_id for row in rows_of(path)] == [f"e{seq % 7}" for seq in range(1, 101)]


def test_a_large_payload_is_compressed_and_comes_back(tmp_path):
    text = "the same words again and again, " * 100_000
    path = record(tmp_path / "x.run", [event(1, data=text)])
    assert path.stat().st_size < 300_000
    with RunFile(path) as run:
        row = run.row(1)
        assert run.payload(row.data) == text
        assert row.size == len(text) + 2
        assert row.preview.startswith("the same words")


@pytest.mark.parametrize(
    "fields",
    [
        {"event_id": "\ud800"},
        {"path": "a\0b"},
        {"event_id": ["no", "text"]},
        {"timestamp": float("nan")},
        {"details": "no mapping"},
        {"type": 5},
    ],
)
def test_an_event_with_impossible_fields_loses_neither_itself_nor_others(tmp_path, fields):
    path = record(tmp_path / "x.run", [event(1), event(2, **fields), event(3)])
    assert [row.seq for row in rows_of(path)] == [1, 2, 3]


def test_the_run_and_its_graph_can_be_read(tmp_path):
    nodes = (Node("A", "A", StepKind.STEP, ("run",), {"run": ("x", "y")}), Node("P", "P", StepKind.PROCESS))
    edges = (Edge("e1", "", SourceKind.EVENT, "A", "Go", "P", "start", "x", "data > 1", joined=True),)
    path = tmp_path / "deep" / "x.run"
    out = writer(path, graph_nodes=nodes, graph_edges=edges, metadata={"k": [1, (2,)]}, target="a.py:b")
    out.append(event(1, "status", state=RunState.IDLE))
    out.close(RunState.IDLE)
    with RunFile(path) as run:
        info = run.info
    assert (info.process, info.run_id, info.target, info.started) == ("Loop", "run-1", "a.py:b", STARTED)
    assert (info.state, info.is_live, info.events, info.is_interrupted) == (RunState.IDLE, False, 1, False)
    assert (info.nodes, info.edges) == (nodes, edges)
    assert info.metadata == {"k": [1, (2,)]}


def test_the_state_of_a_run_follows_its_status_events(tmp_path):
    path = tmp_path / "x.run"
    states = [RunState.IN_PROGRESS, RunState.IDLE, RunState.IN_PROGRESS, RunState.IDLE]
    with writer(path) as out, RunFile(path) as run:
        for seq, state in enumerate(states, 1):
            out.append(event(seq, "status", state=state))
            out.flush()
            assert run.info.state is state
            assert run.info.is_live


def test_a_run_closed_at_rest_has_ended_and_one_closed_in_progress_was_interrupted(tmp_path):
    for state, is_interrupted in ((RunState.IDLE, False), (RunState.IN_PROGRESS, True)):
        path = record(tmp_path / f"{state}.run", [event(1, "status", state=state)])
        with RunFile(path) as run:
            assert (run.info.state, run.info.is_interrupted) == (state, is_interrupted)


def test_a_resumed_run_goes_on_where_it_stopped(tmp_path):
    path = record(tmp_path / "x.run", loop_events(10))
    out = RunFileWriter.resume(path)
    assert out.written == 10
    for one in loop_events(10, first=11):
        out.append(one)
    out.close(RunState.STOPPED)
    rows = rows_of(path)
    assert [row.seq for row in rows] == list(range(1, 21))
    assert rows[-1].timestamp == pytest.approx(STARTED + 20 / 1000, abs=1e-6)


def test_events_after_a_reload_carry_the_new_generation_and_its_graph(tmp_path):
    path = tmp_path / "x.run"
    old, new = (Node("A", "A", StepKind.STEP),), (Node("A", "A", StepKind.STEP), Node("B", "B", StepKind.STEP))
    with writer(path, graph_nodes=old) as out:
        out.append(event(1))
        out.new_generation(1, seq=1, graph_nodes=new, graph_edges=())
        out.append(event(2))
    with RunFile(path) as run:
        assert [row.generation for row in run.page(0, 5)] == [0, 1]
        assert run.graph_at(1)[1] == old
        assert run.graph_at(2)[1] == new
        assert run.info.nodes == new


def test_events_from_many_producers_in_one_thread_keep_their_order(tmp_path):
    path = record(tmp_path / "x.run", loop_events(20_000))
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*), min(seq), max(seq) FROM events").fetchone() == (20_000, 1, 20_000)
    connection.close()


def test_a_listener_that_raises_does_not_end_the_recording(tmp_path):
    def raises(_):
        raise RuntimeError

    path = tmp_path / "x.run"
    with writer(path, on_written=raises) as out:
        out.append(event(1))
        out.flush()
        out.append(event(2))
    assert len(rows_of(path)) == 2
    assert out.failed is None


def test_a_state_given_as_a_model_is_shown_with_its_class(tmp_path):
    class ChatState(BaseModel):
        messages: list[str] = []

    path = record(tmp_path / "x.run", [event(1, "executor_completed", data=ChatState(messages=["hi"]))])
    assert rows_of(path)[0].preview == "ChatState(messages=['hi'])"
