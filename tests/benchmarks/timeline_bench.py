"""What the timeline and the inspector cost: a million rows beside a thousand, and a payload of ten megabytes.

Run it with `python tests/benchmarks/timeline_bench.py [ROWS]`. Every figure is a median; the ratios are what counts.
"""

import asyncio
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from textual.app import App, ComposeResult
from textual.containers import Horizontal

from process_core.events import WorkflowEvent
from process_core.runfile import RunFile, RunFileWriter
from process_core.session.protocol.status import Status
from tui.inspector.panel import InspectorPanel
from tui.moment import present_of
from tui.timeline.view import TimelineView

SMALL = 1_000
ROUNDS = 200
SIZE = (160, 50)
ASK = {"path": "chat/UserInput", "step": "UserInput", "function": "ask"}
RESPOND = {"path": "chat/Response", "step": "Response", "function": "GetChatResponse"}


def write(path: Path, count: int) -> Path:
    writer = RunFileWriter(path, process="Chat", run_id="bench", started=1000.0)
    for seq in range(1, count + 1):
        place = (seq - 1) % 8
        event = WorkflowEvent("superstep_started" if place == 0 else "superstep_completed")
        if place in {1, 5}:
            names = ASK if place == 1 else RESPOND
            event = WorkflowEvent(
                "executor_invoked", {"user_message": f"hello {seq}"}, causes=(max(1, seq - 2),), **names
            )
        elif place == 2:
            event = WorkflowEvent("log", f"asking for the {seq}th time", **ASK)
        elif place in {3, 6}:
            names, event_id = (ASK, "UserInputReceived") if place == 3 else (RESPOND, "Replied")
            event = WorkflowEvent("event_emitted", f"text {seq} " * 8, event_id=event_id, causes=(seq - 1,), **names)
        elif place == 4:
            event = WorkflowEvent("executor_completed", causes=(seq - 3,), **ASK)
        event.seq, event.timestamp, event.superstep = seq, 1000.0 + seq * 1e-3, (seq - 1) // 8 + 1
        writer.append(event)
    writer.close()
    return path


class Bench(App[None]):
    def compose(self) -> ComposeResult:
        with Horizontal():
            yield TimelineView()
            yield InspectorPanel()


def painted(view: TimelineView) -> None:
    for y in range(view.size.height):
        view.render_line(y)


def timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1e3


def first_paint(view: TimelineView, path: Path) -> float:
    def show() -> None:
        run_file = RunFile(path)
        view.set_source(run_file)
        view.poll(run_file.count())
        painted(view)

    return timed(show)


def jump(view: TimelineView, chance: random.Random) -> None:
    """Go anywhere, with no row kept: of a short run all rows would be, and of a long one none."""
    view.select(chance.randint(1, view._window.written))
    view._window._pages.clear()
    view.painter._strips.clear()


KEYS: dict[str, Callable[[TimelineView, random.Random], object]] = {
    "up": lambda view, _: view.action_move(-1),
    "page up": lambda view, _: view.action_move_page(-1),
    "home, end": lambda view, _: (view.action_move_home(), painted(view), view.action_move_end()),
    "jump anywhere": jump,
    "cause": lambda view, _: view.action_cause(),
    "effect": lambda view, _: view.action_effect(),
}


def key_cost(view: TimelineView, name: str) -> float:
    chance = random.Random(1)
    costs = []
    for number in range(ROUNDS):
        if number % 20 == 0:
            view.select(view._window.written // 2 + number)
            painted(view)
        costs.append(timed(lambda: (KEYS[name](view, chance), painted(view))))
    return statistics.median(costs)


@contextmanager
def shown(app: Bench, path: Path) -> Iterator[TimelineView]:
    view = app.query_one(TimelineView)
    with RunFile(path) as run_file:
        view.set_source(run_file)
        view.poll(run_file.count())
        painted(view)
        yield view


async def filtered(app: Bench, path: Path, text: str) -> tuple[float, float]:
    with shown(app, path) as view:
        first = timed(lambda: (view.set_filter(text), painted(view)))
        began = time.perf_counter()
        while view.progress < 1:
            await asyncio.sleep(0.001)
        total = first + (time.perf_counter() - began) * 1e3
        view.set_filter("")
    return first, total


def select_cost(app: Bench, path: Path) -> float:
    panel = app.query_one(InspectorPanel)
    with RunFile(path) as run_file:

        def select() -> None:
            panel.show_event(present_of(run_file, Status(), ()), run_file.row(1))
            for y in range(panel.size.height):
                panel.render_line(y)

        costs = []
        for _ in range(9):
            costs.append(timed(select))
            panel.clear()
    return statistics.median(costs)


def large_payloads(folder: Path) -> dict[str, Path]:
    made = {}
    for name, data in {
        "10 MB text": "x" * 10_000_000,
        "10 MB of objects": [{"id": number, "name": f"name {number}"} for number in range(250_000)],
        "10 MB dict": {f"key {number}": ["some text"] * 10 for number in range(65_000)},
    }.items():
        path = folder / f"{name}.run"
        writer = RunFileWriter(path, process="P", run_id="bench", started=1000.0)
        writer.append(WorkflowEvent("event_emitted", data, seq=1, timestamp=1000.0, event_id="Large"))
        writer.close()
        made[name] = path
    return made


def compared(what: str, small: float, large: float) -> None:
    print(f"{what:22}{small:>14.2f} ms{large:>16.2f} ms{large / small:>9.2f}")


async def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, large = write(folder / "small.run", SMALL), write(folder / "large.run", rows)
        payloads = large_payloads(folder)
        app = Bench()
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause()
            view = app.query_one(TimelineView)
            paints = {path: statistics.median(first_paint(view, path) for _ in range(9)) for path in (small, large)}
            print(f"{'':22}{SMALL:>12,} rows{rows:>14,} rows{'ratio':>9}")
            compared("first paint", paints[small], paints[large])
            for key in KEYS:
                cost = {}
                for path in (small, large):
                    with shown(app, path) as current:
                        cost[path] = key_cost(current, key)
                compared(key, cost[small], cost[large])
            print()
            for text in ("type:emit", "UserInput", "text -99", "step:chat/* where superstep > 1000"):
                first, total = await filtered(app, large, text)
                print(f"filter {text:34} first {first:8.1f} ms   all {total:9.1f} ms")
            print()
            for what, path in payloads.items():
                print(f"select {what:34} {select_cost(app, path):14.1f} ms")
            print(f"\nmemory of this process, at most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
