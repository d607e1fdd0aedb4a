"""The loop with state that changes at every hop, saved after every superstep, beside one SQLite insert per hop."""

import json
import sqlite3
import tempfile
from pathlib import Path

from measuring import Timed
from pydantic import BaseModel
from routers import STOP, Router

from process_core import ProcessBuilder, RunState, Step, StepContext, function

SIZE = 4_000
QUICK = 1_000


class Count(BaseModel):
    count: int = 0
    label: str = "counting"


class Counter(Step[Count]):
    @function
    async def go(self, context: StepContext, n: int) -> None:
        self.state.count += 1
        context.emit_event("Counted" if n else "Done", n - 1)


def counting_process():
    process = ProcessBuilder("Counting")
    one, other = process.add_step(Counter, name="One"), process.add_step(Counter, name="Other")
    process.on_input_event("Start").send_event_to(one)
    one.on_event("Counted").send_event_to(other)
    other.on_event("Counted").send_event_to(one)
    for step in (one, other):
        step.on_event("Done").stop_process()
    return process.build()


class SavingRouter(Router):
    """Inserts the state of the step that ran and the pending messages after each superstep, as one transaction."""

    def __init__(self, steps, routes, database, states):
        super().__init__(steps, routes)
        self.database = database
        self.states = states
        self.superstep = 0

    def deliver(self, pending):
        if self.superstep:
            saved = json.dumps([self.states, pending])
            self.database.execute("INSERT INTO checkpoint VALUES (?, ?)", (self.superstep, saved))
        self.superstep += 1
        return super().deliver(pending)


def router(size):
    async def once():
        states = {"One": {"count": 0, "label": "counting"}, "Other": {"count": 0, "label": "counting"}}

        def counter(name):
            async def go(n, out):
                states[name]["count"] += 1
                out.append(("Counted" if n else "Done", n - 1))

            return go

        routes = {
            ("One", "Counted"): ["Other"],
            ("Other", "Counted"): ["One"],
            ("One", "Done"): [STOP],
            ("Other", "Done"): [STOP],
        }
        with tempfile.TemporaryDirectory() as folder:
            database = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("CREATE TABLE checkpoint (superstep INTEGER PRIMARY KEY, saved TEXT)")
            steps = {name: counter(name) for name in states}
            await SavingRouter(steps, routes, database, states).run("One", size)
            (saved,) = database.execute("SELECT count(*) FROM checkpoint").fetchone()
            database.close()
        assert saved == size

    return Timed(once, size + 1)


def engine(size):
    process = counting_process()

    async def once():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bench.run"
            result = await process.run("Start", size, run_file=path, collect_events=False, max_supersteps=size + 2)
            assert result.state is RunState.STOPPED
            database = sqlite3.connect(path)
            (saved,) = database.execute("SELECT count(*) FROM events WHERE typeof(data) = 'blob'").fetchone()
            database.close()
        assert saved >= size

    return Timed(once, size + 1)


SUBJECTS = {"router": router, "engine": engine}
