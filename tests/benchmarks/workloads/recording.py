"""The loop recorded to a run file until all of it is on disk, beside the loop that nobody observes."""

import tempfile
from pathlib import Path

from measuring import Timed
from workloads.loop import QUICK, SIZE, engine, loop_builder

from process_core import RunState

__all__ = ["QUICK", "SIZE", "SUBJECTS"]


def recorded(size):
    process = loop_builder().build()

    async def once():
        with tempfile.TemporaryDirectory() as folder:
            result = await process.run(
                "Start", size, run_file=Path(folder) / "bench.run", collect_events=False, max_supersteps=size + 2
            )
            assert result.state is RunState.STOPPED

    return Timed(once, size + 1)


def collected(size):
    process = loop_builder().build()

    async def once():
        result = await process.run("Start", size, max_supersteps=size + 2)
        assert len(result.events) > 5 * size

    return Timed(once, size + 1)


SUBJECTS = {"unobserved": engine, "engine": recorded, "kept in memory": collected}
