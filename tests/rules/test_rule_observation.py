"""Rules 20 and 43: an event shows a value as it was, and observing neither clones an owner nor runs the user's code."""

import collections
import dataclasses
import gc
import os
import pathlib
import shutil
import tempfile
import threading
import weakref
from typing import Any

import pytest
from pydantic import BaseModel, PrivateAttr, SecretStr

from process_core import ProcessBuilder, Step, StepContext, function
from process_core.engine.recorder import snapshot
from process_core.safe_repr import Unsnapshotable


class Owner:
    """As in many client libraries: closes what it owns when it is collected."""

    def __init__(self) -> None:
        self.fd = os.open(os.devnull, os.O_RDONLY)

    def __del__(self) -> None:
        os.close(self.fd)

    def is_open(self) -> bool:
        try:
            os.fstat(self.fd)
        except OSError:
            return False
        return True


class Folder:
    def __init__(self) -> None:
        self.path = pathlib.Path(tempfile.mkdtemp())
        self.finalizer = weakref.finalize(self, shutil.rmtree, self.path)

    def is_open(self) -> bool:
        return self.path.is_dir()


def passing(make):
    class Makes(Step):
        @function
        async def make(self) -> object:
            return make()

    class Keeps(Step[dict]):
        @function
        async def keep(self, value: object, context: StepContext) -> None:
            self.state["kept"] = value
            context.emit_event("Next", {"deep": [value]})

        @function
        async def use(self, value: Any = None) -> bool:
            return self.state["kept"].is_open()

    process = ProcessBuilder("Passing")
    makes, keeps = process.add_step(Makes), process.add_step(Keeps)
    process.on_input_event("Go").send_event_to(makes)
    process.on_input_event("Use").send_event_to(keeps, function="use")
    makes.on_function_result().send_event_to(keeps, function="keep")
    keeps.on_event("Next").send_event_to(keeps, function="use")
    return process.build()


@pytest.mark.parametrize("make", [Owner, Folder])
@pytest.mark.parametrize("is_recorded", [False, True])
async def test_passing_an_object_on_does_not_close_what_it_owns(make, is_recorded, tmp_path):
    options = {"run_file": tmp_path / "x.run"} if is_recorded else {}
    async with passing(make).start("Go", **options) as run:
        await run.idle()
        results = [event.data for event in run.events if event.type == "executor_completed" and event.function == "use"]
        run.events.clear()
        gc.collect()
        await run.send_event("Use")
        await run.idle()
        results += [event.data for event in run.events if event.type == "executor_completed"]
    assert results == [True, True]


class Model(BaseModel):
    parts: Any = None
    key: SecretStr = SecretStr("x")
    _count: int = PrivateAttr(default=0)

    def __deepcopy__(self, memo=None):
        raise AssertionError("nothing of the user's runs")

    __copy__ = __deepcopy__


@dataclasses.dataclass
class Data:
    parts: Any


class Attributes:
    def __init__(self) -> None:
        self.parts = [1]

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)


class Words(dict):
    """A dict of the user's."""


GONE: list[type] = []


@dataclasses.dataclass
class OwningData:
    handle: int = 1

    def __del__(self):
        GONE.append(OwningData)


class OwningModel(BaseModel):
    handle: int = 1

    def __del__(self):
        GONE.append(OwningModel)


class OwningWords(dict):
    def __del__(self):
        GONE.append(OwningWords)


@pytest.mark.parametrize("wrap", [list, tuple, lambda v: {"k": list(v)}, lambda v: collections.deque(v, 5), Words])
def test_a_copy_is_of_the_same_types_and_does_not_change_with_the_original(wrap):
    model, data, plain, words = Model(parts=[1]), Data([{1}]), Attributes(), Words(a=[1])
    model._count = 7
    items = [("m", model), ("d", data), ("p", plain), ("w", words), ("m2", model)]
    copy = snapshot(wrap(items))
    before = repr(copy).count("[1]")
    model.parts.append(2)
    data.parts.append(2)
    plain.parts.append(2)
    words["a"].append(2)
    assert repr(copy).count("[1]") == before
    copied = dict(copy["k"] if isinstance(copy, dict) and "k" in copy else copy)
    assert [type(part) for part in copied.values()] == [Model, Data, Attributes, Words, Model]
    assert copied["m"].parts == [1]
    assert copied["m"] is copied["m2"] or wrap is Words
    assert copied["m"]._count == 7
    assert copied["m"].key.get_secret_value() == "x"
    assert copied["p"].parts == [1]


def test_a_value_that_holds_itself_is_copied_so():
    value: list[Any] = [1]
    value.append({"me": value})
    copy = snapshot(value)
    assert copy is not value
    assert copy[1]["me"] is copy


def test_what_may_own_something_is_shown_by_its_repr_where_it_stands():
    copy = snapshot({"lock": threading.Lock(), "owner": [Owner()], "n": 1})
    assert copy["n"] == 1
    assert type(copy["lock"]) is Unsnapshotable
    assert type(copy["owner"][0]) is Unsnapshotable


@pytest.mark.parametrize("kind", [OwningData, OwningModel, OwningWords])
def test_data_that_owns_something_is_never_cloned(kind):
    value = kind()
    copy = snapshot([value])
    assert type(copy[0]) is Unsnapshotable
    del copy
    assert GONE == []
    del value
    assert GONE.pop() is kind
