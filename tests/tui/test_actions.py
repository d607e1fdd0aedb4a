"""One registry behind every key, command, palette entry and line of help."""

import inspect
from collections import Counter

import pytest

from process_core.session.client.in_process import InProcessSession
from process_core.session.protocol.verbs import verbs
from tui.actions import ACTIONS, BY_NAME, Panel, actions, key_text, words
from tui.commands.command_line import CommandLine
from tui.palette import entries
from tui.run_controller import RunControl
from tui.screens.debug_screen import DebugScreen
from tui.screens.dispatcher import Dispatcher
from tui.screens.help import help_lines

BOUND = [action for action in ACTIONS if not action.native]


@pytest.fixture
def screen():
    return DebugScreen(RunControl(InProcessSession(None), "target.py"))


def test_every_action_has_one_handler_or_sends_its_verb_as_it_is(screen):
    handled = set(screen.dispatcher.handlers)
    assert handled <= {action.name for action in BOUND}
    assert {action.name for action in BOUND if not action.verb} <= handled
    assert {action.verb for action in BOUND if action.name not in handled} <= set(verbs())
    assert all(callable(handler) for handler in screen.dispatcher.handlers.values())


def test_an_action_with_two_handlers_is_an_error(screen):
    actions = screen.dispatcher.handlers
    with pytest.raises(ValueError, match="two handlers: drop"):
        Dispatcher(screen.parts, [actions, {"drop": actions["drop"]}], dict)


@pytest.mark.parametrize("action", BOUND, ids=lambda action: action.name)
def test_a_handler_takes_what_stands_after_its_verb(screen, action):
    if action.name not in screen.dispatcher.handlers:
        pytest.skip("sends its verb with what was typed")
    if action.usage:
        inspect.signature(screen.dispatcher.handlers[action.name]).bind("x")
    else:
        inspect.signature(screen.dispatcher.handlers[action.name]).bind()


def test_every_key_of_an_action_is_bound_to_it_and_no_key_to_anything_else():
    assert {(binding.key, binding.action) for binding in DebugScreen.BINDINGS} == {
        (key, f"act('{action.name}', '{key}')") for action in BOUND for key in action.keys
    }


@pytest.mark.parametrize("panel", Panel)
def test_in_every_panel_a_key_means_one_thing(panel):
    keys = Counter(key for action in ACTIONS for key in action.keys if not action.panels or panel in action.panels)
    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("action", [action for action in ACTIONS if action.palette], ids=lambda action: action.name)
def test_every_action_that_says_so_is_in_the_palette(action):
    assert action.name in {entry.action for entry in entries(())}


def test_the_palette_offers_a_breakpoint_on_every_event():
    assert ("break", "Exit") in {(entry.action, entry.argument) for entry in entries(("Exit",))}


def test_the_help_of_breakpoints_says_that_edits_by_hand_do_not_pause_at_watchpoints():
    text = " ".join(line.strip() for line, _ in help_lines(110))
    assert "(state STEP.path), but for what is edited by hand" in text


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_help_shows_every_key_and_verb(action):
    text = "\n".join(line for line, _ in help_lines(110))
    assert all(key_text(key) in text for key in action.keys)
    assert action.word is None or f":{action.word}" in text


def test_every_action_can_be_reached_in_some_way():
    assert [action.name for action in ACTIONS if not (action.keys or action.word or action.palette)] == []


def test_names_and_verbs_are_unique():
    assert len(BY_NAME) == len(ACTIONS)
    assert len(words()) == len([action for action in actions() if action.word])


def _own_keys(widget_class) -> set[str]:
    bindings = [
        binding
        for base in widget_class.__mro__
        for binding in vars(base).get("BINDINGS", [])
        if base.__module__.startswith("tui")
    ]
    return {key for binding in bindings for key in binding.key.split(",")}


@pytest.mark.parametrize(
    ("panel", "attribute"), [(Panel.GRAPH, "graph"), (Panel.TIMELINE, "timeline"), (Panel.INSPECTOR, "inspector")]
)
def test_the_keys_a_panel_obeys_itself_are_in_the_registry(panel, attribute):
    from tui.graph.widget.view import GraphView
    from tui.inspector.panel import InspectorPanel
    from tui.timeline.view import TimelineView

    classes = {"graph": GraphView, "timeline": TimelineView, "inspector": InspectorPanel}
    known = {key for action in ACTIONS if not action.panels or panel in action.panels for key in action.keys}
    assert _own_keys(classes[attribute]) - known == set()


def test_the_command_line_takes_no_letter_from_what_is_typed():
    assert not any(len(key) == 1 for binding in CommandLine.BINDINGS for key in binding.key.split(","))


@pytest.mark.parametrize(
    ("key", "text"), [("c", "c"), ("f5", "F5"), ("shift+f11", "Shift+F11"), ("ctrl+p", "Ctrl+P"), ("slash", "/")]
)
def test_keys_are_written_as_keyboards_show_them(key, text):
    assert key_text(key) == text
