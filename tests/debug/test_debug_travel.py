"""What runs again when a recorded run goes on from an earlier superstep."""

import asyncio

import pytest
from debug_steps import Ask, Keep, Relay, chain, deep, invoked, paused

from process_core import ProcessBuilder
from process_core.debug.travel import runs_again
from process_core.errors import ProcessError
from process_core.runfile import RunFile
from process_core.session.worker.explain_handlers import told_again


async def recorded(debug, tmp_path, builder, **options):
    debugger = await debug(builder, run_file=tmp_path / "x.run", **options)
    await asyncio.wait_for(debugger.wait(), 5)
    await debugger.close()
    return tmp_path / "x.run"


async def test_from_an_earlier_superstep_everything_after_it_runs_again(debug, tmp_path):
    path = await recorded(debug, tmp_path, chain("A", "B", "C"))
    with RunFile(path) as file:
        found = runs_again(file, 1)
        text = told_again(file, 1)
    assert found.forks
    assert found.next == ("B",)
    assert dict(found.calls) == {"B": 1, "C": 1}
    assert text == "forks into a new file after superstep 1; runs again: B, C"


async def test_what_is_said_is_what_happens(debug, tmp_path):
    builder = deep()
    path = await recorded(debug, tmp_path, builder)
    with RunFile(path) as file:
        found = runs_again(file, 1)
    process = builder.build()
    async with process.start(resume_from=path, superstep=1, run_file=tmp_path / "fork.run") as run:
        await run.idle()
        again = [event.path for event in run.events if event.type == "executor_invoked"]
    assert sorted(again) == sorted(path for path, count in found.calls.items() for _ in range(count))
    assert again[0] in found.next


async def test_from_the_last_superstep_nothing_that_ended_runs_again(debug, tmp_path):
    path = await recorded(debug, tmp_path, chain("A", "B"))
    with RunFile(path) as file:
        found = runs_again(file)
    assert (found.forks, found.next, dict(found.calls)) == (False, (), {})
    assert "no step runs again" in found.text


async def test_a_call_that_waits_for_an_answer_begins_anew(debug, tmp_path):
    path = await recorded(debug, tmp_path, chain("A", kind=Ask))
    with RunFile(path) as file:
        assert runs_again(file, 1).next == ("A",)


async def test_who_is_asked_again_is_told(debug, tmp_path):
    process = chain("A", "B")
    ask = process.add_step(Ask)
    process.on_input_event("ask").send_event_to(ask)
    debugger = await debug(process, run_file=tmp_path / "x.run")
    await asyncio.wait_for(debugger.wait(), 5)
    await debugger.run.send_event("ask", 1)
    await asyncio.wait_for(debugger.wait(), 5)
    await debugger.run.respond(debugger.run.pending_requests[0].request_id, "hi")
    await asyncio.wait_for(debugger.wait(), 5)
    await debugger.close()
    with RunFile(tmp_path / "x.run") as file:
        found = runs_again(file, 1)
    assert dict(found.asked) == {"Ask": 1}
    assert found.text.endswith("asks again: Ask")


async def test_a_loop_is_counted(debug, tmp_path):
    process = ProcessBuilder("loop")
    count = process.add_step(Relay, name="Count")
    process.on_input_event("go").send_event_to(count)
    count.on_event("CountDone").when("data < 5").send_event_to(count)
    path = await recorded(debug, tmp_path, process)
    with RunFile(path) as file:
        assert "Count (4 times)" in runs_again(file, 1).text


async def test_a_superstep_that_is_not_there_is_refused(debug, tmp_path):
    path = await recorded(debug, tmp_path, chain("A"))
    with RunFile(path) as file, pytest.raises(ProcessError, match="no superstep 9; it has 0 to 1"):
        runs_again(file, 9)


async def test_a_run_that_is_still_going_on_can_be_asked_too(debug, tmp_path):
    process = chain("A", "B")
    process.on_input_event("keep").send_event_to(process.add_step(Keep))
    debugger = await debug(process, {"step": "B"}, run_file=tmp_path / "x.run")
    await paused(debugger)
    debugger._core.writer.flush(5)
    with RunFile(tmp_path / "x.run") as file:
        assert runs_again(file, 0).next == ()
        assert dict(runs_again(file, 0).calls) == {"A": 1}
    assert invoked(debugger) == ["A"]
