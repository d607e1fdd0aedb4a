"""Hostile predicates on hostile values: only the language's own errors, no code of the values, and bounded work."""

import collections
import dataclasses
import enum
from decimal import MAX_PREC, Context, Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from process_core.predicate import LogTemplate, Predicate, PredicateError, PredicateEvaluationError, work

CALLED: list[str] = []
ARMED: list[bool] = []
QUIET = list(HealthCheck)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=QUIET)
MANY = settings(max_examples=10_000, deadline=None, database=None, suppress_health_check=QUIET)

DUNDERS = [
    "__eq__", "__ne__", "__lt__", "__gt__", "__le__", "__ge__", "__bool__", "__len__", "__contains__", "__iter__",
    "__getitem__", "__getattr__", "__getattribute__", "__add__", "__radd__", "__mul__", "__rmul__", "__neg__",
    "__str__", "__repr__", "__format__", "__index__", "__int__", "__float__", "__missing__", "__call__", "__pow__",
    "__mod__", "__rmod__", "__sub__", "__truediv__", "__floordiv__", "__reversed__", "__abs__", "__pos__", "keys",
    "get", "items", "values", "lower", "upper", "startswith", "endswith", "strip", "split", "bit_length", "isoformat",
]  # fmt: skip


def trap(name: str) -> Any:
    def method(_: Any, *__: Any) -> Any:
        if not ARMED:  # a value is still being made
            return False
        CALLED.append(name)
        raise RuntimeError(name)

    return method


def trapped(base: type, hash_of: Any = 0) -> type:
    """Return a class whose every method notes that it was called; its instances have the hash of something."""
    body: dict[str, Any] = {name: trap(name) for name in DUNDERS}
    body["__class__"] = property(trap("__class__"))
    body["total"] = body["name"] = body["value"] = property(trap("property"))
    # The hash is needed to get into a container at all; to be asked for it again is a call like any other.
    body["__hash__"] = lambda _: hash(hash_of)
    return type("Trapped", (base,), body)


class Colour(enum.StrEnum):
    RED = "a"

    def __eq__(self, other: object) -> bool:
        CALLED.append("__eq__")
        return True

    def __hash__(self) -> int:
        return hash("a")


@dataclasses.dataclass
class Order:
    total: Any
    m: Any = None


def with_stored(value: Any) -> Any:
    """Return an object whose own dictionary has a key that is no name, with the hash of one."""

    class Plain:
        pass

    made = Plain()
    made.__dict__[trapped(object, "total")()] = value
    return made


def pick(values: list[Any]) -> st.SearchStrategy[Any]:
    """Choose one of some values, of which none is ever written out."""
    return st.integers(0, len(values) - 1).map(lambda place: values[place])


class Hidden:
    """A value that a failing test does not write out."""

    def __init__(self, value: Any) -> None:
        self.value = value


TRAPPED = pick([object, dict, list, tuple, set, frozenset, str, int, float, bytes]).map(lambda base: trapped(base)())
COLLIDING = pick(["a", "total", "m", 1, 0]).map(lambda name: trapped(object, name)())
NUMBERS = pick(
    [0, 1, -1, 7, 10**30, 10**400, 1 << 8192, (1 << 300_000) - 1, -(1 << 300_000), 1e308, float("nan"), float("inf"),
     True, Decimal("1.5"), Decimal("NaN"), Decimal("sNaN"), Decimal("1e999999"), Decimal("-1e-999999"),
     Decimal("7" * 50_000), Fraction(1, 3), 1j]
)  # fmt: skip
TEXTS = pick(["", "a", "total", "a" * 30_000, "é" * 3_000, "\ud800", "\0", "\u202e", "x" * 2_000_000])


def deep(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def endless() -> Any:
    value: list[Any] = []
    value.append(value)
    return {"total": value, "a": value}


ATOMS = st.one_of(NUMBERS, TEXTS, st.none(), TRAPPED, st.just(Colour.RED), st.binary(max_size=3))
HUGE = pick(
    [
        lambda: [{str(i): i for i in range(1000)}] * 4000,
        lambda: [0] * 500_000,
        lambda: dict.fromkeys(range(500_000)),
        lambda: {i * (2**61 - 1) for i in range(1500)},
        lambda: ["x" * 100_000 + str(i % 2) for i in range(200)],
        lambda: deep(2000),
        endless,
        lambda: collections.deque([["a"] * 100] * 1000),
    ]
).map(lambda make: make())
VALUES = st.recursive(
    ATOMS | HUGE,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=2).map(tuple),
        st.fixed_dictionaries({"total": inner}, optional={"a": inner, "m": inner, 1: inner}),
        st.builds(lambda key, value: {key: value, "a": value}, COLLIDING, inner),
        st.lists(COLLIDING, max_size=2).map(lambda keys: {*keys, "b"}),
        st.builds(Order, inner, inner),
        st.builds(collections.OrderedDict, st.fixed_dictionaries({"total": inner})),
        inner.map(with_stored),
        inner.map(lambda value: trapped(dict)({"total": value}) if type(value) is not dict else value),
    ),
    max_leaves=4,
)

NAMES = st.sampled_from(
    ["data", "data.total", "data.a", "data['m']", "data[0]", "data.total.total", "data[1]", "data[:2]", "data[-1:]",
     "arguments", "arguments.total", "event_id", "state", "data.value", "data.total.name", "data.m.name"]
)  # fmt: skip
LITERALS = st.sampled_from(
    ["0", "1", "7", "'a'", "'total'", "None", "True", "1e308", "9" * 1500, "[1, 'a']", "{'total': 1}", "{1, 'a'}",
     "()", "b'a'", "'x' * 3", "10 ** 10 ** 10", "2 ** 8000", "1.5", "-1"]
)  # fmt: skip
PATTERNS = st.sampled_from(["(a+)+b", "(?:aa|a)*c", "(?:a?){300}a{300}b", "(a|b)*a(a|b){200}c", ".*.*.*=.*", "a", "("])
COMPARED_BY = ["==", "!=", "<", "<=", ">", ">=", "in", "not in", "is"]
OPERATORS = st.sampled_from([*COMPARED_BY, "+", "-", "*", "/", "//", "%", "**", "and", "or", "<<", "@"])
EXPRESSIONS = st.recursive(
    NAMES | LITERALS,
    lambda inner: st.one_of(
        st.builds(
            "({} {} {})".format,
            inner,
            OPERATORS,
            inner,
        ),
        st.builds("(not {})".format, inner),
        st.builds("(-{})".format, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("{}({})".format, st.sampled_from(["len", "abs", "lower", "upper", "strip", "int", "str"]), inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max", "startswith", "endswith", "get"]), inner, inner),
        st.builds("{}({!r}, {})".format, st.sampled_from(["match", "search"]), PATTERNS, inner),
        st.builds("({}).lower()".format, inner),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
    ),
    max_leaves=8,
)
PIECES = [
    "(", ")", "[", "{", "}", "data", ".", "²", "\0", "\ud800", "\u202e", "'", "9" * 400, " ", "lambda ", ":=",
    "\n", "*",
    "__class__", "ｄata", "\ufeff", "é", "in ", "not ", "(" * 300, "-" * 500,
]  # fmt: skip
MESS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def refusal(error: PredicateError) -> str:
    """Return what is wrong, once it is seen to be a line of bounded length."""
    assert "\n" not in error.problem
    assert len(str(error)) < 1000
    return error.problem


def check(text: str, hidden: Hidden) -> None:
    """Evaluate a predicate in every way there is."""
    CALLED.clear()
    ARMED.append(True)
    try:
        evaluate(text, hidden.value)
    finally:
        ARMED.clear()
    assert CALLED == []


def evaluate(text: str, data: Any) -> None:
    event = {"arguments": data, "event_id": "X", "type": "log"}
    try:
        predicate = Predicate(text)
        template = LogTemplate("{" + text + "}") if "}" not in text and "{" not in text else None
    except PredicateError as error:
        refusal(error)
        return
    predicate.holds(data, event)
    try:
        predicate.matches(data, event)
    except PredicateEvaluationError as error:
        refusal(error)
    if template is not None:
        assert len(template.render(data, event)) < 2000


@FEW
@given(EXPRESSIONS, VALUES.map(Hidden))
@example("data.total", Hidden({trapped(object, "total")(): 1}))
@example("'a' in data", Hidden({trapped(object, "a")()}))
@example("data['a']", Hidden({Colour.RED: 1}))
@example("get(data, 'total')", Hidden(with_stored(1)))
@example("data.total == data.a", Hidden({"total": (1 << 1_600_000) - 1, "a": Decimal("1.5")}))
@example("data.total % data.a == 0", Hidden({"total": (1 << 4_000_000) - 1, "a": (1 << 2_000_000) - 3}))
@example("data.a in data.total", Hidden({"total": [{str(i): i for i in range(1000)}] * 4000, "a": {"a": 1}}))
@example("10 ** 10 ** 10 == 1 or 'a' * 10 ** 9", Hidden(None))
@example("data < data or data == {1}", Hidden({i * (2**61 - 1) for i in range(1500)}))
def test_a_hostile_predicate_on_a_hostile_value_fails_as_the_language_does(text, hidden):
    check(text, hidden)


@FEW
@given(MESS)
@example(":²")
@example("(" * 1999)
@example("9" * 1999 + " < data")
@example("data." + "a." * 900 + "a")
@example("-" * 1500 + "1")
@example("data == '\u202e'")
def test_any_text_is_a_predicate_or_refused_in_a_line(text):
    check(text, Hidden({"a": 1}))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_hostile_predicates_for_long():
    MANY(given(EXPRESSIONS, VALUES.map(Hidden))(check))()


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("data.a in data.total", {"total": [{str(i): i for i in range(1000)}] * 4000, "a": {"a": 1}}),
        ("'y' in data", ["x"] * 200_000),
        ("search('(?:a?){300}a{300}b', data)", "a" * 20_000),
        (" or ".join(["lower(data) == 'a'"] * 40), "A" * 200_000),
    ],
)
def test_an_evaluation_that_takes_too_much_work_is_stopped_and_says_so(text, data):
    with pytest.raises(PredicateEvaluationError, match="more work than a predicate may do"):
        Predicate(text).matches(data)


def test_every_evaluation_has_all_of_the_work_it_may_do():
    predicate, items = Predicate("'y' in data"), ["x"] * (work.LIMIT // 2)
    assert [predicate.matches(items) for _ in range(5)] == [False] * 5


def test_decimals_are_computed_alike_whatever_precision_the_program_has_set():
    with localcontext(Context(prec=MAX_PREC, Emax=10**17, Emin=-(10**17))):
        assert Predicate("data / 3 > 0.3 or True").matches(1)
        assert str(Predicate("data / 3").value(Decimal(1))) == "0." + "3" * 28


def test_a_key_with_the_hash_of_a_name_is_no_obstacle_where_it_is_a_text():
    class Name(str):
        __slots__ = ()

    assert Predicate("data.total == 1 and 'total' in data and data['total'] == 1").matches({Name("total"): 1})
