"""A worker and what its steps started end with the program that has the screen, however that ends."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from process_core.session.client import worker_process
from process_core.session.client.guardian import Guardian
from process_core.session.client.session import CommandRefused
from process_core.session.client.worker_process import WorkerSession
from process_core.session.protocol.verbs import Start

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 40

STEPS = """
import asyncio, atexit, ctypes, os, signal, time
from pathlib import Path
from process_core import ProcessBuilder, Step, StepContext, function

HERE = Path(__file__).parent
rows = open(HERE / "rows.csv", "w")
rows.write("1,2,3\\n")
atexit.register((HERE / "atexit.txt").write_text, "ran")

def begun():
    (HERE / "pid.part").write_text(str(os.getpid()))
    (HERE / "pid.part").rename(HERE / "pid.txt")

class Works(Step):
    @function
    def in_c(self):
        begun()
        ctypes.PyDLL(None).sleep(3600)

    @function
    def stopped(self):
        begun()
        os.kill(os.getpid(), signal.SIGSTOP)

    @function
    async def hogs(self):
        begun()
        while True:
            time.sleep(0.01)

    @function
    def forks(self):
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            begun()
            time.sleep(3600)

    @function
    async def waits(self):
        begun()
        await asyncio.sleep(3600)

def build():
    process = ProcessBuilder("Works")
    step = process.add_step(Works)
    for name in ("in_c", "stopped", "hogs", "forks", "waits"):
        process.on_input_event(name).send_event_to(step, function=name)
    return process
"""


def state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "gone"


def lives(pid):
    return state(pid) not in ("gone", "Z")


async def gone(*pids):
    async with asyncio.timeout(PATIENCE):
        while any(map(lives, pids)):
            await asyncio.sleep(0.01)


async def begun(folder, event=""):
    """Wait until a step has begun, the one that stops its process until that has; return its process."""
    async with asyncio.timeout(PATIENCE):
        while not (folder / "pid.txt").exists():
            await asyncio.sleep(0.01)
        pid = int((folder / "pid.txt").read_text())
        while event == "stopped" and state(pid) != "T":
            await asyncio.sleep(0.01)
    return pid


def ended_in_order(folder):
    return (folder / "rows.csv").read_text() == "1,2,3\n" and (folder / "atexit.txt").exists()


@pytest.fixture
def lose(monkeypatch, tmp_path):
    """Open a session, start what is asked for, and lose the client's end of it, as when its process is killed."""
    guardians = []

    class Watched(Guardian):
        def __init__(self, group):
            super().__init__(group, self.grace)
            guardians.append(self)

    monkeypatch.setattr(worker_process, "Guardian", Watched)
    (tmp_path / "works.py").write_text(STEPS)

    async def lose(event, grace=PATIENCE):
        Watched.grace = grace
        async with await WorkerSession.open(cwd=tmp_path, runs_dir=tmp_path / "runs") as session:
            await session.load("works.py")
            asked = asyncio.ensure_future(session.request(Start(event=event)))
            pid = await begun(tmp_path, event)
            session._ending = True
            session._writer.transport.abort()
            os.close(guardians[0]._held)
            guardians[0]._held = os.open(os.devnull, os.O_RDONLY)
            await gone(session.pid, pid)
            asked.cancel()
        assert not lives(guardians[0].pid)

    return lose


async def test_a_stopped_worker_runs_again_to_end_in_order(lose, tmp_path):
    await lose("stopped")
    assert ended_in_order(tmp_path)


async def test_a_worker_in_c_code_is_ended_after_a_grace(lose):
    await lose("in_c", grace=0.2)


async def test_what_a_worker_left_in_its_group_is_ended_after_a_grace():
    ignoring = ["sh", "-c", "trap '' TERM HUP; sleep 3600 & echo $!"]
    with subprocess.Popen(ignoring, stdout=subprocess.PIPE, start_new_session=True) as leader:
        guardian = Guardian(leader.pid, 0.1)
        child = int(leader.stdout.readline())
    os.close(guardian._held)
    await gone(child)
    guardian._process.wait()


async def test_a_stopped_worker_ends_in_order_when_it_is_closed(tmp_path):
    (tmp_path / "works.py").write_text(STEPS)
    async with await WorkerSession.open(cwd=tmp_path, runs_dir=tmp_path / "runs") as session:
        await session.load("works.py")
        asked = asyncio.ensure_future(session.request(Start(event="stopped")))
        await begun(tmp_path, "stopped")
    assert ended_in_order(tmp_path)
    await asyncio.gather(asked, return_exceptions=True)


async def test_a_worker_whose_loop_a_step_holds_up_saves_what_it_can_when_it_is_closed(tmp_path):
    (tmp_path / "works.py").write_text(STEPS)
    async with await WorkerSession.open(cwd=tmp_path, runs_dir=tmp_path / "runs") as session:
        blocked = asyncio.Event()
        session.subscribe(lambda _: blocked.set() if session.status.blocked_for else None)
        await session.load("works.py")
        asked = asyncio.ensure_future(session.request(Start(event="hogs")))
        await blocked.wait()
    assert ended_in_order(tmp_path)
    await asyncio.gather(asked, return_exceptions=True)


async def test_a_guardian_ends_with_its_worker(tmp_path):
    async with await WorkerSession.open(cwd=tmp_path) as session:
        async with asyncio.timeout(PATIENCE):
            while not guardians_of(session.pid):  # the name of a process is another's until it has begun
                await asyncio.sleep(0.01)
        os.kill(session.pid, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE):
            while guardians_of(session.pid):
                await asyncio.sleep(0.01)


async def test_where_no_guardian_can_be_started_there_is_no_worker(tmp_path, monkeypatch):
    pids = []

    def refused(group):
        pids.append(group)
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(worker_process, "Guardian", refused)
    with pytest.raises(CommandRefused, match="no worker can be started"):
        await WorkerSession.open(cwd=tmp_path)
    await gone(*pids)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
async def test_no_process_is_left_of_commands_that_a_signal_ended(tmp_path, number):
    async def end(event):
        folder = tmp_path / event
        folder.mkdir()
        (folder / "works.py").write_text(STEPS)
        ours, theirs = os.pipe()  # held open, so that the input does not end
        screen = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tui.cli", "run", "works.py", "--event", event),
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=ours,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        pid = await begun(folder, event)
        worker = os.getsid(pid)
        screen.send_signal(number)
        await screen.wait()
        os.close(ours)
        os.close(theirs)
        await gone(pid, worker)
        assert event == "in_c" or ended_in_order(folder)
        async with asyncio.timeout(PATIENCE):
            while guardians_of(worker):
                await asyncio.sleep(0.05)

    await asyncio.gather(*map(end, ["in_c", "stopped", "hogs", "forks", "waits"]))


def guardians_of(worker):
    mark = b"worker-guardian\0%d\0" % worker
    return [line for line in Path("/proc").glob("[0-9]*/cmdline") if mark in _bytes(line)]


def _bytes(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""
