"""What SQL says of rows is what the predicate says of them."""

import sqlite3

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from process_core.predicate import Predicate

NUMERIC = ("seq", "superstep")
TEXT = ("type", "event_id", "step", "path", "function", "route", "state", "code")
NAMES = (*NUMERIC, *TEXT)
COLUMNS = {name: f"e.{name}" for name in NAMES}
NEVER_NULL = {"seq", "superstep", "type", "path"}

WORDS = st.sampled_from(["", "a", "ab", "abc", "b", "B", "1", "2", "é", "漢", "\U0001f389", "%", "_", "a/B"])
NUMBERS = st.sampled_from([0, 1, 2, 3, -1, 2**40])
ROWS = st.lists(
    st.fixed_dictionaries(
        dict.fromkeys(NUMERIC, NUMBERS) | {name: WORDS if name in NEVER_NULL else WORDS | st.none() for name in TEXT}
    ),
    min_size=1,
    max_size=8,
)

LITERALS = st.one_of(
    WORDS.map(repr),
    NUMBERS.map(repr),
    st.sampled_from(["None", "True", "False", "1.5", "2.0", "1e999", str(2**70), "'\\x00'", "-1", "- 2", "''"]),
)
OPERANDS = st.sampled_from(NAMES) | LITERALS
TESTS = st.one_of(
    st.tuples(OPERANDS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), OPERANDS).map(" ".join),
    st.tuples(OPERANDS, st.sampled_from(["<", "=="]), OPERANDS, st.sampled_from([">=", "!="]), OPERANDS).map(" ".join),
    st.tuples(st.sampled_from(NAMES), st.sampled_from(["is None", "is not None", "is True"])).map(" ".join),
    st.tuples(OPERANDS, st.sampled_from(["in", "not in"]), st.lists(LITERALS, max_size=3)).map(
        lambda p: f"{p[0]} {p[1]} [{', '.join(p[2])}]"
    ),
    st.tuples(LITERALS, st.sampled_from(["in", "not in"]), st.sampled_from(NAMES)).map(" ".join),
    st.tuples(OPERANDS, LITERALS).map(lambda p: f"startswith({p[0]}, {p[1]})"),
    st.tuples(st.sampled_from(TEXT), LITERALS).map(lambda p: f"{p[0]}.startswith({p[1]})"),
    OPERANDS,
    st.sampled_from(["data.x > 1", "lower(code) == 'a'", "seq + 1 == 2", "len(type) > 1"]),
)
PREDICATES = st.recursive(
    TESTS.map(lambda t: f"({t})"),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(lambda p: f"({''.join(p)})"),
        st.tuples(inner, inner, inner).map(" and ".join).map(lambda t: f"({t})"),
        inner.map(lambda t: f"(not {t})"),
    ),
    max_leaves=5,
)


def selected(rows, condition, params):
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(
            "CREATE TABLE e (id INTEGER, seq INTEGER, superstep INTEGER, "
            + ", ".join(f"{name} TEXT" for name in TEXT)
            + ")"
        )
        connection.executemany(
            f"INSERT INTO e (id, {', '.join(NAMES)}) VALUES (?{', ?' * len(NAMES)})",
            [(number, *(row[name] for name in NAMES)) for number, row in enumerate(rows)],
        )
        return {number for (number,) in connection.execute(f"SELECT id FROM e WHERE {condition}", params)}
    finally:
        connection.close()


def holding(predicate, rows, data=None):
    return {number for number, row in enumerate(rows) if predicate.holds(data, row)}


@settings(max_examples=150)
@given(PREDICATES, ROWS)
@example(
    "code not in ['a', 'b'] or 'a' not in step",
    [dict.fromkeys(NAMES, "a"), dict.fromkeys(NAMES, "b"), dict.fromkeys(NAMES, "c")],
)
@example("not (code > 'a')", [dict.fromkeys(NAMES, "") | {"code": None}])
@example("code > 'a' or True", [dict.fromkeys(NAMES, "") | {"code": None}])
@example("seq == '1' or type == 1", [dict.fromkeys(NAMES, "1") | {"seq": 1}])
def test_sql_selects_exactly_the_rows_for_which_the_predicate_holds(text, rows):
    predicate = Predicate(text)
    said = predicate.sql(COLUMNS)
    if said is not None:
        assert selected(rows, *said) == holding(predicate, rows)


@settings(max_examples=150)
@given(PREDICATES, ROWS, st.sampled_from([{"x": 1}, {"x": 2}, None]))
def test_what_sql_leaves_and_the_residual_together_are_the_predicate(text, rows, data):
    predicate = Predicate(text)
    condition, params, residual = predicate.sql_prefilter(COLUMNS)
    passed = selected(rows, condition, params)
    if residual is not None:
        passed &= holding(residual, rows, data)
    assert passed == holding(predicate, rows, data)


@settings(max_examples=100)
@given(PREDICATES, ROWS, st.sets(st.sampled_from(NAMES)))
def test_a_table_without_some_columns_loses_no_row(text, rows, missing):
    predicate = Predicate(text)
    columns = {name: sql for name, sql in COLUMNS.items() if name not in missing}
    condition, params, residual = predicate.sql_prefilter(columns)
    passed = selected(rows, condition, params)
    if residual is not None:
        passed &= holding(residual, rows)
    assert passed == holding(predicate, rows)


@pytest.mark.parametrize(
    "text",
    [
        "event_id == 'X'",
        "event_id != 'X' and seq > 100",
        "10 < seq <= 20",
        "type in ('warning', 'failed')",
        "code is not None",
        "not (step == 'A' or superstep == 3)",
        "path.startswith('outer/')",
        "'Input' in event_id or code",
        "type == 'warning' and code not in ['a', None]",
        "event_id == function",
        "True",
    ],
)
def test_simple_comparisons_are_sql_alone(text):
    assert Predicate(text).sql(COLUMNS) is not None


@pytest.mark.parametrize(
    "text",
    ["data.total > 10", "seq + 1 == 2", "lower(type) == 'x'", "seq < 'a'", f"seq == {2**70}", "'a' if seq else 0"],
)
def test_what_sql_cannot_say_is_left_to_the_predicate(text):
    assert Predicate(text).sql(COLUMNS) is None


def test_a_conjunction_is_split():
    condition, params, residual = Predicate("event_id == 'X' and data.total > 10 and seq > 3").sql_prefilter(COLUMNS)
    assert (condition, params, residual) == (
        "((e.event_id IS ?) AND (e.seq > ?))",
        ["X", 3],
        Predicate("data.total > 10"),
    )


def test_alternatives_that_each_need_something_are_narrowed():
    text = "(event_id == 'X' and data.a) or (event_id == 'Y' and data.b)"
    condition, params, residual = Predicate(text).sql_prefilter(COLUMNS)
    assert (condition, params, residual) == ("((e.event_id IS ?) OR (e.event_id IS ?))", ["X", "Y"], Predicate(text))


def test_an_error_in_the_residual_points_into_the_whole_text():
    residual = Predicate("event_id == 'X' and data.total > 10").sql_prefilter(COLUMNS).residual
    with pytest.raises(Exception, match=r"there is no 'total' \(column 26\)"):
        residual.matches({})


def test_a_prefix_uses_the_index():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE e (path TEXT NOT NULL)")
    connection.execute("CREATE INDEX by_path ON e (path)")
    condition, params = Predicate("startswith(path, 'outer/')").sql(COLUMNS)
    plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT * FROM e WHERE {condition}", params).fetchone()[-1]
    connection.close()
    assert plan.startswith("SEARCH")
