"""How a recorded run is found, and what is said of it."""

import dataclasses
import time
from pathlib import Path

import pytest

from process_core.events import RunState
from process_core.runfile import RUNS_FOLDER, RunInfo
from tui.errors import UsageError
from tui.recorded.describe import ago, how_on, size_words, state_words
from tui.recorded.resuming import folder_of, target_of
from tui.recorded.run_lookup import find_run

ENDED = RunInfo(
    path=Path("x.run"), run_id="r", process="P", target="p.py", started=0.0, ended=1.0, state=RunState.STOPPED,
    is_live=False, events=1, last_timestamp=1.0, size=1,
)  # fmt: skip


def info(**changes):
    return dataclasses.replace(ENDED, **changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "STOPPED"),
        ({"is_live": True, "ended": None, "state": RunState.IN_PROGRESS}, "LIVE, running"),
        ({"ended": None, "state": RunState.IN_PROGRESS}, "INTERRUPTED while running"),
        ({"ended": None, "state": RunState.IDLE_WITH_PENDING_REQUESTS}, "INTERRUPTED while waiting"),
        ({"state": RunState.IDLE_WITH_PENDING_REQUESTS}, "WAITING"),
        ({"ended": None, "state": RunState.FAILED}, "FAILED"),
    ],
)
def test_a_run_stands_as_its_file_says(changes, words):
    assert state_words(info(**changes)) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"), (1, "1 s ago"), (59, "59 s ago"), (60, "1 min ago"), (3600, "1 h ago"), (86_400, "1 d ago"),
        (59 * 86_400, "59 d ago"), (-5, "just now"),
    ],
)  # fmt: skip
def test_times_are_written_as_people_do(seconds, words):
    now = time.time()
    assert ago(now - seconds, now) == words


@pytest.mark.parametrize("moment", [0.0, 1e300, -1e300, float("inf"), float("nan")])
def test_a_time_that_is_none_is_shown_somehow(moment):
    assert ago(moment, time.time())


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"), (10**13, "10.0 TB")],
)
def test_sizes_are_reported_with_a_unit(size, words):
    assert size_words(size) == words


def test_how_one_goes_on_depends_on_how_the_run_ended():
    assert "stepscope resume x.run" in how_on(info(state=RunState.FAILED))
    assert "--superstep 7" in how_on(info(), 7)
    assert "another process runs it" in how_on(info(is_live=True))


def test_a_path_with_spaces_is_quoted():
    assert "stepscope resume 'my run.run'" in how_on(info(path=Path("my run.run"), state=RunState.FAILED))


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / RUNS_FOLDER
    folder.mkdir(parents=True)
    for name in ("20250101-chat-1.run", "20250101-chat-2.run", "20250202-mail-1.run"):
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("20250101-chat-1", "20250101-chat-1.run"),
        ("20250101-chat-2.run", "20250101-chat-2.run"),
        ("20250202", "20250202-mail-1.run"),
        (".stepscope/runs/20250202-mail-1.run", "20250202-mail-1.run"),
    ],
)
def test_a_run_is_found_by_path_name_or_beginning(runs, word, name):
    assert find_run(word) == runs / name


@pytest.mark.parametrize(
    ("word", "message"), [("20250101", "could be"), ("mail", "no file"), ("../x", "no file"), ("", "is a folder")]
)
def test_what_is_no_run_is_reported(runs, word, message):
    with pytest.raises(UsageError, match=message):
        find_run(word)


def test_the_target_is_the_one_named_or_the_one_recorded():
    assert target_of(info(), "other.py") == "other.py"
    assert target_of(info(), None) == "p.py"
    with pytest.raises(UsageError, match="--target"):
        target_of(info(target=None), None)


def test_a_target_is_looked_for_where_the_run_was_recorded(runs, tmp_path, monkeypatch):
    (tmp_path / "p.py").touch()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert folder_of(runs / "20250202-mail-1.run", "p.py:build") == tmp_path
    assert folder_of(runs / "20250202-mail-1.run", "gone.py") == elsewhere
    assert folder_of(tmp_path / "x.run", "p.py") == elsewhere
