"""Rules 3, 4, 5, 26, 27 and 34: what a function is given, and when it has enough to fire."""

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel
from rules_observing import assert_grammar, calls, failing, only, said, warnings
from rules_steps import Double, Pair, Say, Seen, Sink

from process_core import (
    ProcessBuilder,
    RunState,
    Step,
    StepFailedError,
    StepFailure,
    function,
)
from process_core.errors import PayloadMismatchError


class Typed(Step[Seen]):
    @function
    async def count(self, number: int) -> None:
        self.state.values.append(number)


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


async def test_rule_03_an_optional_parameter_is_used_when_its_value_is_there():
    process = said_to(("L", Letter), before=[("Text", "L", "text"), ("Sender", "L", "sender")])
    result = await process.run("go", [("Text", "hi"), ("Sender", "Bob")])
    assert result.step_states["L"].values == [("hi", "Bob")]


async def test_rule_03_an_optional_parameter_does_not_hold_the_function_back():
    process = said_to(("L", Letter), before=[("Text", "L", "text"), ("Sender", "L", "sender")])
    result = await process.run("go", [("Text", "hi")])
    assert result.step_states["L"].values == [("hi", "anonymous")]


async def test_rule_03_none_is_a_value_for_a_join():
    process = said_to(("J", Pair), before=[("L", "J", "left"), ("R", "J", "right")])
    result = await process.run("go", [("L", None), ("R", 1)])
    assert result.step_states["J"].values == [(None, 1)]


async def test_rule_03_none_is_a_value_for_an_optional_parameter():
    class Maybe(Step[Seen]):
        @function
        async def take(self, value: Any = "default") -> None:
            self.state.values.append(value)

    assert (await one_step(Maybe).run("go", None)).step_states["S"].values == [None]


async def test_rule_04_a_function_with_two_required_parameters_waits_for_both():
    process = said_to(("J", Pair), before=[("L", "J", "left"), ("R", "J", "right")])
    result = await process.run("go", [("L", 1)])
    assert calls(result.events) == [(1, "Say", "say")]


async def test_rule_04_a_half_filled_function_is_seen_waiting():
    process = said_to(("J", Pair), before=[("L", "J", "left"), ("R", "J", "right")])
    result = await process.run("go", [("L", 1)])
    waiting = only(result.events, "input_waiting")
    assert (waiting.path, waiting.step, waiting.function) == ("J", "J", "pair")
    assert "right" in said(waiting)


async def test_rule_04_a_second_value_never_overwrites_the_first():
    process = said_to(("J", Pair), before=[("L", "J", "left"), ("R", "J", "right")])
    result = await process.run("go", [("L", 1), ("L", 2), ("R", 10), ("R", 20)])
    assert result.step_states["J"].values == [(1, 10), (2, 20)]


async def test_rule_04_a_second_value_never_fires_with_a_stale_partner():
    process = said_to(("J", Pair), before=[("L", "J", "left"), ("R", "J", "right")])
    result = await process.run("go", [("L", 1), ("R", 10), ("L", 2)])
    assert result.step_states["J"].values == [(1, 10)]


async def test_rule_04_values_wait_across_supersteps():
    process = ProcessBuilder("P")
    first, double, pair = process.add_step(Double, name="First"), process.add_step(Double), process.add_step(Pair)
    process.on_input_event("go").send_event_to(first)
    first.on_function_result().send_event_to(double).send_event_to(pair, parameter="left")
    double.on_function_result().send_event_to(pair, parameter="right")
    result = await process.build().run("go", 1)
    assert result.step_states["Pair"].values == [(2, 4)]


async def test_rule_04_a_function_without_parameters_works_beside_a_half_filled_one():
    class Both(Step[Seen]):
        @function
        async def pair(self, left: Any, right: Any) -> None:
            self.state.values.append((left, right))

        @function
        async def poke(self) -> None:
            self.state.values.append("poked")

    process = ProcessBuilder("P")
    say, both = process.add_step(Say), process.add_step(Both)
    process.on_input_event("go").send_event_to(say)
    say.on_event("L").send_event_to(both, function="pair", parameter="left")
    say.on_event("R").send_event_to(both, function="pair", parameter="right")
    say.on_event("Poke").send_event_to(both, function="poke")
    result = await process.build().run("go", [("L", 1), ("Poke",), ("R", 2)])
    assert result.step_states["Both"].values == ["poked", (1, 2)]


async def test_rule_05_a_payload_of_the_wrong_type_fails_the_delivery():
    with pytest.raises(StepFailedError) as caught:
        await one_step(Typed).run("go", "many")
    assert (caught.value.step, caught.value.function) == ("S", "count")
    assert isinstance(caught.value.__cause__, PayloadMismatchError)


async def test_rule_05_a_mismatch_names_event_route_expected_and_got():
    process = one_step(Typed)
    events = await failing(process, "go", "many")
    failed = only(events, "executor_failed")
    text = said(failed)
    assert "go" in text
    assert process.graph.routes[0].id in text
    assert "int" in text
    assert "str" in text or "many" in text


async def test_rule_05_a_payload_that_pydantic_can_read_is_converted():
    result = await one_step(Typed).run("go", "5")
    assert result.step_states["S"].values == [5]


class Point(BaseModel):
    x: int


@dataclass
class Size:
    width: int


@pytest.mark.parametrize(
    ("annotation", "payload", "got"),
    [
        (Point, Point(x=1), Point(x=1)),
        (Point, {"x": 1}, Point(x=1)),
        (Size, {"width": 2}, Size(2)),
        (list[int], ["1", 2], [1, 2]),
        (dict[str, Any], {"a": None}, {"a": None}),
        (int | str, "a", "a"),
        (float, 1, 1.0),
        (Any, "anything", "anything"),
    ],
)
async def test_rule_05_a_payload_is_checked_against_the_annotation(annotation, payload, got):
    class Checked(Step[Seen]):
        @function
        async def take(self, value: annotation) -> None:
            self.state.values.append(value)

    assert (await one_step(Checked).run("go", payload)).step_states["S"].values == [got]


@pytest.mark.parametrize(
    ("annotation", "payload"),
    [(Point, {"y": 1}), (Point, 3), (list[int], ["a"]), (int | bool, "a"), (int, None), (str, 5), (Size, "wide")],
)
async def test_rule_05_a_payload_that_does_not_fit_is_refused(annotation, payload):
    class Checked(Step[Seen]):
        @function
        async def take(self, value: annotation) -> None:
            self.state.values.append(value)

    with pytest.raises(StepFailedError) as caught:
        await one_step(Checked).run("go", payload)
    assert isinstance(caught.value.__cause__, PayloadMismatchError)


async def test_rule_05_a_parameter_without_annotation_takes_anything():
    class Untyped(Step[Seen]):
        @function
        async def take(self, value) -> None:
            self.state.values.append(value)

    marker = object()
    assert (await one_step(Untyped).run("go", marker)).step_states["S"].values[0] is not None


async def test_rule_26_a_firing_takes_one_value_from_every_parameter():
    process = said_to(("L", Letter), before=[("Text", "L", "text"), ("Sender", "L", "sender")])
    result = await process.run("go", [("Text", "a"), ("Text", "b"), ("Sender", "x"), ("Sender", "y")])
    assert result.step_states["L"].values == [("a", "x"), ("b", "y")]


async def test_rule_26_an_optional_value_waits_for_the_required_one():
    process = ProcessBuilder("P")
    say, double, letter = process.add_step(Say), process.add_step(Double), process.add_step(Letter)
    process.on_input_event("go").send_event_to(say)
    say.on_event("Sender").send_event_to(letter, parameter="sender")
    say.on_event("Half").send_event_to(double)
    double.on_function_result().send_event_to(letter, parameter="text")
    result = await process.build().run("go", [("Sender", "Bob"), ("Half", "ha")])
    assert result.step_states["Letter"].values == [("haha", "Bob")]


async def test_rule_26_a_function_with_only_optional_parameters_fires_at_each_delivery():
    process = said_to(("D", Defaulted), before=[("Name", "D", None)])
    result = await process.run("go", [("Name", "a"), ("Name", "b")])
    assert result.step_states["D"].values == ["a", "b"]


async def test_rule_27_no_data_leaves_a_defaulted_parameter_to_its_default():
    assert (await one_step(Defaulted).run("go")).step_states["S"].values == ["nobody"]


async def test_rule_27_no_data_is_a_mismatch_for_a_required_parameter_that_takes_no_none():
    with pytest.raises(StepFailedError) as caught:
        await one_step(Typed).run("go")
    assert isinstance(caught.value.__cause__, PayloadMismatchError)


async def test_rule_27_no_data_reaches_a_required_parameter_that_takes_none_as_none():
    class Nullable(Step[Seen]):
        @function
        async def take(self, value: int | None) -> None:
            self.state.values.append(value)

    assert (await one_step(Nullable).run("go")).step_states["S"].values == [None]


async def test_rule_27_none_is_a_mismatch_for_a_defaulted_parameter_that_takes_no_none():
    with pytest.raises(StepFailedError):
        await one_step(Defaulted).run("go", None)


async def test_rule_27_a_mismatch_is_an_executor_failed_without_an_invocation():
    events = await failing(one_step(Typed), "go", "many")
    assert only(events, "executor_failed").code == "payload_mismatch"
    assert calls(events) == []
    assert_grammar(events)


async def test_rule_27_a_mismatch_takes_the_error_route_of_its_function():
    process = ProcessBuilder("P")
    typed, sink = process.add_step(Typed), process.add_step(Sink)
    process.on_input_event("go").send_event_to(typed)
    typed.on_function_error().send_event_to(sink)
    result = await process.build().run("go", "many")
    (failure,) = result.step_states["Sink"].values
    assert isinstance(failure, StepFailure)
    assert (failure.step, failure.function) == ("Typed", "count")
    assert result.state is RunState.IDLE


async def test_rule_27_a_mismatch_leaves_the_other_values_of_the_join_waiting():
    class Mixed(Step[Seen]):
        @function
        async def pair(self, left: Any, right: int) -> None:
            self.state.values.append((left, right))

    process = ProcessBuilder("P")
    say, mixed, sink = process.add_step(Say), process.add_step(Mixed), process.add_step(Sink)
    process.on_input_event("go").send_event_to(say)
    say.on_event("L").send_event_to(mixed, parameter="left")
    say.on_event("R").send_event_to(mixed, parameter="right")
    mixed.on_function_error().send_event_to(sink)
    result = await process.build().run("go", [("L", "kept"), ("R", "bad"), ("R", 2)])
    assert result.step_states["Mixed"].values == [("kept", 2)]


async def test_rule_34_an_emitted_event_without_data_is_not_none_for_a_defaulted_parameter():
    process = said_to(("D", Defaulted), before=[("Name", "D", None)])
    assert (await process.run("go", [("Name",)])).step_states["D"].values == ["nobody"]


async def test_rule_34_an_unused_optional_value_warns_at_rest():
    process = said_to(("L", Letter), before=[("Text", "L", "text"), ("Sender", "L", "sender")])
    result = await process.run("go", [("Sender", "Bob")])
    (warning,) = warnings(result.events, "unused_input")
    assert "sender" in said(warning)


async def test_rule_15_messages_delivered_with_one_that_fails_the_run_are_not_lost_in_silence():
    process = ProcessBuilder("P")
    say, typed, sink = process.add_step(Say), process.add_step(Typed), process.add_step(Sink)
    process.on_input_event("go").send_event_to(say)
    say.on_event("Bad").send_event_to(typed)
    say.on_event("X").send_event_to(sink)
    events = await failing(process.build(), "go", [("Bad", "no number"), ("X", 1)])
    ran = any(path == "Sink" for _, path, _ in calls(events))
    assert ran or any("X" in said(e) or "Sink" in said(e) for e in events if e.type == "warning")
