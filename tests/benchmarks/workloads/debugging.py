"""The recorded loop under a debugger whose twenty breakpoints never hit, beside the recorded loop."""

import tempfile
from pathlib import Path

from measuring import Timed
from workloads.loop import QUICK, SIZE, loop_builder
from workloads.recording import recorded

from process_core import RunState
from process_core.debug import Debugger

__all__ = ["QUICK", "SIZE", "SUBJECTS"]


def on_events():
    """Breakpoints on events that are never emitted: the usual case."""
    return [{"event": f"Alarm{i}"} for i in range(20)]


def of_all_kinds():
    """Breakpoints on events, steps, functions and routes, before, after and on emit; none of them ever hits."""
    kinds = [
        {"event": "Alarm"},
        {"step": "Sleeper/*"},
        {"function": "never"},
        {"route": "no such route"},
        {"event": "Alarm", "when": "after"},
        {"step": "Sleeper", "when": "emit"},
        {"event": "Alarm", "condition": "data > 0"},
        {"step": "Sleeper", "hits": ">=3"},
        {"function": "never", "log": "{data}"},
        {"event": "Alarm", "when": "emit", "once": True},
    ]
    return kinds * 2


def debugged(breakpoints):
    def subject(size):
        process = loop_builder().build()

        async def once():
            with tempfile.TemporaryDirectory() as folder:
                debugger = Debugger(
                    process, run_file=Path(folder) / "bench.run", collect_events=False, max_supersteps=size + 2
                )
                for point in breakpoints:
                    debugger.add_breakpoint(**point)
                await debugger.start("Start", size)
                assert not await debugger.wait()
                assert debugger.state is RunState.STOPPED
                await debugger.close()

        return Timed(once, size + 1)

    return subject


SUBJECTS = {"recorded": recorded, "engine": debugged(on_events()), "all kinds": debugged(of_all_kinds())}
