import os
import shutil
import signal

import pytest
from waiting import until

from process_core.events import RunState
from process_core.runfile import RunFile
from process_core.session.client.in_process import InProcessSession
from process_core.session.client.session import CommandRefused
from process_core.session.client.worker_process import WorkerSession
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.verbs import AddBreakpoint, Continue, Respond, ResumeChoices, ResumeRun, Start, Stop

PATIENCE = 40
TALK = """
from process_core import ProcessBuilder, Step, StepContext, function


class Talk(Step[list[str]]):
    @function
    async def ask(self, context: StepContext, word: str) -> None:
        self.state.append(word)
        answer = await context.request_info(f"after {word}?")
        await context.emit_event("End" if answer == "end" else "Again", answer)


class Note(Step[list[str]]):
    @function
    async def note(self, word: str) -> str:
        print("noted", word)
        self.state.append(word)
        return word


def build():
    process = ProcessBuilder("Talking")
    talk, note = process.add_step(Talk), process.add_step(Note)
    process.on_input_event("Go").send_event_to(talk)
    talk.on_event("Again").send_event_to(note)
    talk.on_event("End").stop_process()
    note.on_function_result().send_event_to(talk)
    return process
"""


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "talking.py").write_text(TALK)
    return folder


@pytest.fixture
async def session(project, tmp_path):
    async with await InProcessSession.open(cwd=project, runs_dir=tmp_path / "runs") as session:
        yield session


async def asked(session, prompt):
    return await until(session, lambda status: [r.prompt for r in status.requests] == [prompt])


async def answer(session, text):
    await session.request(Respond(request_id=session.status.requests[0].request_id, value=text))


async def talk(session, *words):
    """Start a conversation and go on with it."""
    await session.load("talking.py")
    await session.request(Start(event="Go", data="hello", has_data=True))
    await asked(session, "after hello?")
    for word in words:
        await answer(session, word)
        await asked(session, f"after {word}?")
    return session.status.run_file


async def refusal(session, command):
    with pytest.raises(CommandRefused) as refused:
        await session.request(command)
    return refused.value.failure


async def test_a_cancelled_run_is_gone_on_with_at_the_same_question(session):
    path = await talk(session, "one", "two")
    await session.request(Stop())
    await until(session, lambda status: status.state is RunState.CANCELLED)
    await session.request(ResumeRun(run_file=path))
    await asked(session, "after two?")
    await answer(session, "end")
    status = await until(session, lambda status: status.state is RunState.STOPPED)
    assert status.run_file == path
    await until(session, lambda status: status.written > 0)
    with RunFile(path) as file:
        assert file.state_at(file.count())["Note"] == ["one", "two"]


async def test_the_target_that_the_file_names_is_loaded_where_nothing_is(session, project, tmp_path):
    path = await talk(session, "one")
    await session.close()
    copy = shutil.copy(path, tmp_path / "copy.run")
    async with await InProcessSession.open(cwd=project, runs_dir=tmp_path / "other") as other:
        loaded = await other.resume(copy)
        assert loaded.name == "Talking"
        assert other.loaded == loaded
        await asked(other, "after one?")


async def test_a_target_that_lies_outside_of_the_session_s_folder_is_loaded_only_where_it_is_trusted(session, tmp_path):
    path = await talk(session, "one")
    await session.close()
    copy = shutil.copy(path, tmp_path / "copy.run")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    async with await InProcessSession.open(cwd=elsewhere, runs_dir=tmp_path / "other") as other:
        failure = await refusal(other, ResumeRun(run_file=str(copy)))
        assert failure.code == "foreign_code"
        assert f"outside of {elsewhere}: {tmp_path / 'project' / 'talking.py'}" in failure.message
        await other.resume(copy, trust=True)
        await asked(other, "after one?")


async def test_the_reply_shows_what_is_loaded(session):
    path = await talk(session)
    await session.request(Stop())
    await until(session, lambda status: status.state is RunState.CANCELLED)
    assert await session.request(ResumeRun(run_file=path)) == session.loaded


async def test_a_file_that_does_not_name_its_target_needs_one_to_be_loaded(session, tmp_path):
    from process_core.session.worker.target import load_target

    process = load_target("talking.py", session._server._session._cwd)
    await process.run("Go", "hello", run_file=tmp_path / "x.run")
    failure = await refusal(session, ResumeRun(run_file=str(tmp_path / "x.run")))
    assert failure.code == "no_target"
    await session.load("talking.py")
    await session.request(ResumeRun(run_file=str(tmp_path / "x.run")))
    await asked(session, "after hello?")


async def test_an_earlier_superstep_forks_into_a_new_file(session):
    path = await talk(session, "one", "two")
    await session.request(Stop())
    await until(session, lambda status: status.state is RunState.CANCELLED)
    await session.request(ResumeRun(run_file=path, superstep=1))
    status = await asked(session, "after hello?")
    assert status.run_file != path
    with RunFile(status.run_file) as file:
        assert file.info.parent_superstep == 1


async def test_breakpoints_hold_in_a_run_that_is_gone_on_with(session):
    path = await talk(session)
    await session.request(Stop())
    await until(session, lambda status: status.state is RunState.CANCELLED)
    await session.request(AddBreakpoint(breakpoint=BreakpointSpec(event="Again")))
    await session.request(ResumeRun(run_file=path))
    await asked(session, "after hello?")
    await answer(session, "one")
    status = await until(session, lambda status: status.paused)
    assert status.paused.reason == "breakpoint"


async def test_a_run_may_be_gone_on_with_paused(session):
    path = await talk(session)
    await session.request(Stop())
    await until(session, lambda status: status.state is RunState.CANCELLED)
    await session.request(ResumeRun(run_file=path, superstep=0, paused=True))
    status = await until(session, lambda status: status.paused)
    assert status.paused.reason == "start"
    assert status.pending == 1


async def test_a_refused_file_leaves_the_run_that_is_going_on_alone(session, project, tmp_path):
    path = await talk(session)
    (tmp_path / "bad.run").write_text("no run file")
    assert (await refusal(session, ResumeRun(run_file=str(tmp_path / "bad.run")))).code == "run_file"
    assert (await refusal(session, ResumeRun(run_file=str(tmp_path / "none.run")))).code == "run_file"
    assert session.status.run_file == path
    await answer(session, "one")
    await asked(session, "after one?")


async def stopped(session, *words):
    path = await talk(session, *words)
    await session.request(Stop())
    await until(session, lambda status: status.state is RunState.CANCELLED)
    return path


async def test_rule_42_edits_are_loaded_before_a_run_is_resumed(session, project):
    path = await stopped(session, "one")
    (project / "talking.py").write_text(TALK.replace("add_step(Note)", 'add_step(Note, name="Notes")'))
    loaded = await session.resume(path, fresh=True)
    assert "Notes" in {node.path for node in loaded.nodes}
    await asked(session, "after one?")


async def test_rule_42_a_refused_resume_leaves_the_session_as_it_was(session, project):
    path = await stopped(session, "one")
    before = session.status
    (project / "talking.py").write_text(TALK.replace("Note(Step[list[str]]", "Note(Step[dict[str, int]]"))
    failure = await refusal(session, ResumeRun(run_file=path, fresh=True))
    assert failure.code == "cannot_resume"
    assert list(failure.unfit) == ["Note"]
    assert session.status.run_file == before.run_file
    assert session.status.state is RunState.CANCELLED
    (project / "talking.py").write_text(TALK)
    await session.resume(path, fresh=True)
    await asked(session, "after one?")


async def test_rule_42_a_state_that_does_not_fit_can_be_reset_where_a_run_is_resumed(session, project):
    path = await stopped(session, "one")
    (project / "talking.py").write_text(TALK.replace("Note(Step[list[str]]", "Note(Step[dict[str, int]]"))
    await session.resume(path, fresh=True, choices=ResumeChoices(reset=True))
    await asked(session, "after one?")
    with RunFile(path) as file:
        assert file.state_at(file.count())["Note"] == {}


async def test_rule_42_a_run_that_is_going_on_can_be_forked_after_its_last_superstep(session):
    path = await talk(session, "one")
    with RunFile(path) as file:
        last = file.checkpoint_at(file.count()).superstep
    await session.resume(path, superstep=last)
    await asked(session, "after one?")
    assert session.status.run_file != path
    with RunFile(path) as file:
        assert file.info.state is RunState.CANCELLED


async def test_the_run_that_is_going_on_is_not_resumed(session):
    path = await talk(session)
    assert (await refusal(session, ResumeRun(run_file=path))).code == "run_live"
    await answer(session, "one")
    await asked(session, "after one?")


async def test_a_killed_conversation_goes_on_in_a_new_worker(project, tmp_path):
    async with await WorkerSession.open(cwd=project, runs_dir=tmp_path / "runs") as session:
        path = await talk(session, "one", "two")
        await session.request(AddBreakpoint(breakpoint=BreakpointSpec(event="Again")))
        os.kill(session.pid, signal.SIGKILL)
        await until(session, lambda _: session.died is not None)
        await session.resume(path)
        await asked(session, "after two?")
        assert session.died is None
        assert [b.event for b in session.status.breakpoints] == ["Again"]
        await answer(session, "three")
        await until(session, lambda status: status.paused)
        await session.request(Continue())
        await asked(session, "after three?")
        with RunFile(path) as file:
            rows = file.page(0, 10_000)
            assert file.state_at(rows[-1].seq)["Note"] == ["one", "two", "three"]
            printed = [file.payload(row.data) for row in rows if row.type == "log" and row.path == "Note"]
            assert [text.strip() for text in printed] == ["noted one", "noted two", "noted three"]


async def test_a_new_worker_without_anything_loaded_takes_a_recorded_run_up(project, tmp_path):
    async with await WorkerSession.open(cwd=project, runs_dir=tmp_path / "runs") as session:
        path = await talk(session, "one")
        os.kill(session.pid, signal.SIGKILL)
        await until(session, lambda _: session.died is not None)
    async with await WorkerSession.open(cwd=tmp_path, runs_dir=tmp_path / "runs") as session:
        loaded = await session.resume(path)
        assert loaded.name == "Talking"
        await asked(session, "after one?")
        os.kill(session.pid, signal.SIGKILL)
        await until(session, lambda _: session.died is not None)
        await session.resume(path)
        await asked(session, "after one?")
