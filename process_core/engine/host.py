"""Where invocations run: the seam at which a step may live in another process, and the host that keeps it here."""

import asyncio
import contextlib
import contextvars
import functools
import inspect
import os
import queue
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, Protocol, runtime_checkable

from process_core.engine.context import StepContext, entered
from process_core.engine.deactivation import activated, ended
from process_core.engine.records import UNSET, Invocation, StepInstance
from process_core.errors import ProcessError
from process_core.graph import Injected
from process_core.step import Step


class StepHost(Protocol):
    """Runs invocations of steps; routing, supersteps and recording stay with the caller.

    A host is given an invocation (step, function, arguments, the step's state) and gives back its result. What the
    function emits goes through the invocation's context; a host elsewhere replays it here, in order, before it returns.
    """

    def invoke(self, invocation: Invocation) -> Awaitable[Any]:
        """Run an invocation.

        Returns:
            What the function returned, to be awaited.

        Raises:
            BaseException: What the function raised.
        """
        ...


@runtime_checkable
class TracksContext(Protocol):
    """A step host that can say, where asked to, which invocation runs; see `current_context`."""

    track_context: bool


class LocalHost:
    """Runs functions on live instances in this process, without copying anything."""

    __slots__ = ("track_context",)

    def __init__(self, *, track_context: bool = False) -> None:
        self.track_context = track_context

    def invoke(self, invocation: Invocation) -> Awaitable[Any]:
        """Run an invocation; see `StepHost.invoke`."""
        if not self.track_context:
            return _begun(invocation)
        run = invocation.slot.scope.run
        if run.forced is not None and (result := run.forced_result(invocation)) is not UNSET:
            return _forced(result)
        return entered(invocation, _begun)


async def _forced(result: Any) -> Any:
    return result


def _begun(invocation: Invocation) -> Awaitable[Any]:
    slot = invocation.slot
    if slot.instance is None:
        if slot.scope.run.ending:
            return _begun_after_the_last(invocation)
        instance = _new_instance(slot)
        if slot.plan.is_bare:  # most steps; what follows would cost a run that uses each once a twentieth
            slot.instance = instance
            return _call(invocation)
        if getattr(instance.activate, "__func__", None) is not Step.activate:
            return _activate_and_call(instance, invocation)
        activated(slot, instance)
    return _call(invocation)


async def _begun_after_the_last(invocation: Invocation) -> Any:
    """Run an invocation of a step whose instance was replaced, once the one before has ended."""
    await ended(invocation.slot)
    instance = _new_instance(invocation.slot)
    return await _activate_and_call(instance, invocation)


def _new_instance(slot: StepInstance) -> Any:
    spec = slot.plan.spec
    make = spec.factory or spec.step_class
    instance = make() if make is not None else None
    if instance is None or (spec.step_class is not None and not isinstance(instance, spec.step_class)):
        raise ProcessError(f"the factory of {slot.path} gave {instance!r}, not a {spec.step_class}")
    if slot.plan.has_state:
        instance.state = slot.take_state()
    return instance


async def _activate_and_call(instance: Any, invocation: Invocation) -> Any:
    activation = instance.activate(getattr(instance, "state", None))
    if inspect.isawaitable(activation):
        await activation
    activated(invocation.slot, instance)
    return await _call(invocation)


def _call(invocation: Invocation) -> Awaitable[Any]:
    function = invocation.function
    spec = function.spec
    method = getattr(invocation.slot.instance, spec.method)
    arguments = invocation.arguments
    if function.context_parameter is not None:
        arguments = {**arguments, function.context_parameter: StepContext(invocation)}
    elif spec.injections:
        arguments = {**arguments, **_injected(invocation)}
    if spec.is_async:
        called: Awaitable[Any] = method(**arguments)
        return called
    return _in_thread(functools.partial(method, **arguments))


async def _in_thread(call: Callable[[], Any]) -> Any:
    result = await run_in_thread(call)
    # A decorator often hides that a function is async: then the call gave a coroutine, still to be run.
    return await result if inspect.isawaitable(result) else result


def _injected(invocation: Invocation) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for injection in invocation.function.spec.injections:
        if injection.kind is Injected.CONTEXT:
            arguments[injection.parameter] = StepContext(invocation)
        elif injection.kind is Injected.SERVICES:
            arguments[injection.parameter] = invocation.scope.run.services
        else:
            arguments[injection.parameter] = invocation.scope.run.services.get(injection.service)
    return arguments


# Worker threads for plain `def` functions: daemons, so that one that hangs cannot keep a program from ending.

_IDLE_SECONDS = 10.0
_idle: list["_Worker"] = []
_lock = threading.Lock()

Job = tuple[Callable[[], Any], Callable[[Any, BaseException | None], None]]


class _Worker(threading.Thread):
    """A thread that is used again; it ends when nothing came for a while.

    The pool has no cap: what runs at once is bounded by the number of steps, and a cap would let functions that never
    return starve the others.
    """

    def __init__(self) -> None:
        super().__init__(name="process-step", daemon=True)
        self.jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()

    def run(self) -> None:
        while True:
            try:
                call, done = self.jobs.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                with _lock:
                    if self in _idle:
                        _idle.remove(self)
                        return
                continue  # a job was put in between the timeout and the lock
            result, error = None, None
            pid = os.getpid()
            try:
                result = call()
            except BaseException as raised:  # noqa: BLE001 - a step may raise anything; it is handed to the loop
                error = raised
            if os.getpid() != pid:
                leave_forked_child(error)
            with _lock:
                _idle.append(self)
            done(result, error)
            del call, done, result, error


def leave_forked_child(error: BaseException | None) -> NoReturn:
    """End a child that a function forked, where the function ends: nothing that follows is the child's to do.

    Args:
        error: What the function raised.
    """
    code = 0 if error is None else 1
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    elif error is not None:
        traceback.print_exception(error)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)


async def run_in_thread(call: Callable[[], Any]) -> Any:
    """Run a blocking call off the event loop.

    Args:
        call: What to run; it sees the caller's context variables.

    Returns:
        What it returns; what it raises is raised here. If the awaiting task is cancelled, the thread goes on alone.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if isinstance(error, StopIteration | GeneratorExit):
            cause = error  # which a future refuses to hold, or an await would take for its own end
            error = RuntimeError(f"a function raised {type(cause).__name__}")
            error.__cause__ = cause
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)

    def done(result: Any, error: BaseException | None) -> None:
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:
            return  # the loop has closed: nobody waits any more

    with _lock:
        worker = _idle.pop() if _idle else None
    if worker is None:
        worker = _Worker()
        worker.start()
    worker.jobs.put((lambda: context.run(call), done))
    return await future
