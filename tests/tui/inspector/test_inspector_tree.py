"""Values as entries."""

import json
import time
import unicodedata
from collections import deque
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from process_core.events import NO_DATA
from process_core.runfile import Tagged
from tui.inspector.values import ABSENT, FIRST_CHILDREN, UNKNOWN, count_changes, value_item
from tui.text.spans import Tone

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=90),
    lambda parts: st.lists(parts, max_size=5) | st.dictionaries(st.text(max_size=12), parts, max_size=5),
    max_leaves=25,
)


def opened(item):
    """Every entry below one, splices followed."""
    for below in item.below:
        if below.is_splice:
            yield from opened(below)
        else:
            yield below
            yield from opened(below)


@given(JSON)
def test_every_leaf_of_a_value_can_be_reached(value):
    def leaves(part):
        if isinstance(part, dict):
            return sum((leaves(inner) for inner in part.values()), 0) if part else 1
        if isinstance(part, list):
            return sum(map(leaves, part)) if part else 1
        return 1

    root = value_item("value", value)
    found = [item for item in (root, *opened(root)) if item.block is None]
    containers = [item for item in found if item.opens is not None and not item.below[0].block]
    assert len(found) - len(containers) == leaves(value)


@given(JSON)
def test_no_line_holds_what_a_terminal_acts_on(value):
    root = value_item("value", value)
    for item in (root, *opened(root)):
        assert not [char for char in item.line if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]


@given(JSON)
def test_what_is_copied_is_the_whole_value(value):
    copied = value_item("value", value).copy()
    assert copied == value if isinstance(value, str) else json.loads(copied) == value


@given(JSON, JSON)
def test_changes_are_none_exactly_for_equal_values(old, new):
    same = json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)
    assert (count_changes(old, new) == 0) is same or (old == new)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (None, "x: None"),
        (True, "x: True"),
        (42, "x: 42"),
        (1.5, "x: 1.5"),
        ("hello", 'x: "hello"'),
        ("", 'x: ""'),
        ({}, "x: 0 keys"),
        ([], "x: 0 items"),
        ({"a": 1}, "x: 1 key  {a: 1}"),
        ([1, [2], {"b": 3}], "x: 3 items  [1, […], {…}]"),
        ((1, 2), "x: tuple 2 items  [1, 2]"),
        ({7}, "x: set 1 item  [7]"),
        (deque([1]), "x: deque 1 item  [1]"),
        (b"\x00\x1b", "x: b'\\x00\\x1b'  2 bytes"),
        (NO_DATA, "x: no data"),
        (Decimal("1.50"), "x: 1.50  Decimal"),
        (datetime(2026, 1, 2, tzinfo=UTC), "x: 2026-01-02 00:00:00+00:00  datetime"),
        (10**400, "x: an integer of 1,329 bits"),
        (Tagged("object", "shop.models:Order", {"id": 1}), "x: Order 1 key  {id: 1}"),
        (Tagged("enum", "shop:Colour", "r", "RED"), 'x: Colour.RED = "r"'),
        (Tagged("repr", "shop:Socket", "<Socket 7>"), "x: <Socket 7>  Socket (by its repr)"),
        (Tagged("cut", "", "too deep"), "x: <too deep>"),
        ("line\nbreak", 'x: 10 characters  "line⏎break'),
    ],
)
def test_a_value_reads_on_one_line(value, line):
    assert value_item("x", value).line == line


def test_a_long_list_opens_in_parts():
    item = value_item("x", list(range(1234)))
    assert len(item.below) == FIRST_CHILDREN + 1
    assert item.below[-1].line == "… 1,134 more"
    assert [below.line for below in item.below[-1].below[:2]] == ["100: 100", "101: 101"]
    assert item.below[-1].below[-1].line == "… 134 more"
    assert len(list(opened(item))) == 1234


def test_a_long_text_opens_in_blocks():
    text = "x" * 10_000
    blocks = list(opened(value_item("x", text)))
    assert "".join(block.block for block in blocks) == text
    assert len(value_item("x", text).below) == 2


def test_what_changed_is_marked_down_to_the_leaf():
    old = {"a": 1, "b": {"c": [1, 2], "d": "same"}, "gone": True}
    new = {"a": 2, "b": {"c": [1, 2, 3], "d": "same"}, "new": None}
    lines = {item.line: item.spans[0].tone for item in opened(value_item("x", new, old))}
    assert "~ a: 2  was 1" in lines
    assert "+ 2: 3" in lines
    assert "+ new: None" in lines
    assert "- gone: True" in lines
    assert 'd: "same"' in lines
    assert lines["~ a: 2  was 1"] is Tone.CHANGED
    assert lines["- gone: True"] is Tone.REMOVED


def test_a_closed_container_says_that_something_in_it_changed():
    assert value_item("x", {"a": [2]}, {"a": [1]}).line.startswith("~ x: ")


def test_a_field_of_a_model_that_changed_is_marked():
    old, new = (Tagged("object", "m:S", {"turns": turns, "mood": "calm"}) for turns in (1, 2))
    assert [item.line for item in value_item("x", new, old).below] == ["~ turns: 2  was 1", 'mood: "calm"']
    assert count_changes(old, new) == 1


def test_another_type_is_a_change_though_python_calls_it_equal():
    assert value_item("x", True, 1).line == "~ x: True  was 1"


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [
        (1, 1, 0),
        (1, 2, 1),
        (ABSENT, {"a": 1}, 1),
        (UNKNOWN, {"a": 1}, 0),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}, 2),
        ({"a": 1, "b": 2}, {}, 2),
        ([1, 2, 3], [1], 2),
        ([1], [1, 2, 3], 2),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, 1),
        ("x", ["x"], 1),
    ],
)
def test_changes_are_counted_by_leaf(old, new, count):
    assert count_changes(old, new) == count


def test_counting_changes_ends():
    assert count_changes(list(range(10**6)), list(range(1, 10**6 + 1)), 100) == 100


def test_a_value_a_thousand_levels_deep_opens_level_by_level():
    value = "bottom"
    for _ in range(1000):
        value = {"in": value}
    item = value_item("x", value)
    for _ in range(1000):
        (item,) = item.below
    assert item.line == 'in: "bottom"'


def test_a_large_value_is_described_at_once():
    large = {f"key {number}": ["x" * 1000] * 10 for number in range(100_000)}
    text = "\x1b" * 10_000_000
    began = time.thread_time()
    for value in (large, [text] * 3, text):
        _ = value_item("x", value).line, value_item("x", value).below[0].line
    assert time.thread_time() - began < 0.5  # a bound against describing it all, not a measurement


def test_hostile_keys_and_texts_are_shown_as_what_they_are():
    item = value_item("x", {"\x1b]52;c;QQ==\x07": "[/x][@click=app.quit]\u202e"})
    assert item.below[0].line == '␛]52;c;QQ==␇: "[/x][@click=app.quit]‹U+202E›"'
