"""Cuts run files short as a crash would, goes on with them, and says what ran."""

import asyncio
import contextlib
import shutil
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from process_core import RunState
from process_core.engine.host import LocalHost
from process_core.runfile import RunFile
from process_core.runfile.codec.encode import encode

LIMIT = 60
IDLE = RunState.IDLE
ANSWER = 7
MOST_ANSWERS = 40
PATIENCE = 600  # only what hangs may meet it, also on a machine with much else to do


def cut(source, target, seq, *, with_checkpoint=True):
    """Copy a run file as it would be had its writer been killed after an event.

    Args:
        source: A closed run file.
        target: Where the copy goes.
        seq: The last event that is left.
        with_checkpoint: Whether a checkpoint made just after that event is left, too.
    """
    shutil.copyfile(source, target)
    database = sqlite3.connect(target, isolation_level=None)
    with contextlib.closing(database):
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        database.execute("DELETE FROM events WHERE seq > ?", (seq,))
        database.execute("DELETE FROM causes WHERE seq > ?", (seq,))
        # The state that goes with an event is written before it.
        database.execute("DELETE FROM states WHERE seq > ?", (seq + 1,))
        database.execute("DELETE FROM checkpoints WHERE seq > ?", (seq if with_checkpoint else seq - 1,))
        database.execute("DELETE FROM tallies")
        database.execute("INSERT INTO tallies SELECT shape, count(*), max(seq) FROM events GROUP BY shape")
        state = database.execute(
            "SELECT s.state FROM events e JOIN shapes s ON s.id = e.shape"
            " WHERE s.state IS NOT NULL AND s.path = '' ORDER BY e.seq DESC LIMIT 1"
        ).fetchone()
        database.execute("UPDATE run SET ended = NULL, pid = 1, state = ?", (state[0] if state else "IN_PROGRESS",))
        database.execute("COMMIT")


def checkpoint_seqs(path):
    with RunFile(path) as file:
        return {checkpoint.seq for checkpoint in file.checkpoints()}


def rows_of(path):
    with RunFile(path) as file:
        return file.page(0, 10**6)


@dataclass
class Recorded:
    """What a run file says of what was done.

    Attributes:
        invoked: Every call of a function that began for real, as (path, function, arguments).
        completed: Those that completed.
        inputs: How many outside events were taken in.
    """

    invoked: Counter = field(default_factory=Counter)
    completed: Counter = field(default_factory=Counter)
    inputs: int = 0


def recorded(path) -> Recorded:
    found = Recorded()
    calls: dict[int, tuple[str, str, str]] = {}
    taken_over, at_seq = set(), {0: 0}
    inputs = 0
    with RunFile(path) as file:
        rows = file.page(0, 10**6)
        taken_over = {row.cause for row in rows if row.type == "log" and row.code == "taken_over"}
        for row in rows:
            if row.type == "executor_invoked" and row.seq not in taken_over:
                calls[row.seq] = (row.path, row.function, file.payload_text(row.data, 10**9)[0])
                found.invoked[calls[row.seq]] += 1
            elif row.type == "executor_completed" and row.cause in calls:
                found.completed[calls[row.cause]] += 1
            elif row.type == "event_emitted" and not row.path:
                inputs += 1
            elif row.type == "resumed":
                inputs = at_seq[file.payload(row.details)["seq"]]
            at_seq[row.seq] = inputs
            found.inputs = max(found.inputs, inputs)
    return found


class Ran:
    """What local hosts really ran while this was watching.

    Args:
        monkeypatch: Puts itself in.
        most: How many calls a run may make before it is cancelled; None lets it go on.

    Attributes:
        begun: Calls that began, as (path, function, arguments).
        completed: Those that completed.
    """

    def __init__(self, monkeypatch, most=None) -> None:
        self.begun = Counter()
        self.completed = Counter()
        invoke = LocalHost.invoke

        async def watched(host, invocation):
            call = (invocation.slot.path, invocation.function.name, encode(invocation.initial_arguments).decode())
            self.begun[call] += 1
            if most is not None and self.begun.total() > most:
                invocation.scope.run.driver.cancel()
            result = await invoke(host, invocation)
            if not invocation.is_closed:
                self.completed[call] += 1
            return result

        monkeypatch.setattr(LocalHost, "invoke", watched)

    def take(self):
        taken = self.begun, self.completed
        self.begun, self.completed = Counter(), Counter()
        return taken


@dataclass
class End:
    """What a run came to.

    Attributes:
        state: Its state.
        outputs: Its outputs.
        public: Its public events, as (id, data).
        states: The states of its steps.
        error: The type of its error.
    """

    state: RunState
    outputs: list[Any]
    public: list[tuple[str, Any]]
    states: dict[str, Any]
    error: str | None


class EndlessError(Exception):
    """A run goes on asking, or goes on for too long."""


def answer_to(request):
    return ANSWER if request.response_type == "int" else f"{request.path}:{request.data}"


async def go_on(run, outside, answer=answer_to) -> End:
    """Send a run its outside events one after the other, and answer its questions one by one, always at rest."""
    async with asyncio.timeout(PATIENCE), run:
        await run.idle()
        waiting = list(outside)
        answers = 0
        while not run.state.is_ended:
            questions = sorted(run.pending_requests, key=lambda request: (request.path, request.function, request.data))
            if questions:
                answers += 1
                if answers > MOST_ANSWERS:
                    raise EndlessError
                await run.respond(questions[0].request_id, answer(questions[0]))
            elif waiting:
                await run.send_event(*waiting.pop(0))
            else:
                break
            await run.idle()
        return End(
            run.state,
            run.outputs,
            [(event.id, event.data) for event in run.public_events],
            run.step_states,
            type(run.error).__name__ if run.error is not None else None,
        )


def run_whole(process, outside, path, limit=LIMIT) -> End:
    """Run undisturbed, recording."""

    async def whole():
        (event, *data), *more = outside
        return await go_on(process.start(event, *data, run_file=path, max_supersteps=limit), more)

    return asyncio.run(whole())


def run_on(process, outside, path, limit=LIMIT) -> End:
    """Go on with a file that was cut."""

    async def rest():
        more = outside[max(1, recorded(path).inputs) :]
        return await go_on(process.start(resume_from=path, max_supersteps=limit), more)

    return asyncio.run(rest())
