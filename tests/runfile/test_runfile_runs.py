import io
import json
import subprocess

import pytest
from runfile_cases import STARTED, event, program, record, writer

from process_core.runfile import (
    RunFileError,
    UnreadableRun,
    export_jsonl,
    list_runs,
    new_run_path,
    prune_runs,
    remove_run,
    runs_folder,
)

DAY = 86_400


def run_of_day(folder, day, *, size=0):
    path = folder / f"day{day}.run"
    moment = STARTED + day * DAY
    record(path, [event(1, timestamp=moment, data=[f"{n} of {day}" for n in range(size)])], started=moment)
    return path


def names(runs):
    return [run.path.name for run in runs]


def test_the_runs_folder_keeps_itself_out_of_version_control(tmp_path):
    folder = runs_folder(tmp_path)
    assert folder == tmp_path / ".stepscope" / "runs"
    record(new_run_path("A", folder), [event(1)])
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    status = subprocess.run(
        ["git", "-C", tmp_path, "status", "--porcelain", "-uall"], check=True, capture_output=True, text=True
    )
    assert status.stdout == ""


def test_making_the_runs_folder_again_keeps_what_is_there(tmp_path):
    folder = runs_folder(tmp_path)
    (folder / ".gitignore").write_text("mine")
    assert runs_folder(tmp_path) == folder
    assert (folder / ".gitignore").read_text() == "mine"


def test_a_runs_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / ".stepscope").write_text("a file in the way")
    with pytest.raises(RunFileError, match="runs cannot be kept there"):
        runs_folder(tmp_path)


@pytest.mark.parametrize(
    ("process", "part"),
    [("Chat Bot!", "-chat-bot-"), ("../../etc/passwd", "-etc-passwd-"), ("", "-run-"), ("é", "-run-")],
)
def test_a_new_path_names_the_process_and_stays_in_its_folder(tmp_path, process, part):
    path = new_run_path(process, tmp_path, now=STARTED)
    assert path.parent == tmp_path
    assert part in path.name
    assert path.suffix == ".run"


def test_new_paths_are_free_and_sort_by_time(tmp_path):
    paths = [new_run_path("A", tmp_path, now=STARTED + n) for n in range(5)]
    assert len(set(paths)) == 5
    assert sorted(paths) == paths


def test_runs_are_listed_latest_first(tmp_path):
    for day in (2, 1, 3):
        run_of_day(tmp_path, day)
    assert names(list_runs(tmp_path)) == ["day3.run", "day2.run", "day1.run"]


def test_a_file_that_cannot_be_read_is_listed_with_the_reason(tmp_path):
    (tmp_path / "bad.run").write_text("nonsense")
    (tmp_path / "notes.txt").write_text("no run at all")
    (found,) = list_runs(tmp_path)
    assert isinstance(found, UnreadableRun)
    assert "not a run file" in str(found.error)


def test_listing_a_folder_that_is_not_there_gives_nothing(tmp_path):
    assert list_runs(tmp_path / "nowhere") == []


def test_pruning_by_age_removes_the_old_ones(tmp_path):
    for day in (1, 2, 3):
        run_of_day(tmp_path, day)
    removed = prune_runs(tmp_path, max_age=1.5 * DAY, now=STARTED + 4 * DAY)
    assert names(removed) == ["day2.run", "day1.run"]
    assert names(list_runs(tmp_path)) == ["day3.run"]


def test_pruning_by_size_removes_the_oldest_until_the_rest_fits(tmp_path):
    sizes = [run_of_day(tmp_path, day, size=5000).stat().st_size for day in (1, 2, 3)]
    removed = prune_runs(tmp_path, max_bytes=sizes[1] + sizes[2])
    assert names(removed) == ["day1.run"]
    assert names(list_runs(tmp_path)) == ["day3.run", "day2.run"]


def test_the_latest_are_kept_whatever_their_age(tmp_path):
    for day in (1, 2, 3):
        run_of_day(tmp_path, day)
    assert names(prune_runs(tmp_path, max_age=0, keep=2, now=STARTED + 9 * DAY)) == ["day1.run"]


def test_a_dry_run_removes_nothing(tmp_path):
    run_of_day(tmp_path, 1)
    assert names(prune_runs(tmp_path, max_bytes=0, dry_run=True)) == ["day1.run"]
    assert names(list_runs(tmp_path)) == ["day1.run"]


def test_a_live_run_is_never_pruned(tmp_path):
    with writer(tmp_path / "live.run") as out:
        out.append(event(1))
        out.flush()
        assert prune_runs(tmp_path, max_age=0, max_bytes=0, now=STARTED + 99 * DAY) == []
    assert names(prune_runs(tmp_path, max_bytes=0)) == ["live.run"]


def test_a_run_that_another_process_writes_is_never_pruned(tmp_path):
    child = program(
        "import sys\nfrom runfile_cases import writer\nout = writer(sys.argv[1])\nprint('open', flush=True)\ninput()",
        tmp_path / "live.run",
    )
    child.stdout.readline()
    assert list_runs(tmp_path)[0].is_live
    assert prune_runs(tmp_path, max_bytes=0) == []
    child.kill()
    child.communicate()
    assert not list_runs(tmp_path)[0].is_live
    assert names(prune_runs(tmp_path, max_bytes=0)) == ["live.run"]
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_read_is_never_pruned(tmp_path):
    (tmp_path / "bad.run").write_text("nonsense")
    assert prune_runs(tmp_path, max_age=0, max_bytes=0, now=STARTED + 999 * DAY) == []
    assert (tmp_path / "bad.run").exists()


def test_removing_what_is_not_there_is_an_error(tmp_path):
    with pytest.raises(RunFileError, match="no such file"):
        remove_run(tmp_path / "x.run")


def test_an_export_says_all_exactly_and_shows_every_character(tmp_path):
    said = "a\x7f\x9b31m\u202eb\u200b\ue000\U000e0041 é漢\u2028"
    record(tmp_path / "x.run", [event(1, data={said: said}, event_id=said)])
    out = io.StringIO()
    assert export_jsonl(tmp_path / "x.run", out) == 1
    (line,) = out.getvalue().splitlines()
    assert line.isprintable()
    exported = json.loads(line)
    assert exported["data"] == {said: said}
    assert exported["event_id"] == said
    assert "é漢" in line
