"""For how long calls are said to run."""

import pytest

from process_core.events import RunState
from process_core.runfile import RunFileError
from process_core.session.protocol.status import Status
from tui.status.running_calls import RunningCall, RunningCalls


class File:
    """A run file as far as the calls go: path -> seq of its last call."""

    def __init__(self, **calls):
        self.calls = calls

    def last_seqs(self, types):
        assert types == {"executor_invoked"}
        return {path: {"executor_invoked": seq} for path, seq in self.calls.items()}

    def row(self, seq):
        if seq not in self.calls.values():
            raise RunFileError("x.run", "there is no such event")
        return type("Row", (), {"function": f"f{seq}"})


@pytest.fixture
def clock():
    return [100.0]


@pytest.fixture
def calls(clock):
    return RunningCalls(lambda: clock[0])


def running(*paths):
    return Status(state=RunState.IN_PROGRESS, running=paths)


def test_a_call_is_named_once_it_takes_long_and_the_longest_comes_first(calls, clock):
    calls.note(running("A"), File(A=5))
    clock[0] += 0.9
    calls.note(running("A", "B"), File(A=5, B=7))
    assert calls.is_any
    assert calls.long(File(A=5, B=7)) == []
    clock[0] += 2
    assert [call.name for call in calls.long(File(A=5, B=7))] == ["A.f5", "B.f7"]
    assert [call.text for call in calls.long(File(A=5, B=7))] == ["2.9 s", "2.0 s"]


def test_the_next_call_of_the_same_step_begins_at_nought(calls, clock):
    calls.note(running("A"), File(A=5))
    clock[0] += 9
    calls.note(running("A"), File(A=9))
    assert calls.long(File(A=9)) == []


def test_nothing_runs_any_more_where_the_run_is_at_rest_or_there_is_none(calls, clock):
    for status, file in ((Status(state=RunState.IDLE, running=("A",)), File(A=5)), (running("A"), None)):
        calls.note(running("A"), File(A=5))
        clock[0] += 9
        calls.note(status, file)
        assert not calls.is_any
        assert calls.long(file) == []


def test_a_call_that_is_not_recorded_yet_has_the_name_of_its_step(calls, clock):
    calls.note(running("A"), File())
    clock[0] += 2
    assert [call.name for call in calls.long(File())] == ["A"]


@pytest.mark.parametrize(
    ("seconds", "text", "short"),
    [(12.34, "12.3 s", "12s"), (61, "1 min 1 s", "61s"), (3599, "59 min 59 s", "59m"), (90_000, "1500 min 0 s", "25h")],
)
def test_times_are_written_to_fit(seconds, text, short):
    call = RunningCall("A", "A.f", seconds)
    assert (call.text, call.short) == (text, short)
