"""Rule 43: what no payload can be checked against is a problem of the definition, or fails the step that asks."""

import sys
import typing
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pytest
import typing_extensions
from pydantic import BaseModel
from rules_observing import problem
from rules_steps import Seen

from process_core import ProcessBuilder, Step, StepContext, StepFailedError, StepFailure, function
from process_core.errors import PayloadMismatchError, SchemaError
from process_core.payload_check import PayloadCheck, check_annotation


class Wrong(typing.TypedDict):
    a: int


class Right(typing_extensions.TypedDict):
    a: int


class Absent(BaseModel):
    value: "NotHere"  # noqa: F821 - as if it were imported for type checking only


@dataclass
class AbsentRecord:
    value: "NotHere"  # noqa: F821 - likewise


class Hook:
    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        raise RuntimeError("no schema today")


class Client:
    """Pydantic knows nothing of it, and need not."""


@dataclass
class Holds:
    client: Client


OLD = sys.version_info < (3, 12)
BAD = [
    *([pytest.param(Wrong, "from typing_extensions import TypedDict", id="TypedDict")] if OLD else []),
    *([pytest.param(list[Wrong], "from typing_extensions import TypedDict", id="list of TypedDict")] if OLD else []),
    pytest.param(Absent, "import the name at the top of the module", id="model"),
    pytest.param(AbsentRecord, "import the name at the top of the module", id="dataclass"),
    pytest.param(Hook, "correct what makes its schema", id="hook"),
    pytest.param(dict[str, Hook | None], "correct what makes its schema", id="hook within"),
    pytest.param(typing.Self, "annotate it with a type of its own", id="Self"),
]


def taking(annotation):
    class Takes(Step[Seen]):
        @function
        def take(self, value: annotation) -> None:
            self.state.values.append(value)

    process = ProcessBuilder("P")
    step = process.add_step(Takes, name="S")
    process.on_input_event("go").send_event_to(step)
    return process


@pytest.mark.parametrize(("annotation", "advice"), BAD)
def test_rule_43_a_parameter_that_no_payload_can_be_checked_against_is_a_problem(annotation, advice):
    found = problem(taking(annotation), "unusable_annotation")
    assert (found.step, found.function) == ("S", "take")
    assert "'value'" in found.message
    assert advice in found.suggestion


@pytest.mark.parametrize(("state_type", "advice"), BAD[:-1])
def test_rule_43_a_state_that_cannot_be_checked_is_a_problem(state_type, advice):
    class Keeps(Step[state_type]):
        @function
        def keep(self) -> None: ...

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Keeps, name="S", initial_state={}))
    found = problem(process, "unusable_annotation")
    assert found.step == "S"
    assert "the state of Keeps" in found.message
    assert advice in found.suggestion


def test_rule_43_a_state_type_that_is_not_there_is_a_problem():
    class Keeps(Step["NotHere"]):
        @function
        def keep(self) -> None: ...

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Keeps, name="S"))
    found = problem(process, "unresolved_annotation")
    assert "the state type of Keeps" in found.message
    assert "import the name" in found.suggestion


@pytest.mark.parametrize("response_type", [Hook, Absent])
async def test_rule_43_a_question_whose_answer_cannot_be_checked_fails_the_step_that_asks(response_type):
    class Asks(Step):
        @function
        async def ask(self, context: StepContext) -> None:
            await context.request_info("?", response_type=response_type)

    class Handles(Step[Seen]):
        @function
        async def handle(self, failure: StepFailure) -> None:
            self.state.values.append(failure.message)

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Asks))
    process.on_error().send_event_to(process.add_step(Handles))
    result = await process.build().run("go")
    (message,) = result.step_states["Handles"].values
    assert "no payload can be checked against" in message


async def test_what_pydantic_knows_nothing_of_is_taken_as_it_is_and_nothing_else():
    client = Holds(Client())
    result = await taking(Holds).build().run("go", client)
    assert result.step_states["S"].values[0] is client
    with pytest.raises(StepFailedError, match="expected Holds, got dict"):
        await taking(Holds).build().run("go", {"client": 1})


def test_what_is_taken_as_it_is_needs_no_pydantic():
    check_annotation(dict[str, list[int | None]])
    check_annotation(Holds)
    check_annotation(Right)
    with pytest.raises(SchemaError):
        check_annotation(Hook)


# The bound of a type variable.

Number = TypeVar("Number", bound=int)
Either = TypeVar("Either", int, str)
Model = TypeVar("Model", bound="Bounded")
Anything = TypeVar("Anything")


class Bounded(BaseModel):
    n: int = 0


class Generics(Step[Seen], Generic[Model]):
    @function
    async def take(self, value: Model) -> None:
        self.state.values.append(value)


@pytest.mark.parametrize(
    ("annotation", "given", "taken"), [(Number, "5", 5), (Either, "x", "x"), (Anything, object, object)], ids=str
)
def test_the_bound_of_a_type_variable_is_checked(annotation, given, taken):
    assert PayloadCheck(annotation)(given) == taken


@pytest.mark.parametrize(("annotation", "given"), [(Number, "five"), (Either, 1.5)], ids=str)
def test_what_is_out_of_the_bound_of_a_type_variable_is_a_mismatch(annotation, given):
    with pytest.raises(PayloadMismatchError):
        PayloadCheck(annotation)(given)


async def test_a_bound_that_is_written_as_a_text_is_resolved():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Generics, name="S"))
    result = await process.build().run("go", {"n": 3})
    assert result.step_states["S"].values == [Bounded(n=3)]
    with pytest.raises(StepFailedError, match="expected Bounded"):
        await process.build().run("go", "text")
