"""Rule 17: the state of a step."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import BaseModel
from rules_steps import Seen, Sink, Trigger

from process_core import ProcessBuilder, ProcessDefinitionError, ProcessError, Step, function


class Chat(BaseModel):
    messages: list[str] = []


@dataclass
class Counter:
    count: int = 0
    names: list[str] = field(default_factory=list)


class Talks(Step[Chat]):
    @function
    async def talk(self, text: str) -> None:
        self.state.messages.append(text)


def talking(**options):
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Talks, **options))
    return process.build()


async def test_rule_17_a_pydantic_state_is_made_from_the_generic_argument():
    result = await talking().run("go", "hi")
    assert result.step_states == {"Talks": Chat(messages=["hi"])}


async def test_rule_17_a_dataclass_state_is_made_from_the_generic_argument():
    class Counts(Step[Counter]):
        @function
        async def count(self, name: str) -> None:
            self.state.count += 1
            self.state.names.append(name)

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Counts))
    assert (await process.build().run("go", "a")).step_states == {"Counts": Counter(1, ["a"])}


@pytest.mark.parametrize(("kind", "empty"), [(dict[str, int], {}), (list[int], []), (dict, {}), (int, 0), (str, "")])
async def test_rule_17_a_plain_state_is_made_from_the_generic_argument(kind, empty):
    class Plain(Step[kind]):
        @function
        async def look(self) -> None:
            assert self.state == empty

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Plain))
    assert (await process.build().run("go")).step_states == {"Plain": empty}


async def test_rule_17_state_can_be_replaced():
    class Counts(Step[int]):
        @function
        async def count(self, by: int) -> None:
            self.state += by

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Counts))
    assert (await process.build().run("go", 5)).step_states == {"Counts": 5}


async def test_rule_17_a_given_initial_state_is_where_the_run_begins():
    result = await talking(initial_state=Chat(messages=["before"])).run("go", "hi")
    assert result.step_states["Talks"].messages == ["before", "hi"]


async def test_initial_states_of_a_run_go_before_those_of_the_definition():
    process = talking(initial_state=Chat(messages=["definition"]))
    result = await process.run("go", "hi", initial_states={"Talks": Chat(messages=["run"])})
    assert result.step_states["Talks"].messages == ["run", "hi"]


async def test_initial_states_of_a_run_are_not_changed_by_it():
    mine = Chat(messages=["run"])
    await talking().run("go", "hi", initial_states={"Talks": mine})
    assert mine.messages == ["run"]


async def test_initial_states_reach_nested_steps_by_path():
    inner = ProcessBuilder("inner")
    inner.on_input_event("x").send_event_to(inner.add_step(Talks))
    outer = ProcessBuilder("outer")
    nested = outer.add_process(inner)
    outer.on_input_event("go").send_event_to(nested.where_input_event_is("x"))
    result = await outer.build().run("go", "hi", initial_states={"inner/Talks": Chat(messages=["given"])})
    assert result.step_states["inner/Talks"].messages == ["given", "hi"]


async def test_rule_34_initial_states_with_an_unknown_path_are_an_error():
    with pytest.raises(ProcessError) as caught:
        await talking().run("go", "hi", initial_states={"Tlks": Chat()})
    assert "Tlks" in str(caught.value)
    assert "Talks" in str(caught.value)


async def test_initial_states_of_the_wrong_type_are_an_error_naming_the_step():
    with pytest.raises(ProcessError) as caught:
        await talking().run("go", "hi", initial_states={"Talks": 5})
    assert "Talks" in str(caught.value)


async def test_step_states_hold_only_steps_that_declare_state():
    class Stateless(Step):
        @function
        async def work(self, value: Any) -> None:
            return None

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Stateless)).send_event_to(process.add_step(Sink))
    assert set((await process.build().run("go", 1)).step_states) == {"Sink"}


async def test_a_step_that_never_ran_has_its_default_state():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Sink))
    process.on_input_event("other").send_event_to(process.add_step(Trigger))
    assert (await process.build().run("go", 1)).step_states == {"Sink": Seen([1]), "Trigger": Seen([])}


async def test_activate_is_called_once_per_run_before_first_use_with_the_state():
    calls = []

    class Active(Step[Seen]):
        async def activate(self, state: Seen) -> None:
            calls.append(state is self.state)
            await asyncio.sleep(0)
            state.values.append("activated")

        @function
        async def take(self, value: Any) -> None:
            self.state.values.append(value)

    process = ProcessBuilder("P")
    active = process.add_step(Active)
    process.on_input_event("go").send_event_to(active)
    built = process.build()
    async with built.start("go", 1) as run:
        await run.idle()
        await run.send_event("go", 2)
        await run.idle()
        assert run.step_states["Active"].values == ["activated", 1, 2]
    await built.run("go", 3)
    assert calls == [True, True]


async def test_instances_are_made_again_for_each_run():
    class Keeps(Step[Seen]):
        def __init__(self) -> None:
            self.mine: list[Any] = []

        @function
        async def take(self, value: Any) -> None:
            self.mine.append(value)
            self.state.values.append(list(self.mine))

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Keeps))
    built = process.build()
    await built.run("go", 1)
    assert (await built.run("go", 2)).step_states["Keeps"].values == [[2]]


async def test_a_factory_belongs_to_the_step_not_to_the_class():
    class Greets(Step[Seen]):
        def __init__(self, word: str) -> None:
            self.word = word

        @function
        async def greet(self) -> None:
            self.state.values.append(self.word)

    process = ProcessBuilder("P")
    hello = process.add_step(Greets, name="Hello", factory=lambda: Greets("hello"))
    bye = process.add_step(Greets, name="Bye", factory=lambda: Greets("bye"))
    process.on_input_event("go").send_event_to(hello).send_event_to(bye)
    result = await process.build().run("go")
    assert (result.step_states["Hello"].values, result.step_states["Bye"].values) == (["hello"], ["bye"])


async def test_rule_17_a_state_type_without_default_needs_an_initial_state():
    class Needy(BaseModel):
        name: str

    class Uses(Step[Needy]):
        @function
        async def work(self) -> None:
            self.state.name += "!"

    without, given = ProcessBuilder("Without"), ProcessBuilder("Given")
    without.on_input_event("go").send_event_to(without.add_step(Uses))
    given.on_input_event("go").send_event_to(given.add_step(Uses, initial_state=Needy(name="Ann")))
    with pytest.raises(ProcessDefinitionError) as caught:
        without.build()
    assert any(p.step == "Uses" for p in caught.value.problems)
    assert (await given.build().run("go")).step_states["Uses"].name == "Ann!"


async def test_rule_17_the_state_type_is_found_through_a_base_class():
    class Base(Step[Seen]):
        async def keep(self, value: Any) -> None:
            self.state.values.append(value)

    class Derived(Base):
        @function
        async def take(self, value: Any) -> None:
            await self.keep(value)

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Derived))
    assert (await process.build().run("go", 1)).step_states["Derived"].values == [1]


async def test_functions_are_inherited_from_a_base_class():
    class Louder(Talks):
        pass

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Louder))
    assert (await process.build().run("go", "hi")).step_states["Louder"].messages == ["hi"]


async def test_rule_17_a_step_has_version_1_unless_it_says_otherwise():
    assert (Step.version, Talks.version) == ("1", "1")


async def test_rule_17_two_steps_of_one_class_have_states_of_their_own():
    process = ProcessBuilder("P")
    a, b = process.add_step(Sink, name="A"), process.add_step(Sink, name="B")
    process.on_input_event("a").send_event_to(a)
    process.on_input_event("b").send_event_to(b)
    result = await process.build().run("a", 1)
    assert (result.step_states["A"].values, result.step_states["B"].values) == ([1], [])
