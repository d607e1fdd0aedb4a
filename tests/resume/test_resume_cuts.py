"""A run that was cut off after any event, and gone on with, comes to what the undisturbed run comes to."""

import pytest
from comparing import Undisturbed
from cutting import Ran, checkpoint_seqs, cut, rows_of, run_on
from stories import STORIES

from process_core import RunState
from process_core.resume import ResumeError

STRIDE = 9


def check_cuts(story, folder, monkeypatch, seqs):
    """Cut the run of a story after each of some events, go on, and compare."""
    ran = Ran(monkeypatch)
    build, outside = STORIES[story]
    whole = Undisturbed(build(), outside, folder / "whole.run", ran)
    target = folder / "cut.run"
    count, stops = len(rows_of(whole.path)), checkpoint_seqs(whole.path)
    for seq in seqs(count):
        if seq == count and whole.end.state is RunState.STOPPED:
            continue
        for with_checkpoint in {True, seq not in stops}:
            cut(whole.path, target, seq, with_checkpoint=with_checkpoint)
            try:
                whole.check(target, ran)
            except Exception as error:
                raise AssertionError(f"cut after event {seq} of {count}, checkpoint {with_checkpoint}") from error


@pytest.mark.parametrize("story", STORIES)
def test_a_run_cut_off_comes_to_the_same_end(story, tmp_path, monkeypatch):
    # Each story begins elsewhere, so that together they cut at every kind of event.
    begin = 1 + list(STORIES).index(story) % STRIDE
    check_cuts(story, tmp_path, monkeypatch, lambda count: range(begin, count + 1, STRIDE))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("story", STORIES)
def test_a_run_cut_off_after_any_event_comes_to_the_same_end(story, tmp_path, monkeypatch):
    check_cuts(story, tmp_path, monkeypatch, lambda count: range(1, count + 1))


def test_a_run_that_had_said_it_was_stopped_is_refused(tmp_path, monkeypatch):
    build, outside = STORIES["conversation"]
    whole = Undisturbed(build(), outside, tmp_path / "whole.run", Ran(monkeypatch))
    assert whole.end.state is RunState.STOPPED
    with pytest.raises(ResumeError, match="was stopped"):
        run_on(whole.process, outside, whole.path)


def test_a_run_cut_off_between_its_stop_and_its_last_word_is_stopped_at_once(tmp_path, monkeypatch):
    ran = Ran(monkeypatch)
    build, outside = STORIES["conversation"]
    whole = Undisturbed(build(), outside, tmp_path / "whole.run", ran)
    cut(whole.path, tmp_path / "cut.run", len(rows_of(whole.path)) - 1)
    end = run_on(whole.process, outside, tmp_path / "cut.run")
    assert end.state is RunState.STOPPED
    assert not ran.take()[0]
