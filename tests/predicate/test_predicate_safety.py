"""A predicate runs no code of the payload and does bounded work."""

import dataclasses
import gc
import time
import types
import unittest.mock
import weakref
from collections.abc import Mapping
from decimal import Decimal

import pytest

from process_core.predicate import Predicate, PredicateError, PredicateEvaluationError
from process_core.predicate.access import MISSING, read

CALLED = []


def trap(name):
    def method(self, *args):
        CALLED.append(name)
        return 1

    return method


TRAPS = [
    "__eq__", "__ne__", "__lt__", "__gt__", "__le__", "__ge__", "__hash__", "__bool__", "__len__", "__contains__",
    "__iter__", "__getitem__", "__getattr__", "__add__", "__radd__", "__mul__", "__neg__", "__pos__", "__abs__",
    "__str__", "__repr__", "__format__", "__index__", "__int__", "__float__", "__instancecheck__", "__getattribute__",
    "__missing__", "keys", "get", "items", "lower", "startswith", "strip", "__class__", "__dict__", "__reversed__",
    "__call__", "__pow__", "__mod__", "__sub__", "__truediv__",
]  # fmt: skip


def trapped(base):
    body = {name: trap(name) for name in TRAPS if name not in ("__class__", "__dict__")}
    body["__class__"] = property(trap("__class__"))
    body["total"] = property(trap("total"))
    return type("Trapped", (base,), body)


@pytest.fixture(autouse=True)
def _nothing_called():
    CALLED.clear()


TEXTS = [
    "data", "not data", "data == 1", "data == data", "1 == data", "data != 'x'", "data < 1", "1 >= data", "data in [1]",
    "1 in data", "'x' in data", "data + 1", "1 + data", "data * 2", "-data", "abs(data)", "min(data, 1)", "data ** 2",
    "data % 2", "data - 1", "data / 2", "len(data)", "data.total", "data['total']", "data[0]", "data[0:1]", "data.keys",
    "data.x.y", "get(data, 'total')", "lower(data)", "data.startswith('a')", "search('a*', data)", "data is None",
    "data or 1", "1 if data else 2", "data == [1]", "data == {'a': 1}", "[data] == [1]", "data in {'a': 1}",
    "[1][data]", "{'a': 1}[data]", "0 < data < 2", "data.value", "data == {1}", "'abc'[data:]",
]  # fmt: skip


@pytest.mark.parametrize("base", [object, dict, list, tuple, set, str, int, float, bytes])
@pytest.mark.parametrize("text", TEXTS)
def test_no_method_or_property_of_the_payload_is_called(text, base):
    payload = trapped(base)()
    try:
        Predicate(text).matches(payload)
    except PredicateEvaluationError as error:
        str(error)
    assert CALLED == []


@pytest.mark.parametrize(
    "text", ["data.x == 1", "data.x == [1]", "1 in data.x", "data == {'x': 1}", "data.x in [1, 2]"]
)
def test_no_method_of_what_is_inside_the_payload_is_called(text):
    for inner in (trapped(object)(), [trapped(object)()], {1: trapped(object)()}):
        try:
            Predicate(text).matches({"x": inner})
        except PredicateEvaluationError as error:
            str(error)
    assert CALLED == []


def test_keys_that_are_objects_are_not_asked_whether_they_are_equal():
    class Key:
        def __hash__(self):
            return hash(5)

        def __eq__(self, other):
            CALLED.append("__eq__")
            return True

    with pytest.raises(PredicateEvaluationError, match="a key is a Key"):
        Predicate("5 in data").matches({Key(): 1})
    assert CALLED == []


def test_a_metaclass_is_not_asked():
    class Meta(type):
        def __instancecheck__(cls, instance):
            CALLED.append("__instancecheck__")
            return True

        def __getattribute__(cls, name):
            CALLED.append(name)
            return super().__getattribute__(name)

    class Payload(metaclass=Meta):
        def __init__(self):
            object.__setattr__(self, "total", 3)

    payload = Payload()
    CALLED.clear()
    assert Predicate("data.total == 3 and data").matches(payload)
    assert CALLED == []


def test_a_property_says_that_it_is_not_run():
    class Order:
        @property
        def total(self):
            CALLED.append("total")

    with pytest.raises(PredicateEvaluationError, match="'total' of an Order is computed"):
        Predicate("data.total > 1").matches(Order())
    assert CALLED == []


def test_a_mock_invents_no_attribute():
    with pytest.raises(PredicateEvaluationError):
        Predicate("data.anything.at.all").matches(unittest.mock.MagicMock())


def test_a_mapping_of_the_users_own_make_is_not_asked():
    class Lazy(Mapping):
        def __getitem__(self, key):
            CALLED.append(key)
            return 1

        def __iter__(self):
            return iter(())

        def __len__(self):
            return 0

    with pytest.raises(PredicateEvaluationError):
        Predicate("data.total > 0").matches(Lazy())
    assert CALLED == []


def test_a_module_gives_data_and_runs_nothing():
    module = types.ModuleType("m")
    module.total = 3
    assert Predicate("data.total == 3").matches(module)


def test_a_predicate_keeps_no_class_alive():
    @dataclasses.dataclass
    class Reloaded:
        total: int = 3

    assert Predicate("data.total == 3 and data == {'total': 3}").matches(Reloaded())
    gone = weakref.ref(Reloaded)
    del Reloaded
    gc.collect()
    assert gone() is None


def test_a_class_made_where_another_one_was_is_read_by_its_own_layout():
    for names in [("x",), ("y", "total"), ()] * 50:
        cls = type("Made", (), {"__slots__": names})
        made = cls()
        for name in names:
            setattr(made, name, name)
        assert (read(made, "total") == "total") == ("total" in names)
        assert (read(made, "x") is MISSING) == ("x" not in names)
        del cls, made


def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


ENDLESS = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("9 ** 9 ** 9 > 1", None),
        ("data ** data > 1", 10**6),
        ("data * data > 1", 1 << 8000),
        ("'a' * 9 == data", None),
        ("data * 9 == 1", [1]),
        ("'%0999999d' % 1 == data", None),
        ("data + data == 'x'", "x" * 60_000),
        ("data == [[1]]", deep(100_000)),
        ("data == [1]", ENDLESS),
        ("data == [1]", [0] * 200_000),
        ("'y' in data", ["x"] * 200_000),
        ("5 in data", dict.fromkeys(range(600_000))),
        ("search('x+', data)", "y" * 20_001),
        ("1 << 9", None),
    ],
)
def test_work_without_bound_is_refused(text, data):
    with pytest.raises(PredicateError):  # at once, whether when compiled or when evaluated
        Predicate(text).matches(data)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a|aa)+$b", "a*a*a*a*a*b", "(.*)*x", "((a?){20}){5}b"])
def test_a_pattern_that_backtracks_forever_elsewhere_ends(pattern):
    started = time.process_time()
    text = f"search({pattern!r}, data)"
    Predicate(text).matches("a" * 2_000)
    assert time.process_time() - started < 5  # backtracking takes longer than anybody lives


def test_whatever_a_payload_raises_is_an_evaluation_error():
    with pytest.raises(PredicateEvaluationError, match="InvalidOperation"):
        Predicate("-data > 1").matches(Decimal("sNaN"))
