"""Random processes, cut off at random moments up to three times, come to what they come to undisturbed."""

import dataclasses
import tempfile
from pathlib import Path

import pytest
from comparing import Undisturbed
from cutting import EndlessError, Ran, cut, rows_of, run_on
from described import Described, PlainStep
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from random_processes import processes
from real_processes import builder_of

from process_core import RunState

LIMIT = 12  # what goes on for longer often doubles at every turn
QUIET = list(HealthCheck)
BOUNDED = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # shrinking takes minutes; the long test does it
    suppress_health_check=QUIET,
)
LONG = settings(max_examples=10_000, deadline=None, database=None, suppress_health_check=QUIET)


def tame(step):
    """Leave out functions in threads: which of them are done when a sibling fails, nobody can say twice."""
    if isinstance(step, Described):
        return dataclasses.replace(step, steps=tuple(tame(inner) for inner in step.steps))
    functions = tuple(dataclasses.replace(f, wild=None if f.wild == "plain" else f.wild) for f in step.functions)
    return PlainStep(step.name, functions)


@st.composite
def cut_cases(draw: st.DrawFn):
    """Draw a process, its outside events, and where its run is cut off, each time as a share of what there is."""
    process = draw(processes(wild=True).map(tame))
    events = st.tuples(st.sampled_from(process.inputs), st.integers(0, 3))
    outside = draw(st.lists(events, min_size=1, max_size=3))
    cuts = st.tuples(st.floats(0, 1, exclude_max=True), st.booleans())
    return process, outside, draw(st.lists(cuts, min_size=1, max_size=3))


def check_case(case, ran, shown):
    described, outside, cuts = case
    with tempfile.TemporaryDirectory() as folder:
        try:
            whole = Undisturbed(builder_of(described).build(), outside, Path(folder) / "whole.run", ran, LIMIT)
        except EndlessError:
            reject()
        if whole.end.error == "SuperstepLimitError":
            reject()  # a run that goes on may take as many supersteps again
        shown.add(whole.end.state)
        source, least = whole.path, 1
        for number, (share, with_checkpoint) in enumerate(cuts):
            count = len(rows_of(source)) - (whole.end.state is RunState.STOPPED)
            least += int((count - least) * share)
            target = Path(folder) / f"cut{number}.run"
            cut(source, target, least, with_checkpoint=with_checkpoint or least == 1)
            if number + 1 < len(cuts):
                run_on(whole.process, outside, target, LIMIT)
                ran.take()
                source = target
        whole.check(target, ran)


def check(profile):
    shown = set()
    with pytest.MonkeyPatch.context() as monkeypatch:
        ran = Ran(monkeypatch)

        @profile
        @given(cut_cases())
        def compare(case) -> None:
            check_case(case, ran, shown)

        compare()
    assert shown == {RunState.IDLE, RunState.STOPPED, RunState.FAILED}


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_random_runs_cut_off_come_to_the_same_end():
    check(BOUNDED)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_random_runs_cut_off_come_to_the_same_end_for_long():
    check(LONG)
