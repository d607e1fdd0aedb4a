"""Random processes, cut off at random moments up to three times, come to what they come to undisturbed."""

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import pytest
from comparing import Undisturbed
from cutting import EndlessError, Ran, cut, rows_of, run_on
from described import Described, PlainStep
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from random_processes import EVENTS, processes
from real_processes import builder_of

from process_core import ProcessBuilder, RunState, Step, StepFailure, function

LIMIT = 12  # what goes on for longer often doubles at every turn
MOST = 400  # calls in a run: each keeps a log of all calls before it, so that larger runs show little but patience
QUIET = list(HealthCheck)
BOUNDED = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # shrinking takes minutes; the long test does it
    suppress_health_check=QUIET,
)
FEW = settings(BOUNDED, max_examples=10)
LONG = settings(max_examples=5_000, deadline=None, database=None, suppress_health_check=QUIET)


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


class Keep(Step[list[Any]]):
    """Keeps what comes; of a failure not where and when, which another attempt says otherwise."""

    @function
    async def keep(self, what: Any) -> None:
        self.state.append((what.type, what.message, what.step) if isinstance(what, StepFailure) else what)


def as_it_is(described, outside):
    return builder_of(described).build(), outside


def mapped(described, outside):
    """Map the process over what it would be given, beside one of the same kind; answers are passed on as a list."""
    process = ProcessBuilder("Mapped")
    each, beside = process.add_map_step(builder_of(described), name="Each"), process.add_process(builder_of(described))
    keep, failures = process.add_step(Keep, name="Keep"), process.add_step(Keep, name="Failures")
    event = described.inputs[0]
    process.on_input_event("Start").send_event_to(each.where_input_event_is(event))
    process.on_input_event("Beside").send_event_to(beside.where_input_event_is(event))
    for step in (each, beside):
        step.on_function_result().send_event_to(keep)
        step.on_function_error().send_event_to(failures)
        for public in EVENTS:
            step.on_event(public).send_event_to(keep)
    data = [number for _, number in outside]
    return process.build(), [("Start", data), ("Beside", data[0]), ("Start", data[1:])]


def check_case(case, ran, shown, make):
    process, outside = make(*case[:2])
    cuts = case[2]
    with tempfile.TemporaryDirectory() as folder:
        try:
            whole = Undisturbed(process, outside, Path(folder) / "whole.run", ran, LIMIT)
        except EndlessError:
            reject()
        if whole.end.error == "SuperstepLimitError" or whole.end.state is RunState.CANCELLED:
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


def check(profile, make):
    shown = set()
    with pytest.MonkeyPatch.context() as monkeypatch:
        ran = Ran(monkeypatch, MOST)

        @profile
        @given(cut_cases())
        def compare(case) -> None:
            check_case(case, ran, shown, make)

        compare()
    return shown


@pytest.mark.timeout(120)
def test_random_runs_cut_off_come_to_the_same_end():
    assert check(BOUNDED, as_it_is) == {RunState.IDLE, RunState.STOPPED, RunState.FAILED}


@pytest.mark.timeout(120)
def test_random_processes_in_maps_cut_off_come_to_the_same_end():
    assert RunState.IDLE in check(FEW, mapped)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("make", [as_it_is, mapped])
def test_random_runs_cut_off_come_to_the_same_end_for_long(make):
    check(LONG, make)
