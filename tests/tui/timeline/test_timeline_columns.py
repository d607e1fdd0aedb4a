"""A row as cells."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from timeline_fakes import FakeRow, story

from tui.text.spans import Span, Tone, fit, fit_end, mark_matches
from tui.timeline.columns import Marks, cells_of, header, lane_of, layout_for, since_start
from tui.timeline.event_styles import STYLES

HOSTILE = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=()), max_size=40),
        st.sampled_from(
            [
                "\x1b[2J",
                "\x1b]52;c;QQ==\x07",
                "[/x]",
                "[@click=app.quit]",
                "\u202e",
                "漢字",
                "👩\u200d💻",
                "e\u0301",
                "\n",
                "/",
            ]
        ),
    ),
    max_size=8,
).map("".join)
ROWS = st.builds(
    FakeRow,
    seq=st.integers(1, 10**9),
    type=st.one_of(st.sampled_from(sorted(STYLES)), HOSTILE),
    timestamp=st.floats(-1e12, 1e12),
    superstep=st.integers(0, 10**9),
    path=HOSTILE,
    step=st.one_of(st.none(), HOSTILE),
    function=st.one_of(st.none(), HOSTILE),
    event_id=st.one_of(st.none(), HOSTILE),
    state=st.one_of(st.none(), HOSTILE),
    causes=st.lists(st.integers(1, 10**9), max_size=6).map(tuple),
    preview=HOSTILE,
)
MARKS = st.builds(Marks, st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.booleans())


def text_of(spans):
    return "".join(span.text for span in spans)


def width_of(spans):
    return sum(cell_len(span.text) for span in spans)


def line(row, width, **more):
    return text_of(cells_of(row, layout_for(width, 999), 1000.0, {}, **more))


@given(ROWS, st.integers(0, 220), MARKS, HOSTILE)
def test_a_line_is_as_wide_as_asked_whatever_the_row_holds(row, width, marks, note):
    assert width_of(cells_of(row, layout_for(width, row.seq), 0.0, {}, marks=marks, note=note)) == width


@given(ROWS, st.integers(0, 220), HOSTILE)
def test_no_character_that_a_terminal_acts_on_is_in_a_line(row, width, note):
    text = text_of(cells_of(row, layout_for(width, row.seq), 0.0, {}, note=note))
    assert not [char for char in text if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]


@given(st.integers(0, 300), st.integers(0, 10**12))
def test_columns_and_titles_fill_the_width_exactly(width, last_seq):
    layout = layout_for(width, last_seq)
    columns = (
        layout.gutter,
        layout.seq,
        layout.time,
        layout.superstep,
        layout.step,
        layout.symbol,
        layout.word,
        layout.text,
        layout.causes,
    )
    assert min(columns) >= 0
    assert sum(columns) == width
    assert width_of(header(layout)) == width


@given(
    st.lists(st.tuples(HOSTILE, st.sampled_from(list(Tone))), max_size=5),
    st.integers(0, 60),
    st.lists(HOSTILE, max_size=3),
)
def test_marking_matches_changes_no_text(parts, width, words):
    spans = fit([Span(text.replace("\x00", ""), tone) for text, tone in parts if text.isprintable()], width)
    assert text_of(mark_matches(spans, words)) == text_of(spans)


@given(HOSTILE.filter(str.isprintable), st.integers(0, 40))
def test_a_path_cut_from_its_beginning_fits(text, cells):
    assert cell_len(fit_end(text, cells)) <= cells


@pytest.mark.parametrize("width", [40, 60, 80, 120, 180])
def test_what_happened_is_reported_at_every_width(width):
    emitted = next(row for row in story() if row.event_id == "UserInputReceived")
    shown = line(emitted, width)
    assert "14" in shown
    assert "UserInput" in shown
    assert "→" in shown
    assert "UserInputRec" in shown


def test_columns_go_one_after_the_other_as_the_line_shrinks():
    shown = [
        [
            name
            for name in ("causes", "time", "word", "superstep", "step", "seq")
            if getattr(layout_for(width, 999), name)
        ]
        for width in (120, 100, 70, 60, 40, 30, 20)
    ]
    assert shown == [
        ["causes", "time", "word", "superstep", "step", "seq"],
        ["time", "word", "superstep", "step", "seq"],
        ["word", "superstep", "step", "seq"],
        ["superstep", "step", "seq"],
        ["step", "seq"],
        ["seq"],
        [],
    ]


def test_a_line_of_120_cells_reads_in_columns():
    rows = story()
    assert line(rows[13], 120).rstrip() == (
        "   14     191.8   3 ▎UserInput              → emit   UserInputReceived  hello"
        "                                  ← 12"
    )


def test_a_superstep_is_a_quiet_rule():
    started, completed = story()[2], story()[6]
    assert line(started, 60) == "    3   1 ── superstep 1 ───────────────────────────────────"
    assert line(completed, 60).rstrip() == "    7   1 ╌╌ end of superstep 1"
    assert {span.tone for span in cells_of(started, layout_for(60, 99), 0, {})} == {Tone.TEXT, Tone.QUIET, Tone.RULE}


def test_a_superstep_of_a_nested_process_says_whose_it_is():
    assert "── billing · superstep 1 ─" in line(story()[25], 80)


def test_a_failure_shows_its_message_in_the_tone_of_failures():
    failed = next(row for row in story() if row.type == "executor_failed")
    spans = cells_of(failed, layout_for(100, 99), 0, {}, note="ValueError: card declined")
    assert ("✗ ", Tone.FAIL) in spans
    assert ("ValueError: card declined", Tone.FAIL) in spans


def test_every_type_has_a_symbol_of_one_cell_and_a_word_that_fits():
    for kind in STYLES.values():
        assert cell_len(kind.symbol) == 1
        assert cell_len(kind.word) <= 6


def test_no_two_outcomes_of_a_call_look_the_same_without_colour():
    outcomes = ("executor_invoked", "executor_completed", "executor_failed", "executor_cancelled", "event_emitted")
    assert len({STYLES[kind].symbol for kind in outcomes}) == len(outcomes)


def test_a_custom_type_is_named_in_the_text():
    assert "tool_call" in line(next(row for row in story() if row.type == "tool_call"), 50)


def test_an_event_without_anything_to_say_says_its_type_where_there_is_no_column_of_words():
    assert "pause" in line(next(row for row in story() if row.type == "paused"), 50)


def test_marks_stand_at_the_beginning_of_the_line():
    row = story()[13]
    assert line(row, 60, marks=Marks(paused=True, cause=True)).startswith("▶↑")
    assert line(row, 60, marks=Marks(breakpoint=True, effect=True)).startswith("●↓")
    assert line(row, 60, marks=Marks(cursor=True)).startswith(" ❯")


def test_a_step_has_one_colour_wherever_it_is_shown():
    assert lane_of("outer/Step", {}) == lane_of("outer/Step", {})
    assert [lane_of(path, {"A": 0, "B": 1}) for path in "AB"] == [Tone.LANE_0, Tone.LANE_1]


def test_a_long_path_keeps_whole_names_from_its_end():
    assert fit_end("outer/middle/inner/Step", 14) == "…/inner/Step"
    assert fit_end("outer/middle/inner/Step", 6) == "…/Step"
    assert fit_end("AVeryLongStepName", 9) == "AVeryLon…"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0"),
        (0.0123, "12.3"),
        (99.9, "99900.0"),
        (100, "1m40.0s"),
        (3599.96, "59m59.9s"),
        (3600, "1h00m00"),
        (-0.5, "-500.0"),
        (1e12, "99999h"),
    ],
)
def test_time_is_written_for_its_size(seconds, text):
    assert since_start(seconds) == text


@given(st.floats(-1e15, 1e15))
def test_time_always_fits_its_column(seconds):
    assert len(since_start(seconds)) <= 9
