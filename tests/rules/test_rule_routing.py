"""Rules 1, 2, 6, 25, 30 and 34: where an event goes, and in which order."""

from enum import Enum
from typing import Any

import pytest
from rules_observing import calls, codes, of, said, warnings
from rules_steps import Boom, Double, Pair, Say, Seen, Sink, Trigger

from process_core import (
    ProcessBuilder,
    RunState,
    Step,
    StepContext,
    StepFailedError,
    Target,
    Visibility,
    function,
)


class Defaulted(Step[Seen]):
    @function
    async def greet(self, name: str = "nobody") -> None:
        self.state.values.append(name)


class Letter(Step[Seen]):
    @function
    async def send(self, text: str, sender: str = "anonymous") -> None:
        self.state.values.append((text, sender))


def one_step(step, **target):
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(step, name="S"), **target)
    return process.build()


def said_to(*consumers, before=()):
    """Build: go -> Say, whose events `before[i]` go to the consumers by (event, step, parameter)."""
    process = ProcessBuilder("P")
    say = process.add_step(Say)
    process.on_input_event("go").send_event_to(say)
    steps = {name: process.add_step(step, name=name) for name, step in consumers}
    for event, name, parameter in before:
        say.on_event(event).send_event_to(steps[name], parameter=parameter)
    return process.build()


async def test_rule_01_every_target_of_a_source_gets_the_event_in_declaration_order_in_one_superstep():
    process = ProcessBuilder("P")
    a, b, c = (process.add_step(Sink, name=name) for name in "ABC")
    process.on_input_event("go").send_event_to(b).send_event_to(a).send_event_to(c)
    result = await process.build().run("go", 7)
    assert calls(result.events) == [(1, "B", "take"), (1, "A", "take"), (1, "C", "take")]
    assert all(state.values == [7] for state in result.step_states.values())


async def test_rule_01_an_event_goes_from_step_to_step():
    result = await said_to(("S", Sink), before=[("A", "S", None)]).run("go", [("A", 1)])
    assert result.step_states["S"].values == [1]
    assert result.state is RunState.IDLE


async def test_rule_01_a_stop_route_stops_the_run():
    process = ProcessBuilder("P")
    say = process.add_step(Say)
    process.on_input_event("go").send_event_to(say)
    say.on_event("Exit").stop_process()
    assert (await process.build().run("go", [("Exit",)])).state is RunState.STOPPED


async def test_rule_01_an_event_goes_only_where_its_id_is_routed():
    process = said_to(("S", Sink), ("T", Sink), before=[("A", "S", None), ("B", "T", None)])
    result = await process.run("go", [("A", 1), ("B", 2)])
    assert {name: state.values for name, state in result.step_states.items()} == {"S": [1], "T": [2]}


async def test_rule_01_an_enum_member_is_an_event_id():
    class Ids(Enum):
        HELLO = "hello"

    class Emitter(Step):
        @function
        async def emit(self, context: StepContext) -> None:
            await context.emit_event(Ids.HELLO, 1)

    process = ProcessBuilder("P")
    emitter, sink = process.add_step(Emitter), process.add_step(Sink)
    process.on_input_event(Ids.HELLO).send_event_to(emitter)
    emitter.on_event(Ids.HELLO).send_event_to(sink)
    result = await process.build().run(Ids.HELLO)
    assert result.step_states["Sink"].values == [1]


async def test_rule_01_two_steps_route_the_same_event_id_apart():
    process = ProcessBuilder("P")
    a, b = process.add_step(Say, name="A"), process.add_step(Say, name="B")
    of_a, of_b = process.add_step(Sink, name="OfA"), process.add_step(Sink, name="OfB")
    process.on_input_event("go").send_event_to(a).send_event_to(b)
    a.on_event("X").send_event_to(of_a)
    b.on_event("X").send_event_to(of_b)
    result = await process.build().run("go", [("X", 1)])
    assert (result.step_states["OfA"].values, result.step_states["OfB"].values) == ([1], [1])


async def test_rule_02_the_one_required_parameter_needs_no_name():
    result = await one_step(Letter).run("go", "hi")
    assert result.step_states["S"].values == [("hi", "anonymous")]


async def test_rule_02_the_one_optional_parameter_needs_no_name():
    result = await one_step(Defaulted).run("go", "Ann")
    assert result.step_states["S"].values == ["Ann"]


async def test_rule_02_a_function_without_data_parameters_is_triggered_and_the_data_ignored():
    result = await one_step(Trigger).run("go", {"ignored": True})
    assert result.step_states["S"].values == ["fired"]


async def test_rule_02_a_target_object_names_step_function_and_parameter():
    process = ProcessBuilder("P")
    letter = process.add_step(Letter)
    process.on_input_event("go").send_event_to(Target(letter, "send", "text"))
    result = await process.build().run("go", "hi")
    assert result.step_states["Letter"].values == [("hi", "anonymous")]


async def test_rule_02_a_function_is_known_by_its_given_name():
    class Named(Step[Seen]):
        @function(name="Renamed")
        async def method(self, value: Any) -> None:
            self.state.values.append(value)

        @function
        async def other(self, value: Any) -> None:
            self.state.values.append(-value)

    result = await one_step(Named, function="Renamed").run("go", 1)
    assert result.step_states["S"].values == [1]
    assert calls(result.events) == [(1, "S", "Renamed")]


async def test_rule_06_the_same_step_class_serves_processes_with_different_routes():
    back_to_back = ProcessBuilder("Twice")
    one, two, sink = (
        back_to_back.add_step(Double, name="One"),
        back_to_back.add_step(Double, name="Two"),
        back_to_back.add_step(Sink),
    )
    back_to_back.on_input_event("go").send_event_to(one)
    one.on_function_result().send_event_to(two)
    two.on_function_result().send_event_to(sink)
    once = ProcessBuilder("Once")
    double, end = once.add_step(Double), once.add_step(Sink)
    once.on_input_event("begin").send_event_to(double)
    double.on_function_result().send_event_to(end)
    twice_result = await back_to_back.build().run("go", 1)
    once_result = await once.build().run("begin", 1)
    assert (twice_result.step_states["Sink"].values, once_result.step_states["Sink"].values) == ([4], [2])


async def test_rule_25_messages_go_by_source_registration_whoever_emitted_first():
    process = ProcessBuilder("P")
    a, b, sink = process.add_step(Say, name="A"), process.add_step(Say, name="B"), process.add_step(Sink)
    process.on_input_event("go").when(lambda _: True).send_event_to(b).send_event_to(a)
    b.on_event("X").send_event_to(sink)
    a.on_event("X").send_event_to(sink)
    sink_of = [("X", "from either")]
    result = await process.build().run("go", sink_of)
    causes = [e.cause for e in of(result.events, "executor_invoked", path="Sink")]
    assert [result.events[seq - 1].path for seq in causes] == ["A", "B"]


async def test_rule_25_outside_events_are_delivered_before_messages_of_steps():
    import asyncio

    gate = asyncio.Event()

    class Slow(Step):
        @function
        async def wait(self, context: StepContext) -> None:
            await context.emit_event("Inside", "inside")
            await gate.wait()

    process = ProcessBuilder("P")
    slow, sink = process.add_step(Slow), process.add_step(Sink)
    process.on_input_event("go").send_event_to(slow)
    process.on_input_event("more").send_event_to(sink)
    slow.on_event("Inside").send_event_to(sink)
    async with process.build().start("go") as run:
        await asyncio.sleep(0.01)
        await run.send_event("more", "outside")
        gate.set()
        await run.idle()
        assert run.step_states["Sink"].values == ["outside", "inside"]


async def test_rule_25_a_superstep_that_fills_half_a_join_has_its_brackets():
    process = said_to(("J", Pair), before=[("L", "J", "left"), ("R", "J", "right")])
    result = await process.run("go", [("L", 1)])
    assert [e.superstep for e in of(result.events, "superstep_started")] == [1, 2]
    assert [e.superstep for e in of(result.events, "superstep_completed")] == [1, 2]


async def test_rule_30_an_unrouted_automatic_result_says_nothing():
    result = await one_step(Double).run("go", 1)
    assert codes(result.events) == []


async def test_rule_30_an_unrouted_emitted_event_warns_and_names_it():
    result = await one_step(Say).run("go", [("Lost", 1)])
    (warning,) = warnings(result.events, "unrouted_event")
    assert warning.path == "S"
    assert "Lost" in said(warning)


async def test_rule_30_an_unrouted_public_event_of_the_root_does_not_warn():
    result = await one_step(Say).run("go", [("Out", 1, Visibility.PUBLIC)])
    assert codes(result.events) == []
    assert [(e.id, e.data) for e in result.public_events] == [("Out", 1)]


async def test_rule_30_an_unrouted_event_without_a_handler_keeps_the_rest_of_the_run_going():
    process = said_to(("S", Sink), before=[("A", "S", None)])
    result = await process.run("go", [("Lost",), ("A", 1)])
    assert result.step_states["S"].values == [1]


async def test_rule_34_a_superstep_fires_in_the_order_of_the_messages_that_completed_each_call():
    process = ProcessBuilder("P")
    say = process.add_step(Say)
    a, b, c = process.add_step(Pair, name="A"), process.add_step(Pair, name="B"), process.add_step(Sink, name="C")
    process.on_input_event("go").send_event_to(say)
    say.on_event("1").send_event_to(a, parameter="left")
    say.on_event("2").send_event_to(b, parameter="left")
    say.on_event("3").send_event_to(b, parameter="right")
    say.on_event("4").send_event_to(c)
    say.on_event("5").send_event_to(a, parameter="right")
    result = await process.build().run("go", [("1", 0), ("2", 0), ("3", 0), ("4", 0), ("5", 0)])
    assert [path for superstep, path, _ in calls(result.events) if superstep == 2] == ["B", "C", "A"]


async def test_rule_34_the_result_of_a_function_that_returns_nothing_is_none():
    process = ProcessBuilder("P")
    trigger, sink = process.add_step(Trigger), process.add_step(Sink)
    process.on_input_event("go").send_event_to(trigger)
    trigger.on_function_result().send_event_to(sink)
    assert (await process.build().run("go")).step_states["Sink"].values == [None]


async def test_an_error_of_one_step_is_not_an_event_of_another():
    process = ProcessBuilder("P")
    boom, other, sink = process.add_step(Boom), process.add_step(Sink, name="Other"), process.add_step(Sink)
    process.on_input_event("go").send_event_to(boom).send_event_to(other)
    other.on_function_error().send_event_to(sink)
    with pytest.raises(StepFailedError):
        await process.build().run("go", 1)
