"""The worker runs with the Python that has the packages of the user's code."""

import io
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from process_core.session.client.interpreter import OWN, find_interpreter
from process_core.session.client.session import CommandRefused
from tui.cli.headless import run_headless

LIBRARIES = ("pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection")
FLOW = """
import sys, multiprocessing
import spices
from process_core import ProcessBuilder, Step, StepContext, function

def absent(name):
    try:
        __import__(name)
    except ModuleNotFoundError:
        return True
    return False

class Cook(Step):
    @function
    def cook(self, context: StepContext) -> None:
        context.yield_output([sys.prefix, spices.HOT, [absent(n) for n in ("textual", "rich", "watchfiles", "tui")]])
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            context.yield_output(pool.map(spices.grind, [2]))

def build():
    process = ProcessBuilder("Kitchen")
    process.on_input_event("Go").send_event_to(process.add_step(Cook))
    return process
"""


def environment(folder, *, pydantic=True):
    """Make a virtual environment that has pydantic and a package `spices`, and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    ours = Path(sysconfig.get_path("purelib"))
    for entry in ours.iterdir():
        library = entry.name.removesuffix(".py").partition("-")[0]
        if pydantic and library in LIBRARIES:
            (site / entry.name).symlink_to(entry)
    (site / "spices.py").write_text("HOT = 'chilli'\ndef grind(n):\n    return n * 21\n")
    return folder


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory):
    """A project with an environment of its own beside it."""
    project = tmp_path_factory.mktemp("kitchen")
    (project / "inner").mkdir()
    (project / "inner/flow.py").write_text(FLOW)
    environment(project / ".venv")
    return project


async def test_a_target_runs_where_its_packages_are(kitchen, monkeypatch):
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    out, err = io.StringIO(), io.StringIO()
    code = await run_headless("inner/flow.py", stdin=io.StringIO(), stdout=out, stderr=err, cwd=kitchen)
    assert (code, out.getvalue().count("= ")) == (0, 2), out.getvalue() + err.getvalue()
    assert f"{kitchen / '.venv'}" in out.getvalue()
    assert "'chilli', [True, True, True, True]" in out.getvalue()
    assert "= [42]" in out.getvalue()
    assert f"runs in {kitchen}/.venv/bin/python (Python " in err.getvalue()


@pytest.mark.parametrize("target", ["inner/flow.py", "inner/flow.py:build", "inner.flow", "inner.flow:build"])
async def test_the_environment_beside_or_above_a_target_is_found(kitchen, target):
    found = await find_interpreter(target, kitchen, environ={})
    assert found.path == str(kitchen / ".venv/bin/python")
    assert found.origin == f"the .venv in {kitchen}"


async def test_the_active_environment_goes_before_it_and_a_named_one_before_both(kitchen, tmp_path):
    environ = {"VIRTUAL_ENV": str(kitchen / ".venv")}
    (tmp_path / "flow.py").write_text(FLOW)
    assert (await find_interpreter("flow.py", tmp_path, environ=environ)).origin == "$VIRTUAL_ENV"
    assert await find_interpreter("inner/flow.py", kitchen, sys.executable, environ) is OWN
    named = await find_interpreter("flow.py", tmp_path, str(kitchen / ".venv"), {})
    assert (named.path, named.origin) == (str(kitchen / ".venv/bin/python"), "--python")


async def test_without_any_of_them_it_is_our_own(tmp_path):
    (tmp_path / "flow.py").write_text(FLOW)
    assert await find_interpreter("flow.py", tmp_path, environ={}) is OWN
    assert await find_interpreter("flow.py", tmp_path, environ={"VIRTUAL_ENV": sys.prefix}) is OWN
    assert await find_interpreter("flow.py", tmp_path, environ={"VIRTUAL_ENV": str(tmp_path / "gone")}) is OWN


async def test_an_environment_that_belongs_to_somebody_else_is_not_run(tmp_path, monkeypatch):
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").write_text("#!/bin/sh\n")
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    monkeypatch.setattr(Path, "stat", lambda self, **_: os.stat_result([0o40755, 0, 0, 0, 17, 0, 0, 0, 0, 0]))
    assert await find_interpreter("flow.py", tmp_path, environ={}) is OWN


def fake(folder, answer):
    program = folder / "python"
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            """echo '{"version": [3, 9, 18], "pydantic": "2.9.0"}'""",
            "is Python 3.9.18, and stepscope needs 3.11 or newer",
        ),
        ("""echo '{"version": [3, 12, 1], "pydantic": ""}'""", "has no pydantic: `"),
        ("""echo '{"version": [3, 12, 1], "pydantic": "1.10.2"}'""", "has pydantic 1.10.2, which is too old: `"),
        ("echo no such library >&2; exit 1", "is not a Python that works: no such library"),
        ("echo hello", "is not a Python that works"),
    ],
)
async def test_a_python_that_cannot_run_the_worker_is_refused_with_what_to_do(tmp_path, answer, reason):
    program = fake(tmp_path, answer)
    out, err = io.StringIO(), io.StringIO()
    code = await run_headless("flow.py", python=program, stdout=out, stderr=err, cwd=tmp_path)
    assert code == 2
    assert f"{program} (from --python) {reason}" in err.getvalue()
    assert f"choose another with --python (stepscope's own is {sys.executable})" in err.getvalue()


@pytest.mark.parametrize(
    ("python", "reason"),
    [("nowhere/python", "there is no such program"), ("no-such-python", "no such program"), (".", "no bin/python")],
)
async def test_a_python_that_is_not_there_is_refused(tmp_path, python, reason):
    with pytest.raises(CommandRefused, match=reason) as refused:
        await find_interpreter("flow.py", tmp_path, python, {})
    assert refused.value.failure.code == "bad_interpreter"


async def test_a_program_that_cannot_be_started_is_refused(tmp_path):
    program = tmp_path / "python"
    program.write_text("")
    with pytest.raises(CommandRefused, match="cannot be started: Permission denied"):
        await find_interpreter("flow.py", tmp_path, str(program), {})
