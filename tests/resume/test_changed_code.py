"""Rule 42: a recorded run goes on with changed code as a live one does after a hot reload."""

import sqlite3

import pytest
from pydantic import BaseModel, create_model
from resume_steps import BROKEN, DONE, Asks, Does, Joins, Keeps, asking, chain, do, fails

from process_core import ProcessBuilder, RunState, Step, StepContext, function
from process_core.resume import ResumeError, StateMismatchError
from process_core.runfile import RunFile, RunFileError


@pytest.fixture(autouse=True)
def forget():
    DONE.clear()
    BROKEN.clear()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.run"


async def cut_off(path, process, broken="B.x"):
    BROKEN.add(broken)
    await fails(process.run("Go", "x", run_file=path))
    BROKEN.clear()
    DONE.clear()


def codes(events):
    return [event.code for event in events if event.type == "warning"]


def resumed_event(events):
    return next(event for event in events if event.type == "resumed")


# --- steps and routes


async def test_rule_42_a_message_whose_step_is_gone_is_undeliverable_until_the_step_is_back(path):
    await cut_off(path, chain("A", "B"))
    async with chain("A", "C").start(resume_from=path) as run:
        assert await run.idle() is RunState.IDLE
        warning = next(event for event in run.events if event.code == "held_messages")
        assert warning.details["messages"] == ["Next -> B.run"]
        changes = resumed_event(run.events).details["changes"]
        assert {"step B is gone", "step C is new"} <= set(changes)
    assert DONE == []
    result = await chain("A", "B").resume(path)
    assert DONE == ["B.x"]
    assert result.step_states["B"] == ["x"]


async def test_rule_42_the_file_has_the_graph_that_the_run_went_on_with(path):
    await cut_off(path, chain("A", "B"))
    await chain("A", "B", "C").resume(path)
    assert DONE == ["B.x", "C.x"]
    with RunFile(path) as file:
        generation, nodes, _ = file.graph_at(file.count())
        assert (generation, [node.path for node in nodes]) == (1, ["A", "B", "C"])
        assert [node.path for node in file.graph_at(2)[1]] == ["A", "B"]


def routed(event, condition=None):
    process = ProcessBuilder("Routes")
    one, other = process.add_step(Does, name="A"), process.add_step(Does, name="B")
    process.on_input_event("Go").send_event_to(one)
    source = one.on_function_result() if event is None else one.on_event(event)
    (source if condition is None else source.when(condition)).send_event_to(other)
    return process.build()


async def test_rule_42_a_message_takes_another_route_to_the_same_place(path):
    await cut_off(path, routed("Next"))
    result = await routed(None).resume(path)
    assert DONE == ["B.x"]
    assert result.state is RunState.IDLE


async def test_rule_42_a_changed_condition_decides_from_the_fork_on(path, tmp_path):
    await routed("Next", "data == 'x'").run("Go", "x", run_file=path)
    DONE.clear()
    async with routed("Next", "data != 'x'").fork(path, 0, tmp_path / "y.run") as run:
        await run.idle()
        assert codes(run.events) == ["no_condition_matched"]
        changes = resumed_event(run.events).details["changes"]
    assert DONE == ["A.x"]
    assert [line for line in changes if "condition" in line]


async def test_rule_42_steps_may_stand_in_another_order(path):
    def build(*names):
        process = ProcessBuilder("Order")
        steps = {name: process.add_step(Does, name=name) for name in names}
        process.on_input_event("Go").send_event_to(steps["A"])
        steps["A"].on_event("Next").send_event_to(steps["B"])
        return process.build()

    await cut_off(path, build("A", "B"))
    assert (await build("B", "A").resume(path)).step_states == {"A": ["x"], "B": ["x"]}


def joining(*, explicit=False, renamed=False, twice=False, new=False):
    """Two steps that feed a join; by parameters or explicitly, and perhaps a second explicit one after it."""
    process = ProcessBuilder("Joining")
    left, right = process.add_step(Does, name="Left"), process.add_step(Does, name="Right")
    joins = process.add_step(Joins)
    process.on_input_event("Go").send_event_to(left)
    process.on_input_event("Late").send_event_to(right)
    if new:
        process.on_input_event("Other").send_event_to(process.add_step(Does, name="New"))
    ends = {"left": left.on_function_result() if renamed else left.on_event("Next"), "right": right.on_event("Next")}
    if not explicit:
        for name, source in ends.items():
            source.send_event_to(joins, parameter=name)
        return process.build()
    process.listen_for(all_of=list(ends.values())).send_event_to(joins, inputs=ends)
    if twice:
        again = {"left": right.on_function_result(), "right": left.on_event("Next")}
        process.listen_for(all_of=list(again.values())).send_event_to(joins, inputs=again)
    return process.build()


@pytest.mark.parametrize(
    "becomes", [{"renamed": True}, {"explicit": True}, {"explicit": True, "renamed": True}], ids=str
)
@pytest.mark.parametrize("explicit", [False, True], ids=["by parameters", "listen_for"])
async def test_rule_42_a_half_filled_join_is_filled_in_the_new_code(path, explicit, becomes):
    await joining(explicit=explicit).run("Go", "x", run_file=path)
    async with joining(**becomes).start("Late", "y", resume_from=path) as run:
        await run.idle()
        assert run.step_states["Joins"] == [["x", "y"]]
        assert "held_messages" not in codes(run.events)


async def test_rule_42_two_joins_into_one_function_stay_apart_where_a_step_is_added(path):
    await joining(explicit=True, twice=True).run("Go", "x", run_file=path)
    async with joining(explicit=True, twice=True, new=True).start("Late", "y", resume_from=path) as run:
        await run.idle()
        assert run.step_states["Joins"] == [["x", "y"], ["y", "x"]]


async def test_rule_42_a_call_whose_function_takes_something_else_now_is_made_again(path):
    def build(kind, parameter):
        process = ProcessBuilder("Takes")
        one, other = process.add_step(Does, name="A"), process.add_step(kind, name="B")
        process.on_input_event("Go").send_event_to(one)
        one.on_event("Next").send_event_to(other, parameter=parameter)
        if kind is Joins:
            one.on_function_result().send_event_to(other, parameter="right")
        return process.build()

    await build(Keeps, "what").run("Go", "x", run_file=path)
    result = await build(Joins, "left").resume(path)
    assert result.step_states["B"] == ["x"]
    changes = resumed_event(result.events).details["changes"]
    assert "step B: what it takes was keep(what), is join(left, right)" in changes


# --- what waits for an answer


async def test_rule_42_a_question_stays_open_beside_new_steps(path):
    async with asking().start("Go", 1, run_file=path) as run:
        await run.idle()

    def build():
        process = ProcessBuilder("Asking")
        new, asks, keeps = process.add_step(Does, name="New"), process.add_step(Asks), process.add_step(Keeps)
        process.on_input_event("Go").send_event_to(asks)
        process.on_input_event("Other").send_event_to(new)
        asks.on_function_result().send_event_to(keeps)
        return process.build()

    async with build().start(resume_from=path) as run:
        await run.idle()
        await run.respond(run.pending_requests[0].request_id, "yes")
        await run.idle()
        assert run.step_states["Keeps"] == [["yes"]]


def nested(*, kind="process", end="Keeps", entry="In"):
    inner = ProcessBuilder("Inner")
    asks, keeps = inner.add_step(Asks), inner.add_step(Keeps, name=end)
    inner.on_input_event(entry).send_event_to(asks)
    asks.on_event("Answered").send_event_to(keeps)
    process = ProcessBuilder("Outer")
    step = process.add_process(inner, name="in") if kind == "process" else process.add_map_step(inner, name="in")
    process.on_input_event("Go").send_event_to(step.where_input_event_is(entry) if kind == "process" else step)
    return process.build()


@pytest.mark.parametrize("kind", ["process", "map"])
async def test_rule_42_what_waits_inside_goes_on_in_a_nested_process_whose_steps_changed(path, kind):
    data = 1 if kind == "process" else [1, 1]
    async with nested(kind=kind).start("Go", data, run_file=path) as run:
        await run.idle()
        await run.respond(run.pending_requests[0].request_id, "early")
        await run.idle()
    DONE.clear()
    async with nested(kind=kind, end="Others").start(resume_from=path) as run:
        await run.idle()
        while run.pending_requests:
            await run.respond(run.pending_requests[0].request_id, "late")
            await run.idle()
        assert run.state is RunState.IDLE
        if kind == "process":
            assert run.step_states["in/Asks"] == ["early"]
        called = {event.path for event in run.events if event.type == "executor_invoked"}
        assert called == ({"in", "in[1]", "in[1]/Asks", "in[1]/Others"} if kind == "map" else set())
    assert ["Asks.begins", "Asks.got late"][: 2 * (kind == "map")] == DONE


async def test_rule_42_a_call_of_a_nested_process_that_takes_the_event_no_more_is_undeliverable(path):
    async with nested().start("Go", 1, run_file=path) as run:
        await run.idle()
    async with nested(entry="Enter").start(resume_from=path) as run:
        assert await run.idle() is RunState.IDLE
        assert codes(run.events) == ["held_messages"]
        await run.send_event("Go", 0)
        assert await run.idle() is RunState.IDLE
        assert run.step_states["in/Asks"] == []
        assert run.step_states["in/Keeps"] == [[]]


async def test_rule_42_an_outside_event_that_the_code_takes_no_more_is_undeliverable(path):
    await cut_off(path, chain("A", "B"), broken="A.x")
    process = ProcessBuilder("Chain")
    process.on_input_event("Start").send_event_to(process.add_step(Does, name="A"))
    async with process.build().start(resume_from=path) as run:
        await run.idle()
        assert codes(run.events) == ["held_messages"]
    assert (await chain("A", "B").resume(path)).step_states == {"A": ["x"], "B": ["x"]}


# --- states


class Old(BaseModel):
    name: str = "n"
    count: int = 0


class New(BaseModel):
    title: str = "t"


def keeping(kind, *, breaks=True):
    class Keeper(Step[kind]):
        @function
        async def run(self, name: str) -> str:
            if kind is Old:
                self.state.count += 1
            return name

    process = ProcessBuilder("Keeping")
    keeper, other = process.add_step(Keeper, name="Keeper"), process.add_step(Keeper, name="Other")
    process.on_input_event("Go").send_event_to(keeper).send_event_to(other)
    if breaks:
        keeper.on_function_result().send_event_to(process.add_step(Does))
    return process.build()


async def refused(process, path, **options):
    with pytest.raises(ResumeError) as refusal:
        await process.resume(path, **options)
    return refusal.value


async def test_rule_42_what_had_finished_does_not_run_again_though_the_class_of_its_input_has_a_new_field(path):
    def build(**fields):
        Item = create_model("Item", n=(int, 1), **fields)  # noqa: N806 - a class

        class Sends(Step):
            @function
            async def send(self, context: StepContext, name: str) -> None:
                context.emit_event("Out", Item(n=3))

        class Takes(Step):
            @function
            async def take(self, context: StepContext, item: Item) -> None:
                do(context.step)

        process = ProcessBuilder("Items")
        sends = process.add_step(Sends)
        process.on_input_event("Go").send_event_to(sends)
        for name in ("Good", "Bad"):
            sends.on_event("Out").send_event_to(process.add_step(Takes, name=name))
        return process.build()

    await cut_off(path, build(), broken="Bad")
    await build(more=(int, 0)).resume(path)
    assert DONE == ["Bad"]


async def test_rule_42_every_state_that_does_not_fit_is_reported_with_the_difference(path):
    await cut_off(path, keeping(Old), broken="Does.x")
    error = await refused(keeping(New), path)
    assert isinstance(error, StateMismatchError)
    assert list(error.reports) == ["Keeper", "Other"]
    assert "- count = 1" in error.reports["Keeper"]
    assert "+ title: str" in error.reports["Keeper"]
    assert "reset it" in str(error)


@pytest.mark.parametrize("reset", [True, ["Keeper", "Other"]])
async def test_rule_42_a_state_that_does_not_fit_can_be_reset_where_a_run_is_resumed(path, reset):
    await cut_off(path, keeping(Old), broken="Does.x")
    result = await keeping(New).resume(path, reset=reset)
    assert result.step_states == {"Keeper": New(), "Other": New(), "Does": ["x"]}
    assert resumed_event(result.events).details["reset"] == ["Keeper", "Other"]


async def test_rule_42_a_state_that_does_not_fit_can_be_reset_where_a_run_is_forked(path, tmp_path):
    await keeping(Old).run("Go", "x", run_file=path)
    async with keeping(New).fork(path, 1, tmp_path / "y.run", reset=True) as run:
        await run.idle()
        assert run.step_states["Keeper"] == New()
    assert (await keeping(New).resume(tmp_path / "y.run")).step_states["Keeper"] == New()


async def test_rule_42_what_is_reset_by_name_alone_leaves_the_others_refused(path):
    await cut_off(path, keeping(Old), broken="Does.x")
    error = await refused(keeping(New), path, reset=["Keeper"])
    assert list(error.reports) == ["Other"]


async def test_rule_42_a_reset_lasts_though_the_run_is_cut_off_before_its_next_checkpoint(path):
    await cut_off(path, keeping(Old), broken="Does.x")
    BROKEN.add("Does.x")
    await fails(keeping(New).resume(path, reset=True))
    BROKEN.clear()
    assert (await keeping(New).resume(path)).step_states["Keeper"] == New()


async def test_rule_42_a_state_written_after_the_last_checkpoint_can_be_reset(path):
    def build(kind):
        class Keeper(Step[kind]):
            @function
            async def run(self, name: str) -> str:
                return name

        process = ProcessBuilder("Side")
        process.on_input_event("Go").send_event_to(process.add_step(Keeper)).send_event_to(process.add_step(Does))
        return process.build()

    await cut_off(path, build(Old), broken="Does.x")
    assert list((await refused(build(New), path)).reports) == ["Keeper"]
    assert (await build(New).resume(path, reset=True)).step_states["Keeper"] == New()


async def test_rule_42_a_step_without_state_cannot_be_reset(path):
    await cut_off(path, keeping(Old), broken="Does.x")
    assert "did you mean 'Keeper'" in str(await refused(keeping(New), path, reset=["Keper"]))


async def test_rule_42_a_new_run_has_nothing_to_reset(path):
    with pytest.raises(TypeError, match="nothing to reset"):
        await chain("A").run("Go", "x", reset=True)
    with pytest.raises(TypeError, match="True or paths"):
        await chain("A").resume(path, reset="A")


async def test_rule_42_a_recorded_graph_that_makes_no_sense_is_refused(path):
    await cut_off(path, chain("A", "B"))
    with sqlite3.connect(path) as database:
        database.execute('UPDATE graphs SET edges = replace(edges, \'"function": "\', \'"function": "no_\')')
    database.close()
    assert "make no sense" in str(await refused(chain("A", "C"), path))


async def test_rule_42_a_recorded_graph_with_a_route_to_nowhere_is_refused(path):
    await cut_off(path, chain("A", "B"))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE graphs SET edges = replace(edges, '\"B\"', '\"Nobody\"')")
    database.close()
    with pytest.raises(RunFileError, match="'Nobody', and no such step"):
        await chain("A", "C").resume(path)
