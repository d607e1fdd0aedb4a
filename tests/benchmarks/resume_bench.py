"""What it costs to be able to go on with a run, and how long going on takes.

Figures of one run of this script may be compared with each other, not with those of another machine or day.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import figure
from workloads import checkpoint

from process_core import ProcessBuilder, Step, StepContext, StepFailedError, Visibility, function
from process_core.resume import load_point
from process_core.runfile import RunFile

BAR = 3.0
HOPS = 4_000
EVENTS_PER_HOP = 5


class Loop(Step[list[int]]):
    """Goes round, reports at every turn where it is asked to, and breaks at the end."""

    @function
    async def go(self, context: StepContext, n: list[int]) -> None:
        left, tells = n
        if not left:
            raise RuntimeError("the end")
        self.state[:] = [left]
        if tells:
            context.yield_output(left)
            context.emit_event("Tell", left, Visibility.PUBLIC)
        context.emit_event("Next", [left - 1, tells])


def looping():
    process = ProcessBuilder("Looping")
    one, other = process.add_step(Loop, name="One"), process.add_step(Loop, name="Other")
    process.on_input_event("Go").send_event_to(one)
    one.on_event("Next").send_event_to(other)
    other.on_event("Next").send_event_to(one)
    return process.build()


async def recorded(path, hops, *, tells):
    try:
        await looping().run("Go", [hops, tells], run_file=path, collect_events=False, max_supersteps=hops + 2)
    except StepFailedError:
        return
    raise AssertionError("it did not break")


def resume_figures(events, rounds):
    """Give, for a quiet and a talkative run, the number of events and seconds to load, to go on, and to fork."""
    for tells in (False, True):
        per_hop = EVENTS_PER_HOP + 2 * tells
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.run"
            asyncio.run(recorded(path, events // per_hop, tells=tells))
            with RunFile(path) as file:
                count = file.count()
                middle = file.info.events and file.checkpoints()[-1].superstep // 2
            process = looping()
            loads, goes, forks = [], [], []
            for number in range(rounds):
                began = time.perf_counter()
                point = load_point(path, process.graph)
                loads.append(time.perf_counter() - began)
                assert len(point.outputs) == (events // per_hop if tells else 0)
                began = time.perf_counter()
                asyncio.run(gone_on(process, path))
                goes.append(time.perf_counter() - began)
                began = time.perf_counter()
                asyncio.run(forked(process, path, middle, Path(folder) / f"fork{number}.run"))
                forks.append(time.perf_counter() - began)
            yield ("talkative" if tells else "quiet"), count, *map(statistics.median, (loads, goes, forks))


async def gone_on(process, path):
    """Go on to the step that breaks again."""
    async with process.start(resume_from=path, collect_events=False) as run:
        await run.idle()


async def forked(process, path, superstep, into):
    """Fork from the middle, up to the first event."""
    async with process.fork(path, superstep, into, {"drop": [0]}, collect_events=False) as run:
        await run.idle()


def checkpoint_figures(rounds):
    """Return microseconds per hop: a bare insert per hop, and the engine with a checkpoint each superstep."""
    bare, engine = [], []
    for _ in range(rounds):
        for subject, found in (("router", bare), ("engine", engine)):
            command = [sys.executable, __file__, "--subject", subject]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            found.append(json.loads(told))
    return statistics.median(bare), statistics.median(engine)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--subject", choices=sorted(checkpoint.SUBJECTS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.subject:
        print(json.dumps(figure(checkpoint.SUBJECTS[arguments.subject](HOPS))[0]))
        return
    print(f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores\n")
    bare, engine = checkpoint_figures(arguments.rounds)
    print(f"a bare insert per hop            {bare:8.1f} µs/hop")
    print(f"the engine, a checkpoint per hop {engine:8.1f} µs/hop   {engine / bare:.1f}x (bar: {BAR:.0f}x)\n")
    print("run         events   load a point   go on and break again   fork from the middle")
    for name, count, load, go, fork in resume_figures(arguments.events, arguments.rounds):
        print(f"{name:<10}{count:>8} {load * 1e3:>11.1f} ms {go * 1e3:>20.1f} ms {fork * 1e3:>19.1f} ms")


if __name__ == "__main__":
    main()
