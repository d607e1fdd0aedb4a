"""The lines and tabs between panels."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.actions import Panel
from tui.screens.layout import Choices, layout_for
from tui.screens.panel_borders import Badge, pieces


def drawn(width, height, choices=None, badges=None, focus=None):
    rows = [[" "] * width for _ in range(height)]
    for piece in pieces(layout_for(width, height, choices), badges or {}, focus):
        for offset, character in enumerate(piece.text):
            rows[piece.y][piece.x + offset] = character
    return ["".join(row) for row in rows]


def test_a_header_names_its_panels_by_number():
    top = drawn(120, 38)[0]
    assert "1 Graph" in top
    assert "3 Inspector" in top


def test_all_four_tabs_keep_their_names_at_eighty_columns():
    rows = drawn(80, 22, badges={Panel.CHAT: Badge(mark="●")})
    line = next(row for row in rows if "2 Timeline" in row)
    assert all(name in line for name in ("3 Inspect", "4 Chat ●", "5 Breaks", "6 Queue"))


def test_the_header_of_the_focused_panel_is_shown_without_colour():
    rows = drawn(80, 22, focus=Panel.GRAPH)
    assert "━" in rows[0]
    assert not any("━" in row for row in rows[1:])


def test_a_mark_is_seen_behind_another_tab():
    choices = Choices().to_front(Panel.INSPECTOR)
    rows = drawn(80, 22, choices, {Panel.QUEUE: Badge(mark="12")})
    assert any("12" in row for row in rows)


def test_what_a_panel_says_of_itself_stands_at_the_right_end():
    assert drawn(80, 22, badges={Panel.GRAPH: Badge(info="outer › inner")})[0].rstrip("─").endswith("outer › inner ")


def test_lines_meet_in_joints():
    rows = drawn(120, 38)
    column = rows[0].index("┬")
    assert {row[column] for row in rows} <= set("┬│┤├┼")


@given(st.integers(1, 210), st.integers(2, 70), st.sampled_from(Panel), st.text(max_size=30).filter(str.isprintable))
def test_nothing_is_drawn_outside_the_work_area(width, height, panel, info):
    badges = {panel: Badge(mark="99", info=info)}
    for piece in pieces(layout_for(width, height), badges, panel):
        assert piece.x >= 0
        assert 0 <= piece.y < height
        if piece.role == "info":
            assert piece.x + cell_len(piece.text) <= width
