"""`stepscope open` and `stepscope resume`, without a terminal and on one."""

import contextlib
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from process_core.events import RunState, WorkflowEvent
from process_core.runfile import RUNS_FOLDER, RunFile, RunFileWriter, list_runs, to_plain
from tui.cli.main import main

sys.path.append(str(Path(__file__).with_name("tui")))
from targets import ORDERS, RENAMED

ROOT = Path(__file__).resolve().parents[1]
HOSTILE = "\x1b]52;c;aGk=\x07[/x]\u202e"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "TERM": "xterm-256color"}
CHAT = """
from pydantic import BaseModel
from process_core import ProcessBuilder, Step, StepContext, function

class Memory(BaseModel):
    messages: list[str] = []

class Ask(Step):
    @function
    async def ask(self, context: StepContext):
        text = await context.request_info("You")
        context.emit_event("Exit" if text == "exit" else "Said", text)

class Echo(Step[Memory]):
    @function
    async def echo(self, text: str, context: StepContext):
        self.state.messages.append(text)
        context.yield_output(f"message {len(self.state.messages)}: {text}")
        context.emit_event("Echoed", text)

def build():
    process = ProcessBuilder("Chat")
    ask, echo = process.add_step(Ask), process.add_step(Echo)
    process.on_input_event("Go").send_event_to(ask)
    ask.on_event("Exit").stop_process()
    ask.on_event("Said").send_event_to(echo)
    echo.on_event("Echoed").send_event_to(ask)
    return process
"""


@pytest.fixture
def stepscope(stepscope, loads_in_process):
    """The command, which resumes in this interpreter; on a terminal it does so in a worker."""
    return stepscope


@pytest.fixture
def project(tmp_path):
    (tmp_path / "chat.py").write_text(CHAT)
    return tmp_path


@pytest.fixture
def killed(project, killed_project):
    """A run of the project that was killed while it waited for its second answer."""
    shutil.copytree(killed_project, project, dirs_exist_ok=True)
    return run_of(project)


@pytest.fixture(scope="module")
def killed_project(tmp_path_factory):
    """A project with a chat whose command and worker were both killed."""
    project = tmp_path_factory.mktemp("killed")
    (project / "chat.py").write_text(CHAT)
    command = [sys.executable, "-m", "tui.cli", "run", "chat.py"]
    process = subprocess.Popen(
        command, cwd=project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT, text=True
    )
    process.stdin.write("hello\n")
    process.stdin.flush()
    asked = 0
    while asked < 2:
        asked += "request_info" in process.stdout.readline()
    path = run_of(project)
    until(lambda: (run := info_of(path)).state is RunState.IDLE_WITH_PENDING_REQUESTS and run.events > 20)
    for pid in (process.pid, worker_of(process.pid)):
        os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=60)
    until(lambda: not info_of(path).is_live)
    return project


def info_of(path):
    with RunFile(path) as run:
        return run.info


def run_of(project):
    until(lambda: list_runs(project / RUNS_FOLDER))
    return list_runs(project / RUNS_FOLDER)[0].path


def worker_of(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return next(int(c) for c in children if b"session/worker" in Path(f"/proc/{c}/cmdline").read_bytes())


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def write(path, *, process="Chat", target=None, payload="x", state=RunState.STOPPED, hostile=""):
    out = RunFileWriter(path, process=process, run_id="r", started=time.time(), target=target)
    for seq, kind in enumerate(("started", "output", "status"), 1):
        about = state if kind == "status" else None
        out.append(WorkflowEvent(kind, payload, seq=seq, run_id="r", timestamp=time.time(), state=about, path=hostile))
    out.close()
    return path


# open, without a terminal


def test_open_prints_the_events_and_how_one_goes_on(stepscope, tmp_path):
    write(tmp_path / "x.run", payload="good morning")
    ended = stepscope("open", "x.run", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert [line.split()[0] for line in ended.stdout.splitlines() if line[:6].strip()] == ["1", "2", "3"]
    assert "good morning" in ended.stdout
    assert "stepscope resume x.run --superstep N" in ended.stderr


def test_open_imports_no_code_of_the_run(stepscope, tmp_path):
    (tmp_path / "evil.py").write_text("import pathlib; pathlib.Path('ran').touch()")
    write(tmp_path / "x.run", target="evil.py:build")
    assert stepscope("open", "x.run", cwd=tmp_path).returncode == 0
    assert not (tmp_path / "ran").exists()


def test_open_begins_at_the_event_asked_for(stepscope, tmp_path):
    write(tmp_path / "x.run")
    ended = stepscope("open", "x.run", "--at", "3", cwd=tmp_path)
    assert "status" in ended.stdout
    assert "started" not in ended.stdout


def test_open_lets_nothing_of_a_hostile_run_through(stepscope, tmp_path):
    write(tmp_path / "x.run", process=HOSTILE, target=HOSTILE, payload=HOSTILE, hostile=HOSTILE)
    ended = stepscope("open", "x.run", cwd=tmp_path)
    assert ended.returncode == 0
    assert (ended.stdout + ended.stderr).replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no file x.run"),
        (b"nonsense", "it is not a run file"),
        (b"SQLite format 3\0" + b"\0" * 4000, "it is not a run file"),
        (b"", "it is empty"),
    ],
    ids=["missing", "text", "another database", "empty"],
)
@pytest.mark.parametrize("command", ["open", "resume"])
def test_a_file_that_is_no_run_is_bad_input(stepscope, tmp_path, command, content, message):
    if content is not None:
        (tmp_path / "x.run").write_bytes(content)
    ended = stepscope(command, "x.run", cwd=tmp_path)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("name", [".", "a" * 5000, "x\0y", HOSTILE], ids=["folder", "long", "null", "hostile"])
def test_a_name_that_is_no_file_is_bad_input(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["open", name])
    assert ended.value.code == 2
    assert capsys.readouterr().err.replace("\n", "").isprintable()


def test_open_follows_a_run_until_it_ends_where_that_is_asked_for(tmp_path):
    path = tmp_path / "x.run"
    out = RunFileWriter(path, process="P", run_id="r", started=time.time())
    out.append(WorkflowEvent("started", seq=1, run_id="r", timestamp=time.time()))
    assert out.flush(5)
    command = [sys.executable, "-m", "tui.cli", "open", "x.run", "--follow"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env=ENVIRONMENT,
    )  # fmt: skip
    assert "started" in process.stdout.readline()
    out.append(WorkflowEvent("output", "later", seq=2, run_id="r", timestamp=time.time()))
    assert out.flush(5)
    assert "output" in process.stdout.readline()
    out.close()
    assert "later" in process.stdout.read()
    assert process.wait(60) == 0
    process.communicate()


def test_open_of_a_run_that_goes_on_prints_what_there_is_and_says_so(stepscope, tmp_path):
    out = RunFileWriter(tmp_path / "x.run", process="P", run_id="r", started=time.time())
    try:
        out.append(WorkflowEvent("started", seq=1, run_id="r", timestamp=time.time()))
        assert out.flush(5)
        ended = stepscope("open", "x.run", cwd=tmp_path)
    finally:
        out.close()
    assert "started" in ended.stdout
    assert "--follow prints what comes" in ended.stderr


# resume, without a terminal


def test_a_killed_chat_goes_on_at_the_same_question_with_its_history(stepscope, project, killed):
    before = info_of(killed).events
    ended = stepscope("resume", "last", cwd=project, text="again\nexit\n")
    assert ended.returncode == 0, ended.stderr
    assert "message 2: again" in ended.stdout
    assert "message 1: hello" not in ended.stdout
    with RunFile(killed) as run_file:
        assert run_file.info.state is RunState.STOPPED
        assert to_plain(run_file.state_at(run_file.count())["Echo"])["messages"] == ["hello", "again"]
        assert run_file.count() > before


def test_exit_as_the_only_answer_ends_the_killed_chat(stepscope, project, killed):
    ended = stepscope("resume", killed.stem, cwd=project, text="exit\n")
    assert ended.returncode == 0, ended.stderr
    assert "STOPPED" in ended.stdout


def test_rule_42_a_state_that_does_not_fit_is_refused_by_name_and_reset_on_demand(stepscope, project, killed):
    (project / "chat.py").write_text(CHAT.replace("messages", "said"))
    refused = stepscope("resume", killed, cwd=project, text="exit\n")
    assert refused.returncode == 2
    assert "- messages = " in refused.stderr
    assert "--reset begins such steps with a new state" in refused.stderr
    ended = stepscope("resume", killed, "--reset", cwd=project, text="again\nexit\n")
    assert ended.returncode == 0, ended.stderr
    assert "message 1: again" in ended.stdout


def test_rule_42_a_message_whose_class_is_gone_is_refused_by_number_and_dropped_or_replaced(stepscope, project):
    (project / "orders.py").write_text(ORDERS)
    assert stepscope("run", "orders.py", cwd=project).returncode == 1
    (project / "orders.py").write_text(ORDERS.replace("Order", "Purchase").replace("raise OSError", "context.log_it"))
    refused = stepscope("resume", "last", cwd=project)
    assert refused.returncode == 2
    assert "0: the payload of Sends.Out -> Takes.take(what): class " in refused.stderr
    assert "--drop [NUMBER] goes on without such values" in refused.stderr
    assert "--replace NUMBER=JSON goes on with another value" in refused.stderr
    assert "edits=" not in refused.stderr
    (project / "orders.py").write_text(RENAMED)
    for extra in ("--drop", "--replace"):
        copy = shutil.copy(run_of(project), project / f"copy{extra}.run")
        ended = stepscope("resume", copy, extra, *(['0="another"'] if extra == "--replace" else []), cwd=project)
        assert ended.returncode == 0, ended.stderr
        assert ("took another" in ended.stdout) is (extra == "--replace")
    assert stepscope("resume", "last", "--drop", "3", cwd=project).returncode == 2


@pytest.mark.parametrize("argument", ["0", "x=1", "0={"])
def test_a_replacement_that_makes_no_sense_is_refused(capsys, argument):
    with pytest.raises(SystemExit) as ended:
        main(["resume", "last", "--replace", argument])
    assert ended.value.code == 2
    assert "--replace" in capsys.readouterr().err


def test_a_run_of_another_project_is_resumed_where_the_user_trusts_that(stepscope, project, killed, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    ended = stepscope("resume", killed, cwd=elsewhere, text="exit\n")
    assert ended.returncode == 2
    assert f"outside of this project: {project / 'chat.py'}" in ended.stderr
    ended = stepscope("resume", killed, "--trust", cwd=elsewhere, text="exit\n")
    assert ended.returncode == 0, ended.stderr


def test_a_run_is_resumed_from_a_folder_within_its_project(stepscope, project, killed):
    (project / "docs").mkdir()
    ended = stepscope("resume", killed, cwd=project / "docs", text="exit\n")
    assert ended.returncode == 0, ended.stderr


def test_an_earlier_superstep_is_forked_into_a_file_of_its_own(stepscope, project, killed):
    kept = info_of(killed).events
    ended = stepscope("resume", killed, "--superstep", "1", cwd=project, text="other\nexit\n")
    assert ended.returncode == 0, ended.stderr
    assert "message 1: other" in ended.stdout
    assert info_of(killed).events == kept
    assert len(list_runs(killed.parent)) == 2


def test_a_stopped_run_is_refused_with_the_way_to_fork_it(stepscope, project, killed):
    stepscope("resume", killed, cwd=project, text="exit\n")
    ended = stepscope("resume", killed, cwd=project)
    assert ended.returncode == 2
    assert "--superstep N` forks a new run" in ended.stderr


def test_a_superstep_that_was_not_recorded_is_bad_input(stepscope, project, killed):
    ended = stepscope("resume", killed, "--superstep", "99", cwd=project)
    assert ended.returncode == 2
    assert "no checkpoint after superstep 99" in ended.stderr


def test_a_run_goes_on_with_other_routes_and_records_that(stepscope, project, killed):
    (project / "chat.py").write_text(CHAT.replace('"Exit"', '"Bye"'))
    ended = stepscope("resume", killed, cwd=project, text="exit\n")
    assert ended.returncode == 0, ended.stderr
    assert "goes on with changed code" in ended.stdout


def test_another_target_may_be_named(stepscope, project, killed):
    (project / "chat.py").rename(project / "moved.py")
    assert stepscope("resume", killed, cwd=project).returncode == 2
    ended = stepscope("resume", killed, "--target", "moved.py", cwd=project, text="exit\n")
    assert ended.returncode == 0, ended.stderr


def test_a_run_that_does_not_say_what_was_run_asks_for_it(stepscope, tmp_path):
    write(tmp_path / "x.run", state=RunState.CANCELLED)
    ended = stepscope("resume", "x.run", cwd=tmp_path)
    assert ended.returncode == 2
    assert "stepscope resume x.run --target" in ended.stderr


def test_a_run_that_is_still_written_is_not_resumed(stepscope, tmp_path):
    out = RunFileWriter(tmp_path / "x.run", process="P", run_id="r", started=time.time(), target="p.py")
    try:
        ended = stepscope("resume", "x.run", cwd=tmp_path)
    finally:
        out.close()
    assert ended.returncode == 2
    assert "another process runs it" in ended.stderr


# on a terminal


@contextlib.contextmanager
def terminal(*arguments, cwd, errors=None):
    """Runs the command on a terminal of its own; gives the process and the end that shows what is on the screen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tui.cli", *map(str, arguments)],
        cwd=cwd, stdin=theirs, stdout=theirs, stderr=errors or theirs, env=ENVIRONMENT,
    )  # fmt: skip
    os.close(theirs)
    try:
        yield process, ours
    finally:
        os.close(ours)
        process.kill()
        process.communicate()


def shows(screen, *wanted, seconds=60):
    """Wait until all that is wanted has been drawn, since the last time that somebody waited."""
    seen = b""
    end = time.monotonic() + seconds
    os.set_blocking(screen, False)
    while not all(text in seen for text in wanted):
        assert time.monotonic() < end, seen[-2000:]
        with contextlib.suppress(BlockingIOError):
            seen += os.read(screen, 65536)
            continue
        time.sleep(0.02)


def test_on_a_terminal_open_shows_the_screen_and_q_leaves(project, killed):
    with terminal("open", "last", cwd=project) as (process, screen):
        shows(screen, b"REPLAY @")
        os.write(screen, b"q")
        shows(screen, b"\x1b[?1049l")
        assert process.wait(60) == 0


def test_on_a_terminal_resume_asks_the_same_question(project, killed):
    with terminal("resume", "last", cwd=project) as (process, screen):
        shows(screen, b"WAITING FOR YOU", b"INSERT")
        os.write(screen, b"exit\r")
        shows(screen, b"STOPPED", b"help")  # keys are offered once the focus has left the chat
        os.write(screen, b"q")
        shows(screen, b"\x1b[?1049l")
        assert process.wait(60) == 0


@pytest.mark.parametrize("loading", ["", "import time; time.sleep(2)\n"], ids=["at-once", "while-the-screen-waits"])
def test_on_a_terminal_what_cannot_be_resumed_ends_the_command_with_the_reason(project, killed, loading):
    (project / "chat.py").write_text(loading + CHAT.replace("messages", "said"))
    with terminal("resume", "last", cwd=project, errors=subprocess.PIPE) as (process, screen):
        with contextlib.suppress(OSError):  # the program has ended
            while os.read(screen, 65536):
                pass
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 2
        assert b"- messages = " in errors
        assert b"Traceback (most recent call last)" not in errors
