"""What a debugger writes into the events of a run, reports to a screen, and costs where nothing hits."""

import asyncio
import logging

import pytest
from debug_steps import chain, deep, ended, fan, of, paused, pauses, payloads, saying, wrapped

from process_core import RunState
from process_core.debug import Debugger
from process_core.runfile import RunFile

NOTHING_HITS = [
    {"event": "Never"},
    {"step": "Never"},
    {"function": "relay", "step": "Never"},
    {"event": "Never", "when": "emit"},
    {"step": "B", "event": "Never"},
]


def kinds(debugger) -> list[str]:
    return [event.type for event in debugger.events if event.type in {"breakpoint_hit", "paused", "resumed"}]


def public(event) -> tuple:
    """Return what an event says, without its time and run."""
    return (
        event.type, event.seq, event.superstep, event.path, event.step, event.function, event.event_id, event.route,
        event.data, event.causes, event.state, event.details,
    )  # fmt: skip


# events


async def test_a_hit_is_recorded_before_the_pause_and_going_on_after_it(debug):
    debugger = await debug(chain("A", "B"), {"step": "B"})
    await pauses(debugger)
    assert kinds(debugger) == ["breakpoint_hit", "paused", "resumed"]


async def test_the_events_of_a_pause_name_the_message(debug):
    debugger = await debug(deep(), {"step": "outer/inner/Y"})
    point = await paused(debugger)
    debugger.release("step")
    await pauses(debugger)
    for event in (of(debugger, "breakpoint_hit")[0], of(debugger, "paused")[0], of(debugger, "resumed")[0]):
        assert (event.path, event.step, event.function) == ("outer/inner/Y", "Y", "relay")
        assert (event.event_id, event.superstep, event.route) == ("XDone", 2, point.message.route)
        assert event.causes == (point.seq,)
    assert of(debugger, "paused")[0].details == {"reason": "breakpoint", "breakpoint": 1}
    assert of(debugger, "breakpoint_hit")[0].details == {"breakpoint": 1, "hit": 1}
    assert of(debugger, "resumed")[0].details == {"verb": "step"}


async def test_the_events_of_a_pause_after_a_function_name_its_completion(debug):
    debugger = await debug(deep(), {"step": "outer/inner/Y", "when": "after"})
    point = await paused(debugger)
    debugger.release("continue")
    await ended(debugger)
    for event in (of(debugger, "breakpoint_hit")[0], of(debugger, "paused")[0]):
        assert (event.path, event.superstep, event.causes) == ("outer/inner/Y", 2, (point.seq,))
    assert debugger.events[point.seq - 1].type == "executor_completed"


async def test_every_breakpoint_that_hits_a_message_is_recorded(debug):
    debugger = await debug(chain("A", "B"), {"event": "ADone"}, {"step": "B"}, {"function": "relay", "hits": "==9"})
    await pauses(debugger)
    assert [event.details["breakpoint"] for event in of(debugger, "breakpoint_hit")] == [1, 2]


async def test_the_count_recorded_is_that_of_the_hit(debug):
    debugger = await debug(saying(), {"event": "X", "when": "emit"}, data=["X", "X", "X"])
    await pauses(debugger)
    assert [event.details["hit"] for event in of(debugger, "breakpoint_hit")] == [1, 2, 3]


async def test_pauses_are_in_the_run_file(debug, tmp_path):
    debugger = await debug(chain("A", "B"), {"step": "B"}, run_file=tmp_path / "x.run", collect_events=False)
    await pauses(debugger)
    await debugger.close()
    with RunFile(tmp_path / "x.run") as run_file:
        types = [row.type for row in run_file.page(0, 99)]
    assert [name for name in types if name in {"breakpoint_hit", "paused", "resumed"}] == [
        "breakpoint_hit",
        "paused",
        "resumed",
    ]
    assert debugger.events == []


async def test_a_line_that_belongs_to_no_step_is_a_log_event(debug):
    debugger = await debug(chain("A"), paused=True)
    await paused(debugger)
    debugger.log("stdout", "hello")
    log = debugger.events[-1]
    assert (log.type, log.data, log.details, log.path) == ("log", "hello", {"stream": "stdout"}, "")


# a screen


async def test_a_screen_is_reported_every_change_it_shows(debug):
    debugger = Debugger(chain("A", "B").build())
    shown = []
    debugger.on_change = lambda: shown.append((debugger.state, debugger.paused and debugger.paused.message.target))
    debugger.add_breakpoint(step="B")
    assert shown == [(None, None)]
    await debugger.start("go", 0)
    await pauses(debugger)
    assert list(dict.fromkeys(shown)) == [
        (None, None),
        (RunState.IN_PROGRESS, None),
        (RunState.IN_PROGRESS, "B"),
        (RunState.IDLE, None),
    ]
    before = len(shown)
    debugger.remove_breakpoint(1)
    assert len(shown) == before + 1
    await debugger.close()


async def test_a_screen_that_fails_does_not_reach_the_run(debug, caplog):
    debugger = Debugger(chain("A", "B").build())
    debugger.on_change = lambda: 1 // 0
    with caplog.at_level(logging.ERROR, "process_core"):
        await debugger.start("go", 0)
        assert await ended(debugger) == "IDLE"
    await debugger.close()
    assert "ZeroDivisionError" in caplog.text


async def test_a_screen_may_go_on_from_within_the_call_that_reports_a_pause(debug):
    debugger = Debugger(fan("A", "B").build())
    debugger.add_breakpoint(step="**")
    debugger.add_breakpoint(step="**", when="after")
    debugger.on_change = lambda: debugger.paused and debugger.release("continue")
    await debugger.start("go", 0)
    assert await ended(debugger) == "IDLE"
    assert [point.hit_count for point in debugger.breakpoints] == [4, 4]
    await debugger.close()


# the cost of nothing


@pytest.mark.parametrize("build", [deep, lambda: fan("A", "B", "C"), lambda: wrapped(chain("A", name="inner"))])
@pytest.mark.parametrize("breakpoints", [[], NOTHING_HITS])
async def test_with_nothing_to_hit_a_run_gives_the_same_events_as_without_a_debugger(debug, build, breakpoints):
    debugger = await debug(build(), *breakpoints)
    assert await ended(debugger) == "IDLE"
    result = await build().build().run("go", 0)
    assert [public(event) for event in debugger.events] == [public(event) for event in result.events]


async def test_with_nothing_to_hit_functions_run_inline_as_without_a_debugger(debug):
    debugger = await debug(chain("A", "B", "C"), *NOTHING_HITS)
    tasks = set()
    debugger.on_change = lambda: tasks.add(asyncio.current_task())
    assert await ended(debugger) == "IDLE"
    assert len(tasks) == 1


async def test_a_breakpoint_that_may_hit_takes_only_its_own_messages_off_the_fast_path(debug):
    debugger = await debug(payloads(), {"event": "X", "condition": "data == 9"}, data=[1, 9])
    (stop,) = await pauses(debugger)
    assert stop == "X -> Keep"
    assert debugger.breakpoints[0].hit_count == 1
