"""A run as a conversation."""

from dataclasses import dataclass
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.chat.conversation import Entry, Voice, entries_of, lines_of
from tui.text.spans import wrap


@dataclass
class Said:
    type: str
    path: str = "Step"
    state: str | None = None
    seq: int = 1
    text: str = "text"


def voices(*rows):
    return [(entry.voice, entry.who) for entry in entries_of(rows, lambda row: row.text)]


def test_questions_answers_outputs_and_prints_make_up_the_conversation():
    rows = [Said("request_info"), Said("response"), Said("output"), Said("log"), Said("executor_invoked")]
    assert voices(*rows) == [
        (Voice.ASKED, "Step"),
        (Voice.ANSWERED, ""),
        (Voice.OUTPUT, "Step"),
        (Voice.LOG, "Step"),
    ]


@pytest.mark.parametrize("state", ["STOPPED", "FAILED", "CANCELLED"])
def test_the_end_of_the_run_is_reported(state):
    (entry,) = entries_of([Said("status", state=state)], lambda row: row.text)
    assert entry.text == f"the run is {state}"


def test_a_run_that_goes_on_or_waits_is_not_spoken_of():
    assert voices(Said("status", state="IN_PROGRESS"), Said("status", state="IDLE_WITH_PENDING_REQUESTS")) == []


def test_the_first_line_names_the_speaker_by_the_end_of_the_path():
    first, second = lines_of(Entry(1, Voice.OUTPUT, "outer/Step", "one two three four"), 16)
    assert (first.who, first.text) == ("Step", "one two")
    assert (second.who, second.text) == ("", "three four")


def test_lines_of_a_text_are_kept():
    assert [line.text for line in lines_of(Entry(1, Voice.OUTPUT, "", "a\n\nb"), 20)] == ["a", "", "b"]


def test_indented_text_keeps_its_indent():
    assert lines_of(Entry(1, Voice.LOG, "", "    indented"), 40)[0].text == "    indented"


@given(st.text(max_size=200), st.text(max_size=30), st.integers(8, 60), st.sampled_from(Voice))
def test_no_line_is_wider_than_the_panel_or_holds_what_acts(text, who, width, voice):
    for line in lines_of(Entry(1, voice, who, text), width):
        lead = cell_len(line.who) + 1 if line.who else 0
        assert 2 + lead + cell_len(line.text) <= width
        assert not {category(character) for character in line.who + line.text} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text(alphabet="ab c", max_size=80), st.integers(2, 20), st.integers(2, 20))
def test_wrapping_loses_no_word(text, width, first):
    assert "".join("".join(wrap(text, width, first)).split()) == "".join(text.split())
