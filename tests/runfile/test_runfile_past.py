"""A run as it stood at an earlier event."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runfile_cases import event, loop_events, record, writer

from process_core.runfile import RunFile, StepCount
from process_core.runfile.read.step_counts import _STRIDE

EVENTS = 3 * _STRIDE + 77


@pytest.fixture(scope="module")
def long_run(tmp_path_factory):
    path = tmp_path_factory.mktemp("past") / "x.run"
    return record(path, loop_events(EVENTS))


@pytest.fixture(scope="module")
def rows(long_run):
    return [(e.path, e.type, e.seq) for e in loop_events(EVENTS)]


@settings(max_examples=30, deadline=None)
@given(seqs=st.lists(st.integers(0, EVENTS + 5), min_size=1, max_size=4))
def test_counts_of_the_past_are_those_of_the_events_up_to_there(long_run, rows, seqs):
    with RunFile(long_run) as run:
        for until in seqs:
            counted = Counter((path, kind) for path, kind, seq in rows[:until])
            found = run.step_counts(until)
            assert {path: count.completed for path, count in found.items()} == {
                path: counted[path, "executor_completed"] for path in {path for path, _ in counted}
            }


@settings(max_examples=20, deadline=None)
@given(until=st.integers(0, EVENTS))
def test_the_last_events_of_the_past_are_those_up_to_there(long_run, rows, until):
    expected = {}
    for path, kind, seq in rows[:until]:
        if kind == "executor_invoked":
            expected.setdefault(path, {})[kind] = seq
    with RunFile(long_run) as run:
        assert run.last_seqs({"executor_invoked"}, until) == expected
        assert {
            kind: row.seq for kind, row in run.last_rows("S1", ["executor_invoked"], until).items()
        } == expected.get("S1", {})


def test_the_past_can_be_prepared_a_little_at_a_time(long_run):
    with RunFile(long_run) as run:
        assert not run.prepare_past(0.0)
        assert run.prepare_past(60.0)
        assert run.step_counts(EVENTS - 1) != run.step_counts()


def test_the_past_stays_what_it_was_while_the_run_goes_on(tmp_path):
    with writer(tmp_path / "x.run") as out:
        for one in loop_events(50):
            out.append(one)
        assert out.flush(10)
        with RunFile(tmp_path / "x.run") as run:
            before = run.step_counts(48)
            for one in loop_events(50, first=51):
                out.append(one)
            assert out.flush(10)
            assert run.step_counts(48) == before
            assert run.step_counts(100) == run.step_counts()


def test_before_the_first_event_no_step_had_done_anything(tmp_path):
    with RunFile(record(tmp_path / "x.run", [event(1, "executor_invoked", path="A")])) as run:
        assert run.step_counts(0) == {}
        assert run.step_counts(1) == {"A": StepCount(invoked=1, last_seq=1)}


@pytest.fixture
def with_states(tmp_path):
    path = tmp_path / "x.run"
    with writer(path) as out:
        for superstep in range(1, 4):
            for one in loop_events(5, first=5 * superstep - 4):
                out.append(one)
            out.checkpoint(superstep=superstep, seq=5 * superstep, states={"S": superstep})
        assert out.flush(10)
    with RunFile(path) as run:
        yield run


@pytest.mark.parametrize(("until", "values"), [(4, []), (5, [1]), (14, [1, 2]), (15, [1, 2, 3]), (None, [1, 2, 3])])
def test_the_history_of_a_state_ends_where_it_is_asked_to(with_states, until, values):
    assert [value for _, value in with_states.state_history("S", until=until)] == values


@pytest.mark.parametrize(("seq", "superstep"), [(0, 1), (4, 1), (5, 2), (14, 3)])
def test_the_checkpoint_after_an_event_is_found(with_states, seq, superstep):
    assert with_states.checkpoint_after(seq).superstep == superstep


def test_there_is_no_checkpoint_after_the_last(with_states):
    assert with_states.checkpoint_after(15) is None
