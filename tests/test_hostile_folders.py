"""Projects in which anything may lie under names that are stepscope's: nothing outside is touched, nothing hangs."""

import asyncio
import contextlib
import functools
import os
import shutil
import stat
import tempfile

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from process_core.reload import Project
from process_core.runfile import RUNS_FOLDER, RunFile, RunFileError, list_runs, remove_run
from process_core.runfile.write.lock import is_live
from process_core.session.protocol.breakpoints import BREAKPOINTS_FILE, BreakpointSpec
from process_core.session.worker.breakpoint_file import BreakpointFile
from process_core.session.worker.target import load_target
from tui.cli import main

CHAT = """
from process_core import ProcessBuilder, Step, StepContext, function

class Ask(Step[list]):
    @function
    async def ask(self, context: StepContext):
        self.state.append(await context.request_info("You"))
        context.emit_event("Said", self.state[-1])

def build():
    process = ProcessBuilder("Chat")
    ask = process.add_step(Ask)
    process.on_input_event("Go").send_event_to(ask)
    ask.on_event("Said").send_event_to(ask)
    return process
"""
PARSER = functools.cache(main.parser)  # to make it takes longer than most commands here
NAMES = [
    ".stepscope",
    ".stepscope/.gitignore",
    ".stepscope/breakpoints.json",
    ".stepscope/breakpoints.json.bad",
    ".stepscope/runs",
    ".stepscope/runs/.gitignore",
    *(f".stepscope/runs/a.run{end}" for end in ("", "-lock", "-wal", "-shm", "-journal", "-new")),
    "out.jsonl",
    "out.jsonl.part",
]


def to_a_file(path, outside):
    path.symlink_to(outside / "file")


def to_a_run(path, outside):
    path.symlink_to(outside / "run")


def to_nothing(path, outside):
    path.symlink_to(outside / "missing")


def to_itself(path, _):
    path.symlink_to(path.name)


def to_a_folder(path, outside):
    path.symlink_to(outside / "folder")


def to_zeros(path, _):
    path.symlink_to("/dev/zero")


def to_a_full_device(path, _):
    path.symlink_to("/dev/full")


def hard_link(path, outside):
    path.hardlink_to(outside / "file")


def pipe(path, _):
    os.mkfifo(path)


def folder(path, _):
    path.mkdir()
    (path / "x").write_text("x")


def unreadable(path, _):
    path.write_text("x")
    path.chmod(0)


def of_another_user(path, _):
    path.write_text("x")
    if os.geteuid() == 0:
        os.chown(path, 12345, 12345)


def huge(path, _):
    with path.open("wb") as file:
        file.truncate(3 * 2**30)


KINDS = [to_a_file, to_a_run, to_nothing, to_itself, to_a_folder, to_zeros, to_a_full_device]
KINDS += [hard_link, pipe, folder, unreadable, of_another_user, huge]

READING = [("runs",), ("open", "a"), ("graph", RUNS_FOLDER / "a.run"), ("runs", "--export", "last")]
WRITING = [
    ("runs", "--export", "a", "-o", "out.jsonl"),
    ("resume", "a"),
    ("run", "chat.py"),
    ("resume", "a", "--superstep", "1"),
    ("runs", "--prune", "--keep", "0"),
]


def seen(outside):
    """All that lies in a folder: what it is, when it was changed, and what it holds."""
    found = {}
    for path in sorted(outside.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        found[path] = (status.st_mode, status.st_ino, status.st_mtime_ns, content)
    return found


def place(project, outside, name, kind):
    """Put something else in the place of a file of ours, unless another one leaves no place for it."""
    path = project / name
    if os.path.realpath(path.parent) != str(path.parent) or not path.parent.is_dir():
        return
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    kind(path, outside)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A project with a run that waits for an answer."""
    project = tmp_path_factory.mktemp("recorded")
    (project / "chat.py").write_text(CHAT)
    folder = project / RUNS_FOLDER
    folder.mkdir(parents=True)
    process = load_target("chat.py", project)
    Project.close_present()

    async def run():
        async with process.start("Go", run_file=folder / "a.run", target="chat.py:build") as started:
            await started.idle()
            await started.respond(started.pending_requests[0].request_id, "hello")
            await started.idle()

    asyncio.run(run())
    return project


@pytest.fixture
def laid_out(recorded, tmp_path, monkeypatch):
    """Makes a project with something hostile in it, and what lies outside; each time other ones."""
    count = iter(range(1_000_000))

    def make(*hostile):
        base = tmp_path / f"case{next(count)}"
        outside, project = base / "outside", base / "project"
        (outside / "folder" / "runs").mkdir(parents=True)
        (outside / "file").write_text("precious")
        shutil.copy(recorded / RUNS_FOLDER / "a.run", outside / "run")
        shutil.copy(recorded / RUNS_FOLDER / "a.run", outside / "folder" / "runs" / "a.run")
        shutil.copy(recorded / RUNS_FOLDER / "a.run", outside / "folder" / "a.run")
        shutil.copytree(recorded, project)
        for name, kind in hostile:
            place(project, outside, name, kind)
        return project, outside

    monkeypatch.setattr(main, "parser", PARSER)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # where runs go that cannot be kept in the project
    return make


def run_all(stepscope, commands, project):
    for command in commands:
        ended = stepscope(*command, cwd=project, text="again\n")
        assert ended.returncode in {0, 1, 2, 3}, (command, ended)
        assert "Traceback" not in ended.stderr, (command, ended)
        assert "fault of stepscope" not in ended.stderr, (command, ended)


def keep_breakpoints(project):
    notices = []
    file = BreakpointFile(project / BREAKPOINTS_FILE, lambda *notice: notices.append(notice))
    file.read("chat.py:build")
    file.write("chat.py:build", [BreakpointSpec(event="Said")])
    again = BreakpointFile(project / BREAKPOINTS_FILE, lambda *_: None).read("chat.py:build")
    assert notices or [spec.event for spec in again] == ["Said"]


@pytest.mark.parametrize("name", NAMES)
def test_whatever_lies_under_a_name_of_ours_it_is_read_or_refused_and_nothing_outside_is_touched(
    stepscope, laid_out, name
):
    for kind in KINDS:
        project, outside = laid_out((name, kind))
        before = seen(outside)
        run_all(stepscope, READING, project)
        keep_breakpoints(project)
        is_live(project / RUNS_FOLDER / "a.run")
        with contextlib.suppress(RunFileError):
            remove_run(project / RUNS_FOLDER / "a.run")
        assert seen(outside) == before, kind


@settings(
    max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(hostile=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(KINDS)), min_size=1, max_size=4))
@example(hostile=[(name, to_a_file) for name in NAMES if name.rpartition("/")[0] in {"", ".stepscope/runs"}][1:])
def test_no_command_touches_what_lies_outside(stepscope, loads_in_process, laid_out, hostile):
    work_in(stepscope, laid_out, hostile)


@pytest.mark.slow
@settings(
    max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(hostile=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(KINDS)), min_size=1, max_size=6))
def test_no_command_touches_what_lies_outside_in_many_folders(stepscope, loads_in_process, laid_out, hostile):
    work_in(stepscope, laid_out, hostile)


def work_in(stepscope, laid_out, hostile):
    project, outside = laid_out(*hostile)
    before = seen(outside)
    run_all(stepscope, WRITING, project)
    keep_breakpoints(project)
    assert seen(outside) == before
    shutil.rmtree(project)


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_lies_beside_a_run_file_is_refused_by_its_name(laid_out, suffix, kind):
    project, _ = laid_out((f"{RUNS_FOLDER}/a.run{suffix}", kind))
    if suffix != "-journal" and kind in {unreadable, huge, of_another_user}:
        return  # files as SQLite may leave them, for whoever only looks
    with pytest.raises(RunFileError, match=rf"a\.run{suffix} "):
        RunFile(project / RUNS_FOLDER / "a.run")


def test_a_prepared_journal_removes_no_file(stepscope, loads_in_process, laid_out):
    project, outside = laid_out()
    path = project / RUNS_FOLDER / "a.run"
    # The end of a journal names a super-journal, which SQLite removes when it has carried the journal out.
    name = str(outside / "file").encode()
    end = len(name).to_bytes(4, "big") + sum(name).to_bytes(4, "big") + bytes.fromhex("d9d505f920a163d7")
    header = bytes.fromhex("d9d505f920a163d7") + b"\0\0\0\0" + b"\0" * 4 + b"\0\0\0\x10" + b"\0\0\x02\0\0\0\x10\0"
    path.with_name("a.run-journal").write_bytes(header.ljust(512, b"\0") + b"\0\0\x01\0" + name + end)
    before = seen(outside)
    for command in (*READING, *WRITING):
        stepscope(*command, cwd=project, text="again\n")
    assert seen(outside) == before
    ended = stepscope("resume", "a", cwd=project)
    assert ended.returncode == 2
    assert "a.run-journal lies beside it" in ended.stderr
    assert "remove it" in ended.stderr


@pytest.mark.parametrize("umask", [0, 0o022, 0o077, 0o177])
def test_what_is_made_is_for_the_user_alone(stepscope, loads_in_process, laid_out, umask):
    project, _ = laid_out()
    shutil.rmtree(project / ".stepscope")
    before = os.umask(umask)
    try:
        stepscope("run", "chat.py", cwd=project, text="again\n")
        stepscope("resume", "last", "--superstep", "1", cwd=project, text="again\n")
        stepscope("runs", "--export", "last", "-o", "out.jsonl", cwd=project)
        keep_breakpoints(project)
    finally:
        os.umask(before)
    assert len(list_runs(project / RUNS_FOLDER)) == 2
    for path in (project / "out.jsonl", project / ".stepscope", *(project / ".stepscope").rglob("*")):
        assert stat.S_IMODE(path.lstat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_folder_above_may_be_a_link(stepscope, loads_in_process, laid_out, tmp_path):
    project, _ = laid_out()
    (tmp_path / "home").symlink_to(project)
    ended = stepscope("resume", "last", cwd=tmp_path / "home", text="again\n")
    assert ended.returncode == 0, ended.stderr
    assert stepscope("runs", cwd=tmp_path / "home").stdout.count("Chat") == 1
