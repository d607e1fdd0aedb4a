"""What is installed works outside of the repository, whatever the user's own files are called."""

import os
import runpy
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COMMAND = ROOT / "tui" / "cli" / "stepscope"
SAMPLE = ROOT / "sample_processes" / "mail.py"
PACKAGES = ("process_core", "tui", "sample_processes")
NAMES = (
    "argparse",
    "asyncio",
    "json",
    "pathlib",
    "pydantic",
    "rich",
    "socket",
    "sqlite3",
    "textual",
    "typing_extensions",
)

UNSET = {"PYTHONPATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"}
USES_ITS_OWN = """
import rich  # the one beside this file
from process_core import ProcessBuilder, Step, StepContext, function

class Says(Step):
    @function
    def say(self, context: StepContext):
        context.yield_output(rich.__doc__)

def build():
    process = ProcessBuilder("Own")
    process.on_input_event("Go").send_event_to(process.add_step(Says))
    return process
"""


@pytest.fixture
def taken(tmp_path):
    """A project whose files have the names of what stepscope consists of and is built on."""
    folder = tmp_path / "taken"
    for package in PACKAGES:
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text("raise SystemExit('the wrong package')")
    for name in NAMES:
        (folder / f"{name}.py").write_text(
            "'''The user's own.'''\n" + "raise SystemExit('the wrong module')" * (name != "rich")
        )
    (folder / "target.py").write_text(USES_ITS_OWN)
    return folder


def ended(*command, cwd, **environ):
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    return subprocess.run(
        list(map(str, command)), cwd=cwd, env=kept | environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=100, check=False,
    )  # fmt: skip


def test_files_of_the_user_named_like_ours_are_in_nobodys_way(taken):
    command = (sys.executable, COMMAND, "run", "target.py")
    run = ended(*command, cwd=taken, PYTHONPATH=f".{os.pathsep}{taken}")
    assert run.returncode == 0, run.stderr
    assert "The user's own." in run.stdout
    assert "the wrong" not in run.stdout + run.stderr


@pytest.fixture
def search_chosen_folders_last():
    return runpy.run_path(str(COMMAND))["search_chosen_folders_last"]


def test_folders_of_the_user_are_searched_last(monkeypatch, tmp_path, search_chosen_folders_last):
    theirs, here = str(tmp_path / "theirs"), str(tmp_path)
    monkeypatch.chdir(here)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(("theirs", "")))
    monkeypatch.setattr(sys, "path", [here, theirs, "/usr/lib/python", "/site-packages"])
    search_chosen_folders_last()
    assert sys.path == ["/usr/lib/python", "/site-packages", here, theirs]


def test_a_folder_that_has_been_removed_is_no_hindrance(monkeypatch, tmp_path, search_chosen_folders_last):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    before = list(sys.path)
    search_chosen_folders_last()
    assert sys.path == before


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    source = tmp_path_factory.mktemp("source")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    offline = ("--no-index", "--no-deps", "--no-build-isolation")
    built = ended(sys.executable, "-m", "pip", "wheel", "-q", *offline, "-w", source / "dist", source, cwd=source)
    assert built.returncode == 0, built.stderr
    (wheel,) = (source / "dist").iterdir()
    return wheel


@pytest.fixture(scope="module")
def command(wheel, tmp_path_factory):
    """The command of a clean environment that has the wheel, and finds what it depends on in this one's packages."""
    environment = tmp_path_factory.mktemp("clean") / "venv"
    made = ended(sys.executable, "-m", "venv", "--without-pip", environment, cwd=environment.parent)
    assert made.returncode == 0, made.stderr
    python = environment / "bin" / "python"
    install = ("-m", "pip", "--python", python, "install", "-q", "--no-index", "--no-deps", wheel)
    installed = ended(sys.executable, *install, cwd=environment.parent)
    assert installed.returncode == 0, installed.stderr
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    where = ended(python, "-c", "import tui; print(tui.__file__)", cwd=environment.parent)
    assert Path(where.stdout.strip()).is_relative_to(environment), where
    return environment / "bin" / "stepscope"


@pytest.mark.slow
def test_the_wheel_has_what_is_needed_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
    metadata = {name for name in names if name.partition("/")[0].endswith(".dist-info")}
    code = {str(path.relative_to(ROOT)) for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    others = {str(path.relative_to(ROOT)) for path in (ROOT / "tui").rglob("*.tcss")}
    others |= {"process_core/py.typed", "tui/py.typed", "process_core/engine/RULES.md"}
    scripts = {name for name in names if ".data/scripts/" in name}
    assert names - metadata - scripts == code | others
    assert [name.rpartition("/")[2] for name in scripts] == ["stepscope"]
    assert any(name.endswith("/LICENSE") for name in metadata)


@pytest.mark.slow
def test_the_installed_command_works_on_a_file_anywhere(command, tmp_path):
    shutil.copy(SAMPLE, tmp_path / "copied.py")
    assert ended(command, "--version", cwd=tmp_path).stdout.startswith("stepscope ")
    run = ended(command, "run", "copied.py", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "status" in run.stdout
    graph = ended(command, "graph", "copied.py", cwd=tmp_path)
    assert graph.returncode == 0, graph.stderr
    assert graph.stdout.count("\n") > 5
    listed = ended(command, "runs", cwd=tmp_path)
    assert "1 run" in listed.stdout
    offered = ended(command, cwd=tmp_path)
    assert "chatbot.py" in offered.stdout
    drawn = ended(
        command.with_name("python"), "-c", "from tui.app import StepscopeApp; StepscopeApp(None)", cwd=tmp_path
    )
    assert drawn.returncode == 0, drawn.stderr


@pytest.mark.slow
def test_the_installed_command_starts_beside_files_named_like_ours(command, taken):
    for options in ({}, {"PYTHONPATH": "."}, {"PYTHONPATH": str(taken)}):
        assert ended(command, "--version", cwd=taken, **options).returncode == 0
        run = ended(command, "run", "target.py", cwd=taken, **options)
        assert run.returncode == 0, run.stderr
        assert "The user's own." in run.stdout
