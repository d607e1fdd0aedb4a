"""Processes for the tests that change a paused run."""

JOIN = """
from pydantic import BaseModel

from process_core import ProcessBuilder, Step, StepContext, function


class Order(BaseModel):
    number: int = 1
    items: list[str] = []


class Seen(BaseModel):
    numbers: list[int] = []


class Source(Step):
    @function
    async def go(self, context: StepContext) -> None:
        await context.emit_event("First", Order(number=1))
        await context.emit_event("Second", Order(number=2, items=["lamp"]))
        await context.emit_event("Third", Order(number=3))


class Sink(Step[Seen]):
    @function
    async def take(self, context: StepContext, order: Order) -> None:
        self.state.numbers.append(order.number)
        await context.yield_output(f"took {order.number}")


class Join(Step):
    @function
    async def both(self, context: StepContext, left: Order, right: Order) -> None:
        await context.yield_output("both")


class Never(Step):
    @function
    async def speak(self, context: StepContext, order: Order) -> None:
        await context.emit_event("Right", order)


def build():
    process = ProcessBuilder("Orders")
    source = process.add_step(Source)
    sink = process.add_step(Sink)
    join = process.add_step(Join)
    never = process.add_step(Never)
    process.on_input_event("Go").send_event_to(source)
    for event in ("First", "Second", "Third"):
        source.on_event(event).send_event_to(sink)
    source.on_event("First").send_event_to(join, parameter="left")
    source.on_event("Wake").send_event_to(never)
    never.on_event("Right").send_event_to(join, parameter="right")
    return process.build()
"""

MANY = """
from process_core import ProcessBuilder, Step, StepContext, function


class Source(Step):
    @function
    async def go(self, context: StepContext) -> None:
        for number in range(10_000):
            await context.emit_event("Item", number)
        await context.emit_event("Big", "x" * 1_000_000)


class Sink(Step):
    @function
    async def take(self, item: int) -> None: ...

    @function
    async def big(self, text: str) -> None: ...


def build():
    process = ProcessBuilder("Many")
    source = process.add_step(Source)
    sink = process.add_step(Sink)
    process.on_input_event("Go").send_event_to(source)
    source.on_event("Item").send_event_to(sink, function="take", parameter="item")
    source.on_event("Big").send_event_to(sink, function="big", parameter="text")
    return process.build()
"""

BIG = MANY.replace("range(10_000)", "range(1)")
