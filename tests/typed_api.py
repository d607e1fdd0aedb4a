"""What the public API is to a type checker; `check_examples.py` has strict mypy check it, nothing runs it."""

from abc import ABC, abstractmethod
from typing import Any, Protocol, assert_type

from process_core import (
    EventSource,
    Process,
    ProcessBuilder,
    RunOptions,
    RunResult,
    Services,
    Step,
    StepContext,
    StepHandle,
)
from process_core.debug import Debugger


class Clock(Protocol):
    def now(self) -> float: ...


class Store(ABC):
    @abstractmethod
    def read(self, key: str) -> str: ...


class FixedClock:
    def now(self) -> float:
        return 1.0


class Memory(Store):
    def read(self, key: str) -> str:
        return key


def services_are_asked_for_by_protocols_abstract_and_plain_classes() -> None:
    services = Services().add(Clock, FixedClock()).add(Store, Memory()).add(FixedClock, FixedClock())
    assert_type(services.get(Clock), Clock)
    assert_type(services.get(Store), Store)


async def an_answer_has_the_type_asked_for(context: StepContext) -> None:
    assert_type(await context.request_info("Name"), str)
    assert_type(await context.request_info("Count", response_type=int), int)
    assert_type(await context.request_info("Names", response_type=list[str]), list[str])
    answer: int | None = await context.request_info("Maybe", response_type=int | None)
    assert_type(answer, int | None)


async def options_are_typed(process: Process, services: Services) -> None:
    options: RunOptions = {"services": services, "max_supersteps": 5}
    assert_type(await process.run("Order", 1, **options), RunResult)
    process.run("Order", max_superstep=5)  # type: ignore[call-overload] # no such option
    process.start("Order", services=5)  # type: ignore[arg-type] # not services
    await Debugger(process).start("Order", services=services)


def handles_and_sources_can_be_named(process: ProcessBuilder, kind: type[Step[Any]]) -> EventSource:
    step: StepHandle = process.add_step(kind)
    return step.on_event("Done")
