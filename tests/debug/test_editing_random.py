"""Random edits of random processes: undone they leave no trace; not undone they survive being cut off."""

import asyncio
import contextlib
import random
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest
from described import Described
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from random_processes import EVENTS, cases
from real_processes import MISSING, builder_of
from test_debug_differential import LIMIT, PATIENCE, assert_same, observed, plain

from process_core import RunState
from process_core.debug import Debugger, EditingError
from process_core.errors import SuperstepLimitError

FEW = 5
"""Supersteps of a run whose payloads are changed: one that multiplies messages must not go on for long."""
QUIET = [HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large]
BOUNDED = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=QUIET,
    phases=[Phase.explicit, Phase.generate],
)
LONG = settings(BOUNDED, max_examples=5000, derandomize=False)


def act(debugger: Debugger, chance: random.Random) -> str:
    """Do something to a paused run; gives what was done, or why it was refused."""
    surgery = debugger.editor
    pending = debugger.pending()
    number = chance.choice(pending).id if pending else 0
    paths = [*debugger.run.step_states, "S0", "S1/S0", "nowhere"]
    acts = {
        "move": lambda: surgery.move(number, chance.randrange(4)),
        "hold": lambda: surgery.hold(number),
        "let_go": lambda: surgery.let_go(chance.choice([p.id for p in pending if p.held] or [number])),
        "drop": lambda: surgery.drop(number),
        "duplicate": lambda: surgery.duplicate(number),
        "edit": lambda: surgery.edit(number, chance.choice([0, 1, 7, "text"])),
        "inject": lambda: surgery.inject(
            chance.choice([*EVENTS, "in0", "f0.OnResult"]), chance.randrange(3), chance.choice([None, *paths])
        ),
        "edit_state": lambda: surgery.edit_state(chance.choice(paths), {"entries": []}),
        "force_complete": lambda: surgery.force_complete(chance.choice(paths), chance.randrange(3)),
    }
    name = chance.choice(list(acts))
    try:
        acts[name]()
    except EditingError as error:
        return error.code
    return name


def shown(debugger: Debugger) -> Any:
    waiting = [(w.path, w.function, w.arrived, w.missing) for w in debugger.live().waiting]
    return debugger.pending(), waiting, debugger.run.pending_requests, repr(debugger.run.step_states)


async def operated(process: Described, outside: Any, seed: int, done: list[str]) -> Any:
    """Step through a run; at each pause do a few things, and take them all back."""
    chance = random.Random(seed)
    debugger = Debugger(builder_of(process).build(), max_supersteps=LIMIT)
    (event, data), *more = outside
    try:
        async with asyncio.timeout(PATIENCE):
            run = await debugger.start(event, data, paused=True)
            for given_next in [*more, None]:
                while await debugger.wait():
                    before, point = shown(debugger), debugger.paused
                    done += [act(debugger, chance) for _ in range(chance.randrange(5))]
                    while debugger.editor.last is not None:
                        debugger.editor.undo()
                    assert shown(debugger) == before
                    assert debugger.paused.message == point.message
                    debugger.release(chance.choice(["step", "next", "into"]))
                if run.state.is_ended or given_next is None:
                    break
                await run.send_event(*given_next)
        return observed(run)
    finally:
        await debugger.close()


def check_undo(profile: settings) -> list[str]:
    done: list[str] = []

    @profile
    @given(cases(), st.integers(0, 2**32))
    def compare(case: Any, seed: int) -> None:
        async def both() -> None:
            one = await plain(*case)
            assert_same(one, await operated(*case, seed, done))

        asyncio.run(both())

    compare()
    return done


ACTS = {"move", "hold", "drop", "duplicate", "edit", "inject", "edit_state", "force_complete"}


def test_edits_that_are_undone_leave_the_run_as_it_was():
    done = check_undo(BOUNDED)
    assert set(done) >= ACTS | {"let_go", "not_held", "held", "unknown_event", "unknown_step"}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_edits_that_are_undone_leave_the_run_as_it_was_for_long():
    assert set(check_undo(LONG)) >= ACTS | {"already_used"}


def cut(source: Path, target: Path) -> None:
    """Copy the file of a run that goes on, as if the run had been killed just now."""
    with (
        contextlib.closing(sqlite3.connect(source)) as live,
        contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy,
    ):
        live.backup(copy)
        copy.execute("UPDATE run SET ended = NULL, pid = 1")


async def cut_off(process: Described, outside: Any, seed: int, folder: Path, done: list[str]) -> bool:
    """Operate at one pause of a run; compare it with the run that is resumed from what a kill leaves there."""
    chance = random.Random(seed)
    debugger = Debugger(builder_of(process).build(), max_supersteps=FEW, run_file=folder / "one.run")
    again = Debugger(builder_of(process).build(), max_supersteps=FEW)
    try:
        async with asyncio.timeout(PATIENCE):
            run = await debugger.start(*outside[0], paused=True)
            for _ in range(chance.randrange(6)):
                if await debugger.wait():
                    debugger.release("step")
            if not await debugger.wait():
                return False
            acts = [act(debugger, chance) for _ in range(4)]
            if not ACTS.intersection(acts) or "force_complete" in acts:
                return False
            assert run.record.file.flush(5)
            cut(folder / "one.run", folder / "two.run")
            done += acts
            debugger.release("continue")
            assert not await debugger.wait()
            resumed = await again.start(resume_from=folder / "two.run")
            assert not await again.wait()
            if isinstance(run.error, SuperstepLimitError):
                return False  # a run that is resumed counts its supersteps from 0
            assert resumed.state == run.state, acts
            if run.state is not RunState.FAILED:
                assert entries(resumed) == entries(run), acts
                assert resumed.public_events == run.public_events
                assert len([i for i in again.pending() if i.held]) == len([i for i in debugger.pending() if i.held])
            return True
    finally:
        await debugger.close()
        await again.close()


def entries(run: Any) -> dict[str, Any]:
    found = {path: state.entries for path, state in run.step_states.items()}
    return {path: repr(value).replace(repr(MISSING), "") for path, value in found.items()}


def check_cut(profile: settings) -> tuple[int, list[str]]:
    done: list[str] = []
    compared = 0

    @profile
    @given(cases(), st.integers(0, 2**32))
    def compare(case: Any, seed: int) -> None:
        nonlocal compared
        with tempfile.TemporaryDirectory() as folder:
            compared += asyncio.run(cut_off(*case, seed, Path(folder), done))

    compare()
    return compared, done


def test_edits_survive_a_run_that_is_cut_off():
    compared, done = check_cut(BOUNDED)
    assert compared > 10
    assert set(done) >= {"move", "hold", "drop", "duplicate", "edit", "inject", "edit_state"}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_edits_survive_a_run_that_is_cut_off_for_long():
    assert check_cut(LONG)[0] > 1000
