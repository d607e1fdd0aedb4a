"""`stepscope run` without a terminal: the event stream goes to standard output, answers come from standard input."""

import asyncio
import contextlib
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

from process_core.events import RunState
from process_core.runfile.errors import RunFileError
from process_core.runfile.read.reader import RunFile
from process_core.session.client.interpreter import find_interpreter
from process_core.session.client.session import CommandRefused, Session, Update, WorkerDied
from process_core.session.client.worker_process import WorkerSession
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.envelope import Failure, Notice
from process_core.session.protocol.status import OpenRequest, PausePoint
from process_core.session.protocol.verbs import AddBreakpoint, Command, Continue, Respond, ResumeRun, Start, Stop
from tui.breakpoints.text import BreakTextError, names_of, read_breakpoint
from tui.cli.event_line import LINES, event_lines
from tui.cli.line_source import LineSource
from tui.cli.output import UnwritableError, complain, leave_quietly, write
from tui.recorded.describe import mismatch_choices, mismatch_lines
from tui.text.safe_text import BLOCK, NAME, PREVIEW, safe, safe_lines
from tui.typed_json import TypedJsonError, read_json

GOOD: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
UNRECORDED: Final = 3
_PAGE: Final = 500
_LAST_ROWS: Final = 3.0
"""Seconds to wait for the last rows of a run that has ended."""


async def run_headless(
    target: str,
    *,
    event: str | None = None,
    data: str | None = None,
    paused: bool = False,
    breakpoints: Sequence[str] = (),
    max_supersteps: int | None = None,
    python: str | None = None,
    resume: ResumeRun | None = None,
    is_foreign: bool = False,
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
    cwd: str | Path = ".",
) -> int:
    """Run a process to its end, one line per event.

    Args:
        target: `path.py[:attr]` or `package.module[:attr]`.
        event: The input event; None takes the first declared.
        data: Its payload as JSON; None sends none.
        paused: Pause before the first message, which without a terminal is only reported.
        breakpoints: As `:break` takes them; a hit is reported, and the run goes on.
        max_supersteps: Supersteps allowed since the last outside input; None leaves it to the process.
        python: The Python that runs the target, as it was typed; None chooses it.
        resume: Resumes a recorded run instead of starting one; only new events are printed.
        is_foreign: Whether a run file names a target outside of the project: no Python is looked for beside that.
        stdin: Where answers come from, a line each.
        stdout: Where the events go.
        stderr: Where problems are reported.
        cwd: The folder that the target is relative to.

    Returns:
        The exit code: 0 for a run that became idle or was stopped, 1 for one that failed, 2 for bad input, 3 for one
        that ended well but could not be recorded to its end.
    """
    out = _Output(stdout or sys.stdout, stderr or sys.stderr)
    start = resume or _start_command(event, data, paused=paused, max_supersteps=max_supersteps)
    if isinstance(start, str):
        out.complain(start)
        return BAD_INPUT
    try:
        interpreter = await find_interpreter(None if is_foreign else target, cwd, python)
        if not interpreter.is_own:
            out.complain(f"runs in {interpreter}")
        async with await WorkerSession.open(cwd=cwd, interpreter=interpreter) as session:
            lines = LineSource(stdin or sys.stdin or io.StringIO())  # a closed standard input is None
            headless = _Headless(session, lines, out)
            try:
                code = await headless.run(target, start, breakpoints)
            finally:
                lines.close()
        headless.print_late_logs()
    except CommandRefused as refused:  # there is no worker
        out.failure(refused.failure)
        return BAD_INPUT
    except BrokenPipeError:  # whoever read the output has gone, for instance `| head`
        leave_quietly(out.stdout)
        return FAILED
    except UnwritableError as error:
        leave_quietly(out.stdout)
        out.complain(f"cannot write to standard output: {error}")
        return BAD_INPUT
    return code


class _Headless:
    """One run, followed from its start to its end."""

    def __init__(self, session: Session, lines: LineSource, out: "_Output") -> None:
        self._session = session
        self._lines = lines
        self._out = out
        self._woken = asyncio.Event()
        self._run_file: RunFile | None = None
        self._printed = 0
        self._last_state: str | None = None
        self._reading: asyncio.Task[str | None] | None = None
        self._is_input_ended = False
        self._is_cancelled_here = False
        self._is_blocked_reported = False
        self._resumed: tuple[str, int] | None = None

    async def run(self, target: str, start: Start | ResumeRun, breakpoints: Sequence[str]) -> int:
        undo = self._session.subscribe(self._take)
        try:
            is_begun = await self._begin(target, start, breakpoints)
            died_later = self._session.died is not None and self._session.loaded is not None
            return await self._follow() if is_begun or died_later else BAD_INPUT
        finally:
            undo()
            await self._stop_reading()
            if self._run_file is not None:
                self._run_file.close()

    async def _begin(self, target: str, start: Start | ResumeRun, breakpoints: Sequence[str]) -> bool:
        try:
            loaded = await self._session.load(target)
        except CommandRefused as refused:
            self._out.failure(refused.failure)
            return False
        try:
            for warning in loaded.warnings:
                self._out.complain(f"warning: {warning.message}")
            for text in breakpoints:
                spec = read_breakpoint(text, names_of(loaded))
                point: BreakpointSpec = await self._session.request(AddBreakpoint(breakpoint=spec))
                if not point.bound or point.problem:
                    self._out.complain(f"warning: breakpoint {text!r}: {point.problem or 'nothing can match it'}")
            if isinstance(start, ResumeRun):
                with RunFile(start.run_file) as run_file:
                    self._resumed = (start.run_file, run_file.count())
            await self._session.request(start)
        except (RunFileError, BreakTextError) as error:
            self._out.complain(str(error))
            return False
        except CommandRefused as refused:
            if self._session.died is None:
                self._out.failure(refused.failure)
            return False
        return True

    async def _follow(self) -> int:
        while True:
            self._woken.clear()
            status = self._session.status
            self._print_rows(status.run_file, status.written)
            self._report_blocked(status.blocked_for)
            if self._session.died is not None:
                return self._worker_died(self._session.died)
            if status.paused is not None:
                await self._continue(status.paused)
            elif status.state is not None and status.state is not RunState.IN_PROGRESS:
                code = await self._idle_or_ended(status.state)
                if code is not None:
                    return code
            elif status.requests:
                self._answer(status.requests)
            await self._woken.wait()

    async def _idle_or_ended(self, state: RunState) -> int | None:
        if state is RunState.IDLE_WITH_PENDING_REQUESTS:
            requests = self._session.status.requests
            is_on_its_way = self._reading is not None or not requests  # the run has not come to the answer yet
            if is_on_its_way or not self._is_input_ended or any(request.takes_end for request in requests):
                self._answer(requests)
                return None
            if not self._is_cancelled_here:
                self._is_cancelled_here = True
                self._out.say("-- end of input: nobody answers the open question; the run is cancelled --")
                await self._do(Stop())
            return None
        await self._print_last_rows(state)
        if state is RunState.FAILED:
            self._out.complain(f"FAILED: {self._session.status.error or 'the run failed'}")
            return FAILED
        if state is RunState.CANCELLED and not self._is_cancelled_here:
            return FAILED
        return GOOD if self._session.status.recording_failed is None else UNRECORDED

    def _answer(self, requests: Sequence[OpenRequest]) -> None:
        if self._is_input_ended:
            requests = [request for request in requests if request.takes_end]
        if self._reading is None and requests:
            request = min(requests, key=lambda request: request.seq)
            if request.seq <= self._printed:
                self._reading = asyncio.create_task(self._read_answer(request))

    async def _read_answer(self, request: OpenRequest) -> str | None:
        try:
            line = await self._lines.next() if not self._is_input_ended else None
            self._is_input_ended = line is None
            if line is not None or request.takes_end:
                await self._do(Respond(request_id=request.request_id, value=line))
            return line
        finally:
            self._reading = None
            self._woken.set()

    async def _continue(self, paused: PausePoint) -> None:
        why = f"breakpoint {paused.breakpoint}" if paused.breakpoint is not None else paused.reason
        message = paused.message
        before = f" before {message.event_id} -> {message.target or 'STOP'}  {message.preview}" if message else ""
        if paused.about:
            before = f": {paused.about}"
        self._out.say(f"-- paused ({why}){before.rstrip()}: no terminal to press a key in, continuing --")
        await self._do(Continue())

    async def _do(self, command: Command) -> None:
        try:
            await self._session.request(command)
        except CommandRefused as refused:
            if refused.failure.code not in {"not_paused", "worker_died"}:
                self._out.complain(refused.failure.message)

    def _take(self, update: Update) -> None:
        if isinstance(update, Notice):
            self._out.complain(update.text)
        self._woken.set()

    def _print_rows(self, path: str, written: int) -> None:
        if not path or written <= self._printed:
            return
        try:
            if self._run_file is None:
                self._run_file = RunFile(path)
                self._printed = self._recorded_before(self._run_file)
            while self._printed < written:
                rows = self._run_file.page(self._printed, min(_PAGE, written - self._printed))
                if not rows:
                    return
                for row in rows:
                    for line in event_lines(self._run_file, row):
                        self._out.say(line)
                    self._last_state = row.state or self._last_state
                self._printed = rows[-1].seq
        except RunFileError as error:
            self._out.complain(f"the run goes on, but its file cannot be read: {error}")
            self._printed = written

    def print_late_logs(self) -> None:
        """Print what steps still logged while their worker ended, such as the prints of threads they left."""
        if self._run_file is not None:  # which is closed by now
            with contextlib.suppress(RunFileError), RunFile(self._run_file.path) as run_file:
                for row in run_file.page(self._printed, _PAGE):
                    if row.type == "log":
                        for line in event_lines(run_file, row):
                            self._out.say(line)

    def _recorded_before(self, run_file: RunFile) -> int:
        """Return the seq of the last event recorded before this program began."""
        if self._resumed is None:
            return 0
        path, count = self._resumed
        return count if run_file.path == Path(path) else run_file.info.parent_seq or 0

    async def _print_last_rows(self, state: RunState) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_ROWS):
                while self._last_state != state and self._session.status.recording_failed is None:
                    self._woken.clear()
                    status = self._session.status
                    self._print_rows(status.run_file, status.written)
                    if self._last_state != state:
                        await self._woken.wait()

    def _report_blocked(self, seconds: float) -> None:
        if seconds and not self._is_blocked_reported:
            self._print_rows(self._session.status.run_file, self._session.status.written)
            self._out.complain(f"{self._who()} has blocked the event loop for {seconds:.0f} s; Ctrl+C ends the run")
        self._is_blocked_reported = bool(seconds)

    def _who(self) -> str:
        """Name the steps whose functions run, as far as is known."""
        return ", ".join(map(safe, self._session.status.running)) or "a step"

    def _worker_died(self, died: WorkerDied) -> int:
        status = self._session.status
        self._print_rows(status.run_file, status.written)
        self._out.complain(f"{died.reason} while {self._who()} ran" if status.running else died.reason)
        for line in safe_lines(died.stderr_tail.strip(), LINES, PREVIEW) if died.stderr_tail.strip() else ():
            self._out.complain(line)
        return FAILED

    async def _stop_reading(self) -> None:
        self._lines.stop()
        if self._reading is not None:
            await asyncio.wait([self._reading], timeout=1.0)


class _Output:
    """Writes safe lines, whatever the encoding of the streams."""

    def __init__(self, stdout: TextIO, stderr: TextIO) -> None:
        self.stdout = stdout
        self._stderr = stderr

    def say(self, line: str) -> None:
        write(line, self.stdout)

    def complain(self, text: str) -> None:
        for line in safe_lines(text, LINES, BLOCK):
            complain(line, self._stderr)

    def failure(self, failure: Failure) -> None:
        self.complain(failure.message)
        for problem in failure.problems:
            where = ".".join(part for part in (problem.step, problem.function) if part)
            hint = f" ({problem.suggestion})" if problem.suggestion else ""
            first, *more = problem.message.split("\n")
            text = f"{problem.code}: {first}{hint}" + (f" [{where}]" if where else "")
            write("  - " + safe(text, BLOCK), self._stderr)
            for line in more[:LINES]:
                write("    " + safe(line, BLOCK), self._stderr)
        for line, _ in mismatch_lines(failure, LINES, PREVIEW):
            write("  " + line, self._stderr)
        for choice in mismatch_choices(failure):
            self.complain(choice)
        if failure.traceback and not failure.problems:
            for line in safe_lines(failure.traceback, LINES, PREVIEW):
                write("  " + line, self._stderr)


def _start_command(event: str | None, data: str | None, *, paused: bool, max_supersteps: int | None) -> Start | str:
    start = Start(event=event, paused=paused, max_supersteps=max_supersteps)
    if data is None:
        return start
    try:
        value = read_json(data)
    except TypedJsonError as error:
        return f"--data takes JSON, and {data[:NAME]!r} is {error}"
    return start.model_copy(update={"data": value, "has_data": True})
