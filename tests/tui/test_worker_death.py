"""The screen outlives its worker."""

import os
import signal
from pathlib import Path

import pytest
from driving import Driver
from targets import CHAT

from process_core.session.client.worker_process import WorkerSession
from tui.app import StepscopeApp
from tui.run_controller import StartOptions
from tui.screens.handlers import run

HANG = """
import asyncio
import time

from process_core import ProcessBuilder, Step, function


class Stuck(Step):
    @function
    async def hang(self) -> None:
        await asyncio.sleep(0.3)
        time.sleep(60)


def build():
    process = ProcessBuilder("Hangs")
    process.on_input_event("Go").send_event_to(process.add_step(Stuck))
    return process.build()
"""


@pytest.fixture
def open_app(tmp_path, process_file):
    def build(source: str, **options) -> StepscopeApp:
        path = process_file(source)

        async def open_session() -> WorkerSession:
            return await WorkerSession.open(cwd=tmp_path, runs_dir=tmp_path / "runs")

        return StepscopeApp(open_session, str(path), StartOptions(**options))

    return build


async def test_a_killed_worker_is_reported_and_restarted_with_its_breakpoints(open_app):
    app = open_app(CHAT, breakpoints=("UserInputReceived",))
    async with app.run_test(size=(120, 40)) as pilot:
        d = Driver(app, pilot)
        await d.until("WAITING FOR YOU")
        os.kill(app.session.pid, signal.SIGKILL)
        await d.until("worker died (signal 9) — R restarts it")
        await d.press("escape", "R")
        await d.until("WAITING FOR YOU")
        assert "worker died" not in d.text
        assert [spec.event for spec in d.status.breakpoints] == ["UserInputReceived"]
        await d.answer("hello")
        await d.until("PAUSED @")
    await app.session.close()


async def test_what_is_asked_of_a_dead_worker_is_refused_with_the_way_out(open_app):
    app = open_app(CHAT)
    async with app.run_test(size=(120, 40)) as pilot:
        d = Driver(app, pilot)
        await d.until("WAITING FOR YOU")
        os.kill(app.session.pid, signal.SIGKILL)
        await d.until("WORKER DIED")
        await d.press("escape", "s")
        await d.until("worker died (signal 9): press R to restart, or u to resume the run")
    await app.session.close()


async def test_a_worker_that_does_not_answer_is_reported_with_the_step_and_can_be_restarted(open_app):
    app = open_app(HANG)
    async with app.run_test(size=(120, 40)) as pilot:
        d = Driver(app, pilot)
        await d.until("worker busy in Stuck for")
        await d.press("1")
        assert "━ 1 Graph" in d.text
    await app.session.close()


async def test_a_target_that_takes_long_to_load_is_reported_meanwhile_and_shows_where_it_is(open_app):
    waits = "Path(__file__).with_name('here').touch()\n"
    waits += "while not Path(__file__).with_name('now').exists():\n    time.sleep(0.01)\n"
    app = open_app("import time\nfrom pathlib import Path\n\n" + waits + CHAT)
    async with app.run_test(size=(120, 40)) as pilot:
        d = Driver(app, pilot)
        await d.until("LOADING")
        assert "q quit" in d.text
        await d.until(Path(app.target).with_name("here").exists)
        await d.press("P")
        await d.until("in <module>")
        Path(app.target).with_name("now").touch()
        await d.press("escape")
        await d.until("WAITING FOR YOU")
    await app.session.close()


async def test_printed_text_is_shown_in_the_chat_and_never_on_the_screen_itself(open_app):
    printed = CHAT.replace('await context.yield_output("Welcome!")', 'print("to be \\x1b[2J logged")')
    app = open_app(printed)
    async with app.run_test(size=(120, 40)) as pilot:
        d = Driver(app, pilot)
        await d.until("WAITING FOR YOU")
        await d.until("· Intro to be ␛[2J logged")
    await app.session.close()


async def test_a_busy_worker_is_said_to_hear_nothing_and_its_restart_leaves_no_failure_behind(open_app):
    app = open_app(HANG)
    async with app.run_test(size=(120, 40)) as pilot:
        d = Driver(app, pilot)
        await d.until("▶ Stuck")
        await d.press("p")  # reaches a worker that is not known to be busy yet
        await d.until("worker busy in Stuck for")
        await d.until("s in Stuck.hang")
        assert "▶ Stuck" in d.text
        assert "R restart" in d.text
        await d.press("X")
        await d.until("Stuck keeps the worker busy: wait, press P to see where, or R to restart")
        await d.press("P")
        text = await d.until("in Stuck.hang")
        assert "time.sleep(60)" in text
        assert "AnyIO" not in text  # what watches the files is no code of the target
        await d.press("escape")
        first = app.session.pid
        await d.press("R")
        await d.until(lambda: app.session.pid not in (None, first) and "▶ Stuck" in d.text)
        assert "the worker was restarted" not in d.text
    await app.session.close()


DIES = """
import os

from process_core import ProcessBuilder, Step, StepContext, function


class Deadly(Step):
    @function
    async def go(self, context: StepContext) -> None:
        os._exit(7)


def build():
    process = ProcessBuilder("Dies")
    process.on_input_event("Go").send_event_to(process.add_step(Deadly))
    return process.build()
"""


async def test_a_run_whose_worker_died_shows_what_was_cut_off_and_nothing_as_alive(open_app):
    app = open_app(DIES)
    async with app.run_test(size=(120, 40)) as pilot:
        d = Driver(app, pilot)
        await d.until("worker died (exit code 7) while Deadly ran")
        await d.until("⊘ Deadly")
        assert "✗ the worker died · u resumes the run" in d.text
        await d.press("u")
        await d.until("goes on after superstep 0")
        await d.until("worker died (exit code 7) while Deadly ran")
        assert "WORKER DIED" in d.text
    await app.session.close()


async def test_a_question_of_a_dead_run_is_not_offered_any_more(open_app):
    app = open_app(CHAT)
    async with app.run_test(size=(120, 40)) as pilot:
        d = Driver(app, pilot)
        await d.until("WAITING FOR YOU")
        os.kill(app.session.pid, signal.SIGKILL)
        await d.until("WORKER DIED")
        await d.until("⊘ UserInput")
        assert "◔" not in d.text
        assert "your answer" not in d.text
    await app.session.close()


async def test_a_worker_that_cannot_even_show_its_stack_is_reported(open_app, monkeypatch):
    monkeypatch.setattr(run, "STACK_WITHIN", 0.05)
    app = open_app(CHAT)
    async with app.run_test(size=(120, 40)) as pilot:
        d = Driver(app, pilot)
        await d.until("WAITING FOR YOU")
        os.kill(app.session.pid, signal.SIGSTOP)
        await d.press("escape", "P")
        await d.until("the worker does not answer")
    await app.session.close()
