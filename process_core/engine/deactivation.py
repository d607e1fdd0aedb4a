"""Ends the instances of steps: calls `Step.deactivate`, once for every instance that was activated (rule 44)."""

import asyncio
import inspect
from typing import Any, Final

from process_core.engine.records import EventSite, RunRecord, StepInstance
from process_core.safe_repr import error_summary
from process_core.step import MARK, Step

_MOST_SECONDS: Final = 5.0
"""How long one may take: the end of a run waits for it."""


def activated(slot: StepInstance, instance: Any) -> None:
    """Put an instance that is activated to use."""
    slot.instance = instance
    method = getattr(instance.deactivate, "__func__", None)
    if method is not Step.deactivate and not hasattr(method, MARK):  # a step may have a function of this name
        run = slot.scope.run
        if run.activated is None:
            run.activated = {}
        run.activated[slot] = instance


async def ended(slot: StepInstance) -> None:
    """Wait until the instance that a step had before has ended."""
    ending = slot.scope.run.ending
    if ending and slot in ending:
        await asyncio.wait([ending.pop(slot)])


async def deactivate_all(run: RunRecord) -> None:
    """End all instances of a run, the last one first."""
    while run.activated:
        slot = next(reversed(run.activated))
        await _deactivate(slot, run.activated.pop(slot))
    if run.ending:
        ending, run.ending = run.ending, None
        await asyncio.wait(ending.values())


def deactivate_later(slot: StepInstance, instance: Any) -> None:
    """End an instance that its step no longer uses, beside what the run does; see `ended`."""
    run = slot.scope.run
    if run.ending is None:
        run.ending = {}
    run.ending[slot] = run.loop.create_task(_deactivate(slot, instance))


async def _deactivate(slot: StepInstance, instance: Any) -> None:
    task = asyncio.current_task()
    cancelled_before = task.cancelling() if task is not None else 0
    try:
        ending = instance.deactivate()
        if inspect.isawaitable(ending):
            async with asyncio.timeout(_MOST_SECONDS):  # in this task: SystemExit in another would end the loop
                await ending
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > cancelled_before:
            raise
        if isinstance(error, GeneratorExit) and not slot.scope.run.loop.is_running():
            raise  # the loop is gone, and with it this task; else it is the step that raised it
        is_late = isinstance(error, TimeoutError)
        why = f"takes longer than {_MOST_SECONDS:g} seconds" if is_late else f"raised {error_summary(error)}"
        slot.scope.warn(
            "deactivate_failed",
            f"{slot.path}: deactivate {why}; what the step holds may not have been let go of",
            EventSite(slot.path, slot.plan.name, None),
        )
