"""The terminal is left as it was found, and drawn on whatever standard error is."""

import asyncio
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios

import pytest
from driving import ROOT
from targets import CHAT

from tui import terminal

ECHO, CANONICAL = termios.ECHO, termios.ICANON


def modes_left_on(output):
    """Return the modes that are left on, whether cursor and wrapping are, as is usual, and the keyboards left."""
    on = {}
    for numbers, switch in re.findall(rb"\x1b\[\?([0-9;]+)([hl])", output):
        on |= dict.fromkeys(numbers.split(b";"), switch == b"h")
    keyboards = output.count(b"\x1b[>") - output.count(b"\x1b[<u")
    return {mode for mode, is_on in on.items() if is_on} - {b"7", b"25"}, on[b"25"], on[b"7"], keyboards


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        *(pytest.param(each, marks=pytest.mark.slow) for each in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)),
    ],
)
def test_a_signal_leaves_the_terminal_as_it_was(tmp_path, number):
    (tmp_path / "target.py").write_text(CHAT)
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    with (tmp_path / "log").open("wb") as log:
        screen = subprocess.Popen(
            [sys.executable, "-m", "tui.cli", "run", "target.py"],
            cwd=tmp_path,
            stdin=theirs,
            stdout=theirs,
            stderr=log,  # Textual would draw there
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"},
        )
    output = b""
    while b"WAITING" not in output:
        output += os.read(ours, 65536)
    assert not termios.tcgetattr(theirs)[3] & ECHO
    screen.send_signal(number)
    while screen.poll() is None:
        output += read(ours)
    output += read(ours)
    assert screen.returncode == 128 + number
    assert modes_left_on(output) == (set(), True, True, 0)
    assert termios.tcgetattr(theirs) == before
    assert (tmp_path / "log").read_bytes() == b""
    os.close(ours)
    os.close(theirs)


def read(descriptor):
    ready, _, _ = select.select([descriptor], [], [], 0.05)
    return os.read(descriptor, 65536) if ready else b""


class LeavesNever:
    """An app that is asked to leave, and does not."""

    def __init__(self):
        self.asked = asyncio.Event()

    def exit(self, result, return_code):
        self.code = return_code
        self.asked.set()


class ForcedError(Exception):
    pass


@pytest.fixture
def at_terminal(monkeypatch):
    """A terminal in the state an app leaves it in when it cannot leave: its two ends, and exit codes."""
    ours, theirs = pty.openpty()
    codes = []

    def note(code):
        codes.append(code)
        raise ForcedError

    monkeypatch.setattr(terminal.os, "_exit", note)
    yield ours, theirs, codes
    os.close(ours)
    os.close(theirs)


async def test_a_second_signal_leaves_an_app_that_does_not(at_terminal):
    ours, theirs, codes = at_terminal
    before = termios.tcgetattr(theirs)
    app = LeavesNever()
    with terminal._leaving_on_signals(app, theirs):
        raw = termios.tcgetattr(theirs)
        raw[3] &= ~(ECHO | CANONICAL)
        termios.tcsetattr(theirs, termios.TCSANOW, raw)
        signal.raise_signal(signal.SIGTERM)
        await app.asked.wait()
        assert (app.code, codes) == (143, [])
        with pytest.raises(ForcedError):
            signal.raise_signal(signal.SIGINT)
    assert codes == [130]
    assert termios.tcgetattr(theirs) == before
    assert b"\x1b[?1049l" in os.read(ours, 4096)


async def test_an_app_that_does_not_leave_is_made_to_after_a_time(at_terminal, monkeypatch):
    ours, theirs, codes = at_terminal
    monkeypatch.setattr(terminal, "PATIENCE", 0.01)
    monkeypatch.setattr(terminal.os, "_exit", codes.append)
    with terminal._leaving_on_signals(LeavesNever(), theirs):
        signal.raise_signal(signal.SIGHUP)
        while not codes:
            await asyncio.sleep(0.001)
    assert codes == [129]
    assert b"\x1b[?25h" in os.read(ours, 4096)


async def test_signals_mean_what_they_meant_once_the_app_is_left(at_terminal):
    _, theirs, _ = at_terminal
    before = [signal.getsignal(number) for number in terminal._ENDING]
    with terminal._leaving_on_signals(LeavesNever(), theirs):
        pass
    assert [signal.getsignal(number) for number in terminal._ENDING] == before
