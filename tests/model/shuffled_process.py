"""A process whose steps finish in random order, and what of its run must be the same every time; runs as a script."""

import asyncio
import json
import random
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from process_core import ProcessBuilder, Step, StepContext, Visibility, WorkflowEvent, function


@dataclass
class Seen:
    """What a step was given."""

    values: list[Any] = field(default_factory=list)


async def nap() -> None:
    """Let others go first, or not, as chance will have it."""
    for _ in range(random.randrange(4)):
        await asyncio.sleep(random.random() / 20_000 if random.random() < 0.2 else 0)


class Worker(Step[Seen]):
    """Emits twice, and yields, with naps in between; passes its number on while it is positive."""

    @function
    async def work(self, context: StepContext, number: int) -> int:
        self.state.values.append(number)
        await nap()
        await context.emit_event("Half", number - 1)
        await nap()
        await context.emit_event("Out", f"{context.path}:{number}", Visibility.PUBLIC)
        await context.yield_output((context.path, number))
        await nap()
        if number == 2 and context.path.endswith("W3"):
            raise ValueError("told to")
        return number


class Gather(Step[Seen]):
    """Joins two values."""

    @function
    async def gather(self, context: StepContext, left: Any, right: Any) -> None:
        await nap()
        self.state.values.append((left, right))
        await context.emit_event("Pair", [left, right])


class Keep(Step[Seen]):
    """Keeps what it is given."""

    @function
    async def keep(self, value: Any) -> None:
        await nap()
        self.state.values.append(value if isinstance(value, int | str | list) else "failure")


def inner() -> ProcessBuilder:
    """Define the nested process: two workers and a join."""
    process = ProcessBuilder("inner")
    workers = [process.add_step(Worker, name=f"W{n}") for n in (1, 2)]
    gather = process.add_step(Gather)
    for worker, parameter in zip(workers, ("left", "right"), strict=True):
        process.on_input_event("go").send_event_to(worker)
        worker.on_function_result().send_event_to(gather, parameter=parameter)
    return process


def shuffled() -> Any:
    """Build the process: fan-out to four workers, joins, a loop, an error route, a nested process and a map."""
    process = ProcessBuilder("shuffled")
    workers = [process.add_step(Worker, name=f"W{n}") for n in range(4)]
    nested = process.add_process(inner())
    mapped = process.add_map_step(Worker, name="Map")
    gather, keep = process.add_step(Gather), process.add_step(Keep)
    for worker in workers:
        process.on_input_event("go").send_event_to(worker)
        worker.on_event("Half").when(lambda n: n > 0).send_event_to(nested.where_input_event_is("go"))
        worker.on_event("Out").send_event_to(keep)
    workers[0].on_event("Half").when(lambda n: n > 1).send_event_to(workers[1])
    workers[1].on_event("Half").when(lambda n: n > 0).send_event_to(workers[2]).send_event_to(workers[3])
    workers[0].on_function_result().send_event_to(gather, parameter="left")
    workers[2].on_function_result().send_event_to(gather, parameter="right")
    process.on_error().send_event_to(keep)
    gather.on_event("Pair").send_event_to(mapped)
    nested.on_event("Out").send_event_to(keep)
    mapped.on_function_result().send_event_to(keep)
    return process.build()


def shown(event: WorkflowEvent) -> str:
    """Write an event without its time, ids and numbers in the run."""
    data = event.details.get("message") if event.type == "executor_failed" and event.details else event.data
    place = f"{event.superstep} {event.path} {event.function} {event.event_id} {event.route}"
    return f"{event.type} {event.code} {place} {data!r}"


def fixed(events: list[WorkflowEvent]) -> dict[str, Any]:
    """Return what may not differ: the order of invocations, and per step (or process) the sequence of its events.

    Steps of one superstep run in parallel: how their events interleave is chance. The first call of each step in a
    superstep starts in delivery order; its further calls wait for the one before, so their place among other steps'
    is chance too.
    """
    by_path, order, started = defaultdict(list), defaultdict(list), set()
    for event in events:
        by_path[event.path].append(shown(event))
        parent, _, _ = event.path.rpartition("/")
        scope = event.path.partition("[")[0] if "[" in event.path else parent
        if event.type == "executor_invoked" and (event.superstep, event.path) not in started:
            started.add((event.superstep, event.path))
            order[f"{scope} {event.superstep}"].append(shown(event))
    at = {event.seq: shown(event) for event in events}
    causes = sorted(f"{shown(e)} <- {[at[seq] for seq in e.causes]}" for e in events if e.type == "executor_invoked")
    return {"by path": dict(by_path), "order": dict(order), "causes": causes}


async def once() -> dict[str, Any]:
    """Run, and give all of the run that may not differ."""
    async with shuffled().start("go", 3) as run:
        await run.idle()
        await run.send_event("go", 2)
        await run.send_event("go", 1)
        await run.idle()
        return {
            "state": str(run.state),
            "states": {path: state.values for path, state in run.step_states.items()},
            "public": [(e.id, e.data) for e in run.public_events],
            "outputs": run.outputs,
            **fixed(run.events),
        }


if __name__ == "__main__":
    json.dump(asyncio.run(once()), sys.stdout, default=str, sort_keys=True)
