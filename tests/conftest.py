"""What tests of every folder share."""

import contextlib
import gc
import io
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings

from process_core.runfile import schema
from process_core.session.client.in_process import InProcessSession
from tui.cli import graph, headless
from tui.cli.main import main

if sys.prefix != sys.base_prefix:  # else a `.venv` of another Python above the samples would run their workers
    os.environ["VIRTUAL_ENV"] = sys.prefix

# How long an example takes is the machine's business, not the test's.
settings.register_profile("suite", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


# Half a million objects are there before the first test, and stay: each full collection would go through them in vain,
# which is a quarter of what the tests cost.
gc.disable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


class Ended(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture(autouse=True, scope="session")
def _waits_for_no_disk() -> Iterator[None]:
    """Leaves out the waits for the disk at the end of each run file: only a power cut would show the difference."""
    prepare = schema._prepare

    def prepare_and_wait_for_nothing(connection: sqlite3.Connection) -> None:
        prepare(connection)
        connection.execute("PRAGMA synchronous = OFF")

    schema._prepare = prepare_and_wait_for_nothing
    yield
    schema._prepare = prepare


@pytest.fixture(autouse=True)
def no_target_left() -> Iterator[None]:
    """Leaves no modules of a test's target to the next test; sessions in process load theirs into this interpreter."""
    yield
    project = sys.modules.get("process_core.reload.project")
    if project is not None:
        project.Project.close_present()


@pytest.fixture
def loads_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets commands load targets into this interpreter: starting a worker takes half a second."""

    async def open_session(*, interpreter: object = None, **options: Any) -> InProcessSession:
        return await InProcessSession.open(**options)

    for module in (graph, headless):
        monkeypatch.setattr(module, "WorkerSession", SimpleNamespace(open=open_session))


@pytest.fixture
def stepscope() -> Callable[..., Ended]:
    """Runs the `stepscope` command in this interpreter, without a terminal; targets are loaded in workers."""

    def call(*arguments: object, cwd: Path, text: str = "", encoding: str = "utf-8") -> Ended:
        out, errors = io.TextIOWrapper(io.BytesIO(), encoding=encoding), io.StringIO()
        stdin, sys.stdin = sys.stdin, io.StringIO(text)
        try:
            with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
                code = main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = ended.code
        finally:
            sys.stdin = stdin
        out.flush()
        return Ended(code, out.buffer.getvalue().decode(encoding), errors.getvalue())

    return call
