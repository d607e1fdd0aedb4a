"""Rules 15, 18, 19 and 24: the types of workflow events and the grammar of a run."""

import asyncio
from typing import Any

import pytest
from rules_observing import assert_grammar, calls, codes, of, only, said, warnings
from rules_steps import Ask, Double, Pair, Say, Seen, Sink, Trigger

from process_core import ProcessBuilder, RunState, Step, StepContext, Visibility, WorkflowEvent, function
from process_core.events import EVENT_TYPES


class Report(Step):
    """Adds the workflow events it is asked to: a list of arguments for `WorkflowEvent`."""

    @function
    async def report(self, context: StepContext, script: Any) -> str:
        for kind, fields in script:
            await context.add_event(WorkflowEvent(kind, **fields))
        return "done"


def chain():
    process = ProcessBuilder("P")
    say, sink = process.add_step(Say), process.add_step(Sink)
    process.on_input_event("go").send_event_to(say)
    process.on_input_event("more").send_event_to(sink)
    say.on_event("X").send_event_to(sink)
    return process.build()


def reporting():
    process = ProcessBuilder("P")
    report, trigger = process.add_step(Report), process.add_step(Trigger)
    process.on_input_event("go").send_event_to(report)
    report.on_function_result().send_event_to(trigger)
    return process.build()


USER_TYPES = {name for name, kind in EVENT_TYPES.items() if kind.from_user}
ENGINE_TYPES = EVENT_TYPES.keys() - USER_TYPES


async def test_rule_18_the_types_are_those_of_the_design():
    assert sorted(USER_TYPES) == ["data", "error", "output", "warning"]
    assert sorted(ENGINE_TYPES) == sorted(
        [
            "started",
            "status",
            "failed",
            "executor_invoked",
            "executor_completed",
            "executor_failed",
            "superstep_started",
            "superstep_completed",
            "request_info",
            "event_emitted",
            "input_waiting",
            "response",
            "request_withdrawn",
            "executor_cancelled",
            "log",
            "breakpoint_hit",
            "paused",
            "resumed",
            "reloaded",
            "operator",
        ]
    )


@pytest.mark.parametrize("kind", sorted(USER_TYPES))
async def test_rule_18_user_code_may_add_its_types(kind):
    result = await reporting().run("go", [(kind, {"data": 1})])
    event = only(result.events, kind)
    assert (event.data, event.path, event.step, event.function) == (1, "Report", "Report", "report")


async def test_rule_18_any_other_string_is_a_custom_type_and_passes_unchanged():
    result = await reporting().run("go", [("progress", {"data": {"done": 0.4}, "details": {"code": "mine"}})])
    event = only(result.events, "progress")
    assert event.data == {"done": 0.4}
    assert event.details == {"code": "mine"}
    assert event.path == "Report"


@pytest.mark.parametrize("kind", sorted(ENGINE_TYPES))
async def test_rule_18_an_engine_type_from_user_code_is_ignored_with_one_warning(kind):
    forged = [(kind, {"data": "forged", "state": RunState.FAILED})]
    result = await reporting().run("go", forged)
    assert not [e for e in of(result.events, kind) if e.data == "forged"]
    (warning,) = of(result.events, "warning")
    assert warning.code
    assert warning.step == "Report"
    assert kind in str(warning.details)
    assert result.state is RunState.IDLE
    assert calls(result.events) == [(1, "Report", "report"), (2, "Trigger", "fire")]
    assert_grammar(result.events)


async def test_rule_18_user_code_can_not_forge_the_envelope():
    forged = {"seq": 99, "run_id": "forged", "path": "Other", "step": "Other", "superstep": 7, "causes": (98,)}
    result = await reporting().run("go", [("note", forged)])
    note = only(result.events, "note")
    assert (note.path, note.step, note.superstep, note.run_id) == ("Report", "Report", 1, result.events[0].run_id)
    assert_grammar(result.events)


async def test_rule_19_the_events_of_a_run_follow_the_grammar():
    result = await chain().run("go", [("X", 1)])
    assert [(e.type, e.path) for e in result.events] == [
        ("started", ""),
        ("status", ""),
        ("superstep_started", ""),
        ("event_emitted", ""),
        ("executor_invoked", "Say"),
        ("event_emitted", "Say"),
        ("executor_completed", "Say"),
        ("superstep_completed", ""),
        ("superstep_started", ""),
        ("executor_invoked", "Sink"),
        ("executor_completed", "Sink"),
        ("superstep_completed", ""),
        ("status", ""),
    ]
    assert_grammar(result.events)


async def test_rule_19_there_is_exactly_one_end_status():
    result = await chain().run("go", [])
    assert [e.state for e in of(result.events, "status")] == [RunState.IN_PROGRESS, RunState.IDLE]


async def test_rule_19_supersteps_are_numbered_from_1():
    result = await chain().run("go", [("X", 1)])
    assert [e.superstep for e in of(result.events, "superstep_started")] == [1, 2]
    assert (result.events[0].superstep, result.events[1].superstep) == (0, 0)


async def test_rule_19_a_map_and_a_nested_process_follow_the_grammar():
    inner = ProcessBuilder("inner")
    inner.on_input_event("x").send_event_to(inner.add_map_step(Double, name="Map"))
    outer = ProcessBuilder("outer")
    nested = outer.add_process(inner)
    outer.on_input_event("go").send_event_to(nested.where_input_event_is("x"))
    result = await outer.build().run("go", [1, 2, 3])
    assert_grammar(result.events)


async def test_rule_24_an_outside_event_opens_a_new_status_and_goes_on_counting():
    async with chain().start("go", []) as run:
        await run.idle()
        await run.send_event("more", 1)
        await run.idle()
        going, idle = RunState.IN_PROGRESS, RunState.IDLE
        assert [e.state for e in of(run.events, "status")] == [going, idle, going, idle]
        assert [e.superstep for e in of(run.events, "superstep_started")] == [1, 2]
        assert len(of(run.events, "started")) == 1
        assert_grammar(run.events)


async def test_an_outside_event_is_one_event_emitted_of_the_root():
    async with chain().start("go", []) as run:
        await run.idle()
        await run.send_event("more", 5)
        await run.idle()
        first, second = (e for e in of(run.events, "event_emitted") if e.path == "")
        assert (first.event_id, first.data, first.step, first.superstep) == ("go", [], None, 1)
        assert (second.event_id, second.data, second.step, second.superstep) == ("more", 5, None, 2)


async def test_an_emitted_event_shows_id_data_and_place():
    result = await chain().run("go", [("X", 1)])
    emitted = only(result.events, "event_emitted", event_id="X")
    assert (emitted.data, emitted.path, emitted.step, emitted.function) == (1, "Say", "Say", "say")
    assert emitted.superstep == 1


async def test_an_output_event_has_what_was_yielded():
    class Yields(Step):
        @function
        async def work(self, context: StepContext) -> None:
            await context.yield_output({"a": 1})

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Yields))
    result = await process.build().run("go")
    assert result.outputs == [{"a": 1}]
    assert only(result.events, "output").data == {"a": 1}


async def test_the_logger_of_the_context_makes_log_events():
    class Logs(Step):
        @function
        async def work(self, context: StepContext) -> None:
            context.logger.warning("careful: %s", "wet")

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Logs))
    result = await process.build().run("go")
    log = only(result.events, "log")
    assert "careful: wet" in said(log)
    assert (log.path, log.function) == ("Logs", "work")


class Unprintable:
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda log: log.info("%(user)s is in", {"user": "ann"}), "ann is in"),
        (lambda log: log.info("%s is in", {"user": "ann"}), "{'user': 'ann'} is in"),
        (lambda log: log.info("100%"), "100%"),
        (
            lambda log: log.info("%d items", "three"),
            "%d items (arguments that do not fit: ('three',): %d format",
        ),
        (lambda log: log.info("%s", Unprintable()), "%s (arguments that do not fit: "),
        (lambda log: log.info(Unprintable()), "<Unprintable, whose str raises ValueError>"),
        (lambda log: log.error("bad", exc_info=True), "bad"),  # noqa: LOG014 - nothing to show
    ],
)
async def test_rule_43_the_logger_of_the_context_formats_as_logging_does_and_fails_nothing(call, text):
    class Logs(Step):
        @function
        async def work(self, context: StepContext) -> None:
            call(context.logger)

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Logs))
    result = await process.build().run("go")
    log = only(result.events, "log")
    assert log.data.startswith(text)
    assert "traceback" not in log.details


@pytest.mark.parametrize(
    "call",
    [
        lambda log, _: log.exception("boom"),  # noqa: LOG004 - it is called in a handler
        lambda log, error: log.warning("boom", exc_info=error),
        lambda log, error: log.warning("boom", exc_info=(type(error), error, error.__traceback__)),
    ],
)
async def test_rule_43_the_traceback_that_comes_with_a_message_is_in_its_event(call):
    class Logs(Step):
        @function
        async def work(self, context: StepContext) -> None:
            try:
                1 / 0  # noqa: B018 - it is to raise
            except ZeroDivisionError as error:
                call(context.logger, error)

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Logs))
    log = only((await process.build().run("go")).events, "log")
    assert log.data == "boom"
    assert log.details["traceback"].startswith("Traceback (most recent call last)")
    assert "ZeroDivisionError" in log.details["traceback"]


async def test_the_status_event_has_the_state():
    result = await chain().run("go", [])
    assert result.events[1].state is RunState.IN_PROGRESS
    assert [e.state for e in result.events if e.type != "status"] == [None] * (len(result.events) - 2)


async def test_every_warning_of_the_engine_has_a_code_and_a_place():
    process = ProcessBuilder("P")
    say, pair, ask = process.add_step(Say), process.add_step(Pair), process.add_step(Ask)
    process.on_input_event("go").send_event_to(say)
    say.on_event("L").send_event_to(pair, parameter="left")
    say.on_event("R").send_event_to(pair, parameter="right")
    say.on_event("N").when(lambda n: n > 3).send_event_to(pair, parameter="left")
    say.on_event("Q").send_event_to(ask)
    result = await process.build().run("go", [("L", 1), ("N", 1), ("Lost",), ("Q", "?"), ("Out", 1, Visibility.PUBLIC)])
    assert sorted(map(str, codes(result.events))) == [
        "missing_input",
        "no_condition_matched",
        "pending_request",
        "unrouted_event",
    ]
    assert all(e.step for e in of(result.events, "warning"))


async def test_rule_18_a_warning_of_user_code_keeps_its_own_code():
    result = await reporting().run("go", [("warning", {"data": "low on paper", "details": {"code": "paper"}})])
    assert codes(result.events) == ["paper"]


async def test_warnings_of_discarded_messages_name_what_was_lost():
    process = ProcessBuilder("P")
    say, sink = process.add_step(Say), process.add_step(Sink)
    process.on_input_event("go").send_event_to(say)
    say.on_event("X").send_event_to(sink)
    say.on_event("Exit").stop_process()
    result = await process.build().run("go", [("X", 1), ("Exit",)])
    (warning,) = warnings(result.events, "discarded_messages")
    assert "X" in said(warning)
    assert "Sink" in said(warning)


async def test_events_are_about_the_run_that_made_them():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Sink, initial_state=Seen()))
    built = process.build()
    one, two = await asyncio.gather(built.run("go", 1), built.run("go", 2))
    assert {e.run_id for e in one.events}.isdisjoint({e.run_id for e in two.events})
