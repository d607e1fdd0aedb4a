"""Notices the tasks that a function starts and leaves, and reports those that fail (rule 45)."""

import asyncio
import contextvars
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from process_core.engine.instrument import RunInstrument
from process_core.engine.records import CallScope, Invocation, RunRecord
from process_core.safe_repr import error_summary, traceback_text

_watch: contextvars.ContextVar["BackgroundTasks | None"] = contextvars.ContextVar("process_background", default=None)


class BackgroundTasks(RunInstrument):
    """Watches the tasks that the functions of a run start.

    Nobody hears of a failure in a task that somebody keeps: asyncio reports it when the task is forgotten. So the task
    factory of the loop is wrapped, once; nothing that begins a call has to do anything for that.

    Args:
        run: The run.
    """

    def __init__(self, run: RunRecord) -> None:
        self._run = run
        self._calls: WeakKeyDictionary[asyncio.Future[Any], Invocation] | None = None  # most runs start none
        self._unsettled: Sequence[tuple[Invocation, asyncio.Future[Any]]] = ()
        _wrap_factory(run.loop)

    def watch_in(self, context: contextvars.Context) -> None:
        """Watch what is started in a context, in which functions run."""
        context.run(_watch.set, self)

    def started(self, task: "asyncio.Future[Any]", by: "asyncio.Future[Any] | None") -> None:
        """Take note of a new task."""
        call = self.call_of(by)
        if call is None:
            return
        if self._calls is None:
            self._calls = WeakKeyDictionary()
        if task not in self._calls:
            self._calls[task] = call
            task.add_done_callback(self._ended)

    def call_of(self, task: "asyncio.Future[Any] | None") -> Invocation | None:
        """Return the call that a task serves, or that started it."""
        if task is None:
            return None
        if self._calls is not None and task in self._calls:
            return self._calls[task]
        scopes: list[CallScope] = [self._run.root]
        for scope in scopes:
            for call in scope.working:
                if call.slot.child is not None:
                    scopes.append(call.slot.child)
                elif call.task is task:
                    return call
        return None

    def _ended(self, task: "asyncio.Future[Any]") -> None:
        call = self.call_of(task)
        if call is None or task.cancelled() or not _is_unseen(task):
            return
        if call.is_closed:
            self._run.loop.call_soon(self._report, call, task)  # who awaits it is woken after this, and sees to it
            return
        if not self._unsettled and self not in self._run.instruments:
            self._run.attach(self)
        self._unsettled = (*self._unsettled, (call, task))  # the function may still await it

    def invocation_ended(self, call: Invocation) -> None:
        """Report what failed while the function ran, and was not awaited."""
        mine = [task for one, task in self._unsettled if one is call]
        self._unsettled = tuple((one, task) for one, task in self._unsettled if one is not call)
        for task in mine:
            self._report(call, task)

    def _report(self, call: Invocation, task: "asyncio.Future[Any]") -> None:
        if self._run.state.is_ended or not _is_unseen(task):
            return
        error = task.exception()
        assert error is not None
        call.scope.warn(
            "background_failure",
            f"a task that {call} started and left has failed: {error_summary(error)}",
            call,
            type=type(error).__qualname__,
            traceback=traceback_text(error),
        )


def _is_unseen(task: "asyncio.Future[Any]") -> bool:
    """Whether a task has failed and nobody has awaited it; asyncio keeps that to report it at the end."""
    return bool(getattr(task, "_log_traceback", False))


def _wrap_factory(loop: asyncio.AbstractEventLoop) -> None:
    inner = loop.get_task_factory()
    if isinstance(inner, _Factory):
        return
    loop.set_task_factory(_Factory(inner))


class _Factory:
    """Makes the tasks of a loop as they were made before, and informs whoever watches those that begin in a context."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __call__(self, loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> Any:
        inner = self._inner
        task = asyncio.Task(work, loop=loop, **options) if inner is None else inner(loop, work, **options)
        watch = _watch.get()
        if watch is not None:
            watch.started(task, asyncio.current_task(loop))
        return task
