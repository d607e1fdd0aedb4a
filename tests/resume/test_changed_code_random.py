"""Rule 42, over random processes and edits: a resumed run goes on as the live one does after the same reload."""

import asyncio
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from process_core import ProcessBuilder, ProcessDefinitionError, Services, Step, StepContext, function
from process_core.debug import Debugger, NewCode
from process_core.reload import StateMigrator

NAMES = ("A", "B", "C", "D")


class Work(Step[list[Any]]):
    @function
    async def run(self, context: StepContext, a: Any = None, b: Any = None) -> None:
        self.state.append([a, b])
        left = a if a is not None else b
        if left:
            await context.emit_event("Left" if left % 2 else "Right", left - 1)
            await context.emit_event("Both", left - 1)


class Pair(Step[list[Any]]):
    @function
    async def both(self, context: StepContext, x: Any, y: Any) -> None:
        self.state.append([x, y])
        await context.emit_event("Both", max(0, min(x, y) - 1))


class Asks(Step[list[Any]]):
    @function
    async def ask(self, context: StepContext, what: Any) -> None:
        answer = await context.request_info(f"{what}?", response_type=int)
        self.state.append([what, answer])
        await context.emit_event("Both", answer)


KINDS = {"A": Work, "B": Pair, "C": Asks, "D": Work}
INPUTS = {Work: ("a", "b"), Pair: ("x", "y"), Asks: ("what",)}
sources = st.sampled_from([(name, event) for name in NAMES for event in ("Left", "Right", "Both")])
targets = st.sampled_from([(name, parameter) for name in NAMES for parameter in INPUTS[KINDS[name]]])
routes = st.lists(st.tuples(sources, targets), max_size=6, unique=True)
flags = st.booleans()
shapes = st.tuples(routes, st.permutations(NAMES), st.sets(st.sampled_from(NAMES), min_size=2), flags, flags)


def build(shape: Any, *, nested: bool) -> Any:
    """Make a process of routes, the order of the steps, which there are, and whether its join is explicit."""
    chosen, order, there, explicit, extra = shape
    process = ProcessBuilder("Random")
    steps = {name: process.add_step(KINDS[name], name=name) for name in order if name in there}
    if extra:
        process.on_input_event("Extra").send_event_to(process.add_step(Work, name="Extra"), parameter="a")
    for name, step in steps.items():
        if name == "B" and explicit:
            left, right = process.on_input_event("X"), process.on_input_event("Y")
            process.listen_for(all_of=[left, right]).send_event_to(step, inputs={"x": left, "y": right})
            continue
        for parameter in INPUTS[KINDS[name]]:
            event = {"x": "X", "y": "Y"}.get(parameter, f"Go{name}")
            process.on_input_event(event).send_event_to(step, parameter=parameter)
    for (source, event), (target, parameter) in chosen:
        if source in steps and target in steps and not (explicit and target == "B"):
            steps[source].on_event(event).send_event_to(steps[target], parameter=parameter)
    if not nested:
        return process.build()
    outer = ProcessBuilder("Outer")
    inner = outer.add_process(process, name="in")
    for event in process.build().graph.input_events:
        outer.on_input_event(event).send_event_to(inner.where_input_event_is(event))
    return outer.build()


async def settle(debugger: Debugger) -> None:
    while await debugger.wait():
        await debugger.continue_()


async def finish(debugger: Debugger) -> tuple[Any, ...]:
    """Let a run go on, answer what it asks, send it what its joins wait for, and return what it came to."""
    await settle(debugger)
    run = debugger.run
    assert run is not None
    for _ in range(6):
        if run.pending_requests and not run.state.is_ended:
            await run.respond(run.pending_requests[0].request_id, 1)
            await settle(debugger)
        for event in ("X", "Y"):
            if event in run.record.plan.entries and not run.state.is_ended:
                await run.send_event(event, 1)
                await settle(debugger)
    return run.state, run.step_states, sorted(item.event_id for item in run.record.undeliverable)


async def compare(folder: Path, before: Any, after: Any, pause_at: int) -> None:
    debugger = Debugger(before, run_file=folder / "live.run", max_supersteps=60)
    await debugger.start(before.graph.input_events[0], 3, paused=True)
    for _ in range(pause_at):
        if not await debugger.wait():
            break
        await debugger.next()
    is_paused = await debugger.wait()
    run = debugger.run
    assert run is not None
    if not is_paused and run.state.is_ended:
        await debugger.close()
        assume(condition=False)
    assert run.record.file is not None
    assert run.record.file.flush(10)
    for path in folder.glob("live.run*"):
        shutil.copy(path, folder / path.name.replace("live", "copy"))
    (folder / "copy.run-lock").unlink(missing_ok=True)
    swapped = debugger.swap_code(NewCode(after, StateMigrator(after.graph, ()), Services(), {}))
    on_old_code = swapped.on_old_code
    live = await finish(debugger)
    await debugger.close()
    assume(not on_old_code)  # a call may end on the old code, of which a resumed run has none
    other = Debugger(after, max_supersteps=60)
    await other.start(resume_from=folder / "copy.run")
    resumed = await finish(other)
    await other.close()
    assert resumed[:2] == live[:2]
    if pause_at:  # before that, what the file has is the outside event, not the messages that it led to
        assert resumed[2] == live[2]


@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(before=shapes, after=shapes, pause_at=st.integers(0, 4))
def test_rule_42_a_resumed_run_goes_on_with_changed_code_as_the_live_one_does(nested, before, after, pause_at):
    try:
        old, new = build(before, nested=nested), build(after, nested=nested)
    except ProcessDefinitionError:
        assume(condition=False)
        return
    assume(old.graph.input_events)
    if nested:
        pause_at = 0  # a superstep of the root that is cut off begins again, by the new routes
    with TemporaryDirectory() as folder:
        asyncio.run(asyncio.wait_for(compare(Path(folder), old, new, pause_at), 20))
