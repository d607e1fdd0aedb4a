"""Steps that count what they do, and say no more when they are asked to break."""

import asyncio
import contextlib
import itertools
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from process_core import ProcessBuilder, Step, StepContext, StepFailedError, Visibility, function

DONE: list[str] = []
"""What functions did, in order; emptied for each test."""
BROKEN: set[str] = set()
"""Names of functions that fail for now."""


class BrokenError(Exception):
    """A function was asked to break."""


def do(name):
    """Do a thing, once more."""
    DONE.append(name)
    if name in BROKEN:
        raise BrokenError(name)


class Does(Step[list[str]]):
    """Does what it is given the name of, and passes it on."""

    @function
    async def run(self, context: StepContext, name: str) -> str:
        self.state.append(name)
        await asyncio.sleep(0)
        do(f"{context.step}.{name}")
        context.emit_event("Next", name)
        return name


class Asks(Step[list[str]]):
    """Asks as many questions as it is asked, one after the other."""

    @function
    async def ask(self, context: StepContext, number: int) -> list[str]:
        do(f"{context.step}.begins")
        answers = []
        for index in range(number):
            answers.append(await context.request_info(f"question {index}"))
            do(f"{context.step}.got {answers[-1]}")
        self.state.extend(answers)
        context.emit_event("Answered", answers, Visibility.PUBLIC)
        return answers


class Joins(Step[list[Any]]):
    @function
    async def join(self, context: StepContext, left: Any, right: Any) -> Any:
        do(f"{context.step}.{left}+{right}")
        self.state.append([left, right])
        return [left, right]


class Keeps(Step[list[Any]]):
    @function
    async def keep(self, what: Any) -> None:
        self.state.append(what)


def chain(*names):
    """One step after the other."""
    process = ProcessBuilder("Chain")
    steps = [process.add_step(Does, name=name) for name in names]
    process.on_input_event("Go").send_event_to(steps[0])
    for one, other in itertools.pairwise(steps):
        one.on_event("Next").send_event_to(other)
    return process.build()


def fan(*names, first="First", last="Last"):
    """One step, then several side by side, then one that takes what each gives."""
    process = ProcessBuilder("Fan")
    begin, end = process.add_step(Does, name=first), process.add_step(Does, name=last)
    process.on_input_event("Go").send_event_to(begin)
    for name in names:
        step = process.add_step(Does, name=name)
        begin.on_event("Next").send_event_to(step)
        step.on_event("Next").send_event_to(end)
    return process.build()


def asking():
    process = ProcessBuilder("Asking")
    asks, keeps = process.add_step(Asks), process.add_step(Keeps)
    process.on_input_event("Go").send_event_to(asks)
    asks.on_event("Answered").send_event_to(keeps)
    return process.build()


async def fails(run):
    """Await a run that has to fail because a function was asked to break."""
    with contextlib.suppress(StepFailedError):
        await run
        raise AssertionError("it did not fail")


class Talk(BaseModel):
    model_config = ConfigDict(validate_assignment=True)

    said: list[str] = []
    turns: int = 0


@dataclass
class Basket:
    items: list[str] = field(default_factory=list)
    owner: tuple[str, int] | None = None
    total: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.total += 100


class TalkStep(Step[Talk]):
    @function
    async def run(self, word: str) -> str:
        self.state.said.append(word)
        self.state.turns += 1
        do("TalkStep")
        return word


class BasketStep(Step[Basket]):
    @function
    async def run(self, word: str) -> str:
        self.state.items.append(word)
        self.state.owner = (word, 1)
        self.state.total += 1
        do("BasketStep")
        return word


class PlainStep(Step[dict[str, Any]]):
    @function
    async def run(self, word: str) -> str:
        self.state[word] = {"words": [word], "set": {1, 2}}
        do("PlainStep")
        return word


def states():
    """Three kinds of state, then a step that may break."""
    process = ProcessBuilder("States")
    end = process.add_step(Does, name="End")
    for kind in (TalkStep, BasketStep, PlainStep):
        step = process.add_step(kind)
        process.on_input_event("Go").send_event_to(step)
        step.on_function_result().send_event_to(end)
    return process.build()
