"""A run file from elsewhere is data: whatever its tables hold, it is shown or refused."""

import contextlib
import io
import shutil
import sqlite3
import time

import pytest
from recorded_runs import record

from process_core.runfile import RunFile, RunFileError, superstep_end
from tui.cli.open import print_run
from tui.cli.runs import listing
from tui.inspector.event_page import event_page
from tui.inspector.step_page import read_step, step_page
from tui.moment import status_at
from tui.recorded.recorded_session import RecordedSession

TABLES = ("run", "graphs", "shapes", "tallies", "events", "causes", "payloads", "checkpoints", "steps", "states")
VALUES = ("x", "", -1, 2**60, 1.5, b"\xff\xfe", '{"$": "model"}', "[1,", "\x1b[2J\u202e")


@pytest.fixture
async def sound(tmp_path):
    return await record(tmp_path / "sound.run", answers=("a text that is too long to stand in its event " * 3, "exit"))


def tampered(sound, path, table, column, value):
    shutil.copy(sound, path)
    with contextlib.closing(sqlite3.connect(path)) as connection, contextlib.suppress(sqlite3.Error), connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(f"UPDATE {table} SET {column} = ?", (value,))
    return path


def columns(path, table):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def look_at_everything(path, out):
    print_run(path, out, out)
    with RunFile(path) as run_file:
        out.writelines(listing([run_file.info], path.parent, now=time.time(), width=100))
        loaded = RecordedSession(run_file).loaded
        for seq in (1, run_file.count() // 2, run_file.count()):
            row = run_file.row(seq)
            until = run_file.at(seq)
            status = status_at(until)
            pages = [event_page(run_file, row, {})]
            pages += [step_page(run_file, node, status, read_step(until, node.path, seq)) for node in loaded.nodes]
            out.writelines(below.line for page in pages for item in page for below in (item, *item.below))
            superstep_end(run_file, seq, backwards=True)
            superstep_end(run_file, seq, backwards=False)


@pytest.mark.parametrize("table", TABLES)
def test_whatever_stands_in_a_table_is_shown_harmlessly_or_refused(tmp_path, sound, table):
    for column in columns(sound, table):
        for value in VALUES:
            path = tampered(sound, tmp_path / "x.run", table, column, value)
            out = io.StringIO()
            with contextlib.suppress(RunFileError):
                look_at_everything(path, out)
            assert out.getvalue().replace("\n", "").isprintable(), (column, value)
