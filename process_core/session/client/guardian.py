"""What ends a worker that outlives its client: a process beside both, which no interpreter lock holds up."""

import contextlib
import os
import subprocess
from typing import Final

GRACE: Final = 4.0
"""Seconds that a worker gets to end by itself once its client is gone; its own limits are shorter."""
_LOOKS_PER_SECOND: Final = 10
# A worker that a signal has stopped must run again to end in order. Once it and all that it started are gone, there
# is nothing to wait for, and their number may soon be another's.
_SCRIPT: Final = """
trap '' HUP INT QUIT TERM
read -r _
kill -s CONT -- "-$1" || exit
looks=$2
while [ "$looks" -gt 0 ]; do
    sleep 0.1
    kill -s 0 -- "-$1" || exit
    looks=$((looks - 1))
done
kill -s KILL -- "-$1"
"""


class Guardian:
    """Ends a process group when this process is gone, however it went.

    A worker notices by itself that its client is gone, and ends in order. But one that is stopped, or that runs C code
    which keeps the interpreter to itself, notices nothing. The signal that Linux sends for a dead parent is no help: it
    would end user code at once, without its last words, and other systems have none. So a shell waits for the end of a
    pipe that only this process holds. It costs a millisecond.

    Args:
        group: The process group to end.
        grace: Seconds that it gets to end by itself.

    Raises:
        OSError: There is no shell, or no process can be started.
    """

    def __init__(self, group: int, grace: float = GRACE) -> None:
        lifeline, self._held = os.pipe()  # neither is inherited by what this process starts
        looks = round(grace * _LOOKS_PER_SECOND)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a fixed script; two numbers are all that varies
                ["/bin/sh", "-c", _SCRIPT, "worker-guardian", str(group), str(looks)],
                stdin=lifeline,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",  # so that no folder is kept busy
                env={"PATH": os.defpath},  # a shell reads some variables as code
                start_new_session=True,  # what ends the group of a terminal must not end this
            )
        except BaseException:
            os.close(self._held)
            raise
        finally:
            os.close(lifeline)

    @property
    def pid(self) -> int:
        """Process id of the guardian."""
        return self._process.pid

    def dismiss(self) -> None:
        """End the guardian; the group has ended."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            os.close(self._held)
