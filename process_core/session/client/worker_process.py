"""A session with a worker in an operating system process of its own: nothing a step does can harm the screen."""

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import time
from pathlib import Path
from typing import Final, Self

from process_core.runfile import RunFile, RunFileError
from process_core.session.client.guardian import Guardian
from process_core.session.client.interpreter import OWN, Interpreter
from process_core.session.client.session import CommandRefused, Session, Update, WorkerDied
from process_core.session.client.worker_stderr import WorkerStderr
from process_core.session.protocol.envelope import Failure
from process_core.session.protocol.framing import encode, to_json
from process_core.session.protocol.status import Status
from process_core.session.protocol.verbs import Quit

QUIT_GRACE: Final = 1.5
"""Seconds that a worker gets to end the run and close the channel."""
EXIT_GRACE: Final = 3.0
"""Seconds that the interpreter of a worker gets to end after that: files are flushed, `atexit` runs."""
BLOCKED_GRACE: Final = 2.5
"""Seconds that a worker whose event loop a step holds up gets to save what can be saved; Quit would not be heard."""
TERMINATE_GRACE: Final = 0.5
"""Seconds that a worker gets after that to end by the signal TERM, before KILL."""
SILENCE: Final = 1.5
"""Seconds that a worker may leave a command unanswered without a sound before it counts as blocked."""
_CHUNK: Final = 65536
_WORKER: Final = Path(__file__).resolve().parents[1] / "worker/__main__.py"


class WorkerSession(Session):
    """A session whose worker is a process of its own, with its own session and process group.

    The group ends with this process, however that ends, see `Guardian`.

    The channel is an inherited socket pair: no port, no name, nobody else can connect. What the worker writes to its
    error stream comes here first, so that the last words of a crash are never lost in it, and is given back to it to
    become log events.

    Args:
        cwd: The folder that the worker runs in.
        runs_dir: Where run files go; None is `.stepscope/runs` under `cwd`.
        breakpoints_file: Where breakpoints are kept from one session to the next; None keeps them nowhere.
        interpreter: The Python that runs the worker.
    """

    def __init__(
        self, cwd: Path, runs_dir: Path | None, breakpoints_file: Path | None = None, interpreter: Interpreter = OWN
    ) -> None:
        super().__init__()
        self.runs_in = "" if interpreter.is_own else str(interpreter)
        self._interpreter = interpreter
        self._breakpoints_file = breakpoints_file
        self._cwd = cwd
        self._runs_dir = runs_dir
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._ending = False
        self._heard_at = 0.0
        self._is_silent = False

    @classmethod
    async def open(
        cls,
        *,
        cwd: str | Path = ".",
        runs_dir: str | Path | None = None,
        breakpoints_file: str | Path | None = None,
        interpreter: Interpreter = OWN,
    ) -> Self:
        """Start a worker.

        Args:
            cwd: The folder that targets are relative to, and that the worker runs in.
            runs_dir: Where run files go; None is `.stepscope/runs` under `cwd`.
            breakpoints_file: Where breakpoints are kept from one session to the next, e.g. `BREAKPOINTS_FILE` under
                `cwd`; None keeps them nowhere, so that a run that nobody debugs neither pauses at old ones nor leaves
                any.
            interpreter: The Python that runs the worker, see `find_interpreter`.

        Returns:
            The session; close it.

        Raises:
            CommandRefused: The worker cannot be started.
        """
        session = cls(
            _absolute(cwd).resolve(),
            None if runs_dir is None else _absolute(runs_dir),
            None if breakpoints_file is None else _absolute(breakpoints_file),
            interpreter,
        )
        await session._begin_worker()
        return session

    @property
    def pid(self) -> int | None:
        """Process id of the worker, or None where there is none."""
        return self._process.pid if self._process is not None else None

    async def _begin_worker(self) -> None:
        ours, theirs = socket.socketpair()
        channel = _above_standard(theirs.detach())
        errors, errors_in = _pipe()
        back, back_in = _pipe()
        command = [self._interpreter.path, "-P", str(_WORKER)]
        command += ["--channel", str(channel), "--errors", str(back)]
        command += [] if self._runs_dir is None else ["--runs", str(self._runs_dir)]
        command += [] if self._breakpoints_file is None else ["--breakpoints", str(self._breakpoints_file)]
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=errors_in,
                pass_fds=(channel, back),
                cwd=self._cwd,
                start_new_session=True,
            )
            guardian = await _guarded(process)
        except BaseException as error:
            ours.close()
            os.close(errors)
            os.close(back_in)
            if isinstance(error, OSError):
                message = f"no worker can be started in {self._cwd} with {self._interpreter}: {error.strerror or error}"
                raise CommandRefused(Failure(code="no_worker", message=message)) from None
            raise
        finally:
            for fd in (channel, errors_in, back):
                os.close(fd)
        self._ending = self._is_silent = False
        self._process = process
        worker_stderr = WorkerStderr(errors, back_in)
        reader, self._writer = await asyncio.open_connection(sock=ours)
        reading = asyncio.create_task(self._read(reader))
        watching = asyncio.create_task(self._watch(process, guardian, reading, worker_stderr))
        self._tasks = [reading, watching, asyncio.create_task(self._listen_for_silence(watching))]

    async def _end_worker(self) -> None:
        process, self._ending = self._process, True
        if process is None:
            return
        if process.returncode is None:
            await self._ask_to_end(process)
            if process.returncode is None:
                _signal_group(process.pid, signal.SIGTERM)
                await _ended(process, TERMINATE_GRACE)
            _signal_group(process.pid, signal.SIGKILL)
        await process.wait()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        self._process = self._writer = None
        self._tasks = []

    async def _ask_to_end(self, process: asyncio.subprocess.Process) -> None:
        if self._writer is None:
            return
        _signal_group(process.pid, signal.SIGCONT)  # a worker that was stopped is silent, but can end in order
        with contextlib.suppress(OSError):
            if self.status.blocked_for and not self._is_silent:
                self._writer.write_eof()  # a thread of the worker's hears it, and ends the process as far as it can
                await _ended(process, BLOCKED_GRACE)
                return
            self._writer.write(encode(to_json(Quit(id=0))))
        await asyncio.wait(self._tasks[:1], timeout=QUIT_GRACE)
        if self._tasks[0].done():
            await _ended(process, EXIT_GRACE)

    async def _send(self, frame: bytes) -> None:
        if self._writer is None or self._ending:
            raise CommandRefused(Failure(code="closed", message="the worker is being ended, or has been"))
        self._writer.write(frame)
        with contextlib.suppress(OSError):  # `_watch` reports a dead worker, which also ends the request
            await self._writer.drain()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                self._heard_at = time.monotonic()
                if self._is_silent:
                    self._is_silent = False
                    self._notify(self.status.model_copy(update={"blocked_for": 0.0}))
                self._take(data)

    def _notify(self, update: Update) -> None:
        if isinstance(update, Status) and update.blocked_for:
            update = seen_in_file(update)
        super()._notify(update)

    async def _listen_for_silence(self, watching: asyncio.Task[None]) -> None:
        """Notice a worker that cannot even say that it is blocked: C code that keeps the interpreter to itself."""
        while not watching.done():
            await asyncio.wait([watching], timeout=SILENCE / 4)
            silent_for = time.monotonic() - max(self._asked_at, self._heard_at)
            if self._open and silent_for > SILENCE and self.died is None and not self._ending:
                self._is_silent = True
                self._notify(seen_in_file(self.status.model_copy(update={"blocked_for": round(silent_for, 1)})))

    async def _watch(
        self,
        process: asyncio.subprocess.Process,
        guardian: Guardian,
        reading: asyncio.Task[None],
        worker_stderr: WorkerStderr,
    ) -> None:
        code = await process.wait()
        _signal_group(process.pid, signal.SIGKILL)  # what the steps started goes with their worker
        guardian.dismiss()
        await asyncio.wait([reading], timeout=TERMINATE_GRACE)
        reading.cancel()
        tail = worker_stderr.close()
        if not self._ending:
            self._notify(seen_in_file(self.status))
            number = -code if code < 0 else None
            how = f"signal {number}" if number is not None else f"exit code {code}"
            self._notify(WorkerDied(code, number, f"worker died ({how})", tail))


def seen_in_file(status: Status) -> Status:
    """Return a status brought up to date from the run file, for a worker that can no longer report its progress."""
    if not status.run_file:
        return status
    try:
        with RunFile(status.run_file) as file:
            running = tuple(
                path for path, count in file.step_counts().items() if count.running > 0 and path not in status.parked
            )
            return status.model_copy(update={"written": max(status.written, file.count()), "running": running})
    except RunFileError:
        return status


def _absolute(path: str | Path) -> Path:
    return Path(path).expanduser().absolute()  # a link stays one, to be seen where it is opened


async def _ended(process: asyncio.subprocess.Process, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), seconds)


async def _guarded(process: asyncio.subprocess.Process) -> Guardian:
    try:
        return Guardian(process.pid)
    except BaseException:
        _signal_group(process.pid, signal.SIGKILL)
        await process.wait()
        raise


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _pipe() -> tuple[int, int]:
    read_end, write_end = os.pipe()
    return _above_standard(read_end), _above_standard(write_end)


def _above_standard(fd: int) -> int:
    """Move a descriptor out of the way of 0 to 2, which the worker gets again."""
    if fd > 2:  # noqa: PLR2004 - standard input, output and error
        return fd
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(fd)
    return moved
