"""Entries as lines."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.inspector.outline import Item, Outline, section, wrap_block
from tui.inspector.values import value_item
from tui.text.spans import Span, text_of


def shown(outline):
    return [text_of(line.spans) for line in outline.lines]


def page(value, **more):
    return [section("head", "Head", lambda: [value_item("data", value, is_open=True)]), *more.values()]


def outline_of(value, width=40):
    outline = Outline()
    outline.resize(width)
    outline.show(page(value), keep=False)
    return outline


def go(outline, text):
    outline.cursor = next(place for place, line in enumerate(shown(outline)) if text in line)


def test_what_is_open_is_laid_out_in_order():
    assert shown(outline_of({"a": 1, "b": [2, 3]})) == [
        "▾ Head",
        "▾ data: 2 keys",
        "  a: 1",
        "▸ b: 2 items  [2, 3]",
    ]


def test_entries_are_worked_out_when_they_are_opened():
    asked = []
    outline = Outline()
    outline.show([Item("x", (Span("x"),), opens=lambda: asked.append(1) or [Item("y", (Span("y"),))])], keep=False)
    assert not asked
    outline.toggle()
    outline.toggle()
    outline.toggle()
    assert asked == [1]


def test_a_splice_gives_its_place_to_what_it_holds():
    outline = outline_of(list(range(150)))
    go(outline, "… 50 more")
    outline.toggle()
    assert "  100: 100" in shown(outline)
    assert not any("more" in line for line in shown(outline))


def test_what_was_open_stays_open_with_newer_data():
    outline = outline_of({"a": 1, "b": [2, 3]})
    go(outline, "b: 2 items")
    outline.toggle()
    outline.show(page({"new": 0, "a": 1, "b": [2, 3, 4]}), keep=True)
    assert shown(outline)[-4:] == ["▾ b: 3 items", "  0: 2", "  1: 3", "  2: 4"]
    assert outline.current.item.key == "b"


def test_the_cursor_goes_to_what_held_its_entry_when_that_is_gone():
    outline = outline_of({"a": {"x": 1}, "b": 2})
    go(outline, "a: 1 key")
    outline.toggle()
    outline.move(1)
    assert outline.current.item.key == "x"
    outline.show(page({"a": {"y": 1}, "b": 2}), keep=True)
    assert outline.current.item.key == "a"


def test_another_page_starts_at_its_top():
    outline = outline_of({"a": 1})
    outline.move(3)
    outline.show(page({"z": 1}), keep=False)
    assert outline.cursor == 0


def test_a_part_that_was_closed_stays_closed_on_the_next_page():
    outline = outline_of({"a": 1})
    outline.toggle()
    outline.show(page({"z": 1}), keep=False)
    assert shown(outline) == ["▸ Head"]


def test_left_goes_to_what_holds_an_entry():
    outline = outline_of({"a": 1})
    go(outline, "  a: 1")
    outline.go_to_holder()
    assert outline.current.item.key == "data"


def test_the_cursor_never_leaves_the_page():
    outline = outline_of({"a": 1})
    outline.move(-5)
    assert outline.cursor == 0
    outline.move(500)
    assert outline.cursor == 2
    empty = Outline()
    empty.move(1)
    assert empty.current is None
    assert not empty.toggle()


def test_hundreds_of_open_levels_are_laid_out():
    value = 0
    for _ in range(400):
        value = {"in": value}
    outline = outline_of(value)
    for _ in range(450):
        outline.move(1)
        outline.set_open(True)
    assert len(outline.lines) == 402
    assert max(line.indent for line in outline.lines) <= 20


def test_a_long_text_wraps_at_the_width():
    outline = outline_of("word " * 40, width=30)
    lines = shown(outline)[2:]
    assert len(lines) > 6
    assert all(cell_len(text) + line.indent <= 30 for text, line in zip(lines, outline.lines[2:], strict=True))


def test_wrapping_hangs_below_where_the_line_began():
    assert wrap_block("    raise ValueError(too long)", 20) == ["    raise ValueError", "      (too long)"]


@given(st.text(st.characters(exclude_categories=()), max_size=200), st.integers(8, 60))
def test_wrapped_lines_fit_and_are_safe(text, width):
    lines = wrap_block(text, width)
    assert lines
    assert all(cell_len(line) <= width for line in lines)
    assert not [char for line in lines for char in line if unicodedata.category(char) in {"Cc", "Cf", "Cs"}]


def test_wrapping_breaks_between_words_where_it_can():
    assert wrap_block("one two three four", 12) == ["one two", "  three four"]
    assert wrap_block("x" * 20, 12) == ["x" * 12, "  " + "x" * 8]
