"""Any value that is recorded whole comes back as it was."""

import collections
import datetime as dt
import decimal
import enum
import pathlib
import uuid
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from process_core import ProcessBuilder
from process_core.graph import Graph
from process_core.resume.reconstruct import NotRestorableError, Reconstructor, losses
from process_core.runfile.codec.decode import decode
from process_core.runfile.codec.encode import encode

EMPTY = Graph("Empty", (), (), (), ())


class Sort(enum.Enum):
    ONE = 1
    TWO = "two"


class Model(BaseModel):
    name: str = ""
    numbers: list[int] = []
    when: dt.datetime | None = None


@dataclass
class Data:
    anything: Any
    more: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Key:
    n: int


class Named(NamedTuple):
    first: Any
    second: int = 0


WHEN = st.datetimes().map(lambda when: when.replace(fold=0))  # the format that is written has no fold
ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.binary(max_size=8)
    | st.sampled_from(Sort)
    | st.builds(Key, st.integers(0, 9))
    | st.decimals(allow_nan=False, allow_infinity=False)
    | WHEN
    | st.dates()
    | st.timedeltas()
    | st.uuids()
    | st.builds(pathlib.Path, st.sampled_from(["a", "a/b", "/c"]))
    | st.builds(Model, name=st.text(max_size=4), numbers=st.lists(st.integers(), max_size=3), when=WHEN)
)
HASHABLE = st.integers() | st.text(max_size=4) | st.sampled_from(Sort) | st.builds(Key, st.integers(0, 9)) | st.uuids()
VALUES = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.lists(inner, max_size=3).map(collections.deque)
        | st.dictionaries(st.text(max_size=4) | st.just("$"), inner, max_size=3)
        | st.dictionaries(HASHABLE, inner, max_size=3)
        | st.sets(HASHABLE, max_size=3)
        | st.frozensets(HASHABLE, max_size=3)
        | st.builds(Data, inner, st.lists(inner, max_size=2))
        | st.builds(Named, inner, st.integers())
    ),
    max_leaves=8,
)


def returned(value):
    return Reconstructor(EMPTY).revive(decode(encode(value)))


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_a_value_comes_back_as_it_was(value):
    found = returned(value)
    assert found == value
    assert repr(found) == repr(value) or "{" in repr(value)  # a set may show its members in another order


@given(VALUES)
@settings(max_examples=50, deadline=None)
def test_a_value_that_holds_something_recorded_as_text_is_reported(value):
    recorded = decode(encode([value, object()]))
    assert losses(recorded)
    with pytest.raises(NotRestorableError, match="only as text"):
        Reconstructor(EMPTY).revive(recorded)


def test_a_program_that_was_run_as_a_script_goes_on_under_another_name():
    class Elsewhere:
        pass

    recorded = decode(encode(Model(name="x")).replace(b"test_resume_values:", b"__main__:"))
    process = ProcessBuilder("Any")
    from resume_steps import Does

    process.on_input_event("Go").send_event_to(process.add_step(Does))
    with pytest.raises(NotRestorableError, match="is not loaded"):
        Reconstructor(process.build().graph).revive(recorded)

    from process_core import Step, function

    class Here(Step):
        @function
        async def take(self, value: Model) -> None: ...

    other = ProcessBuilder("Here")
    other.on_input_event("Go").send_event_to(other.add_step(Here))
    assert Reconstructor(other.build().graph).revive(recorded) == Model(name="x")


def test_a_member_that_is_gone_is_reported():
    recorded = decode(encode(Sort.ONE).replace(b"ONE", b"SIX"))
    with pytest.raises(NotRestorableError, match="no member 'SIX'"):
        Reconstructor(EMPTY).revive(recorded)


@pytest.mark.parametrize("name", ["builtins:eval", "os:environ", "subprocess:Popen", "nowhere:X", "builtins:list"])
def test_a_hostile_name_makes_nothing(name):
    recorded = decode(f'{{"$":"{name}","args":["true"]}}')
    with pytest.raises(NotRestorableError):
        Reconstructor(EMPTY).revive(recorded)


@dataclass
class Counts:
    made: int = 0

    def __post_init__(self) -> None:
        self.made += 1


def test_what_a_dataclass_does_when_it_is_made_is_not_done_again():
    assert returned(Counts()).made == 1


def test_uuids_and_decimals_keep_their_types():
    value = [uuid.UUID(int=5), decimal.Decimal("1.50")]
    assert list(map(type, returned(value))) == [uuid.UUID, decimal.Decimal]
