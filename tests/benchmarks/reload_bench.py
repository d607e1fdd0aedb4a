"""How long a save takes to be what runs: the reload alone, and from the save to the first message on new code.

Figures of one run of this script may be compared with each other, not with those of another machine or day.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from process_core.reload import Project, locate_module
from process_core.runfile import RunFile
from process_core.session.client.worker_process import WorkerSession
from process_core.session.protocol.verbs import Start, Stop

BAR_RELOAD = 0.020
BAR_SAVE = 0.3
MODULES = 20
ROUNDS = 30
SAVES = 15

STEP = """
import asyncio
from process_core import ProcessBuilder, Step, StepContext, function
{imports}

class Loop(Step):
    @function
    async def turn(self, context: StepContext):
        await asyncio.sleep(0.002)
        await context.yield_output({said})
        await context.emit_event("Again")

def build():
    process = ProcessBuilder("Loop")
    loop = process.add_step(Loop)
    process.on_input_event("go").send_event_to(loop)
    loop.on_event("Again").send_event_to(loop)
    return process.build()
"""


def project(folder):
    """Write a target with helper modules that import each other in a chain, the last of which is edited."""
    for number in range(1, MODULES):
        below = f"from m{number + 1} import VALUE\n" if number < MODULES - 1 else "VALUE = 0\n"
        classes = "".join(f"class C{n}:\n    def method(self): return {n}\n" for n in range(10))
        (folder / f"m{number}.py").write_text(below + classes)
    (folder / "app.py").write_text(STEP.format(imports="from m1 import VALUE", said="VALUE"))


def edit(folder, value):
    last = folder / f"m{MODULES - 1}.py"
    text = last.read_text()
    last.write_text(f"VALUE = {value}\n" + text.partition("\n")[2])


def reload_alone(folder):
    loaded = Project(locate_module(folder / "app.py"), folder)
    loaded.load(lambda module: module.build())
    taken = []
    for value in range(1, ROUNDS + 1):
        edit(folder, value)
        began = time.perf_counter()
        staged = loaded.prepare(lambda module: module.build())
        staged.commit()
        taken.append(time.perf_counter() - began)
    loaded.close()
    return taken


async def save_to_message(folder):
    taken = []
    async with await WorkerSession.open(cwd=folder) as session:
        session.watch = True
        await session.load("app.py")
        await session.request(Start())
        while session.status.superstep < 10:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)
        for value in range(1000, 1000 + SAVES):
            edit(folder, value)
            saved = time.time()
            taken.append(await first_output(session, value) - saved)
        await session.request(Stop())
    return taken


async def first_output(session, value):
    while True:
        await asyncio.sleep(0.02)
        with RunFile(session.status.run_file) as file:
            last = file.count()
            rows = file.page(max(0, last - 400), 400)
            for row in rows:
                if row.type == "output" and file.payload(row.data) == value:
                    return row.timestamp


def main():
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        project(folder)
        alone = reload_alone(folder)
        whole = asyncio.run(save_to_message(folder))
    lines = [
        (f"reload of a chain of {MODULES} modules", statistics.median(alone), max(alone), BAR_RELOAD),
        ("save to first message on new code", statistics.median(whole), max(whole), BAR_SAVE),
    ]
    print(f"{'':45}{'median ms':>10}{'worst ms':>10}{'bar ms':>8}")
    for name, median, worst, bar in lines:
        verdict = "met" if median <= bar else "NOT MET"
        print(f"{name:45}{median * 1000:10.1f}{worst * 1000:10.1f}{bar * 1000:8.0f}  {verdict}")


if __name__ == "__main__":
    sys.exit(main())
