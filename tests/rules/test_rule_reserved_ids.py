"""Automatic ids (`{function}.OnResult`, `{function}.OnError`) are the engine's: no step can forge one.

What is forged would be taken for the result of a function, or for a failure that a handler must deal with.
"""

import asyncio

import pytest
from rules_observing import failing, of, only
from rules_steps import Say, Seen, Sink

from process_core import (
    ProcessBuilder,
    ProcessEvent,
    RunState,
    Step,
    StepContext,
    StepFailedError,
    Visibility,
    function,
)


@pytest.mark.parametrize("event_id", ["say.OnResult", "say.OnError", "OnResult", "OnError"])
@pytest.mark.parametrize("visibility", Visibility)
async def test_an_automatic_id_that_a_step_emits_fails_the_step_by_name(event_id, visibility):
    process = ProcessBuilder("P")
    say, sink = process.add_step(Say), process.add_step(Sink)
    process.on_input_event("go").send_event_to(say)
    say.on_function_result().send_event_to(sink)
    with pytest.raises(StepFailedError, match=rf"Say\.say emitted '{event_id}'") as caught:
        await process.build().run("go", [(event_id, "forged", visibility)])
    assert (caught.value.step, caught.value.function) == ("Say", "say")


async def test_a_forged_result_reaches_nobody():
    process = ProcessBuilder("P")
    say, sink = process.add_step(Say), process.add_step(Sink)
    process.on_input_event("go").send_event_to(say)
    say.on_function_result().send_event_to(sink)
    events = await failing(process.build(), "go", [(ProcessEvent("say.OnResult", "forged"),)])
    assert of(events, "event_emitted", event_id="say.OnResult") == []
    assert of(events, "executor_invoked", step="Sink") == []
    assert only(events, "executor_failed").details["type"].endswith("ReservedEventError")


async def test_the_automatic_id_of_another_step_is_an_id_like_any_other():
    process = ProcessBuilder("P")
    say, sink = process.add_step(Say), process.add_step(Sink)
    process.on_input_event("go").send_event_to(say)
    say.on_event("take.OnResult").send_event_to(sink)
    result = await process.build().run("go", [("take.OnResult", 1)])
    assert result.step_states["Sink"].values == [1]


async def test_a_public_event_of_a_nested_process_cannot_forge_the_result_of_its_call():
    inner, process = ProcessBuilder("inner"), ProcessBuilder("P")
    inner.on_input_event("say").send_event_to(inner.add_step(Say))
    nested, sink = process.add_process(inner), process.add_step(Sink)
    process.on_input_event("go").send_event_to(nested.where_input_event_is("say"))
    nested.on_function_result().send_event_to(sink)
    events = await failing(process.build(), "go", [("OnResult", "forged", Visibility.PUBLIC)])
    assert of(events, "executor_invoked", step="Sink") == []
    assert only(events, "executor_failed", step="Say").path == "inner/Say"


async def test_an_automatic_id_emitted_from_another_thread_is_refused_there():
    class Threads(Step[Seen]):
        @function
        async def go(self, context: StepContext) -> None:
            with pytest.raises(ValueError, match=r"Threads\.go emitted 'go\.OnResult'"):
                await asyncio.to_thread(context.emit_event, "go.OnResult", 1)
            self.state.values.append("refused")

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Threads))
    result = await process.build().run("go")
    assert result.state is RunState.IDLE
    assert result.step_states["Threads"].values == ["refused"]


async def test_a_mapped_step_cannot_forge_the_results_of_its_elements():
    process = ProcessBuilder("P")
    mapped, sink = process.add_map_step(Say), process.add_step(Sink)
    process.on_input_event("go").send_event_to(mapped)
    mapped.on_function_result().send_event_to(sink)
    with pytest.raises(StepFailedError, match=r"Say\[1\]\.say emitted 'say\.OnResult'"):
        await process.build().run("go", [[("Fine", 1)], [("say.OnResult", 1)]])
