"""States and payloads that the code that goes on has another idea of."""

import enum
import threading
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel, ConfigDict, Field, computed_field
from resume_steps import BROKEN, DONE, Does, do, fails

from process_core import ProcessBuilder, Step, StepContext, function
from process_core.resume import ResumeError


@pytest.fixture(autouse=True)
def forget():
    DONE.clear()
    BROKEN.clear()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.run"


def keeping(state_type, initial_state=None, *, version="1", migrate=None, change=lambda state: state):
    """A process whose first step keeps a state, and whose second may break."""

    class Keeper(Step[state_type]):
        @function
        async def run(self, name: str) -> str:
            self.state = change(self.state)
            return name

    Keeper.version = version
    if migrate is not None:
        Keeper.migrate = classmethod(lambda cls, state, from_version: migrate(state, from_version))
    process = ProcessBuilder("Keeping")
    keeper, does = process.add_step(Keeper, name="Keeper", initial_state=initial_state), process.add_step(Does)
    process.on_input_event("Go").send_event_to(keeper)
    keeper.on_function_result().send_event_to(does)
    return process.build()


async def kept(path, before, after=None):
    """Record a run that is cut off after the state was kept; give the state that another process finds."""
    BROKEN.add("Does.x")
    await fails(before.run("Go", "x", run_file=path))
    BROKEN.clear()
    return (await (after or before).resume(path)).step_states["Keeper"]


async def refused(path, before, after):
    with pytest.raises(ResumeError) as error:
        await kept(path, before, after)
    return str(error.value)


class Old(BaseModel):
    name: str = "n"
    count: int = 3


class Renamed(BaseModel):
    name: str = "n"
    count: int = 0


class Wider(BaseModel):
    name: str = ""
    count: int = 0
    extra: list[int] = [7]


class Narrower(BaseModel):
    name: str = ""


class Other(BaseModel):
    name: int = 0
    count: int = 0


# --- versions


async def test_a_state_of_another_version_without_migrate_is_reported(path):
    told = await refused(path, keeping(Old), keeping(Old, version="2"))
    assert "Keeper was saved by version 1, the code has 2" in told
    assert "migrate" in told


async def test_a_state_of_another_version_is_migrated_from_plain_data(path):
    seen = []

    def migrate(state, from_version):
        seen.append((state, from_version))
        return {"name": state["name"].upper(), "count": state["count"], "extra": [1]}

    found = await kept(path, keeping(Old), keeping(Wider, version="2", migrate=migrate))
    assert seen == [({"name": "n", "count": 3}, "1")]
    assert found == Wider(name="N", count=3, extra=[1])


async def test_migrate_may_give_the_state_type_itself(path):
    found = await kept(path, keeping(Old), keeping(Wider, version="2", migrate=lambda *_: Wider(name="made")))
    assert found == Wider(name="made")


async def test_a_migrate_that_raises_is_reported(path):
    def migrate(state, from_version):
        raise KeyError("nope")

    assert "'nope'" in await refused(path, keeping(Old), keeping(Old, version="2", migrate=migrate))


async def test_a_migrate_that_gives_something_else_is_reported(path):
    told = await refused(path, keeping(Old), keeping(Old, version="2", migrate=lambda *_: {"name": []}))
    assert "Keeper does not fit" in told


async def test_a_state_that_no_call_has_changed_keeps_its_version(path):
    found = await kept(path, keeping(Old, version="4"))
    assert found == Old()


async def test_a_state_written_by_a_finished_sibling_is_migrated_too(path):
    def build(version, migrate=None):
        class Keeper(Step[Old]):
            @function
            async def run(self, name: str) -> str:
                self.state.count += 1
                return name

        Keeper.version = version
        Keeper.migrate = classmethod(lambda cls, state, from_version: {**state, "name": f"from {from_version}"})
        process = ProcessBuilder("Side")
        process.on_input_event("Go").send_event_to(process.add_step(Keeper)).send_event_to(process.add_step(Does))
        return process.build()

    BROKEN.add("Does.x")
    await fails(build("1").run("Go", "x", run_file=path))
    BROKEN.clear()
    assert (await build("2").resume(path)).step_states["Keeper"] == Old(name="from 1", count=4)


# --- shapes


async def test_a_new_field_takes_its_default(path):
    assert await kept(path, keeping(Old), keeping(Wider)) == Wider(name="n", count=3, extra=[7])


async def test_a_field_that_is_gone_is_reported_and_not_dropped(path):
    told = await refused(path, keeping(Old), keeping(Narrower))
    assert "'count' is gone" in told
    assert "Step.version" in told


async def test_a_field_of_another_type_is_reported(path):
    told = await refused(path, keeping(Old), keeping(Other))
    assert "name" in told
    assert "integer" in told


async def test_a_class_with_another_name_takes_the_state(path):
    assert await kept(path, keeping(Old), keeping(Renamed)) == Renamed(count=3)


class Aliased(BaseModel):
    model_config = ConfigDict(extra="forbid")
    user: str = Field(default="me", alias="userName")

    @computed_field
    @property
    def shout(self) -> str:
        return self.user.upper()


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    tags: set[str] = {"a"}
    pair: tuple[int, str] = (1, "b")


class Point(NamedTuple):
    x: int
    y: int


class Level(enum.IntEnum):
    LOW = 1


@dataclass(frozen=True, slots=True)
class Slotted:
    point: Point = field(default_factory=lambda: Point(1, 2))
    levels: dict[Level, Any] = field(default_factory=lambda: {Level.LOW: {Level.LOW}})


class Base(BaseModel):
    a: int = 1


class Derived(Base):
    b: int = 2


@pytest.mark.parametrize(
    ("state_type", "value"),
    [
        (Aliased, Aliased(userName="you")),
        (Strict, Strict()),
        (Slotted, Slotted()),
        (Base, Derived(b=5)),
        (list[Any], [Point(3, 4), Old(), {1: "one"}, (1, {2}), None, 1.5, b"bytes"]),
        (dict[str, Old], {"a": Old(count=9)}),
        (int, 41),
        (str, "text"),
    ],
    ids=["alias", "strict", "slots", "subclass", "mixed list", "dict of models", "number", "text"],
)
async def test_a_state_comes_back_as_it_was(path, state_type, value):
    found = await kept(path, keeping(state_type, value))
    assert found == value
    assert type(found) is type(value)


async def test_classes_that_live_in_functions_are_found_by_the_step_that_names_them(path):
    @dataclass
    class Local:
        n: int = 4

    class Emits(Step):
        @function
        async def emit(self, context: StepContext) -> None:
            context.emit_event("Out", Local())

    class Takes(Step[list[int]]):
        @function
        async def take(self, value: Local) -> None:
            do("take")
            self.state.append(value.n)

    process = ProcessBuilder("Local")
    emits, takes = process.add_step(Emits), process.add_step(Takes)
    process.on_input_event("Go").send_event_to(emits)
    emits.on_event("Out").send_event_to(takes)
    built = process.build()
    BROKEN.add("take")
    await fails(built.run("Go", run_file=path))
    BROKEN.clear()
    assert (await built.resume(path)).step_states["Takes"] == [4]


# --- what was recorded only as text


class Locked(Step[dict[str, Any]]):
    @function
    async def lock(self, context: StepContext, what: str) -> None:
        if what == "state":
            self.state["lock"] = threading.Lock()
        context.emit_event("Out", threading.Lock() if what == "payload" else what)


def locked():
    process = ProcessBuilder("Locked")
    locks, does = process.add_step(Locked), process.add_step(AnyDoes)
    process.on_input_event("Go").send_event_to(locks)
    locks.on_event("Out").send_event_to(does)
    return process.build()


class AnyDoes(Step[list[str]]):
    @function
    async def run(self, what: Any) -> None:
        do("any")


@pytest.mark.parametrize(
    ("what", "where", "code"),
    [
        ("state", "the state of Locked cannot be recorded exactly", "not_serialisable"),
        ("payload", "from here: the payload of Locked.Out -> AnyDoes.run(what): ", "checkpoint_incomplete"),
    ],
)
async def test_what_can_only_be_written_as_text_is_warned_of_and_refused(path, what, where, code):
    BROKEN.add("any")
    async with locked().start("Go", what, run_file=path) as run:
        await run.idle()
        warned = [event for event in run.events if event.code == code and where in event.data]
    assert len(warned) == 1
    assert where in warned[0].data
    BROKEN.clear()
    with pytest.raises(ResumeError, match="only as text"):
        await locked().resume(path)


async def test_a_fork_may_bring_a_state_in_place_of_one_recorded_as_text(path, tmp_path):
    await locked().run("Go", "state", run_file=path)
    with pytest.raises(ResumeError):
        locked().fork(path, 1, tmp_path / "y.run")
    async with locked().fork(path, 1, tmp_path / "y.run", {"states": {"Locked": {"lock": "none"}}}) as run:
        await run.idle()
        assert run.step_states["Locked"] == {"lock": "none"}


async def test_a_result_that_nobody_takes_may_be_anything(path):
    class Gives(Step):
        @function
        async def give(self, name: str) -> object:
            do("give")
            return threading.Lock()

    process = ProcessBuilder("Gives")
    process.on_input_event("Go").send_event_to(process.add_step(Gives)).send_event_to(process.add_step(Does))
    built = process.build()
    BROKEN.add("Does.x")
    await fails(built.run("Go", "x", run_file=path))
    BROKEN.clear()
    DONE.clear()
    await built.resume(path)
    assert DONE == ["Does.x"]


async def test_a_class_that_is_gone_is_named(path, monkeypatch):
    monkeypatch.setitem(globals(), "Gone", type("Gone", (BaseModel,), {"__module__": __name__, "__qualname__": "Gone"}))
    BROKEN.add("Does.x")
    await fails(keeping(list[Any], [globals()["Gone"]()]).run("Go", "x", run_file=path))
    monkeypatch.delitem(globals(), "Gone")
    with pytest.raises(ResumeError, match=r"class test_resume_states\.Gone is not loaded"):
        await keeping(list[Any], []).resume(path)
