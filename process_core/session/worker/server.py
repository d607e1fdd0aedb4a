"""The worker's side of a session: frames in, replies and statuses out, at a bounded rate."""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from process_core.engine.host import leave_forked_child
from process_core.engine.instrument import RunInstrument
from process_core.engine.records import Invocation
from process_core.errors import ProcessError
from process_core.events import RunState
from process_core.safe_repr import traceback_text
from process_core.session.protocol.envelope import Failure, Notice, Reply, bounded
from process_core.session.protocol.framing import BadFrame
from process_core.session.protocol.status import Reloaded, Status
from process_core.session.protocol.verbs import Command, Quit, read_command
from process_core.session.worker.command_errors import CommandError, bad_command, failure_of
from process_core.session.worker.guarded_loop import guarded
from process_core.session.worker.handlers import dispatch
from process_core.session.worker.live_session import LiveSession
from process_core.session.worker.run_paths import RunPaths

STATUS_INTERVAL: Final = 1 / 30
"""Least seconds between two statuses that no command asked for."""
_WATCHING: Final = 1 / 15  # between two looks at a run that works: a long superstep fills the run file by itself
_SETTLING: Final = (0.06, 0.15, 0.4)  # looks after the last change: what is in the run file is known a little later
_EARLY_LINES: Final = 100
_NOTICE: Final = 4000

Answer = Reply | Status | Notice | Reloaded


class SessionServer:
    """Serves one client: carries out its commands in order and reports the status.

    Everything happens on the event loop that it is made on.

    Args:
        send: Takes every message for the client.
        cwd: The folder that targets are relative to.
        runs_dir: Where run files go; None is `.stepscope/runs` under `cwd`.
        breakpoints_file: Where breakpoints are kept from one session to the next; None keeps them nowhere.
        clock: Returns the time of each event, in seconds since the epoch.
        run_ids: Returns the id of each run.
        before_quit: Called when the client asks to end, while the run is still recorded.
        on_quit: Called once when the client has asked to end.
    """

    def __init__(
        self,
        *,
        send: Callable[[Answer], None],
        cwd: str | Path = ".",
        runs_dir: str | Path | None = None,
        breakpoints_file: str | Path | None = None,
        clock: Callable[[], float] | None = None,
        run_ids: Callable[[], str] | None = None,
        before_quit: Callable[[], Awaitable[None]] | None = None,
        on_quit: Callable[[], None] | None = None,
    ) -> None:
        self._send = send
        self._before_quit = before_quit
        self._on_quit = on_quit
        self._loop = asyncio.get_running_loop()
        self._run_paths = RunPaths(
            Path(cwd).resolve(),
            None if runs_dir is None else Path(runs_dir),
            lambda text: self._notice("warning", text),
        )
        self._session = LiveSession(
            cwd=cwd,
            options=lambda: _options(clock, run_ids),
            new_run_file=self._run_paths.next,
            changed=self._plan_status,
            notice=self._notice,
            reloaded=send,
            breakpoints_file=None if breakpoints_file is None else Path(breakpoints_file),
        )
        self._sent = Status()
        self._sent_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._is_planned = False
        self._is_failing = False
        self._is_closing = False
        self._looks = 0
        self._early: list[str] = []
        self._early_hidden = 0
        self._queue: asyncio.Queue[Command] = asyncio.Queue()
        self._serving = guarded(self._serve())

    def receive(self, frame: bytes | BadFrame) -> None:
        """Take a frame from the decoder; what is not a command is refused, and does no harm."""
        if isinstance(frame, BadFrame):
            self._send(Reply(id=0, failure=Failure(code="bad_command", message=frame.reason)))
            return
        try:
            command = read_command(frame)
        except ValueError as error:
            number, failure = bad_command(frame, error)
            self._send(Reply(id=number, failure=failure))
            return
        self._queue.put_nowait(command)

    def log(self, stream: str, text: str) -> None:
        """Record a line that no step printed; where there is no run yet, send it as a notice."""
        if self._session.log(stream, text):
            return
        if not self._early:
            self._loop.call_soon(self._report_early)
        if len(self._early) < _EARLY_LINES:
            self._early.append(text)
        else:
            self._early_hidden += 1

    def leave_in_child(self) -> None:
        """Make a child that a step forked end where its function ends, or waits: loop and run are not its own."""
        self._loop.call_soon(leave_forked_child, None)
        self._session.attach_to_run(_LeavesForkedChild())

    async def close(self) -> None:
        """End the run, and stop serving."""
        self._is_closing = True
        self._serving.end()
        with contextlib.suppress(asyncio.CancelledError):
            await self._serving
        if self._timer is not None:
            self._timer.cancel()
        await self._session.close()

    async def _serve(self) -> None:
        while True:
            command = await self._queue.get()
            try:
                if isinstance(command, Quit) and self._before_quit is not None:
                    await self._before_quit()
                reply = Reply(id=command.id, value=await dispatch(self._session, command, self._status))
            except BaseException as error:
                if self._is_closing:
                    raise
                # Whatever a command runs into is its own failure: it runs code of the user's, which may raise anything.
                reply = Reply(id=command.id, failure=failure_of(error))
                if not isinstance(error, ProcessError | CommandError):  # a bug of ours: log its whole traceback
                    sys.stderr.write(traceback_text(error))
            self._send_status()
            self._send(reply)
            if isinstance(command, Quit) and self._on_quit is not None:
                self._on_quit()

    def _plan_status(self) -> None:
        if not self._is_planned:  # else one is due already, and must not be put off
            self._is_planned = True
            self._looks = 0
            self._arm(max(0.0, self._sent_at + STATUS_INTERVAL - self._loop.time()))

    def _send_status(self) -> None:
        self._looks = 0
        self._look()

    def _look(self) -> None:
        self._is_planned = False
        status = self._status()
        if status != self._sent:
            self._sent = status
            self._sent_at = self._loop.time()
            self._send(status)
        if status.state is RunState.IN_PROGRESS and status.paused is None:
            self._arm(_WATCHING)
        elif self._looks < len(_SETTLING):
            self._arm(_SETTLING[self._looks])
            self._looks += 1
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _status(self) -> Status:
        try:
            status = self._session.status()
        except BaseException as error:  # noqa: BLE001 - a status that cannot be made must not end the session
            if not self._is_failing:
                sys.stderr.write(traceback_text(error))
            self._is_failing = True
            return self._sent
        self._is_failing = False
        return status

    def _arm(self, delay: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(delay, self._look)

    def _notice(self, severity: str, text: str) -> None:
        self._send(Notice.model_validate({"severity": severity, "text": bounded(text, _NOTICE)}))

    def _report_early(self) -> None:
        lines, hidden = self._early, self._early_hidden
        self._early, self._early_hidden = [], 0
        more = f"\n… {hidden} more lines" if hidden else ""
        self._notice("information", "printed outside a run:\n" + "\n".join(lines) + more)


class _LeavesForkedChild(RunInstrument):
    """Ends a forked child with the call that forked it."""

    def invocation_completing(self, call: Invocation) -> None:
        """End the process before anything is recorded."""
        del call
        leave_forked_child(None)

    def invocation_ended(self, call: Invocation) -> None:
        """End the process where the call has failed."""
        leave_forked_child(call.error)


def _options(clock: Callable[[], float] | None, run_ids: Callable[[], str] | None) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if clock is not None:
        options["clock"] = clock
    if run_ids is not None:
        options["run_id"] = run_ids()
    return options
