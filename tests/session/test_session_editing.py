"""Surgery through the session: every command, what it answers, what the status shows, and why it is refused."""

import asyncio
import os
import signal

import pytest
from waiting import until

from process_core.events import RunState
from process_core.runfile import RunFile
from process_core.session.client.in_process import InProcessSession
from process_core.session.client.session import CommandRefused
from process_core.session.client.worker_process import WorkerSession
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.verbs import (
    AddBreakpoint,
    Continue,
    DropMessage,
    DuplicateMessage,
    EditMessage,
    EditState,
    ForceComplete,
    HoldMessage,
    Inject,
    ListPending,
    MoveMessage,
    Next,
    ReadMessage,
    ReadState,
    Respond,
    SendEvent,
    Start,
    StepOnce,
    Stop,
    Undo,
)

PATIENCE = 40
SHOP = """
from datetime import date
from pydantic import BaseModel, Field
from process_core import ProcessBuilder, Step, StepContext, function


class Order(BaseModel):
    id: int
    due: date = date(2026, 1, 2)
    tags: set[str] = set()


class Stock(BaseModel):
    left: int = Field(10, ge=0)
    taken: list[int] = []


class Split(Step):
    @function
    async def split(self, context: StepContext, count: int) -> None:
        for number in range(count):
            await context.emit_event("Ordered", Order(id=number))


class Reserve(Step[Stock]):
    @function
    async def reserve(self, order: Order) -> int:
        print("reserved", order.id)
        self.state.left -= 1
        self.state.taken.append(order.id)
        return order.id


class Confirm(Step):
    @function
    async def confirm(self, context: StepContext, order) -> None:
        await context.request_info(f"ship {order}?")


def build():
    process = ProcessBuilder("Shop")
    split, reserve, confirm = process.add_step(Split), process.add_step(Reserve), process.add_step(Confirm)
    process.on_input_event("Go").send_event_to(split)
    process.on_input_event("Ask").send_event_to(confirm)
    split.on_event("Ordered").send_event_to(reserve)
    return process
"""


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "shop.py").write_text(SHOP)
    return folder


@pytest.fixture
async def session(project, tmp_path):
    async with await InProcessSession.open(cwd=project, runs_dir=tmp_path / "runs") as session:
        await session.load("shop.py")
        yield session


async def paused(session, count=3):
    """Start a run that is paused before its orders are reserved; give the ids of their messages."""
    await session.request(AddBreakpoint(breakpoint=BreakpointSpec(event="Ordered", once=True)))
    await session.request(Start(event="Go", data=count, has_data=True))
    await until(session, lambda status: status.paused)
    return [message.id for message in await session.request(ListPending())]


async def pending(session):
    return await session.request(ListPending())


async def go_on(session):
    await session.request(Continue())
    status = await until(session, lambda status: status.state not in {None, RunState.IN_PROGRESS})
    return status.run_file


async def settled(session, condition):
    """Read the run file when all that was recorded is in it."""
    status = session.status
    async with asyncio.timeout(PATIENCE):
        while True:
            with RunFile(status.run_file) as file:
                rows = file.page(0, 10_000)
                if condition(rows):
                    return rows, file.state_at(rows[-1].seq)
            await asyncio.sleep(0.01)


async def taken(session):
    _, states = await settled(session, lambda rows: rows and rows[-1].type == "status" and len(rows) > 10)
    state = states["Reserve"]
    return state.value["taken"] if hasattr(state, "value") else state["taken"]


async def refusal(session, command):
    with pytest.raises(CommandRefused) as refused:
        await session.request(command)
    return refused.value.failure


async def test_messages_are_moved_dropped_doubled_and_edited(session):
    first, second, third = await paused(session)
    act = await session.request(MoveMessage(message=third))
    assert act.text == "delivers first Ordered -> Reserve.reserve(order)"
    await session.request(DropMessage(message=second))
    await session.request(DuplicateMessage(message=third))
    await session.request(EditMessage(message=first, data={"id": 40}))
    shown = await pending(session)
    assert [(m.id, m.changed, m.next) for m in shown if m.id in (first, third)] == [
        (third, False, True),
        (first, True, False),
    ]
    assert len(shown) == 3
    await go_on(session)
    assert await taken(session) == [2, 2, 40]


async def test_the_status_says_what_undo_would_take_back(session):
    first, *_ = await paused(session)
    await session.request(DropMessage(message=first))
    status = await until(session, lambda status: status.undo is not None)
    assert status.undo == "drops Ordered -> Reserve.reserve(order)"
    assert status.pending == 2
    act = await session.request(Undo())
    assert act.text == "undoes: drops Ordered -> Reserve.reserve(order)"
    status = await until(session, lambda status: status.undo is None)
    assert status.pending == 3
    assert (await refusal(session, Undo())).code == "nothing_to_undo"
    await go_on(session)
    assert await taken(session) == [0, 1, 2]


async def test_a_held_message_is_shown_and_let_go_after_the_run_came_to_rest(session):
    first, *_ = await paused(session)
    await session.request(HoldMessage(message=first))
    assert [m.held for m in await pending(session)] == [False, False, True]
    await go_on(session)
    (message,) = await pending(session)
    assert (message.id, message.held) == (first, True)
    await session.request(HoldMessage(message=first, held=False))
    async with asyncio.timeout(PATIENCE):
        while await pending(session):
            await asyncio.sleep(0.01)
    rows, _ = await settled(session, lambda rows: [r.type for r in rows].count("executor_completed") == 4)
    assert [row.code for row in rows if row.type == "operator"] == ["hold", "let_go"]


async def test_a_payload_is_read_edited_as_json_and_checked(session):
    first, *_ = await paused(session)
    found = await session.request(ReadMessage(message=first))
    assert found.value == {"id": 0, "due": "2026-01-02", "tags": []}
    assert found.is_exact
    assert found.schema_["properties"]["id"] == {"title": "Id", "type": "integer"}
    failure = await refusal(session, EditMessage(message=first, data={"id": "x"}))
    assert failure.code == "payload_mismatch"
    assert "id: Input should be a valid integer" in failure.message
    await session.request(EditMessage(message=first, data=found.value))
    await go_on(session)
    assert await taken(session) == [0, 1, 2]


async def test_a_state_is_read_edited_as_json_and_checked(session):
    await paused(session)
    found = await session.request(ReadState(path="Reserve"))
    assert (found.value, found.is_exact) == ({"left": 10, "taken": []}, True)
    failure = await refusal(session, EditState(path="Reserve", state={"left": -1}))
    assert (failure.code, "greater than or equal to 0" in failure.message) == ("invalid_state", True)
    assert (await session.request(ReadState(path="Reserve"))).value == {"left": 10, "taken": []}
    await session.request(EditState(path="Reserve", state={"left": 3, "taken": [99]}))
    await go_on(session)
    assert await taken(session) == [99, 0, 1, 2]


async def test_an_event_is_injected(session):
    await paused(session, count=1)
    await session.request(Inject(event="Ordered", data={"id": 7}, has_data=True, step="Split"))
    await session.request(Inject(event="Go", data=2, has_data=True))
    failure = await refusal(session, Inject(event="Orderd", step="Split"))
    assert (failure.code, "did you mean 'Ordered'" in failure.message) == ("unknown_event", True)
    assert (await refusal(session, Inject(event="Ordered", step="split"))).code == "unknown_step"
    assert (await refusal(session, Inject(event="Go", data=[1], has_data=True))).code == "payload_mismatch"
    await session.request(Next())
    await until(session, lambda status: status.paused and status.superstep == 3)
    await go_on(session)
    assert await taken(session) == [0, 7, 0, 1]


async def test_a_call_is_completed_by_hand(session):
    await paused(session)
    await session.request(ForceComplete(path="Reserve", result=5))
    assert [m.changed for m in await pending(session)] == [True, False, False]
    await go_on(session)
    assert await taken(session) == [1, 2]
    await session.request(SendEvent(event="Ask", data=1, has_data=True))
    await until(session, lambda status: status.requests)
    await session.request(ForceComplete(path="Confirm"))
    status = await until(session, lambda status: not status.requests)
    assert (await refusal(session, Respond(request_id="request-1", value="yes"))).code == "unknown_request"
    await until(session, lambda status: status.state is RunState.IDLE)
    assert status.run_id == session.status.run_id


ALL = [
    MoveMessage(message=1),
    HoldMessage(message=1),
    DropMessage(message=1),
    DuplicateMessage(message=1),
    EditMessage(message=1, data=1),
    Inject(event="Go", data=1, has_data=True),
    EditState(path="Reserve", state={}),
    ForceComplete(path="Reserve"),
    Undo(),
]


@pytest.mark.parametrize("command", ALL, ids=lambda command: command.type)
async def test_nothing_is_done_to_a_run_that_has_ended(session, command):
    await paused(session)
    await session.request(Stop())
    await until(session, lambda status: status.state is RunState.CANCELLED)
    assert (await refusal(session, command)).code == "run_ended"
    assert session.status.undo is None


@pytest.mark.parametrize("command", [*ALL, ReadMessage(message=1), ReadState(path="x")], ids=lambda c: c.type)
async def test_nothing_is_done_before_there_is_a_run(session, command):
    assert (await refusal(session, command)).code == "no_run"


@pytest.mark.parametrize("number", [0, -1, 10**30])
async def test_an_unknown_message_is_refused(session, number):
    await paused(session)
    for kind in (MoveMessage, HoldMessage, DropMessage, DuplicateMessage, ReadMessage):
        failure = await refusal(session, kind(message=number))
        assert failure.code == "unknown_message"
        assert ("list them again" if number else "has no number") in failure.message


HOSTILE = ["", "\x1b]52;c;x\x07", "[@click=app.quit]x[/]", "a/../b", "__class__", "Reserve/" * 3000]


@pytest.mark.parametrize("text", HOSTILE, ids=["empty", "escape", "markup", "up", "dunder", "long"])
async def test_hostile_names_are_refused_and_repeated_bounded(session, text):
    await paused(session)
    for command, code in (
        (Inject(event=text), "unknown_event"),
        (Inject(event="Go", step=text), "unknown_step"),
        (EditState(path=text, state=1), "unknown_step"),
        (ReadState(path=text), "unknown_step"),
        (ForceComplete(path=text), "unknown_step"),
    ):
        failure = await refusal(session, command)
        assert failure.code == code
        assert len(failure.message) <= 4000


async def test_a_changed_run_that_is_killed_goes_on_with_its_changed_queue(project, tmp_path):
    async with await WorkerSession.open(cwd=project, runs_dir=tmp_path / "runs") as session:
        await session.load("shop.py")
        _, second, third = await paused(session)
        await session.request(StepOnce())
        await until(session, lambda status: status.paused and status.paused.message.id == second)
        await session.request(MoveMessage(message=third))
        await session.request(EditMessage(message=second, data={"id": 40}))
        await session.request(EditState(path="Reserve", state={"left": 5, "taken": [99]}))
        act = await session.request(Inject(event="Ordered", data={"id": 7}, has_data=True, step="Split"))
        await until(session, lambda status: status.written >= act.seq)
        path = session.status.run_file
        os.kill(session.pid, signal.SIGKILL)
        await until(session, lambda _: session.died is not None)
        await session.resume(path)
        await until(session, lambda status: status.state is RunState.IDLE)
        _, states = await settled(session, lambda rows: rows[-1].type == "status" and rows[-1].seq > act.seq + 10)
        assert states["Reserve"].value["taken"] == [99, 2, 40, 7]
        with RunFile(path) as file:
            rows = file.page(0, 10_000)
            printed = [
                str(file.payload(row.data)).strip() for row in rows if row.type == "log" and row.path == "Reserve"
            ]
        assert [text for text in printed if text.startswith("reserved")] == [
            "reserved 0",
            "reserved 2",
            "reserved 40",
            "reserved 7",
        ]
