"""A thousand runs of the loop at once in one event loop; what a hop costs, and what a live run weighs."""

import asyncio
import gc
import tracemalloc

from measuring import Counted, Timed
from routers import DirectRouter, Router
from workloads.loop import ROUTER_ROUTES, ROUTER_STEPS, loop_builder

from process_core import ProcessBuilder, RunState, Step, function

RUNS = 1_000
SIZE = 20
QUICK = 5


def direct(size):
    return router(size, DirectRouter)


def router(size, kind=Router):
    async def once():
        await asyncio.gather(*[kind(ROUTER_STEPS, ROUTER_ROUTES).run("Ping", size) for _ in range(RUNS)])

    return Timed(once, RUNS * (size + 1))


def engine(size):
    process = loop_builder().build()

    async def once():
        results = await asyncio.gather(*[process.run("Start", size, collect_events=False) for _ in range(RUNS)])
        assert all(result.state is RunState.STOPPED for result in results)

    return Timed(once, RUNS * (size + 1))


class Gate:
    """Where runs wait while they are weighed."""

    def __init__(self):
        self.arrived = 0
        self.all_here = asyncio.Event()
        self.open = asyncio.Event()

    async def wait(self):
        self.arrived += 1
        if self.arrived == RUNS:
            self.all_here.set()
        await self.open.wait()


def weigh(begin):
    """Return KB per run while all of them wait inside a step: `begin(gate)` makes one that waits at the gate."""

    async def weighed():
        opened, gate = Gate(), Gate()
        opened.open.set()
        await begin(opened)  # what is made once is not a run's
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        tasks = [asyncio.create_task(begin(gate)) for _ in range(RUNS)]
        await gate.all_here.wait()
        gc.collect()
        weight = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        gate.open.set()
        await asyncio.gather(*tasks)
        return weight / RUNS / 1024

    return Counted(lambda: asyncio.run(weighed()), "KB/run")


class Hold(Step):
    @function
    async def go(self, gate: object) -> None:
        await gate.wait()


def router_weight(size):
    async def hold(gate, out):
        await gate.wait()

    def begin(gate):
        return Router({"Hold": hold, "Pong": hold}, {("Hold", "Done"): ["Pong"]}).run("Hold", gate)

    return weigh(begin)


def engine_weight(size):
    builder = ProcessBuilder("Held")
    first, last = builder.add_step(Hold, name="Hold"), builder.add_step(Hold, name="Pong")
    builder.on_input_event("Start").send_event_to(first)
    first.on_event("Done").send_event_to(last)
    process = builder.build()
    return weigh(lambda gate: process.run("Start", gate, collect_events=False))


SUBJECTS = {
    "direct": direct,
    "router": router,
    "engine": engine,
    "weight of router": router_weight,
    "weight of engine": engine_weight,
}
