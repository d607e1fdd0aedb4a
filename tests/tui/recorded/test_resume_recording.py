"""Going on with a recorded run from within the app."""

import os
import signal

import pytest
from driving import Driver, opener
from recorded_runs import record, replaying
from targets import CHAT, ORDERS, RENAMED

from process_core.runfile import RunFile, list_runs, to_plain
from process_core.session.client.worker_process import WorkerSession
from process_core.session.protocol.envelope import Failure
from process_core.session.protocol.verbs import ResumeChoices
from tui.app import StepscopeApp
from tui.run_controller import RefusedError
from tui.screens.debug_screen import DebugScreen
from tui.screens.handlers.resume import mismatch_question, resume_arguments


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "target.py"
    path.write_text(CHAT)
    return path


@pytest.fixture
async def app(tmp_path, target):
    app = StepscopeApp(opener(tmp_path / "runs", tmp_path), str(target))
    yield app
    if app.session is not None:
        await app.session.close()


async def test_a_run_whose_worker_was_killed_is_resumed_with_its_history(app, tmp_path):
    async def start_worker():
        return await WorkerSession.open(cwd=tmp_path, runs_dir=tmp_path / "runs")

    app._open_session = start_worker
    async with app.run_test(size=(120, 40)) as pilot:
        d = Driver(app, pilot)
        await d.until("WAITING FOR YOU")
        await d.answer("hello")
        await d.until("you said hello")
        await d.until(lambda: d.status.requests)
        os.kill(app.session.pid, signal.SIGKILL)
        await d.until("u resumes the run")
        await d.press("escape", "u")
        await d.until("INSERT  WAITING FOR YOU")
        assert "you said hello" in d.text
        await d.answer("again")
        await d.until("you said again")
        assert len(list_runs(tmp_path / "runs")) == 1
        with RunFile(d.status.run_file) as run_file:
            messages = to_plain(run_file.state_at(run_file.count())["Response"])["messages"]
        assert messages == ["hello", "again"]


async def test_a_run_that_is_alive_is_not_resumed(app):
    async with app.run_test(size=(120, 40)) as pilot:
        d = Driver(app, pilot)
        await d.until("WAITING FOR YOU")
        await d.command("resume")
        await d.until("the run is alive")


async def test_a_stopped_run_is_forked_from_a_superstep_only(app, tmp_path):
    async with app.run_test(size=(120, 40)) as pilot:
        d = Driver(app, pilot)
        await d.until("WAITING FOR YOU")
        await d.answer("exit")
        await d.until("STOPPED  ")
        await d.command("resume")
        await d.until("resume SUPERSTEP forks a new one")
        await d.command("resume two")
        await d.until("'two' is not a superstep")
        await d.press("escape")
        await d.command("resume 2")
        await d.until("Fork this run after superstep 2?")
        await d.press("y")
        await d.until("WAITING FOR YOU")
        assert len(list_runs(tmp_path / "runs")) == 2


async def test_rule_42_a_state_that_does_not_fit_is_kept_or_reset_as_the_user_chooses(app, target):
    async with app.run_test(size=(120, 40)) as pilot:
        d = Driver(app, pilot)
        await d.until("WAITING FOR YOU")
        await d.answer("hello")
        await d.until("you said hello")
        await d.until(lambda: d.status.requests)
        await d.press("escape", "X", "y")
        await d.until("CANCELLED")
        target.write_text(CHAT.replace("messages", "said"))
        await d.press("u")
        text = await d.until("Reset this step")
        assert "- messages = " in text
        assert "+ said: list[str]" in text
        await d.press("n")
        await d.until("CANCELLED")
        await d.command("resume reset Intro")
        await d.until("no step with state at 'Intro'")
        await d.press("escape", "u")
        await d.until("Reset this step")
        await d.press("y")
        await d.until("WAITING FOR YOU")
        with RunFile(d.status.run_file) as run_file:
            assert to_plain(run_file.state_at(run_file.count())["Response"]) == {"said": []}


async def test_rule_42_a_recording_whose_state_does_not_fit_is_reset_where_the_user_says_so(tmp_path, target):
    path = await record(tmp_path / "x.run", answers=("hello",), cut_off=tmp_path / "cut.run", target=target)
    target.write_text(CHAT.replace("messages", "said"))
    async with replaying(path) as d:
        await d.until("INTERRUPTED while waiting")
        await d.press("u", "y")
        await d.until("Reset this step")
        await d.press("y")
        await d.until("WAITING FOR YOU")


async def test_rule_42_a_message_whose_class_is_gone_is_replaced_where_the_user_says_so(tmp_path, target):
    path = await record(tmp_path / "x.run", ORDERS, answers=(), target=target)
    target.write_text(RENAMED)
    async with replaying(path) as d:
        await d.until("FAILED")
        await d.press("u", "y")
        text = await d.until("Go on without this value?")
        assert "0: the payload of Sends.Out" in text
        await d.press("n")
        await d.command('resume replace 0 "another"')
        await d.press("y")
        await d.until("took another")


def test_what_is_asked_leads_to_the_choice_and_is_not_asked_again_where_that_did_not_help():
    lost = Failure(code="cannot_resume", message="no", lost={0: "the payload of A: gone", 3: "what waits: gone"})
    question = mismatch_question(lost, ResumeChoices(reset=True))
    assert "0: the payload of A: gone\n3: what waits: gone\n\nGo on without these values?" in question.text
    assert question.choices == ResumeChoices(reset=True, drop=True)
    assert mismatch_question(lost, question.choices) is None
    unfit = Failure(code="cannot_resume", message="no", unfit={"A": "why"})
    assert mismatch_question(unfit, ResumeChoices(drop=True)).choices == ResumeChoices(reset=True, drop=True)
    assert mismatch_question(Failure(code="x", message="no"), ResumeChoices()) is None


@pytest.mark.parametrize(
    ("argument", "superstep", "choices"),
    [
        ("", None, ResumeChoices()),
        ("3", 3, ResumeChoices()),
        ("reset", None, ResumeChoices(reset=True)),
        ("3 reset outer/My Step", 3, ResumeChoices(reset=("outer/My Step",))),
        ("drop", None, ResumeChoices(drop=True)),
        ("2 drop 0 4 reset", 2, ResumeChoices(drop=(0, 4), reset=True)),
        ('drop 1 replace 0 {"a": "x  y"}', None, ResumeChoices(drop=(1,), replace={0: {"a": "x  y"}})),
    ],
)
def test_the_arguments_of_resume_say_what_is_done_with_what_does_not_fit(argument, superstep, choices):
    assert resume_arguments(argument) == (superstep, choices)


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("drop all", "drop takes the numbers"),
        ("replace 0", "replace takes the number of a value, and JSON"),
        ("replace x 1", "replace takes the number of a value, and JSON"),
        ("replace 0 {", "the value is not JSON"),
        ("later", "'later' is not a superstep"),
    ],
)
def test_arguments_of_resume_that_make_no_sense_are_refused(argument, text):
    with pytest.raises(RefusedError, match=text):
        resume_arguments(argument)


async def test_a_recording_is_gone_on_with_after_a_question(tmp_path, target):
    path = await record(tmp_path / "x.run", answers=("hello",), cut_off=tmp_path / "cut.run", target=target)
    async with replaying(path) as d:
        await d.until("INTERRUPTED while waiting")
        await d.press("u")
        await d.until("That runs the code of")
        await d.press("n")
        await d.until("INTERRUPTED while waiting")
        await d.press("u", "y")
        await d.until("WAITING FOR YOU")
        assert type(d.screen) is DebugScreen
        assert "you said hello" in d.text
        await d.answer("exit")
        await d.until("STOPPED  ")


async def test_the_question_names_code_that_lies_outside_of_the_project(tmp_path, target, monkeypatch):
    path = await record(tmp_path / "x.run", answers=("hello",), cut_off=tmp_path / "cut.run", target=target)
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    async with replaying(path) as d:
        await d.press("u")
        text = await d.until("OUTSIDE of this project")
        assert "target.py" in text.split("OUTSIDE")[1]
        await d.press("escape")
        await d.until("INTERRUPTED while waiting")
        monkeypatch.chdir(tmp_path)
        await d.press("u")
        await d.until("That runs the code of")
        assert "OUTSIDE" not in d.text


async def test_a_recording_whose_target_is_gone_is_still_shown(tmp_path, target):
    path = await record(tmp_path / "x.run", answers=("hello",), cut_off=tmp_path / "cut.run", target="gone.py")
    async with replaying(path) as d:
        await d.press("u", "y")
        await d.until("gone.py")
        await d.until(lambda: type(d.screen).__name__ == "LoadErrorScreen")
        await d.press("escape")
        await d.until("INTERRUPTED while waiting")


async def test_a_recording_that_was_stopped_is_forked_from_what_is_looked_at(tmp_path, target):
    path = await record(tmp_path / "x.run", answers=("hello", "exit"), target=target)
    async with replaying(path) as d:
        await d.press("u")
        await d.until("it was STOPPED; `stepscope resume")
        await d.command("resume 2")
        await d.until("Fork this run after superstep 2?")
        await d.press("y")
        await d.until("WAITING FOR YOU")
        assert "you said hello" not in d.text
        assert len(list_runs(tmp_path)) == 2
