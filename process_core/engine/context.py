"""What a function of a step is given to act on its run."""

import asyncio
import contextvars
import logging
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from process_core.errors import ReservedEventError, StepContextError
from process_core.events import (
    NO_DATA,
    ProcessEvent,
    Visibility,
    WorkflowEvent,
    event_name,
    may_user_add,
)
from process_core.safe_repr import traceback_text, type_name

if TYPE_CHECKING:
    from process_core.engine.records import Invocation

T = TypeVar("T")

_current: contextvars.ContextVar["StepContext | None"] = contextvars.ContextVar("process_step_context", default=None)


def current_context() -> "StepContext | None":
    """Return the context of the invocation that runs here, where the run tracks it (`track_context=True`)."""
    return _current.get()


_wanted: list[object] = []
"""Who wants to know which step speaks."""


def want_tracking(who: object, *, wanted: bool) -> None:
    """Count who wants to know which invocation runs, as whoever captures what steps print does.

    Args:
        who: Who.
        wanted: Whether they do; it counts for runs that begin from here on.
    """
    if wanted:
        _wanted.append(who)
    elif who in _wanted:
        _wanted.remove(who)


class Follower(Protocol):
    """Is informed as each tracked call begins and ends, on the event loop."""

    def begins(self, context: "StepContext") -> None:
        """Note that a call begins."""

    def ends(self, context: "StepContext") -> None:
        """Note that a call ends; its end is not recorded yet."""


_followers: list[Follower] = []


def follow_calls(follower: Follower) -> Callable[[], None]:
    """Inform a follower of the calls of runs that track them.

    Args:
        follower: Who.

    Returns:
        What ends that.
    """
    _followers.append(follower)
    return lambda: _followers.remove(follower)


def is_tracking_wanted() -> bool:
    """Whether anybody wants to know which invocation runs; a debugger then has runs track it, which costs each call."""
    return bool(_wanted)


async def entered(invocation: "Invocation", begin: "Callable[[Invocation], Awaitable[Any]]") -> Any:
    """Run an invocation, with its context as the current one of this task meanwhile.

    Args:
        invocation: The invocation.
        begin: Begins it.

    Returns:
        What it returned.
    """
    context = StepContext(invocation)
    token = _current.set(context)
    for follower in _followers:
        follower.begins(context)
    try:
        return await begin(invocation)
    finally:
        for follower in _followers:
            follower.ends(context)
        try:  # noqa: SIM105 - every call comes here, and `suppress` would cost it more
            _current.reset(token)
        except ValueError:
            pass  # a loop that closes ends the task from another context


class Done:
    """An awaitable that is already done, so that `await` and a plain call both work."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        return iter(())  # type: ignore[return-value]  # an exhausted iterator is all that await needs


_DONE = Done()


class StepLogger(logging.LoggerAdapter[logging.Logger]):
    """Logs as usual, and into the run whatever the logger's level."""

    def __init__(self, logger: logging.Logger, context: "StepContext") -> None:
        super().__init__(logger, {})
        self._context = context

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log a message; see `logging.Logger.log`. What cannot be formatted is logged as it is, and fails nothing."""
        super().log(level, msg, *args, **kwargs)
        text, trace = _formatted(self.logger.name, level, msg, args, kwargs.get("exc_info"))
        self._context.log_record(level, text, trace)


def _formatted(name: str, level: int, msg: object, args: tuple[object, ...], exc_info: Any) -> tuple[str, str]:
    """Return a message as `logging` would format it, and the traceback that comes with it, or an empty text."""
    if isinstance(exc_info, BaseException):
        exc_info = (type(exc_info), exc_info, exc_info.__traceback__)
    elif exc_info and not isinstance(exc_info, tuple):
        exc_info = sys.exc_info()
    try:
        # A record does what `logging` does with a single dict, by which a format may name its values.
        text = logging.LogRecord(name, level, "", 0, msg, args, None).getMessage()
    except BaseException as error:  # noqa: BLE001 - the message and what it is formatted with are the user's
        text = f"{_shown(msg)} (arguments that do not fit: {_shown(args)}: {_shown(error)})"
    has_error = isinstance(exc_info, tuple) and len(exc_info) == 3 and exc_info[1] is not None  # noqa: PLR2004 - as it is
    return text, traceback_text(exc_info[1], exc_info[2]) if has_error else ""


def _shown(value: object) -> str:
    try:
        return str(value)
    except BaseException as error:  # noqa: BLE001 - likewise
        return f"<{type_name(value)}, whose str raises {type_name(error)}>"


class StepContext:
    """How a function emits events, asks, and reports; one per invocation.

    All of it may be used from any thread while the function runs.
    """

    __slots__ = ("_invocation",)

    def __init__(self, invocation: "Invocation") -> None:
        self._invocation = invocation

    @property
    def run_id(self) -> str:
        """The run."""
        return self._invocation.scope.run.run_id

    @property
    def superstep(self) -> int:
        """The superstep of the step's process, from 1."""
        return self._invocation.scope.superstep

    @property
    def path(self) -> str:
        """Path of the step, without the root's name (`outer/inner/Step`)."""
        return self._invocation.slot.path

    @property
    def step(self) -> str:
        """Name of the step."""
        return self._invocation.slot.plan.name

    @property
    def function(self) -> str:
        """Name of the function."""
        return self._invocation.function.name

    @property
    def is_open(self) -> bool:
        """Whether the function still runs, so that what is done here takes effect."""
        return not self._invocation.is_closed

    @property
    def logger(self) -> "StepLogger":
        """A logger named after the step, whose messages are also `log` events of the run."""
        return StepLogger(logging.getLogger(f"process_core.step.{self.path}"), self)

    def emit_event(
        self, event: ProcessEvent | str | Enum, data: Any = NO_DATA, visibility: Visibility = Visibility.INTERNAL
    ) -> Done:
        """Emit a process event; it is routed when the function has completed.

        Args:
            event: The event, or its id.
            data: The payload, where an id is given; left out, the event carries none.
            visibility: PUBLIC events are also raised by the enclosing process.

        Returns:
            An awaitable that is already done.

        Raises:
            StepContextError: The function has returned, so the event could go nowhere.
            TypeError: The id is neither a string nor an Enum member, or an event came with data of its own.
            ReservedEventError: The id is an automatic one, such as `{function}.OnResult`.
        """
        if isinstance(event, ProcessEvent):
            if data is not NO_DATA:
                raise TypeError(f"emit_event was given {event!r} and data; put the data into the event")
            event_id, visibility = event.id, event.visibility
            data = event.data if event.has_data else NO_DATA
        else:
            event_id = event if type(event) is str and event else event_name(event)
            if visibility is not Visibility.INTERNAL:
                visibility = Visibility(visibility)
        invocation = self._invocation
        if event_id in invocation.slot.plan.automatic:
            raise ReservedEventError(
                f"{self.path}.{self.function} emitted {event_id!r}, which the engine emits when a function has returned"
                " or failed: return, raise, or use another id"
            )
        scope = invocation.scope
        if scope.run.thread == threading.get_ident():
            scope.emit(invocation, event_id, data, visibility)
        else:
            self._from_thread(scope.emit, invocation, event_id, data, visibility)
        return _DONE

    def add_event(self, event: WorkflowEvent) -> Done:
        """Put an event of one's own into the run's stream.

        Args:
            event: Types `output`, `error`, `warning`, `data` and any that the engine does not use.

        Returns:
            An awaitable that is already done.

        Raises:
            StepContextError: The function has returned.
            TypeError: It is no WorkflowEvent.
        """
        if not isinstance(event, WorkflowEvent):
            raise TypeError(f"add_event takes a WorkflowEvent, not {event!r}")
        self._do(self._add, event)
        return _DONE

    def yield_output(self, data: Any) -> Done:
        """Add to the outputs of the run.

        Args:
            data: The output.

        Returns:
            An awaitable that is already done.

        Raises:
            StepContextError: The function has returned.
        """
        self._do(self._add, WorkflowEvent("output", data))
        return _DONE

    @overload
    async def request_info(self, prompt: Any) -> str: ...
    @overload
    async def request_info(self, prompt: Any, *, response_type: type[T]) -> T: ...
    @overload
    async def request_info(self, prompt: Any, *, response_type: Any) -> Any: ...
    async def request_info(self, prompt: Any, *, response_type: Any = str) -> Any:
        """Ask outside and wait for the answer; the rest of the process goes on meanwhile.

        Args:
            prompt: What to ask.
            response_type: The type of the answer, which is checked before it comes here.

        Returns:
            The answer.

        Raises:
            StepContextError: The function has returned.
        """
        return await self._invocation.scope.runner.ask(self._invocation, prompt, response_type)

    def ask_from_thread(self, prompt: str, response_type: Any = str) -> Any:
        """Ask outside from a plain `def`, whose thread waits for the answer.

        Args:
            prompt: What to ask.
            response_type: The type of the answer.

        Returns:
            The answer.

        Raises:
            StepContextError: It was called on the event loop's thread, which would wait for itself.
        """
        run = self._invocation.scope.run
        if run.thread == threading.get_ident():
            raise StepContextError(
                f"{self.path}.{self.function} would block the event loop; use `await context.request_info(...)`"
            )
        asking: Coroutine[Any, Any, Any] = self.request_info(prompt, response_type=response_type)
        return asyncio.run_coroutine_threadsafe(asking, run.loop).result()

    def log(self, stream: str, text: str) -> None:
        """Record a `log` event, for instance a line that the function printed.

        Args:
            stream: Where the text went, e.g. `stdout`.
            text: The text.
        """
        self._do(self._log, {"stream": stream}, text)

    def _do(self, call: Any, *arguments: Any) -> None:
        if self._invocation.scope.run.thread == threading.get_ident():
            call(*arguments)
        else:
            self._from_thread(call, *arguments)

    def _from_thread(self, call: Any, *arguments: Any) -> None:
        """Hand a call to the loop; the function's own return takes the same way, so the order is kept."""
        self._invocation.scope.is_open(self._invocation)
        try:
            self._invocation.scope.run.loop.call_soon_threadsafe(_quietly, call, *arguments)
        except RuntimeError as error:
            raise StepContextError(f"{self.path}.{self.function}: the run is over") from error

    def _add(self, event: WorkflowEvent) -> None:
        scope = self._invocation.scope
        if not may_user_add(event.type):
            scope.warn(
                "reserved_event_type",
                f"{self.path} added an event of type {event.type!r}, which is the engine's; it was ignored",
                self._invocation,
                type=event.type,
            )
            return
        scope.add(self._invocation, event)

    def log_record(self, level: int, text: str, trace: str = "") -> None:
        """Record a `log` event for a message of a logger.

        Args:
            level: As in `logging`.
            text: The message, formatted.
            trace: The traceback that comes with it, or an empty text.
        """
        details = {"stream": "logger", "level": logging.getLevelName(level)}
        self._do(self._log, details | {"traceback": trace} if trace else details, text)

    def _log(self, details: dict[str, str], text: str) -> None:
        if not self._invocation.is_closed:
            self._invocation.scope.add(self._invocation, WorkflowEvent("log", text, details))

    def __repr__(self) -> str:
        return f"<StepContext {self.path}.{self.function}>"


def _quietly(call: Any, *arguments: Any) -> None:
    """Run a call that was checked in its thread; an invocation that ended since then has lost its effect anyway."""
    try:
        call(*arguments)
    except StepContextError:
        return
