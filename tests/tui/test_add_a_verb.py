"""A debugger verb is its model and its handler: everything else is made from these two."""

from pathlib import Path
from typing import Literal

import pytest

from process_core import Process
from process_core.session.client.in_process import InProcessSession
from process_core.session.client.session import CommandRefused
from process_core.session.protocol import verbs
from process_core.session.protocol.status import Status
from process_core.session.worker import handlers
from tui.actions import action_of, words
from tui.commands.completion import Names
from tui.commands.parser import complete, parse
from tui.palette import entries
from tui.run_controller import RefusedError, RunControl
from tui.screens.help import help_lines

CHATBOT = Path(__file__).parents[2] / "sample_processes" / "chatbot.py"


@pytest.fixture
def toy():
    class Poke(verbs.Verb):
        """Poke a step some times, and report the answer."""

        needs = (verbs.has_run,)
        answer = str

        type: Literal["poke_step"] = "poke_step"
        path: verbs.StepPath
        times: int = 1

    @handlers.handles(Poke)
    async def poke(session, command):
        return f"poked {command.path} {command.times} times in {session.run.state}"

    yield Poke
    del verbs.COMMANDS["poke_step"], handlers.HANDLERS[Poke]


def test_its_word_its_arguments_and_its_place_in_help_and_palette_are_derived(toy):
    action = words()["poke-step"]
    assert (action.title, action.usage) == ("Poke step", "STEP [TIMES]")
    assert parse("poke-step Intro 3").action == action
    names = Names(steps=("Intro", "UserInput"))
    assert [completion.line for completion in complete("poke", names)] == ["poke-step "]
    assert [completion.line for completion in complete("poke-step In", names)] == [
        "poke-step Intro",
        "poke-step UserInput",
    ]
    text = "\n".join(line for line, _ in help_lines(110))
    assert ":poke-step STEP [TIMES]" in text
    assert "Poke a step some times" in text
    assert ("Poke step", "poke_step") in {(entry.text, entry.action) for entry in entries(())}
    assert action_of("poke_step") == action


def test_it_is_allowed_or_refused_by_what_its_model_needs(toy):
    assert verbs.capabilities(Status())["poke_step"] == "no run has been started yet"
    assert verbs.capabilities(Status(state="IDLE"))["poke_step"] is None


def test_other_clients_get_its_json_schema_from_its_model(toy):
    schema = toy.model_json_schema()
    assert schema["required"] == ["path"]
    assert schema["properties"]["path"]["description"].startswith("Path of a step")


async def test_it_reaches_its_handler_and_its_answer_comes_back(toy, tmp_path):
    async with await InProcessSession.open(cwd=CHATBOT.parent, runs_dir=tmp_path) as session:
        control = RunControl(session, CHATBOT.name)
        await control.load()
        names = {verbs.FieldKind.STEP: [(step, "step") for step in control.steps]}
        with pytest.raises(RefusedError, match="no run has been started yet"):
            await control.send_verb("poke_step", "Intro 2", names)
        await control.begin()
        assert "poked Intro 2 times in" in await control.send_verb("poke_step", "Intro 2", names)
        with pytest.raises(RefusedError, match=r"times: .*integer.* poke-step STEP \[TIMES\]"):
            await control.send_verb("poke_step", "Intro many", names)


def test_every_verb_of_the_table_can_be_typed():
    typed = {action.verb for action in words().values()}
    assert typed >= set(verbs.verbs())


async def test_a_verb_that_the_target_does_not_have_is_refused_with_its_reason_at_both_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(Process, "limits", {"next": "toys have no supersteps"})
    async with await InProcessSession.open(cwd=CHATBOT.parent, runs_dir=tmp_path) as session:
        control = RunControl(session, CHATBOT.name)
        await control.load()
        await control.begin()
        with pytest.raises(CommandRefused, match="toys have no supersteps"):
            await session.request(verbs.Next())
        assert control.capabilities()["next"] == "toys have no supersteps"
        with pytest.raises(RefusedError, match="toys have no supersteps"):
            await control.do(verbs.Next())


async def test_a_key_of_a_verb_that_takes_arguments_asks_for_them(toy, debug):
    async with debug(CHATBOT) as d:
        await d.until("WAITING FOR YOU")
        d.screen.action_act("poke_step")
        await d.until(": poke-step")


async def test_a_breakpoint_on_a_code_that_no_warning_has_names_the_one_that_is_meant(tmp_path):
    async with await InProcessSession.open(cwd=CHATBOT.parent, runs_dir=tmp_path) as session:
        control = RunControl(session, CHATBOT.name)
        await control.load()
        assert await control.break_on("warning unrouted_event") == ("breakpoint 1 on warning unrouted_event", True)
        text, is_certain = await control.break_on("warning unroutd_event")
        assert (is_certain, "did you mean 'unrouted_event'?" in text) == (False, True)
