"""A debugged run is the same run: stepped, or stopped at any breakpoints and continued, it does the same."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
import shuffled_process
from described import FAILURE
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from random_processes import EVENTS, cases
from real_processes import MISSING, Observed, builder_of

from process_core import RunState
from process_core.debug import Debugger

LIMIT = 8
PATIENCE = 60.0
QUIET = [HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large]
PHASES = [
    Phase.explicit,
    Phase.generate,
]  # a failing case is small enough as it is drawn, and shrinking it takes minutes
BOUNDED = settings(
    max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=QUIET, phases=PHASES
)
LONG = settings(max_examples=10_000, deadline=None, database=None, suppress_health_check=QUIET, phases=PHASES)

VERBS = ("step", "into", "next", "out", "continue")


@dataclass
class Plan:
    """How a run is debugged: the breakpoints, and the verbs used at its pauses, over and over."""

    breakpoints: list[dict[str, Any]]
    verbs: list[str]
    paused: bool


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw a way to debug a run: breakpoints of all kinds, and verbs."""
    places = st.one_of(
        st.fixed_dictionaries({"event": st.sampled_from([*EVENTS, "in0", "f0.OnResult", "f0.OnError", "OnError"])}),
        st.fixed_dictionaries({"step": st.sampled_from(["*", "**", "S0", "*/*", "S1/**"])}),
        st.fixed_dictionaries({"function": st.sampled_from(["f0", "f1", "in0"])}),
    )
    counts = {
        "condition": st.sampled_from(["data > 0", "superstep > 1", "data['missing']"]),
        "hits": st.sampled_from(["==2", ">=2", "%2"]),
        "log": st.just("{data}"),
        "once": st.booleans(),
    }
    more = st.fixed_dictionaries({"when": st.sampled_from(["before", "after", "emit"])}, optional=counts)
    reports = st.one_of(
        st.fixed_dictionaries(
            {"kind": st.just("error")},
            optional={
                "code": st.sampled_from(["RuntimeError", "payload_mismatch"]),
                "step": st.sampled_from(["*", "**"]),
            },
        ),
        st.fixed_dictionaries(
            {"kind": st.just("warning")},
            optional={"code": st.sampled_from(["unrouted_event", "missing_input", "discarded_messages"])},
        ),
        st.just({"kind": "quiescence"}),
    )
    how_often = st.fixed_dictionaries({}, optional=counts)
    points = draw(
        st.lists(
            st.one_of(st.builds(lambda a, b: a | b, places, more), st.builds(lambda a, b: a | b, reports, how_often)),
            max_size=4,
        )
    )
    verbs = draw(st.lists(st.sampled_from(VERBS), min_size=1, max_size=4))
    return Plan(points, verbs, draw(st.booleans()))


async def rest(debugger: Debugger, verbs: list[str]) -> int:
    """Go from pause to pause until the run is at rest or over; give how often it paused."""
    count = 0
    while await debugger.wait():
        assert debugger.count_pending() == len(debugger.pending())
        debugger.release(verbs[count % len(verbs)])
        count += 1
    return count


async def debugged(process: Any, outside: Any, plan: Plan) -> tuple[Observed, int]:
    """Run a described process under a debugger, one outside event after the other."""
    debugger = Debugger(builder_of(process).build(), max_supersteps=LIMIT)
    for point in plan.breakpoints:
        debugger.add_breakpoint(**point)
    (event, data), *more = outside
    run = await debugger.start(event, data, paused=plan.paused)
    try:
        async with asyncio.timeout(PATIENCE):
            count = await rest(debugger, plan.verbs)
            for event, data in more:
                if run.state.is_ended:
                    break
                await run.send_event(event, data)
                count += await rest(debugger, plan.verbs)
        return observed(run), count
    finally:
        await debugger.close()


async def plain(process: Any, outside: Any) -> Observed:
    """Run a described process as it is."""
    (event, data), *more = outside
    async with builder_of(process).build().start(event, data, max_supersteps=LIMIT) as run:
        await run.idle()
        for event, data in more:
            if run.state.is_ended:
                break
            await run.send_event(event, data)
            await run.idle()
        return observed(run)


def observed(run: Any) -> Observed:
    states = {path: state.entries for path, state in run.step_states.items()}
    shown = [(event.id, event.data) for event in run.public_events]
    return Observed(run.state, {}, states, shown, list(run.events))


def supersteps(events: list[Any]) -> dict[str, list[Any]]:
    """Return the supersteps of every process: the calls of each step, or that it failed.

    Which calls a superstep that fails had begun by then is chance, and so is all that runs nested in it: left out.
    """
    completed = {(event.path, event.superstep) for event in events if event.type == "superstep_completed"}
    found: dict[str, list[Any]] = {"": []}
    now: dict[str, Any] = {}
    numbers: dict[str, int] = {}
    for event in events:
        if event.type == "superstep_started":
            numbers[event.path] = event.superstep
            around = [
                path for path in numbers if path != event.path and f"{event.path}/".startswith(f"{path}/".lstrip("/"))
            ]
            now[event.path] = {}
            if all((path, numbers[path]) in completed for path in around):
                has_completed = (event.path, event.superstep) in completed
                found.setdefault(event.path, []).append(now[event.path] if has_completed else "failed")
        elif event.type == "executor_invoked":
            process, _, step = event.path.rpartition("/")
            inputs = {k: v if isinstance(v, int) else FAILURE for k, v in event.data.items() if v != MISSING}
            now[process].setdefault(step, []).append((event.function, inputs))
    return found


def assert_same(one: Any, other: Any) -> None:
    """Compare a plain run and a debugged one."""
    assert other.state is one.state
    assert other.public == one.public
    if one.state is not RunState.FAILED:
        assert other.states == one.states
    expected, got = supersteps(one.events), supersteps(other.events)
    assert got == expected
    assert {path: [list(calls) for calls in found] for path, found in got.items()} == {
        path: [list(calls) for calls in found] for path, found in expected.items()
    }, "the same calls begin in another order"


def check(plan_of: Any, profile: settings = BOUNDED) -> tuple[int, int]:
    """Compare random processes, debugged and not; give how often they paused, and how many failed."""
    told = {"pauses": 0, "failed": 0}

    @profile
    @given(cases(), plan_of)
    def compare(case: Any, plan: Plan) -> None:
        async def both() -> None:
            one = await plain(*case)
            other, count = await debugged(*case, plan)
            assert_same(one, other)
            told["pauses"] += count
            told["failed"] += one.state is RunState.FAILED

        asyncio.run(both())

    compare()
    return told["pauses"], told["failed"]


def test_stepping_message_by_message_gives_the_same_run():
    pauses, failed = check(st.sampled_from([Plan([], ["step"], True), Plan([], ["into"], True)]))
    assert pauses > 60
    assert failed > 2


def test_any_breakpoints_and_verbs_give_the_same_run():
    pauses, failed = check(plans())
    assert pauses > 30
    assert failed > 2


async def cancelled(process: Any, outside: Any, plan: Plan, place: int) -> Any:
    """Cancel a debugged run at one of its pauses; give its events, or None where it does not pause so often."""
    debugger = Debugger(builder_of(process).build(), max_supersteps=LIMIT)
    for point in plan.breakpoints:
        debugger.add_breakpoint(**point)
    run = await debugger.start(*outside[0], paused=True)
    async with asyncio.timeout(PATIENCE):
        for verb in (plan.verbs * place)[:place]:
            if not await debugger.wait():
                break
            debugger.release(verb)
        is_paused = await debugger.wait()
        run.cancel()
        assert not await debugger.wait()
        await debugger.close()
    assert debugger.paused is None
    assert debugger.pending() == []
    return run.events if is_paused else None


def test_cancelling_at_any_pause_ends_the_run_and_every_call():
    seen = []

    @BOUNDED
    @given(cases(), plans().map(lambda p: Plan(p.breakpoints, ["step", *p.verbs], p.paused)), st.integers(0, 12))
    def cancel(case: Any, plan: Plan, place: int) -> None:
        events = asyncio.run(cancelled(*case, plan, place))
        if events is None:
            return
        seen.append(place)
        assert [str(event.state) for event in events if event.type == "status"] == ["IN_PROGRESS", "CANCELLED"]
        assert events[-1].type == "status"
        ends = {"executor_completed", "executor_failed", "executor_cancelled"}
        closed = {event.causes[0] for event in events if event.type in ends and event.causes}
        assert {event.seq for event in events if event.type == "executor_invoked"} <= closed

    cancel()
    assert max(seen) > 2


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_any_breakpoints_and_verbs_give_the_same_run_for_long():
    pauses, failed = check(plans(), LONG)
    assert pauses > failed > 100


async def shuffled(verbs: list[str], **point: Any) -> dict[str, Any]:
    """Run the shuffled process, which has a map, under a debugger; give all that may not differ."""
    debugger = Debugger(shuffled_process.shuffled())
    if point:
        debugger.add_breakpoint(**point)
    async with asyncio.timeout(PATIENCE):
        run = await debugger.start("go", 3, paused=not point)
        count = await rest(debugger, verbs)
        for data in (2, 1):
            await run.send_event("go", data)
            count += await rest(debugger, verbs)
    assert count > 5
    found = {
        "state": str(run.state),
        "states": {path: state.values for path, state in run.step_states.items()},
        "public": [(event.id, event.data) for event in run.public_events],
        "outputs": run.outputs,
        "calls": calls(run.events),
    }
    await debugger.close()
    return found


def calls(events: list[Any]) -> dict[str, list[Any]]:
    """Return the calls of each step, elements of maps too."""
    found: dict[str, list[Any]] = {}
    for event in events:
        if event.type == "executor_invoked":
            shown = repr(event.data) if "StepFailure" not in repr(event.data) else "failure"
            found.setdefault(event.path, []).append((event.superstep, event.function, shown))
    return found


async def plainly() -> dict[str, Any]:
    async with shuffled_process.shuffled().start("go", 3) as run:
        await run.idle()
        for data in (2, 1):
            await run.send_event("go", data)
            await run.idle()
        return {
            "state": str(run.state),
            "states": {path: state.values for path, state in run.step_states.items()},
            "public": [(event.id, event.data) for event in run.public_events],
            "outputs": run.outputs,
            "calls": calls(run.events),
        }


async def test_stepping_a_process_with_maps_gives_the_same_run():
    expected = await plainly()
    assert any(path.startswith("Map[") for path in expected["calls"])
    assert await shuffled(["step"]) == expected
    assert await shuffled(["into"]) == expected


async def test_breakpoints_in_a_process_with_maps_give_the_same_run():
    expected = await plainly()
    assert await shuffled(["continue"], step="**") == expected
    assert await shuffled(["next", "out"], step="**", when="after") == expected
    assert await shuffled(["continue", "step"], step="Map[1]", when="emit") == expected
