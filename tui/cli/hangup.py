"""Leaving when the terminal is gone, for programs that ignore the hang-up signal, as under `nohup`."""

import os
import select
import threading
from typing import Final

HUNG_UP: Final = 129
"""Exit code, as a shell gives it for a program that the hang-up signal has ended."""


def leave_on_hang_up(descriptor: int) -> None:
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
