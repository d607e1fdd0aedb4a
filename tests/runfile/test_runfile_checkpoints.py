import contextlib
import dataclasses
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from runfile_cases import event, loop_events, record, writer

from process_core.events import NO_DATA, RunState
from process_core.graph import Edge, SourceKind
from process_core.runfile import (
    Filter,
    RunFile,
    RunFileError,
    RunFileWriter,
    checkpoints,
    fork_run_file,
    to_plain,
)
from process_core.runfile.codec.compact_checkpoint import expand
from process_core.runfile.schema import FORMAT, tables_of

EDGES = [Edge("A.Go -> B.run(n)", "", SourceKind.EVENT, "A", "Go", "B", "run", "n")]


class ChatState(BaseModel):
    messages: list[str] = []


@dataclasses.dataclass
class Counter:
    count: int = 0


class Opaque:
    pass


@pytest.fixture
def three(tmp_path):
    """A run with a checkpoint after each of three supersteps of five events."""
    path = tmp_path / "x.run"
    chat = ChatState()
    with writer(path) as out:
        out.checkpoint(superstep=0, seq=0, states={"Chat": chat, "Idle": Counter()}, versions={"Idle": "2"})
        for one in loop_events(15):
            out.append(one)
            if one.seq % 5 == 0:
                chat.messages.append(f"m{one.seq}")
                states = {"Chat": chat} | ({"outer/Late": {"k": (1, 2)}} if one.seq == 10 else {})
                out.checkpoint(
                    superstep=one.seq // 5,
                    seq=one.seq,
                    states=states,
                    extra={"count": Counter(one.seq), "data": NO_DATA, "slots": [[1], []]},
                )
    return path


def test_checkpoints_are_listed_with_their_parents(three):
    found = checkpoints(three)
    assert [(one.id, one.parent, one.superstep, one.seq) for one in found] == [
        (1, None, 0, 0),
        (6, 1, 1, 5),
        (11, 6, 2, 10),
        (16, 11, 3, 15),
    ]


@pytest.mark.parametrize(
    ("seq", "messages"), [(0, []), (4, []), (5, ["m5"]), (12, ["m5", "m10"]), (99, ["m5", "m10", "m15"])]
)
def test_the_state_at_an_event_is_that_of_the_last_checkpoint_before(three, seq, messages):
    with RunFile(three) as run:
        states = run.state_at(seq)
    assert ChatState.model_validate(to_plain(states["Chat"])).messages == messages
    assert str(states["Idle"]) == "Counter(count=0)"


def test_a_step_shows_no_state_before_it_had_one(three):
    with RunFile(three) as run:
        assert "outer/Late" not in run.state_at(9)
        assert run.state_at(10)["outer/Late"] == {"k": (1, 2)}


def test_a_state_is_recorded_as_it_was_at_the_call(tmp_path):
    state = Counter(1)
    with writer(tmp_path / "x.run") as out:
        out.checkpoint(superstep=0, seq=0, states={"A": state})
        state.count = 2
    with RunFile(tmp_path / "x.run") as run:
        assert run.state_at(0)["A"].value == {"count": 1}


def test_a_snapshot_holds_all_that_a_checkpoint_was_given(three):
    with RunFile(three) as run:
        snapshot = run.snapshot(run.checkpoint_at(14))
    assert snapshot.checkpoint.seq == 10
    assert snapshot.extra["count"].value == {"count": 10}
    assert snapshot.extra["data"] is NO_DATA
    assert snapshot.extra["slots"] == [[1], []]
    assert snapshot.versions == {"Idle": "2"}
    assert set(snapshot.states) == {"Chat", "Idle", "outer/Late"}


def test_there_is_no_checkpoint_before_the_first(tmp_path):
    with RunFile(record(tmp_path / "x.run", loop_events(5))) as run:
        assert run.checkpoint_at(5) is None
        assert run.checkpoints() == []
        assert run.state_at(5) == {}


def test_a_missing_checkpoint_is_an_error(three):
    with RunFile(three) as run, pytest.raises(RunFileError, match="no checkpoint 99"):
        run.snapshot(99)


def test_a_checkpoint_takes_the_place_of_one_that_covers_the_same_events(tmp_path):
    with writer(tmp_path / "x.run") as out:
        out.checkpoint(superstep=1, seq=0, extra={"n": 1})
        out.checkpoint(superstep=1, seq=0, extra={"n": 2})
    with RunFile(tmp_path / "x.run") as run:
        (found,) = run.checkpoints()
        assert run.snapshot(found).extra == {"n": 2}


def test_a_checkpoint_says_what_cannot_be_made_again(tmp_path):
    with writer(tmp_path / "x.run") as out:
        lost = out.checkpoint(superstep=0, seq=0, states={"A": [Opaque()], "B": Counter()}, extra={"data": Opaque()})
    assert list(lost) == ["A", "extra"]


def test_the_history_of_a_state_is_read_oldest_first(three):
    with RunFile(three) as run:
        history = run.state_history("Chat")
        assert [seq for seq, _ in history] == [0, 5, 10, 15]
        assert [len(state.value["messages"]) for _, state in history] == [0, 1, 2, 3]
        assert [seq for seq, _ in run.state_history("Chat", limit=2)] == [10, 15]


def test_what_does_not_change_is_stored_once(tmp_path):
    joins = [{"slot": n, "values": ["x" * 50]} for n in range(1000)]
    with writer(tmp_path / "x.run") as out:
        for one in loop_events(200):
            out.append(one)
            out.checkpoint(superstep=one.seq, seq=one.seq, extra={"joins": joins})
    assert (tmp_path / "x.run").stat().st_size < 200_000


@given(st.lists(st.dictionaries(st.sampled_from("ABC"), st.integers() | st.lists(st.text(max_size=30)), max_size=3)))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_state_at_every_event_is_what_replaying_the_changes_gives(tmp_path_factory, changes):
    path = tmp_path_factory.mktemp("runs") / "x.run"
    expected, so_far = [{}], {}
    with writer(path) as out:
        for seq, changed in enumerate(changes, 1):
            out.append(event(seq))
            out.checkpoint(superstep=seq, seq=seq, states=changed)
            so_far = so_far | changed
            expected.append(so_far)
    with RunFile(path) as run:
        assert [run.state_at(seq) for seq in range(len(changes) + 1)] == expected


def test_checkpoints_go_on_after_a_resume(three):
    out = RunFileWriter.resume(three)
    out.append(event(16))
    out.checkpoint(superstep=4, seq=16, states={"Chat": ChatState(messages=["new"]), "More": 1})
    out.close()
    found = checkpoints(three)
    assert (found[-1].id, found[-1].parent) == (17, 16)
    with RunFile(three) as run:
        assert run.state_at(16)["Chat"].value == {"messages": ["new"]}
        assert run.state_at(15)["Chat"].value == {"messages": ["m5", "m10", "m15"]}


def test_a_fork_begins_like_its_parent_and_goes_on_by_itself(three, tmp_path):
    into = tmp_path / "forks" / "y.run"
    with RunFile(three) as run:
        point = fork_run_file(three, into, checkpoint=run.checkpoint_at(10), run_id="run-2")
        parent_rows = run.page(0, 10)
    assert point.superstep == 2
    out = RunFileWriter.resume(into)
    assert out.written == 10
    out.append(event(11, data="another way", run_id="run-2"))
    out.checkpoint(superstep=3, seq=11, states={"Chat": ChatState(messages=["edited"])})
    out.close(RunState.STOPPED)
    with RunFile(into) as child:
        info = child.info
        assert child.page(0, 10) == parent_rows
        assert child.count() == 11
        assert child.step_counts()["S0"].invoked == 1
        assert child.payload(child.row(11).data) == "another way"
        assert child.state_at(10)["Chat"].value == {"messages": ["m5", "m10"]}
        assert child.state_at(11)["Chat"].value == {"messages": ["edited"]}
        assert child.snapshot(point.id).extra["count"].value == {"count": 10}
        assert [one.seq for one in child.checkpoints()] == [0, 5, 10, 11]
    assert (info.run_id, info.parent_run, info.parent_superstep, info.parent_seq) == ("run-2", "run-1", 2, 10)


def test_a_fork_leaves_its_parent_as_it_was(three, tmp_path):
    before = three.read_bytes()
    fork_run_file(three, tmp_path / "y.run", checkpoint=6, run_id="run-2")
    assert three.read_bytes() == before


def test_a_fork_of_a_running_run_takes_what_is_there(tmp_path):
    with writer(tmp_path / "x.run") as out:
        for one in loop_events(5):
            out.append(one)
        out.checkpoint(superstep=1, seq=5, states={"A": 1})
        out.append(event(6))
        out.flush()
        fork_run_file(tmp_path / "x.run", tmp_path / "y.run", checkpoint=6, run_id="run-2")
    with RunFile(tmp_path / "y.run") as child:
        assert (child.count(), child.state_at(5)) == (5, {"A": 1})


def test_a_fork_copies_the_large_payloads_it_needs_and_no_others(tmp_path):
    with writer(tmp_path / "x.run") as out:
        out.append(event(1, data="a" * 5000))
        out.checkpoint(superstep=1, seq=1, states={"A": "state " * 500}, extra={"pending": "pending " * 500})
        out.append(event(2, data="b" * 5000))
    fork_run_file(tmp_path / "x.run", tmp_path / "y.run", checkpoint=2, run_id="run-2")
    with RunFile(tmp_path / "y.run") as child:
        assert child.payload(child.row(1).data) == "a" * 5000
        assert child.state_at(1) == {"A": "state " * 500}
        assert child.snapshot(2).extra == {"pending": "pending " * 500}
        assert child._connection.one("SELECT count(*) FROM payloads") == (3,)


def test_a_fork_never_overwrites(three, tmp_path):
    (tmp_path / "y.run").write_text("precious")
    with pytest.raises(RunFileError, match="exists already"):
        fork_run_file(three, tmp_path / "y.run", checkpoint=6, run_id="run-2")
    assert (tmp_path / "y.run").read_text() == "precious"


def test_a_fork_from_nowhere_is_an_error_and_leaves_nothing(three, tmp_path):
    with pytest.raises(RunFileError, match="no checkpoint 77"):
        fork_run_file(three, tmp_path / "y.run", checkpoint=77, run_id="run-2")
    assert not (tmp_path / "y.run").exists()


@pytest.fixture
def compact(tmp_path):
    """A run with a compact checkpoint after each of two supersteps of five events."""
    path = tmp_path / "x.run"
    with writer(path, graph_edges=EDGES) as out:
        out.checkpoint(superstep=0, seq=0, states={"A": 0})
        for one in loop_events(10):
            if one.seq % 5 == 0:
                out.state("A", one.seq, seq=one.seq - 1)
                out.compact_checkpoint(
                    f"[0,0,{{}},{{}},[[0,{one.seq - 1},1]]]", superstep=one.seq // 5, seq=one.seq - 1
                )
            out.append(one)
    return path


def test_a_compact_checkpoint_stands_with_the_event_that_ends_its_superstep(compact):
    with RunFile(compact) as run:
        assert [(one.id, one.parent, one.superstep, one.seq) for one in run.checkpoints()] == [
            (1, None, 0, 0),
            (5, 1, 1, 4),
            (10, 5, 2, 9),
        ]
        assert run.snapshot(10).extra == expand([0, 0, {}, {}, [[0, 9, 1]]], 2, EDGES)
        assert run.extra_at(4) == expand([0, 0, {}, {}, [[0, 4, 1]]], 1, EDGES)
        assert run.snapshot(10).states == {"A": 10}


@pytest.mark.parametrize(("seq", "before", "after"), [(0, 1, 5), (3, 1, 5), (4, 5, 10), (8, 5, 10), (9, 10, None)])
def test_the_checkpoints_around_an_event_are_found(compact, seq, before, after):
    with RunFile(compact) as run:
        found = run.checkpoint_after(seq)
        assert (run.checkpoint_at(seq).id, found and found.id) == (before, after)


def test_a_compact_checkpoint_is_no_payload_of_its_event(compact):
    with RunFile(compact) as run:
        assert [(row.data, row.preview, row.size) for row in run.page(4, 1)] == [(None, "", 0)]
        view = run.view(Filter(texts=("[0,4,1]",)))
        view.advance()
        assert list(view.seqs) == []


def test_a_compact_checkpoint_whose_event_does_not_come_next_is_written_all_the_same(tmp_path):
    with writer(tmp_path / "x.run", graph_edges=EDGES) as out:
        out.append(event(1))
        out.compact_checkpoint("[0,0,{},{},[]]", superstep=1, seq=1)
        out.append(event(2))
        out.compact_checkpoint("[0,0,{},{},[]]", superstep=2, seq=2)
    with RunFile(tmp_path / "x.run") as run:
        assert [(one.superstep, one.seq) for one in run.checkpoints()] == [(1, 1), (2, 2)]


def test_a_large_compact_checkpoint_is_read_like_a_small_one(tmp_path):
    text = "y" * 1000
    with writer(tmp_path / "x.run", graph_edges=EDGES) as out:
        out.append(event(1))
        out.compact_checkpoint(f'[0,0,{{}},{{}},[[0,1,"{text}"]]]', superstep=1, seq=1)
        out.append(event(2, type="superstep_completed"))
    with RunFile(tmp_path / "x.run") as run:
        assert run.extra_at(1)["root"]["pending"][0]["data"] == text


def test_a_fork_from_a_compact_checkpoint_holds_it_without_its_event(compact, tmp_path):
    fork_run_file(compact, tmp_path / "y.run", checkpoint=10, run_id="run-2")
    with RunFile(compact) as run, RunFile(tmp_path / "y.run") as child:
        assert child.count() == 9
        assert child.checkpoints() == run.checkpoints()
        assert child.snapshot(10) == run.snapshot(10)


def as_format_3(path):
    """Rewrite a run file as programs wrote it before format 4."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        states = database.execute("SELECT step, seq, version, state FROM states").fetchall()
        points = database.execute(
            "SELECT superstep, seq, extra FROM checkpoints UNION"
            " SELECT superstep, seq - 1, CAST(data AS TEXT) FROM events WHERE typeof(data) = 'blob' ORDER BY 2"
        ).fetchall()
        database.executescript("DROP TABLE checkpoints; DROP TABLE states;")
        for statement in tables_of(3).split(";"):
            if " checkpoints" in statement or " states" in statement:
                database.execute(statement)
        columns = "(path, parent, superstep, seq, extra)"
        for place, point in enumerate(points):
            database.execute(f"INSERT INTO checkpoints {columns} VALUES ('', ?, ?, ?, ?)", (place or None, *point))
        for step, seq, version, state in states:
            database.execute("INSERT INTO states VALUES (?,?,?,?,?)", (step, seq, 1, version, state))
        database.execute("UPDATE events SET data = NULL WHERE typeof(data) = 'blob'")
        database.execute("PRAGMA user_version = 3")


@pytest.mark.parametrize("kind", ["three", "compact"])
def test_a_file_of_format_3_is_read_forked_and_continued_like_one_of_today(kind, request, tmp_path):
    path = request.getfixturevalue(kind)
    with RunFile(path) as run:
        points = run.checkpoints()
        snapshots = [run.snapshot(one) for one in points]
        last = run.count()
    as_format_3(path)
    with RunFile(path) as run:
        assert run.checkpoints() == points
        assert [run.snapshot(one) for one in points] == snapshots
    fork_run_file(path, tmp_path / "y.run", checkpoint=points[-1], run_id="run-2")
    with RunFile(tmp_path / "y.run") as child:
        assert [child.snapshot(one) for one in child.checkpoints()] == snapshots
    out = RunFileWriter.resume(path)
    out.append(event(last + 1))
    out.checkpoint(superstep=9, seq=last + 1, states={"A": 3})
    out.close()
    with RunFile(path) as run:
        assert run.checkpoints()[:-1] == points
        assert [run.snapshot(one) for one in points] == snapshots
        assert run.state_at(last + 1)["A"] == 3
    with contextlib.closing(sqlite3.connect(path)) as upgraded, contextlib.closing(sqlite3.connect(":memory:")) as new:
        new.executescript(tables_of(FORMAT))
        schema = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"
        assert upgraded.execute(schema).fetchall() == new.execute(schema).fetchall()


def test_an_older_checkpoint_that_was_written_again_counts_as_it_was_last(three):
    as_format_3(three)
    with contextlib.closing(sqlite3.connect(three)) as database:
        again = "INSERT INTO checkpoints (path, superstep, seq, extra) VALUES ('', 3, 15, '{\"n\":1}')"
        database.execute(again)
        database.commit()
    with RunFile(three) as run:
        assert [one.seq for one in run.checkpoints()] == [0, 5, 10, 15]
        assert run.snapshot(run.checkpoint_at(15)).extra == {"n": 1}
