import dataclasses
import datetime as dt
import decimal
import enum
import json
import pathlib
import threading
import time
import typing
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, field_serializer

from process_core import safe_repr as guarded_repr
from process_core.events import NO_DATA
from process_core.runfile import Tagged, to_plain
from process_core.runfile.codec.decode import decode, decode_simple, is_restorable
from process_core.runfile.codec.encode import MAX_DEPTH, encode
from process_core.runfile.codec.preview import one_line


class Colour(enum.Enum):
    RED = "r"


class Address(BaseModel):
    city: str = "Bonn"


class Order(BaseModel):
    total: float = 1.5
    address: Address = Address()
    notes: dict[str, object] = Field(default_factory=dict)


@dataclasses.dataclass
class Point:
    x: int
    tag: object = None


class Pair(typing.NamedTuple):
    left: int
    right: list[int]


class Plain:
    def __init__(self):
        self.secret = 1


def back(value):
    return decode(encode(value))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text() | st.just("$"), inner, max_size=5),
    max_leaves=20,
)
hashable = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.dates()
python_values = st.recursive(
    hashable
    | st.floats(allow_nan=False)
    | st.datetimes(timezones=st.just(dt.UTC))
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.uuids()
    | st.complex_numbers(allow_nan=False)
    | st.just(NO_DATA),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(hashable, inner, max_size=4)
        | st.sets(hashable, max_size=4)
        | st.frozensets(hashable, max_size=4)
    ),
    max_leaves=20,
)


@given(json_values)
def test_json_values_come_back_as_they_were(value):
    assert back(value) == value


@given(python_values)
@settings(max_examples=100)
def test_values_of_the_standard_types_come_back_with_their_types(value):
    found = back(value)
    assert found == value
    assert type(found) is type(value)


@given(json_values)
def test_what_is_written_is_one_line_of_utf8_json(value):
    text = encode(value).decode("utf-8")
    assert "\n" not in text
    json.loads(text)


@pytest.mark.parametrize(
    "value",
    [float("inf"), float("-inf"), 10**5000, -(10**5000), {"a": [10**5000]}, [float("inf")]],
    ids=["infinity", "minus infinity", "huge", "minus huge", "huge inside", "infinity inside"],
)
def test_numbers_that_json_cannot_hold_come_back(value):
    assert back(value) == value


def test_not_a_number_comes_back():
    assert back({"x": [float("nan")]})["x"][0] != 0


def test_a_model_comes_back_with_its_class_name_and_fields():
    found = back(Order(notes={"k": 1}))
    assert isinstance(found, Tagged)
    assert (found.kind, found.type_name) == ("object", "Order")
    assert to_plain(found) == {"total": 1.5, "address": {"city": "Bonn"}, "notes": {"k": 1}}
    assert found.value["address"].type_name == "Address"


def test_a_model_can_be_made_again_from_what_was_recorded():
    order = Order(total=3, notes={"a": [1, 2]})
    assert Order.model_validate(to_plain(back(order))) == order


def test_a_model_with_the_mark_among_its_own_keys_is_not_mistaken_for_a_mark():
    found = back(Order(notes={"$": "tuple", "v": [1]}))
    assert found.value["notes"] == {"$": "tuple", "v": [1]}


def test_a_model_inside_a_list_keeps_its_class_name():
    assert back([Address()])[0].type_name == "Address"


def test_the_fields_of_a_model_stand_beside_its_mark_so_that_sql_finds_them():
    assert json.loads(encode(Address()))["city"] == "Bonn"


def test_a_model_field_that_cannot_be_written_is_kept_by_its_repr():
    class Loose(BaseModel, arbitrary_types_allowed=True):
        thing: object
        name: str = "n"

    found = back(Loose(thing=Plain()))
    assert found.value["name"] == "n"
    assert found.value["thing"].kind == "repr"


def test_a_serializer_that_raises_does_not_lose_the_other_fields():
    class Bad(BaseModel):
        a: int = 1
        b: int = 2

        @field_serializer("b")
        def refuse(self, _):
            raise RuntimeError("no")

    assert back(Bad()).value == {"a": 1, "b": 2}


def test_dataclasses_named_tuples_and_enums_come_back_marked():
    assert back(Point(1)).value == {"x": 1, "tag": None}
    assert str(back(Point(1))) == "Point(x=1, tag=None)"
    assert back(Pair(1, [2])).value == {"left": 1, "right": [2]}
    assert str(back(Colour.RED)) == "Colour.RED"


def test_a_dict_with_keys_of_one_text_but_different_types_keeps_both():
    assert back({1: "int", "1": "text"}) == {1: "int", "1": "text"}


def test_a_value_inside_itself_is_written_once():
    loop = [1]
    loop.append(loop)
    found = back(loop)
    assert (found.kind, found.value[0]) == ("shared", 1)
    assert found.value[1].kind == "ref"
    assert to_plain(found) == [1, "this again, inside itself"]
    assert one_line(encode(loop).decode()) == "[1, <this again, inside itself>]"


def test_two_uses_of_one_value_are_both_written():
    shared = [1]
    found = back([shared, (shared,)])
    assert found == [[1], ([1],)]
    assert found[0] is found[1][0]


def test_values_deeper_than_the_limit_are_cut_and_can_be_read():
    value = []
    for _ in range(5000):
        value = [value]
    found = back(value)
    depth = 0
    while isinstance(found, list):
        found, depth = found[0], depth + 1
    assert (depth, found.kind) == (MAX_DEPTH, "cut")


def test_a_small_value_that_unfolds_to_a_huge_one_is_cut():
    value = ["x"]
    for _ in range(60):
        value = [value, value]
    body = encode(value)
    assert b'"$":"cut"' in body
    assert not is_restorable(body)


def test_an_object_without_json_is_kept_by_a_repr_without_its_address():
    found = back({"it": Plain()})["it"]
    assert (found.kind, found.type_name, found.value) == ("repr", "Plain", "<Plain object>")


def test_a_repr_that_raises_is_marked():
    class Bad:
        def __repr__(self):
            raise ValueError("no")

    assert "its __repr__ raised ValueError" in back(Bad()).value


def test_a_repr_that_exits_is_marked():
    class Bad:
        def __repr__(self):
            raise SystemExit

    assert "SystemExit" in back(Bad()).value


def test_a_repr_that_never_returns_is_given_up_and_its_thread_ends():
    class Bad:
        def __repr__(self):
            while True:
                pass

    before = threading.active_count()
    assert "took more than" in back(Bad()).value
    assert "takes too long" in back([Bad(), Bad()])[1].value  # it is not tried again
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_a_repr_is_bounded():
    class Long:
        def __repr__(self):
            return "x" * 10_000_000

    assert len(encode(Long())) < 3 * guarded_repr.LIMIT


def test_a_repr_that_returns_no_text_is_marked():
    class Bad:
        def __repr__(self):
            return 5

    assert "TypeError" in back(Bad()).value


def test_hostile_subclasses_of_containers_are_written_by_what_they_hold():
    class Liar(dict):
        def items(self):
            raise RuntimeError

        def __iter__(self):
            raise RuntimeError

        def __len__(self):
            raise RuntimeError

    assert to_plain(back(Liar(a=1))) == {"a": 1}


def test_a_class_that_lies_about_everything_is_still_recorded():
    class Liar:
        def __getattribute__(self, name):
            raise RuntimeError(name)

        @property
        def __class__(self):
            raise RuntimeError

    assert back(Liar()).kind in {"repr", "cut"}


def test_a_set_gives_the_same_bytes_whatever_its_order():
    assert encode({"b", "a", "c"}) == encode({"c", "b", "a"})


def test_only_values_kept_whole_are_restorable():
    assert is_restorable(encode([1, Order(), Colour.RED, '{"$":"repr",']))
    assert not is_restorable(encode([1, [Plain()]]))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("hi\nyou", "hi you"),
        ({"a": "x"}, "{'a': 'x'}"),
        (Address(), "Address(city='Bonn')"),
        (pathlib.PurePosixPath("/a"), "PurePosixPath('/a')"),
        (None, "None"),
        (12, "12"),
        (uuid.UUID(int=1), "UUID('00000000-0000-0000-0000-000000000001')"),
        (decimal.Decimal("1.50"), "Decimal('1.50')"),
    ],
)
def test_the_preview_shows_a_value_as_a_person_reads_it(value, shown):
    assert one_line(encode(value).decode()) == shown


def test_the_preview_of_a_large_value_is_cut():
    assert one_line(encode(["word"] * 10_000).decode()).endswith("…")


PIECES = [
    *("null", "true", "0", "-1.5e3", "NaN", "-Infinity", "1e999", "01", " 1", "1 ", "[", "}", "{}", "", "\ufeff1"),
    *('"a"', r'"\ud800"', r'"\u0024"', '"$"', '{"a":1,"a":2}', r'{"\u0024":"tuple","v":[1]}', "9" * 700),
    *('{"$":"tuple","v":[1]}', *("[" * depth + "]" * depth for depth in (90, 450, 1200))),
]
JSON_TEXTS = st.recursive(
    st.sampled_from(PIECES),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: f"[{','.join(parts)}]")
        | st.lists(inner, max_size=3).map(
            lambda parts: "{" + ",".join(f'"k{at}":{p}' for at, p in enumerate(parts)) + "}"
        )
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(JSON_TEXTS | st.text(alphabet='[]{}",:$019.eE- \\un', max_size=20))
def test_what_is_read_the_short_way_is_read_the_same_the_long_way(text):
    try:
        simple = decode_simple(text)
    except ValueError:
        return
    assert repr(simple) == repr(decode(text))


@pytest.mark.parametrize("text", ["7", "null", '{"x":[1,"a",null]}'])
def test_short_json_without_marks_is_read_the_short_way(text):
    assert decode_simple(text) == json.loads(text)


@pytest.mark.parametrize("text", ['{"$":"tuple","v":[]}', "[", "1 2", " ", f'"{"a" * 1000}"'])
def test_other_json_is_left_to_the_long_way(text):
    with pytest.raises(ValueError, match=r"."):
        decode_simple(text)
