"""A run file with a story in it: a chat, a failure, a warning, states that change."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from process_core.events import RunState, WorkflowEvent
from process_core.graph import Edge, Node, SourceKind, StepKind
from process_core.runfile import RunFileWriter

TRACEBACK = """Traceback (most recent call last):
  File "/home/me/shop/billing.py", line 41, in charge
    raise ValueError(f"card declined: the bank of {card.holder} says no, and says so at great length")
ValueError: card declined
"""


class ChatState(BaseModel):
    messages: list[str] = []
    turns: int = 0
    mood: str = "calm"


NODES = (
    Node("Intro", "Intro", StepKind.STEP, ("introduce",), {"introduce": ()}),
    Node("UserInput", "UserInput", StepKind.STEP, ("ask",), {"ask": ()}),
    Node(
        "Response",
        "Response",
        StepKind.STEP,
        ("GetChatResponse", "Summarise"),
        {"GetChatResponse": ("user_message",), "Summarise": ("texts", "tone")},
    ),
)
EDGES = (
    Edge("r0", "", SourceKind.INPUT, "", "startProcess", "Intro", "introduce"),
    Edge("r1", "", SourceKind.RESULT, "Intro", "introduce.OnResult", "UserInput", "ask"),
    Edge("r2", "", SourceKind.EVENT, "UserInput", "UserInputReceived", "Response", "GetChatResponse", "user_message"),
    Edge("r3", "", SourceKind.EVENT, "UserInput", "Exit", "", condition="data == 'exit'"),
    Edge("r4", "", SourceKind.EVENT, "Response", "AssistantResponseGenerated", "UserInput", "ask"),
)
ORDER: dict[str, Any] = {
    "id": 4711,
    "customer": {"name": "Ada Lovelace", "vip": True, "email": None},
    "lines": [{"sku": f"B-{number:03}", "amount": 12.5 * number, "tags": ["book", "used"]} for number in range(240)],
    "note": "Please ring twice.\nThe dog is friendly.\n" + "It barks, but only at night. " * 12,
    "total": 12345.75,
}


def story_run(path: Path, **payloads: Any) -> Path:
    """Write the story; `order` replaces the payload of event 8."""
    writer = RunFileWriter(path, process="Chat", run_id="r", started=1000.0, graph_nodes=NODES, graph_edges=EDGES)
    ui = {"path": "UserInput", "step": "UserInput", "function": "ask"}
    rs = {"path": "Response", "step": "Response", "function": "GetChatResponse"}
    bill = {"path": "billing/Charge", "step": "Charge", "function": "charge"}
    failure = {"code": "step_failed", "type": "ValueError", "message": "card declined", "traceback": TRACEBACK}
    events = [
        WorkflowEvent("started", event_id="startProcess"),
        WorkflowEvent("status", state=RunState.IN_PROGRESS),
        WorkflowEvent("superstep_started", superstep=1),
        WorkflowEvent(
            "executor_invoked", {}, superstep=1, path="Intro", step="Intro", function="introduce", causes=(1,)
        ),
        WorkflowEvent(
            "executor_completed", "Hello!", superstep=1, path="Intro", step="Intro", function="introduce", causes=(4,)
        ),
        WorkflowEvent("superstep_completed", superstep=1),
        WorkflowEvent("superstep_started", superstep=2),
        WorkflowEvent(
            "event_emitted",
            payloads.get("order", ORDER),
            superstep=2,
            event_id="UserInputReceived",
            route="r2",
            causes=(5,),
            **ui,
        ),
        WorkflowEvent("superstep_completed", superstep=2),
        WorkflowEvent("superstep_started", superstep=3),
        WorkflowEvent("executor_invoked", {"user_message": "hello"}, superstep=3, route="r2", causes=(8,), **rs),
        WorkflowEvent(
            "event_emitted", "You said: hello", superstep=3, event_id="AssistantResponseGenerated", causes=(11,), **rs
        ),
        WorkflowEvent("executor_completed", None, superstep=3, causes=(11,), **rs),
        WorkflowEvent("superstep_completed", superstep=3),
        WorkflowEvent("executor_failed", {"amount": 12.5}, failure, superstep=4, causes=(8, 12), **bill),
        WorkflowEvent(
            "warning",
            None,
            {"code": "discarded_emissions", "message": "2 events were discarded", "events": ["A", "B"]},
            superstep=4,
            causes=(15,),
            **bill,
        ),
        WorkflowEvent("request_info", "You", superstep=4, request_id="q1", response_type="str", causes=(12,), **ui),
    ]
    for seq, event in enumerate(events, 1):
        event.seq, event.timestamp, event.run_id = seq, 1000 + seq * 0.0137, "r"
        writer.append(event)
        if seq == 6:
            writer.checkpoint(superstep=1, seq=6, states={"Response": ChatState()})
        if seq == 9:
            writer.checkpoint(superstep=2, seq=9, states={"Response": ChatState(messages=["hi"], turns=1)})
        if seq == 14:
            writer.checkpoint(superstep=3, seq=14, states={"Response": ChatState(messages=["hi", "hello"], turns=2)})
    writer.close()
    return path
