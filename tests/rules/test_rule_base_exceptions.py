"""Rule 12: what is no `Exception` ends nothing but what raised it, wherever the engine calls code of the user's."""

import asyncio
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, field_validator
from rules_observing import of, said

from process_core import ProcessBuilder, ProcessDefinitionError, ProcessError, RunState, Step, StepContext, function
from process_core.errors import InvalidResponseError


class OwnError(BaseException):
    pass


KINDS = [SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError, OwnError]
pytestmark = [pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__), pytest.mark.timeout(20)]


def raising(kind):
    def method(*_: Any, **__: Any) -> Any:
        raise kind("no")

    return method


class Emits(Step):
    value: Any = 1

    @function
    async def go(self, context: StepContext) -> None:
        context.emit_event("X", Emits.value)
        context.emit_event("Y", 1)


class Takes(Step):
    @function
    async def take(self, value: Any) -> None:
        pass


def chain(last: type[Step], *, value: Any = 1, when: Any = None, **options: Any) -> Any:
    Emits.value = value
    builder = ProcessBuilder("P")
    first, other = builder.add_step(Emits), builder.add_step(Takes)
    second = builder.add_step(last, name="Last", **options)
    builder.on_input_event("go").send_event_to(first)
    route = first.on_event("X")
    (route if when is None else route.when(when)).send_event_to(second)
    first.on_event("Y").send_event_to(other)
    return builder.build()


async def outcome(process: Any, tmp_path: Any) -> tuple[RunState, list[Any]]:
    """Run to the end, recorded, beside a task of somebody else's; the test's timeout is for what hangs."""
    bystander = asyncio.create_task(asyncio.sleep(3600))
    async with process.start("go", run_file=tmp_path / "a.run", collect_events=True) as run:
        state, events = await run.idle(), run.events
    assert not bystander.done()
    bystander.cancel()
    return state, events


def failure_of(events: list[Any]) -> str:
    (failed,) = of(events, "executor_failed")
    assert failed.path == "Last"
    return f"{failed.details}"


async def test_in_a_function_it_fails_the_step(kind, tmp_path):
    class Last(Step):
        @function
        async def take(self, value: Any) -> None:
            raise kind("no")

    state, events = await outcome(chain(Last), tmp_path)
    assert state is RunState.FAILED
    failure_of(events)


@pytest.mark.parametrize("method", ["__str__", "__repr__"])
async def test_in_the_text_of_an_exception_it_fails_the_step(kind, method, tmp_path):
    bad = type("UnspeakableError", (Exception,), {method: raising(kind)})

    class Last(Step):
        @function
        async def take(self, value: Any) -> None:
            try:
                raise bad("inner")
            except bad as error:
                raise ValueError("outer") from error

    state, events = await outcome(chain(Last), tmp_path)
    assert state is RunState.FAILED
    assert "outer" in failure_of(events)

    class Alone(Step):
        @function
        async def take(self, value: Any) -> None:
            raise bad("alone")

    state, events = await outcome(chain(Alone), tmp_path / "b")
    assert state is RunState.FAILED
    assert "UnspeakableError" in failure_of(events)


async def test_in_a_validator_it_is_a_payload_that_does_not_fit(kind, tmp_path):
    class Model(BaseModel):
        x: int

        @field_validator("x", mode="before")
        @classmethod
        def check(cls, value: Any) -> Any:
            raise kind("no")

    class Last(Step):
        @function
        async def take(self, value: Model) -> None:
            pass

    state, events = await outcome(chain(Last, value={"x": 1}), tmp_path)
    assert state is RunState.FAILED
    assert kind.__name__ in failure_of(events)


async def test_in_a_condition_it_is_a_condition_that_failed(kind, tmp_path):
    state, events = await outcome(chain(Takes, when=raising(kind)), tmp_path)
    assert state is RunState.FAILED
    (failed,) = [event for event in of(events, "warning") if event.code == "condition_failed"]
    assert f"raised {kind.__name__}: no" in said(failed)


@pytest.mark.parametrize("where", ["factory", "activate"])
async def test_in_making_a_step_it_fails_the_step(kind, where, tmp_path):
    class Last(Step[dict]):
        if where == "activate":

            async def activate(self, state: Any) -> None:
                raise kind("no")

        @function
        async def take(self, value: Any) -> None:
            pass

    options: dict[str, Any] = {"factory": raising(kind)} if where == "factory" else {}
    state, events = await outcome(chain(Last, **options), tmp_path)
    assert state is RunState.FAILED
    assert kind.__name__ in failure_of(events)


async def test_in_making_a_state_it_is_a_problem_of_the_definition(kind):
    class Last(Step[type("State", (), {"__init__": raising(kind)})]):
        @function
        async def take(self, value: Any) -> None:
            pass

    with pytest.raises(ProcessDefinitionError, match="cannot be made: no"):
        chain(Last)


async def test_in_copying_an_initial_state_the_run_does_not_begin(kind, tmp_path):
    state = type("State", (), {"__deepcopy__": raising(kind)})

    class Last(Step[state]):
        @function
        async def take(self, value: Any) -> None:
            pass

    with pytest.raises(ProcessError, match=f"initial state of Last cannot be made: {kind.__name__}"):
        await outcome(chain(Last, initial_state=state()), tmp_path)


@pytest.mark.parametrize("is_async", [False, True])
async def test_in_deactivate_it_is_a_warning(kind, is_async, tmp_path):
    class Last(Step):
        if is_async:

            async def deactivate(self) -> None:
                raise kind("no")
        else:
            deactivate = raising(kind)

        @function
        async def take(self, value: Any) -> None:
            pass

    state, events = await outcome(chain(Last), tmp_path)
    assert state is RunState.IDLE
    (warning,) = [event for event in of(events, "warning") if event.code == "deactivate_failed"]
    assert kind.__name__ in said(warning)


HOSTILE = (
    "__str__", "__repr__", "__eq__", "__hash__", "__len__", "__iter__", "__getattr__", "__getattribute__", "__bool__",
    "__format__", "__reduce__", "__reduce_ex__", "__copy__", "__deepcopy__", "__contains__", "__getitem__", "__dir__",
    "items", "keys", "values", "__getstate__", "__setstate__", "__sizeof__", "__index__", "__int__", "encode", "__lt__",
)  # fmt: skip


@pytest.mark.parametrize("base", [object, dict, list, str, int, tuple, set], ids=lambda base: base.__name__)
async def test_in_the_methods_of_a_payload_it_harms_nothing(kind, base, tmp_path):
    bad = type("Hostile", (base,), {name: raising(kind) for name in HOSTILE} | {"__class__": property(raising(kind))})
    made = base.__new__(bad, *{tuple: ((1,),), int: (5,)}.get(base, ()))
    state, events = await outcome(chain(Takes, value=[made]), tmp_path)
    assert state is RunState.IDLE
    assert not of(events, "executor_failed")

    class Last(Step):
        @function
        async def take(self, value: Takes) -> None:
            pass

    state, events = await outcome(chain(Last, value=made), tmp_path / "b")
    assert state is RunState.FAILED
    assert "expected Takes" in failure_of(events)


async def test_in_a_state_it_harms_nothing(kind, tmp_path):
    class Last(Step[dict]):
        @function
        async def take(self, value: Any) -> None:
            self.state["x"] = type("Hostile", (), {name: raising(kind) for name in HOSTILE})()

        @function
        async def handle(self, value: Any) -> None: ...

    Emits.value = 1
    builder = ProcessBuilder("P")
    first, last = builder.add_step(Emits), builder.add_step(Last, name="Last", initial_state={})
    handler = builder.add_step(Takes)
    builder.on_input_event("go").send_event_to(first)
    first.on_event("X").send_event_to(last, function="take")
    first.on_event("Y").send_event_to(last, function="take")
    builder.on_error().send_event_to(handler)
    state, events = await outcome(builder.build(), tmp_path)
    assert state is RunState.IDLE
    assert not of(events, "executor_failed")


async def test_in_the_text_of_a_log_it_fails_the_step_at_most(kind, tmp_path):
    class Last(Step):
        @function
        async def take(self, value: Any, context: StepContext) -> None:
            context.logger.warning(type("Mute", (), {"__str__": raising(kind)})())

    state, events = await outcome(chain(Last), tmp_path)
    assert state is RunState.FAILED
    failure_of(events)


async def test_in_the_check_of_an_answer_the_answer_is_refused(kind):
    def check(value: int) -> int:
        raise kind("no")

    class Asks(Step):
        @function
        async def ask(self, context: StepContext) -> None:
            await context.request_info("?", response_type=Annotated[int, AfterValidator(check)])

    builder = ProcessBuilder("P")
    builder.on_input_event("go").send_event_to(builder.add_step(Asks))
    async with builder.build().start("go") as run:
        await run.idle()
        (request,) = run.pending_requests
        with pytest.raises(InvalidResponseError, match=kind.__name__):
            await run.respond(request.request_id, 1)
        assert run.state is RunState.IDLE_WITH_PENDING_REQUESTS
