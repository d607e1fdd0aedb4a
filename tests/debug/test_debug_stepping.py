"""How far each verb goes."""

import asyncio

import pytest
from debug_steps import (
    Ask,
    Fail,
    Hold,
    Keep,
    Pair,
    Relay,
    Say,
    chain,
    deep,
    ended,
    fan,
    invoked,
    loop,
    of,
    paused,
    pauses,
    shown,
    turns,
    wrapped,
)  # fmt: skip

from process_core import ProcessBuilder, Step, StepContext, function
from process_core.debug import BreakpointError
from process_core.errors import ProcessError

EVERY_MESSAGE = [
    "go -> A",
    "ADone -> outer",
    "go -> outer/inner",
    "go -> outer/inner/X",
    "XDone -> outer/inner/Y",
    "YDone -> outer/Z",
    "ZDone -> B",
]


# step


async def test_step_delivers_one_message_and_pauses_before_the_next(debug):
    debugger = await debug(chain("A", "B", "C"), paused=True)
    assert (await paused(debugger)).reason == "start"
    assert await debugger.step()
    assert debugger.paused.reason == "step"
    assert shown(debugger.paused) == "ADone -> B"
    assert invoked(debugger) == ["A"]


async def test_step_pauses_again_when_the_function_has_finished(debug):
    process, opened = ProcessBuilder("holding"), asyncio.Event()
    first = process.add_step(Hold, name="A", factory=lambda: Hold(opened))
    second = process.add_step(Relay, name="B")
    process.on_input_event("go").send_event_to(first).send_event_to(second)
    debugger = await debug(process, paused=True)
    await paused(debugger)
    debugger.release("step")
    await turns()
    assert debugger.paused is None
    opened.set()
    assert shown(await paused(debugger)) == "go -> B"
    assert [event.path for event in of(debugger, "executor_completed")] == ["A"]


async def test_step_runs_no_other_message_meanwhile(debug):
    debugger = await debug(fan("A", "B", "C"), paused=True)
    steps = []
    while await debugger.wait():
        debugger.release("step")
        await debugger.wait()
        steps.append(invoked(debugger))
    assert steps == [["A"], ["A", "B"], ["A", "B", "C"], *(["A", "B", "C", *["End"] * n] for n in (1, 2, 3))]


async def test_step_over_a_message_whose_function_asks_pauses_when_it_waits(debug):
    process = ProcessBuilder("asking")
    ask, other = process.add_step(Ask, name="A"), process.add_step(Relay, name="B")
    process.on_input_event("go").send_event_to(ask).send_event_to(other)
    debugger = await debug(process, paused=True)
    await paused(debugger)
    assert await debugger.step()
    assert shown(debugger.paused) == "go -> B"
    assert debugger.live().parked == ("A",)


async def test_step_over_a_message_to_a_step_that_waits_for_an_answer_does_not_wait_with_it(debug):
    process = ProcessBuilder("asking")
    ask, other = process.add_step(Ask, name="A"), process.add_step(Relay, name="B")
    process.on_input_event("go").send_event_to(ask).send_event_to(other)
    other.on_event("BDone").send_event_to(ask).send_event_to(process.add_step(Relay, name="C"))
    debugger = await debug(process, {"event": "BDone", "step": "A"})
    await paused(debugger)
    assert await debugger.step()
    assert shown(debugger.paused) == "BDone -> C"


async def test_step_delivers_a_message_that_completes_no_call(debug):
    process = ProcessBuilder("joining")
    pair = process.add_step(Pair)
    process.on_input_event("go").send_event_to(pair, parameter="left").send_event_to(pair, parameter="right")
    debugger = await debug(process, paused=True)
    await paused(debugger)
    assert await debugger.step()
    assert debugger.paused.message.parameter == "right"
    assert invoked(debugger) == []


async def test_step_goes_over_a_nested_process(debug):
    debugger = await debug(deep(), paused=True)
    assert await pauses(debugger, "step") == ["go -> A", "ADone -> outer", "ZDone -> B"]


async def test_step_goes_over_a_map_of_processes(debug):
    process = ProcessBuilder("mapping")
    mapped = process.add_map_step(chain("A", "B", name="inner"), name="Map")
    process.on_input_event("go").send_event_to(mapped.where_input_event_is("go"))
    debugger = await debug(process, paused=True, data=[1, 2])
    assert await pauses(debugger, "step") == ["go -> Map"]
    assert {"Map[0]/A", "Map[0]/B", "Map[1]/A", "Map[1]/B"} <= set(invoked(debugger))


async def test_step_over_a_nested_process_stops_at_a_breakpoint_in_it(debug):
    debugger = await debug(deep(), {"step": "outer/inner/Y"}, paused=True)
    assert await pauses(debugger, "step") == [
        "go -> A",
        "ADone -> outer",
        "XDone -> outer/inner/Y",
        "YDone -> outer/Z",
        "ZDone -> B",
    ]


async def test_step_from_within_a_nested_process_goes_on_within_it_and_then_out(debug):
    debugger = await debug(deep(), {"step": "outer/inner/X"})
    assert await pauses(debugger, "step") == EVERY_MESSAGE[3:]


async def test_step_at_the_last_message_ends_at_rest(debug):
    debugger = await debug(chain("A"), paused=True)
    await paused(debugger)
    assert not await debugger.step()
    assert debugger.state == "IDLE"


async def test_step_from_the_end_of_a_superstep_pauses_before_the_next_message(debug):
    debugger = await debug(chain("A", "B", "C"), {"step": "A", "when": "after"})
    await paused(debugger)
    assert await debugger.step()
    assert shown(debugger.paused) == "ADone -> B"


async def test_stepping_goes_on_after_the_run_was_at_rest(debug):
    debugger = await debug(chain("A", "B"), paused=True)
    assert await pauses(debugger, "step") == ["go -> A", "ADone -> B"]
    await debugger.run.send_event("go", 5)
    assert shown(await paused(debugger)) == "go -> A"


# next


async def test_next_goes_to_the_first_message_of_the_next_superstep(debug):
    debugger = await debug(fan("A", "B"), paused=True)
    await paused(debugger)
    assert await debugger.next()
    assert (shown(debugger.paused), debugger.paused.reason) == ("ADone -> End", "next")
    assert invoked(debugger) == ["A", "B"]


async def test_next_stops_at_the_supersteps_of_nested_processes_too(debug):
    debugger = await debug(deep(), paused=True)
    assert await pauses(debugger, "next") == EVERY_MESSAGE


async def test_next_lets_what_has_begun_side_by_side_go_on(debug):
    debugger = await debug(wrapped(chain("A", "B", name="one"), chain("C", "D", name="two")), paused=True)
    assert await pauses(debugger, "next") == [
        "go -> one",
        "go -> one/A",
        "ADone -> one/B",
        "CDone -> two/D",
        "OnResult -> End",
    ]


async def test_next_within_a_nested_process_goes_by_its_supersteps_and_then_by_those_around_it(debug):
    debugger = await debug(deep(), {"step": "outer/inner/X"})
    assert await pauses(debugger, "next") == EVERY_MESSAGE[3:]


async def test_next_within_a_nested_process_lets_the_rest_of_the_superstep_around_it_run(debug):
    process = wrapped(chain("A", "B", name="one"))
    process.on_input_event("go").send_event_to(process.add_step(Relay, name="Beside"))
    debugger = await debug(process, {"step": "one/A"})
    await paused(debugger)
    assert await debugger.next()
    assert shown(debugger.paused) == "ADone -> one/B"
    assert "Beside" in invoked(debugger)


# into and out


async def test_into_steps_into_nested_processes_at_any_depth(debug):
    debugger = await debug(deep(), paused=True)
    assert await pauses(debugger, "into") == EVERY_MESSAGE


async def test_into_a_plain_step_is_a_step(debug):
    debugger = await debug(fan("A", "B"), paused=True)
    await paused(debugger)
    assert await debugger.into()
    assert (shown(debugger.paused), invoked(debugger)) == ("go -> B", ["A"])


async def test_into_stops_before_each_element_of_a_map_and_step_runs_one_alone(debug):
    process = ProcessBuilder("mapping")
    process.on_input_event("go").send_event_to(process.add_map_step(Relay, name="Map"))
    debugger = await debug(process, data=[1, 2, 3], paused=True)
    await paused(debugger)
    assert await debugger.into()
    point = debugger.paused
    assert (shown(point), point.message.data, point.reason) == ("go -> Map[0]", 1, "into")
    assert [(item.target, item.next) for item in debugger.pending()] == [
        ("Map[0]", True),
        ("Map[1]", False),
        ("Map[2]", False),
    ]
    assert await debugger.step()
    assert (shown(debugger.paused), invoked(debugger)) == ("go -> Map[1]", ["Map", "Map[0]"])
    assert await debugger.into()
    assert shown(debugger.paused) == "go -> Map[2]"
    assert not await debugger.step()
    assert [event.data for event in of(debugger, "executor_completed") if event.path == "Map"] == [[1, 2, 3]]


async def test_out_of_a_map_pauses_after_its_last_element(debug):
    process = ProcessBuilder("mapping")
    mapped, end = process.add_map_step(Relay, name="Map"), process.add_step(Keep)
    process.on_input_event("go").send_event_to(mapped)
    mapped.on_function_result().send_event_to(end)
    debugger = await debug(process, {"step": "Map[1]"}, data=[1, 2, 3])
    await paused(debugger)
    assert await debugger.out()
    assert shown(debugger.paused) == "relay.OnResult -> Keep"
    assert invoked(debugger)[1:] == ["Map[0]", "Map[1]", "Map[2]"]


async def test_an_element_that_waits_at_a_breakpoint_does_not_begin_once_another_has_failed(debug):
    process = ProcessBuilder("mapping")
    process.on_input_event("go").send_event_to(process.add_map_step(Fail, name="Map"))
    debugger = await debug(process, {"step": "Map[1]"}, data=[1, 2])
    assert await pauses(debugger) == []
    assert await ended(debugger) == "FAILED"
    assert invoked(debugger) == ["Map", "Map[0]"]


async def test_a_pause_is_obeyed_between_the_elements_of_a_map(debug):
    process = ProcessBuilder("mapping")
    process.on_input_event("go").send_event_to(process.add_map_step(Relay, name="Map"))
    debugger = await debug(process, {"step": "Map[0]"}, data=[1, 2, 3])
    await paused(debugger)
    debugger.release("continue")
    debugger.request_pause()
    assert shown(await paused(debugger)) == "go -> Map[1]"


async def test_into_goes_into_the_elements_of_a_map(debug):
    process = ProcessBuilder("mapping")
    mapped = process.add_map_step(chain("A", "B", name="inner"), name="Map")
    process.on_input_event("go").send_event_to(mapped.where_input_event_is("go"))
    debugger = await debug(process, paused=True, data=[1, 2])
    await paused(debugger)
    assert await debugger.into()
    assert shown(debugger.paused) == "go -> Map[0]"
    assert await debugger.into()
    assert shown(debugger.paused) == "go -> Map[0]/A"


async def test_into_one_nested_process_holds_back_the_one_beside_it(debug):
    debugger = await debug(wrapped(chain("A", name="one"), chain("B", name="two")), paused=True)
    await paused(debugger)
    assert await debugger.into()
    assert shown(debugger.paused) == "go -> one/A"
    assert invoked(debugger) == ["one"]
    assert await debugger.into()
    assert shown(debugger.paused) == "go -> two"


@pytest.mark.parametrize(
    ("step", "stop"), [("outer/inner/X", "YDone -> outer/Z"), ("outer/inner", "ZDone -> B"), ("outer/Z", "ZDone -> B")]
)
async def test_out_goes_to_what_comes_after_the_nested_process(debug, step, stop):
    debugger = await debug(deep(), {"step": step})
    await paused(debugger)
    assert await debugger.out()
    assert (shown(debugger.paused), debugger.paused.reason) == (stop, "out")


async def test_out_of_a_nested_process_lets_what_runs_beside_it_run(debug):
    process = wrapped(chain("A", "B", name="one"), chain("C", "D", name="two"))
    debugger = await debug(process, {"step": "one/A"})
    await paused(debugger)
    assert await debugger.out()
    assert shown(debugger.paused) == "OnResult -> End"
    assert {"one/B", "two/D"} <= set(invoked(debugger))


async def test_out_of_the_root_goes_on_to_the_end(debug):
    debugger = await debug(chain("A", "B", "C"), paused=True)
    await paused(debugger)
    assert not await debugger.out()
    assert debugger.state == "IDLE"


async def test_out_stops_at_a_breakpoint_before_that(debug):
    debugger = await debug(deep(), {"step": "outer/inner/*"})
    await paused(debugger)
    assert await debugger.out()
    assert (shown(debugger.paused), debugger.paused.reason) == ("XDone -> outer/inner/Y", "breakpoint")


async def test_out_of_a_nested_process_that_asks_waits_for_the_answer(debug):
    inner = chain("A", "B", name="inner", kind=Ask)
    debugger = await debug(wrapped(inner), {"step": "inner/A"})
    await paused(debugger)
    assert not await debugger.out()
    for text in ("one", "two"):
        (request,) = debugger.run.pending_requests
        await debugger.run.respond(request.request_id, text)
        last = await asyncio.wait_for(debugger.wait(), 5)
    assert last
    assert (shown(debugger.paused), debugger.paused.reason) == ("OnResult -> End", "out")


# run to


async def test_run_to_stops_before_the_event_once(debug):
    debugger = await debug(loop(), paused=True)
    await paused(debugger)
    debugger.run_to(event="CountDone")
    point = await paused(debugger)
    assert (shown(point), point.reason, point.breakpoint) == ("CountDone -> Count", "run_to", None)
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"


async def test_run_to_stops_before_a_step_at_any_depth(debug):
    debugger = await debug(deep(), paused=True)
    await paused(debugger)
    assert await debugger.run_to(step="outer/*/Y")
    assert shown(debugger.paused) == "XDone -> outer/inner/Y"


async def test_run_to_adds_no_breakpoint(debug):
    debugger = await debug(loop(), paused=True)
    await paused(debugger)
    await debugger.run_to(event="CountDone")
    assert debugger.breakpoints == ()
    assert of(debugger, "breakpoint_hit") == []


async def test_run_to_ends_at_any_pause_before_it(debug):
    debugger = await debug(chain("A", "B", "C"), {"step": "B"}, paused=True)
    await paused(debugger)
    assert await debugger.run_to(step="C")
    assert (shown(debugger.paused), debugger.paused.reason) == ("ADone -> B", "breakpoint")
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"


async def test_run_to_a_message_that_has_a_breakpoint_says_so(debug):
    debugger = await debug(chain("A", "B"), {"step": "B"}, paused=True)
    await paused(debugger)
    assert await debugger.run_to(event="ADone")
    assert debugger.paused.breakpoint == debugger.breakpoints[0].id


async def test_run_to_right_after_a_paused_start_goes_there(debug):
    debugger = await debug(chain("A", "B"), paused=True)
    assert await debugger.run_to(step="B")
    assert debugger.paused.reason == "run_to"


async def test_run_to_does_not_stop_before_the_message_it_starts_from(debug):
    debugger = await debug(loop(), {"event": "CountDone", "once": True})
    assert (await paused(debugger)).message.data == 1
    assert await debugger.run_to(event="CountDone")
    assert debugger.paused.message.data == 2


@pytest.mark.parametrize(("given", "said"), [({}, "an event, a step"), ({"event": "BDome"}, "'BDone'")])
async def test_run_to_nowhere_is_refused_and_the_run_stays_paused(debug, given, said):
    debugger = await debug(chain("A", "B", "C"), paused=True)
    await paused(debugger)
    with pytest.raises(BreakpointError, match=said):
        debugger.run_to(**given)
    assert debugger.paused.reason == "start"


# where there is nothing to go on from


@pytest.mark.parametrize("verb", ["continue", "step", "next", "into", "out"])
async def test_a_verb_is_refused_while_the_run_is_not_paused(debug, verb):
    debugger = await debug(chain("A"))
    await ended(debugger)
    with pytest.raises(ProcessError, match=verb):
        debugger.release(verb)
    with pytest.raises(ProcessError, match=verb):
        await getattr(debugger, "continue_" if verb == "continue" else verb)()


class Setter(Step):
    """Sets what another function waits for."""

    def __init__(self, opened: asyncio.Event) -> None:
        self.opened = opened

    @function
    async def set(self, context: StepContext, value: object) -> None:
        self.opened.set()


async def test_a_pause_ends_a_step_over_a_function_that_waits_for_another(debug):
    process, opened = ProcessBuilder("entangled"), asyncio.Event()
    first = process.add_step(Hold, name="A", factory=lambda: Hold(opened))
    second = process.add_step(Setter, name="B", factory=lambda: Setter(opened))
    process.on_input_event("go").send_event_to(first).send_event_to(second)
    debugger = await debug(process, paused=True)
    await paused(debugger)
    debugger.release("step")
    await turns()
    assert debugger.paused is None
    debugger.request_pause()
    point = await paused(debugger)
    assert (shown(point), point.reason) == ("go -> B", "pause")
    assert debugger.live().running == ("A",)
    assert not await debugger.step()
    assert debugger.state == "IDLE"


async def test_into_a_nested_process_that_is_busy_goes_on_where_that_stands(debug):
    process = ProcessBuilder("twice")
    inner, say = process.add_process(chain("A", "B", name="inner")), process.add_step(Say)
    process.on_input_event("go").send_event_to(say)
    for _ in range(2):
        say.on_event("X").send_event_to(inner.where_input_event_is("go"))
    debugger = await debug(process, {"step": "inner"}, data=["X"])
    await paused(debugger)
    debugger.release("continue")
    assert shown(await paused(debugger)) == "X -> inner"
    assert await debugger.into()
    assert shown(debugger.paused) == "go -> inner/A"
