"""Rules 2 and 33: what is wrong with a definition is said when it is built, all at once."""

import collections.abc
from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from enum import Enum
from functools import cached_property
from typing import Any

import pytest
from rules_observing import problem, problems_of
from rules_steps import Double, Pair, Say, Seen, Sink, Trigger

from process_core import (
    ProcessBuilder,
    ProcessDefinitionError,
    ProcessError,
    Step,
    StepContext,
    Target,
    function,
)


class Two(Step[Seen]):
    @function
    async def one(self, value: Any) -> None:
        self.state.values.append(value)

    @function
    async def two(self, value: Any) -> None:
        self.state.values.append(value)


class Options(Step[Seen]):
    @function
    async def choose(self, a: Any = None, b: Any = None) -> None:
        self.state.values.append((a, b))


def entry(step=Sink, **target):
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(step, name="S"), **target)
    return process


def test_a_sound_definition_has_no_problems_and_no_warnings():
    assert entry().build().warnings == ()


def test_all_problems_are_reported_at_once():
    process = ProcessBuilder("P")
    sink, two, pair = process.add_step(Sink), process.add_step(Two), process.add_step(Pair)
    process.add_step(Sink)
    process.on_input_event("go").send_event_to(sink, parameter="vlaue").send_event_to(two)
    process.on_input_event("go").send_event_to(pair, parameter="left").send_event_to(sink, function="tak")
    codes = {p.code for p in problems_of(process)}
    assert codes >= {"duplicate_step", "unknown_parameter", "function_required", "unfed_parameter", "unknown_function"}


class NamedBadly(Step[Seen]):
    @function(name="f\ud800")
    async def take(self, value: Any) -> None:
        self.state.values.append(value)


@pytest.mark.parametrize("what", ["process", "step", "function", "input event", "event"])
def test_a_name_that_is_not_unicode_is_refused_by_name(what):
    bad = "x\udcff"
    process = ProcessBuilder(bad if what == "process" else "P")
    kind = NamedBadly if what == "function" else Sink
    step = process.add_step(kind, name=bad if what == "step" else "S")
    process.on_input_event(bad if what == "input event" else "go").send_event_to(step)
    if what == "event":
        step.on_event(bad).send_event_to(step)
    (found,) = problems_of(process)
    assert found.code == "unusable_name"
    assert "holds a lone surrogate (at character 2)" in found.message


def test_the_error_text_names_the_process_and_every_problem():
    process = entry(parameter="vlaue")
    process.add_step(Sink, name="S")
    with pytest.raises(ProcessDefinitionError) as caught:
        process.build()
    assert "'P'" in str(caught.value)
    assert all(p.message in str(caught.value) for p in caught.value.problems)
    assert isinstance(caught.value, ProcessError)


def test_rule_02_an_unknown_step_is_a_problem_with_a_suggestion():
    process = ProcessBuilder("P")
    process.add_step(Sink, name="Response")
    process.on_input_event("go").send_event_to(Target("Respnse", "take", "value"))
    found = problem(process, "unknown_step")
    assert "Respnse" in found.message
    assert "Response" in found.suggestion


def test_rule_02_an_unknown_function_is_a_problem_with_a_suggestion():
    found = problem(entry(function="tkae"), "unknown_function")
    assert "tkae" in found.message
    assert found.step == "S"
    assert "take" in found.suggestion


def test_rule_02_an_unknown_function_of_a_source_is_a_problem():
    process = entry()
    other = process.add_step(Double)
    process.on_input_event("go").send_event_to(other)
    other.on_function_result("duoble").send_event_to(process.add_step(Sink))
    found = problem(process, "unknown_function")
    assert "duoble" in found.message
    assert "double" in found.suggestion


def test_rule_02_an_unknown_function_of_an_error_source_is_a_problem():
    process = ProcessBuilder("P")
    double, sink = process.add_step(Double), process.add_step(Sink)
    process.on_input_event("go").send_event_to(double)
    double.on_function_error("duoble").send_event_to(sink)
    assert "double" in problem(process, "unknown_function").suggestion


def test_rule_02_an_unknown_parameter_is_a_problem_with_a_suggestion():
    found = problem(entry(parameter="vlaue"), "unknown_parameter")
    assert "vlaue" in found.message
    assert (found.step, found.function) == ("S", "take")
    assert "value" in found.suggestion


def test_rule_02_a_name_like_nothing_has_no_misleading_suggestion():
    found = problem(entry(parameter="zzzzzzzzzzzz"), "unknown_parameter")
    assert "did you mean" not in (found.suggestion or "")


def test_rule_02_an_unknown_input_event_of_a_nested_process_is_a_problem():
    inner = ProcessBuilder("inner")
    inner.on_input_event("begin").send_event_to(inner.add_step(Sink))
    outer = ProcessBuilder("outer")
    nested = outer.add_process(inner)
    outer.on_input_event("go").send_event_to(nested.where_input_event_is("bgein"))
    found = problem(outer, "unknown_input_event")
    assert "bgein" in found.message
    assert "begin" in found.suggestion


def test_rule_02_a_duplicate_step_name_is_a_problem():
    process = entry()
    process.add_step(Sink, name="S")
    assert problem(process, "duplicate_step").step == "S"


def test_rule_02_a_nested_process_counts_as_a_step_name():
    inner = ProcessBuilder("S")
    inner.on_input_event("x").send_event_to(inner.add_step(Sink))
    process = entry()
    nested = process.add_process(inner)
    process.on_input_event("go").send_event_to(nested.where_input_event_is("x"))
    assert problem(process, "duplicate_step").step == "S"


def test_rule_02_a_duplicate_function_name_is_a_problem():
    class Twice(Step):
        @function(name="same")
        async def one(self, value: Any) -> None: ...

        @function(name="same")
        async def two(self, value: Any) -> None: ...

    assert problem(entry(Twice, function="same"), "duplicate_function").step == "S"


def test_rule_02_a_step_with_several_functions_needs_the_function():
    found = problem(entry(Two), "function_required")
    assert found.step == "S"
    assert "one" in str(found)
    assert "two" in str(found)


def test_rule_02_a_function_with_two_required_parameters_needs_the_parameter():
    found = problem(entry(Pair), "parameter_required")
    assert (found.step, found.function) == ("S", "pair")
    assert "left" in str(found)
    assert "right" in str(found)


def test_rule_02_a_function_with_two_optional_parameters_needs_the_parameter():
    assert problem(entry(Options), "parameter_required").function == "choose"


def test_rule_33_a_required_parameter_that_no_route_feeds_is_a_problem():
    found = problem(entry(Pair, parameter="left"), "unfed_parameter")
    assert (found.step, found.function) == ("S", "pair")
    assert "right" in found.message


def test_rule_33_an_optional_parameter_that_no_route_feeds_is_none():
    assert entry(Options, parameter="a").build().warnings == ()


def test_rule_33_a_function_that_no_route_targets_is_none():
    assert entry(Two, function="one").build().warnings == ()


def test_rule_33_a_step_that_nobody_routes_to_is_a_warning():
    process = entry()
    process.add_step(Sink, name="Lonely")
    (warning,) = process.build().warnings
    assert (warning.code, warning.step) == ("unreachable_step", "Lonely")


def test_rule_33_a_step_fed_only_by_an_unreachable_one_is_a_warning():
    process = entry()
    lonely, fed = process.add_step(Double, name="Lonely"), process.add_step(Sink, name="Fed")
    lonely.on_function_result().send_event_to(fed)
    assert {(w.code, w.step) for w in process.build().warnings} == {
        ("unreachable_step", "Lonely"),
        ("unreachable_step", "Fed"),
    }


def test_rule_33_two_steps_that_feed_only_each_other_are_warnings():
    process = entry()
    a, b = process.add_step(Double, name="A"), process.add_step(Double, name="B")
    a.on_function_result().send_event_to(b)
    b.on_function_result().send_event_to(a)
    assert {w.step for w in process.build().warnings} == {"A", "B"}


async def test_rule_33_a_process_with_warnings_runs():
    process = entry()
    process.add_step(Sink, name="Lonely")
    assert (await process.build().run("go", 1)).step_states["S"].values == [1]


def test_problems_of_a_nested_process_are_reported_too():
    inner = ProcessBuilder("inner")
    inner.on_input_event("x").send_event_to(inner.add_step(Sink), parameter="vlaue")
    outer = ProcessBuilder("outer")
    nested = outer.add_process(inner)
    outer.on_input_event("go").send_event_to(nested.where_input_event_is("x"))
    assert "vlaue" in problem(outer, "unknown_parameter").message


def test_a_join_to_a_function_with_parameters_needs_inputs():
    process = ProcessBuilder("P")
    say, pair = process.add_step(Say), process.add_step(Pair)
    process.on_input_event("go").send_event_to(say)
    process.listen_for(all_of=[say.on_event("A"), say.on_event("B")]).send_event_to(pair)
    assert problem(process, "inputs_required").step == "Pair"


def test_a_join_with_an_unknown_parameter_is_a_problem():
    process = ProcessBuilder("P")
    say, pair = process.add_step(Say), process.add_step(Pair)
    process.on_input_event("go").send_event_to(say)
    a, b = say.on_event("A"), say.on_event("B")
    process.listen_for(all_of=[a, b]).send_event_to(pair, inputs={"left": a, "rihgt": b})
    assert "right" in problem(process, "unknown_parameter").suggestion


def test_a_join_that_leaves_a_required_parameter_empty_is_a_problem():
    process = ProcessBuilder("P")
    say, pair = process.add_step(Say), process.add_step(Pair)
    process.on_input_event("go").send_event_to(say)
    a, b = say.on_event("A"), say.on_event("B")
    process.listen_for(all_of=[a, b]).send_event_to(pair, inputs={"left": a})
    assert "right" in problem(process, "unfed_parameter").message


def test_a_target_of_another_builder_is_a_problem():
    foreign = ProcessBuilder("Foreign").add_step(Sink, name="Far")
    process = entry()
    process.on_input_event("go").send_event_to(foreign)
    assert "Far" in problem(process, "foreign_step").message


def test_a_source_of_another_builder_in_a_join_is_a_problem():
    foreign = ProcessBuilder("Foreign").add_step(Say, name="Far")
    process = ProcessBuilder("P")
    say, trigger = process.add_step(Say), process.add_step(Trigger)
    process.on_input_event("go").send_event_to(say)
    process.listen_for(all_of=[say.on_event("A"), foreign.on_event("B")]).send_event_to(trigger)
    problem(process, "foreign_step")


def test_a_source_without_a_target_is_ignored():
    process = entry()
    process.on_input_event("unused")
    process.add_step(Double).on_event("nothing")
    built = process.build().graph
    assert built.input_events == ("go",)
    assert {edge.event_id for edge in built.edges}.isdisjoint({"unused", "nothing"})


def test_every_problem_has_code_message_and_text():
    process = entry(Two)
    process.add_step(Sink, name="S")
    for found in problems_of(process):
        assert found.code
        assert found.message
        assert str(found).startswith(f"{found.code}: ")


def test_a_builder_builds_the_same_graph_twice():
    process = entry()
    first, second = process.build().graph, process.build().graph
    assert (first.nodes, first.edges) == (second.nodes, second.edges)


def test_a_definition_error_leaves_the_builder_usable():
    process = ProcessBuilder("P")
    pair = process.add_step(Pair)
    process.on_input_event("l").send_event_to(pair, parameter="left")
    with pytest.raises(ProcessDefinitionError):
        process.build()
    process.on_input_event("r").send_event_to(pair, parameter="right")
    assert process.build().graph.input_events == ("l", "r")


def test_an_injected_parameter_can_not_be_a_target():
    class Injected(Step):
        @function
        async def work(self, context: StepContext, value: Any) -> None: ...

    problem(entry(Injected, parameter="context"), "unknown_parameter")


def test_an_enum_id_and_its_text_are_one_id():
    class Ids(Enum):
        GO = "go"

    process = ProcessBuilder("P")
    process.on_input_event(Ids.GO).send_event_to(process.add_step(Sink, name="A"))
    process.on_input_event("go").send_event_to(process.add_step(Sink, name="B"))
    assert process.build().graph.input_events == ("go",)


# What hides a function, and what can be read only once.


@pytest.mark.parametrize("hidden_by", [staticmethod, classmethod, property, cached_property])
def test_a_function_under_a_decorator_that_hides_it_is_a_problem_beside_other_functions_and_alone(hidden_by):
    def only(self, value: int) -> int:
        return value

    hidden = hidden_by(function(only))
    name = hidden_by.__name__
    for others in ({}, {"ok": function(lambda self: None, name="ok")}):
        found = problem(
            entry(type("Hides", (Step,), {"only": hidden, **others}), function="only"), "unsupported_function"
        )
        assert (found.step, found.function) == ("S", "only")
        assert f"only is a {name}" in found.message
        assert f"drop @{name}" in found.suggestion


def test_a_property_that_takes_the_name_of_a_function_of_its_base_is_fine():
    class Base(Step):
        @function
        def ready(self) -> bool:
            return True

        @function
        def other(self) -> None: ...

    class Derived(Base):
        @property
        def ready(self) -> bool:
            return True

    assert entry(Derived).build().warnings == ()


@pytest.mark.parametrize(
    "annotation",
    [Iterable[int], collections.abc.Iterable, Iterator[int], Generator[int, None, None], AsyncIterator[int]],
    ids=str,
)
def test_a_parameter_that_can_be_read_only_once_is_a_warning(annotation):
    def read(self, values) -> None: ...

    read.__annotations__["values"] = annotation
    (found,) = entry(type("Reads", (Step,), {"read": function(read)})).build().warnings
    assert (found.code, found.step, found.function) == ("read_once", "S", "read")
    assert "'values'" in found.message
    assert "Sequence" in found.suggestion


# One source twice in a join.


def test_a_source_named_once_that_is_to_feed_two_parameters_is_a_problem():
    process = ProcessBuilder("P")
    pair = process.add_step(Pair)
    source = process.on_input_event("go")
    process.listen_for(all_of=[source]).send_event_to(pair, inputs={"left": source, "right": source})
    found = problem(process, "inputs_required")
    assert "'right' feeds 'left' already" in found.message
    assert "all_of once for each" in found.suggestion


async def test_a_source_named_twice_feeds_both_parameters():
    process = ProcessBuilder("P")
    pair = process.add_step(Pair)
    source = process.on_input_event("go")
    process.listen_for(all_of=[source, source]).send_event_to(pair, inputs={"left": source, "right": source})
    result = await process.build().run("go", 3)
    assert result.step_states["Pair"].values == [(3, 3)]
