"""The workloads in LangGraph."""

import operator
from typing import Annotated, TypedDict

from langgraph.graph import END, START, StateGraph
from measuring import Timed
from peers.sizes import LOOP, PASSES, STEPS, WIDTH


class Number(TypedDict):
    n: int


class Gathered(TypedDict):
    n: int
    worked: Annotated[list[int], operator.add]
    total: int


async def lower(state):
    return {"n": state["n"] - 1}


async def raise_by_one(state):
    return {"n": state["n"] + 1}


def loop():
    graph = StateGraph(Number)
    graph.add_node("ping", lower)
    graph.add_node("pong", lower)
    graph.add_edge(START, "ping")
    graph.add_conditional_edges("ping", lambda state: "pong" if state["n"] >= 0 else END, ["pong", END])
    graph.add_conditional_edges("pong", lambda state: "ping" if state["n"] >= 0 else END, ["ping", END])
    app = graph.compile()

    async def once():
        result = await app.ainvoke({"n": LOOP}, {"recursion_limit": LOOP + 10})
        assert result["n"] == -1

    return Timed(once, LOOP + 1)


def chain():
    graph = StateGraph(Number)
    names = [f"link{i}" for i in range(STEPS)]
    for name in names:
        graph.add_node(name, raise_by_one)
    for one, following in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(one, following)
    app = graph.compile()

    async def once():
        for _ in range(PASSES):
            result = await app.ainvoke({"n": 0}, {"recursion_limit": STEPS + 10})
            assert result["n"] == STEPS

    return Timed(once, PASSES * STEPS)


def fan():
    async def work(state):
        return {"worked": [state["n"] + 1]}

    async def gather(state):
        return {"total": sum(state["worked"])}

    graph = StateGraph(Gathered)
    names = [f"work{i}" for i in range(WIDTH)]
    graph.add_node("deal", raise_by_one)
    graph.add_node("gather", gather)
    graph.add_edge(START, "deal")
    for name in names:
        graph.add_node(name, work)
        graph.add_edge("deal", name)
    graph.add_edge(names, "gather")
    graph.add_edge("gather", END)
    app = graph.compile()

    async def once():
        for _ in range(PASSES):
            result = await app.ainvoke({"n": 0, "worked": [], "total": 0})
            assert result["total"] == 2 * WIDTH

    return Timed(once, PASSES * (WIDTH + 2))
