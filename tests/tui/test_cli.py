"""The `stepscope` command."""

import contextlib
import os
import pty
import subprocess
import sys

import pytest
from driving import ROOT
from targets import CHAT, FIVE_PROBLEMS

from process_core.runfile import RunFile
from tui.cli.main import main
from tui.terminal import HUNG_UP


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run",), "TARGET"),
        (("run", "x.py", "--data", "{"), "is not JSON"),
        (("nonsense",), "invalid choice"),
        (("run", "x.py", "--nonsense"), "unrecognized arguments"),
    ],
)
def test_bad_arguments_end_with_code_2_and_a_message(capsys, arguments, message):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_version_is_reported(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("stepscope ")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "target.py"),
        ("def build(:\n", "syntax"),
        ("x = 1\n", "process"),
        ("raise SystemExit(3)\n", "sys.exit(3)"),
        (FIVE_PROBLEMS, "nope_five"),
    ],
    ids=["missing", "syntax error", "no process", "sys.exit", "five problems"],
)
@pytest.mark.usefixtures("loads_in_process")
def test_a_target_that_cannot_be_loaded_ends_with_code_2_and_no_traceback_of_ours(stepscope, tmp_path, source, message):
    if source is not None:
        (tmp_path / "target.py").write_text(source)
    ended = stepscope("run", "target.py", cwd=tmp_path)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert "tui/cli" not in ended.stderr
    assert "process_core/session" not in ended.stderr


def test_a_piped_conversation_is_held_to_its_end(stepscope, tmp_path):
    (tmp_path / "target.py").write_text(CHAT)
    ended = stepscope("run", "target.py", cwd=tmp_path, text="hello\nexit\n")
    assert ended.returncode == 0, ended.stderr
    assert "you said hello" in ended.stdout


def test_without_a_terminal_the_samples_are_listed(stepscope, tmp_path):
    ended = stepscope(cwd=tmp_path)
    assert ended.returncode == 0
    assert "chatbot.py" in ended.stdout


def test_textual_is_not_imported_where_there_is_no_terminal(tmp_path):
    code = "import sys; from tui.cli.main import main; main([]); sys.exit('textual' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("def build(:\n", [], b"cannot load"),
        (CHAT, ["--event", "startProces"], b"did you mean 'startProcess'?"),
    ],
    ids=["syntax error", "unknown event"],
)
def test_in_a_terminal_bad_input_ends_the_command_with_the_reason(tmp_path, source, options, message):
    (tmp_path / "target.py").write_text(source)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tui.cli", "run", "target.py", *options],
        cwd=tmp_path,
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"},
    )
    os.close(theirs)
    with contextlib.suppress(OSError):  # the program has ended
        while os.read(ours, 65536):
            pass
    _, errors = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 2
    assert message in errors
    assert b"Traceback (most recent call last)" not in errors


def test_a_program_that_no_hang_up_signal_reaches_ends_with_its_terminal_and_its_run_is_kept(tmp_path):
    (tmp_path / "target.py").write_text(CHAT)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tui.cli", "run", "target.py"],
        cwd=tmp_path,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"},
    )
    os.close(theirs)
    seen = b""
    while b"WAITING" not in seen:
        seen += os.read(ours, 65536)
    os.close(ours)
    assert process.wait(30) == HUNG_UP
    (kept,) = (tmp_path / ".stepscope" / "runs").glob("*.run")
    with RunFile(kept) as run_file:
        assert any(row.type == "request_info" for row in run_file.page(0, 100))
