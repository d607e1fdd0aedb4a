"""Rule 20: what every event carries."""

import asyncio
import time
from typing import Any

from rules_observing import of, only, warnings
from rules_steps import Boom, Double, Pair, Say, Sink, Trigger

from process_core import ProcessBuilder, Step, StepContext, function


def chain():
    process = ProcessBuilder("P")
    say, sink = process.add_step(Say), process.add_step(Sink)
    process.on_input_event("go").send_event_to(say)
    process.on_input_event("more").send_event_to(sink)
    say.on_event("X").send_event_to(sink)
    return process.build()


async def test_rule_20_seq_is_gapless_from_1_and_run_id_and_time_are_there():
    before = time.time()
    result = await chain().run("go", [("X", 1)])
    assert [e.seq for e in result.events] == list(range(1, len(result.events) + 1))
    assert len({e.run_id for e in result.events}) == 1
    assert result.events[0].run_id
    stamps = [e.timestamp for e in result.events]
    assert stamps == sorted(stamps)
    assert before - 1 <= stamps[0] <= time.time() + 1


async def test_rule_20_the_cause_of_every_event_leads_back_to_the_outside_event():
    result = await chain().run("go", [("X", 1)])
    at = {e.seq: e for e in result.events}
    last = only(result.events, "executor_completed", path="Sink")
    trail = [last]
    while (cause := trail[-1].cause) is not None and at[cause].type != "started":
        trail.append(at[cause])
    assert [(e.type, e.path) for e in trail] == [
        ("executor_completed", "Sink"),
        ("executor_invoked", "Sink"),
        ("event_emitted", "Say"),
        ("executor_invoked", "Say"),
        ("event_emitted", ""),
    ]


async def test_rule_20_an_invocation_by_a_result_is_caused_by_the_completion():
    process = ProcessBuilder("P")
    double, sink = process.add_step(Double), process.add_step(Sink)
    process.on_input_event("go").send_event_to(double)
    double.on_function_result().send_event_to(sink)
    result = await process.build().run("go", 1)
    invoked, completed = (
        only(result.events, "executor_invoked", path="Sink"),
        only(result.events, "executor_completed", path="Double"),
    )
    assert invoked.cause == completed.seq
    assert completed.event_id == "double.OnResult"


async def test_rule_20_an_invocation_by_an_error_route_is_caused_by_the_failure():
    process = ProcessBuilder("P")
    boom, sink = process.add_step(Boom), process.add_step(Sink)
    process.on_input_event("go").send_event_to(boom)
    boom.on_function_error().send_event_to(sink)
    result = await process.build().run("go", 1)
    assert only(result.events, "executor_invoked", path="Sink").cause == only(result.events, "executor_failed").seq


async def test_rule_20_an_invocation_names_the_route_it_came_by():
    process = chain()
    result = await process.run("go", [("X", 1)])
    route = next(r for r in process.graph.routes if r.source.event_id == "X")
    invoked = only(result.events, "executor_invoked", path="Sink")
    assert invoked.route == route.id


async def test_rule_20_executor_events_carry_step_function_input_and_output():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Double, name="Twice"))
    result = await process.build().run("go", 21)
    invoked, completed = only(result.events, "executor_invoked"), only(result.events, "executor_completed")
    assert (invoked.path, invoked.step, invoked.function, invoked.executor_id) == ("Twice", "Twice", "double", "Twice")
    assert invoked.data == {"value": 21}
    assert completed.data == 42
    assert (completed.path, completed.step, completed.function) == ("Twice", "Twice", "double")


async def test_rule_20_the_input_of_a_join_has_every_parameter():
    process = ProcessBuilder("P")
    say, pair = process.add_step(Say), process.add_step(Pair)
    process.on_input_event("go").send_event_to(say)
    say.on_event("A").send_event_to(pair, parameter="left")
    say.on_event("B").send_event_to(pair, parameter="right")
    result = await process.build().run("go", [("A", 1), ("B", 2)])
    assert only(result.events, "executor_invoked", path="Pair").data == {"left": 1, "right": 2}


async def test_rule_20_a_later_mutation_does_not_show_in_the_input():
    class Mutates(Step):
        @function
        async def work(self, value: dict[str, Any]) -> None:
            value["deep"].append("changed")
            value["new"] = 1

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Mutates))
    result = await process.build().run("go", {"deep": []})
    assert only(result.events, "executor_invoked").data == {"value": {"deep": []}}


async def test_rule_20_a_later_mutation_does_not_show_in_the_output():
    class Makes(Step):
        @function
        async def make(self) -> Any:
            return {"deep": []}

    class Mutates(Step):
        @function
        async def work(self, value: Any) -> None:
            value["deep"].append("changed")

    process = ProcessBuilder("P")
    makes, mutates = process.add_step(Makes), process.add_step(Mutates)
    process.on_input_event("go").send_event_to(makes)
    makes.on_function_result().send_event_to(mutates)
    result = await process.build().run("go")
    assert only(result.events, "executor_completed", path="Makes").data == {"deep": []}


async def test_rule_20_the_input_of_a_failure_is_as_it_was_at_the_call():
    class Spoils(Step):
        @function
        async def work(self, value: list[int]) -> None:
            value.append(2)
            raise ValueError("spoilt")

    process = ProcessBuilder("P")
    spoils, sink = process.add_step(Spoils), process.add_step(Sink)
    process.on_input_event("go").send_event_to(spoils)
    spoils.on_function_error().send_event_to(sink)
    result = await process.build().run("go", [1])
    failed = only(result.events, "executor_failed")
    assert failed.data == {"value": [1]}


async def test_rule_20_events_without_a_cause_are_only_those_of_the_run_itself():
    result = await chain().run("go", [("X", 1)])
    without = {e.type for e in result.events if e.cause is None}
    assert without <= {"started", "status", "superstep_started", "superstep_completed", "event_emitted"}
    assert [e.path for e in of(result.events, "event_emitted") if e.cause is None] in ([""], [])


async def test_rule_20_the_events_of_a_step_stream_before_it_is_done():
    gate = asyncio.Event()

    class Waits(Step):
        @function
        async def work(self, context: StepContext) -> None:
            await context.emit_event("Tick")
            await asyncio.wait_for(gate.wait(), 5)

    process = ProcessBuilder("P")
    waits = process.add_step(Waits)
    process.on_input_event("go").send_event_to(waits)
    waits.on_event("Tick").send_event_to(process.add_step(Trigger))
    kinds = []
    async for event in process.build().run_stream("go"):
        kinds.append(event.type)
        if event.event_id == "Tick":
            gate.set()
    assert "executor_completed" in kinds


async def test_rule_20_the_warning_of_a_lost_event_is_caused_by_that_event():
    result = await chain().run("go", [("Lost", 1), ("Lost", 2)])
    lost = [e.seq for e in of(result.events, "event_emitted", event_id="Lost")]
    assert [e.cause for e in warnings(result.events, "unrouted_event")] == lost
