"""Runs that cannot be gone on with, and what is said of it."""

import asyncio
import errno
import os
import sqlite3

import pytest
from cutting import cut
from resume_steps import BROKEN, DONE, Does, asking, chain, fails

from process_core import ProcessBuilder, RunState, UnknownEventError
from process_core.resume import EditError, ResumeError
from process_core.runfile import RunFile, RunFileError
from process_core.runfile.write.batch_writer import BatchWriter


@pytest.fixture(autouse=True)
def forget():
    DONE.clear()
    BROKEN.clear()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.run"


async def cut_off(path, process=None):
    BROKEN.add("B.x")
    await fails((process or chain("A", "B")).run("Go", "x", run_file=path))
    BROKEN.clear()


async def refusal(process, path, **options):
    with pytest.raises(ResumeError) as error:
        await process.resume(path, **options)
    return str(error.value)


# --- changed processes: see `test_changed_code`


async def test_a_process_in_which_only_code_changed_goes_on(path):
    class Does2(Does):
        @staticmethod
        def other() -> None: ...

    def build(kind):
        process = ProcessBuilder("Chain")
        one, other = process.add_step(Does, name="A"), process.add_step(kind, name="B")
        process.on_input_event("Go").send_event_to(one)
        one.on_event("Next").send_event_to(other)
        return process.build()

    await cut_off(path, build(Does))
    assert (await build(Does2).resume(path)).step_states["B"] == ["x"]


# --- how runs ended


async def test_a_stopped_run_is_refused_and_can_be_forked(path, tmp_path):
    def build():
        process = ProcessBuilder("Stops")
        one, other = process.add_step(Does, name="A"), process.add_step(Does, name="B")
        process.on_input_event("Go").send_event_to(one)
        one.on_event("Next").send_event_to(other)
        other.on_event("Next").stop_process()
        return process.build()

    await build().run("Go", "x", run_file=path)
    assert "was stopped" in await refusal(build(), path)
    DONE.clear()
    async with build().fork(path, 1, tmp_path / "y.run") as run:
        await run.idle()
        assert run.state is RunState.STOPPED
    assert DONE == ["B.x"]


async def test_a_stopped_run_may_be_gone_on_with_after_an_earlier_superstep(path):
    def build():
        process = ProcessBuilder("Stops")
        one = process.add_step(Does, name="A")
        process.on_input_event("Go").send_event_to(one)
        one.on_event("Next").stop_process()
        return process.build()

    await build().run("Go", "x", run_file=path)
    assert (await build().resume(path, superstep=0)).state is RunState.STOPPED
    assert DONE == ["A.x", "A.x"]


@pytest.mark.parametrize("how", ["fail", "cancel"])
async def test_a_run_that_failed_or_was_cancelled_goes_on(path, how):
    if how == "fail":
        await cut_off(path)
        assert (await chain("A", "B").resume(path)).state is RunState.IDLE
        return
    async with asking().start("Go", 1, run_file=path) as run:
        await run.idle()
        run.cancel()
        await run.idle()
    assert (await asking().resume(path)).state is RunState.IDLE_WITH_PENDING_REQUESTS


async def test_a_stopped_run_can_be_forked_after_its_last_superstep_and_sent_another_event(path):
    process = ProcessBuilder("Stops")
    one = process.add_step(Does, name="A")
    process.on_input_event("Go").send_event_to(one)
    one.on_event("Next").stop_process()
    stops = process.build()
    await stops.run("Go", "x", run_file=path)
    DONE.clear()
    async with stops.start("Go", "y", resume_from=path, superstep=1) as run:
        await run.idle()
        assert run.state is RunState.STOPPED
        assert run.step_states["A"] == ["x", "y"]
    assert DONE == ["A.y"]
    assert path.with_name("x-from-1.run").exists()


async def test_a_live_run_can_be_forked(path, tmp_path):
    async with asking().start("Go", 1, run_file=path) as run:
        await run.idle()
        assert run.record.file.flush(5)
        async with asking().fork(path, 1, tmp_path / "y.run") as other:
            await other.idle()
            assert [request.data for request in other.pending_requests] == ["question 0"]
        assert run.state is RunState.IDLE_WITH_PENDING_REQUESTS


# --- points


async def test_a_superstep_that_is_not_there_is_refused_with_those_that_are(path):
    await cut_off(path)
    told = await refusal(chain("A", "B"), path, superstep=7)
    assert "no checkpoint after superstep 7" in told
    assert "supersteps 0 to 1" in told


async def test_an_earlier_superstep_forks_into_a_file_beside_it(path):
    await chain("A", "B", "C").run("Go", "x", run_file=path)
    DONE.clear()
    result = await chain("A", "B", "C").resume(path, superstep=1)
    assert DONE == ["B.x", "C.x"]
    forked = path.with_name("x-from-1.run")
    with RunFile(forked) as file, RunFile(path) as parent:
        info = file.info
        assert info.run_id == result.run_id != parent.info.run_id
        assert (info.parent_run, info.parent_superstep) == (parent.info.run_id, 1)
    again = await chain("A", "B", "C").resume(path, superstep=1)
    assert path.with_name("x-from-1-2.run").exists()
    assert again.step_states == result.step_states


async def test_the_parent_of_a_fork_stays_as_it_was(path, tmp_path):
    await chain("A", "B").run("Go", "x", run_file=path)
    before = path.read_bytes()
    async with chain("A", "B").fork(path, 0, tmp_path / "y.run") as run:
        await run.idle()
    assert path.read_bytes() == before


async def test_a_run_cut_off_before_its_first_checkpoint_is_refused(path, tmp_path):
    await chain("A").run("Go", "x", run_file=path)
    cut(path, tmp_path / "cut.run", 0, with_checkpoint=False)
    assert "start it again" in await refusal(chain("A"), tmp_path / "cut.run")


async def test_a_run_cut_off_before_its_first_event_begins(path, tmp_path):
    await chain("A").run("Go", "x", run_file=path)
    DONE.clear()
    cut(path, tmp_path / "cut.run", 0)
    assert (await chain("A").resume(tmp_path / "cut.run")).step_states["A"] == ["x"]
    assert DONE == ["A.x"]


# --- files that are none


async def test_a_file_that_is_not_there_is_reported(tmp_path):
    with pytest.raises(RunFileError, match="no such file"):
        await chain("A").resume(tmp_path / "none.run")


async def test_a_file_of_another_kind_is_reported(path):
    path.write_text("hello")
    with pytest.raises(RunFileError, match="not a run file"):
        await chain("A").resume(path)


async def test_a_file_that_was_cut_short_is_reported(path):
    await cut_off(path)
    os.truncate(path, 5000)
    with pytest.raises(RunFileError):
        await chain("A", "B").resume(path)


@pytest.mark.parametrize(
    "extra",
    [
        "null",
        "[]",
        '{"root": 3}',
        '{"root": {"superstep": 1, "pending": [{}]}, "inputs": [], "asked": 0}',
        '{"root": {"superstep": 1, "pending": "text"}, "inputs": [], "asked": 0}',
        '{"root": {"superstep": 1, "pending": [], "parked": [{"step": "Nobody"}]}, "inputs": [], "asked": 0}',
        '{"root": {"superstep": 1, "pending": [], "nested": {"A": {"pending": []}}}, "inputs": [], "asked": 0}',
        '{"root": {"superstep": 1, "pending": [], "queued": [{"step": "A"}]}, "inputs": [], "asked": 0}',
    ],
)
async def test_a_checkpoint_that_makes_no_sense_is_reported(path, extra):
    await cut_off(path)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE checkpoints SET extra = ?", (extra,))
        database.execute("UPDATE events SET data = ? WHERE typeof(data) = 'blob'", (extra.encode(),))
    database.close()
    with pytest.raises((ResumeError, RunFileError)):
        await chain("A", "B").resume(path)
    assert not path.with_name("x.run-lock").exists()


async def test_a_run_that_was_refused_can_be_gone_on_with_by_the_right_process(path):
    await cut_off(path)
    await refusal(chain("A", "B"), path, superstep=7)
    assert (await chain("A", "B").resume(path)).state is RunState.IDLE


async def test_a_read_only_file_is_reported(path, monkeypatch):
    await cut_off(path)

    def no(*_):
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(BatchWriter, "__init__", no)
    with pytest.raises(RunFileError, match="read-only"):
        await chain("A", "B").resume(path)


async def test_a_run_that_goes_on_says_when_its_file_can_no_longer_be_written(path, monkeypatch):
    await cut_off(path)

    def no(*_):
        raise OSError(errno.ENOSPC, "no space left on device")

    async with chain("A", "B").start(resume_from=path) as run:
        monkeypatch.setattr(BatchWriter, "write", no)
        async with asyncio.timeout(40):
            while not any(event.code == "recording_failed" for event in run.events):
                await asyncio.sleep(0.01)
        assert await run.idle() is RunState.IDLE
        assert run.step_states["B"] == ["x"]


# --- edits of forks


async def forked(process, path, tmp_path, superstep, edits):
    async with process.fork(path, superstep, tmp_path / "fork.run", edits) as run:
        await run.idle()
        return run.result()


async def test_a_fork_may_change_a_state(path, tmp_path):
    await chain("A", "B").run("Go", "x", run_file=path)
    result = await forked(chain("A", "B"), path, tmp_path, 1, {"states": {"A": ["other"], "B": ["before"]}})
    assert result.step_states == {"A": ["other"], "B": ["before", "x"]}


async def test_a_fork_may_change_a_pending_payload(path, tmp_path):
    await chain("A", "B").run("Go", "x", run_file=path)
    result = await forked(chain("A", "B"), path, tmp_path, 1, {"payloads": {0: "changed"}})
    assert result.step_states["B"] == ["changed"]


async def test_a_fork_may_drop_a_pending_message(path, tmp_path):
    await chain("A", "B").run("Go", "x", run_file=path)
    DONE.clear()
    result = await forked(chain("A", "B"), path, tmp_path, 1, {"drop": [0]})
    assert result.step_states["B"] == []
    assert DONE == []


async def test_a_fork_may_be_sent_an_outside_event(path, tmp_path):
    await chain("A", "B").run("Go", "x", run_file=path)
    result = await forked(chain("A", "B"), path, tmp_path, 2, {"inject": [("Go", "y")]})
    assert result.step_states == {"A": ["x", "y"], "B": ["x", "y"]}


async def test_the_edits_of_a_fork_survive_its_being_cut_off_at_once(path, tmp_path):
    await chain("A", "B").run("Go", "x", run_file=path)
    BROKEN.add("B.changed")
    edits = {"states": {"A": ["other"]}, "payloads": {0: "changed"}, "inject": [("Go", "y")]}
    assert (await forked(chain("A", "B"), path, tmp_path, 1, edits)).state is RunState.FAILED
    BROKEN.clear()
    result = await chain("A", "B").resume(tmp_path / "fork.run")
    assert result.step_states["A"] == ["other", "y"]
    assert sorted(result.step_states["B"]) == ["changed", "y"]


async def test_a_state_that_its_model_refuses_is_reported(path, tmp_path):
    await chain("A", "B").run("Go", "x", run_file=path)
    with pytest.raises(Exception, match="A does not fit"):
        await forked(chain("A", "B"), path, tmp_path, 1, {"states": {"A": 3}})
    assert not (tmp_path / "fork.run").exists()


@pytest.mark.parametrize(
    ("edits", "error", "text"),
    [
        ({"payloads": {4: 1}}, EditError, "no pending message 4"),
        ({"drop": [-1]}, EditError, "no pending message -1"),
        ({"steps": {}}, EditError, "have no 'steps'"),
        ({"inject": [("Gone", 1)]}, UnknownEventError, "Gone"),
    ],
)
async def test_an_edit_that_makes_no_sense_is_refused(path, tmp_path, edits, error, text):
    await chain("A", "B").run("Go", "x", run_file=path)
    with pytest.raises(error, match=text):
        await forked(chain("A", "B"), path, tmp_path, 1, edits)
    assert not (tmp_path / "fork.run").exists()


async def test_a_fork_does_not_overwrite_a_file(path, tmp_path):
    await chain("A", "B").run("Go", "x", run_file=path)
    (tmp_path / "fork.run").write_text("mine")
    with pytest.raises(RunFileError):
        await forked(chain("A", "B"), path, tmp_path, 1, None)
    assert (tmp_path / "fork.run").read_text() == "mine"


async def test_a_question_is_asked_again_in_a_fork(path, tmp_path):
    async with asking().start("Go", 2, run_file=path) as run:
        for answer in ("a", "b"):
            await run.idle()
            await run.respond(run.pending_requests[0].request_id, answer)
        await run.idle()
    async with asking().fork(path, 1, tmp_path / "y.run") as run:
        await run.idle()
        assert [request.data for request in run.pending_requests] == ["question 0"]
