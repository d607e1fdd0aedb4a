"""A stand-in for a run file: rows made up on the spot, so that a million cost nothing."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass
class FakeRow:
    seq: int = 1
    type: str = "data"
    timestamp: float = 0.0
    superstep: int = 0
    path: str = ""
    step: str | None = None
    function: str | None = None
    event_id: str | None = None
    state: Any = None
    causes: tuple[int, ...] = ()
    route: str | None = None
    preview: str = ""
    code: str | None = None
    data: Any = None
    details: Any = None
    size: int = 0
    request_id: str | None = None
    response_type: str | None = None


class FakeSource:
    def __init__(self, make: Callable[[int], FakeRow], count: int) -> None:
        self.make, self.count_rows = make, count
        self.pages_read: list[tuple[int, int]] = []

    def page(self, start_index: int, limit: int) -> Sequence[FakeRow]:
        self.pages_read.append((start_index, limit))
        return [self.make(seq) for seq in range(max(0, start_index) + 1, min(self.count_rows, start_index + limit) + 1)]

    def row(self, seq: int) -> FakeRow | None:
        return self.make(seq) if 1 <= seq <= self.count_rows else None

    def effects(self, seq: int, limit: int = 1000) -> Sequence[FakeRow]:
        found = (self.make(later) for later in range(seq + 1, self.count_rows + 1))
        return [row for row in found if seq in row.causes][:limit]

    def payload_text(self, ref: Any, limit: int) -> tuple[str, int]:
        text = json.dumps(ref)
        return text[:limit], len(text)

    def view(self, chosen: Any) -> Any:
        raise NotImplementedError("a filter needs a run file")


def rows_source(rows: Sequence[FakeRow]) -> FakeSource:
    return FakeSource(lambda seq: rows[seq - 1], len(rows))


def loop_row(seq: int) -> FakeRow:
    """A chat that goes on for ever: ask, answer, emit, respond; one superstep each eight rows."""
    place, superstep = (seq - 1) % 8, (seq - 1) // 8 + 1
    at = {"seq": seq, "timestamp": 1000 + seq * 0.0123, "superstep": superstep}
    before = (seq - 1,) if seq > 1 else ()
    ask = {"path": "chat/UserInput", "step": "UserInput", "function": "ask"}
    respond = {"path": "chat/Response", "step": "Response", "function": "GetChatResponse"}
    return [
        FakeRow(**at, type="superstep_started"),
        FakeRow(**at, **ask, type="executor_invoked", causes=before, preview="{}"),
        FakeRow(**at, **ask, type="log", preview=f"asking for the {seq}th time"),
        FakeRow(
            **at, **ask, type="event_emitted", event_id="UserInputReceived", causes=(seq - 2,), preview=f"hello {seq}"
        ),
        FakeRow(**at, **ask, type="executor_completed", causes=(seq - 3,), preview="None"),
        FakeRow(**at, **respond, type="executor_invoked", causes=(seq - 2,), preview="{'user_message': 'hello'}"),
        FakeRow(
            **at, **respond, type="event_emitted", event_id="Replied", causes=(seq - 1,), preview=f"reply to {seq}"
        ),
        FakeRow(**at, type="superstep_completed"),
    ][place]


def story() -> list[FakeRow]:
    """One of everything."""
    ui = {"path": "UserInput", "step": "UserInput", "function": "ask"}
    rs = {"path": "Response", "step": "Response", "function": "GetChatResponse"}
    inner = {"path": "billing/Charge", "step": "Charge", "function": "charge"}
    rows = [
        FakeRow(type="started", event_id="startProcess"),
        FakeRow(type="status", state="IN_PROGRESS"),
        FakeRow(type="superstep_started", superstep=1),
        FakeRow(
            type="executor_invoked",
            superstep=1,
            path="Intro",
            step="Intro",
            function="introduce",
            causes=(1,),
            preview="{}",
        ),
        FakeRow(
            type="log", superstep=1, path="Intro", step="Intro", function="introduce", preview="loading the model …"
        ),
        FakeRow(
            type="executor_completed",
            superstep=1,
            path="Intro",
            step="Intro",
            function="introduce",
            causes=(4,),
            preview="Hello! How can I help?",
        ),
        FakeRow(type="superstep_completed", superstep=1),
        FakeRow(type="superstep_started", superstep=2),
        FakeRow(type="executor_invoked", superstep=2, **ui, causes=(6,), preview="{}"),
        FakeRow(type="request_info", superstep=2, **ui, causes=(9,), preview="You"),
        FakeRow(type="superstep_completed", superstep=2),
        FakeRow(type="response", superstep=2, **ui, causes=(10,), preview="hello"),
        FakeRow(type="superstep_started", superstep=3),
        FakeRow(type="event_emitted", superstep=3, **ui, event_id="UserInputReceived", causes=(12,), preview="hello"),
        FakeRow(type="executor_completed", superstep=3, **ui, causes=(12,), preview="None"),
        FakeRow(type="superstep_completed", superstep=3),
        FakeRow(
            type="breakpoint_hit",
            superstep=3,
            path="Response",
            step="Response",
            event_id="UserInputReceived",
            causes=(14,),
        ),
        FakeRow(type="paused", superstep=3, causes=(17,)),
        FakeRow(type="operator", superstep=3, path="Response", step="Response", preview="edited payload"),
        FakeRow(type="resumed", superstep=3),
        FakeRow(type="superstep_started", superstep=4),
        FakeRow(type="executor_invoked", superstep=4, **rs, causes=(14,), preview="{'user_message': 'hello'}"),
        FakeRow(type="output", superstep=4, **rs, causes=(22,), preview="thinking about hello"),
        FakeRow(
            type="event_emitted",
            superstep=4,
            **rs,
            event_id="AssistantResponseGenerated",
            causes=(22,),
            preview="You said: hello",
        ),
        FakeRow(type="executor_completed", superstep=4, **rs, causes=(22,), preview="None"),
        FakeRow(type="superstep_started", superstep=1, path="billing"),
        FakeRow(
            type="executor_invoked", superstep=1, **inner, causes=(24,), preview="{'amount': 12.5, 'currency': 'EUR'}"
        ),
        FakeRow(
            type="input_waiting",
            superstep=1,
            path="billing/Ship",
            step="Ship",
            function="ship",
            causes=(27,),
            preview="address",
        ),
        FakeRow(
            type="executor_failed",
            superstep=1,
            **inner,
            causes=(27,),
            preview="{'amount': 12.5}",
            details={"type": "ValueError", "message": "card declined"},
        ),
        FakeRow(
            type="warning",
            superstep=1,
            **inner,
            causes=(29,),
            code="discarded_emissions",
            details={"code": "discarded_emissions", "message": "2 events of a failed call were discarded"},
        ),
        FakeRow(type="executor_cancelled", superstep=4, **rs, causes=(22,)),
        FakeRow(type="failed", superstep=4, causes=(29,), details={"message": "Charge.charge failed"}),
        FakeRow(type="status", superstep=4, state="FAILED", causes=(32,)),
        FakeRow(type="tool_call", superstep=4, **rs, preview="{'tool': 'search', 'query': 'weather'}"),
        FakeRow(type="reloaded", superstep=4, preview="generation 2"),
    ]
    for seq, row in enumerate(rows, 1):
        row.seq, row.timestamp = seq, 1000 + seq * 0.0137
    return rows
