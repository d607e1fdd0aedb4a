"""A thousand runs of the loop at once in one event loop; what a hop costs, and what a live run weighs."""

import asyncio
import gc
import tracemalloc

from measuring import Counted, Timed
from process_core import ProcessBuilder, RunState, Step, function
from routers import DirectRouter, Router
from workloads.loop import ROUTER_ROUTES, ROUTER_STEPS, loop_builder

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


def weigh(begin):
    """Give KB per run while all of them wait inside a step: `begin(gate)` makes one that waits for the gate."""

    async def weighed():
        gate = asyncio.Event()
        await begin_and_end(begin)  # what is made once is not a run's
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        tasks = [asyncio.create_task(begin(gate)) for _ in range(RUNS)]
        while len(gate._waiters) < RUNS:
            await asyncio.sleep(0)
        gc.collect()
        weight = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        gate.set()
        await asyncio.gather(*tasks)
        return weight / RUNS / 1024

    return asyncio.run(weighed())


async def begin_and_end(begin):
    gate = asyncio.Event()
    gate.set()
    await begin(gate)


class Hold(Step):
    @function
    async def go(self, gate: object) -> None:
        await gate.wait()


def router_weight(size):
    async def hold(gate, out):
        await gate.wait()

    def begin(gate):
        return Router({"Hold": hold, "Pong": hold}, {("Hold", "Done"): ["Pong"]}).run("Hold", gate)

    return Counted(lambda: weigh(begin))


def engine_weight(size):
    builder = ProcessBuilder("Held")
    first, last = builder.add_step(Hold, name="Hold"), builder.add_step(Hold, name="Pong")
    builder.on_input_event("Start").send_event_to(first)
    first.on_event("Done").send_event_to(last)
    process = builder.build()
    return Counted(lambda: weigh(lambda gate: process.run("Start", gate, collect_events=False)))


SUBJECTS = {
    "direct": direct,
    "router": router,
    "engine": engine,
    "router KB": router_weight,
    "engine KB": engine_weight,
}
