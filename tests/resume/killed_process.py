"""Runs a process in a program of its own, which may be killed at any moment.

Its arguments: the run file, another file, `start` or `resume`, and how many rounds it goes.

Every function that runs appends a line to the second file, which no kill takes back: what was done, and again when it
was done. Answers to questions depend on the questions alone. What is told of the run goes to standard output: how far
its file is written, and at last how it ended.
"""

import asyncio
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from process_core import ProcessBuilder, RunState, Step, StepContext, Visibility, function


@dataclass
class Log:
    entries: list[Any] = field(default_factory=list)


def did(word, context, value):
    """Note it where a kill does not reach."""
    line = f"{word} {context.path}.{context.function} {json.dumps(value)}\n"
    os.write(DONE, line.encode())


class Work(Step[Log]):
    @function
    async def work(self, context: StepContext, n: int) -> int:
        did("begun", context, n)
        self.state.entries.append(n)
        for _ in range(n % 4):
            await asyncio.sleep(0)
        if not n % 5:
            await asyncio.sleep(0.001)
        context.emit_event("Done", n)
        context.yield_output(n)
        did("done", context, n)
        return n


class Threaded(Step[Log]):
    @function
    def work(self, context: StepContext, n: int) -> int:
        did("begun", context, n)
        self.state.entries.append(n)
        context.emit_event("Done", n)
        did("done", context, n)
        return n


class Join(Step[Log]):
    @function
    async def join(self, context: StepContext, left: int, right: int) -> None:
        did("begun", context, [left, right])
        self.state.entries.append([left, right])
        context.emit_event("Joined", left + right)
        did("done", context, [left, right])


class Ask(Step[Log]):
    @function
    async def ask(self, context: StepContext, n: int) -> None:
        did("begun", context, n)
        first = await context.request_info(f"one of {n}", response_type=int)
        second = await context.request_info(f"two of {n}", response_type=int)
        self.state.entries.append([first, second])
        context.emit_event("Told", first + second, Visibility.PUBLIC)
        did("done", context, n)


class Each(Step):
    @function
    async def each(self, context: StepContext, item: int) -> int:
        did("begun", context, item)
        await asyncio.sleep(0)
        did("done", context, item)
        return item * 2


class Turn(Step[Log]):
    """Deals out the next round, or stops."""

    @function
    async def turn(self, context: StepContext, n: int) -> None:
        did("begun", context, n)
        self.state.entries.append(n)
        number = len(self.state.entries)
        context.emit_event("Next" if number < ROUNDS else "End", number)
        context.emit_event("List", [number, number + 1, number + 2])
        did("done", context, n)


def build():
    inner = ProcessBuilder("Inner")
    low = inner.add_step(Work, name="Low")
    ask, after = inner.add_step(Ask), inner.add_step(Work, name="After")
    inner.on_input_event("In").send_event_to(low)
    low.on_event("Done").send_event_to(ask)
    ask.on_event("Told").send_event_to(after)
    process = ProcessBuilder("Killed")
    fast, slow = process.add_step(Work, name="Fast"), process.add_step(Threaded, name="Slow")
    join, turn = process.add_step(Join), process.add_step(Turn)
    nested, each = process.add_process(inner, name="nested"), process.add_map_step(Each)
    total = process.add_step(Total)
    process.on_input_event("Start").send_event_to(turn)
    turn.on_event("Next").send_event_to(fast).send_event_to(slow)
    turn.on_event("List").send_event_to(each)
    turn.on_event("End").stop_process()
    fast.on_event("Done").send_event_to(join, parameter="left").send_event_to(nested.where_input_event_is("In"))
    slow.on_event("Done").send_event_to(join, parameter="right")
    nested.on_event("Told").send_event_to(turn)
    each.on_function_result().send_event_to(total)
    join.on_event("Joined").send_event_to(total, parameter="items")
    return process.build()


class Total(Step[Log]):
    @function
    async def add(self, context: StepContext, items: Any) -> None:
        did("begun", context, items)
        self.state.entries.append(items)
        did("done", context, items)


def answer(prompt):
    return sum(map(ord, prompt)) % 97


async def main(path, *, resume):
    process = build()
    started = process.start(resume_from=path) if resume else process.start("Start", 0, run_file=path)
    async with started as run:
        writer = run.record.file._writer
        tell = writer._on_written

        def told(seq):
            tell(seq)
            os.write(1, b"%d\n" % seq)

        writer._on_written = told
        await run.idle()
        while run.state is RunState.IDLE_WITH_PENDING_REQUESTS:
            request = run.pending_requests[0]
            await run.respond(request.request_id, answer(request.data))
            await run.idle()
        end = {
            "state": run.state,
            "states": {p: s.entries for p, s in run.step_states.items()},
            "outputs": run.outputs,
            "public": [[event.id, event.data] for event in run.public_events],
        }
    os.write(1, json.dumps(end).encode() + b"\n")


if __name__ == "__main__":
    RUN_FILE, DONE_FILE, HOW, MANY = sys.argv[1:]
    DONE = os.open(DONE_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    ROUNDS = int(MANY)
    asyncio.run(main(Path(RUN_FILE), resume=HOW == "resume"))
