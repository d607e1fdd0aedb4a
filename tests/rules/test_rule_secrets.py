"""Rule 35: a secret is never written in the clear, also where it comes from outside as plain text."""

import dataclasses
import enum
from typing import Annotated, Any, Generic, NamedTuple, TypedDict, TypeVar

import pytest
from pydantic import BaseModel, Field, RootModel, SecretBytes, SecretStr

from process_core import ProcessBuilder, RunState, Step, StepContext, StepFailedError, function
from process_core.concealment import Concealment
from process_core.runfile import RunFile

SECRET = "s3cret-of-mine"
T = TypeVar("T")


class Login(BaseModel):
    user: str = "me"
    key: SecretStr = Field(SecretStr(""), validation_alias="pass")


class Nested(BaseModel):
    logins: list[Login] = []
    by_name: dict[str, Login | None] = {}
    next: "Nested | None" = None


class Logins(RootModel[list[Login]]):
    pass


class Box(BaseModel, Generic[T]):
    item: T


class Typed(TypedDict):
    key: SecretStr


class Named(NamedTuple):
    key: SecretStr


@dataclasses.dataclass
class Data:
    key: "SecretStr | None"


class Mine(SecretStr):
    pass


class Bounded(SecretStr):
    def __init__(self, value: str, limit: int) -> None:
        super().__init__(value[:limit])


class Plain(enum.Enum):
    A = SECRET


CONCEALED = [
    (SecretStr, SECRET),
    (SecretBytes, SECRET),
    (Mine, SECRET),
    (Bounded, SECRET),
    (SecretStr | None, SECRET),
    (Annotated[SecretStr, Field(min_length=3)], SECRET),
    (Login, {"user": "me", "pass": SECRET}),
    (Login, {"user": 3, "key": SECRET}),
    (Nested, {"logins": [{"key": SECRET}], "next": {"by_name": {"a": {"key": SECRET}}}}),
    (Logins, [{"key": SECRET}]),
    (Box[SecretStr], {"item": SECRET}),
    (Box[list[Login]], {"item": [{"key": SECRET}]}),
    (Typed, {"key": SECRET}),
    (Named, {"key": SECRET}),
    (Data, {"key": SECRET}),
    (list[Login], [{"key": SECRET}, {"key": 3}]),
    (dict[str, SecretStr], {"a": SECRET}),
    (tuple[int, SecretStr], [1, SECRET]),
    (tuple[SecretStr, ...], (SECRET, SECRET)),
]


@pytest.mark.parametrize(("annotation", "value"), CONCEALED, ids=lambda part: str(part)[:40])
def test_rule_35_what_a_type_calls_a_secret_is_hidden_in_plain_data(annotation, value):
    hidden = Concealment(annotation)(value)
    assert SECRET not in repr(hidden)
    assert "****" in repr(hidden)


@pytest.mark.parametrize("annotation", [Any, str, dict, int, Plain, dict[str, Any], Nested, list[str]])
@pytest.mark.parametrize("value", ["text", {"a": "text"}, ["text"], None, 3])
def test_data_without_secrets_stays_the_same_object(annotation, value):
    assert Concealment(annotation)(value) is value


class Keeper(Step[Login]):
    @function
    async def take(self, login: Login, context: StepContext) -> str:
        self.state = login
        answer = await context.request_info("key?", response_type=SecretStr)
        return answer.get_secret_value()[::-1]


def keeper():
    process = ProcessBuilder("Keeper")
    process.on_input_event("Go").send_event_to(process.add_step(Keeper))
    return process.build()


def nowhere(folder):
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files
    return all(SECRET.encode() not in file.read_bytes() for file in files)


async def test_rule_35_a_secret_that_is_sent_or_answered_as_text_stands_nowhere_in_the_run_file(tmp_path):
    async with keeper().start("Go", {"pass": SECRET}, run_file=tmp_path / "x.run") as run:
        await run.idle()
        await run.respond(run.pending_requests[0].request_id, SECRET)
        await run.idle()
        assert run.state is RunState.IDLE
        assert run.step_states["Keeper"].key.get_secret_value() == SECRET
    assert nowhere(tmp_path)
    with RunFile(tmp_path / "x.run") as file:
        assert any("****" in file.payload_text(row.data, 1000)[0] for row in file.page(0, 100) if row.data)


async def test_rule_35_a_secret_in_data_that_does_not_fit_stands_nowhere(tmp_path):
    with pytest.raises(StepFailedError) as caught:
        await keeper().run("Go", {"user": [1], "pass": SECRET}, run_file=tmp_path / "x.run")
    assert SECRET not in str(caught.value)
    assert nowhere(tmp_path)
