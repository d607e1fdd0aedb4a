"""Whatever a run file from elsewhere holds: every command ends with a clear line, in little memory and time."""

import contextlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_run_files import TARGET, cases, make, make_sound, payload_everywhere

from process_core.resume import ResumeError, load_point
from process_core.runfile import RunFile, RunFileError, RunFileWriter, export_jsonl
from process_core.runfile.read import connection as connection_module
from process_core.runfile.schema import FORMAT, tables_of

CASES = cases()
MEMORY = 500
"""MB."""
AT_ONCE = 30
"""Files for each process: what one of them leaves in memory does not count for the others for long."""
TYPICAL = (
    "view-as-events", "virtual-dbstat", "generated-process", "check", "bomb-dicts", "bomb-says-it-is-small",
    "payload-queues-odd", "payload-shared-chain", "payload-lists-900", "payload-details-odd", "graph-dense",
    "graph-edges-odd", "graph-names-odd", "causes-many-back", "seq-gaps", "seq-last", "checkpoint-root-odd",
    "checkpoint-outputs-odd", "checkpoint-message-odd", "pages-doubling-events", "pages-circle-checkpoints",
    "shapes.type=24", "metadata-deep", "run-long", "bytes-3", "format-99", "log-of-noise", "long-tail", "utf-16",
)  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return make_sound(tmp_path_factory.mktemp("sound"))


@pytest.fixture
def hostile(sound, tmp_path):
    def made(name):
        return make(sound, tmp_path / "x.run", CASES[name])

    return made


def graph_of_target():
    namespace = {"__name__": "chat"}
    exec(compile(TARGET, "chat.py", "exec"), namespace)
    return namespace["build"]().graph


def outcomes(sound, folder, names, commands=""):
    """Run every command on some files, in one process after another."""
    (folder / "target").mkdir()
    (folder / "target" / "chat.py").write_text(TARGET)
    (folder / "bad").mkdir()
    lines = []
    for at in range(0, len(names), AT_ONCE):
        paths = [make(sound, folder / "bad" / f"{name}.run", CASES[name]) for name in names[at : at + AT_ONCE]]
        program = Path(__file__).with_name("hostile_commands.py")
        ended = subprocess.run(
            [sys.executable, program, *paths],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "COMMANDS": commands},
            capture_output=True, text=True, timeout=1500, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr[-2000:]
        lines += [json.loads(line) for line in ended.stdout.splitlines()]
        for path in paths:
            path.unlink()
    return lines


def complaints(lines):
    return [
        f"{line['file']}: {line['command']}: {line['problem']} ({line['memory']} MB, {line['seconds']} s)"
        for line in lines
        if line["problem"] or line["memory"] > MEMORY
    ]


def test_every_command_answers_typical_hostile_files_in_bounds(sound, tmp_path):
    lines = outcomes(sound, tmp_path, TYPICAL, "open,export,text,resume")
    assert complaints(lines) == []
    assert len(lines) == 4 * len(TYPICAL)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_every_command_answers_every_hostile_file_in_bounds(sound, tmp_path):
    assert len(CASES) >= 300
    assert complaints(outcomes(sound, tmp_path, list(CASES))) == []


def test_a_sound_file_is_read_exported_and_resumed_from(sound, tmp_path):
    path = shutil.copy(sound, tmp_path / "x.run")
    with RunFile(path) as run:
        run.check_all()
        count = run.count()
    with (tmp_path / "x.jsonl").open("w") as out:
        assert export_jsonl(path, out) == count
    lines = (tmp_path / "x.jsonl").read_text().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(1, count + 1))
    assert load_point(path, graph_of_target()).checkpoint.superstep > 0


@pytest.mark.parametrize("version", range(1, FORMAT + 1))
def test_the_tables_of_every_format_are_known(tmp_path, version, sound):
    path = tmp_path / "x.run"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(tables_of(version))
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("PRAGMA application_id = 1398031696")
        connection.execute("ATTACH ? AS sound", (str(sound),))
        for table in ("run", "graphs"):
            connection.execute(f"INSERT INTO main.{table} SELECT * FROM sound.{table}")
        connection.commit()
    with RunFile(path) as run:
        assert run.info.process == "Chat"


SCHEMAS = [
    name
    for name in CASES
    if name.startswith(("view", "trigger", "virtual", "generated", "column", "index", "table", "statistics"))
    or name in ("check", "default", "collation", "shared-root", "schema-no-sql", "utf-16", "format-1")
]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_that_differs_from_ours_in_anything_is_refused_to_readers_and_writers(hostile, name):
    path = hostile(name)
    before = path.read_bytes()
    with pytest.raises(RunFileError, match=r"tampered|damaged"):
        RunFile(path)
    with pytest.raises(RunFileError, match=r"tampered|damaged"):
        RunFileWriter.resume(path)
    assert path.read_bytes() == before


def test_a_reader_may_only_read_and_has_limits(sound):
    with RunFile(sound) as run:
        connection = run._connection._connection
        for statement in ("ATTACH ':memory:' AS x", "PRAGMA trusted_schema = ON", "CREATE TABLE main.x (a)"):
            with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|too many attached"):
                connection.execute(statement)
        assert connection.getlimit(sqlite3.SQLITE_LIMIT_ATTACHED) == 0
        assert connection.getlimit(sqlite3.SQLITE_LIMIT_COLUMN) == 100
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            connection.execute("WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT max(n) FROM x")


@pytest.mark.parametrize("name", ["pages-doubling-events", "pages-doubling-shapes", "pages-circle-events"])
def test_pages_that_point_in_circles_end(hostile, name):

    def read_all(path):
        with RunFile(path) as run:
            run.page(0, 500)
            run.step_counts(run.count() - 1)
            run.check_all()

    with pytest.raises(RunFileError, match="damaged"):
        read_all(hostile(name))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bomb-text", "values take .* MB and more"),
        ("bomb-dicts", "values take .* MB and more"),
        ("bomb-says-it-is-small", "does not have the 10 bytes"),
        ("bomb-says-it-is-negative", "it has -10 bytes"),
        ("payload-lists-900", "nested more than 500 levels"),
        ("payload-shared-chain", "nested more than 200 levels"),
        ("packed-noise", "cannot be unpacked"),
        ("payload-missing", "payload 424242 is missing"),
    ],
)
def test_a_payload_that_is_not_what_it_says_or_too_much_is_refused_by_number_or_size(hostile, name, message):
    with RunFile(hostile(name)) as run:
        row = next(row for row in run.page(0, 500) if isinstance(row.data, int))
        with pytest.raises(RunFileError, match=message):
            run.payload(row.data)


def test_values_that_are_small_each_may_be_too_much_together(sound, tmp_path, monkeypatch):
    monkeypatch.setattr(connection_module, "_FREE_MEMORY", 2_000_000)
    text = b'"' + b"a" * 600_000 + b'"'
    path = make(sound, tmp_path / "x.run", payload_everywhere(text, copies=10))

    def read_all(run):
        return [run.payload(number) for number in range(1, 11)]

    with RunFile(path) as run:
        assert len(read_all(run)) == 10
        with run.holding(), pytest.raises(RunFileError, match="values take"):
            read_all(run)


def test_an_event_with_a_hundred_thousand_causes_is_read_at_once(hostile):
    with RunFile(hostile("causes-many-back")) as run:
        assert len(run.row(20).causes) == 100_000
        assert run.origin(20, 1000)[1] <= 20


@pytest.mark.parametrize(
    "name",
    ["seq-gaps", "seq-far", "seq-last"],
)
def test_numbers_of_events_that_the_file_has_no_room_for_are_refused(hostile, name):
    with pytest.raises(RunFileError, match="it says that there is an event"), RunFile(hostile(name)) as run:
        run.count()


RESUMED = {
    "cause-circle": "its own cause",
    "causes-many": "after its effect",
    "shapes-gone": "without names",
    "seq-gaps-small": "only",
    "shapes-far": "no recording comes to",
    "tallies-huge": "more events than there are",
    "events.ts=13": "events hold what cannot stand there",
    "checkpoint-message-odd": "makes no sense",
    "checkpoint-outputs-odd": "makes no sense",
}


@pytest.mark.parametrize("name", RESUMED)
def test_resuming_looks_at_the_whole_file_before_any_code_of_the_user_runs(hostile, sound, name):
    class NoGraph:
        """Stands for a process: nothing of it may be used."""

        def __getattr__(self, asked):
            raise AssertionError(asked)

        def stateful(self):
            return ()

    path = hostile(name)
    before = path.read_bytes()
    graph = NoGraph()
    if RESUMED[name] == "makes no sense":
        graph = graph_of_target()
    with pytest.raises((RunFileError, ResumeError), match=RESUMED[name]):
        load_point(path, graph)
    assert path.read_bytes() == before


def test_the_same_seed_makes_the_same_files_and_another_seed_others(sound, tmp_path):
    chosen = random.Random(0).sample([name for name in CASES if "bytes" in name], 3)
    for name in chosen:
        first, second = (make(sound, tmp_path / f"{n}.run", cases()[name]).read_bytes() for n in range(2))
        assert first == second
        assert make(sound, tmp_path / "other.run", cases(7)[name]).read_bytes() != first
