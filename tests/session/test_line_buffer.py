from hypothesis import given
from hypothesis import strategies as st

from process_core.session.stdio.line_buffer import MAX_LINE, LineBuffer


@given(st.lists(st.text(st.characters(exclude_characters="\r"), max_size=20)))
def test_lines_do_not_depend_on_how_the_text_is_cut(pieces):
    text = "".join(pieces)
    lines = LineBuffer()
    found = [line for piece in pieces for line in lines.feed(piece)]
    assert [*found, lines.take()] == text.split("\n")


def test_escape_codes_are_kept_as_they_are():
    assert LineBuffer().feed("\x1b[31mred\x1b[0m\n") == ["\x1b[31mred\x1b[0m"]


def test_a_windows_line_break_is_one_line_break():
    assert LineBuffer().feed("a\r\nb\r\n") == ["a", "b"]


def test_a_long_line_is_cut_and_says_how_much_is_missing():
    lines = LineBuffer()
    assert lines.feed("x" * MAX_LINE + "yy") == []
    (line,) = lines.feed("z\nnext")
    assert line == "x" * MAX_LINE + "… [3 more characters]"
    assert lines.take() == "next"


def test_what_is_unfinished_is_reported():
    lines = LineBuffer()
    assert not lines
    lines.feed("a")
    assert lines
    lines.take()
    assert not lines
