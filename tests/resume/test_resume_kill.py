"""A program that runs a process is killed at any moment; another one goes on with what it left."""

import functools
import json
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from process_core import RunState
from process_core.runfile import RunFile

PROGRAM = Path(__file__).with_name("killed_process.py")
ROUNDS = 30
KILLS = 2


def program(run_file, done_file, how):
    command = [sys.executable, PROGRAM, run_file, done_file, how, str(ROUNDS)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@dataclass
class Lines:
    """What a program reported and did.

    Attributes:
        told: The last event that it was told is written.
        end: How its run ended, or None where it was killed.
        begun: Calls that began, as (path and function, arguments).
        done: Calls that came to their last line.
    """

    told: int
    end: dict | None
    begun: Counter
    done: Counter


def lines_of(output, done_file, before):
    *whole, _ = output.split("\n")  # what follows the last line end is what the kill cut
    numbers = [int(line) for line in whole if line.isdecimal()]
    ends = [json.loads(line) for line in whole if line.startswith("{")]
    found = Lines(max(numbers, default=0), ends[0] if ends else None, Counter(), Counter())
    for line in done_file.read_text().splitlines()[before:]:
        word, call, value = line.split(" ", 2)
        (found.begun if word == "begun" else found.done)[call, value] += 1
    return found


def lines_in(path):
    return len(path.read_text().splitlines()) if path.exists() else 0


def run_to_the_end(run_file, done_file, how):
    before = lines_in(done_file)
    child = program(run_file, done_file, how)
    output, error = child.communicate(timeout=60)
    assert error == ""
    return lines_of(output, done_file, before)


@functools.cache
def undisturbed():
    with tempfile.TemporaryDirectory() as folder:
        return run_to_the_end(Path(folder) / "x.run", Path(folder) / "done", "start")


def killed(run_file, done_file, how, chooser):
    """Run until some moment, then kill -9."""
    before = lines_in(done_file)
    child = program(run_file, done_file, how)
    first = child.stdout.readline()
    try:
        child.wait(chooser.random() ** 2 * 0.4)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL)
    rest, error = child.communicate(timeout=60)
    assert error == ""
    return lines_of(first + rest, done_file, before)


def completed_in(run_file):
    """Return the calls that the file says have completed, taken over or not."""
    found = Counter()
    with RunFile(run_file) as file:
        rows = file.page(0, 10**6)
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        taken_over = {row.cause for row in rows if row.code == "taken_over"}
        calls = {row.seq: row for row in rows if row.type == "executor_invoked" and row.seq not in taken_over}
        for row in rows:
            if row.type == "executor_completed" and row.cause in calls:
                given = list(file.payload(calls[row.cause].data).values())
                found[f"{row.path}.{row.function}", json.dumps(given if len(given) > 1 else given[0])] += 1
    return found, len(rows)


def of_leaves(calls):
    """Leave out the calls of nested processes and maps."""
    leaves = {call for call, _ in undisturbed().begun}
    return Counter({call: number for call, number in calls.items() if call[0] in leaves})


def state_in(run_file):
    with RunFile(run_file) as file:
        return file.info.state


def check_killed(folder, seed):
    whole = undisturbed()
    chooser = random.Random(seed)
    run_file, done_file = folder / "x.run", folder / "done"
    how, finished = "start", Counter()
    for _ in range(chooser.randint(1, KILLS)):
        lines = killed(run_file, done_file, how, chooser)
        assert not lines.begun & finished - (whole.begun - finished), "a finished function ran again"
        finished, count = completed_in(run_file)
        assert count >= lines.told, "an event that was told is not in the file"
        how = "resume"
        if state_in(run_file) is RunState.STOPPED:  # it was quicker than the kill
            assert lines.end in (None, whole.end)
            assert of_leaves(finished) == whole.done
            return
    lines = run_to_the_end(run_file, done_file, how)
    assert lines.end == whole.end
    finished = of_leaves(finished)
    assert finished + lines.done == whole.done
    assert not lines.begun - (whole.begun - finished), "a finished function ran again"


@pytest.mark.parametrize("seed", range(8))
def test_a_killed_run_comes_to_the_same_end(tmp_path, seed):
    check_killed(tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 300))
def test_a_run_killed_at_any_of_many_moments_comes_to_the_same_end(tmp_path, seed):
    check_killed(tmp_path, seed)
