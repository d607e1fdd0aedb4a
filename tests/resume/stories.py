"""Processes with everything that a run may hold when it is cut off, each with the outside events it is given."""

import asyncio
import enum
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from process_core import ProcessBuilder, ProcessEvent, Step, StepContext, StepFailure, Target, Visibility, function


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Letter(BaseModel):
    to: str = Field(alias="recipient")
    lines: list[str] = []
    colour: Colour = Colour.RED


@dataclass
class Parcel:
    weight: int
    inside: tuple[Any, ...] = ()
    labels: set[str] = field(default_factory=set)
    letter: Letter | None = None


@dataclass
class Log:
    entries: list[Any] = field(default_factory=list)


class Talk(BaseModel):
    said: list[str] = []
    turns: int = 0


class Ask(Step[Talk]):
    @function
    async def ask(self, context: StepContext) -> None:
        self.state.turns += 1
        first = await context.request_info(f"first {self.state.turns}")
        self.state.said.append(first)
        second = await context.request_info(f"second {self.state.turns}")
        self.state.said.append(second)
        context.yield_output(f"{first}/{second}")
        context.emit_event("Said" if self.state.turns < 3 else "Bye", second, Visibility.PUBLIC)


class Reply(Step[list[str]]):
    @function
    async def reply(self, context: StepContext, text: str) -> str:
        self.state.append(text)
        await asyncio.sleep(0)
        context.yield_output(len(self.state))
        return text.upper()


def conversation():
    """Asks twice in one function, three times over; outputs and public events in every turn."""
    process = ProcessBuilder("Conversation")
    ask, reply = process.add_step(Ask), process.add_step(Reply)
    process.on_input_event("Start").send_event_to(ask)
    ask.on_event("Said").send_event_to(reply)
    ask.on_event("Bye").stop_process()
    reply.on_function_result().send_event_to(ask)
    return process.build()


class Work(Step[Log]):
    """Says what it was given, later or sooner, and passes it on."""

    naps = 1

    @function
    async def work(self, context: StepContext, a: Any, b: Any = None) -> Any:
        self.state.entries.append([a, b])
        for _ in range(self.naps):
            await asyncio.sleep(0)
        context.emit_event("Done", a)
        return a


class Slow(Work):
    naps = 5


class Pair(Step[Log]):
    @function
    async def both(self, context: StepContext, a: int, b: int) -> int:
        self.state.entries.append((a, b))
        context.yield_output(a * 10 + b)
        if a > 0:
            context.emit_event("Again", a - 1)
        return a + b


def joins():
    """Fans out, joins in order of arrival, and loops; one input of a join has a lead that stays."""
    process = ProcessBuilder("Joins")
    fast, slow, pair = process.add_step(Work, name="Fast"), process.add_step(Slow), process.add_step(Pair)
    extra = process.add_step(Pair, name="Extra")
    process.on_input_event("Start").send_event_to(fast, parameter="a").send_event_to(slow, parameter="a")
    process.on_input_event("Lead").send_event_to(pair, parameter="a")
    fast.on_event("Done").send_event_to(pair, parameter="a").send_event_to(extra, parameter="a")
    slow.on_event("Done").send_event_to(pair, parameter="b")
    process.on_input_event("Never").send_event_to(extra, parameter="b")
    pair.on_event("Again").send_event_to(fast, parameter="a").send_event_to(slow, parameter="a")
    return process.build()


class Confirm(Step[Log]):
    @function
    async def confirm(self, context: StepContext, what: Any) -> None:
        self.state.entries.append(what)
        answer = await context.request_info(f"really {what}?", response_type=int)
        self.state.entries.append(answer)
        context.emit_event("Confirmed", [what, answer], Visibility.PUBLIC)


def innermost():
    process = ProcessBuilder("Innermost")
    before, confirm, after = process.add_step(Work), process.add_step(Confirm), process.add_step(Reply, name="After")
    pair = process.add_step(Pair)
    process.on_input_event("Go").send_event_to(before, parameter="a").send_event_to(pair, parameter="a")
    before.on_function_result().send_event_to(confirm)
    confirm.on_event("Confirmed").send_event_to(after, function="reply", parameter="text").send_event_to(
        Target(pair, "both", "b")
    )
    return process


class Loose(Step[list[Any]]):
    @function
    async def reply(self, context: StepContext, text: Any) -> Any:
        self.state.append(text)
        context.yield_output(text)
        return text


def asking_process():
    process = ProcessBuilder("Asking")
    before, confirm, after = process.add_step(Work), process.add_step(Confirm), process.add_step(Loose)
    process.on_input_event("Go").send_event_to(before, parameter="a")
    before.on_function_result().send_event_to(confirm)
    confirm.on_event("Confirmed").send_event_to(after)
    return process


def nested():
    """Asks two levels down, twice for each of two messages, while others work; a nested join stays half filled."""
    middle = ProcessBuilder("Middle")
    inner = middle.add_process(asking_process(), name="inner")
    keeps, work = middle.add_step(Pair, name="Keeps"), middle.add_step(Slow)
    middle.on_input_event("In").send_event_to(inner.where_input_event_is("Go")).send_event_to(work, parameter="a")
    middle.on_input_event("Other").send_event_to(keeps, parameter="b")
    work.on_event("Done").send_event_to(keeps, parameter="a")
    inner.on_event("Confirmed").send_event_to(work, parameter="b")
    process = ProcessBuilder("Nested")
    outer = process.add_process(middle, name="outer")
    first, last = process.add_step(Work, name="First"), process.add_step(Loose, name="Last")
    process.on_input_event("Start").send_event_to(first, parameter="a").send_event_to(outer.where_input_event_is("In"))
    process.on_input_event("Other").send_event_to(outer.where_input_event_is("Other"))
    first.on_event("Done").send_event_to(outer.where_input_event_is("In"))
    outer.on_function_result().send_event_to(last)
    return process.build()


class Each(Step[Log]):
    @function
    async def each(self, context: StepContext, item: int) -> int:
        self.state.entries.append(item)
        context.yield_output(f"item {item}")
        if item % 2:
            item += await context.request_info(f"item {item}", response_type=int)
        context.emit_event("Odd" if item % 2 else "Even", item)
        return item


def mapped():
    """Maps over lists with a class whose odd elements ask; a second list is queued behind the first."""
    process = ProcessBuilder("Mapped")
    each, rest = process.add_map_step(Each, name="Each"), process.add_step(Loose, name="Rest")
    results = process.add_step(Loose, name="Results")
    process.on_input_event("Start").send_event_to(each)
    each.on_event("Even").send_event_to(rest)
    each.on_function_result().send_event_to(results)
    return process.build()


class Twice(Step[Log]):
    """Runs twice in each element, so that its state must last from one time to the next."""

    @function
    async def run(self, context: StepContext, item: Any) -> None:
        self.state.entries.append(item)
        if len(self.state.entries) == 1:
            context.emit_event("Again", await context.request_info(f"once more {item}", response_type=int))
        else:
            await context.request_info(f"last {self.state.entries}")
            context.emit_event("Seen", list(self.state.entries), Visibility.PUBLIC)


def mapped_processes():
    """Maps over a nested process whose steps keep state from one superstep to the next."""
    element = ProcessBuilder("Element")
    twice, note = element.add_step(Twice), element.add_step(Loose, name="Note")
    element.on_input_event("Item").send_event_to(twice)
    twice.on_event("Again").send_event_to(twice)
    twice.on_event("Seen").send_event_to(note)
    process = ProcessBuilder("MappedProcesses")
    each, rest = process.add_map_step(element, name="Each"), process.add_step(Loose, name="Rest")
    process.on_input_event("Start").send_event_to(each)
    each.on_event("Seen").send_event_to(rest)
    return process.build()


class Fragile(Step[Log]):
    @function
    async def touch(self, context: StepContext, a: int) -> int:
        self.state.entries.append(a)
        context.emit_event("Touched", a)
        if a == 2:
            raise ValueError(f"broken by {a}")
        return a


class Mend(Step[Log]):
    @function
    async def mend(self, context: StepContext, failure: StepFailure) -> None:
        self.state.entries.append([failure.type, failure.message, failure.step])
        await asyncio.sleep(0)
        context.emit_event("Mended", 1)


class AskThenBreak(Step[Log]):
    @function
    async def touch(self, context: StepContext, a: int) -> int:
        self.state.entries.append(a)
        answer = await context.request_info(f"break {a}?", response_type=int)
        if a == 2:
            raise ValueError(f"broken by {answer}")
        context.emit_event("Survived", a, Visibility.PUBLIC)
        return a


def failing():
    """Functions and a nested process fail, some after they had asked; handlers let the run go on."""
    inner = ProcessBuilder("Inner")
    note, asks = inner.add_step(Loose, name="Note"), inner.add_step(AskThenBreak)
    later = inner.add_step(Loose, name="Later")
    inner.on_input_event("Go").send_event_to(note)
    note.on_function_result().send_event_to(asks).send_event_to(later)
    process = ProcessBuilder("Failing")
    fragile, mend = process.add_step(Fragile), process.add_step(Mend)
    nested_step, nested_mend = process.add_process(inner, name="inner"), process.add_step(Mend, name="NestedMend")
    end = process.add_step(Loose, name="End")
    process.on_input_event("Start").send_event_to(fragile).send_event_to(nested_step.where_input_event_is("Go"))
    fragile.on_function_error("touch").send_event_to(mend)
    fragile.on_event("Touched").send_event_to(nested_step.where_input_event_is("Go"))
    mend.on_event("Mended").send_event_to(fragile).send_event_to(end)
    nested_step.on_function_error().send_event_to(nested_mend)
    nested_mend.on_event("Mended").send_event_to(nested_step.where_input_event_is("Go"))
    nested_step.on_event("Survived").send_event_to(end)
    return process.build()


class Busy(Step[Log]):
    @function
    async def serve(self, context: StepContext, a: int) -> None:
        self.state.entries.append(a)
        self.state.entries.append(await context.request_info(f"serve {a}", response_type=int))
        context.emit_event("Served", a)

    @function
    async def tick(self) -> None:
        self.state.entries.append("tick")


def queues():
    """Messages for a step that waits for an answer queue up behind it, also those to its other function."""
    process = ProcessBuilder("Queues")
    busy, work, end = process.add_step(Busy), process.add_step(Work), process.add_step(Loose)
    process.on_input_event("Start").send_event_to(busy, function="serve").send_event_to(work, parameter="a")
    work.on_event("Done").send_event_to(busy, function="serve").send_event_to(busy, function="tick")
    busy.on_event("Served").send_event_to(end)
    return process.build()


class Both(Step[Log]):
    @function
    async def both(self, context: StepContext, a: int) -> list[str]:
        self.state.entries.append(a)
        context.yield_output("early")

        async def asked(name):
            return f"{name}={await context.request_info(f'{name} {a}')}"

        # The question asked last is answered first: `go_on` answers in the order of the alphabet.
        answers = await asyncio.gather(asked("zulu"), asked("mike"), asked("alpha"))
        answers.append(await context.request_info(f"then {a}"))
        self.state.entries += answers
        return answers


def at_once():
    """Several questions of one function are open at once, and not answered in the order they were asked."""
    process = ProcessBuilder("AtOnce")
    both, end = process.add_step(Both), process.add_step(Loose)
    process.on_input_event("Start").send_event_to(both)
    both.on_function_result().send_event_to(end)
    return process.build()


class Threaded(Step[Parcel]):
    version = "3"

    @function
    def pack(self, context: StepContext, letter: Letter) -> Parcel:
        self.state.weight += 1
        self.state.labels.add(letter.to)
        self.state.inside = (*self.state.inside, letter.colour)
        self.state.letter = letter
        context.emit_event("Packed", Parcel(self.state.weight, (1, (2, Path("a/b"))), {"x"}, letter))
        context.yield_output(letter)
        return Parcel(0)


class Carry(Step[dict[str, Any]]):
    @function(visibility=Visibility.PUBLIC)
    async def carry(self, context: StepContext, parcel: Parcel) -> Parcel:
        self.state[f"n{len(self.state)}"] = parcel.weight
        assert isinstance(parcel.inside[1][1], Path)
        if parcel.weight < 4:
            context.emit_event("Next", parcel.letter)
        return parcel


class Optional(Step[deque[Any]]):
    @function
    async def take(self, value: int | None = 5) -> None:
        self.state.append(value)


class Emits(Step):
    @function
    async def emit(self, context: StepContext, letter: Letter) -> None:
        context.emit_event(ProcessEvent(id="Value"))
        context.emit_event("Value", None)
        context.emit_event("Value", 3)


def typed():
    """Payloads and states of many types, `None` beside nothing at all, functions in threads, a state with a version."""
    process = ProcessBuilder("Typed")
    pack = process.add_step(Threaded, name="Pack", initial_state=Parcel(0))
    carry, emits = process.add_step(Carry), process.add_step(Emits)
    optional = process.add_step(Optional)
    process.on_input_event("Start").send_event_to(pack).send_event_to(emits)
    process.on_input_event("Plain").send_event_to(optional)
    pack.on_event("Packed").send_event_to(carry)
    carry.on_event("Next").send_event_to(pack).send_event_to(emits)
    emits.on_event("Value").send_event_to(optional)
    return process.build()


class Halts(Step[Log]):
    @function
    async def halt(self, context: StepContext, a: int) -> None:
        self.state.entries.append(a)
        context.emit_event("Halt" if a > 1 else "Goes", a)


def stops():
    """A nested process is stopped while a step in it waits for an answer, and runs again; at last the root stops."""
    inner = ProcessBuilder("Inner")
    confirm, halts = inner.add_step(Confirm), inner.add_step(Halts)
    inner.on_input_event("Go").send_event_to(confirm).send_event_to(halts)
    halts.on_event("Halt").stop_process()
    process = ProcessBuilder("Stops")
    nested_step, work = process.add_process(inner, name="inner"), process.add_step(Work)
    count, parked = process.add_step(Loose, name="Count"), process.add_step(Confirm, name="Parked")
    process.on_input_event("Start").send_event_to(work, parameter="a").send_event_to(
        nested_step.where_input_event_is("Go")
    )
    work.on_event("Done").send_event_to(nested_step.where_input_event_is("Go")).send_event_to(count)
    process.on_input_event("End").send_event_to(parked).send_event_to(count)
    count.on_function_result().when("data == 'end'").stop_process()
    return process.build()


def fails():
    """A run that fails, beside work that was done and work that is cut off by it."""
    process = ProcessBuilder("Fails")
    work, fragile, slow = process.add_step(Work), process.add_step(Fragile), process.add_step(Slow)
    process.on_input_event("Start").send_event_to(work, parameter="a")
    work.on_event("Done").send_event_to(work, parameter="b").send_event_to(fragile).send_event_to(slow, parameter="a")
    return process.build()


STORIES = {
    "conversation": (conversation, [("Start",)]),
    "joins": (joins, [("Start", 2), ("Lead", 9), ("Start", 1)]),
    "nested": (nested, [("Start", 4), ("Other", 8), ("Start", 5)]),
    "mapped": (mapped, [("Start", [1, 2, 3]), ("Start", []), ("Start", [5])]),
    "mapped processes": (mapped_processes, [("Start", [1, 2]), ("Start", [3])]),
    "failing": (failing, [("Start", 2), ("Start", 3)]),
    "queues": (queues, [("Start", 1), ("Start", 2)]),
    "at once": (at_once, [("Start", 1), ("Start", 2)]),
    "typed": (
        typed,
        [("Start", Letter(recipient="you", lines=["a"], colour=Colour.BLUE)), ("Plain",), ("Plain", None)],
    ),
    "stops": (stops, [("Start", 1), ("Start", 2), ("End", "end")]),
    "fails": (fails, [("Start", 1), ("Start", 2)]),
}
