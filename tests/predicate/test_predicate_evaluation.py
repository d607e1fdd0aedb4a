"""What a predicate says of payloads and events."""

import copy
import dataclasses
import datetime as dt
import enum
import pathlib
import pickle
import sqlite3
import types
import uuid
import warnings
from collections import OrderedDict, defaultdict, deque
from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from process_core.events import NO_DATA, RunState, WorkflowEvent
from process_core.predicate import Member, Predicate, PredicateEvaluationError, compile_predicate


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Address(BaseModel):
    city: str = "Bonn"


class Order(BaseModel):
    model_config = ConfigDict(extra="allow")
    total: int = 12
    address: Address = Address()
    colour: Colour = Colour.RED


@dataclasses.dataclass
class Plain:
    total: int = 12


@dataclasses.dataclass(slots=True, frozen=True)
class Slotted:
    total: int = 12


class Unfilled:
    __slots__ = ("total",)


class Pair(NamedTuple):
    total: int
    other: int


def value(text, data=None):
    return Predicate(text).value(data)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("data.total > 10", {"total": 12}),
        ("data.total > 10", OrderedDict(total=12)),
        ("data.total > 10", defaultdict(int, total=12)),
        ("data.total > 10", Order()),
        ("data.total > 10", Plain()),
        ("data.total > 10", Slotted()),
        ("data.total > 10", Pair(12, 0)),
        ("data.total > 10", types.SimpleNamespace(total=12)),
        ("data.items == 3", {"items": 3}),
        ("data['total'] > 10", {"total": 12}),
        ("data['total'] > 10", Order()),
        ("data.address.city == 'Bonn'", Order()),
        ("data.more == 1", Order(more=1)),
        ("data[0] == 1 and data[-1] == 2", [1, 2]),
        ("data[0] == 1", (1, 2)),
        ("data[0] == 1", deque([1, 2])),
        ("data[1:] == [2]", [1, 2]),
        ("data[:3] == 'abc'", "abcdef"),
        ("data[3] == 'x'", {3: "x"}),
        ("1 < data <= 3 < 4", 3),
        ("'total' in data", {"total": 1}),
        ("'total' in data and 'x' not in data", Order()),
        ("'bc' in data", "abcd"),
        ("2 in data", [1, 2]),
        ("2 in data", {1, 2}),
        ("'a' in data", frozenset("ab")),
        ("data == {'city': 'Bonn'}", Address()),
        ("data == {'city': 'Bonn'}", {"city": "Bonn"}),
        ("data == [1, 2]", (1, 2)),
        ("data == (1, 2)", [1, 2]),
        ("data == {1, 2}", {2, 1}),
        ("data is None", None),
        ("data is not None", 0),
        ("data == None", NO_DATA),
        ("data != None", Order()),
        ("not data", {}),
        ("data", object()),
        ("data if 1 else 0", [1]),
        ("len(data) == 2", {"a": 1, "b": 2}),
        ("data.lower().startswith('he')", "HELLO"),
        ("startswith(lower(data), 'he') and endswith(data, 'O')", "HELLO"),
        ("upper(strip(data)) == 'X'", " x "),
        ("data.get('x') is None and get(data, 'y', 3) == 3", {}),
        ("get(data, 'total') == 12", Order()),
        ("abs(data) == 3 and min(data, 1) == -3 and max(1, data, 2) == 2", -3),
        ("match('h.l+o', data) and not match('ello', data) and search('ello$', data)", "hello"),
        (r"search('\d+ items', data)", "there are 12 items"),
        ("data + 1 - 2 * 3 / 4 // 1 % 5 == 3", 3),
        ("2 ** data == 1024 and -data == -10 and +data == 10", 10),
        ("data > 10 and data + 1 > 11", Decimal("10.5")),
        ("data + 'b' == 'ab'", "a"),
        ("data == 'red' and data.value == 'red'", Colour.RED),
        ("data.colour == 'red' and data.colour.value == 'red'", Order()),
        ("data.colour == 'red' and data.colour.value == 'red'", {"colour": "red"}),
        ("data.colour.name == 'RED' and data.colour == 'red'", Order()),
        ("data.colour.name == 'RED' and data.colour.value == 'red'", {"colour": Member("RED", "red")}),
        ("data.level.name == 'HIGH' and data.level > 2", {"level": Level.HIGH}),
        ("data.author.name == 'Ann'", {"author": {"name": "Ann"}}),
        ("data > 2 and data + 1 == 4", Level.HIGH),
        ("data >= '2024-01-01'", dt.date(2024, 5, 1)),
        ("data == '2024-05-01T10:00:00Z'", dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)),
        ("data == '12345678-1234-5678-1234-567812345678'", uuid.UUID("12345678-1234-5678-1234-567812345678")),
        ("endswith(data, '.txt')", pathlib.PurePosixPath("a/b.txt")),
        ("'grün' in data.größe", {"größe": "grün"}),
    ],
)
def test_a_predicate_that_holds(text, data):
    assert Predicate(text).matches(data) is True


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("data.total > 10", {"total": 3}),
        ("data == 'a'", 1),
        ("data == [1, [2]]", [1, [3]]),
        ("'y' in data", Order()),
        ("'_x' in data", types.SimpleNamespace(_x=1)),
        ("data and data.total", None),
        ("data is True", 1),
    ],
)
def test_a_predicate_that_does_not_hold(text, data):
    assert Predicate(text).matches(data) is False


@pytest.mark.parametrize(
    ("text", "data", "column", "problem"),
    [
        ("data.total > 1", {"x": 1}, 6, "there is no 'total'"),
        ("data.totl > 1", {"total": 1}, 6, "there is no 'totl' (did you mean 'total'?)"),
        ("data.totl > 1", Order(), 6, "an Order has no 'totl' (did you mean 'total'?)"),
        ("data.a.b.c", {"a": {"b": None}}, 10, "None has no 'c'"),
        ("1 + data.total > 1", {"total": "a"}, 1, "'+' does not take an int and a str"),
        ("data > 1", "a", 8, "'>' does not compare a str and an int"),
        ("data[3]", [1], 1, "[3]: list index out of range"),
        ("data['x']", {}, 1, "there is no key 'x'"),
        ("data[0]", 1, 1, "an int has no items"),
        ("data['a':]", [1], 6, "a position is a number, not a str"),
        ("1 in data", "a", 6, "an int cannot be in a str"),
        ("1 in data", 5, 6, "nothing can be in an int"),
        ("data / 0", 1, 1, "'/' by zero"),
        ("lower(data)", 1, 1, "lower() takes text, not an int"),
        ("search('a+', data)", None, 1, "search() takes text, not None"),
        ("len(data)", 1, 1, "an int has no length"),
        ("-data", "x", 1, "'-' does not take a str"),
        ("data.total", Unfilled(), 6, "'total' of an Unfilled is not set"),
        ("'é' == data.größe", {}, 13, "there is no 'größe'"),
    ],
)
def test_what_cannot_be_decided_says_why_and_where(text, data, column, problem):
    with pytest.raises(PredicateEvaluationError) as caught:
        Predicate(text).matches(data)
    assert (caught.value.column, caught.value.problem) == (column, problem)


def test_what_cannot_be_decided_does_not_hold():
    assert Predicate("data.total > 1").holds({}) is False


def test_holds_agrees_with_matches_where_it_can_be_decided():
    assert Predicate("data.total > 1").holds({"total": 2}) is True


def test_a_part_that_is_not_needed_is_not_evaluated():
    assert Predicate("data is None or data.total > 1").matches(None)


def test_a_middle_operand_is_evaluated_once():
    text = "0 < data.a < 2"
    reads = []

    class Counting(dict):
        def get(self, key, default=None):
            reads.append(key)
            return super().get(key, default)

    assert Predicate(text).matches(Counting(a=1))
    assert reads == []  # nor is any method of the payload called


EVENT = WorkflowEvent(
    "warning", data={"total": 11}, details={"code": "unrouted_event"}, event_id="X", seq=7, superstep=2, path="a/B",
    step="B", function="f", route="r1", state=RunState.FAILED,
)  # fmt: skip
ENVELOPE = {
    "type": "'warning'", "event_id": "'X'", "step": "'B'", "path": "'a/B'", "function": "'f'", "superstep": "2",
    "seq": "7", "route": "'r1'", "state": "'FAILED'", "code": "'unrouted_event'",
}  # fmt: skip


def as_row(event):
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    names = [*ENVELOPE, "data"]
    values = [getattr(event, name) for name in ENVELOPE] + ["payload"]
    (row,) = connection.execute("SELECT " + ", ".join(f"? AS {name}" for name in names), values)
    connection.close()
    return row


@pytest.mark.parametrize("name", ENVELOPE)
@pytest.mark.parametrize(
    "form", [lambda e: e, lambda e: {n: getattr(e, n) for n in ENVELOPE}, as_row], ids=["live", "dict", "row"]
)
def test_the_envelope_is_known_by_name_in_every_form_of_event(name, form):
    assert Predicate(f"{name} == {ENVELOPE[name]}").matches(event=form(EVENT))


def test_the_data_of_an_event_is_taken_from_it():
    assert Predicate("data.total > 10 and seq == 7 and event_id == 'X'").matches(event=EVENT)


def test_data_that_is_given_stands_before_that_of_the_event():
    assert not Predicate("data.total > 10 and seq == 7").matches({"total": 1}, EVENT)


def test_what_an_event_does_not_have_is_none():
    assert Predicate("code is None and route is None and data is None").matches(event={"type": "log"})


def test_an_envelope_name_without_an_event_says_so():
    with pytest.raises(PredicateEvaluationError, match="'seq' is known only where there is an event"):
        Predicate("seq > 1").matches({})


def test_a_predicate_is_a_condition_on_data():
    assert Predicate("data.total > 10")({"total": 11})


def test_names_say_what_of_the_envelope_is_needed():
    assert Predicate("seq > 1 and data.x and type == 'a'").names == ("type", "seq")


@pytest.mark.parametrize(("text", "uses"), [("seq > 1", False), ("seq > data.x", True)])
def test_a_predicate_says_whether_it_needs_the_payload(text, uses):
    assert Predicate(text).uses_data is uses


def test_value_gives_what_the_expression_evaluates_to():
    assert Predicate("data.total * 2").value({"total": 4}) == 8


@pytest.mark.parametrize(("data", "result"), [({"name": "x"}, "x"), ({"name": ""}, "none")])
def test_or_gives_the_operand_that_decided(data, result):
    assert value("data.name or 'none'", data) == result


def test_equal_texts_make_equal_predicates():
    assert {Predicate("seq > 1")} == {compile_predicate("seq > 1")}


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
def test_a_predicate_can_be_copied_and_sent(copied):
    assert copied(Predicate("data > 1")).matches(2)


def test_an_evaluation_error_can_be_sent():
    with pytest.raises(PredicateEvaluationError) as caught:
        Predicate("data.x").matches({})
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


# Against Python itself: expressions over these values, in the part of the language where both must agree.
FIELDS = {"n": 3, "m": -2, "f": 1.5, "s": "abc", "t": "", "l": [1, "a", None], "e": [], "b": True, "z": None}
PYTHON = {
    "startswith": str.startswith, "endswith": str.endswith, "lower": str.lower, "upper": str.upper, "strip": str.strip,
    "len": len, "abs": abs, "min": min, "max": max,
}  # fmt: skip


def named(*names):
    return st.sampled_from([f"data.{name}" for name in names])


NUMBERS = st.recursive(
    named("n", "m", "f", "b") | st.integers(-9, 9).map(str) | st.sampled_from(["1.5", "0.0", "True"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(lambda p: f"({' '.join(p)})"),
        st.tuples(inner, st.integers(0, 4)).map(lambda p: f"({p[0]}) ** {p[1]}").map(lambda t: f"({t})"),
        inner.map(lambda t: f"(-{t})"),
        inner.map(lambda t: f"abs({t})"),
        st.tuples(inner, inner).map(lambda p: f"max({', '.join(p)})"),
        st.tuples(inner, inner).map(lambda p: f"min({', '.join(p)})"),
    ),
    max_leaves=4,
)
TEXTS = st.recursive(
    named("s", "t") | st.sampled_from(["'a'", "'ABC'", "'é'", "' x'"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: f"({p[0]} + {p[1]})"),
        st.tuples(st.sampled_from(["lower", "upper", "strip"]), inner).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(st.sampled_from(["lower", "upper", "strip"]), inner).map(lambda p: f"{p[1]}.{p[0]}()"),
        st.tuples(inner, st.integers(-3, 3), st.integers(-3, 3)).map(lambda p: f"{p[0]}[{p[1]}:{p[2]}]"),
        st.tuples(inner, st.integers(-2, 2)).map(lambda p: f"{p[0]}[{p[1]}]"),
    ),
    max_leaves=4,
)
VALUES = st.one_of(NUMBERS, TEXTS, named(*FIELDS), st.sampled_from(["None", "[1, 'a']", "{'n': 3}"]))
CONTAINERS = st.sampled_from(["{1, 2}", "{'a'}", "data.l", "data.s"])
TESTS = st.recursive(
    st.one_of(
        st.tuples(
            VALUES,
            st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in", "is None or 1 <"]),
            VALUES | CONTAINERS,
        ).map(" ".join),
        st.tuples(NUMBERS, st.sampled_from(["<", "=="]), NUMBERS, st.sampled_from([">=", "!="]), NUMBERS).map(" ".join),
        st.tuples(TEXTS, TEXTS).map(lambda p: f"startswith({p[0]}, {p[1]})"),
        VALUES,
    ).map(lambda t: f"({t})"),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner, st.sampled_from(["and", "or"]), inner).map(
            lambda p: f"({' '.join(p)})"
        ),
        inner.map(lambda t: f"(not {t})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
    ),
    max_leaves=5,
)


@settings(max_examples=150)
@example("(abs((-0.0)))")
@given(TESTS)
def test_an_expression_gives_what_python_gives(text):
    data = types.SimpleNamespace(**FIELDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `1 is None`
            expected = eval(text, {**PYTHON, "data": data})
    except Exception:
        expected = PredicateEvaluationError
    try:
        got = Predicate(text).value(data)
    except PredicateEvaluationError:
        got = PredicateEvaluationError
    assert repr(got) == repr(expected)
