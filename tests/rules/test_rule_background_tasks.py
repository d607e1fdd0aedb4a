"""Rule 45: a task that a function started and left, and that fails, is a warning of its step."""

import asyncio

import pytest
from rules_observing import assert_grammar, warnings
from rules_steps import Seen

from process_core import ProcessBuilder, RunState, Step, StepContext, function

KEPT = []


@pytest.fixture(autouse=True)
def forget():
    KEPT.clear()


async def fails(after=None):
    if after is not None:
        await after.wait()
    raise LookupError("of its own")


class Leaves(Step[Seen]):
    """Starts what it is given the name of."""

    @function
    async def leave(self, how: str) -> None:
        await HOW[how]()


async def kept():
    KEPT.append(asyncio.create_task(fails()))


async def kept_and_failed_before_it_returned():
    KEPT.append(asyncio.create_task(fails()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def kept_by_a_task_of_its_own():
    async def outer():
        await kept()

    await asyncio.create_task(outer())


async def waited_for_without_a_look():
    await asyncio.wait([asyncio.create_task(fails())])


async def awaited():
    with pytest.raises(LookupError):
        await asyncio.create_task(fails())


async def gathered():
    await asyncio.gather(asyncio.create_task(fails()), fails(), return_exceptions=True)


async def grouped():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fails())
    except* LookupError:
        pass


async def cancelled():
    task = asyncio.create_task(fails(asyncio.Event()))
    await asyncio.sleep(0)
    task.cancel()
    KEPT.append(task)


HOW = {
    call.__name__: call
    for call in (
        kept,
        kept_and_failed_before_it_returned,
        kept_by_a_task_of_its_own,
        waited_for_without_a_look,
        awaited,
        gathered,
        grouped,
        cancelled,
    )
}
REPORTED = ["kept", "kept_and_failed_before_it_returned", "kept_by_a_task_of_its_own", "waited_for_without_a_look"]


def leaving(shape="root"):
    process = ProcessBuilder("P")
    if shape == "root":
        process.on_input_event("Go").send_event_to(process.add_step(Leaves))
    elif shape == "map":
        process.on_input_event("Go").send_event_to(process.add_map_step(Leaves, name="Map"))
    else:
        inner = ProcessBuilder("Inner")
        inner.on_input_event("Go").send_event_to(inner.add_step(Leaves))
        nested = process.add_process(inner, name="in")
        process.on_input_event("Go").send_event_to(nested.where_input_event_is("Go"))
    return process.build()


async def turns():
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize("how", REPORTED)
async def test_rule_45_the_failure_is_a_warning_of_the_step(how):
    async with leaving().start("Go", how) as run:
        await run.idle()
        await turns()
        (warning,) = warnings(run.events, "background_failure")
        assert (warning.path, warning.function, run.state) == ("Leaves", "leave", RunState.IDLE)
        assert "Leaves.leave" in warning.data
        assert "LookupError: of its own" in warning.data
        assert "in fails" in warning.details["traceback"]


@pytest.mark.parametrize("how", sorted(HOW.keys() - set(REPORTED)))
async def test_rule_45_a_failure_that_somebody_sees_to_is_no_warning(how):
    async with leaving().start("Go", how) as run:
        await run.idle()
        await turns()
        assert warnings(run.events, "background_failure") == []
        assert_grammar(run.events)


@pytest.mark.parametrize(
    ("shape", "data", "path"), [("map", ["awaited", "kept"], "Map[1]"), ("nested", "kept", "in/Leaves")]
)
async def test_rule_45_holds_in_maps_and_nested_processes(shape, data, path):
    async with leaving(shape).start("Go", data) as run:
        await run.idle()
        await turns()
        assert [w.path for w in warnings(run.events, "background_failure")] == [path]


async def test_rule_45_each_of_several_steps_is_named():
    process = ProcessBuilder("P")
    for name in "ABC":
        process.on_input_event("Go").send_event_to(process.add_step(Leaves, name=name))
    async with process.build().start("Go", "kept_and_failed_before_it_returned") as run:
        await run.idle()
        await turns()
        assert sorted(w.path for w in warnings(run.events, "background_failure")) == ["A", "B", "C"]


async def test_rule_45_a_failure_while_the_run_is_idle_is_reported_then():
    release = asyncio.Event()

    class Starts(Step):
        @function
        async def start(self) -> None:
            KEPT.append(asyncio.create_task(fails(release)))

    process = ProcessBuilder("P")
    process.on_input_event("Go").send_event_to(process.add_step(Starts))
    async with process.build().start("Go") as run:
        await run.idle()
        assert warnings(run.events, "background_failure") == []
        release.set()
        await turns()
        assert len(warnings(run.events, "background_failure")) == 1


async def test_rule_45_a_task_that_another_function_awaits_is_no_warning():
    class Prefetches(Step):
        @function
        async def start(self, context: StepContext) -> None:
            self.task = asyncio.create_task(fails(RELEASE[0]))
            context.emit_event("Started")

        @function
        async def use(self) -> None:
            asyncio.get_running_loop().call_soon(RELEASE[0].set)
            with pytest.raises(LookupError):
                await self.task

    RELEASE[:] = [asyncio.Event()]
    process = ProcessBuilder("P")
    step = process.add_step(Prefetches)
    process.on_input_event("Go").send_event_to(step, function="start")
    step.on_event("Started").send_event_to(step, function="use")
    async with process.build().start("Go") as run:
        await run.idle()
        await turns()
        assert run.state is RunState.IDLE
        assert warnings(run.events, "background_failure") == []


RELEASE = []


async def test_rule_45_tasks_of_the_program_are_none_of_the_runs_business():
    made = []
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()

    def factory(loop, work, **options):
        made.append(work)
        return asyncio.Task(work, loop=loop, **options)

    loop.set_task_factory(factory)
    try:
        async with leaving().start("Go", "kept") as run:
            mine = asyncio.create_task(fails())
            await run.idle()
            await turns()
            assert len(warnings(run.events, "background_failure")) == 1
            with pytest.raises(LookupError):
                await mine
        assert made, "a factory that the program set goes on making its tasks"
    finally:
        loop.set_task_factory(before)
