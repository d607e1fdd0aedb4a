"""The process that runs the user's code, started by `WorkerSession`.

The main thread's event loop holds the engine. The channel has threads of its own, and so has ending: when the client
is gone, the process ends soon after, whatever a step does; see `ending`.
"""

import argparse
import asyncio
import contextlib
import faulthandler
import fcntl
import io
import os
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from process_core.engine.context import follow_calls
from process_core.safe_repr import traceback_text
from process_core.session.stdio.attribution import Attribution
from process_core.session.stdio.fd_capture import FdCapture
from process_core.session.stdio.redirect import StepStreams
from process_core.session.worker.ending import GRACE, Ending, end_at_once, end_tasks, wait_for_threads
from process_core.session.worker.guarded_loop import run_guarded
from process_core.session.worker.server import SessionServer
from process_core.session.worker.stacks import answer_aside
from process_core.session.worker.worker_channel import WorkerChannel

_SAFE_FD: Final = 64  # out of the way of code that counts descriptors from 0


def main(arguments: list[str] | None = None) -> None:
    """Serve the client at the other end of the inherited channel, then end the process."""
    options = _options(arguments)
    ending = Ending()
    channel = socket.socket(fileno=_moved(options.channel))
    errors = _moved(options.errors)
    faulthandler.enable(file=2)
    _move_standard_input()
    for stream in (sys.__stdout__, sys.__stderr__):  # what is written there is captured line by line
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
    try:
        run_guarded(_serve(channel, errors, options.runs, options.breakpoints, ending), _report)
    except BaseException:  # noqa: BLE001 - the client shows the error output of a worker that failed
        with contextlib.suppress(OSError):
            os.write(2, traceback.format_exc().encode())
        end_at_once(1)
    ending.leave()


def _report(error: BaseException) -> None:
    what = "raised between two calls of steps, as the handler of a signal may; the worker goes on:\n"
    sys.stderr.write(what + traceback_text(error))


async def _serve(
    channel: socket.socket, errors: int, runs: str | None, breakpoints: str | None, ending: Ending
) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def drain() -> None:
        attribution.drain()
        errors_back.drain(server.log)

    def log(stream: str, text: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: the process is ending
            loop.call_soon_threadsafe(server.log, stream, text)

    def later(seconds: float, call: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(loop.call_later, seconds, call)

    def wake() -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(drain)

    def client_gone() -> None:
        ending.begin()
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(ended.set)

    def in_child() -> None:
        with contextlib.suppress(ValueError):  # a child of a child
            unfollow()  # or it would read what it prints, in place of the worker
        server.leave_in_child()

    link = WorkerChannel(channel, loop, client_gone, lambda frame: answer_aside(frame, loop))
    server = SessionServer(
        send=link.send,
        cwd=Path.cwd(),
        runs_dir=runs,
        breakpoints_file=breakpoints,
        before_quit=wait_for_threads,
        on_quit=ended.set,
    )
    attribution = Attribution(server.log)
    output = FdCapture(1, "stdout", wake)
    attribution.listen_to([output])
    # The client sends it back, maybe long after it was written: it cannot be attributed to a step.
    errors_back = FdCapture(2, "stderr", wake, read_end=errors)
    for capture in (output, errors_back):
        capture.start()
    unfollow = follow_calls(attribution)
    streams = StepStreams(log, later)
    streams.install()
    os.register_at_fork(after_in_child=in_child)
    link.start(server.receive)
    await ended.wait()
    streams.undo()
    unfollow()
    drain()
    await server.close()
    await end_tasks()
    link.close(GRACE)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="process_core.session.worker", description="Started by stepscope itself.")
    parser.add_argument("--channel", type=int, required=True, help="descriptor of the channel to the client")
    parser.add_argument("--errors", type=int, required=True, help="where the client sends back what was written to 2")
    parser.add_argument("--runs", help="folder for run files")
    parser.add_argument("--breakpoints", help="file that breakpoints are kept in")
    return parser.parse_args(arguments)


def _moved(fd: int) -> int:
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _SAFE_FD)
    os.close(fd)
    return moved


def _move_standard_input() -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0, inheritable=True)
    os.close(null)


if __name__ == "__main__":
    main(sys.argv[1:])
