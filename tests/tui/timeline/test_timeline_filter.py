"""The filter: what a text means, and what it finds."""

import random
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from timeline_fakes import FakeRow
from timeline_runs import write_run

from tui.timeline.event_styles import STYLES
from tui.timeline.filter import FilterError, parse_filter
from tui.timeline.filter_runner import FilterRunner
from tui.timeline.window import Window

PATHS = ("", "Intro", "chat/UserInput", "chat/inner/Response", "Mail_Box", "50%")
EVENT_IDS = (None, "UserInputReceived", "user_left", "Exit", "a*b")
TYPES = (
    "started",
    "log",
    "event_emitted",
    "executor_invoked",
    "executor_failed",
    "warning",
    "progress",
    "superstep_started",
)
FUNCTIONS = (None, "ask", "GetChatResponse")
WORDS = ("hello", "HELLO world", "good bye", "50% off", "a_b", "x\\y", "", "ask me", "line\nbreak", 'say "hi"')
CODES = (None, "unrouted_event", "missing_input")


def made_up_rows(count=400):
    chance = random.Random(7)
    rows = []
    for seq in range(1, count + 1):
        path, code = chance.choice(PATHS), chance.choice(CODES)
        rows.append(
            FakeRow(
                seq,
                chance.choice(TYPES),
                1000.0 + seq,
                seq // 10,
                path,
                path.rpartition("/")[2] or None,
                chance.choice(FUNCTIONS),
                chance.choice(EVENT_IDS),
                preview=chance.choice(WORDS),
                code=code,
                details={"code": code} if code else None,
            )
        )
    return rows


ROWS = made_up_rows()


@pytest.fixture(scope="module")
def run_file(tmp_path_factory):
    with write_run(tmp_path_factory.mktemp("filter") / "x.run", ROWS) as opened:
        yield opened


def found(run_file, text):
    query = parse_filter(text)
    matches = run_file.view(query.filter)
    while not matches.advance(0.01):
        pass
    return list(matches.seqs)


# The slow and obvious way of saying the same.

NAMES = {
    "type": lambda row: [row.type, STYLES[row.type].word if row.type in STYLES else row.type],
    "step": lambda row: [row.path],
    "event": lambda row: [row.event_id or ""],
    "function": lambda row: [row.function or ""],
    "code": lambda row: [row.code or ""],
}


def fits(pattern, text):
    pattern, text = pattern.lower(), text.lower()
    if "*" in pattern or "?" in pattern:
        regex = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
        return re.fullmatch(regex, text, re.DOTALL) is not None
    return pattern in text


def holds(term, row):
    negated, field, value = term
    if field is None:
        names = (row.type, row.path, row.step, row.function, row.event_id, row.code)
        shown = [name for name in names if name] + [row.preview, row.code or ""]
        answer = any(value.lower() in text.lower() for text in shown)
    elif field == "superstep":
        answer = value[0] <= row.superstep <= value[1]
    else:
        answer = any(fits(value, text) for text in NAMES[field](row))
    return answer is not negated


def text_of(term):
    negated, field, value = term
    if field is None:
        word = f'"{value}"'
    elif field == "superstep":
        word = f"superstep:{value[0]}..{value[1]}"
    else:
        word = f"{field}:{value}"
    return f"{'-' if negated else ''}{word}"


VALUES = st.sampled_from(
    [
        "emit",
        "user*",
        "*put",
        "chat/*",
        "?ntro",
        "ask",
        "50%",
        "_",
        "Mail_Box",
        "USER",
        "a*b",
        "progress",
        "x",
        "call",
        "_input",
    ]
)
TERMS = st.one_of(
    st.tuples(st.booleans(), st.sampled_from(sorted(NAMES)), VALUES),
    st.tuples(st.booleans(), st.just("superstep"), st.tuples(st.integers(0, 45), st.integers(0, 45))),
    st.tuples(
        st.booleans(),
        st.none(),
        st.sampled_from(["hello", "Hello", "50% off", "a_b", "off", "ask", "good bye", "User", "zebra"]),
    ),
)


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(TERMS, min_size=1, max_size=4))
def test_a_filter_finds_what_looking_at_every_row_finds(run_file, terms):
    expected = [row.seq for row in ROWS if all(holds(term, row) for term in terms)]
    assert found(run_file, " ".join(map(text_of, terms))) == expected


def test_a_predicate_filters_by_payload_and_envelope(run_file):
    assert found(run_file, "data == 'hello' and superstep < 20 and type != 'executor_failed'") == [
        row.seq for row in ROWS if row.preview == "hello" and row.superstep < 20 and row.type != "executor_failed"
    ]


def test_terms_and_a_predicate_hold_together(run_file):
    assert found(run_file, "type:log where seq > 100") == [
        row.seq for row in ROWS if row.type == "log" and row.seq > 100
    ]


def test_types_are_found_by_the_word_that_the_timeline_shows(run_file):
    assert found(run_file, "type:emit") == [row.seq for row in ROWS if row.type == "event_emitted"]


class Runner:
    """A filter at work on a window, with what it puts off done when asked."""

    def __init__(self, run_file, text):
        self.window = Window(run_file)
        self.window.grow(run_file.count())
        self.waiting = []
        self.filter = FilterRunner(self.waiting.append, lambda: None)
        self.filter.attach(run_file, self.window)
        self.filter.set(text)

    def finish(self):
        while self.waiting:
            self.waiting.pop()()
        return [self.window.seq_at(line) for line in range(self.window.count)]


def test_a_filter_looks_on_when_the_file_grows(tmp_path):
    with write_run(tmp_path / "x.run", ROWS[:50]) as opened:
        runner = Runner(opened, "type:log")
        runner.window.grow(30)
        assert runner.finish() == [row.seq for row in ROWS[:50] if row.type == "log"]
        assert runner.filter.looked_at == 50
        runner.filter.grow()
        assert not runner.waiting


def test_a_list_that_the_file_let_go_is_looked_through_again(run_file):
    runner = Runner(run_file, "type:log")
    before = runner.finish()
    for number in range(12):
        run_file.view(parse_filter(f"nothing{number}").filter)
    runner.filter.grow()
    assert runner.finish() == before
    assert runner.filter.looked_at == len(ROWS)


@pytest.mark.parametrize("text", ["", "   ", "\t\n"])
def test_an_empty_text_shows_all(text):
    assert parse_filter(text) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('say "hello', 'a quotation mark (") stays open'),
        ("tyep:log", "there is no tyep: to filter by; did you mean type:log ?"),
        ("step:", "step: needs a word after it, for instance step:outer/*"),
        ("superstep:three", "superstep: takes a number or a range, for instance superstep:3..5, not 'three'"),
        ("a b c d e", "at most 4 plain words; put quotation marks round words that stand together"),
    ],
)
def test_a_text_that_means_nothing_says_what_to_do(text, problem):
    with pytest.raises(FilterError) as caught:
        parse_filter(text)
    assert str(caught.value) == problem


@pytest.mark.parametrize("text", ["where data.", "data.total >", "where unknown_name == 1", "superstep > open('x')"])
def test_a_wrong_predicate_is_refused_with_its_column(text):
    with pytest.raises(FilterError, match=r"\(at \d+ of "):
        parse_filter(text)


@pytest.mark.parametrize("text", ["http://example.org", "12:30", "a:b", ":", "-", "::x", '"a < b"'])
def test_what_only_looks_like_a_field_is_a_plain_word(text):
    assert parse_filter(text).words


@given(st.text(max_size=80))
def test_a_text_is_read_or_refused_with_a_reason(text):
    problem = "read"
    try:
        query = parse_filter(text)
    except FilterError as error:
        query, problem = None, str(error)
    assert query is None or not query.filter.is_empty
    assert problem
