import contextlib
import io
import os
import random
import shutil
import sqlite3
import textwrap

import pytest
from runfile_cases import event, loop_events, program, record, writer

from process_core.runfile import Filter, RunFile, RunFileError, RunFileWriter, export_jsonl, remove_run
from process_core.runfile.read import connection as connection_module
from process_core.runfile.write.lock import is_live


@pytest.fixture
def recorded(tmp_path):
    return record(tmp_path / "x.run", loop_events(2000))


def read_all(path):
    """Read a file in every way there is."""
    with RunFile(path) as run:
        rows = run.page(0, 100_000)
        for row in rows:
            run.payload(row.data)
            run.payload(row.details)
        assert run.info.process
        assert run.graph_at(1)
        run.step_counts()
        run.last_rows("S1", ["executor_invoked"])
        run.count(Filter(texts=("word",), paths=("S*",)))
        run.effects(1)
        run.seq_at(0.0)
        run.state_at(700)
        run.state_history("A")
        for checkpoint in run.checkpoints()[::50]:
            run.snapshot(checkpoint)
    export_jsonl(path, io.StringIO())
    return rows


def break_some_bytes(whole, chooser):
    broken = bytearray(whole)
    for _ in range(chooser.choice([1, 1, 3, 20])):
        length = chooser.choice([1, 2, 8, 100, 2000])
        at = chooser.randrange(0 if chooser.random() < 0.05 else 100, len(broken) - length)
        broken[at : at + length] = chooser.randbytes(length)
    return bytes(broken)


def ended(child):
    """Return what a program printed; it must have come to its end without an error of its own."""
    out, error = child.communicate(timeout=60)
    assert child.returncode == 0, error
    return out


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RunFileError, match=r"x\.run: there is no such file"):
        RunFile(tmp_path / "x.run")


def test_a_folder_is_no_run_file(tmp_path):
    with pytest.raises(RunFileError, match="is a folder and not a file"):
        RunFile(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"hello", "it is not a run file"),
        (b"PK\x03\x04" + b"\0" * 5000, "it is not a run file"),
        (b"SQLite format 3\0", "cut short: 16 bytes are left"),
        (b"SQLite format 3\0" + b"\xff" * 5000, "run file|no such|damaged|cut short"),
    ],
)
def test_something_else_than_a_run_file_is_refused(tmp_path, content, message):
    path = tmp_path / "x.run"
    path.write_bytes(content)
    with pytest.raises(RunFileError, match=message):
        RunFile(path)


def test_a_database_of_another_program_is_refused(tmp_path):
    path = tmp_path / "x.run"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE events (seq)")
    connection.commit()
    connection.close()
    with pytest.raises(RunFileError, match="of another program"):
        RunFile(path)
    with pytest.raises(RunFileError, match="of another program"):
        RunFileWriter.resume(path)


def test_a_file_of_a_newer_version_is_refused_and_says_to_upgrade(recorded):
    connection = sqlite3.connect(recorded)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(RunFileError, match=r"newer version wrote it \(format 99; .* upgrade"):
        RunFile(recorded)
    with pytest.raises(RunFileError, match="newer version"):
        RunFileWriter.resume(recorded)


@pytest.mark.parametrize(
    "code",
    [
        "CREATE VIEW extra AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT x FROM n",
        "CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM events; END",
    ],
)
def test_a_file_that_brings_code_along_is_refused(recorded, code):
    connection = sqlite3.connect(recorded)
    connection.execute(code)
    connection.close()
    with pytest.raises(RunFileError, match="tampered"):
        RunFile(recorded)
    with pytest.raises(RunFileError, match="tampered"):
        RunFileWriter.resume(recorded)


def test_a_payload_that_unpacks_to_more_than_any_payload_may_have_is_refused(tmp_path, monkeypatch):
    path = record(tmp_path / "x.run", [event(1, data="a" * 100_000)])
    monkeypatch.setattr(connection_module, "MAX_BYTES", 10_000)
    with RunFile(path) as run:
        with pytest.raises(RunFileError, match="no payload may be larger than 10000"):
            run.payload(run.row(1).data)
        assert run.payload_text(run.row(1).data, 10)[0] == '"aaaaaaaaa'


@pytest.mark.parametrize("part", [0.01, 0.3, 0.5, 0.99])
def test_a_file_cut_short_is_refused(recorded, part):
    with recorded.open("r+b") as file:
        file.truncate(int(recorded.stat().st_size * part))
    with pytest.raises(RunFileError, match="cut short"):
        RunFile(recorded)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 40))])
def test_a_file_with_broken_bytes_gives_run_file_errors_and_nothing_else(tmp_path, seed):
    events = list(loop_events(1500))
    for one in events[::9]:
        one.data = {"k": "word " * (one.seq % 400)}
    for one in events[::50]:
        one.details, one.causes = {"code": "x", "n": one.seq}, (1, 2)
    with writer(tmp_path / "x.run") as out:
        for one in events:
            out.append(one)
            if one.seq % 5 == 0:
                states = {"A": one.seq, "B": ["x" * one.seq]}
                out.checkpoint(superstep=one.seq // 5, seq=one.seq, states=states, extra={"pending": one.seq})
    whole = (tmp_path / "x.run").read_bytes()
    chooser = random.Random(seed)
    read = 0
    for number in range(60):
        path = tmp_path / f"{number}.run"
        path.write_bytes(break_some_bytes(whole, chooser))
        # Anything but a RunFileError fails the test.
        with contextlib.suppress(RunFileError):
            read_all(path)
            read += 1
    assert read < 60


@pytest.mark.parametrize("table", ["run", "graphs", "shapes", "events", "causes", "payloads"])
def test_a_file_without_one_of_its_tables_is_called_damaged(recorded, table):
    connection = sqlite3.connect(recorded)
    connection.execute(f"DROP TABLE {table}")
    connection.close()
    with pytest.raises(RunFileError, match="damaged"):
        read_all(recorded)


def test_a_file_that_does_not_say_which_run_it_holds_is_called_damaged(recorded):
    connection = sqlite3.connect(recorded)
    connection.execute("DELETE FROM run")
    connection.commit()
    connection.close()
    with pytest.raises(RunFileError, match="which run"):
        RunFile(recorded)


def test_an_existing_file_is_never_overwritten(recorded):
    before = recorded.read_bytes()
    with pytest.raises(RunFileError, match="exists already"):
        writer(recorded)
    assert recorded.read_bytes() == before


def test_a_second_writer_is_refused_with_who_writes(tmp_path):
    path = tmp_path / "x.run"
    with writer(path) as first:
        first.append(event(1))
        with pytest.raises(RunFileError, match=f"another writer is recording there .process {os.getpid()}"):
            writer(path)
        with pytest.raises(RunFileError, match="another writer"):
            RunFileWriter.resume(path)
        first.append(event(2))
    assert [row.seq for row in read_all(path)] == [1, 2]


def test_a_second_writer_in_another_process_is_refused(tmp_path):
    path = tmp_path / "x.run"
    text = """
        import sys
        from process_core.runfile import RunFileError
        from runfile_cases import writer
        try:
            writer(sys.argv[1])
        except RunFileError as error:
            print(error)
    """
    with writer(path) as first:
        first.append(event(1))
        said = ended(program(textwrap.dedent(text), path))
        first.append(event(2))
    assert "another writer is recording there" in said
    assert [row.seq for row in read_all(path)] == [1, 2]


def test_a_run_is_live_until_its_writer_closes(tmp_path):
    path = tmp_path / "x.run"
    out = writer(path)
    assert is_live(path)
    out.close()
    assert not is_live(path)


def test_a_run_being_written_cannot_be_removed(tmp_path):
    path = tmp_path / "x.run"
    with writer(path), pytest.raises(RunFileError, match="another writer"):
        remove_run(path)
    assert path.exists()


def test_a_new_file_takes_nothing_from_the_log_of_a_removed_one(tmp_path):
    path = tmp_path / "x.run"
    out = writer(path)
    for one in loop_events(500):
        out.append(one)
    out.flush()
    left = tmp_path / "left-wal"
    shutil.copy(tmp_path / "x.run-wal", left)
    out.close()
    path.unlink()
    left.rename(tmp_path / "x.run-wal")
    record(path, [event(1, data="new")])
    assert [row.preview for row in read_all(path)] == ["new"]


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    text = """
        import os, sys
        from process_core.runfile import RunFileError
        from runfile_cases import writer
        writer(sys.argv[1] + "/../before.run").close("IDLE")  # what is imported late may be out of another user's reach
        os.chmod(sys.argv[1], 0o555)
        if os.getuid() == 0:
            os.setuid(65534)
        for name in ("/x.run", "/deep/x.run"):
            try:
                writer(sys.argv[1] + name)
            except RunFileError as error:
                print(error)
    """
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    there = tmp_path / "there"
    there.mkdir()
    said = ended(program(textwrap.dedent(text), there)).splitlines()
    assert len(said) == 2
    assert all("Permission denied" in line for line in said)
    assert list(there.iterdir()) == []


def test_a_closed_file_in_a_folder_that_cannot_be_written_can_be_read(recorded):
    text = """
        import os, sys
        from process_core.runfile import RunFile
        def looked_at():
            with RunFile(sys.argv[1] + "/x.run") as run:
                return run.count(), len(run.page(0, 10)), run.info.is_live
        looked_at()  # what is imported late may be out of another user's reach
        os.chmod(sys.argv[1], 0o555)
        if os.getuid() == 0:
            os.setuid(65534)
        print(*looked_at())
    """
    recorded.chmod(0o644)
    for folder in (recorded.parent, *recorded.parent.parents[:3]):
        if "pytest" in str(folder):  # workers of a parallel run have a folder more
            folder.chmod(0o755)
    assert ended(program(textwrap.dedent(text), recorded.parent)) == "2000 10 False\n"


def test_a_disk_that_fills_up_ends_the_recording_once_and_loses_nothing_earlier(tmp_path):
    path = tmp_path / "x.run"
    problems = []
    out = writer(path, on_error=problems.append)
    connection = out._opened.connection
    connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0] + 75}")
    for one in loop_events(20_000):
        out.append(one)
    assert not out.flush(10)
    written = out.written
    out.append(event(20_001))
    assert out.checkpoint(superstep=1, seq=20_000, states={"A": 1}) == {}
    out.close("IDLE")
    assert len(problems) == 1
    assert f"recording stopped after event {written}: the disk is full" in str(problems[0])
    assert out.failed is problems[0]
    assert 0 < written < 20_000
    assert [row.seq for row in read_all(path)] == list(range(1, written + 1))


def test_a_limit_on_the_size_of_files_ends_the_recording_and_not_the_program(tmp_path):
    path = tmp_path / "x.run"
    text = """
        import resource, sys
        from runfile_cases import loop_events, writer
        problems = []
        out = writer(sys.argv[1], on_error=problems.append)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        for one in loop_events(100_000):
            out.append(one)
        out.flush(20)
        out.close("IDLE")
        print(len(problems), out.written)
        print(problems[0])
    """
    count, written = ended(program(textwrap.dedent(text), path)).splitlines()[0].split()
    assert count == "1"
    rows = read_all(path)
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert 0 < int(written) <= len(rows) < 100_000


def test_an_error_callback_that_raises_does_no_harm(tmp_path, monkeypatch):
    def raises(*_):
        raise RuntimeError

    out = writer(tmp_path / "x.run", on_error=raises)
    monkeypatch.setattr(type(out._batches), "write", raises)
    out.append(event(1))
    assert not out.flush(10)
    out.close()
    assert out.failed is not None
