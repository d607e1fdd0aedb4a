"""What a typed command means and how it is completed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from process_core.suggestions import suggestion
from tui.actions import ACTIONS, BY_NAME, words
from tui.commands.completion import BreakpointName, Names
from tui.commands.parser import CommandSyntaxError, complete, parse, split_event
from tui.widgets.text_box import History

NAMES = Names(
    events=("startProcess", "UserInputReceived", "Exit"),
    input_events=("startProcess",),
    steps=("Intro", "inner/Step"),
    messages=((7, "Exit -> STOP"),),
    breakpoints=(BreakpointName(1, "Exit"),),
    themes=("stepscope-dark", "stepscope-light"),
)


@pytest.mark.parametrize("action", [action for action in ACTIONS if action.word], ids=lambda action: action.name)
def test_every_verb_leads_to_its_action(action):
    lines = [f"{action.word} x"] * bool(action.usage) + [action.word] * (not action.needs_argument)
    assert lines
    assert all(parse(start + line).action is action for line in lines for start in ("", ":"))


def test_the_rest_of_the_line_is_the_argument():
    assert parse(':send Go {"a": 1}').argument == 'Go {"a": 1}'


def test_a_number_alone_goes_to_that_event():
    parsed = parse("4711")
    assert (parsed.action, parsed.argument) == (BY_NAME["goto"], "4711")


def test_a_beginning_that_fits_one_verb_is_enough():
    assert parse("del 1").action is BY_NAME["delete_break"]


def test_a_letter_means_the_action_of_its_key():
    assert parse("c").action is BY_NAME["continue"]


def test_a_beginning_that_fits_several_names_them():
    with pytest.raises(CommandSyntaxError, match="st could be step, stack, stop"):
        parse("st")


def test_a_wrong_verb_is_reported_with_the_nearest():
    with pytest.raises(CommandSyntaxError, match="did you mean 'continue'"):
        parse("continu3")


def test_a_missing_argument_is_reported_with_the_usage():
    with pytest.raises(CommandSyntaxError, match="break needs an argument: break PLACE"):
        parse("break")


def test_an_argument_too_many_is_reported():
    with pytest.raises(CommandSyntaxError, match="takes no argument"):
        parse("pause now")


def test_an_empty_line_says_what_to_do():
    with pytest.raises(CommandSyntaxError, match="type a command"):
        parse(":")


@given(st.text(max_size=80))
def test_any_line_is_understood_or_refused_with_a_reason(line):
    try:
        told = parse(line).action.title
    except CommandSyntaxError as error:
        told = str(error)
    assert told


def test_verbs_are_completed_from_their_beginning():
    assert [completion.line for completion in complete("del", NAMES)] == ["delete "]


def test_event_ids_and_steps_complete_a_breakpoint():
    assert [completion.line for completion in complete("break in", NAMES)] == [
        "break Intro",
        "break inner/Step",
        "break UserInputReceived",
        "break warning",
    ]


def test_input_events_complete_what_is_sent():
    assert [completion.line for completion in complete("send ", NAMES)] == ["send startProcess"]


def test_breakpoints_are_completed_by_number_with_what_they_are():
    assert complete("delete ", NAMES)[0].hint == "Exit"


@pytest.mark.parametrize(
    "line", ["break Exit if data > 1 and so", "cond 1 so", "back-to so", "back-to step == 'A' or so"]
)
def test_the_names_of_a_predicate_are_completed(line):
    assert [completion.line for completion in complete(line, NAMES)] == [f"{line}urce"]


@pytest.mark.parametrize("line", ["back-to data.so", "back-to step == 'so"])
def test_what_is_no_name_of_a_predicate_is_not_completed(line):
    assert complete(line, NAMES) == []


def test_a_name_that_is_complete_is_not_offered_again():
    assert complete("break Exit", NAMES) == []


def test_what_a_completion_shows_is_safe_though_the_line_is_exact():
    names = Names(events=("a\x1b[2Jb",))
    completion = complete("break ", names)[0]
    assert parse(completion.line).argument == '"a\\u001b[2Jb"'
    assert completion.shown.isprintable()


def test_every_kind_of_argument_but_free_text_and_numbers_is_completed():
    for verb, action in words().items():
        found = complete(f"{verb} ", NAMES)
        assert bool(found) is (action.argument.value not in ("none", "free") and verb != "max-supersteps"), verb


def test_names_that_differ_in_case_are_near():
    assert suggestion("userinputreceived", NAMES.events) == "; did you mean 'UserInputReceived'?"


def test_an_event_id_with_spaces_is_parted_from_its_data():
    assert split_event('go on {"a": 1}', ("go", "go on")) == ("go on", '{"a": 1}')


def test_history_walks_back_and_comes_back_to_the_draft():
    history = History()
    history.add("one")
    history.add("two")
    assert [history.older("dra"), history.older("x"), history.older("x")] == ["two", "one", None]
    assert [history.newer(), history.newer(), history.newer()] == ["two", "dra", None]


def test_history_keeps_a_repeated_line_once():
    history = History()
    history.add("one")
    history.add("one")
    assert history.lines == ["one"]
