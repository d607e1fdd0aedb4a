"""The workloads in pydantic-graph."""

import itertools

from measuring import Timed
from peers.sizes import LOOP, PASSES, STEPS, WIDTH
from pydantic_graph import GraphBuilder, StepContext, reduce_list_append


async def lower(ctx: StepContext[None, None, int]) -> int:
    return ctx.inputs - 1


async def raise_by_one(ctx: StepContext[None, None, int]) -> int:
    return ctx.inputs + 1


async def total(ctx: StepContext[None, None, list[int]]) -> int:
    return sum(ctx.inputs)


def loop():
    builder = GraphBuilder(name="loop", input_type=int, output_type=int)
    ping, pong = builder.step(lower, node_id="ping"), builder.step(lower, node_id="pong")

    def next_or_end(step):
        return (
            builder.decision()
            .branch(builder.match(int, matches=lambda n: n >= 0).to(step))
            .branch(builder.match(int, matches=lambda n: n < 0).to(builder.end_node))
        )

    builder.add(
        builder.edge_from(builder.start_node).to(ping),
        builder.edge_from(ping).to(next_or_end(pong)),
        builder.edge_from(pong).to(next_or_end(ping)),
    )
    graph = builder.build()

    async def once():
        assert await graph.run(inputs=LOOP) == -1

    return Timed(once, LOOP + 1)


def chain():
    builder = GraphBuilder(name="chain", input_type=int, output_type=int)
    links = [builder.step(raise_by_one, node_id=f"link{i}") for i in range(STEPS)]
    path = [builder.start_node, *links, builder.end_node]
    for one, following in itertools.pairwise(path):
        builder.add_edge(one, following)
    graph = builder.build()

    async def once():
        for _ in range(PASSES):
            assert await graph.run(inputs=0) == STEPS

    return Timed(once, PASSES * STEPS)


def fan():
    builder = GraphBuilder(name="fan", input_type=int, output_type=int)
    deal, gather = builder.step(raise_by_one, node_id="deal"), builder.step(total, node_id="gather")
    workers = [builder.step(raise_by_one, node_id=f"work{i}") for i in range(WIDTH)]
    join = builder.join(reduce_list_append, initial_factory=list[int])
    builder.add(
        builder.edge_from(builder.start_node).to(deal),
        builder.edge_from(deal).to(*workers),
        builder.edge_from(*workers).to(join),
        builder.edge_from(join).to(gather),
        builder.edge_from(gather).to(builder.end_node),
    )
    graph = builder.build()

    async def once():
        for _ in range(PASSES):
            assert await graph.run(inputs=0) == 2 * WIDTH

    return Timed(once, PASSES * (WIDTH + 2))
