import asyncio
import itertools

import pytest
from cutting import cut
from pydantic import SecretStr
from resume_steps import BROKEN, DONE, Asks, Basket, Does, Joins, Keeps, Talk, asking, chain, do, fails, fan, states

from process_core import (
    Inject,
    ProcessBuilder,
    ProcessEvent,
    RunState,
    Services,
    Step,
    StepContext,
    StepFailedError,
    Visibility,
    function,
)
from process_core.resume import ResumeError
from process_core.runfile import RunFile


@pytest.fixture(autouse=True)
def forget():
    DONE.clear()
    BROKEN.clear()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.run"


def mended():
    """From here on, nothing is broken, and what was done before counts no more."""
    done = list(DONE)
    DONE.clear()
    BROKEN.clear()
    return done


# --- rule 23: unfinished invocations run again, finished ones never


async def test_what_failed_runs_again_and_what_was_done_does_not(path):
    BROKEN.add("C.x")
    await fails(chain("A", "B", "C", "D").run("Go", "x", run_file=path))
    assert mended() == ["A.x", "B.x", "C.x"]
    result = await chain("A", "B", "C", "D").resume(path)
    assert result.state is RunState.IDLE
    assert DONE == ["C.x", "D.x"]


async def test_of_parallel_steps_only_those_that_had_not_finished_run_again(path):
    BROKEN.add("C.x")
    await fails(fan("A", "B", "C").run("Go", "x", run_file=path))
    assert set(mended()) == {"First.x", "A.x", "B.x", "C.x"}
    result = await fan("A", "B", "C").resume(path)
    assert DONE == ["C.x", "Last.x", "Last.x", "Last.x"]
    assert result.step_states["A"] == ["x"]
    assert result.step_states["Last"] == ["x", "x", "x"]


async def test_an_invocation_runs_again_with_the_state_it_began_with(path):
    BROKEN.add("B.x")
    await fails(chain("A", "B").run("Go", "x", run_file=path))
    mended()
    result = await chain("A", "B").resume(path)
    assert result.step_states["B"] == ["x"]


async def test_what_a_finished_sibling_came_to_is_marked_as_taken_over(path):
    BROKEN.add("B.x")
    await fails(fan("A", "B").run("Go", "x", run_file=path))
    mended()
    result = await fan("A", "B").resume(path)
    taken = [event.path for event in result.events if event.code == "taken_over"]
    assert taken == ["A"]


def deep(kind):
    """A step that may break, at the bottom of three nested processes, beside one that does not."""
    inner = ProcessBuilder("Inner")
    first, good, bad = (inner.add_step(Does, name=name) for name in ("First", "Good", "Bad"))
    end = inner.add_step(Does, name="End")
    inner.on_input_event("In").send_event_to(first)
    first.on_event("Next").send_event_to(good).send_event_to(bad)
    for step in (good, bad):
        step.on_event("Next").send_event_to(end)
    middle = ProcessBuilder("Middle")
    below = middle.add_map_step(inner, name="low") if kind == "map" else middle.add_process(inner, name="low")
    middle.on_input_event("In").send_event_to(below if kind == "map" else below.where_input_event_is("In"))
    process = ProcessBuilder("Deep")
    outer, last = process.add_process(middle, name="mid"), process.add_step(Keeps)
    process.on_input_event("Go").send_event_to(outer.where_input_event_is("In"))
    outer.on_function_result().send_event_to(last)
    return process.build()


async def test_inside_nested_processes_at_any_depth_finished_functions_do_not_run_again(path):
    BROKEN.add("Bad.x")
    await fails(deep("nested").run("Go", "x", run_file=path))
    assert set(mended()) == {"First.x", "Good.x", "Bad.x"}
    result = await deep("nested").resume(path)
    assert DONE == ["Bad.x", "End.x", "End.x"]
    assert result.step_states["mid/low/First"] == ["x"]
    assert result.step_states["mid/low/End"] == ["x", "x"]


async def test_inside_the_elements_of_a_map_finished_functions_do_not_run_again(path):
    BROKEN.add("Bad.y")
    await fails(deep("map").run("Go", ["x", "y"], run_file=path))
    done = mended()
    await deep("map").resume(path)
    assert "Bad.y" in DONE
    assert not {name for name in done if name != "Bad.y"} & {name for name in DONE if not name.startswith("End")}


class Element(Step):
    @function
    async def run(self, item: int) -> int:
        do(f"element {item}")
        return item * 10


async def test_finished_elements_of_a_map_do_not_run_again(path):
    def build():
        process = ProcessBuilder("Map")
        each, keeps = process.add_map_step(Element), process.add_step(Keeps)
        process.on_input_event("Go").send_event_to(each)
        each.on_function_result().send_event_to(keeps)
        return process.build()

    BROKEN.add("element 2")
    await fails(build().run("Go", [1, 2, 3], run_file=path))
    done = mended()
    result = await build().resume(path)
    assert [name for name in ("element 2", "element 3") if name == "element 2" or name not in done] == DONE
    assert result.step_states["Keeps"] == [[10, 20, 30]]


async def test_a_run_may_fail_again_and_be_gone_on_with_again(path):
    BROKEN.update({"B.x", "C.x"})
    await fails(fan("A", "B", "C").run("Go", "x", run_file=path))
    mended()
    BROKEN.add("C.x")
    await fails(fan("A", "B", "C").resume(path))
    mended()
    await fan("A", "B", "C").resume(path)
    assert [name for name in DONE if name != "Last.x"] == ["C.x"]


async def test_a_run_at_rest_does_nothing_when_it_is_gone_on_with(path):
    before = await chain("A", "B").run("Go", "x", run_file=path)
    mended()
    result = await chain("A", "B").resume(path)
    assert DONE == []
    assert result.state is RunState.IDLE
    assert result.step_states == before.step_states


async def test_a_run_at_rest_takes_another_outside_event(path):
    await chain("A", "B").run("Go", "x", run_file=path)
    async with chain("A", "B").start("Go", "y", resume_from=path) as run:
        await run.idle()
        assert run.step_states == {"A": ["x", "y"], "B": ["x", "y"]}


async def test_the_run_keeps_its_id_and_its_numbers(path):
    BROKEN.add("B.x")
    await fails(chain("A", "B").run("Go", "x", run_file=path))
    mended()
    with RunFile(path) as file:
        run_id, count = file.info.run_id, file.count()
    result = await chain("A", "B").resume(path)
    assert result.run_id == run_id
    assert [event.seq for event in result.events] == list(range(count + 1, count + 1 + len(result.events)))
    assert result.events[0].type == "resumed"
    with RunFile(path) as file:
        assert file.count() == result.events[-1].seq


# --- rule 23: answers


async def resumed(path, *answers, process=asking):
    """Go on with a run in which something asks, give some answers, and cut it off again."""
    async with process().start(resume_from=path) as run:
        await run.idle()
        for answer in answers:
            await run.respond(run.pending_requests[0].request_id, answer)
            await run.idle()
        return run.result()


async def test_a_question_nobody_could_answer_is_asked_again(path):
    first = await asking().run("Go", 1, run_file=path)
    assert first.state is RunState.IDLE_WITH_PENDING_REQUESTS
    result = await resumed(path, "yes")
    assert result.state is RunState.IDLE
    assert result.step_states["Keeps"] == [["yes"]]


async def test_answered_questions_of_a_function_are_not_asked_again(path):
    async with asking().start("Go", 3, run_file=path) as run:
        for answer in ("a", "b"):
            await run.idle()
            await run.respond(run.pending_requests[0].request_id, answer)
        await run.idle()
    async with asking().start(resume_from=path) as run:
        await run.idle()
        assert [request.data for request in run.pending_requests] == ["question 2"]
        await run.respond(run.pending_requests[0].request_id, "c")
        await run.idle()
        assert run.step_states["Keeps"] == [["a", "b", "c"]]


async def test_nobody_is_asked_twice_after_a_second_crash(path):
    await asking().run("Go", 4, run_file=path)
    asked = []
    for answer in "abcd":
        async with asking().start(resume_from=path) as run:
            await run.idle()
            asked.append(run.pending_requests[0].data)
            await run.respond(run.pending_requests[0].request_id, answer)
            await run.idle()
            state, states = run.state, run.step_states
    assert asked == ["question 0", "question 1", "question 2", "question 3"]
    assert state is RunState.IDLE
    assert states["Keeps"] == [["a", "b", "c", "d"]]


async def test_rule_36_a_question_that_is_asked_again_keeps_its_id(path):
    await asking().run("Go", 2, run_file=path)
    for answer in "ab":
        await resumed(path, answer)
    with RunFile(path) as file:
        ids = [(row.request_id, file.payload(row.data)) for row in file.page(0, 1000) if row.type == "request_info"]
    assert set(ids) == {("request-1", "question 0"), ("request-2", "question 1")}


async def test_an_answer_that_had_come_and_not_been_delivered_is_kept(path, tmp_path):
    release = asyncio.Event()

    class Holds(Step):
        @function
        async def hold(self) -> None:
            await release.wait()

    def build():
        process = ProcessBuilder("Busy")
        asks, holds = process.add_step(Asks), process.add_step(Holds)
        process.on_input_event("Go").send_event_to(asks)
        process.on_input_event("Hold").send_event_to(holds)
        return process.build()

    async with build().start("Go", 1, run_file=path) as run:
        await run.idle()
        await run.send_event("Hold")
        await asyncio.sleep(0.01)
        await run.respond(run.pending_requests[0].request_id, "early")
        release.set()
        await run.idle()
        assert run.step_states["Asks"] == ["early"]
    with RunFile(path) as file:
        answered = next(row.seq for row in file.page(0, 1000) if row.type == "response")
        before = max(checkpoint.seq for checkpoint in file.checkpoints() if checkpoint.seq < answered)
    cut(path, tmp_path / "cut.run", before)
    async with build().start(resume_from=tmp_path / "cut.run") as run:
        await run.idle()
        assert run.state is RunState.IDLE
        assert run.step_states["Asks"] == ["early"]


async def test_a_run_that_was_cancelled_asks_again(path):
    async with asking().start("Go", 1, run_file=path) as run:
        await run.idle()
        run.cancel()
        await run.idle()
        assert run.state is RunState.CANCELLED
    assert (await resumed(path, "now")).step_states["Keeps"] == [["now"]]


async def test_a_question_asked_inside_a_nested_process_is_gone_on_with(path):
    def build():
        inner = ProcessBuilder("Inner")
        before, asks, after = inner.add_step(Does), inner.add_step(Asks), inner.add_step(Keeps)
        inner.on_input_event("In").send_event_to(before)
        before.on_function_result().send_event_to(asks, parameter="number")
        asks.on_event("Answered").send_event_to(after)
        process = ProcessBuilder("Outer")
        nested = process.add_process(inner, name="inner")
        other, last = process.add_step(Does, name="Other"), process.add_step(Keeps, name="Last")
        process.on_input_event("Go").send_event_to(nested.where_input_event_is("In")).send_event_to(other)
        nested.on_event("Answered").send_event_to(last)
        return process.build()

    await build().run("Go", "2", run_file=path)
    mended()
    assert (await resumed(path, "a", process=build)).step_states["Last"] == []
    result = await resumed(path, "b", process=build)
    assert result.step_states["Last"] == [["a", "b"]]
    assert result.step_states["inner/Keeps"] == [["a", "b"]]
    assert "Does.2" not in DONE
    assert "Other.2" not in DONE


# --- what waits survives


async def test_half_filled_joins_survive(path):
    def build():
        process = ProcessBuilder("Join")
        joins = process.add_step(Joins)
        process.on_input_event("Left").send_event_to(joins, parameter="left")
        process.on_input_event("Right").send_event_to(joins, parameter="right")
        return process.build()

    async with build().start("Left", 1, run_file=path) as run:
        await run.idle()
        await run.send_event("Left", 2)
        await run.idle()
    for value in ("a", "b"):
        async with build().start("Right", value, resume_from=path) as run:
            await run.idle()
            states = run.step_states
    assert states["Joins"] == [[1, "a"], [2, "b"]]


async def test_messages_queued_behind_a_step_that_waits_survive(path):
    def build():
        process = ProcessBuilder("Queue")
        asks = process.add_step(Asks)
        process.on_input_event("Go").send_event_to(asks)
        return process.build()

    async with build().start("Go", 1, run_file=path) as run:
        await run.idle()
        await run.send_event("Go", 1)
        await run.idle()
    assert (await resumed(path, "first", "second", process=build)).step_states["Asks"] == ["first", "second"]


async def test_a_queued_call_whose_payload_did_not_fit_still_fails_when_its_turn_comes(path):
    async with asking().start("Go", 1, run_file=path) as run:
        await run.idle()
        await run.send_event("Go", "no number")
        await run.idle()
    async with asking().start(resume_from=path) as run:
        await run.idle()
        (question,) = run.pending_requests
        await run.respond(question.request_id, "first")
        await run.idle()
        assert run.state is RunState.FAILED
        failed = next(event for event in run.events if event.type == "executor_failed")
    assert failed.code == "payload_mismatch"
    assert "event 'Go' on route" in failed.details["message"]


async def test_what_was_to_be_delivered_next_is_delivered(path):
    BROKEN.add("C.x")
    await fails(fan("A", "B", "C").run("Go", "x", run_file=path))
    with RunFile(path) as file:
        pending = file.snapshot(file.checkpoints()[-1]).extra["root"]["pending"]
    assert [(entry["event"], entry["source"], entry["data"]) for entry in pending] == [("Next", "First", "x")] * 3
    mended()
    result = await fan("A", "B", "C").resume(path)
    assert result.step_states["Last"] == ["x", "x", "x"]


# --- states, outputs, public events


async def test_states_of_every_kind_come_back_as_what_they_were(path):
    BROKEN.add("End.x")
    await fails(states().run("Go", "x", run_file=path))
    mended()
    found = (await states().resume(path)).step_states
    assert found["TalkStep"] == Talk(said=["x"], turns=1)
    assert isinstance(found["TalkStep"], Talk)
    basket = Basket(["x"], ("x", 1))
    basket.total = 101
    assert found["BasketStep"] == basket
    assert found["PlainStep"] == {"x": {"words": ["x"], "set": {1, 2}}}


async def test_outputs_and_public_events_are_those_of_the_whole_run(path):
    class Tells(Step):
        @function
        async def tell(self, context: StepContext, number: int) -> None:
            context.yield_output({"n": number})
            context.emit_event(ProcessEvent(id="Told", data=number, visibility=Visibility.PUBLIC))
            do(f"tell {number}")
            context.emit_event("Next", number + 1)

    def build():
        process = ProcessBuilder("Tells")
        tells = [process.add_step(Tells, name=f"T{n}") for n in range(4)]
        process.on_input_event("Go").send_event_to(tells[0])
        for one, other in itertools.pairwise(tells):
            one.on_event("Next").send_event_to(other)
        return process.build()

    BROKEN.update({"tell 1", "tell 3"})
    await fails(build().run("Go", 0, run_file=path))
    mended()
    BROKEN.add("tell 3")
    await fails(build().resume(path))
    mended()
    result = await build().resume(path)
    assert result.outputs == [{"n": n} for n in range(4)]
    assert [(event.id, event.data) for event in result.public_events] == [("Told", n) for n in range(4)]
    again = await build().resume(path)
    assert again.outputs == result.outputs
    assert again.public_events == result.public_events


async def test_an_output_that_was_recorded_only_as_text_does_not_hold_the_run_back(path):
    class Tells(Step):
        @function
        async def tell(self, context: StepContext, name: str) -> str:
            context.yield_output(lambda: name)
            return name

    def build():
        process = ProcessBuilder("Tells")
        tells, does = process.add_step(Tells), process.add_step(Does)
        process.on_input_event("Go").send_event_to(tells)
        tells.on_function_result().send_event_to(does)
        return process.build()

    BROKEN.add("Does.x")
    await fails(build().run("Go", "x", run_file=path))
    mended()
    result = await build().resume(path)
    assert "lambda" in str(result.outputs[0])


# --- who can be gone on with


async def test_a_failed_run_that_fails_again_says_the_same(path):
    BROKEN.add("A.x")
    for run in (chain("A").run("Go", "x", run_file=path), chain("A").resume(path)):
        with pytest.raises(StepFailedError, match=r"BrokenError: A\.x"):
            await run


async def test_a_live_run_is_refused(path):
    async with asking().start("Go", 1, run_file=path) as run:
        await run.idle()
        with pytest.raises(ResumeError, match="still going on"):
            await asking().resume(path)


async def test_services_are_given_again(path):
    class Clock:
        def __init__(self, now):
            self.now = now

    class Reads(Step[list[int]]):
        @function
        async def read(self, clock: Inject[Clock], name: str) -> None:
            self.state.append(clock.now)
            do(name)

    def build():
        process = ProcessBuilder("Reads")
        process.on_input_event("Go").send_event_to(process.add_step(Reads))
        return process.build()

    BROKEN.add("x")
    await fails(build().run("Go", "x", run_file=path, services=having(Clock, Clock(1))))
    mended()
    result = await build().resume(path, services=having(Clock, Clock(2)))
    assert result.step_states["Reads"] == [2]


def having(kind, value):
    services = Services()
    services.add(kind, value)
    return services


async def test_a_run_that_goes_on_cannot_be_given_other_states(path):
    await chain("A").run("Go", "x", run_file=path)
    with pytest.raises(ResumeError, match="fork it with edits"):
        await chain("A").resume(path, initial_states={"A": ["other"]})


async def test_a_run_that_goes_on_cannot_go_to_another_file(path, tmp_path):
    await chain("A").run("Go", "x", run_file=path)
    with pytest.raises(ResumeError, match="its own file"):
        await chain("A").resume(path, run_file=tmp_path / "y.run")


@pytest.mark.parametrize("is_fork", [False, True])
async def test_rule_23_what_was_answered_in_secret_is_asked_again_and_nothing_else_is(path, is_fork):
    class Login(Step):
        fails = True

        @function
        async def log_in(self, context: StepContext) -> None:
            name = await context.request_info("Name", response_type=str)
            word = await context.request_info("Password", response_type=SecretStr)
            place = await context.request_info("Place", response_type=str)
            if self.fails:
                raise ValueError
            await context.yield_output(f"{name} {word.get_secret_value()} {place}")

    builder = ProcessBuilder("Login")
    builder.on_input_event("go").send_event_to(builder.add_step(Login))
    process = builder.build()
    async with process.start("go", run_file=path) as run:
        for answer in ("Ada", "s3cr3t-w0rd", "Paris"):
            await run.idle()
            (request,) = run.pending_requests
            await run.respond(request.request_id, answer)
        await run.idle()
        assert "checkpoint_incomplete" not in [event.code for event in run.events]
    assert b"s3cr3t-w0rd" not in path.read_bytes()
    Login.fails = False
    fork = path.with_name("fork.run")
    async with process.fork(path, 3, into=fork) if is_fork else process.start(resume_from=path) as run:
        await run.idle()
        assert [request.data for request in run.pending_requests] == ["Password"]
        await run.respond(run.pending_requests[0].request_id, "other-w0rd")
        await run.idle()
        if is_fork:
            await run.respond(run.pending_requests[0].request_id, "Paris")
            await run.idle()
        assert run.outputs == ["Ada other-w0rd Paris"]
