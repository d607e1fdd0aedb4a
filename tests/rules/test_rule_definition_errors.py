"""Rule 2 and bad input: classes, names, predicates and joins that a definition refuses."""

from typing import Any

import pytest
from rules_observing import problem, problems_of
from rules_steps import Pair, Sink, Trigger

from process_core import (
    ProcessBuilder,
    ProcessDefinitionError,
    Step,
    function,
)


def entry(step=Sink, **target):
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(step, name="S"), **target)
    return process


def test_a_class_whose_constructor_needs_arguments_needs_a_factory():
    class Needs(Step):
        def __init__(self, word: str) -> None:
            self.word = word

        @function
        async def work(self) -> None: ...

    found = problem(entry(Needs), "constructor_needs_arguments")
    assert found.step == "S"
    assert "word" in found.message or "factory" in str(found)


def test_a_constructor_whose_arguments_have_defaults_needs_no_factory():
    class Optional(Step):
        def __init__(self, word: str = "hi", *rest: Any, **more: Any) -> None:
            self.word = word

        @function
        async def work(self) -> None: ...

    entry(Optional).build()


def test_an_async_generator_is_no_function():
    class Generates(Step):
        @function
        async def work(self, value: Any) -> Any:
            yield value

    found = problem(entry(Generates), "unsupported_function")
    assert (found.step, found.function) == ("S", "work")


def test_an_annotation_that_can_not_be_resolved_is_a_problem():
    class Unclear(Step):
        @function
        async def work(self, value: "NoSuchType") -> None: ...  # noqa: F821 - the point of the case

    found = problem(entry(Unclear), "unresolved_annotation")
    assert (found.step, found.function) == ("S", "work")
    assert "NoSuchType" in found.message


@pytest.mark.parametrize("bad", ["", 5, None, 1.5])
def test_an_event_id_that_is_no_text_is_a_problem(bad):
    process = entry()
    process.on_input_event(bad).send_event_to(process.add_step(Sink))
    problem(process, "invalid_event_id")


@pytest.mark.parametrize("bad", ["data >", "", 5, "__import__('os')", "data.__class__"])
def test_a_predicate_that_can_not_be_read_is_a_problem(bad):
    process = ProcessBuilder("P")
    process.on_input_event("go").when(bad).send_event_to(process.add_step(Sink))
    problem(process, "invalid_predicate")


def adding_a_step(process, bad):
    process.add_step(bad)
    process.build()


def routing_to(process, bad):
    process.on_input_event("go").send_event_to(bad)
    process.build()


def adding_a_process(process, bad):
    nested = process.add_process(bad, name="inner")
    process.on_input_event("go").send_event_to(nested.where_input_event_is("go"))
    process.build()


@pytest.mark.parametrize("bad", [5, "Sink", None, int, object(), Sink()])
def test_what_is_no_step_class_is_refused(bad):
    with pytest.raises((ProcessDefinitionError, TypeError)):
        adding_a_step(entry(), bad)


@pytest.mark.parametrize("bad", [5, None, Sink, object()])
def test_what_is_no_target_is_refused(bad):
    with pytest.raises((ProcessDefinitionError, TypeError)):
        routing_to(entry(), bad)


@pytest.mark.parametrize("bad", [5, None, "inner", Sink])
def test_what_is_no_process_is_refused(bad):
    with pytest.raises((ProcessDefinitionError, TypeError)):
        adding_a_process(entry(), bad)


def test_a_process_that_contains_itself_is_refused():
    process = entry()
    with pytest.raises((ProcessDefinitionError, ValueError)):
        adding_a_process(process, process)


@pytest.mark.parametrize("bad", ["", "a/b", "Map[0]", 5])
def test_what_is_no_step_name_is_a_problem(bad):
    process = entry()
    process.on_input_event("go").send_event_to(process.add_step(Sink, name=bad))
    assert problems_of(process)


def test_an_asynchronous_predicate_is_a_problem():
    async def later(data: Any) -> bool:
        return bool(data)

    process = ProcessBuilder("P")
    process.on_input_event("go").when(later).send_event_to(process.add_step(Sink))
    problem(process, "invalid_predicate")


def test_a_step_without_functions_is_a_problem():
    class Nothing(Step): ...

    assert {p.step for p in problems_of(entry(Nothing))} == {"S"}


def test_parameters_that_no_route_can_name_are_a_problem():
    class Anything(Step):
        @function
        async def work(self, *values: Any) -> None: ...

    assert problem(entry(Anything), "unsupported_function").function == "work"


def test_an_initial_state_of_the_wrong_type_is_a_problem():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Sink, initial_state=5))
    assert {p.step for p in problems_of(process)} == {"Sink"}


def test_a_join_of_nothing_is_a_problem():
    process = entry()
    process.listen_for(all_of=[]).send_event_to(process.add_step(Trigger))
    assert problems_of(process)


def test_an_input_of_a_join_must_be_listened_for():
    process = ProcessBuilder("P")
    a, b, c = (process.on_input_event(name) for name in "abc")
    process.listen_for(all_of=[a, b]).send_event_to(process.add_step(Pair), inputs={"left": a, "right": c})
    assert problems_of(process)
