"""Surgery on events, states and calls: injected, edited, completed by hand, and taken back."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from debug_steps import Ask, Fail, Keep, Pair, Relay, Say, Typed, chain, ended, invoked, of, paused, wrapped
from pydantic import BaseModel, Field

from process_core import ProcessBuilder, Step, StepContext, StepFailure, function
from process_core.debug import EditingError


class Count(BaseModel):
    """What a counter knows."""

    number: int = Field(ge=0)
    names: list[str] = []


class Counter(Step[Count]):
    """Counts, from what its state says."""

    @function
    async def count(self, value: Any) -> int:
        self.state.number += 1
        return self.state.number


@dataclass
class Log:
    entries: list[int] = field(default_factory=list)


class Logger(Step[Log]):
    """Notes, asks, and notes the answer."""

    @function
    async def log(self, context: StepContext, value: int) -> None:
        self.state.entries.append(value)
        await context.request_info("?")
        self.state.entries.append(-value)


class Handler(Step):
    """Takes failures."""

    @function
    async def handle(self, failure: StepFailure) -> None:
        pass


def counting() -> ProcessBuilder:
    """`go` to Counter, whose result goes to End."""
    process = ProcessBuilder("counting")
    counter = process.add_step(Counter, initial_state=Count(number=3))
    process.on_input_event("go").send_event_to(counter)
    counter.on_function_result().send_event_to(process.add_step(Relay, name="End"))
    return process


def calls(debugger, path) -> list[Any]:
    return [event.data for event in debugger.events if event.type == "executor_invoked" and event.path == path]


def refused(debugger, act, *args, **options) -> EditingError:
    """See that an act is refused, and that nothing has changed by it."""
    before = debugger.pending(), len(debugger.events), debugger.editor.last, debugger.paused
    with pytest.raises(EditingError) as error:
        getattr(debugger.editor, act)(*args, **options)
    assert (debugger.pending(), len(debugger.events), debugger.editor.last, debugger.paused) == before
    return error.value


async def on(debugger) -> str:
    await debugger.continue_()
    return await ended(debugger)


@pytest.fixture
async def chained(debug):
    """A run that is paused before the second of three steps."""
    debugger = await debug(chain("A", "B", "C"), {"step": "B", "once": True}, data=1)
    await paused(debugger)
    return debugger


# Events.


async def test_an_outside_event_comes_in_the_next_superstep(chained):
    act = chained.editor.inject("go", 10)
    (_, item) = chained.pending()
    assert (item.event_id, item.target, item.source, item.data, item.changed, item.seq) == (
        "go",
        "A",
        "",
        10,
        True,
        act.seq,
    )
    await on(chained)
    assert calls(chained, "A") == [{"value": 1}, {"value": 10}]
    assert act.seq in [e for e in chained.events if e.path == "A" and e.type == "executor_invoked"][1].causes


async def test_an_event_is_injected_as_if_a_step_had_emitted_it(chained):
    act = chained.editor.inject("BDone", 30, step="B")
    assert [(item.event_id, item.source, item.target) for item in chained.pending()][1] == ("BDone", "B", "C")
    await on(chained)
    assert calls(chained, "C") == [{"value": 30}, {"value": 3}]
    (event,) = of(chained, "operator")
    assert (event.seq, event.path, event.event_id, event.data) == (act.seq, "B", "BDone", 30)


async def test_an_event_injected_in_a_nested_process_takes_its_routes(debug):
    debugger = await debug(wrapped(chain("X", "Y", name="inner")), {"step": "inner/X", "once": True}, data=1)
    await paused(debugger)
    debugger.editor.inject("XDone", 50, step="inner/X")
    await on(debugger)
    assert calls(debugger, "inner/Y") == [{"value": 50}, {"value": 2}]


async def test_an_event_injected_as_that_of_a_nested_process_goes_on_outside(debug):
    debugger = await debug(wrapped(chain("X", name="inner")), {"step": "inner", "once": True}, data=1)
    await paused(debugger)
    debugger.editor.inject("OnResult", ["mine"], step="inner")
    await on(debugger)
    assert len(calls(debugger, "End")) == 2


async def test_an_injected_event_fills_half_a_join(debug):
    process = ProcessBuilder("joining")
    say, pair = process.add_step(Say), process.add_step(Pair)
    process.on_input_event("go").send_event_to(say)
    say.on_event("L").send_event_to(pair, parameter="left")
    say.on_event("R").send_event_to(pair, parameter="right")
    debugger = await debug(process, {"event": "L"}, data=["L"])
    await paused(debugger)
    debugger.editor.inject("R", "mine", step="Say")
    await on(debugger)
    assert calls(debugger, "Pair") == [{"left": 0, "right": "mine"}]


async def test_an_injected_event_may_stop_the_process(debug):
    process = chain("A", "B", "C")
    process.on_input_event("halt").stop_process()
    debugger = await debug(process, {"step": "B"}, data=1)
    await paused(debugger)
    debugger.editor.inject("halt")
    assert await on(debugger) == "STOPPED"
    assert invoked(debugger) == ["A", "B"]


async def test_a_stop_that_was_injected_is_taken_back(debug):
    process = chain("A", "B", "C")
    process.on_input_event("halt").stop_process()
    debugger = await debug(process, {"step": "B"}, data=1)
    await paused(debugger)
    debugger.editor.inject("halt")
    debugger.editor.undo()
    assert await on(debugger) == "IDLE"


@pytest.mark.parametrize("step", [None, "A"])
async def test_an_unknown_event_is_refused_with_a_suggestion(chained, step):
    error = refused(chained, "inject", "gO" if step is None else "Adone", 1, step=step)
    assert error.code == "unknown_event"
    assert "did you mean" in str(error)


@pytest.mark.parametrize("name", ["", "\x1b[2J", "[/red]", "\ud800", "x" * 10_000, "__class__"])
async def test_hostile_names_are_refused(chained, name):
    assert refused(chained, "inject", name, 1).code == "unknown_event"
    assert refused(chained, "inject", name, 1, step="A").code == "unknown_event"
    assert refused(chained, "inject", "ADone", 1, step=name or "/").code == "unknown_step"
    assert refused(chained, "edit_state", name, 1).code == "unknown_step"
    assert refused(chained, "force_complete", name, 1).code == "unknown_step"


async def test_an_unknown_step_is_refused_with_a_suggestion(debug):
    debugger = await debug(wrapped(chain("X", "Y", name="inner")), paused=True)
    await paused(debugger)
    error = refused(debugger, "inject", "XDone", 1, step="inner/Z")
    assert (error.code, "did you mean" in str(error)) == ("unknown_step", True)
    assert refused(debugger, "edit_state", "inner/X/deeper", {}).code == "unknown_step"


async def test_an_event_with_no_condition_that_holds_is_refused(debug):
    process = ProcessBuilder("conditional")
    say, keep = process.add_step(Say), process.add_step(Keep)
    process.on_input_event("go").send_event_to(say)
    say.on_event("A").when(lambda data: data["n"] > 3).send_event_to(keep)
    debugger = await debug(process, paused=True, data=[])
    await paused(debugger)
    assert refused(debugger, "inject", "A", {"n": 1}, step="Say").code == "no_route"
    assert refused(debugger, "inject", "A", 1, step="Say").code == "condition_failed"
    debugger.editor.inject("A", {"n": 4}, step="Say")
    await on(debugger)
    assert calls(debugger, "Keep") == [{"value": {"n": 4}}]


async def test_an_injected_payload_that_does_not_fit_is_refused(debug):
    process = ProcessBuilder("typed")
    process.on_input_event("go").send_event_to(process.add_step(Typed))
    debugger = await debug(process, paused=True, data=1)
    await paused(debugger)
    assert refused(debugger, "inject", "go", "x").code == "payload_mismatch"
    assert refused(debugger, "inject", "go").code == "payload_mismatch"


async def test_a_nested_process_that_is_not_at_work_takes_no_event(debug):
    debugger = await debug(wrapped(chain("X", "Y", name="inner")), paused=True)
    await paused(debugger)
    assert refused(debugger, "inject", "XDone", 1, step="inner/X").code == "not_running"


async def test_what_is_injected_before_the_run_comes_to_rest_goes_on_with_it(debug):
    debugger = await debug(chain("A", "B"), {"kind": "quiescence", "once": True})
    await paused(debugger)
    debugger.editor.inject("ADone", 9, step="A")
    error = refused(debugger, "force_complete", "B", None)
    assert (error.code, "for the next superstep" in str(error)) == ("nothing_to_complete", True)
    await on(debugger)
    assert calls(debugger, "B")[-1] == {"value": 9}


async def test_an_event_injected_at_rest_goes_on_at_once(debug):
    debugger = await debug(chain("A", "B", kind=Ask))
    assert await ended(debugger) == "IDLE_WITH_PENDING_REQUESTS"
    debugger.editor.inject("ADone", 9, step="A")
    assert debugger.editor.last is None
    await ended(debugger)
    assert calls(debugger, "B") == [{"value": 9}]
    debugger.editor.inject("go", 8)
    await ended(debugger)
    assert len(debugger.run.pending_requests) == 2


async def test_an_outside_event_that_waits_is_changed_as_well(chained):
    for data in (10, 20, 30):
        await chained.run.send_event("go", data)
    _, ten, twenty, thirty = (item.id for item in chained.pending())
    chained.editor.edit(ten, 11)
    chained.editor.drop(twenty)
    chained.editor.move(thirty, 0)
    chained.editor.duplicate(thirty)
    assert [(item.id, item.data, item.changed) for item in chained.pending()[1:]] == [
        (thirty, 30, False),
        (chained.pending()[2].id, 30, True),
        (ten, 11, True),
    ]
    assert chained.pending()[2].id not in (ten, twenty, thirty)
    assert refused(chained, "hold", ten).code == "not_taken_in"
    await on(chained)
    assert calls(chained, "A") == [{"value": 1}, {"value": 30}, {"value": 30}, {"value": 11}]


async def test_changes_to_outside_events_are_taken_back(chained):
    for data in (10, 20):
        await chained.run.send_event("go", data)
    before = chained.pending()
    chained.editor.edit(before[1].id, 11)
    chained.editor.duplicate(before[1].id)
    chained.editor.move(before[2].id)
    chained.editor.drop(before[1].id)
    await chained.run.send_event("go", 30)
    for _ in range(4):
        chained.editor.undo()
    assert chained.pending()[:3] == before
    assert [item.data for item in chained.pending()[3:]] == [30]


# States.


async def test_the_next_call_sees_an_edited_state(debug):
    debugger = await debug(counting(), paused=True)
    await paused(debugger)
    debugger.editor.edit_state("Counter", {"number": 41, "names": ["x"]})
    assert debugger.run.step_states["Counter"] == Count(number=41, names=["x"])
    await on(debugger)
    assert calls(debugger, "End") == [{"value": 42}]


async def test_the_live_instance_sees_an_edited_state(debug):
    debugger = await debug(counting())
    await ended(debugger)
    debugger.editor.edit_state("Counter", {"number": 41})
    await debugger.run.send_event("go", 1)
    await ended(debugger)
    assert calls(debugger, "End") == [{"value": 4}, {"value": 42}]


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({"number": -1}, "greater than or equal to 0"),
        ({"number": "x"}, "valid integer"),
        ({"names": []}, "number: Field required"),
        ({"number": 1, "nmes": []}, "did you mean 'names'"),
        (7, "valid dictionary or instance of Count"),
        (None, "valid dictionary or instance of Count"),
    ],
)
async def test_a_state_that_its_model_refuses_changes_nothing(debug, state, why):
    debugger = await debug(counting(), paused=True)
    await paused(debugger)
    error = refused(debugger, "edit_state", "Counter", state)
    assert error.code == "invalid_state"
    assert why in str(error)
    assert debugger.run.step_states["Counter"] == Count(number=3)


async def test_the_state_of_a_nested_step_is_edited_by_its_path(debug):
    debugger = await debug(wrapped(counting()), paused=True)
    await paused(debugger)
    debugger.editor.edit_state("counting/Counter", {"number": 10})
    await on(debugger)
    assert calls(debugger, "counting/End") == [{"value": 11}]


async def test_only_a_step_with_state_has_one_to_edit(debug):
    debugger = await debug(wrapped(chain("X", name="inner")), paused=True)
    await paused(debugger)
    assert refused(debugger, "edit_state", "inner", {}).code == "no_state"
    assert refused(debugger, "edit_state", "inner/X", {}).code == "no_state"


async def test_an_edited_state_is_taken_back(debug):
    debugger = await debug(counting(), paused=True)
    await paused(debugger)
    debugger.editor.edit_state("Counter", {"number": 41})
    debugger.editor.edit_state("Counter", {"number": 51})
    debugger.editor.undo()
    debugger.editor.undo()
    assert debugger.run.step_states["Counter"] == Count(number=3)
    await on(debugger)
    assert calls(debugger, "End") == [{"value": 4}]


async def test_the_event_of_an_edited_state_shows_before_and_after(debug):
    debugger = await debug(counting(), paused=True)
    await paused(debugger)
    debugger.editor.edit_state("Counter", {"number": 41})
    (event,) = of(debugger, "operator")
    assert (event.path, event.details["before"], event.details["after"]) == (
        "Counter",
        Count(number=3),
        Count(number=41),
    )
    await on(debugger)
    assert event.details["after"] == Count(number=41)


async def test_a_step_that_waits_for_an_answer_goes_on_with_an_edited_state(debug):
    process = ProcessBuilder("asking")
    process.on_input_event("go").send_event_to(process.add_step(Logger))
    debugger = await debug(process, data=7)
    await ended(debugger)
    debugger.editor.edit_state("Logger", {"entries": [100]})
    await debugger.run.respond("request-1", "yes")
    await ended(debugger)
    assert debugger.run.step_states["Logger"] == Log([100, -7])


# Calls.


async def test_the_next_call_is_completed_by_hand_without_its_function(debug):
    debugger = await debug(counting(), paused=True)
    await paused(debugger)
    act = debugger.editor.force_complete("Counter", 99)
    assert debugger.pending()[0].changed
    await on(debugger)
    assert calls(debugger, "End") == [{"value": 99}]
    assert debugger.run.step_states["Counter"] == Count(number=3)
    (call,) = [e for e in debugger.events if e.type == "executor_invoked" and e.path == "Counter"]
    assert act.seq in call.causes


async def test_a_nested_process_is_completed_by_hand(debug):
    debugger = await debug(wrapped(chain("X", name="inner")), paused=True)
    await paused(debugger)
    debugger.editor.force_complete("inner", ["mine"])
    await on(debugger)
    assert invoked(debugger) == ["inner", "End"]


async def test_a_join_is_completed_by_hand(debug):
    process = ProcessBuilder("joining")
    pair = process.add_step(Pair)
    process.on_input_event("go").send_event_to(pair, parameter="left").send_event_to(pair, parameter="right")
    pair.on_function_result().send_event_to(process.add_step(Relay, name="End"))
    debugger = await debug(process, paused=True)
    await paused(debugger)
    debugger.editor.force_complete("Pair", 5)
    await on(debugger)
    assert calls(debugger, "End") == [{"value": 5}]


async def test_half_a_join_is_no_call_to_complete(debug):
    process = ProcessBuilder("half")
    say, pair = process.add_step(Say), process.add_step(Pair)
    process.on_input_event("go").send_event_to(say)
    say.on_event("L").send_event_to(pair, parameter="left")
    say.on_event("R").send_event_to(pair, parameter="right")
    debugger = await debug(process, {"event": "L"}, data=["L"])
    await paused(debugger)
    error = refused(debugger, "force_complete", "Pair", 1)
    assert (error.code, "others are missing" in str(error)) == ("nothing_to_complete", True)


async def test_a_call_that_waits_for_an_answer_is_completed_by_hand(debug):
    process = chain("A", kind=Ask)
    process.on_input_event("later").send_event_to(process.add_step(Relay, name="End"))
    debugger = await debug(process)
    await ended(debugger)
    act = debugger.editor.force_complete("A", "mine")
    assert debugger.run.pending_requests == []
    assert await ended(debugger) == "IDLE"
    (done,) = [e for e in debugger.events if e.type == "executor_completed" and e.path == "A"]
    assert (done.data, done.seq > act.seq) == ("mine", True)
    assert "response" not in {event.type for event in debugger.events}


async def test_what_a_forced_call_emitted_before_counts(debug):
    from debug_steps import EmitAndAsk

    process = ProcessBuilder("emitting")
    ask, keep = process.add_step(EmitAndAsk), process.add_step(Keep)
    process.on_input_event("go").send_event_to(ask)
    ask.on_event("Before").send_event_to(keep)
    ask.on_function_result().send_event_to(keep)
    debugger = await debug(process, data=4)
    await ended(debugger)
    debugger.editor.force_complete("EmitAndAsk", "mine")
    await ended(debugger)
    assert calls(debugger, "Keep") == [{"value": 4}, {"value": "mine"}]


async def test_the_queue_behind_a_forced_call_goes_on(debug):
    debugger = await debug(chain("A", kind=Ask), data=1)
    await ended(debugger)
    await debugger.run.send_event("go", 2)
    await ended(debugger)
    debugger.editor.force_complete("A", "mine")
    assert await ended(debugger) == "IDLE_WITH_PENDING_REQUESTS"
    assert calls(debugger, "A") == [{"value": 1}, {"value": 2}]


async def test_a_nested_call_that_waits_for_an_answer_is_completed_by_hand(debug):
    debugger = await debug(wrapped(chain("X", kind=Ask, name="inner")))
    await ended(debugger)
    debugger.editor.force_complete("inner/X", "mine")
    assert await ended(debugger) == "IDLE"
    assert invoked(debugger)[-1] == "End"


async def test_a_forced_call_is_taken_back_while_the_run_is_paused(debug):
    process = chain("A", "B", kind=Ask)
    process.on_input_event("other").send_event_to(process.add_step(Keep))
    debugger = await debug(process, {"event": "other"})
    await ended(debugger)
    await debugger.run.send_event("other", 1)
    await paused(debugger)
    debugger.editor.force_complete("A", "mine")
    debugger.editor.force_complete("Keep", "mine")
    assert debugger.run.pending_requests == []
    debugger.editor.undo()
    debugger.editor.undo()
    assert [event.request_id for event in debugger.run.pending_requests] == ["request-1"]
    assert await on(debugger) == "IDLE_WITH_PENDING_REQUESTS"
    await debugger.run.respond("request-1", "yes")
    await ended(debugger)
    assert calls(debugger, "B") == [{"value": "yes"}]


async def test_a_call_that_does_not_wait_is_not_completed(chained):
    error = refused(chained, "force_complete", "C", 1)
    assert (error.code, "no message is on its way" in str(error)) == ("nothing_to_complete", True)


async def test_a_call_whose_payload_does_not_fit_is_not_completed(debug):
    process = ProcessBuilder("typed")
    process.on_input_event("go").send_event_to(process.add_step(Typed))
    debugger = await debug(process, paused=True, data="x")
    await paused(debugger)
    assert refused(debugger, "force_complete", "Typed", 1).code == "payload_mismatch"


async def test_a_failure_is_injected_for_its_handler(debug):
    process = ProcessBuilder("handled")
    fail, handler = process.add_step(Fail), process.add_step(Handler)
    process.on_input_event("go").send_event_to(fail)
    fail.on_function_error().send_event_to(handler)
    debugger = await debug(process, paused=True)
    await paused(debugger)
    failure = {"type": "E", "message": "m", "traceback": "", "step": "Fail", "function": "fail", "superstep": 1}
    debugger.editor.inject("fail.OnError", {**failure, "input": {}}, step="Fail")
    await on(debugger)
    assert len(calls(debugger, "Handler")) == 2


# Undo.


async def test_nothing_is_left_to_undo_when_the_run_goes_on(chained):
    chained.editor.drop(chained.pending()[0].id)
    assert chained.editor.last.text == "drops ADone -> B.relay(value)"
    await chained.continue_()
    await ended(chained)
    assert refused(chained, "undo").code == "nothing_to_undo"
    assert chained.editor.last is None


async def test_undo_takes_the_last_act_first(chained):
    chained.editor.inject("go", 10)
    chained.editor.edit(chained.pending()[0].id, 5)
    assert chained.editor.undo().text == "undoes: edits ADone -> B.relay(value)"
    assert chained.editor.undo().text == "undoes: injects go"
    assert refused(chained, "undo").code == "nothing_to_undo"
    assert [item.data for item in chained.pending()] == [2]
    assert [item.changed for item in chained.pending()] == [False]
