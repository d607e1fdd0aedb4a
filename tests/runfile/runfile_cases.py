"""What the run file's tests share: events as a run would make them, and programs run in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

from process_core.events import WorkflowEvent
from process_core.runfile import RunFileWriter

STARTED = 1_700_000_000.0


def event(seq, type="event_emitted", **fields):
    fields.setdefault("timestamp", STARTED + seq / 1000)
    fields.setdefault("run_id", "run-1")
    return WorkflowEvent(type, seq=seq, **fields)


def loop_events(count, *, steps=3, first=1):
    """Five events a superstep, as a loop through some steps gives them."""
    types = ("superstep_started", "executor_invoked", "event_emitted", "executor_completed", "superstep_completed")
    for seq in range(first, first + count):
        superstep, place = divmod(seq - 1, 5)
        name = f"S{superstep % steps}"
        yield event(
            seq,
            types[place],
            superstep=superstep + 1,
            path="" if place in (0, 4) else name,
            step=None if place in (0, 4) else name,
            function=None if place in (0, 4) else "run",
            event_id="Go" if place == 2 else None,
            data={"x": seq} if place == 1 else seq if place == 2 else None,
            causes=(seq - 1,) if seq > 1 else (),
        )


def writer(path, **options):
    return RunFileWriter(path, **{"process": "Loop", "run_id": "run-1", "started": STARTED, **options})


def record(path, events, **options):
    """Write a whole run file."""
    with writer(path, **options) as out:
        for one in events:
            out.append(one)
        assert out.flush(10)
    return path


def program(text, *arguments):
    """Start a program of its own that can import these cases."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    return subprocess.Popen(
        [sys.executable, "-c", text, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
