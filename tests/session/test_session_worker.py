import asyncio
import os
import signal
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from process_core.events import RunState
from process_core.runfile.read.reader import RunFile
from process_core.session.client import worker_process as worker_session
from process_core.session.client.session import CommandRefused, WorkerDied
from process_core.session.client.worker_process import WorkerSession
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.status import Status
from process_core.session.protocol.verbs import AddBreakpoint, ListPending, Pause, Respond, Start, Stop

TARGETS = Path(__file__).with_name("hostile_steps.py")
PATIENCE = 40


class Watched:
    """A session together with everything it reported."""

    def __init__(self, session):
        self.session = session
        self.told = []
        self._woken = asyncio.Event()
        session.subscribe(self._take)

    def _take(self, update):
        self.told.append(update)
        self._woken.set()

    async def until(self, condition):
        async with asyncio.timeout(PATIENCE):
            while not condition(self.session):
                self._woken.clear()
                await self._woken.wait()
        return self.session.status

    async def at_rest(self):
        going = {None, RunState.IN_PROGRESS, RunState.IDLE_WITH_PENDING_REQUESTS}
        status = await self.until(lambda s: s.status.state not in going)
        await self.until(lambda s: any(row.type == "status" and row.state == status.state for row in self.rows()))
        return self.session.status

    async def dead(self):
        await self.until(lambda s: s.died is not None)
        return self.session.died

    def rows(self):
        with RunFile(self.session.status.run_file) as run_file:
            return run_file.page(0, self.session.status.written)  # never more than the client heard of

    def logs(self):
        with RunFile(self.session.status.run_file) as run_file:
            rows = [row for row in self.rows() if row.type == "log"]
            return [(row.path, run_file.payload(row.details)["stream"], run_file.payload(row.data)) for row in rows]


@asynccontextmanager
async def working(tmp_path, attribute=None, start=True):
    async with await WorkerSession.open(cwd=TARGETS.parent, runs_dir=tmp_path) as session:
        watched = Watched(session)
        if attribute is not None:
            await session.load(f"{TARGETS.name}:{attribute}")
            if start:
                with suppress(CommandRefused):  # some die before they answer
                    await session.request(Start(event="Go"))
        yield watched
        pid = session.pid
    assert not alive(pid)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


# --- a step that fails in its own way


async def test_a_step_that_raises_fails_the_run_and_the_worker_lives(tmp_path):
    async with working(tmp_path, "raises") as worker:
        status = await worker.at_rest()
        assert status.state is RunState.FAILED
        assert "no luck" in status.error
        assert status.failed == ("Raises",)
        await worker.session.load(f"{TARGETS.name}:counts")


async def test_a_step_that_calls_sys_exit_fails_and_the_worker_lives(tmp_path):
    async with working(tmp_path, "exits") as worker:
        status = await worker.at_rest()
        assert status.state is RunState.FAILED
        assert "SystemExit" in status.error
        assert worker.session.died is None


async def test_a_step_that_reaches_for_the_event_loop_leaves_the_worker_alive(tmp_path):
    expected = {
        "interrupt": (RunState.FAILED, "KeyboardInterrupt"),
        "alarm": (RunState.IDLE, ""),
        "cancel all": (RunState.FAILED, "cancelled by something other than its run"),
        "cancel others": (RunState.IDLE, ""),
        "stop": (RunState.IDLE, ""),
    }
    async with working(tmp_path, "reaches", start=False) as worker:
        before = ""
        for how, (state, error) in expected.items():
            await worker.session.request(Start(event="Go", data=how, has_data=True))
            await worker.until(lambda s, before=before: s.status.run_file != before)
            status = await worker.at_rest()
            assert (how, status.state) == (how, state)
            assert error in (status.error or ""), how
            if how == "alarm":
                assert any("TimeoutError: too long" in text for _, _, text in worker.logs())
            before = status.run_file


async def test_a_child_that_a_step_forked_ends_where_its_function_does(tmp_path):
    codes = {"in_a_coroutine": 0, "in_a_thread": 0, "child_waits": 0, "child_exits": 7}
    async with working(tmp_path, "forks", start=False) as worker:
        before = ""
        for how, code in codes.items():
            await worker.session.request(Start(event=how))
            await worker.until(lambda s, before=before: s.status.run_file != before)
            status = await worker.at_rest()
            with RunFile(status.run_file) as run_file:
                outputs = [run_file.payload(row.data) for row in worker.rows() if row.type == "output"]
            assert (how, status.state, outputs) == (how, RunState.IDLE, [code])
            await worker.until(lambda _: any("the child speaks" in text for _, _, text in worker.logs()))
            before = status.run_file


async def test_a_step_that_returns_what_cannot_be_serialised_is_recorded_by_its_repr(tmp_path):
    async with working(tmp_path, "unserialisable") as worker:
        assert (await worker.at_rest()).state is RunState.IDLE
        (completed,) = [row for row in worker.rows() if row.type == "executor_completed"]
        assert "lock" in completed.preview


async def test_a_coroutine_that_hangs_is_shown_running_and_can_be_cancelled(tmp_path):
    async with working(tmp_path, "hangs_async") as worker:
        await worker.until(lambda s: s.status.running == ("HangsAsync",))
        await worker.session.request(Stop())
        assert (await worker.at_rest()).state is RunState.CANCELLED


async def test_a_plain_function_that_hangs_is_shown_running_and_can_be_cancelled(tmp_path):
    async with working(tmp_path, "hangs_sync") as worker:
        await worker.until(lambda s: s.status.running == ("HangsSync",))
        await worker.session.request(Stop())
        assert (await worker.at_rest()).state is RunState.CANCELLED


async def test_a_step_that_hogs_the_event_loop_is_reported_while_it_does(tmp_path):
    async with working(tmp_path, "hogs_loop") as worker:
        blocked = await worker.until(lambda s: s.status.blocked_for)
        assert blocked.blocked_for >= 1
        assert (await worker.at_rest()).blocked_for == 0


async def test_a_step_that_keeps_the_interpreter_to_itself_is_noticed_when_a_command_is_not_answered(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(worker_session, "SILENCE", 0.4)
    async with working(tmp_path, "holds_interpreter", start=False) as worker:
        asked = [asyncio.ensure_future(worker.session.request(Start(event="Go")))]
        while not any(getattr(told, "blocked_for", 0) for told in worker.told):
            asked.append(asyncio.ensure_future(worker.session.request(ListPending())))
            await asyncio.sleep(0.1)
        await asyncio.gather(*asked)
        assert (await worker.at_rest()).blocked_for == 0


# --- a worker that dies


async def test_a_killed_worker_is_reported_with_its_signal_and_can_be_restarted(tmp_path):
    async with working(tmp_path, "counts", start=False) as worker:
        await worker.session.request(AddBreakpoint(breakpoint=BreakpointSpec(event="Again")))
        await worker.session.request(Start(event="Go", data=1, has_data=True))
        await worker.until(lambda s: s.status.paused)
        os.kill(worker.session.pid, signal.SIGKILL)
        died = await worker.dead()
        assert (died.signal, died.reason) == (9, "worker died (signal 9)")
        assert worker.told[-1] == died
        with pytest.raises(CommandRefused, match="worker died"):
            await worker.session.request(Start())
        loaded = await worker.session.restart_worker()
        assert loaded.name == "Counts"
        assert worker.session.died is None
        await worker.session.request(Start(event="Go", data=1, has_data=True))
        status = await worker.until(lambda s: s.status.paused)
        assert status.paused.message.event_id == "Again"


async def test_a_request_that_is_open_when_the_worker_dies_is_refused(tmp_path):
    async with working(tmp_path, "hogs_loop_for_ever") as worker:
        waiting = asyncio.ensure_future(worker.session.request(Pause()))
        await worker.until(lambda s: s.status.blocked_for)
        os.kill(worker.session.pid, signal.SIGKILL)
        with pytest.raises(CommandRefused) as refused:
            await waiting
        assert refused.value.failure.code == "worker_died"


@pytest.mark.timeout(30)
async def test_a_worker_whose_loop_is_hogged_for_ever_is_closed_all_the_same(tmp_path):
    async with working(tmp_path, "hogs_loop_for_ever") as worker:
        await worker.until(lambda s: s.status.blocked_for)


async def test_os_exit_is_a_death_with_its_exit_code_and_last_words(tmp_path):
    async with working(tmp_path, "exits_hard") as worker:
        died = await worker.dead()
        assert (died.returncode, died.signal, died.reason) == (3, None, "worker died (exit code 3)")
        assert "last words" in died.stderr_tail


async def test_a_crash_in_c_code_leaves_a_traceback(tmp_path):
    async with working(tmp_path, "crashes") as worker:
        died = await worker.dead()
        assert died.signal == signal.SIGSEGV
        assert "hostile_steps.py" in died.stderr_tail


async def test_a_worker_that_dies_by_its_own_step_is_reported(tmp_path):
    async with working(tmp_path, "kills_itself") as worker:
        assert (await worker.dead()).reason == "worker died (signal 9)"


async def test_events_written_before_a_death_can_be_read_after_it(tmp_path):
    async with working(tmp_path, "hangs_async") as worker:
        written = (await worker.until(lambda s: s.status.running and s.status.written > 3)).written
        os.kill(worker.session.pid, signal.SIGKILL)
        await worker.dead()
        assert [row.seq for row in worker.rows()][:written] == list(range(1, written + 1))


# --- the end


@pytest.mark.timeout(30)
async def test_closing_ends_a_step_that_swallows_its_cancellation(tmp_path):
    async with working(tmp_path, "swallows_cancel") as worker:
        await worker.until(lambda s: s.status.running)


async def test_closing_ends_what_a_step_started(tmp_path):
    async with working(tmp_path, "leaves_child") as worker:
        await worker.until(lambda s: s.status.run_file and worker.logs())
        child = int(worker.logs()[0][2].split()[1])
        assert alive(child)
    async with asyncio.timeout(PATIENCE):
        while alive(child):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("attribute", ["counts", "hangs_sync", "hogs_loop_for_ever"])
async def test_a_worker_ends_when_its_client_is_gone(tmp_path, attribute):
    async with working(tmp_path, attribute, start=attribute != "counts") as worker:
        if attribute != "counts":
            await asyncio.sleep(0.2)
        worker.session._writer.transport.abort()
        async with asyncio.timeout(PATIENCE):
            while alive(worker.session.pid):
                await asyncio.sleep(0.05)


async def test_a_session_can_be_closed_twice_and_then_refuses(tmp_path):
    session = await WorkerSession.open(cwd=TARGETS.parent, runs_dir=tmp_path)
    await session.close()
    await session.close()
    with pytest.raises(CommandRefused) as refused:
        await session.request(Start())
    assert refused.value.failure.code == "closed"


# --- what steps say and ask


async def test_prints_become_log_events_of_their_step(tmp_path, capfd):
    async with working(tmp_path, "prints") as worker:
        await worker.at_rest()
        await worker.until(lambda _: len(worker.logs()) == 4)
        logs = worker.logs()
    assert ("Prints", "stdout", "plain \x1b[31mred\x1b[0m") in logs
    assert ("Prints", "stdout", "from a coroutine") in logs
    assert ("Prints", "stderr", "oops") in logs
    assert "half a line" in [text for _, _, text in logs]
    assert capfd.readouterr() == ("", "")


async def test_output_past_python_becomes_log_events_too(tmp_path, capfd):
    async with working(tmp_path, "prints_elsewhere") as worker:
        await worker.at_rest()
        expected = {"from a child", "its error", "straight to the descriptor", "from a thread of its own"}
        await worker.until(lambda _: expected <= {text for _, _, text in worker.logs()})
    assert capfd.readouterr() == ("", "")


async def test_what_a_child_prints_is_reported_with_the_function_that_ran_it_and_before_its_end(tmp_path):
    async with working(tmp_path, "children_in_turn") as worker:
        assert (await worker.at_rest()).state is RunState.STOPPED
        told = [row for row in worker.rows() if row.type in ("log", "executor_completed", "status")]
        expected = [(name, kind) for name in ("First", "Second") for kind in ("log", "log", "executor_completed")]
        assert [(row.path, row.type) for row in told[1:]] == [*expected, ("", "status")]
        assert [text for _, _, text in worker.logs()] == ["from a child", "half a line"] * 2


async def test_what_a_child_of_an_earlier_function_prints_is_reported_without_a_step(tmp_path):
    async with working(tmp_path, "child_left_behind") as worker:
        await worker.at_rest()
        await worker.until(lambda _: worker.logs() == [("", "stdout", "late")])


async def test_what_a_child_of_one_of_two_running_functions_prints_is_reported_without_a_step(tmp_path):
    async with working(tmp_path, "children_at_once") as worker:
        await worker.at_rest()
        await worker.until(lambda _: worker.logs() == [("", "stdout", "of two")] * 2)


async def test_a_flood_past_python_from_a_step_that_hogs_the_loop_neither_hangs_nor_gets_lost(tmp_path):
    async with working(tmp_path, "floods_descriptors") as worker:
        assert (await worker.at_rest()).state is RunState.IDLE
        await worker.until(lambda _: len([row for row in worker.rows() if row.type == "log"]) == 600)


async def test_what_a_long_running_step_prints_is_reported_while_it_runs(tmp_path):
    async with working(tmp_path, "speaks_and_hangs") as worker:
        expected = {("SpeaksAndHangs", "still here"), ("SpeaksAndHangs", "around the streams")}
        await worker.until(lambda s: s.status.run_file and expected <= {(p, t) for p, _, t in worker.logs()})
        assert worker.session.status.running == ("SpeaksAndHangs",)


async def test_prints_while_loading_are_reported(tmp_path):
    (tmp_path / "chatty.py").write_text("print('loading now')\nfrom hostile_steps import counts as build\n")
    async with working(tmp_path) as worker:
        with pytest.raises(CommandRefused):
            await worker.session.load(str(tmp_path / "chatty.py"))
        await worker.until(lambda _: any("loading now" in getattr(told, "text", "") for told in worker.told))


async def test_input_asks_in_the_chat_and_goes_on_with_the_answer(tmp_path):
    async with working(tmp_path, "asks") as worker:
        status = await worker.until(lambda s: s.status.requests)
        assert status.requests[0].prompt == "name? "
        assert status.requests[0].path == "Asks"
        await worker.session.request(Respond(request_id=status.requests[0].request_id, value="Ada"))
        first = status.requests[0].request_id
        status = await worker.until(lambda s: s.status.requests and s.status.requests[0].request_id != first)
        await worker.session.request(Respond(request_id=status.requests[0].request_id, value="goodbye"))
        assert (await worker.at_rest()).state is RunState.IDLE
        assert [text for _, _, text in worker.logs()] == ["hello Ada", "and goodbye"]


async def test_input_in_a_coroutine_fails_the_step_with_what_to_write(tmp_path):
    async with working(tmp_path, "asks_wrongly") as worker:
        status = await worker.at_rest()
        assert status.state is RunState.FAILED
        assert "await context.request_info" in status.error


async def test_typed_text_becomes_the_type_asked_for(tmp_path):
    async with working(tmp_path, "asks_typed") as worker:

        async def answer(text):
            (request,) = (await worker.until(lambda s: s.status.requests)).requests
            await worker.session.request(Respond(request_id=request.request_id, value=text))
            await worker.until(lambda s: request not in s.status.requests)

        with pytest.raises(CommandRefused) as refused:
            await answer("many")
        assert refused.value.failure.code == "invalid_response"
        await answer("7")
        await answer("[1, 2]")
        await answer("[1, 2]")
        await worker.at_rest()
        (output,) = [row for row in worker.rows() if row.type == "output"]
        assert output.preview == "[7, [1, 2], '[1, 2]']"


# --- load


async def test_a_flood_of_events_is_recorded_whole_and_reported_in_counts(tmp_path):
    async with working(tmp_path, "floods") as worker:
        await worker.at_rest()
        status = worker.session.status
        assert status.written > 20_000
        statuses = [told for told in worker.told if isinstance(told, Status)]
        assert len(statuses) < 200
        with RunFile(status.run_file) as run_file:
            assert run_file.count() == status.written


async def test_runs_are_kept_below_the_working_folder(tmp_path):
    async with await WorkerSession.open(cwd=tmp_path) as session:
        (tmp_path / "flow.py").write_text((TARGETS).read_text())
        await session.load("flow.py:counts")
        await session.request(Start(event="Go", data=1, has_data=True))
        assert Path(session.status.run_file).parent == tmp_path / ".stepscope" / "runs"
        assert (tmp_path / ".stepscope" / "runs" / ".gitignore").read_text() == "*\n"


async def test_a_death_is_reported_once(tmp_path):
    async with working(tmp_path, "exits_hard") as worker:
        await worker.dead()
        await asyncio.sleep(0.1)
        assert len([told for told in worker.told if isinstance(told, WorkerDied)]) == 1
