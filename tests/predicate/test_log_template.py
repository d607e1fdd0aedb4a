"""Text with expressions in braces."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from process_core.predicate import LogTemplate, PredicateError
from process_core.predicate.template import describe


class Order(BaseModel):
    total: int = 3
    tags: list[str] = ["a"]


@dataclasses.dataclass
class Loud:
    name: str = "x"

    def __repr__(self):
        raise AssertionError("called")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("no fields", "no fields"),
        ("total {data.total} of {data.name}", "total 3 of Ann"),
        ("{seq}: {type}", "7: log"),
        ("{{literal}}", "{literal}"),
        ("{ {'a': 1} }", "{'a': 1}"),
        ("{'}' + data.name}", "}Ann"),
        ("{data.total > 2}", "True"),
        ("{data.nope}!", "{there is no 'nope'}!"),
        ("{data.total + data.name}", "{'+' does not take an int and a str}"),
        ("", ""),
    ],
)
def test_expressions_are_filled_in(text, line):
    assert LogTemplate(text).render({"total": 3, "name": "Ann"}, {"seq": 7, "type": "log"}) == line


@pytest.mark.parametrize(
    ("text", "column"),
    [("ab {", 4), ("ab }", 4), ("ab {}", 5), ("ab {dta.x}", 5), ("{seq} {data.}", 13), ("{seq} {1 +}", 11)],
)
def test_an_error_points_into_the_template(text, column):
    with pytest.raises(PredicateError) as caught:
        LogTemplate(text)
    assert (caught.value.text, caught.value.column) == (text, column)


@pytest.mark.parametrize("text", ["x" * 2001, "{seq}" * 21])
def test_a_template_is_bounded(text):
    with pytest.raises(PredicateError, match="at most"):
        LogTemplate(text)


@pytest.mark.parametrize(("text", "uses"), [("{seq}", False), ("{seq} {data}", True)])
def test_a_template_says_whether_it_needs_the_payload(text, uses):
    assert LogTemplate(text).uses_data is uses


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("text", "text"),
        (["text", 1, None], "['text', 1, None]"),
        ({"a": (1,), "b": {2}}, "{'a': (1), 'b': {2}}"),
        (Order(), "Order(total=3, tags=['a'])"),
        (Loud(), "Loud(name='x')"),
        (object(), "<object>"),
        (list(range(12)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … 2 more]"),
        ([[[[1]]]], "[[[…]]]"),
        (10**1000, "<a huge int>"),
    ],
)
def test_a_value_is_written_in_a_line_without_running_its_code(value, line):
    assert describe(value) == line


@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.binary() | st.floats(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    )
)
def test_what_is_written_of_a_value_is_bounded(value):
    assert len(describe([value] * 20)) <= 500


@given(st.text("{}a .'[]", max_size=20))
def test_no_template_raises_anything_but_a_predicate_error(text):
    try:
        template = LogTemplate(text)
    except PredicateError:
        return
    assert isinstance(template.render({}), str)
