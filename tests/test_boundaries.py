"""What an import brings with it, seen from outside in a fresh interpreter."""

import subprocess
import sys

import pytest

PROBE = """
import sys
import {module}
print(" ".join(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


def modules_after(module):
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(module=module)], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module", ["process_core", "process_core.debug", "process_core.runfile", "process_core.session.worker.main"]
)
def test_the_core_is_imported_without_any_screen(module):
    assert modules_after(module).isdisjoint({"textual", "rich", "watchfiles", "tui"})


def test_pydantic_comes_only_when_it_is_needed():
    assert "pydantic" not in modules_after("process_core")


def test_the_command_line_starts_without_textual():
    assert "textual" not in modules_after("tui.cli.main")


def test_the_samples_need_no_screen():
    assert "textual" not in modules_after("sample_processes.chatbot")
