"""A hundred steps in a row; every pass is a run of its own, so that starting a run and its steps counts."""

import itertools

from measuring import Timed
from routers import DirectRouter, Router

from process_core import ProcessBuilder, RunState, Step, StepContext, function

STEPS = 100
SIZE = 50
QUICK = 10


class Link(Step):
    @function
    async def go(self, context: StepContext, n: int) -> None:
        context.emit_event("Next", n + 1)


class Last(Step):
    @function
    async def go(self, context: StepContext, n: int) -> None:
        context.yield_output(n)


def chain_process():
    process = ProcessBuilder("Chain")
    links = [process.add_step(Link, name=f"Link{i}") for i in range(STEPS - 1)]
    links.append(process.add_step(Last))
    process.on_input_event("Start").send_event_to(links[0])
    for one, following in itertools.pairwise(links):
        one.on_event("Next").send_event_to(following)
    return process.build()


async def link(n, out):
    out.append(("Next", n + 1))


def direct(size):
    return router(size, DirectRouter)


def router(size, kind=Router):
    names = [f"Link{i}" for i in range(STEPS)]
    routes = {(one, "Next"): [following] for one, following in itertools.pairwise(names)}

    async def once():
        for _ in range(size):
            left = await kind(dict.fromkeys(names, link), routes).run(names[0], 0)
            assert left == [("Next", STEPS)]

    return Timed(once, size * STEPS)


def engine(size):
    process = chain_process()

    async def once():
        for _ in range(size):
            result = await process.run("Start", 0, collect_events=False)
            assert result.outputs == [STEPS - 1]
            assert result.state is RunState.IDLE

    return Timed(once, size * STEPS)


SUBJECTS = {"direct": direct, "router": router, "engine": engine}
