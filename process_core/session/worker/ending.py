"""How the worker's process ends: as any Python program does, and by force where something holds that up.

Steps are users' code, and users' programs rely on their end: buffered files are written, `atexit` runs, temporary
folders go. But a thread that never returns would hold up an orderly end for good, so there is a time limit; what can be
saved is saved even then.
"""

import asyncio
import atexit
import contextlib
import gc
import io
import os
import signal
import threading
import time
from concurrent.futures import thread as executors
from typing import Final

GRACE: Final = 1.0
"""Seconds that the run gets to end when the client is gone; and the interpreter, after that."""
THREADS_GRACE: Final = 0.7
"""Seconds that threads which steps began get to end, while what they print is still recorded."""
_LOOK: Final = 0.02
_TASKS_GRACE: Final = 0.3


class Ending:
    """Brings the process to its end, once."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._has_begun = threading.Event()
        self._watchdog: threading.Thread | None = None
        self._is_exiting = False
        atexit.register(
            self._end_children
        )  # first, so that it comes last: steps' own functions may need their children

    @property
    def has_begun(self) -> bool:
        """Whether the process is ending."""
        return self._has_begun.is_set()

    def begin(self, grace: float = GRACE) -> None:
        """Note that the process is to end by itself; after the grace it is made to. From any thread."""
        self._has_begun.set()
        if self._watchdog is None:
            self._watchdog = threading.Thread(target=self._force, args=(grace,), name="ending", daemon=True)
            self._watchdog.start()

    def leave(self) -> None:
        """Let the interpreter end; the main thread has nothing left to do but to return."""
        atexit.register(self._note_exit)  # last, so that it comes first
        self.begin()

    def _note_exit(self) -> None:
        self._is_exiting = True

    def _end_children(self) -> None:
        """End the processes that steps started; this one is in their group, and ignores the mild signal."""
        if os.getpid() == self._pid == os.getpgrp():
            with contextlib.suppress(OSError, ValueError):
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                os.killpg(0, signal.SIGTERM)

    def _force(self, grace: float) -> None:
        time.sleep(grace)
        last = threading.Thread(target=self._save_what_can_be, name="last-things", daemon=True)
        last.start()
        last.join(GRACE)
        end_at_once(0)

    def _save_what_can_be(self) -> None:
        if not self._is_exiting:
            atexit._run_exitfuncs()  # noqa: SLF001 - the interpreter does not come to it
        for thing in gc.get_objects():
            kind = type(thing)  # never `isinstance`, which asks the object, and that may be anybody's
            if issubclass(kind, io.IOBase):
                with contextlib.suppress(Exception):
                    kind.flush(thing)


async def end_tasks() -> None:
    """Cancel what steps left behind on the event loop, as `asyncio.run` does, and wait for it a little."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=_TASKS_GRACE)


async def wait_for_threads() -> None:
    """Wait a little for the threads that Python would wait for at the end of a program."""
    end = time.monotonic() + THREADS_GRACE
    pools = getattr(executors, "_threads_queues", {})  # their idle threads end only when the interpreter does
    while time.monotonic() < end and any(  # noqa: ASYNC110 - as said below
        thread is not threading.main_thread() and not thread.daemon and thread not in pools
        for thread in threading.enumerate()
    ):
        await asyncio.sleep(_LOOK)  # a thread that ends sets nothing that could be awaited


def end_at_once(code: int) -> None:
    """End the process, and those that steps started, wherever its threads are."""
    if os.getpgrp() == os.getpid():
        with contextlib.suppress(OSError, ValueError):
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                os.killpg(0, signal.SIGTERM)
            else:
                os.killpg(0, signal.SIGKILL)
    os._exit(code)
