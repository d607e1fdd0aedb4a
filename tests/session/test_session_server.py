import asyncio
import itertools
import json
from pathlib import Path

import pytest
from waiting import PATIENCE, until

from process_core.events import RunState
from process_core.runfile.read.reader import RunFile
from process_core.session.client.in_process import InProcessSession
from process_core.session.client.session import CommandRefused
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.envelope import Notice, Reply
from process_core.session.protocol.framing import MAX_FRAME, BadFrame
from process_core.session.protocol.status import Status
from process_core.session.protocol.verbs import (
    AddBreakpoint,
    Continue,
    EnableBreakpoint,
    Hello,
    LimitSupersteps,
    ListPending,
    Pause,
    RemoveBreakpoint,
    Respond,
    RunTo,
    SendEvent,
    Start,
    StepOnce,
    Stop,
)
from process_core.session.worker.server import SessionServer
from tui.run_controller import RefusedError, RunControl

TARGETS = Path(__file__).with_name("hostile_steps.py")


@pytest.fixture
async def session(tmp_path):
    async with await InProcessSession.open(cwd=TARGETS.parent, runs_dir=tmp_path) as session:
        yield session


async def paused(session):
    return await until(session, lambda status: status.paused)


async def at_rest(session):
    resting = await until(session, lambda status: status.state not in {None, RunState.IN_PROGRESS})
    if resting.run_file:
        await until(session, all_written)
    return session.status


def all_written(status):
    """Whether the run file ends with what the status says."""
    if not status.written:
        return False
    with RunFile(status.run_file) as run_file:
        return run_file.row(status.written).state == status.state


async def refusal(session, command):
    with pytest.raises(CommandRefused) as refused:
        await session.request(command)
    return refused.value.failure


async def load_counts(session, *breakpoints, **start):
    await session.load("hostile_steps.py:counts")
    found = [await session.request(AddBreakpoint(breakpoint=spec)) for spec in breakpoints]
    if start:
        await session.request(Start(event="Go", has_data=True, **start))
    return found


# --- the limit of supersteps


async def test_the_limit_of_supersteps_set_by_hand_holds_for_later_runs_and_for_resuming(session):
    control = RunControl(session, "hostile_steps.py:counts")
    await control.load()
    assert await control.send_verb("limit_supersteps", "3", {}) == "at most 3 supersteps since the last outside input"
    await session.request(Start(event="Go", data=0, has_data=True, max_supersteps=50))
    failed = await at_rest(session)
    assert failed.state is RunState.FAILED
    assert "within 3 supersteps" in failed.error
    await control.send_verb("limit_supersteps", "9", {})
    await session.resume(failed.run_file)
    assert (await at_rest(session)).state is RunState.IDLE


async def test_the_limit_of_supersteps_of_a_run_that_goes_on_can_be_changed(session):
    await load_counts(session, BreakpointSpec(event="Again"), data=0, max_supersteps=3)
    await paused(session)
    await session.request(LimitSupersteps(supersteps=20))
    await session.request(RemoveBreakpoint(breakpoint=1))
    await session.request(Continue())
    assert (await at_rest(session)).state is RunState.IDLE


async def test_a_limit_of_less_than_one_superstep_is_refused(session):
    control = RunControl(session, "hostile_steps.py:counts")
    await control.load()
    with pytest.raises(RefusedError, match="supersteps"):
        await control.send_verb("limit_supersteps", "0", {})


# --- loading and starting


async def test_load_shows_the_graph(session):
    loaded = await session.load("hostile_steps.py:counts")
    assert session.loaded == loaded
    assert loaded.name == "Counts"
    assert [node.path for node in loaded.nodes] == ["Counts"]
    assert {edge.event_id for edge in loaded.edges} == {"Go", "Other", "Again"}
    assert loaded.input_events == ("Go", "Other")


async def test_a_target_that_cannot_be_loaded_is_refused_and_the_one_before_stays(session):
    await load_counts(session)
    with pytest.raises(CommandRefused) as refused:
        await session.load("hostile_steps.py:nothing_here")
    assert refused.value.failure.code == "missing_attribute"
    await session.request(Start(event="Go", data=5, has_data=True))
    assert (await at_rest(session)).state is RunState.IDLE


async def test_all_problems_of_a_definition_travel(session, tmp_path):
    (tmp_path / "broken.py").write_text(
        "from process_core import ProcessBuilder\n"
        "builder = ProcessBuilder('B')\n"
        "builder.on_input_event('Go').send_event_to('Nobody').send_event_to('Noone')\n"
    )
    with pytest.raises(CommandRefused) as refused:
        await session.load(str(tmp_path / "broken.py"))
    assert refused.value.failure.code == "definition"
    assert len(refused.value.failure.problems) >= 2
    assert {problem.code for problem in refused.value.failure.problems}


async def test_start_takes_the_first_input_event_where_none_is_named(session):
    await load_counts(session)
    await session.request(Start(data=5, has_data=True))
    status = await at_rest(session)
    with RunFile(status.run_file) as run_file:
        assert {row.event_id for row in run_file.page(0, 100) if row.type == "executor_invoked"} <= {None, "Go"}


async def test_an_unknown_input_event_is_refused_and_the_run_before_goes_on(session):
    await load_counts(session, BreakpointSpec(event="Again"), data=1)
    before = await paused(session)
    failure = await refusal(session, Start(event="Goo"))
    assert failure.code == "unknown_event"
    assert "did you mean 'Go'" in failure.message
    assert session.status.run_id == before.run_id
    assert session.status.paused


async def test_a_start_paused_stops_before_the_first_message(session):
    await load_counts(session, data=5, paused=True)
    status = await paused(session)
    assert status.paused.reason == "start"
    (message,) = await session.request(ListPending())
    assert (message.event_id, message.target, message.preview, message.next) == ("Go", "Counts", "5", True)


async def test_a_new_start_ends_the_run_before_it(session):
    await load_counts(session, data=1, paused=True)
    first = (await paused(session)).run_file
    await session.request(Start(event="Go", data=5, has_data=True))
    status = await at_rest(session)
    assert status.run_file != first
    with RunFile(first) as run_file:
        assert run_file.info.state is RunState.CANCELLED


async def test_run_ids_and_times_can_be_given(tmp_path):
    ids, ticks = itertools.count(1), itertools.count(1000)
    options = {"run_ids": lambda: f"run-{next(ids)}", "clock": lambda: float(next(ticks))}
    async with await InProcessSession.open(cwd=TARGETS.parent, runs_dir=tmp_path, **options) as session:
        await load_counts(session, data=5)
        status = await at_rest(session)
        assert status.run_id == "run-1"
        with RunFile(status.run_file) as run_file:
            times = [row.timestamp for row in run_file.page(0, 99)]
    assert times == sorted(times)
    assert all(1000 <= time < 1100 for time in times)


async def test_services_of_the_target_are_given_to_its_runs(session, tmp_path):
    (tmp_path / "served.py").write_text(
        "from process_core import Inject, ProcessBuilder, Services, Step, StepContext, function\n"
        "class Only(Step):\n"
        "    @function\n"
        "    async def work(self, context: StepContext, clock: Inject[dict]):\n"
        "        context.yield_output(clock['time'])\n"
        "builder = ProcessBuilder('Served')\n"
        "builder.on_input_event('Go').send_event_to(builder.add_step(Only))\n"
        "def services():\n"
        "    return Services().add(dict, {'time': 'noon'})\n"
    )
    await session.load(str(tmp_path / "served.py"))
    await session.request(Start())
    status = await at_rest(session)
    with RunFile(status.run_file) as run_file:
        assert [row.preview for row in run_file.page(0, 99) if row.type == "output"] == ["noon"]


async def test_a_missing_service_is_refused_at_the_start(session, tmp_path):
    (tmp_path / "unserved.py").write_text(
        "from process_core import Inject, ProcessBuilder, Step, function\n"
        "class Only(Step):\n"
        "    @function\n"
        "    async def work(self, clock: Inject[dict]): ...\n"
        "builder = ProcessBuilder('Unserved')\n"
        "builder.on_input_event('Go').send_event_to(builder.add_step(Only))\n"
    )
    await session.load(str(tmp_path / "unserved.py"))
    failure = await refusal(session, Start())
    assert failure.code == "missing_service"
    assert "Only" in failure.message


# --- breakpoints and verbs


async def test_a_breakpoint_pauses_before_its_event_and_names_it(session):
    (point,) = await load_counts(session, BreakpointSpec(event="Again"), data=1)
    status = await paused(session)
    assert status.paused.reason == "breakpoint"
    assert status.paused.breakpoint == point.id
    assert status.paused.message.event_id == "Again"
    assert status.paused.message.preview == "2"
    assert status.paused.path == "Counts"
    await until(session, lambda s: s.written >= status.paused.seq)
    with RunFile(status.run_file) as run_file:
        assert run_file.row(status.paused.seq).event_id == "Again"


async def test_resume_goes_on_to_the_next_hit(session):
    await load_counts(session, BreakpointSpec(event="Again"), data=3)
    previews = []
    for _ in range(2):
        previews.append((await paused(session)).paused.message.preview)
        await session.request(Continue())
        before = previews[-1]
        await until(session, lambda s: not s.paused or s.paused.message.preview != before)  # noqa: B023 - used at once
    assert previews == ["4", "5"]
    assert (await at_rest(session)).state is RunState.IDLE


async def test_breakpoints_keep_their_ids_over_a_restart(session):
    first, second = await load_counts(session, BreakpointSpec(event="Nope"), BreakpointSpec(event="Again"))
    await session.request(RemoveBreakpoint(breakpoint=first.id))
    for _ in range(2):
        await session.request(Start(event="Go", data=1, has_data=True))
        status = await paused(session)
        assert status.paused.breakpoint == second.id
        assert [point.id for point in status.breakpoints] == [second.id]


async def test_a_breakpoint_that_can_match_nothing_is_reported_unbound(session):
    bound, unbound = await load_counts(session, BreakpointSpec(event="Again"), BreakpointSpec(event="Agian"))
    assert (bound.bound, unbound.bound) == (True, False)


async def test_a_disabled_breakpoint_does_not_stop(session):
    (point,) = await load_counts(session, BreakpointSpec(event="Again"))
    await session.request(EnableBreakpoint(breakpoint=point.id, enabled=False))
    assert not session.status.breakpoints[0].enabled
    await session.request(Start(event="Go", data=1, has_data=True))
    assert (await at_rest(session)).state is RunState.IDLE


@pytest.mark.parametrize(
    "spec", [BreakpointSpec(event="Again", condition="data =="), BreakpointSpec(), BreakpointSpec(event="E", hits="x")]
)
async def test_a_breakpoint_that_makes_no_sense_is_refused(session, spec):
    await load_counts(session)
    failure = await refusal(session, AddBreakpoint(breakpoint=spec))
    assert failure.code == "bad_breakpoint"
    assert failure.message
    assert session.status.breakpoints == ()


async def test_step_delivers_one_message(session):
    await load_counts(session, data=1, paused=True)
    await paused(session)
    await session.request(StepOnce())
    status = await until(session, lambda s: s.paused and s.paused.reason == "step")
    assert status.paused.message.preview == "2"


async def test_pause_stops_a_running_process(session):
    await session.load("hostile_steps.py:ticks")
    await session.request(Start(event="Go", data=900, has_data=True))
    await until(session, lambda status: status.superstep > 2)
    await session.request(Pause())
    assert (await paused(session)).paused.reason == "pause"


async def test_run_to_stops_once_before_the_event(session):
    await load_counts(session, data=3, paused=True)
    await paused(session)
    await session.request(RunTo(event="Again"))
    status = await until(session, lambda s: s.paused and s.paused.reason == "run_to")
    assert status.paused.message.preview == "4"
    await session.request(Continue())
    assert (await at_rest(session)).state is RunState.IDLE


async def test_stop_cancels_a_paused_run(session):
    await load_counts(session, data=1, paused=True)
    await paused(session)
    await session.request(Stop())
    assert (await at_rest(session)).state is RunState.CANCELLED


async def test_an_outside_event_is_taken_in(session):
    await load_counts(session, data=5)
    await at_rest(session)
    await session.request(SendEvent(event="Other", data=5, has_data=True))
    status = await until(session, lambda s: s.superstep == 2 and s.state is RunState.IDLE)
    with RunFile(status.run_file) as run_file:
        await until(session, lambda s: run_file.count() >= s.written)
        assert "Other" in {row.event_id for row in run_file.page(0, 99)}


# --- what is refused


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (Start(), "no_target"),
        (ListPending(), "no_target"),
        (AddBreakpoint(breakpoint=BreakpointSpec(event="X")), "no_target"),
        (Continue(), "no_target"),
        (Respond(request_id="r", value=1), "no_target"),
        (Hello(version=99), "version"),
    ],
)
async def test_a_command_that_needs_a_target_is_refused_without_one(session, command, code):
    assert (await refusal(session, command)).code == code


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (Pause(), "no_run"),
        (Stop(), "no_run"),
        (SendEvent(event="Go"), "no_run"),
        (Respond(request_id="r", value=1), "no_run"),
        (RunTo(event="Again"), "no_run"),
        (Continue(), "not_paused"),
        (RemoveBreakpoint(breakpoint=7), "unknown_breakpoint"),
        (EnableBreakpoint(breakpoint=7, enabled=True), "unknown_breakpoint"),
    ],
)
async def test_a_command_that_makes_no_sense_before_a_run_is_refused(session, command, code):
    await load_counts(session)
    assert (await refusal(session, command)).code == code


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (StepOnce(), "not_paused"),
        (RunTo(), "bad_command"),
        (SendEvent(event="Og"), "unknown_event"),
        (Respond(request_id="r", value=1), "unknown_request"),
    ],
)
async def test_a_command_that_a_resting_run_cannot_follow_is_refused(session, command, code):
    await load_counts(session, data=5)
    await at_rest(session)
    assert (await refusal(session, command)).code == code


async def test_an_ended_run_takes_no_events(session):
    await load_counts(session, data=1, paused=True)
    await paused(session)
    await session.request(Stop())
    await at_rest(session)
    assert (await refusal(session, SendEvent(event="Go", data=1, has_data=True))).code == "run_ended"


@pytest.mark.parametrize(
    ("frame", "number", "said"),
    [
        (b"no json", 0, "JSON"),
        (b"[1, 2]", 0, "command"),
        (b'{"id": 3}', 3, "type"),
        (b'{"id": 4, "type": "fly"}', 4, "'fly'"),
        (b'{"id": 5, "type": "load"}', 5, "target"),
        (b'{"id": 6, "type": "load", "target": "x", "more": 1}', 6, "more"),
        (b'{"id": 7, "type": "reload", "action": "jump"}', 7, "action"),
        (b'{"id": "x", "type": "pause"}', 0, "id"),
        (b"\xff\xfe", 0, ""),
        (b"[" * 100_000, 0, ""),
    ],
)
async def test_a_malformed_command_is_refused_with_its_number_and_a_reason(tmp_path, frame, number, said):
    sent = []
    server = SessionServer(send=sent.append, runs_dir=tmp_path)
    server.receive(frame)
    await server.close()
    (reply,) = sent
    assert (reply.id, reply.failure.code) == (number, "bad_command")
    assert said in reply.failure.message


async def test_a_command_too_large_for_a_frame_is_refused_before_it_is_sent(session):
    await load_counts(session)
    failure = await refusal(session, Start(event="Go", data="x" * (MAX_FRAME + 1), has_data=True))
    assert failure.code == "bad_command"
    assert "larger than a frame" in failure.message
    await load_counts(session, data=5)


async def answered(sent, count):
    """Wait until a server has answered so many commands."""
    async with asyncio.timeout(PATIENCE):
        while sum(isinstance(message, Reply) for message in sent) < count:
            await asyncio.sleep(0.01)


async def test_a_refused_frame_does_no_harm(tmp_path):
    sent = []
    server = SessionServer(send=sent.append, runs_dir=tmp_path)
    server.receive(BadFrame("too large"))
    server.receive(b'{"id": 2, "type": "hello"}')
    await answered(sent, 2)
    await server.close()
    replies = [message for message in sent if isinstance(message, Reply)]
    assert [(reply.id, reply.failure is None) for reply in replies] == [(0, False), (2, True)]


# --- statuses


async def test_the_status_is_up_to_date_when_a_reply_comes(session):
    await load_counts(session)
    point = await session.request(AddBreakpoint(breakpoint=BreakpointSpec(event="Again")))
    assert session.status.breakpoints == (point,)
    await session.request(RemoveBreakpoint(breakpoint=point.id))
    assert session.status.breakpoints == ()


async def test_statuses_come_at_most_thirty_times_a_second_and_only_on_change(session):
    statuses = []
    session.subscribe(lambda update: statuses.append(update) if isinstance(update, Status) else None)
    begun = asyncio.get_running_loop().time()
    await session.load("hostile_steps.py:ticks")
    await session.request(Start(event="Go", data=100, has_data=True))
    await until(session, lambda status: status.state is RunState.IDLE)
    assert len(statuses) > 5
    await asyncio.sleep(0.8)
    taken = asyncio.get_running_loop().time() - begun
    assert len(statuses) <= taken * 30 + 5
    assert all(a != b for a, b in itertools.pairwise(statuses))


async def test_the_last_status_knows_every_event_in_the_file(session):
    await load_counts(session, data=-500)
    await until(session, lambda status: status.state is RunState.IDLE)
    with RunFile(session.status.run_file) as run_file:
        status = await until(session, lambda s: s.written and run_file.row(s.written).state == "IDLE")
        assert run_file.count() == status.written


async def test_every_message_is_plain_json(tmp_path):
    sent = []
    server = SessionServer(send=sent.append, cwd=TARGETS.parent, runs_dir=tmp_path)
    server.receive(b'{"id": 1, "type": "load", "target": "hostile_steps.py:counts"}')
    server.receive(b'{"id": 2, "type": "start", "data": 1, "has_data": true, "paused": true}')
    server.receive(b'{"id": 3, "type": "list_pending"}')
    await answered(sent, 3)
    await server.close()
    kinds = {json.loads(message.model_dump_json())["type"] for message in sent}
    assert {"status", "reply"} <= kinds


async def test_a_listener_that_raises_does_not_silence_the_others(session):
    seen, reported = [], []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
    session.subscribe(lambda _: 1 / 0)
    session.subscribe(seen.append)
    await load_counts(session, BreakpointSpec(event="Again"))
    assert seen
    assert all(isinstance(error, ZeroDivisionError) for error in reported)


async def test_a_status_that_cannot_be_made_is_reported_once_and_the_session_lives(session, monkeypatch, capsys):
    await load_counts(session)
    monkeypatch.setattr(session._server._session, "status", lambda: 1 / 0)
    assert (await session.request(Hello()))["version"]
    assert (await session.request(Hello()))["version"]
    assert capsys.readouterr().err.count("ZeroDivisionError") == 1


async def test_an_ended_subscription_hears_no_more(session):
    seen = []
    undo = session.subscribe(seen.append)
    undo()
    undo()
    await load_counts(session, BreakpointSpec(event="Again"))
    assert seen == []


# --- where runs go


async def test_runs_that_cannot_be_kept_go_elsewhere_with_a_warning(tmp_path):
    (tmp_path / ".stepscope").write_text("a file where the folder should be")
    (tmp_path / "flow.py").write_text(TARGETS.read_text())
    told = []
    async with await InProcessSession.open(cwd=tmp_path) as session:
        session.subscribe(lambda update: told.append(update) if isinstance(update, Notice) else None)
        await session.load("flow.py:counts")
        await session.request(Start(event="Go", data=5, has_data=True))
        status = await at_rest(session)
        assert status.state is RunState.IDLE
        assert not status.run_file.startswith(str(tmp_path))
    assert any("runs cannot be kept" in notice.text for notice in told)


async def test_a_restart_of_an_in_process_worker_keeps_target_and_breakpoints(session):
    await load_counts(session, BreakpointSpec(event="Again", once=False), data=1)
    await paused(session)
    loaded = await session.restart_worker()
    assert loaded.name == "Counts"
    assert [point.event for point in session.status.breakpoints] == ["Again"]
    assert session.status.run_id == ""


async def test_a_worker_of_another_protocol_version_is_refused_in_one_line(tmp_path, monkeypatch):
    async with await InProcessSession.open(cwd=TARGETS.parent, runs_dir=tmp_path) as session:
        monkeypatch.setattr("process_core.session.client.session.PROTOCOL_VERSION", 99)
        with pytest.raises(CommandRefused, match="the worker speaks version 2 of the protocol, this client version 99"):
            await session.load("hostile_steps.py:counts")


async def test_a_client_of_another_protocol_version_is_refused(session):
    failure = await refusal(session, Hello(version=1))
    assert (failure.code, "the client version 1" in failure.message) == ("version", True)
