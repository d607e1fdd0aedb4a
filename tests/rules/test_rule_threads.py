"""Rule 39: what a `Run` has may be used from any thread; it is served on the loop that the run was begun on."""

import asyncio
import threading

import pytest
from rules_observing import assert_grammar, of, only
from rules_steps import Ask, Seen, Sink

from process_core import ProcessBuilder, RunEndedError, RunState, Step, StepContext, function
from process_core.errors import InvalidResponseError, UnknownEventError, UnknownRequestError


def asking():
    process = ProcessBuilder("P")
    ask, answers, other = process.add_step(Ask), process.add_step(Sink, name="Answers"), process.add_step(Sink)
    process.on_input_event("ask").send_event_to(ask)
    process.on_input_event("other").send_event_to(other)
    ask.on_event("Answered").send_event_to(answers)
    return process.build()


async def in_a_thread(call):
    """Make a blocking call in a thread of its own, and return or raise what it does."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    came = []

    def work():
        try:
            came.append((call(), None))
        except BaseException as error:
            came.append((None, error))
        loop.call_soon_threadsafe(done.set)

    threading.Thread(target=work, daemon=True).start()
    await done.wait()
    value, error = came[0]
    if error is not None:
        raise error
    return value


async def test_rule_39_an_answer_from_another_thread_wakes_the_idle_run():
    async with asking().start("ask", "who?") as run:
        await run.idle()
        await in_a_thread(lambda: asyncio.run(run.respond("request-1", "me")))
        await run.idle()
        assert run.step_states["Answers"].values == ["me"]
        assert_grammar(run.events)


async def test_rule_39_an_event_from_another_thread_is_taken_in():
    async with asking().start() as run:
        await run.idle()
        await in_a_thread(lambda: asyncio.run(run.send_event("other", 1)))
        await run.idle()
        assert run.step_states["Sink"].values == [1]
        assert_grammar(run.events)


@pytest.mark.parametrize(
    ("use", "error"),
    [
        (lambda run: run.respond("request-9", "me"), UnknownRequestError),
        (lambda run: run.respond("request-1", object()), InvalidResponseError),
        (lambda run: run.send_event("nothing"), UnknownEventError),
    ],
)
async def test_rule_39_what_is_refused_is_refused_in_the_thread_that_asked(use, error):
    async with asking().start("ask", "who?") as run:
        await run.idle()
        before = len(run.events)
        with pytest.raises(error):
            await in_a_thread(lambda: asyncio.run(use(run)))
        assert (len(run.events), len(run.pending_requests)) == (before, 1)


async def test_rule_39_a_cancel_from_another_thread_ends_the_run():
    async with asking().start("ask", "who?") as run:
        await run.idle()
        await in_a_thread(run.cancel)
        await run.idle()
        assert run.state is RunState.CANCELLED
        assert_grammar(run.events)


async def test_rule_39_a_thread_waits_until_the_run_is_idle():
    release = asyncio.Event()

    class Holds(Step[Seen]):
        @function
        async def hold(self) -> None:
            waiting.set()
            await release.wait()
            self.state.values.append("held")

    waiting = asyncio.Event()
    process = ProcessBuilder("P")
    process.on_input_event("Go").send_event_to(process.add_step(Holds))
    async with process.build().start("Go") as run:
        await waiting.wait()
        idle = asyncio.create_task(in_a_thread(lambda: asyncio.run(run.idle())))
        release.set()
        assert await idle is RunState.IDLE
        assert run.step_states["Holds"].values == ["held"]


async def test_rule_39_values_come_from_the_loop_of_the_run():
    makers = []

    class Made(Seen):
        def __init__(self):
            super().__init__()
            makers.append(threading.get_ident())

    class Unused(Step[Made]):
        @function
        async def use(self) -> None: ...

    process = ProcessBuilder("P")
    process.on_input_event("Go").send_event_to(process.add_step(Unused))
    async with process.build().start() as run:
        await run.idle()
        assert list(await in_a_thread(lambda: run.step_states)) == ["Unused"]
        assert (await in_a_thread(run.result)).state is RunState.IDLE
        assert set(makers) == {threading.get_ident()}


async def test_rule_39_what_raises_while_a_value_is_made_raises_in_the_thread():
    class Broken(Seen):
        def __init__(self):
            super().__init__()
            if broken:
                raise ZeroDivisionError

    broken = False

    class Unused(Step[Broken]):
        @function
        async def use(self) -> None: ...

    process = ProcessBuilder("P")
    process.on_input_event("Go").send_event_to(process.add_step(Unused))
    async with process.build().start() as run:
        broken = True
        with pytest.raises(ZeroDivisionError):
            await in_a_thread(lambda: run.step_states)


async def test_rule_39_many_threads_answer_and_send_at_once():
    class Asks(Step[Seen]):
        @function
        async def ask(self, context: StepContext) -> None:
            answers = await asyncio.gather(*(context.request_info(f"{n}?") for n in range(20)))
            self.state.values.extend(answers)

    process = ProcessBuilder("P")
    asks, sink = process.add_step(Asks), process.add_step(Sink)
    process.on_input_event("Go").send_event_to(asks)
    process.on_input_event("other").send_event_to(sink)
    async with process.build().start("Go") as run:
        await run.idle()

        def work(request):
            asyncio.run(run.respond(request.request_id, request.data))
            asyncio.run(run.send_event("other", request.data))
            return run.state

        await asyncio.gather(*(in_a_thread(lambda r=r: work(r)) for r in run.pending_requests))
        await run.idle()
        assert run.step_states["Asks"].values == [f"{n}?" for n in range(20)]
        assert sorted(run.step_states["Sink"].values) == sorted(run.step_states["Asks"].values)
        assert len(of(run.events, "response")) == 20
        assert_grammar(run.events)


async def test_rule_39_leaving_the_run_in_another_thread_cancels_it_and_closes_its_file(tmp_path):
    run = asking().start("ask", "who?", run_file=tmp_path / "x.run").begin()
    await run.idle()
    await in_a_thread(lambda: asyncio.run(run.__aexit__(None, None, None)))
    assert run.state is RunState.CANCELLED
    assert only(run.events, "executor_cancelled").path == "Ask"
    assert not (tmp_path / "x.run-wal").exists()


async def test_rule_39_a_second_loop_in_the_thread_of_a_loop_that_closed_is_refused():
    def use():
        async def begin():
            run = asking().start("ask", "who?").begin()
            await run.idle()
            return run

        with asyncio.Runner() as runner:
            run = runner.run(begin())
            loop = runner.get_loop()
            with pytest.raises(RunEndedError, match=r"has stopped, so nothing reaches it; the answer to 'request-1'"):
                asyncio.run(run.respond("request-1", "me"))
            runner.run(run.respond("request-1", "me"))
            runner.run(run.idle())
            assert run.state is RunState.IDLE
        assert loop.is_closed()
        return run

    run = await in_a_thread(use)
    for act in (lambda: run.send_event("other", 1), lambda: run.respond("request-1", "me")):
        with pytest.raises(RunEndedError):
            await act()
    with pytest.raises(RunEndedError, match="that the run was begun on is closed, so nothing reaches it"):
        await run.send_event("other", 1)
    assert run.step_states["Answers"].values == ["me"]
    assert run.result().state is RunState.CANCELLED
    assert await run.idle() is RunState.CANCELLED


async def test_rule_39_a_loop_that_closes_while_another_waits_ends_the_wait():
    class Holds(Step):
        @function
        async def hold(self) -> None:
            here.call_soon_threadsafe(holding.set)
            await asyncio.Event().wait()

    async def run_it():
        leave = asyncio.Event()
        runs.append(process.build().start("Go").begin())
        leaves.append((asyncio.get_running_loop(), leave))
        await leave.wait()

    process = ProcessBuilder("P")
    process.on_input_event("Go").send_event_to(process.add_step(Holds))
    here, holding = asyncio.get_running_loop(), asyncio.Event()
    runs, leaves = [], []
    thread = asyncio.create_task(in_a_thread(lambda: asyncio.run(run_it())))
    await holding.wait()
    idle = asyncio.create_task(runs[0].idle())
    await asyncio.sleep(0)
    loop, leave = leaves[0]
    loop.call_soon_threadsafe(leave.set)
    with pytest.raises(RunEndedError, match="was closed meanwhile"):
        await idle
    await thread
    assert runs[0].state is RunState.CANCELLED
