"""Hot reload as it is seen: the mode line, the banner, the page beside the graph, and the timeline."""

import pytest
from targets import CHAT

from process_core.session.protocol.verbs import Reload

NEW = CHAT.replace("async def", "async  def", 1)


async def save(d, path, text):
    """Save, and have the worker look; the watcher has tests of its own."""
    path.write_text(text)
    await d.screen.control.ask(Reload())


@pytest.fixture
def target(process_file):
    return process_file(CHAT)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_a_save_that_fails_is_reported_beside_the_graph_and_the_chat_goes_on(debug, target, size):
    async with debug(target, size=size) as d:
        await d.until("WAITING FOR YOU")
        await save(d, target, "class Broken(:\n    pass")
        text = await d.until("save failed")
        assert "line 1" in text
        assert "gen 1" in text or size[0] < 100
        await d.answer("hello")
        await d.until(lambda: d.status.superstep > 3)
        await d.until(lambda: d.status.requests)
        await d.press("escape")
        await d.command("reload why")
        assert "class Broken(:" in await d.until("Correct it and save again")
        await save(d, target, NEW)
        await d.until(lambda: d.status.generation == 2)
        await d.until(lambda: "save failed" not in d.text)


async def test_a_reload_is_reported_and_marked_in_the_timeline(debug, target):
    async with debug(target, size=(120, 40)) as d:
        await d.until("WAITING FOR YOU")
        await save(d, target, NEW)
        text = await d.until("gen 2")
        await d.until("══ ↻ generation 2")
        assert "save" not in text.splitlines()[0]


async def test_a_changed_graph_is_drawn_again_and_what_was_selected_stays_so(debug, target):
    async with debug(target, size=(120, 40)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("escape", "1", "down", "down", "down")
        selected = d.screen.graph.selected
        assert selected is not None
        await d.command("break Exit")
        await save(d, target, CHAT.replace("UserInputReceived", "LineReceived"))
        await d.until("LineReceived")
        assert d.screen.graph.selected == selected
        assert {edge.event_id for edge in d.screen.edges} >= {"LineReceived"}
        assert [spec.event for spec in d.status.breakpoints if spec.bound] == ["Exit"]


async def test_a_hostile_error_text_reaches_the_screen_harmless(debug, target):
    async with debug(target, size=(120, 40)) as d:
        await d.until("WAITING FOR YOU")
        await save(d, target, "raise ValueError('[/nope] \\x1b[2J \\x9b and more')")
        text = await d.until("save failed")
        assert "\x1b" not in text
        assert "[/nope]" in text


async def test_reload_without_an_edit_says_that_nothing_has_changed(debug, target):
    async with debug(target, size=(120, 40)) as d:
        await d.until("WAITING FOR YOU")
        await d.press("escape")
        await d.command("reload")
        await d.until("nothing has changed")
        await d.command("reload back")
        await d.until("no edit is waiting")


async def test_a_state_that_does_not_fit_asks_for_a_choice_and_takes_it(debug, target):
    async with debug(target, size=(120, 40)) as d:
        await d.until("WAITING FOR YOU")
        await d.answer("hello")
        await d.until(lambda: d.status.superstep > 4 and d.status.requests)
        await save(d, target, CHAT.replace("messages", "history"))
        text = await d.until("save does not fit")
        assert ":reload reset | keep | back" in text
        assert "- messages" in await d.until("+ history")
        await d.press("escape")
        await d.command("reload reset Response")
        await d.until("gen 2")
        assert d.status.reload is None
        assert "does not fit" not in d.text


async def test_a_message_whose_step_is_gone_is_listed_once_and_returns_when_a_save_brings_the_step_back(debug, target):
    async with debug(target, size=(120, 40)) as d:
        await d.until("WAITING FOR YOU")
        await d.command("break UserInputReceived")
        await d.answer("hello")
        await d.until("PAUSED")
        await d.press("6")
        await save(d, target, CHAT.replace("add_step(Response)", 'add_step(Response, name="Other")'))
        await d.until("- UserInputReceived → Response")
        assert [message.held for message in d.screen.queue.messages] == [True]
        await d.press("d")
        await d.until("the code has no place for this message")
        await save(d, target, CHAT)
        await d.until(lambda: [message.held for message in d.screen.queue.messages] == [False])


async def test_a_run_is_forked_onto_code_with_other_routes(debug, target):
    async with debug(target, size=(80, 24)) as d:
        await d.until("WAITING FOR YOU")
        await save(d, target, CHAT.replace('"Exit"', '"Bye"'))
        await d.until("gen 2")
        await d.press("escape", "N", "N", "u")
        await d.until("Fork (y)")
        await d.press("y")
        assert "Bye" in await d.until("forked from run")
