"""Every call begins with the context variables that the run began with, and keeps to itself what it sets.

Calls share tasks where none of them suspends; nobody may notice.
"""

import asyncio
import contextvars

from rules_steps import Seen

from process_core import ProcessBuilder, RunState, Step, StepContext, function

WHO = contextvars.ContextVar("WHO", default="nobody")


class Signs(Step[Seen]):
    """Notes who it was, then signs."""

    @function
    async def sign(self) -> None:
        self.state.values.append(WHO.get())
        WHO.set("a step")

    @function
    async def sign_late(self) -> None:
        self.state.values.append(WHO.get())
        await asyncio.sleep(0)
        WHO.set("a step")


async def test_context_variables_of_the_caller_reach_steps_of_both_kinds():
    class Looks(Step[Seen]):
        @function
        async def look(self) -> None:
            self.state.values.append(WHO.get())

    class LooksPlainly(Step[Seen]):
        @function
        def look(self) -> None:
            self.state.values.append(WHO.get())

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Looks)).send_event_to(process.add_step(LooksPlainly))
    WHO.set("caller")
    result = await process.build().run("go")
    assert [state.values for state in result.step_states.values()] == [["caller"], ["caller"]]


async def test_what_a_function_sets_is_not_seen_by_others_of_its_superstep_nor_by_later_ones():
    process = ProcessBuilder("P")
    first, second, third = (process.add_step(Signs, name=name) for name in "ABC")
    source = process.on_input_event("go")
    source.send_event_to(first, function="sign").send_event_to(second, function="sign_late")
    source.send_event_to(third, function="sign")
    first.on_function_result("sign").send_event_to(third, function="sign_late")
    third.on_function_result("sign_late").send_event_to(first, function="sign_late")
    WHO.set("caller")
    result = await process.build().run("go")
    assert result.state is RunState.IDLE
    assert [state.values for state in result.step_states.values()] == [["caller"] * 2, ["caller"], ["caller"] * 2]


async def test_what_a_function_sets_is_not_seen_by_the_call_that_waits_behind_it():
    process = ProcessBuilder("P")
    step = process.add_step(Signs)
    source = process.on_input_event("go")
    for _ in range(500):
        source.send_event_to(step, function="sign").send_event_to(step, function="sign_late")
    WHO.set("caller")
    result = await process.build().run("go")
    assert result.step_states["Signs"].values == ["caller"] * 1_000


async def test_what_a_function_sets_in_a_nested_process_stays_there():
    inner, process = ProcessBuilder("Inner"), ProcessBuilder("P")
    steps = [inner.add_step(Signs, name=name) for name in "AB"]
    inner.on_input_event("go").send_event_to(steps[0], function="sign")
    steps[0].on_function_result("sign").send_event_to(steps[1], function="sign")
    nested, after = process.add_process(inner, name="nested"), process.add_step(Signs)
    process.on_input_event("go").send_event_to(nested.where_input_event_is("go"))
    nested.on_function_result().send_event_to(after, function="sign")
    WHO.set("caller")
    result = await process.build().run("go")
    assert [state.values for state in result.step_states.values()] == [["caller"]] * 3


async def test_a_loop_whose_function_sets_a_variable_may_be_as_long_as_any():
    class Turns(Step[Seen]):
        @function
        async def turn(self, context: StepContext, left: int) -> None:
            self.state.values.append(WHO.get())
            WHO.set("a step")
            if left:
                context.emit_event("Again", left - 1)

    inner, process = ProcessBuilder("Inner"), ProcessBuilder("P")
    turns = inner.add_step(Turns)
    inner.on_input_event("go").send_event_to(turns)
    turns.on_event("Again").send_event_to(turns)
    nested = process.add_process(inner, name="nested")
    process.on_input_event("go").send_event_to(nested.where_input_event_is("go"))
    result = await process.build().run("go", 3_000, max_supersteps=4_000)
    assert result.step_states["nested/Turns"].values == ["nobody"] * 3_001


async def test_a_variable_that_cannot_be_compared_is_nobody_elses_either():
    class Incomparable:
        def __eq__(self, other: object) -> bool:
            raise RuntimeError("compared")

        __hash__ = None

    what = contextvars.ContextVar("what")

    class Sets(Step[Seen]):
        @function
        async def put(self) -> str:
            self.state.values.append(type(what.get()).__name__)
            what.set(Incomparable())
            return "put"

    process = ProcessBuilder("P")
    first, second = process.add_step(Sets, name="A"), process.add_step(Sets, name="B")
    process.on_input_event("go").send_event_to(first)
    first.on_function_result().send_event_to(second)
    what.set(1)
    result = await process.build().run("go")
    assert [state.values for state in result.step_states.values()] == [["int"], ["int"]]


async def test_the_task_of_a_function_is_its_own_once_it_has_suspended():
    tasks = []

    class Looks(Step):
        @function
        async def look(self) -> str:
            await asyncio.sleep(0)
            tasks.append(asyncio.current_task())
            return "looked"

    process = ProcessBuilder("P")
    source = process.on_input_event("go")
    for name in "ABC":
        source.send_event_to(process.add_step(Looks, name=name))
    await process.build().run("go")
    assert len(set(tasks)) == 3
