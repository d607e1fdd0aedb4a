"""Where panels go, at every size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.actions import Panel
from tui.screens.layout import Choices, Rect, SizeClass, Split, layout_for, size_class

SIZES = st.tuples(st.integers(1, 300), st.integers(2, 120))
CHOICES = st.builds(
    Choices,
    front=st.lists(st.sampled_from(Panel), unique=True).map(tuple),
    maximised=st.none() | st.sampled_from(Panel),
    moved=st.dictionaries(st.sampled_from(Split), st.floats(-0.45, 0.45)),
)


def cells(rect: Rect) -> set[tuple[int, int]]:
    return {(x, y) for x in range(rect.x, rect.x + rect.width) for y in range(rect.y, rect.y + rect.height)}


@given(SIZES, CHOICES)
def test_headers_bodies_and_separator_cover_the_work_area_once(size, choices):
    width, height = size
    found = layout_for(width, height, choices)
    rects = [rect for area in found.areas for rect in (area.header, area.body)]
    if found.separator is not None:
        rects.append(found.separator)
    assert sum(rect.width * rect.height for rect in rects) == width * height
    assert set().union(*(cells(rect) for rect in rects)) == {(x, y) for x in range(width) for y in range(height)}


@given(SIZES, CHOICES)
def test_every_panel_can_be_reached_as_shown_or_as_a_tab(size, choices):
    found = layout_for(*size, choices)
    assert sorted(panel for area in found.areas for panel in area.panels) == sorted(Panel)
    assert all(area.shown in area.panels for area in found.areas)


@given(SIZES, CHOICES, st.sampled_from(Panel))
def test_a_panel_brought_to_the_front_is_shown(size, choices, panel):
    assert panel in layout_for(*size, choices.to_front(panel)).shown


@given(SIZES, CHOICES)
def test_no_panel_is_left_without_a_line_to_draw_in(size, choices):
    found = layout_for(max(size[0], 64), max(size[1], 18), choices)
    assert all(area.body.height >= 1 and area.body.width >= 1 for area in found.areas)


@pytest.mark.parametrize(
    ("width", "height", "kind", "shown"),
    [
        (40, 12, SizeClass.ONE, 1),
        (80, 22, SizeClass.COMPACT, 3),
        (120, 38, SizeClass.COMFORTABLE, 4),
        (200, 58, SizeClass.ROOMY, 5),
    ],
)
def test_more_room_shows_more_panels(width, height, kind, shown):
    assert size_class(width, height) is kind
    assert len(layout_for(width, height).shown) == shown


def test_a_maximised_panel_fills_the_work_area():
    found = layout_for(120, 38, Choices().to_front(Panel.QUEUE).fill(Panel.QUEUE))
    assert found.shown == (Panel.QUEUE,)
    assert found.areas[0].body == Rect(0, 1, 120, 37)


def test_moving_a_border_makes_one_panel_larger_and_its_neighbour_smaller():
    before, after = layout_for(120, 38), layout_for(120, 38, Choices().move(Split.LEFT, 0.1))
    assert after.area_of(Panel.GRAPH).body.height > before.area_of(Panel.GRAPH).body.height
    assert after.area_of(Panel.TIMELINE).body.height < before.area_of(Panel.TIMELINE).body.height


def test_another_panel_brought_to_the_front_takes_over_the_maximised_place():
    choices = Choices().to_front(Panel.GRAPH).fill(Panel.GRAPH).to_front(Panel.CHAT)
    assert layout_for(120, 38, choices).shown == (Panel.CHAT,)
