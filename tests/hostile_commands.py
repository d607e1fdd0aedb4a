"""Runs every command on hostile run files in this one process, within bounds, and prints a line of JSON for each.

usage: hostile_commands.py FILE...
"""

import contextlib
import io
import json
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from process_core.reload.project import Project
from process_core.session.client.in_process import InProcessSession
from tui.cli import graph, headless
from tui.cli.main import main

MEMORY: Final = 500 * 1024 * 1024
SECONDS: Final = 5
"""Of processor time, which other programs on the machine do not add to."""
PATIENCE: Final = 60
"""Seconds after which a command that waits for nothing is ended."""
_SHOWN: Final = 100_000
COMMANDS: Final = {
    "open": ["open", "{}"],
    "export": ["runs", "--export", "{}", "--output", "{}.jsonl"],
    "runs": ["runs", "--folder", "{folder}"],
    "text": ["graph", "{}"],
    "mermaid": ["graph", "{}", "--format", "mermaid"],
    "dot": ["graph", "{}", "--format", "dot"],
    "resume": ["resume", "{}"],
    "fork": ["resume", "{}", "--superstep", "1"],
}


class TookTooLongError(BaseException):
    """A command was still at it when its time was over."""


class Kept(io.TextIOWrapper):
    """Keeps the beginning of what is written, and counts the rest."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")
        self.text = ""

    def write(self, text: str) -> int:
        if len(self.text) < _SHOWN:
            self.text += text[:_SHOWN]
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)


async def open_session(*, interpreter: object = None, **options: Any) -> InProcessSession:
    return await InProcessSession.open(**options)


def attempt(path: Path, command: str) -> dict[str, Any]:
    """Run one command on a copy of a file; return how it ended, with what was wrong about that."""
    with tempfile.TemporaryDirectory(dir=path.parent.parent) as folder:
        shutil.copytree(path.parent.parent / "target", folder, dirs_exist_ok=True)
        copy = Path(folder) / path.name
        for suffix in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                os.link(f"{path}{suffix}", f"{copy}{suffix}") if command not in ("resume", "fork") else shutil.copy(
                    f"{path}{suffix}", f"{copy}{suffix}"
                )
        words = [word.format(copy, folder=folder) for word in COMMANDS[command]]
        out, errors = Kept(), Kept()
        stdin, sys.stdin = sys.stdin, io.StringIO("exit\n")
        problem, code = "", -1
        began = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, 2 * SECONDS)
        signal.alarm(PATIENCE)
        try:
            with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
                code = main(words)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else -1
        except BaseException:
            problem = traceback.format_exc()[-1500:]
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.alarm(0)
            sys.stdin = stdin
        took = time.process_time() - began
        Project.close_present()
        said = out.text + errors.text
        if not problem:
            problem = wrong_with(said, code, errors.text)
        if took > SECONDS:
            problem = f"took {took:.1f} s; {problem}"
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return {
            "file": path.stem, "command": command, "seconds": round(took, 2), "code": code, "memory": memory,
            "problem": problem, "error": errors.text.strip().rpartition("\n")[2][:300],
        }  # fmt: skip


def wrong_with(said: str, code: int, errors: str) -> str:
    """Return what is wrong with the output of a command, empty if nothing is."""
    if re.search("^(stepscope: )? {0,4}Traceback", said, re.MULTILINE):  # one of a step is printed below its event
        return said[said.index("Traceback") :][:2000]
    if not said.replace("\n", "").replace("\t", "").isprintable():
        return f"acting characters: {sorted({c for c in said if not c.isprintable()})}"
    if code not in (0, 1, 2, 3):
        return f"ended with {code}"
    if code == 2 and not errors.strip().startswith("stepscope: "):
        return f"no clear line: {errors[:300]!r}"
    return ""


def _too_long(*_: object) -> None:
    raise TookTooLongError


def run(paths: list[Path], commands: list[str]) -> None:
    for module in (graph, headless):
        module.WorkerSession = SimpleNamespace(open=open_session)  # type: ignore[assignment,misc]
    signal.signal(signal.SIGPROF, _too_long)
    signal.signal(signal.SIGALRM, _too_long)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    for path in paths:
        for command in commands:
            print(json.dumps(attempt(path, command)))


if __name__ == "__main__":
    chosen = os.environ.get("COMMANDS")
    run([Path(word) for word in sys.argv[1:]], chosen.split(",") if chosen else list(COMMANDS))
