"""What reaches the terminal."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.text.safe_content import safe_content
from tui.text.safe_text import clip, safe, safe_lines

UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
HOSTILE = st.lists(
    st.one_of(
        ANY_TEXT,
        st.sampled_from(
            [
                "\x1b[2J",
                "\x1b]52;c;AAAA\x07",
                "\x9b31m",
                "\u202e",
                "👩\u200d💻",
                "❤\ufe0f",
                "漢字",
                "\r\n",
                "\n",
                "\t",
                "[/x]",
                "e\u0301",
                "\ud800",
            ]
        ),
    ),
    max_size=12,
).map("".join)


def test_every_code_point_that_acts_or_hides_is_replaced():
    missed = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in UNSAFE and chr(code) in safe(chr(code))
    ]
    assert missed == []


@given(HOSTILE)
def test_no_character_that_acts_or_hides_is_left(text):
    assert not {unicodedata.category(char) for char in safe(text)} & UNSAFE


@given(HOSTILE, st.integers(0, 80))
def test_making_safe_twice_changes_nothing(text, limit):
    once = safe(text, limit)
    assert safe(once, limit) == once


@given(HOSTILE, st.integers(0, 80))
def test_the_result_is_no_longer_than_the_limit(text, limit):
    assert len(safe(text, limit)) <= limit


@given(st.text(st.characters(categories=["L", "N", "P", "S"], codec="latin-1"), max_size=40))
def test_ordinary_text_is_left_alone(text):
    assert safe(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "␛[2J"),
        ("a\nb", "a⏎b"),
        ("a\tb", "a⇥b"),
        ("a\rb", "a␍b"),
        ("\x00\x7f", "␀␡"),
        ("\x9b2J", "‹U+009B›2J"),
        ("user\u202eexe", "user‹U+202E›exe"),
        ("a\u200bb", "a‹U+200B›b"),
        ("\ud83d", "‹U+D83D›"),
        ("x\u2028y", "x‹U+2028›y"),
        ("\U000e0041", "‹U+E0041›"),
        ("[bold]x[/nope]", "[bold]x[/nope]"),
        ("Grüße, 世界 🎉", "Grüße, 世界 🎉"),
    ],
)
def test_what_cannot_be_seen_has_a_visible_form(text, shown):
    assert safe(text) == shown


def test_a_cut_text_ends_with_an_ellipsis():
    assert safe("abcdef", 4) == "abc…"


def test_a_text_that_grows_when_made_visible_is_cut_again():
    assert safe("\u202e" * 4, 10) == "‹U+202E›‹…"


def test_lines_are_kept_as_entries():
    assert safe_lines("one\ntwo\r\nthree", 10, 20) == ["one", "two", "three"]


def test_a_lone_carriage_return_breaks_no_line():
    assert safe_lines("progress 1\rprogress 2", 10, 40) == ["progress 1␍progress 2"]


def test_tabs_in_lines_become_spaces():
    assert safe_lines("\tx\n a\tb", 10, 20) == ["    x", " a  b"]


def test_an_empty_text_is_one_empty_line():
    assert safe_lines("", 10, 20) == [""]


def test_the_last_entry_says_how_many_lines_are_left_out():
    assert safe_lines("1\n2\n3\n4\n5", 3, 20) == ["1", "2", "… 3 more lines"]


def test_as_many_lines_as_fit_are_all_shown():
    assert safe_lines("1\n2\n3", 3, 20) == ["1", "2", "3"]


@given(HOSTILE, st.integers(0, 5), st.integers(0, 30))
def test_lines_keep_within_their_block(text, max_lines, max_width):
    lines = safe_lines(text, max_lines, max_width)
    assert len(lines) <= max_lines
    assert all(cell_len(line) <= max_width for line in lines)


@given(HOSTILE)
def test_no_line_holds_a_character_that_acts_or_hides(text):
    lines = safe_lines(text, 50, 200)
    assert not {unicodedata.category(char) for line in lines for char in line} & UNSAFE


@given(HOSTILE, st.integers(-1, 40))
def test_a_clipped_text_is_never_too_wide(text, cells):
    assert cell_len(clip(text, cells)) <= max(cells, 0)


@given(HOSTILE, st.integers(1, 40))
def test_clipping_leaves_alone_what_fits(text, cells):
    if cell_len(text) <= cells and len(text) <= 8 * cells:
        assert clip(text, cells) == text


@given(HOSTILE.map(safe), st.integers(1, 40))
def test_a_clipped_text_uses_the_room_there_is(text, cells):
    clipped = clip(text, cells)
    if clipped != text:
        assert cell_len(clipped) >= cells - 1


@pytest.mark.parametrize(
    ("text", "cells", "clipped"),
    [
        ("hello", 5, "hello"),
        ("hello", 4, "hel…"),
        ("漢字漢字", 5, "漢字…"),
        ("漢字漢字", 4, "漢…"),
        ("ab", 1, "…"),
        ("ab", 0, ""),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
    ],
)
def test_clipping_never_splits_a_character(text, cells, clipped):
    assert clip(text, cells) == clipped


def test_no_more_of_a_huge_text_is_measured_than_could_fit(monkeypatch):
    measured = []
    monkeypatch.setattr("tui.text.safe_text.cell_len", lambda text: measured.append(len(text)) or cell_len(text))
    clip("漢" * 1_000_000, 40)
    safe_lines("漢" * 1_000_000, 5, 40)
    assert max(measured) <= 8 * 40


def test_markup_is_not_parsed_for_textual():
    content = safe_content("[@click=app.quit]x[/nope]", style="bold")
    assert content.plain == "[@click=app.quit]x[/nope]"
