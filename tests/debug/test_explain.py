"""Why something happened, and why something has not: of live runs, with and without a file, and of recorded ones."""

import asyncio
import re
from typing import Any

import pytest
from debug_steps import Ask, Fail, Keep, Pair, Relay, Say, chain, deep, ended, loop, of, paused, wrapped

from process_core import ProcessBuilder, Step, StepContext, Visibility, function
from process_core.debug import Debugger, ExplainError, explain_recorded
from process_core.errors import ProcessError
from process_core.runfile import RunFile


class EmitThen(Step):
    """Emits an internal event, then does what its data says."""

    @function
    async def work(self, context: StepContext, what: Any) -> Any:
        await context.emit_event("Out", what)
        if what == "fail":
            raise ValueError("told to")
        if what == "ask":
            await context.request_info("go on?")
        return what


class EmitPublic(Step):
    @function
    async def work(self, context: StepContext, what: Any) -> None:
        await context.emit_event("Out", what, Visibility.PUBLIC)


def to_keep(kind: type[Step] = EmitThen, *, condition: str | None = None, otherwise: bool = False) -> ProcessBuilder:
    """`go` to W; what it emits as `Out` to K, if the condition holds, else perhaps to Else."""
    process = ProcessBuilder("to keep")
    work, keep = process.add_step(kind, name="W"), process.add_step(Keep, name="K")
    process.on_input_event("go").send_event_to(work)
    source = work.on_event("Out")
    (source.when(condition) if condition else source).send_event_to(keep)
    if otherwise:
        source.otherwise().send_event_to(process.add_step(Keep, name="Else"))
    return process


def joined() -> ProcessBuilder:
    """Joins `left`, brought by A, and `right`, brought from outside."""
    process = ProcessBuilder("joined")
    first, pair = process.add_step(Relay, name="A"), process.add_step(Pair)
    process.on_input_event("go").send_event_to(first)
    process.on_input_event("other").send_event_to(pair, parameter="right")
    first.on_event("ADone").send_event_to(pair, parameter="left")
    return process


def listening() -> ProcessBuilder:
    """The same by `listen_for`, with a trigger that carries nothing."""
    process = ProcessBuilder("listening")
    first, second, keep = (process.add_step(kind, name=n) for kind, n in ((Relay, "A"), (Relay, "B"), (Keep, "K")))
    process.on_input_event("go").send_event_to(first)
    process.on_input_event("other").send_event_to(second)
    process.listen_for(all_of=[first.on_event("ADone"), second.on_function_result()]).send_event_to(
        keep, inputs={"value": first.on_event("ADone")}
    )
    return process


async def at_rest(debug, tmp_path, builder, *, data: Any = 0, how: str = "file", events=(), points=()):
    """Run to the first rest or pause, and give what explains: the debugger, or the file it left."""
    path = tmp_path / "x.run"
    options = {} if how == "memory" else {"run_file": path, "collect_events": False}
    debugger = await debug(builder, *points, data=data, **options)
    await asyncio.wait_for(debugger.wait(), 5)
    for event in events:
        await debugger.run.send_event(event, 1)
        await asyncio.wait_for(debugger.wait(), 5)
    if how != "recorded":
        return debugger.explain
    await debugger.close()

    def explained(**asked):
        with RunFile(path) as file:
            return explain_recorded(file, **asked)

    return explained


def the_route(explanation, source: str | None = None):
    routes = [route for f in explanation.functions for i in f.inputs for route in i.routes]
    (found,) = [route for route in routes if source is None or route.source == source]
    return found


HOW = pytest.mark.parametrize("how", ["memory", "file", "recorded"])


# the chain of an event


@HOW
async def test_causes_go_back_to_the_outside_input_oldest_first(debug, tmp_path, how):
    explain = await at_rest(debug, tmp_path, chain("A", "B"), how=how)
    found = explain(seq=10)
    texts = [re.sub(r" with .*", "", cause.text) for cause in found.causes]
    assert texts == ["go came from outside", "A.relay was called by go", "A.relay emitted ADone"]
    assert [cause.depth for cause in found.causes] == [3, 2, 1]
    assert "goes back to #4" in found.summary


@HOW
async def test_a_join_goes_back_through_all_its_parents(debug, tmp_path, how):
    explain = await at_rest(debug, tmp_path, joined(), events=["other"], how=how)
    step = explain(path="Pair")
    call = step.functions[0].last_seq - 1
    texts = " / ".join(cause.text for cause in explain(seq=call).causes)
    assert "go came from outside" in texts
    assert "other came from outside" in texts
    assert "A.relay emitted ADone" in texts


@HOW
async def test_effects_are_what_an_event_led_to(debug, tmp_path, how):
    explain = await at_rest(debug, tmp_path, chain("A", "B"), how=how)
    found = explain(seq=4)
    assert [effect.depth for effect in found.effects if "was called" in effect.text] == [1, 3]
    assert found.effects[0].text.startswith("A.relay was called by go")
    assert [effect.seq for effect in found.effects] == sorted(effect.seq for effect in found.effects)


async def test_a_chain_as_long_as_the_run_is_bounded_and_still_says_where_it_began(debug, tmp_path):
    process = ProcessBuilder("long")
    count = process.add_step(Relay, name="Count")
    process.on_input_event("go").send_event_to(count)
    count.on_event("CountDone").when("data < 300").send_event_to(count)
    explain = await at_rest(debug, tmp_path, process)
    found = explain(seq=explain(path="Count").functions[0].last_seq)
    assert 90 <= len(found.causes) <= 110
    assert found.causes[0].text.startswith("go came from outside")
    assert found.causes[0].depth > 500
    assert len(explain(seq=4).effects) <= 50


async def test_an_event_that_is_not_there_is_refused(debug, tmp_path):
    explain = await at_rest(debug, tmp_path, loop())
    with pytest.raises(ExplainError, match="no event #9999; the last is #"):
        explain(seq=9999)


# why a step has not run


@HOW
async def test_what_nobody_has_sent_is_said_with_how_to_send_it(debug, tmp_path, how):
    explain = await at_rest(debug, tmp_path, joined(), how=how)
    found = explain(path="Pair")
    (function_,) = found.functions
    by_name = {given.parameter: given for given in function_.inputs}
    assert by_name["left"].arrived
    assert by_name["left"].routes[0].code == "arrived"
    assert by_name["right"].arrived == ()
    route = by_name["right"].routes[0]
    assert route.code == "not_sent"
    assert "nobody has sent `other` from outside yet" in route.text
    assert (":send other" in route.text) is (how != "recorded")
    assert "it has left (#6) and waits for right" in found.summary


@HOW
async def test_a_source_that_has_not_run_is_reported_with_why_it_has_not(debug, tmp_path, how):
    process = chain("A", "B")
    third, fourth = process.add_step(Relay, name="C"), process.add_step(Relay, name="D")
    process.on_input_event("later").send_event_to(third)
    third.on_event("CDone").send_event_to(fourth)
    explain = await at_rest(debug, tmp_path, process, how=how)
    route = the_route(explain(path="D"))
    assert route.code == "source_not_run"
    assert route.text.startswith("`C` has not run, since nobody has sent `later`")


@HOW
async def test_a_source_that_ran_and_did_not_emit_it(debug, tmp_path, how):
    process = ProcessBuilder("silent")
    say, keep = process.add_step(Say), process.add_step(Keep)
    process.on_input_event("go").send_event_to(say)
    say.on_event("X").send_event_to(keep)
    explain = await at_rest(debug, tmp_path, process, data=[], how=how)
    route = the_route(explain(path="Keep"))
    assert (route.code, route.text) == ("not_emitted", "`Say` ran once (#5) and did not emit `X`")


@HOW
async def test_a_condition_that_was_false_is_reported_with_the_event(debug, tmp_path, how):
    explain = await at_rest(debug, tmp_path, to_keep(condition="data > 10"), data=3, how=how)
    route = the_route(explain(path="K"))
    assert route.code == "condition_false"
    assert "the condition `data > 10` was false for `Out` (#6)" in route.text


@HOW
async def test_a_condition_that_was_false_where_another_route_was_taken(debug, tmp_path, how):
    explain = await at_rest(debug, tmp_path, to_keep(condition="data > 10", otherwise=True), data=3, how=how)
    route = the_route(explain(path="K"))
    assert route.code == "condition_false"
    assert "its data: 3" in route.text


@HOW
async def test_an_otherwise_that_did_not_apply(debug, tmp_path, how):
    explain = await at_rest(debug, tmp_path, to_keep(condition="data > 10", otherwise=True), data=30, how=how)
    route = the_route(explain(path="Else"))
    assert (route.code, route.text) == (
        "otherwise_not_taken",
        "the condition `data > 10` (to K) held for `Out` (#6), so `otherwise` did not apply",
    )


@HOW
async def test_a_source_that_failed_before_it_emitted(debug, tmp_path, how):
    process = ProcessBuilder("failing")
    fail, keep = process.add_step(Fail), process.add_step(Keep)
    process.on_input_event("go").send_event_to(fail)
    fail.on_event("X").send_event_to(keep)
    explain = await at_rest(debug, tmp_path, process, how=how)
    route = the_route(explain(path="Keep"))
    assert route.code == "source_failed"
    assert "ValueError: told to: 0" in route.text
    assert "The run is over (FAILED: ValueError: told to: 0)" in explain(path="Keep").summary


@HOW
async def test_a_source_that_failed_after_it_emitted(debug, tmp_path, how):
    process = to_keep()
    process.on_error().send_event_to(process.add_step(Keep, name="Handler"))
    explain = await at_rest(debug, tmp_path, process, data="fail", how=how)
    route = the_route(explain(path="K"))
    assert route.code == "source_failed"
    assert "but failed afterwards, so it counts for nothing" in route.text


@HOW
async def test_a_source_that_waits_for_an_answer(debug, tmp_path, how):
    process = ProcessBuilder("asking")
    ask, keep = process.add_step(Ask), process.add_step(Keep)
    process.on_input_event("go").send_event_to(ask)
    ask.on_event("AskDone").send_event_to(keep)
    explain = await at_rest(debug, tmp_path, process, how="memory" if how == "memory" else "file")
    route = the_route(explain(path="Keep"))
    assert (route.code, route.text) == ("source_waiting", "`Ask` waits for an answer to “Ask?”")
    assert "waits for an answer to “Ask?”" in explain(path="Ask").summary


async def test_a_source_that_has_emitted_and_waits_for_an_answer(debug, tmp_path):
    explain = await at_rest(debug, tmp_path, to_keep(), data="ask")
    route = the_route(explain(path="K"))
    assert route.code == "source_waiting"
    assert "has emitted `Out` (#6), and waits for an answer to “go on?” before it counts" in route.text


@HOW
async def test_an_internal_event_that_the_parent_routes(debug, tmp_path, how):
    inner = ProcessBuilder("inner")
    inner.on_input_event("go").send_event_to(inner.add_step(EmitThen, name="W"))
    process = ProcessBuilder("outer")
    nested, keep = process.add_process(inner), process.add_step(Keep, name="K")
    process.on_input_event("go").send_event_to(nested.where_input_event_is("go"))
    nested.on_event("Out").send_event_to(keep)
    explain = await at_rest(debug, tmp_path, process, how=how)
    route = the_route(explain(path="K"))
    assert route.code == "internal_event"
    assert "Visibility.PUBLIC" in route.text


@HOW
async def test_a_public_event_of_a_nested_process_that_was_used(debug, tmp_path, how):
    inner = ProcessBuilder("inner")
    inner.on_input_event("go").send_event_to(inner.add_step(EmitPublic, name="W"))
    process = ProcessBuilder("outer")
    nested, keep = process.add_process(inner), process.add_step(Keep, name="K")
    process.on_input_event("go").send_event_to(nested.where_input_event_is("go"))
    nested.on_event("Out").send_event_to(keep)
    explain = await at_rest(debug, tmp_path, process, how=how)
    assert the_route(explain(path="K")).code == "used"
    assert the_route(explain(path="inner/W")).code == "used"


async def test_a_step_deep_inside_leads_back_to_the_outside(debug, tmp_path):
    process = deep()
    process.on_input_event("other").send_event_to(process.add_step(Keep))
    explain = await at_rest(debug, tmp_path, process, points=[{"step": "A"}])
    found = explain(path="outer/inner/Y")
    assert "`outer/inner/X` has not run" in found.summary
    assert "`outer/inner` has not been given `go`" in found.summary
    assert "`A` has not run" in found.summary
    assert found.summary.count("since") >= 3


@HOW
async def test_an_explicit_join_shows_its_triggers_too(debug, tmp_path, how):
    explain = await at_rest(debug, tmp_path, listening(), how=how)
    (function_,) = explain(path="K").functions
    assert {(given.parameter, bool(given.arrived)) for given in function_.inputs} == {("value", True), ("", False)}
    route = next(given.routes[0] for given in function_.inputs if not given.arrived)
    assert route.code == "source_not_run"
    assert "`B.relay` has not run, since nobody has sent `other`" in route.text


@HOW
async def test_an_error_route_where_nothing_has_failed(debug, tmp_path, how):
    process = chain("A")
    process.on_error().send_event_to(process.add_step(Keep, name="Handler"))
    explain = await at_rest(debug, tmp_path, process, how=how)
    route = the_route(explain(path="Handler"))
    assert (route.code, route.text) == ("no_error", "no step of the process has failed")


@HOW
async def test_a_step_behind_a_map(debug, tmp_path, how):
    process = ProcessBuilder("mapping")
    mapped, keep, other = process.add_map_step(Relay, name="Map"), process.add_step(Keep), process.add_step(Keep, "O")
    process.on_input_event("go").send_event_to(mapped)
    mapped.on_event("MapDone").send_event_to(keep)
    mapped.on_event("Never").send_event_to(other)
    explain = await at_rest(debug, tmp_path, process, data=[1, 2, 3], how=how)
    assert the_route(explain(path="O")).code == "not_emitted"
    assert explain(path="Map[1]").title == explain(path="Map").title


@HOW
async def test_what_a_stop_discarded(debug, tmp_path, how):
    process = ProcessBuilder("stopping")
    say, keep = process.add_step(Say), process.add_step(Keep)
    process.on_input_event("go").send_event_to(say)
    say.on_event("X").send_event_to(keep)
    say.on_event("Stop").stop_process()
    explain = await at_rest(debug, tmp_path, process, data=["X", "Stop"], how=how)
    route = the_route(explain(path="Keep"))
    assert route.code == "discarded"
    assert "The run is over (STOPPED)" in explain(path="Keep").summary


async def test_what_is_on_its_way(debug, tmp_path):
    explain = await at_rest(debug, tmp_path, chain("A", "B"), points=[{"step": "B"}])
    route = the_route(explain(path="B"))
    assert route.code == "pending"
    assert "is on its way" in route.text


async def test_only_the_next_message_is_said_to_be_delivered_next(debug, tmp_path):
    process = ProcessBuilder("three")
    say, keeps = process.add_step(Say), [process.add_step(Keep, name=name) for name in ("K1", "K2", "K3")]
    process.on_input_event("go").send_event_to(say)
    for number, keep in enumerate(keeps):
        say.on_event(f"E{number}").send_event_to(keep)
    debugger = await debug(process, {"step": "K1"}, data=["E0", "E1", "E2"], run_file=tmp_path / "x.run")
    await paused(debugger)
    turns = [the_route(debugger.explain(path=path)).text.partition("on its way: ")[2] for path in ("K1", "K2", "K3")]
    assert turns == ["it is delivered next", "1 message comes before it", "2 messages come before it"]
    debugger.editor.move(debugger.pending()[2].id)
    assert the_route(debugger.explain(path="K3")).text.endswith("it is delivered next")
    with RunFile(tmp_path / "x.run") as file:
        recorded = [the_route(explain_recorded(file, path=path)).text for path in ("K1", "K3")]
    assert [text.partition("on its way: ")[2] for text in recorded] == [
        "1 message comes before it",
        "it is delivered next",
    ]


@HOW
async def test_a_message_dropped_by_hand_is_named_so(debug, tmp_path, how):
    explain, path = None, tmp_path / "x.run"
    options = {} if how == "memory" else {"run_file": path, "collect_events": False}
    debugger = await debug(joined(), {"event": "ADone"}, **options)
    message = (await paused(debugger)).message
    drop = debugger.editor.drop(message.id)
    explain = debugger.explain
    if how == "recorded":
        await debugger.close()
        with RunFile(path) as file:
            left = next(i for i in explain_recorded(file, path="Pair").functions[0].inputs if i.parameter == "left")
    else:
        left = next(i for i in explain(path="Pair").functions[0].inputs if i.parameter == "left")
    assert (left.routes[0].code, left.routes[0].text) == (
        "discarded",
        f"`ADone` (#{message.seq}) was dropped by hand (#{drop.seq})",
    )


async def test_a_drop_that_was_undone_and_an_edit_explain_nothing_away(debug):
    debugger = await debug(joined(), {"event": "ADone"})
    message = (await paused(debugger)).message
    debugger.editor.drop(message.id)
    debugger.editor.undo()
    debugger.editor.edit(message.id, 7)
    left = next(i for i in debugger.explain(path="Pair").functions[0].inputs if i.parameter == "left")
    assert left.routes[0].code == "pending"
    debugger.release("continue")
    await ended(debugger)
    await debugger.run.send_event("other", 1)
    assert await ended(debugger) == "IDLE"
    left = next(i for i in debugger.explain(path="Pair").functions[0].inputs if i.parameter == "left")
    assert left.routes[0].code == "used"


@HOW
async def test_the_route_and_the_condition_that_decided_about_an_event_are_named(debug, tmp_path, how):
    explain = await at_rest(debug, tmp_path, to_keep(condition="data > 10", otherwise=True), data=30, how=how)
    emitted = explain(seq=6)
    assert "It went to K.keep, since `data > 10` held." in emitted.summary
    assert "Not to Else.keep: the condition `data > 10` (to K) held" in emitted.summary
    call = next(effect.seq for effect in emitted.effects if "K.keep was called" in effect.text)
    assert "It came by the route `W.Out -> K.keep(value)`, since `data > 10` held." in explain(seq=call).summary


@HOW
async def test_a_condition_that_was_false_is_named_for_the_event_that_went_nowhere(debug, tmp_path, how):
    explain = await at_rest(debug, tmp_path, to_keep(condition="data > 10"), data=3, how=how)
    assert "Not to K.keep: the condition `data > 10` was false for `Out` (#6)" in explain(seq=6).summary


@HOW
async def test_the_limit_of_supersteps_is_named(debug, tmp_path, how):
    process = ProcessBuilder("round", max_supersteps=3)
    count = process.add_step(Relay, name="Count")
    process.on_input_event("go").send_event_to(count)
    count.on_event("CountDone").send_event_to(count)
    explain = await at_rest(debug, tmp_path, process, how=how)
    route = the_route(explain(path="Count"), "Count")
    assert route.code == "discarded"
    assert "(FAILED: did not become idle within 3 supersteps" in route.text
    assert "The run is over (FAILED: did not become idle within 3 supersteps" in explain(path="Count").summary


@HOW
async def test_the_answer_that_led_to_an_event_is_among_its_causes(debug, tmp_path, how):
    process = ProcessBuilder("asking")
    ask, keep = process.add_step(Ask, name="A"), process.add_step(Keep)
    process.on_input_event("go").send_event_to(ask)
    ask.on_event("ADone").send_event_to(keep)
    options = {} if how == "memory" else {"run_file": tmp_path / "x.run", "collect_events": False}
    debugger = await debug(process, **options)
    await ended(debugger)
    await debugger.run.respond(debugger.run.pending_requests[0].request_id, "yes")
    assert await ended(debugger) == "IDLE"
    last = debugger.explain(path="Keep").functions[0].last_seq
    if how == "recorded":
        await debugger.close()
        with RunFile(tmp_path / "x.run") as file:
            causes = explain_recorded(file, seq=last).causes
    else:
        causes = debugger.explain(seq=last).causes
    texts = [cause.text for cause in causes]
    (answer,) = [text for text in texts if text.startswith("A.ask was answered with") and "yes" in text]
    assert texts.index(answer) < next(at for at, text in enumerate(texts) if text.startswith("A.ask emitted ADone"))


@HOW
async def test_an_id_that_is_never_emitted_and_one_that_is_not_routed_are_brought_together(debug, tmp_path, how):
    process = ProcessBuilder("typo")
    say, keep = process.add_step(Say), process.add_step(Keep)
    process.on_input_event("go").send_event_to(say)
    say.on_event("GivenUp").send_event_to(keep)
    explain = await at_rest(debug, tmp_path, process, data=["GaveUp"], how=how)
    route = the_route(explain(path="Keep"))
    assert (route.code, route.seq) == ("not_emitted", 5)
    assert "it emitted `GaveUp` (#6), which no route takes: is that what was meant?" in route.text
    assert "a route waits for `GivenUp`, which was never emitted; is that what was meant?" in explain(seq=6).summary


@pytest.mark.parametrize("is_muted", [True, False])
async def test_a_breakpoint_that_does_not_count_is_named_where_it_is_asked_about(debug, is_muted):
    debugger = await debug(chain("A", "B"), {"event": "ADone"}, {"step": "A", "condition": "data > 99"}, paused=True)
    debugger.muted = is_muted
    if not is_muted:
        debugger.breakpoints[0].enabled = False
    await paused(debugger)
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"
    why = "breakpoints are muted" if is_muted else "it is off"
    assert f"The breakpoint on event `ADone` does not count: {why}." in debugger.explain(path="B").summary
    emitted = next(event.seq for event in debugger.events if event.event_id == "ADone")
    assert f"The breakpoint on event `ADone` does not count: {why}." in debugger.explain(seq=emitted).summary
    assert "event `ADone`" not in debugger.explain(path="A").summary


async def test_inside_a_superstep_of_the_past_what_has_arrived_has_arrived(debug, tmp_path):
    process = ProcessBuilder("joining")
    say, pair, keep = process.add_step(Say), process.add_step(Pair), process.add_step(Keep)
    process.on_input_event("go").send_event_to(say)
    process.on_input_event("other").send_event_to(pair, parameter="right")
    say.on_event("X").send_event_to(pair, parameter="left")
    say.on_event("Y").send_event_to(keep)
    await at_rest(debug, tmp_path, process, data=["X", "Y"], how="recorded")
    with RunFile(tmp_path / "x.run") as file:
        call = next(row.seq for row in file.page(0, 100) if row.type == "executor_invoked" and row.path == "Keep")
        then = explain_recorded(file, path="Pair", until=call)
    left = next(given for given in then.functions[0].inputs if given.parameter == "left")
    assert (left.routes[0].code, left.arrived) == ("arrived", (left.routes[0].seq,))


async def test_an_outside_event_that_has_been_sent_and_not_taken_in(debug, tmp_path):
    debugger = await debug(joined(), {"step": "A"}, run_file=tmp_path / "x.run")
    await paused(debugger)
    await debugger.run.send_event("other", 1)
    (right,) = [given for given in debugger.explain(path="Pair").functions[0].inputs if given.parameter == "right"]
    assert right.routes[0].code == "pending"
    assert "has been sent from outside" in right.routes[0].text


async def test_steps_that_wait_for_each_other_are_reported_without_going_round(debug, tmp_path):
    process = ProcessBuilder("circle")
    first, second = process.add_step(Pair, name="P"), process.add_step(Pair, name="Q")
    for step, other in ((first, second), (second, first)):
        process.on_input_event("go").send_event_to(step, parameter="left")
        other.on_function_result().send_event_to(step, parameter="right")
    explain = await at_rest(debug, tmp_path, process)
    summary = explain(path="P").summary
    assert "`Q.pair` has not run" in summary
    assert "waits for this in turn" in summary
    assert len(summary) < 1000


@HOW
async def test_a_payload_that_did_not_fit(debug, tmp_path, how):
    class Number(Step):
        @function
        async def take(self, value: int) -> None:
            """Take a number."""

    process = to_keep()
    number = process.add_step(Number, name="N")
    process.on_error().send_event_to(process.add_step(Keep, name="Handler"))
    process.on_input_event("number").send_event_to(number)
    explain = await at_rest(debug, tmp_path, process, events=[], how=how)
    assert the_route(explain(path="N")).code == "not_sent"


async def test_a_step_that_has_run_says_how_often(debug, tmp_path):
    explain = await at_rest(debug, tmp_path, loop())
    found = explain(path="Count", function="relay")
    assert found.title == "where does Count.relay stand?"
    assert "has run 6 times" in found.summary
    assert found.functions[0].runs == 6


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"path": "Cuont"}, "did you mean 'Count'?"),
        ({"path": "Count", "function": "relai"}, "did you mean 'relay'?"),
        ({}, "one thing"),
        ({"path": "Count", "seq": 1}, "one thing"),
    ],
    ids=str,
)
async def test_a_name_that_does_not_exist_is_reported_with_what_was_meant(debug, tmp_path, asked, told):
    explain = await at_rest(debug, tmp_path, loop())
    with pytest.raises(ExplainError, match=re.escape(told)):
        explain(**asked)


async def test_a_run_that_keeps_no_events_says_what_to_do(debug):
    debugger = await debug(loop(), collect_events=False)
    await ended(debugger)
    with pytest.raises(ProcessError, match="run_file="):
        debugger.explain(path="Count")


def test_there_is_nothing_to_explain_before_a_run():
    with pytest.raises(ProcessError, match="no run"):
        Debugger(loop().build()).explain(path="Count")


async def test_the_past_can_be_explained(debug, tmp_path):
    await at_rest(debug, tmp_path, joined(), events=["other"], how="recorded")
    with RunFile(tmp_path / "x.run") as file:
        now = explain_recorded(file, path="Pair")
        first_rest = next(row.seq for row in file.page(0, 100) if row.type == "status" and row.state == "IDLE")
        then = explain_recorded(file, path="Pair", until=first_rest)
    assert now.functions[0].runs == 1
    assert then.functions[0].runs == 0
    assert "waits for right" in then.summary


async def test_explaining_changes_nothing(debug, tmp_path):
    debugger = await debug(wrapped(chain("A", "B")), {"step": "**/B"})
    await paused(debugger)
    before = len(debugger.events)
    for path in ("chain", "chain/A", "chain/B", "End"):
        debugger.explain(path=path)
    assert len(debugger.events) == before
    debugger.release("continue")
    assert await ended(debugger) == "IDLE"
    assert len(of(debugger, "paused")) == 1
