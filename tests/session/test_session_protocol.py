import os
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from process_core.events import RunState
from process_core.graph import Edge, Node, SourceKind, StepKind
from process_core.session.protocol import verbs
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.envelope import Failure, ProblemInfo, Reply
from process_core.session.protocol.framing import to_json
from process_core.session.protocol.status import (
    AnyAnswer,
    Loaded,
    OpenRequest,
    PausePoint,
    PendingMessage,
    Status,
    WaitingInputs,
    answers,
)
from process_core.session.protocol.verbs import Command, Load, ResumeRun, Start
from process_core.session.worker.handlers import HANDLERS

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
COMMANDS = list(verbs.COMMANDS.values())


def required(kind):
    given = {
        "target": "x.py",
        "event": "E",
        "request_id": "r",
        "value": [1],
        "breakpoint": 1,
        "enabled": True,
        "run_file": "x.run",
        "muted": True,
        "message": 1,
        "data": {"a": [1]},
        "path": "outer/Step",
        "state": {"a": 1},
        "supersteps": 5,
    }
    given["breakpoint"] = BreakpointSpec(event="E") if kind.__name__ in {"AddBreakpoint", "EditBreakpoint"} else 1
    return {name: given[name] for name, field in kind.model_fields.items() if field.is_required()}


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
def test_every_command_arrives_as_it_was_sent(kind):
    command = kind(id=7, **required(kind))
    assert verbs.read_command(to_json(command)) == command


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
def test_every_command_has_a_handler(kind):
    assert kind in HANDLERS


@given(JSON, st.booleans())
def test_data_of_any_json_arrives_as_it_was_sent(data, has_data):
    command = Start(id=1, event="Go", data=data, has_data=has_data)
    assert verbs.read_command(to_json(command)) == command


@given(st.integers(0, 2**40), TEXT, st.sampled_from([None, *RunState]), st.lists(TEXT, max_size=3), st.floats(0, 1e6))
def test_a_status_arrives_as_it_was_sent(number, text, state, paths, seconds):
    message = PendingMessage(id=number, event_id=text, seq=number, target=text, preview=text, next=True)
    status = Status(
        run_id=text,
        state=state,
        written=number,
        paused=PausePoint(reason="breakpoint", message=message, seq=number, path=text, breakpoint=1),
        running=tuple(paths),
        waiting=(WaitingInputs(path=text, function=text, arrived=tuple(paths), missing=()),),
        requests=(OpenRequest(request_id=text, path=text, function=None, prompt=text, response_type="str", seq=1),),
        breakpoints=(BreakpointSpec(id=1, event=text),),
        blocked_for=seconds,
    )
    assert answers.validate_json(status.model_dump_json()) == status


@given(st.binary().filter(lambda name: b"\0" not in name))
def test_a_path_arrives_as_it_was_sent_whatever_bytes_its_name_has(name):
    path = os.fsdecode(name)
    assert answers.validate_json(Status(run_file=path).model_dump_json()).run_file == path
    for command in (Load(id=1, target=path), ResumeRun(id=1, run_file=path)):
        assert verbs.read_command(to_json(command)) == command


def test_what_was_loaded_arrives_with_its_graph():
    loaded = Loaded(
        target="x.py",
        name="X",
        nodes=(Node("A/B", "B", StepKind.MAP, ("f",), {"f": ("p",)}),),
        edges=(Edge("r1", "A", SourceKind.EVENT, "A/B", "E", "", condition="data > 1", joined=True),),
        input_events=("Go",),
        warnings=(ProblemInfo(code="c", message="m"),),
    )
    reply = answers.validate_json(Reply(id=1, value=loaded).model_dump_json())
    assert Loaded.model_validate(reply.value) == loaded


def test_a_failure_arrives_as_it_was_sent():
    reply = Reply(id=1, failure=Failure(code="definition", message="m", problems=(ProblemInfo(code="c", message="m"),)))
    assert answers.validate_json(reply.model_dump_json()) == reply


@pytest.mark.parametrize("kind", [*COMMANDS, *get_args(get_args(AnyAnswer)[0])], ids=lambda kind: kind.__name__)
def test_no_message_takes_a_field_it_does_not_know(kind):
    fields = {"id": 1} if kind is Reply else required(kind) if issubclass(kind, Command) else {}
    with pytest.raises(ValidationError, match="surprise"):
        kind.model_validate({**fields, "surprise": 1})
