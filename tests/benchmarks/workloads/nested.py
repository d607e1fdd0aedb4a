"""A loop in which one step feeds two, a third joins them, and a nested process of two steps closes the lap."""

from measuring import Timed
from routers import STOP, DirectRouter, JoiningRouter, Router

from process_core import ProcessBuilder, RunState, Step, StepContext, Visibility, function

CALLS = 6
"""Function calls in a lap: Deal, Left, Right, Join, and two inside the nested process."""
SIZE = 1_000
QUICK = 200


class Deal(Step):
    @function
    async def go(self, context: StepContext, n: int) -> None:
        context.emit_event("Dealt" if n else "Done", n)


class Side(Step):
    @function
    async def go(self, context: StepContext, n: int) -> None:
        context.emit_event("Passed", n)


class Join(Step):
    @function
    async def go(self, context: StepContext, left: int, right: int) -> None:
        context.emit_event("Joined", min(left, right))


class Inner(Step):
    @function
    async def go(self, context: StepContext, n: int) -> None:
        context.emit_event("Lowered", n - 1)


class Outlet(Step):
    @function
    async def go(self, context: StepContext, n: int) -> None:
        context.emit_event("Lap", n, Visibility.PUBLIC)


def nested_process():
    inner = ProcessBuilder("Inner")
    first, last = inner.add_step(Inner, name="First"), inner.add_step(Outlet)
    inner.on_input_event("Enter").send_event_to(first)
    first.on_event("Lowered").send_event_to(last)

    process = ProcessBuilder("Nested")
    deal = process.add_step(Deal)
    left, right = process.add_step(Side, name="Left"), process.add_step(Side, name="Right")
    join, nested = process.add_step(Join), process.add_process(inner)
    process.on_input_event("Start").send_event_to(deal)
    deal.on_event("Dealt").send_event_to(left).send_event_to(right)
    deal.on_event("Done").stop_process()
    left.on_event("Passed").send_event_to(join, parameter="left")
    right.on_event("Passed").send_event_to(join, parameter="right")
    join.on_event("Joined").send_event_to(nested.where_input_event_is("Enter"))
    nested.on_event("Lap").send_event_to(deal)
    return process.build()


async def deal(n, out):
    out.append(("Dealt" if n else "Done", n))


async def side(n, out):
    out.append(("Passed", n))


async def join(values, out):
    out.append(("Joined", min(values)))


async def lower(n, out):
    out.append(("Lowered", n - 1))


async def outlet(n, out):
    out.append(("Lap", n))


def direct(size):
    return router(size, DirectRouter, DirectRouter)


def router(size, kind=JoiningRouter, inner_kind=Router):
    inner = inner_kind({"First": lower, "Outlet": outlet}, {("First", "Lowered"): ["Outlet"]})

    async def nested(n, out):
        out += await inner.run("First", n)

    steps = {"Deal": deal, "Left": side, "Right": side, "Join": join, "Inner": nested}
    routes = {
        ("Deal", "Dealt"): ["Left", "Right"],
        ("Deal", "Done"): [STOP],
        ("Left", "Passed"): [("Join", 0)],
        ("Right", "Passed"): [("Join", 1)],
        ("Join", "Joined"): ["Inner"],
        ("Inner", "Lap"): ["Deal"],
    }

    async def once():
        assert await kind(steps, routes, {"Join": 2}).run("Deal", size) == []

    return Timed(once, size * CALLS)


def engine(size):
    process = nested_process()

    async def once():
        result = await process.run("Start", size, collect_events=False, max_supersteps=size * 5)
        assert result.state is RunState.STOPPED

    return Timed(once, size * CALLS)


SUBJECTS = {"direct": direct, "router": router, "engine": engine}
