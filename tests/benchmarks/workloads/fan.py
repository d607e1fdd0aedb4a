"""One step to a hundred steps to one step that waits for all of them; every pass is a run of its own."""

from measuring import Timed
from routers import DirectRouter, JoiningRouter

from process_core import ProcessBuilder, Step, StepContext, function

WIDTH = 100
SIZE = 50
QUICK = 10


class Deal(Step):
    @function
    async def go(self, context: StepContext, n: int) -> None:
        context.emit_event("Dealt", n)


class Work(Step):
    @function
    async def go(self, context: StepContext, n: int) -> None:
        context.emit_event("Worked", n + 1)


def gather_step():
    """Make a step with a hundred parameters, each fed by one worker."""
    names = [f"p{i}" for i in range(WIDTH)]
    scope = {}
    exec(  # a signature of a hundred parameters is better written by a program
        f"async def go(self, context: StepContext, {', '.join(f'{n}: int' for n in names)}) -> None:\n"
        f"    context.yield_output({' + '.join(names)})\n",
        {"StepContext": StepContext},
        scope,
    )
    return type("Gather", (Step,), {"go": function(scope["go"])}), names


def fan_process():
    process = ProcessBuilder("Fan")
    gather, parameters = gather_step()
    deal, last = process.add_step(Deal), process.add_step(gather, name="Gather")
    process.on_input_event("Start").send_event_to(deal)
    for i, parameter in enumerate(parameters):
        work = process.add_step(Work, name=f"Work{i}")
        deal.on_event("Dealt").send_event_to(work)
        work.on_event("Worked").send_event_to(last, parameter=parameter)
    return process.build()


def direct(size):
    return router(size, DirectRouter)


def router(size, kind=JoiningRouter):
    async def deal(n, out):
        out.append(("Dealt", n))

    async def work(n, out):
        out.append(("Worked", n + 1))

    async def gather(values, out):
        out.append(("Output", sum(values)))

    names = [f"Work{i}" for i in range(WIDTH)]
    steps = {"Deal": deal, "Gather": gather} | dict.fromkeys(names, work)
    routes = {("Deal", "Dealt"): names} | {(name, "Worked"): [("Gather", i)] for i, name in enumerate(names)}

    async def once():
        for _ in range(size):
            left = await kind(steps, routes, {"Gather": WIDTH}).run("Deal", 0)
            assert left == [("Output", WIDTH)]

    return Timed(once, size * (WIDTH + 2))


def engine(size):
    process = fan_process()

    async def once():
        for _ in range(size):
            result = await process.run("Start", 0, collect_events=False)
            assert result.outputs == [WIDTH]

    return Timed(once, size * (WIDTH + 2))


SUBJECTS = {"direct": direct, "router": router, "engine": engine}
