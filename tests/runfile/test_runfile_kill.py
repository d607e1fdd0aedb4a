import random
import signal
import textwrap

import pytest
from runfile_cases import loop_events, program

from process_core.events import RunState
from process_core.runfile import RunFile, RunFileWriter, checkpoints

# Reports, through a pipe, how far it heard that the file goes; then it is killed at some moment.
RECORDS = textwrap.dedent("""
    import os, sys, time
    from runfile_cases import loop_events, writer
    out = writer(sys.argv[1], on_written=lambda seq: os.write(1, b"%d\\n" % seq))
    out.checkpoint(superstep=0, seq=0, states={"A": 0})
    for one in loop_events(10_000_000):
        if one.seq % 7 == 0:
            one.data = {"text": "some words " * (one.seq % 300), "seq": one.seq}
        out.append(one)
        if one.seq % 5 == 0:
            out.checkpoint(superstep=one.seq // 5, seq=one.seq, states={"A": one.seq}, extra={"pending": one.seq})
        if one.seq % 50 == 0:
            time.sleep(0.0005)
""")


def killed(path, chooser):
    """Record until some moment, then kill -9; give the last seq that the writer called written."""
    child = program(RECORDS, path)
    told = [int(child.stdout.readline()) for _ in range(chooser.randrange(1, 6))]
    try:
        child.wait(chooser.random() * 0.08)
    except Exception:
        child.send_signal(signal.SIGKILL)
    rest, error = child.communicate(timeout=60)
    assert (child.returncode, error) == (-signal.SIGKILL, "")
    # What follows the last line end is a number that the kill cut.
    return max([*told, *(int(line) for line in rest.rpartition("\n")[0].split())])


def check(path, told):
    with RunFile(path) as run:
        info = run.info
        rows = run.page(0, 10**7)
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        assert len(rows) >= told
        for row in rows[::50]:
            run.payload(row.data)
        last = run.checkpoint_at(told)
        assert last is not None
        assert last.seq >= told - 5
        assert run.state_at(told) == {"A": last.seq}
        assert all(one.seq <= len(rows) for one in run.checkpoints())
    assert info.is_interrupted
    assert not info.is_live


@pytest.mark.parametrize("seed", range(8))
def test_a_killed_writer_loses_nothing_that_it_called_written(tmp_path, seed):
    path = tmp_path / "x.run"
    check(path, killed(path, random.Random(seed)))


def test_the_file_of_a_killed_writer_can_be_gone_on_with(tmp_path):
    path = tmp_path / "x.run"
    killed(path, random.Random(99))
    out = RunFileWriter.resume(path)
    last = out.written
    for one in loop_events(10, first=last + 1):
        out.append(one)
    out.close(RunState.IDLE)
    with RunFile(path) as run:
        assert run.count() == last + 10
        assert not run.info.is_interrupted
    assert checkpoints(path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["x.run"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 300))
def test_a_writer_killed_at_any_of_many_moments_loses_nothing(tmp_path, seed):
    path = tmp_path / "x.run"
    check(path, killed(path, random.Random(seed)))
