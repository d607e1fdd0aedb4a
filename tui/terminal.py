"""The terminal that the app draws on: left as it was found, whatever ends the program."""

import asyncio
import contextlib
import os
import select
import signal
import sys
import termios
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, Final

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

HUNG_UP: Final = 128 + signal.SIGHUP
"""Exit code, as a shell gives it for a program that the hang-up signal has ended."""
PATIENCE: Final = 5.0
"""Seconds that the app gets to leave the terminal after a signal, before it is made to."""
_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_LEAVE: Final = (
    b"\x1b[?2004l"  # bracketed paste
    b"\x1b[?7h"  # lines wrap
    b"\x1b[?2048l"  # reports of the size
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # the mouse
    b"\x1b[<u"  # the keyboard protocol; before the next, which has one of its own
    b"\x1b[?1049l"  # the alternate screen
    b"\x1b[?25h\x1b[?1004l"  # cursor, focus
)


class TerminalDriver(LinuxDriver):
    """Draws on standard output; Textual's own draws on standard error, which may well be a file (`2>log`)."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._file = sys.__stdout__


async def run_on_terminal(app: App[int]) -> int:
    """Run the app until it is left, or a signal ends it; return the exit code."""
    descriptor = sys.stdin.fileno()
    _leave_on_hang_up(descriptor)
    with _leaving_on_signals(app, descriptor):
        await app.run_async()
    return int(app.return_code or 0)


@contextlib.contextmanager
def _leaving_on_signals(app: App[int], descriptor: int) -> Iterator[None]:
    """Let the signals that end a program end the app first, so that the terminal and the run are left in order.

    The handlers are Python's and not the event loop's: they are called also while the loop is busy, and a second signal
    does not wait for it.
    """
    loop = asyncio.get_running_loop()
    attributes = termios.tcgetattr(descriptor)
    timers: list[threading.Timer] = []

    def force(number: int) -> None:
        with contextlib.suppress(OSError, termios.error):
            os.write(descriptor, _LEAVE)
            termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
        os._exit(128 + number)

    def leave(number: int, _: FrameType | None) -> None:
        if timers:
            force(number)
        timers.append(threading.Timer(PATIENCE, force, (number,)))
        timers[0].daemon = True
        timers[0].start()
        loop.call_soon_threadsafe(app.exit, None, 128 + number)

    before = {number: signal.signal(number, leave) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for timer in timers:
            timer.cancel()


def _leave_on_hang_up(descriptor: int) -> None:
    """End this program as soon as the other end of a terminal's descriptor is gone.

    Without a terminal every read returns at once with nothing and every write fails, so that Textual would read for
    ever and could not even leave. The worker notices by itself that nobody listens, and closes the run's file.
    """
    threading.Thread(target=_wait, args=(descriptor,), name="hang-up", daemon=True).start()


def _wait(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, 0)  # poll reports a hang-up unasked
    poll.poll()
    os._exit(HUNG_UP)
