"""The workloads in Microsoft Agent Framework's workflows."""

from agent_framework import Executor, WorkflowBuilder, WorkflowContext, handler
from measuring import Timed
from peers.sizes import LOOP, PASSES, STEPS, WIDTH


class Player(Executor):
    @handler
    async def go(self, n: int, ctx: WorkflowContext[int, int]) -> None:
        if n:
            await ctx.send_message(n - 1)
        else:
            await ctx.yield_output(n)


class Link(Executor):
    @handler
    async def go(self, n: int, ctx: WorkflowContext[int]) -> None:
        await ctx.send_message(n + 1)


class Last(Executor):
    @handler
    async def go(self, n: int, ctx: WorkflowContext[int, int]) -> None:
        await ctx.yield_output(n)


class Gather(Executor):
    @handler
    async def go(self, values: list[int], ctx: WorkflowContext[int, int]) -> None:
        await ctx.yield_output(sum(values))


def loop():
    ping, pong = Player(id="ping"), Player(id="pong")
    builder = WorkflowBuilder(max_iterations=LOOP + 5, start_executor=ping)
    workflow = builder.add_edge(ping, pong).add_edge(pong, ping).build()

    async def once():
        result = await workflow.run(LOOP)
        assert result.get_outputs() == [0]

    return Timed(once, LOOP + 1)


def chain():
    links = [Link(id=f"link{i}") for i in range(STEPS - 1)] + [Last(id="last")]
    workflow = WorkflowBuilder(max_iterations=STEPS + 5, start_executor=links[0]).add_chain(links).build()

    async def once():
        for _ in range(PASSES):
            result = await workflow.run(0)
            assert result.get_outputs() == [STEPS - 1]

    return Timed(once, PASSES * STEPS)


def fan():
    deal, gather = Link(id="deal"), Gather(id="gather")
    workers = [Link(id=f"work{i}") for i in range(WIDTH)]
    builder = WorkflowBuilder(start_executor=deal)
    workflow = builder.add_fan_out_edges(deal, workers).add_fan_in_edges(workers, gather).build()

    async def once():
        for _ in range(PASSES):
            result = await workflow.run(0)
            assert result.get_outputs() == [2 * WIDTH]

    return Timed(once, PASSES * (WIDTH + 2))
