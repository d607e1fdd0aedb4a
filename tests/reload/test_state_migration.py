"""Values carried from one generation of the code to the next."""

import sys
from collections import deque
from types import ModuleType

import pytest

from process_core import ProcessBuilder, Step, function
from process_core.reload import StateMigrator, StateMismatchError

SOURCE = """
import enum
from dataclasses import dataclass
from pydantic import BaseModel

class Mood(enum.Enum):
    GOOD = 1

@dataclass
class Part:
    name: str
    mood: Mood = Mood.GOOD

class Whole(BaseModel):
    parts: list[Part] = []
    {more}
"""


@pytest.fixture
def generation():
    def load(more=""):
        module = ModuleType("carried_things")
        sys.modules["carried_things"] = module
        exec(SOURCE.format(more=more), vars(module))
        return module

    yield load
    sys.modules.pop("carried_things", None)


class Keep(Step):
    @function
    def keep(self) -> None:
        """Do nothing."""


def carrier():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Keep))
    return StateMigrator(process.build().graph, {"carried_things"})


@pytest.mark.parametrize(
    "wrap", [lambda v: v, lambda v: [v], lambda v: {"a": (v, 1)}, lambda v: deque([v]), lambda v: {1: {2: [v]}}]
)
def test_what_holds_something_of_a_replaced_class_is_made_of_the_new_one_with_the_same_values(generation, wrap):
    old = generation()
    value = wrap(old.Whole(parts=[old.Part("x")]))
    new = generation()
    expected = wrap(new.Whole(parts=[new.Part("x")]))
    assert carrier().value(value) == expected
    assert carrier().value(wrap(old.Mood.GOOD)) == wrap(new.Mood.GOOD)


def test_what_holds_nothing_of_a_replaced_class_is_the_same_object(generation):
    generation()
    for value in (None, 1, "x", [1, {"a": object()}], pytest):
        assert carrier().value(value) is value


def test_a_value_inside_itself_is_looked_at_once(generation):
    generation()
    value = []
    value += [value] * 50
    value.append({"again": value})
    assert carrier().value(value) is value


def test_a_payload_that_does_not_fit_keeps_its_class_and_that_is_reported(generation):
    old = generation()
    value = old.Whole()
    generation("count: int")
    using = carrier()
    assert using.value(value, "the payload of X") is value
    assert len(using.left) == 1
    assert using.left[0].startswith("the payload of X keeps its old class")


def test_every_state_that_does_not_fit_is_reported_at_once(generation):
    old = generation()

    def spec(module):
        class Holder(Step[module.Whole]):
            @function
            def keep(self) -> None:
                """Do nothing."""

        process = ProcessBuilder("P")
        process.on_input_event("go").send_event_to(process.add_step(Holder, initial_state=module.Whole(count=1)))
        return process.build().graph

    before = spec(old)
    new = generation("count: int")
    after = spec(new)
    using = StateMigrator(after, {"carried_things"})
    wanted = [(path, before.steps[0], after.steps[0], old.Whole()) for path in ("A", "B")]
    with pytest.raises(StateMismatchError) as caught:
        using.states(wanted)
    assert list(caught.value.reports) == ["A", "B"]
    assert "+ count: int" in caught.value.reports["A"]
