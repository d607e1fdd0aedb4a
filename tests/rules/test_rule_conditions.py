"""`.when` and `.otherwise`: which routes of a source an event takes."""

from typing import Any

import pytest
from pydantic import BaseModel
from rules_observing import codes, failing, said, warnings
from rules_steps import Say, Sink

from process_core import ProcessBuilder, RunError, RunState, StepFailure


def branching(declare):
    """Build: go -> Say; `declare(say.on_event("N"), steps...)` routes the event N to sinks A, B, C."""
    process = ProcessBuilder("P")
    say = process.add_step(Say)
    process.on_input_event("go").send_event_to(say)
    declare(say.on_event("N"), *(process.add_step(Sink, name=name) for name in "ABC"))
    return process.build()


async def taken(process, data: Any) -> str:
    result = await process.run("go", [("N", data)])
    return "".join(name for name, state in sorted(result.step_states.items()) if state.values)


@pytest.mark.parametrize(("data", "steps"), [(1, "C"), (5, "A"), (15, "AB")])
async def test_every_matching_condition_fires_and_otherwise_only_when_none_did(data, steps):
    process = branching(
        lambda source, a, b, c: (
            source.when(lambda n: n > 3)
            .send_event_to(a)
            .when(lambda n: n > 10)
            .send_event_to(b)
            .otherwise()
            .send_event_to(c)
        )
    )
    assert await taken(process, data) == steps


@pytest.mark.parametrize(("data", "steps"), [(1, "C"), (5, "AB")])
async def test_a_condition_holds_for_all_targets_chained_after_it(data, steps):
    process = branching(
        lambda source, a, b, c: (
            source.when(lambda n: n > 3).send_event_to(a).send_event_to(b).otherwise().send_event_to(c)
        )
    )
    assert await taken(process, data) == steps


async def test_rule_34_a_when_replaces_the_earlier_one_on_the_chain():
    process = branching(lambda source, a, *_: source.when(lambda n: n > 10).when(lambda n: n < 3).send_event_to(a))
    assert await taken(process, 1) == "A"


async def test_rule_34_an_unconditional_target_counts_as_matched():
    process = branching(
        lambda source, a, b, c: (
            source.send_event_to(a).when(lambda n: n > 3).send_event_to(b).otherwise().send_event_to(c)
        )
    )
    result = await process.run("go", [("N", 1)])
    assert {name for name, state in result.step_states.items() if state.values} == {"A"}
    assert codes(result.events) == []


async def test_otherwise_looks_at_all_conditions_of_the_source_wherever_they_were_declared():
    process = ProcessBuilder("P")
    say, a, b = process.add_step(Say), process.add_step(Sink, name="A"), process.add_step(Sink, name="B")
    process.on_input_event("go").send_event_to(say)
    say.on_event("N").otherwise().send_event_to(b)
    say.on_event("N").when(lambda n: n > 3).send_event_to(a)
    assert await taken(process.build(), 5) == "A"


async def test_rule_15_no_condition_matching_and_no_otherwise_warns():
    process = branching(lambda source, a, *_: source.when(lambda n: n > 3).send_event_to(a))
    result = await process.run("go", [("N", 1)])
    (warning,) = warnings(result.events, "no_condition_matched")
    assert "N" in said(warning)
    assert "unrouted_event" not in codes(result.events)


async def test_a_condition_may_be_a_predicate_text():
    process = branching(lambda source, a, b, _: source.when("data > 3").send_event_to(a).otherwise().send_event_to(b))
    assert (await taken(process, 5), await taken(process, 1)) == ("A", "B")


async def test_a_predicate_text_reads_attributes_of_the_data():
    class Mail(BaseModel):
        spam: bool

    process = branching(lambda source, a, b, _: source.when("data.spam").send_event_to(a).otherwise().send_event_to(b))
    assert (await taken(process, Mail(spam=True)), await taken(process, Mail(spam=False))) == ("A", "B")


async def test_a_condition_may_lead_to_stop():
    process = branching(lambda source, *_: source.when(lambda n: n > 3).stop_process())
    assert (await process.run("go", [("N", 5)])).state is RunState.STOPPED
    assert (await process.run("go", [("N", 1)])).state is RunState.IDLE


async def test_a_condition_works_on_an_outside_event():
    process = ProcessBuilder("P")
    a, b = process.add_step(Sink, name="A"), process.add_step(Sink, name="B")
    process.on_input_event("go").when(lambda n: n > 3).send_event_to(a).otherwise().send_event_to(b)
    result = await process.build().run("go", 1)
    assert (result.step_states["A"].values, result.step_states["B"].values) == ([], [1])


async def test_a_condition_works_on_a_function_result():
    class_sources = ProcessBuilder("P")
    say, a, b = (
        class_sources.add_step(Say),
        class_sources.add_step(Sink, name="A"),
        class_sources.add_step(Sink, name="B"),
    )
    class_sources.on_input_event("go").send_event_to(say)
    say.on_function_result().when(lambda value: value is None).send_event_to(a).otherwise().send_event_to(b)
    result = await class_sources.build().run("go", [])
    assert (result.step_states["A"].values, result.step_states["B"].values) == ([None], [])


async def test_a_condition_counts_truth_not_only_true():
    process = branching(lambda source, a, b, _: source.when(len).send_event_to(a).otherwise().send_event_to(b))
    assert (await taken(process, [0]), await taken(process, [])) == ("A", "B")


async def test_a_predicate_that_raises_fails_the_run_and_names_the_step():
    process = branching(lambda source, a, *_: source.when(lambda n: n.missing).send_event_to(a))
    with pytest.raises(RunError) as caught:
        await process.run("go", [("N", 1)])
    assert "Say" in str(caught.value)


async def test_a_predicate_that_raises_names_its_route():
    process = branching(lambda source, a, *_: source.when(lambda n: n.missing).send_event_to(a))
    events = await failing(process, "go", [("N", 1)])
    route = next(route for route in process.graph.routes if route.condition is not None)
    assert any(route.id in said(event) for event in events if event.type in {"failed", "executor_failed"})
    assert events[-1].state is RunState.FAILED


async def test_a_predicate_that_raises_goes_to_the_process_error_route():
    process = ProcessBuilder("P")
    say, a, handler = process.add_step(Say), process.add_step(Sink, name="A"), process.add_step(Sink, name="Handler")
    process.on_input_event("go").send_event_to(say)
    say.on_event("N").when(lambda n: n.missing).send_event_to(a)
    process.on_error().send_event_to(handler)
    result = await process.build().run("go", [("N", 1)])
    (failure,) = result.step_states["Handler"].values
    assert isinstance(failure, StepFailure)
    assert failure.step == "Say"
    assert "missing" in failure.message


async def test_rule_34_a_join_on_the_source_counts_as_matched():
    process = ProcessBuilder("P")
    say, joined, otherwise = process.add_step(Say), process.add_step(Sink, name="A"), process.add_step(Sink, name="C")
    process.on_input_event("go").send_event_to(say)
    source = say.on_event("N")
    source.when(lambda n: n > 3).otherwise().send_event_to(otherwise)
    process.listen_for(all_of=[source]).send_event_to(joined, inputs={"value": source})
    assert await taken(process.build(), 1) == "A"
