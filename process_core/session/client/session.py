"""The client's end of a session: commands out, answers and statuses in, whatever kind of worker is behind it."""

import asyncio
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from process_core.errors import ProcessError
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.envelope import PROTOCOL_VERSION, Failure, Notice, Reply
from process_core.session.protocol.framing import BadFrame, Decoder, encode, to_json
from process_core.session.protocol.status import Loaded, Reloaded, Status, read_answer
from process_core.session.protocol.verbs import (
    AddBreakpoint,
    Command,
    Hello,
    Load,
    MuteBreakpoints,
    ResumeChoices,
    ResumeRun,
)

_NO_CHOICES = ResumeChoices()


class CommandRefused(ProcessError):  # noqa: N818 - the name says what happened; nothing is broken
    """The worker refused a command; nothing has changed.

    Attributes:
        failure: Why.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class WorkerDied:
    """The worker's process ended without being asked to.

    Attributes:
        returncode: Its exit code; negative where a signal ended it.
        signal: The signal that ended it, or None.
        reason: In words, e.g. `worker died (signal 9)`.
        stderr_tail: The last that it wrote to its error stream.
    """

    returncode: int
    signal: int | None
    reason: str
    stderr_tail: str = ""


RESTARTED = "restarted"
"""Code of the failure of what was asked of a worker before another took its place; that was what the user wanted."""
UNREADABLE: Final = "unreadable"
"""Code of the failure of what was answered in a way that cannot be read here."""
_REPLY: Final = re.compile(rb'\{"type": ?"reply", ?"id": ?([0-9]{1,15})\b')
Update = Status | Notice | Reloaded | WorkerDied
Callback = Callable[[Update], None]


class Session(ABC):
    """A connection to a worker that holds runs.

    Attributes:
        loaded: What was loaded last.
        status: The state of the session, as last reported by the worker.
        died: How the worker ended, or None while it lives.
        runs_in: The Python that runs the worker, in words; empty where it is the one that runs here.
        watch: Whether edits of the target's code are loaded as they are saved; counts for the next load.
    """

    def __init__(self) -> None:
        self.watch = False
        self.runs_in = ""
        self.loaded: Loaded | None = None
        self.status = Status()
        self.died: WorkerDied | None = None
        self._callbacks: dict[int, Callback] = {}
        self._next_callback = 0
        self._next_command = 0
        self._open: dict[int, asyncio.Future[Any]] = {}
        self._asked_at = 0.0
        self._decoder = Decoder()
        self._greeting: asyncio.Future[None] | None = None
        self._target: str | None = None
        self._breakpoints: tuple[BreakpointSpec, ...] = ()
        self._was_muted = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call back with every status, notice and death, on the client's event loop; return what ends that."""
        number = self._next_callback
        self._next_callback += 1
        self._callbacks[number] = callback
        return lambda: (self._callbacks.pop(number, None), None)[1]

    async def request(self, command: Command) -> Any:
        """Send a command and wait for its answer, of the type that the command names; `status` is then up to date.

        Raises:
            CommandRefused: The worker refused it, or is dead.
        """
        if self._greeting is None:
            self._greeting = asyncio.ensure_future(self._greet())
            # Whoever waits for it may be gone before it fails, as where the session is closed at once.
            self._greeting.add_done_callback(lambda greeting: greeting.cancelled() or greeting.exception())
        await asyncio.shield(self._greeting)
        return await self._request(command)

    async def _greet(self) -> None:
        """Report which version of the protocol is spoken here, and check that the worker speaks the same."""
        answer = await self._request(Hello())
        version = answer.get("version") if isinstance(answer, dict) else None
        if version != PROTOCOL_VERSION:
            message = f"the worker speaks version {version} of the protocol, this client version {PROTOCOL_VERSION}"
            raise CommandRefused(Failure(code="version", message=message))

    async def _request(self, command: Command) -> Any:
        if self.died is not None:
            raise CommandRefused(_dead(self.died))
        self._next_command += 1
        number = self._next_command
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if not self._open:
            self._asked_at = time.monotonic()
        self._open[number] = future
        try:
            await self._send(encode(to_json(command.model_copy(update={"id": number}))))
            value = await future
        except ValueError as error:  # no JSON can be made of it, or it is too large
            raise CommandRefused(Failure(code="bad_command", message=f"cannot be sent: {error}")) from None
        finally:
            self._open.pop(number, None)
        try:
            return command.answer_type().validate_python(value)
        except ValueError as error:
            raise CommandRefused(Failure(code=UNREADABLE, message=_unreadable(error))) from None

    async def load(self, target: str) -> Loaded:
        """Load a target, `path.py[:attr]` or `package.module[:attr]`; it is then also `loaded`.

        Raises:
            CommandRefused: It cannot be loaded; the failure says why.
        """
        self._target = target
        try:
            loaded: Loaded = await self.request(Load(target=target, watch=self.watch))
        except CommandRefused as refused:
            if self.died is None:
                raise
            message = f"{self.died.reason} while loading {target}"
            raise CommandRefused(refused.failure.model_copy(update={"message": message})) from None
        self.loaded = loaded
        return loaded

    async def restart_worker(self) -> Loaded:
        """Begin again with a new worker: the same target, the same breakpoints (their ids may change), no run.

        Raises:
            CommandRefused: The target cannot be loaded any more; the new worker lives, and this can be tried again.
        """
        await self._begin_again()
        if self._target is None:
            raise CommandRefused(Failure(code="no_target", message="nothing was loaded before the restart"))
        return await self._load_again(self._target)

    async def resume(
        self,
        run_file: str | Path,
        *,
        superstep: int | None = None,
        paused: bool = False,
        choices: ResumeChoices = _NO_CHOICES,
        fresh: bool = False,
        trust: bool = False,
    ) -> Loaded:
        """Resume a recorded run; where the worker has died, in a new one with the same target and breakpoints.

        Args:
            run_file: Its file.
            superstep: After which superstep; an earlier one than the last forks into a new file.
            paused: Pause before the first message.
            choices: What is done with what does not fit the code.
            fresh: Load edits of the code first.
            trust: Where nothing is loaded, run what the file names even if it lies outside of the session's folder.

        Returns:
            What is loaded now: as before, or what the run was recorded from where nothing was.

        Raises:
            CommandRefused: It cannot be resumed, or the target cannot be loaded any more; the worker lives.
        """
        if self.died is not None:
            await self._begin_again()
            if self._target is not None:
                await self._load_again(self._target)
        loaded: Loaded = await self.request(
            ResumeRun(
                run_file=str(run_file),
                superstep=superstep,
                paused=paused,
                fresh=fresh,
                trust=trust,
                **choices.fields(),
            )
        )
        self.loaded, self._target = loaded, loaded.target
        return loaded

    async def _begin_again(self) -> None:
        self._breakpoints = self.status.breakpoints or self._breakpoints
        self._was_muted = self.status.muted or self._was_muted
        await self._end_worker()
        self._fail_open(Failure(code=RESTARTED, message="the worker was restarted"))
        self._decoder = Decoder()
        self._greeting = None
        self.status = Status()
        self.died = None
        await self._begin_worker()

    async def _load_again(self, target: str) -> Loaded:
        loaded = await self.load(target)
        kept, self._breakpoints = self._breakpoints, ()
        for breakpoint_ in kept:
            fresh = breakpoint_.model_copy(update={"id": None, "hit_count": 0, "problem": None})
            try:
                await self.request(AddBreakpoint(breakpoint=fresh))
            except CommandRefused as refused:
                self._notify(Notice(severity="warning", text=f"a breakpoint was lost in the restart: {refused}"))
        if self._was_muted:
            self._was_muted = False
            await self.request(MuteBreakpoints(muted=True))
        return loaded

    async def close(self) -> None:
        """End the run and the worker; harmless when done twice."""
        await self._end_worker()
        self._fail_open(Failure(code="closed", message="the session was closed"))
        self._callbacks.clear()

    @abstractmethod
    async def _begin_worker(self) -> None:
        """Bring up a worker that can take commands."""

    @abstractmethod
    async def _end_worker(self) -> None:
        """End the worker; it is not a death."""

    @abstractmethod
    async def _send(self, frame: bytes) -> None:
        """Send a frame to the worker; CommandRefused where there is none."""

    def _take(self, data: bytes) -> None:
        for frame in self._decoder.feed(data):
            if isinstance(frame, BadFrame):
                self._notify(Notice(severity="error", text=f"the worker sent {frame.reason}"))
                continue
            try:
                message = read_answer(frame)
            except ValueError as error:
                self._refuse(frame, error)
                continue
            if isinstance(message, Reply):
                self._settle(message)
            else:
                self._notify(message)

    def _refuse(self, frame: bytes, error: ValueError) -> None:
        """Report a message that cannot be read; whoever waits for it must not wait for ever."""
        reply = _REPLY.match(frame)
        if reply is not None and int(reply[1]) in self._open:
            failure = Failure(code=UNREADABLE, message=_unreadable(error))
            self._settle(Reply(id=int(reply[1]), failure=failure))
        else:
            self._notify(Notice(severity="error", text=_unreadable(error)))

    def _settle(self, reply: Reply) -> None:
        future = self._open.get(reply.id)
        if future is None or future.done():
            if reply.failure is not None:
                self._notify(Notice(severity="warning", text=reply.failure.message))
        elif reply.failure is not None:
            future.set_exception(CommandRefused(reply.failure))
        else:
            future.set_result(reply.value)

    def _notify(self, update: Update) -> None:
        if isinstance(update, Status):
            self.status = update
        elif isinstance(update, Reloaded):
            self.loaded = update.loaded
        elif isinstance(update, WorkerDied):
            self.died = update
            self._fail_open(_dead(update))
        for callback in list(self._callbacks.values()):
            try:
                callback(update)
            except Exception as error:  # noqa: BLE001 - one listener's mistake must not silence the session
                context = {"message": "a session callback raised", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)

    def _fail_open(self, failure: Failure) -> None:
        for future in self._open.values():
            if not future.done():
                future.set_exception(CommandRefused(failure))


def _unreadable(error: ValueError) -> str:
    return f"the worker sent a message that cannot be read: {str(error)[:300]}"


def _dead(died: WorkerDied) -> Failure:
    return Failure(
        code="worker_died", message=f"{died.reason}; restart it to go on", traceback=died.stderr_tail or None
    )
