"""Why, asked through a session."""

from pathlib import Path

import pytest

from process_core.events import RunState
from process_core.session.client.explain_file import explain_file
from process_core.session.client.in_process import InProcessSession
from process_core.session.client.session import CommandRefused
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.verbs import AddBreakpoint, Explain, Start

TARGETS = Path(__file__).with_name("hostile_steps.py")


@pytest.fixture
async def session(tmp_path):
    async with await InProcessSession.open(cwd=TARGETS.parent, runs_dir=tmp_path) as session:
        await session.load("hostile_steps.py:counts")
        yield session


async def stopped(session):
    """Start a run, and wait until it is paused or at rest."""
    await session.request(Start(event="Go", data=1, has_data=True))
    for _ in range(1000):
        if session.status.paused or session.status.state not in {None, RunState.IN_PROGRESS}:
            return
        await session.request(Explain(seq=1))
    raise AssertionError(session.status)


async def refusal(session, command):
    with pytest.raises(CommandRefused) as refused:
        await session.request(command)
    return refused.value.failure


async def test_a_step_is_explained_while_the_run_is_paused(session):
    await session.request(AddBreakpoint(breakpoint=BreakpointSpec(event="Again")))
    await stopped(session)
    found = await session.request(Explain(path="Counts"))
    codes = {route.event_id: route.code for f in found.functions for given in f.inputs for route in given.routes}
    assert codes == {"Go": "used", "Other": "not_sent", "Again": "pending"}


async def test_an_event_is_explained_as_its_file_alone_explains_it(session):
    await stopped(session)
    asked = Explain(seq=6)
    live = await session.request(asked)
    assert explain_file(Path(session.status.run_file), asked) == live
    assert live.causes


async def test_what_is_not_there_is_refused_with_what_was_meant(session):
    await stopped(session)
    failure = await refusal(session, Explain(path="Conts"))
    assert failure.code == "no_such_thing"
    assert "did you mean 'Counts'?" in failure.message


async def test_there_is_nothing_to_explain_before_a_run(session):
    assert (await refusal(session, Explain(path="Counts"))).code == "no_run"
