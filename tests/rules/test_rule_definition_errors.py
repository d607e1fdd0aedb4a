"""Rule 2 and bad input: classes, names, predicates and joins that a definition refuses."""

from typing import Any

import pytest
from rules_observing import problem, problems_of
from rules_steps import Ask, Pair, Sink, Trigger

from process_core import (
    ProcessBuilder,
    ProcessDefinitionError,
    RunState,
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


# --- nesting has a limit


def nested(levels, *, mapped=False, built=False):
    inner = ProcessBuilder("P0")
    inner.on_input_event("Go").send_event_to(inner.add_step(Ask))
    for level in range(levels):
        outer = ProcessBuilder(f"P{level + 1}")
        content = inner.build() if built else inner
        if mapped:
            outer.on_input_event("Go").send_event_to(outer.add_map_step(content, name="in"))
        else:
            outer.on_input_event("Go").send_event_to(outer.add_process(content, name="in").where_input_event_is("Go"))
        inner = outer
    return inner


@pytest.mark.parametrize("levels", [25, 200, 2000])
def test_processes_nested_deeper_than_can_be_recorded_are_refused(levels):
    found = problem(nested(levels), "nested_too_deep")
    assert "more than 24 levels deep" in found.message


def test_built_processes_and_maps_count_too():
    with pytest.raises(ProcessDefinitionError, match="nested_too_deep"):
        nested(26, built=True)
    assert "a map of a process counts as two" in problem(nested(13, mapped=True), "nested_too_deep").message


@pytest.mark.parametrize(("levels", "mapped"), [(24, False), (12, True)])
async def test_what_is_nested_as_deep_as_is_allowed_is_parked_and_resumed(tmp_path, levels, mapped):
    payload = {"a": [{"b": [[[{"c": [1]}]]]}]}
    data = payload
    for _ in range(levels if mapped else 0):
        data = [data]
    process = nested(levels, mapped=mapped).build()
    async with process.start("Go", data, run_file=tmp_path / "x.run") as run:
        await run.idle()
        assert [e.code for e in run.events if e.type == "warning"] == ["pending_request"]
    async with process.start(resume_from=tmp_path / "x.run") as run:
        await run.idle()
        await run.respond(run.pending_requests[0].request_id, "yes")
        await run.idle()
        assert run.state is RunState.IDLE
