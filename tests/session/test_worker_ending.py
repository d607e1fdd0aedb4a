"""The worker ends as any Python program does, and by force only where a step holds that up."""

import asyncio

import pytest

from process_core.events import RunState
from process_core.runfile.read.reader import RunFile
from process_core.session.client.worker_process import WorkerSession
from process_core.session.protocol.verbs import Start

LEAVES_THINGS = """
import asyncio, atexit, tempfile, threading, time
from pathlib import Path
from process_core import ProcessBuilder, Step, StepContext, function

HERE = Path(__file__).parent
rows = open(HERE / "rows.csv", "w")
scratch = tempfile.TemporaryDirectory(dir=HERE, prefix="scratch-")
atexit.register((HERE / "atexit.txt").write_text, "ran")
kept = []

async def lasts():
    try:
        await asyncio.sleep(3600)
    finally:
        (HERE / "task.txt").write_text("ended")

def ticks():
    time.sleep(0.2)
    print("late tick")

class Works(Step):
    @function
    async def work(self):
        rows.write("1,2,3\\n")
        kept.append(asyncio.create_task(lasts()))
        threading.Thread(target=ticks).start()
        {more}

def build():
    process = ProcessBuilder("Leaves")
    process.on_input_event("Go").send_event_to(process.add_step(Works))
    return process
"""


async def run_and_close(tmp_path, more):
    (tmp_path / "leaves.py").write_text(LEAVES_THINGS.replace("{more}", more))
    async with await WorkerSession.open(cwd=tmp_path, runs_dir=tmp_path / "runs") as session:
        idle = asyncio.Event()
        session.subscribe(lambda _: idle.set() if session.status.state is RunState.IDLE else None)
        await session.load("leaves.py")
        await session.request(Start())
        await idle.wait()
        run_file = session.status.run_file
    with RunFile(run_file) as recorded:
        return [recorded.payload(row.data) for row in recorded.page(0, 99) if row.type == "log"]


@pytest.mark.parametrize(
    "more", ["pass", "threading.Thread(target=time.sleep, args=(3600,)).start()"], ids=["in order", "held up"]
)
async def test_what_steps_left_open_is_written_and_cleared_at_the_end(tmp_path, more):
    printed = await run_and_close(tmp_path, more)
    assert (tmp_path / "rows.csv").read_text() == "1,2,3\n"
    assert (tmp_path / "atexit.txt").read_text() == "ran"
    assert (tmp_path / "task.txt").read_text() == "ended"
    assert list(tmp_path.glob("scratch-*")) == []
    assert list((tmp_path / "runs").glob("*-wal")) == []
    assert printed == ["late tick"]
