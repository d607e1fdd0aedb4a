"""What is typed applies in order, however fast it comes, and a refused command changes nothing but the line."""

import asyncio

import pytest
from driving import _key
from targets import ASK_AND_LOOP, CHAT
from textual import events

from tui.actions import Panel, words
from tui.screens import debug_screen

UNKNOWN = "No+body 9~"
BAD = {
    "cond": "9 x",
    "hits": "9 x",
    "log": "9 x",
    "move": "9 9",
    "state": "Nobody {}",
    "goto": "99999",
    "filter": "seq:x..",
    "back-to": "1 +",
}
"""Arguments that make no sense, where a name that does not exist would be a good argument or open a page."""
TAKES_ANYTHING = ("answer", "search")


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """Let keys wait as long as a busy machine needs."""
    monkeypatch.setattr(debug_screen, "_HELD_FOR", 30.0)


def burst(d, *keys):
    """Send keys as a terminal does that reads them all at once."""
    for key in keys:
        for name in key if key.startswith(":") else [key]:
            d.app._driver.send_message(events.Key("space", " ") if name == " " else _key(name))


async def settled(d):
    """Wait until all keys have been dealt with, those that wait for the worker too."""
    await d.until(lambda: not d.screen.held.is_holding and not d.screen.held._keys)
    await d.pilot.pause()


@pytest.mark.parametrize(
    "line", [":goto 99999", ":filter seq:x..", ":why Nobody", ":cond 9 x", ":change 9 x", ":nothing"]
)
async def test_a_key_after_a_refused_command_does_not_act_on_the_run(debug, process_file, line):
    async with debug(process_file(CHAT), paused=True) as d:
        await d.until("PAUSED")
        burst(d, line, "enter", "X")
        await settled(d)
        assert d.screen.line._box.value == f"{line[1:]}X"
        assert d.app.focused is d.screen.line._box
        assert d.status.state.value != "CANCELLED"
        await d.press("escape")
        assert not d.screen.line.display
        assert d.screen.panel is Panel.TIMELINE


async def test_every_command_with_a_bad_argument_leaves_the_line_to_type_on_and_escape_closes_it(debug, process_file):
    refused = [word for word, action in words().items() if action.usage and word not in TAKES_ANYTHING]
    refused += [word for word, action in words().items() if not action.usage]
    async with debug(process_file(CHAT), paused=True) as d:
        await d.until("PAUSED")
        for word in refused:
            line = f"{word} {BAD.get(word, UNKNOWN)}"
            await d.command(line)
            await settled(d)
            assert d.app.focused is d.screen.line._box, line
            assert d.screen.line._suggestions.problem, line
            await d.press("x")
            assert d.screen.line._box.value == f"{line}x"
            await d.press("escape")
            assert not d.screen.line.display, line
            assert d.screen.panel is Panel.TIMELINE, line


async def test_keys_read_together_with_a_command_apply_after_it(debug, process_file):
    async with debug(process_file(ASK_AND_LOOP)) as d:
        await d.until("INSERT")
        await d.press("escape", "2")
        burst(d, ":break Ask", "enter", "p")
        await d.until("PAUSED")
        assert [spec.step for spec in d.status.breakpoints] == ["Ask"]
        assert not d.screen.line.display


async def test_two_commands_read_together_are_two(debug, process_file):
    async with debug(process_file(CHAT), paused=True) as d:
        await d.until("PAUSED")
        burst(d, ":break Exit", "enter", ":break Intro", "enter", "3")
        await settled(d)
        await d.until(lambda: len(d.status.breakpoints) == 2)
        assert [spec.event or spec.step for spec in d.status.breakpoints] == ["Exit", "Intro"]
        assert d.screen.panel is Panel.INSPECTOR


async def test_answers_read_together_are_two(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("INSERT")
        burst(d, *"one", "enter", *"two", "enter", *"three")
        await d.until(
            lambda: [e.text for e in d.screen.chat.transcript.entries if e.text in ("one", "two")] == ["one", "two"]
        )
        await d.until(lambda: d.screen.chat.box.value == "three")


async def test_an_answer_that_is_opened_and_typed_at_once_reaches_its_box(debug, process_file):
    async with debug(process_file(CHAT)) as d:
        await d.until("INSERT")
        await d.press("escape", "2")
        burst(d, "a", *"stop")
        await settled(d)
        assert d.screen.chat.box.value == "stop"


async def test_keys_that_edit_apply_between_the_letters_around_them(debug, process_file):
    async with debug(process_file(CHAT), paused=True) as d:
        await d.until("PAUSED")
        burst(d, ":abx", "backspace", "c", "left", "X", "escape", "3")
        await settled(d)
        assert d.screen.line._box.value == "abXc"
        assert not d.screen.line.display
        assert d.screen.panel is Panel.INSPECTOR


async def test_escape_closes_a_line_whose_command_is_still_done_and_its_refusal_does_not_open_it(
    debug, process_file, monkeypatch
):
    async with debug(process_file(CHAT), paused=True) as d:
        await d.until("PAUSED")
        release = asyncio.Event()
        ask = d.screen.control.ask

        async def slow(command):
            await release.wait()
            return await ask(command)

        monkeypatch.setattr(d.screen.control, "ask", slow)
        burst(d, ":why 99999", "enter", "X", "escape", "3")
        await d.until(lambda: d.screen.panel is Panel.INSPECTOR)
        assert not d.screen.line.display
        release.set()
        await d.until("✗")
        assert d.screen.panel is Panel.INSPECTOR
        assert not d.screen.line.display
        assert d.status.paused is not None


async def test_keys_do_not_wait_for_ever_and_what_is_dropped_is_said(debug, process_file, monkeypatch):
    monkeypatch.setattr(debug_screen, "_HELD_FOR", 0.05)
    async with debug(process_file(CHAT), paused=True) as d:
        await d.until("PAUSED")
        release, ask = asyncio.Event(), d.screen.control.ask

        async def slow(command):
            await release.wait()
            return await ask(command)

        monkeypatch.setattr(d.screen.control, "ask", slow)
        burst(d, ":why 3", "enter", "X")
        await d.until("why 3 is still being done; keys typed after it were dropped")
        assert not d.screen.line.display
        await d.press("3")
        assert d.screen.panel is Panel.INSPECTOR
        assert d.app.screen is d.screen
        release.set()
        await d.until("Causes")
