"""The workloads in Burr; an application is built for every run, since it holds the run's state."""

import itertools

from burr.core import ApplicationBuilder, Result, State, action, expr
from burr.core.graph import GraphBuilder
from burr.core.parallelism import MapStates, RunnableGraph
from measuring import Timed
from peers.sizes import LOOP, PASSES, STEPS, WIDTH


@action(reads=["n"], writes=["n"])
async def lower(state: State) -> State:
    return state.update(n=state["n"] - 1)


@action(reads=["n"], writes=["n"])
async def raise_by_one(state: State) -> State:
    return state.update(n=state["n"] + 1)


WORK = RunnableGraph(GraphBuilder().with_actions(work=raise_by_one).build(), "work", ["work"])


class Spread(MapStates):
    """The only way that Burr runs actions side by side: one action over many states."""

    def action(self, state, inputs):
        return WORK

    async def states(self, state, context, inputs):
        for _ in range(WIDTH):
            yield state

    async def reduce(self, state, results):
        total = 0
        async for result in results:
            total += result["n"]
        return state.update(n=total)

    def is_async(self):
        return True

    @property
    def reads(self):
        return ["n"]

    @property
    def writes(self):
        return ["n"]


def application(graph, first, **state):
    builder = ApplicationBuilder().with_graph(graph).with_entrypoint(first).with_state(**state)
    return builder.abuild()


def loop():
    used_up = expr("n < 0")
    graph = (
        GraphBuilder()
        .with_actions(ping=lower, pong=lower, done=Result("n"))
        .with_transitions(("ping", "done", used_up), ("ping", "pong"), ("pong", "done", used_up), ("pong", "ping"))
        .build()
    )

    async def once():
        app = await application(graph, "ping", n=LOOP)
        _, result, _ = await app.arun(halt_after=["done"])
        assert result["n"] == -1

    return Timed(once, LOOP + 1)


def chain():
    names = [f"link{i}" for i in range(STEPS)]
    actions = dict.fromkeys(names, raise_by_one)
    graph = GraphBuilder().with_actions(**actions).with_transitions(*itertools.pairwise(names)).build()

    async def once():
        for _ in range(PASSES):
            app = await application(graph, names[0], n=0)
            _, _, state = await app.arun(halt_after=[names[-1]])
            assert state["n"] == STEPS

    return Timed(once, PASSES * STEPS)


def fan():
    graph = (
        GraphBuilder()
        .with_actions(deal=raise_by_one, gather=raise_by_one, spread=Spread())
        .with_transitions(("deal", "spread"), ("spread", "gather"))
        .build()
    )

    async def once():
        for _ in range(PASSES):
            app = await application(graph, "deal", n=0)
            _, _, state = await app.arun(halt_after=["gather"])
            assert state["n"] == 2 * WIDTH + 1

    return Timed(once, PASSES * (WIDTH + 2))
