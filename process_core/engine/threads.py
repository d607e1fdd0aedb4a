"""Worker threads for plain `def` functions: daemons, so that one that hangs cannot keep a program from ending."""

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable
from typing import Any

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
                continue  # a job was promised between the timeout and the lock
            result, error = None, None
            try:
                result = call()
            except BaseException as raised:  # noqa: BLE001 - a step may raise anything; it is handed to the loop
                error = raised
            with _lock:
                _idle.append(self)
            done(result, error)
            del call, done, result, error


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
