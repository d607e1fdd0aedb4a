"""The event loop that a worker shares with the steps: they can stop it, or raise out of it, and it goes on."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class GuardedTask(asyncio.Task[Any]):
    """A task of the worker's own. Steps run on the same loop, and may cancel every task that they find: not this one.

    Time limits within it work all the same: those that end cancel it from the loop, not from a task.
    """

    def cancel(self, msg: Any = None) -> bool:
        """Cancel the task, unless it is another task that asks; see `asyncio.Task.cancel`."""
        return super().cancel(msg) if asyncio.current_task(self.get_loop()) in (None, self) else False

    def end(self) -> None:
        """Cancel the task on behalf of the worker."""
        super().cancel()


def guarded(work: Coroutine[Any, Any, Any]) -> GuardedTask:
    """Run a coroutine of the worker's own on the running loop."""
    return GuardedTask(work, loop=asyncio.get_running_loop())


def run_guarded(work: Coroutine[Any, Any, Any], report: Callable[[BaseException], None]) -> None:
    """Run a coroutine on a new event loop until it has ended, whatever steps do to the loop meanwhile.

    Args:
        work: The coroutine.
        report: Called with what was raised out of the loop, as the handler of a signal may that came between two calls.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    task = GuardedTask(work, loop=loop)
    task.add_done_callback(lambda _: loop.stop())
    while not task.done():
        try:
            loop.run_forever()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the client's commands still have to be heard
            report(error)
    task.result()
