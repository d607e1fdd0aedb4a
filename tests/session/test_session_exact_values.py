"""Rule 35 through a session: a reload moves live values as they are, and an edit changes only what was edited."""

import collections
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel, Field, PrivateAttr
from waiting import until

from process_core.events import RunState
from process_core.runfile import RunFile
from process_core.session.client.in_process import InProcessSession
from process_core.session.client.session import CommandRefused
from process_core.session.protocol.verbs import (
    Continue,
    EditMessage,
    EditState,
    ForceComplete,
    Inject,
    ListPending,
    ReadState,
    Reload,
    Respond,
    SendEvent,
    Start,
)
from process_core.session.worker.command_errors import CommandError
from process_core.session.worker.editable import edited

SOURCE = """
import collections
import threading
from typing import Any
from pydantic import BaseModel, Field, PrivateAttr, SecretStr, field_validator
from process_core import ProcessBuilder, Step, StepContext, function

class Message(BaseModel):
    text: str

class Tool(Message):
    tool: str

class Memory(BaseModel):
    n: int = 0
    key: SecretStr = SecretStr("s3cret")
    cache: dict[str, int] = Field(default={}, exclude=True)
    messages: list[Message] = []
    anything: Any = None
    recent: collections.deque[int] = Field(default_factory=lambda: collections.deque(maxlen=3))
    _count: int = PrivateAttr(default=0)

    @field_validator("n")
    @classmethod
    def double(cls, value):
        return value * 2

class Keeper(Step[Memory]):
    @function
    async def work(self, context: StepContext) -> None:
        s = self.state
        if not s.messages:
            s.n = 1
            s.cache["a"] = 1
            s.messages += [Tool(text="x", tool="saw"), Tool(text="y", tool="axe")]
            s.anything = (1, {2}, {"lock": threading.Lock(), "tools": s.messages})
            s.recent.extend([1, 2, 3, 4])
            s._count = 7
        same = s.anything[2]["tools"] is s.messages
        await context.yield_output(
            f"n={s.n} key={s.key.get_secret_value()[::-1]} cache={s.cache} messages={s.messages} any={s.anything[:2]} "
            f"lock={type(s.anything[2]['lock']).__name__} same={same} maxlen={s.recent.maxlen} count={s._count} "
            f"{{MORE}}"
        )

class Ask(Step):
    @function
    async def ask(self, context: StepContext) -> None:
        await context.request_info("?")
        await context.emit_event("Again")

def build():
    process = ProcessBuilder("P")
    keeper, ask = process.add_step(Keeper), process.add_step(Ask)
    process.on_input_event("go").send_event_to(keeper)
    keeper.on_function_result("work").send_event_to(ask)
    ask.on_event("Again").send_event_to(keeper)
    return process.build()
"""
FIRST = SOURCE.replace("{{MORE}}", "")
KEPT = (
    "n=1 key=terc3s cache={'a': 1} messages=[Tool(text='x', tool='saw'), Tool(text='y', tool='axe')] any=(1, {2})"
    " lock=lock same=True maxlen=3 count=7 "
)


class Session:
    """A session with a process that asks after each round."""

    def __init__(self, session, folder):
        self.session = session
        self.file = folder / "a.py"

    async def asked(self):
        await until(self.session, lambda s: s.requests and s.paused is None)

    async def again(self):
        """Answer, and return what the step yields in the next round."""
        request, before = self.session.status.requests[0].request_id, len(self.outputs())
        await self.session.request(Respond(request_id=request, value="x"))
        await until(self.session, lambda s: s.requests and s.requests[0].request_id != request)
        await until(self.session, lambda _: len(self.outputs()) > before)  # the file is a little behind
        return self.outputs()[-1]

    def rows(self, kind):
        with RunFile(self.session.status.run_file) as file:
            return [(row, file.payload(row.data)) for row in file.page(0, 10_000) if row.type == kind]

    def outputs(self):
        return [data for _, data in self.rows("output")]

    async def reload(self, source):
        self.file.write_text(source)
        return await self.session.request(Reload(action="now"))


@pytest.fixture
async def session(tmp_path):
    (tmp_path / "a.py").write_text(FIRST)
    async with await InProcessSession.open(cwd=tmp_path) as opened:
        using = Session(opened, tmp_path)
        await opened.load("a.py")
        await opened.request(Start())
        await using.asked()
        yield using


async def test_rule_35_a_reload_that_changes_a_comment_changes_no_value(session):
    await session.reload(FIRST + "\n# a comment\n")
    assert session.session.status.generation == 2
    assert await session.again() == KEPT
    assert session.outputs() == [KEPT, KEPT]


async def test_a_reload_that_adds_a_field_moves_the_others_as_they_are(session):
    await session.reload(
        SOURCE.replace("    n: int = 0\n", "    n: int = 0\n    added: str = 'new'\n").replace(
            "{{MORE}}", "added={s.added}"
        )
    )
    assert await session.again() == KEPT + "added=new"


async def test_rule_35_a_reload_that_changes_a_field_validates_that_one_alone(session):
    await session.reload(
        SOURCE.replace("    n: int = 0\n", "    n: str = ''\n")
        .replace("value * 2", "f'was {value}'")
        .replace('@field_validator("n")', '@field_validator("n", mode="before")')
        .replace("{{MORE}}", "")
    )
    assert await session.again() == KEPT.replace("n=1", "n=was 1")


async def test_a_state_with_a_secret_is_warned_of_by_step_and_path_and_stands_nowhere_in_the_file(session, tmp_path):
    await session.again()  # what came before the next question is in the file by then
    secret, lock = [data for row, data in session.rows("warning") if row.code == "not_serialisable"]
    start = "the state of Keeper cannot be recorded exactly, so the run cannot be resumed: "
    assert secret == start + "key is a secret (SecretStr), which is never recorded"
    assert lock.startswith(start + "anything[2]['lock'] was recorded only as text: <unlocked _thread.lock")
    for file in tmp_path.rglob("*.run*"):
        assert b"s3cret" not in file.read_bytes()


async def test_rule_35_an_edit_of_one_field_changes_that_field_alone(session):
    shown = await session.session.request(ReadState(path="Keeper"))
    assert shown.value["key"] == "**********"
    assert not shown.is_exact
    await session.session.request(EditState(path="Keeper", state={**shown.value, "n": 5}))
    assert await session.again() == KEPT.replace("n=1", "n=10")


async def test_rule_35_sending_back_what_was_shown_changes_nothing(session):
    shown = await session.session.request(ReadState(path="Keeper"))
    await session.session.request(EditState(path="Keeper", state=shown.value))
    assert await session.again() == KEPT


async def test_an_edit_deep_inside_keeps_classes_and_neighbours(session):
    shown = await session.session.request(ReadState(path="Keeper"))
    messages = [shown.value["messages"][0], {**shown.value["messages"][1], "tool": "drill"}]
    await session.session.request(EditState(path="Keeper", state={**shown.value, "messages": messages}))
    assert await session.again() == KEPT.replace("tool='axe'", "tool='drill'").replace("same=True", "same=False")


async def test_a_removed_item_leaves_the_others_what_they_are(session):
    shown = await session.session.request(ReadState(path="Keeper"))
    messages = [shown.value["messages"][1]]
    await session.session.request(EditState(path="Keeper", state={**shown.value, "messages": messages}))
    expected = KEPT.replace("Tool(text='x', tool='saw'), ", "").replace("same=True", "same=False")
    assert await session.again() == expected


async def test_an_edit_that_does_not_fit_is_refused_and_changes_nothing(session):
    shown = await session.session.request(ReadState(path="Keeper"))
    for state in ({**shown.value, "n": "many"}, {**shown.value, "nope": 1}):
        with pytest.raises(CommandRefused):
            await session.session.request(EditState(path="Keeper", state=state))
    assert await session.again() == KEPT


# --- what comes of an edit, value by value


class Words(dict):
    """A dict of the user's."""


class Pair(NamedTuple):
    left: Any
    right: Any


class Part(BaseModel):
    n: int = 0
    seen: Any = None
    _count: int = PrivateAttr(default=0)


class Bounded(BaseModel):
    n: int = Field(default=0, ge=0)
    words: dict[str, Any] = {}


def counted(part, count):
    part._count = count
    return part


def bounded(n):
    return Bounded.model_construct(n=n, words=Words(a=1))


SEEN = (1, {2})


@pytest.mark.parametrize(
    ("value", "sent", "expected"),
    [
        ([1, SEEN], [2, [1, [2]]], [2, SEEN]),
        (collections.deque([1, SEEN], 5), [2, [1, [2]]], collections.deque([2, SEEN], 5)),
        ({1: SEEN, "b": 2}, {"1": [1, [2]], "b": 3}, {1: SEEN, "b": 3}),
        (Words(a=SEEN, b=1), {"a": [1, [2]], "b": 2}, Words(a=SEEN, b=2)),
        (collections.Counter("aab"), {"a": 3, "b": 1}, collections.Counter("aaab")),
        (collections.defaultdict(list, a=SEEN), {"a": [1, [2]], "b": []}, collections.defaultdict(list, a=SEEN, b=[])),
        (Pair(SEEN, 1), {"left": [1, [2]], "right": 2}, Pair(SEEN, 2)),
        ({"flag": True, "n": 1}, {"flag": 1, "n": True}, {"flag": 1, "n": True}),
        ([counted(Part(n=1, seen=SEEN), 7), 5], [{"n": 2, "seen": [1, [2]]}, 5], [counted(Part(n=2, seen=SEEN), 7), 5]),
        (counted(Part(n=1, seen=SEEN), 7), {"seen": [1, [2]]}, counted(Part(n=0, seen=SEEN), 7)),
        (bounded(1), {"n": 2, "words": {"a": 1}}, bounded(2)),
    ],
)
def test_only_what_was_edited_changes(value, sent, expected):
    found = edited(value, sent)
    assert found == expected
    assert repr(found) == repr(expected)
    assert type(found) is type(value)
    if isinstance(found, collections.deque):
        assert found.maxlen == value.maxlen
    if isinstance(found, Part):
        assert found._count == value._count
    if isinstance(found, Bounded):
        assert type(found.words) is Words


def test_what_was_sent_back_as_it_was_is_the_same_object():
    value = {"a": [Part(seen=SEEN)]}
    assert edited(value, {"a": [{"n": 0, "seen": [1, [2]]}]}) is value
    assert edited(value, {"a": [{"n": 0, "seen": [1, [2]]}, 5]})["a"][0] is value["a"][0]


def test_a_changed_field_is_checked_by_its_model():
    with pytest.raises(CommandError, match=r"n: Input should be greater than or equal to 0"):
        edited(Bounded(n=1), {"n": -1, "words": {}})


HIDDEN = """
from pydantic import BaseModel, SecretStr
from process_core import ProcessBuilder, Step, function

class Login(BaseModel):
    key: SecretStr = SecretStr("old")

class Keeper(Step[Login]):
    @function
    async def take(self, login: Login) -> Login:
        return login

def build():
    process = ProcessBuilder("P")
    process.on_input_event("Go").send_event_to(process.add_step(Keeper))
    return process.build()
"""


async def test_rule_35_no_edit_by_hand_writes_a_secret_in_the_clear(tmp_path):
    (tmp_path / "a.py").write_text(HIDDEN)
    secret = {"key": "s3cret"}
    async with await InProcessSession.open(cwd=tmp_path) as session:
        await session.load("a.py")
        await session.request(Start(data={"key": "x"}, has_data=True, paused=True))
        await until(session, lambda s: s.paused is not None)
        (message,) = await session.request(ListPending())
        await session.request(EditMessage(message=message.id, data=secret))
        await session.request(Inject(event="Go", data=secret, has_data=True))
        await session.request(EditState(path="Keeper", state=secret))
        await session.request(ForceComplete(path="Keeper", result=secret))
        await session.request(SendEvent(event="Go", data=secret, has_data=True))
        await session.request(Continue())
        await until(session, lambda s: s.state is RunState.IDLE)
        with RunFile(session.status.run_file) as file:
            edits = [file.payload(row.data) for row in file.page(0, 1000) if row.type == "operator" and row.data]
        assert len(edits) == 4
    files = [file for file in tmp_path.rglob("*") if file.is_file() and file.suffix != ".py"]
    assert files
    assert all(b"s3cret" not in file.read_bytes() for file in files)
