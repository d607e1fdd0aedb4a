"""What a run file names is run unasked only within the present project."""

import io
import os
import shutil
import sys
import time
from argparse import Namespace

import pytest

from process_core.runfile import RUNS_FOLDER, RunFileWriter
from process_core.session.protocol.target_names import code_outside
from tui.cli import resume
from tui.cli.main import parser
from tui.errors import UsageError

# A process, so that it is resumed where it is trusted; that it ran at all shows in a file.
CODE = """
from pathlib import Path
from process_core import ProcessBuilder, Step, StepContext, function

Path({mark!r}).write_text(__file__)

class Ask(Step):
    @function
    async def ask(self, context: StepContext):
        await context.request_info("You")

def build():
    process = ProcessBuilder("P")
    process.on_input_event("Go").send_event_to(process.add_step(Ask))
    return process
"""


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def mark(tmp_path):
    return tmp_path / "CODE_RAN"


@pytest.fixture
def elsewhere(tmp_path, mark):
    folder = tmp_path / "elsewhere"
    (folder / "shop").mkdir(parents=True)
    for name in ("evil.py", "shop/__init__.py", "shop/orders.py"):
        (folder / name).write_text(CODE.format(mark=str(mark)))
    return folder


def write_run(path, target, cwd=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {} if cwd is None else {"cwd": str(cwd)}
    RunFileWriter(path, process="P", run_id="r", started=time.time(), target=str(target), metadata=metadata).close()
    return path


def link_file(project, elsewhere):
    (project / "chat.py").symlink_to(elsewhere / "evil.py")
    return "chat.py"


def link_folder(project, elsewhere):
    (project / "lib").symlink_to(elsewhere)
    return "lib/evil.py:build"


def link_module(project, elsewhere):
    (project / "shopping.py").symlink_to(elsewhere / "evil.py")
    return "shopping:build"


def link_package(project, elsewhere):
    (project / "shop").symlink_to(elsewhere / "shop")
    return "shop.orders"


def link_within_package(project, elsewhere):
    (project / "own").mkdir()
    (project / "own" / "shop").symlink_to(elsewhere / "shop")
    return "own.shop.orders:build"


def link_extension(project, elsewhere):
    (project / "quick.cpython-311-x86_64-linux-gnu.so").symlink_to(elsewhere / "evil.py")
    return "quick"


def home(project, elsewhere):
    os.environ["HOME"] = str(elsewhere)
    return "~/evil.py"


OUTSIDE = {
    "absolute": lambda _, elsewhere: str(elsewhere / "evil.py"),
    "absolute with an attribute": lambda _, elsewhere: f"{elsewhere}/evil.py:build",
    "above": lambda *_: "../elsewhere/evil.py",
    "through the project": lambda project, _: f"{project}/../elsewhere/evil.py",
    "link to a file": link_file,
    "link to a folder": link_folder,
    "link to a module": link_module,
    "link to a package": link_package,
    "link within a package": link_within_package,
    "link to an extension": link_extension,
    "home": home,
}


@pytest.mark.parametrize("target_of", OUTSIDE.values(), ids=OUTSIDE)
def test_code_outside_of_the_project_is_refused_by_name_and_not_run(
    stepscope, loads_in_process, monkeypatch, tmp_path, project, elsewhere, mark, target_of
):
    monkeypatch.setenv("HOME", str(tmp_path))
    path = write_run(tmp_path / "x.run", target_of(project, elsewhere))
    for arguments in ((), ("--superstep", "0")):
        ended = stepscope("resume", path, *arguments, cwd=project)
        assert ended.returncode == 2
        assert "outside of this project: " + str(elsewhere) in ended.stderr
        assert "--trust" in ended.stderr
        assert "Traceback" not in ended.stderr
    assert not mark.exists()


@pytest.mark.parametrize("target", ["evil.py", "evil:build", "./evil.py", "sub/../evil.py", "shop.orders"])
def test_code_of_the_project_needs_no_question(stepscope, loads_in_process, tmp_path, elsewhere, mark, target):
    (elsewhere / "sub").mkdir()
    stepscope("resume", write_run(tmp_path / "x.run", target), cwd=elsewhere)
    assert mark.exists()


def test_trusted_code_is_run_and_a_target_that_the_user_names_is_trusted(
    stepscope, loads_in_process, tmp_path, project, elsewhere, mark
):
    path = write_run(tmp_path / "x.run", elsewhere / "evil.py")
    stepscope("resume", path, "--trust", cwd=project)
    assert mark.exists()
    mark.unlink()
    stepscope("resume", path, "--target", elsewhere / "evil.py", cwd=project)
    assert mark.exists()


def test_an_installed_package_is_trusted(stepscope, loads_in_process, tmp_path, project):
    ended = stepscope("resume", write_run(tmp_path / "x.run", "json.tool"), cwd=project)
    assert ended.returncode == 2
    assert "outside" not in ended.stderr
    assert "no process in json.tool" in ended.stderr


def test_an_installed_package_of_a_folder_elsewhere_is_not(project, elsewhere):
    assert code_outside("json.tool", elsewhere, project) == elsewhere
    assert code_outside("json.tool", project, project) is None


def test_the_python_beside_foreign_code_is_never_started(
    stepscope, loads_in_process, monkeypatch, tmp_path, project, elsewhere, mark
):
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    python = elsewhere / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    started = tmp_path / "PYTHON_RAN"
    python.write_text(f"#!/bin/sh\ntouch {started}\n")
    python.chmod(0o755)
    path = write_run(tmp_path / "x.run", elsewhere / "evil.py")
    stepscope("resume", path, cwd=project)
    stepscope("resume", path, "--trust", cwd=project)
    assert mark.exists()
    assert not started.exists()


def test_a_run_file_in_a_clone_does_not_make_the_clone_the_project(
    stepscope, loads_in_process, tmp_path, project, elsewhere, mark
):
    path = write_run(elsewhere / RUNS_FOLDER / "x.run", "evil.py")
    ended = stepscope("resume", path, cwd=project)
    assert ended.returncode == 2
    assert str(elsewhere / "evil.py") in ended.stderr
    assert not mark.exists()


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("answer", "opens"), [("y\n", True), ("yes\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_on_a_terminal_a_question_names_the_code_first(
    monkeypatch, tmp_path, project, elsewhere, capsys, answer, opens
):
    opened = []

    async def open_screen(*_, is_foreign):
        opened.append(is_foreign)
        return 0

    path = write_run(tmp_path / "x.run", elsewhere / "evil.py")
    monkeypatch.chdir(project)
    monkeypatch.setattr(resume, "_open_screen", open_screen)
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    monkeypatch.setattr(sys, "stdout", Terminal())
    arguments: Namespace = parser().parse_args(["resume", str(path)])
    if opens:
        assert arguments.do(arguments) == 0
    else:
        with pytest.raises(UsageError, match="nothing was run"):
            arguments.do(arguments)
    assert opened == ([True] if opens else [])
    assert f"outside of this project: {elsewhere / 'evil.py'}\nRun it? [y/N]" in capsys.readouterr().err


@pytest.mark.parametrize(
    "target", ["a" * 5000, "a/" * 3000, "\0", ":", "", " ", "a:b:c", "../" * 2000, "~nobody-here/x.py"]
)
def test_a_target_that_can_be_no_path_is_refused_in_one_line(stepscope, loads_in_process, tmp_path, project, target):
    path = write_run(project / RUNS_FOLDER / "x.run", target)
    ended = stepscope("resume", path, cwd=project)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


def test_a_copy_of_a_run_made_elsewhere_runs_the_code_of_this_project(
    stepscope, loads_in_process, tmp_path, elsewhere, project, mark
):
    shutil.copy(elsewhere / "evil.py", project / "evil.py")
    path = write_run(tmp_path / "x.run", "evil.py", cwd=elsewhere)
    stepscope("resume", path, cwd=project)
    assert mark.read_text() == str(project / "evil.py")
