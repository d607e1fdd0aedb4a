"""Rule 38: steps share payloads, and where one was changed between emission and delivery, a warning says so."""

from typing import Any

import pytest
from pydantic import BaseModel
from rules_observing import codes, said, warnings

from process_core import ProcessBuilder, RunState, Step, StepContext, function
from process_core.debug import Debugger
from process_core.runfile import RunFile


class Item(BaseModel):
    n: int = 0


class Sends(Step[list[Any]]):
    @function
    async def send(self, context: StepContext, what: Any) -> None:
        sent = [1] if what != "model" else Item()
        await context.emit_event("E", sent)
        if what == "change":
            sent.append("after")
        elif what == "model":
            sent.n = 5
        elif what == "put back":
            sent.append(2)
            sent.pop()


class Takes(Step[list[Any]]):
    @function
    async def take(self, value: Any) -> None:
        self.state.append(value)


class Changes(Step):
    @function
    async def change(self, value: Any) -> None:
        value.append("changed")


def build(*kinds: type[Step[Any]]) -> Any:
    process = ProcessBuilder("P")
    sends = process.add_step(Sends)
    process.on_input_event("go").send_event_to(sends)
    source = sends.on_event("E")
    for kind in kinds:
        source = source.send_event_to(process.add_step(kind))
    return process.build()


@pytest.mark.parametrize("collect", [True, False], ids=["observed", "file only"])
@pytest.mark.parametrize("what", ["change", "model"])
async def test_rule_38_a_payload_that_its_sender_changes_after_sending_it_is_warned_of(tmp_path, what, collect):
    await build(Takes).run("go", what, run_file=tmp_path / "x.run", collect_events=collect)
    with RunFile(tmp_path / "x.run") as file:
        (row,) = [row for row in file.page(0, 100) if row.code == "payload_changed"]
        details = file.payload(row.details)
    assert (row.path, row.route, row.event_id) == ("Takes", "Sends.E -> Takes.take(value)", "E")
    assert (details["source"], details["target"]) == ("Sends", "Takes.take")
    assert "send a copy" in details["message"]


async def test_rule_38_a_payload_that_another_receiver_changes_first_is_warned_of(tmp_path):
    result = await build(Changes, Takes).run("go", "keep", run_file=tmp_path / "x.run")
    (warning,) = warnings(result.events, "payload_changed")
    assert warning.path == "Takes"
    assert "'E' from Sends" in said(warning)


async def test_rule_38_what_came_from_outside_is_compared_with_its_first_delivery(tmp_path):
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Changes)).send_event_to(process.add_step(Takes))
    result = await process.build().run("go", [1], run_file=tmp_path / "x.run")
    (warning,) = warnings(result.events, "payload_changed")
    assert "from the outside" in said(warning)


async def test_rule_38_it_is_warned_of_once_per_route(tmp_path):
    async with build(Takes).start("go", "change", run_file=tmp_path / "x.run") as run:
        await run.idle()
        await run.send_event("go", "change")
        await run.idle()
        assert codes(run.events) == ["payload_changed"]


@pytest.mark.parametrize("what", ["keep", "put back"])
async def test_rule_38_what_is_as_it_was_is_not_warned_of(tmp_path, what):
    result = await build(Takes, Takes2).run("go", what, run_file=tmp_path / "x.run")
    assert codes(result.events) == []


class Takes2(Step):
    @function
    async def take(self, value: list[float]) -> None:
        """Take what is made into something else for it."""


async def test_rule_38_what_a_map_gathers_is_not_taken_for_a_change(tmp_path):
    class Each(Step):
        @function
        async def each(self, context: StepContext, value: Any) -> list[Any]:
            await context.emit_event("Out", [value])
            return [value]

    inner = ProcessBuilder("inner")
    each = inner.add_map_step(Each)
    inner.on_input_event("in").send_event_to(each)
    each.on_event("Out").send_event_to(inner.add_step(Takes))
    process = ProcessBuilder("P")
    nested = process.add_process(inner)
    process.on_input_event("go").send_event_to(nested.where_input_event_is("in"))
    nested.on_function_result().send_event_to(process.add_step(Takes))
    result = await process.build().run("go", [[1], [2]], run_file=tmp_path / "x.run")
    assert codes(result.events) == []


async def test_rule_38_a_payload_that_was_changed_by_hand_is_not_taken_for_a_change(tmp_path):
    debugger = Debugger(build(Takes), run_file=tmp_path / "x.run")
    debugger.add_breakpoint(event="E")
    await debugger.start("go", "keep")
    assert await debugger.wait()
    (message,) = debugger.pending()
    debugger.editor.edit(message.id, [7])
    await debugger.continue_()
    await debugger.wait()
    assert debugger.run is not None
    assert debugger.run.state is RunState.IDLE
    assert debugger.run.step_states["Takes"] == [[7]]
    assert codes(debugger.events) == []
    await debugger.close()


async def test_rule_38_a_run_that_is_not_recorded_pays_nothing_for_it():
    assert codes((await build(Takes).run("go", "change")).events) == []


# Payloads that can be read only once.


class Lists(Step[list[Any]]):
    @function
    async def take(self, value: Any) -> None:
        self.state.append(list(value))


@pytest.mark.parametrize("outside", [False, True], ids=["step", "outside"])
@pytest.mark.parametrize("receivers", [1, 2])
async def test_a_payload_that_can_be_read_only_once_is_warned_of_where_it_goes_to_several(receivers, outside):
    class Generates(Step):
        @function
        async def send(self, context: StepContext, value: Any) -> None:
            await context.emit_event("E", iter([1, 2]))

    process = ProcessBuilder("P")
    source = process.on_input_event("go")
    if not outside:
        source = source.send_event_to(process.add_step(Generates))
        source = process.steps[0].on_event("E")
    for number in range(receivers):
        source.send_event_to(process.add_step(Lists, name=f"L{number}"))
    result = await process.build().run("go", iter([1, 2]))
    assert codes(result.events) == ["read_once"] * (receivers - 1)
    assert result.step_states["L0"] == [[1, 2]]
    if receivers > 1:
        (warning,) = warnings(result.events, "read_once")
        assert "L0.take(value), L1.take(value)" in said(warning)
        assert warning.path == ("" if outside else "Generates")
