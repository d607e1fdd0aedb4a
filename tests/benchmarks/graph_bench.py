"""What the step graph costs: layouts, a state change, panning; medians of processor time. Run it as a script.

Where pygraphviz can be imported, it also says how often routes cross, beside Graphviz.
"""

import asyncio
import importlib.util
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

from textual.app import App, ComposeResult

from process_core.graph import Edge, Node, SourceKind, StepKind
from tui.graph import Direction, Mark, Overlay, Zoom, draw
from tui.graph.layout.crossing_reduction import forget
from tui.graph.widget.view import GraphView

ROUNDS = 5
LAYOUT_60, LAYOUT_300, HIGHLIGHT, PAN, CROSSINGS = 60.0, 500.0, 16.0, 1.2, 1.3
TICK = 0.005
CASES = Path(__file__).parents[1] / "tui" / "graph"


def process(steps: int, edges: int, seed: int = 5) -> tuple[list[Node], list[Edge]]:
    """A process-like graph: most routes are short, one in ten goes back."""
    chance = random.Random(seed)
    names = [f"Step{n:03d}" for n in range(steps)]
    nodes = [Node(name, name, StepKind.STEP, ("work",), {"work": ("data",)}) for name in names]
    pairs = list(pairwise(range(steps)))
    while len(pairs) < edges:
        source = chance.randrange(steps - 1)
        reach = chance.choice((1, 2, 2, 3, 4, 6, 9))
        target = source - reach if chance.random() < 0.1 else source + reach
        pairs.append((source, min(max(target, 0), steps - 1)))
    routes = [
        Edge(f"r{n}", "", SourceKind.EVENT, names[a], f"Event{n}", names[b], "work", "data")
        for n, (a, b) in enumerate(pairs)
    ]
    return nodes, routes


def timed(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Median milliseconds of some work."""
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        times.append((time.process_time() - begin) * 1000)
    return statistics.median(times)


@dataclass
class Figure:
    """One line of the table."""

    what: str
    value: float
    bar: float | None = None
    unit: str = "ms"

    def __str__(self) -> str:
        bar = "" if self.bar is None else f"{self.bar:9.1f}  {'ok' if self.value <= self.bar else 'MISSED'}"
        return f"{self.what:<52} {self.value:9.2f} {self.unit:<3}{bar}"


class Stage(App[None]):
    """Nothing but a graph."""

    CSS: ClassVar[str] = "GraphView { width: 1fr; height: 1fr; }"

    def compose(self) -> ComposeResult:
        yield GraphView()


def layouts() -> list[Figure]:
    figures = []
    for steps, edges, bar in ((20, 30, None), (60, 90, LAYOUT_60), (300, 1000, LAYOUT_300)):
        graph = process(steps, edges)
        for zoom, direction in ((Zoom.BOXES, Direction.DOWN), (Zoom.CHIPS, Direction.RIGHT)):

            def lay_out() -> None:
                forget()
                draw(*graph, zoom=zoom, direction=direction)  # noqa: B023 - runs at once

            spent = timed(lay_out)
            figures.append(Figure(f"layout, {steps} steps, {edges} routes, {zoom} {direction}", spent, bar))
        picture = draw(*graph)
        figures.append(Figure(f"layout again, its order known, {steps} steps", timed(lambda: draw(*graph))))  # noqa: B023
        figures.append(Figure(f"every row, {steps} steps", timed(lambda: picture.rows, 1)))  # noqa: B023
    return figures


async def live() -> list[Figure]:
    figures = []
    for steps, edges in ((20, 30), (300, 1000)):
        graph = process(steps, edges)
        app = Stage()
        async with app.run_test(size=(120, 40)) as pilot:
            view = app.query_one(GraphView)
            view.follow = False
            view.set_graph(*graph)
            await pilot.pause()
            await drawn(view)
            paths = [node.path for node in graph[0]]

            def frame() -> None:
                """Render what a screen of the view shows."""
                for y in range(view.size.height):  # noqa: B023 - runs at once
                    view.render_line(y)  # noqa: B023

            def change(turn: int) -> None:
                path = paths[turn % len(paths)]  # noqa: B023
                view.set_overlay(Overlay(states={path: Mark.RUNNING}, counts={path: turn}))  # noqa: B023
                frame()

            frame()
            spent = [timed(lambda t=turn: change(t), 1) for turn in range(1, 61)]  # type: ignore[misc]
            figures.append(Figure(f"highlight change and frame, {steps} steps", statistics.median(spent), HIGHLIGHT))
            figures.append(Figure(f"60 of them a second, {steps} steps, share of a core", sum(spent) / 10, 10.0, "%"))
    return figures


async def drawn(view: GraphView) -> None:
    """Wait until the picture of a large process is there."""
    while view.is_laying_out:
        await asyncio.sleep(TICK)


async def waits() -> list[Figure]:
    """How long the screen is deaf while a large process is laid out."""
    app = Stage()
    async with app.run_test(size=(120, 40)) as pilot:
        view = app.query_one(GraphView)
        forget()
        begin = last = time.perf_counter()
        view.set_graph(*process(300, 1000))
        longest = 0.0
        while view.is_laying_out:
            await asyncio.sleep(TICK)
            now = time.perf_counter()
            longest, last = max(longest, now - last - TICK), now
        total = (time.perf_counter() - begin) * 1000
        await pilot.pause()
    return [
        Figure("300 steps from asked for to shown", total),
        Figure("longest the screen waits meanwhile", longest * 1000),
    ]


async def pans() -> list[Figure]:
    """Panning a picture that is larger than the screen both ways, at every size of process."""
    figures, costs = [], {}
    for steps, edges in ((20, 60), (60, 200), (300, 1000)):
        app = Stage()
        async with app.run_test(size=(40, 16)) as pilot:
            view = app.query_one(GraphView)
            view.follow = False
            view.set_graph(*process(steps, edges))
            view.zoom, view.direction = Zoom.BOXES, Direction.DOWN
            await pilot.pause()
            await drawn(view)
            assert view.picture.width > 80
            assert view.picture.height > 60
            spent = []
            for turn in range(240):
                begin = time.process_time()
                view.scroll_to(turn * 7 % 40, turn * 3 % 44, animate=False, immediate=True)
                for y in range(view.size.height):
                    view.render_line(y)
                spent.append((time.process_time() - begin) * 1000)
            costs[steps] = statistics.median(spent)
            figures.append(Figure(f"pan and frame, {steps} steps", costs[steps]))
    figures.append(Figure("pan at 300 steps against 20", costs[300] / costs[20], PAN, "x"))
    return figures


def crossings() -> list[Figure]:
    """Crossings on the thirty graphs of the comparison with Graphviz."""
    if importlib.util.find_spec("pygraphviz") is None:
        return []
    sys.path.insert(0, str(CASES))
    import pygraphviz
    from graph_crossings import corpus, graphviz_crossings, screen_crossings

    ours = sum(screen_crossings(draw(*graph, zoom=Zoom.CHIPS)) for graph in corpus())
    theirs = sum(graphviz_crossings(pygraphviz, edges) for _, edges in corpus())
    return [
        Figure("crossings on 30 graphs", ours, CROSSINGS * theirs, ""),
        Figure("crossings there that Graphviz draws", theirs, None, ""),
        Figure("ours against those", ours / theirs, CROSSINGS, "x"),
    ]


def main() -> None:
    for figure in [*layouts(), *asyncio.run(live()), *asyncio.run(waits()), *asyncio.run(pans()), *crossings()]:
        print(figure)


if __name__ == "__main__":
    sys.exit(main())
