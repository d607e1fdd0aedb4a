"""Rules 35 and 42: a recorded value that cannot be made again is refused by number and name, dropped, or replaced."""

import sys
import types
from dataclasses import dataclass
from typing import Any

import pytest
from resume_steps import BROKEN, DONE, Joins, Keeps, do

from process_core import (
    ProcessBuilder,
    RunState,
    Step,
    StepContext,
    StepFailedError,
    Visibility,
    WorkflowEvent,
    function,
)
from process_core.resume import EditError, ResumeError, ValueMismatchError
from process_core.runfile import RunFile, RunFileWriter

GONE = "class shop.Order is not loaded"


@pytest.fixture(autouse=True)
def forget():
    DONE.clear()
    BROKEN.clear()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.run"


@pytest.fixture
def shop(monkeypatch):
    """A module with a class of payloads; `shop.close()` is what a user does who renames it."""

    @dataclass
    class Order:
        number: int

    module = types.ModuleType("shop")
    Order.__module__, Order.__qualname__ = "shop", "Order"
    module.Order = Order
    monkeypatch.setitem(sys.modules, "shop", module)
    module.close = lambda: sys.modules.pop("shop", None)
    module.open = lambda: sys.modules.update(shop=module)
    return module


def order(number=1):
    return sys.modules["shop"].Order(number)


class Sends(Step):
    @function
    async def send(self, context: StepContext, number: int) -> None:
        context.emit_event("Out", order(number))


class Takes(Step[list[Any]]):
    @function
    async def take(self, context: StepContext, what: Any) -> Any:
        do(context.step)
        self.state.append(getattr(what, "number", what))
        context.emit_event("Next", what)
        return what


def sending(*takers, then=()):
    process = ProcessBuilder("Sending")
    sends = process.add_step(Sends)
    process.on_input_event("Go").send_event_to(sends)
    process.on_input_event("Other").send_event_to(sends)
    end = process.add_step(Keeps) if then else None
    for name in takers:
        taker = process.add_step(Takes, name=name)
        sends.on_event("Out").send_event_to(taker)
        for source in then:
            (taker.on_event("Next") if source == "event" else taker.on_function_result()).send_event_to(end)
    return process.build()


async def cut_off(process, path, *broken, data: Any = 7):
    BROKEN.update(broken)
    with pytest.raises(StepFailedError):
        await process.run("Go", data, run_file=path)
    BROKEN.clear()
    DONE.clear()


async def refused(process, path, **options):
    with pytest.raises(ResumeError) as refusal:
        await process.resume(path, **options)
    return refusal.value


def resumed(events):
    return next(event for event in events if event.type == "resumed")


# --- a message


async def test_a_message_whose_class_is_gone_is_refused_by_number_and_name_with_the_choices(path, shop):
    process = sending("A", "B")
    await cut_off(process, path, "A", "B")
    size = path.stat().st_size
    shop.close()
    error = await refused(process, path)
    assert isinstance(error, ValueMismatchError)
    assert error.reports == {
        0: f"the payload of Sends.Out -> A.take(what): {GONE}",
        1: f"the payload of Sends.Out -> B.take(what): {GONE}",
    }
    assert "edits={'drop': [0, 1]} goes on without, edits={'payloads': {0: ...}} with another value" in str(error)
    assert path.stat().st_size == size
    shop.open()
    assert (await process.resume(path)).step_states == {"A": [7], "B": [7]}


@pytest.mark.parametrize("drop", [True, [0, 1]])
async def test_such_messages_can_be_dropped_where_the_run_is_resumed(path, shop, drop):
    process = sending("A", "B")
    await cut_off(process, path, "A", "B")
    shop.close()
    result = await process.resume(path, edits={"drop": drop})
    assert (result.state, DONE) == (RunState.IDLE, [])
    dropped = [f"the payload of Sends.Out -> {name}.take(what): {GONE}" for name in "AB"]
    event = resumed(result.events)
    assert event.details["dropped"] == dropped
    assert "; ".join(dropped) in event.data


async def test_such_a_message_can_have_another_payload_beside_one_that_is_dropped(path, shop):
    process = sending("A", "B")
    await cut_off(process, path, "A", "B")
    shop.close()
    result = await process.resume(path, edits={"payloads": {1: "another"}, "drop": True})
    assert result.step_states == {"A": [], "B": ["another"]}
    assert resumed(result.events).details["replaced"] == [f"the payload of Sends.Out -> B.take(what): {GONE}"]


async def test_what_is_chosen_for_one_leaves_the_others_refused(path, shop):
    process = sending("A", "B")
    await cut_off(process, path, "A", "B")
    shop.close()
    error = await refused(process, path, edits={"drop": [0]})
    assert list(error.reports) == [1]


async def test_the_choice_lasts_though_the_run_is_cut_off_before_its_next_checkpoint(path, shop):
    process = sending("A", "B")
    await cut_off(process, path, "A", "B")
    shop.close()
    BROKEN.add("B")
    with pytest.raises(StepFailedError):
        await process.resume(path, edits={"drop": [0], "payloads": {1: "another"}})
    BROKEN.clear()
    shop.open()  # even if it would fit again: what is recorded is the run without that message
    assert (await process.resume(path)).step_states == {"A": [], "B": ["another"]}


async def test_in_its_own_file_what_fits_is_not_changed(path, shop):
    process = sending("A", "B")
    await cut_off(process, path, "A", "B")
    for edits in ({"drop": [1]}, {"payloads": {1: 2}}):
        with pytest.raises(EditError, match=r"^1, the payload of Sends.Out -> B.take\(what\), fits; fork the run"):
            await process.resume(path, edits=edits)
    with pytest.raises(EditError, match="fits"):
        await process.resume(path, edits={"drop": [99]})
    assert "send_event" in str(await refused(process, path, edits={"inject": [("Go", 1)]}))
    with pytest.raises(TypeError, match="a new run has nothing to edit"):
        process.start("Go", 1, edits={"drop": True})


async def test_a_fork_has_the_same_choices(path, shop, tmp_path):
    process = sending("A", "B")
    await cut_off(process, path, "A", "B")
    shop.close()
    with pytest.raises(ValueMismatchError):
        process.fork(path, 1, tmp_path / "no.run")
    async with process.fork(path, 1, tmp_path / "y.run", edits={"drop": True}) as run:
        assert await run.idle() is RunState.IDLE
        assert len(resumed(run.events).details["dropped"]) == 2
    async with process.start(
        resume_from=path, superstep=1, run_file=tmp_path / "z.run", edits={"drop": [0], "payloads": {1: "x"}}
    ) as run:
        await run.idle()
        assert run.step_states == {"A": [], "B": ["x"]}


@pytest.mark.parametrize(
    "recorded",
    [
        {},
        {"payloads": 1, "drop": "all"},
        {"payloads": [1, [2], ["0", 1], [True, 1]], "drop": [None, "0", 1.0, {}]},
        {"payloads": [[-1, 1]], "drop": [-7]},
    ],
)
async def test_a_recorded_choice_that_makes_no_sense_is_left_out(path, shop, recorded):
    process = sending("A")
    await cut_off(process, path, "A")
    shop.close()
    with RunFileWriter.resume(path) as writer:
        details = {"code": "resumed_from_checkpoint", "choices": recorded}
        writer.append(WorkflowEvent("resumed", "goes on", details, seq=writer.written + 1, run_id="x"))
    assert list((await refused(process, path)).reports) == [0]
    assert (await process.resume(path, edits={"drop": True})).state is RunState.IDLE


# --- everything else that can hold a value


async def test_an_outside_event_whose_class_is_gone_can_be_dropped_or_replaced(path, shop):
    process = ProcessBuilder("Inputs")
    process.on_input_event("Go").send_event_to(process.add_step(Takes))
    built = process.build()
    await cut_off(built, path, "Takes", data=order())
    shop.close()
    (report,) = (await refused(built, path)).reports.values()
    assert report == f"the payload of the outside event Go: {GONE}"
    result = await built.resume(path, edits={"drop": True})
    assert (result.state, result.step_states) == (RunState.IDLE, {"Takes": []})


async def test_what_waits_in_a_join_can_be_dropped_or_replaced(path, shop, tmp_path):
    process = ProcessBuilder("Joining")
    left, joins = process.add_step(Sends), process.add_step(Joins)
    process.on_input_event("Go").send_event_to(left)
    process.on_input_event("Late").send_event_to(joins, parameter="right")
    left.on_event("Out").send_event_to(joins, parameter="left")
    built = process.build()
    await built.run("Go", 1, run_file=path)
    shop.close()
    assert (await refused(built, path)).reports == {0: f"what waits for Joins.join(left): {GONE}"}
    async with built.fork(path, 2, tmp_path / "y.run", edits={"payloads": {0: "L"}}) as run:
        await run.idle()
        await run.send_event("Late", "R")
        await run.idle()
        assert run.step_states["Joins"] == [["L", "R"]]
    async with built.start("Late", "R", resume_from=path, edits={"drop": True}) as run:
        await run.idle()
        assert run.step_states["Joins"] == []


class AsksWith(Step[list[Any]]):
    @function
    async def ask(self, context: StepContext, what: Any) -> None:
        first = await context.request_info("first?", response_type=object)
        self.state += [
            getattr(what, "number", what),
            first,
            await context.request_info("second?", response_type=object),
        ]


def asking(*, nested=False):
    process = ProcessBuilder("Asking")
    if nested:
        inner = ProcessBuilder("Inner")
        inner.on_input_event("In").send_event_to(inner.add_step(AsksWith))
        step = process.add_process(inner, name="in").where_input_event_is("In")
    else:
        step = process.add_step(AsksWith)
    process.on_input_event("Go").send_event_to(step)
    return process.build()


@pytest.mark.parametrize("nested", [False, True])
async def test_a_call_that_waits_with_such_an_argument_can_be_left_out_or_take_another(path, shop, tmp_path, nested):
    process, where = asking(nested=nested), "in/AsksWith" if nested else "AsksWith"
    async with process.start("Go", order(), run_file=path) as run:
        await run.idle()
    shop.close()
    reports = (await refused(process, path)).reports
    assert f"argument what of {where}.ask: {GONE}" in reports.values()
    others = dict.fromkeys(reports, "x")
    async with process.fork(path, 1, tmp_path / "y.run", edits={"payloads": others}) as run:
        await run.idle()
        for answer in ("a", "b"):
            await run.respond(run.pending_requests[0].request_id, answer)
            await run.idle()
        assert run.step_states[where] == ["x", "a", "b"]
    async with process.start(resume_from=path, edits={"drop": True}) as run:
        assert await run.idle() is RunState.IDLE
        assert not run.pending_requests
        assert run.step_states[where] == []


async def test_an_answer_whose_class_is_gone_is_asked_for_again(path, shop):
    process = asking()
    async with process.start("Go", 1, run_file=path) as run:
        await run.idle()
        await run.respond(run.pending_requests[0].request_id, order())
        await run.idle()
    shop.close()
    assert f"the answer to request-1 of AsksWith.ask: {GONE}" in (await refused(process, path)).reports.values()
    async with process.start(resume_from=path, edits={"drop": True}) as run:
        await run.idle()
        assert [event.data for event in run.pending_requests] == ["first?"]
        for answer in ("a", "b"):
            await run.respond(run.pending_requests[0].request_id, answer)
            await run.idle()
        assert run.step_states["AsksWith"] == [1, "a", "b"]


async def test_a_question_whose_class_is_gone_is_asked_again_in_the_words_of_the_code(path, shop):
    class AsksOrder(Step):
        @function
        async def ask(self, context: StepContext) -> None:
            await context.request_info(order() if "shop" in sys.modules else "what now?")

    process = ProcessBuilder("Asking")
    process.on_input_event("Go").send_event_to(process.add_step(AsksOrder))
    built = process.build()
    async with built.start("Go", run_file=path) as run:
        await run.idle()
    shop.close()
    async with built.start(resume_from=path) as run:
        await run.idle()
        assert [event.data for event in run.pending_requests] == ["what now?"]


# --- what was recorded after the last checkpoint


@pytest.mark.parametrize("then", ["event", "result"])
async def test_what_a_finished_call_sent_in_a_superstep_that_was_cut_off(path, shop, then):
    process = sending("A", "B", then=[then])
    await cut_off(process, path, "B")
    shop.close()
    what = "event Next" if then == "event" else "result"
    reports = (await refused(process, path)).reports
    (number,) = (n for n, report in reports.items() if report.startswith(f"the {what} of A.take: {GONE}"))
    others = {n: "x" for n in reports if n != number}
    if then == "result":  # the call has completed, and its result is what it came to
        error = await refused(process, path, edits={"drop": True})
        assert error.reports == {number: f"the result of A.take: {GONE} (it can only be replaced)"}
    else:
        assert (await process.resume(path, edits={"drop": [number], "payloads": others})).step_states["Keeps"] == ["x"]
        return
    result = await process.resume(path, edits={"payloads": {**others, number: "r"}})
    assert sorted(result.step_states["Keeps"]) == ["r", "x"]


async def test_what_an_unfinished_call_sent_is_not_asked_about(path, shop):
    class SendsAndBreaks(Step):
        @function
        async def run(self, context: StepContext) -> None:
            if "shop" in sys.modules:
                context.emit_event("Out", order(), Visibility.PUBLIC)
                raise OSError

    process = ProcessBuilder("Breaking")
    process.on_input_event("Go").send_event_to(process.add_step(SendsAndBreaks))
    built = process.build()
    with pytest.raises(StepFailedError):
        await built.run("Go", run_file=path)
    shop.close()
    assert (await built.resume(path)).state is RunState.IDLE


async def test_a_choice_for_what_came_after_the_checkpoint_lasts_too(path, shop):
    process = sending("A", "B", then=["event"])
    await cut_off(process, path, "B")
    shop.close()
    BROKEN.add("B")
    reports = (await refused(process, path)).reports
    with pytest.raises(StepFailedError):
        await process.resume(path, edits={"payloads": dict.fromkeys(reports, "x")})
    BROKEN.clear()
    shop.open()
    result = await process.resume(path)
    assert (DONE.count("A"), result.step_states["Keeps"]) == (0, ["x", "x"])
    with RunFile(path) as file:
        assert sum(row.type == "resumed" for row in file.page(0, 1000)) == 2
