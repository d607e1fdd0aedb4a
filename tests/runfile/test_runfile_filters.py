import re
import time
from enum import Enum

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from runfile_cases import STARTED, event, loop_events, record, writer

from process_core.predicate import compile_predicate
from process_core.runfile import Filter, RunFile, matches_path, to_plain


class Order(BaseModel):
    total: object = 0


def seqs(path, chosen):
    with RunFile(path) as run:
        view = run.view(chosen)
        view.advance()
        return list(view.seqs)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    events = [
        event(1, "started"),
        event(
            2, "executor_invoked", path="outer/inner/Step", step="Step", function="run", data={"text": "Hello World"}
        ),
        event(3, "event_emitted", path="outer/Step", step="Step", event_id="Order/Placed", superstep=2, route="r1"),
        event(4, "warning", path="outer", details={"code": "unrouted_event", "why": "nobody listens"}),
        event(5, "log", path="Step", data="x" * 3000 + "needle in the Haystack", request_id="q1"),
        event(6, "data", data='say "hi"\nthen 100%'),
        event(7, "data", data=Order(total=12), superstep=3),
        event(8, "data", data={"total": 3, "nested": {"deep": 5}}),
    ]
    return record(tmp_path_factory.mktemp("runs") / "x.run", events)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (Filter(), [1, 2, 3, 4, 5, 6, 7, 8]),
        (Filter(types=("log", "warning")), [4, 5]),
        (Filter(paths=("outer/*",)), [3]),
        (Filter(paths=("outer/**",)), [2, 3]),
        (Filter(paths=("**/Step",)), [2, 3, 5]),
        (Filter(path="Step"), [5]),
        (Filter(steps=("Step",)), [2, 3]),
        (Filter(functions=("run",)), [2]),
        (Filter(event_ids=("Order/*",)), [3]),
        (Filter(event_ids=("*",)), [3]),
        (Filter(routes=("r1",)), [3]),
        (Filter(codes=("unrouted_event",)), [4]),
        (Filter(request_id="q1"), [5]),
        (Filter(first_superstep=2), [3, 7]),
        (Filter(last_superstep=2, first_superstep=1), [3]),
        (Filter(since=STARTED + 0.003, until=STARTED + 0.005), [3, 4, 5]),
        (Filter(generation=1), []),
        (Filter(texts=("hello world",)), [2]),
        (Filter(texts=("needle",)), [5]),
        (Filter(texts=("hayStack",)), [5]),
        (Filter(texts=("NOBODY",)), [4]),
        (Filter(texts=("outer/inner",)), [2]),
        (Filter(texts=('"hi"\nthen',)), [6]),
        (Filter(texts=("100%",)), [6]),
        (Filter(texts=("1_0",)), []),
        (Filter(texts=("step",), types=("log",)), [5]),
        (Filter(where=compile_predicate('event_id == "Order/Placed"')), [3]),
        (Filter(where=compile_predicate("data.total > 5")), [7]),
        (Filter(where=compile_predicate("data.total == 3")), [8]),
        (Filter(where=compile_predicate("data.nested.deep >= 5 and superstep == 0")), [8]),
        (Filter(where=compile_predicate("superstep == 3")), [7]),
        (Filter(where=compile_predicate("'needle' in data")), [5]),
        (Filter(where=compile_predicate("len(data) > 1000")), [5]),
        (Filter(where=compile_predicate("seq < 3 or type == 'log'")), [1, 2, 5]),
        (Filter(where=compile_predicate("data.total > 1"), types=("data",), texts=("order",)), [7]),
    ],
    ids=str,
)
def test_a_filter_leaves_exactly_what_it_says(mixed, chosen, expected):
    assert seqs(mixed, chosen) == expected
    with RunFile(mixed) as run:
        assert run.count(chosen) == len(expected)
        assert [row.seq for row in run.page(0, 100, chosen)] == expected


numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.integers(-3, 3) | st.floats(-3, 3)
atoms = numbers | st.none() | st.booleans() | st.sampled_from(["a", "b", "", "7", "a\0b", "é"])
payloads = (
    atoms
    | st.builds(dict, x=atoms)
    | st.builds(dict, x=st.builds(dict, y=atoms))
    | st.builds(Order, total=atoms)
    | st.tuples(atoms)
    | st.builds(dict, x=st.tuples(atoms))
    | st.builds(dict, x=st.builds(Order, total=atoms), pad=st.just("x" * 100))
)
literals = st.sampled_from(["0", "1", "-1", "2.5", "0.1", "'a'", "'7'", "9223372036854775807", "True", "None", "1e30"])
operators = st.sampled_from(["==", "<", "<=", ">", ">=", "!="])
parts = st.sampled_from(["data", "data.x", "data.total", "data.x.y", "data.x.total", "data['x']", "seq"])
comparisons = st.builds("{} {} {}".format, parts, operators, literals) | st.builds(
    "{} {} {}".format, literals, operators, parts
)
predicates = st.lists(comparisons, min_size=1, max_size=3).flatmap(
    lambda found: st.sampled_from([" and ".join(found), " or ".join(found), f"not ({found[0]})"])
)


@given(st.lists(payloads, min_size=1, max_size=12), predicates)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_predicate_leaves_the_same_rows_with_the_help_of_sql_as_without(tmp_path, found, text):
    predicate = compile_predicate(text)
    path = record(tmp_path / f"{time.monotonic_ns()}.run", [event(n, data=data) for n, data in enumerate(found, 1)])
    with RunFile(path) as run:
        rows = run.page(0, 100)
        expected = [row.seq for row in rows if predicate.holds(to_plain(run.payload(row.data)), row)]
        assert seqs(path, Filter(where=predicate)) == expected


@given(st.text("ab%_\\\"'é\n", min_size=1, max_size=3), st.lists(st.text("ab%_\\\"'é\n", max_size=6), max_size=10))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_text_search_finds_what_contains_the_text(tmp_path, text, found):
    path = record(
        tmp_path / f"{time.monotonic_ns()}.run", [event(n, "t", data=data) for n, data in enumerate(found, 1)]
    )
    contained = {n for n, data in enumerate(found, 1) if text in data}
    assert contained <= set(seqs(path, Filter(texts=(text,))))


def test_a_view_follows_the_run(tmp_path):
    path = tmp_path / "x.run"
    with writer(path) as out, RunFile(path) as run:
        view = run.view(Filter(path="S1", texts=("go",)))
        for first in range(1, 3001, 1000):
            for one in loop_events(1000, first=first):
                out.append(one)
            out.flush()
            assert view.scanned < run.count()
            view.advance()
            assert view.scanned == run.count()
        whole = run.view(Filter(path="S1", texts=("go",), first_superstep=0))
        whole.advance()
        assert view.seqs == whole.seqs
        assert len(view) == 200


def test_a_view_judges_calls_and_failures_by_their_messages_also_if_the_first_ones_come_later(tmp_path):
    def call(seq, cause):
        return event(seq, "executor_invoked", path="B", step="B", function="f", event_id="Go", causes=(cause,), data={})

    def failure(seq, total):
        return event(seq, "executor_failed", path="B", step="B", data={"total": total}, details={"message": "no"})

    run_writer = writer(tmp_path / "x.run")
    run_writer.append(event(1, "event_emitted", path="A", step="A", event_id="Go", data={"total": 9}))
    run_writer.flush()
    with RunFile(tmp_path / "x.run") as run:
        view = run.view(Filter(where=compile_predicate("data.total > 5 or data.message == 'no'")))
        by_sql = run.view(Filter(where=compile_predicate("data.total > 5")))
        failed = run.view(Filter(where=compile_predicate("data.message == 'no'")))
        views = [view, by_sql, failed]
        assert [(one.advance(), list(one.seqs)) for one in views] == [(True, [1]), (True, [1]), (True, [])]
        for seq, made in enumerate((call(2, 1), failure(3, 9), call(4, 1)), 2):
            assert made.seq == seq
            run_writer.append(made)
        run_writer.flush()
        for one in views:
            one.advance()
        assert [list(one.seqs) for one in views] == [[1, 2, 4], [1, 2, 4], [3]]
    run_writer.close("IDLE")


def test_a_view_that_has_no_time_stops_and_goes_on_later(tmp_path):
    path = record(tmp_path / "x.run", loop_events(20_000))
    with RunFile(path) as run:
        view = run.view(Filter(types=("event_emitted",)))
        rounds = 0
        while not view.advance(0.0001):
            rounds += 1
        assert rounds > 1
        assert list(view.seqs) == list(range(3, 20_001, 5))


def test_a_view_stops_at_the_hits_wanted(tmp_path):
    path = record(tmp_path / "x.run", loop_events(20_000))
    with RunFile(path) as run:
        view = run.view(Filter(types=("event_emitted",)))
        assert not view.advance(hits=50)
        assert 50 <= len(view) < 1000


def test_a_view_can_be_cancelled_from_another_thread(tmp_path):
    path = record(tmp_path / "x.run", loop_events(20_000))
    with RunFile(path) as run:

        class Cancelling:
            names = ()
            uses_data = False
            text = "1"
            asked = 0

            def sql_prefilter(self, _):
                return "1", [], self

            def holds(self, **_):
                self.asked += 1
                if self.asked == 700:
                    view.cancel()
                return True

        view = run.view(Filter(where=Cancelling()))
        assert not view.advance()
        assert list(view.seqs) == list(range(1, 701))


def test_the_same_filter_gives_the_same_view(mixed):
    with RunFile(mixed) as run:
        assert run.view(Filter(texts=("a",))) is run.view(Filter(texts=("a",)))


def test_views_dropped_for_newer_ones_can_be_made_again(mixed):
    with RunFile(mixed) as run:
        for number in range(30):
            assert run.count(Filter(texts=(f"needle{'' if number % 2 else 's'}",), last_superstep=number)) == number % 2


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize("text", ["data.colour.name == 'RED'", "data.colour == 'red'", "data.colour.value == 'red'"])
def test_a_member_of_an_enum_is_found_by_its_name_and_by_its_value(tmp_path, text):
    path = record(tmp_path / "x.run", [event(n, data={"colour": c}) for n, c in enumerate(Colour, 1)])
    with RunFile(path) as run:
        assert [row.seq for row in run.page(0, 10, Filter(where=compile_predicate(text)))] == [1]


def test_text_is_found_wherever_it_is(tmp_path):
    path = record(tmp_path / "x.run", [event(n, data="hit" if n % 4000 == 0 else "miss") for n in range(1, 12_001)])
    with RunFile(path) as run:
        assert [row.seq for row in run.page(0, 10, Filter(texts=("HIT",)))] == [4000, 8000, 12_000]
        assert run.page(0, 10, Filter(texts=("nowhere",))) == []


def test_the_events_of_one_step_are_listed_without_its_namesakes(tmp_path):
    path = record(
        tmp_path / "x.run", [event(1, path="A"), event(2, path="A/B"), event(3, path="A"), event(4, path="B")]
    )
    with RunFile(path) as run:
        view = run.view(Filter(path="A"))
        view.advance()
        assert [row.seq for row in view.page(0, 10)] == [1, 3]


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("A", "A", True),
        ("A", "A/B", False),
        ("*", "A", True),
        ("*", "A/B", False),
        ("*/B", "A/B", True),
        ("**", "A/B/C", True),
        ("**/C", "C", True),
        ("**/C", "A/B/C", True),
        ("A/**/C", "A/C", True),
        ("A/**/C", "A/B/C", True),
        ("Map[[]3]", "Map[3]", True),
        ("S?", "S1", True),
        ("S?", "S/", False),
        ("S[12]", "S2", True),
        ("S[!12]", "S3", True),
        ("S[!12]", "S1", False),
        ("S[9-0]", "S[9-0]", True),
        ("S[", "S[", True),
        ("a.c", "abc", False),
        ("S[!1]T", "S/T", False),
        ("*a*b*/*", "xaxbx/c", True),
        ("*a*b", "abab", True),
        ("*a*a*b", "a" * 10, False),
        ("*a" * 40 + "*b", "a" * 200, False),
    ],
)
def test_path_globs(glob, path, fits):
    assert matches_path(glob, path) is fits


@given(st.text(max_size=8), st.text(max_size=8))
def test_any_text_is_a_path_glob_that_fits_or_not(glob, path):
    assert matches_path(glob, path) in (True, False)


@given(st.text(max_size=8).filter(lambda text: not re.search(r"[*?\[]", text)))
def test_a_path_without_wildcards_fits_itself(path):
    assert matches_path(path, path)
