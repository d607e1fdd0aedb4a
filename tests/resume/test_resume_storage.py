"""What the disk does to a run: it fills up, takes nothing, is written by two, or changes bytes behind our back."""

import asyncio
import contextlib
import hashlib
import io
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import textwrap

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from process_core import ProcessBuilder, ProcessError, RunState, Step, StepContext, function
from process_core.predicate import compile_predicate
from process_core.resume import load_point
from process_core.runfile import Filter, FilteredRows, RunFile, RunFileError, export_jsonl, fork_run_file, list_runs

ROUNDS = 40
is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")


class Count(Step[dict[str, int]]):
    @function
    async def count(self, context: StepContext, text: str) -> None:
        number = self.state["number"] = self.state.get("number", 0) + 1
        await asyncio.sleep(0)  # the writer gets its turn
        if number < ROUNDS:
            context.emit_event("Next", hashlib.sha512(text.encode()).hexdigest() * 20)


class Ask(Step[list[str]]):
    @function
    async def ask(self, context: StepContext) -> None:
        self.state.append(await context.request_info("what?"))
        context.yield_output({"text": self.state[-1] * 300})
        context.emit_event("Said", self.state[-1] * 300)


def counting():
    process = ProcessBuilder("Counting")
    count = process.add_step(Count)
    process.on_input_event("Go").send_event_to(count)
    count.on_event("Next").send_event_to(count)
    return process.build()


def talking():
    process = ProcessBuilder("Talking")
    ask, count = process.add_step(Ask), process.add_step(Count)
    process.on_input_event("Go").send_event_to(ask)
    ask.on_event("Said").send_event_to(count)
    return process.build()


@contextlib.contextmanager
def small_disk(folder, options):
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def warnings_of(result, code):
    return [event for event in result.events if event.type == "warning" and event.code == code]


@is_root
async def test_a_run_goes_on_when_the_disk_is_full_and_what_was_written_can_be_gone_on_with(tmp_path):
    folder, copy = tmp_path / "disk", tmp_path / "copy"
    folder.mkdir()
    with small_disk(folder, "size=400k"):
        async with asyncio.timeout(60), counting().start("Go", "first", run_file=folder / "x.run") as run:
            rounds = 1
            while not warnings_of(run, "recording_failed"):
                await run.idle()
                await asyncio.sleep(0.01)  # the writer gets its turn
                await run.send_event("Go", "more")
                rounds += 1
            await run.idle()
            assert run.state is RunState.IDLE
            told = run.record.file.written
        shutil.copytree(folder, copy)
    assert run.step_states["Count"]["number"] >= rounds
    (warning,) = warnings_of(run, "recording_failed")
    assert re.search("is full|an error .full", warning.details["message"])  # as SQLite happens to meet it
    with RunFile(copy / "x.run") as file:
        rows = file.page(0, 10**6)
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        assert 0 < told <= len(rows) < len(run.events)
        reached = file.state_at(len(rows))["Count"]["number"]
    resumed = await counting().resume(copy / "x.run")
    assert resumed.state is RunState.IDLE
    assert resumed.step_states["Count"]["number"] >= reached


@is_root
async def test_a_run_too_short_for_its_writer_says_at_its_end_that_the_disk_is_full(tmp_path):
    with small_disk(tmp_path, "size=150k"):
        result = await counting().run("Go", "first", run_file=tmp_path / "x.run")
    assert result.state is RunState.IDLE
    (warning,) = warnings_of(result, "recording_failed")
    assert "the disk is full" in warning.details["message"]


@is_root
async def test_rule_41_a_file_that_cannot_be_written_is_an_error_before_the_first_step(tmp_path):
    with small_disk(tmp_path, "size=1m,ro"), pytest.raises(RunFileError, match=r"(?i)read-only"):
        await counting().run("Go", "first", run_file=tmp_path / "x.run")


@pytest.mark.parametrize("what", ["file", "folder", "run"])
async def test_rule_41_a_run_file_that_exists_is_an_error_before_the_first_step(tmp_path, what):
    path = tmp_path / "x.run"
    if what == "run":
        await counting().run("Go", "first", run_file=path)
    elif what == "folder":
        path.mkdir()
    else:
        path.write_text("mine")
    before = path.read_bytes() if what != "folder" else b""
    run = counting().start("Go", "second", run_file=path)
    with pytest.raises(RunFileError, match="exists"):
        run.begin()
    with pytest.raises(RunFileError, match="exists"):
        await counting().run("Go", "third", run_file=path)
    assert what == "folder" or path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["x.run"]


async def test_rule_41_a_run_that_is_left_before_its_first_superstep_leaves_no_file(tmp_path):
    async with talking().start(run_file=tmp_path / "x.run") as run:
        await run.idle()
    async with talking().start("Go", run_file=tmp_path / "y.run"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_rule_41_a_program_that_ends_with_a_run_open_leaves_one_closed_file(tmp_path):
    text = """
        import asyncio, sys
        from process_core import ProcessBuilder, Step, StepContext, function
        class Ask(Step):
            @function
            async def ask(self, context: StepContext) -> None:
                await context.request_info("?")
        async def main():
            process = ProcessBuilder("P")
            process.on_input_event("Go").send_event_to(process.add_step(Ask))
            run = process.build().start("Go", run_file=sys.argv[1]).begin()
            await run.idle()
        asyncio.run(main())
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(text), str(tmp_path / "x.run")], check=True, timeout=60)
    assert [path.name for path in tmp_path.iterdir()] == ["x.run"]
    with RunFile(tmp_path / "x.run") as file:
        assert file.row(file.count()).type == "status"


async def test_rule_41_a_second_run_with_the_same_file_is_refused_and_harms_nothing(tmp_path):
    path = tmp_path / "x.run"
    async with talking().start("Go", run_file=path) as first:
        await first.idle()
        with pytest.raises(RunFileError, match="another writer is recording there"):
            await counting().run("Go", "first", run_file=path)
        with pytest.raises(ProcessError, match="going on"):
            await talking().resume(path)
        await first.respond(first.pending_requests[0].request_id, "hi")
        await first.idle()
        seqs = [event.seq for event in first.events]
    with RunFile(path) as file:
        assert [row.seq for row in file.page(0, 10**6)] == seqs
        assert file.info.process == "Talking"


async def test_a_run_of_a_newer_version_is_not_gone_on_with(tmp_path):
    await counting().run("Go", "first", run_file=tmp_path / "x.run")
    with contextlib.closing(sqlite3.connect(tmp_path / "x.run")) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(RunFileError, match="newer version wrote it"):
        await counting().resume(tmp_path / "x.run")


# --- bytes that changed


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that waits for an answer, with everything in it that a file may hold."""
    path = tmp_path_factory.mktemp("whole") / "x.run"

    async def record():
        async with talking().start("Go", run_file=path) as run:
            await run.idle()
            await run.respond(run.pending_requests[0].request_id, "hi")
            await run.idle()
            await run.send_event("Go")
            await run.idle()

    asyncio.run(record())
    return path.read_bytes()


def read_in_every_way(path):
    listed = list_runs(path.parent)
    assert len(listed) == 1
    with contextlib.suppress(RunFileError), RunFile(path) as file:
        last = file.count()
        for look in (
            lambda: [(file.payload(row.data), file.payload(row.details)) for row in file.page(0, 10**4)],
            lambda: [file.snapshot(point) for point in file.checkpoints()[-3:]],
            lambda: (file.state_at(last), file.state_history("Count"), file.state_of("Count", last)),
            lambda: (file.step_counts(), file.step_counts(last // 2), file.last_rows("Count", ["executor_invoked"])),
            lambda: (file.graph_at(last), file.effects(3), file.seq_at(0.0), file.extra_at(last)),
            lambda: FilteredRows(file._connection, Filter(texts=("word",))).advance(),
            lambda: FilteredRows(
                file._connection, Filter(where=compile_predicate("data.text != 'x' or superstep > 3"))
            ).advance(),
        ):
            with contextlib.suppress(RunFileError):
                look()
    with contextlib.suppress(RunFileError):
        export_jsonl(path, io.StringIO())
    with contextlib.suppress(ProcessError):  # RunFileError, or ResumeError where it is sound and says something else
        load_point(path, talking().graph)
    with contextlib.suppress(RunFileError):
        fork_run_file(path, path.with_name("fork.run"), checkpoint=2, run_id="other")


changes = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=40)), min_size=1, max_size=4
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes, st.floats(0.01, 1))
@example([(0.0, b"")], 0.5)
def test_a_file_whose_bytes_changed_gives_run_file_errors_and_nothing_else(whole, tmp_path_factory, changed, part):
    broken = bytearray(whole)
    for place, written in changed:
        at = int(place * len(broken))
        broken[at : at + len(written)] = written
    path = tmp_path_factory.mktemp("broken") / "x.run"
    path.write_bytes(bytes(broken[: int(len(broken) * part)] if part < 0.3 else broken))
    try:
        read_in_every_way(path)
    finally:
        shutil.rmtree(path.parent)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes)
def test_many_files_whose_bytes_changed_give_run_file_errors_and_nothing_else(whole, tmp_path_factory, changed):
    test_a_file_whose_bytes_changed_gives_run_file_errors_and_nothing_else.hypothesis.inner_test(
        whole, tmp_path_factory, changed, 1
    )
