"""`stepscope runs`."""

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from process_core.events import RunState, WorkflowEvent
from process_core.runfile import RUNS_FOLDER, RunFileWriter, list_runs
from tui.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
HOSTILE = "\x1b]52;c;aGk=\x07[/x]\u202e"
DAY = 86_400


def write(path, *, age=0.0, process="Chat", payload="x", state=RunState.STOPPED, events=3):
    """A run of some events that ended at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    started = time.time() - age
    out = RunFileWriter(path, process=process, run_id=f"id-{path.stem}", started=started)
    for seq in range(1, events + 1):
        kind, about = ("status", state) if seq == events else ("event_emitted", None)
        out.append(WorkflowEvent(kind, payload, seq=seq, run_id="r", timestamp=started, state=about, event_id="Go"))
    out.close()
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE run SET ended = started WHERE ended IS NOT NULL")
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / RUNS_FOLDER).mkdir(parents=True)
    return tmp_path / RUNS_FOLDER


@pytest.fixture
def runs(folder, capsys):
    def call(*arguments):
        try:
            code = main(["runs", *arguments])
        except SystemExit as ended:
            code = ended.code
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def left(folder):
    return sorted(path.name for path in folder.glob("*.run"))


def test_runs_are_listed_latest_first_with_what_a_user_asks_of_them(folder, runs):
    write(folder / "a.run", age=3 * DAY)
    write(folder / "b.run", age=90, process="Mail")
    code, out, _ = runs()
    assert code == 0
    titles, first, second, *_ = out.splitlines()
    assert titles.split() == ["RUN", "PROCESS", "STATE", "STARTED", "EVENTS", "SIZE"]
    assert re.match(r"b +Mail +STOPPED +1 min ago +3 +[\d.]+ kB$", first)
    assert re.match(r"a +Chat +STOPPED +3 d ago +3 +[\d.]+ kB$", second)


def test_a_fork_is_marked_with_what_it_was_forked_from(folder, runs):
    write(folder / "a.run", age=90)
    for name, parent in (("b", ("id-a", 3, 2)), ("c", ("gone", None, 1))):
        RunFileWriter(folder / f"{name}.run", process="Mail", run_id=f"id-{name}", parent=parent).close()
    code, out, _ = runs()
    assert code == 0
    assert re.search(r"^b +Mail, fork of a @3 ", out, re.MULTILINE)
    assert re.search(r"^c +Mail, fork of gone ", out, re.MULTILINE)
    from tui.cli.runs import listing

    assert "fork" in listing(list_runs(folder), folder, now=time.time(), width=80)[1]


def test_an_interrupted_run_is_said_to_be_one(folder, runs):
    killed = "import sys; sys.path.insert(0, sys.argv[1]); from test_cli_runs import *; import os, signal, pathlib\n"
    killed += "p = pathlib.Path(sys.argv[2]); out = RunFileWriter(p, process='P', run_id='r', started=time.time())\n"
    killed += "out.append(WorkflowEvent('started', seq=1, run_id='r', timestamp=time.time())); out.flush(5)\n"
    killed += "os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run([sys.executable, "-c", killed, str(Path(__file__).parent), str(folder / "k.run")], check=False)
    code, out, _ = runs()
    assert code == 0
    assert "INTERRUPTED" in out
    assert "1 run interrupted; `stepscope resume RUN` resumes one" in out


def test_a_run_that_is_being_written_is_said_to_be_live(folder, runs):
    out = RunFileWriter(folder / "now.run", process="P", run_id="r", started=time.time())
    try:
        assert "LIVE" in runs()[1]
    finally:
        out.close()


def test_a_file_that_cannot_be_read_is_listed_with_the_reason(folder, runs):
    write(folder / "good.run")
    (folder / "bad.run").write_text("no such thing")
    code, out, _ = runs()
    assert code == 0
    assert "bad.run  cannot be read: it is not a run file" in out
    assert "1 unreadable" in out


def test_no_runs_is_reported_with_what_to_do(runs):
    code, out, _ = runs()
    assert code == 0
    assert "no runs in .stepscope/runs yet; `stepscope run TARGET` records one" in out


def test_hostile_names_reach_the_terminal_only_as_pictures_of_themselves(folder, runs):
    write(folder / f"x{HOSTILE.replace('/', '')}.run", process=HOSTILE)
    _, out, _ = runs()
    assert out.replace("\n", "").isprintable()


def test_runs_elsewhere_are_listed(tmp_path, runs):
    write(tmp_path / "other" / "there.run")
    assert "there " in runs("--folder", str(tmp_path / "other"))[1]


def test_a_folder_that_is_not_there_is_bad_input(runs):
    code, _, err = runs("--folder", "nowhere")
    assert code == 2
    assert "there is no folder nowhere" in err


def test_old_runs_are_removed_and_named(folder, runs):
    write(folder / "old.run", age=8 * DAY)
    write(folder / "new.run", age=DAY)
    code, out, _ = runs("--prune", "--older-than", "7d")
    assert code == 0
    assert left(folder) == ["new.run"]
    assert re.search(r"removed +old\.run +8 d ago", out)
    assert "1 run removed" in out


def test_the_oldest_go_until_the_rest_fits(folder, runs):
    for day in range(3):
        write(folder / f"day{day}.run", age=(3 - day) * DAY)
    size = list_runs(folder)[0].size
    runs("--prune", "--larger-than", f"{2 * size}B")
    assert left(folder) == ["day1.run", "day2.run"]


def test_the_latest_stay_whatever_their_age(folder, runs):
    for day in range(4):
        write(folder / f"day{day}.run", age=(30 - day) * DAY)
    runs("--prune", "--older-than", "7d", "--keep", "1")
    assert left(folder) == ["day3.run"]


def test_keep_alone_removes_all_but_the_latest(folder, runs):
    for day in range(4):
        write(folder / f"day{day}.run", age=(4 - day) * DAY)
    runs("--prune", "--keep", "2")
    assert left(folder) == ["day2.run", "day3.run"]


def test_a_dry_run_says_what_it_would_do_and_does_nothing(folder, runs):
    write(folder / "old.run", age=8 * DAY)
    code, out, _ = runs("--prune", "--older-than", "7d", "--dry-run")
    assert code == 0
    assert "would remove  old.run" in out
    assert "1 run would be removed" in out
    assert left(folder) == ["old.run"]


def test_a_live_run_and_an_unreadable_file_are_never_removed(folder, runs):
    (folder / "bad.run").write_text("keep me")
    out = RunFileWriter(folder / "live.run", process="P", run_id="r", started=0.0)
    try:
        _, said, _ = runs("--prune", "--keep", "0")
    finally:
        out.close()
    assert left(folder) == ["bad.run", "live.run"]
    assert "nothing removed" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prune"], "needs --older-than, --larger-than or --keep"),
        (["--older-than", "7d"], "belong to --prune"),
        (["--prune", "--older-than", "soon"], "invalid age 'soon'"),
        (["--prune", "--larger-than", "-1"], "invalid size '-1'"),
        (["--prune", "--larger-than", "9 parsecs"], "invalid size"),
        (["--prune", "--keep", "few"], "invalid number 'few'"),
        (["--jsonl"], "belong to --export"),
        (["--export", "x", "--prune", "--keep", "1"], "cannot be done at once"),
        (["--export", "nope"], "there is no file nope"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_code_2(folder, runs, arguments, message):
    write(folder / "a.run", age=30 * DAY)
    code, _, err = runs(*arguments)
    assert code == 2
    assert message in err
    assert left(folder) == ["a.run"]


def test_a_run_is_exported_as_json_lines(folder, runs):
    write(folder / "a.run", payload={"text": HOSTILE})
    code, out, _ = runs("--export", "a", "--jsonl")
    assert code == 0
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["seq"] for event in events] == [1, 2, 3]
    assert events[0]["data"] == {"text": HOSTILE}


def test_a_run_is_exported_to_a_file(tmp_path, folder, runs):
    write(folder / "a.run")
    code, out, err = runs("--export", "last", "-o", "out.jsonl")
    assert code == 0
    assert out == ""
    assert "3 events written to out.jsonl" in err
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 3
    assert list(tmp_path.glob("*.part")) == []


def test_an_export_never_writes_over_the_run_itself(folder, runs):
    path = write(folder / "a.run")
    before = path.read_bytes()
    code, _, err = runs("--export", "a", "-o", str(path))
    assert code == 2
    assert "is the run itself" in err
    assert path.read_bytes() == before


def test_an_export_that_fails_leaves_what_was_there(tmp_path, folder, runs):
    (folder / "bad.run").write_text("nonsense")
    (tmp_path / "out.jsonl").write_text("earlier")
    code, _, err = runs("--export", "bad.run", "-o", "out.jsonl")
    assert code == 2
    assert "it is not a run file" in err
    assert (tmp_path / "out.jsonl").read_text() == "earlier"


def test_an_export_to_where_nothing_can_be_written_is_reported(folder, runs):
    write(folder / "a.run")
    code, _, err = runs("--export", "a", "-o", "nowhere/out.jsonl")
    assert code == 2
    assert "cannot write to nowhere/out.jsonl" in err


def test_a_name_that_fits_several_runs_is_refused_with_their_names(folder, runs):
    write(folder / "x1.run")
    write(folder / "x2.run")
    code, _, err = runs("--export", "x")
    assert code == 2
    assert "x could be x1.run, x2.run" in err


def test_the_command_reads_well_in_eighty_columns_of_a_terminal(tmp_path):
    from tui.cli.runs import listing

    write(tmp_path / "20261120-193132-documentpipeline-ae36.run", age=100, process="DocumentPipeline", events=1234)
    lines = listing(list_runs(tmp_path), tmp_path, now=time.time(), width=80)
    assert max(len(line) for line in lines[:2]) <= 80
    assert lines[1].endswith("kB")
    assert "20261120-193132-documentpipeline-ae36 " in lines[1]


def test_a_reader_that_goes_away_ends_an_export_quietly(folder):
    write(folder / "a.run", events=5000)
    command = f"{sys.executable} -m tui.cli runs --export a | head -1"
    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=folder.parents[1],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert json.loads(ended.stdout)["seq"] == 1
    assert ended.stderr == ""
