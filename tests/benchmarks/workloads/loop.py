"""A loop of two steps that hand a number back and forth until it is used up; nobody observes."""

import asyncio
import sys

from measuring import Timed
from routers import STOP, DirectRouter, Router

from process_core import ProcessBuilder, RunState, Step, StepContext, function

SIZE = 10_000
QUICK = 2_000


class Ping(Step):
    @function
    async def go(self, context: StepContext, n: int) -> None:
        context.emit_event("Pinged" if n else "Done", n - 1)


class Pong(Step):
    @function
    async def go(self, context: StepContext, n: int) -> None:
        context.emit_event("Ponged" if n else "Done", n - 1)


def loop_builder(name="Loop"):
    process = ProcessBuilder(name)
    ping, pong = process.add_step(Ping), process.add_step(Pong)
    process.on_input_event("Start").send_event_to(ping)
    ping.on_event("Pinged").send_event_to(pong)
    pong.on_event("Ponged").send_event_to(ping)
    for step in (ping, pong):
        step.on_event("Done").stop_process()
    return process


async def ping(n, out):
    out.append(("Pinged" if n else "Done", n - 1))


async def pong(n, out):
    out.append(("Ponged" if n else "Done", n - 1))


ROUTER_STEPS = {"Ping": ping, "Pong": pong}
ROUTER_ROUTES = {
    ("Ping", "Pinged"): ["Pong"],
    ("Pong", "Ponged"): ["Ping"],
    ("Ping", "Done"): [STOP],
    ("Pong", "Done"): [STOP],
}


def direct(size):
    async def once():
        await DirectRouter(ROUTER_STEPS, ROUTER_ROUTES).run("Ping", size)

    return Timed(once, size + 1)


def router(size, spawn=None):
    async def once():
        await Router(ROUTER_STEPS, ROUTER_ROUTES, spawn).run("Ping", size)

    return Timed(once, size + 1)


def eager_router(size):
    def spawn(work):
        return asyncio.Task(work, loop=asyncio.get_running_loop(), eager_start=True)

    return router(size, spawn)


def engine(size):
    process = loop_builder().build()

    async def once():
        result = await process.run("Start", size, collect_events=False, max_supersteps=size + 2)
        assert result.state is RunState.STOPPED

    return Timed(once, size + 1)


SUBJECTS = {"direct": direct, "router": router, "engine": engine}
if sys.version_info >= (3, 12):
    SUBJECTS["eager router"] = eager_router
