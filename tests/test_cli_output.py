"""What the command line writes cannot act on a terminal, whatever was typed, recorded or raised."""

import ast
import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.cli import output
from tui.cli.main import main
from tui.cli.output import Shown, complain, write, write_drawing
from tui.text.safe_text import copyable, safe, visible

ROOT = Path(__file__).resolve().parent.parent
ACTING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
PRINTS = {
    "tui/cli/output.py",  # the one way out
    # What a worker writes is captured, recorded and shown by the screen.
    "process_core/session/worker/main.py",
    "process_core/session/worker/server.py",
    "process_core/engine/host.py",  # what a forked child writes goes where its parent's output goes
    # Runs by itself, outside of a screen.
    "process_core/session/client/guardian.py",
}
HOSTILE = "\x1b[2J\x1b]0;PWNED\x07\x9b31m\u202e\u200b\ud800\x00\r"


def harmless(text: str) -> bool:
    return not {category(character) for character in text.replace("\n", "")} & ACTING


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def is_writing(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func)
    is_stream = called.startswith("sys.") and called.endswith((".write", ".writelines"))
    return is_stream or called in ("print", "traceback.print_exc", "traceback.print_exception")


def test_nothing_else_writes_to_the_standard_streams():
    writing = set()
    for path in [*(ROOT / "process_core").rglob("*.py"), *(ROOT / "tui").rglob("*.py")]:
        if any(is_writing(node) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))):
            writing.add(path.relative_to(ROOT).as_posix())
    assert writing <= PRINTS


@given(st.text(st.characters()))
def test_whatever_is_written_is_harmless(text):
    for put in (write, complain, write_drawing):
        stream = Terminal()
        put(text, stream)
        assert harmless(stream.getvalue()) or put is write_drawing
    assert visible(visible(text)) == visible(text)


def test_our_own_colours_pass_and_nothing_else_does():
    stream = Terminal()
    write_drawing(f"\x1b[1;31mred\x1b[0m {HOSTILE}\x1b[2J\x1b[m\n", stream)
    assert stream.getvalue().startswith("\x1b[1;31mred\x1b[0m ␛[2J␛]0;PWNED␇")
    assert stream.getvalue().endswith("␛[2J\x1b[m\n")
    assert harmless(stream.getvalue().replace("\x1b[1;31m", "").replace("\x1b[0m", "").replace("\x1b[m", ""))


def test_what_goes_to_a_terminal_in_place_of_a_file_is_made_visible():
    stream = Terminal()
    print(f'{{"a": "{HOSTILE}"}}', file=Shown(stream))
    assert harmless(stream.getvalue())
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [HOSTILE],
        ["run", "x.py", "--data", HOSTILE],
        ["run", "x.py", "--data", "[" * 100_000],
        ["run", "x.py", "--data", "9" * 5000],
        ["run", "x.py", "--max-supersteps", HOSTILE],
        ["run", "x.py", "--max-supersteps", "²"],
        ["runs", "--prune", "--older-than", HOSTILE],
        ["runs", "--folder", HOSTILE.replace("\x00", "")],
        ["graph", HOSTILE],
        ["graph", "x", "--format", HOSTILE],
        ["open", HOSTILE],
        ["resume", HOSTILE.replace("\x00", "")],
        ["open", "x", HOSTILE],
    ],
    ids=lambda arguments: "-".join(a for a in arguments if a.isascii() and len(a) < 20 and a.isprintable()),
)
def test_a_wrong_argument_is_repeated_harmlessly(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    written = capsys.readouterr()
    assert written.err
    assert harmless(written.err + written.out)
    assert "Traceback" not in written.err
    assert len(written.err) < 5000


def test_a_fault_of_the_command_is_one_line_with_a_report_and_no_payload(capsys, monkeypatch, tmp_path):
    def breaks(*_, **__):
        secret = "hunter2"
        raise LookupError("p" * 100_000 + secret)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tui.cli.runs.list_runs", breaks)
    assert main(["runs"]) == 70
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith("stepscope: a fault of stepscope in `stepscope runs` (LookupError: ppp")
    assert written.err.count("\n") == 1
    assert len(written.err) < 1000
    (report,) = (tmp_path / ".stepscope" / "faults").iterdir()
    assert "list_runs" in report.read_text()
    assert "hunter2" not in report.read_text().replace('secret = "hunter2"', "")


@pytest.mark.parametrize("arguments", [["--help"], ["runs", "--help"], ["--version"], ["runs"], []], ids=" ".join)
def test_a_reader_that_has_gone_ends_the_command_quietly(arguments, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(arguments) == output.GONE
        monkeypatch.undo()
    assert capsys.readouterr().err == ""


def test_what_is_copied_keeps_lines_and_tabs_and_nothing_that_acts():
    assert copyable("a\tb\r\nc\x1b]52;c;x\x07\u202e\ud800") == "a\tb\nc␛]52;c;x␇‹U+202E›‹U+D800›"


def test_a_flood_of_marks_is_cut_to_a_few_on_each_character():
    flood = "e" + "\u0301" * 100_000 + "o\u0302\u0303 漢" + "\u20dd" * 50 + "字"
    assert visible(flood) == "e" + "\u0301" * 4 + "…o\u0302\u0303 漢" + "\u20dd" * 4 + "…字"
    assert safe(flood).startswith("e" + "\u0301" * 4 + "…")
    assert len(safe(flood)) < 10
    assert visible("Việt Nam ภาษาไทย हिन्दी שָׁלוֹם") == "Việt Nam ภาษาไทย हिन्दी שָׁלוֹם"


@pytest.mark.slow
def test_raw_bytes_under_a_pseudo_terminal_hold_no_control_byte(tmp_path):
    target = tmp_path / "hostile.py"
    target.write_text(
        "from process_core import ProcessBuilder, Step, StepContext, function\n"
        "class A(Step):\n"
        "    @function\n"
        "    async def go(self, context: StepContext) -> None:\n"
        "        context.emit_event('E\\x9b2J', '\\x9d0;PWNED\\x9c \\u202etxt\\x1b[2J')\n"
        "def build():\n"
        "    b = ProcessBuilder('P'); a = b.add_step(A); b.on_input_event('Go\\u202e').send_event_to(a)\n"
        "    return b.build()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "tui.cli"]
    subprocess.run(
        [*command, "run", str(target)], cwd=tmp_path, env=environment, check=True, input=b"", capture_output=True
    )
    for arguments in (
        ["runs"],
        ["runs", "--export", "last"],
        ["graph", str(target)],
        ["graph", str(target), "--nope\x1b[2J"],
    ):
        reads, writes = os.openpty()
        process = subprocess.Popen(
            [*command, *arguments],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=writes,
            stderr=writes,
        )
        os.close(writes)
        raw = b""
        with contextlib.suppress(OSError):
            while data := os.read(reads, 65536):
                raw += data
        process.wait(30)
        os.close(reads)
        assert raw
        assert harmless(raw.decode().replace("\r\n", "\n")), raw
