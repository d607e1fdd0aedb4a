"""Records runs of small processes, and opens the app on what was recorded."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from driving import Driver
from targets import CHAT

from process_core.runfile import RunFile
from process_core.session.client.in_process import InProcessSession
from tui.app import StepscopeApp
from tui.recorded.recorded_session import RecordedSession
from tui.run_controller import StartOptions

PROCESS = CHAT


def built(source):
    namespace = {"__name__": "recorded_target"}
    exec(compile(source, "target.py", "exec"), namespace)
    return namespace["build"]()


async def record(path, source=CHAT, answers=("hello", "exit"), *, target="target.py", event=None, cut_off=None):
    """Record a run that is given the answers, one after the other.

    Args:
        path: Of the new run file.
        source: Of the process.
        answers: To its questions.
        target: What the file shall say was run.
        event: The input event.
        cut_off: Where to copy the file to while the run waits after its last answer, as a killed process leaves it.
    """
    process = built(source)
    run = process.start(event or process.graph.input_events[0], run_file=path, target=str(target))
    async with run:
        await run.idle()
        for answer in answers:
            await run.respond(run.pending_requests[0].request_id, answer)
            await run.idle()
        if cut_off is not None:
            await settled(path, run)
            for suffix in ("", "-wal"):
                shutil.copy(f"{path}{suffix}", f"{cut_off}{suffix}")
    return cut_off or path


async def settled(path, run):
    """Wait until all that has happened is in the file."""
    while run.written < run.events[-1].seq:
        await asyncio.sleep(0.01)
    assert Path(path).exists()


@asynccontextmanager
async def replaying(
    path: Path, *, size: tuple[int, int] = (120, 40), at: int | None = None, cwd: Path | None = None
) -> AsyncIterator[Driver]:
    """Open the app on a recorded run."""

    async def open_session() -> InProcessSession:
        return await InProcessSession.open(cwd=cwd or path.parent, runs_dir=path.parent)

    recorded = await RecordedSession.open(path)
    options = StartOptions(is_begun=True)
    app = StepscopeApp(open_session, str(path), options, session=recorded, first_event=at)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        driver = Driver(app, pilot)
        await driver.until("REPLAY @")
        yield driver
    if app.session is not None:
        await app.session.close()
    await recorded.close()


def seq_of(path, type, nth=0, /, **fields):
    """Seq of the n-th event of a type."""
    with RunFile(path) as run_file:
        rows = run_file.page(0, 10_000)
    found = [r.seq for r in rows if r.type == type and all(getattr(r, k) == v for k, v in fields.items())]
    return found[nth]
