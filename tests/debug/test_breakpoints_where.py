"""Where and when breakpoints stop."""

import pytest
from debug_steps import (
    Fail,
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
    saying,
    wrapped,
)  # fmt: skip

from process_core import ProcessBuilder


@pytest.mark.parametrize(
    ("given", "stops"),
    [
        ({"event": "BDone"}, ["BDone -> C"]),
        ({"event": "go"}, ["go -> A"]),
        ({"step": "B"}, ["ADone -> B"]),
        ({"step": "*"}, ["go -> A", "ADone -> B", "BDone -> C"]),
        ({"step": "[BC]"}, ["ADone -> B", "BDone -> C"]),
        ({"function": "relay"}, ["go -> A", "ADone -> B", "BDone -> C"]),
        ({"event": "ADone", "step": "B"}, ["ADone -> B"]),
        ({"event": "ADone", "step": "C"}, []),
        ({"function": "other"}, []),
    ],
)
async def test_a_breakpoint_stops_before_what_all_its_parts_match(debug, given, stops):
    debugger = await debug(chain("A", "B", "C"), given)
    assert await pauses(debugger) == stops


async def test_a_breakpoint_on_a_route_stops_before_that_route_only(debug):
    process = fan("A", "B")
    route = next(edge.id for edge in process.build().graph.edges if edge.event_id == "BDone")
    debugger = await debug(process, {"route": route})
    assert await pauses(debugger) == ["BDone -> End"]


async def test_a_breakpoint_on_a_nested_route_may_name_it_by_its_place_in_the_whole(debug):
    process = deep()
    key = next(edge.key for edge in process.build().graph.edges if edge.event_id == "XDone")
    assert key.startswith("outer/inner/")
    debugger = await debug(process, {"route": key})
    assert await pauses(debugger) == ["XDone -> outer/inner/Y"]


@pytest.mark.parametrize(
    ("glob", "targets"),
    [
        ("outer/inner/X", ["outer/inner/X"]),
        ("outer/inner/*", ["outer/inner/X", "outer/inner/Y"]),
        ("outer/*/Y", ["outer/inner/Y"]),
        ("outer/*", ["outer/inner", "outer/Z"]),
        ("**/[XZ]", ["outer/inner/X", "outer/Z"]),
        ("*", ["A", "outer", "B"]),
    ],
)
async def test_a_step_glob_reaches_nested_steps_at_any_depth(debug, glob, targets):
    debugger = await debug(deep(), {"step": glob})
    assert [stop.partition(" -> ")[2] for stop in await pauses(debugger)] == targets


async def test_a_breakpoint_before_stops_when_the_function_has_not_begun(debug):
    debugger = await debug(chain("A", "B"), {"step": "B"})
    point = await paused(debugger)
    assert point.reason == "breakpoint"
    assert point.path == "B"
    assert invoked(debugger) == ["A"]


async def test_a_breakpoint_after_stops_when_the_function_has_completed_and_its_events_have_gone_nowhere(debug):
    debugger = await debug(chain("A", "B"), {"step": "A", "when": "after"})
    point = await paused(debugger)
    assert (point.reason, point.path, point.message) == ("breakpoint", "A", None)
    assert debugger.events[point.seq - 1].type == "executor_completed"
    assert invoked(debugger) == ["A"]
    assert await pauses(debugger) == ["end: A"]


@pytest.mark.parametrize(
    "given", [{"event": "ADone"}, {"event": "relay.OnResult", "step": "B"}, {"function": "relay", "event": "ADone"}]
)
async def test_a_breakpoint_after_an_event_stops_when_what_it_invoked_has_completed(debug, given):
    debugger = await debug(chain("A", "B", "C"), {**given, "when": "after"})
    assert await pauses(debugger) == ["end: B"]


async def test_a_breakpoint_after_a_route_stops_when_what_it_invoked_has_completed(debug):
    process = chain("A", "B", "C")
    route = next(edge.id for edge in process.build().graph.edges if edge.event_id == "BDone")
    debugger = await debug(process, {"route": route, "when": "after"})
    assert await pauses(debugger) == ["end: C"]


async def test_a_breakpoint_on_emit_stops_at_the_event_before_it_goes_anywhere(debug):
    debugger = await debug(chain("A", "B"), {"event": "ADone", "when": "emit"})
    point = await paused(debugger)
    assert (point.path, debugger.events[point.seq - 1].type) == ("A", "event_emitted")
    assert invoked(debugger) == ["A"]
    assert await pauses(debugger) == ["end: A"]


async def test_a_breakpoint_on_emit_may_name_an_event_that_nobody_routes(debug):
    debugger = await debug(chain("A", "B"), {"event": "BDone", "when": "emit"})
    assert await pauses(debugger) == ["end: B"]


async def test_a_breakpoint_on_emit_may_name_an_automatic_result(debug):
    debugger = await debug(chain("A", "B"), {"event": "relay.OnResult", "step": "B", "when": "emit"})
    assert await pauses(debugger) == ["end: B"]


async def test_a_breakpoint_on_what_a_step_emits_does_not_stop_at_its_automatic_result(debug):
    debugger = await debug(chain("A", "B"), {"step": "A", "when": "emit"})
    assert await pauses(debugger) == ["end: A"]


async def test_a_breakpoint_on_emit_stops_though_the_function_fails_after_it(debug):
    debugger = await debug(saying(), {"event": "X", "when": "emit"}, data=["X", 5])
    assert await pauses(debugger) == ["end: Say"]
    assert debugger.state == "FAILED"


async def test_every_emission_that_hits_stops(debug):
    debugger = await debug(saying(), {"event": "X", "when": "emit"}, data=["X", "Y", "X"])
    seqs = []
    while await debugger.wait():
        seqs.append(debugger.paused.seq)
        debugger.release("continue")
    assert [debugger.events[seq - 1].data for seq in seqs] == [0, 2]


async def test_a_breakpoint_on_an_event_that_only_stops_the_process_stops_before_that(debug):
    debugger = await debug(saying("Stop"), {"event": "Stop"}, data=["Stop"])
    point = await paused(debugger)
    assert debugger.state == "IN_PROGRESS"
    assert debugger.events[point.seq - 1].event_id == "Stop"
    assert await pauses(debugger) == ["end: "]
    assert debugger.state == "STOPPED"


async def test_a_breakpoint_on_a_stop_event_does_not_stop_where_the_function_fails_instead(debug):
    debugger = await debug(saying("Stop"), {"event": "Stop"}, data=["Stop", 5])
    assert await pauses(debugger) == []
    assert debugger.state == "FAILED"


async def test_two_breakpoints_in_one_superstep_both_stop_in_delivery_order(debug):
    debugger = await debug(fan("A", "B", "C"), {"step": "C"}, {"step": "A"})
    assert await pauses(debugger) == ["go -> A", "go -> C"]


async def test_two_breakpoints_on_one_message_stop_it_once(debug):
    debugger = await debug(chain("A", "B"), {"event": "ADone"}, {"step": "B"})
    assert await pauses(debugger) == ["ADone -> B"]
    assert [point.hit_count for point in debugger.breakpoints] == [1, 1]


async def test_breakpoints_after_two_steps_of_one_superstep_both_stop(debug):
    debugger = await debug(fan("A", "B"), {"step": "A", "when": "after"}, {"step": "B", "when": "after"})
    assert await pauses(debugger) == ["end: A", "end: B"]


async def test_a_breakpoint_on_emit_stops_before_the_next_message_of_its_superstep(debug):
    process = ProcessBuilder("busy")
    first, second = process.add_step(Relay, name="A"), process.add_step(Relay, name="B")
    for step in (first, second):
        process.on_input_event("go").send_event_to(step)
    debugger = await debug(process, {"event": "ADone", "when": "emit"}, {"step": "B", "condition": "data > 99"})
    point = await paused(debugger)
    assert (point.path, point.message.target) == ("A", "B")
    assert invoked(debugger) == ["A"]


@pytest.mark.parametrize("verb", ["continue", "step", "next", "into", "out"])
async def test_going_on_never_hits_the_same_message_again(debug, verb):
    debugger = await debug(loop(), {"event": "CountDone"}, {"step": "Count"}, {"function": "relay"})
    seen = []
    while await debugger.wait():
        seen.append(debugger.paused.message.id)
        debugger.release(verb)
    assert len(seen) == len(set(seen)) == 6
    assert [point.hit_count for point in debugger.breakpoints] == [5, 6, 6]


async def test_a_message_that_waits_while_the_run_is_paused_elsewhere_is_hit_once(debug):
    debugger = await debug(wrapped(chain("A", name="one"), chain("B", name="two")), {"step": "*/*"})
    assert await pauses(debugger) == ["go -> one/A", "go -> two/B"]
    assert [point.hit_count for point in debugger.breakpoints] == [2]


async def test_a_breakpoint_on_a_half_filled_join_stops_at_each_input(debug):
    process = ProcessBuilder("joining")
    pair = process.add_step(Pair)
    process.on_input_event("go").send_event_to(pair, parameter="left").send_event_to(pair, parameter="right")
    debugger = await debug(process, {"step": "Pair"})
    assert await pauses(debugger) == ["go -> Pair", "go -> Pair"]
    assert invoked(debugger) == ["Pair"]


async def test_a_breakpoint_reaches_the_steps_of_every_element_of_a_map(debug):
    process = ProcessBuilder("mapping")
    mapped = process.add_map_step(chain("A", "B", name="inner"), name="Map")
    process.on_input_event("go").send_event_to(mapped.where_input_event_is("go"))
    debugger = await debug(process, {"step": "Map/B"}, data=[1, 2])
    assert sorted(await pauses(debugger)) == ["ADone -> Map[0]/B", "ADone -> Map[1]/B"]


MAPPED = [
    ({"step": "Map[1]"}, ["go -> Map[1]"]),
    ({"step": "Map[*]"}, ["go -> Map[0]", "go -> Map[1]", "go -> Map[2]"]),
    ({"step": "Map"}, ["go -> Map", "go -> Map[0]", "go -> Map[1]", "go -> Map[2]"]),
    ({"step": "Map", "condition": "data == 2"}, ["go -> Map[1]"]),
    ({"function": "relay", "condition": "data == 2"}, ["go -> Map[1]"]),
    ({"event": "go"}, ["go -> Map"]),
    ({"step": "Map[1]", "when": "after"}, ["end: Map[1]"]),
    ({"step": "Map[*]", "when": "after"}, ["end: Map[0]", "end: Map[1]", "end: Map[2]"]),
    ({"function": "relay", "when": "after", "condition": "data == 2"}, ["end: Map[1]"]),
    ({"step": "Map[2]", "when": "emit"}, ["end: Map[2]"]),
    ({"event": "Map.relay.OnResult", "when": "emit", "condition": "data == 2"}, ["end: Map[1]"]),
]


@pytest.mark.parametrize(("given", "stops"), MAPPED, ids=str)
async def test_a_breakpoint_reaches_the_elements_of_a_map_before_and_after_they_run(debug, given, stops):
    process = ProcessBuilder("mapping")
    process.on_input_event("go").send_event_to(process.add_map_step(Relay, name="Map"))
    debugger = await debug(process, given, data=[1, 2, 3])
    assert sorted(await pauses(debugger)) == sorted(stops)
    assert await ended(debugger) == "IDLE"
    assert invoked(debugger) == ["Map", "Map[0]", "Map[1]", "Map[2]"]


async def test_an_element_of_a_map_of_processes_is_a_place_too(debug):
    process = ProcessBuilder("mapping")
    mapped = process.add_map_step(chain("A", "B", name="inner"), name="Map")
    process.on_input_event("go").send_event_to(mapped.where_input_event_is("go"))
    debugger = await debug(process, {"step": "Map[1]"}, {"step": "Map[0]/B"}, {"step": "Map[*]/A"}, data=[1, 2])
    found = sorted(await pauses(debugger))
    assert found == ["ADone -> Map[0]/B", "go -> Map[0]/A", "go -> Map[1]", "go -> Map[1]/A"]


async def test_a_glob_on_event_ids_stops_before_each_that_fits(debug):
    debugger = await debug(deep(), {"event": "?Done", "step": "outer/**"})
    assert await pauses(debugger) == ["XDone -> outer/inner/Y", "YDone -> outer/Z"]


AUTOMATIC = [
    ({"event": "outer/inner/X.relay.OnResult"}, ["outer/inner/X"]),
    ({"event": "relay.OnResult", "step": "A"}, ["A"]),
    ({"event": "outer.OnResult"}, ["outer"]),
    ({"event": "*.OnResult", "step": "outer/**"}, ["outer/inner/X", "outer/inner/Y", "outer/Z"]),
    ({"event": "*Result"}, ["A", "outer/inner/X", "outer/inner/Y", "outer/inner", "outer/Z", "outer", "B"]),
]


@pytest.mark.parametrize(("given", "stops"), AUTOMATIC, ids=str)
async def test_automatic_results_can_be_caught_as_they_are_emitted(debug, given, stops):
    debugger = await debug(deep(), {**given, "when": "emit"})
    assert len(await pauses(debugger)) == len(stops)
    assert [event.path for event in of(debugger, "breakpoint_hit")] == stops


@pytest.mark.parametrize("event", ["F.fail.OnError", "fail.OnError", "*.OnError", "fail.*"])
async def test_an_automatic_error_can_be_caught_as_it_is_emitted(debug, event):
    process = ProcessBuilder("failing")
    fail, keep = process.add_step(Fail, name="F"), process.add_step(Keep)
    process.on_input_event("go").send_event_to(fail)
    fail.on_function_error().send_event_to(keep)
    debugger = await debug(process, {"event": event, "when": "emit", "condition": "data.type == 'ValueError'"})
    point = await paused(debugger)
    assert (point.path, debugger.events[point.seq - 1].type) == ("F", "executor_failed")


async def test_a_breakpoint_may_name_one_element_of_a_map(debug):
    process = ProcessBuilder("mapping")
    process.on_input_event("go").send_event_to(process.add_map_step(Relay, name="Map"))
    debugger = await debug(process, {"step": "Map[1]", "when": "after"}, data=[1, 2, 3])
    assert debugger.breakpoints[0].bound
    assert await pauses(debugger) == ["end: Map[1]"]


async def test_a_breakpoint_on_an_error_route_stops_before_the_handler(debug):
    process = ProcessBuilder("handled")
    say, handler = process.add_step(Say, name="A"), process.add_step(Say, name="Handler")
    process.on_input_event("go").send_event_to(say)
    process.on_error().send_event_to(handler)
    by_source, by_step = {"event": "OnError"}, {"event": "say.OnError"}
    debugger = await debug(process, by_source, by_step, data=[5])
    assert await pauses(debugger) == ["say.OnError -> Handler"]
    assert [point.hit_count for point in debugger.breakpoints] == [1, 1]
