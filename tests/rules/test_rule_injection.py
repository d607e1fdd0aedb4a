"""Services and the context: parameters that the engine fills in."""

from typing import Any, Protocol

import pytest
from rules_observing import problem
from rules_steps import Seen, Sink

from process_core import Inject, ProcessBuilder, ProcessError, Services, Step, StepContext, function


class Clock(Protocol):
    def now(self) -> int: ...


class FixedClock:
    def now(self) -> int:
        return 12


class Tells(Step[Seen]):
    @function
    async def tell(self, clock: Inject[Clock], greeting: str, context: StepContext, services: Services) -> None:
        self.state.values.append((greeting, clock.now(), context.path, isinstance(services, Services)))


def telling():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Tells))
    return process.build()


def with_clock():
    services = Services()
    services.add(Clock, FixedClock())
    return services


async def test_injected_parameters_are_filled_in_and_never_count_as_data():
    result = await telling().run("go", "hi", services=with_clock())
    assert result.step_states["Tells"].values == [("hi", 12, "Tells", True)]


async def test_injected_parameters_do_not_show_in_the_input_of_an_invocation():
    result = await telling().run("go", "hi", services=with_clock())
    (invoked,) = [e for e in result.events if e.type == "executor_invoked"]
    assert invoked.data == {"greeting": "hi"}


async def test_a_missing_service_is_an_error_naming_step_function_and_type():
    with pytest.raises(ProcessError) as caught:
        await telling().run("go", "hi")
    assert all(word in str(caught.value) for word in ("Tells", "tell", "Clock"))


async def test_a_missing_service_is_an_error_before_the_first_step_runs():
    ran = []

    class First(Step):
        @function
        async def work(self) -> None:
            ran.append("ran")

    process = ProcessBuilder("P")
    first, tells = process.add_step(First), process.add_step(Tells)
    process.on_input_event("go").send_event_to(first)
    first.on_event("Later").send_event_to(tells)
    with pytest.raises(ProcessError):
        await process.build().run("go", services=Services())
    assert ran == []


async def test_a_missing_service_of_a_nested_step_is_an_error_too():
    inner = ProcessBuilder("inner")
    inner.on_input_event("x").send_event_to(inner.add_step(Tells))
    outer = ProcessBuilder("outer")
    nested = outer.add_process(inner)
    outer.on_input_event("go").send_event_to(nested.where_input_event_is("x"))
    process = outer.build()
    with pytest.raises(ProcessError) as caught:
        await process.run("go", "hi")
    assert "inner/Tells" in str(caught.value)
    assert (await process.run("go", "hi", services=with_clock())).step_states["inner/Tells"].values


async def test_a_missing_service_of_a_mapped_step_is_an_error_too():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_map_step(Tells, name="Map"))
    with pytest.raises(ProcessError) as caught:
        await process.build().run("go", ["hi"])
    assert "Clock" in str(caught.value)


async def test_a_service_may_be_a_plain_class():
    class Uses(Step[Seen]):
        @function
        async def use(self, clock: Inject[FixedClock]) -> None:
            self.state.values.append(clock.now())

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Uses))
    services = Services()
    services.add(FixedClock, FixedClock())
    assert (await process.build().run("go", services=services)).step_states["Uses"].values == [12]


async def test_two_runs_may_have_different_services():
    class Later(FixedClock):
        def now(self) -> int:
            return 13

    later = Services()
    later.add(Clock, Later())
    process = telling()
    first = await process.run("go", "a", services=with_clock())
    second = await process.run("go", "b", services=later)
    assert [r.step_states["Tells"].values[0][1] for r in (first, second)] == [12, 13]


async def test_a_context_named_otherwise_is_still_injected():
    class Odd(Step[Seen]):
        @function
        async def work(self, whatever: StepContext) -> None:
            self.state.values.append(whatever.superstep)

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Odd))
    assert (await process.build().run("go", "ignored")).step_states["Odd"].values == [1]


async def test_a_parameter_called_context_without_the_annotation_is_data():
    class Data(Step[Seen]):
        @function
        async def work(self, context: Any) -> None:
            self.state.values.append(context)

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Data))
    assert (await process.build().run("go", "data")).step_states["Data"].values == ["data"]


async def test_an_optional_annotation_with_default_stays_optional_data():
    class Optional(Step[Seen]):
        @function
        async def work(self, context: StepContext, note: str | None = None) -> None:
            self.state.values.append(note)

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Optional))
    assert (await process.build().run("go", "n")).step_states["Optional"].values == ["n"]


def test_an_injected_service_can_not_be_fed_by_a_route():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Tells), parameter="clock")
    problem(process, "unknown_parameter")


async def test_the_context_shows_run_superstep_and_path():
    class Place(Step[Seen]):
        @function
        async def work(self, context: StepContext) -> None:
            self.state.values.append((context.run_id, context.superstep, context.path))

    process = ProcessBuilder("P")
    sink, place = process.add_step(Sink), process.add_step(Place)
    process.on_input_event("go").send_event_to(sink)
    sink.on_function_result().send_event_to(place)
    result = await process.build().run("go", 1)
    assert result.step_states["Place"].values == [(result.events[0].run_id, 2, "Place")]


async def test_annotations_written_as_text_are_resolved():
    class Text(Step[Seen]):
        @function
        async def work(self, context: "StepContext", number: "int") -> None:
            self.state.values.append(number)

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Text))
    assert (await process.build().run("go", "5")).step_states["Text"].values == [5]
