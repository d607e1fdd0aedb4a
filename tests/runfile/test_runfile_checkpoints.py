import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from runfile_cases import event, loop_events, record, writer

from process_core.events import NO_DATA, RunState
from process_core.runfile import RunFile, RunFileError, RunFileWriter, checkpoints, fork_run_file, to_plain


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
                    pending=[{"route": "r", "data": Counter(one.seq)}, {"route": "s", "data": NO_DATA}],
                    joins=[{"step": "J", "slots": [[1], []]}],
                    requests=[{"request_id": "q"}] if one.seq == 15 else [],
                    answers=["hi"],
                    extra={"invocations": one.seq},
                )
    return path


def test_checkpoints_are_listed_with_their_parents(three):
    found = checkpoints(three)
    assert [(one.id, one.parent, one.superstep, one.seq) for one in found] == [
        (1, None, 0, 0),
        (2, 1, 1, 5),
        (3, 2, 2, 10),
        (4, 3, 3, 15),
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
    assert snapshot.pending[0]["data"].value == {"count": 10}
    assert snapshot.pending[1]["data"] is NO_DATA
    assert snapshot.joins == [{"step": "J", "slots": [[1], []]}]
    assert (snapshot.requests, snapshot.answers, snapshot.extra) == ([], ["hi"], {"invocations": 10})
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


def test_nested_processes_have_checkpoints_of_their_own(tmp_path):
    with writer(tmp_path / "x.run") as out:
        out.checkpoint(superstep=1, seq=0)
        out.checkpoint(superstep=1, seq=0, path="inner")
        out.checkpoint(superstep=2, seq=0)
    found = checkpoints(tmp_path / "x.run")
    assert [(one.path, one.parent) for one in found] == [("", None), ("inner", None), ("", 1)]
    with RunFile(tmp_path / "x.run") as run:
        assert run.checkpoint_at(0).id == 3
        assert run.checkpoint_at(0, "inner").id == 2


def test_a_checkpoint_says_what_cannot_be_made_again(tmp_path):
    with writer(tmp_path / "x.run") as out:
        lost = out.checkpoint(
            superstep=0, seq=0, states={"A": [Opaque()], "B": Counter()}, pending=[{"data": Opaque()}], joins=[1]
        )
    assert list(lost) == ["A", "pending"]


def test_the_history_of_a_state_is_read_oldest_first(three):
    with RunFile(three) as run:
        history = run.state_history("Chat")
        assert [seq for seq, _ in history] == [0, 5, 10, 15]
        assert [len(state.value["messages"]) for _, state in history] == [0, 1, 2, 3]
        assert [seq for seq, _ in run.state_history("Chat", limit=2)] == [10, 15]


def test_lists_that_do_not_change_are_stored_once(tmp_path):
    joins = [{"slot": n, "values": ["x" * 50]} for n in range(1000)]
    with writer(tmp_path / "x.run") as out:
        for superstep in range(200):
            out.checkpoint(superstep=superstep, seq=0, joins=joins)
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
    assert (found[-1].id, found[-1].parent) == (5, 4)
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
        assert child.snapshot(point.id).extra == {"invocations": 10}
        assert [one.seq for one in child.checkpoints()] == [0, 5, 10, 11]
    assert (info.run_id, info.parent_run, info.parent_superstep, info.parent_seq) == ("run-2", "run-1", 2, 10)


def test_a_fork_leaves_its_parent_as_it_was(three, tmp_path):
    before = three.read_bytes()
    fork_run_file(three, tmp_path / "y.run", checkpoint=2, run_id="run-2")
    assert three.read_bytes() == before


def test_a_fork_of_a_running_run_takes_what_is_there(tmp_path):
    with writer(tmp_path / "x.run") as out:
        for one in loop_events(5):
            out.append(one)
        out.checkpoint(superstep=1, seq=5, states={"A": 1})
        out.append(event(6))
        out.flush()
        fork_run_file(tmp_path / "x.run", tmp_path / "y.run", checkpoint=1, run_id="run-2")
    with RunFile(tmp_path / "y.run") as child:
        assert (child.count(), child.state_at(5)) == (5, {"A": 1})


def test_a_fork_copies_the_large_payloads_it_needs_and_no_others(tmp_path):
    with writer(tmp_path / "x.run") as out:
        out.append(event(1, data="a" * 5000))
        out.checkpoint(superstep=1, seq=1, states={"A": "state " * 500}, pending=["pending " * 500])
        out.append(event(2, data="b" * 5000))
    fork_run_file(tmp_path / "x.run", tmp_path / "y.run", checkpoint=1, run_id="run-2")
    with RunFile(tmp_path / "y.run") as child:
        assert child.payload(child.row(1).data) == "a" * 5000
        assert child.state_at(1) == {"A": "state " * 500}
        assert child.snapshot(1).pending == ["pending " * 500]
        assert child._connection.one("SELECT count(*) FROM payloads") == (3,)


def test_a_fork_never_overwrites(three, tmp_path):
    (tmp_path / "y.run").write_text("precious")
    with pytest.raises(RunFileError, match="exists already"):
        fork_run_file(three, tmp_path / "y.run", checkpoint=2, run_id="run-2")
    assert (tmp_path / "y.run").read_text() == "precious"


def test_a_fork_from_nowhere_is_an_error_and_leaves_nothing(three, tmp_path):
    with pytest.raises(RunFileError, match="no checkpoint 77"):
        fork_run_file(three, tmp_path / "y.run", checkpoint=77, run_id="run-2")
    assert not (tmp_path / "y.run").exists()
