"""Processes to be debugged, and questions asked of a run under a debugger."""

import asyncio
from typing import Any

from process_core import ProcessBuilder, Step, StepContext, Visibility, function


class Relay(Step):
    """Passes on one more than it is given, as a public event named after itself."""

    @function
    async def relay(self, context: StepContext, value: Any) -> Any:
        await context.emit_event(f"{context.step}Done", value + 1, Visibility.PUBLIC)
        return value


class Pair(Step):
    """Joins two values."""

    @function
    async def pair(self, left: Any, right: Any) -> Any:
        return [left, right]


class Ask(Step):
    """Asks, and emits the answer."""

    @function
    async def ask(self, context: StepContext, value: Any) -> None:
        answer = await context.request_info(f"{context.path}?")
        await context.emit_event(f"{context.step}Done", answer, Visibility.PUBLIC)


class EmitAndAsk(Step):
    """Emits before it asks."""

    @function
    async def ask(self, context: StepContext, value: Any) -> None:
        await context.emit_event("Before", value)
        await context.request_info("?")


class Hold(Step):
    """Runs until the test opens it, or fails it."""

    def __init__(self, opened: asyncio.Event, error: Exception | None = None) -> None:
        self.opened = opened
        self.error = error

    @function
    async def hold(self, context: StepContext, value: Any) -> None:
        await self.opened.wait()
        if self.error is not None:
            raise self.error
        await context.emit_event(f"{context.step}Done", value, Visibility.PUBLIC)


class Plain(Step):
    """Runs in a thread."""

    @function
    def work(self, value: Any) -> Any:
        return value


class Typed(Step):
    """Takes a number."""

    @function
    async def take(self, value: int) -> int:
        return value


class Fail(Step):
    """Raises."""

    @function
    async def fail(self, value: Any) -> None:
        raise ValueError(f"told to: {value}")


class Say(Step):
    """Emits the ids it is given, each with its place."""

    @function
    async def say(self, context: StepContext, ids: Any) -> None:
        for place, event_id in enumerate(ids):
            await context.emit_event(event_id, place)


class Payloads(Step):
    """Emits `X` with each payload it is given."""

    @function
    async def emit(self, context: StepContext, payloads: Any) -> None:
        for payload in payloads:
            await context.emit_event("X", payload)


class Keep(Step):
    """Takes anything, or nothing."""

    @function
    async def keep(self, value: Any = None) -> Any:
        return value


def chain(*names: str, kind: type[Step] = Relay, name: str = "chain") -> ProcessBuilder:
    """Steps one after another: `go` to the first, `ADone` from A to the next."""
    process = ProcessBuilder(name)
    steps = [process.add_step(kind, name=step) for step in names]
    process.on_input_event("go").send_event_to(steps[0])
    for before, step, after in zip(names, steps, steps[1:], strict=False):
        step.on_event(f"{before}Done").send_event_to(after)
    return process


def fan(*names: str, kind: type[Step] = Relay) -> ProcessBuilder:
    """Steps side by side, all started by `go`; what they emit goes to one more, End."""
    process = ProcessBuilder("fan")
    steps = [process.add_step(kind, name=step) for step in names]
    end = process.add_step(Relay, name="End")
    for name, step in zip(names, steps, strict=True):
        process.on_input_event("go").send_event_to(step)
        step.on_event(f"{name}Done").send_event_to(end)
    return process


def wrapped(*inners: ProcessBuilder) -> ProcessBuilder:
    """Nested processes side by side, all started by `go`; their results trigger a step, End."""
    process = ProcessBuilder("outer")
    end = process.add_step(Say, name="End")
    for inner in inners:
        nested = process.add_process(inner)
        process.on_input_event("go").send_event_to(nested.where_input_event_is("go"))
        nested.on_function_result().send_event_to(end)
    return process


def deep() -> ProcessBuilder:
    """`go` through a process in a process: A, then outer/inner/X, outer/inner/Y, then outer/Z, then B."""
    outer = ProcessBuilder("outer")
    inner = outer.add_process(chain("X", "Y", name="inner"))
    last = outer.add_step(Relay, name="Z")
    outer.on_input_event("go").send_event_to(inner.where_input_event_is("go"))
    inner.on_event("YDone").send_event_to(last)
    process = ProcessBuilder("deep")
    first = process.add_step(Relay, name="A")
    middle = process.add_process(outer)
    end = process.add_step(Relay, name="B")
    process.on_input_event("go").send_event_to(first)
    first.on_event("ADone").send_event_to(middle.where_input_event_is("go"))
    middle.on_event("ZDone").send_event_to(end)
    return process


def payloads() -> ProcessBuilder:
    """Every payload of the list that `go` brings comes to Keep, one after another."""
    process = ProcessBuilder("payloads")
    emit, keep = process.add_step(Payloads, name="Emit"), process.add_step(Keep)
    process.on_input_event("go").send_event_to(emit)
    process.on_input_event("mere").send_event_to(keep)
    emit.on_event("X").send_event_to(keep)
    return process


def saying(*stops: str) -> ProcessBuilder:
    """Say emits the ids that `go` brings; some of them stop the process."""
    process = ProcessBuilder("saying")
    say = process.add_step(Say)
    process.on_input_event("go").send_event_to(say)
    for event_id in stops:
        say.on_event(event_id).stop_process()
    return process


def loop() -> ProcessBuilder:
    """`go` to Count, which goes round with `CountDone` while it carries less than 6."""
    process = ProcessBuilder("loop")
    count = process.add_step(Relay, name="Count")
    process.on_input_event("go").send_event_to(count)
    count.on_event("CountDone").when(lambda n: n < 6).send_event_to(count)
    return process


async def paused(debugger: Any) -> Any:
    """Wait for a pause, and give where it is."""
    assert await asyncio.wait_for(debugger.wait(), 5), "the run did not pause"
    return debugger.paused


async def ended(debugger: Any) -> str:
    """Wait until the run is at rest or over, and give its state."""
    assert not await asyncio.wait_for(debugger.wait(), 5), f"the run is paused at {debugger.paused}"
    return str(debugger.state)


async def pauses(debugger: Any, verb: Any = "continue") -> list[str]:
    """Go from pause to pause until the run is at rest or over; give each as `event -> target`."""
    found = []
    while await asyncio.wait_for(debugger.wait(), 5):
        found.append(shown(debugger.paused))
        assert len(found) < 100, found
        debugger.release(verb)
    return found


def shown(point: Any) -> str:
    """Write where a run is paused."""
    return f"{point.message.event_id} -> {point.message.target}" if point.message is not None else f"end: {point.path}"


def invoked(debugger: Any) -> list[str]:
    """Return the paths of all calls, in the order they began."""
    return [event.path for event in debugger.events if event.type == "executor_invoked"]


def of(debugger: Any, kind: str) -> list[Any]:
    """Return the events of a type."""
    return [event for event in debugger.events if event.type == kind]


async def turns(count: int = 20) -> None:
    """Let the loop turn, so that whatever is going to happen by itself has happened."""
    for _ in range(count):
        await asyncio.sleep(0)
