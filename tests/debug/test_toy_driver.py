"""The debugger, the recorder, explain and the queue editor serve a run that another engine drives."""

import asyncio

import pytest
from debug_steps import Fail, Pair, Relay, invoked, of, shown
from toy_driver import ToyProcess

from process_core import ProcessBuilder, RunState, Step, function
from process_core.debug import Debugger, EditingError, explain_recorded
from process_core.runfile import RunFile


class Memory(Step[list]):
    """Remembers what it receives."""

    @function
    async def remember(self, value):
        self.state.append(value)


def relays():
    """Two relays whose results a step joins."""
    process = ProcessBuilder("toy")
    left, right = process.add_step(Relay, name="Left"), process.add_step(Relay, name="Right")
    pair = process.add_step(Pair)
    process.on_input_event("go").send_event_to(left).send_event_to(right)
    left.on_event("LeftDone").send_event_to(pair, parameter="left")
    right.on_event("RightDone").send_event_to(pair, parameter="right")
    return process


@pytest.fixture
async def toy(tmp_path):
    opened = []

    async def start(builder, *breakpoints, paused=False, data=1):
        debugger = Debugger(ToyProcess(builder.build()), run_file=tmp_path / "toy.run")
        for fields in breakpoints:
            debugger.add_breakpoint(**fields)
        opened.append(debugger)
        await debugger.start("go", data, paused=paused)
        return debugger

    yield start
    for debugger in opened:
        await asyncio.wait_for(debugger.close(), 5)


def pair_input(debugger):
    return [event.data for event in debugger.events if event.type == "executor_invoked" and event.path == "Pair"]


async def test_a_run_of_another_engine_goes_without_supersteps(toy):
    debugger = await toy(relays())
    assert not await debugger.wait()
    assert debugger.state is RunState.IDLE
    assert invoked(debugger) == ["Left", "Right", "Pair"]
    assert not [event for event in debugger.events if event.type.startswith("superstep")]
    assert pair_input(debugger) == [{"left": 2, "right": 2}]


async def test_breakpoints_pause_it_and_continue_never_hits_the_same_message_again(toy):
    debugger = await toy(relays(), {"step": "Pair"}, {"event": "RightDone", "when": "emit", "condition": "data == 2"})
    assert await debugger.wait()
    assert debugger.paused.breakpoint == 2
    assert debugger.paused.path == "Right"
    await debugger.continue_()
    assert await debugger.wait()
    assert shown(debugger.paused).endswith("Pair")
    assert debugger.paused.message.parameter == "left"
    await debugger.continue_()
    assert await debugger.wait()
    assert debugger.paused.message.parameter == "right"
    await debugger.continue_()
    assert not await debugger.wait()
    assert [event.details["breakpoint"] for event in of(debugger, "breakpoint_hit")] == [2, 1, 1]
    assert pair_input(debugger) == [{"left": 2, "right": 2}]


async def test_it_steps_message_by_message_and_pauses_when_asked(toy):
    debugger = await toy(relays(), paused=True)
    assert await debugger.wait()
    assert debugger.paused.reason == "start"
    seen = []
    while await debugger.step():
        seen.append((debugger.paused.path, invoked(debugger)))
    assert [path for path, _ in seen] == ["Right", "Pair", "Pair"]
    assert [calls for _, calls in seen] == [["Left"], ["Left", "Right"], ["Left", "Right"]]
    assert invoked(debugger) == ["Left", "Right", "Pair"]
    await debugger.pause()
    assert debugger.is_pausing
    await debugger.run.send_event("go", 5)
    assert await debugger.wait()
    assert debugger.paused.reason == "pause"
    assert [item.data for item in debugger.pending()] == [5, 5]


async def test_messages_are_edited_dropped_held_and_taken_back(toy):
    debugger = await toy(relays(), paused=True)
    assert await debugger.wait()
    left, right = debugger.pending()
    debugger.editor.edit(left.id, 10)
    debugger.editor.drop(right.id)
    debugger.editor.undo()
    debugger.editor.edit(right.id, 20)
    debugger.editor.hold(right.id)
    await debugger.continue_()
    assert not await debugger.wait()
    assert invoked(debugger) == ["Left"]
    assert [w.arrived for w in debugger.live().waiting] == [("left",)]
    debugger.editor.let_go(right.id)
    assert not await debugger.wait()
    assert pair_input(debugger) == [{"left": 11, "right": 21}]
    assert [event.details["code"] for event in of(debugger, "operator")] == [
        "edit", "drop", "undo", "edit", "hold", "let_go",
    ]  # fmt: skip
    with pytest.raises(EditingError):
        debugger.editor.drop(right.id)


async def test_a_dropped_message_is_never_delivered_and_events_are_injected(toy):
    debugger = await toy(relays(), paused=True)
    assert await debugger.wait()
    debugger.editor.drop(debugger.pending()[1].id)
    debugger.editor.inject("RightDone", 7, step="Right")
    await debugger.continue_()
    assert not await debugger.wait()
    assert invoked(debugger) == ["Left", "Pair"]
    assert pair_input(debugger) == [{"left": 2, "right": 7}]


async def test_states_and_results_are_set_by_hand(toy):
    process = ProcessBuilder("toy")
    relay, memory = process.add_step(Relay), process.add_step(Memory)
    process.on_input_event("go").send_event_to(relay)
    relay.on_function_result().send_event_to(memory)
    debugger = await toy(process, paused=True)
    assert await debugger.wait()
    debugger.editor.force_complete("Relay", "by hand")
    await debugger.continue_()
    assert not await debugger.wait()
    assert debugger.run.step_states == {"Memory": ["by hand"]}
    debugger.editor.edit_state("Memory", ["edited"])
    await debugger.run.send_event("go", 5)
    await debugger.run.idle()
    assert debugger.run.step_states == {"Memory": ["edited", 5]}
    assert [event.details["code"] for event in of(debugger, "operator")] == ["force_complete", "edit_state"]
    completed = next(event for event in debugger.events if event.type == "executor_completed")
    assert (completed.path, completed.data) == ("Relay", "by hand")


async def test_it_is_explained_live_and_from_its_file(toy, tmp_path):
    debugger = await toy(relays(), {"step": "Pair"})
    assert await debugger.wait()
    answer = debugger.explain(path="Pair")
    assert "has not run" in answer.summary
    assert [given.parameter for given in answer.functions[0].inputs] == ["left", "right"]
    await debugger.continue_()
    await debugger.wait()
    await debugger.continue_()
    assert not await debugger.wait()
    last = next(event for event in debugger.events if event.type == "executor_invoked" and event.path == "Pair")
    live = debugger.explain(seq=last.seq)
    assert live.causes[0].seq == 3  # from the outside event on
    await debugger.close()
    with RunFile(tmp_path / "toy.run") as file:
        assert file.info.events == len(debugger.events)
        assert explain_recorded(file, seq=last.seq).causes == live.causes
        assert [row.type for row in file.page(0, 3)] == ["started", "status", "event_emitted"]
        assert file.info.state is RunState.CANCELLED


async def test_a_failing_call_ends_it(toy):
    process = ProcessBuilder("toy")
    process.on_input_event("go").send_event_to(process.add_step(Fail))
    debugger = await toy(process, {"kind": "error"})
    assert await debugger.wait()
    assert debugger.paused.path == "Fail"
    assert debugger.live().failed == ("Fail",)
    await debugger.continue_()
    assert not await debugger.wait()
    assert debugger.state is RunState.FAILED
    assert isinstance(debugger.run.error, ValueError)
