"""Values carried from one generation of the code to the next."""

import sys
import threading
from collections import deque
from types import ModuleType

import pytest
from pydantic import SecretStr

from process_core import ProcessBuilder, Step, function
from process_core.reload import StateMigrator
from process_core.resume import StateMismatchError
from process_core.resume.state_reader import mismatch_report

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


LIVE = """
import enum
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from pydantic import BaseModel, PrivateAttr

T = TypeVar("T")
MADE = []

class Right(enum.Flag):
    R = 1
    W = 2

@dataclass
class Part:
    name: Any

class Words(dict):
    pass

class Box(BaseModel, Generic[T]):
    item: T

class Plain:
    def __init__(self):
        MADE.append(self)
        self.part = Part(1)

class Owner(Plain):
    def __del__(self):
        MADE.clear()

class Whole(BaseModel):
    parts: Any = None
    _private: Any = PrivateAttr(default=None)

    def model_post_init(self, _):
        super().model_post_init(_)
        MADE.append(self)
"""


@pytest.fixture
def live(generation):
    def load():
        module = ModuleType("carried_things")
        sys.modules["carried_things"] = module
        exec(LIVE, vars(module))
        return module

    return load


def test_rule_35_what_holds_an_old_object_moves_and_what_it_holds_stays_the_same_objects(live):
    old = live()
    lock, untouched, shared = threading.Lock(), [1, {2}], old.Part("shared")
    value = old.Whole(parts=None)
    value.parts = [old.Part(lock), untouched, shared, (shared, 1), old.Words(a=shared), old.Right.R | old.Right.W]
    value._private = {"me": value, "class": old.Part}
    new = live()
    using = carrier()
    moved = using.value(value)
    assert using.left == []
    assert type(moved) is new.Whole
    part, same, first, (second, _), words, right = moved.parts
    assert type(part) is new.Part
    assert part.name is lock
    assert same is untouched
    assert type(first) is new.Part
    assert first is second is words["a"]
    assert type(words) is new.Words
    assert right is new.Right.R | new.Right.W
    assert moved._private["me"] is moved
    assert moved._private["class"] is new.Part
    assert new.MADE == []  # nothing of the class ran
    assert type(value.parts[0]) is old.Part  # and nothing of the old value has changed


def test_a_parametrised_model_and_a_plain_object_move(live):
    old = live()
    value = [old.Box[old.Part](item=old.Part(1)), old.Plain(), old.Box[list[old.Part]](item=[old.Part(1)])]
    new = live()
    box, plain, boxes = carrier().value(value)
    assert type(box) is new.Box[new.Part]
    assert type(box.item) is new.Part
    assert type(boxes) is new.Box[list[new.Part]]
    assert type(boxes.item[0]) is new.Part
    assert type(plain) is new.Plain
    assert type(plain.part) is new.Part


def test_what_does_something_when_it_goes_keeps_its_class_and_that_is_reported(live):
    old = live()
    value = {"owner": old.Owner()}
    live()
    using = carrier()
    assert using.value(value, "the payload of X") is value
    assert using.left == [
        "the payload of X keeps its old class: a carried_things.Owner cannot be made of the new class"
    ]


def test_a_report_of_a_state_that_does_not_fit_shows_no_secret():
    class Shown(SecretStr):
        def __str__(self) -> str:
            return self.get_secret_value()

        __repr__ = __str__

    report = mismatch_report("it does not fit", {"key": Shown("s3cret"), "kept": [Shown("s3cret")], "n": 1}, None)
    assert "s3cret" not in report
    assert '"n": 1' in report
