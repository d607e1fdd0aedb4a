"""The workloads in Semantic Kernel's process framework, local runtime."""

import itertools

from measuring import Timed
from peers.sizes import LOOP, PASSES, STEPS, WIDTH
from semantic_kernel import Kernel
from semantic_kernel.functions import kernel_function
from semantic_kernel.processes import ProcessBuilder
from semantic_kernel.processes.kernel_process import KernelProcessStep, KernelProcessStepContext
from semantic_kernel.processes.local_runtime.local_kernel_process import start

KERNEL = Kernel()
seen = []


class Ping(KernelProcessStep):
    @kernel_function(name="go")
    async def go(self, context: KernelProcessStepContext, n: int) -> None:
        await context.emit_event("Pinged" if n else "Done", data=n - 1)


class Pong(KernelProcessStep):
    @kernel_function(name="go")
    async def go(self, context: KernelProcessStepContext, n: int) -> None:
        await context.emit_event("Ponged" if n else "Done", data=n - 1)


class Link(KernelProcessStep):
    @kernel_function(name="go")
    async def go(self, context: KernelProcessStepContext, n: int) -> None:
        await context.emit_event("Next", data=n + 1)


class Last(KernelProcessStep):
    @kernel_function(name="go")
    async def go(self, n: int) -> None:
        seen.append(n)


def gather_step():
    names = [f"p{i}" for i in range(WIDTH)]
    scope = {}
    exec(
        f"async def go(self, {', '.join(f'{n}: int' for n in names)}) -> None:\n    seen.append({' + '.join(names)})\n",
        {"seen": seen},
        scope,
    )
    members = {"go": kernel_function(name="go")(scope["go"]), "__module__": __name__, "__qualname__": "Gather"}
    globals()["Gather"] = type(KernelProcessStep)("Gather", (KernelProcessStep,), members)
    return globals()["Gather"], names


async def run(process, data, limit):
    async with await start(process, KERNEL, "Start", max_supersteps=limit, data=data):
        pass


def loop():
    builder = ProcessBuilder(name="Loop")
    ping, pong = builder.add_step(Ping), builder.add_step(Pong)
    builder.on_input_event("Start").send_event_to(target=ping, parameter_name="n")
    ping.on_event("Pinged").send_event_to(target=pong, parameter_name="n")
    pong.on_event("Ponged").send_event_to(target=ping, parameter_name="n")
    last = builder.add_step(Last)
    for step in (ping, pong):
        step.on_event("Done").send_event_to(target=last, parameter_name="n")
    process = builder.build()

    async def once():
        seen.clear()
        await run(process, LOOP, LOOP + 5)
        assert seen == [-1]

    return Timed(once, LOOP + 1)


def chain():
    builder = ProcessBuilder(name="Chain")
    links = [builder.add_step(Link, name=f"Link{i}") for i in range(STEPS - 1)]
    links.append(builder.add_step(Last))
    builder.on_input_event("Start").send_event_to(target=links[0], parameter_name="n")
    for one, following in itertools.pairwise(links):
        one.on_event("Next").send_event_to(target=following, parameter_name="n")
    process = builder.build()

    async def once():
        seen.clear()
        for _ in range(PASSES):
            await run(process, 0, STEPS + 5)
        assert seen == [STEPS - 1] * PASSES

    return Timed(once, PASSES * STEPS)


def fan():
    builder = ProcessBuilder(name="Fan")
    deal = builder.add_step(Link, name="Deal")
    gather, names = gather_step()
    last = builder.add_step(gather)
    builder.on_input_event("Start").send_event_to(target=deal, parameter_name="n")
    for i, name in enumerate(names):
        work = builder.add_step(Link, name=f"Work{i}")
        deal.on_event("Next").send_event_to(target=work, parameter_name="n")
        work.on_event("Next").send_event_to(target=last, parameter_name=name)
    process = builder.build()

    async def once():
        seen.clear()
        for _ in range(PASSES):
            await run(process, 0, 10)
        assert seen == [2 * WIDTH] * PASSES

    return Timed(once, PASSES * (WIDTH + 2))
