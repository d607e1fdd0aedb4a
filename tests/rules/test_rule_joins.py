"""`listen_for`: a function that waits for several events."""

from rules_observing import assert_grammar, calls, failing, of, only, said, warnings
from rules_steps import Double, Pair, Say, Seen, Sink, Trigger

from process_core import ProcessBuilder, RunState, Step, function


def joined(step, *events, inputs=None, **target):
    """Build: go -> Say; `step` fires when all events came; inputs: parameter -> event."""
    process = ProcessBuilder("P")
    say, joiner = process.add_step(Say), process.add_step(step, name="J")
    process.on_input_event("go").send_event_to(say)
    sources = {event: say.on_event(event) for event in events}
    named = {} if inputs is None else {"inputs": {name: sources[event] for name, event in inputs.items()}}
    process.listen_for(all_of=list(sources.values())).send_event_to(joiner, **named, **target)
    return process.build()


async def test_a_join_fires_when_every_source_has_sent():
    result = await joined(Trigger, "A", "B").run("go", [("A", 1), ("B", 2)])
    assert result.step_states["J"].values == ["fired"]


async def test_a_join_does_not_fire_on_one_source():
    result = await joined(Trigger, "A", "B").run("go", [("A", 1), ("A", 2)])
    assert result.step_states["J"].values == []


async def test_a_join_feeds_the_parameters_its_inputs_name():
    process = joined(Pair, "A", "B", inputs={"left": "B", "right": "A"})
    result = await process.run("go", [("A", 1), ("B", 2)])
    assert result.step_states["J"].values == [(2, 1)]


async def test_a_join_takes_the_oldest_value_of_each_source():
    process = joined(Pair, "A", "B", inputs={"left": "A", "right": "B"})
    result = await process.run("go", [("A", 1), ("A", 2), ("B", 10), ("B", 20), ("A", 3)])
    assert result.step_states["J"].values == [(1, 10), (2, 20)]


async def test_a_source_that_no_input_names_is_a_mere_trigger():
    process = joined(Sink, "A", "Go", inputs={"value": "A"})
    result = await process.run("go", [("A", 1), ("A", 2), ("Go",)])
    assert result.step_states["J"].values == [1]


async def test_a_join_of_function_results():
    process = ProcessBuilder("P")
    one, two, pair = process.add_step(Double, name="One"), process.add_step(Double, name="Two"), process.add_step(Pair)
    process.on_input_event("go").send_event_to(one).send_event_to(two)
    left, right = one.on_function_result(), two.on_function_result()
    process.listen_for(all_of=[left, right]).send_event_to(pair, inputs={"left": left, "right": right})
    result = await process.build().run("go", 2)
    assert result.step_states["Pair"].values == [(4, 4)]
    assert calls(result.events)[-1] == (2, "Pair", "pair")


async def test_two_joins_on_one_source_each_get_its_value():
    process = ProcessBuilder("P")
    say, x, y = process.add_step(Say), process.add_step(Trigger, name="X"), process.add_step(Trigger, name="Y")
    process.on_input_event("go").send_event_to(say)
    a, b, c = (say.on_event(name) for name in "ABC")
    process.listen_for(all_of=[a, b]).send_event_to(x)
    process.listen_for(all_of=[a, c]).send_event_to(y)
    result = await process.build().run("go", [("A",), ("B",), ("C",)])
    assert (result.step_states["X"].values, result.step_states["Y"].values) == (["fired"], ["fired"])


async def test_a_join_waits_across_outside_events():
    process = ProcessBuilder("P")
    trigger = process.add_step(Trigger)
    process.listen_for(all_of=[process.on_input_event("a"), process.on_input_event("b")]).send_event_to(trigger)
    async with process.build().start("a") as run:
        await run.idle()
        assert run.step_states["Trigger"].values == []
        await run.send_event("b")
        await run.idle()
        assert run.step_states["Trigger"].values == ["fired"]
        assert_grammar(run.events)


async def test_a_join_is_seen_waiting_and_its_leftover_is_reported():
    process = joined(Pair, "A", "B", inputs={"left": "A", "right": "B"})
    result = await process.run("go", [("A", 1)])
    waiting = only(result.events, "input_waiting")
    assert (waiting.path, waiting.function) == ("J", "pair")
    (warning,) = warnings(result.events, "missing_input")
    assert (warning.path, warning.step, warning.function) == ("J", "J", "pair")
    assert "right" in said(warning)
    assert result.state is RunState.IDLE


async def test_rule_20_a_join_has_the_causes_of_all_its_values():
    process = joined(Pair, "A", "B", inputs={"left": "A", "right": "B"})
    result = await process.run("go", [("A", 1), ("B", 2)])
    invoked = only(result.events, "executor_invoked", path="J")
    emitted = {e.seq for e in of(result.events, "event_emitted") if e.event_id in {"A", "B"}}
    assert set(invoked.causes) == emitted
    assert invoked.cause == invoked.causes[-1]


async def test_rule_20_a_fan_in_has_the_causes_of_all_its_values():
    process = ProcessBuilder("P")
    say, pair = process.add_step(Say), process.add_step(Pair)
    process.on_input_event("go").send_event_to(say)
    say.on_event("A").send_event_to(pair, parameter="left")
    say.on_event("B").send_event_to(pair, parameter="right")
    result = await process.build().run("go", [("A", 1), ("B", 2)])
    invoked = only(result.events, "executor_invoked", path="Pair")
    assert set(invoked.causes) == {e.seq for e in of(result.events, "event_emitted", path="Say")}


async def test_a_source_of_a_join_may_also_have_a_route_of_its_own():
    process = ProcessBuilder("P")
    say, trigger, sink = process.add_step(Say), process.add_step(Trigger), process.add_step(Sink)
    process.on_input_event("go").send_event_to(say)
    a, b = say.on_event("A"), say.on_event("B")
    process.listen_for(all_of=[a, b]).send_event_to(trigger)
    say.on_event("A").send_event_to(sink)
    result = await process.build().run("go", [("A", 1), ("B", 2)])
    assert (result.step_states["Trigger"].values, result.step_states["Sink"].values) == (["fired"], [1])


async def test_a_join_of_events_of_a_nested_process():
    from process_core import Visibility

    inner = ProcessBuilder("inner")
    inner.on_input_event("say").send_event_to(inner.add_step(Say))
    process = ProcessBuilder("P")
    nested, pair = process.add_process(inner), process.add_step(Pair)
    process.on_input_event("go").send_event_to(nested.where_input_event_is("say"))
    a, b = nested.on_event("A"), nested.on_event("B")
    process.listen_for(all_of=[a, b]).send_event_to(pair, inputs={"left": a, "right": b})
    result = await process.build().run("go", [("A", 1, Visibility.PUBLIC), ("B", 2, Visibility.PUBLIC)])
    assert result.step_states["Pair"].values == [(1, 2)]


async def test_a_mismatch_in_a_join_fails_the_delivery():
    class Numbers(Step[Seen]):
        @function
        async def add(self, left: int, right: int) -> None:
            self.state.values.append(left + right)

    process = joined(Numbers, "A", "B", inputs={"left": "A", "right": "B"})
    events = await failing(process, "go", [("A", 1), ("B", "two")])
    assert only(events, "executor_failed").code == "payload_mismatch"
