"""Rule 36: a question is known by what it asks, so a recorded answer goes to the question that it was an answer to."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from cutting import cut
from pydantic import BaseModel

from process_core import ProcessBuilder, RunState, Step, StepContext, Visibility, function
from process_core.errors import UnknownRequestError
from process_core.runfile import RunFile


@dataclass
class Form:
    """A prompt that is no text."""

    title: str
    fields: tuple[str, ...] = ()


class Decision(BaseModel):
    yes: bool


class Interview(Step[dict[str, Any]]):
    """Asks what a list says: text, or a prompt and a type; a list within it is asked all at once."""

    @function
    async def ask(self, context: StepContext, script: str) -> None:
        for number, questions in enumerate(SCRIPTS[script]):
            if isinstance(questions, list):
                self.state[str(number)] = await asyncio.gather(*[self.one(context, q) for q in questions])
            else:
                self.state[str(questions)] = await self.one(context, questions)
        context.emit_event("Done", self.state, Visibility.PUBLIC)

    async def one(self, context, question):
        prompt, kind = question if type(question) is tuple else (question, str)
        return await context.request_info(prompt, response_type=kind)


SCRIPTS: dict[str, list[Any]] = {}
"""What is asked, by name: code that changes from one attempt to the next."""


def interview(depth=0):
    process = ProcessBuilder("P0")
    process.on_input_event("Go").send_event_to(process.add_step(Interview))
    for level in range(depth):
        outer = ProcessBuilder(f"P{level + 1}")
        outer.on_input_event("Go").send_event_to(outer.add_process(process, name="in").where_input_event_is("Go"))
        process = outer
    return process.build()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.run"


async def answer(run, answers):
    """Answer open questions by their prompts, as long as there are any of these."""
    await run.idle()
    while found := [r for r in run.pending_requests if str(r.data) in answers]:
        for request in found:
            await run.respond(request.request_id, answers.pop(str(request.data)))
        await run.idle()


async def asked_and_answered(path, script, answers, depth=0):
    SCRIPTS["s"] = script
    async with interview(depth).start("Go", "s", run_file=path) as run:
        await answer(run, dict(answers))
        return {str(r.data): r.request_id for r in run.pending_requests}


async def resumed(path, script, answers, depth=0):
    SCRIPTS["s"] = script
    async with interview(depth).start(resume_from=path) as run:
        await answer(run, dict(answers))
        state = run.public_events[-1].data if run.public_events else None
        unused = [e.details["request_id"] for e in run.events if e.code == "unused_answer"]
        return state, {str(r.data): r.request_id for r in run.pending_requests}, unused


@pytest.mark.parametrize("depth", [0, 2])
async def test_rule_36_answers_are_not_swapped_when_the_questions_come_in_another_order(path, depth):
    await asked_and_answered(path, [["ann?", "bob?"], "last?"], {"ann?": "yes", "bob?": "no"}, depth)
    state, _, unused = await resumed(path, [["bob?", "ann?"], "last?"], {"last?": "x"}, depth)
    assert state == {"0": ["no", "yes"], "last?": "x"}
    assert unused == []


async def test_rule_36_a_new_question_in_front_is_asked(path):
    await asked_and_answered(path, ["name?", "age?"], {"name?": "Ann"})
    state, asked, unused = await resumed(path, ["title?", "name?", "age?"], {})
    assert (state, list(asked), unused) == (None, ["title?"], [])
    state, asked, unused = await resumed(path, ["title?", "name?", "age?"], {"title?": "Dr", "age?": "7"})
    assert state == {"title?": "Dr", "name?": "Ann", "age?": "7"}
    assert unused == []


async def test_rule_36_an_answer_to_a_question_that_is_asked_no_more_is_reported(path):
    await asked_and_answered(path, ["name?", "age?"], {"name?": "Ann"})
    state, _, unused = await resumed(path, ["age?"], {"age?": "7"})
    assert state == {"age?": "7"}
    assert unused == ["request-1"]


async def test_rule_36_equal_questions_are_told_apart_by_their_number(path):
    await asked_and_answered(path, [["again?", "again?"], "last?"], {})
    async with interview().start(resume_from=path) as run:
        await run.idle()
        _, second = run.pending_requests
        await run.respond(second.request_id, "second")
        await run.idle()
    state, _, unused = await resumed(path, [["again?", "again?"]], {"again?": "first"})
    assert state == {"0": ["first", "second"]}
    assert unused == []


async def test_rule_36_another_type_makes_it_another_question(path):
    await asked_and_answered(path, ["age?", "last?"], {"age?": "7"})
    _, asked, _ = await resumed(path, [("age?", int), "last?"], {})
    assert list(asked) == ["age?"]
    state, _, unused = await resumed(path, [("age?", int)], {"age?": 7})
    assert state == {"('age?', <class 'int'>)": 7}
    assert unused == ["request-1"]


async def test_rule_36_prompts_that_are_objects_are_compared_by_what_they_hold(path):
    await asked_and_answered(path, [[Form("a"), Form("b", ("x",))], "last?"], {str(Form("a")): "A"})
    await resumed(path, [[Form("b", ("x",)), Form("a")], "last?"], {str(Form("b", ("x",))): "B"})
    state, _, _ = await resumed(path, [[Form("b", ("x",)), Form("a")], "last?"], {"last?": ""})
    assert state["0"] == ["B", "A"]


async def test_rule_36_answers_that_are_models_come_back_as_they_were(path):
    await asked_and_answered(path, [("sure?", Decision), "last?"], {"sure?": {"yes": True}})
    SCRIPTS["s"] = [("sure?", Decision)]
    state, _, _ = await resumed(path, [("sure?", Decision), "last?"], {"last?": ""})
    assert list(state.values()) == [Decision(yes=True), ""]


async def test_rule_36_ids_of_open_questions_survive_resuming(path):
    before = await asked_and_answered(path, [["ann?", "bob?"]], {})
    _, again, _ = await resumed(path, [["bob?", "new?", "ann?"]], {})
    assert {name: again[name] for name in before} == before
    assert len(set(again.values())) == 3


async def test_rule_36_an_answer_to_a_recorded_id_is_accepted_before_the_question_is_asked_again(path):
    (request_id,) = (await asked_and_answered(path, ["name?"], {})).values()
    async with interview().start(resume_from=path) as run:
        await run.respond(request_id, "at once")
        await run.idle()
        assert run.state is RunState.IDLE
        assert run.public_events[0].data == {"name?": "at once"}
        with pytest.raises(UnknownRequestError, match="is closed"):
            await run.respond(request_id, "again")


async def test_rule_36_an_answer_before_its_question_waits_for_it_over_another_crash(path):
    (request_id,) = (await asked_and_answered(path, ["name?"], {})).values()
    SCRIPTS["s"] = ["title?", "name?"]
    async with interview().start(resume_from=path) as run:
        await run.respond(request_id, "Ann")
        await run.idle()
        assert [r.data for r in run.pending_requests] == ["title?"]
    state, _, unused = await resumed(path, ["title?", "name?"], {"title?": "Dr"})
    assert state == {"title?": "Dr", "name?": "Ann"}
    assert unused == []


async def test_rule_36_an_early_answer_to_a_question_that_is_asked_no_more_is_reported(path):
    (request_id,) = (await asked_and_answered(path, ["name?"], {})).values()
    SCRIPTS["s"] = []
    async with interview().start(resume_from=path) as run:
        await run.respond(request_id, "Ann")
        await run.idle()
        assert [e.details["request_id"] for e in run.events if e.code == "unused_answer"] == [request_id]


async def test_rule_36_an_early_answer_of_the_wrong_type_leaves_the_question_open(path):
    (request_id,) = (await asked_and_answered(path, [("age?", int)], {})).values()
    async with interview().start(resume_from=path) as run:
        await run.respond(request_id, "no number")
        await run.idle()
        assert [e.code for e in run.events if e.code == "answer_refused"] == ["answer_refused"]
        assert [r.request_id for r in run.pending_requests] == [request_id]


async def test_rule_36_holds_wherever_the_run_was_cut_off(path, tmp_path):
    await asked_and_answered(path, [["ann?", "bob?"], "last?"], {"bob?": "no", "ann?": "yes"})
    with RunFile(path) as file:
        types = [row.type for row in file.page(0, 1000)]
    answers = {"ann?": "yes", "bob?": "no", "last?": ""}
    for seq in range(types.index("request_info") + 1, len(types) + 1):
        copy = tmp_path / f"{seq}.run"
        cut(path, copy, seq)
        state, _, unused = await resumed(copy, [["bob?", "ann?"], "last?"], answers)
        assert (state, unused) == ({"0": ["no", "yes"], "last?": ""}, []), seq


async def test_rule_36_a_fork_has_the_answers_and_ids_of_its_parent(path, tmp_path):
    await asked_and_answered(path, [["ann?", "bob?"]], {"bob?": "no"})
    with RunFile(path) as file:
        last = max(checkpoint.superstep for checkpoint in file.checkpoints())
    SCRIPTS["s"] = [["bob?", "ann?"]]
    async with interview().fork(path, last, tmp_path / "fork.run") as run:
        await run.idle()
        assert [r.request_id for r in run.pending_requests] == ["request-1"]
        await answer(run, {"ann?": "yes"})
        assert run.public_events[0].data == {"0": ["no", "yes"]}


# --- rule 37, recorded


class Patient(Step[list[str]]):
    @function
    async def ask(self, context: StepContext) -> str:
        self.state.append(await context.request_info("first?"))
        limits = asyncio.timeout(None)
        LIMITS.append(limits)
        try:
            async with limits:
                return await context.request_info("second?")
        except TimeoutError:
            context.emit_event("Late", "emitted")
            return "timed out"


class Takes(Step[list[str]]):
    @function
    async def take(self, value: str) -> None:
        self.state.append(value)
        if value == "timed out":
            ARRIVED[0].set()


LIMITS: list[Any] = []
ARRIVED: list[asyncio.Event] = []


def patient():
    process = ProcessBuilder("Patient")
    asks, takes = process.add_step(Patient), process.add_step(Takes)
    process.on_input_event("Go").send_event_to(asks)
    asks.on_event("Late").send_event_to(takes)
    asks.on_function_result().send_event_to(takes)
    outer = ProcessBuilder("Outer")
    nested = outer.add_process(process, name="in")
    outer.on_input_event("Go").send_event_to(nested.where_input_event_is("Go"))
    return outer.build()


async def until_the_time_is_up(run):
    await run.idle()
    await answer(run, {"first?": "one"})
    while LIMITS:
        LIMITS.pop().reschedule(0)
        await ARRIVED[0].wait()
    await run.idle()
    return run.state, run.step_states


async def test_rule_37_a_call_that_went_on_by_itself_is_resumed_wherever_the_run_was_cut_off(path, tmp_path):
    LIMITS.clear()
    ARRIVED[:] = [asyncio.Event()]
    async with patient().start("Go", run_file=path) as run:
        expected = await until_the_time_is_up(run)
    assert expected == (RunState.IDLE, {"in/Patient": ["one"], "in/Takes": ["emitted", "timed out"]})
    with RunFile(path) as file:
        last = file.count()
    for seq in range(2, last):
        cut(path, tmp_path / f"{seq}.run", seq)
        ARRIVED[:] = [asyncio.Event()]
        async with patient().start(resume_from=tmp_path / f"{seq}.run") as run:
            assert await until_the_time_is_up(run) == expected, seq


async def test_rule_37_the_past_shows_a_withdrawn_question_as_closed(path):
    LIMITS.clear()
    ARRIVED[:] = [asyncio.Event()]
    async with patient().start("Go", run_file=path) as run:
        await until_the_time_is_up(run)
    with RunFile(path) as file:
        withdrawn = next(row for row in file.page(0, 1000) if row.type == "request_withdrawn")
        asking = {seq: file.at(seq).asking for seq in (withdrawn.seq - 1, withdrawn.seq)}
    assert asking == {withdrawn.seq - 1: ("in/Patient",), withdrawn.seq: ()}
